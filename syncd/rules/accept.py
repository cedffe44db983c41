"""May this snapshot replace the last one?

A snapshot that would lose or gain too much, or that is not what it claims to be, is held back whole: the last
good one stays published with its age, until an operator decides or the portal repeats the same content long
enough. Figures: fault study §4. Who leaves when, of a snapshot that is taken: :mod:`syncd.rules.withdraw`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from syncd.model.run import RunOutcome
from syncd.rules.identity import is_another_feed, is_older
from syncd.rules.withdraw import NO_GRACE, Grace, leave_at_most

if TYPE_CHECKING:
    from collections.abc import Callable

REPEATS = 3
"""Runs that must bring the same content before a hold ends by itself …"""
REPEATED_FOR = timedelta(hours=72)
"""… and the time from the first to the last of them."""
REPEATED_LOSS_PERCENT = 50
"""A loss of this share or more, or an empty list, is only ever accepted by an operator."""
_USUAL_RUNS = 3


@dataclass(frozen=True, slots=True)
class AcceptLimits:
    """Limits of one source; a loss must exceed both figures to be refused."""

    max_loss_records: int = 5
    max_loss_percent: float = 10.0
    max_loss_week_percent: float = 20.0
    """Missing now and withdrawn in the last seven days together, as a share of the bucket."""
    min_usual_percent: float = 85.0
    """A listing shorter than this share of the median of the last good ones is refused."""
    max_growth_percent: float = 200.0
    """A bucket may grow to this share of its size in one run (200 = twice), and of the median."""
    growth_free_records: int = 200
    """Growth up to this many records is never refused: small sources grow in steps."""
    max_quarantined_percent: float = 5.0
    expected_minimum: int | None = None
    """Records there must be at least, as whoever set the source up knows."""
    grace_runs: int = 3
    grace: timedelta = timedelta(hours=24)

    def leave_at_most(self, stored: int) -> int:
        """Return how many of ``stored`` records may be withdrawn in one run."""
        return leave_at_most(stored, self.max_loss_records, self.max_loss_percent)


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """What the rule looks at, in records.

    ``withdrawn`` counts all live records the snapshot lacks; ``confirmed`` of them were missing before, and
    the grace of ``due`` of them is over (None: of all). ``proven_complete`` is the connector's proof;
    ``declared`` the total the portal announced, if it did. ``usual`` are the counts of the last good runs.
    ``repeats`` counts the refused runs before this one with the same content, over ``held_for``. ``reread``
    says that parser or rules are new. ``statements`` counts the competences behind the records,
    ``last_statements`` those of the last good run.
    """

    stored: int
    received: int
    added: int
    changed: int
    withdrawn: int
    quarantined: int
    proven_complete: bool = True
    declared: int | None = None
    declared_tolerance: int = 0
    incomplete_reason: str = ""
    confirmed: int = 0
    due: int | None = None
    withdrawn_recently: int = 0
    usual: tuple[int, ...] = ()
    repeats: int = 0
    held_for: timedelta = timedelta(0)
    stated_at: datetime | None = None
    last_stated_at: datetime | None = None
    identity: str = ""
    last_identity: str = ""
    reread: bool = False
    statements: int | None = None
    last_statements: int | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """Outcome with its reason.

    ``withdraw`` False: new and changed records go in, absent ones stay as they are. Otherwise absent records
    are missing, and ``leaving`` of them are withdrawn now; the others when ``grace`` is over. ``waived``: the
    limits were set aside, by an operator or because the portal insists.
    """

    outcome: RunOutcome
    withdraw: bool
    code: str = ""
    reason: str = ""
    fix: str = ""
    leaving: int = 0
    grace: Grace = NO_GRACE
    waived: bool = False


_DECIDE = "If the loss is real, accept it: syncd sync SOURCE --accept-loss 'reason'."
_RETRY = "Nothing to do now: the next run tries again. If it stays, ask the portal's operator."


def accept(facts: SnapshotFacts, limits: AcceptLimits, *, loss_accepted: bool = False) -> Judgement:
    """Judge a snapshot. ``loss_accepted``: an operator has allowed this loss, with a reason kept elsewhere.

    An operator can allow a loss, a growth or another origin, never an incomplete listing.
    """
    held = _first((_unreadable, _incomplete), facts, limits)
    if held is not None:
        return held
    if loss_accepted:
        return _taken(facts, limits, waived=True)
    held = _first(_OPERATOR_ONLY, facts, limits)
    if held is not None:
        return held
    held = _first(_ENDED_BY_REPETITION, facts, limits)
    if held is not None and not _insists(facts):
        return held
    return _taken(facts, limits, waived=held is not None, repeated=held is not None)


def _first(
    checks: tuple[Callable[[SnapshotFacts, AcceptLimits], Judgement | None], ...],
    facts: SnapshotFacts,
    limits: AcceptLimits,
) -> Judgement | None:
    return next((found for check in checks if (found := check(facts, limits)) is not None), None)


def _insists(facts: SnapshotFacts) -> bool:
    """Tell whether the portal has said the same often and long enough to be believed."""
    return (
        facts.repeats + 1 >= REPEATS
        and facts.held_for >= REPEATED_FOR
        and 100 * facts.withdrawn < REPEATED_LOSS_PERCENT * facts.stored
        and 100 * _lost_statements(facts) <= REPEATED_LOSS_PERCENT * (facts.last_statements or 0)
    )


def _taken(facts: SnapshotFacts, limits: AcceptLimits, *, waived: bool, repeated: bool = False) -> Judgement:
    """Judge a snapshot that no limit forbids: what of it counts?"""
    kept = _why_nothing_is_withdrawn(facts) if facts.withdrawn else ""
    withdraw = facts.withdrawn > 0 and not kept
    due = facts.withdrawn if facts.due is None or waived else facts.due
    leaving = due if waived else min(due, limits.leave_at_most(facts.stored))
    leaving = leaving if withdraw else 0
    grace = NO_GRACE if waived else Grace(limits.grace_runs, limits.grace)
    unchanged = facts.added + facts.changed + leaving == 0
    outcome = RunOutcome.UNCHANGED if unchanged else RunOutcome.ACCEPTED
    if kept:
        code, reason = ("" if unchanged else "accepted_") + "absent_records_kept", kept
    elif repeated:
        code, reason = "accepted_after_repeats", _why_believed(facts)
    elif unchanged and withdraw:
        code, reason = "records_missing", _who_is_missing(facts, limits)
    elif unchanged:
        code, reason = "unchanged", "Nothing has changed."
    else:
        code, reason = "accepted", "The snapshot replaced the last one."
        staying = facts.withdrawn - leaving if withdraw else 0
        if staying:
            reason += f" {_who_is_missing(facts, limits, staying)}"
    return Judgement(
        outcome, withdraw=withdraw, code=code, reason=reason, leaving=leaving, grace=grace, waived=waived
    )


def _who_is_missing(facts: SnapshotFacts, limits: AcceptLimits, number: int | None = None) -> str:
    hours = limits.grace / timedelta(hours=1)
    number = facts.withdrawn if number is None else number
    return (
        f"{number} of {facts.stored} records are no longer listed; each stays published until "
        f"{limits.grace_runs} complete listings in a row and {hours:g} hours have passed without it."
    )


def _why_believed(facts: SnapshotFacts) -> str:
    days = facts.held_for / timedelta(days=1)
    return (
        f"The portal has repeated the same content {facts.repeats + 1} times over {days:.0f} days, "
        f"so it was taken although it exceeds a limit; {facts.withdrawn} of {facts.stored} records left."
    )


def _why_nothing_is_withdrawn(facts: SnapshotFacts) -> str:
    """Return why absent records stay although the snapshot is good, or an empty text."""
    if not facts.proven_complete:
        return "The portal gives no proof that the listing is complete, so absent records stay."
    if facts.quarantined:
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
            _RETRY,
        )
    if facts.declared is not None and abs(facts.declared - facts.received) > facts.declared_tolerance:
        return _refused(
            "declared_total_missed",
            f"The portal announced {facts.declared} records, {facts.received} arrived.",
            _RETRY,
        )
    return None


def _empty(facts: SnapshotFacts, _limits: AcceptLimits) -> Judgement | None:
    if facts.received == 0 and facts.stored > 0:
        return _refused(
            "empty_snapshot",
            f"The portal answered with an empty list; before, it had {facts.stored} records.",
            "Ask the portal's operator. An empty list never replaces data by itself. " + _DECIDE,
        )
    if facts.received == 0:
        return _refused(
            "empty_snapshot",
            "The portal answered with an empty list.",
            "Check the address and the regions in the source's settings.",
        )
    return None


def _below_minimum(facts: SnapshotFacts, limits: AcceptLimits) -> Judgement | None:
    least = limits.expected_minimum
    if least is not None and facts.received < least:
        return _refused(
            "below_expected_minimum",
            f"The listing has {facts.received} records; at least {least} are expected.",
            "Compare with the portal; if it really has fewer, lower about.expected_minimum. " + _DECIDE,
        )
    return None


def _shrunken(facts: SnapshotFacts, limits: AcceptLimits) -> Judgement | None:
    if not facts.proven_complete:
        return None
    newly = facts.withdrawn - facts.confirmed
    share = 100 * newly / facts.stored if facts.stored else 0.0
    if newly > limits.max_loss_records and share > limits.max_loss_percent:
        return _refused(
            "snapshot_shrunken",
            f"{newly} of {facts.stored} records ({share:.0f} %) are missing; "
            f"allowed in one run: {limits.max_loss_records} records or {limits.max_loss_percent:g} %.",
            "Compare with the portal. " + _DECIDE,
        )
    return None


def _lost_statements(facts: SnapshotFacts) -> int:
    if facts.statements is None or facts.last_statements is None:
        return 0
    return max(0, facts.last_statements - facts.statements)


def _fewer_statements(facts: SnapshotFacts, limits: AcceptLimits) -> Judgement | None:
    """Hold a loss inside of records: who is competent where may vanish while every description stays."""
    lost, before = _lost_statements(facts), facts.last_statements or 0
    share = 100 * lost / before if before else 0.0
    if lost > limits.max_loss_records and share > limits.max_loss_percent:
        return _refused(
            "statements_shrunken",
            f"{lost} of {before} competences ({share:.0f} %) are missing inside of the records; "
            f"allowed in one run: {limits.max_loss_records} or {limits.max_loss_percent:g} %.",
            "Compare with the portal. " + _DECIDE,
        )
    return None


def _adding_up(facts: SnapshotFacts, limits: AcceptLimits) -> Judgement | None:
    """Hold a slow bleed: each run stays under its limit, all together do not."""
    newly = facts.withdrawn - facts.confirmed
    if not (facts.proven_complete and newly):
        return None
    lost = facts.withdrawn + facts.withdrawn_recently
    base = facts.stored + facts.withdrawn_recently
    share = 100 * lost / max(1, base)
    if lost > limits.max_loss_records and share > limits.max_loss_week_percent:
        return _refused(
            "losses_add_up",
            f"{facts.withdrawn} records are missing and {facts.withdrawn_recently} left in the last 7 days, "
            f"together {share:.0f} % of {base} (limit {limits.max_loss_week_percent:g} %).",
            "Compare with the portal. " + _DECIDE,
        )
    return None


def _unusual(facts: SnapshotFacts, limits: AcceptLimits) -> Judgement | None:
    """Hold a listing whose length is far from what this source usually sends."""
    if len(facts.usual) < _USUAL_RUNS:
        return None
    usual = median(facts.usual)
    if (
        facts.proven_complete
        and usual - facts.received > limits.max_loss_records
        and 100 * facts.received < limits.min_usual_percent * usual
    ):
        return _refused(
            "fewer_than_usual",
            f"The listing has {facts.received} records, the last {len(facts.usual)} good ones had {usual:g} "
            f"(median); below {limits.min_usual_percent:g} % of it nothing is taken.",
            "Compare with the portal. " + _DECIDE,
        )
    if (
        facts.received - usual > limits.growth_free_records
        and 100 * facts.received > limits.max_growth_percent * usual
    ):
        return _refused(
            "more_than_usual",
            f"The listing has {facts.received} records, the last {len(facts.usual)} good ones had {usual:g} "
            f"(median); above {limits.max_growth_percent:g} % of it nothing is taken.",
            "Compare with the portal. If the growth is real, accept it: "
            "syncd sync SOURCE --accept-loss 'reason'.",
        )
    return None


def _older(facts: SnapshotFacts, _limits: AcceptLimits) -> Judgement | None:
    if is_older(facts.stated_at, facts.last_stated_at):
        return _refused(
            "snapshot_older",
            f"The portal dates this content {facts.stated_at:%Y-%m-%d %H:%M} UTC; the last accepted is of "
            f"{facts.last_stated_at:%Y-%m-%d %H:%M} UTC.",
            "Nothing to do if a cache answered: the next run tries again. If the portal was put back on "
            "purpose, accept it: syncd sync SOURCE --accept-loss 'reason'.",
        )
    return None


def _another_feed(facts: SnapshotFacts, _limits: AcceptLimits) -> Judgement | None:
    if facts.identity and facts.last_identity and facts.identity != facts.last_identity:
        return _refused(
            "different_feed",
            f"The answer says it is of '{facts.identity}'; this source is '{facts.last_identity}'.",
            "Check the address: another portal answers there. " + _DECIDE,
        )
    kept = facts.stored - facts.withdrawn
    if is_another_feed(kept, stored=facts.stored, received=facts.received):
        return _refused(
            "different_feed",
            f"Of {facts.stored} known records only {kept} occur among the {facts.received} received.",
            "Check the address: another portal may answer there, or it has numbered all records anew. "
            + _DECIDE,
        )
    return None


def _reread(facts: SnapshotFacts, limits: AcceptLimits) -> Judgement | None:
    """Hold what a new version of connector or rules makes of the same portal, when it is much."""
    share = 100 * facts.changed / facts.stored if facts.stored else 0.0
    if facts.reread and facts.changed > limits.max_loss_records and share > limits.max_loss_percent:
        return _refused(
            "mapping_changed",
            f"A new version of the connector or the rules reads {facts.changed} of {facts.stored} records "
            f"({share:.0f} %) differently (limit {limits.max_loss_percent:g} %).",
            "Look at some of the changed records. If the new reading is right, accept it: "
            "syncd sync SOURCE --accept-loss 'reason'.",
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


_OPERATOR_ONLY = (_empty, _below_minimum, _older, _another_feed, _reread)
_ENDED_BY_REPETITION = (_shrunken, _fewer_statements, _adding_up, _unusual, _grown)
