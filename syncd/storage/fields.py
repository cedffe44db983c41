"""Since when something is said: traces of records and versions of entries.

This module must not know how fields are merged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from syncd.pipeline.field_ports import RecordTrace
from syncd.pipeline.ports import EntryRow
from syncd.storage.bulk import batches
from syncd.storage.tables import entry, record

if TYPE_CHECKING:
    from syncd.storage.database import Database

_BATCH = 500
_TRACE = ("first_seen_at", "changed_at", "first_run_id", "last_run_id", "withdrawn_at")
_ENTRY = (
    "service_key",
    "area_code",
    "digest",
    "payload",
    "evidence",
    "from_release",
    "to_release",
    "attention",
)


class FieldPart:
    """The part of the store that tells since when something is said."""

    _database: Database

    def record_traces(self, records: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], RecordTrace]:
        """Return the traces of records by (source id, native id), also of withdrawn ones that are kept."""
        wanted: defaultdict[str, set[str]] = defaultdict(set)
        for source_id, native_id in records:
            wanted[source_id].add(native_id)
        columns = [record.c.native_id, *(record.c[name] for name in _TRACE)]
        found: dict[tuple[str, str], RecordTrace] = {}
        with self._database.read("reading traces of records") as connection:
            for source_id, native_ids in sorted(wanted.items()):
                for batch in batches(sorted(native_ids), _BATCH):
                    statement = select(*columns).where(
                        record.c.source_id == source_id, record.c.native_id.in_(batch)
                    )
                    for row in connection.execute(statement):
                        found[source_id, row.native_id] = RecordTrace(**{n: getattr(row, n) for n in _TRACE})
        return found

    def entry_versions(self, service_key: str, area_code: str, *, up_to: int) -> Iterator[EntryRow]:
        """Yield the versions of an entry that are kept, newest first, from a release backwards."""
        versions = select(*(entry.c[name] for name in _ENTRY)).where(
            entry.c.service_key == service_key,
            entry.c.area_code == area_code,
            entry.c.from_release <= up_to,
        )
        # Two questions, each with an index of its own: the one that holds is the newest.
        for ended in (entry.c.to_release.is_(None), entry.c.to_release.is_not(None)):
            statement = versions.where(ended).order_by(entry.c.from_release.desc())
            for row in self._database.stream("reading versions of an entry", statement):
                yield EntryRow(**{name: getattr(row, name) for name in _ENTRY})
