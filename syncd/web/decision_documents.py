"""Documents of decisions: judgements, the review queue, conflicts, pins. Must not read anything."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from syncd.web.documents import Document

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
