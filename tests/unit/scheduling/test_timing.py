"""When a source is due: a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncd.scheduling.timing import LONGEST_JITTER, Timing, due_times, jitter

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.fault("C9")
def test_jitter_is_the_same_at_every_start_and_differs_between_sources() -> None:
    spread = {jitter(f"source-{n}", timedelta(hours=24)) for n in range(200)}
    assert jitter("pvog-bund", timedelta(hours=24)) == jitter("pvog-bund", timedelta(hours=24))
    assert len(spread) > 190
    assert all(timedelta(0) <= j < LONGEST_JITTER for j in spread)


@pytest.mark.parametrize("seconds", [1, 15, 600, 86_400])
def test_jitter_stays_below_a_tenth_of_the_interval(seconds: int) -> None:
    interval = timedelta(seconds=seconds)
    assert all(jitter(f"s{n}", interval) < max(interval / 10, timedelta(milliseconds=1)) for n in range(50))


@pytest.mark.fault("C1", "C4", "C8")
@pytest.mark.parametrize(
    ("last", "earliest", "latest"),
    [
        pytest.param(None, timedelta(0), timedelta(seconds=1), id="never ran: at once"),
        pytest.param(-10 * HOUR, timedelta(0), timedelta(seconds=1), id="overdue: one catch-up"),
        pytest.param(-timedelta(minutes=20), 40 * HOUR / 60, 40 * HOUR / 60, id="phase is kept"),
        pytest.param(timedelta(days=3650), HOUR, HOUR, id="clock went back ten years"),
    ],
)
def test_due(last: timedelta | None, earliest: timedelta, latest: timedelta) -> None:
    timing = Timing("a", HOUR, None if last is None else NOW + last)
    due = due_times([timing], NOW)["a"]
    assert NOW + earliest <= due <= NOW + latest


@pytest.mark.fault("C9")
def test_a_thousand_overdue_sources_do_not_start_in_the_same_second() -> None:
    due = due_times([Timing(f"s{n}", timedelta(hours=24)) for n in range(1_000)], NOW)
    seconds = [int((at - NOW).total_seconds()) for at in due.values()]
    assert max(seconds.count(second) for second in set(seconds)) < 20
