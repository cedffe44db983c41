"""The section of a report about speed: what had begun and stands still, since when, and a forecast."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from syncd.model.report import Column, ColumnKind, Section, Table
from syncd.pipeline.adoption import adoption, stalls
from syncd.pipeline.gap_log import as_of
from syncd.rules.adoption import STALL_WEEKS
from syncd.rules.plan_words import forecast_text
from syncd.rules.words import day_text

if TYPE_CHECKING:
    from datetime import datetime

    from syncd.pipeline.adoption import Dated, Stall
    from syncd.pipeline.report import Ordered

TARGET: Final = 0.8
_LONGEST = 50
_FORETOLD = 10
"""Forecasts of one report: each reads its service week by week."""


def _none(ordered: Ordered, until: datetime) -> str:
    """Return that nothing stands still, or that nobody could tell yet."""
    first = ordered.view.store.published_at(1)
    if first is None or until - first >= timedelta(weeks=STALL_WEEKS):
        return ordered.say("rollout_none")
    return ordered.say("rollout_young", day=day_text(first.date(), ordered.language), weeks=STALL_WEEKS)


def rollout(ordered: Ordered) -> Section:
    """Return the services of the place that stand still, those with most people in gaps first."""
    title = ordered.say("rollout")
    line, name = ordered.line.value, ordered.obligation.obligation_id
    until = as_of(ordered.view)
    every = stalls(ordered.view, area=ordered.place, obligation_id=name, until=until)
    found = sorted(
        (stall for stall in every if stall.line == line),
        key=lambda stall: (-stall.people_in_gaps, stall.service_key),
    )
    if not found:
        return Section("rollout", title, (_none(ordered, until),))
    count = ordered.number(len(found))
    texts = [ordered.say("rollout_one" if len(found) == 1 else "rollout_text", services=count)]
    if len(found) > _LONGEST:
        texts.append(ordered.say("rollout_more", shown=_LONGEST, all=count))
    number = ColumnKind.NUMBER
    table = Table(
        "stalls",
        ordered.say("rollout_table"),
        (
            Column(ordered.say("col_service")),
            Column(ordered.say("col_key")),
            Column(ordered.say("col_last_gain"), ColumnKind.DAY),
            Column(ordered.say("col_weeks"), number),
            Column(ordered.say("col_covered"), number),
            Column(ordered.say("col_gaps"), number),
            Column(ordered.state("unknown"), number),
            Column(ordered.say("col_people_in_gaps"), number),
            Column(ordered.say("col_forecast")),
        ),
        tuple(
            (
                stall.service_name,
                stall.service_key,
                stall.last_gain_on.isoformat(),
                stall.weeks,
                stall.covered,
                stall.gaps,
                stall.unknown,
                stall.people_in_gaps,
                _forecast(ordered, stall) if place < _FORETOLD else None,
            )
            for place, stall in enumerate(found[:_LONGEST])
        ),
        ordered.say("rollout_note", target=f"{TARGET:.0%}".replace("%", " %")),
    )
    return Section("rollout", title, tuple(texts), (table,))


def _forecast(ordered: Ordered, stall: Stall) -> str:
    curves = adoption(
        ordered.view,
        stall.service_key,
        area=ordered.place,
        obligation_id=stall.obligation_id,
        targets=(TARGET,),
        until=as_of(ordered.view),
    )
    curve = next(curve for curve in curves if curve.line == stall.line)
    return _told(ordered, curve.forecasts[0])


def _told(ordered: Ordered, dated: Dated) -> str:
    found, language = dated.forecast, ordered.language
    if dated.expected_on is None or dated.earliest_on is None:
        return forecast_text(
            found.code, weeks=found.weeks_observed, active=found.active_weeks, language=language
        )
    return ordered.say(
        "rollout_expected",
        expected=day_text(dated.expected_on, language),
        earliest=day_text(dated.earliest_on, language),
        latest=day_text(dated.latest_on, language) if dated.latest_on else ordered.say("rollout_never"),
    )
