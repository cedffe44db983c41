"""Documents of decisions: judgements, the review queue, conflicts, pins. Must not read anything."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from syncd.web.documents import Document, StepDocument

KindName = Literal["link", "conflict", "pin", "gap", "undo"]
StandingName = Literal["holds", "superseded", "undone", "expired"]
AnswerName = Literal["same", "different", "unsure"]


class JudgementDocument(Document):
    """One entry of the log of decisions; entries are never changed or removed."""

    uid: str = Field(description="Name of the judgement, made from its content.")
    kind: KindName
    subject: str = Field(description="What it is about: a record, a service, a field, a gap, a judgement.")
    object: str = Field(description="The other side, where there is one.")
    answer: str
    value: str
    service_key: str = Field(description="Service it touches; empty where it names none.")
    reason: str
    decided_by: str | None = Field(description="Who decided; only operators are told, null for others.")
    decided_at: datetime
    until: date | None = Field(description="Last day on which it holds; null: until undone or superseded.")
    standing: StandingName
    ended_by: str = Field(description="Judgement that undid or superseded it.")


class WrittenDocument(Document):
    """What was decided."""

    judgement: JudgementDocument
    takes_effect: Literal["next_release"] = "next_release"
    release: int | None = Field(description="Number of the release now; a later one holds the decision.")


class RulingDocument(Document):
    """A judgement that took effect on a field."""

    judgement: str = Field(description="Its uid.")
    answer: Literal["pin", "choose", "both"]
    value: str = Field(description="What was pinned or chosen; empty for both.")
    said: list[str] = Field(description="What sources said when it was made.")
    reason: str
    decided_by: str | None = Field(description="Only operators are told, null for others.")
    decided_at: datetime
    until: date | None
    returned: bool = Field(
        description="Sources have changed what they say since; somebody should look again."
    )


class SayingDocument(Document):
    """One record that says something, and when."""

    source_id: str
    source_title: str
    native_id: str
    fresh: bool
    read_at: datetime | None = Field(description="When its source was last read well.")
    first_seen_at: datetime | None
    changed_at: datetime | None
    run_id: int | None = Field(description="Run in which it last changed.")
    withdrawn_at: datetime | None


class ConflictSideDocument(Document):
    """One side of a conflict."""

    value: str
    said_by: list[SayingDocument]
    chosen: bool = Field(description="An operator decided that it is right.")


class ConflictDocument(Document):
    """Sources contradict each other about a field of an entry; the side that wins stands first."""

    conflict_id: str = Field(description="Stable over releases.")
    service_key: str
    service_name: str
    area_code: str
    area_name: str
    field: str
    state: Literal["open", "returned", "decided"]
    sides: list[ConflictSideDocument]
    since_release: int
    since_at: datetime | None
    ruling: RulingDocument | None


class PinDocument(Document):
    """A value held by hand."""

    pin_id: str
    service_key: str
    service_name: str
    area_code: str
    area_name: str
    field: str
    value: str
    source_value: str | None = Field(description="What the sources say; null where nobody speaks.")
    state: Literal["in_force", "returned", "waiting", "expired"]
    ruling: RulingDocument


class FieldSayingDocument(Document):
    """One statement about a field with its place and why it stands there."""

    value: str
    wins: bool
    rank: int | None = Field(description="Configured rank of the source for this field; null for a pin.")
    said_by: SayingDocument | None
    codes: list[str] = Field(description="Stable names of the reasons.")
    why: list[str] = Field(description="The reasons in the language asked for.")


class FieldExplanationDocument(Document):
    """Why a field of an entry has its value: the winner first, then the losers in order."""

    service_key: str
    service_name: str
    area_code: str
    area_name: str
    field: str
    release: int
    value: str | None
    sayings: list[FieldSayingDocument]
    since_release: int | None = Field(description="First kept release in a row with this value.")
    since_at: datetime | None
    pin: RulingDocument | None
    conflict: ConflictDocument | None
    steps: list[StepDocument]


class ReasonDocument(Document):
    """What one feature found."""

    feature: str
    points: int = Field(description="Share of the score in permille; negative: it speaks against the link.")
    matched: str
    text: str = Field(description="The same as a sentence.")


class CandidateDocument(Document):
    """One service a record may be about."""

    service_key: str
    node: str = Field(description="How a judgement names it.")
    name: str
    score: int = Field(description="Permille.")
    reasons: list[ReasonDocument]


class MovedDocument(Document):
    """The record a new one probably continues under another id."""

    node: str = Field(description="How a judgement names it.")
    native_id: str
    title: str
    first_seen_at: datetime
    until: datetime | None = Field(description="When it was withdrawn; null while it is still there.")
    run_id: int
    judgements: int = Field(description="Judgements in force that name it; they would go on.")


class ReviewDocument(Document):
    """One question: which service is the record about, or does it continue another record?"""

    node: str = Field(description="How a judgement names the record.")
    source_id: str
    native_id: str
    title: str
    areas: list[str]
    authority: str
    description: str
    page_url: str
    urls: list[str]
    since: datetime = Field(description="When the question arose.")
    candidates: list[CandidateDocument] = Field(description="Best first; empty where a move is asked about.")
    moved: MovedDocument | None
