"""T1: one source's bucket, from the preview of a snapshot to its storing in one transaction.

This module must not know what a payload means, nor when a snapshot may replace the last one: that is the
acceptance rule's verdict.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from syncd.errors import InvariantViolated
from syncd.pipeline.ports import SnapshotDelta
from syncd.storage.bucket_writer import BucketWriter, live_count, stored_records
from syncd.storage.bulk import BATCH, batches
from syncd.storage.fates import Fate, Seen, Tally, fate_of
from syncd.storage.runs import end_run, end_state, keep_documents, keep_issues, open_source
from syncd.storage.tables import record, source_state

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from syncd.model.issue import Issue
    from syncd.model.run import RunCounts
    from syncd.pipeline.ports import DocumentNote, StagedSnapshot, Verdict
    from syncd.storage.database import Database

EXAMPLES = 20
_HASHES_PER_WRITE = 4_096


class BucketPart:
    """The part of the store that keeps what sources said."""

    _database: Database

    def write_known_hashes(self, source_id: str, path: Path) -> int:
        """Write the raw hashes of the live records, sorted, unique; returns their number.

        16 bytes each, no separators.
        """
        statement = (
            select(record.c.raw_hash)
            .distinct()
            .where(record.c.source_id == source_id, record.c.withdrawn_at.is_(None))
            .order_by(record.c.raw_hash)
        )
        count = 0
        with self._database.read("reading known hashes") as connection, path.open("wb") as file:
            rows = self._database.stream_on(connection, statement, rows=_HASHES_PER_WRITE)
            # Rows are let go one by one: keeping thousands of them would keep the garbage collector busy.
            for batch in batches((row[0] for row in rows), _HASHES_PER_WRITE):
                file.write(b"".join(batch))
                count += len(batch)
        return count

    def preview(self, snapshot: StagedSnapshot) -> SnapshotDelta:
        """Compare a staged snapshot with the bucket without changing anything; reads the staged file once."""
        with self._database.read("comparing a snapshot") as connection:
            live = live_count(connection, snapshot.source_id)
            seen = Seen(snapshot, live=live)
            tally = Tally()
            moved: set[int] = set()
            named = set(snapshot.withdrawn_ids)
            empty = not _has_rows(connection, snapshot.source_id)
            for batch in batches(snapshot.records()):
                found = {}
                if not empty:
                    found = stored_records(connection, snapshot.source_id, [r.native_id for r in batch])
                for staged in batch:
                    stored = found.get(staged.native_id)
                    double = stored is not None and seen(stored)
                    tally.count(staged, fate_of(staged, stored, double=double))
                    named.discard(staged.native_id)
                    if stored is not None and not stored.withdrawn and stored.raw_hash in seen.absent:
                        moved.add(stored.record_id)
            leaving = _leaving(connection, snapshot.source_id, seen.absent, named)
            withdrawn, examples = _count_and_show(row for row in leaving if row[0] not in moved)
        fates = tally.result()
        return SnapshotDelta(
            stored=live,
            received=snapshot.received,
            unchanged=snapshot.seen_hashes + fates[Fate.SAME],
            added=fates[Fate.ADDED],
            changed=fates[Fate.CHANGED],
            rewritten=fates[Fate.REWRITTEN],
            withdrawn=withdrawn,
            examples_withdrawn=examples,
        )

    def apply_snapshot(  # noqa: PLR0913 - T1 stores all of these at once
        self,
        run_id: int,
        snapshot: StagedSnapshot,
        *,
        delta: SnapshotDelta,  # noqa: ARG002 - the verdict was made on it; storing decides per record
        verdict: Verdict,
        counts: RunCounts,
        issues: Sequence[Issue],
        issue_counts: Mapping[str, int],
        now: datetime,
        documents: Sequence[DocumentNote],
        details: Mapping[str, Any],
    ) -> None:
        """T1: store the delta, validators, run end and dirty marks in one transaction; replay is harmless.

        The run ends with the verdict's outcome (``unchanged`` when only bytes were rewritten). Withdrawn
        records become tombstones (restorable), never vanish; with ``verdict.withdraw`` False nothing is
        withdrawn at all, not even what a delta names.
        """
        if not verdict.outcome.is_good:
            raise InvariantViolated(f"a snapshot with the verdict {verdict.outcome} must not be stored")
        with self._database.write("storing a snapshot") as connection:
            source_id = open_source(connection, run_id, ending=verdict.outcome)
            if source_id is None:
                return
            if source_id != snapshot.source_id:
                raise InvariantViolated(f"run {run_id} is of {source_id}, not of {snapshot.source_id}")
            _store_records(connection, run_id, snapshot, withdraw=verdict.withdraw, now=now)
            keep_documents(connection, source_id, documents)
            end = {
                "code": verdict.code,
                "reason": verdict.reason,
                "fix": verdict.fix,
                "details": dict(details),
                "snapshot_digest": snapshot.digest,
            }
            end_run(connection, run_id, outcome=verdict.outcome, now=now, counts=counts, values=end)
            keep_issues(connection, run_id, issues, issue_counts)
            end_state(connection, source_id, run_id, outcome=verdict.outcome, now=now)
            connection.execute(
                update(source_state)
                .where(source_state.c.source_id == source_id)
                .values(records=live_count(connection, source_id))
            )


def _store_records(
    connection: Connection, run_id: int, snapshot: StagedSnapshot, *, withdraw: bool, now: datetime
) -> None:
    seen = Seen(snapshot, live=live_count(connection, snapshot.source_id))
    named = set(snapshot.withdrawn_ids) if withdraw else set()
    writer = BucketWriter(
        connection,
        source_id=snapshot.source_id,
        run_id=run_id,
        now=now,
        seen=seen,
        empty=not _has_rows(connection, snapshot.source_id),
    )
    for batch in batches(snapshot.records()):
        writer.take(batch)
        if named:
            named.difference_update(staged.native_id for staged in batch)
    if withdraw:
        # Records that changed carry their new hash by now, so an absent hash finds only what is gone.
        leaving = _leaving(connection, snapshot.source_id, seen.absent, named)
        for gone in batches(leaving):
            writer.withdraw([record_id for record_id, _ in gone])


def _leaving(
    connection: Connection, source_id: str, absent: frozenset[bytes], named: set[str]
) -> Iterator[tuple[int, str]]:
    """Yield (record id, native id) of live records that are absent by hash or named as withdrawn."""
    live = (record.c.source_id == source_id) & record.c.withdrawn_at.is_(None)
    columns = select(record.c.id, record.c.native_id).where(live)
    given: set[int] = set()
    for hashes in batches(sorted(absent), BATCH):
        for row in connection.execute(columns.where(record.c.raw_hash.in_(hashes))).all():
            if named and row.native_id in named:
                given.add(row.id)
            yield row.id, row.native_id
    for names in batches(sorted(named), BATCH):
        for row in connection.execute(columns.where(record.c.native_id.in_(names))).all():
            if row.id not in given:
                yield row.id, row.native_id


def _count_and_show(leaving: Iterator[tuple[int, str]]) -> tuple[int, tuple[str, ...]]:
    """Return the number of leaving records and the first native ids, in flat memory."""
    count = 0
    examples: list[str] = []
    for batch in batches(leaving):
        count += len(batch)
        examples = heapq.nsmallest(EXAMPLES, [*examples, *(native_id for _, native_id in batch)])
    return count, tuple(examples)


def _has_rows(connection: Connection, source_id: str) -> bool:
    """Tell whether the bucket holds any record, tombstones included."""
    statement = select(record.c.id).where(record.c.source_id == source_id).limit(1)
    return connection.execute(statement).first() is not None
