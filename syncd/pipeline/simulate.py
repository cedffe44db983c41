"""Use case: what if a solution were adopted, and which roll-outs reach a target. Reads only; writes nothing.

Works on copies of the cells of a release. Figures stream like :mod:`syncd.pipeline.figures`; planning keeps
one bit per cell of the place. Must not know words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from syncd.errors import ConfigError
from syncd.model.area import BUND_CODE, AreaLevel
from syncd.model.coverage import CellState, Tier
from syncd.model.evidence import Evidence
from syncd.pipeline.entry_codec import decode_service
from syncd.pipeline.figures import FiguresQuery, check_obligations, cut_of, rows_of
from syncd.pipeline.place import place_of
from syncd.pipeline.running import bodies_in
from syncd.rules.coverage_codec import unpack_cells
from syncd.rules.figures import RUNGS, Tally
from syncd.rules.simulate import Gaps, Reach, Weights, adopted, covered_mask, gap_mask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import numpy.typing as npt

    from syncd.model.area import Area
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.figures import Cut
    from syncd.pipeline.ports import CoverageRow
    from syncd.rules.figures import Codes, Figures
    from syncd.rules.simulate import Plan

    Mask = npt.NDArray[np.bool_]

MOST_REMAINING = 20
MOST_STEPS = 1_000
_LEVELS = {"land": AreaLevel.LAND, "kreis": AreaLevel.KREIS, "gemeinde": AreaLevel.GEMEINDE}
UNITS = ("service", *_LEVELS)
MEASURES = ("people", "bodies")


@dataclass(frozen=True, slots=True)
class Adoption:
    """Which services are taken on where, and how far the solution carries.

    ``areas`` offer it for all that lies in them; with ``each`` every body in them offers it itself. ``by_on``
    is when it is done: duties that come into force until then are named, not counted.
    """

    services: frozenset[str] = frozenset()
    areas: tuple[str, ...] = ()
    evidence: Evidence = Evidence.ONLINE_SERVICE
    each: bool = False
    by_on: date | None = None


@dataclass(frozen=True, slots=True)
class Remaining:
    """A service that still has gaps after the adoption."""

    service_key: str
    service_name: str
    gaps: int
    people: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Coverage of the place before and after, under one obligation on one line.

    ``closed`` are known gaps that are covered afterwards, ``settled`` unknown cells that are. ``reached`` are
    the inhabitants of bodies with at least one of them, each counted once. ``remaining`` are the services
    with most people in gaps, :data:`MOST_REMAINING` of them; ``remaining_gaps`` counts all gaps left.
    """

    obligation_id: str
    line: str
    before: Figures
    after: Figures
    closed: int
    settled: int
    reached: int
    remaining_gaps: int
    remaining: tuple[Remaining, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """What an adoption would bring. ``not_counted`` are (obligation, duty, day) in force by then only."""

    place: str
    outcomes: tuple[Outcome, ...]
    not_counted: tuple[tuple[str, str, date], ...] = ()


@dataclass(frozen=True, slots=True)
class TargetQuery:
    """Which share of what is to be reached, by which kinds of roll-outs.

    ``measure``: ``people`` or ``bodies``. ``units``: ``service`` (one service in all bodies of the place),
    ``gemeinde``, ``kreis``, ``land`` (one such area takes on all services that are lacking in it).
    """

    target: float
    units: frozenset[str] = frozenset({"service"})
    measure: str = "people"
    at_most: int = MOST_STEPS


@dataclass(frozen=True, slots=True)
class NamedRollOut:
    """One step of a plan: ``unit`` and key say what is rolled out."""

    unit: str
    key: str
    name: str
    gain: int
    cells: int
    share: float


@dataclass(frozen=True, slots=True)
class RollOutPlan:
    """Roll-outs that reach a target on one line of one obligation."""

    place: str
    obligation_id: str
    line: str
    measure: str
    plan: Plan
    steps: tuple[NamedRollOut, ...]


@dataclass(slots=True)
class _Left:
    """Gaps of one service after the adoption."""

    key: str
    gaps: int
    people: int
    unknown: int


@dataclass(slots=True)
class _Counting:
    """One obligation on one line, counted before and after."""

    cut: Cut
    before: Tally
    after: Tally
    helped: Mask
    closed: int = 0
    settled: int = 0
    gaps: int = 0
    left: list[_Left] = field(default_factory=list)

    def add(self, row: CoverageRow, codes: Codes, changed: Codes) -> None:
        """Count one service."""
        counted = self.before.counted(codes)
        self.before.take(codes, counted)
        self.after.take(changed, counted if changed is codes else self.after.counted(changed))
        new = covered_mask(changed) & ~covered_mask(codes)
        if new.any():
            self.helped |= new
            self.closed += int((new & gap_mask(codes)).sum())
            self.settled += int((new & (codes >= CellState.UNKNOWN * RUNGS)).sum())
        gaps = gap_mask(changed)
        number = int(gaps.sum())
        if number:
            self.gaps += number
            people = int(self.cut.people[gaps].sum())
            unknown = int((changed >= CellState.UNKNOWN * RUNGS).sum())
            self.left.append(_Left(row.service_key, number, people, unknown))
            self.left.sort(key=lambda one: (-one.people, one.key))
            del self.left[MOST_REMAINING:]


def simulate(view: ReleaseView, adoption: Adoption, query: FiguresQuery) -> Simulation:
    """Return coverage of the place of a query before and after an adoption.

    Raises NotFound for unknown places, services or obligations, ConfigError for a date before the release.
    """
    place = place_of(view, query.place)
    check_obligations(view, query.obligations)
    keys = frozenset(view.service(key).service_key for key in adoption.services)
    areas = tuple(area for text in adoption.areas for area in place_of(view, text).areas)
    outcomes = []
    for (obligation_id, line), rows in groupby(rows_of(view, query), key=lambda r: (r.obligation_id, r.line)):
        cut = cut_of(view, place, Tier(line))
        if not len(cut.positions):
            continue
        reach = _reach(view, cut, areas, each=adoption.each)
        counting = _Counting(
            cut, Tally(cut.people), Tally(cut.people), np.zeros(len(cut.positions), dtype=np.bool_)
        )
        for row in rows:
            codes = cut.codes(row)
            changed = codes
            if row.service_key in keys:
                minimum = view.duties[row.obligation_id, row.line, row.service_key].minimum
                level = unpack_cells(row.cells).level[cut.positions]
                changed = adopted(codes, reach, adoption.evidence, minimum, level)
            counting.add(row, codes, changed)
        if not counting.before.is_empty:
            outcomes.append(_outcome(view, obligation_id, line, counting))
    return Simulation(place.name, tuple(outcomes), _not_counted(view, adoption.by_on, query))


def _reach(view: ReleaseView, cut: Cut, areas: tuple[Area, ...], *, each: bool) -> Reach:
    size = len(cut.positions)
    reached, itself = np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
    level = np.zeros(size, dtype=np.uint8)
    for area in areas:
        first, end = cut.interval(view, area)
        reached[first:end] = True
        level[first:end] = np.maximum(level[first:end], area.key.level)
        start, stop = bodies_in(view, area, cut.tier)
        # What covers a single body is its own offer, as in assessment.
        if each or stop - start == 1:
            itself[first:end] = True
    return Reach(reached, itself, level)


def _outcome(view: ReleaseView, obligation_id: str, line: str, counting: _Counting) -> Outcome:
    return Outcome(
        obligation_id=obligation_id,
        line=line,
        before=counting.before.figures(),
        after=counting.after.figures(),
        closed=counting.closed,
        settled=counting.settled,
        reached=int(counting.cut.people[counting.helped].sum()),
        remaining_gaps=counting.gaps,
        remaining=tuple(
            Remaining(one.key, _name(view, one.key), one.gaps, one.people, one.unknown)
            for one in counting.left
        ),
    )


def _name(view: ReleaseView, key: str) -> str:
    row = view.store.partition(view.release.number, key)
    return decode_service(row.service).name if row else key


def _not_counted(
    view: ReleaseView, by_on: date | None, query: FiguresQuery
) -> tuple[tuple[str, str, date], ...]:
    if by_on is None:
        return ()
    published_on = view.release.published_at.date()
    if by_on < published_on:
        raise ConfigError(
            f"{by_on} lies before the release of {published_on}",
            where="by",
            fix="Give a day after the release, or simulate on an earlier release.",
            code="bad_parameter",
        )
    return tuple(
        (obligation.obligation_id, duty.name, duty.from_on)
        for obligation in view.obligations
        if not query.obligations or obligation.obligation_id in query.obligations
        for duty in obligation.duties
        if published_on < duty.from_on <= by_on
    )


def roll_outs(view: ReleaseView, target: TargetQuery, query: FiguresQuery) -> Iterator[RollOutPlan]:
    """Yield per obligation and line few roll-outs that bring the place of a query to a target share.

    Only known gaps count as gained. Raises like :func:`simulate`.
    """
    place = place_of(view, query.place)
    check_obligations(view, query.obligations)
    _check_target(target)
    for (obligation_id, line), rows in groupby(rows_of(view, query), key=lambda r: (r.obligation_id, r.line)):
        cut = cut_of(view, place, Tier(line))
        if not len(cut.positions):
            continue
        worth = cut.people if target.measure == "people" else np.ones(len(cut.positions), dtype=np.int64)
        gaps, keys = Gaps(worth), []
        owed = covered = unknown = 0
        for row in rows:
            codes = cut.codes(row)
            mask = gap_mask(codes)
            owed += int(worth[codes >= RUNGS].sum())
            covered += int(worth[covered_mask(codes)].sum())
            unknown += int(worth[codes >= CellState.UNKNOWN * RUNGS].sum())
            if mask.any():
                gaps.add(mask)
                keys.append(row.service_key)
        if not owed:
            continue
        areas = _candidates(view, cut, place.areas, target.units)
        plan = gaps.smallest_set(
            [span for _, span in areas],
            Weights(owed, covered, unknown),
            services="service" in target.units,
            target=target.target,
            at_most=target.at_most,
        )
        steps = tuple(
            NamedRollOut("service", keys[s.index], _name(view, keys[s.index]), s.gain, s.cells, s.share)
            if s.is_service
            else _area_step(areas[s.index][0], s.gain, s.cells, s.share)
            for s in plan.steps
        )
        yield RollOutPlan(place.name, obligation_id, line, target.measure, plan, steps)


def _area_step(area: Area, gain: int, cells: int, share: float) -> NamedRollOut:
    return NamedRollOut(area.key.level.name.lower(), area.code, area.name, gain, cells, share)


def _check_target(target: TargetQuery) -> None:
    wrong = sorted(target.units - set(UNITS))
    if wrong or not target.units or target.measure not in MEASURES or not 0 < target.target <= 1:
        raise ConfigError(
            f"no such target: {target}",
            where="target",
            fix=f"A share above 0 up to 1; units: {', '.join(UNITS)}; measure: {', '.join(MEASURES)}.",
            code="bad_parameter",
        )


def _candidates(
    view: ReleaseView, cut: Cut, within: tuple[Area, ...], units: frozenset[str]
) -> list[tuple[Area, tuple[int, int]]]:
    """Return the areas of the wanted levels that have cells here, by level and code."""
    levels = {_LEVELS[unit] for unit in units if unit in _LEVELS}
    found = []
    for area in sorted(view.line.areas.values(), key=lambda a: (a.key.level, a.code)):
        if area.key.level not in levels or area.code == BUND_CODE:
            continue
        if any(one.key.covers(area.key) for one in within):
            first, end = cut.interval(view, area)
            if first < end:
                found.append((area, (first, end)))
    return found
