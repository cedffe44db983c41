"""What both doors show of plans: plain values with their words, so that they cannot disagree.

Shares are 0 to 1. This module must not know whether somebody reads JSON or a table.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from syncd.rules import plan_words, words
from syncd.rules.plan_words import forecast_text, reason_text
from syncd.rules.probe_words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from syncd.pipeline.adoption import Adoption
    from syncd.pipeline.blueprint import Difference
    from syncd.pipeline.media_breaks import ChannelView
    from syncd.pipeline.priorities import Priority
    from syncd.pipeline.reuse import GapReuse
    from syncd.pipeline.uniformity import ServiceUniformity
    from syncd.rules.reuse import Fit
    from syncd.rules.uniformity import Distance, Spread

Shown = dict[str, Any]


def uniformity_shown(found: ServiceUniformity) -> Shown:
    """Return the figures of a service."""
    figures = found.figures
    return {
        "service_key": found.service_key,
        "service_name": found.service_name,
        "line": found.line,
        "bodies": figures.bodies,
        "people": figures.people,
        "bodies_without": figures.bodies_without,
        "people_without": figures.people_without,
        "spreads": [_spread_shown(spread) for spread in figures.spreads.values()],
        "distances": [distance_shown(part) for part in found.distances.values()],
    }


def _spread_shown(spread: Spread) -> Shown:
    return {
        "mark": spread.mark,
        "number": spread.number,
        "effective_by_bodies": spread.effective_by_bodies,
        "effective_by_people": spread.effective_by_people,
        "largest_share_of_bodies": spread.largest_share_of_bodies,
        "largest_share_of_people": spread.largest_share_of_people,
        "leading": spread.leading,
        "uses": [asdict(use) for use in spread.uses],
    }


def distance_shown(part: Distance) -> Shown:
    """Return a distance with its shares."""
    return asdict(part) | {"share": part.share, "share_of_people": part.share_of_people}


def reuse_shown(one: GapReuse, language: str) -> Shown:
    """Return a gap with its solutions."""
    return {"gap": asdict(one.gap), "solutions": [fit_shown(fit, language) for fit in one.fits]}


def fit_shown(fit: Fit, language: str) -> Shown:
    """Return a solution with its points and reasons in words."""
    solution = fit.solution
    return {
        "points": fit.points,
        "service_key": solution.service_key,
        "engine": solution.procedure.engine,
        "host": solution.procedure.host,
        "process": solution.procedure.process,
        "evidence": solution.evidence.label,
        "url": solution.url,
        "efa": solution.efa,
        "bodies": list(solution.bodies),
        "bodies_before": solution.bodies_before,
        "reasons": [
            {"code": r.code, "points": r.points, "text": reason_text(r.code, r.values, language)}
            for r in fit.reasons
        ],
    }


def difference_shown(one: Difference, language: str) -> Shown:
    """Return a difference with what to do in words."""
    return {
        "obligation_id": one.obligation_id,
        "line": one.line,
        "service_key": one.service_key,
        "service_name": one.service_name,
        "step": one.step.value,
        "text": words.say(plan_words.STEPS, one.step.value, language),
        "place": asdict(one.place) | {"share": one.place.share},
        "model": asdict(one.model) | {"share": one.model.share},
        "url": one.url,
    }


def priority_shown(one: Priority, language: str) -> Shown:
    """Return a priority with every factor and where it comes from."""
    need = one.need
    return {
        "priority": need.priority,
        "obligation_id": need.key[0],
        "line": need.key[1],
        "service_key": need.key[2],
        "service_name": one.service_name,
        "people": need.people,
        "bodies": need.bodies,
        "weight": need.weight.value,
        "weight_source": asdict(need.weight.figure) if need.weight.figure else None,
        "readiness": need.readiness,
        "area_code": one.area_code,
        "area_name": one.area_name,
        "body_code": one.body_code,
        "body_name": one.body_name,
        "solution": fit_shown(one.best, language) if one.best else None,
    }


def unknown_cases(found: Sequence[Priority], language: str) -> str:
    """Say for how many services nobody knows how often they are needed."""
    known = {one.need.key[2]: one.need.weight.figure is not None for one in found}
    return plan_words.CASES_UNKNOWN[language].format(
        unknown=sum(not figure for figure in known.values()), services=len(known)
    )


def channel_shown(one: ChannelView, language: str) -> Shown:
    """Return a channel with its finding, its rung and why it has it, in words."""
    reason, fix = words_of(one.rule, language)
    return asdict(one) | {
        "finding_text": words.say(plan_words.FINDINGS, one.finding, language),
        "evidence_text": words.say(words.EVIDENCE, one.evidence, language),
        "reason": reason,
        "fix": fix if one.finding != "none" else "",
    }


def curve_shown(curve: Adoption, language: str) -> Shown:
    """Return a curve with its weeks and its forecasts in words."""
    stall = stall_of(curve)
    return {
        "obligation_id": curve.obligation_id,
        "line": curve.line,
        "service_key": curve.service_key,
        "stall": stall,
        "stall_text": words.say(plan_words.STALLS, stall, language),
        "weeks": list(weeks_shown(curve)),
        "forecasts": list(forecasts_shown(curve, language)),
    }


def stall_of(curve: Adoption) -> str:
    """Return ``stalled``, ``moving`` or ``unknown``."""
    if curve.stalled is None:
        return "unknown"
    return "stalled" if curve.stalled else "moving"


def weeks_shown(curve: Adoption) -> Iterator[Shown]:
    """Yield the levels, each with what the week before it brought in people; None for the first."""
    for level, change in zip(curve.levels, (None, *curve.changes), strict=True):
        yield asdict(level) | {
            "share": level.share,
            "rolled_out": change.rolled_out if change else None,
            "learned": change.learned if change else None,
            "lost": change.lost if change else None,
            "out_of_sight": change.out_of_sight if change else None,
        }


def forecasts_shown(curve: Adoption, language: str) -> Iterator[Shown]:
    """Yield the forecasts with what they rest on, or why there is none."""
    for dated in curve.forecasts:
        found = dated.forecast
        yield {
            "target": found.target,
            "share_now": curve.levels[-1].share,
            "code": found.code,
            "per_week": found.per_week,
            "spread": found.spread,
            "weeks_observed": found.weeks_observed,
            "active_weeks": found.active_weeks,
            "earliest_on": dated.earliest_on,
            "expected_on": dated.expected_on,
            "latest_on": dated.latest_on,
            "text": forecast_text(
                found.code, weeks=found.weeks_observed, active=found.active_weeks, language=language
            ),
        }
