"""Records that are missing: marked, confirmed, withdrawn or back, as the rule of withdrawal says.

The preview and T1 settle with the same code, so that what an operator was shown and what is stored cannot
differ. This module must not know runs, documents or payloads.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, delete, func, insert, select, update

from syncd.rules.withdraw import WINDOW, Absence, confirm, is_due, is_flapping
from syncd.storage.bulk import batches
from syncd.storage.tables import absence, record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from syncd.rules.withdraw import Grace

EXAMPLES = 20
LISTED = 1_000
_CONFIRM = (
    update(absence)
    .where(absence.c.record_id == bindparam("at_id"))
    .values(
        missing_since_at=bindparam("new_since"),
        missing_runs=bindparam("new_runs"),
        times=bindparam("new_times"),
        counted_since_at=bindparam("new_counted"),
    )
)


class Settlement:
    """Sorts the live records a snapshot lacks into newly missing, confirmed and due."""

    def __init__(self, known: Mapping[int, Absence], grace: Grace, now: datetime) -> None:
        """Take what is remembered of this source's absences, by record id."""
        self._known = known
        self._grace = grace
        self._now = now
        self._due: list[tuple[datetime, int, Absence]] = []
        self._waiting: dict[int, Absence] = {}
        self._absent: set[int] = set()
        self.absent = self.confirmed = 0
        self.examples: list[str] = []
        self.listed: list[str] = []
        self.flapping: list[str] = []

    def take(self, record_id: int, native_id: str) -> None:
        """Take one live record that the snapshot lacks."""
        before = self._known.get(record_id)
        after = confirm(before, self._now)
        self.absent += 1
        if before is not None:
            self._absent.add(record_id)
            self.confirmed += before.is_missing
            if is_flapping(after) and not before.is_missing and len(self.flapping) < EXAMPLES:
                self.flapping.append(native_id)
        if len(self.listed) < LISTED:
            self.listed.append(native_id)
        if len(self.examples) < EXAMPLES or native_id < self.examples[-1]:
            self.examples = heapq.nsmallest(EXAMPLES, [*self.examples, native_id])
        if is_due(after, self._grace, self._now):
            self._due.append((after.since or self._now, record_id, after))
        else:
            self._waiting[record_id] = after

    @property
    def due(self) -> int:
        """Number of records whose grace is used up."""
        return len(self._due)

    @property
    def returned(self) -> list[int]:
        """Records that were missing and are listed again."""
        return [
            record_id
            for record_id, before in self._known.items()
            if before.is_missing and record_id not in self._absent
        ]

    def settle(self, at_most: int | None) -> tuple[list[int], dict[int, Absence]]:
        """Return the records to withdraw now, the longest missing first, and those that stay missing."""
        ordered = sorted(self._due, key=lambda one: one[:2])
        end = len(ordered) if at_most is None else at_most
        late = {record_id: one for _, record_id, one in ordered[end:]}
        return [record_id for _, record_id, _ in ordered[:end]], self._waiting | late


def known_absences(connection: Connection, source_id: str) -> dict[int, Absence]:
    """Return what is remembered of a source's absences."""
    rows = connection.execute(select(absence).where(absence.c.source_id == source_id))
    return {
        row.record_id: Absence(row.missing_since_at, row.missing_runs, row.times, row.counted_since_at)
        for row in rows
    }


def withdrawn_since(connection: Connection, source_id: str, since: datetime, *, after_run: int) -> int:
    """Count the tombstones made since an instant by runs later than ``after_run``."""
    return connection.execute(
        select(func.count()).where(
            record.c.source_id == source_id,
            record.c.withdrawn_at.is_not(None),
            record.c.withdrawn_at >= since,
            record.c.last_run_id > after_run,
        )
    ).scalar_one()


def keep_absences(
    connection: Connection, source_id: str, staying: Mapping[int, Absence], known: Mapping[int, Absence]
) -> None:
    """Write new and confirmed absences."""
    for batch in batches((i, a) for i, a in staying.items() if i not in known):
        rows = [
            {
                "record_id": record_id,
                "source_id": source_id,
                "missing_since_at": one.since,
                "missing_runs": one.runs,
                "times": one.times,
                "counted_since_at": one.counted_since,
            }
            for record_id, one in batch
        ]
        connection.execute(insert(absence), rows)
    for batch in batches((i, a) for i, a in staying.items() if i in known):
        changes: list[dict[str, Any]] = [
            {
                "at_id": record_id,
                "new_since": one.since,
                "new_runs": one.runs,
                "new_times": one.times,
                "new_counted": one.counted_since,
            }
            for record_id, one in batch
        ]
        connection.execute(_CONFIRM, changes)


def end_absences(connection: Connection, source_id: str, returned: list[int], *, now: datetime) -> None:
    """Note that records are back; how often they were away is remembered for a while."""
    for batch in batches(returned):
        connection.execute(
            update(absence)
            .where(absence.c.record_id.in_(batch))
            .values(missing_since_at=None, missing_runs=0)
        )
    connection.execute(
        delete(absence).where(
            and_(
                absence.c.source_id == source_id,
                absence.c.missing_since_at.is_(None),
                absence.c.counted_since_at < now - WINDOW,
            )
        )
    )


def forget_absences(connection: Connection, record_ids: list[int]) -> None:
    """Forget the absences of records that are withdrawn."""
    for batch in batches(record_ids):
        connection.execute(delete(absence).where(absence.c.record_id.in_(batch)))
