"""Silence raises an alarm, whatever has died: schedule, event loop, database, network (bar B11)."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from syncd.daemon.silence import SilenceWatch
from syncd.pipeline.views import SourceView
from syncd.replay import ReplayServer
from tests.support.daemon import PORTALS, DaemonProcess, lay_out_demo, replayed_portals, until

INTERVAL = timedelta(minutes=15)


class Clock:
    """True time that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time.total_seconds()


def view(
    source_id: str = "a", last_good_at: datetime | None = None, interval: timedelta = INTERVAL
) -> SourceView:
    return SourceView(
        source_id=source_id,
        title=source_id,
        connector="link_list",
        enabled=True,
        interval_seconds=int(interval.total_seconds()),
        outcome=None,
        code="",
        reason="",
        fix="",
        last_run_id=None,
        last_started_at=None,
        last_good_at=last_good_at,
        age_seconds=None,
        fresh=True,
        silent=False,
        records=0,
        consecutive_failures=0,
    )


def alarms(watch: SilenceWatch) -> list[str]:
    with capture_logs() as lines:
        watch.look()
    return [line["event"] for line in lines if line["log_level"] == "error"]


@pytest.mark.fault("C10", "C1")
@pytest.mark.parametrize("interval", [timedelta(minutes=1), INTERVAL, timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("last", ["never", "just now", "in ten years"])
def test_silence_is_told_at_twice_the_interval_whatever_the_stamp_says(
    interval: timedelta, last: str
) -> None:
    stamps = {"never": None, "just now": datetime.now(UTC), "in ten years": datetime(2099, 1, 1, tzinfo=UTC)}
    clock, shown = Clock(), list[tuple[str, bool]]()
    watch = SilenceWatch(lambda source, silent: shown.append((source, silent)), clock)
    watch.know([view(last_good_at=stamps[last], interval=interval)])
    clock.pass_by(2 * interval - timedelta(seconds=5))
    watch.beat()
    assert alarms(watch) == []
    clock.pass_by(timedelta(seconds=10))
    watch.beat()
    assert alarms(watch) == ["source_silent"]
    assert alarms(watch) == []
    assert watch.silent == ("a",)
    watch.heard("a")
    assert alarms(watch) == []
    assert shown == [("a", True), ("a", False)]


@pytest.mark.fault("C10")
def test_a_blocked_loop_is_told_and_the_alarm_for_silence_needs_it_not() -> None:
    clock = Clock()
    watch = SilenceWatch(clock=clock)
    watch.know([view("a"), view("b")])
    clock.pass_by(timedelta(seconds=6))
    assert alarms(watch) == ["loop_blocked"]
    clock.pass_by(3 * INTERVAL)
    assert alarms(watch) == ["all_sources_silent"]


def test_what_another_process_heard_counts() -> None:
    clock, stamp = Clock(), datetime.now(UTC)
    watch = SilenceWatch(clock=clock)
    watch.know([view(last_good_at=stamp)])
    clock.pass_by(2 * INTERVAL)
    watch.know([view(last_good_at=stamp + 2 * INTERVAL)])
    clock.pass_by(INTERVAL)
    watch.beat()
    assert alarms(watch) == []


@pytest.fixture(scope="module")
def portals() -> Iterator[ReplayServer]:
    with replayed_portals() as server:
        yield server


@pytest.mark.fault("C10", "C7", "P13")
def test_sources_that_hang_are_told_and_health_stays_true(portals: ReplayServer, tmp_path: Path) -> None:
    with DaemonProcess(lay_out_demo(tmp_path, portals), tmp_path / "log") as daemon:
        daemon.settle(*PORTALS)
        assert daemon.get_json("/health/ready")["facts"]["silent"] == []
        assert daemon.get_json("/health/ready")["facts"]["chain_age_seconds"] < 60
        # At an interval of a second a busy machine is late itself, before the first answers came.
        before = len(daemon.events("all_sources_silent"))
        portals.set_faults({"*": "hang"})
        daemon.wait_for("all_sources_silent", count=before + 1)
        ready = daemon.get_json("/health/ready")
        assert ready["facts"]["silent"] == sorted(PORTALS)
        assert b'syncd_source_silent{source="pvog-bund"} 1.0' in daemon.get("/metrics")[1]
        portals.set_faults({"*": "none"})
        assert daemon.stop() == 0


@pytest.mark.fault("C4")
def test_a_suspended_daemon_catches_up_once(portals: ReplayServer, tmp_path: Path) -> None:
    portals.set_faults({"*": "none"})
    changes = {f"sources.{source}.interval": "3s" for source in PORTALS}
    with DaemonProcess(lay_out_demo(tmp_path, portals, changes), tmp_path / "log") as daemon:
        daemon.settle(*PORTALS)
        daemon.signal(signal.SIGSTOP)
        time.sleep(10)
        before = ended(daemon)
        daemon.signal(signal.SIGCONT)
        until(lambda: all(ended(daemon)[source] > before[source] for source in PORTALS), "runs that catch up")
        time.sleep(1)
        # Three starts were missed; one is made up for, and the next comes at its time.
        assert all(ended(daemon)[source] <= before[source] + 2 for source in PORTALS)
        assert json.loads(daemon.get("/health/ready")[1])["status"] == "ready"
        # Nothing was dead, so nothing is alarming.
        assert daemon.events("process_suspended")
        assert not daemon.events("schedule_revived")
        assert not daemon.events("all_sources_silent")
        assert "Traceback" not in daemon.log()
        assert daemon.stop() == 0


def ended(daemon: DaemonProcess) -> dict[str, int]:
    lines = [e for e in daemon.events() if e["event"] in {"run_accepted", "run_unchanged"}]
    return {source: sum(line["source"] == source for line in lines) for source in PORTALS}
