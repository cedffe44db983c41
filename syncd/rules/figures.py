"""Coverage figures: what is counted, by which rule, and how much of it nobody knows.

The public dashboard has one rule (all municipalities or nothing); here every share names its rule and states
numerator, denominator and unknown, so that "nobody told us" can be read as neither yes nor no.

Cells of one service arrive as codes, ``state * 8 + rung`` (:func:`codes_of`), one service after the other, in
any order; what is kept does not grow with the number of services. A cell counts once per service, and so do
the people in it: over several services, shares of the population are shares of (person, service) pairs.

Must not know releases, registers or words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from syncd.model.coverage import CellState
from syncd.model.evidence import Evidence
from syncd.rules.assess import STATES, count_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from syncd.rules.assess import Cells

    Codes = npt.NDArray[np.uint8]
    Numbers = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]
    Counted = tuple[Numbers, Numbers]

RUNGS: Final = len(Evidence)
CODES: Final = STATES * RUNGS
_LABELS: Final = tuple(state.label for state in CellState if state is not CellState.NOT_OWED)
_RUNG_LABELS: Final = tuple(rung.label for rung in Evidence)
_COVERED: Final = (CellState.OWN, CellState.INHERITED)
_DESCRIBED: Final = (*_COVERED, CellState.OFFLINE, CellState.DEAD)


class Unit(StrEnum):
    """What a share counts."""

    SERVICES = "services"
    CELLS = "cells"
    """A service in a body that owes it; for one service: bodies."""
    PEOPLE = "people"
    """The inhabitants of the cells, once per service."""


class Rule(StrEnum):
    """By which rule a share is counted; the words are in :mod:`syncd.rules.figure_words`."""

    AREA_WIDE = "area_wide"
    """Services covered in every owing body. Unknown: no gap is known, but not every body is."""
    AT_LEAST_ONE = "at_least_one"
    """Services covered in one owing body at least. Unknown: in none that is known, but not every body is."""
    SHARE_OF_BODIES = "share_of_bodies"
    SHARE_OF_POPULATION = "share_of_population"
    OWN = "own"
    """Covered by an offer of the body itself."""
    INHERITED = "inherited"
    """Covered by an offer of a body above it."""
    DESCRIBED = "described"
    """An offer is known, whatever its rung, dead links included."""
    ONLINE = "online"
    """The living offer is an online form or better, whatever the obligation demands."""
    DESCRIBED_POPULATION = "described_population"
    ONLINE_POPULATION = "online_population"


@dataclass(frozen=True, slots=True)
class Share:
    """A share by a rule. ``unknown`` are in the denominator, never in the numerator, and no gaps."""

    rule: Rule
    unit: Unit
    numerator: int
    denominator: int
    unknown: int

    @property
    def value(self) -> float | None:
        """What is known to hold, 0..1; None where there is nothing to divide by."""
        return self.numerator / self.denominator if self.denominator else None

    @property
    def at_most(self) -> float | None:
        """The share if everything unknown turned out to hold."""
        return (self.numerator + self.unknown) / self.denominator if self.denominator else None


@dataclass(frozen=True, slots=True)
class RungCount:
    """Cells on one rung of the ladder, and the people in them; unknown cells stand on none."""

    rung: str
    cells: int
    people: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one group of cells on one line.

    ``bodies`` owe at least one of the ``services``; ``inhabitants`` live in them, each counted once.
    ``cells`` and ``people`` split the owed cells by state label and add up.
    """

    services: int
    bodies: int
    inhabitants: int
    owed: int
    cells: Mapping[str, int]
    people: Mapping[str, int]
    shares: tuple[Share, ...]
    ladder: tuple[RungCount, ...]

    def share(self, rule: Rule) -> Share:
        """Return the share by a rule."""
        return next(share for share in self.shares if share.rule is rule)


def codes_of(cells: Cells) -> Codes:
    """Return state and rung of each cell as one number below :data:`CODES`."""
    return np.asarray(cells.state * np.uint8(RUNGS) + cells.evidence, dtype=np.uint8)


