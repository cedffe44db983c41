"""What the pages say: rows and words gathered from a release, ready for the templates.

Reads in a thread. Nothing here is trusted to be safe HTML; the templates escape everything, and links from
portals are shown as links only if they lead to the web.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from syncd.errors import NotFound
from syncd.model.area import AreaKind, AreaLevel
from syncd.model.coverage import Tier
from syncd.pipeline.explain import explain
from syncd.rules import words
from syncd.rules.fault_words import fault_words
from syncd.web.texts import problem_words, text

if TYPE_CHECKING:
    from datetime import datetime

    from syncd.model.area import Area
    from syncd.model.coverage import Cohort
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.views import AreaSummary, SourceView
    from syncd.web.parameters import ExplainPageParameters

SHOWN_STATES: Final = ("own", "inherited", "offline", "dead", "missing", "unknown")
_TONES: Final = {"accepted": "good", "unchanged": "good", "refused": "warn", "failed": "bad"}
_LIVING: Final = frozenset({"offline", "dead", "missing", "unknown"})
"""States of cells that have a status."""
_CHOICES: Final = 12
_MISSING: Final = 404
_WEB: Final = ("https://", "http://")
_NOT_LIVED_IN: Final = frozenset({AreaKind.VERBAND, AreaKind.BEZIRK, AreaKind.REGION})


def page_address(path: str, language: str, parameters: Mapping[str, str] | None = None) -> str:
    """Return the address of a page in the same language; German is the default and not named."""
    pairs = [(name, value) for name, value in (parameters or {}).items() if value]
    if language != "de":
        pairs.append(("lang", language))
    return f"{path}?{urlencode(pairs)}" if pairs else path


# --- sources ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source in words. ``foreign`` marks words that exist in English only."""

    title: str
    records: int
    missing: int
    outcome: str
    tone: str
    is_good: bool
    last_good_at: datetime | None
    age: int
    marks: tuple[str, ...]
    reason: str
    fix: str
    wording: str
    foreign: bool


def source_rows(sources: Sequence[SourceView], language: str) -> list[SourceRow]:
    """Return the table of sources."""
    return [_source_row(source, language) for source in sources]


def _source_row(source: SourceView, language: str) -> SourceRow:
    marks = []
    if not source.configured:
        marks.append(text("not_configured", language))
    elif not source.enabled:
        marks.append(text("disabled", language))
    if source.configured and source.last_good_at is not None and not source.fresh:
        marks.append(text("too_old", language))
    elif source.silent:
        marks.append(text("silent", language))
    reason, fix, wording, foreign = source.reason, source.fix, "", False
    if source.outcome is None:
        reason = text("never_reason", language)
    elif language == "de" and source.code:
        translated = fault_words(source.code, language)
        if translated is None:
            foreign = True
        else:
            wording = f"{reason} {fix}" if source.outcome not in {"accepted", "unchanged"} else ""
            reason, fix = translated.cause, translated.fix
    return SourceRow(
        title=source.title,
        records=source.records,
        missing=source.missing,
        outcome=words.say(words.OUTCOMES, source.outcome, language)
        if source.outcome
        else text("never_ran", language),
        tone=_TONES.get(source.outcome or "", "none"),
        is_good=source.enabled and source.fresh and _TONES.get(source.outcome or "") == "good",
        last_good_at=source.last_good_at,
        age=source.age_seconds or 0,
        marks=tuple(marks),
        reason=reason,
        fix=fix,
        wording=wording.strip(),
        foreign=foreign,
    )


# --- cohorts ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SummaryCell:
    """One figure with the list behind it."""

    state: str
    number: int
    address: str


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One area (or the bodies inside it) under one obligation."""

    name: str
    part: str
    owed: int
    cells: tuple[SummaryCell, ...]
    address: str


@dataclass(frozen=True, slots=True)
class SummaryTable:
    """One obligation."""

    title: str
    rows: list[SummaryRow]


@dataclass(frozen=True, slots=True)
class CohortTables:
    """One cohort; ``without`` names areas that the release has no figures for."""

    title: str
    tables: list[SummaryTable]
    without: list[str]


def cohort_tables(view: ReleaseView, language: str) -> list[CohortTables]:
    """Return one table per cohort and obligation."""
    return [_cohort(view, cohort, language) for cohort in view.ask.registry.cohorts]


def _cohort(view: ReleaseView, cohort: Cohort, language: str) -> CohortTables:
    rows: dict[str, list[SummaryRow]] = {o.obligation_id: [] for o in view.obligations}
    without = []
    for named in cohort.areas:
        try:
            area = view.area(named)
        except NotFound:
            without.append(cohort.titles.get(named, named))
            continue
        name = cohort.titles.get(named, area.name)
        summaries = view.summaries(area)
        if not summaries:
            without.append(name)
        for summary in _without_doubles(summaries, area):
            rows[summary.obligation_id].append(_summary_row(summary, area, name, language))
    titles = {o.obligation_id: o.title for o in view.obligations}
    return CohortTables(
        cohort.title, [SummaryTable(titles[key], found) for key, found in rows.items() if found], without
    )


def _without_doubles(summaries: Sequence[AreaSummary], area: Area) -> list[AreaSummary]:
    """Return the summaries without a town's tasks as Kreis where its people are counted already."""
    if area.key.level is not AreaLevel.GEMEINDE:
        return list(summaries)
    counted = {s.obligation_id for s in summaries if s.line == Tier.GEMEINDE.value}
    return [s for s in summaries if s.line == Tier.GEMEINDE.value or s.obligation_id not in counted]


