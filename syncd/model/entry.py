"""Entries and releases: the merged catalogue and its immutable published states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from syncd.model.area import AreaKey
    from syncd.model.evidence import Evidence, GradedChannel
    from syncd.model.service import ServiceKey


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a value comes from: which source said it in which of its records."""

    source_id: str
    native_id: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One value for one field with its provenance and its place in the precedence (0 wins)."""

    value: str
    origin: Provenance
    rank: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two sources state different things where only one can be right; both sides are kept."""

    field: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One merged catalogue entry: a service offered in an area.

    ``fields`` maps a field name to all statements, winner first. ``channels`` are graded, best first.
    ``provider`` is the body's area when the offer is inherited from a higher level.
    ``origins`` lists every record that took part.
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

    def value(self, field: str) -> str | None:
        """Return the winning value of a field, or None."""
        statements = self.fields.get(field)
        return statements[0].value if statements else None


@dataclass(frozen=True, slots=True)
class Release:
    """One immutable published state. ``digest`` depends on content only, never on clocks or run ids."""

    number: int
    digest: str
    published_at: datetime
    inputs: Mapping[str, Any]
    counts: Mapping[str, int]
