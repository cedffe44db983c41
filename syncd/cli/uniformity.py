"""The command that counts different procedures of the same task."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from syncd.cli.output import print_rows
from syncd.cli.reading import asking, view_of
from syncd.errors import NotFound
from syncd.pipeline.planned import distance_shown, uniformity_shown

if TYPE_CHECKING:
    from syncd.model.area import Area
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.uniformity import ServiceUniformity

_FIGURES = {
    "service_key": "key",
    "service_name": "service",
    "line": "line",
    "bodies": "bodies",
    "bodies_without": "without",
    "procedures": "procedures",
    "platforms": "platforms",
    "hosts": "hosts",
    "effective": "effective",
    "effective_by_people": "by people",
    "largest_percent": "largest %",
    "leading": "leading",
    "deviating": "deviating",
}
_USES = {
    "service_key": "key",
    "service_name": "service",
    "value": "procedure",
    "bodies": "bodies",
    "people": "people",
    "share": "%",
    "leads": "leads",
}
_DEVIATIONS = {
    "service_key": "key",
    "service_name": "service",
    "area_name": "area",
    "people": "people",
    "marks": "differs in",
    "procedure": "procedure here",
    "leading_procedure": "leading procedure",
    "leading_platform": "leading platform",
}
_DISTANCES = {
    "area": "area",
    "mark": "compared by",
    "compared": "compared",
    "deviating": "deviating",
    "percent": "%",
    "percent_of_people": "% by people",
}


def uniformity(arguments: argparse.Namespace) -> int:
    """List figures per service, procedures in use, bodies that deviate, or distances of areas."""
    from syncd.pipeline.uniformity import deviations, uniformities

    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        area = view.area(arguments.area) if arguments.area else None
        if arguments.summary:
            areas = [area] if area else _cohort_areas(view)
            print_rows(arguments, _distances(view, areas), _DISTANCES, none="nothing to compare")
            return 0
        key = view.service(arguments.service).service_key if arguments.service else None
        none = "no digital procedure is known"
        if arguments.deviations:
            rows = (asdict(found) for found in deviations(view, service_key=key, area=area))
            print_rows(arguments, rows, _DEVIATIONS, none="nobody deviates")
        elif arguments.procedures:
            uses = _uses(uniformities(view, service_key=key, area=area))
            print_rows(arguments, uses, _USES, none=none)
        else:
            figures = map(_row, uniformities(view, service_key=key, area=area))
            print_rows(arguments, figures, _FIGURES, none=none)
    return 0


def _row(found: ServiceUniformity) -> dict[str, object]:
    """Return the figures of a service with what a table shows of them."""
    spreads = found.figures.spreads
    procedure = spreads["procedure"]
    return uniformity_shown(found) | {
        "procedures": procedure.number,
        "platforms": spreads["platform"].number,
        "hosts": spreads["host"].number,
        "effective": round(procedure.effective_by_bodies, 2),
        "effective_by_people": round(procedure.effective_by_people, 2),
        "largest_percent": round(100 * procedure.largest_share_of_bodies, 1),
        "leading": procedure.leading,
        "deviating": found.distances["procedure"].deviating,
    }


def _uses(services: Iterable[ServiceUniformity]) -> Iterator[dict[str, object]]:
    for found in services:
        spread = found.figures.spreads["procedure"]
        for use in spread.uses:
            yield {
                "service_key": found.service_key,
                "service_name": found.service_name,
                **asdict(use),
                "share": round(100 * use.bodies / found.figures.bodies, 1),
                "leads": use.value == spread.leading,
            }


def _distances(view: ReleaseView, areas: Iterable[Area]) -> Iterator[dict[str, object]]:
    from syncd.pipeline.uniformity import distance_of

    for area in areas:
        for part in distance_of(view, area).values():
            yield {
                "area": area.name,
                "area_code": area.code,
                **distance_shown(part),
                "percent": round(100 * part.share, 1),
                "percent_of_people": round(100 * part.share_of_people, 1),
            }


def _cohort_areas(view: ReleaseView) -> list[Area]:
    """Return the areas of all cohorts, or the Bund without any."""
    found = []
    for cohort in view.ask.registry.cohorts:
        for code in cohort.areas:
            try:
                found.append(view.area(code))
            except NotFound:
                continue
    return found or [view.area("00")]
