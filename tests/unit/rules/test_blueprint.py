"""What one place needs to equal another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.rules.blueprint import NEEDED, Standing, Step, step
from syncd.rules.plan_words import STEPS


def standing(
    *, covered: int = 0, own: int = 0, unknown: int = 0, bodies: int = 1, used: str = ""
) -> Standing:
    return Standing(
        bodies, covered, own, unknown, 100 * bodies, 100 * covered, 100 * unknown, (used,) if used else ()
    )


LACKING, UNKNOWN = standing(), standing(unknown=1)
OWN, INHERITED = standing(covered=1, own=1, used="a"), standing(covered=1, used="b")


@pytest.mark.parametrize(
    ("place", "model", "expected"),
    [
        (LACKING, OWN, Step.ADOPT),
        (LACKING, INHERITED, Step.CONNECT),
        (UNKNOWN, OWN, Step.FIND_OUT),
        (UNKNOWN, INHERITED, Step.FIND_OUT),
        (OWN, OWN, Step.EQUAL),
        (OWN, INHERITED, Step.CHANGE),
        (OWN, LACKING, Step.AHEAD),
        (OWN, UNKNOWN, Step.AHEAD),
        (LACKING, LACKING, Step.NEITHER),
        (UNKNOWN, LACKING, Step.NEITHER),
        # A Kreis of ten against one of ten: 3 of 10 covered and 2 unknown cannot equal 8 of 10.
        (standing(bodies=10, covered=3, unknown=2), standing(bodies=10, covered=8, own=8), Step.ADOPT),
        (standing(bodies=10, covered=3, unknown=5), standing(bodies=10, covered=8, own=8), Step.FIND_OUT),
    ],
)
def test_steps(place: Standing, model: Standing, expected: Step) -> None:
    assert step(place, model) is expected


def test_places_without_inhabitants_are_compared_by_bodies() -> None:
    empty = Standing(4, 1, 1, 1, 0, 0, 0)
    assert (empty.share, empty.possible_share) == (0.25, 0.5)
    assert Standing(0, 0, 0, 0, 0, 0, 0).share == 0


def test_every_step_has_words() -> None:
    assert STEPS.keys() == {one.value for one in Step}


standings = st.builds(
    lambda bodies, covered, unknown: standing(
        bodies=bodies, covered=min(covered, bodies), unknown=min(unknown, bodies - min(covered, bodies))
    ),
    st.integers(1, 20),
    st.integers(0, 20),
    st.integers(0, 20),
)


@given(standings, standings)
def test_only_one_of_two_places_needs_something(place: Standing, model: Standing) -> None:
    here, there = step(place, model), step(model, place)
    assert not (here in NEEDED and there in NEEDED)
    assert (here is Step.AHEAD) == (there in NEEDED)


@given(standings)
def test_nothing_is_needed_to_equal_oneself(place: Standing) -> None:
    assert step(place, place) in {Step.EQUAL, Step.NEITHER}
