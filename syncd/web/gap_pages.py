"""What the pages about gaps say: the list with its filters and downloads, and one gap with all about it.

Reads in a thread. Who was assigned stays with operators; the pages tell only that somebody was, because they
know nobody by a token.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, get_args
from urllib.parse import quote, urlencode

from pydantic import Field

from syncd.model.evidence import Evidence
from syncd.pipeline.explain import explain
from syncd.pipeline.gap_history import history
from syncd.pipeline.gaps import GapQuery, gaps
from syncd.pipeline.planned import fit_shown
from syncd.pipeline.reuse import Advisor
from syncd.rules import gap_words, words
from syncd.web.api_gaps import GapId
from syncd.web.gap_documents import GapStatusName, PartyName
from syncd.web.page_content import area_label, find_area, find_service, page_address, safe_link
from syncd.web.paging import Position, encode_cursor
from syncd.web.parameters import AsOf, Cause, GapFilter, Language, Limit
from syncd.web.report_links import report_links
from syncd.web.texts import problem_words, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.model.area import Area
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.gap_history import Said, StateSpan
    from syncd.pipeline.views import GapView
    from syncd.web.paging import Paging

GAP_STATES: Final = ("offline", "dead", "missing")
STATUSES: Final = tuple(name for name in get_args(GapStatusName) if name != "closed")
PARTIES: Final = get_args(PartyName)
CAUSES: Final = tuple(name for name in get_args(Cause) if name != "none")
_MISSING: Final = 404
_SOLUTIONS: Final = 5
_FILTERS: Final = ("obligation", "line", "state", "cause", "status", "responsible", "overdue", "unassigned")


class GapPageParameters(GapFilter):
    """The page of gaps."""

    status: list[GapStatusName] = Field(default_factory=list, max_length=7)
    responsible: list[PartyName] = Field(default_factory=list, max_length=6)
    overdue: Literal["true", "false"] = "false"
    unassigned: Literal["true", "false"] = "false"
    lang: Language = "de"
    limit: Limit = 50


class OneGapParameters(AsOf):
    """The page of one gap."""

    id: GapId
    lang: Language = "de"


# --- list -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GapRow:
    """One gap in words. ``status`` and ``state`` are codes, their words come from the tables of words."""

    service: str
    address: str
    obligation: str
    area: str
    state: str
    cause: str
    life: Life
    party: str
    body: str
    people: int
    first_seen_at: datetime | None
    first_seen_release: int
    age: str


@dataclass(frozen=True, slots=True)
class Life:
    """Where a gap stands, in words; ``reason`` is what was said last."""

    status: str
    word: str
    why: str
    until: date | None
    is_assigned: bool
    due_on: date | None
    overdue: bool
    reason: str


def life_of(gap: GapView, language: str) -> Life:
    """Return where a gap stands in words, naming nobody."""
    return Life(
        gap.status,
        gap_words.say(gap_words.STATUSES, gap.status, language),
        gap_words.say(gap_words.WHY, gap.why, language),
        gap.waived_until,
        bool(gap.assignee),
        gap.due_on,
        gap.overdue,
        gap.last_reason,
    )


def gap_page(view: ReleaseView, asked: GapPageParameters, paging: Paging) -> dict[str, Any]:
    """Return what the page of gaps shows; an unknown area or service becomes a question."""
    language = asked.lang
    found: dict[str, Any] = {
        "heading": text("gaps_title", language),
        "problem": None,
        "choices": [],
        "gaps": [],
        "next": None,
        "first": None,
        "obligations": view.obligations,
        "shown": asked.state or GAP_STATES,
        "statuses": [(code, gap_words.say(gap_words.STATUSES, code, language)) for code in STATUSES],
        "parties": [(code, gap_words.say(gap_words.PARTIES, code, language)) for code in PARTIES],
        "causes": [(code, words.say(words.CAUSES, code, language)) for code in CAUSES],
        "is_filtered": bool(asked.status or asked.responsible or asked.cause),
        "drops": [],
        "downloads": [],
        "reports": None,
    }
    area = service = None
    if asked.area:
        area, choices = find_area(view, asked.area)
        if area is None:
            found["problem"] = problem_words("unknown_area", _MISSING, language)
            found["choices"] = [(_again(asked, area=one.code), area_label(one)) for one in choices]
            return found
        found["heading"] = text("gaps_title_area", language, area=area.name)
        found["reports"] = report_links(view, area.code, language)
    if asked.service:
        service, known = find_service(view, asked.service)
        if service is None:
            found["problem"] = problem_words("unknown_service", _MISSING, language)
            found["choices"] = [(_again(asked, service=key), name) for key, name in known]
            return found
        name = view.service(service).name
        found["drops"].append((text("filter_service", language, service=name), _again(asked, service="")))
    if asked.line:
        line = words.say(words.TIERS, asked.line, language)
        found["drops"].append((text("filter_line", language, line=line), _again(asked, line="")))
    titles = {o.obligation_id: o.title for o in view.obligations}
    if asked.obligation and asked.obligation not in titles:
        found["problem"] = problem_words("unknown_obligation", _MISSING, language)
        return found
    rows = list(gaps(view, _query(asked, area, service), after=paging.after_text, limit=paging.limit + 1))
    found["gaps"] = [_row(gap, titles[gap.obligation_id], asked) for gap in rows[: paging.limit]]
    found["downloads"] = [
        (name, _download(form, asked, area, service)) for form, name in (("csv", "CSV"), ("xlsx", "Excel"))
    ]
    if len(rows) > paging.limit:
        position = Position(paging.release, (rows[paging.limit - 1].gap_id,))
        cursor = encode_cursor(paging.query, position)
        found["next"] = paging.query.address(cursor=cursor, release=paging.release, at=None)
    if asked.cursor:
        found["first"] = paging.query.address(cursor=None)
    return found


def _query(asked: GapPageParameters, area: Area | None, service: str | None) -> GapQuery:
    return GapQuery(
        area=area,
        service_key=service,
        obligation_id=asked.obligation,
        line=asked.line,
        states=tuple(asked.state),
        causes=tuple(asked.cause),
        statuses=tuple(asked.status),
        responsible=tuple(asked.responsible),
        assignee="" if asked.unassigned == "true" else None,
        overdue=asked.overdue == "true",
    )


def _row(gap: GapView, obligation: str, asked: GapPageParameters) -> GapRow:
    language = asked.lang
    return GapRow(
        service=gap.service_name,
        address=page_address("/gap", language, {"id": gap.gap_id, **_moment(asked)}),
        obligation=f"{obligation}, {text(f'per_{gap.line}', language)}",
        area=gap.area_name,
        state=gap.state,
        cause=words.say(words.CAUSES, gap.cause, language),
        life=life_of(gap, language),
        party=gap_words.say(gap_words.PARTIES, gap.responsible, language),
        body=gap.body_name,
        people=gap.people,
        first_seen_at=gap.first_seen_at,
        first_seen_release=gap.first_seen_release,
        age=_age(gap.age_days, language),
    )


def _age(days: int | None, language: str) -> str:
    if days is None:
        return ""
    names = {0: "age_none", 1: "age_one"}
    return text(names.get(days, "age_days"), language, days=words.number(days, language))


def _moment(asked: AsOf) -> dict[str, str]:
    """Return the release the reader named, so that links stay in it."""
    if asked.release is not None:
        return {"release": str(asked.release)}
    return {"at": asked.at.isoformat()} if asked.at is not None else {}


def _filters(asked: GapPageParameters) -> Iterator[tuple[str, str]]:
    """Yield every filter besides area and service as it is written into an address."""
    for name in _FILTERS:
        value = getattr(asked, name)
        values = value if isinstance(value, list) else [value]
        yield from ((name, one) for one in values if one and one != "false")
    yield from _moment(asked).items()


def _again(asked: GapPageParameters, **replaced: str) -> str:
    """Return the address of this page with some filters replaced, or dropped where empty."""
    pairs = [("area", asked.area or ""), ("service", asked.service or ""), *_filters(asked)]
    kept = [(name, value) for name, value in pairs if name not in replaced and value]
    kept += [(name, value) for name, value in replaced.items() if value]
    if asked.lang != "de":
        kept.append(("lang", asked.lang))
    return f"/gaps?{urlencode(kept)}" if kept else "/gaps"


def _download(form: str, asked: GapPageParameters, area: Area | None, service: str | None) -> str:
    pairs = [("area", area.code if area else ""), ("service", service or ""), *_filters(asked)]
    pairs.append(("lang", asked.lang))
    return f"/v1/gaps.{form}?{urlencode([(name, value) for name, value in pairs if value])}"


# --- one gap ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SaidRow:
    """One decision in words; ``value`` is left out where it would name somebody."""

    at: datetime
    what: str
    reason: str
    holds: bool


@dataclass(frozen=True, slots=True)
class SolutionRow:
    """One running solution with the reasons why it fits."""

    name: str
    points: int
    bodies: int
    link: str
    reasons: tuple[str, ...]


def one_gap_page(view: ReleaseView, asked: OneGapParameters) -> dict[str, Any]:
    """Return what the page of a gap shows; raises NotFound for what is no gap of the release."""
    language = asked.lang
    told = history(view, asked.id)
    gap = told.gap
    is_met = gap.status == "closed"
    area = view.line.areas[gap.area_code]
    titles = {o.obligation_id: o.title for o in view.obligations}
    cell = explain(view, gap.service_key, area, obligation_id=gap.obligation_id, language=language)
    heading = text(
        "no_gap_title" if is_met else "gap_title", language, service=gap.service_name, area=gap.area_name
    )
    place = {"service": gap.service_key, "area": gap.area_code, "obligation": gap.obligation_id}
    return {
        "heading": heading,
        "gap": gap,
        "is_met": is_met,
        "told": told,
        "life": life_of(gap, language),
        "party": gap_words.say(gap_words.PARTIES, gap.responsible, language),
        "cause": words.say(words.CAUSES, gap.cause, language),
        "age": _age(gap.age_days, language),
        "obligation": f"{titles[gap.obligation_id]}, {text(f'per_{gap.line}', language)}",
        "minimum": words.say(words.EVIDENCE, gap.minimum, language),
        "evidence": words.say(words.EVIDENCE, gap.evidence, language),
        "steps": cell.steps,
        "explain": page_address("/explain", language, {**place, **_moment(asked)}),
        "service_page": page_address("/service", language, {"service": gap.service_key}),
        "area_page": page_address("/gaps", language, {"area": gap.area_code}),
        "solutions": [] if is_met else _solutions(view, gap, language),
        "said": [_said(one, language) for one in told.judgements],
        "states": [_state(span, language) for span in told.states],
        "commands": list(_commands(gap.gap_id, language)) if not is_met else [],
        "route": f"/v1/gaps/{quote(gap.gap_id, safe='')}",
    }


def _solutions(view: ReleaseView, gap: GapView, language: str) -> list[SolutionRow]:
    fits = Advisor(view).fits(
        gap.service_key, gap.area_code, gap.body_code, minimum=Evidence.from_label(gap.minimum)
    )
    return [
        SolutionRow(
            fit.solution.name,
            fit.points,
            len(fit.solution.bodies),
            safe_link(fit.solution.url),
            tuple(reason["text"] for reason in fit_shown(fit, language)["reasons"]),
        )
        for fit in fits[:_SOLUTIONS]
    ]


def _said(one: Said, language: str) -> SaidRow:
    if one.answer == "undo":
        what = text("undone", language)
    elif one.answer == "assign":
        what = text("assigned_plain", language)
    else:
        until = words.day_text(one.until, language) if one.until else ""
        what = gap_words.say(
            gap_words.ANSWERS, one.answer, language, value=_day(one.value, language), until=until
        )
    return SaidRow(one.decided_at, what, one.reason, one.holds)


def _day(value: str, language: str) -> str:
    try:
        return words.day_text(date.fromisoformat(value), language)
    except ValueError:
        return value


def _state(span: StateSpan, language: str) -> dict[str, Any]:
    return {"span": span, "cause": words.say(words.CAUSES, span.cause, language)}


def _commands(gap_id: str, language: str) -> Iterator[str]:
    name, reason = text("name_example", language), text("reason_example", language)
    for word in ("acknowledge", "waive 2027-06-30", f"assign '{name}'", "due 2027-03-31", "dispute"):
        yield f"syncd gap {shlex.quote(gap_id)} {word} --reason '{reason}'"
