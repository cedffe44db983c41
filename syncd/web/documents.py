"""The documents of the API: one model per shape, translated from the values inside by named functions.

Clients depend on these names, so a rename inside must not reach them. The same models make the OpenAPI
document. This module must not read anything.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from syncd.web.entry_documents import RUNG, EntryDocument, Rung
from syncd.web.parameters import Cause, GapState, LineName
from syncd.web.source_documents import AboutDocument, QualityDocument

LevelName = Literal["bund", "land", "bezirk", "region", "kreis", "verband", "gemeinde"]
Outcome = Literal["running", "interrupted", "unchanged", "accepted", "refused", "failed"]


class Document(BaseModel):
    """Base of all documents; reads attributes of the plain values inside."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class ReleaseStamp(Document):
    """Which published state an answer was read from."""

    number: int = Field(description="Number of the release.")
    digest: str = Field(description="Digest of its content.")
    published_at: datetime


class SourceDocument(Document):
    """A source as operators see it: how it last ended, why, and how old its good data is."""

    source_id: str
    title: str
    connector: str
    enabled: bool
    interval_seconds: int
    outcome: Outcome | None = Field(description="How the last run ended; null before the first.")
    code: str = Field(description="Stable code of the reason.")
    reason: str
    fix: str = Field(description="What to do about it; empty when there is nothing to do.")
    last_run_id: int | None
    last_started_at: datetime | None
    last_good_at: datetime | None = Field(description="When the source last spoke: the age of its data.")
    age_seconds: int | None
    fresh: bool = Field(description="False: the data is too old to count, its cells are unknown.")
    silent: bool = Field(description="True: nothing good came for more than twice the interval.")
    configured: bool = Field(description="False: its file is gone; what it said stays published.")
    records: int
    about: AboutDocument | None = Field(description="Null for a source that is no longer configured.")
    quality: QualityDocument | None = Field(description="Null before the first good run.")
    missing: int = Field(description="How many of the records the source no longer lists; still published.")
    consecutive_failures: int


class RunCountsDocument(Document):
    """What one run saw and did, in records."""

    received: int
    unchanged: int
    added: int
    changed: int
    withdrawn: int
    quarantined: int
    issues: int
    bytes_read: int


class RunDocument(Document):
    """One attempt to bring a source up to date."""

    run_id: int
    source_id: str
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome
    code: str
    reason: str
    fix: str
    trigger: str
    counts: RunCountsDocument


class IssueDocument(Document):
    """One finding about one record or document."""

    code: str
    message: str
    where: str
    value: str
    severity: Literal["note", "warning", "error"]
    fix: str


class RunDetailDocument(RunDocument):
    """One run with its findings."""

    details: dict[str, Any] = Field(description="Further facts; their names are not part of the contract.")
    issue_counts: dict[str, int] = Field(description="Number of findings per code; not all are kept below.")
    issues: list[IssueDocument]


class ScopeDocument(Document):
    """What a source may speak for."""

    areas: list[str]
    services: list[str] | None = Field(description="Service keys; null means all.")
    silence_means_absence: bool


class SourceDetailDocument(SourceDocument):
    """One source with its scope and its last runs."""

    scope: ScopeDocument | None = Field(description="Null for a source that is no longer configured.")
    stale_after_seconds: int | None = Field(description="Age from which its data no longer counts.")
    runs: list[RunDocument] = Field(description="The last runs, newest first.")


class AreaDocument(Document):
    """An area of the register; `parents` nearest first."""

    code: str = Field(description="ARS cut to the digits of its level.")
    ars: str
    name: str
    level: LevelName
    kind: str
    population: int
    ags: str | None
    seat_postcode: str | None
    parents: list[str]


class StateCounts(Document):
    """Owed cells by state; `unknown` is never counted as missing."""

    own: int
    inherited: int
    offline: int
    dead: int
    missing: int
    unknown: int


class SummaryDocument(Document):
    """States of the owed cells of an area under one obligation on one line."""

    obligation_id: str
    line: LineName
    role: Literal["self", "below"] = Field(description="The area's own cell, or the bodies inside it.")
    bodies: int = Field(description="Bodies that owe.")
    owed: int = Field(description="Owed cells.")
    counts: StateCounts


class CellDocument(Document):
    """State of one service in one area."""

    obligation_id: str
    line: LineName
    service_key: str
    service_name: str
    state: GapState
    cause: Cause
    evidence: Rung = Field(description=RUNG)
    level: LevelName | Literal[""] = Field(description="Level of the body the winning offer comes from.")
    since_release: int


class AreaCoverageDocument(Document):
    """Coverage of one area."""

    area: AreaDocument
    summaries: list[SummaryDocument]
    cells: list[CellDocument] | None = Field(description="Null unless asked for.")


class CohortDocument(Document):
    """A named group of areas."""

    cohort_id: str
    title: str
    areas: list[str]


class CohortAreaDocument(Document):
    """One area of a cohort; `area` is null where the register of the release does not have it."""

    named: str = Field(description="As the configuration names it.")
    title: str
    area: AreaDocument | None
    summaries: list[SummaryDocument]


