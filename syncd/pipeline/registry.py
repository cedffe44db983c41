"""What the use cases know of the configuration: registers, obligations and source plans, as plain values.

Built once at start and on reload by the composition root; must not know files or pydantic.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from syncd.errors import NotFound
from syncd.model.service import ServiceStatus
from syncd.rules.accept import AcceptLimits
from syncd.rules.candidates import DEFAULT_THRESHOLDS, Thresholds
from syncd.rules.line import AreaLine
from syncd.rules.precedence import Precedence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from syncd.model.area import Area, AreaKey, Succession
    from syncd.model.coverage import Cohort, Duty, Obligation
    from syncd.model.record import Scope
    from syncd.model.service import Service
    from syncd.rules.areas import AreaIndex
    from syncd.rules.prioritise import CaseFigure


@dataclass(frozen=True, slots=True)
class About:
    """Whose data a source has, on what ground it is read, and how many records there should be."""

    owner: str = ""
    contact: str = ""
    licence: str = ""
    permission: str = ""
    expected_minimum: int | None = None
    expected_maximum: int | None = None


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """One configured source. ``options`` go to the parser; ``connector`` is the built connector object.

    ``proves_completeness`` tells whether a framed run without complaints proves that the listing is complete;
    ``total_required`` that the portal must announce a total for that.
    """

    source_id: str
    title: str
    connector_name: str
    connector: Any
    parser: str
    options: Mapping[str, Any]
    scope: Scope
    interval: timedelta
    stale_after: timedelta
    base_url: str
    precedence: int = 100
    default_area: AreaKey | None = None
    limits: AcceptLimits = AcceptLimits()
    proves_completeness: bool = True
    total_required: bool = False
    total_tolerance: int = 0
    allow_private: bool = False
    enabled: bool = True
    keeps_ledger: bool = False
    feeds_register: bool = False
    links_by_likeness: bool = True
    """False: records without a key are linked by judgement and declared id only, and never asked about."""
    parse_timeout: timedelta | None = None
    about: About = About()
    feed: str = ""
    """Identifies what is asked for: connector, address and settings; a ledger is bound to it."""
    parser_version: str = ""
    """Changes with the parser's code, so that a better parser reads known bytes again."""
    is_yardstick: bool = False
    """It states what the official counters count; our coverage is compared with it."""
    kind: str = ""
    """Kind of source (:class:`~syncd.rules.precedence.SourceKind`), where its file names one."""


@dataclass(frozen=True, slots=True)
class AreaRegister:
    """The effective area register of a day: an edition with successions applied.

    ``label`` names the edition (``GV100AD 30.11.2025``), ``digest`` identifies its content.
    """

    label: str
    digest: str
    areas: tuple[Area, ...]
    index: AreaIndex
    line: AreaLine
    moved: Mapping[str, AreaKey]
    """Codes of ended areas → present areas."""
    successions: tuple[Succession, ...] = ()


@dataclass(frozen=True, slots=True)
class Linking:
    """How records without a key are linked; ``enabled`` False: nothing is linked by likeness."""

    enabled: bool = True
    thresholds: Thresholds = DEFAULT_THRESHOLDS


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything configured, for the use cases."""

    areas: AreaRegister
    services: Mapping[str, Service]
    services_label: str
    obligations: tuple[Obligation, ...]
    cohorts: tuple[Cohort, ...]
    sources: Mapping[str, SourcePlan]
    field_precedence: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    cases: Mapping[str, CaseFigure] = field(default_factory=dict)
    """How often services are needed, by service key, as far as anybody says so."""
    linking: Linking = Linking()
    aliases: frozenset[tuple[str, str]] = frozenset()
    """(other name, service key), as configuration and catalogues say."""

    @property
    def precedence(self) -> Precedence:
        """Ranks of the sources for merging."""
        return Precedence({s.source_id: s.precedence for s in self.sources.values()}, self.field_precedence)

    def plan(self, source_id: str) -> SourcePlan:
        """Return the plan of a source; raises NotFound with the sources there are."""
        if source_id not in self.sources:
            raise unknown_source(source_id, self.sources)
        return self.sources[source_id]

    def duties(self, on: date) -> tuple[tuple[str, Duty], ...]:
        """Return (obligation id, duty) pairs in force on a day, with typed duties resolved to keys."""
        return tuple(
            (obligation.obligation_id, resolve_duty(duty, self.services))
            for obligation in self.obligations
            for duty in obligation.duties
            if duty.from_on <= on
        )


def unknown_source(source_id: str, known: Iterable[str]) -> NotFound:
    """Return the error for a source that is not configured, with those that are."""
    names = ", ".join(sorted(known)) or "none"
    return NotFound(f"no source '{source_id}' is configured (known: {names})", code="unknown_source")


def resolve_duty(duty: Duty, services: Mapping[str, Service]) -> Duty:
    """Replace a typing selector by the keys in use that carry one of the types."""
    if not duty.typing:
        return duty
    keys = frozenset(
        key
        for key, service in services.items()
        if service.status is ServiceStatus.ACTIVE and duty.typing.intersection(service.typing)
    )
    return type(duty)(
        name=duty.name,
        line=duty.line,
        owed_by=duty.owed_by,
        minimum=duty.minimum,
        from_on=duty.from_on,
        legal_ground=duty.legal_ground,
        services=duty.services | keys,
        areas=duty.areas,
    )
