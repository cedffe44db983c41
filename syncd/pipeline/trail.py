"""The log of judgements as people read it: what was decided, by whom, and whether it still holds.

Reads only; what follows from a judgement is none of its business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING

from syncd.model.judgement import Judgement, JudgementKind

if TYPE_CHECKING:
    from datetime import date

    from syncd.pipeline.judgement_ports import JudgementStore


class Standing(StrEnum):
    """``holds``: in force. ``superseded``: a later one decided the same question. ``undone``: taken back.

    ``expired``: its last day has passed.
    """

    HOLDS = "holds"
    SUPERSEDED = "superseded"
    UNDONE = "undone"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One line of the log. ``position`` grows with time of arrival; ``ended_by`` is the uid that ended it."""

    position: int
    uid: str
    judgement: Judgement
    standing: Standing
    ended_by: str = ""


def trail(
    store: JudgementStore,
    today: date,
    *,
    kinds: Sequence[JudgementKind] = (),
    service_key: str = "",
    standing: Standing | None = None,
    after: int = 0,
    limit: int | None = None,
) -> tuple[TrailEntry, ...]:
    """Return the log in order of arrival, behind the position ``after``, narrowed by all that is given.

    With ``kinds`` the undoings of those kinds are not listed unless ``undo`` is among them.
    """
    found = []
    for entry in _whole(store, today):
        one = entry.judgement
        if (
            entry.position > after
            and (not kinds or one.kind in kinds)
            and (not service_key or one.service_key == service_key)
            and (standing is None or entry.standing is standing)
        ):
            found.append(entry)
            if limit is not None and len(found) >= limit:
                break
    return tuple(found)


def entry_of(store: JudgementStore, uid: str, today: date) -> tuple[TrailEntry, ...]:
    """Return one judgement with all others on its question and what undid them, oldest first.

    Raises NotFound.
    """
    wanted = store.judgement(uid)
    everything = _whole(store, today)
    of_question = {e.uid for e in everything if e.judgement.question == wanted.question}
    related = set(of_question)
    while True:
        # An undoing may itself be undone.
        more = {
            e.uid
            for e in everything
            if e.judgement.kind is JudgementKind.UNDO and e.judgement.subject in related
        } - related
        if not more:
            return tuple(e for e in everything if e.uid in related)
        related |= more


def _whole(store: JudgementStore, today: date) -> tuple[TrailEntry, ...]:
    # The uid is computed from the content: once for each, because logs grow long.
    named = [(position, judgement.uid, judgement) for position, judgement in store.judgements()]
    ordered = sorted(((j.decided_at, uid, j) for _, uid, j in named), key=itemgetter(0, 1))
    undone_by: dict[str, str] = {}
    for _, uid, judgement in reversed(ordered):
        if judgement.kind is JudgementKind.UNDO and uid not in undone_by:
            undone_by.setdefault(judgement.subject, uid)
    latest = {judgement.question: uid for _, uid, judgement in ordered if uid not in undone_by}
    return tuple(
        TrailEntry(position, uid, judgement, *_standing(uid, judgement, undone_by, latest, today))
        for position, uid, judgement in named
    )


def _standing(
    uid: str,
    judgement: Judgement,
    undone_by: dict[str, str],
    latest: dict[tuple[str, str, str], str],
    today: date,
) -> tuple[Standing, str]:
    if uid in undone_by:
        return Standing.UNDONE, undone_by[uid]
    if judgement.kind is not JudgementKind.UNDO and latest[judgement.question] != uid:
        return Standing.SUPERSEDED, latest[judgement.question]
    if judgement.until is not None and judgement.until < today:
        return Standing.EXPIRED, ""
    return Standing.HOLDS, ""
