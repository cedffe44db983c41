"""How many different procedures do the same task, how unevenly, and who deviates.

Figures per service, on the bodies that owe it and have a digital procedure: the number of different ones, the
effective number (inverse Simpson index, 1/Σp²: how many equally common ones would be as diverse; Simpson
1949, Hill 1973), the share of the most common one, and where another one is used. Each by three marks: the
procedure itself, its platform (engine, or the host where the engine is unknown), and the host. Bodies without
a digital procedure are counted beside, never among them. Must not know services by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy.typing as npt

    from syncd.rules.procedures import Procedure

    Numbers = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

_Item = TypeVar("_Item")

MARKS: Final[Mapping[str, Callable[[Procedure], str]]] = {
    "procedure": lambda procedure: procedure.name,
    "platform": lambda procedure: procedure.platform,
    "host": lambda procedure: procedure.host,
}
"""By what procedures are compared."""


@dataclass(frozen=True, slots=True)
class Use:
    """One value of a mark with the bodies and inhabitants that have it."""

    value: str
    bodies: int
    people: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Diversity under one mark; ``uses`` most common first (bodies, then people, then name).

    ``leading`` is the value more bodies have than any other; empty when two share the first place or only
    one body has any, because then nobody can be said to deviate. Effective numbers lie between 1 and
    ``number``; 0 where there is nothing to count.
    """

    mark: str
    uses: tuple[Use, ...]
    effective_by_bodies: float
    effective_by_people: float
    leading: str

    @property
    def number(self) -> int:
        """How many different ones."""
        return len(self.uses)

    @property
    def largest_share_of_bodies(self) -> float:
        """Share of the most common one, of the bodies that have any."""
        bodies = sum(use.bodies for use in self.uses)
        return self.uses[0].bodies / bodies if bodies else 0.0

    @property
    def largest_share_of_people(self) -> float:
        """Share of the same one, of the inhabitants."""
        people = sum(use.people for use in self.uses)
        return self.uses[0].people / people if people else 0.0


@dataclass(frozen=True, slots=True)
class Uniformity:
    """The figures of one service: bodies and people with and without a digital procedure, and the spreads."""

    bodies: int
    people: int
    bodies_without: int
    people_without: int
    spreads: Mapping[str, Spread]


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a group of bodies is from the leading value of one mark.

    Compared are only cells with a digital procedure of services that have a leading one.
    """

    mark: str
    compared: int = 0
    deviating: int = 0
    people_compared: int = 0
    people_deviating: int = 0

    @property
    def share(self) -> float:
        """Deviating share of the compared cells, 0 to 1; 0 where nothing could be compared."""
        return self.deviating / self.compared if self.compared else 0.0

    @property
    def share_of_people(self) -> float:
        """The same, each cell weighed by its inhabitants."""
        return self.people_deviating / self.people_compared if self.people_compared else 0.0

    def plus(self, other: Distance) -> Distance:
        """Return both together."""
        return Distance(
            self.mark,
            self.compared + other.compared,
            self.deviating + other.deviating,
            self.people_compared + other.people_compared,
            self.people_deviating + other.people_deviating,
        )


def effective_number(counts: Sequence[int]) -> float:
    """Return the inverse Simpson index of counts: (Σc)²/Σc²; 0 when all are 0."""
    squares = sum(count * count for count in counts)
    return sum(counts) ** 2 / squares if squares else 0.0


def uniformity(
    procedures: Sequence[Procedure], painted: npt.NDArray[np.int32], people: Numbers, counted: Mask
) -> Uniformity:
    """Return the figures of one service.

    ``painted`` (int32) holds per body of the line the number of its procedure in ``procedures`` or -1,
    ``people`` (int64) its inhabitants, ``counted`` (bool) whether it counts; all of shape (line,).
    """
    with_one = counted & (painted >= 0)
    without = counted & (painted < 0)
    number = len(procedures)
    bodies = np.bincount(painted[with_one], minlength=number)
    inhabitants = np.bincount(painted[with_one], weights=people[with_one], minlength=number)
    used = _totals(procedures, bodies.tolist(), [int(p) for p in inhabitants])
    return Uniformity(
        bodies=int(with_one.sum()),
        people=int(people[with_one].sum()),
        bodies_without=int(without.sum()),
        people_without=int(people[without].sum()),
        spreads={mark: _spread(mark, used) for mark in MARKS},
    )


def _totals(
    procedures: Iterable[_Item], bodies: Iterable[int], people: Iterable[int]
) -> dict[_Item, list[int]]:
    """Return bodies and inhabitants per procedure, or value of a mark, that anybody uses."""
    totals: dict[_Item, list[int]] = {}
    for procedure, has, live in zip(procedures, bodies, people, strict=True):
        if has:
            total = totals.setdefault(procedure, [0, 0])
            total[0] += has
            total[1] += live
    return totals


def _spread(mark: str, used: Mapping[Procedure, Sequence[int]]) -> Spread:
    value_of = MARKS[mark]
    values = map(value_of, used)
    totals = _totals(values, (has for has, _ in used.values()), (live for _, live in used.values()))
    uses = tuple(
        sorted(
            (Use(value, has, live) for value, (has, live) in totals.items()),
            key=lambda use: (-use.bodies, -use.people, use.value),
        )
    )
    # One body alone leads nobody.
    second = uses[1].bodies if len(uses) > 1 else 1
    alone = bool(uses) and uses[0].bodies > second
    return Spread(
        mark,
        uses,
        effective_number([use.bodies for use in uses]),
        effective_number([use.people for use in uses]),
        leading=uses[0].value if alone else "",
    )


def deviating(
    spread: Spread, procedures: Sequence[Procedure], painted: npt.NDArray[np.int32], counted: Mask
) -> Mask:
    """Return which bodies use something else than the leading value; bool of shape (line,)."""
    if not spread.leading:
        return np.zeros(len(painted), dtype=np.bool_)
    value_of = MARKS[spread.mark]
    other = np.array([value_of(p) != spread.leading for p in procedures] + [False], dtype=np.bool_)
    # index -1 reads the last row, which stands for "no procedure"
    deviates: Mask = other[painted] & counted
    return deviates


def distance(
    spread: Spread,
    procedures: Sequence[Procedure],
    painted: npt.NDArray[np.int32],
    people: Numbers,
    counted: Mask,
) -> Distance:
    """Return the distance of the counted bodies from the leading value of one service."""
    if not spread.leading:
        return Distance(spread.mark)
    compared = counted & (painted >= 0)
    differs = deviating(spread, procedures, painted, counted)
    return Distance(
        spread.mark,
        int(compared.sum()),
        int(differs.sum()),
        int(people[compared].sum()),
        int(people[differs].sum()),
    )
