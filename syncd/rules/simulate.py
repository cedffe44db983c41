"""What if: a solution is adopted somewhere, on a copy of the cells; and which roll-outs reach a target.

Adopting never worsens a cell. It covers every owed cell it reaches when its rung meets the duty, unknown ones
too; with a lower rung it only describes what was missing or unknown.

The inverse is a covering problem: roll-outs are sets of gaps, few of them should reach a share. Roll-outs
that do not overlap: taking the largest first is exactly the smallest set. Where they overlap the problem is
NP-hard (partial set cover), and the greedy choice is bounded. Target reached: at most ``1 + ln(T / r)`` times
the smallest number, T the gain demanded and r what was still missing before the last step (L. A. Wolsey, An
analysis of the greedy algorithm for the submodular set covering problem, 1982). Target not reached with k
roll-outs: their gain is at least ``1 - 1/e`` of the best k (G. L. Nemhauser, L. A. Wolsey, M. L. Fisher, An
analysis of approximations for maximizing submodular set functions, 1978). Gains are sums of weights of
distinct cells, hence monotone and submodular, which both theorems ask for.

Must not know releases, registers or words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import log
from typing import TYPE_CHECKING, Final

import numpy as np

from syncd.model.coverage import CellState
from syncd.rules.figures import RUNGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from syncd.model.evidence import Evidence

    Codes = npt.NDArray[np.uint8]
    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.int64]

_BYTE: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Where an adoption reaches on a line; arrays of shape (cells,).

    ``cells`` (bool) are covered by the adopting areas, ``itself`` (bool) those of bodies that adopt it
    themselves, ``level`` (uint8) is that of the narrowest adopting area.
    """

    cells: Mask
    itself: Mask
    level: Codes


def adopted(codes: Codes, reach: Reach, rung: Evidence, minimum: Evidence, level: Codes) -> Codes:
    """Return a copy of the codes (:func:`syncd.rules.figures.codes_of`) after an adoption.

    The winner is that of assessment. A solution that meets the duty settles every cell, but an offer that
    meets it, too, and is closer stays: an own one before all, of two inherited ones the narrower. One that
    does not meet it describes what was missing or unknown. ``level`` (uint8) is that of the body the present
    offer comes from.
    """
    state, old = np.divmod(codes, np.uint8(RUNGS))
    touched = reach.cells & (state != CellState.NOT_OWED)
    itself = touched & reach.itself
    new = np.uint8(rung)
    own, inherited = state == CellState.OWN, state == CellState.INHERITED
    after, better = state.copy(), old.copy()
    if rung >= minimum:
        gap = touched & ~own & ~inherited
        narrower = touched & inherited & (reach.itself | (reach.level > level))
        alike = gap | (touched & inherited & (reach.level == level)) | (own & itself)
        better[alike] = np.maximum(old, new)[alike]
        better[narrower] = new
        after[gap] = CellState.INHERITED
        after[itself] = CellState.OWN
    else:
        dark = touched & ((state == CellState.MISSING) | (state == CellState.UNKNOWN))
        short = touched & ((state == CellState.OFFLINE) | (state == CellState.DEAD))
        # A dead link is forgotten where something better is said than what stood beside it.
        after[dark | (short & ~itself & (new > old))] = CellState.OFFLINE
        better[dark | short] = np.maximum(old, new)[dark | short]
    return np.asarray(after * np.uint8(RUNGS) + better, dtype=np.uint8)


def covered_mask(codes: Codes) -> Mask:
    """Return which cells are covered."""
    return np.asarray((codes >= CellState.OWN * RUNGS) & (codes < CellState.OFFLINE * RUNGS))


def gap_mask(codes: Codes) -> Mask:
    """Return which cells are known gaps; unknown cells are none."""
    return np.asarray((codes >= CellState.OFFLINE * RUNGS) & (codes < CellState.UNKNOWN * RUNGS))


class Bound(StrEnum):
    """What is known of the distance to the smallest set."""

    REACHED = "reached"
    EXACT = "exact"
    LOGARITHMIC = "logarithmic"
    SUBMODULAR = "submodular"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class RollOut:
    """One step: a service taken on in every body, or all services taken on by one area.

    ``index`` counts the services or the areas; ``gain`` is the weight of the gaps it closes beyond those
    closed before, ``cells`` their number, ``share`` what is covered after it.
    """

    is_service: bool
    index: int
    gain: int
    cells: int
    share: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Roll-outs in the order chosen, which is the curve of marginal gain.

    ``start`` is the share covered now, ``unknown`` the share nobody knows: no roll-out counts it as gained,
    so the true share afterwards is between ``share`` and ``share + unknown``. ``factor`` belongs to the
    logarithmic bound.
    """

    steps: tuple[RollOut, ...]
    target: float
    start: float
    share: float
    unknown: float
    bound: Bound
    factor: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Weights of all owed, covered and unknown cells; gaps are the rest."""

    owed: int
    covered: int
    unknown: int


