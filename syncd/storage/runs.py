"""Runs and the state of sources: what was tried, how it ended, what is kept for the next request.

This module must not know records or releases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, true, update

from syncd.errors import InvariantViolated, NotFound, StorageError
from syncd.model.issue import Issue, Severity
from syncd.model.run import Run, RunCounts, RunOutcome, SourceState
from syncd.pipeline.ports import DocumentNote
from syncd.storage.repeat import repeated
from syncd.storage.tables import absence, document_note, issue, run, source_state

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from syncd.storage.database import Database

MAX_ID = 2**63 - 1
_NOTE_COLUMNS = tuple(document_note.c[field.name] for field in fields(DocumentNote))
_INTERRUPTED_REASON = (
    "The end of this run was never written, because the program or its database stopped before; "
    "nothing of it was stored."
)
_INTERRUPTED_FIX = "Nothing to do: the source is run again."


class RunPart:
    """The part of the store that keeps runs."""

    _database: Database

    @repeated(after_loss=False)
    def open_run(self, source_id: str, *, trigger: str, now: datetime) -> int:
        """Start a run and return its id.

        Runs of one source never overlap, so an earlier one that is still open has lost its end.
        """
        values = {
            "source_id": source_id,
            "started_at": now,
            "outcome": RunOutcome.RUNNING.value,
            "trigger": trigger,
            "counts": asdict(RunCounts()),
            "issue_counts": {},
            "details": {},
        }
        with self._database.write("opening a run") as connection:
            _interrupt(connection, run.c.source_id == source_id, now=now)
            run_id: int = connection.execute(insert(run).values(values).returning(run.c.run_id)).scalar_one()
            state = source_state.c.source_id == source_id
            updated = connection.execute(update(source_state).where(state).values(last_run_id=run_id))
            if updated.rowcount == 0:
                connection.execute(insert(source_state).values(source_id=source_id, last_run_id=run_id))
            return run_id

    @repeated(after_loss=True)
    def close_run(  # noqa: PLR0913 - a run ends with all of these at once
        self,
        run_id: int,
        *,
        outcome: RunOutcome,
        now: datetime,
        counts: RunCounts = RunCounts(),
        code: str = "",
        reason: str = "",
        fix: str = "",
        issues: Sequence[Issue] = (),
        issue_counts: Mapping[str, int] | None = None,
        details: Mapping[str, Any] | None = None,
        documents: Sequence[DocumentNote] | None = None,
    ) -> None:
        """End a run that changed no record; closing it again with the same outcome does nothing.

        ``interrupted`` never overrules another end: T1 may have come through while the run was cut off.
        """
        if outcome in {RunOutcome.RUNNING, RunOutcome.ACCEPTED}:
            raise InvariantViolated(f"a run cannot be closed as {outcome} without its snapshot")
        if documents and outcome is not RunOutcome.UNCHANGED:
            # Kept validators would make the portal answer "not modified" to data we do not have.
            raise InvariantViolated(f"validators of a run that ended as {outcome} must not be kept")
        with self._database.write("closing a run") as connection:
            source_id = open_source(connection, run_id, ending=outcome)
            if source_id is None:
                return
            if documents is not None:
                keep_documents(connection, source_id, documents)
            end: dict[str, Any] = {"code": code, "reason": reason, "fix": fix, "details": dict(details or {})}
            end["snapshot_digest"] = end["details"].get("snapshot")
            end_run(connection, run_id, outcome=outcome, now=now, counts=counts, values=end)
            keep_issues(connection, run_id, issues, issue_counts or {})
            end_state(connection, source_id, run_id, outcome=outcome, now=now)

    @repeated(after_loss=False)
    def interrupt_open_runs(self, *, now: datetime, source_id: str | None = None) -> tuple[str, ...]:
        """Mark runs left open by a crash as interrupted, of one source or all; returns their sources."""
        whose = true() if source_id is None else run.c.source_id == source_id
        with self._database.write("interrupting open runs") as connection:
            return _interrupt(connection, whose, now=now)

    def open_runs(self) -> tuple[str, ...]:
        """Return the sources with a run that has no end yet, sorted."""
        statement = select(run.c.source_id).where(run.c.ended_at.is_(None)).distinct()
        with self._database.read("looking for open runs") as connection:
            return tuple(sorted(connection.execute(statement).scalars()))

    def source_state(self, source_id: str) -> SourceState:
        """Return what is known of a source; an unknown one yields an empty state."""
        with self._database.read("reading a source") as connection:
            row = connection.execute(_states().where(source_state.c.source_id == source_id)).first()
            return _state_of(row) if row else SourceState(source_id)

    def source_states(self) -> Mapping[str, SourceState]:
        """Return the states of all sources that ever ran."""
        with self._database.read("reading sources") as connection:
            rows = connection.execute(_states().order_by(source_state.c.source_id))
            return {row.state_source_id: _state_of(row) for row in rows}

    def runs(
        self, *, source_id: str | None = None, limit: int = 50, before: int | None = None
    ) -> tuple[Run, ...]:
        """Return runs, newest first; ``before`` is an exclusive run id for paging."""
        statement = select(run).order_by(run.c.run_id.desc()).limit(limit)
        if source_id is not None:
            statement = statement.where(run.c.source_id == source_id)
        if before is not None:
            statement = statement.where(run.c.run_id < min(before, MAX_ID))
        with self._database.read("reading runs") as connection:
            return tuple(_run_of(row) for row in connection.execute(statement))

    def run(self, run_id: int) -> tuple[Run, Mapping[str, Any], tuple[Issue, ...], Mapping[str, int]]:
        """Return one run with details, kept issues and issue counts; raises NotFound."""
        with self._database.read("reading a run") as connection:
            row = None
            if 0 < run_id <= MAX_ID:
                row = connection.execute(select(run).where(run.c.run_id == run_id)).first()
            if row is None:
                raise NotFound(f"there is no run {run_id}", fix="List the runs with 'syncd runs'.")
            kept = connection.execute(
                select(issue).where(issue.c.run_id == run_id).order_by(issue.c.position)
            )
            issues = tuple(
                Issue(i.code, i.message, i.place, i.value, Severity(i.severity), i.fix) for i in kept
            )
            return _run_of(row), row.details, issues, row.issue_counts

    def documents(self, source_id: str) -> Mapping[str, DocumentNote]:
        """Return the notes of the last good run's documents by name."""
        statement = (
            select(*_NOTE_COLUMNS)
            .where(document_note.c.source_id == source_id)
            .order_by(document_note.c.name)
        )
        with self._database.read("reading document notes") as connection:
            return {row.name: DocumentNote(*row) for row in connection.execute(statement)}


