"""Whether a new release turns the report of coverage over: too many cells that change sides at once.

Data is judged when it comes in (:mod:`syncd.rules.accept`); this looks at what all of it together would
publish, so that a fault of ours (a rule, a register, a probe without a network) does not tell thousands of
municipalities overnight that they offer everything, or nothing. Must not know releases or who decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncd.model.coverage import CellState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]

SIDES = ("covered", "gap", "unknown")
"""What a cell says to a reader; states within one side may change freely."""
_NO_SIDE = len(SIDES)
_UNKNOWN = SIDES.index("unknown")
GERMANY = "00"
_LANDS = 17
_BYTE = 256
_KINDS = _NO_SIDE + 1


@dataclass(frozen=True, slots=True)
class UpheavalLimits:
    """More than ``share`` of a side's cells **and** at least ``cells`` of them are an upheaval."""

    share: float = 0.25
    cells: int = 1_000


@dataclass(frozen=True, slots=True)
class Shift:
    """Cells of one area (``00`` or a Land) that leave one side for another; ``of`` were there before."""

    area: str
    before: str
    after: str
    cells: int
    of: int

    def __str__(self) -> str:
        """Return one phrase for an operator."""
        return f"{self.area}: {self.cells} of {self.of} cells from {self.before} to {self.after}"


def _sides() -> npt.NDArray[np.int64]:
    table = np.full(_BYTE, _NO_SIDE, dtype=np.int64)
    for state in CellState:
        if state.is_covered:
            table[state] = SIDES.index("covered")
        elif state.is_gap:
            table[state] = SIDES.index("gap")
    table[CellState.UNKNOWN] = _UNKNOWN
    return table


_SIDE_OF = _sides()


def lands_of(codes: Iterable[str]) -> Numbers:
    """Return per area code (ARS) the number of its Land, 1 to 16; 0 for the Bund."""
    return np.array([int(code[:2]) if code[:2].isdigit() else 0 for code in codes], dtype=np.int64) % _LANDS


def nobody_moved() -> Numbers:
    """Return an empty count, shape (land, side before, side after)."""
    return np.zeros((_LANDS, _KINDS, _KINDS), dtype=np.int64)


def count_moves(
    moves: Numbers, before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8], lands: Numbers
) -> None:
    """Add the cells of one service to ``moves`` in place; states that are none (255) count on no side."""
    places = (lands * _KINDS + _SIDE_OF[before]) * _KINDS + _SIDE_OF[after]
    moves += np.bincount(places, minlength=moves.size).reshape(moves.shape)


def sizes(totals: Iterable[tuple[npt.NDArray[np.int32], Numbers]]) -> Numbers:
    """Return the cells per (land, side) from pairs of a totals matrix (line × states) and its lands."""
    counted = np.zeros((_LANDS, _KINDS), dtype=np.int64)
    for matrix, lands in totals:
        for state in CellState:
            counted[:, _SIDE_OF[state]] += np.bincount(
                lands, weights=matrix[:, state], minlength=_LANDS
            ).astype(np.int64)
    return counted


def upheaval(
    moves: Numbers, before: Numbers, limits: UpheavalLimits, *, unknown_explained: bool
) -> tuple[Shift, ...]:
    """Return the shifts beyond the limits, Germany first, then by Land.

    ``before`` are the cells per (land, side) of what is published. With ``unknown_explained`` moves to and
    from unknown are left out: a source has fallen silent or speaks again, which is told elsewhere.
    """
    found = [*_beyond(GERMANY, moves.sum(axis=0), before.sum(axis=0), limits)]
    for land in range(1, _LANDS):
        found += _beyond(f"{land:02}", moves[land], before[land], limits)
    hidden = "unknown" if unknown_explained else ""
    return tuple(shift for shift in found if hidden not in {shift.before, shift.after} or not hidden)


@dataclass(frozen=True, slots=True, eq=False)
class Turnover:
    """What a build moves: ``moves`` per (land, side before, side after), ``before`` per (land, side)."""

    moves: Numbers
    before: Numbers

    def beyond(self, limits: UpheavalLimits, *, unknown_explained: bool) -> tuple[Shift, ...]:
        """Return the shifts beyond the limits; see :func:`upheaval`."""
        return upheaval(self.moves, self.before, limits, unknown_explained=unknown_explained)


def _beyond(area: str, moves: Numbers, before: Numbers, limits: UpheavalLimits) -> Sequence[Shift]:
    return [
        Shift(area, SIDES[old], SIDES[new], int(moves[old, new]), int(before[old]))
        for old in range(_NO_SIDE)
        for new in range(_NO_SIDE)
        if old != new and moves[old, new] >= limits.cells and moves[old, new] > limits.share * before[old]
    ]
