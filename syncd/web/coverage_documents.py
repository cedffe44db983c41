"""The documents of coverage figures and simulations.

Clients depend on these names, so a rename inside must not reach them. This module must not read anything.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from syncd.web.documents import Document, LevelName, StateCounts
from syncd.web.entry_documents import Rung
from syncd.web.parameters import Language, LineName
from syncd.web.writing import Body, Line

RuleName = Literal[
    "area_wide",
    "at_least_one",
    "share_of_bodies",
    "share_of_population",
    "own",
    "inherited",
    "described",
    "online",
    "described_population",
    "online_population",
]
UnitName = Literal["service", "gemeinde", "kreis", "land"]
_RUNG = "Rung of our evidence ladder, judged from data; not an official Reifegrad."
_Share = Annotated[float | None, Field(ge=0, le=1)]
_SERVICES, _AREAS = 200, 200


class ShareDocument(Document):
    """A share with the rule it is counted by. `unknown` is in the denominator and no gap."""

    rule: RuleName
    name: str
    text: str = Field(description="The rule in words.")
    unit: Literal["services", "cells", "people"]
    numerator: int
    denominator: int
    unknown: int
    share: _Share = Field(description="What is known to hold; null where there is nothing to divide by.")
    at_most: _Share = Field(description="The share if everything unknown turned out to hold.")


class RungCountDocument(Document):
    """Cells on one rung of the ladder; unknown cells stand on none."""

    rung: Rung = Field(description=_RUNG)
    text: str
    cells: int
    people: int


class FiguresDocument(Document):
    """Figures of a group of cells on one line."""

    services: int = Field(description="Services owed somewhere in the group.")
    bodies: int = Field(description="Bodies that owe at least one of them.")
    inhabitants: int = Field(description="Inhabitants of these bodies, each counted once.")
    owed: int = Field(description="Owed cells: a service in a body.")
    cells: StateCounts
    people: StateCounts = Field(description="Inhabitants of the cells, counted once per service.")
    shares: list[ShareDocument]
    ladder: list[RungCountDocument]


class GroupFiguresDocument(FiguresDocument):
    """Figures of one group under one obligation on one line."""

    obligation_id: str
    line: LineName
    group: str = Field(
        description="Service key, area code, OZG id, Lage or Themenfeld; empty for the total, and for "
        "services that belong to none."
    )
    name: str
    level: LevelName | Literal[""] = Field(description="Level of an area.")


class RemainingDocument(Document):
    """A service that still has gaps."""

    service_key: str
    service_name: str
    gaps: int
    people: int
    unknown: int


class OutcomeDocument(Document):
    """Coverage before and after, under one obligation on one line."""

    obligation_id: str
    line: LineName
    closed: int = Field(description="Known gaps that are covered afterwards.")
    settled: int = Field(description="Unknown cells that are covered afterwards.")
    reached: int = Field(description="Inhabitants of bodies with at least one of these, each counted once.")
    remaining_gaps: int
    remaining: list[RemainingDocument] = Field(description="Services with most people in gaps, at most 20.")
    before: FiguresDocument
    after: FiguresDocument


class LaterDutyDocument(Document):
    """A duty that comes into force until the day asked for, and is not counted."""

    obligation_id: str
    duty: str
    from_on: date


class RollOutDocument(Document):
    """One step of a plan."""

    unit: UnitName
    key: str = Field(description="Service key or area code.")
    name: str
    gain: int = Field(description="People, or cells, in gaps it closes beyond those closed before.")
    cells: int
    share: float = Field(ge=0, le=1, description="Covered share after it.")


class PlanDocument(Document):
    """Few roll-outs that reach a target; the steps are the curve of marginal gain."""

    place: str
    obligation_id: str
    line: LineName
    measure: Literal["people", "bodies"]
    target: float
    start: float = Field(ge=0, le=1, description="Share covered now.")
    share: float = Field(ge=0, le=1, description="Share covered after all steps; only known gaps count.")
    unknown: float = Field(ge=0, le=1)
    bound: Literal["reached", "exact", "logarithmic", "submodular", "unreachable"]
    factor: float = Field(description="With `logarithmic`: at most so many times the smallest number.")
    bound_text: str = Field(description="How far the plan may be from the smallest set, and why.")
    steps: list[RollOutDocument]


class SimulationDocument(Document):
    """What was worked out; nothing has been changed. Either outcomes or plans."""

    place: str
    note: str
    outcomes: list[OutcomeDocument]
    not_counted: list[LaterDutyDocument]
    plans: list[PlanDocument]


class AdoptionBody(Body):
    """Services taken on in areas."""

    services: list[Line] = Field(min_length=1, max_length=_SERVICES, description="Service keys.")
    areas: list[Line] = Field(
        min_length=1, max_length=_AREAS, description="Who takes them on: areas, or ids of cohorts."
    )
    evidence: Literal[
        "description", "contact", "appointment", "pdf_form", "online_form", "online_service", "end_to_end"
    ] = Field("online_service", description="How far the solution carries. " + _RUNG)
    each: bool = Field(default=False, description="Every body in the areas offers it itself.")
    by_on: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = Field(
        None, description="Day on which it is done; names duties that are new by then."
    )


class TargetBody(Body):
    """A share to reach."""

    share: float = Field(gt=0, le=1)
    units: list[UnitName] = Field(
        default=["service"],
        min_length=1,
        max_length=4,
        description="What one roll-out is: a service in all bodies of the place, or an area of that level "
        "that takes on all that is lacking in it.",
    )
    measure: Literal["people", "bodies"] = "people"
    at_most: int = Field(1_000, ge=1, le=1_000, description="Most roll-outs.")


class SimulationBody(Body):
    """What to work out: an adoption, or which roll-outs reach a target."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    place: Line = Field("00", description="Area, or id of a cohort, whose coverage is looked at.")
    obligations: list[Line] = Field(default=[], max_length=20, description="Ids; empty means all.")
    line: LineName | None = None
    adoption: AdoptionBody | None = None
    target: TargetBody | None = None
    lang: Language = "en"

    @model_validator(mode="after")
    def _one_of_both(self) -> SimulationBody:
        if (self.adoption is None) == (self.target is None):
            raise ValueError("give either adoption or target, exactly one of them")
        return self