@dataclass(slots=True)
class _Services:
    """Services counted by the two rules that look at whole services; unknown ones apart."""

    owed: int = 0
    wide: int = 0
    wide_unknown: int = 0
    one: int = 0
    one_unknown: int = 0


class Tally:
    """Counts one group of cells, service after service.

    ``people`` are the inhabitants of each body looked at, int64 of shape (bodies,); all codes have its shape.
    """

    def __init__(self, people: Numbers) -> None:
        """Begin with nothing."""
        self._people = people
        self._people_before = np.concatenate(([0], np.cumsum(people)))
        self._cells = np.zeros(CODES, dtype=np.int64)
        self._persons = np.zeros(CODES, dtype=np.int64)
        self._owing = np.zeros(len(people), dtype=np.bool_)
        self._services = _Services()

    def add(self, codes: Codes) -> None:
        """Count the cells of one service; one that is owed nowhere here leaves no trace."""
        self.take(codes, self.counted(codes))

    def counted(self, codes: Codes) -> Counted:
        """Return cells and people by code, for tallies on the same bodies."""
        return count_values(codes, self._people_before, CODES)

    def take(self, codes: Codes, counted: Counted) -> None:
        """Count the cells of one service that are counted already."""
        cells, people = counted
        states = cells.reshape(STATES, RUNGS).sum(axis=1)
        owed = int(states[1:].sum())
        if not owed:
            return
        covered = int(states[CellState.OWN] + states[CellState.INHERITED])
        unknown = int(states[CellState.UNKNOWN])
        self._cells += cells
        self._persons += people
        self._owing |= codes >= RUNGS
        services = self._services
        services.owed += 1
        services.wide += covered == owed
        services.wide_unknown += unknown > 0 and covered + unknown == owed
        services.one += covered > 0
        services.one_unknown += unknown > 0 and not covered

    @property
    def is_empty(self) -> bool:
        """True while nothing is owed."""
        return not self._services.owed

    def figures(self) -> Figures:
        """Return the figures so far."""
        return _figures(
            self._cells,
            self._persons,
            self._services,
            int(self._owing.sum()),
            int(self._people[self._owing].sum()),
        )


class AreaTallies:
    """Counts many areas at once, each an interval of the bodies looked at; areas may overlap.

    ``first`` and ``end`` (int64, end exclusive) have shape (areas,), ``people`` (bodies,). Only the bodies
    from the first to the last of these areas are looked at.
    """

    def __init__(self, first: Numbers, end: Numbers, people: Numbers) -> None:
        """Begin with nothing."""
        self._part = slice(int(first.min(initial=len(people))), int(end.max(initial=0)))
        self._first, self._end = first - self._part.start, end - self._part.start
        self._people = people[self._part]
        self._matrix = np.zeros((len(self._people), CODES), dtype=np.int32)
        self._rows = np.arange(0, self._matrix.size, CODES)
        self._services = np.zeros((5, len(first)), dtype=np.int64)

    def add(self, codes: Codes) -> None:
        """Count the cells of one service."""
        codes = codes[self._part]
        # One index into the flat matrix is faster than two; a copy would be lost, so none is made.
        self._matrix.reshape(-1, copy=False)[self._rows + codes] += 1
        owed = self._inside(codes >= RUNGS)
        covered = self._inside((codes >= CellState.OWN * RUNGS) & (codes < CellState.OFFLINE * RUNGS))
        unknown = self._inside(codes >= CellState.UNKNOWN * RUNGS)
        some = owed > 0
        doubt = unknown > 0
        self._services[0] += some
        self._services[1] += some & (covered == owed)
        self._services[2] += doubt & (covered + unknown == owed)
        self._services[3] += covered > 0
        self._services[4] += doubt & (covered == 0)

    def _inside(self, mask: Mask) -> Numbers:
        return self._summed(mask.astype(np.int64))

    def figures(self) -> Iterator[Figures | None]:
        """Yield the figures of each area in order, None where nothing is owed."""
        people = self._people[:, None]
        owing = self._matrix[:, RUNGS:].sum(axis=1) > 0
        bodies, inhabitants = self._inside(owing), self._summed(np.where(owing, self._people, 0))
        cells, persons = self._summed(self._matrix), self._summed(self._matrix * people)
        for i, counts in enumerate(self._services.T.tolist()):
            services = _Services(*counts)
            owed = services.owed > 0
            yield (
                _figures(cells[i], persons[i], services, int(bodies[i]), int(inhabitants[i]))
                if owed
                else None
            )

    def _summed(self, values: npt.NDArray[np.int32] | Numbers) -> Numbers:
        sums = np.zeros((len(values) + 1, *values.shape[1:]), dtype=np.int64)
        np.cumsum(values, axis=0, out=sums[1:])
        return np.asarray(sums[self._end] - sums[self._first], dtype=np.int64)


