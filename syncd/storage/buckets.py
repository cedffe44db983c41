"""T1: one source's bucket, from the preview of a snapshot to its storing in one transaction.

This module must not know what a payload means, nor when a snapshot may replace the last one: that is the
acceptance rule's verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from syncd.errors import InvariantViolated
from syncd.model.service import LOCAL_PREFIX
from syncd.pipeline.ports import SnapshotDelta, StoredRecord
from syncd.rules.withdraw import NO_GRACE, WINDOW
from syncd.storage.absences import (
    LISTED,
    Settlement,
    end_absences,
    forget_absences,
    keep_absences,
    known_absences,
    withdrawn_since,
)
from syncd.storage.bucket_writer import BucketWriter, live_count, stored_records
from syncd.storage.bulk import BATCH, batches, driver_instant, staged_batches
from syncd.storage.fates import Fate, Seen, Tally, fate_of
from syncd.storage.link_marks import keep_moves
from syncd.storage.repeat import repeated
from syncd.storage.runs import end_run, end_state, keep_documents, keep_issues, open_source
from syncd.storage.soundness import require_whole
from syncd.storage.tables import record, record_key, source_state

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from syncd.model.issue import Issue
    from syncd.model.run import RunCounts
    from syncd.pipeline.ports import DocumentNote, StagedRecord, StagedSnapshot, Verdict
    from syncd.rules.withdraw import Grace
    from syncd.storage.database import Database

# The colon's successor.
_BEHIND_LOCAL = LOCAL_PREFIX[:-1] + chr(ord(LOCAL_PREFIX[-1]) + 1)
_HASHES_PER_WRITE = 4_096
_LATER_THAN_ALL = datetime.max.replace(tzinfo=UTC)


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

    def preview(
        self,
        snapshot: StagedSnapshot,
        *,
        now: datetime | None = None,
        grace: Grace = NO_GRACE,
        after_run: int = 0,
    ) -> SnapshotDelta:
        """Compare a staged snapshot with the bucket without changing anything; reads the staged file once.

        ``now`` None: absences are counted as if their grace were over.
        """
        at = now or _LATER_THAN_ALL
        with self._database.read("comparing a snapshot") as connection:
            live = live_count(connection, snapshot.source_id)
            seen = Seen(snapshot, live=live)
            tally = Tally()
            moved: set[int] = set()
            added: list[str] = []
            changed: dict[int, StagedRecord] = {}
            rekeyed: list[str] = []
            empty = not _has_rows(connection, snapshot.source_id)
            for batch in staged_batches(snapshot.records()):
                found = {}
                if not empty:
                    found = stored_records(connection, snapshot.source_id, [r.native_id for r in batch])
                for staged in batch:
                    stored = found.get(staged.native_id)
                    double = stored is not None and seen(stored)
                    fate = fate_of(staged, stored, double=double)
                    tally.count(staged, fate)
                    if fate is Fate.ADDED and len(added) < LISTED:
                        added.append(staged.native_id)
                    elif fate is Fate.CHANGED and stored is not None:
                        changed[stored.record_id] = staged
                    if stored is not None and not stored.withdrawn and stored.raw_hash in seen.absent:
                        moved.add(stored.record_id)
                rekeyed += _rekeyed(connection, changed)
                changed.clear()
            leaving = _leaving(connection, snapshot.source_id, seen.absent)
            settlement = Settlement(known_absences(connection, snapshot.source_id), grace, at)
            for record_id, native_id in leaving:
                if record_id not in moved:
                    settlement.take(record_id, native_id)
            recently = withdrawn_since(connection, snapshot.source_id, at - WINDOW, after_run=after_run)
        fates = tally.result()
        return SnapshotDelta(
            stored=live,
            received=snapshot.received,
            unchanged=snapshot.seen_hashes + fates[Fate.SAME],
            added=fates[Fate.ADDED],
            changed=fates[Fate.CHANGED],
            rewritten=fates[Fate.REWRITTEN],
            withdrawn=settlement.absent,
            examples_withdrawn=tuple(settlement.examples),
            confirmed=settlement.confirmed,
            due=settlement.due,
            returned=len(settlement.returned),
            withdrawn_recently=recently,
            flapping=tuple(settlement.flapping),
            added_ids=tuple(sorted(added)),
            absent_ids=tuple(sorted(settlement.listed)),
            rekeyed=tuple(sorted(rekeyed[:LISTED])),
        )

    def records_of(self, source_id: str, native_ids: Sequence[str]) -> tuple[StoredRecord, ...]:
        """Return the live records with these ids; raises StorageError at one that does not match its hash."""
        found: list[StoredRecord] = []
        with self._database.read("reading records") as connection:
            for batch in batches(native_ids):
                statement = select(record.c.native_id, record.c.content_hash, record.c.payload).where(
                    record.c.source_id == source_id,
                    record.c.native_id.in_(batch),
                    record.c.withdrawn_at.is_(None),
                )
                for native_id, content_hash, payload in connection.execute(statement):
                    require_whole(source_id, native_id, content_hash, payload)
                    found.append(StoredRecord(source_id, native_id, payload))
        return tuple(found)

    def keyless_records(self) -> Mapping[str, int]:
        """Return per source how many live records carry no official service key."""
        # Bounds instead of LIKE: they are answered from the index whatever the collation.
        local = (record_key.c.service_key >= LOCAL_PREFIX) & (record_key.c.service_key < _BEHIND_LOCAL)
        statement = (
            select(record.c.source_id, func.count())
            .join(record_key, record_key.c.record_id == record.c.id)
            .where(local, record.c.withdrawn_at.is_(None))
            .group_by(record.c.source_id)
        )
        with self._database.read("counting records without a key") as connection:
            return {row[0]: int(row[1]) for row in connection.execute(statement)}

    def source_records(self, source_id: str, *, after: str = "") -> Iterator[StoredRecord]:
        """Yield the live records of a source by native id; raises StorageError as :meth:`records_of` does."""
        statement = (
            select(record.c.native_id, record.c.content_hash, record.c.payload)
            .where(
                record.c.source_id == source_id,
                record.c.native_id > after,
                record.c.withdrawn_at.is_(None),
            )
            .order_by(record.c.native_id)
        )
        for row in self._database.stream("reading the records of a source", statement):
            require_whole(source_id, row.native_id, row.content_hash, row.payload)
            yield StoredRecord(source_id, row.native_id, row.payload)

    @repeated(after_loss=True)
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

        The run ends with the verdict's outcome (``unchanged`` when only bytes were rewritten or records went
        missing). Absent records become missing and, after the grace of the verdict, tombstones (restorable);
        they never vanish. With ``verdict.withdraw`` False nothing is missing or withdrawn, not even what a
        delta names.
        """
        if not verdict.outcome.is_good:
            raise InvariantViolated(f"a snapshot with the verdict {verdict.outcome} must not be stored")
        with self._database.write("storing a snapshot") as connection:
            source_id = open_source(connection, run_id, ending=verdict.outcome)
            if source_id is None:
                return
            if source_id != snapshot.source_id:
                raise InvariantViolated(f"run {run_id} is of {source_id}, not of {snapshot.source_id}")
            _store_records(connection, run_id, snapshot, verdict, now=now)
            at = driver_instant(connection.dialect, now)
            keep_moves(connection, source_id, run_id, at, verdict.moves)
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
                .values(
                    records=live_count(connection, source_id),
                    retired=False,
                    **_remembered(verdict, run_id),
                )
            )


