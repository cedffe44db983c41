"""The whole daemon while its PostgreSQL is away or frozen: it answers, says so, and goes on by itself."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.model.run import RunOutcome
from syncd.storage import open_store
from tests.acceptance.test_crashes import lay_out
from tests.support.daemon import ChangingList, DaemonProcess, until
from tests.support.postgres import PostgresUnavailableError
from tests.support.postgres_lives import MortalServer, mortal_server

pytestmark = pytest.mark.postgres
BACK_WITHIN_S = 30.0
"""Bar: the first good run this long after the server is back."""


@pytest.fixture
def server() -> Iterator[MortalServer]:
    try:
        with mortal_server() as running:
            yield running
    except PostgresUnavailableError as unavailable:
        pytest.skip(str(unavailable))


@pytest.mark.fault("D5", "D6")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("away_s", [5.0, pytest.param(60.0, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("trouble", ["killed", "frozen"])
def test_the_daemon_outlives_its_database(
    tmp_path: Path, server: MortalServer, trouble: str, away_s: float
) -> None:
    # Limits short enough for a test; the operator's own come from the same place.
    url = f"{server.url}&connect_timeout=2&options=-cstatement_timeout%3D3s"
    with ChangingList(20) as portal:
        config = lay_out(tmp_path, portal.url, url)
        with DaemonProcess(config, tmp_path / "log") as daemon:
            daemon.wait_for("run_accepted", count=2)
            daemon.wait_for("release_published")
            if trouble == "killed":
                server.kill()
            else:
                server.freeze()
            since = time.monotonic()
            # The loop lives: what needs no database is answered at once.
            while time.monotonic() - since < away_s:
                assert daemon.get("/health/live")[0] == 200
                time.sleep(0.2)
            if trouble == "killed":
                status, body = daemon.get("/health/ready")
                assert status == 503, body
                server.start()
            else:
                server.thaw()
            good, back = len(daemon.events("run_accepted")), time.monotonic()
            until(lambda: len(daemon.events("run_accepted")) > good, "a run", patience_s=BACK_WITHIN_S)
            print(f"{trouble} for {away_s:g} s: a run after {time.monotonic() - back:.1f} s")  # noqa: T201 - the figure
            until(lambda: daemon.get("/health/ready")[0] == 200, "readiness", patience_s=BACK_WITHIN_S)
            assert json.loads(daemon.get("/health/ready")[1])["release"]["number"] >= 1
            assert daemon.stop() == 0
            traces = [event for event in daemon.events() if "Traceback" in json.dumps(event)]
            assert not traces, traces[0].get("exception", traces[0])[-3_000:]
    with open_store(url, create=False) as store:
        runs = store.runs(limit=1_000)
        assert not [run for run in runs if run.outcome is RunOutcome.RUNNING]
        assert store.source_state("changing").records == 20
        numbers = [release.number for release in store.releases(limit=1_000)]
        assert numbers == list(range(len(numbers), 0, -1))


@pytest.mark.fault("C8", "D5")
@pytest.mark.timeout(300)
def test_a_run_whose_end_was_lost_is_ended_and_repeated_when_the_database_is_back(
    tmp_path: Path, server: MortalServer
) -> None:
    """Its interval is a day: nobody waits that long for a run that only the database kept from ending."""
    url = f"{server.url}&connect_timeout=2&options=-cstatement_timeout%3D3s"
    with ChangingList(20) as portal:
        config = lay_out(tmp_path, portal.url, url)
        source = config / "sources" / "changing.toml"
        source.write_text(source.read_text().replace('interval = "1s"', 'interval = "1d"'))
        portal.answering.clear()
        with DaemonProcess(config, tmp_path / "log") as daemon:
            until(lambda: portal.asked, "a request")
            server.kill()
            portal.answering.set()
            daemon.wait_for("run_not_started")
            server.start()
            until(lambda: daemon.events("run_accepted"), "a run", patience_s=BACK_WITHIN_S)
            assert daemon.stop() == 0
    with open_store(url, create=False) as store:
        outcomes = [run.outcome.value for run in reversed(store.runs())]
        assert outcomes == ["interrupted", "accepted"]
