"""The part of the store's port that tells since when something is said; plain calls, no technology."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from syncd.pipeline.ports import EntryRow


@dataclass(frozen=True, slots=True)
class RecordTrace:
    """Since when a record is known, when it last changed, and in which runs.

    ``withdrawn_at`` None: the source still says it, as of its last good run.
    """

    first_seen_at: datetime
    changed_at: datetime
    first_run_id: int
    last_run_id: int
    withdrawn_at: datetime | None = None


class FieldStore(Protocol):
    """What explaining a field asks of a database."""

    def record_traces(self, records: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], RecordTrace]:
        """Return the traces of records by (source id, native id), also of withdrawn ones that are kept."""

    def entry_versions(self, service_key: str, area_code: str, *, up_to: int) -> Iterator[EntryRow]:
        """Yield the versions of an entry that are kept, newest first, from a release backwards."""
