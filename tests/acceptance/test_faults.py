"""Whatever a portal does, the last good data stays published, and the run says why in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from syncd.replay import ReplayServer
from tests.support.daemon import PORTALS, DaemonProcess, lay_out_demo, replayed_portals, until

BUND, WIESBADEN = PORTALS["pvog-bund"], PORTALS["pvog-wiesbaden"]
ASKED_FOR = ("down", "empty", "html", "truncated", "shrunken")
MORE = ("truncated_gzip", "empty_body", "error500", "error500_json", "garbage", "redirect_elsewhere", "hang")
# What a clerk should never have to read.
JARGON = re.compile(
    r"Traceback|Exception|Error\(|errno|None|<class|0x[0-9a-f]{6}|aiohttp|sqlalchemy", re.IGNORECASE
)


@pytest.fixture(scope="module")
def portals() -> Iterator[ReplayServer]:
    with replayed_portals() as server:
        yield server


@pytest.fixture(autouse=True)
def _healthy(portals: ReplayServer) -> Iterator[None]:
    """Whatever a test breaks is healed for the next one."""
    yield
    portals.set_faults({"*": "none"})


def catalogue(daemon: DaemonProcess) -> bytes:
    status, body = daemon.get("/v1/catalogue.ndjson")
    assert status == 200
    return body


def bad_run(daemon: DaemonProcess, source: str, after: int) -> dict[str, Any]:
    """Wait for the first run after a run id that is not good."""

    def look(name: str) -> Sequence[dict[str, Any]]:
        return [e for e in daemon.events(name) if e.get("source") == source and e.get("run_id", 0) > after]

    return until(lambda: [*look("run_failed"), *look("run_refused")], f"a bad run of {source}")[0]


def newest_run(daemon: DaemonProcess) -> int:
    return max(int(e["run_id"]) for e in daemon.events() if "run_id" in e)


def ended_state(daemon: DaemonProcess, source: str) -> dict[str, Any] | None:
    """Return the source as the API shows it, or None while its next run is under way."""
    state = next(s for s in daemon.get_json("/v1/sources")["items"] if s["source_id"] == source)
    return None if state["outcome"] == "running" else state


def break_and_look(daemon: DaemonProcess, portals: ReplayServer, source: str, mood: str) -> None:
    before, release = catalogue(daemon), daemon.get_json("/health/ready")["release"]
    portals.set_faults({PORTALS[source]: mood})
    # The run that was under way may still have met the healthy portal.
    after = newest_run(daemon) + 1
    run = bad_run(daemon, source, after)
    state = until(lambda: ended_state(daemon, source), f"a run of {source} that has ended")

    assert catalogue(daemon) == before
    ready = daemon.get_json("/health/ready")
    assert ready["status"] == "ready"
    assert ready["release"] == release
    assert state["outcome"] in {"failed", "refused"}
    assert state["age_seconds"] is not None
    for text in (run["reason"], state["reason"]):
        assert len(text) > 20
        assert not JARGON.search(text), text
    assert state["fix"]
    portals.set_faults({PORTALS[source]: "none"})
    good = sum(event["source"] == source for event in daemon.events("run_unchanged"))
    daemon.wait_for("run_unchanged", count=good + 1, source=source)


@pytest.mark.fault("S1", "S2", "N14", "T15", "C7")
@pytest.mark.timeout(400)
def test_faults_leave_release_and_catalogue_alone(
    portals: ReplayServer, tmp_path: Path, database_url: str
) -> None:
    moods = ASKED_FOR + (MORE if database_url.startswith("sqlite") else ())
    # A run may take three seconds here, so that a portal that hangs is noticed while somebody watches.
    changes = {"database.url": database_url} | {f"sources.{s}.limits.run_timeout": "3s" for s in PORTALS}
    with DaemonProcess(lay_out_demo(tmp_path, portals, changes), tmp_path / "log") as daemon:
        daemon.settle(*PORTALS)
        for mood in moods:
            break_and_look(daemon, portals, "pvog-bund", mood)
        for mood in ("down", "empty", "html"):
            break_and_look(daemon, portals, "pvog-wiesbaden", mood)
        assert daemon.stop() == 0
        assert "Traceback" not in daemon.log()


def test_a_portal_that_never_spoke_is_unknown_not_missing(portals: ReplayServer, tmp_path: Path) -> None:
    portals.set_faults({WIESBADEN: "down"})
    with DaemonProcess(lay_out_demo(tmp_path, portals), tmp_path / "log") as daemon:
        daemon.wait_for("run_accepted", source="pvog-bund")
        daemon.wait_for("run_failed", source="pvog-wiesbaden")
        daemon.wait_for("release_published")
        gaps = daemon.get_json("/v1/gaps?area=064140000000&obligation=everyday-64&state=missing")
        assert gaps["items"] == []


def test_a_source_that_is_stale_turns_unknown_and_comes_back(portals: ReplayServer, tmp_path: Path) -> None:
    changes = {"sources.pvog-wiesbaden.stale_after": "4s"}
    missing = "/v1/gaps?area=064140000000&obligation=everyday-64&line=gemeinde&state=missing"
    with DaemonProcess(lay_out_demo(tmp_path, portals, changes), tmp_path / "log") as daemon:
        daemon.settle(*PORTALS)
        number = len(daemon.get_json(missing)["items"])
        assert number == 18
        portals.set_faults({WIESBADEN: "down"})
        releases = len(daemon.events("release_published"))
        daemon.wait_for("release_published", count=releases + 1)
        daemon.wait_for("source_silent", source="pvog-wiesbaden")
        assert daemon.get_json(missing)["items"] == []
        assert daemon.get("/health/ready")[0] == 200
        portals.set_faults({WIESBADEN: "none"})
        daemon.wait_for("release_published", count=releases + 2)
        assert len(daemon.get_json(missing)["items"]) == number