class CohortDetailDocument(Document):
    """A cohort with the states of its areas."""

    cohort_id: str
    title: str
    areas: list[CohortAreaDocument]


class ServiceDocument(Document):
    """An entry of the service register with where it comes from."""

    service_key: str
    name: str
    origin: str
    origin_label: str = Field(description="Origin in words, with the date of its edition.")
    structure: str
    typing: list[str]
    ozg_id: int | None
    ozg_name: str | None
    situation: str | None
    theme: str | None
    status: Literal["active", "retired"]
    replaced_by: str | None
    from_release: int = Field(description="Release since which the service is as it is.")


class ServiceCoverageDocument(Document):
    """Coverage of one service under one obligation on one line; every figure names its rule."""

    obligation_id: str
    line: LineName
    service_key: str
    minimum: Rung = Field(description="Rung that the obligation demands. " + RUNG)
    owed_by: LineName
    cells: StateCounts
    people: StateCounts = Field(description="Inhabitants by state.")
    area_wide: bool = Field(description="Every owing body is covered.")
    at_least_one: bool = Field(description="One owing body is covered.")
    share_of_bodies: float = Field(ge=0, le=1, description="Covered share of the owing bodies.")
    share_of_population: float = Field(ge=0, le=1, description="Covered share of their inhabitants.")
    share_unknown: float = Field(ge=0, le=1, description="Share of the owing bodies nobody spoke for.")


class GapDocument(Document):
    """One cell that falls short, or is unknown."""

    gap_id: str = Field(description="Stable over releases.")
    obligation_id: str
    line: LineName
    service_key: str
    service_name: str
    area_code: str
    area_name: str
    state: GapState
    cause: Cause
    evidence: Rung = Field(description=RUNG)
    minimum: Rung
    owed_by: LineName
    body_code: str
    body_name: str
    people: int = Field(description="Inhabitants of the area.")
    since_release: int
    since_at: datetime | None
    running_elsewhere: int = Field(
        description="Bodies on the same line with an own offer that meets the duty."
    )


class StepDocument(Document):
    """One step of a derivation."""

    code: str
    text: str


class ExplanationDocument(Document):
    """The full derivation of one cell."""

    service: ServiceDocument
    area: AreaDocument
    obligation_id: str
    line: LineName | Literal[""]
    state: GapState
    state_text: str
    cause: Cause
    cause_text: str
    evidence: Rung = Field(description=RUNG)
    people: int
    since_release: int | None
    since_at: datetime | None
    steps: list[StepDocument]
    offers: list[EntryDocument]


class ReleaseDocument(ReleaseStamp):
    """One immutable published state."""

    counts: dict[str, int]


class DutyDocument(Document):
    """One group of an obligation."""

    name: str
    line: LineName
    owed_by: LineName
    minimum: Rung
    from_on: date
    legal_ground: str
    services: int = Field(description="Number of services owed.")


class ObligationDocument(Document):
    """An obligation as the release was assessed by."""

    obligation_id: str
    title: str
    note: str
    duties: list[DutyDocument]


class ReadSourceDocument(Document):
    """What a release knew of a source."""

    source_id: str
    title: str
    last_good_at: datetime | None
    fresh: bool
    spoken: bool


class ReleaseDetailDocument(ReleaseDocument):
    """A release with what it was made from."""

    areas_label: str = Field(description="Edition of the area register.")
    services_label: str = Field(description="Edition of the service register.")
    upheaval: list[str] = Field(description="Shifts of coverage beyond the limits; none as a rule.")
    obligations: list[ObligationDocument]
    sources: list[ReadSourceDocument]


class ChangeDocument(Document):
    """One line of a change list."""

    kind: Literal["added", "changed", "removed"]
    service_key: str
    area_code: str
    title: str


class HealthDocument(Document):
    """Whether the service can be used."""

    status: Literal["live", "ready", "not_ready"]
    version: str
    database: bool | None = None
    release: ReleaseStamp | None = None
    facts: dict[str, Any] = Field(default_factory=dict, description="Further facts for people.")


_Item = TypeVar("_Item")


class _Envelope(Document):
    """Base of the generic shapes; names them after what is in them (``GapReleaseListing``)."""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return str(params[0].__name__).removesuffix("Document") + cls.__name__


class Listing(_Envelope, Generic[_Item]):
    """A page of a listing that moves with time."""

    items: list[_Item]
    next: str | None = Field(description="Address of the next page; null on the last.")


class ReleaseListing(_Envelope, Generic[_Item]):
    """A page of a listing of one release; all its pages are of the same release."""

    release: ReleaseStamp
    items: list[_Item]
    next: str | None = Field(description="Address of the next page; null on the last.")


class Single(_Envelope, Generic[_Item]):
    """One thing, now."""

    item: _Item


class ReleaseSingle(_Envelope, Generic[_Item]):
    """One thing as of a release."""

    release: ReleaseStamp
    item: _Item
