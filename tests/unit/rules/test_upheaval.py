"""When a release turns the report over: tables, and an oracle that counts cell by cell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.coverage import CellState
from syncd.rules.upheaval import (
    SIDES,
    Shift,
    UpheavalLimits,
    count_moves,
    lands_of,
    nobody_moved,
    sizes,
    upheaval,
)

LIMITS = UpheavalLimits(share=0.25, cells=10)
OWN, INHERITED, MISSING, DEAD, UNKNOWN, NOT_OWED = (
    CellState.OWN,
    CellState.INHERITED,
    CellState.MISSING,
    CellState.DEAD,
    CellState.UNKNOWN,
    CellState.NOT_OWED,
)


def shifts(
    before: list[int], after: list[int], land: str = "06", *, explained: bool = False
) -> list[tuple[str, str, str, int, int]]:
    lands = lands_of([f"{land}4140000000"] * len(before))
    old, new = np.array(before, np.uint8), np.array(after, np.uint8)
    moves = nobody_moved()
    count_moves(moves, old, new, lands)
    matrix = np.zeros((len(before), len(CellState)), np.int32)
    for position, state in enumerate(before):
        if state in list(CellState):
            matrix[position, state] = 1
    found = upheaval(moves, sizes([(matrix, lands)]), LIMITS, unknown_explained=explained)
    return [(one.area, one.before, one.after, one.cells, one.of) for one in found]


@pytest.mark.fault("S18")
@pytest.mark.parametrize(
    ("before", "after", "sides"),
    [
        ([OWN] * 40, [MISSING] * 40, ("covered", "gap")),
        ([MISSING] * 40, [OWN] * 40, ("gap", "covered")),
        ([INHERITED] * 40, [UNKNOWN] * 40, ("covered", "unknown")),
        ([UNKNOWN] * 40, [OWN] * 40, ("unknown", "covered")),
        ([OWN] * 40, [MISSING] * 11 + [OWN] * 29, ("covered", "gap")),
    ],
)
def test_what_turns_over(before: list[int], after: list[int], sides: tuple[str, str]) -> None:
    found = shifts(before, after)
    assert [(area, *both) for area, *both, _, _ in found] == [("00", *sides), ("06", *sides)]


@pytest.mark.fault("S18")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([OWN] * 40, [MISSING] * 10 + [OWN] * 30),
        ([OWN] * 9, [MISSING] * 9),
        ([OWN] * 40, [INHERITED] * 40),
        ([MISSING] * 40, [DEAD] * 40),
        ([NOT_OWED] * 40, [MISSING] * 40),
        ([OWN] * 40, [NOT_OWED] * 40),
        ([255] * 40, [OWN] * 40),
    ],
    ids=[
        "the share itself",
        "too few",
        "both covered",
        "both gaps",
        "newly owed",
        "no longer owed",
        "new area",
    ],
)
def test_what_does_not(before: list[int], after: list[int]) -> None:
    assert shifts(before, after) == []


def test_a_silent_source_explains_unknown_and_nothing_else() -> None:
    assert shifts([OWN] * 40, [UNKNOWN] * 40, explained=True) == []
    assert shifts([OWN] * 40, [MISSING] * 40, explained=True) != []


def test_one_land_turned_over_is_seen_where_germany_is_not() -> None:
    lands = lands_of(["064140000000"] * 20 + ["095710000000"] * 200)
    old = np.full(220, OWN, np.uint8)
    new = old.copy()
    new[:20] = MISSING
    moves = nobody_moved()
    count_moves(moves, old, new, lands)
    before = moves.sum(axis=2)
    (found,) = upheaval(moves, before, LIMITS, unknown_explained=False)
    assert found == Shift("06", "covered", "gap", 20, 20)
    assert str(found) == "06: 20 of 20 cells from covered to gap"


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 16)), max_size=60))
def test_counting_is_that_of_a_loop(cells: list[tuple[int, int, int]]) -> None:
    moves = nobody_moved()
    old, new, land = (np.array([cell[part] for cell in cells], np.int64) for part in range(3))
    count_moves(moves, old.astype(np.uint8), new.astype(np.uint8), land)

    def side(state: int) -> int:
        one = CellState(state)
        named = "covered" if one.is_covered else "gap" if one.is_gap else "unknown"
        return 3 if one is NOT_OWED else SIDES.index(named)

    expected = nobody_moved()
    for before, after, where in cells:
        expected[where, side(before), side(after)] += 1
    assert (moves == expected).all()
