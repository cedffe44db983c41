"""The rule of withdrawal, by table: who is missing, who is due, who flaps, how many may leave at once."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.rules.withdraw import NO_GRACE, WINDOW, Absence, Grace, confirm, is_due, is_flapping, leave_at_most

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GRACE = Grace()


def absent(runs: int, hours: float) -> Absence:
    return Absence(NOW - hours * HOUR, runs, 1, NOW - hours * HOUR)


@pytest.mark.fault("S2", "S15", "C1")
@pytest.mark.parametrize(
    ("absence", "grace", "due"),
    [
        (absent(3, 24), GRACE, True),
        (absent(2, 24), GRACE, False),
        (absent(3, 23.9), GRACE, False),
        (absent(100, -1), GRACE, False),  # the clock was put back
        (absent(1, 0), NO_GRACE, True),
        (Absence(None, 0, 5, NOW), NO_GRACE, False),
        (absent(1, 0), Grace(1, timedelta(0)), True),
    ],
)
def test_three_snapshots_and_a_day(absence: Absence, grace: Grace, due: bool) -> None:
    assert is_due(absence, grace, NOW) is due


@pytest.mark.fault("S4")
def test_each_absence_after_a_return_counts_until_a_week_has_passed() -> None:
    first = confirm(None, NOW)
    assert first == Absence(NOW, 1, 1, NOW)
    assert confirm(first, NOW + HOUR) == Absence(NOW, 2, 1, NOW)
    back = Absence(None, 0, 2, NOW)
    again = confirm(back, NOW + WINDOW)
    assert (again.times, is_flapping(again)) == (3, True)
    later = confirm(back, NOW + WINDOW + HOUR)
    assert (later.times, is_flapping(later), later.runs) == (1, False, 1)


@pytest.mark.fault("S2")
@pytest.mark.parametrize(("stored", "most"), [(0, 5), (49, 5), (60, 6), (1000, 100)])
def test_at_most_five_or_a_tenth_leave_at_once(stored: int, most: int) -> None:
    assert leave_at_most(stored, 5, 10.0) == most
