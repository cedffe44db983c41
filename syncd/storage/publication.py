"""T2: publish release n+1 in one transaction, or find that nothing changed.

Only differences are written. A row that did not change keeps its ``from_release``, so the history says truly
since when something holds. This module must not know how partitions were computed.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, bindparam, delete, func, insert, select, update

from syncd.errors import InvariantViolated
from syncd.model.entry import Release
from syncd.storage.bulk import batches, insert_rows
from syncd.storage.tables import coverage, current_release, dirty, entry, partition, release, totals

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from syncd.pipeline.ports import CoverageRow, EntryRow, PartitionResult, ReleaseDraft, TotalsRow
    from syncd.storage.database import Database

PARTITIONS_PER_BATCH = 200
ENTRIES_PER_BATCH = 2_000
_ENTRY_COLUMNS = (
    "service_key",
    "area_code",
    "from_release",
    "evidence",
    "attention",
    "digest",
    "payload",
)


class PublicationPart:
    """The part of the store that publishes."""

    _database: Database

    def publish(self, draft: ReleaseDraft) -> Release | None:
        """T2: publish release n+1 and flip the pointer in one transaction.

        Returns None, and only clears the dirty marks, when neither a partition nor the inputs changed.
        """
        with self._database.write("publishing a release") as connection:
            before = connection.execute(
                select(release).join(current_release, current_release.c.number == release.c.number)
            ).first()
            publication = _Publication(connection, number=before.number + 1 if before else 1)
            for results in _in_batches(draft.results):
                publication.take(results)
            publication.remove(draft.removed)
            connection.execute(delete(dirty).where(dirty.c.mark <= draft.dirty_up_to))
            same_inputs = before is not None and before.inputs_digest == draft.inputs_digest
            if same_inputs and not publication.changed_partitions:
                return None
            publication.take_totals(draft.totals)
            return _publish(connection, draft, publication)


def release_digest(partitions: Iterable[tuple[str, bytes]]) -> str:
    """Return the digest of a release over its (service key, partition digest) pairs, sorted by key.

    SHA-256 over ``key NUL hex-digest LF`` of each pair: content only, no clocks and no run ids.
    """
    digest = hashlib.sha256()
    for service_key, partition_digest in partitions:
        digest.update(f"{service_key}\0{partition_digest.hex()}\n".encode())
    return digest.hexdigest()


def folded(text: str) -> str:
    """Return text as names are searched: composed, without regard to case (ß counts as ss)."""
    return unicodedata.normalize("NFC", text).casefold()


def _publish(connection: Connection, draft: ReleaseDraft, publication: _Publication) -> Release:
    current = select(partition.c.service_key, partition.c.digest).where(partition.c.to_release.is_(None))
    ordered = current.order_by(partition.c.service_key).execution_options(yield_per=1_000)
    with connection.execute(ordered) as rows:
        digest = release_digest((row.service_key, row.digest) for row in rows)
    published = Release(
        number=publication.number,
        digest=digest,
        published_at=draft.published_at,
        inputs=dict(draft.inputs),
        counts={
            "partitions": _current_rows(connection, partition),
            "entries": _current_rows(connection, entry),
            "added": publication.added,
            "changed": publication.changed,
            "removed": publication.removed,
        },
    )
    connection.execute(
        insert(release).values(
            number=published.number,
            digest=digest,
            published_at=published.published_at,
            inputs=published.inputs,
            inputs_digest=draft.inputs_digest,
            counts=published.counts,
        )
    )
    if publication.number == 1:
        connection.execute(insert(current_release).values(id=1, number=1))
    else:
        connection.execute(update(current_release).values(number=publication.number))
    return published


def _in_batches(results: Iterable[PartitionResult]) -> Iterator[list[PartitionResult]]:
    """Yield lists that are bounded by partitions and by entries; a partition is never cut."""
    batch: list[PartitionResult] = []
    entries = 0
    for result in results:
        batch.append(result)
        entries += len(result.entries)
        if len(batch) >= PARTITIONS_PER_BATCH or entries >= ENTRIES_PER_BATCH:
            yield batch
            batch, entries = [], 0
    if batch:
        yield batch


def _current_rows(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).where(table.c.to_release.is_(None))).scalar_one()


class _Publication:
    """The differences of one release, written as they come."""

    def __init__(self, connection: Connection, *, number: int) -> None:
        self.number = number
        self.added = 0
        self.changed = 0
        self.removed = 0
        self.changed_partitions = 0
        self._connection = connection

    def take(self, results: Sequence[PartitionResult]) -> None:
        """Write what differs in these partitions."""
        by_key = {result.service_key: result for result in results}
        if len(by_key) < len(results):
            raise InvariantViolated("a rebuild yielded the same partition twice")
        current = {row.service_key: row for row in self._current(partition, list(by_key))}
        differing: list[PartitionResult] = []
        dated: list[dict[str, Any]] = []
        for key, result in by_key.items():
            row = current.get(key)
            if row is not None and row.from_release == self.number:
                raise InvariantViolated("a rebuild yielded the same partition twice", where=key)
            if row is None or row.digest != result.digest:
                differing.append(result)
            elif row.next_change_on != result.next_change_on:
                dated.append({"at_id": row.id, "next_on": result.next_change_on})
        if dated:
            # Only tells when to look again; it is no part of what was published.
            self._connection.execute(
                update(partition)
                .where(partition.c.id == bindparam("at_id"))
                .values(next_change_on=bindparam("next_on")),
                dated,
            )
        if differing:
            keys = [result.service_key for result in differing]
            self._close(partition, [current[key].id for key in keys if key in current])
            self._insert_partitions(differing)
            self._take_entries(keys, differing)
            self._take_coverage(keys, differing)
            self.changed_partitions += len(differing)

    def remove(self, service_keys: Sequence[str]) -> None:
        """End partitions that no longer exist, with all they hold."""
        for keys in batches(service_keys, PARTITIONS_PER_BATCH):
            gone = [row.id for row in self._current(partition, keys)]
            self._close(partition, gone)
            self._take_entries(keys, ())
            self._take_coverage(keys, ())
            self.changed_partitions += len(gone)

    def take_totals(self, rows: Sequence[TotalsRow]) -> None:
        """Write the totals that differ and end those of obligations that are gone."""
        statement = select(totals.c.id, totals.c.obligation_id, totals.c.line, totals.c.digest).where(
            totals.c.to_release.is_(None)
        )
        current = {(row.obligation_id, row.line): row for row in self._connection.execute(statement)}
        new = {(row.obligation_id, row.line): (row, hashlib.sha256(row.matrix).digest()) for row in rows}
        self._close(
            totals, [row.id for key, row in current.items() if key not in new or new[key][1] != row.digest]
        )
        fresh = [
            {
                "obligation_id": row.obligation_id,
                "line": row.line,
                "from_release": self.number,
                "digest": digest,
                "matrix": row.matrix,
            }
            for key, (row, digest) in new.items()
            if key not in current or current[key].digest != digest
        ]
        if fresh:
            self._connection.execute(insert(totals), fresh)

    def _current(self, table: Table, service_keys: Sequence[str], *more: str) -> Sequence[Row[Any]]:
        columns = ["id", "service_key", "digest", "from_release", *more]
        if table is partition:
            columns.append("next_change_on")
        statement = select(*(table.c[name] for name in columns)).where(
            table.c.service_key.in_(service_keys), table.c.to_release.is_(None)
        )
        return self._connection.execute(statement).all()

    def _close(self, table: Table, ids: Iterable[int]) -> None:
        for batch in batches(ids):
            self._connection.execute(
                update(table).where(table.c.id.in_(batch)).values(to_release=self.number)
            )

    def _insert_partitions(self, results: Sequence[PartitionResult]) -> None:
        self._connection.execute(
            insert(partition),
            [
                {
                    "service_key": result.service_key,
                    "from_release": self.number,
                    "digest": result.digest,
                    "next_change_on": result.next_change_on,
                    "name_folded": folded(f"{result.service_key} {_text_field(result.service, 'name')}"),
                    "service": result.service,
                }
                for result in results
            ],
        )

    def _take_entries(self, service_keys: Sequence[str], results: Sequence[PartitionResult]) -> None:
        current = {
            (row.service_key, row.area_code): row for row in self._current(entry, service_keys, "area_code")
        }
        new = _by_cell(results)
        ended = [cell for cell, row in current.items() if cell not in new or new[cell].digest != row.digest]
        fresh = [
            row for cell, row in new.items() if cell not in current or current[cell].digest != row.digest
        ]
        self._close(entry, [current[cell].id for cell in ended])
        rows = [
            (
                row.service_key,
                row.area_code,
                self.number,
                row.evidence,
                row.attention,
                row.digest,
                row.payload,
            )
            for row in fresh
        ]
        insert_rows(self._connection, entry, _ENTRY_COLUMNS, rows)
        changed = sum(1 for cell in ended if cell in new)
        self.changed += changed
        self.removed += len(ended) - changed
        self.added += len(fresh) - changed

    def _take_coverage(self, service_keys: Sequence[str], results: Sequence[PartitionResult]) -> None:
        current = {
            (row.obligation_id, row.line, row.service_key): row
            for row in self._current(coverage, service_keys, "obligation_id", "line", "counts")
        }
        new = {
            (row.obligation_id, row.line, row.service_key): row
            for result in results
            for row in result.coverage
        }
        fresh = [row for cell, row in new.items() if not _same_coverage(current.get(cell), row)]
        kept = new.keys() - {(row.obligation_id, row.line, row.service_key) for row in fresh}
        self._close(coverage, [row.id for cell, row in current.items() if cell not in kept])
        if fresh:
            self._connection.execute(
                insert(coverage),
                [
                    {
                        "obligation_id": row.obligation_id,
                        "line": row.line,
                        "service_key": row.service_key,
                        "from_release": self.number,
                        "digest": row.digest,
                        "counts": _plain_counts(row.counts),
                        "cells": row.cells,
                        "since": row.since,
                    }
                    for row in fresh
                ],
            )


def _by_cell(results: Sequence[PartitionResult]) -> dict[tuple[str, str], EntryRow]:
    cells: dict[tuple[str, str], EntryRow] = {}
    for result in results:
        for row in result.entries:
            if row.service_key != result.service_key or (row.service_key, row.area_code) in cells:
                raise InvariantViolated(
                    f"a partition holds an entry of another service, or two for area {row.area_code}",
                    where=result.service_key,
                )
            cells[row.service_key, row.area_code] = row
    return cells


def _same_coverage(row: Row[Any] | None, new: CoverageRow) -> bool:
    """Tell whether a stored row may stay; the counts also change with the number of inhabitants."""
    return row is not None and row.digest == new.digest and row.counts == _plain_counts(new.counts)


def _plain_counts(counts: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    return {label: list(pair) for label, pair in counts.items()}


def _text_field(payload: bytes, name: str) -> str:
    """Return a text field of a canonical JSON payload, or an empty text."""
    try:
        value = json.loads(payload).get(name)
    except (ValueError, AttributeError):
        return ""
    return value if isinstance(value, str) else ""


def title_of(payload: bytes) -> str:
    """Return the title of an entry for the change list."""
    return _text_field(payload, "title")
