"""Use case: coverage figures of a place, as a whole or by area, service, OZG service, Lage or Themenfeld.

Coverage rows are streamed, one service at a time; what is kept is one tally per group (by service: none), so
memory does not grow with the catalogue. Works on any release, hence as of any date. Must not know words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from syncd.errors import NotFound
from syncd.model.area import BUND_CODE, AreaLevel
from syncd.model.coverage import Tier
from syncd.pipeline.entry_codec import decode_service
from syncd.pipeline.place import place_of
from syncd.pipeline.running import bodies_in
from syncd.rules.coverage_codec import unpack_cells
from syncd.rules.figures import AreaTallies, Tally, codes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy.typing as npt

    from syncd.model.area import Area
    from syncd.model.service import Service
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.place import Place
    from syncd.pipeline.ports import CoverageRow
    from syncd.rules.figures import Codes, Figures

_NEXT = {
    AreaLevel.BUND: AreaLevel.LAND,
    AreaLevel.LAND: AreaLevel.KREIS,
    AreaLevel.BEZIRK: AreaLevel.KREIS,
    AreaLevel.REGION: AreaLevel.KREIS,
    AreaLevel.KREIS: AreaLevel.GEMEINDE,
    AreaLevel.VERBAND: AreaLevel.GEMEINDE,
}


class By(StrEnum):
    """What figures are broken down by."""

    TOTAL = "total"
    AREA = "area"
    """The areas of the next executing tier inside an area; the areas of a cohort."""
    LEVEL = "level"
    """Every area of every level inside the place."""
    SERVICE = "service"
    OZG = "ozg"
    SITUATION = "situation"
    THEME = "theme"


@dataclass(frozen=True, slots=True)
class FiguresQuery:
    """Which cells are counted; empty sets mean all. ``place`` is an area or the id of a cohort."""

    place: str = BUND_CODE
    by: By = By.TOTAL
    obligations: frozenset[str] = frozenset()
    line: str | None = None
    services: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """The figures of one group under one obligation on one line.

    ``group`` is a service key, an area code, an OZG id, a Lage or a Themenfeld; empty for the total and for
    services that belong to none. ``level`` is that of an area.
    """

    obligation_id: str
    line: str
    group: str
    name: str
    figures: Figures
    level: str = ""

    @property
    def position(self) -> tuple[str, str, str]:
        """Where to go on behind it."""
        return self.obligation_id, self.line, self.group


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """The cells of a place on one line: positions (int64) and the inhabitants there (int64), in order."""

    tier: Tier
    positions: npt.NDArray[np.int64]
    people: npt.NDArray[np.int64]

    def codes(self, row: CoverageRow) -> Codes:
        """Return state and rung of the cells of one service."""
        first, last = int(self.positions[0]), int(self.positions[-1])
        codes = codes_of(unpack_cells(row.cells, first, last + 1))
        return codes if len(codes) == len(self.positions) else codes[self.positions - first]

    def interval(self, view: ReleaseView, area: Area) -> tuple[int, int]:
        """Return (first, end) of an area's bodies among the cells."""
        start, stop = bodies_in(view, area, self.tier)
        found = np.searchsorted(self.positions, (start, stop))
        return int(found[0]), int(found[1])


def cut_of(view: ReleaseView, place: Place, line: Tier) -> Cut:
    """Return the cells of a place on a line."""
    mask, people = place.cells(view, line)
    positions = np.flatnonzero(mask)
    return Cut(line, positions, people[positions])


