"""What a run would bring, without running it: mapped records, findings, rejected values, verdict, difference.

For the person who writes a profile or a source file. Reads only: of the store it knows nothing but methods
that read (:class:`PreviewStore`), and everything on disk lies in a folder the caller throws away. Must not
know how anything is fetched or shown.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from syncd.errors import SourceFormatError
from syncd.pipeline.codec import decode_claims
from syncd.pipeline.judged import facts_of, issues_of, with_history
from syncd.pipeline.workers import ParseJob
from syncd.rules.accept import accept
from syncd.rules.evidence import grade
from syncd.rules.merge import as_filed
from syncd.rules.withdraw import Grace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from syncd.model.issue import Issue
    from syncd.model.record import Claim
    from syncd.pipeline.history import SourceHistory
    from syncd.pipeline.ports import SnapshotDelta, StagedSnapshot
    from syncd.pipeline.registry import Registry, SourcePlan
    from syncd.pipeline.workers import ParseWorker, RunSession
    from syncd.sdk.connector import Document

_AREAS_SHOWN = 20


class PreviewStore(Protocol):
    """The only methods of a store a preview may call: all of them read."""

    def write_known_hashes(self, source_id: str, path: Path) -> int:
        """Write the raw hashes of the live records into a file of the caller's."""

    def preview(
        self, snapshot: StagedSnapshot, *, now: datetime | None = None, grace: Grace = ..., after_run: int = 0
    ) -> SnapshotDelta:
        """Compare a staged snapshot with the bucket."""

    def history(self, source_id: str, digest: str) -> SourceHistory:
        """Return what earlier runs say."""


@dataclass(frozen=True, slots=True)
class PreviewChannel:
    """One way to a service with the rung it reaches and the rule that says so."""

    kind: str
    url: str | None
    label: str | None
    evidence: str
    rule: str


