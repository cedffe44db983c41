"""The wall clock is set while the schedule runs: by minutes, by years, there and back (bar B10)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine

from syncd.rules.freshness import is_fresh
from syncd.rules.silence import is_silent
from syncd.scheduling import scheduler as module
from syncd.scheduling.phase import Phase
from syncd.scheduling.scheduler import Scheduler
from syncd.scheduling.timing import Timing, due_times

INTERVAL_S = 0.6
HOUR, DAY, DECADE = timedelta(hours=1), timedelta(days=1), timedelta(days=3653)
SHIFTS: dict[str, tuple[timedelta, ...]] = {
    "an hour back": (-HOUR,),
    "a day back": (-DAY,),
    "ten years back": (-DECADE,),
    "an hour ahead": (HOUR,),
    "a day ahead": (DAY,),
    "ten years ahead": (DECADE,),
    "an hour back and right again": (-HOUR, timedelta(0)),
    "ten years back and right again": (-DECADE, timedelta(0)),
    "an hour ahead and right again": (HOUR, timedelta(0)),
    "ten years ahead and right again": (DECADE, timedelta(0)),
    "ten years ahead, then ten years back": (DECADE, -DECADE),
    "to and fro by four minutes": (timedelta(minutes=4), timedelta(0), timedelta(minutes=-4), timedelta(0)),
}


class Starts:
    """Notes in true time when each source was started."""

    def __init__(self, *sources: str, seconds: float = INTERVAL_S) -> None:
        self.timings = [Timing(source, timedelta(seconds=seconds)) for source in sources]
        self.at: dict[str, list[float]] = {source: [] for source in sources}
        self.late: list[str] = []
        self.scheduler = Scheduler(self.run, self.ask, late=self.late.append)

    async def ask(self) -> Sequence[Timing]:
        return self.timings

    async def run(self, source_id: str) -> None:
        self.at[source_id].append(time.monotonic())


@pytest.fixture(autouse=True)
def _attentive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WATCH_EVERY", timedelta(milliseconds=50))


@pytest.mark.fault("C1", "C2")
@pytest.mark.parametrize("shift", SHIFTS)
async def test_no_silence_no_storm_whatever_the_clock_does(shift: str) -> None:
    starts = Starts("a", "b", "c")
    began = time.monotonic()
    await starts.scheduler.start()
    await asyncio.sleep(INTERVAL_S * 1.5)
    for offset in SHIFTS[shift]:
        with time_machine.travel(datetime.now(UTC) + offset, tick=True):
            await asyncio.sleep(INTERVAL_S * 2.5)
    await asyncio.sleep(INTERVAL_S * 1.5)
    ended = time.monotonic()
    await starts.scheduler.stop()
    for at in starts.at.values():
        times = [*at, ended]
        assert max(b - a for a, b in pairwise(times)) <= 2 * INTERVAL_S + 0.2
        # Every start has its own interval, so no step of the clock bought an extra one.
        assert len(at) <= (ended - began) / INTERVAL_S + 1
        assert min([INTERVAL_S, *(b - a for a, b in pairwise(at))]) >= INTERVAL_S / 2
    assert starts.late == []


@pytest.mark.fault("C2")
async def test_a_clock_set_ahead_starts_nothing_that_was_not_due() -> None:
    starts = Starts("daily")
    starts.timings = [Timing("daily", DAY, datetime.now(UTC))]
    await starts.scheduler.start()
    with time_machine.travel(datetime.now(UTC) + DECADE, tick=True):
        await asyncio.sleep(0.3)
    await asyncio.sleep(0.3)
    next_run_at = starts.scheduler.next_run_at("daily")
    assert starts.at["daily"] == []
    assert next_run_at is not None
    assert DAY - timedelta(minutes=1) < next_run_at - datetime.now(UTC) <= DAY
    await starts.scheduler.stop()


@pytest.mark.fault("C2")
def test_ten_missed_years_are_one_step_and_not_a_count() -> None:
    first = datetime(2016, 1, 1, tzinfo=UTC)
    trigger = Phase(first, timedelta(seconds=1))
    now = first + DECADE + timedelta(milliseconds=300)
    began = time.monotonic()
    assert trigger.get_next_fire_time(None, now) == first
    assert trigger.get_next_fire_time(first, now) == first + DECADE + timedelta(seconds=1)
    # Counting 315 million seconds one by one would take minutes.
    assert time.monotonic() - began < 1


@pytest.mark.fault("C3")
@pytest.mark.parametrize(
    ("start", "days"),
    [
        (datetime(2026, 3, 28, 20, tzinfo=UTC), 1),  # summer time begins in Germany
        (datetime(2026, 10, 24, 20, tzinfo=UTC), 1),  # and ends
        (datetime(2028, 2, 28, 12, tzinfo=UTC), 2),  # leap day
        (datetime(2026, 12, 31, 12, tzinfo=UTC), 1),  # year with 53 weeks ends
    ],
)
@pytest.mark.parametrize("minutes", [15, 60, 1440])
def test_the_calendar_changes_no_start(start: datetime, days: int, minutes: int) -> None:
    interval = timedelta(minutes=minutes)
    trigger, at = Phase(start, interval), start
    starts = [start]
    while at < start + timedelta(days=days):
        with time_machine.travel(at, tick=False):
            at = trigger.get_next_fire_time(at, datetime.now(UTC))
            assert due_times([Timing("a", interval, starts[-1])], datetime.now(UTC))["a"] == at
        starts.append(at)
    assert {b - a for a, b in pairwise(starts)} == {interval}
    assert len(starts) == timedelta(days=days) // interval + 1


@pytest.mark.fault("C1", "C2")
@pytest.mark.parametrize("ahead", [HOUR * 2, DAY, DECADE])
def test_a_stamp_from_the_future_is_of_unknown_age(ahead: timedelta) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert not is_fresh(now + ahead, now=now, stale_after=DAY)
    assert is_silent(now + ahead, now, now=now, interval=DAY)


@pytest.mark.fault("C1")
def test_a_small_step_back_makes_nothing_stale() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert is_fresh(now + timedelta(minutes=59), now=now, stale_after=DAY)
    assert not is_silent(now + timedelta(minutes=59), now, now=now, interval=DAY)


@pytest.mark.fault("C9")
async def test_a_thousand_sources_at_once_do_not_start_at_once() -> None:
    starts = Starts(*(f"s{number}" for number in range(1_000)), seconds=3_600)
    await starts.scheduler.start()
    await asyncio.sleep(2)
    started = sum(len(at) for at in starts.at.values())
    assert 0 < started < 100
    await starts.scheduler.stop()