def figures(
    view: ReleaseView,
    query: FiguresQuery,
    *,
    after: tuple[str, str, str] | None = None,
    at_once: int | None = None,
) -> Iterator[GroupFigures]:
    """Yield the figures of each group in which anything is owed, by obligation and line.

    Raises NotFound for an unknown place or obligation. Services and their groups are sorted by name of the
    group, areas by level and code. ``after`` is the position of the last group of the page before. Areas are
    counted ``at_once`` in one pass over the services, all of them by default: a page needs no more.
    """
    place = place_of(view, query.place)
    check_obligations(view, query.obligations)
    lines = groupby(rows_of(view, query, after), key=lambda row: (row.obligation_id, row.line))
    for (obligation_id, line), rows in lines:
        if after is not None and (obligation_id, line) < after[:2]:
            continue
        cut = cut_of(view, place, Tier(line))
        if not len(cut.positions):
            continue
        behind = after[2] if after is not None and (obligation_id, line) == after[:2] else None
        counted = _COUNTING[query.by](_Count(view, query, place, obligation_id, cut, behind, at_once), rows)
        skipping = behind is not None and query.by not in _GOING_ON
        for group, name, found, level in counted:
            if not skipping:
                yield GroupFigures(obligation_id, line, group, name, found, level)
            elif group == behind:
                skipping = False


def rows_of(
    view: ReleaseView, query: FiguresQuery, after: tuple[str, str, str] | None = None
) -> Iterator[CoverageRow]:
    """Yield the coverage rows a query counts, by obligation, line and service; from the cursor's line on."""
    if after is not None and query.by is not By.SERVICE:
        after = (*after[:2], "")
    single = next(iter(query.obligations)) if len(query.obligations) == 1 else None
    service = next(iter(query.services)) if len(query.services) == 1 else None
    for row in view.store.coverage(
        view.release.number,
        obligation_id=single,
        line=query.line,
        service_key=service,
        after=after,
    ):
        if query.obligations and row.obligation_id not in query.obligations:
            continue
        if not query.services or row.service_key in query.services:
            yield row


def check_obligations(view: ReleaseView, wanted: Iterable[str]) -> None:
    """Raise NotFound with the known ones when an obligation does not exist in the release."""
    known = [obligation.obligation_id for obligation in view.obligations]
    for one in sorted(set(wanted) - set(known)):
        message = f"there is no obligation '{one}' (known: {', '.join(known) or 'none'})"
        raise NotFound(message, code="unknown_obligation", fix="Use one of config/obligations.")


def inner_areas(view: ReleaseView, place: Place, *, every_level: bool) -> list[Area]:
    """Return the areas a place is broken down into.

    Those of the next executing tier inside a single area, the members of a cohort, or all of every level.
    """
    if not every_level and len(place.areas) != 1:
        return list(place.areas)
    found: dict[str, Area] = {}
    for area in view.line.areas.values():
        holder = next((one for one in place.areas if one.key.covers(area.key)), None)
        if holder is None:
            continue
        if every_level or area.key.level is _NEXT.get(holder.key.level, AreaLevel.GEMEINDE):
            found[area.code] = area
    return sorted(found.values(), key=lambda area: (area.key.level, area.code))


