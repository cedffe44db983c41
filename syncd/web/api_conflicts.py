"""Routes of conflicts and pins: where sources contradict each other, and what is held by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import Field, StringConstraints, model_validator

from syncd.pipeline.conflicts import conflict as one_conflict
from syncd.pipeline.conflicts import conflicts, decide
from syncd.pipeline.explain_field import explain_field
from syncd.pipeline.pins import LONGEST_PIN, pin, pins
from syncd.web.api_judgements import written
from syncd.web.api_registers import json_of
from syncd.web.decision_documents import (
    ConflictDocument,
    FieldExplanationDocument,
    PinDocument,
    RulingDocument,
    WrittenDocument,
)
from syncd.web.documents import Listing, Single
from syncd.web.parameters import AsOf, Language, Paged, Parameters, ServiceText, Text
from syncd.web.routes import Binding, Table
from syncd.web.writing import Body, Day, Line, Reason

if TYPE_CHECKING:
    from syncd.pipeline.ask import Ask
    from syncd.web.paging import Paging, Reply
    from syncd.web.writing import Desk, Written

table = Table()

_Ruled = TypeVar("_Ruled", ConflictDocument, PinDocument)
ConflictState = Literal["open", "returned", "decided"]
PinState = Literal["in_force", "returned", "waiting", "expired"]
ConflictId = Annotated[str, StringConstraints(min_length=1, max_length=600, pattern=r"^[^\x00-\x1f\x7f]+$")]


class ConflictFilter(Paged):
    """Conflicts of the published catalogue."""

    area: Text | None = Field(None, description="The area and everything inside it.")
    service: ServiceText | None = Field(None, description="Service key.")
    source: Text | None = Field(None, description="Conflicts in which this source is a side.")
    state: ConflictState = Field(
        "open", description="`returned`: decided, and sources have changed what they say since."
    )


class ConflictPath(Parameters):
    """One conflict."""

    conflict: ConflictId = Field(description="Id of a conflict; its slashes are escaped as %2F.")


class PinFilter(Paged):
    """Pins that nobody took back."""

    area: Text | None = Field(None, description="The area and everything inside it.")
    service: ServiceText | None = Field(None, description="Service key.")
    state: PinState | None = Field(None, description="Default: all.")


class FieldParameters(AsOf):
    """One field of one entry."""

    service: ServiceText = Field(description="Service key.")
    area: Text = Field(description="Cut code, ARS, AGS or unique name of the area the offer is stated for.")
    field: Text = Field(description="Field of the entry, such as `title`; or `evidence`.")
    lang: Language = Field("en", description="Language of the sentences.")


class DecisionBody(Body):
    """Which side of a conflict is right: a source, a value or both; exactly one of these."""

    source: Line | None = Field(None, description="The source that is right.")
    value: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_PIN)] | None = Field(
        None, description="The side that is right, by what it says."
    )
    both: Literal[True] | None = Field(None, description="Both sides may stand.")
    reason: Reason
    until: Day | None = Field(None, description="Last day on which the decision holds.")

    @model_validator(mode="after")
    def _one(self) -> DecisionBody:
        if sum(side is not None for side in (self.source, self.value, self.both)) != 1:
            raise ValueError("give exactly one of source, value and both")
        return self


class PinBody(Body):
    """What is held."""

    service: ServiceText = Field(description="Service key.")
    area: Text = Field(description="Cut code, ARS, AGS or unique name of the area of the entry.")
    field: Line = Field(description="Field of the entry, such as `title`.")
    value: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_PIN)]
    reason: Reason
    until: Day = Field(description="Last day on which it holds.")


def _named(document: _Ruled, operator: str) -> _Ruled:
    """Return a document that names nobody unless an operator asks."""
    ruling: RulingDocument | None = document.ruling
    if operator or ruling is None:
        return document
    return document.model_copy(update={"ruling": ruling.model_copy(update={"decided_by": None})})


@table.get(
    "/v1/conflicts",
    tag="decisions",
    summary="Where sources contradict each other, with both sides and their dates",
    binding=Binding.NOW,
    document=Listing[ConflictDocument],
    parameters=ConflictFilter,
    missing=True,
    names_people=True,
)
def list_conflicts(ask: Ask, query: ConflictFilter, paging: Paging) -> Reply:
    """Of the current release, by service, area and field."""
    view = ask.view()
    found = conflicts(
        view,
        area=view.area(query.area) if query.area else None,
        service_key=view.service(query.service).service_key if query.service else None,
        source_id=query.source,
        state=query.state,
        after=paging.after_text,
        limit=paging.limit + 1,
    )
    return paging.page(
        found,
        lambda one: json_of(_named(ConflictDocument.model_validate(one), paging.operator)),
        lambda one: (one.conflict_id,),
    )


@table.get(
    "/v1/conflicts/{conflict}",
    tag="decisions",
    summary="One conflict, decided or not",
    binding=Binding.NOW,
    document=Single[ConflictDocument],
    parameters=ConflictPath,
    missing=True,
    names_people=True,
)
def get_conflict(ask: Ask, query: ConflictPath, paging: Paging) -> Reply:
    """Of the current release."""
    found = one_conflict(ask.view(), query.conflict)
    return paging.single(_named(ConflictDocument.model_validate(found), paging.operator))


@table.post(
    "/v1/conflicts/{conflict}/decision",
    tag="decisions",
    summary="Decide which side of a conflict is right",
    body=DecisionBody,
    document=WrittenDocument,
    parameters=ConflictPath,
)
def decide_conflict(desk: Desk, query: ConflictPath, body: DecisionBody) -> Written:
    """Undo it like any judgement."""
    view = desk.ask.view()
    judgement = decide(
        view,
        query.conflict,
        reason=body.reason,
        decided_by=desk.operator,
        at=desk.now,
        value=body.value or "",
        source_id=body.source or "",
        both=body.both is True,
        until=body.until,
    )
    return written(desk, judgement)


@table.get(
    "/v1/explain/field",
    tag="decisions",
    summary="Why a field of an entry has its value: winner, losers, reasons, runs, since when",
    binding=Binding.NOW,
    document=Single[FieldExplanationDocument],
    parameters=FieldParameters,
    missing=True,
    names_people=True,
)
def explain_one_field(ask: Ask, query: FieldParameters, paging: Paging) -> Reply:
    """By what the release was merged with; runs are as of now, so it has no release in its validator."""
    view = ask.view(release=query.release, at=query.at)
    found = explain_field(view, query.service, view.area(query.area), query.field, language=query.lang)
    document = FieldExplanationDocument.model_validate(found)
    if not paging.operator:
        pin_ruling, told = document.pin, document.conflict
        document = document.model_copy(
            update={
                "pin": pin_ruling and pin_ruling.model_copy(update={"decided_by": None}),
                "conflict": told and _named(told, ""),
            }
        )
    return paging.single(document)


@table.get(
    "/v1/pins",
    tag="decisions",
    summary="Values held by hand, with reason and last day",
    binding=Binding.NOW,
    document=Listing[PinDocument],
    parameters=PinFilter,
    missing=True,
    names_people=True,
)
def list_pins(ask: Ask, query: PinFilter, paging: Paging) -> Reply:
    """By service, area and field."""
    view = ask.view()
    found = pins(
        view,
        area=view.area(query.area) if query.area else None,
        service_key=view.service(query.service).service_key if query.service else None,
        state=query.state or "",
        after=paging.after_text,
        limit=paging.limit + 1,
    )
    return paging.page(
        found,
        lambda one: json_of(_named(PinDocument.model_validate(one), paging.operator)),
        lambda one: (one.pin_id,),
    )


@table.post(
    "/v1/pins",
    tag="decisions",
    summary="Hold a field of an entry at a value until a day",
    body=PinBody,
    document=WrittenDocument,
)
def pin_field(desk: Desk, _query: Parameters, body: PinBody) -> Written:
    """A later pin on the same field takes its place; undo it like any judgement."""
    view = desk.ask.view()
    judgement = pin(
        view,
        body.service,
        view.area(body.area),
        body.field,
        body.value,
        reason=body.reason,
        decided_by=desk.operator,
        at=desk.now,
        until=body.until,
    )
    return written(desk, judgement)
