"""Use case: what to close first in an area or cohort, by the formula of :mod:`syncd.rules.prioritise`.

One service at a time is in memory; what is kept is one line per service. Must not know words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncd.model.coverage import CellState, GapCause, Tier
from syncd.pipeline.reuse import Advisor
from syncd.pipeline.service_names import ServiceNames
from syncd.rules.coverage_codec import unpack_cells
from syncd.rules.prioritise import Cases, Need, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.place import Place
    from syncd.pipeline.ports import CoverageRow
    from syncd.rules.reuse import Fit

_IS_GAP = np.array([state.is_gap for state in CellState], dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Priority:
    """One service that people of the place lack.

    ``body_code`` owes it to the largest cell that lacks it, ``area_code``; ``best`` is the solution that fits
    that body best, None where nothing is known to run elsewhere. ``cause`` is what most of its gaps have.
    """

    need: Need
    service_name: str
    area_code: str
    area_name: str
    body_code: str
    body_name: str
    best: Fit | None
    cause: GapCause


def priorities(view: ReleaseView, place: Place, *, obligation_id: str | None = None) -> tuple[Priority, ...]:
    """Return all services the place lacks somewhere, most urgent first; unknown cells count as no gap."""
    cases = Cases(view.ask.registry.cases)
    found = {one.need.key: one for one in _needs(view, place, cases, obligation_id)}
    return tuple(found[need.key] for need in in_order(one.need for one in found.values()))


def _needs(view: ReleaseView, place: Place, cases: Cases, obligation_id: str | None) -> Iterator[Priority]:
    asked = (Advisor(view), cases, ServiceNames(view))
    masks = {line: place.cells(view, line)[0] for line in (Tier.GEMEINDE, Tier.KREIS)}
    for row in view.store.coverage(view.release.number, obligation_id=obligation_id):
        mask = masks.get(Tier(row.line))
        if mask is None or not any(row.counts[state.label][0] for state in CellState if state.is_gap):
            continue
        cells = unpack_cells(row.cells)
        positions = np.flatnonzero(_IS_GAP[cells.state] & mask)
        if len(positions):
            cause = GapCause(int(np.bincount(cells.cause[positions]).argmax()))
            yield _priority(view, asked, row, positions, cause)


def _priority(
    view: ReleaseView,
    asked: tuple[Advisor, Cases, ServiceNames],
    row: CoverageRow,
    positions: npt.NDArray[np.intp],
    cause: GapCause,
) -> Priority:
    advisor, cases, names = asked
    duty = view.duties[row.obligation_id, row.line, row.service_key]
    tier = view.line.tier(duty.line)
    people = tier.population[positions]
    # Of equally large ones the first.
    largest = int(positions[int(people.argmax())])
    area = view.line.areas[tier.codes[largest]]
    body_code = view.line.body(area.code, duty.owed_by)
    best = advisor.best(row.service_key, area.code, body_code, minimum=duty.minimum)
    return Priority(
        Need(
            (row.obligation_id, row.line, row.service_key),
            int(people.sum()),
            len(positions),
            cases.weight(row.service_key),
            best.points if best else None,
        ),
        names[row.service_key],
        area.code,
        area.name,
        body_code,
        view.body_name(body_code),
        best,
        cause,
    )