@dataclass(frozen=True, slots=True)
class PreviewRecord:
    """One record as it would be published. ``areas`` are the first twenty of ``area_count``."""

    native_id: str
    title: str
    service_keys: tuple[str, ...]
    areas: tuple[str, ...]
    area_count: int
    authority: str | None
    kind: str
    channels: tuple[PreviewChannel, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preview:
    """What was fetched and what it would mean.

    ``partial``: the connector had more to fetch and was stopped, so that absences are not counted and the
    verdict holds for this part alone. ``rejected`` are the first of the ``rejected_count`` records
    that could not be used, with their bytes.
    """

    source_id: str
    documents: tuple[Mapping[str, Any], ...]
    partial: bool
    received: int
    records: tuple[PreviewRecord, ...]
    more_records: int
    rejected: tuple[Mapping[str, Any], ...]
    rejected_count: int
    issues: tuple[Issue, ...]
    issue_counts: Mapping[str, int]
    outcome: str
    code: str
    reason: str
    fix: str
    stored: int
    added: int
    changed: int
    unchanged: int
    absent: int
    examples_absent: tuple[str, ...]


@dataclass(slots=True)
class Previewer:
    """Use case: look at what a source would bring. ``workdir`` is thrown away by the caller."""

    store: PreviewStore
    worker: ParseWorker
    registry: Registry
    workdir: Path
    now: datetime

    async def preview(
        self, plan: SourcePlan, session: RunSession, *, pages: int | None, limit: int
    ) -> Preview:
        """Fetch ``pages`` documents (None: all), stage and judge them; shows up to ``limit`` records.

        Raises what a run would raise: the portal does not answer, the document is broken.
        """
        documents, partial = await _some(plan, session, pages)
        if not documents:
            raise SourceFormatError("the connector yielded no document", code="no_documents")
        staged = await self._stage(plan, documents)
        grace = Grace(plan.limits.grace_runs, plan.limits.grace)
        delta = await asyncio.to_thread(self.store.preview, staged, now=self.now, grace=grace)
        history = await asyncio.to_thread(self.store.history, plan.source_id, staged.digest)
        facts = with_history(facts_of(plan, session, documents, staged, delta), history, self.now)
        if partial:
            # A part of the listing says nothing about what is not in it.
            facts = replace(
                facts, withdrawn=0, confirmed=0, due=0, declared=None, usual=(), incomplete_reason=""
            )
        judged = accept(facts, plan.limits)
        issues, issue_counts = issues_of(session, staged)
        records = await asyncio.to_thread(_records, plan.source_id, staged, limit)
        total = staged.received - staged.quarantined
        return Preview(
            source_id=plan.source_id,
            documents=tuple(_document(document) for document in documents),
            partial=partial,
            received=staged.received,
            records=records,
            more_records=max(0, total - len(records)),
            rejected=await asyncio.to_thread(_rejected, staged, limit),
            rejected_count=staged.quarantined,
            issues=issues,
            issue_counts=issue_counts,
            outcome=judged.outcome.value,
            code=judged.code,
            reason=judged.reason,
            fix=judged.fix,
            stored=delta.stored,
            added=delta.added,
            changed=delta.changed,
            unchanged=delta.unchanged,
            absent=0 if partial else delta.withdrawn,
            examples_absent=() if partial else delta.examples_withdrawn,
        )

    async def _stage(self, plan: SourcePlan, documents: Sequence[Document]) -> StagedSnapshot:
        hashes, areas = self.workdir / "known.hashes", self.workdir / "areas.json"
        await asyncio.to_thread(self.store.write_known_hashes, plan.source_id, hashes)
        await asyncio.to_thread(areas.write_bytes, self.registry.areas.index.to_json())
        job = ParseJob.of(
            plan,
            documents,
            known_hashes=hashes,
            known_areas=areas,
            workdir=self.workdir,
            # Everything is read, so that everything can be shown.
            reparse=True,
            quarantine=self.workdir / "rejected" / "run-0.ndjson",
        )
        return await self.worker.stage(job)


class _EnoughError(BaseException):
    """Stops a connector that wants to fetch more than was asked for; no ``except`` of its own catches it."""


class _Bounded:
    """A session that fetches nothing more once enough documents have been yielded."""

    def __init__(self, session: RunSession) -> None:
        self._session = session
        self.enough = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - everything else is the session's
        return getattr(self._session, name)

    async def fetch(self, *arguments: Any, **named: Any) -> Document:  # noqa: ANN401 - handed on as they are
        if self.enough:
            raise _EnoughError
        return await self._session.fetch(*arguments, **named)


async def _some(plan: SourcePlan, session: RunSession, pages: int | None) -> tuple[list[Document], bool]:
    """Let the connector fetch up to so many documents, and tell whether it wanted more."""
    documents: list[Document] = []
    bounded = _Bounded(session)
    try:
        async with aclosing(plan.connector.documents(bounded)) as found:
            async for document in found:
                if bounded.enough:
                    return documents, True
                documents.append(document)
                bounded.enough = pages is not None and len(documents) >= pages
    except _EnoughError:
        return documents, True
    return documents, False


def _records(source_id: str, staged: StagedSnapshot, limit: int) -> tuple[PreviewRecord, ...]:
    shown: list[PreviewRecord] = []
    for record in staged.records():
        if len(shown) >= limit:
            break
        claims = decode_claims(source_id, record.payload)
        if claims:
            shown.append(_record(claims))
    return tuple(shown)


def _record(claims: Sequence[Claim]) -> PreviewRecord:
    areas = sorted({claim.area.code for claim in claims})
    channels = dict.fromkeys(channel for claim in claims for channel in claim.channels)
    first = claims[0]
    return PreviewRecord(
        native_id=first.native_id,
        title=first.title,
        service_keys=tuple(sorted({claim.service_key.value for claim in claims})),
        areas=tuple(areas[:_AREAS_SHOWN]),
        area_count=len(areas),
        authority=next((claim.authority for claim in claims if claim.authority), None),
        kind=first.kind.value,
        channels=tuple(
            PreviewChannel(c.kind.value, c.url, c.label, graded.evidence.label, graded.rule)
            for c in channels
            for graded in (as_filed(grade(c), first.service_key, (first.title,)),)
        ),
        facts=dict(first.facts),
    )


def _rejected(staged: StagedSnapshot, limit: int) -> tuple[Mapping[str, Any], ...]:
    if not staged.quarantine:
        return ()
    with Path(staged.quarantine).open("rb") as lines:
        return tuple(orjson.loads(line) for line in islice(lines, limit))


def _document(document: Document) -> Mapping[str, Any]:
    return {
        "name": document.name,
        "url": document.url,
        "bytes": document.size,
        "content_type": document.content_type,
        "framed": document.framed,
    }
