"""Ingest one source: fetch, parse, judge, store (T1). Ends in one of the four outcomes, always with a reason.

Network first, database last: no unit of work is open while the portal is asked. Whatever happens, the last
good snapshot stays published; a run that was cut off is marked ``interrupted`` and repeated.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from syncd.errors import InvariantViolated, NotFound, SourceFormatError, SyncdError
from syncd.model.run import RunCounts, RunOutcome
from syncd.pipeline.asking import documents_of
from syncd.pipeline.concealment import Concealment
from syncd.pipeline.held import HeldSession, check_undecided, held_bodies, keep_held
from syncd.pipeline.history import Decision
from syncd.pipeline.judged import (
    KEPT_ISSUES,
    counts_of,
    details_of,
    facts_of,
    issues_of,
    verdict_of,
    with_history,
)
from syncd.pipeline.likeness import above_expected, claims_outside, finds, moves, reused_ids
from syncd.pipeline.reading import Reading, conditions_of, forget_other_ledgers, ledger_of, mapping_of
from syncd.pipeline.reports import report_run
from syncd.pipeline.workers import ParseJob
from syncd.rules.accept import accept
from syncd.rules.identity import is_in_future
from syncd.rules.withdraw import Grace

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import datetime

    from syncd.model.issue import Issue
    from syncd.model.run import Run, SourceState
    from syncd.pipeline.ports import StagedSnapshot, Store
    from syncd.pipeline.registry import Registry, SourcePlan
    from syncd.pipeline.workers import ParseWorker, RunSession, SessionFactory
    from syncd.sdk.connector import Document

_log = structlog.get_logger(__name__)
_REPEATED = "Nothing to do: the source is run again."
_REPORT = "Report this with the log lines of the run; the source is run again at its next turn."


@dataclass(slots=True)
class Ingest:
    """Use case: bring one source up to date. Runs of one source never overlap."""

    store: Store
    worker: ParseWorker
    sessions: SessionFactory
    registry: Registry
    clock: Callable[[], datetime]
    workroot: Path
    quarantine: Path | None = None
    """Folder in which the bytes of unusable records outlive their run; None keeps none."""
    bodies: Path | None = None
    """Folder of the kept bodies, from which a refused snapshot can still be accepted; None: it cannot."""
    ledgers: Path | None = None
    """Folder of the ledgers that live on; None: each run begins with an empty one."""
    operator: str = ""
    """Who decides when somebody decides: the user this process runs as."""
    secrets: Callable[[], tuple[str, ...]] = tuple
    """Returns the secrets of the configuration, so that no portal can make us publish them."""
    _locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def sync(self, source_id: str, *, trigger: str = "schedule", accept_loss: str = "") -> Run:
        """Run one source and return the ended run.

        ``accept_loss`` is an operator's reason for accepting a loss or growth that the limits refuse. Raises
        NotFound for an unknown source and StorageError when the run itself cannot be recorded; everything
        else ends in the run's outcome.
        """
        plan = self.registry.plan(source_id)
        async with self._locks[source_id]:
            run_id = await asyncio.to_thread(
                self.store.open_run, source_id, trigger=trigger, now=self.clock()
            )
            with structlog.contextvars.bound_contextvars(run_id=run_id, source=source_id):
                attempt = _Attempt(self, plan, run_id, accept_loss)
                await self._attempt(attempt, attempt.go())
                run, *_ = await asyncio.to_thread(self.store.run, run_id)
                if accept_loss and run.outcome.is_good:
                    await self._record(run, "accept_loss", accept_loss)
                report_run(run)
                return run

    async def decide(self, run_id: int, *, accept: bool, reason: str) -> Run:
        """Accept or reject exactly the snapshot a run refused; returns the run that stored it, or that run.

        Nothing is fetched. Raises NotFound (``bodies_gone``, or no such run or source) and SyncdError
        (``not_refused``, ``already_decided``, ``run_superseded``).
        """
        run, details, *_ = await asyncio.to_thread(self.store.run, run_id)
        source_id = run.source_id
        async with self._locks[source_id]:
            await asyncio.to_thread(check_undecided, self.store, run)
            if not accept:
                await self._record(run, "reject", reason)
                return run
            plan = self.registry.plan(source_id)
            if self.bodies is None:
                raise InvariantViolated("deciding needs the folder of kept answers", where="ingest")
            session = await asyncio.to_thread(
                HeldSession.of, run, details, self.bodies, ledger_of(plan, self.ledgers)
            )
            new_id = await asyncio.to_thread(
                self.store.open_run, source_id, trigger="decision", now=self.clock()
            )
            attempt = _Attempt(self, plan, new_id, reason)
            await self._attempt(attempt, attempt.judge(session, list(session.documents)))
            new_run, *_ = await asyncio.to_thread(self.store.run, new_id)
            if new_run.outcome.is_good:
                await self._record(run, "accept", reason)
            report_run(new_run)
            return new_run

    async def retire(self, source_id: str, *, reason: str) -> int:
        """Withdraw everything a source said, for good; only when it is no longer configured.

        Returns the number of records. Raises NotFound for a source that never ran, SyncdError for one that
        is configured.
        """
        if source_id in self.registry.sources:
            raise SyncdError(
                f"source '{source_id}' is configured",
                where=source_id,
                fix="Remove its file first; a disabled source keeps its data on purpose.",
                code="source_configured",
            )
        async with self._locks[source_id]:
            states = await asyncio.to_thread(self.store.source_states)
            if source_id not in states:
                raise NotFound(f"no source '{source_id}' ever ran", code="unknown_source")
            run_id = await asyncio.to_thread(
                self.store.open_run, source_id, trigger="retire", now=self.clock()
            )
            count = await asyncio.to_thread(self.store.retire_source, source_id, run_id, now=self.clock())
            if self.ledgers is not None:
                await asyncio.to_thread(shutil.rmtree, self.ledgers / source_id, ignore_errors=True)
            await asyncio.to_thread(
                self.store.close_run,
                run_id,
                outcome=RunOutcome.UNCHANGED,
                now=self.clock(),
                counts=RunCounts(withdrawn=count),
                code="source_retired",
                reason=f"The source was retired: {reason}",
            )
            run, *_ = await asyncio.to_thread(self.store.run, run_id)
            await self._record(run, "retire", reason)
            return count

    async def _record(self, run: Run, kind: str, reason: str) -> None:
        decision = Decision(run.source_id, run.run_id, kind, reason, self.operator, self.clock())
        await asyncio.to_thread(self.store.decide, decision)

    async def _attempt(self, attempt: _Attempt, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except asyncio.CancelledError as error:
            # Who ends a run for a reason of its own says so; a stop of the program says nothing.
            told = str(error)
            await asyncio.shield(
                attempt.close(
                    RunOutcome.INTERRUPTED,
                    code="interrupted",
                    reason=told or "The run was cut off by a stop; it is repeated.",
                    fix=_REPORT if told else _REPEATED,
                )
            )
            raise
        except SyncdError as error:
            await attempt.close(RunOutcome.FAILED, code=error.code, reason=_sentence(error), fix=error.fix)
        except Exception:  # noqa: BLE001 - one broken connector must not stop the others
            _log.exception("run_crashed")
            bug = InvariantViolated("the run ended in an unexpected error; details are in the log")
            await attempt.close(RunOutcome.FAILED, code=bug.code, reason=bug.message, fix=bug.fix)


def _sentence(error: SyncdError) -> str:
    return f"{error.where}: {error.message}" if error.where else error.message


@dataclass(slots=True)
class _Attempt:
    """One run of one source, from the first request to the end of T1."""

    ingest: Ingest
    plan: SourcePlan
    run_id: int
    accept_loss: str
    before: Reading | None = None
    """How the stored records were read; None before the first good run."""

    async def go(self) -> None:
        """Fetch, stage, judge, store."""
        store, plan = self.ingest.store, self.plan
        notes = await asyncio.to_thread(store.documents, plan.source_id)
        session = self.ingest.sessions(plan, notes)
        documents = await documents_of(plan, session)
        silent = not documents and plan.keeps_ledger and session.said_nothing_new
        if not (documents or silent):
            message = "the connector yielded no document"
            raise SourceFormatError(message, code="no_documents")
        state = await asyncio.to_thread(store.source_state, plan.source_id)
        before = self.before = await asyncio.to_thread(self._last_reading, state.last_good_run_id)
        reparse = before is not None and before.conditions != conditions_of(plan, self.ingest.registry)
        # The bytes of changes do not tell what they follow; a ledger ahead of the store has something to say.
        same = session.all_unchanged and not plan.keeps_ledger
        if silent:
            same = before is not None and before.position == session.position
        # While records are missing or held back, the same answer once more has something to say.
        if same and not session.incomplete_reason and self._settled(documents, state, reparse=reparse):
            await self.close(
                RunOutcome.UNCHANGED,
                session=session,
                code="unchanged",
                reason="The portal has no change since the last good run."
                if silent
                else "The portal's answers are byte for byte those of the last good run.",
                details=before.details if before else None,
                counts=RunCounts(received=state.records, unchanged=state.records),
            )
            return
        await self.judge(session, documents, reparse=reparse)
        keep = await asyncio.to_thread(held_bodies, store, plan.source_id)
        await asyncio.to_thread(session.prune, keep)
        await asyncio.to_thread(forget_other_ledgers, ledger_of(plan, self.ingest.ledgers))

    def _settled(self, documents: list[Document], state: SourceState, *, reparse: bool) -> bool:
        before = self.before
        if before is None or reparse or state.missing or self.accept_loss or before.held_back:
            return False
        # The same bytes say more once they are known to be all there are.
        return not (before.unproven and all(document.framed for document in documents))

    async def judge(
        self, session: RunSession | HeldSession, documents: list[Document], *, reparse: bool = False
    ) -> None:
        """Stage the documents, judge what they hold, and store it or not."""
        workdir = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="run-", dir=self.ingest.workroot))
        try:
            staged = await self._stage(
                documents, workdir, reparse=reparse, incomplete=bool(session.incomplete_reason)
            )
            await self._decide(session, documents, staged, reparse=reparse)
        finally:
            await asyncio.to_thread(shutil.rmtree, workdir, ignore_errors=True)

    def _last_reading(self, last_good_run_id: int | None) -> Reading | None:
        if last_good_run_id is None:
            return None
        _, details, _, _ = self.ingest.store.run(last_good_run_id)
        return Reading.of(details, mapping_of(self.plan))

    async def _stage(
        self, documents: list[Document], workdir: Path, *, reparse: bool, incomplete: bool
    ) -> StagedSnapshot:
        plan, registry = self.plan, self.ingest.registry
        hashes, areas = workdir / "known.hashes", workdir / "areas.json"
        await asyncio.to_thread(self.ingest.store.write_known_hashes, plan.source_id, hashes)
        await asyncio.to_thread(areas.write_bytes, registry.areas.index.to_json())
        ledger = ledger_of(plan, self.ingest.ledgers)
        if ledger is not None:
            await asyncio.to_thread(ledger.parent.mkdir, parents=True, exist_ok=True)
        job = ParseJob.of(
            plan,
            documents,
            known_hashes=hashes,
            known_areas=areas,
            workdir=workdir,
            reparse=reparse,
            ledger=ledger,
            incomplete=incomplete,
            quarantine=self._quarantine(),
        )
        return await self.ingest.worker.stage(job)

    def _quarantine(self) -> Path | None:
        root = self.ingest.quarantine
        return root / self.plan.source_id / f"run-{self.run_id}.ndjson" if root else None

    async def _decide(
        self,
        session: RunSession | HeldSession,
        documents: list[Document],
        staged: StagedSnapshot,
        *,
        reparse: bool,
    ) -> None:
        store, limits = self.ingest.store, self.plan.limits
        now = self.ingest.clock()
        history = await asyncio.to_thread(store.history, self.plan.source_id, staged.digest)
        delta = await asyncio.to_thread(
            store.preview,
            staged,
            now=now,
            grace=Grace(limits.grace_runs, limits.grace),
            after_run=history.waived_run_id,
        )
        facts = with_history(facts_of(self.plan, session, documents, staged, delta), history, now)
        if reparse:
            # The operator may just have told the connector to ask for another region.
            reread = self.before is not None and self.before.mapping != mapping_of(self.plan)
            facts = replace(facts, last_identity="", reread=reread)
        if self.before is not None:
            facts = replace(facts, last_statements=self.before.statements)
        reused = () if self.accept_loss else await asyncio.to_thread(reused_ids, store, staged, delta)
        facts = replace(facts, changed=facts.changed - len(reused))
        judgement = accept(facts, limits, loss_accepted=bool(self.accept_loss))
        ahead = is_in_future(staged.stated_at, now)
        counts = counts_of(staged, delta, judgement, len(reused))
        reading = Reading(
            conditions_of(self.plan, self.ingest.registry),
            mapping_of(self.plan),
            unproven=delta.withdrawn > 0 and not facts.proven_complete,
            position=staged.position,
            statements=staged.statements,
        )
        details = {**reading.details, **details_of(staged, delta, judgement)}
        if self.accept_loss:
            details["loss_accepted_because"] = self.accept_loss
        moved = await asyncio.to_thread(moves, store, staged, delta)
        if moved:
            details["moves"] = [{"from": old, "to": new} for old, new in moved]
        if reused:
            details["held_back"] = [one.native_id for one in reused[:KEPT_ISSUES]]
        if judgement.outcome is RunOutcome.REFUSED:
            # A ledger that lives on holds what was refused; its documents would only repeat it.
            kept = [] if self.plan.keeps_ledger else documents
            details["held"] = keep_held(session, kept, delta, staged.position)
        alarms = tuple(claims_outside(staged))
        for alarm in alarms:
            _log.warning(alarm.code, reason=alarm.message, fix=alarm.fix)
        findings = (
            *finds(delta, reused, staged.stated_at if ahead else None),
            *above_expected(staged.received, self.plan.about.expected_maximum),
            *alarms,
        )
        verdict = replace(
            verdict_of(judgement, limits.leave_at_most(delta.stored)),
            stated_at=None if ahead else staged.stated_at,
            identity=staged.identity,
            held_back=frozenset(one.native_id for one in reused),
            moves=tuple(moved),
        )
        # A refused snapshot is never stored, not even where only bytes were rewritten.
        touches_bucket = judgement.outcome.is_good and (
            judgement.withdraw
            or delta.returned
            or delta.rewritten
            or (verdict.stated_at, verdict.identity) != (history.stated_at, history.identity)
        )
        if judgement.outcome is RunOutcome.ACCEPTED or touches_bucket:
            issues, issue_counts = self._issues(session, staged, findings)
            await asyncio.to_thread(
                store.apply_snapshot,
                self.run_id,
                staged,
                delta=delta,
                verdict=verdict,
                counts=counts,
                issues=issues,
                issue_counts=issue_counts,
                now=now,
                documents=session.notes(),
                details=details,
            )
            return
        await self.close(
            judgement.outcome,
            session=session,
            staged=staged,
            findings=findings,
            code=judgement.code,
            reason=judgement.reason,
            fix=judgement.fix,
            counts=counts,
            details=details,
        )

    async def close(
        self,
        outcome: RunOutcome,
        *,
        code: str,
        reason: str,
        fix: str = "",
        session: RunSession | HeldSession | None = None,
        staged: StagedSnapshot | None = None,
        findings: tuple[Issue, ...] = (),
        counts: RunCounts = RunCounts(),
        details: dict[str, Any] | None = None,
    ) -> None:
        """End a run that changed no record."""
        conceal = Concealment.of(self.ingest.secrets())
        issues, issue_counts = self._issues(session, staged, findings)
        await asyncio.to_thread(
            self.ingest.store.close_run,
            self.run_id,
            outcome=outcome,
            now=self.ingest.clock(),
            counts=counts,
            code=code,
            reason=conceal.text(reason),
            fix=conceal.text(fix),
            issues=issues,
            issue_counts=issue_counts,
            details=details or {},
            documents=session.notes() if session and outcome.is_good else None,
        )

    def _issues(
        self,
        session: RunSession | HeldSession | None,
        staged: StagedSnapshot | None,
        findings: tuple[Issue, ...],
    ) -> tuple[tuple[Issue, ...], dict[str, int]]:
        issues, counts = issues_of(session, staged, findings)
        return Concealment.of(self.ingest.secrets()).issues(issues), counts
