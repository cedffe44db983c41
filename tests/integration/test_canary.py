"""The synthetic record arrives, is missed when it does not, and is seen by nobody else."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from syncd.daemon import canary_run
from syncd.daemon.canary import Canary
from syncd.errors import InvariantViolated
from tests.acceptance import test_crashes
from tests.support.daemon import ChangingList, DaemonProcess, fetch


def test_the_canary_arrives_again_and_again(tmp_path: Path) -> None:
    now = 1_000.0
    canary = Canary(tmp_path / "canary", clock=lambda: now)
    for _ in range(2):
        now += 3_600
        assert canary.age_s() == 3_600
        with capture_logs() as lines:
            assert asyncio.run(canary.fly())
        assert [line["event"] for line in lines] == ["canary_arrived"]
        assert canary.age_s() == 0


@pytest.mark.fault("C10", "D2")
def test_a_canary_that_finds_no_place_is_missed(tmp_path: Path) -> None:
    (tmp_path / "full").write_bytes(b"")
    canary = Canary(tmp_path / "full" / "canary")
    with capture_logs() as lines:
        assert not asyncio.run(canary.fly())
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("canary_lost", "error")
    assert "Not a directory" in line["reason"]


@pytest.mark.fault("C10")
def test_a_canary_that_does_not_come_back_is_missed_and_ended(tmp_path: Path) -> None:
    canary = Canary(tmp_path / "canary", longest_s=0.01)
    with capture_logs() as lines:
        assert not asyncio.run(canary.fly())
    assert "not back" in lines[0]["reason"]


@pytest.mark.fault("C10")
def test_a_canary_of_yesterday_is_not_taken_for_the_one_of_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary_run, "_published", lambda _folder: ["canary first of yesterday"])
    with pytest.raises(InvariantViolated, match="was sent and"):
        canary_run.fly(tmp_path / "canary")


def test_the_catalogue_knows_nothing_of_the_canary(tmp_path: Path) -> None:
    with ChangingList(3) as portal:
        config = test_crashes.lay_out(tmp_path, portal.url, f"sqlite:///{tmp_path / 'syncd.sqlite3'}")
        file = config / "syncd.toml"
        file.write_text(file.read_text().replace("[daemon]", '[daemon]\ncanary_interval = "1s"'))
        with DaemonProcess(config, tmp_path / "log") as daemon:
            daemon.wait_for("release_published")
            daemon.wait_for("canary_arrived")
            metrics = fetch(f"{daemon.url()}/metrics")[1].decode()
            (age,) = (line for line in metrics.splitlines() if line.startswith("syncd_canary_age_seconds "))
            assert float(age.split()[1]) < 60
            assert metrics.count("canary") == metrics.count("syncd_canary_age_seconds")
            for path in ("/v1/sources", "/v1/releases", "/v1/areas?limit=100", "/v1/services?limit=100"):
                status, body = daemon.get(path)
                assert status == 200, path
                assert "anar" not in json.dumps(json.loads(body))
            assert daemon.stop() == 0