class Gaps:
    """The known gaps of several services on the same bodies, one bit per cell.

    ``weights`` is what closing a gap of each body is worth, int64 of shape (bodies,).
    """

    def __init__(self, weights: Numbers) -> None:
        """Begin without services."""
        self.weights = weights
        self._rows: list[npt.NDArray[np.uint8]] = []
        self._gains: list[int] = []
        self._columns = np.zeros(len(weights), dtype=np.int64)

    def add(self, gaps: Mask) -> None:
        """Add a service with its gaps, bool of shape (bodies,)."""
        self._rows.append(np.packbits(gaps))
        self._gains.append(int(self.weights[gaps].sum()))
        self._columns += gaps

    def smallest_set(
        self,
        areas: Sequence[tuple[int, int]],
        weights: Weights,
        *,
        services: bool,
        target: float,
        at_most: int,
    ) -> Plan:
        """Return few roll-outs that bring the covered share to ``target``, at most ``at_most`` of them.

        Candidates are each service everywhere (if ``services``) and each of ``areas``, intervals (first, end)
        of the bodies, with all services. Ties go to services, then to the first. Deterministic.
        """
        search = _Search(
            np.array(self._rows, dtype=np.uint8).reshape(len(self._rows), -1),
            self.weights,
            np.array(self._gains if services else [], dtype=np.int64),
            self._columns.copy(),
            np.array(areas, dtype=np.int64).reshape(-1, 2),
        )
        demanded = target * weights.owed - weights.covered
        steps: list[RollOut] = []
        gained = before = 0
        while gained < demanded and len(steps) < at_most and (found := search.take()) is not None:
            is_service, index, gain, cells = found
            before, gained = gained, gained + gain
            steps.append(RollOut(is_service, index, gain, cells, (weights.covered + gained) / weights.owed))
        bound, factor = self._bound(demanded, gained, before, search, more=len(steps) == at_most)
        return Plan(
            steps=tuple(steps),
            target=target,
            start=_share(weights.covered, weights.owed),
            share=_share(weights.covered + gained, weights.owed),
            unknown=_share(weights.unknown, weights.owed),
            bound=bound,
            factor=factor,
        )

    @staticmethod
    def _bound(
        demanded: float, gained: int, before: int, search: _Search, *, more: bool
    ) -> tuple[Bound, float]:
        if demanded <= 0:
            return Bound.REACHED, 1.0
        if gained < demanded:
            return (Bound.SUBMODULAR if more and search.has_more() else Bound.UNREACHABLE), 1.0
        if search.is_disjoint:
            return Bound.EXACT, 1.0
        return Bound.LOGARITHMIC, 1.0 + log(demanded / (demanded - before))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


@dataclass(slots=True)
class _Search:
    """What is still open: ``rows`` packed bits (services, bodies / 8), ``columns`` open gaps per body."""

    rows: npt.NDArray[np.uint8]
    weights: Numbers
    gains: Numbers
    columns: Numbers
    areas: Numbers

    @property
    def is_disjoint(self) -> bool:
        """True when no two candidates share a cell."""
        if not len(self.areas):
            return True
        ordered = self.areas[np.argsort(self.areas[:, 0], kind="stable")]
        return not len(self.gains) and bool((ordered[1:, 0] >= ordered[:-1, 1]).all())

    def has_more(self) -> bool:
        """Tell whether any candidate still closes a gap."""
        return bool((self.gains > 0).any() or (self._area_gains() > 0).any())

    def take(self) -> tuple[bool, int, int, int] | None:
        """Take the candidate that gains most: (is a service, index, gain, cells); None when none does."""
        of_areas = self._area_gains()
        best_service = int(self.gains.argmax()) if len(self.gains) else -1
        best_area = int(of_areas.argmax()) if len(of_areas) else -1
        service_gain = int(self.gains[best_service]) if best_service >= 0 else 0
        area_gain = int(of_areas[best_area]) if best_area >= 0 else 0
        if max(service_gain, area_gain) <= 0:
            return None
        if service_gain >= area_gain:
            return True, best_service, service_gain, self._close_service(best_service)
        return False, best_area, area_gain, self._close_area(best_area)

    def _area_gains(self) -> Numbers:
        sums = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(self.columns * self.weights)))
        return np.asarray(sums[self.areas[:, 1]] - sums[self.areas[:, 0]], dtype=np.int64)

    def _close_service(self, index: int) -> int:
        gaps = np.unpackbits(self.rows[index], count=len(self.weights))
        self.columns -= gaps
        self.rows[index] = 0
        self.gains[index] = 0
        return int(gaps.sum())

    def _close_area(self, index: int) -> int:
        first, end = (int(edge) for edge in self.areas[index])
        cells = int(self.columns[first:end].sum())
        self.columns[first:end] = 0
        left, right = first // _BYTE, -(-end // _BYTE)
        block = np.unpackbits(self.rows[:, left:right], axis=1)
        inside = block[:, first - left * _BYTE : end - left * _BYTE]
        if len(self.gains):
            self.gains -= inside.astype(np.int64) @ self.weights[first:end]
        inside[:] = 0
        self.rows[:, left:right] = np.packbits(block, axis=1)
        return cells
