"""Starts runs when they are due: APScheduler 3 with its traps closed.

Measured traps: work that is a second late is dropped by default (``misfire_grace_time=None`` here), shutting
down cancels running coroutines (runs are tasks of our own), a store of schedules would disagree with the run
table (memory only), and when the wall clock steps back nothing starts any more, without a word. So a watch of
our own stands beside it on the monotonic clock: it notices steps of the wall clock, starts what was not
started, and replaces a scheduler that is dead. This module must not know what a run does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from syncd.errors import SyncdError
from syncd.scheduling.phase import Phase
from syncd.scheduling.timing import LONGEST_RUN, Timing, due_times

_log = structlog.get_logger(__name__)
WATCH_EVERY = timedelta(seconds=1)
CLOCK_STEP = timedelta(seconds=5)
"""A wall clock that moved this much more or less than time itself was set by somebody."""
LONGEST_EARLY = timedelta(seconds=1)
LEAST_PATIENCE = timedelta(seconds=2)
"""A start may be late by half its interval; very short intervals get this much."""
SOON_GAP = timedelta(seconds=1)
LAST_WORDS = timedelta(seconds=30)
"""What a run that was ended from outside has for its own ending before it is given up."""


class Scheduler:
    """Runs each source at its interval and ticks at theirs. One run per source at a time.

    ``run`` starts a source and must end by itself; ``timings`` is asked for the present state at start and on
    reload; ``skipped`` hears of runs that were due while the one before still ran, ``late`` of those that the
    watch had to start.
    """

    def __init__(
        self,
        run: Callable[[str], Awaitable[object]],
        timings: Callable[[], Awaitable[Sequence[Timing]]],
        *,
        skipped: Callable[[str], None] = lambda _: None,
        late: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Prepare; nothing starts before :meth:`start`."""
        self._run = run
        self._timings = timings
        self._skipped = skipped
        self._late = late
        self._plan: dict[str, Timing] = {}
        self._began: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._ended_from_outside: set[str] = set()
        self._ticks: list[asyncio.Task[None]] = []
        self._wall, self._true = _wall_clock(), time.monotonic()
        self._scheduler = self._make()

    async def start(self) -> None:
        """Plan every source and begin."""
        self._scheduler.start()
        await self.plan()
        self._ticks.append(asyncio.create_task(self._watch(), name="schedule-watch"))

    async def plan(self) -> None:
        """Plan all sources anew; runs in progress go on."""
        timings = await self._timings()
        self._plan = {timing.source_id: timing for timing in timings}
        self._arrange(anew=True)

    def hasten(self, source_ids: Iterable[str]) -> None:
        """Start sources soon, one after the other; those that run already are left alone."""
        true = time.monotonic()
        waiting = sorted(set(source_ids) & self._due.keys() - self._running.keys())
        for number, source_id in enumerate(waiting):
            soon = true + number * SOON_GAP.total_seconds()
            self._due[source_id] = min(self._due[source_id], soon)
        if waiting:
            self._arrange()

    def every(self, name: str, interval: timedelta, tick: Callable[[], Awaitable[object]]) -> None:
        """Call ``tick`` at an interval of true time; an error in it is logged and the next tick comes."""
        self._ticks.append(asyncio.create_task(self._tick(name, interval, tick), name=name))

    def next_run_at(self, source_id: str) -> datetime | None:
        """Return when a source is started next, or None when it is not scheduled."""
        job = self._scheduler.get_job(source_id)
        next_run: datetime | None = job.next_run_time if job else None
        return next_run

    def overdue_s(self) -> float:
        """Return by how many seconds of true time the schedule is late: the sign of a dead scheduler."""
        now = time.monotonic()
        late = [now - due for source_id, due in self._due.items() if source_id not in self._running]
        return max([0.0, *late])

    def running(self) -> tuple[str, ...]:
        """Return the sources that are being brought up to date."""
        return tuple(sorted(self._running))

    @property
    def dead(self) -> bool:
        """True when the watch itself has ended although nobody stopped it."""
        return any(tick.done() for tick in self._ticks)

    async def stop(self) -> None:
        """Start nothing more and cancel what runs; returns when all runs have ended."""
        ticks, self._ticks = self._ticks, []
        for tick in ticks:
            tick.cancel()
        if self._scheduler.running:
            # A start just handed over takes one turn of the loop; cut short, APScheduler logs an error.
            self._scheduler.pause()
            await asyncio.sleep(0)
            self._scheduler.shutdown(wait=False)
        runs = list(self._running.values())
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, *ticks, return_exceptions=True)

    def _make(self) -> AsyncIOScheduler:
        return AsyncIOScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 2},
        )

    def _arrange(self, *, anew: bool = False) -> None:
        """Give APScheduler the plan in the wall time of now: starts stay where they are in true time.

        ``anew`` finds the starts from the run table and the runs of this process instead.
        """
        now, true = _wall_clock(), time.monotonic()
        self._wall, self._true = now, true
        if anew:
            elapsed = {source_id: timedelta(seconds=true - began) for source_id, began in self._began.items()}
            due = due_times(tuple(self._plan.values()), now, elapsed)
        else:
            due = {source_id: now + timedelta(seconds=at - true) for source_id, at in self._due.items()}
        for job in self._scheduler.get_jobs():
            if job.id not in self._plan:
                self._scheduler.remove_job(job.id)
        self._due = {source_id: true + (at - now).total_seconds() for source_id, at in due.items()}
        for source_id, timing in self._plan.items():
            self._scheduler.add_job(
                self._start_planned,
                Phase(due[source_id], timing.interval),
                args=(source_id,),
                id=source_id,
                replace_existing=True,
            )
            _log.info(
                "source_scheduled",
                source=source_id,
                next_run_at=due[source_id].isoformat(timespec="seconds"),
                interval_seconds=int(timing.interval.total_seconds()),
            )

    async def _start_planned(self, source_id: str) -> None:
        # A wall clock set forward makes everything due at once; true time knows better.
        timing = self._plan.get(source_id)
        early = min(LONGEST_EARLY, timing.interval / 4) if timing else LONGEST_EARLY
        if self._due.get(source_id, 0.0) - time.monotonic() > early.total_seconds():
            self._arrange()
        elif source_id in self._running:
            self._note_skipped(source_id)
        else:
            # Not waited for: APScheduler cancels its coroutines, but only stop() and the watch may cut a run.
            _ = self._start_run(source_id)

    def _start_run(self, source_id: str) -> asyncio.Task[None]:
        self._began[source_id] = now = time.monotonic()
        timing = self._plan.get(source_id)
        if timing is not None:
            self._due[source_id] = now + timing.interval.total_seconds()
        task = asyncio.create_task(self._guarded(source_id), name=f"run-{source_id}")
        self._running[source_id] = task
        task.add_done_callback(lambda done: self._forget(source_id, done))
        return task

    def _forget(self, source_id: str, done: asyncio.Task[None]) -> None:
        if self._running.get(source_id) is done:
            del self._running[source_id]
            self._ended_from_outside.discard(source_id)

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
        except SyncdError as error:
            # A database that is away is no defect of ours; its code says what to do.
            _log.error("back_off_unknown", source=source_id, **_told(error))
            return
        except Exception:  # noqa: BLE001 - logged with its trace; the interval goes on
            _log.exception("back_off_unknown", source=source_id)
            return
        timing = next((timing for timing in timings if timing.source_id == source_id), None)
        if timing is None or source_id not in self._plan:
            return
        self._plan[source_id] = timing
        if not timing.failures or self._scheduler.get_job(source_id) is None:
            return
        now, true = _wall_clock(), time.monotonic()
        elapsed = timedelta(seconds=true - self._began[source_id])
        next_run_at = due_times([timing], now, {source_id: elapsed})[source_id]
        self._due[source_id] = true + (next_run_at - now).total_seconds()
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
            except SyncdError as error:
                _log.error("tick_failed", tick=name, **_told(error))
            except Exception:  # noqa: BLE001 - logged with its trace
                _log.exception("tick_failed", tick=name)

    async def _watch(self) -> None:
        while True:
            asleep = time.monotonic()
            await asyncio.sleep(WATCH_EVERY.total_seconds())
            # After a suspension or a stalled loop the scheduler has its own turn to catch up first.
            stalled = time.monotonic() - asleep > WATCH_EVERY.total_seconds() + 1
            try:
                if self._clock_stepped():
                    self._arrange()
                self._end_endless()
                if not stalled:
                    self._start_forgotten()
            except Exception:  # noqa: BLE001 - logged with its trace; the next look comes
                _log.exception("tick_failed", tick="schedule-watch")

    def _clock_stepped(self) -> bool:
        wall, true = _wall_clock(), time.monotonic()
        step = wall - self._wall - timedelta(seconds=true - self._true)
        self._wall, self._true = wall, true
        if abs(step) <= CLOCK_STEP:
            return False
        _log.error(
            "clock_stepped",
            seconds=round(step.total_seconds()),
            fix="Check the machine's time service. The schedule goes on in true time.",
        )
        return True

    def _end_endless(self) -> None:
        now = time.monotonic()
        for source_id, task in list(self._running.items()):
            timing = self._plan.get(source_id)
            longest = (timing.longest if timing else LONGEST_RUN).total_seconds()
            ran = now - self._began[source_id]
            if ran > longest and source_id not in self._ended_from_outside:
                self._ended_from_outside.add(source_id)
                _log.error(
                    "run_ended_by_force",
                    source=source_id,
                    seconds=round(ran),
                    fix="It hung outside of its own limits: report this with the log of the run.",
                )
                # The run's record tells this instead of a stop that nobody made.
                task.cancel(
                    f"The run was ended by force after {ran:.0f} s: it hung outside of its own limits."
                )
            elif ran > longest + LAST_WORDS.total_seconds():
                _log.error("run_given_up", source=source_id, seconds=round(ran))
                self._forget(source_id, task)

    def _start_forgotten(self) -> None:
        """Start what is late beyond patience and put a new scheduler in the place of the one that failed."""
        now, late = time.monotonic(), []
        for source_id, due in self._due.items():
            patience = max(self._plan[source_id].interval / 2, LEAST_PATIENCE).total_seconds()
            if source_id not in self._running and now > due + patience:
                late.append(source_id)
        if not late:
            return
        _log.error(
            "schedule_revived",
            sources=late,
            fix="Nothing needs doing: what was not started starts now. If it happens again, report it.",
        )
        for source_id in late:
            self._late(source_id)
            _ = self._start_run(source_id)
        broken, self._scheduler = self._scheduler, self._make()
        with suppress(Exception):
            broken.shutdown(wait=False)
        self._scheduler.start()
        self._arrange()

    def _note_skipped(self, source_id: str) -> None:
        if timing := self._plan.get(source_id):
            self._due[source_id] = time.monotonic() + timing.interval.total_seconds()
        _log.warning("run_skipped", source=source_id, reason="the run before has not ended")
        self._skipped(source_id)


def _wall_clock() -> datetime:
    return datetime.now(UTC)


def _told(error: SyncdError) -> dict[str, str]:
    """Return what a log line says of an error that is none of a programmer's."""
    return {"code": error.code, "reason": error.message, "fix": error.fix}
