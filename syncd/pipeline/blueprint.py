"""Use case: what would one place need to equal another, service by service.

Both are areas of any level or cohorts. Must not know words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncd.model.coverage import CellState, Tier
from syncd.pipeline.running import Entries, codes_around, fresh_sources, running
from syncd.pipeline.service_names import ServiceNames
from syncd.rules.blueprint import NEEDED, Standing, Step, step
from syncd.rules.coverage_codec import unpack_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.place import Place
    from syncd.pipeline.running import Running

    Positions = npt.NDArray[np.intp]
    Cells = tuple[Positions, npt.NDArray[np.int64]]

_COVERED = np.array([CellState.OWN, CellState.INHERITED], dtype=np.uint8)
_LINES = (Tier.GEMEINDE, Tier.KREIS)


@dataclass(frozen=True, slots=True)
class Difference:
    """One service both places are owed, and what the first has to do to equal the second.

    ``url`` is a link of the model's procedure; empty where it has no digital one.
    """

    obligation_id: str
    line: str
    service_key: str
    service_name: str
    step: Step
    place: Standing
    model: Standing
    url: str


def blueprint(
    view: ReleaseView,
    place: Place,
    model: Place,
    *,
    obligation_id: str | None = None,
    steps: frozenset[Step] = NEEDED,
    after: tuple[str, str, str] | None = None,
) -> Iterator[Difference]:
    """Yield the differences by obligation, line and service key; ``after`` is where to go on."""
    here = {line.value: _cells(view, place, line) for line in _LINES}
    there = {line.value: _cells(view, model, line) for line in _LINES}
    fresh, names = fresh_sources(view), ServiceNames(view)
    entries = Entries(view, area_codes=codes_around(view, (*place.areas, *model.areas)))
    rows = view.store.coverage(view.release.number, obligation_id=obligation_id, after=after)
    for row in rows:
        if row.line not in here:
            continue
        state = unpack_cells(row.cells).state
        if not all(state[cells[row.line][0]].any() for cells in (here, there)):
            # Not owed here or not there.
            continue
        duty = view.duties[row.obligation_id, row.line, row.service_key]
        runs = running(view, row.service_key, duty, entries, fresh)
        ours, theirs = (_standing(state, cells[row.line], runs) for cells in (here, there))
        wanted = step(ours, theirs)
        if wanted in steps:
            yield Difference(
                row.obligation_id,
                row.line,
                row.service_key,
                names[row.service_key],
                wanted,
                ours,
                theirs,
                _example(there[row.line][0], runs),
            )


def _cells(view: ReleaseView, place: Place, line: Tier) -> Cells:
    """Return positions and inhabitants of a place's cells on a line."""
    mask, people = place.cells(view, line, above=True)
    positions = np.flatnonzero(mask)
    return positions, people[positions]


def _standing(states: npt.NDArray[np.uint8], cells: Cells, runs: Running) -> Standing:
    positions, people = cells
    state = states[positions]
    owed = state != CellState.NOT_OWED
    covered = np.isin(state, _COVERED)
    unknown = state == CellState.UNKNOWN
    used = {runs.offers[number].procedure.name for number in _used(positions[covered], runs)}
    return Standing(
        bodies=int(owed.sum()),
        covered=int(covered.sum()),
        own=int((state == CellState.OWN).sum()),
        unknown=int(unknown.sum()),
        people=int(people[owed].sum()),
        people_covered=int(people[covered].sum()),
        people_unknown=int(people[unknown].sum()),
        procedures=tuple(sorted(used)),
    )


def _used(positions: Positions, runs: Running) -> list[int]:
    numbers = np.unique(runs.painted[positions])
    return [number for number in numbers.tolist() if number >= 0]


def _example(positions: Positions, runs: Running) -> str:
    numbers = _used(positions, runs)
    return runs.offers[numbers[0]].url if numbers else ""
