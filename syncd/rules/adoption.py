"""How fast a service spreads: what each week brought, when a target would be reached, whether it stalled.

First seen is not first offered: when a source speaks for the first time, all its offers appear at once. So
a week's change is split by what the cells were before: *rolled out* (a known gap was closed), *learned*
(nothing was known), *lost* (a covered cell fell short) and *out of sight* (a covered cell became unknown).
Only what was rolled out and lost counts as speed.

Forecast: weekly net growth w₁…wₙ in people, mean m, standard deviation s. After h weeks the growth is
expected within h·m ± t·s·√(h + h²/n), a prediction interval of 80 % for independent weeks (t: Student's
distribution, n − 1 degrees of freedom; the second term is the uncertainty of m itself). The earliest date is
where the upper bound reaches the target, the latest where the lower one does, if ever within the horizon.
Must not know releases or clocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

from syncd.model.coverage import CellState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]

CONFIDENCE: Final = 0.8
LEAST_WEEKS: Final = 8
LEAST_ACTIVE_WEEKS: Final = 3
"""Weeks with a change, below which a mean says nothing."""
STALL_WEEKS: Final = 8
HORIZON_WEEKS: Final = 520
# Student's t, quantile 0.9 (80 % two-sided), for 1 to 30 degrees of freedom; beyond: the normal distribution.
_STUDENT: Final = (
    3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372,
    1.363, 1.356, 1.350, 1.345, 1.341, 1.337, 1.333, 1.330, 1.328, 1.325,
    1.323, 1.321, 1.319, 1.318, 1.316, 1.315, 1.314, 1.313, 1.311, 1.310,
)  # fmt: skip
_NORMAL: Final = 1.282


@dataclass(frozen=True, slots=True)
class Level:
    """Owed cells of one service at one instant, and the people in them, by what is known of them."""

    on: date
    release: int
    bodies: int
    covered: int
    unknown: int
    people: int
    people_covered: int
    people_unknown: int

    @property
    def share(self) -> float:
        """Covered share of the people."""
        return self.people_covered / self.people if self.people else 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """What changed from one level to the next, in people; ``bodies`` are net rolled-out cells."""

    weeks: float
    rolled_out: int = 0
    learned: int = 0
    lost: int = 0
    out_of_sight: int = 0
    bodies: int = 0

    @property
    def net(self) -> int:
        """Growth that is roll-out: closed gaps less cells that fell short."""
        return self.rolled_out - self.lost


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a share of the people is reached, or why that cannot be said.

    ``code`` is ``expected``, ``reached`` or the reason of refusal. Weeks are counted from the last level;
    None where there is none, ``latest`` None also where the lower bound never gets there in ten years.
    """

    code: str
    target: float
    weeks_observed: int = 0
    active_weeks: int = 0
    per_week: float = 0.0
    spread: float = 0.0
    earliest: int | None = None
    expected: int | None = None
    latest: int | None = None


def level_of(state: Bytes, people: npt.NDArray[np.int64], *, on: date, release: int) -> Level:
    """Return the level of the cells given; arrays of shape (cells,), not owed ones are left out."""
    owed, covered, unknown = _masks(state)
    return Level(
        on,
        release,
        int(owed.sum()),
        int(covered.sum()),
        int(unknown.sum()),
        int(people[owed].sum()),
        int(people[covered].sum()),
        int(people[unknown].sum()),
    )


def change_of(before: Bytes, after: Bytes, people: npt.NDArray[np.int64], *, weeks: float) -> Change:
    """Return what changed between two states of the same cells, in today's inhabitants.

    A cell that was not owed before counts as unknown then, one that is no longer owed not at all.
    """
    was_owed, was_covered, was_unknown = _masks(before)
    owed, covered, unknown = _masks(after)
    was_dark = was_unknown | ~was_owed
    was_gap = was_owed & ~was_covered & ~was_unknown
    gap = owed & ~covered & ~unknown
    rolled, lost = covered & was_gap, gap & was_covered
    return Change(
        weeks,
        rolled_out=int(people[rolled].sum()),
        learned=int(people[covered & was_dark].sum()),
        lost=int(people[lost].sum()),
        out_of_sight=int(people[unknown & was_covered].sum()),
        bodies=int(rolled.sum()) - int(lost.sum()),
    )


