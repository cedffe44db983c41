"""``[precedence]`` of ``syncd.toml``: who is believed first, by kind of source.

The rule itself stands in :mod:`syncd.rules.precedence`; here are only the ranks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator

from syncd.rules.merge import FIELDS
from syncd.rules.precedence import DEFAULT_RANK, KIND_RANKS, SourceKind
from syncd.settings.base import Table

if TYPE_CHECKING:
    from syncd.settings.source_file import SourceFile

PROVIDER = "provider"
RANKED_FIELDS = (*FIELDS, PROVIDER)
Rank = Annotated[int, Field(ge=0, le=10_000)]


def _rank(kind: SourceKind, what: str) -> int:
    rank: int = Field(KIND_RANKS[kind], ge=0, le=10_000, description=what)
    return rank


class PrecedenceTable(Table):
    """``[precedence]``: rank of each kind of source, lower wins; a source that is stale ranks behind."""

    municipal_portal: int = _rank(SourceKind.MUNICIPAL_PORTAL, "Portal of a town, municipality or Kreis.")
    state_editorial_system: int = _rank(
        SourceKind.STATE_EDITORIAL_SYSTEM, "Where a Land and its municipalities maintain their services."
    )
    federal_register: int = _rank(SourceKind.FEDERAL_REGISTER, "Register of the services themselves (FIM).")
    federal_portal: int = _rank(SourceKind.FEDERAL_PORTAL, "What the Länder deliver to the Bund (PVOG).")
    yardstick: int = _rank(SourceKind.YARDSTICK, "What the official counters count.")
    link_list: int = _rank(SourceKind.LINK_LIST, "List of links kept by hand.")
    other: int = _rank(SourceKind.OTHER, "A source whose file names no kind.")
    fields: dict[str, dict[SourceKind, Rank]] = Field(
        default_factory=dict, description="Field → kind → rank, where it differs for single fields."
    )

    @field_validator("fields", mode="before")
    @classmethod
    def _known(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        kinds = {kind.value: kind for kind in SourceKind}
        for field, ranks in value.items():
            if field not in RANKED_FIELDS:
                raise ValueError(f"{field!r} is no field; known: {', '.join(RANKED_FIELDS)}")
            for kind in ranks if isinstance(ranks, Mapping) else ():
                if kind not in kinds:
                    raise ValueError(f"{field}.{kind}: no kind of source; known: {', '.join(kinds)}")
        return {
            field: {kinds[kind]: rank for kind, rank in ranks.items()}
            if isinstance(ranks, Mapping)
            else ranks
            for field, ranks in value.items()
        }

    def rank_of(self, source: SourceFile) -> int:
        """Return the rank of a source: its own, else that of its kind."""
        if source.precedence is not None:
            return source.precedence
        rank: int = getattr(self, source.kind.value if source.kind else SourceKind.OTHER.value, DEFAULT_RANK)
        return rank

    def field_ranks_of(self, source: SourceFile) -> dict[str, int]:
        """Return the ranks of a source for single fields: its own, else those of its kind.

        A source with a rank of its own takes none from its kind.
        """
        if source.precedence is not None:
            return dict(source.field_precedence)
        kind = source.kind or SourceKind.OTHER
        of_kind = {field: ranks[kind] for field, ranks in self.fields.items() if kind in ranks}
        return of_kind | source.field_precedence
