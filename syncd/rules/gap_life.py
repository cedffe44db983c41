"""The life of a gap: what operators said about it and what the cell says, put together for one day.

A gap is derived, never stored; what is stored is the log of judgements on its id. So status, assignee and due
date are a function of the log, the cell and the day, and nobody can close a gap by saying so: only the cell
closes it. Ids outlive mergers, new keys and replaced services (:class:`Lineage`).

Must not know where log and cells are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from syncd.model.coverage import CellState, GapCause, Tier
from syncd.model.judgement import Judgement, JudgementKind
from syncd.rules.editions import map_code
from syncd.rules.judgements import active

if TYPE_CHECKING:
    from syncd.model.area import Succession

_STAND_LENGTH = 8


@dataclass(frozen=True, order=True, slots=True)
class GapKey:
    """Identity of a gap: ``obligation/line/service/area``; local service keys may hold slashes."""

    obligation_id: str
    line: str
    service_key: str
    area_code: str

    @classmethod
    def parse(cls, text: str) -> GapKey:
        """Read the identity from its text; raises ValueError."""
        obligation_id, _, rest = text.partition("/")
        line, _, rest = rest.partition("/")
        service_key, _, area_code = rest.rpartition("/")
        if not (obligation_id and line and service_key and area_code):
            message = f"not a gap id: {text[:200]!r}"
            raise ValueError(message)
        return cls(obligation_id, line, service_key, area_code)

    def __str__(self) -> str:
        """Return the id."""
        return f"{self.obligation_id}/{self.line}/{self.service_key}/{self.area_code}"


class Aspect(StrEnum):
    """What of a gap is decided; the ``object`` of a judgement of kind ``gap``."""

    STATUS = "status"
    ASSIGNEE = "assignee"
    DUE = "due"


class GapAnswer(StrEnum):
    """Answers of judgements of kind ``gap``.

    ``assign`` carries the person, ``set_due`` the day (ISO 8601) in ``value``; ``waive`` needs ``until``.
    """

    ACKNOWLEDGE = "acknowledge"
    WAIVE = "waive"
    DISPUTE = "dispute"
    REOPEN = "reopen"
    ASSIGN = "assign"
    RELEASE = "release"
    SET_DUE = "set_due"
    CLEAR_DUE = "clear_due"

    @property
    def aspect(self) -> Aspect:
        """The aspect an answer decides."""
        if self in {GapAnswer.ASSIGN, GapAnswer.RELEASE}:
            return Aspect.ASSIGNEE
        return Aspect.DUE if self in {GapAnswer.SET_DUE, GapAnswer.CLEAR_DUE} else Aspect.STATUS


class GapStatus(StrEnum):
    """Where a gap stands on a day. Only ``closed`` is none any more; ``waived`` is one and is counted."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    WAIVED = "waived"
    DISPUTED = "disputed"
    REOPENED = "reopened"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """Why a gap is open again."""

    NONE = ""
    RETURNED = "returned"
    """The cell was met in between."""
    WAIVER_EXPIRED = "waiver_expired"
    BY_HAND = "by_hand"
    MERGED = "merged"
    """The waiver was given for a part of what is one area now."""


class Presence(StrEnum):
    """What the cell says: it falls short, it does not, or nobody knows."""

    GAP = "gap"
    MET = "met"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, state: CellState) -> Presence:
        """Return the presence of a gap in a cell; what is not owed lacks nothing."""
        if state is CellState.UNKNOWN:
            return cls.UNKNOWN
        return cls.GAP if state.is_gap else cls.MET


@dataclass(frozen=True, slots=True)
class Standing:
    """The cell on the day: since when it has not been met, and whether it had been a gap before that.

    Unknown does not end a gap: a source that fell silent proves nothing. ``since`` is None where the cell is
    met or the beginning is no longer kept.
    """

    presence: Presence
    since: datetime | None = None
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Lineage:
    """Whose judgements speak for a gap besides its own id's.

    ``parts`` are the areas that became this one (itself among them where it existed before); empty without a
    merger. ``successions`` are those that lead here. ``services`` maps a replaced key to the chain of keys
    that followed, the present one last.
    """

    parts: frozenset[str] = frozenset()
    successions: tuple[Succession, ...] = ()
    services: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def holds(self, key: GapKey, gap: GapKey) -> bool:
        """Tell whether judgements on ``key`` speak for ``gap``."""
        return (
            (key.obligation_id, key.line) == (gap.obligation_id, gap.line)
            and (key.service_key == gap.service_key or key.service_key in self.services)
            and (key.area_code == gap.area_code or key.area_code in self.parts)
        )

    def place_of(self, area_code: str, on: date) -> str:
        """Return the area that stood for one of the parts on a day."""
        return map_code(area_code, self.successions, on)


