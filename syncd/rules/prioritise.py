"""What to close first: people without the service × how often it is needed × readiness of a solution.

The formula is printed with every result (:data:`syncd.rules.plan_words.FORMULA`). How often a service is
needed comes from a configured table of case figures with their sources; a service without a figure weighs 1,
like the median of those that have one, and the result says so. Must not know where figures come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LEAST_READINESS: Final = 0.1
"""Readiness where nothing runs elsewhere: such a gap is harder to close, but no less a gap."""
_FULL_POINTS = 100


@dataclass(frozen=True, slots=True)
class CaseFigure:
    """How often a service is needed: cases a year per 1,000 inhabitants, with who says so."""

    service_key: str
    cases_per_1000: float
    year: int
    source: str


@dataclass(frozen=True, slots=True)
class Weight:
    """Weight of a service; ``figure`` is None where nothing is known and the weight is 1."""

    value: float
    figure: CaseFigure | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """One service that people lack: the gaps' inhabitants and cells, and the best fit of 100 points.

    ``points`` is None where no solution runs elsewhere.
    """

    key: tuple[str, str, str]
    """Obligation, line and service key."""
    people: int
    bodies: int
    weight: Weight
    points: int | None

    @property
    def readiness(self) -> float:
        """Points of the best solution as a share, at least :data:`LEAST_READINESS`."""
        return max(LEAST_READINESS, (self.points or 0) / _FULL_POINTS)

    @property
    def priority(self) -> float:
        """People without the service × weight × readiness."""
        return self.people * self.weight.value * self.readiness


class Cases:
    """The table of case figures as weights: figure ÷ median of all figures, 1 for services without one."""

    def __init__(self, figures: Mapping[str, CaseFigure]) -> None:
        """Take the figures by service key."""
        self._figures = dict(figures)
        known = [figure.cases_per_1000 for figure in self._figures.values()]
        self._median = median(known) if known else 1.0

    def __len__(self) -> int:
        return len(self._figures)

    def weight(self, service_key: str) -> Weight:
        """Return the weight of a service."""
        figure = self._figures.get(service_key)
        if figure is None:
            return Weight(1.0)
        return Weight(figure.cases_per_1000 / self._median, figure)


def in_order(needs: Iterable[Need]) -> tuple[Need, ...]:
    """Return the needs, most urgent first; equal ones by people, then by key."""
    return tuple(sorted(needs, key=lambda need: (-need.priority, -need.people, need.key)))
