"""Use case: take back a judgement of whatever kind, the one way for all doors."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from syncd.model.judgement import JudgementKind
from syncd.pipeline import field_decisions, review

if TYPE_CHECKING:
    from datetime import datetime

    from syncd.model.judgement import Judgement
    from syncd.pipeline.ask import Ask

_OF_FIELDS = frozenset({JudgementKind.PIN, JudgementKind.CONFLICT})
_TICK = timedelta(microseconds=1)


def undo(ask: Ask, uid: str, *, reason: str, by: str, now: datetime) -> Judgement:
    """Append the undoing of a judgement; after the next rebuild it is as if it had never been made.

    Raises NotFound ``unknown_judgement`` and ConfigError ``bad_judgement`` for one that is undone already.
    """
    taken = ask.store.judgement(uid)
    review.refuse_second_undoing(ask.store, uid, now.date())
    if taken.kind in _OF_FIELDS:
        # Pins and decisions also hold for the service that took over from an ended one.
        at = max(now, taken.decided_at + _TICK)
        return field_decisions.undo(ask.view(), uid, reason=reason, decided_by=by, at=at)
    return review.undo(ask.store, uid, reason=reason, by=by, now=now)
