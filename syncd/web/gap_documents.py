"""Documents of gaps that live: status, history, disputes, decisions. Must not read anything."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from syncd.web.decision_documents import JudgementDocument
from syncd.web.documents import Document, GapDocument
from syncd.web.parameters import Cause, GapState

GapStatusName = Literal["open", "acknowledged", "waived", "disputed", "reopened", "closed", "unknown"]
PartyName = Literal["bund", "land", "land_editorial_office", "it_provider", "municipality", "solution_owner"]
GapAnswerName = Literal[
    "acknowledge", "waive", "dispute", "reopen", "assign", "release", "set_due", "clear_due"
]
_ONLY_OPERATORS = "Only operators are told, null for others."


class LivingGapDocument(GapDocument):
    """A gap with what operators said about it. A waived gap is a gap and counted as one."""

    responsible: PartyName = Field(description="Whose turn it is, from the tier that owes and the cause.")
    status: GapStatusName
    why: Literal["", "returned", "waiver_expired", "by_hand", "merged"] = Field(
        description="Why it is `reopened`; empty otherwise."
    )
    waived_until: date | None = Field(description="Last day of the waiver.")
    assignee: str | None = Field(description=f"Person or team; empty for nobody. {_ONLY_OPERATORS}")
    due_on: date | None
    overdue: bool
    first_seen_release: int = Field(description="Release in which the present gap began, in any state.")
    first_seen_at: datetime | None
    age_days: int | None
    last_reason: str = Field(description="Reason given with the latest decision on the status.")


class StateSpanDocument(Document):
    """One state of the cell and how long it stood."""

    area_code: str = Field(description="The area then; another one before a merger or a new key.")
    service_key: str = Field(description="The service then.")
    from_release: int
    from_at: datetime | None
    to_release: int
    to_at: datetime | None = Field(description="null while it lasts.")
    state: GapState
    cause: Cause
    evidence: str


class SaidDocument(Document):
    """One decision about the gap, or about what it was before."""

    uid: str
    gap_id: str = Field(description="The id it was said of; empty for an undoing.")
    aspect: str
    answer: GapAnswerName | Literal["undo"]
    value: str | None = Field(description=f"A day, a uid or a name. {_ONLY_OPERATORS}")
    until: date | None
    reason: str
    decided_by: str | None = Field(description=_ONLY_OPERATORS)
    decided_at: datetime
    holds: bool = Field(description="Whether it still says anything about the gap.")


class GapHistoryDocument(Document):
    """What a cell was over the kept releases, newest first, and what was said of it, oldest first."""

    gap: LivingGapDocument
    asked_as: str = Field(description="The former id that was asked for; empty for the present one.")
    states: list[StateSpanDocument]
    judgements: list[SaidDocument]
    parts: list[str] = Field(description="Areas that became this one.")


class DisputeDocument(Document):
    """Whom to ask about a gap, in words. Asking changes nothing: only the source closes a gap."""

    gap_id: str
    sources: list[str] = Field(description="Sources that may speak for the cell.")
    subject: str
    text: str


class GapWrittenDocument(Document):
    """What was decided on a gap; it holds at once."""

    judgement: JudgementDocument
    gap: LivingGapDocument
