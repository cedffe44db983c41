"""What to close first: the formula by hand, and equal weights where nothing is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.rules.prioritise import LEAST_READINESS, CaseFigure, Cases, Need, Weight, in_order

A, B, C, D = (f"9900{n}001001000" for n in range(1, 5))


def cases(**figures: float) -> Cases:
    keys = {"a": A, "b": B, "c": C}
    return Cases({keys[n]: CaseFigure(keys[n], value, 2025, "Statistik") for n, value in figures.items()})


def need(key: str = A, *, people: int = 1000, weight: float = 1.0, points: int | None = None) -> Need:
    return Need(("alltag", "gemeinde", key), people, 1, Weight(weight), points)


def test_without_figures_all_weigh_the_same() -> None:
    empty = cases()
    assert len(empty) == 0
    assert empty.weight(A) == Weight(1.0, None)


def test_weights_are_relative_to_the_median() -> None:
    table = cases(a=5.0, b=10.0, c=40.0)
    assert [table.weight(key).value for key in (A, B, C, D)] == [0.5, 1.0, 4.0, 1.0]
    figure = table.weight(A).figure
    assert figure is not None
    assert figure.source == "Statistik"
    assert table.weight(D).figure is None


@pytest.mark.parametrize(
    ("one", "priority"),
    [
        (need(points=80), 800.0),
        (need(points=80, weight=2.5), 2_000.0),
        (need(points=None), 1000 * LEAST_READINESS),
        (need(points=4), 1000 * LEAST_READINESS),
        (need(points=100, people=0), 0.0),
    ],
)
def test_the_formula_by_hand(one: Need, priority: float) -> None:
    assert one.priority == pytest.approx(priority)


needs = st.lists(
    st.builds(
        need,
        st.sampled_from([A, B, C, D]),
        people=st.integers(0, 10_000_000),
        weight=st.floats(0.01, 100),
        points=st.none() | st.integers(0, 100),
    ),
    unique_by=lambda one: one.key,
)


@given(needs, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order(found: list[Need], random: object) -> None:
    ordered = in_order(found)
    assert [one.priority for one in ordered] == sorted((one.priority for one in found), reverse=True)
    random.shuffle(found)  # type: ignore[attr-defined]
    assert in_order(found) == ordered


@given(st.integers(0, 10_000_000), st.floats(0.01, 100), st.integers(0, 100))
def test_more_of_anything_is_never_less_urgent(people: int, weight: float, points: int) -> None:
    here = need(people=people, weight=weight, points=points).priority
    assert need(people=people + 1, weight=weight, points=points).priority >= here
    assert need(people=people, weight=weight * 2, points=points).priority >= here
    assert need(people=people, weight=weight, points=min(100, points + 1)).priority >= here
