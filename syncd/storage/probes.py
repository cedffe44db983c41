"""What probes found, which services use it, and what is due to be looked at.

This module must not know what a verdict means: ``state`` and ``body`` come and go as they are.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, union, update

from syncd.pipeline.ports import HASH_SIZE
from syncd.pipeline.probe_ports import ProbeRow
from syncd.storage.bulk import batches, insert_rows
from syncd.storage.tables import dirty, entry, probe, probe_use

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from syncd.storage.database import Database

NEW = "new"
_BATCH = 500
_IN_USE = select(probe_use.c.probe_id).where(probe_use.c.probe_id == probe.c.id).exists()


class ProbePart:
    """The part of the store that keeps what probes found."""

    _database: Database

    def keys_changed_since(self, release: int) -> Iterator[str]:
        """Yield the service keys with entries that came or went after a release, sorted."""
        came = select(entry.c.service_key).where(entry.c.from_release > release)
        went = select(entry.c.service_key).where(entry.c.to_release > release)
        both = union(came, went).subquery()
        statement = select(both.c.service_key).order_by(both.c.service_key)
        for row in self._database.stream("reading changed services", statement):
            yield row.service_key

    def use_probes(self, kind: str, uses: Mapping[str, Sequence[str]], *, now: datetime) -> None:
        """Set which subjects of a kind each named service key uses; new ones are due at once."""
        with self._database.write("noting what is to be probed") as connection:
            numbers = _known(connection, kind, sorted({s for subjects in uses.values() for s in subjects}))
            for subject in sorted({s for subjects in uses.values() for s in subjects if s not in numbers}):
                row = connection.execute(
                    insert(probe)
                    .values(
                        kind=kind,
                        subject_hash=_hash(subject),
                        subject=subject,
                        state=NEW,
                        due_at=now,
                        body={},
                    )
                    .returning(probe.c.id)
                )
                numbers[subject] = row.scalar_one()
            of_kind = select(probe.c.id).where(probe.c.kind == kind)
            for keys in batches(sorted(uses), _BATCH):
                connection.execute(
                    delete(probe_use).where(
                        probe_use.c.service_key.in_(keys), probe_use.c.probe_id.in_(of_kind)
                    )
                )
            pairs = [(key, numbers[subject]) for key in sorted(uses) for subject in sorted(set(uses[key]))]
            insert_rows(connection, probe_use, ("service_key", "probe_id"), pairs)

    def due_probes(self, kind: str, *, now: datetime, limit: int) -> tuple[ProbeRow, ...]:
        """Return the subjects in use that are due, the longest waiting first."""
        statement = (
            select(probe)
            .where(probe.c.kind == kind, probe.c.due_at <= now, _IN_USE)
            .order_by(probe.c.due_at, probe.c.id)
            .limit(limit)
        )
        with self._database.read("reading what is due to be probed") as connection:
            return tuple(_row(row) for row in connection.execute(statement))

    def probes(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[ProbeRow, ...]:
        """Return subjects in use, sorted; ``after`` is an exclusive subject for paging."""
        statement = select(probe).where(probe.c.kind == kind, probe.c.subject > after, _IN_USE)
        if state is not None:
            statement = statement.where(probe.c.state == state)
        with self._database.read("reading probes") as connection:
            rows = connection.execute(statement.order_by(probe.c.subject).limit(limit))
            return tuple(_row(row) for row in rows)

    def probe_subjects(self, kind: str, subjects: Sequence[str]) -> Mapping[str, ProbeRow]:
        """Return what is kept of these subjects."""
        found: dict[str, ProbeRow] = {}
        with self._database.read("reading probes") as connection:
            for batch in batches(subjects, _BATCH):
                hashes = [_hash(subject) for subject in batch]
                statement = select(probe).where(probe.c.kind == kind, probe.c.subject_hash.in_(hashes))
                found.update((row.subject, _row(row)) for row in connection.execute(statement))
        return found

    def keep_probes(self, rows: Sequence[ProbeRow], *, dirty: Sequence[str]) -> None:
        """Store verdicts, and mark the services that use the subjects named in ``dirty`` for a rebuild."""
        changed = set(dirty)
        with self._database.write("storing what probes found") as connection:
            for row in rows:
                where = (probe.c.kind == row.kind, probe.c.subject_hash == _hash(row.subject))
                values: dict[str, Any] = {
                    "state": row.state,
                    "checked_at": row.checked_at,
                    "due_at": row.due_at,
                    "body": dict(row.body),
                }
                if not connection.execute(update(probe).where(*where).values(**values)).rowcount:
                    values |= {"kind": row.kind, "subject_hash": _hash(row.subject), "subject": row.subject}
                    connection.execute(insert(probe).values(**values))
            for kind in sorted({row.kind for row in rows}):
                _mark(connection, kind, [r.subject for r in rows if r.kind == kind and r.subject in changed])

    def probes_of(self, service_keys: Sequence[str]) -> Mapping[str, tuple[ProbeRow, ...]]:
        """Return the looked-at subjects each of these services uses, sorted by kind and subject."""
        found: dict[str, list[ProbeRow]] = defaultdict(list)
        with self._database.read("reading what probes found") as connection:
            for keys in batches(service_keys, _BATCH):
                statement = (
                    select(probe_use.c.service_key, probe)
                    .join(probe, probe.c.id == probe_use.c.probe_id)
                    .where(probe_use.c.service_key.in_(keys), probe.c.state != NEW)
                )
                for row in self._database.stream_on(connection, statement):
                    found[row.service_key].append(_row(row))
        return {key: tuple(sorted(rows, key=lambda r: (r.kind, r.subject))) for key, rows in found.items()}

    def probe_counts(self, kind: str) -> Mapping[str, int]:
        """Return how many subjects in use there are, by state."""
        statement = (
            select(probe.c.state, func.count()).where(probe.c.kind == kind, _IN_USE).group_by(probe.c.state)
        )
        with self._database.read("counting probes") as connection:
            return {row[0]: row[1] for row in connection.execute(statement)}


def _mark(connection: Connection, kind: str, subjects: Sequence[str]) -> None:
    for batch in batches(subjects, _BATCH):
        used = (
            select(probe_use.c.service_key)
            .join(probe, probe.c.id == probe_use.c.probe_id)
            .where(probe.c.kind == kind, probe.c.subject_hash.in_([_hash(subject) for subject in batch]))
            .distinct()
        )
        keys = sorted(connection.execute(used).scalars())
        insert_rows(connection, dirty, ("service_key", "run_id"), [(key, 0) for key in keys])


def _known(connection: Connection, kind: str, subjects: Sequence[str]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for batch in batches(subjects, _BATCH):
        statement = select(probe.c.subject, probe.c.id).where(
            probe.c.kind == kind, probe.c.subject_hash.in_([_hash(subject) for subject in batch])
        )
        numbers.update((row.subject, row.id) for row in connection.execute(statement))
    return numbers


def _row(row: Row[Any]) -> ProbeRow:
    return ProbeRow(row.kind, row.subject, row.state, row.due_at, row.checked_at, row.body)


def _hash(subject: str) -> bytes:
    return hashlib.sha256(subject.encode()).digest()[:HASH_SIZE]
