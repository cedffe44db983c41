"""Find the cell a gap id names, under the id it has now.

Former ids live on: an area that ended and a service with exactly one successor lead to the present ones.
Many ids asked in order share what was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncd.errors import NotFound
from syncd.model.coverage import CellState
from syncd.pipeline.gaps import GapViews
from syncd.rules.coverage_codec import unpack_cells
from syncd.rules.gap_life import GapKey

if TYPE_CHECKING:
    import numpy.typing as npt

    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.ports import CoverageRow
    from syncd.pipeline.views import GapView
    from syncd.rules.assess import Cells


@dataclass(frozen=True, slots=True)
class FoundGap:
    """A cell that is owed, under its present key."""

    key: GapKey
    row: CoverageRow
    cells: Cells
    """That cell alone."""
    position: int
    views: GapViews

    @property
    def state(self) -> CellState:
        """State of the cell."""
        return CellState(int(self.cells.state[0]))

    @property
    def gap(self) -> GapView:
        """Everything about the gap; of a cell that is met, too."""
        positions: npt.NDArray[np.intp] = np.array([self.position], dtype=np.intp)
        return next(self.views.of(self.row, positions, self.cells.words))


class GapFinder:
    """Finds gaps of one release by id."""

    def __init__(self, view: ReleaseView) -> None:
        """Begin with nothing read."""
        self.view = view
        self.views = GapViews(view)
        self._name = ("", "", "")
        self._row: CoverageRow | None = None

    def find(self, gap_id: str) -> FoundGap:
        """Return the cell an id names; raises NotFound (``bad_gap_id``, ``unknown_gap``)."""
        key = self._present(parse_gap_id(gap_id))
        duty = self.view.duties.get((key.obligation_id, key.line, key.service_key))
        position = self.view.line.tier(duty.line).index.get(key.area_code) if duty else None
        row = self._read(key) if position is not None else None
        cells = unpack_cells(row.cells, position, position + 1) if row and position is not None else None
        if row is None or position is None or cells is None or not int(cells.state[0]):
            raise NotFound(
                f"nobody owes what '{gap_id}' names in release {self.view.release.number}",
                code="unknown_gap",
                fix="List the gaps of the area: syncd gaps --area AREA.",
            )
        return FoundGap(key, row, cells, position, self.views)

    def _read(self, key: GapKey) -> CoverageRow | None:
        name = (key.obligation_id, key.line, key.service_key)
        if name != self._name:
            rows = self.view.store.coverage(
                self.view.release.number,
                obligation_id=key.obligation_id,
                line=key.line,
                service_key=key.service_key,
            )
            self._name = name
            self._row = next(iter(rows), None)
        return self._row

    def _present(self, key: GapKey) -> GapKey:
        """Return the id under which a gap is known now."""
        area = key.area_code
        moved = self.view.ask.registry.areas.moved
        if self.view.line.area(area) is None and area in moved:
            area = moved[area].code
        return GapKey(key.obligation_id, key.line, self.views.log.successor(key.service_key), area)


def parse_gap_id(text: str) -> GapKey:
    """Read a gap id; raises NotFound (``bad_gap_id``)."""
    try:
        return GapKey.parse(text)
    except ValueError as error:
        raise NotFound(
            str(error),
            code="bad_gap_id",
            fix="Write obligation/line/service/area, as 'syncd gaps' prints it.",
        ) from error
