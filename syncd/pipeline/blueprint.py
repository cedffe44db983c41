"""Use case: what would one place need to equal another, service by service.

Both are areas of any level or cohorts. Must not know words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncd.model.coverage import CellState, Tier
from syncd.pipeline.entry_codec import decode_service
from syncd.pipeline.running import fresh_sources, running
from syncd.rules.blueprint import NEEDED, Standing, Step, step
from syncd.rules.coverage_codec import unpack_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.place import Place
    from syncd.pipeline.ports import CoverageRow
    from syncd.pipeline.running import Running

    Cells = tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]

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
    here = {line.value: place.cells(view, line, above=True) for line in _LINES}
    there = {line.value: model.cells(view, line, above=True) for line in _LINES}
    fresh = fresh_sources(view)
    rows = view.store.coverage(view.release.number, obligation_id=obligation_id, after=after)
    for row in rows:
        if row.line not in here:
            continue
        runs = running(
            view, row.service_key, view.duties[row.obligation_id, row.line, row.service_key], fresh=fresh
        )
        ours, theirs = (_standing(row, cells[row.line], runs) for cells in (here, there))
        if not (ours.bodies and theirs.bodies):
            continue
        wanted = step(ours, theirs)
        if wanted in steps:
            partition = view.store.partition(view.release.number, row.service_key)
            yield Difference(
                row.obligation_id,
                row.line,
                row.service_key,
                decode_service(partition.service).name if partition else row.service_key,
                wanted,
                ours,
                theirs,
                _example(there[row.line][0], runs),
            )


def _standing(row: CoverageRow, cells: Cells, runs: Running) -> Standing:
    mask, people = cells
    state = unpack_cells(row.cells).state
    owed = mask & (state != CellState.NOT_OWED)
    covered = owed & np.isin(state, _COVERED)
    unknown = owed & (state == CellState.UNKNOWN)
    used = {runs.offers[number].procedure.name for number in _used(covered, runs)}
    return Standing(
        bodies=int(owed.sum()),
        covered=int(covered.sum()),
        own=int((owed & (state == CellState.OWN)).sum()),
        unknown=int(unknown.sum()),
        people=int(people[owed].sum()),
        people_covered=int(people[covered].sum()),
        people_unknown=int(people[unknown].sum()),
        procedures=tuple(sorted(used)),
    )


def _used(mask: npt.NDArray[np.bool_], runs: Running) -> list[int]:
    numbers = np.unique(runs.painted[mask])
    return [number for number in numbers.tolist() if number >= 0]


def _example(mask: npt.NDArray[np.bool_], runs: Running) -> str:
    numbers = _used(mask, runs)
    return runs.offers[numbers[0]].url if numbers else ""
