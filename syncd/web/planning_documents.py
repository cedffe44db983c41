"""The documents of uniformity, reuse, blueprint, priorities, media breaks and adoption.

Clients depend on these names, so a rename inside must not reach them. This module must not read anything.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from syncd.web.documents import Document, GapDocument
from syncd.web.entry_documents import RUNG, Rung
from syncd.web.parameters import LineName

MarkName = Literal["procedure", "platform", "host"]
StepName = Literal["adopt", "connect", "find_out", "change", "equal", "ahead", "neither"]
FindingName = Literal[
    "none",
    "contradicted_by_probe",
    "contradicted_by_address",
    "contradicted_by_operator",
    "no_link",
    "dead_link",
    "other_act",
    "parent_key",
    "media_break",
]


class UseDocument(Document):
    """One value of a mark with the bodies and inhabitants that have it."""

    value: str
    bodies: int
    people: int


class SpreadDocument(Document):
    """How many different ones there are by one mark, and how unevenly."""

    mark: MarkName = Field(
        description="platform: the engine, or the host where we know none of that form of address."
    )
    number: int
    effective_by_bodies: float = Field(description="Inverse Simpson index 1/Σp²; 0 with nothing to count.")
    effective_by_people: float
    largest_share_of_bodies: float = Field(ge=0, le=1)
    largest_share_of_people: float = Field(ge=0, le=1)
    leading: str = Field(description="What more bodies use than any other; empty when nothing leads.")
    uses: list[UseDocument] = Field(description="Most common first.")


class DistanceDocument(Document):
    """How many of the compared cells use something else than what leads nationwide."""

    mark: MarkName
    compared: int
    deviating: int
    people_compared: int
    people_deviating: int
    share: float = Field(ge=0, le=1)
    share_of_people: float = Field(ge=0, le=1)


class UniformityDocument(Document):
    """The different digital procedures of one service, counted on the bodies that owe it."""

    service_key: str
    service_name: str
    line: LineName
    bodies: int = Field(description="Bodies with a digital procedure.")
    people: int
    bodies_without: int = Field(description="Bodies without one; they are in no other figure.")
    people_without: int
    spreads: list[SpreadDocument]
    distances: list[DistanceDocument]


class DeviationDocument(Document):
    """One body whose procedure is not the leading one."""

    service_key: str
    service_name: str
    line: LineName
    area_code: str
    area_name: str
    people: int
    marks: list[MarkName] = Field(description="In what it differs.")
    procedure: str
    platform: str
    host: str
    url: str
    leading_procedure: str = Field(description="Empty where no procedure leads.")
    leading_platform: str
    leading_host: str


class FitReasonDocument(Document):
    """Why points were given; 0 where the data speaks against it or says nothing."""

    code: str
    points: int
    text: str


class SolutionDocument(Document):
    """A procedure that runs elsewhere, with how well it fits."""

    points: int = Field(ge=0, le=100)
    service_key: str = Field(description="Key it runs for; a variant where it is not that of the gap.")
    engine: str = Field(description="Empty when the address belongs to no engine we know.")
    host: str
    process: str
    evidence: Rung = Field(description=RUNG)
    url: str = Field(description="Link of one of the bodies, as an example.")
    efa: bool = Field(description="Address or title say so themselves; unverified. False: not stated.")
    bodies: list[str] = Field(description="Areas of the bodies that offer it.")
    bodies_before: int | None = Field(description="How many were known 90 days before; null: nothing was.")
    reasons: list[FitReasonDocument]


class GapReuseDocument(Document):
    """A gap with the solutions that already run elsewhere, best fit first."""

    gap: GapDocument
    solutions: list[SolutionDocument]


class StandingDocument(Document):
    """How one service stands in one place."""

    bodies: int = Field(description="Owing cells.")
    covered: int
    own: int = Field(description="Those of the covered with an offer of their own.")
    unknown: int
    people: int
    people_covered: int
    people_unknown: int
    share: float = Field(ge=0, le=1, description="Covered share of the people.")
    procedures: list[str]


class DifferenceDocument(Document):
    """What one place has to do about one service to equal the model."""

    obligation_id: str
    line: LineName
    service_key: str
    service_name: str
    step: StepName
    text: str
    place: StandingDocument
    model: StandingDocument
    url: str = Field(description="A link of the model's procedure; empty without a digital one.")


class CaseFigureDocument(Document):
    """How often a service is needed, and who says so."""

    service_key: str
    cases_per_1000: float = Field(description="Cases a year per 1,000 inhabitants.")
    year: int
    source: str


class PriorityDocument(Document):
    """One service that people of the place lack, with every factor of its priority."""

    priority: float
    obligation_id: str
    line: LineName
    service_key: str
    service_name: str
    people: int = Field(description="Inhabitants of the cells that lack it.")
    bodies: int = Field(description="Cells that lack it.")
    weight: float
    weight_source: CaseFigureDocument | None = Field(description="Null: unknown, the weight is 1.")
    readiness: float = Field(ge=0, le=1)
    area_code: str = Field(description="The largest cell that lacks it.")
    area_name: str
    body_code: str = Field(description="Body that owes it there.")
    body_name: str
    solution: SolutionDocument | None = Field(description="Best fit for that body; null: nothing runs.")


class PrioritiesDocument(Document):
    """What to close first."""

    place: str
    formula: str
    cases: str = Field(description="For how many services nobody knows how often they are needed.")
    total: int = Field(description="Services that are lacking; the first of them stand below.")
    items: list[PriorityDocument]


class ChannelFindingDocument(Document):
    """One channel with its rung, why it has it, and what contradicts its claim."""

    service_key: str
    title: str
    area_code: str
    area_name: str
    number: int = Field(description="Place in the entry.")
    finding: FindingName
    finding_text: str
    claimed: Literal["online_service", "form", "pdf", "appointment", "contact", "page", "unknown_link"]
    evidence: Rung = Field(description=RUNG)
    evidence_text: str
    best: Rung = Field(description="Rung the whole offer reaches.")
    rule: str
    reason: str
    fix: str
    url: str
    label: str
    link_state: Literal["unchecked", "ok", "dead"]
    source_id: str
    record: str


class AdoptionWeekDocument(Document):
    """Coverage at the end of one week, and what the week brought in people."""

    on: date
    release: int
    bodies: int
    covered: int
    unknown: int
    people: int
    people_covered: int
    people_unknown: int
    share: float = Field(ge=0, le=1)
    rolled_out: int | None = Field(description="Of known gaps that were closed; null for the first week.")
    learned: int | None = Field(description="Covered where nothing was known before: no roll-out.")
    lost: int | None
    out_of_sight: int | None = Field(description="Covered before, now unknown: no loss.")


class ForecastDocument(Document):
    """When a share of the people is reached at the speed observed, or why that cannot be said."""

    target: float = Field(ge=0, le=1)
    share_now: float = Field(ge=0, le=1)
    code: Literal[
        "expected",
        "reached",
        "nobody",
        "too_much_unknown",
        "too_few_weeks",
        "too_few_changes",
        "not_growing",
        "beyond_horizon",
    ]
    per_week: float = Field(description="Mean net growth in people.")
    spread: float = Field(description="Standard deviation of the weekly growth.")
    weeks_observed: int
    active_weeks: int
    earliest_on: date | None = Field(description="Interval of 80 %.")
    expected_on: date | None
    latest_on: date | None = Field(description="Null where the lower bound never gets there in ten years.")
    text: str


class StallDocument(Document):
    """One service whose roll-out had begun and stands still."""

    obligation_id: str
    line: LineName
    service_key: str
    service_name: str
    bodies: int = Field(description="Owing cells.")
    covered: int
    unknown: int
    gaps: int = Field(description="Cells known to fall short.")
    people_in_gaps: int
    last_gain_on: date = Field(description="Day on which the last cell was covered.")
    weeks: int = Field(description="Weeks since then.")


class AdoptionDocument(Document):
    """How fast one service spreads under one obligation on one line."""

    obligation_id: str
    line: LineName
    service_key: str
    stall: Literal["stalled", "moving", "unknown"]
    stall_text: str
    weeks: list[AdoptionWeekDocument]
    forecasts: list[ForecastDocument]
