"""The scheduler with a real event loop and real time, in short intervals."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.job import Job

from syncd.scheduling import scheduler as module
from syncd.scheduling.scheduler import Scheduler
from syncd.scheduling.timing import Timing


class Bench:
    """Counts runs; ``timings`` can be changed between plans."""

    def __init__(self, *timings: Timing, seconds: float = 0.0) -> None:
        self.timings: Sequence[Timing] = timings
        self.seconds = seconds
        self.asked = 0
        self.started: list[str] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.skipped: list[str] = []
        self.late: list[str] = []
        self.scheduler = Scheduler(self.run, self.ask, skipped=self.skipped.append, late=self.late.append)

    async def ask(self) -> Sequence[Timing]:
        self.asked += 1
        return self.timings

    async def run(self, source_id: str) -> None:
        self.started.append(source_id)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled.append(source_id)
            raise
        self.ended.append(source_id)


def second(source_id: str, last: datetime | None = None) -> Timing:
    return Timing(source_id, timedelta(seconds=1), last)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - looks from outside, as an operator would
            await asyncio.sleep(0.02)


async def test_runs_at_start_and_then_at_the_interval() -> None:
    bench = Bench(second("a"))
    await bench.scheduler.start()
    await until(lambda: len(bench.ended) >= 2)
    assert bench.scheduler.next_run_at("a") is not None
    assert bench.scheduler.next_run_at("unknown") is None
    await bench.scheduler.stop()


@pytest.mark.fault("C5")
async def test_a_blocked_loop_drops_no_run_and_catches_up_once() -> None:
    bench = Bench(Timing("a", timedelta(seconds=1), datetime.now(UTC)))
    await bench.scheduler.start()
    time.sleep(3.2)  # noqa: ASYNC251 - blocking the loop is the fault under test
    await until(lambda: bench.ended)
    await asyncio.sleep(0.1)
    assert bench.ended == ["a"]
    await bench.scheduler.stop()


@pytest.mark.fault("C6")
async def test_a_run_longer_than_its_interval_is_not_overlapped() -> None:
    bench = Bench(second("slow"), seconds=2.5)
    await bench.scheduler.start()
    await until(lambda: bench.skipped)
    assert bench.started == ["slow"]
    assert bench.scheduler.running() == ("slow",)
    await bench.scheduler.stop()


async def test_stop_cancels_runs_and_waits_for_their_end() -> None:
    bench = Bench(second("a"), second("b"), seconds=60)
    await bench.scheduler.start()
    await until(lambda: len(bench.started) == 2)
    await bench.scheduler.stop()
    assert sorted(bench.cancelled) == ["a", "b"]
    assert bench.scheduler.running() == ()


async def test_a_start_that_is_due_as_everything_stops_is_no_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    handed_over: list[str] = []
    submit = AsyncIOExecutor.submit_job

    def noted(executor: AsyncIOExecutor, job: Job, times: list[datetime]) -> None:
        submit(executor, job, times)
        handed_over.append(job.id)

    monkeypatch.setattr(AsyncIOExecutor, "submit_job", noted)
    bench = Bench(second("a", datetime.now(UTC)))
    await bench.scheduler.start()
    async with asyncio.timeout(5):
        while not handed_over:  # noqa: ASYNC110 - an event would be seen a turn too late
            await asyncio.sleep(0)
    await bench.scheduler.stop()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert bench.scheduler.running() == ()


async def test_reload_replaces_schedules_and_leaves_running_runs_alone() -> None:
    bench = Bench(second("old"), seconds=1.0)
    await bench.scheduler.start()
    await until(lambda: bench.started)
    bench.timings = [second("new")]
    await bench.scheduler.plan()
    await until(lambda: {"old", "new"} <= set(bench.ended))
    assert bench.scheduler.next_run_at("old") is None
    assert bench.started.count("old") == 1
    await bench.scheduler.stop()


@pytest.mark.fault("P8")
async def test_a_defect_of_one_source_leaves_the_others_running() -> None:
    async def run(source_id: str) -> None:
        if source_id == "broken":
            raise RuntimeError("defect")
        ended.append(source_id)

    async def timings() -> Sequence[Timing]:
        return [second("broken"), second("healthy")]

    ended: list[str] = []
    scheduler = Scheduler(run, timings)
    await scheduler.start()
    await until(lambda: len(ended) >= 2)
    await scheduler.stop()


@pytest.mark.fault("C7")
async def test_a_run_that_never_ends_is_ended_and_its_source_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WATCH_EVERY", timedelta(milliseconds=50))
    timing = replace(second("endless"), longest=timedelta(milliseconds=300))
    bench = Bench(timing, seconds=3_600)
    await bench.scheduler.start()
    await until(lambda: len(bench.cancelled) >= 2)
    await bench.scheduler.stop()


@pytest.mark.fault("D5")
async def test_sources_whose_run_was_lost_start_soon_and_not_an_interval_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SOON_GAP", timedelta(milliseconds=50))
    started = datetime.now(UTC)
    bench = Bench(*(Timing(name, timedelta(hours=1), started) for name in "abc"))
    await bench.scheduler.start()
    await asyncio.sleep(0.2)
    assert bench.started == []
    bench.scheduler.hasten(["b", "unknown", "a"])
    await until(lambda: bench.ended == ["a", "b"])
    due = bench.scheduler.next_run_at("a")
    assert due is not None
    assert due > started + timedelta(minutes=50)
    bench.scheduler.hasten([])
    await bench.scheduler.stop()
    assert bench.started == ["a", "b"]


@pytest.mark.fault("C7")
async def test_a_run_that_will_not_end_does_not_hold_its_source_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run(_: str) -> None:
        started.append(1)
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(4)
        await asyncio.sleep(4)

    async def timings() -> Sequence[Timing]:
        return [replace(second("stubborn"), longest=timedelta(milliseconds=200))]

    monkeypatch.setattr(module, "WATCH_EVERY", timedelta(milliseconds=50))
    monkeypatch.setattr(module, "LAST_WORDS", timedelta(milliseconds=200))
    started: list[int] = []
    scheduler = Scheduler(run, timings)
    await scheduler.start()
    await until(lambda: len(started) >= 2)
    await scheduler.stop()


@pytest.mark.fault("C10")
@pytest.mark.parametrize("death", ["shut down", "jobs lost", "timer lost"])
async def test_the_watch_replaces_a_dead_scheduler(monkeypatch: pytest.MonkeyPatch, death: str) -> None:
    monkeypatch.setattr(module, "WATCH_EVERY", timedelta(milliseconds=50))
    monkeypatch.setattr(module, "LEAST_PATIENCE", timedelta(milliseconds=100))
    bench = Bench(second("a"), second("b"))
    await bench.scheduler.start()
    await until(lambda: len(bench.ended) >= 2)
    victim = bench.scheduler._scheduler
    if death == "shut down":
        victim.shutdown(wait=False)
    elif death == "jobs lost":
        victim.remove_all_jobs()
    else:
        victim._stop_timer()
    before = len(bench.ended)
    await until(lambda: len(bench.ended) >= before + 6)
    # The first start after the death is the watch's own, the others come from the new scheduler.
    assert 1 <= len(bench.late) <= 4
    assert {"a", "b"} <= set(bench.ended[before:])
    assert bench.scheduler.overdue_s() < 1
    await bench.scheduler.stop()


@pytest.mark.fault("C10")
async def test_a_failing_tick_comes_again() -> None:
    ticks: list[int] = []

    async def tick() -> None:
        ticks.append(1)
        raise RuntimeError("defect")

    bench = Bench()
    bench.scheduler.every("check", timedelta(milliseconds=20), tick)
    await until(lambda: len(ticks) >= 3)
    await bench.scheduler.stop()
