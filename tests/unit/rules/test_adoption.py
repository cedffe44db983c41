"""How fast a service spreads: roll-out told from learning, forecasts by hand, stalls."""

from __future__ import annotations

from datetime import date
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.coverage import CellState
from syncd.rules.adoption import (
    Change,
    Level,
    Standstill,
    change_of,
    forecast,
    level_of,
    stalled,
    standstill_of,
)
from syncd.rules.plan_words import FORECASTS, forecast_text

S = CellState
DAY = date(2026, 11, 22)


def states(*found: CellState) -> np.ndarray:
    return np.array(found, dtype=np.uint8)


def level(*, people: int = 1000, covered: int = 0, unknown: int = 0) -> Level:
    return Level(DAY, 1, 10, covered // 100, unknown // 100, people, covered, unknown)


def weeks(*rolled: int) -> list[Change]:
    return [Change(1.0, rolled_out=max(0, people), lost=max(0, -people)) for people in rolled]


def test_a_level_counts_what_is_owed() -> None:
    state = states(S.OWN, S.INHERITED, S.UNKNOWN, S.MISSING, S.NOT_OWED)
    found = level_of(state, np.array([10, 20, 40, 80, 160]), on=DAY, release=3)
    assert found == Level(DAY, 3, 4, 2, 1, 150, 30, 40)
    assert found.share == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (S.MISSING, S.OWN, {"rolled_out": 100, "bodies": 1}),
        (S.OFFLINE, S.INHERITED, {"rolled_out": 100, "bodies": 1}),
        (S.DEAD, S.OWN, {"rolled_out": 100, "bodies": 1}),
        # A source that speaks for the first time teaches us something; nobody rolled anything out.
        (S.UNKNOWN, S.OWN, {"learned": 100}),
        (S.NOT_OWED, S.OWN, {"learned": 100}),
        (S.OWN, S.DEAD, {"lost": 100, "bodies": -1}),
        (S.INHERITED, S.MISSING, {"lost": 100, "bodies": -1}),
        # A source that falls silent takes nothing back.
        (S.OWN, S.UNKNOWN, {"out_of_sight": 100}),
        (S.OWN, S.INHERITED, {}),
        (S.OWN, S.NOT_OWED, {}),
        (S.UNKNOWN, S.MISSING, {}),
        (S.MISSING, S.OFFLINE, {}),
    ],
)
def test_what_a_change_is(before: CellState, after: CellState, expected: dict[str, int]) -> None:
    found = change_of(states(before), states(after), np.array([100]), weeks=1.0)
    assert found == Change(1.0, **expected)


@given(
    st.lists(st.tuples(st.sampled_from(list(S)), st.sampled_from(list(S)), st.integers(0, 1000)), max_size=20)
)
def test_levels_and_changes_add_up(cells: list[tuple[CellState, CellState, int]]) -> None:
    people = np.array([c[2] for c in cells], dtype=np.int64)
    one, other = states(*(c[0] for c in cells)), states(*(c[1] for c in cells))
    first, last = (level_of(s, people, on=DAY, release=1) for s in (one, other))
    change = change_of(one, other, people, weeks=1)
    no_longer_owed = sum(p for a, b, p in cells if a in {S.OWN, S.INHERITED} and b is S.NOT_OWED)
    assert last.people_covered - first.people_covered == (
        change.rolled_out + change.learned - change.lost - change.out_of_sight - no_longer_owed
    )
    back = change_of(other, one, people, weeks=1)
    assert (back.rolled_out, back.lost) == (change.lost, change.rolled_out)


def test_steady_growth_is_certain() -> None:
    found = forecast(level(covered=300), weeks(*[50] * 10), target=0.8)
    assert (found.code, found.per_week, found.spread) == ("expected", 50, 0)
    # 500 people at 50 a week.
    assert (found.earliest, found.expected, found.latest) == (10, 10, 10)


def test_uneven_growth_has_an_interval_computed_by_hand() -> None:
    grown = [0, 100] * 5
    found = forecast(level(covered=300), weeks(*grown), target=0.8)
    mean, spread = 50.0, sqrt(10 * 50**2 / 9)
    assert found.per_week == mean
    assert found.spread == pytest.approx(spread)
    assert found.expected == 10
    student = 1.383  # 9 degrees of freedom

    def bound(week: int, side: int) -> float:
        return week * mean + side * student * spread * sqrt(week + week**2 / 10)

    assert found.earliest is not None
    assert found.latest is not None
    assert bound(found.earliest, 1) >= 500 > bound(found.earliest - 1, 1)
    assert bound(found.latest, -1) >= 500 > bound(found.latest - 1, -1)
    assert (found.earliest, found.latest) == (6, 23)


