"""Shapes of the answers that the doors (CLI, REST, pages) give; plain frozen values, ready for JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from syncd.pipeline.registry import About
    from syncd.rules.quality import Quality


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source as operators see it: how it last ended, why, and how old its good data is.

    ``about`` is what its file says of it, ``quality`` a letter for its last runs; None before the first.
    ``missing`` of its ``records`` are no longer listed by the portal, but still published. ``configured``
    False: its file is gone, what it said is not.
    """

    source_id: str
    title: str
    connector: str
    enabled: bool
    interval_seconds: int
    outcome: str | None
    code: str
    reason: str
    fix: str
    last_run_id: int | None
    last_started_at: datetime | None
    last_good_at: datetime | None
    age_seconds: int | None
    fresh: bool
    silent: bool
    """True when nothing good came for more than twice the interval."""
    records: int
    consecutive_failures: int
    missing: int = 0
    configured: bool = True
    about: About | None = None
    quality: Quality | None = None
    first_run_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AreaView:
    """An area with its place in the hierarchy (``parents`` nearest first)."""

    code: str
    ars: str
    name: str
    level: str
    kind: str
    population: int
    ags: str | None = None
    seat_postcode: str | None = None
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AreaSummary:
    """States of the owed cells of an area under one obligation on one line.

    ``bodies`` is the number of municipalities (or Kreise) counted, ``owed`` the number of owed cells, and
    ``counts`` splits it by state label. ``role`` is ``self`` for the area's own cell and ``below`` for the
    bodies inside it.
    """

    area: AreaView
    obligation_id: str
    line: str
    role: str
    bodies: int
    owed: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class GapView:
    """One cell that falls short (or is unknown), with everything an operator needs to act.

    ``gap_id`` is stable over releases. ``people`` are the inhabitants of the area. ``running_elsewhere`` is
    the number of bodies on the same line that have an own offer which meets the duty. ``since_*`` is when the
    state began, ``first_seen_*`` when the gap did. ``status`` and what follows it come from the judgements
    (:mod:`syncd.rules.gap_life`); ``stand`` names the state of the log they come from.
    """

    gap_id: str
    obligation_id: str
    line: str
    service_key: str
    service_name: str
    area_code: str
    area_name: str
    state: str
    cause: str
    evidence: str
    minimum: str
    owed_by: str
    body_code: str
    body_name: str
    people: int
    since_release: int
    since_at: datetime | None
    running_elsewhere: int
    responsible: str
    status: str
    why: str
    waived_until: date | None
    assignee: str
    due_on: date | None
    overdue: bool
    first_seen_release: int
    first_seen_at: datetime | None
    age_days: int | None
    last_reason: str
    stand: str


@dataclass(frozen=True, slots=True)
class CellView:
    """State of one service in one area."""

    obligation_id: str
    line: str
    service_key: str
    service_name: str
    area_code: str
    state: str
    cause: str
    evidence: str
    level: str
    """Level of the body the winning offer comes from; empty without one."""
    since_release: int


@dataclass(frozen=True, slots=True)
class ServiceCoverage:
    """Coverage of one service under one obligation on one line; every figure names its rule.

    ``cells`` and ``people`` split by state label. ``area_wide``: every owing body is covered;
    ``at_least_one``: one is. Shares are 0..1 of the owing bodies and of their inhabitants; unknown cells are
    in the denominator and never counted as missing.
    """

    obligation_id: str
    line: str
    service_key: str
    minimum: str
    owed_by: str
    cells: Mapping[str, int]
    people: Mapping[str, int]
    area_wide: bool
    at_least_one: bool
    share_of_bodies: float
    share_of_population: float
    share_unknown: float


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A register entry with where it comes from."""

    service_key: str
    name: str
    origin: str
    origin_label: str
    structure: str
    typing: tuple[str, ...]
    ozg_id: int | None
    ozg_name: str | None
    situation: str | None
    theme: str | None
    status: str
    replaced_by: str | None
    from_release: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a derivation: a stable code and a sentence in the asked language."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The full derivation of one cell as of a release."""

    service: ServiceView
    area: AreaView
    release: int
    published_at: datetime
    obligation_id: str
    line: str
    state: str
    state_text: str
    cause: str
    cause_text: str
    evidence: str
    people: int
    since_release: int | None
    since_at: datetime | None
    steps: tuple[Step, ...]
    offers: tuple[Mapping[str, object], ...] = field(default_factory=tuple)
    """The merged entries that cover the cell, as stored, most specific first."""
