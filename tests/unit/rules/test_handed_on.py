"""What was known of areas is handed on to the area they became: a state only where all of them agreed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.coverage import CellState
from syncd.rules.handed_on import NOWHERE, handed_on, heirs

NOT_OWED, OWN, INHERITED, OFFLINE, DEAD, MISSING, UNKNOWN = sorted(CellState, key=int)


def after(states: list[CellState], follows: list[int], size: int) -> list[CellState]:
    found = handed_on(np.array(states, dtype=np.uint8), np.array(follows, dtype=np.int32), size)
    return [CellState(state) for state in found.tolist()]


def test_areas_follow_their_code_or_their_succession() -> None:
    index = {"a": 0, "c": 1}
    assert heirs(["a", "b", "gone", "lost"], index, {"b": "c", "lost": "x"}).tolist() == [
        0,
        1,
        NOWHERE,
        NOWHERE,
    ]


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([MISSING, MISSING], MISSING),
        ([OWN, OWN], OWN),
        ([OWN, MISSING], UNKNOWN),
        ([MISSING, UNKNOWN], UNKNOWN),
        ([OWN, UNKNOWN], UNKNOWN),
        ([UNKNOWN, UNKNOWN], UNKNOWN),
        ([NOT_OWED, OWN], OWN),
        ([NOT_OWED, NOT_OWED], NOT_OWED),
    ],
)
def test_two_become_one(parts: list[CellState], whole: CellState) -> None:
    assert after(parts, [0, 0], 1) == [whole]


cells = st.lists(st.tuples(st.sampled_from(CellState), st.integers(-1, 3)), max_size=8)


@given(cells, st.randoms())
def test_what_holds_of_the_whole_held_of_every_part(
    parts: list[tuple[CellState, int]], random: object
) -> None:
    found = after([state for state, _ in parts], [to for _, to in parts], 4)
    for position, state in enumerate(found):
        owed = [was for was, to in parts if to == position and was is not NOT_OWED]
        assert (state is NOT_OWED) == (not owed)
        if state.is_covered:
            assert all(was.is_covered for was in owed)
        if state.is_gap:
            assert all(was.is_gap for was in owed)
    shuffled = sorted(parts, key=lambda _: random.random())  # type: ignore[attr-defined]
    again = after([state for state, _ in shuffled], [to for _, to in shuffled], 4)
    assert [(s.is_covered, s.is_gap) for s in again] == [(s.is_covered, s.is_gap) for s in found]


@given(st.lists(st.sampled_from(CellState), max_size=6))
def test_where_no_area_changes_nothing_changes(states: list[CellState]) -> None:
    assert after(states, list(range(len(states))), len(states)) == states
