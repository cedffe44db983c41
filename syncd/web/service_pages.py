"""What the page of a service says: how far it has spread, whether that stands still, and what is foretold.

Reads in a thread. Time goes by without a release where nothing changes, and exactly that is a standstill, so
what is said here also depends on the day.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from syncd.pipeline.adoption import adoption, stalls
from syncd.pipeline.gap_log import as_of
from syncd.pipeline.planned import forecasts_shown, stall_of, weeks_shown
from syncd.rules import words
from syncd.rules.plan_words import STALLS
from syncd.web.page_content import area_label, find_area, find_service, page_address
from syncd.web.parameters import AsOf, Language, ServiceText, Text
from syncd.web.texts import problem_words, text

if TYPE_CHECKING:
    from syncd.model.area import Area
    from syncd.pipeline.adoption import Adoption, Stall
    from syncd.pipeline.ask import ReleaseView

_MISSING: Final = 404
_WEEKS: Final = 26
_STALLS: Final = 50


class ServicePageParameters(AsOf):
    """The page of a service; without one it is a form."""

    service: ServiceText | None = None
    area: Text | None = None
    lang: Language = "de"


@dataclass(frozen=True, slots=True)
class Curve:
    """How far a service has spread under one obligation on one line, in words."""

    title: str
    last: dict[str, Any]
    gaps: int
    gaps_address: str
    is_stalled: bool
    stall: str
    forecasts: list[dict[str, Any]]
    weeks: list[dict[str, Any]]


def service_page(view: ReleaseView, asked: ServicePageParameters) -> dict[str, Any]:
    """Return what the page shows; an unknown area or service becomes a question."""
    language = asked.lang
    found: dict[str, Any] = {
        "heading": text("service_plain", language),
        "problem": None,
        "choices": [],
        "service": None,
        "curves": [],
        "where": text("service_everywhere", language),
        "stalls": [],
    }

    def link(**replaced: str) -> str:
        chosen = {"service": asked.service or "", "area": asked.area or ""}
        return page_address("/service", language, {**chosen, **replaced})

    if not asked.service:
        found["stalls"] = _stalls(view, language)
        return found
    key, known = find_service(view, asked.service)
    if key is None:
        found["problem"] = problem_words("unknown_service", _MISSING, language)
        found["choices"] = [(link(service=one), name) for one, name in known]
        return found
    area = None
    if asked.area:
        area, choices = find_area(view, asked.area)
        if area is None:
            found["problem"] = problem_words("unknown_area", _MISSING, language)
            found["choices"] = [(link(area=one.code), area_label(one)) for one in choices]
            return found
        found["where"] = text("service_in", language, area=area.name)
    found["service"] = service = view.service(key)
    found["heading"] = text("service_title", language, service=service.name)
    until = as_of(view)
    standing = {
        (stall.obligation_id, stall.line): stall for stall in stalls(view, area=area, service_key=key)
    }
    titles = {o.obligation_id: o.title for o in view.obligations}
    for curve in adoption(view, key, area=area, until=until):
        title = f"{titles[curve.obligation_id]}, {text(f'per_{curve.line}', language)}"
        found["curves"].append(
            _curve(curve, standing.get((curve.obligation_id, curve.line)), title, asked, area)
        )
    return found


def _stalls(view: ReleaseView, language: str) -> list[tuple[str, Stall]]:
    """Return what stands still in all Germany with its address, most people in gaps first."""
    found = heapq.nlargest(_STALLS, stalls(view), key=lambda stall: (stall.people_in_gaps, stall.service_key))
    return [(page_address("/service", language, {"service": one.service_key}), one) for one in found]


def _curve(
    curve: Adoption, stall: Stall | None, title: str, asked: ServicePageParameters, area: Area | None
) -> Curve:
    language, last = asked.lang, curve.levels[-1]
    chosen = {"service": curve.service_key, "obligation": curve.obligation_id, "line": curve.line}
    weeks = list(weeks_shown(curve))
    is_stalled = curve.stalled is True or stall is not None
    if stall is not None:
        day = words.day_text(stall.last_gain_on, language)
        told = text("stalled_since", language, day=day, weeks=words.number(stall.weeks, language))
    else:
        told = words.say(STALLS, stall_of(curve), language)
    return Curve(
        title,
        weeks[-1],
        last.bodies - last.covered - last.unknown,
        page_address("/gaps", language, {**chosen, "area": area.code if area else ""}),
        is_stalled,
        told[:1].upper() + told[1:],
        list(forecasts_shown(curve, language)),
        weeks[: -_WEEKS - 1 : -1],
    )
