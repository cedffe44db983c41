"""What operators decided about fields of entries: pins and decided conflicts, as merging takes them.

A pin gives a field a value, a decision names the side of a contradiction that is right. Both remember what
sources said at the time, so that they come back for review once a source says something else. They hold for
the area that took over from an ended one; where several meet there, the latest holds. Must not know where
the log is kept, nor what merging does with a ruling.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from syncd.model.judgement import JudgementKind, field_parts
from syncd.rules.judgements import active
from syncd.rules.legible import comparable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncd.model.area import AreaKey
    from syncd.model.judgement import Judgement

PIN = "pin"
CHOOSE = "choose"
BOTH = "both"
"""Answers of pins (:data:`PIN`) and of decided conflicts: one side is right, or both may stand."""

_SAID = "said"
_TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class FieldRuling:
    """One decision that holds. ``value`` is the pinned or chosen text, empty for :data:`BOTH`.

    ``said`` is what sources said when it was made: the winner of a pinned field (nothing when there was
    none), or all sides of a conflict; None when that was not kept.
    """

    uid: str
    answer: str
    value: str = ""
    said: tuple[str, ...] | None = None
    until: date | None = None

    def still_said(self, values: Iterable[str]) -> bool:
        """Tell whether sources say what they said then; spelling apart."""
        return self.said is None or _forms(self.said) == _forms(values)


def ruling_value(taken: str, said: Iterable[str]) -> str:
    """Return the ``value`` of a judgement: what is pinned or chosen, and what sources said at that time.

    JSON with the keys ``said`` (sorted list) and ``taken``; the same input gives the same text.
    """
    return json.dumps({_SAID: sorted(set(said)), _TAKEN: taken}, ensure_ascii=False, sort_keys=True)


def read_ruling(judgement: Judgement) -> FieldRuling:
    """Return the ruling of a judgement; a ``value`` written by hand is taken as the text itself."""
    taken, said = judgement.value, None
    if taken.startswith("{"):
        try:
            body = json.loads(taken)
        except ValueError:
            body = None
        if isinstance(body, dict) and body.keys() == {_SAID, _TAKEN}:
            taken, said = str(body[_TAKEN]), tuple(str(value) for value in body[_SAID])
    return FieldRuling(judgement.uid, judgement.answer, taken, said, judgement.until)


@dataclass(frozen=True, slots=True)
class FieldRulings:
    """The rulings of one service on one day, by (area code, field); ``next_change_on`` is when one ends."""

    pins: Mapping[tuple[str, str], FieldRuling] = field(default_factory=dict)
    decisions: Mapping[tuple[str, str], FieldRuling] = field(default_factory=dict)
    next_change_on: date | None = None

    @classmethod
    def of(cls, log: Iterable[Judgement], *, on: date, moved: Mapping[str, AreaKey]) -> FieldRulings:
        """Return what holds on a day; ``log`` is that of the service and of those it took over from.

        ``moved`` maps codes of ended areas to their present successors.
        """
        pins: dict[tuple[str, str], FieldRuling] = {}
        decisions: dict[tuple[str, str], FieldRuling] = {}
        kinds = {JudgementKind.PIN: pins, JudgementKind.CONFLICT: decisions}
        for judgement in active((j for j in log if j.kind in kinds or j.kind is JudgementKind.UNDO), on):
            if (kind := kinds.get(judgement.kind)) is None:
                continue
            _, code, name = field_parts(judgement.subject)
            present = moved[code].code if code in moved else code
            # In order of decision: the latest of several that meet holds.
            kind[present, name] = read_ruling(judgement)
        ends = [_day_after(r.until) for r in (*pins.values(), *decisions.values()) if r.until]
        return cls(pins, decisions, min((day for day in ends if day), default=None))


NO_RULINGS = FieldRulings()


def _forms(values: Iterable[str]) -> frozenset[str]:
    return frozenset(comparable(value) for value in values)


def _day_after(day: date) -> date | None:
    return None if day == date.max else date.fromordinal(day.toordinal() + 1)
