"""A refused snapshot is kept, so that an operator can decide on exactly what was refused.

The bodies lie under the name of their content; the run's details keep which they were. This module must not
know why a snapshot was refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from syncd.errors import NotFound, SyncdError
from syncd.model.run import RunOutcome
from syncd.pipeline.ports import DocumentNote
from syncd.sdk.connector import Document
from syncd.sdk.ledger import position_of

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.model.issue import Issue
    from syncd.model.run import Run
    from syncd.pipeline.ports import SnapshotDelta, Store
    from syncd.pipeline.workers import RunSession

KEPT_RUNS = 3
"""Refused runs of a source whose bodies are kept; the same content counts once on disk."""
_LOOKED_AT = 20


def keep_held(
    session: RunSession | HeldSession, documents: Iterable[Document], delta: SnapshotDelta, position: str
) -> dict[str, Any]:
    """Return what a refused run's details keep: documents, and the first ids that would come and go.

    ``position`` is how far a ledger that lives on has come; it stands for its documents.
    """
    notes = {note.name: asdict(note) for note in session.notes()}
    return {
        "documents": [
            notes.get(document.name, {})
            | {"context": dict(document.context), "framed": document.framed, "url": document.url}
            for document in documents
            if document.name in notes
        ],
        "declared": session.declared,
        "position": position,
        "added_ids": list(delta.added_ids),
        "absent_ids": list(delta.absent_ids),
    }


def held_bodies(store: Store, source_id: str) -> set[str]:
    """Return the hashes of the bodies that somebody may still decide on: refused since the last good run."""
    kept: set[str] = set()
    runs = 0
    for run in store.runs(source_id=source_id, limit=_LOOKED_AT):
        if run.outcome.is_good or runs == KEPT_RUNS:
            break
        if run.outcome is RunOutcome.REFUSED:
            _, details, _, _ = store.run(run.run_id)
            found = {one["sha256"] for one in details.get("held", {}).get("documents", ())}
            runs += not found <= kept
            kept |= found
    return kept


def check_undecided(store: Store, run: Run) -> None:
    """Raise SyncdError unless that run was refused, is undecided, and nothing has replaced it since."""
    if run.outcome is not RunOutcome.REFUSED:
        raise SyncdError(
            f"run {run.run_id} ended as {run.outcome}; only refused runs are decided",
            where=run.source_id,
            fix="List refused runs with 'syncd runs'.",
            code="not_refused",
        )
    for decision in store.decisions(run_id=run.run_id):
        raise SyncdError(
            f"run {run.run_id} was decided before ({decision.kind} by {decision.decided_by})",
            where=run.source_id,
            fix="A decision is never changed; decide the next refused run.",
            code="already_decided",
        )
    last_good = store.source_state(run.source_id).last_good_run_id
    if last_good is not None and last_good > run.run_id:
        raise SyncdError(
            f"run {last_good} was good and is newer than run {run.run_id}",
            where=run.source_id,
            fix="Nothing to do: the portal has sent something acceptable since.",
            code="run_superseded",
        )


@dataclass(frozen=True, slots=True)
class HeldSession:
    """Stands in for a session: nothing is fetched, the documents are those of the refused run."""

    source_id: str
    documents: tuple[Document, ...]
    kept: tuple[DocumentNote, ...]
    declared: int | None
    issues: tuple[Issue, ...] = ()
    incomplete_reason: str = ""

    def notes(self) -> tuple[DocumentNote, ...]:
        """Return the notes of the refused run's documents."""
        return self.kept

    @classmethod
    def of(
        cls, run: Run, details: Mapping[str, Any], bodies: Path, ledger: Path | None = None
    ) -> HeldSession:
        """Rebuild the documents of a refused run; raises NotFound when a body is gone.

        ``bodies`` is the folder of kept bodies; the notes name places below it. Where a ledger lives on, it
        holds what was refused: raises SyncdError ``run_superseded`` when it has gone on since.
        """
        held = details.get("held") or {}
        if ledger is not None:
            if position_of(ledger) != held.get("position"):
                raise _gone_on(run)
            return cls(run.source_id, (), (), held.get("declared"))
        documents, notes = [], []
        for one in held.get("documents", ()):
            note = DocumentNote(**{name: one[name] for name in DocumentNote.__slots__})
            path = bodies / note.stored_path
            if not path.is_file() or path.stat().st_size != note.size:
                raise _gone(run)
            notes.append(note)
            documents.append(
                Document(
                    name=note.name,
                    path=path,
                    url=one["url"],
                    sha256=note.sha256,
                    size=note.size,
                    content_type=note.content_type,
                    charset=note.charset,
                    etag=note.etag,
                    last_modified=note.last_modified,
                    framed=one["framed"],
                    context=one["context"],
                )
            )
        if not documents:
            raise _gone(run)
        return cls(run.source_id, tuple(documents), tuple(notes), held.get("declared"))


def _gone_on(run: Run) -> SyncdError:
    return SyncdError(
        f"the portal has sent further changes since run {run.run_id}",
        where=run.source_id,
        fix=f"Decide the newest refused run, or fetch and accept: syncd sync {run.source_id} "
        "--accept-loss 'reason'.",
        code="run_superseded",
    )


def _gone(run: Run) -> NotFound:
    return NotFound(
        f"the bodies of run {run.run_id} are no longer kept",
        where=run.source_id,
        fix=f"Fetch anew and accept: syncd sync {run.source_id} --accept-loss 'reason'.",
        code="bodies_gone",
    )
