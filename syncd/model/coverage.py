"""Coverage: obligations, states of a cell, causes of a gap.

A cell is (service, area). Expectation, own offer and inherited offer are separate facts; the state is
derived from them, so that a gap can never hide an inherited offer (``docs/life-of-a-record.md``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from syncd.model.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


class CellState(IntEnum):
    """State of a cell, never conflated; the number is what the packed coverage rows hold."""

    NOT_OWED = 0
    OWN = 1
    INHERITED = 2
    OFFLINE = 3
    DEAD = 4
    MISSING = 5
    UNKNOWN = 6

    @property
    def label(self) -> str:
        """Lower-case name as used in API and reports."""
        return self.name.lower()

    @property
    def is_covered(self) -> bool:
        """True when the obligation is met."""
        return self in {CellState.OWN, CellState.INHERITED}

    @property
    def is_gap(self) -> bool:
        """True when something is known to be missing; ``unknown`` is never folded into missing."""
        return self in {CellState.OFFLINE, CellState.DEAD, CellState.MISSING}


class GapCause(IntEnum):
    """Why a cell falls short; the number is what the packed coverage rows hold."""

    NONE = 0
    NOT_DESCRIBED = 1
    DESCRIBED_NOT_ONLINE = 2
    SOLUTION_NOT_CONNECTED = 3
    MEDIA_BREAK = 4
    DEAD_LINK = 5
    NO_AUTHORITY = 6
    CONFLICT = 7
    WRONG_KEY = 8
    STALE = 9
    NO_SOURCE = 10
    """Nobody entitled has spoken; the cause of ``unknown`` where no source covers the cell."""

    @property
    def label(self) -> str:
        """Lower-case name as used in API and reports."""
        return self.name.lower()


class Tier(StrEnum):
    """The tier that executes a service and therefore owes it."""

    BUND = "bund"
    LAND = "land"
    KREIS = "kreis"
    GEMEINDE = "gemeinde"


@dataclass(frozen=True, slots=True)
class Duty:
    """One group of an obligation: which kinds of area owe which services, at which rung, executed by whom.

    ``line`` is the tier on which cells are counted: ``gemeinde`` (each municipality's inhabitants must reach
    the service) or ``kreis`` (each Landkreis and kreisfreie Stadt). ``services`` are exact keys;
    ``typing`` selects keys from the service register by type instead. ``areas`` limits the duty to areas
    below these codes; empty means everywhere.
    """

    name: str
    line: Tier
    owed_by: Tier
    minimum: Evidence
    from_on: date
    legal_ground: str
    services: frozenset[str] = frozenset()
    typing: frozenset[str] = frozenset()
    areas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Obligation:
    """A named set of duties from one file in ``config/obligations``."""

    obligation_id: str
    title: str
    duties: tuple[Duty, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cohort:
    """A named group of areas that are looked at together, such as the six pilots."""

    cohort_id: str
    title: str
    areas: tuple[str, ...]
    titles: Mapping[str, str] = field(default_factory=dict)
