"""What a cell was before: its states over the kept releases, back through mergers and new keys.

Packed rows say since when each state stands, so the past is read in jumps from one change to the next and
costs nothing where nothing changed. A release that is no longer kept ends the past.

Must not know what operators said.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from syncd.errors import NotFound
from syncd.model.coverage import CellState, GapCause, Tier
from syncd.model.evidence import Evidence
from syncd.rules.coverage_codec import unpack_cells, unpack_numbers
from syncd.rules.gap_life import Presence, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    import numpy as np
    import numpy.typing as npt

    from syncd.pipeline.ask import ReleaseView
    from syncd.rules.assess import Cells
    from syncd.rules.gap_life import GapKey
    from syncd.rules.line import AreaLine, TierLine

_KEPT_ROWS = 32


@dataclass(frozen=True, slots=True)
class Span:
    """One state of a cell: the releases in which it stood (both included) and what it was at its end.

    ``area_code`` is the area of that time, a part of the present one before a merger.
    """

    area_code: str
    service_key: str
    from_release: int
    to_release: int
    state: CellState
    cause: GapCause
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of coverage on the line of its own release."""

    cells: Cells
    since: npt.NDArray[np.uint32]
    tier: TierLine

    def span(self, key: GapKey, position: int, release: int) -> Span:
        return Span(
            self.tier.codes[position],
            key.service_key,
            min(int(self.since[position]), release),
            release,
            CellState(int(self.cells.state[position])),
            GapCause(int(self.cells.cause[position])),
            Evidence(int(self.cells.evidence[position])),
        )


class Past:
    """Reads the past of cells as seen from one release."""

    def __init__(self, view: ReleaseView) -> None:
        """Remember a few rows at a time, because neighbours share their past."""
        self._view = view
        self._rows: OrderedDict[tuple[int, str, str, str], _Row | None] = OrderedDict()
        self._lines: dict[int, AreaLine | None] = {view.release.number: view.line}
        self._editions: dict[str, AreaLine] = {view.release.inputs["areas"]: view.line}
        self._instants: dict[int, datetime | None] = {view.release.number: view.release.published_at}
        self.predecessors = _predecessors(view)

    def instant(self, release: int) -> datetime | None:
        """Return when a release was published."""
        if release not in self._instants:
            self._instants[release] = self._view.store.published_at(release)
        return self._instants[release]

    def standing(self, key: GapKey, state: CellState, since: int) -> tuple[Standing, int]:
        """Return how a cell stands and the release in which its present gap was first seen.

        ``since`` is the release in which the present state began. A cell that is unknown was first seen when
        it was last known to be met, or at its beginning.
        """
        presence = Presence.of(state)
        if presence is Presence.MET:
            return Standing(presence), since
        began, first_gap, returned = since, since, False
        earlier = self.trace(key, since - 1)
        for span in earlier:
            was = Presence.of(span.state)
            if was is Presence.MET:
                returned = any(Presence.of(s.state) is Presence.GAP for s in earlier)
                break
            began = span.from_release
            if was is Presence.GAP or presence is Presence.UNKNOWN:
                first_gap = began
        return Standing(presence, self.instant(began), returned), first_gap

    def trace(self, key: GapKey, release: int) -> Iterator[Span]:
        """Yield the states of a cell, newest first, from a release back; of a merger its first part's."""
        while release >= 1:
            row = self._row(release, key)
            if row is None:
                return
            before = self.predecessors.get(key.area_code, ())
            position = next(
                (row.tier.index[c] for c in chain((key.area_code,), before) if c in row.tier.index), None
            )
            if position is None:
                return
            span = row.span(key, position, release)
            yield span
            release = span.from_release - 1

    def _row(self, release: int, key: GapKey) -> _Row | None:
        name = (release, key.obligation_id, key.line, key.service_key)
        if name in self._rows:
            self._rows.move_to_end(name)
            return self._rows[name]
        found = self._rows[name] = self._read(release, key)
        while len(self._rows) > _KEPT_ROWS:
            self._rows.popitem(last=False)
        return found

    def _read(self, release: int, key: GapKey) -> _Row | None:
        line = self._line(release)
        if line is None:
            return None
        rows = self._view.store.coverage(
            release, obligation_id=key.obligation_id, line=key.line, service_key=key.service_key
        )
        row = next(iter(rows), None)
        if row is None:
            return None
        return _Row(unpack_cells(row.cells), unpack_numbers(row.since), line.tier(Tier(row.line)))

    def _line(self, release: int) -> AreaLine | None:
        if release not in self._lines:
            try:
                digest = self._view.store.release(release).inputs["areas"]
            except NotFound:
                self._lines[release] = None
            else:
                if digest not in self._editions:
                    self._editions[digest] = self._view.ask.line_of(digest)
                self._lines[release] = self._editions[digest]
        return self._lines[release]


def _predecessors(view: ReleaseView) -> Mapping[str, tuple[str, ...]]:
    """Return per area those that became it and had ended by this release, in ARS order."""
    found: dict[str, list[str]] = {}
    for code, heir in sorted(view.ask.registry.areas.moved.items()):
        if view.line.area(code) is None:
            found.setdefault(heir.code, []).append(code)
    return {code: tuple(codes) for code, codes in found.items()}


def joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield spans, newest first, with those that only go on put together."""
    last: Span | None = None
    for span in spans:
        if (
            last is not None
            and (last.state, last.cause, last.area_code, last.service_key)
            == (span.state, span.cause, span.area_code, span.service_key)
            and last.from_release == span.to_release + 1
        ):
            last = replace(last, from_release=span.from_release)
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last
