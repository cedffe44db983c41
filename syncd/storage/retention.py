"""Removes history that is older than its retention, a bounded number of rows in each transaction.

What something still rests on stays, however old. This module must not know how long anything is kept, nor
when upkeep is due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from syncd.model.run import RunOutcome
from syncd.rules.retention import DayMark
from syncd.storage.bulk import batches
from syncd.storage.decisions import GOOD, GOOD_RUNS
from syncd.storage.link_marks import forget_links
from syncd.storage.tables import (
    coverage,
    current_release,
    day_mark,
    decision,
    entry,
    partition,
    past_release,
    record,
    record_key,
    release,
    run,
    source_state,
    totals,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from syncd.rules.retention import Cut
    from syncd.storage.database import Database

REFUSALS = 20
"""The newest refusals of a source since its last good run: those that somebody may still decide on."""
_VERSIONED = (entry, coverage, partition, totals)


class RetentionPart:
    """The part of the store that lets go of history."""

    _database: Database

    def mark_day(self, now: datetime, *, keep: int) -> tuple[DayMark, ...]:
        """Mark the day of ``now`` unless it is marked; returns at most ``keep`` marks, newest first."""
        with self._database.read("reading day marks") as connection:
            known = connection.execute(select(day_mark.c.id).where(day_mark.c.day == now.date())).first()
        if known is None:
            with self._database.write("marking a day") as connection:
                _mark(connection, now, keep)
        with self._database.read("reading day marks") as connection:
            rows = connection.execute(select(day_mark).order_by(day_mark.c.id.desc()).limit(keep))
            return tuple(DayMark(row.day, row.run_id, row.release) for row in rows)

    def prune_runs(self, cut: Cut, *, limit: int) -> int:
        """Remove old runs with their findings; returns how many.

        Runs that something still rests on stay: the last and the last ten good ones of a source, what an
        operator may still decide or has decided.
        """
        with self._database.write("removing old runs") as connection:
            kept = _kept_runs(connection)
            old = select(run.c.run_id).where(
                run.c.run_id <= cut.run_id, run.c.started_at < cut.before, run.c.ended_at.is_not(None)
            )
            # So many more than asked for that the kept ones among them do not matter.
            found = connection.execute(old.order_by(run.c.run_id).limit(limit + len(kept))).scalars()
            gone = [run_id for run_id in found if run_id not in kept][:limit]
            for batch in batches(gone):
                # Findings go with their run.
                connection.execute(delete(run).where(run.c.run_id.in_(batch)))
            return len(gone)

    def prune_withdrawn(self, cut: Cut, *, limit: int) -> int:
        """Remove records that were withdrawn long ago; returns how many."""
        old = select(record.c.id).where(
            record.c.withdrawn_at.is_not(None),
            record.c.withdrawn_at < cut.before,
            record.c.last_run_id <= cut.run_id,
        )
        with self._database.write("removing withdrawn records") as connection:
            gone = list(connection.execute(old.order_by(record.c.id).limit(limit)).scalars())
            for batch in batches(gone):
                connection.execute(delete(record_key).where(record_key.c.record_id.in_(batch)))
                connection.execute(delete(record).where(record.c.id.in_(batch)))
                forget_links(connection, batch)
            return len(gone)

    def prune_releases(self, cut: Cut, *, limit: int) -> int:
        """Remove old releases and what only they show; returns the number of rows.

        The release that was current at the cut stays, so that every later instant can be asked for.
        """
        with self._database.write("removing old releases") as connection:
            forgotten = _forget_releases(connection, cut, limit)
            oldest = connection.execute(select(func.min(release.c.number))).scalar()
        return forgotten + (self._prune_rows(oldest, limit) if oldest is not None else 0)

    def _prune_rows(self, oldest: int, limit: int) -> int:
        """Remove rows that ended before the oldest release; what ended with it is in its change list."""
        removed = 0
        for table in _VERSIONED:
            ended = select(table.c.id).where(table.c.to_release < oldest).limit(limit - removed)
            # Looked for outside of the write transaction: not every table has an index for this question.
            with self._database.read("looking for old rows") as connection:
                gone = list(connection.execute(ended).scalars())
            if gone:
                with self._database.write("removing old rows") as connection:
                    for batch in batches(gone):
                        connection.execute(delete(table).where(table.c.id.in_(batch)))
            removed += len(gone)
            if removed >= limit:
                break
        return removed


def _mark(connection: Connection, now: datetime, keep: int) -> None:
    if connection.execute(select(day_mark.c.id).where(day_mark.c.day == now.date())).first() is not None:
        return
    connection.execute(
        insert(day_mark).values(
            day=now.date(),
            run_id=connection.execute(select(func.coalesce(func.max(run.c.run_id), 0))).scalar_one(),
            release=connection.execute(select(current_release.c.number)).scalar() or 0,
        )
    )
    newest = select(day_mark.c.id).order_by(day_mark.c.id.desc()).offset(keep).limit(1)
    last = connection.execute(newest).scalar()
    if last is not None:
        connection.execute(delete(day_mark).where(day_mark.c.id <= last))


def _kept_runs(connection: Connection) -> set[int]:
    """Return the runs that stay however old they are."""
    kept: set[int] = set(connection.execute(select(decision.c.run_id)).scalars())
    states = connection.execute(
        select(
            source_state.c.source_id,
            source_state.c.last_run_id,
            source_state.c.last_good_run_id,
            source_state.c.waived_run_id,
        )
    ).all()
    for state in states:
        kept.update(number for number in state[1:] if number is not None)
        newest = select(run.c.run_id).where(run.c.source_id == state.source_id).order_by(run.c.run_id.desc())
        good = newest.where(run.c.outcome.in_(GOOD)).limit(GOOD_RUNS)
        kept.update(connection.execute(good).scalars())
        refused = newest.where(
            run.c.outcome == RunOutcome.REFUSED.value, run.c.run_id > (state.last_good_run_id or 0)
        ).limit(REFUSALS)
        kept.update(connection.execute(refused).scalars())
    return kept


def _forget_releases(connection: Connection, cut: Cut, limit: int) -> int:
    """Keep of old releases only when they were published; returns how many."""
    old = (release.c.number <= cut.release, release.c.published_at < cut.before)
    base = connection.execute(select(func.max(release.c.number)).where(*old)).scalar()
    if base is None:
        return 0
    rows = connection.execute(
        select(release.c.number, release.c.published_at)
        .where(release.c.number < base)
        .order_by(release.c.number)
        .limit(limit)
    ).all()
    if rows:
        connection.execute(insert(past_release), [row._asdict() for row in rows])
        connection.execute(delete(release).where(release.c.number <= rows[-1].number))
    return len(rows)
