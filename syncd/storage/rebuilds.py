"""What a rebuild reads: dirty partitions, their records, and the coverage they have now.

Everything streams in the order of the service keys, so that memory stays flat however large the catalogue
grows. This module must not know what is computed from it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, union

from syncd.errors import InvariantViolated
from syncd.pipeline.link_ports import LINKED, REMOVED
from syncd.pipeline.ports import CoverageRow, StoredRecord
from syncd.storage.bulk import batches
from syncd.storage.link_tables import link_key
from syncd.storage.partition_reads import partitions_of
from syncd.storage.tables import coverage, dirty, partition, record, record_key

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Row

    from syncd.storage.database import Database

KEYS_PER_READ = 200
NO_PARENTS: Mapping[str, Sequence[str]] = {}


class RebuildPart:
    """The part of the store that feeds a rebuild."""

    _database: Database

    def dirty_keys(self, today: date) -> tuple[int, tuple[str, ...]]:
        """Return the highest dirty mark and the service keys to rebuild, sorted, including date changes."""
        marked = select(dirty.c.service_key)
        aged = select(partition.c.service_key).where(
            partition.c.to_release.is_(None), partition.c.next_change_on <= today
        )
        with self._database.read("reading dirty marks") as connection:
            mark = connection.execute(select(func.coalesce(func.max(dirty.c.mark), 0))).scalar_one()
            keys = connection.execute(union(marked, aged)).scalars()
            return mark, tuple(sorted(keys))

    def all_service_keys(self) -> Iterator[str]:
        """Yield every service key with live records or a current partition, sorted."""
        tombstones = select(record.c.id).where(record.c.withdrawn_at.is_not(None))
        gone = select(link_key.c.record_id).where(
            link_key.c.service_key == record_key.c.service_key,
            link_key.c.record_id == record_key.c.record_id,
            link_key.c.kind == REMOVED,
        )
        spoken = select(record_key.c.service_key).where(
            record_key.c.record_id.not_in(tombstones), ~gone.exists()
        )
        linked = select(link_key.c.service_key).where(
            link_key.c.kind == LINKED, link_key.c.record_id.not_in(tombstones)
        )
        published = select(partition.c.service_key).where(partition.c.to_release.is_(None))
        both = union(spoken, linked, published).subquery()
        statement = select(both.c.service_key).order_by(both.c.service_key)
        for row in self._database.stream("reading service keys", statement):
            yield row.service_key

    def partition_records(
        self, service_keys: Sequence[str], parents: Mapping[str, Sequence[str]] = NO_PARENTS
    ) -> Iterator[tuple[str, tuple[StoredRecord, ...]]]:
        """Yield (service key, live records) in the order of the given sorted keys; empty tuples included.

        A partition has the records that state its key, without those a judgement removed, those that are
        linked to it, and, coarsely, those of the ``parents`` named for it. Records come sorted by source and
        native id. All partitions are read from one consistent state. Raises StorageError ``storage_corrupt``
        at a record that does not match its hash.
        """
        if any(left >= right for left, right in pairwise(service_keys)):
            raise InvariantViolated("service keys of a rebuild must be sorted and unique")
        return self._partition_records(service_keys, parents)

    def _partition_records(
        self, service_keys: Sequence[str], parents: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[str, tuple[StoredRecord, ...]]]:
        with self._database.read("reading partitions") as connection:
            for keys in batches(service_keys, KEYS_PER_READ):
                yield from partitions_of(self._database, connection, keys, parents)

    def current_coverage(self, service_keys: Sequence[str]) -> Iterator[CoverageRow]:
        """Yield the current coverage rows of these keys, in their order."""
        with self._database.read("reading current coverage") as connection:
            for keys in batches(service_keys, KEYS_PER_READ):
                rows: defaultdict[str, list[CoverageRow]] = defaultdict(list)
                statement = (
                    select(coverage)
                    .where(coverage.c.service_key.in_(keys), coverage.c.to_release.is_(None))
                    .order_by(coverage.c.obligation_id, coverage.c.line)
                )
                for row in connection.execute(statement):
                    rows[row.service_key].append(coverage_row(row))
                for key in keys:
                    yield from rows[key]


def coverage_row(row: Row[Any]) -> CoverageRow:
    """Return a coverage row as the port gives it."""
    return CoverageRow(
        obligation_id=row.obligation_id,
        line=row.line,
        service_key=row.service_key,
        digest=row.digest,
        cells=row.cells,
        since=row.since,
        counts=row.counts,
        from_release=row.from_release,
        to_release=row.to_release,
    )