NO_LINEAGE = Lineage()


@dataclass(frozen=True, slots=True)
class GapLife:
    """Where a gap stands on a day. ``voices`` are the judgements that hold, oldest first.

    ``until`` is the last day of a waiver. ``stand`` names this state of the log: it changes whenever other
    judgements hold.
    """

    status: GapStatus
    why: Why = Why.NONE
    until: date | None = None
    assignee: str = ""
    due: date | None = None
    overdue: bool = False
    voices: tuple[Judgement, ...] = ()

    @property
    def stand(self) -> str:
        """Short digest of the judgements that hold."""
        return hashlib.sha256("".join(j.uid for j in self.voices).encode()).hexdigest()[:_STAND_LENGTH]

    @property
    def reason(self) -> str:
        """Reason given with the latest judgement on the status; empty without one."""
        return next((j.reason for j in reversed(self.voices) if j.object == Aspect.STATUS), "")


def life(
    gap: GapKey, cell: Standing, log: Iterable[Judgement], on: date, lineage: Lineage = NO_LINEAGE
) -> GapLife:
    """Return where a gap stands on a day, whatever order its log arrives in.

    Of one id the latest judgement on an aspect holds, of an area or service that followed another the later
    one. What is left of several merged areas holds together: the status that asks for most, the earliest due
    date, the assignee named last; a waiver only where every part has one that runs.
    """
    held = voices(gap, log, lineage)
    status, why, until = _status(held, cell, on, lineage)
    due = _due(held, cell)
    return GapLife(
        status,
        why,
        until,
        _assignee(held),
        due,
        due is not None and due < on and status not in {GapStatus.CLOSED, GapStatus.WAIVED},
        held,
    )


def voices(gap: GapKey, log: Iterable[Judgement], lineage: Lineage = NO_LINEAGE) -> tuple[Judgement, ...]:
    """Return the judgements that speak for a gap: active, of its lineage, not superseded by a successor's."""
    held: list[tuple[GapKey, Judgement]] = []
    for judgement in active(log):
        if judgement.kind is not JudgementKind.GAP or not _is_known(judgement):
            continue
        try:
            key = GapKey.parse(judgement.subject)
        except ValueError:
            continue
        if lineage.holds(key, gap):
            held.append((key, judgement))
    return tuple(
        judgement
        for position, (key, judgement) in enumerate(held)
        if not any(
            later.object == judgement.object and _follows(other, later, key, lineage)
            for other, later in held[position + 1 :]
        )
    )


def _is_known(judgement: Judgement) -> bool:
    try:
        return GapAnswer(judgement.answer).aspect == judgement.object
    except ValueError:
        return False


def _follows(later: GapKey, judgement: Judgement, earlier: GapKey, lineage: Lineage) -> bool:
    """Tell whether the area and service of a later judgement had taken the place of an earlier one's."""
    chain = lineage.services.get(earlier.service_key, ())
    if later.service_key != earlier.service_key and later.service_key not in chain:
        return False
    if later.area_code == earlier.area_code:
        return True
    return lineage.place_of(earlier.area_code, judgement.decided_at.date()) == later.area_code


# --- status -------------------------------------------------------------------------------------------------

_MOST_URGENT_FIRST = (GapStatus.REOPENED, GapStatus.DISPUTED, GapStatus.ACKNOWLEDGED, GapStatus.WAIVED)
_MEANS = {
    GapAnswer.ACKNOWLEDGE: GapStatus.ACKNOWLEDGED,
    GapAnswer.DISPUTE: GapStatus.DISPUTED,
    GapAnswer.WAIVE: GapStatus.WAIVED,
}


def _status(
    held: Iterable[Judgement], cell: Standing, on: date, lineage: Lineage
) -> tuple[GapStatus, Why, date | None]:
    if cell.presence is Presence.MET:
        return GapStatus.CLOSED, Why.NONE, None
    said = [(j, *_meaning(j, cell, on)) for j in held if j.object == Aspect.STATUS]
    if not said:
        if cell.presence is Presence.UNKNOWN:
            return GapStatus.UNKNOWN, Why.NONE, None
        return (GapStatus.REOPENED, Why.RETURNED, None) if cell.returned else (GapStatus.OPEN, Why.NONE, None)
    if not _all_parts_waive(said, lineage):
        said = [
            (j, GapStatus.REOPENED, Why.MERGED) if status is GapStatus.WAIVED else (j, status, why)
            for j, status, why in said
        ]
    winner = next(s for s in _MOST_URGENT_FIRST if any(status is s for _, status, _ in said))
    why = next(why for _, status, why in reversed(said) if status is winner)
    untils = [j.until for j, status, _ in said if status is GapStatus.WAIVED and j.until is not None]
    return winner, why, min(untils) if untils and winner is GapStatus.WAIVED else None


