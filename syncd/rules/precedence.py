"""Who is believed first when sources differ: freshness, then rank, then names.

The order is total, so that neither the order of runs nor that of records matters:

1. A source whose last good answer still counts goes before one that is stale, whatever their ranks.
2. The lower rank goes first. Of a field it is, the first that is configured: the source's own rank for that
   field, its own rank, the rank of its kind for that field, the rank of its kind.
3. Equal ranks: the source id, then the record's id, then the text.

Must not know where ranks are configured (:mod:`syncd.settings`), nor what is merged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_RANK = 100
"""Of a source that is not configured."""

Order = tuple[bool, int]


class SourceKind(StrEnum):
    """What a source is to a service; the closer its editors are to the body that provides it, the lower."""

    MUNICIPAL_PORTAL = "municipal_portal"
    STATE_EDITORIAL_SYSTEM = "state_editorial_system"
    FEDERAL_REGISTER = "federal_register"
    FEDERAL_PORTAL = "federal_portal"
    YARDSTICK = "yardstick"
    LINK_LIST = "link_list"
    OTHER = "other"


KIND_RANKS: Mapping[SourceKind, int] = {
    SourceKind.MUNICIPAL_PORTAL: 20,
    SourceKind.STATE_EDITORIAL_SYSTEM: 30,
    SourceKind.FEDERAL_REGISTER: 40,
    SourceKind.FEDERAL_PORTAL: 50,
    SourceKind.YARDSTICK: 60,
    SourceKind.LINK_LIST: 80,
    SourceKind.OTHER: DEFAULT_RANK,
}
"""Ranks of the kinds where ``[precedence]`` says nothing else."""


@dataclass(frozen=True, slots=True)
class Precedence:
    """Rank of each source, lower wins; ``fields`` overrides the rank for single fields.

    ``fresh`` are the sources whose last good answer still counts; None when that is not looked at.
    """

    sources: Mapping[str, int] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    fresh: frozenset[str] | None = None

    def rank(self, source_id: str, field_name: str) -> int:
        """Return the rank of a source for a field."""
        return self.fields.get(field_name, {}).get(source_id, self.sources.get(source_id, DEFAULT_RANK))

    def is_stale(self, source_id: str) -> bool:
        """Tell whether a source ranks behind all that are fresh."""
        return self.fresh is not None and source_id not in self.fresh

    def order(self, source_id: str, field_name: str) -> Order:
        """Return what sources are sorted by for a field, first wins; ties go to source and record ids."""
        return (self.is_stale(source_id), self.rank(source_id, field_name))