def _interrupt(connection: Connection, whose: ColumnElement[bool], *, now: datetime) -> tuple[str, ...]:
    """End open runs that nobody is at work on."""
    sources = connection.execute(
        update(run)
        .where(run.c.ended_at.is_(None), whose)
        .values(
            outcome=RunOutcome.INTERRUPTED.value,
            ended_at=now,
            code="interrupted",
            reason=_INTERRUPTED_REASON,
            fix=_INTERRUPTED_FIX,
        )
        .returning(run.c.source_id)
    ).scalars()
    return tuple(sorted(set(sources)))


# --- pieces of a transaction that T1 shares ----------------------------------------------------------------


def open_source(connection: Connection, run_id: int, *, ending: RunOutcome) -> str | None:
    """Return the source of an open run, or None when it ended with that outcome already (a replay)."""
    row = connection.execute(select(run.c.source_id, run.c.outcome).where(run.c.run_id == run_id)).first()
    if row is None:
        raise InvariantViolated(f"run {run_id} does not exist")
    if row.outcome == RunOutcome.RUNNING:
        source_id: str = row.source_id
        return source_id
    if row.outcome == ending or ending is RunOutcome.INTERRUPTED:
        return None
    if row.outcome == RunOutcome.INTERRUPTED:
        raise StorageError(
            f"run {run_id} was given up by another start of the program and may not end now",
            where=row.source_id,
            fix="Run only one daemon on this database; the source is run again by itself.",
        )
    raise InvariantViolated(f"run {run_id} ended as {row.outcome} and cannot end as {ending}")