def _meaning(judgement: Judgement, cell: Standing, on: date) -> tuple[GapStatus, Why]:
    """Return what a judgement on the status means on a day."""
    answer = GapAnswer(judgement.answer)
    if answer is GapAnswer.REOPEN:
        return GapStatus.REOPENED, Why.BY_HAND
    if _is_of_an_earlier_gap(judgement, cell):
        return GapStatus.REOPENED, Why.RETURNED
    if answer is GapAnswer.WAIVE and judgement.until is not None and judgement.until < on:
        return GapStatus.REOPENED, Why.WAIVER_EXPIRED
    return _MEANS[answer], Why.NONE


def _is_of_an_earlier_gap(judgement: Judgement, cell: Standing) -> bool:
    return cell.returned and cell.since is not None and judgement.decided_at < cell.since


def _all_parts_waive(said: Iterable[tuple[Judgement, GapStatus, Why]], lineage: Lineage) -> bool:
    """Tell whether the waivers speak for all of the area: one for the whole, or one for each part."""
    waived: set[str] = set()
    for judgement, status, _ in said:
        if status is GapStatus.WAIVED:
            area = GapKey.parse(judgement.subject).area_code
            day = judgement.decided_at.date()
            waived |= {p for p in lineage.parts if p == area or lineage.place_of(p, day) == area}
    return lineage.parts <= waived


def _assignee(held: Iterable[Judgement]) -> str:
    named = [j for j in held if j.answer == GapAnswer.ASSIGN]
    return named[-1].value if named else ""


def _due(held: Iterable[Judgement], cell: Standing) -> date | None:
    """Return the earliest day; one set for an earlier gap in the same place no longer binds."""
    days = [
        date.fromisoformat(j.value)
        for j in held
        if j.answer == GapAnswer.SET_DUE and not _is_of_an_earlier_gap(j, cell)
    ]
    return min(days, default=None)


# --- whose turn it is ---------------------------------------------------------------------------------------


class Party(StrEnum):
    """Who has to act next."""

    BUND = "bund"
    LAND = "land"
    LAND_EDITORIAL_OFFICE = "land_editorial_office"
    IT_PROVIDER = "it_provider"
    MUNICIPALITY = "municipality"
    """Kommune: the municipality or the Kreis that owes the service."""
    SOLUTION_OWNER = "solution_owner"


_OWN_TURN = {
    Tier.BUND: Party.BUND,
    Tier.LAND: Party.LAND,
    Tier.KREIS: Party.MUNICIPALITY,
    Tier.GEMEINDE: Party.MUNICIPALITY,
}
_BY_CAUSE: Mapping[GapCause, Party] = {
    # A path that ends at an appointment or a print form has to be carried on by whoever runs the procedure.
    GapCause.MEDIA_BREAK: Party.SOLUTION_OWNER,
    # A link or a source that does not answer is a matter of operation.
    GapCause.DEAD_LINK: Party.IT_PROVIDER,
    GapCause.STALE: Party.IT_PROVIDER,
    # Competences, keys and contradictions are kept in the editorial system of the Land.
    GapCause.NO_AUTHORITY: Party.LAND_EDITORIAL_OFFICE,
    GapCause.CONFLICT: Party.LAND_EDITORIAL_OFFICE,
    GapCause.WRONG_KEY: Party.LAND_EDITORIAL_OFFICE,
    GapCause.NO_SOURCE: Party.LAND_EDITORIAL_OFFICE,
}
"""Causes not listed (not described, not online, not connected) are the turn of the tier that owes."""


def responsible(owed_by: Tier, cause: GapCause) -> Party:
    """Return whose turn it is, from the tier that owes and the cause of the gap.

    The Bund has editorial offices of its own, so that what is the Land's editorial office's elsewhere is its
    own turn.
    """
    party = _BY_CAUSE.get(cause, _OWN_TURN[owed_by])
    if party is Party.LAND_EDITORIAL_OFFICE and owed_by is Tier.BUND:
        return Party.BUND
    return party