def _masks(
    state: Bytes,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    covered = (state == CellState.OWN) | (state == CellState.INHERITED)
    return state != CellState.NOT_OWED, covered, state == CellState.UNKNOWN


def forecast(last: Level, changes: Sequence[Change], *, target: float) -> Forecast:
    """Return when ``target`` (0 to 1) of the people are reached at the speed observed.

    The order of the weeks does not matter. Refused, with the reason as code: ``nobody`` lives there;
    ``too_much_unknown`` (the target lies beyond all known gaps), ``too_few_weeks``, ``too_few_changes``,
    ``not_growing``.
    """
    weeks = [change.net / change.weeks for change in changes if change.weeks > 0]
    active = sum(1 for change in changes if change.rolled_out or change.lost)
    missing = target * last.people - last.people_covered
    mean = sum(weeks) / len(weeks) if weeks else 0.0
    if code := _refusal(last, missing, len(weeks), active, mean):
        return Forecast(code, target, len(weeks), active)
    spread = sqrt(sum((week - mean) ** 2 for week in weeks) / (len(weeks) - 1))
    earliest, expected, latest = (
        _weeks_until(missing, mean, spread, len(weeks), side) for side in (1, 0, -1)
    )
    code = "expected" if expected is not None else "beyond_horizon"
    return Forecast(code, target, len(weeks), active, mean, spread, earliest, expected, latest)


def _refusal(last: Level, missing: float, weeks: int, active: int, mean: float) -> str:
    """Return why nothing can be foretold; empty when something can."""
    known_gaps = last.people - last.people_covered - last.people_unknown
    reasons = (
        ("nobody", not last.people),
        ("reached", missing <= 0),
        ("too_much_unknown", missing > known_gaps),
        ("too_few_weeks", weeks < LEAST_WEEKS),
        ("too_few_changes", active < LEAST_ACTIVE_WEEKS),
        ("not_growing", mean <= 0),
    )
    return next((code for code, holds in reasons if holds), "")


def _weeks_until(missing: float, mean: float, spread: float, number: int, side: int) -> int | None:
    """Return the first week in which the bound (side 1 upper, 0 mean, -1 lower) reaches what is missing."""
    student = _STUDENT[number - 2] if number - 2 < len(_STUDENT) else _NORMAL
    for week in range(1, HORIZON_WEEKS + 1):
        bound = week * mean + side * student * spread * sqrt(week + week * week / number)
        if bound >= missing:
            return week
    return None


def stalled(last: Level, changes: Sequence[Change]) -> bool | None:
    """Tell whether a roll-out that had begun has stood still; None when that cannot be told.

    Stalled: known gaps remain, something was rolled out before, and nothing in the last eight weeks.
    ``changes`` oldest first; too short a time, or one without any roll-out, tells nothing.
    """
    if last.covered >= last.bodies:
        return False
    recent, weeks = [], 0.0
    for change in reversed(changes):
        if weeks >= STALL_WEEKS:
            break
        recent.append(change)
        weeks += change.weeks
    if any(change.rolled_out for change in recent):
        return False
    known_gaps = last.bodies - last.covered - last.unknown
    if weeks < STALL_WEEKS or not known_gaps or not any(change.rolled_out for change in changes):
        return None
    return True


@dataclass(frozen=True, slots=True)
class Standstill:
    """Owed cells of one service at a glance: gaps that remain, and when the last cell was covered.

    ``gains`` are the releases in which presently covered cells became so, oldest first.
    """

    bodies: int
    covered: int
    unknown: int
    people_in_gaps: int
    gains: tuple[int, ...]

    @property
    def gaps(self) -> int:
        """Cells known to fall short."""
        return self.bodies - self.covered - self.unknown

    @property
    def has_begun(self) -> bool:
        """True when cells were covered one after the other: all at once is a source that spoke first."""
        return len(self.gains) > 1


def standstill_of(state: Bytes, since: npt.NDArray[np.uint32], people: npt.NDArray[np.int64]) -> Standstill:
    """Return the standstill of the cells given; ``since`` (uint32) is the release their state began in."""
    owed, covered, unknown = _masks(state)
    return Standstill(
        int(owed.sum()),
        int(covered.sum()),
        int(unknown.sum()),
        int(people[owed & ~covered & ~unknown].sum()),
        tuple(np.unique(since[covered]).tolist()),
    )
