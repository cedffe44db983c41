"""Routes of gaps: the list, one gap, its history, whom to ask, and deciding on it.

What is said of a gap moves without a release, so the validators of these answers carry the state of the log.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from syncd.pipeline.gap_history import dispute, history
from syncd.pipeline.gap_life import GapDecision, decide_gap, gap
from syncd.pipeline.gaps import GapQuery, gaps
from syncd.rules.gap_life import GapAnswer
from syncd.web.api_judgements import judged
from syncd.web.api_registers import check_obligation, json_of
from syncd.web.documents import ReleaseListing, ReleaseSingle
from syncd.web.gap_documents import (
    DisputeDocument,
    GapAnswerName,
    GapHistoryDocument,
    GapStatusName,
    GapWrittenDocument,
    LivingGapDocument,
    PartyName,
    SaidDocument,
    StateSpanDocument,
)
from syncd.web.parameters import AsOf, GapChoice, Language, PagedAsOf, Parameters, Text
from syncd.web.problems import NotAuthorised
from syncd.web.routes import Binding, Table
from syncd.web.writing import Body, Line, Reason, Written

if TYPE_CHECKING:
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.views import GapView
    from syncd.web.paging import Paging, Reply
    from syncd.web.writing import Desk

table = Table()

GapId = Annotated[str, StringConstraints(min_length=1, max_length=600, pattern=r"^[^\x00-\x1f\x7f]+$")]


class LivingGapChoice(GapChoice):
    """Cells that fall short, by what was said of them."""

    status: list[GapStatusName] = Field(
        default_factory=list, max_length=7, description="Statuses to list, repeatable; default: all."
    )
    responsible: list[PartyName] = Field(
        default_factory=list, max_length=6, description="Whose turn it is, repeatable; default: all."
    )
    overdue: Literal["true", "false"] = Field("false", description="`true`: only those that are overdue.")
    unassigned: Literal["true", "false"] = Field("false", description="`true`: only those of nobody.")
    assignee: Text | None = Field(None, description="Assigned to this person or team; for operators.")


class LivingGapFilter(LivingGapChoice, PagedAsOf):
    """A part of them."""


class GapPath(AsOf):
    """One gap."""

    gap: GapId = Field(description="Id of a gap; its slashes are escaped as %2F. Former ids are understood.")


class DisputeParameters(GapPath):
    """One gap, in words."""

    lang: Language = Field("de", description="Language of the text.")


class GapPlace(Parameters):
    """One gap as it is now."""

    gap: GapId = Field(description="Id of a gap; its slashes are escaped as %2F. Former ids are understood.")


@table.get(
    "/v1/gaps",
    tag="coverage",
    summary="Cells that fall short, with cause, status, whose turn it is, people affected and since when",
    binding=Binding.RELEASE,
    document=ReleaseListing[LivingGapDocument],
    parameters=LivingGapFilter,
    names_people=True,
)
def list_gaps(view: ReleaseView, query: LivingGapFilter, paging: Paging) -> Reply:
    """Sorted by obligation, line, service and area."""
    found = tuple(
        gaps(view, gap_query(view, query, paging.operator), after=paging.after_text, limit=paging.limit + 1)
    )
    return paging.page(
        found, lambda one: json_of(gap_document(one, paging.operator)), lambda one: (one.gap_id,)
    )


def gap_query(view: ReleaseView, query: LivingGapChoice, operator: str) -> GapQuery:
    """Return the filter in the words of the use case; raises NotFound and NotAuthorised."""
    check_obligation(view, query.obligation)
    if query.assignee is not None and not operator:
        raise NotAuthorised("who is assigned is told to operators only")
    return GapQuery(
        area=view.area(query.area) if query.area else None,
        service_key=view.service(query.service).service_key if query.service else None,
        obligation_id=query.obligation,
        line=query.line,
        states=tuple(query.state),
        causes=tuple(query.cause),
        statuses=tuple(query.status),
        responsible=tuple(query.responsible),
        assignee="" if query.unassigned == "true" else query.assignee,
        overdue=query.overdue == "true",
    )


@table.get(
    "/v1/gaps/{gap}",
    tag="coverage",
    summary="One gap; a former id of it is understood, and a closed one is told as closed",
    binding=Binding.RELEASE,
    document=ReleaseSingle[LivingGapDocument],
    parameters=GapPath,
    names_people=True,
)
def get_gap(view: ReleaseView, query: GapPath, paging: Paging) -> Reply:
    """As of the release, with what was said until it was followed by another."""
    return paging.single(gap_document(gap(view, query.gap), paging.operator))


@table.get(
    "/v1/gaps/{gap}/history",
    tag="coverage",
    summary="What a cell was over the kept releases and what was said of it, across mergers and new keys",
    binding=Binding.RELEASE,
    document=ReleaseSingle[GapHistoryDocument],
    parameters=GapPath,
    names_people=True,
)
def get_gap_history(view: ReleaseView, query: GapPath, paging: Paging) -> Reply:
    """States newest first, decisions oldest first."""
    told = history(view, query.gap)
    document = GapHistoryDocument(
        gap=gap_document(told.gap, paging.operator),
        asked_as=told.asked_as,
        states=[StateSpanDocument.model_validate(span) for span in told.states],
        judgements=[_said(SaidDocument.model_validate(said), paging.operator) for said in told.judgements],
        parts=list(told.parts),
    )
    return paging.single(document)


@table.get(
    "/v1/gaps/{gap}/dispute",
    tag="coverage",
    summary="Which source would have to speak about a gap, and a ready text that asks it",
    binding=Binding.RELEASE,
    document=ReleaseSingle[DisputeDocument],
    parameters=DisputeParameters,
    names_people=True,
)
def get_gap_dispute(view: ReleaseView, query: DisputeParameters, paging: Paging) -> Reply:
    """With our evidence; changes nothing."""
    return paging.single(DisputeDocument.model_validate(dispute(view, query.gap, language=query.lang)))


class GapBody(Body):
    """What is decided on a gap."""

    answer: GapAnswerName
    value: Line | None = Field(None, description="With `assign` a name, with `set_due` a day.")
    until: date | None = Field(None, description="With `waive`: the last day on which it holds.")
    reason: Reason


@table.post(
    "/v1/gaps/{gap}/judgements",
    tag="decisions",
    summary="Acknowledge, waive until a day, dispute, reopen, assign a gap or set its due date",
    body=GapBody,
    document=GapWrittenDocument,
    parameters=GapPlace,
)
def decide_on_gap(desk: Desk, query: GapPlace, body: GapBody) -> Written:
    """Holds at once and never changes the cell; undo it like any judgement."""
    view = desk.ask.view()
    decision = GapDecision(query.gap, GapAnswer(body.answer), body.reason, body.value or "", body.until)
    judgement = decide_gap(view, decision, decided_by=desk.operator)
    document = GapWrittenDocument(
        judgement=judged(desk, judgement), gap=gap_document(gap(view, judgement.subject), desk.operator)
    )
    return Written(document, f"/v1/judgements/{judgement.uid}")


def gap_document(one: GapView, operator: str) -> LivingGapDocument:
    """Return the document; without an operator who asks it names nobody."""
    document = LivingGapDocument.model_validate(one)
    return document if operator else document.model_copy(update={"assignee": None})


def _said(said: SaidDocument, operator: str) -> SaidDocument:
    if operator:
        return said
    hidden: dict[str, object] = {"decided_by": None}
    return said.model_copy(update=hidden | ({"value": None} if said.answer == "assign" else {}))
