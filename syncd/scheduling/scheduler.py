"""Starts runs when they are due: APScheduler 3 with its traps closed.

Measured traps: work that is a second late is dropped by default (``misfire_grace_time=None`` here), shutting
down cancels running coroutines (runs are tasks of our own), and a store of schedules would disagree with the
run table (memory only). Ticks use the monotonic clock, so that a wrong wall clock silences nothing. This
module must not know what a run does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from apscheduler.events import EVENT_JOB_MAX_INSTANCES
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from syncd.scheduling.timing import Timing, due_times

_log = structlog.get_logger(__name__)
CLOCK_CHECK = timedelta(seconds=5)
CLOCK_JUMP = timedelta(seconds=30)
"""A wall clock that moved this much more or less than time itself was set by somebody."""


class Scheduler:
    """Runs each source at its interval and ticks at theirs. One run per source at a time.

    ``run`` starts a source and must end by itself; ``timings`` is asked for the present state at start, on
    reload and when the clock was set; ``skipped`` hears of runs that were due while the one before still ran.
    """

    def __init__(
        self,
        run: Callable[[str], Awaitable[object]],
        timings: Callable[[], Awaitable[Sequence[Timing]]],
        *,
        skipped: Callable[[str], None] = lambda _: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare; nothing starts before :meth:`start`."""
        self._run = run
        self._timings = timings
        self._skipped = skipped
        self._clock = clock
        self._running: dict[str, asyncio.Task[None]] = {}
        self._ticks: list[asyncio.Task[None]] = []
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._scheduler.add_listener(self._on_skipped, EVENT_JOB_MAX_INSTANCES)

    async def start(self) -> None:
        """Plan every source and begin."""
        self._scheduler.start()
        await self.plan()
        self._ticks.append(asyncio.create_task(self._watch_clock(), name="clock-watch"))

    async def plan(self) -> None:
        """Plan all sources anew from the run table; runs in progress go on."""
        now = self._clock()
        timings = await self._timings()
        due = due_times(timings, now)
        wanted = {timing.source_id: timing for timing in timings}
        for job in self._scheduler.get_jobs():
            if job.id not in wanted:
                self._scheduler.remove_job(job.id)
        for source_id, timing in wanted.items():
            trigger = IntervalTrigger(
                seconds=timing.interval.total_seconds(), start_date=due[source_id], timezone=UTC
            )
            self._scheduler.add_job(
                self._start_run, trigger, args=(source_id,), id=source_id, replace_existing=True
            )
            _log.info(
                "source_scheduled",
                source=source_id,
                next_run_at=due[source_id].isoformat(timespec="seconds"),
                interval_seconds=int(timing.interval.total_seconds()),
            )

    def every(self, name: str, interval: timedelta, tick: Callable[[], Awaitable[object]]) -> None:
        """Call ``tick`` at an interval of true time; an error in it is logged and the next tick comes."""
        self._ticks.append(asyncio.create_task(self._tick(name, interval, tick), name=name))

    def next_run_at(self, source_id: str) -> datetime | None:
        """Return when a source is started next, or None when it is not scheduled."""
        job = self._scheduler.get_job(source_id)
        next_run: datetime | None = job.next_run_time if job else None
        return next_run

    def overdue_s(self) -> float:
        """Return by how many seconds the schedule is late: the sign of a dead scheduler."""
        now = datetime.now(UTC)
        late: list[float] = [
            (now - job.next_run_time).total_seconds()
            for job in self._scheduler.get_jobs()
            if job.next_run_time is not None and job.id not in self._running
        ]
        return max([0.0, *late])

    def running(self) -> tuple[str, ...]:
        """Return the sources that are being brought up to date."""
        return tuple(sorted(self._running))

    async def stop(self) -> None:
        """Start nothing more and cancel what runs; returns when all runs have ended."""
        ticks, self._ticks = self._ticks, []
        for tick in ticks:
            tick.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        runs = list(self._running.values())
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, *ticks, return_exceptions=True)

    async def _start_run(self, source_id: str) -> None:
        task = asyncio.create_task(self._guarded(source_id), name=f"run-{source_id}")
        self._running[source_id] = task
        task.add_done_callback(lambda done: self._forget(source_id, done))
        # Waiting leaves the run alone: APScheduler cancels its coroutines on shutdown, but only stop() may
        # cut a run, and a stop is no failure of a job that APScheduler would have to report.
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])

    def _forget(self, source_id: str, done: asyncio.Task[None]) -> None:
        if self._running.get(source_id) is done:
            del self._running[source_id]

    async def _guarded(self, source_id: str) -> None:
        try:
            await self._run(source_id)
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001 - logged with its trace
            # One source's defect must not touch the schedule of the others.
            _log.exception("run_crashed", source=source_id)
        await self._back_off(source_id)

    async def _back_off(self, source_id: str) -> None:
        """Move the next start of a source that fails; the state it depends on is in the run table."""
        try:
            timings = await self._timings()
        except Exception:  # noqa: BLE001 - logged with its trace; the interval goes on
            _log.exception("back_off_unknown", source=source_id)
            return
        timing = next((timing for timing in timings if timing.source_id == source_id), None)
        if timing is None or not timing.failures or self._scheduler.get_job(source_id) is None:
            return
        next_run_at = due_times([timing], self._clock())[source_id]
        self._scheduler.modify_job(source_id, next_run_time=next_run_at)
        _log.info(
            "source_backed_off",
            source=source_id,
            failures=timing.failures,
            next_run_at=next_run_at.isoformat(timespec="seconds"),
        )

    async def _tick(self, name: str, interval: timedelta, tick: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(interval.total_seconds())
            try:
                await tick()
            except Exception:  # noqa: BLE001 - logged with its trace
                _log.exception("tick_failed", tick=name)

    async def _watch_clock(self) -> None:
        wall, monotonic = self._clock(), time.monotonic()
        while True:
            await asyncio.sleep(CLOCK_CHECK.total_seconds())
            now, later = self._clock(), time.monotonic()
            jump = now - wall - timedelta(seconds=later - monotonic)
            wall, monotonic = now, later
            if abs(jump) > CLOCK_JUMP:
                _log.warning("clock_jumped", seconds=round(jump.total_seconds()))
                try:
                    await self.plan()
                except Exception:  # noqa: BLE001 - logged with its trace
                    _log.exception("tick_failed", tick="clock-watch")

    def _on_skipped(self, event: Any) -> None:  # noqa: ANN401 - APScheduler ships no types
        _log.warning("run_skipped", source=event.job_id, reason="the run before has not ended")
        self._skipped(event.job_id)
