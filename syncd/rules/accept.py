"""May this snapshot replace the last one?

A record disappears only if the listing is provably complete, the snapshot is not empty and the loss is small.
Figures: fault study §4 (per run: more than both 5 records and 10 %; more than twice the records is suspicious
too). Everything else is refused whole, and the last good snapshot stays published with its age.
"""

from __future__ import annotations

from dataclasses import dataclass

from syncd.model.run import RunOutcome


@dataclass(frozen=True, slots=True)
class AcceptLimits:
    """Limits of one source; a loss must exceed both figures to be refused."""

    max_loss_records: int = 5
    max_loss_percent: float = 10.0
    max_growth_percent: float = 200.0
    """A bucket may grow to this share of its size in one run (200 = twice)."""
    growth_free_records: int = 200
    """Growth up to this many records is never refused: small sources grow in steps."""
    max_quarantined_percent: float = 5.0


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """What the rule looks at, in records.

    ``proven_complete`` is the connector's proof; ``declared`` the total the portal announced, if it did;
    ``full`` is False for a delta snapshot, in which absence means nothing.
    """

    stored: int
    received: int
    added: int
    changed: int
    withdrawn: int
    quarantined: int
    full: bool = True
    proven_complete: bool = True
    declared: int | None = None
    declared_tolerance: int = 0
    incomplete_reason: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Outcome with its reason. ``withdraw`` False: new and changed records go in, absent ones stay."""

    outcome: RunOutcome
    withdraw: bool
    code: str = ""
    reason: str = ""
    fix: str = ""


_DECIDE = "If the loss is real, accept it: syncd sync SOURCE --accept-loss 'reason'."


def accept(facts: SnapshotFacts, limits: AcceptLimits, *, loss_accepted: bool = False) -> Judgement:
    """Judge a snapshot. ``loss_accepted``: an operator has allowed this loss, with a reason kept elsewhere.

    An operator can allow a loss or a growth, never an incomplete listing.
    """
    for check in (_unreadable, _incomplete):
        judgement = check(facts, limits)
        if judgement is not None:
            return judgement
    if not loss_accepted:
        for check in (_empty, _shrunken, _grown):
            judgement = check(facts, limits)
            if judgement is not None:
                return judgement
    kept = _why_nothing_is_withdrawn(facts)
    withdraw = facts.full and facts.withdrawn > 0 and not kept
    if facts.added + facts.changed == 0 and not withdraw:
        if kept and facts.withdrawn:
            return Judgement(RunOutcome.UNCHANGED, withdraw=False, code="absent_records_kept", reason=kept)
        return Judgement(
            RunOutcome.UNCHANGED, withdraw=False, code="unchanged", reason="Nothing has changed."
        )
    if kept and facts.withdrawn:
        return Judgement(
            RunOutcome.ACCEPTED, withdraw=False, code="accepted_absent_records_kept", reason=kept
        )
    return Judgement(
        RunOutcome.ACCEPTED, withdraw=withdraw, code="accepted", reason="The snapshot replaced the last one."
    )


def _why_nothing_is_withdrawn(facts: SnapshotFacts) -> str:
    """Return why absent records stay although the snapshot is good, or an empty text."""
    if facts.full and not facts.proven_complete:
        return "The portal gives no proof that the listing is complete, so absent records stay."
    if facts.full and facts.quarantined:
        return (
            f"{facts.quarantined} records could not be used and may be among the {facts.withdrawn} absent, "
            "so absent records stay until the findings are corrected at the source."
        )
    return ""


def _refused(code: str, reason: str, fix: str) -> Judgement:
    return Judgement(RunOutcome.REFUSED, withdraw=False, code=code, reason=reason, fix=fix)


def _unreadable(facts: SnapshotFacts, limits: AcceptLimits) -> Judgement | None:
    total = facts.received
    if (
        facts.quarantined
        and total
        and 100 * facts.quarantined > limits.max_quarantined_percent * total
        and facts.quarantined > 1
    ):
        return _refused(
            "too_many_unusable",
            f"{facts.quarantined} of {total} records could not be used "
            f"(limit {limits.max_quarantined_percent:g} %).",
            "Look at the run's findings; the portal's format has probably changed.",
        )
    return None


def _incomplete(facts: SnapshotFacts, _limits: AcceptLimits) -> Judgement | None:
    if facts.incomplete_reason:
        return _refused(
            "incomplete_listing",
            f"The listing is incomplete: {facts.incomplete_reason}",
            "Nothing to do now: the next run tries again. If it stays, ask the portal's operator.",
        )
    if facts.declared is not None and abs(facts.declared - facts.received) > facts.declared_tolerance:
        return _refused(
            "declared_total_missed",
            f"The portal announced {facts.declared} records, {facts.received} arrived.",
            "Nothing to do now: the next run tries again. If it stays, ask the portal's operator.",
        )
    return None


def _empty(facts: SnapshotFacts, _limits: AcceptLimits) -> Judgement | None:
    if facts.full and facts.received == 0 and facts.stored > 0:
        return _refused(
            "empty_snapshot",
            f"The portal answered with an empty list; before, it had {facts.stored} records.",
            "Ask the portal's operator. An empty list never replaces data by itself. " + _DECIDE,
        )
    if facts.full and facts.received == 0:
        return _refused(
            "empty_snapshot",
            "The portal answered with an empty list.",
            "Check the address and the regions in the source's settings.",
        )
    return None


def _shrunken(facts: SnapshotFacts, limits: AcceptLimits) -> Judgement | None:
    if not (facts.full and facts.proven_complete):
        return None
    share = 100 * facts.withdrawn / facts.stored if facts.stored else 0.0
    if facts.withdrawn > limits.max_loss_records and share > limits.max_loss_percent:
        return _refused(
            "snapshot_shrunken",
            f"{facts.withdrawn} of {facts.stored} records ({share:.0f} %) are missing; "
            f"allowed in one run: {limits.max_loss_records} records or {limits.max_loss_percent:g} %.",
            "Compare with the portal. " + _DECIDE,
        )
    return None


def _grown(facts: SnapshotFacts, limits: AcceptLimits) -> Judgement | None:
    after = facts.stored + facts.added
    if (
        facts.stored
        and facts.added > limits.growth_free_records
        and 100 * after > limits.max_growth_percent * facts.stored
    ):
        return _refused(
            "snapshot_grown",
            f"The portal suddenly lists {facts.added} new records beside {facts.stored} known ones "
            f"(limit {limits.max_growth_percent:g} %).",
            "Compare with the portal. If the growth is real, accept it: "
            "syncd sync SOURCE --accept-loss 'reason'.",
        )
    return None
