"""Use case: what to close first in an area or cohort, by the formula of :mod:`syncd.rules.prioritise`.

One service at a time is in memory; what is kept is one line per service. Must not know words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncd.model.coverage import CellState, GapCause, Tier
from syncd.pipeline.entry_codec import decode_service
from syncd.pipeline.reuse import Advisor
from syncd.rules.coverage_codec import unpack_cells
from syncd.rules.prioritise import Cases, Need, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.place import Place
    from syncd.pipeline.ports import CoverageRow
    from syncd.rules.reuse import Fit

_GAPS = np.array(sorted(state for state in CellState if state.is_gap), dtype=np.uint8)


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
    advisor = Advisor(view)
    masks = {line: place.cells(view, line)[0] for line in (Tier.GEMEINDE, Tier.KREIS)}
    for row in view.store.coverage(view.release.number, obligation_id=obligation_id):
        mask = masks.get(Tier(row.line))
        if mask is None or not any(row.counts[state.label][0] for state in CellState if state.is_gap):
            continue
        cells = unpack_cells(row.cells)
        positions = np.flatnonzero(mask & np.isin(cells.state, _GAPS))
        if len(positions):
            cause = GapCause(int(np.bincount(cells.cause[positions]).argmax()))
            yield _priority(view, (advisor, cases), row, positions.tolist(), cause)


def _priority(
    view: ReleaseView,
    asked: tuple[Advisor, Cases],
    row: CoverageRow,
    positions: list[int],
    cause: GapCause,
) -> Priority:
    advisor, cases = asked
    duty = view.duties[row.obligation_id, row.line, row.service_key]
    tier = view.line.tier(duty.line)
    largest = max(positions, key=lambda position: (int(tier.population[position]), -position))
    area = view.line.areas[tier.codes[largest]]
    body_code = view.line.body(area.code, duty.owed_by)
    body = view.line.area(body_code)
    fits = advisor.fits(row.service_key, area.code, body_code, minimum=duty.minimum)
    partition = view.store.partition(view.release.number, row.service_key)
    return Priority(
        Need(
            (row.obligation_id, row.line, row.service_key),
            int(tier.population[positions].sum()),
            len(positions),
            cases.weight(row.service_key),
            fits[0].points if fits else None,
        ),
        decode_service(partition.service).name if partition else row.service_key,
        area.code,
        area.name,
        body_code,
        body.name if body else body_code,
        fits[0] if fits else None,
        cause,
    )