def _remembered(verdict: Verdict, run_id: int) -> dict[str, Any]:
    """Return what the state of the source keeps of this run; what a run does not know stays as it was."""
    values: dict[str, Any] = {"waived_run_id": run_id} if verdict.waived else {}
    if verdict.stated_at is not None:
        values["stated_at"] = verdict.stated_at
    if verdict.identity:
        values["identity"] = verdict.identity
    return values


def _store_records(
    connection: Connection, run_id: int, snapshot: StagedSnapshot, verdict: Verdict, *, now: datetime
) -> None:
    seen = Seen(snapshot, live=live_count(connection, snapshot.source_id))
    writer = BucketWriter(
        connection,
        source_id=snapshot.source_id,
        run_id=run_id,
        now=now,
        seen=seen,
        empty=not _has_rows(connection, snapshot.source_id),
    )
    held: set[str] = set()
    for batch in staged_batches(snapshot.records()):
        if verdict.held_back:
            held.update(staged.native_id for staged in batch if staged.native_id in verdict.held_back)
            batch = [staged for staged in batch if staged.native_id not in verdict.held_back]  # noqa: PLW2901
        writer.take(batch)
    # Records that changed carry their new hash by now, so an absent hash finds only what is gone.
    _settle_absences(connection, snapshot.source_id, seen.absent, held, verdict, writer, now=now)


def _settle_absences(  # noqa: PLR0917 - a step of the transaction above
    connection: Connection,
    source_id: str,
    absent: frozenset[bytes],
    held: set[str],
    verdict: Verdict,
    writer: BucketWriter,
    *,
    now: datetime,
) -> None:
    known = known_absences(connection, source_id)
    settlement = Settlement(known, verdict.grace, now)
    for record_id, native_id in _leaving(connection, source_id, absent):
        # A record held back is listed, only not as it is stored.
        if native_id not in held:
            settlement.take(record_id, native_id)
    if verdict.withdraw:
        leaving, staying = settlement.settle(verdict.withdraw_at_most)
        for gone in batches(leaving):
            writer.withdraw(gone)
        if known:
            forget_absences(connection, leaving)
        keep_absences(connection, source_id, staying, known)
    # Last, because it forgets old absences: one that begins anew is no longer old by now.
    end_absences(connection, source_id, settlement.returned, now=now)


def _rekeyed(connection: Connection, changed: Mapping[int, StagedRecord]) -> list[str]:
    """Return the changed records that share no service key with their stored version; both must have some."""
    had: dict[int, set[str]] = {}
    statement = select(record_key.c.record_id, record_key.c.service_key)
    for ids in batches(changed):
        for row in connection.execute(statement.where(record_key.c.record_id.in_(ids))):
            had.setdefault(row.record_id, set()).add(row.service_key)
    return [
        staged.native_id
        for record_id, staged in changed.items()
        if staged.service_keys and record_id in had and had[record_id].isdisjoint(staged.service_keys)
    ]


def _leaving(connection: Connection, source_id: str, absent: frozenset[bytes]) -> Iterator[tuple[int, str]]:
    """Yield (record id, native id) of live records that are absent by hash."""
    live = (record.c.source_id == source_id) & record.c.withdrawn_at.is_(None)
    columns = select(record.c.id, record.c.native_id).where(live)
    for hashes in batches(sorted(absent), BATCH):
        for row in connection.execute(columns.where(record.c.raw_hash.in_(hashes))).all():
            yield row.id, row.native_id


def _has_rows(connection: Connection, source_id: str) -> bool:
    """Tell whether the bucket holds any record, tombstones included."""
    statement = select(record.c.id).where(record.c.source_id == source_id).limit(1)
    return connection.execute(statement).first() is not None
