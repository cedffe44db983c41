"""The records of partitions: stated, linked and coarse ones, one partition at a time in memory.

Links are few beside statements, so they are looked up per batch of keys and the payloads of linked records
per partition; a catalogue without links is read in one stream, as if there were none. This module must not
know how links are made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from sqlalchemy import select

from syncd.model.linkage import LinkMethod
from syncd.pipeline.link_ports import LINKED, REMOVED
from syncd.pipeline.ports import StoredRecord
from syncd.storage.bulk import batches
from syncd.storage.link_tables import link_key
from syncd.storage.soundness import require_whole
from syncd.storage.tables import record, record_key

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from syncd.storage.database import Database

# A record may hold a whole country's authorities: some megabytes.
_RECORDS_PER_READ = 32
_KEYS_PER_QUESTION = 500
_COARSE = LinkMethod.HIERARCHY.value


@dataclass(slots=True)
class _Links:
    """What links say of a batch of keys: by key, the records removed, and those added with their method."""

    removed: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    added: defaultdict[str, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))

    @classmethod
    def read(cls, connection: Connection, keys: Sequence[str]) -> _Links:
        links = cls()
        for batch in batches(keys, _KEYS_PER_QUESTION):
            statement = select(link_key).where(link_key.c.service_key.in_(batch))
            for row in connection.execute(statement):
                if row.kind == LINKED:
                    links.added[row.service_key][row.record_id] = row.method
                elif row.kind == REMOVED:
                    links.removed[row.service_key].add(row.record_id)
        return links


def partitions_of(
    database: Database, connection: Connection, keys: Sequence[str], parents: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, tuple[StoredRecord, ...]]]:
    """Yield (service key, live records) for sorted keys; see :meth:`RebuildPart.partition_records`."""
    above = sorted({parent for key in keys for parent in parents.get(key, ())})
    links = _Links.read(connection, sorted({*keys, *above}))
    spoken = _spoken(connection, above, links)
    statements = groupby(_stated(database, connection, keys), key=lambda row: row[0])
    current = next(statements, None)
    for key in keys:
        members: dict[int, StoredRecord] = {}
        if current is not None and current[0] == key:
            removed = links.removed.get(key, set())
            members = {number: stored for _, number, stored in current[1] if number not in removed}
            current = next(statements, None)
        if key in links.added:
            members.update(_by_id(connection, links.added[key]))
        for parent in parents.get(key, ()):
            if parent in spoken:
                speaking = _speaking(connection, parent, links) - links.removed.get(key, set())
                members.update(_by_id(connection, dict.fromkeys(speaking - members.keys(), _COARSE)))
        yield key, _in_order(members)


def _stated(
    database: Database, connection: Connection, keys: Sequence[str]
) -> Iterator[tuple[str, int, StoredRecord]]:
    statement = (
        select(
            record_key.c.service_key,
            record.c.id,
            record.c.source_id,
            record.c.native_id,
            record.c.content_hash,
            record.c.payload,
        )
        .join(record, record.c.id == record_key.c.record_id)
        .where(record_key.c.service_key.in_(keys), record.c.withdrawn_at.is_(None))
        .order_by(record_key.c.service_key)
    )
    for row in database.stream_on(connection, statement, rows=_RECORDS_PER_READ):
        require_whole(row.source_id, row.native_id, row.content_hash, row.payload)
        yield row.service_key, row.id, StoredRecord(row.source_id, row.native_id, row.payload)


def _spoken(connection: Connection, keys: Sequence[str], links: _Links) -> set[str]:
    """Return those of the keys that any record counts for."""
    spoken = {key for key in keys if links.added.get(key)}
    for batch in batches(keys, _KEYS_PER_QUESTION):
        statement = select(record_key.c.service_key).where(record_key.c.service_key.in_(batch)).distinct()
        spoken.update(connection.execute(statement).scalars())
    return spoken


def _speaking(connection: Connection, key: str, links: _Links) -> set[int]:
    """Return the live records that count for a key."""
    statement = (
        select(record.c.id)
        .join(record_key, record_key.c.record_id == record.c.id)
        .where(record_key.c.service_key == key, record.c.withdrawn_at.is_(None))
    )
    stated = set(connection.execute(statement).scalars()) - links.removed.get(key, set())
    return stated | set(links.added.get(key, ()))


def _by_id(connection: Connection, methods: Mapping[int, str]) -> Iterator[tuple[int, StoredRecord]]:
    """Yield (id, record) of live records, linked by the method given for each."""
    columns = select(
        record.c.id, record.c.source_id, record.c.native_id, record.c.content_hash, record.c.payload
    ).where(record.c.withdrawn_at.is_(None))
    for batch in batches(sorted(methods), _RECORDS_PER_READ):
        for row in connection.execute(columns.where(record.c.id.in_(batch))):
            require_whole(row.source_id, row.native_id, row.content_hash, row.payload)
            stored = StoredRecord(row.source_id, row.native_id, row.payload, methods[row.id])
            yield row.id, stored


def _in_order(members: Mapping[int, StoredRecord]) -> tuple[StoredRecord, ...]:
    # Sorting here spares the database a sort that would carry every payload along.
    return tuple(sorted(members.values(), key=lambda stored: (stored.source_id, stored.native_id)))
