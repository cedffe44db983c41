"""Commands that say what to do next: reuse, blueprint, priorities."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from syncd.cli.output import print_json, print_rows, say
from syncd.cli.reading import asking, obligation_of, view_of
from syncd.pipeline.planned import difference_shown, priority_shown, reuse_shown, unknown_cases
from syncd.rules import plan_words
from syncd.rules.plan_words import reason_text
from syncd.rules.words import say as words_of

if TYPE_CHECKING:
    from syncd.pipeline.blueprint import Difference
    from syncd.pipeline.priorities import Priority
    from syncd.pipeline.reuse import GapReuse

_REUSE = {
    "line": "line",
    "service_key": "key",
    "service_name": "service",
    "area_name": "area",
    "people": "people",
    "points": "points",
    "procedure": "solution",
    "bodies": "bodies",
    "because": "because",
    "url": "example",
}
_BLUEPRINT = {
    "obligation_id": "obligation",
    "line": "line",
    "service_key": "key",
    "service_name": "service",
    "step": "step",
    "text": "what to do",
    "percent": "% here",
    "model_percent": "% there",
    "procedures": "procedures there",
    "url": "example",
}
_PRIORITIES = {
    "priority": "priority",
    "obligation_id": "obligation",
    "line": "line",
    "service_key": "key",
    "service_name": "service",
    "people": "people",
    "bodies": "cells",
    "weight": "weight",
    "readiness": "readiness",
    "body_name": "first: owed by",
    "solution": "best solution",
}


def reuse(arguments: argparse.Namespace) -> int:
    """List the solutions that fit each gap; 1 if there are gaps."""
    from syncd.pipeline.gaps import GapQuery
    from syncd.pipeline.reuse import reuse as find_reuse

    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        query: GapQuery = GapQuery(
            area=view.area(arguments.area),
            service_key=view.service(arguments.service).service_key if arguments.service else None,
            obligation_id=obligation_of(view, arguments.obligation),
            states=tuple(arguments.state),
        )
        found = find_reuse(view, query, most=arguments.best)
        if arguments.json:
            rows: Iterator[dict[str, object]] = (reuse_shown(one, arguments.lang) for one in found)
        else:
            rows = (row for one in found for row in _reuse_rows(one, arguments.lang))
        return (
            1
            if print_rows(
                arguments, rows, _REUSE, none="no gap is known; --state unknown shows what is unknown"
            )
            else 0
        )


def _reuse_rows(one: GapReuse, language: str) -> Iterator[dict[str, object]]:
    gap = asdict(one.gap)
    if not one.fits:
        yield gap | {"because": words_of(plan_words.NOTHING_RUNS, "nothing", language)}
    for fit in one.fits:
        yield gap | {
            "points": fit.points,
            "procedure": fit.solution.procedure.name,
            "bodies": len(fit.solution.bodies),
            "because": "; ".join(reason_text(r.code, r.values, language) for r in fit.reasons if r.points),
            "url": fit.solution.url,
        }


def blueprint(arguments: argparse.Namespace) -> int:
    """List what one place would need to equal another; 1 if it needs anything."""
    from syncd.pipeline.blueprint import blueprint as compare
    from syncd.pipeline.place import place_of
    from syncd.rules.blueprint import NEEDED, Step

    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        found = compare(
            view,
            place_of(view, arguments.place),
            place_of(view, arguments.model),
            obligation_id=obligation_of(view, arguments.obligation),
            steps=frozenset(Step),
        )
        needed = compared = unknown = 0

        def rows() -> Iterator[dict[str, object]]:
            nonlocal needed, compared, unknown
            for one in found:
                compared += 1
                needed += one.step in NEEDED
                unknown += bool(one.place.unknown or one.model.unknown)
                if arguments.all or one.step in NEEDED:
                    yield _difference(one, arguments.lang)

        listed = rows()
        print_rows(arguments, listed, _BLUEPRINT, none="nothing is needed")
        for _ in listed:
            # What the limit left out is counted all the same.
            continue
        if unknown and not arguments.json:
            say(plan_words.NOT_COMPARABLE[arguments.lang].format(unknown=unknown, compared=compared))
        return 1 if needed else 0


def _difference(one: Difference, language: str) -> dict[str, object]:
    return difference_shown(one, language) | {
        "percent": round(100 * one.place.share, 1),
        "model_percent": round(100 * one.model.share, 1),
        "procedures": one.model.procedures,
    }


def priorities(arguments: argparse.Namespace) -> int:
    """List what to close first, with the formula; 1 if there is anything."""
    from syncd.pipeline.place import place_of
    from syncd.pipeline.priorities import priorities as ordered

    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        found = ordered(
            view, place_of(view, arguments.place), obligation_id=obligation_of(view, arguments.obligation)
        )
        formula = plan_words.FORMULA[arguments.lang]
        unknown = unknown_cases(found, arguments.lang)
        if arguments.json:
            print_json(
                {
                    "formula": formula,
                    "cases": unknown,
                    "items": [priority_shown(one, arguments.lang) for one in found],
                }
            )
        else:
            print_rows(
                arguments, (_priority_row(one) for one in found), _PRIORITIES, none="nothing is lacking"
            )
            say(f"{formula}\n{unknown}")
        return 1 if found else 0


def _priority_row(one: Priority) -> dict[str, Any]:
    row = priority_shown(one, "en")
    return row | {
        "priority": round(one.need.priority),
        "weight": round(one.need.weight.value, 2),
        "solution": one.best.solution.procedure.name if one.best else "",
    }
