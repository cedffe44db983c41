"""What operators decided, and what earlier runs say about a snapshot.

Decisions are written once and never changed. This module must not know what a decision leads to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, insert, select, update

from syncd.errors import SyncdError
from syncd.model.run import RunOutcome
from syncd.pipeline.history import Decision, SourceHistory
from syncd.pipeline.ports import StagedSnapshot
from syncd.storage.bucket_writer import BucketWriter
from syncd.storage.bulk import batches
from syncd.storage.fates import Seen
from syncd.storage.tables import absence, decision, record, run, source_state

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from syncd.storage.database import Database

GOOD_RUNS = 10
GOOD = (RunOutcome.ACCEPTED.value, RunOutcome.UNCHANGED.value)
_SILENT = (RunOutcome.FAILED.value, RunOutcome.INTERRUPTED.value, RunOutcome.RUNNING.value)
_ABOUT_A_RUN = ("accept", "reject")


class DecisionPart:
    """The part of the store that keeps decisions."""

    _database: Database

    def history(self, source_id: str, digest: str) -> SourceHistory:
        """Return what earlier runs say about a snapshot with that digest; ``received`` has ten at most."""
        with self._database.read("reading earlier runs") as connection:
            state = connection.execute(
                select(source_state).where(source_state.c.source_id == source_id)
            ).first()
            waived = (state.waived_run_id if state else None) or 0
            good = connection.execute(
                select(run.c.counts)
                .where(run.c.source_id == source_id, run.c.outcome.in_(GOOD), run.c.run_id >= waived)
                .order_by(run.c.run_id.desc())
                .limit(GOOD_RUNS)
            ).scalars()
            same, since = _refused_same(connection, source_id, digest)
            return SourceHistory(
                received=tuple(counts["received"] for counts in good),
                waived_run_id=waived,
                refused_same=same,
                refused_since=since,
                rejected=_rejected(connection, source_id, digest),
                stated_at=state.stated_at if state else None,
                identity=(state.identity if state else None) or "",
            )

    def decide(self, decided: Decision) -> None:
        """Record an operator's decision for good; raises SyncdError when that run is decided already."""
        with self._database.write("recording a decision") as connection:
            if decided.run_id is not None and decided.kind in _ABOUT_A_RUN:
                before = connection.execute(
                    select(decision).where(
                        decision.c.run_id == decided.run_id, decision.c.kind.in_(_ABOUT_A_RUN)
                    )
                ).first()
                if before is not None:
                    raise SyncdError(
                        f"run {decided.run_id} was decided before ({before.kind} by {before.decided_by} "
                        f"on {before.decided_at:%Y-%m-%d}: {before.reason})",
                        where=decided.source_id,
                        fix="A decision is never changed; decide the next refused run.",
                        code="already_decided",
                    )
            connection.execute(
                insert(decision).values(
                    source_id=decided.source_id,
                    run_id=decided.run_id,
                    kind=decided.kind,
                    reason=decided.reason,
                    decided_by=decided.decided_by,
                    decided_at=decided.decided_at,
                )
            )

    def decisions(self, *, source_id: str | None = None, run_id: int | None = None) -> tuple[Decision, ...]:
        """Return decisions, oldest first."""
        statement = select(decision).order_by(decision.c.id)
        if source_id is not None:
            statement = statement.where(decision.c.source_id == source_id)
        if run_id is not None:
            statement = statement.where(decision.c.run_id == run_id)
        with self._database.read("reading decisions") as connection:
            return tuple(
                Decision(row.source_id, row.run_id, row.kind, row.reason, row.decided_by, row.decided_at)
                for row in connection.execute(statement)
            )

    def retire_source(self, source_id: str, run_id: int, *, now: datetime) -> int:
        """Turn all records of a source into tombstones and mark it retired; returns their number."""
        live = record.c.source_id == source_id, record.c.withdrawn_at.is_(None)
        with self._database.write("retiring a source") as connection:
            nothing = StagedSnapshot(source_id, lambda: iter(()), 0, 0, b"", "")
            seen = Seen(nothing, live=1)
            writer = BucketWriter(
                connection, source_id=source_id, run_id=run_id, now=now, seen=seen, empty=False
            )
            ids = list(connection.execute(select(record.c.id).where(*live).order_by(record.c.id)).scalars())
            for batch in batches(ids):
                writer.withdraw(batch)
            connection.execute(absence.delete().where(absence.c.source_id == source_id))
            connection.execute(
                update(source_state)
                .where(source_state.c.source_id == source_id)
                .values(records=0, retired=True, waived_run_id=run_id)
            )
            return len(ids)


def _refused_same(connection: Connection, source_id: str, digest: str) -> tuple[int, datetime | None]:
    """Count the refused runs with that content since the last other answer, and when the first began."""
    refused: ColumnElement[bool] = run.c.outcome == RunOutcome.REFUSED.value
    same = refused & (run.c.snapshot_digest == digest)
    other = connection.execute(
        select(func.coalesce(func.max(run.c.run_id), 0)).where(
            run.c.source_id == source_id,
            run.c.outcome.not_in(_SILENT),
            ~same | run.c.snapshot_digest.is_(None),
        )
    ).scalar_one()
    row = connection.execute(
        select(func.count(), func.min(run.c.started_at)).where(
            run.c.source_id == source_id, same, run.c.run_id > other
        )
    ).one()
    return row[0], row[1]


def _rejected(connection: Connection, source_id: str, digest: str) -> bool:
    statement = (
        select(decision.c.id)
        .join(run, run.c.run_id == decision.c.run_id)
        .where(
            decision.c.source_id == source_id, decision.c.kind == "reject", run.c.snapshot_digest == digest
        )
        .limit(1)
    )
    return connection.execute(statement).first() is not None