@dataclass(frozen=True, slots=True)
class _Count:
    """Counts the rows of one obligation and line; yields (group, name, figures, level).

    ``behind`` is the group to go on behind, for ways of counting that can.
    """

    view: ReleaseView
    query: FiguresQuery
    place: Place
    obligation_id: str
    cut: Cut
    behind: str | None
    at_once: int | None

    def total(self, rows: Iterable[CoverageRow]) -> Iterator[tuple[str, str, Figures, str]]:
        tally = Tally(self.cut.people)
        for row in rows:
            tally.add(self.cut.codes(row))
        if not tally.is_empty:
            yield "", self.place.name, tally.figures(), ""

    def by_service(self, rows: Iterable[CoverageRow]) -> Iterator[tuple[str, str, Figures, str]]:
        for row, service in self._named(rows):
            tally = Tally(self.cut.people)
            tally.add(self.cut.codes(row))
            if not tally.is_empty:
                yield row.service_key, service.name if service else row.service_key, tally.figures(), ""

    def by_group(self, rows: Iterable[CoverageRow]) -> Iterator[tuple[str, str, Figures, str]]:
        tallies: dict[str, Tally] = {}
        names: dict[str, str] = {}
        for row, service in self._named(rows):
            group, name = _group_of(service, self.query.by)
            if group not in tallies:
                tallies[group], names[group] = Tally(self.cut.people), name
            tallies[group].add(self.cut.codes(row))
        for group in sorted(tallies, key=lambda group: (not group, names[group], group)):
            if not tallies[group].is_empty:
                yield group, names[group], tallies[group].figures(), ""

    def by_area(self, rows: Iterable[CoverageRow]) -> Iterator[tuple[str, str, Figures, str]]:
        spans = self._spans()
        if self.behind is not None:
            codes = [area.code for area, _, _ in spans]
            spans = spans[codes.index(self.behind) + 1 :] if self.behind in codes else []
        step = self.at_once or max(1, len(spans))
        for start in range(0, len(spans), step):
            yield from self._of_areas(spans[start : start + step], rows if not start else self._again())

    def _again(self) -> Iterator[CoverageRow]:
        """Read the rows once more."""
        query = replace(self.query, obligations=frozenset({self.obligation_id}), line=self.cut.tier.value)
        return rows_of(self.view, query)

    def _spans(self) -> list[tuple[Area, int, int]]:
        """Return the areas to count with their cells; only those that have any."""
        areas = inner_areas(self.view, self.place, every_level=self.query.by is By.LEVEL)
        spans = [(area, *self.cut.interval(self.view, area)) for area in areas]
        if not any(first < end for _, first, end in spans):
            # Municipalities have no cell on the line of Kreise: there the place stands for itself.
            spans = [(area, *self.cut.interval(self.view, area)) for area in self.place.areas]
        return [span for span in spans if span[1] < span[2]]

    def _of_areas(
        self, spans: list[tuple[Area, int, int]], rows: Iterable[CoverageRow]
    ) -> Iterator[tuple[str, str, Figures, str]]:
        tallies = AreaTallies(
            np.array([first for _, first, _ in spans], dtype=np.int64),
            np.array([end for _, _, end in spans], dtype=np.int64),
            self.cut.people,
        )
        for row in rows:
            tallies.add(self.cut.codes(row))
        for (area, _, _), found in zip(spans, tallies.figures(), strict=True):
            if found is not None:
                yield area.code, area.name, found, area.key.level.name.lower()

    def _named(self, rows: Iterable[CoverageRow]) -> Iterator[tuple[CoverageRow, Service | None]]:
        """Walk rows and partitions side by side; both are sorted by service key."""
        partitions = None
        current = None
        for row in rows:
            if partitions is None:
                before = row.service_key[:-1]
                partitions = self.view.store.partitions(self.view.release.number, after=before)
            while current is None or current.service_key < row.service_key:
                current = next(partitions, None)
                if current is None:
                    break
            known = current is not None and current.service_key == row.service_key
            yield row, decode_service(current.service) if known and current else None


def _group_of(service: Service | None, by: By) -> tuple[str, str]:
    """Return key and name of the group of a service; empty where it belongs to none."""
    if service is None:
        return "", ""
    if by is By.OZG:
        return (str(service.ozg_id), service.ozg_name or str(service.ozg_id)) if service.ozg_id else ("", "")
    name = (service.situation if by is By.SITUATION else service.theme) or ""
    return name, name


_COUNTING: dict[By, Callable[[_Count, Iterable[CoverageRow]], Iterator[tuple[str, str, Figures, str]]]] = {
    By.TOTAL: _Count.total,
    By.AREA: _Count.by_area,
    By.LEVEL: _Count.by_area,
    By.SERVICE: _Count.by_service,
    By.OZG: _Count.by_group,
    By.SITUATION: _Count.by_group,
    By.THEME: _Count.by_group,
}
_GOING_ON = frozenset({By.AREA, By.LEVEL, By.SERVICE})
"""Ways of counting that begin behind the cursor themselves."""
