"""Routes of the review queue and of the log: what waits, who decided what and why, whether it still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from syncd.model.judgement import JudgementKind
from syncd.pipeline.review import judge
from syncd.pipeline.trail import Standing, entry_of, trail
from syncd.pipeline.undoing import undo
from syncd.pipeline.waiting import services_of, shown, waiting
from syncd.web.api_registers import json_of
from syncd.web.decision_documents import (
    AnswerName,
    JudgementDocument,
    KindName,
    ReviewDocument,
    StandingName,
    WrittenDocument,
)
from syncd.web.documents import Listing
from syncd.web.parameters import Language, Paged, Parameters, ServiceText, Text
from syncd.web.routes import Binding, Table
from syncd.web.writing import Body, Reason, Written

if TYPE_CHECKING:
    from syncd.model.judgement import Judgement
    from syncd.pipeline.ask import Ask
    from syncd.pipeline.trail import TrailEntry
    from syncd.web.paging import Paging, Reply
    from syncd.web.writing import Desk

table = Table()

NodeText = Annotated[str, StringConstraints(min_length=1, max_length=1_500, pattern=r"^[^\x00-\x1f\x7f]+$")]
Uid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class JudgementFilter(Paged):
    """Part of the log."""

    kind: list[KindName] = Field(
        default_factory=list, max_length=5, description="Kinds to list, repeatable; default: all."
    )
    service: ServiceText | None = Field(None, description="Service key.")
    standing: StandingName | None = Field(None, description="`holds`: only what is in force.")


class JudgementPath(Parameters):
    """One judgement."""

    uid: Uid = Field(description="Name of a judgement: 32 hex digits.")


class ReviewFilter(Paged):
    """Part of the review queue."""

    source: Text | None = Field(None, description="Only records of this source.")
    lang: Language = Field("en", description="Language of the reasons.")


@table.get(
    "/v1/review",
    tag="decisions",
    summary="Records whose service somebody has to decide, with candidates and reasons",
    binding=Binding.NOW,
    document=Listing[ReviewDocument],
    parameters=ReviewFilter,
)
def list_review(ask: Ask, query: ReviewFilter, paging: Paging) -> Reply:
    """By source and id of the record. What was answered since links were last made is left out."""
    services = services_of(ask.store, ask.registry)
    part = waiting(ask.store, source_id=query.source, after=paging.after_text, limit=paging.limit)
    return paging.part(
        part.items,
        lambda item: json_of(ReviewDocument.model_validate(shown(item, services, query.lang))),
        (part.after,) if part.after else None,
    )


@table.get(
    "/v1/judgements",
    tag="decisions",
    summary="What operators decided, oldest first: the audit trail",
    binding=Binding.NOW,
    document=Listing[JudgementDocument],
    parameters=JudgementFilter,
    names_people=True,
)
def list_judgements(ask: Ask, query: JudgementFilter, paging: Paging) -> Reply:
    """In order of arrival, so that whoever walks on later misses nothing."""
    found = trail(
        ask.store,
        ask.clock().date(),
        kinds=[JudgementKind(kind) for kind in query.kind],
        service_key=_tidy(query.service),
        standing=Standing(query.standing) if query.standing else None,
        after=paging.after_number or 0,
        limit=paging.limit + 1,
    )
    return paging.page(
        found, lambda entry: json_of(judgement_document(entry, paging.operator)), lambda e: (e.position,)
    )


@table.get(
    "/v1/judgements/{uid}",
    tag="decisions",
    summary="One decision with all others on the same question, and what undid them",
    binding=Binding.NOW,
    document=Listing[JudgementDocument],
    parameters=JudgementPath,
    missing=True,
    names_people=True,
)
def get_judgement(ask: Ask, query: JudgementPath, paging: Paging) -> Reply:
    """Oldest first."""
    found = entry_of(ask.store, query.uid, ask.clock().date())
    return paging.whole(found, lambda entry: json_of(judgement_document(entry, paging.operator)))


class JudgementBody(Body):
    """Whether two are the same."""

    one: NodeText = Field(description="`record:SOURCE/ID` or `service:KEY`, as in the review queue.")
    other: NodeText = Field(description="The other side; one of both is a record.")
    answer: AnswerName
    reason: Reason


@table.post(
    "/v1/judgements",
    tag="decisions",
    summary="Say whether two records, or a record and a service, are the same",
    body=JudgementBody,
    document=WrittenDocument,
)
def judge_link(desk: Desk, _query: Parameters, body: JudgementBody) -> Written:
    """A later judgement on the same two takes its place; what contradicts others in force is refused."""
    found = judge(
        desk.ask.store,
        desk.ask.registry,
        one=body.one,
        other=body.other,
        answer=body.answer,
        reason=body.reason,
        by=desk.operator,
        now=desk.now,
    )
    return written(desk, found)


class UndoBody(Body):
    """Why a decision is taken back."""

    reason: Reason


@table.post(
    "/v1/judgements/{uid}/undo",
    tag="decisions",
    summary="Take a decision back, of whatever kind; the catalogue is then as if it had never been made",
    body=UndoBody,
    document=WrittenDocument,
    parameters=JudgementPath,
)
def undo_judgement(desk: Desk, query: JudgementPath, body: UndoBody) -> Written:
    """Undoing is a judgement, too, and may itself be undone."""
    found = undo(desk.ask, query.uid, reason=body.reason, by=desk.operator, now=desk.now)
    return written(desk, found)


def judgement_document(entry: TrailEntry, operator: str) -> JudgementDocument:
    """Return the document; without an operator who asks it names nobody."""
    one = entry.judgement
    # The assignee of a gap is a person, too.
    names_somebody = one.kind is JudgementKind.GAP and one.answer == "assign"
    return JudgementDocument(
        uid=entry.uid,
        kind=one.kind.value,
        subject=one.subject,
        object=one.object,
        answer=one.answer,
        value="" if names_somebody and not operator else one.value,
        service_key=one.service_key,
        reason=one.reason,
        decided_by=one.decided_by if operator else None,
        decided_at=one.decided_at,
        until=one.until,
        standing=entry.standing.value,
        ended_by=entry.ended_by,
    )


def written(desk: Desk, judgement: Judgement) -> Written:
    """Return what is answered to a decision."""
    release = desk.ask.store.current_release()
    document = WrittenDocument(judgement=judged(desk, judgement), release=release.number if release else None)
    return Written(document, f"/v1/judgements/{judgement.uid}")


def judged(desk: Desk, judgement: Judgement) -> JudgementDocument:
    """Return the document of a decision that was just made."""
    entry = next(
        found
        for found in entry_of(desk.ask.store, judgement.uid, desk.now.date())
        if found.uid == judgement.uid
    )
    return judgement_document(entry, desk.operator)


def _tidy(service: str | None) -> str:
    """Return a key without dots and blanks; what is none is left as it is and matches nothing."""
    if service is None or service.startswith("local:"):
        return service or ""
    return "".join(c for c in service if c.isdigit()) or service
