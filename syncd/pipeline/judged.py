"""Between the rule of acceptance and the store: facts in, counts and verdict out.

Pure; must not know how anything is fetched or stored.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from syncd.model.run import RunCounts
from syncd.pipeline.ports import Verdict
from syncd.rules.accept import Judgement, SnapshotFacts

if TYPE_CHECKING:
    from syncd.model.issue import Issue
    from syncd.pipeline.held import HeldSession
    from syncd.pipeline.history import SourceHistory
    from syncd.pipeline.ports import SnapshotDelta, StagedSnapshot
    from syncd.pipeline.registry import SourcePlan
    from syncd.pipeline.workers import RunSession
    from syncd.sdk.connector import Document

KEPT_ISSUES = 1_000


def counts_of(
    staged: StagedSnapshot, delta: SnapshotDelta, judgement: Judgement, held_back: int
) -> RunCounts:
    """Return what a run saw and did; ``held_back`` records were listed and not taken."""
    return RunCounts(
        received=staged.received,
        unchanged=delta.unchanged,
        added=delta.added,
        changed=delta.changed - held_back,
        # Of a refused snapshot: what would have been lost.
        withdrawn=judgement.leaving if judgement.outcome.is_good else delta.withdrawn,
        quarantined=staged.quarantined + held_back,
        issues=sum(staged.issue_counts.values()),
        bytes_read=staged.bytes_read,
    )


def with_history(facts: SnapshotFacts, history: SourceHistory, now: datetime) -> SnapshotFacts:
    """Add what earlier runs say to the facts of a snapshot."""
    since = history.refused_since
    insists = since is not None and not history.rejected
    return replace(
        facts,
        usual=history.received,
        last_stated_at=history.stated_at,
        last_identity=history.identity,
        repeats=history.refused_same if insists else 0,
        held_for=now - since if since is not None else timedelta(0),
    )


def verdict_of(judgement: Judgement, leave_at_most: int) -> Verdict:
    """Return the verdict for the store; ``leave_at_most`` bounds the withdrawals of one run."""
    return Verdict(
        judgement.outcome,
        judgement.withdraw,
        judgement.code,
        judgement.reason,
        judgement.fix,
        grace=judgement.grace,
        withdraw_at_most=None if judgement.waived else leave_at_most,
        waived=judgement.waived,
    )


def facts_of(
    plan: SourcePlan,
    session: RunSession | HeldSession,
    documents: list[Document],
    staged: StagedSnapshot,
    delta: SnapshotDelta,
) -> SnapshotFacts:
    """Return what the rule looks at, without what earlier runs say."""
    declared = session.declared if session.declared is not None else staged.declared_total
    framed = all(document.framed for document in documents)
    proven = declared is not None if plan.total_required else plan.proves_completeness and framed
    return SnapshotFacts(
        stored=delta.stored,
        received=staged.received,
        added=delta.added,
        changed=delta.changed,
        withdrawn=delta.withdrawn,
        quarantined=staged.quarantined,
        confirmed=delta.confirmed,
        due=delta.due,
        withdrawn_recently=delta.withdrawn_recently,
        proven_complete=proven,
        declared=declared,
        declared_tolerance=plan.total_tolerance,
        incomplete_reason=session.incomplete_reason or staged.incomplete_reason,
        stated_at=staged.stated_at,
        identity=staged.identity,
        statements=staged.statements,
    )


def details_of(staged: StagedSnapshot, delta: SnapshotDelta, judgement: Judgement) -> dict[str, Any]:
    """Return what a run keeps of its snapshot beside the counts."""
    details: dict[str, Any] = {
        "snapshot": staged.digest,
        "stored_before": delta.stored,
        "rewritten": delta.rewritten,
    }
    if staged.quarantine:
        details["quarantine"] = staged.quarantine
    if delta.examples_withdrawn:
        details["examples_absent"] = list(delta.examples_withdrawn)
    if judgement.withdraw:
        details["missing"] = delta.withdrawn - judgement.leaving
    if delta.returned:
        details["returned"] = delta.returned
    if judgement.waived:
        details["limits_waived"] = True
    return details


def issues_of(
    session: RunSession | HeldSession | None,
    staged: StagedSnapshot | None,
    findings: tuple[Issue, ...] = (),
) -> tuple[tuple[Issue, ...], dict[str, int]]:
    """Return the findings a run keeps, and how often each code occurred."""
    listing = session.issues if session else ()
    counts = Counter(issue.code for issue in listing)
    kept = list(listing)
    counts.update(issue.code for issue in findings)
    kept.extend(findings)
    if staged is not None:
        counts.update(staged.issue_counts)
        kept.extend(staged.issues)
    return tuple(kept[:KEPT_ISSUES]), dict(counts)