def _summary_row(summary: AreaSummary, area: Area, name: str, language: str) -> SummaryRow:
    itself = summary.role == "self" or (area.kind is AreaKind.KREISFREIE_STADT and summary.line == "kreis")
    part = (
        text(f"as_{summary.line}", language)
        if itself
        else text(f"in_{summary.line}", language, bodies=summary.bodies)
    )
    chosen = {"area": area.code, "obligation": summary.obligation_id, "line": summary.line}
    return SummaryRow(
        name=name,
        part=part,
        owed=summary.owed,
        cells=tuple(
            SummaryCell(
                state,
                summary.counts[state],
                page_address("/gaps", language, {**chosen, "state": state}),
            )
            for state in SHOWN_STATES
        ),
        address=page_address("/gaps", language, chosen),
    )


# --- explanation ------------------------------------------------------------------------------------------


def explain_page(view: ReleaseView, asked: ExplainPageParameters) -> dict[str, Any]:
    """Return what the page of a cell shows; an unknown area or service becomes a question."""
    language = asked.lang
    found: dict[str, Any] = {
        "heading": text("explain_plain", language),
        "problem": None,
        "choices": [],
        "found": None,
        "offers": [],
        "gap": None,
    }

    def link(**replaced: str) -> str:
        chosen = {"service": asked.service or "", "area": asked.area or ""}
        return page_address("/explain", language, {**chosen, **replaced})

    if not asked.service or not asked.area:
        return found
    service, known = find_service(view, asked.service)
    if service is None:
        found["problem"] = problem_words("unknown_service", _MISSING, language)
        found["choices"] = [(link(service=key), name) for key, name in known]
        return found
    area, choices = find_area(view, asked.area)
    if area is None:
        found["problem"] = problem_words("unknown_area", _MISSING, language)
        found["choices"] = [(link(area=one.code), area_label(one)) for one in choices]
        return found
    if asked.obligation and asked.obligation not in {o.obligation_id for o in view.obligations}:
        found["problem"] = problem_words("unknown_obligation", _MISSING, language)
        return found
    cell = explain(view, service, area, obligation_id=asked.obligation, language=language)
    found["found"] = cell
    if cell.state in _LIVING:
        gap_id = f"{cell.obligation_id}/{cell.line}/{service}/{area.code}"
        found["gap"] = page_address("/gap", language, {"id": gap_id})
    found["heading"] = text("explain_title", language, service=cell.service.name, area=cell.area.name)
    found["offers"] = [_offer(view, offer, language) for offer in cell.offers]
    return found


def _offer(view: ReleaseView, offer: Mapping[str, Any], language: str) -> dict[str, Any]:
    area = view.line.area(str(offer["area"]))
    titles = {source: facts["title"] for source, facts in view.release.inputs["sources"].items()}
    return {
        "title": offer["title"] or offer["service_key"],
        "area": area.name if area else offer["area"],
        "channels": [
            {
                "grade": words.say(words.EVIDENCE, channel["evidence"], language),
                "dead": channel.get("link_state") == "dead",
                "link": safe_link(channel.get("url", "")),
                "shown": channel.get("label") or channel.get("url") or text("no_channels", language),
                "source": titles.get(channel["source"], channel["source"]),
                "record": channel["record"],
            }
            for channel in offer["channels"]
        ],
    }


def safe_link(url: str) -> str:
    """Return an address that may be followed, or nothing: portals may state anything, scripts included."""
    return url if url.lower().startswith(_WEB) else ""


# --- finding ----------------------------------------------------------------------------------------------


def find_area(view: ReleaseView, asked: str) -> tuple[Area | None, list[Area]]:
    """Return the area meant, or those that could be, the most populous first."""
    try:
        return view.area(asked), []
    except NotFound:
        near = [area for area in view.areas(asked) if area.kind not in _NOT_LIVED_IN]
        return None, sorted(near, key=lambda area: -area.population)[:_CHOICES]


def find_service(view: ReleaseView, asked: str) -> tuple[str | None, list[tuple[str, str]]]:
    """Return the key of the service meant, or (key, name) of those that could be."""
    try:
        return view.service(asked).service_key, []
    except NotFound:
        rows = view.store.partitions(view.release.number, contains=asked, limit=_CHOICES)
        known = [view.service_view(row) for row in islice(rows, _CHOICES)]
        if len(known) == 1:
            return known[0].service_key, []
        return None, [(one.service_key, f"{one.name} ({one.service_key})") for one in known]


def area_label(area: Area) -> str:
    """Return name and code of an area, to choose from."""
    return f"{area.name} ({area.code})"
