"""Use case: how fast a service spreads in an area, week by week, read from the releases themselves.

For each week the release that was current then is read; a row of coverage that did not change in between is
not read twice. Where the register of areas changed, levels stay those of the register of then, and changes
are counted on the line of today, to which cells are handed on along successions. Must not know words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from syncd.errors import NotFound
from syncd.model.coverage import Tier
from syncd.pipeline.entry_codec import decode_service
from syncd.pipeline.place import Place
from syncd.pipeline.running import bodies_in
from syncd.rules.adoption import STALL_WEEKS, change_of, forecast, level_of, stalled, standstill_of
from syncd.rules.coverage_codec import unpack_cells, unpack_numbers
from syncd.rules.handed_on import NOWHERE, handed_on, heirs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    import numpy.typing as npt

    from syncd.model.area import Area
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.ports import CoverageRow
    from syncd.rules.adoption import Change, Forecast, Level

TARGETS: Final = (0.5, 0.8, 0.95)
MOST_WEEKS: Final = 104
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Dated:
    """A forecast with its dates; None where there is none."""

    forecast: Forecast
    earliest_on: date | None
    expected_on: date | None
    latest_on: date | None


@dataclass(frozen=True, slots=True)
class Adoption:
    """The curve of one service under one obligation on one line.

    ``levels`` oldest first, one a week; ``changes`` lead from each to the next. ``stalled`` is None where it
    cannot be told.
    """

    obligation_id: str
    line: str
    service_key: str
    levels: tuple[Level, ...]
    changes: tuple[Change, ...]
    forecasts: tuple[Dated, ...]
    stalled: bool | None


@dataclass(frozen=True, slots=True)
class Stall:
    """One service whose roll-out had begun and stands still: known gaps, and nothing new for weeks."""

    obligation_id: str
    line: str
    service_key: str
    service_name: str
    bodies: int
    covered: int
    unknown: int
    gaps: int
    people_in_gaps: int
    last_gain_on: date
    weeks: int


@dataclass(frozen=True, slots=True)
class _Sample:
    """The asked cells of one row as of one release: their level then, their states on the line of today.

    ``areas`` is the digest of the register of then.
    """

    row: CoverageRow
    areas: str
    level: Level
    state: npt.NDArray[np.uint8]


def adoption(
    view: ReleaseView,
    service_key: str,
    *,
    area: Area | Place | None = None,
    obligation_id: str | None = None,
    targets: Sequence[float] = TARGETS,
    weeks: int = MOST_WEEKS,
    until: datetime | None = None,
) -> tuple[Adoption, ...]:
    """Return the curves of a service, by obligation and line.

    Without an area: all of Germany. A service that is owed nowhere in the area has none. The last week ends
    at ``until``, by default when the release of the view was replaced, or now: where nothing changes, nothing
    is published, and exactly that is a stall.
    """
    samples: dict[tuple[str, str], list[_Sample]] = {}
    rows = tuple(
        view.store.coverage(view.release.number, obligation_id=obligation_id, service_key=service_key)
    )
    for then, on in _weeks(view, weeks, until or _replaced_at(view)):
        for row in rows:
            key = (row.obligation_id, row.line)
            series = samples.setdefault(key, [])
            before = series[-1] if series else None
            if (sample := _sample(view, then, on, row, area, before)) is not None:
                series.append(sample)
    found = (_curve(view, series, area, targets) for _, series in sorted(samples.items()) if series)
    return tuple(curve for curve in found if curve.levels[-1].bodies)


def _replaced_at(view: ReleaseView) -> datetime:
    return view.store.published_at(view.release.number + 1) or view.ask.clock()


def _weeks(view: ReleaseView, most: int, until: datetime) -> Iterator[tuple[ReleaseView, date]]:
    """Yield the release that was current at the end of each week, oldest first; the last is the view."""
    dated: list[tuple[ReleaseView, date]] = []
    end = max(until, view.release.published_at)
    last = view
    for back in range(most + 1):
        at = end - back * _WEEK
        if back and last.release.published_at > at:
            try:
                last = view.ask.view(at=at)
            except NotFound:
                break
        dated.append((last, at.date()))
    yield from reversed(dated)


def _sample(  # noqa: PLR0917 - one row, in one week, of one area
    view: ReleaseView,
    then: ReleaseView,
    on: date,
    row: CoverageRow,
    area: Area | Place | None,
    before: _Sample | None,
) -> _Sample | None:
    number, areas = then.release.number, then.release.inputs["areas"]
    if (
        before is not None
        and (before.row.to_release is None or before.row.to_release > number)
        and before.areas == areas
    ):
        return replace(before, level=replace(before.level, on=on, release=number))
    line = Tier(row.line)
    found = next(
        then.store.coverage(
            number, obligation_id=row.obligation_id, line=row.line, service_key=row.service_key
        ),
        None,
    )
    if found is None:
        return None
    state = unpack_cells(found.cells).state
    asked = np.zeros(len(view.line.tier(line)), dtype=np.bool_)
    asked[_cells(view, area, line)] = True
    people = then.line.tier(line).population
    if areas == view.release.inputs["areas"]:
        part, later = asked, state
    else:
        moved = {old: heir.code for old, heir in view.ask.registry.areas.moved.items()}
        follows = heirs(then.line.tier(line).codes, view.line.tier(line).index, moved)
        part, later = (follows != NOWHERE) & asked[follows], handed_on(state, follows, len(asked))
    return _Sample(found, areas, level_of(state[part], people[part], on=on, release=number), later[asked])


def _cells(view: ReleaseView, area: Area | Place | None, line: Tier) -> slice | npt.NDArray[np.bool_]:
    """Return what picks the cells of an area, of a place or of all Germany on a line."""
    if area is None:
        return slice(None)
    return area.cells(view, line)[0] if isinstance(area, Place) else slice(*bodies_in(view, area, line))


def _curve(
    view: ReleaseView, series: Sequence[_Sample], area: Area | Place | None, targets: Sequence[float]
) -> Adoption:
    row = series[-1].row
    people = view.line.tier(Tier(row.line)).population[_cells(view, area, Tier(row.line))]
    levels = tuple(sample.level for sample in series)
    changes = tuple(
        change_of(one.state, other.state, people, weeks=(other.level.on - one.level.on) / _WEEK)
        for one, other in pairwise(series)
    )
    last = levels[-1]
    return Adoption(
        row.obligation_id,
        row.line,
        row.service_key,
        levels,
        changes,
        tuple(_dated(forecast(last, changes, target=target), last.on) for target in targets),
        stalled(last, changes),
    )


def _dated(found: Forecast, start: date) -> Dated:
    def on(weeks: int | None) -> date | None:
        return start + weeks * _WEEK if weeks is not None else None

    return Dated(found, on(found.earliest), on(found.expected), on(found.latest))


def stalls(
    view: ReleaseView,
    *,
    area: Area | Place | None = None,
    obligation_id: str | None = None,
    service_key: str | None = None,
    until: datetime | None = None,
    after: tuple[str, str, str] | None = None,
) -> Iterator[Stall]:
    """Yield the services that stand still, by obligation, line and key; ``after`` is where to go on.

    Read at a glance from one release, which knows since when each cell is as it is. A cell covered because a
    source spoke for the first time counts as movement here, so that nothing is called stalled too early; the
    curve of the service tells the two apart.
    """
    end = until or _replaced_at(view)
    published: dict[int, datetime | None] = {}
    for row in view.store.coverage(
        view.release.number, obligation_id=obligation_id, service_key=service_key, after=after
    ):
        part = _cells(view, area, Tier(row.line))
        people = view.line.tier(Tier(row.line)).population[part]
        state, since = unpack_cells(row.cells).state[part], unpack_numbers(row.since)[part]
        found = standstill_of(state, since, people)
        if not (found.gaps and found.has_begun):
            continue
        last = found.gains[-1]
        if last not in published:
            published[last] = view.store.published_at(last)
        at = published[last]
        weeks = int((end - at) / _WEEK) if at else 0
        if at is not None and weeks >= STALL_WEEKS:
            partition = view.store.partition(view.release.number, row.service_key)
            yield Stall(
                row.obligation_id,
                row.line,
                row.service_key,
                decode_service(partition.service).name if partition else row.service_key,
                found.bodies,
                found.covered,
                found.unknown,
                found.gaps,
                found.people_in_gaps,
                at.date(),
                weeks,
            )