def _figures(cells: Numbers, persons: Numbers, services: _Services, bodies: int, inhabitants: int) -> Figures:
    by_cell, by_person = cells.reshape(STATES, RUNGS), persons.reshape(STATES, RUNGS)
    in_cells = dict(zip(CellState, by_cell.sum(axis=1).tolist(), strict=True))
    in_people = dict(zip(CellState, by_person.sum(axis=1).tolist(), strict=True))
    del in_cells[CellState.NOT_OWED], in_people[CellState.NOT_OWED]
    return Figures(
        services=services.owed,
        bodies=bodies,
        inhabitants=inhabitants,
        owed=sum(in_cells.values()),
        cells=dict(zip(_LABELS, in_cells.values(), strict=True)),
        people=dict(zip(_LABELS, in_people.values(), strict=True)),
        shares=(
            Share(Rule.AREA_WIDE, Unit.SERVICES, services.wide, services.owed, services.wide_unknown),
            Share(Rule.AT_LEAST_ONE, Unit.SERVICES, services.one, services.owed, services.one_unknown),
            _of(Rule.SHARE_OF_BODIES, Unit.CELLS, in_cells, _COVERED),
            _of(Rule.SHARE_OF_POPULATION, Unit.PEOPLE, in_people, _COVERED),
            _of(Rule.OWN, Unit.CELLS, in_cells, (CellState.OWN,)),
            _of(Rule.INHERITED, Unit.CELLS, in_cells, (CellState.INHERITED,)),
            _of(Rule.DESCRIBED, Unit.CELLS, in_cells, _DESCRIBED),
            _online(Rule.ONLINE, Unit.CELLS, by_cell),
            _of(Rule.DESCRIBED_POPULATION, Unit.PEOPLE, in_people, _DESCRIBED),
            _online(Rule.ONLINE_POPULATION, Unit.PEOPLE, by_person),
        ),
        ladder=tuple(
            RungCount(*counted)
            for counted in zip(_RUNG_LABELS, _known(by_cell), _known(by_person), strict=True)
        ),
    )


def _of(rule: Rule, unit: Unit, numbers: Mapping[CellState, int], states: tuple[CellState, ...]) -> Share:
    numerator = sum(numbers[state] for state in states)
    return Share(rule, unit, numerator, sum(numbers.values()), numbers[CellState.UNKNOWN])


def _online(rule: Rule, unit: Unit, numbers: Numbers) -> Share:
    owed = numbers[CellState.OWN :]
    known = numbers[CellState.OWN : CellState.UNKNOWN]
    return Share(
        rule,
        unit,
        int(known[:, Evidence.ONLINE_FORM :].sum()),
        int(owed.sum()),
        int(numbers[CellState.UNKNOWN].sum()),
    )


def _known(numbers: Numbers) -> list[int]:
    """Return the numbers by rung, without unknown cells."""
    found: list[int] = numbers[CellState.OWN : CellState.UNKNOWN].sum(axis=0).tolist()
    return found