def end_run(
    connection: Connection,
    run_id: int,
    *,
    outcome: RunOutcome,
    now: datetime,
    counts: RunCounts,
    values: Mapping[str, Any],
) -> None:
    """Write the end of a run."""
    connection.execute(
        update(run)
        .where(run.c.run_id == run_id)
        .values(outcome=outcome.value, ended_at=now, counts=asdict(counts), **values)
    )


def keep_issues(
    connection: Connection, run_id: int, issues: Sequence[Issue], issue_counts: Mapping[str, int]
) -> None:
    """Keep the findings of a run in their order, and how often each code occurred."""
    connection.execute(update(run).where(run.c.run_id == run_id).values(issue_counts=dict(issue_counts)))
    if issues:
        connection.execute(
            insert(issue),
            [
                {
                    "run_id": run_id,
                    "position": position,
                    "code": found.code,
                    "message": found.message,
                    "place": found.where,
                    "value": found.value,
                    "severity": found.severity.value,
                    "fix": found.fix,
                }
                for position, found in enumerate(issues)
            ],
        )


def keep_documents(connection: Connection, source_id: str, documents: Sequence[DocumentNote]) -> None:
    """Replace the notes of a source's documents."""
    connection.execute(delete(document_note).where(document_note.c.source_id == source_id))
    if documents:
        rows = [
            {"source_id": source_id} | {column.name: getattr(note, column.name) for column in _NOTE_COLUMNS}
            for note in documents
        ]
        connection.execute(insert(document_note), rows)


def end_state(
    connection: Connection, source_id: str, run_id: int, *, outcome: RunOutcome, now: datetime
) -> None:
    """Bring the state of a source up to date: a good run renews its age, a bad one counts as a failure."""
    if outcome is RunOutcome.INTERRUPTED:
        return
    values: dict[str, Any] = {"consecutive_failures": source_state.c.consecutive_failures + 1}
    if outcome.is_good:
        values = {"consecutive_failures": 0, "last_good_at": now, "last_good_run_id": run_id}
    connection.execute(update(source_state).where(source_state.c.source_id == source_id).values(values))


def _states() -> Any:  # noqa: ANN401 - the type of a select over two tables helps nobody
    earlier = run.alias("earlier")
    return select(
        source_state.c.source_id.label("state_source_id"),
        source_state.c.last_good_at,
        source_state.c.last_good_run_id,
        source_state.c.records,
        source_state.c.consecutive_failures,
        source_state.c.retired,
        select(func.count())
        .where(absence.c.source_id == source_state.c.source_id, absence.c.missing_since_at.is_not(None))
        .scalar_subquery()
        .label("missing"),
        # By number and not by stamp: the index finds it, whatever clocks said.
        select(earlier.c.started_at)
        .where(earlier.c.source_id == source_state.c.source_id)
        .order_by(earlier.c.run_id)
        .limit(1)
        .scalar_subquery()
        .label("first_run_at"),
        *run.c,
    ).select_from(source_state.outerjoin(run, source_state.c.last_run_id == run.c.run_id))


def _state_of(row: Row[Any]) -> SourceState:
    return SourceState(
        source_id=row.state_source_id,
        last_run=_run_of(row) if row.run_id is not None else None,
        last_good_at=row.last_good_at,
        last_good_run_id=row.last_good_run_id,
        records=row.records,
        consecutive_failures=row.consecutive_failures,
        retired=row.retired,
        missing=row.missing,
        first_run_at=row.first_run_at,
    )


def _run_of(row: Row[Any]) -> Run:
    return Run(
        run_id=row.run_id,
        source_id=row.source_id,
        started_at=row.started_at,
        outcome=RunOutcome(row.outcome),
        ended_at=row.ended_at,
        counts=RunCounts(**row.counts),
        code=row.code,
        reason=row.reason,
        fix=row.fix,
        trigger=row.trigger,
    )
