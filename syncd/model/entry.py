"""Entries and releases: the merged catalogue and its immutable published states."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag
from typing import TYPE_CHECKING, Any

from syncd.model.linkage import LinkMethod

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from syncd.model.area import AreaKey
    from syncd.model.evidence import Evidence, GradedChannel
    from syncd.model.service import ServiceKey


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a value comes from: which source said it in which of its records.

    ``linked_by`` is the :class:`~syncd.model.linkage.LinkMethod` by which the record counts for the service,
    empty where it states the key itself; told of an entry's origins only.
    """

    source_id: str
    native_id: str
    linked_by: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """One value for one field with its provenance and its place in the precedence (0 wins)."""

    value: str
    origin: Provenance
    rank: int


PINNED = "judgement:pin"
"""Source id of a pinned statement; its record is the uid of the judgement. No source may be called that."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """What an operator decided about a field, as it took effect in an entry.

    ``judgement`` is the uid in the log, ``answer`` ``pin``, ``choose`` or ``both``, ``value`` the
    chosen text.
    ``returned``: what sources say has changed since, so that somebody should look again; it still holds as
    far as it can. ``until`` is the last day on which it holds.
    """

    judgement: str
    answer: str
    value: str = ""
    returned: bool = False
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Sources state different things where only one can be right; all sides are kept, in order of precedence.

    ``field`` is ``authority``, or one of :mod:`syncd.rules.contradictions`. ``ruled`` is what was decided.
    """

    field: str
    statements: tuple[Statement, ...]
    ruled: Ruled | None = None

    @property
    def is_open(self) -> bool:
        """True while somebody should look at it: never decided, or changed since."""
        return self.ruled is None or self.ruled.returned


class Attention(IntFlag):
    """What about an entry somebody may want to look at; stored beside it so that lists need no scan.

    ``OPEN``: a conflict nobody decided; ``RETURNED``: one that changed after its decision; ``DECIDED``: one
    that is settled. ``PINNED``: a pin is in force; ``PIN_RETURNED``: its source's value changed since.
    """

    OPEN = 1
    RETURNED = 2
    DECIDED = 4
    PINNED = 8
    PIN_RETURNED = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One merged catalogue entry: a service offered in an area.

    ``fields`` maps a field name to all statements, winner first. ``channels`` are graded, best first.
    ``provider`` is the body's area when the offer is inherited from a higher level.
    ``origins`` lists every record that took part. ``conflicts`` are those somebody should look at,
    ``settled`` those that were decided, ``pins`` what was decided about single fields, by field.
    """

    service_key: ServiceKey
    area: AreaKey
    fields: Mapping[str, tuple[Statement, ...]]
    channels: tuple[tuple[GradedChannel, Provenance], ...]
    evidence: Evidence
    provider: AreaKey | None
    conflicts: tuple[Conflict, ...]
    origins: tuple[Provenance, ...]
    link_dead: bool = False
    """True when the best digital channel is known to be dead and no other reaches its rung."""
    settled: tuple[Conflict, ...] = ()
    pins: tuple[tuple[str, Ruled], ...] = ()

    @property
    def attention(self) -> Attention:
        """What about it somebody may want to look at."""
        found = Attention(0)
        for conflict in self.conflicts:
            found |= Attention.OPEN if conflict.ruled is None else Attention.RETURNED
        if self.settled:
            found |= Attention.DECIDED
        for _, ruled in self.pins:
            found |= Attention.PINNED | (Attention.PIN_RETURNED if ruled.returned else Attention(0))
        return found

    def value(self, field: str) -> str | None:
        """Return the winning value of a field, or None."""
        statements = self.fields.get(field)
        return statements[0].value if statements else None

    @property
    def is_coarse(self) -> bool:
        """True when only records of a ``000`` parent key speak here."""
        return bool(self.origins) and all(o.linked_by == LinkMethod.HIERARCHY for o in self.origins)


@dataclass(frozen=True, slots=True)
class Release:
    """One immutable published state. ``digest`` depends on content only, never on clocks or run ids."""

    number: int
    digest: str
    published_at: datetime
    inputs: Mapping[str, Any]
    counts: Mapping[str, int]
