"""Writes the staged records of one snapshot into its bucket, batch by batch, inside T1.

Ids are given out here instead of by the database: the write lock makes that safe, and keys can then be
written without asking for the ids first. This module must not know runs, documents or releases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, exc, func, select, update

from syncd.errors import InvariantViolated
from syncd.model.service import LOCAL_PREFIX
from syncd.pipeline.codec import short_hash
from syncd.pipeline.ports import HASH_SIZE
from syncd.storage.bulk import driver_instant, insert_rows
from syncd.storage.columns import storable
from syncd.storage.fates import Fate, Stored, Touched, fate_of
from syncd.storage.link_marks import LinkMarks
from syncd.storage.tables import dirty, record, record_key

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from syncd.pipeline.ports import StagedRecord
    from syncd.storage.fates import Seen

MARKED_LIMIT = 200_000
"""Keys remembered as marked in this run; beyond it a key may be marked twice, which does no harm."""

_RECORD_COLUMNS = (
    "id",
    "source_id",
    "native_id",
    "raw_hash",
    "content_hash",
    "first_seen_at",
    "changed_at",
    "withdrawn_at",
    "first_run_id",
    "last_run_id",
    "payload",
)
_REPLACE = (
    update(record)
    .where(record.c.id == bindparam("at_id"))
    .values(
        raw_hash=bindparam("new_raw"),
        content_hash=bindparam("new_content"),
        payload=bindparam("new_payload"),
        changed_at=bindparam("new_changed_at"),
        withdrawn_at=None,
        last_run_id=bindparam("new_run"),
    )
)
_REHASH = (
    update(record)
    .where(record.c.id == bindparam("at_id"))
    .values(raw_hash=bindparam("new_raw"), last_run_id=bindparam("new_run"))
)
_DROP_KEY = delete(record_key).where(
    record_key.c.service_key == bindparam("old_key"), record_key.c.record_id == bindparam("old_id")
)


class BucketWriter:
    """Stores batches of staged records and marks the partitions they touch."""

    def __init__(
        self,
        connection: Connection,
        *,
        source_id: str,
        run_id: int,
        now: datetime,
        seen: Seen,
        empty: bool,
    ) -> None:
        """Prepare for one snapshot; ``empty`` says that the bucket has no rows, which saves look-ups."""
        self._connection = connection
        self._source_id = source_id
        self._run_id = run_id
        self._now = now
        self._instant = driver_instant(connection.dialect, now)
        self._seen = seen
        self._empty = empty
        self._next_id = connection.execute(select(func.coalesce(func.max(record.c.id), 0))).scalar_one() + 1
        self._marked: set[str] = set()
        self._touched = Touched()
        self._links = LinkMarks(connection, source_id)

    def take(self, batch: Sequence[StagedRecord]) -> None:
        """Store one batch."""
        staged = _without_doubles(batch)
        if self._empty and self._insert_unseen(staged):
            return
        stored = stored_records(self._connection, self._source_id, list(staged))
        added: list[StagedRecord] = []
        replaced: list[tuple[Stored, StagedRecord]] = []
        rehashed: list[dict[str, Any]] = []
        declared: dict[int, tuple[str, ...]] = {}
        for native_id, new in staged.items():
            old = stored.get(native_id)
            double = old is not None and (old.record_id in self._touched or self._seen(old))
            fate = fate_of(new, old, double=double)
            if old is not None:
                self._touched.add(old.record_id)
            if old is None:
                added.append(new)
            elif fate in {Fate.CHANGED, Fate.ADDED}:
                replaced.append((old, new))
            elif fate is Fate.REWRITTEN:
                rehashed.append({"at_id": old.record_id, "new_raw": new.raw_hash, "new_run": self._run_id})
            if old is not None and new.tokens and new.content_hash == old.content_hash:
                declared[old.record_id] = new.tokens
        self._insert(added)
        self._replace(replaced)
        if rehashed:
            self._connection.execute(_REHASH, rehashed)
        self._links.declared(declared)

    def withdraw(self, record_ids: Sequence[int]) -> None:
        """Turn records into tombstones; their keys stay, so that they can come back."""
        self._connection.execute(
            update(record)
            .where(record.c.id.in_(record_ids))
            .values(withdrawn_at=self._now, last_run_id=self._run_id)
        )
        linked = self._links.withdrawn(record_ids)
        self._mark(sorted({*linked, *(key for _, key in self._keys_of(record_ids))}))

    def _insert_unseen(self, staged: Mapping[str, StagedRecord]) -> bool:
        """Insert without looking; returns False, with nothing done, when an id came in an earlier batch."""
        next_id = self._next_id
        try:
            with self._connection.begin_nested():
                self._insert_records(list(staged.values()))
        except (exc.IntegrityError, _driver_integrity_error(self._connection)):
            self._next_id = next_id
            return False
        self._insert_keys(next_id, list(staged.values()))
        return True

    def _insert(self, added: Sequence[StagedRecord]) -> None:
        if added:
            first_id = self._next_id
            self._insert_records(added)
            self._insert_keys(first_id, added)

    def _insert_records(self, added: Sequence[StagedRecord]) -> None:
        at, run_id, source_id = self._instant, self._run_id, self._source_id
        rows = [
            (i, source_id, r.native_id, r.raw_hash, r.content_hash, at, at, None, run_id, run_id, r.payload)
            for i, r in enumerate(added, self._next_id)
        ]
        insert_rows(self._connection, record, _RECORD_COLUMNS, rows)
        for row in rows:
            self._touched.add(row[0])
        self._next_id += len(rows)

    def _insert_keys(self, first_id: int, added: Sequence[StagedRecord]) -> None:
        pairs = [
            (key, record_id)
            for record_id, new in enumerate(added, first_id)
            for key in dict.fromkeys(new.service_keys)
        ]
        insert_rows(self._connection, record_key, ("service_key", "record_id"), pairs)
        self._links.added((i, r.native_id, r.service_keys, r.tokens) for i, r in enumerate(added, first_id))
        self._mark(key for key, _ in pairs)

    def _replace(self, replaced: Sequence[tuple[Stored, StagedRecord]]) -> None:
        if not replaced:
            return
        self._connection.execute(
            _REPLACE,
            [
                {
                    "at_id": old.record_id,
                    "new_raw": new.raw_hash,
                    "new_content": new.content_hash,
                    "new_payload": new.payload,
                    "new_changed_at": self._now,
                    "new_run": self._run_id,
                }
                for old, new in replaced
            ],
        )
        had = set(self._keys_of([old.record_id for old, _ in replaced]))
        wanted = {(old.record_id, key) for old, new in replaced for key in new.service_keys}
        if dropped := sorted(had - wanted):
            self._connection.execute(
                _DROP_KEY, [{"old_key": key, "old_id": record_id} for record_id, key in dropped]
            )
        new_pairs = [(key, record_id) for record_id, key in sorted(wanted - had)]
        insert_rows(self._connection, record_key, ("service_key", "record_id"), new_pairs)
        keyless = {record_id for record_id, key in had | wanted if key.startswith(LOCAL_PREFIX)}
        linked = self._links.changed(
            {old.record_id: (new.native_id, old.record_id in keyless, new.tokens) for old, new in replaced}
        )
        self._mark(sorted({*linked, *(key for _, key in had | wanted)}))

    def _keys_of(self, record_ids: Sequence[int]) -> list[tuple[int, str]]:
        statement = select(record_key.c.record_id, record_key.c.service_key).where(
            record_key.c.record_id.in_(record_ids)
        )
        return [(row.record_id, row.service_key) for row in self._connection.execute(statement)]

    def _mark(self, service_keys: Iterable[str]) -> None:
        """Leave a mark for the rebuild on every partition named."""
        if len(self._marked) > MARKED_LIMIT:
            self._marked.clear()
        new = [key for key in dict.fromkeys(service_keys) if key not in self._marked]
        self._marked.update(new)
        insert_rows(self._connection, dirty, ("service_key", "run_id"), [(key, self._run_id) for key in new])


def stored_records(connection: Connection, source_id: str, native_ids: Sequence[str]) -> dict[str, Stored]:
    """Return what the bucket holds of these records, tombstones included, by native id."""
    statement = select(
        record.c.id,
        record.c.native_id,
        record.c.raw_hash,
        record.c.content_hash,
        record.c.withdrawn_at.is_not(None),
    ).where(record.c.source_id == source_id, record.c.native_id.in_(native_ids))
    rows = connection.execute(statement)
    return {row[1]: Stored(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows}


def live_count(connection: Connection, source_id: str) -> int:
    """Count the live records of a source; answered from an index."""
    statement = select(func.count()).where(record.c.source_id == source_id, record.c.withdrawn_at.is_(None))
    return connection.execute(statement).scalar_one()


def _without_doubles(batch: Sequence[StagedRecord]) -> dict[str, StagedRecord]:
    """Return the batch by native id; of doubles the smallest raw hash wins."""
    chosen: dict[str, StagedRecord] = {}
    for staged in batch:
        _check(staged)
        rival = chosen.get(staged.native_id)
        if rival is None or staged.raw_hash < rival.raw_hash:
            chosen[staged.native_id] = staged
    return chosen


def _check(staged: StagedRecord) -> None:
    """Refuse what a parse worker must never let through: it would be cut or changed by a database."""
    for text in (staged.native_id, *staged.service_keys, *staged.tokens):
        if "\0" in text or (not text.isascii() and storable(text) != text):
            raise InvariantViolated(
                f"a staged record has an id that no database can hold: {text!r}", where=staged.native_id[:80]
            )
    if len(staged.raw_hash) != HASH_SIZE or len(staged.content_hash) != HASH_SIZE:
        raise InvariantViolated("a staged record has a hash of the wrong length", where=staged.native_id[:80])
    if short_hash(staged.payload) != staged.content_hash:
        # Stored like this it could never be read again, and a known record is not staged a second time.
        raise InvariantViolated("a staged record does not match its hash", where=staged.native_id[:80])


def _driver_integrity_error(connection: Connection) -> type[Exception]:
    driver: Any = connection.dialect.dbapi
    error: type[Exception] = driver.IntegrityError
    return error