@pytest.mark.parametrize(
    ("last", "changes", "target", "code"),
    [
        (level(covered=800), weeks(*[10] * 10), 0.8, "reached"),
        (level(people=0), weeks(*[10] * 10), 0.8, "nobody"),
        (level(covered=100, unknown=300), weeks(*[10] * 10), 0.8, "too_much_unknown"),
        (level(), weeks(*[10] * 7), 0.8, "too_few_weeks"),
        (level(), [], 0.8, "too_few_weeks"),
        (level(), weeks(*[0] * 20, 100, 100), 0.8, "too_few_changes"),
        (level(covered=200), weeks(*[10, -10] * 5), 0.8, "not_growing"),
        (level(people=10_000_000), weeks(*[1] * 10), 0.8, "beyond_horizon"),
        # What was learned is no speed.
        (level(), [Change(1.0, learned=100)] * 10, 0.8, "too_few_changes"),
    ],
)
def test_refusals(last: Level, changes: list[Change], target: float, code: str) -> None:
    found = forecast(last, changes, target=target)
    assert found.code == code
    assert found.expected is None
    assert forecast_text(code, weeks=found.weeks_observed, active=found.active_weeks, language="de")


@given(
    st.lists(st.integers(-50, 300), min_size=8, max_size=40),
    st.floats(0.05, 1.0),
    st.randoms(use_true_random=False),
)
def test_forecasts_are_ordered_and_do_not_depend_on_order(
    grown: list[int], target: float, random: object
) -> None:
    last = level(people=10_000, covered=200)
    found = forecast(last, weeks(*grown), target=target)
    random.shuffle(grown)  # type: ignore[attr-defined]
    again = forecast(last, weeks(*grown), target=target)
    assert (again.code, again.expected) == (found.code, found.expected)
    assert again.per_week == pytest.approx(found.per_week)
    if found.code == "expected":
        assert found.earliest is not None
        assert found.expected is not None
        assert 1 <= found.earliest <= found.expected
        assert found.latest is None or found.expected <= found.latest
        higher = forecast(last, weeks(*grown), target=min(1.0, target + 0.1))
        assert higher.expected is None or higher.expected >= found.expected


@pytest.mark.parametrize(
    ("last", "changes", "expected"),
    [
        (level(covered=300), weeks(100, 50, *[0] * 8), True),
        (level(covered=300), weeks(100, 50, *[0] * 7, 10), False),
        # Everything is covered: nothing is left to stall.
        (level(covered=1000), weeks(100, *[0] * 10), False),
        # No gap is known, but nobody knows everything.
        (level(covered=700, unknown=300), weeks(100, *[0] * 10), None),
        (level(covered=300), weeks(100, 50, *[0] * 5), False),
        (level(covered=300), weeks(*[0] * 30), None),
        (level(covered=300), weeks(20), False),
        (level(covered=300), [], None),
        (level(covered=300), [*weeks(100), *[Change(1.0, learned=50)] * 8], True),
    ],
)
def test_stalls(last: Level, changes: list[Change], expected: bool | None) -> None:
    assert stalled(last, changes) is expected


def test_words() -> None:
    assert all({"de", "en"} <= text.keys() for text in FORECASTS.values())


def test_a_standstill_at_a_glance() -> None:
    state = states(S.OWN, S.INHERITED, S.OWN, S.MISSING, S.UNKNOWN, S.NOT_OWED)
    since = np.array([3, 7, 3, 9, 11, 1], dtype=np.uint32)
    found = standstill_of(state, since, np.array([1, 2, 4, 8, 16, 32]))
    assert found == Standstill(5, 3, 1, 8, (3, 7))
    assert (found.gaps, found.has_begun) == (1, True)
    at_once = standstill_of(
        states(S.OWN, S.OWN, S.DEAD), np.array([3, 3, 4], dtype=np.uint32), np.ones(3, int)
    )
    assert not at_once.has_begun
