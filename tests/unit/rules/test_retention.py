"""What is old enough to go: by the clock and by days of upkeep, whichever is later."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from syncd.rules.retention import Cut, DayMark, Retention, cut_of

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def marks(number: int) -> list[DayMark]:
    """One mark a day, newest first; each day has ten runs and one release."""
    return [DayMark(NOW.date() - i * DAY, 10 * (number - i), number - i) for i in range(number)]


def test_so_many_days_are_kept_and_the_day_before_them_may_go() -> None:
    assert cut_of(marks(100), 90 * DAY, NOW) == Cut(NOW - 90 * DAY, 100, 10)


@pytest.mark.parametrize("seen", [0, 1, 90])
def test_nothing_goes_before_so_many_days_were_seen(seen: int) -> None:
    assert cut_of(marks(seen), 90 * DAY, NOW) is None


@pytest.mark.fault("C2", "D17")
def test_a_clock_that_leaps_ten_years_is_one_day_of_upkeep() -> None:
    seen = marks(100)
    leapt = [DayMark(date(2036, 11, 22), 1_000, 100), *seen]
    before, after = cut_of(seen, 90 * DAY, NOW), cut_of(leapt, 90 * DAY, NOW + 3_652 * DAY)
    assert before is not None
    assert after is not None
    assert after.run_id - before.run_id == 10
    assert after.release - before.release == 1


def test_the_longest_retention_says_how_many_marks_are_needed() -> None:
    assert Retention().longest == 400 * DAY
    assert Retention(withdrawn=500 * DAY).longest == 500 * DAY
