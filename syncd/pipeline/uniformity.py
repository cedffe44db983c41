"""Use case: how uniform are the procedures of each service, who deviates, and how far off is an area.

One service at a time is in memory. Must not know words.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from syncd.pipeline.entry_codec import decode_service
from syncd.pipeline.running import (
    Entries,
    codes_around,
    duties_by_service,
    fresh_sources,
    mask_of,
    running,
)
from syncd.rules.uniformity import MARKS, Distance, deviating, distance, uniformity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from syncd.model.area import Area
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.ports import PartitionRow
    from syncd.pipeline.running import Running
    from syncd.rules.uniformity import Uniformity

LOOKED_AT: Final = 200
"""Most services one page looks for deviations in: some tenths of a second."""
_BEHIND_ALL: Final = "~"
"""Sorts behind every code of an area."""


@dataclass(frozen=True, slots=True)
class ServiceUniformity:
    """The figures of one service, counted on ``line`` in the area asked for (all of it without one).

    ``distances`` compare the bodies of the area with what leads nationwide, by mark.
    """

    service_key: str
    service_name: str
    line: str
    figures: Uniformity
    distances: Mapping[str, Distance]


@dataclass(frozen=True, slots=True)
class Deviation:
    """One body whose procedure is not the one that leads nationwide; ``marks`` are those that differ."""

    service_key: str
    service_name: str
    line: str
    area_code: str
    area_name: str
    people: int
    marks: tuple[str, ...]
    procedure: str
    platform: str
    host: str
    url: str
    leading_procedure: str
    leading_platform: str
    leading_host: str


def uniformities(
    view: ReleaseView,
    *,
    service_key: str | None = None,
    area: Area | None = None,
    after: str = "",
    compared: bool = True,
) -> Iterator[ServiceUniformity]:
    """Yield the figures of each service that has a digital procedure somewhere (in the area), by key.

    ``compared`` False leaves the distances out: then only what holds in the area is read.
    """
    for row, found in _services(view, service_key, after, area, compared=compared):
        inside = found.counted
        if area is not None:
            inside = inside & mask_of(view, area, found.tier.tier)
        if not (inside & (found.painted >= 0)).any():
            continue
        people = found.tier.population
        figures = uniformity(found.procedures, found.painted, people, inside)
        overall = figures
        if area is not None and compared and not np.array_equal(inside, found.counted):
            overall = uniformity(found.procedures, found.painted, people, found.counted)
        yield ServiceUniformity(
            row.service_key,
            decode_service(row.service).name,
            found.tier.tier.value,
            figures,
            {
                mark: distance(overall.spreads[mark], found.procedures, found.painted, people, inside)
                for mark in (MARKS if compared else ())
            },
        )


def deviations(
    view: ReleaseView,
    *,
    service_key: str | None = None,
    area: Area | None = None,
    after: tuple[str, str] | None = None,
) -> Iterator[Deviation]:
    """Yield the bodies that use something else than what leads, by service key and area code."""
    for _, found in _by_service(view, service_key, area, after):
        yield from found


def deviation_page(
    view: ReleaseView,
    limit: int,
    *,
    service_key: str | None = None,
    area: Area | None = None,
    after: tuple[str, str] | None = None,
) -> tuple[list[Deviation], tuple[str, str] | None]:
    """Return at most ``limit`` of them, and behind which position to go on; None at the end.

    They are looked for in so many services only, so that a page may be short.
    """
    page: list[Deviation] = []
    for looked_at, (key, found) in enumerate(_by_service(view, service_key, area, after), 1):
        page += islice(found, limit + 1 - len(page))
        if len(page) > limit:
            last = page[limit - 1]
            return page[:limit], (last.service_key, last.area_code)
        if looked_at == LOOKED_AT:
            return page, (key, _BEHIND_ALL)
    return page, None


def _by_service(
    view: ReleaseView, service_key: str | None, area: Area | None, after: tuple[str, str] | None
) -> Iterator[tuple[str, Iterator[Deviation]]]:
    # One character less: the service itself may have areas left.
    start = after[0][:-1] if after else ""
    if after is not None and after[1] == _BEHIND_ALL:
        start = after[0]
    for row, found in _services(view, service_key, start, area):
        yield row.service_key, _deviating(view, area, after, row, found)


def _deviating(
    view: ReleaseView, area: Area | None, after: tuple[str, str] | None, row: PartitionRow, found: Running
) -> Iterator[Deviation]:
    overall = uniformity(found.procedures, found.painted, found.tier.population, found.counted)
    masks = {
        mark: deviating(overall.spreads[mark], found.procedures, found.painted, found.counted)
        for mark in MARKS
    }
    any_mark = np.logical_or.reduce(list(masks.values()))
    if area is not None:
        any_mark = any_mark & mask_of(view, area, found.tier.tier)
    name = decode_service(row.service).name
    for position in np.flatnonzero(any_mark).tolist():
        code = found.tier.codes[position]
        if after is not None and (row.service_key, code) <= after:
            continue
        offer = found.offers[found.painted[position]]
        yield Deviation(
            row.service_key,
            name,
            found.tier.tier.value,
            code,
            view.line.areas[code].name,
            int(found.tier.population[position]),
            tuple(mark for mark in MARKS if masks[mark][position]),
            offer.procedure.name,
            offer.procedure.platform,
            offer.procedure.host,
            offer.url,
            *(overall.spreads[mark].leading for mark in MARKS),
        )


def distance_of(view: ReleaseView, area: Area) -> dict[str, Distance]:
    """Return how far an area is from what leads nationwide, over all services, by mark."""
    totals = {mark: Distance(mark) for mark in MARKS}
    for found in uniformities(view, area=area):
        for mark, part in found.distances.items():
            totals[mark] = totals[mark].plus(part)
    return totals


def _services(
    view: ReleaseView, service_key: str | None, after: str, area: Area | None, *, compared: bool = True
) -> Iterator[tuple[PartitionRow, Running]]:
    """Yield the services for which anything runs, and with an area: for which anything may hold there."""
    duties, fresh = duties_by_service(view), fresh_sources(view)
    codes = codes_around(view, [area]) if area is not None else None
    near = Entries(view, area_codes=codes)
    # What leads is found out nationwide, but only for services that matter.
    everywhere = Entries(view) if codes is not None and compared else near
    rows: Iterator[PartitionRow]
    if service_key is not None:
        one = view.store.partition(view.release.number, service_key)
        rows = iter([one] if one is not None and service_key > after else [])
    else:
        rows = view.store.partitions(view.release.number, after=after)
    for row in rows:
        if everywhere is not near and next(near.of(row.service_key), None) is None:
            continue
        found = running(view, row.service_key, duties.get(row.service_key), everywhere, fresh)
        if found.offers:
            yield row, found
