"""Use cases about one gap: look at it, decide on it.

A decision is a judgement in the log; it never changes the cell. Deciding is refused where it could not mean
anything: an unknown id, a cell that is met, a waiver without an end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from syncd.errors import ConfigError
from syncd.model.judgement import Judgement, JudgementKind
from syncd.pipeline.gap_find import GapFinder
from syncd.rules.gap_life import GapAnswer, Presence

if TYPE_CHECKING:
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.views import GapView

_LONGEST_TEXT = 2_000
_LONGEST_NAME = 200


def gap(view: ReleaseView, gap_id: str) -> GapView:
    """Return one gap; a former id (of a merged area, a replaced service) finds the present one.

    A cell that is met is returned, too, with the status ``closed``. Raises NotFound for
    what is no id (``bad_gap_id``) and for a cell nobody owes (``unknown_gap``).
    """
    return GapFinder(view).find(gap_id).gap


@dataclass(frozen=True, slots=True)
class GapDecision:
    """What somebody wants to decide on a gap; ``value`` is a person or a day (ISO 8601), by answer."""

    gap_id: str
    answer: GapAnswer
    reason: str
    value: str = ""
    until: date | None = None


def decide_gap(view: ReleaseView, decision: GapDecision, *, decided_by: str) -> Judgement:
    """Check a decision, append it to the log and return it.

    Raises ConfigError for what cannot be decided and NotFound for an unknown gap; nothing is kept then.
    """
    judgement = judgement_of(GapFinder(view), decision, decided_by=decided_by)
    view.store.judge([judgement])
    return judgement


def judgement_of(finder: GapFinder, decision: GapDecision, *, decided_by: str) -> Judgement:
    """Return the judgement a decision makes, on the present id of its gap; raises like :func:`decide_gap`."""
    found = finder.find(decision.gap_id)
    today = found.views.log.day
    answer = decision.answer
    if not decision.reason.strip():
        raise ConfigError(
            "a decision on a gap needs a reason",
            where=decision.gap_id,
            code="gap_reason_missing",
            fix="Say why; it is kept with the decision.",
        )
    if Presence.of(found.state) is Presence.MET:
        raise ConfigError(
            f"nothing is missing there any more ({found.state.label}), so there is nothing to decide",
            where=decision.gap_id,
            code="gap_closed",
            fix="Look at it: syncd gap ID.",
        )
    return Judgement(
        kind=JudgementKind.GAP,
        subject=str(found.key),
        answer=answer.value,
        reason=_bounded(decision.reason.strip(), _LONGEST_TEXT, decision.gap_id),
        decided_by=decided_by,
        decided_at=finder.view.ask.clock(),
        object=answer.aspect.value,
        value=_value(decision),
        service_key=found.key.service_key,
        until=_until(decision, today),
    )


def _until(decision: GapDecision, today: date) -> date | None:
    if decision.answer is not GapAnswer.WAIVE:
        if decision.until is not None:
            raise ConfigError(
                f"only a waiver ends by itself, not '{decision.answer.value}'",
                where=decision.gap_id,
                code="bad_until",
                fix="Leave 'until' away.",
            )
        return None
    if decision.until is None or decision.until <= today:
        given = "none" if decision.until is None else decision.until.isoformat()
        raise ConfigError(
            f"a waiver needs a last day after {today.isoformat()}; given: {given}",
            where=decision.gap_id,
            code="bad_until",
            fix="Name the last day on which it holds, such as 2027-06-30.",
        )
    return decision.until


def _value(decision: GapDecision) -> str:
    text = " ".join(decision.value.split())
    if decision.answer is GapAnswer.ASSIGN:
        if not text:
            raise ConfigError(
                "an assignment needs a name",
                where=decision.gap_id,
                code="assignee_missing",
                fix="Name the person or team.",
            )
        return _bounded(text, _LONGEST_NAME, decision.gap_id)
    if decision.answer is GapAnswer.SET_DUE:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError as error:
            raise ConfigError(
                f"{text[:50]!r} is no day",
                where=decision.gap_id,
                code="bad_due_date",
                fix="Write it as 2027-06-30.",
            ) from error
    return ""


def _bounded(text: str, longest: int, where: str) -> str:
    if len(text) > longest or any(c < " " and c not in "\n\t" for c in text):
        raise ConfigError(
            f"a text of {len(text)} characters or with control characters is not kept; up to {longest} are",
            where=where,
            code="bad_gap_text",
            fix="Shorten it, and leave control characters out.",
        )
    return text
