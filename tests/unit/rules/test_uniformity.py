"""How many different procedures do the same task: figures computed by hand, and what always holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.rules.procedures import Procedure
from syncd.rules.uniformity import (
    MARKS,
    Distance,
    Use,
    deviating,
    distance,
    effective_number,
    uniformity,
)

CIVENTO_A = Procedure("civento", "a.example", "Hund")
CIVENTO_B = Procedure("civento", "b.example", "Hund")
OWN = Procedure("", "stadt.example", "/hund")
PROCEDURES = [CIVENTO_A, CIVENTO_B, OWN]
PAINTED = np.array([0, 0, 0, 1, 2, -1, 0], dtype=np.int32)
PEOPLE = np.array([10, 20, 30, 40, 400, 50, 9999], dtype=np.int64)
COUNTED = np.array([1, 1, 1, 1, 1, 1, 0], dtype=np.bool_)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([], 0.0), ([0, 0], 0.0), ([7], 1.0), ([5, 5, 5, 5], 4.0), ([3, 1, 1], 25 / 11), ([9, 1], 100 / 82)],
)
def test_effective_number_by_hand(counts: list[int], expected: float) -> None:
    assert effective_number(counts) == pytest.approx(expected)


def test_figures_by_hand() -> None:
    found = uniformity(PROCEDURES, PAINTED, PEOPLE, COUNTED)
    assert (found.bodies, found.people, found.bodies_without, found.people_without) == (5, 500, 1, 50)
    procedure = found.spreads["procedure"]
    assert procedure.uses == (
        Use(CIVENTO_A.name, 3, 60),
        Use(OWN.name, 1, 400),
        Use(CIVENTO_B.name, 1, 40),
    )
    assert procedure.number == 3
    assert procedure.effective_by_bodies == pytest.approx(25 / 11)
    # 500² / (60² + 400² + 40²)
    assert procedure.effective_by_people == pytest.approx(250_000 / 165_200)
    assert procedure.leading == CIVENTO_A.name
    assert procedure.largest_share_of_bodies == pytest.approx(0.6)
    assert procedure.largest_share_of_people == pytest.approx(0.12)
    platform = found.spreads["platform"]
    assert (platform.number, platform.leading, platform.uses[0]) == (2, "civento", Use("civento", 4, 100))
    assert found.spreads["host"].number == 3


def test_who_deviates_and_how_far() -> None:
    found = uniformity(PROCEDURES, PAINTED, PEOPLE, COUNTED)
    by_procedure = deviating(found.spreads["procedure"], PROCEDURES, PAINTED, COUNTED)
    assert by_procedure.tolist() == [False, False, False, True, True, False, False]
    by_platform = deviating(found.spreads["platform"], PROCEDURES, PAINTED, COUNTED)
    assert by_platform.tolist() == [False, False, False, False, True, False, False]
    far = distance(found.spreads["procedure"], PROCEDURES, PAINTED, PEOPLE, COUNTED)
    assert far == Distance("procedure", 5, 2, 500, 440)
    assert far.share == pytest.approx(0.4)
    assert far.share_of_people == pytest.approx(0.88)
    both = far.plus(Distance("procedure", 5, 0, 0, 0))
    assert both.compared == 10
    assert both.share == pytest.approx(0.2)


@pytest.mark.parametrize("painted", [[0, 1], [0, -1], [-1, -1]])
def test_nobody_deviates_where_nothing_leads(painted: list[int]) -> None:
    numbers = np.array(painted, dtype=np.int32)
    people, counted = np.array([5, 5]), np.array([True, True])
    spread = uniformity(PROCEDURES, numbers, people, counted).spreads["procedure"]
    assert not spread.leading
    assert not deviating(spread, PROCEDURES, numbers, counted).any()
    assert distance(spread, PROCEDURES, numbers, people, counted) == Distance("procedure")


@st.composite
def places(draw: st.DrawFn) -> tuple[list[Procedure], list[int], list[int]]:
    procedures = draw(
        st.lists(
            st.builds(
                Procedure, st.sampled_from(["", "civento"]), st.sampled_from("abc"), st.sampled_from("xy")
            ),
            min_size=1,
            max_size=6,
        )
    )
    size = draw(st.integers(1, 30))
    painted = draw(st.lists(st.integers(-1, len(procedures) - 1), min_size=size, max_size=size))
    people = draw(st.lists(st.integers(0, 1_000_000), min_size=size, max_size=size))
    return procedures, painted, people


@given(places(), st.randoms(use_true_random=False))
def test_what_always_holds(place: tuple[list[Procedure], list[int], list[int]], random: object) -> None:
    procedures, painted, people = place
    counted = np.ones(len(painted), dtype=np.bool_)
    found = uniformity(
        procedures, np.array(painted, dtype=np.int32), np.array(people, dtype=np.int64), counted
    )
    assert found.bodies + found.bodies_without == len(painted)
    assert found.people + found.people_without == sum(people)
    for mark in MARKS:
        spread = found.spreads[mark]
        assert sum(use.bodies for use in spread.uses) == found.bodies
        assert sum(use.people for use in spread.uses) == found.people
        if found.bodies:
            assert 1 - 1e-9 <= spread.effective_by_bodies <= spread.number + 1e-9
            assert 1 / spread.number - 1e-9 <= spread.largest_share_of_bodies <= 1
        if found.people:
            assert 1 - 1e-9 <= spread.effective_by_people <= spread.number + 1e-9
    # The order of bodies and of procedures changes nothing.
    order = list(range(len(painted)))
    random.shuffle(order)  # type: ignore[attr-defined]
    names = list(range(len(procedures)))
    random.shuffle(names)  # type: ignore[attr-defined]
    renumbered = [names.index(painted[i]) if painted[i] >= 0 else -1 for i in order]
    again = uniformity(
        [procedures[n] for n in names],
        np.array(renumbered, dtype=np.int32),
        np.array([people[i] for i in order], dtype=np.int64),
        counted,
    )
    assert again == found
