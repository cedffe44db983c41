"""The command that shows how fast a service spreads."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from syncd.cli.output import print_json, print_rows, say
from syncd.cli.reading import asking, obligation_of, parse_instant, view_of
from syncd.pipeline.planned import curve_shown, forecasts_shown, stall_of, weeks_shown
from syncd.rules.plan_words import STALLS
from syncd.rules.words import say as words_of

if TYPE_CHECKING:
    from syncd.pipeline.adoption import Adoption

_FORECASTS = {
    "obligation_id": "obligation",
    "line": "line",
    "percent_now": "% now",
    "target": "target %",
    "per_week": "people a week",
    "earliest_on": "earliest",
    "expected_on": "expected",
    "latest_on": "latest",
    "text": "what it rests on",
}
_WEEKS = {
    "obligation_id": "obligation",
    "line": "line",
    "on": "week ending",
    "release": "release",
    "percent": "% of people",
    "covered": "covered",
    "bodies": "bodies",
    "unknown": "unknown",
    "rolled_out": "rolled out",
    "learned": "learned",
    "lost": "lost",
    "out_of_sight": "out of sight",
}


_STALLS = {
    "obligation_id": "obligation",
    "line": "line",
    "service_key": "key",
    "service_name": "service",
    "covered": "covered",
    "gaps": "gaps",
    "unknown": "unknown",
    "people_in_gaps": "people in gaps",
    "last_gain_on": "last gain",
    "weeks": "weeks ago",
}


def adoption(arguments: argparse.Namespace) -> int:
    """Show forecasts or the weeks of a service, or all services that stalled; 1 if anything has."""
    if arguments.service is None:
        return _stalls(arguments)
    from syncd.pipeline.adoption import TARGETS
    from syncd.pipeline.adoption import adoption as curves

    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        found = curves(
            view,
            view.service(arguments.service).service_key,
            area=view.area(arguments.area) if arguments.area else None,
            obligation_id=obligation_of(view, arguments.obligation),
            targets=tuple(sorted(set(arguments.target))) or TARGETS,
            until=parse_instant(arguments.at, config.file.daemon.timezone) if arguments.at else None,
        )
        if arguments.json:
            print_json([curve_shown(curve, arguments.lang) for curve in found])
        elif arguments.weeks:
            weeks = chain.from_iterable(map(_weeks, found))
            print_rows(arguments, weeks, _WEEKS, none="the service is owed nowhere there")
        else:
            rows = chain.from_iterable(_forecasts(curve, arguments.lang) for curve in found)
            print_rows(arguments, rows, _FORECASTS, none="the service is owed nowhere there")
            for curve in found:
                say(
                    f"{curve.obligation_id} {curve.line}: "
                    + words_of(STALLS, stall_of(curve), arguments.lang)
                )
        return 1 if any(curve.stalled for curve in found) else 0


def _stalls(arguments: argparse.Namespace) -> int:
    from syncd.pipeline.adoption import stalls

    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        found = stalls(
            view,
            area=view.area(arguments.area) if arguments.area else None,
            obligation_id=obligation_of(view, arguments.obligation),
            until=parse_instant(arguments.at, config.file.daemon.timezone) if arguments.at else None,
        )
        return 1 if print_rows(arguments, found, _STALLS, none="nothing has stalled") else 0


def _forecasts(curve: Adoption, language: str) -> Iterator[dict[str, object]]:
    for row in forecasts_shown(curve, language):
        yield row | {
            "obligation_id": curve.obligation_id,
            "line": curve.line,
            "percent_now": round(100 * row["share_now"], 1),
            "target": round(100 * row["target"]),
            "per_week": round(row["per_week"], 1),
        }


def _weeks(curve: Adoption) -> Iterator[dict[str, object]]:
    for row in weeks_shown(curve):
        yield row | {
            "obligation_id": curve.obligation_id,
            "line": curve.line,
            "percent": round(100 * row["share"], 1),
        }
