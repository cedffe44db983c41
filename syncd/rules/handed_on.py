"""States of areas handed on to the areas that follow them in a later register.

When municipalities merge, what is known of each before has to be compared with what holds for all of them
after. Where they agreed, their successor had that state. Where they did not, no state held for all of it:
saying "gap" would make a roll-out of the merger, saying "covered" a loss, so its past is unknown. Must not
know releases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from syncd.model.coverage import CellState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

NOWHERE = -1


def heirs(codes: Sequence[str], index: Mapping[str, int], moved: Mapping[str, str]) -> npt.NDArray[np.int32]:
    """Return for each old code (int32, shape (codes,)) the position of the area that follows it, or -1.

    ``index`` gives the positions on the later line by code, ``moved`` the successor of each code that ended.
    """
    found = (index.get(code, index.get(moved.get(code, ""), NOWHERE)) for code in codes)
    return np.fromiter(found, dtype=np.int32, count=len(codes))


def handed_on(
    state: npt.NDArray[np.uint8], follows: npt.NDArray[np.int32], size: int
) -> npt.NDArray[np.uint8]:
    """Return states (uint8, shape (size,)) on the later line; nobody's successor was not owed.

    ``follows`` stands beside ``state`` (:func:`heirs`). Own and inherited offers agree that a cell was
    covered, all kinds of gaps that it was not.
    """
    owed = (follows != NOWHERE) & (state != CellState.NOT_OWED)
    at, states = follows[owed], state[owed]
    later = np.full(size, CellState.NOT_OWED, dtype=np.uint8)
    later[at] = states
    kind = _KIND[states]
    least, most = np.full(size, 255, dtype=np.uint8), np.zeros(size, dtype=np.uint8)
    np.minimum.at(least, at, kind)
    np.maximum.at(most, at, kind)
    later[(later != CellState.NOT_OWED) & (least != most)] = CellState.UNKNOWN
    return later


_KIND = np.array(
    [
        0 if state is CellState.UNKNOWN else 1 if state.is_covered else 2
        for state in sorted(CellState, key=int)
    ],
    dtype=np.uint8,
)
