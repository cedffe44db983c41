"""What runs where: the digital offers of a service in a release, and which of them each body gets.

Read by reuse, uniformity, priorities and blueprints. Entries are streamed one service at a time and only what
is needed of them is decoded; like assessment, only what fresh sources say counts. Must not know words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import orjson

from syncd.model.coverage import Tier
from syncd.model.evidence import Evidence, LinkState
from syncd.rules.assess import owed_cells, positions
from syncd.rules.procedures import DIGITAL, Link, paint, running_offer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from syncd.model.area import Area
    from syncd.model.coverage import Duty
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.ports import EntryRow
    from syncd.rules.line import TierLine
    from syncd.rules.procedures import Offer, Procedure

_DEAD = LinkState.DEAD.value
_RUNGS = {rung.label: rung for rung in Evidence}


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """The digital offers of one service on the line it is owed on.

    ``procedures`` stand beside ``offers``; ``painted`` (int32, shape (line,)) holds per body the number of
    the offer it gets or -1, ``counted`` (bool) which bodies owe the service.
    """

    service_key: str
    tier: TierLine
    offers: tuple[Offer, ...]
    painted: npt.NDArray[np.int32]
    counted: npt.NDArray[np.bool_]

    @property
    def procedures(self) -> list[Procedure]:
        """Procedures, one per offer."""
        return [offer.procedure for offer in self.offers]


def fresh_sources(view: ReleaseView) -> frozenset[str]:
    """Return the sources whose word counted when the release was made."""
    sources: Mapping[str, Mapping[str, object]] = view.release.inputs["sources"]
    return frozenset(source_id for source_id, facts in sources.items() if facts.get("fresh"))


def duties_by_service(view: ReleaseView) -> dict[str, Duty]:
    """Return for each owed service the duty it is measured by: the first by obligation and line."""
    found: dict[str, Duty] = {}
    for (_, _, key), duty in sorted(view.duties.items(), key=lambda item: item[0][:2]):
        found.setdefault(key, duty)
    return found


def offers_of(
    view: ReleaseView, service_key: str, *, minimum: Evidence = DIGITAL, fresh: frozenset[str] | None = None
) -> Iterator[Offer]:
    """Yield the running offers of a service, by area code."""
    sources = fresh_sources(view) if fresh is None else fresh
    for row in view.store.entries(view.release.number, service_key=service_key):
        if row.evidence >= minimum and (found := offer_of(row, sources, minimum)) is not None:
            yield found


def offer_of(row: EntryRow, fresh: frozenset[str], minimum: Evidence = DIGITAL) -> Offer | None:
    """Return the running offer of a stored entry, or None."""
    body = orjson.loads(row.payload)
    return running_offer(
        row.area_code,
        (
            Link(
                _RUNGS[channel["evidence"]],
                channel.get("url", ""),
                channel.get("link_state") == _DEAD,
                channel["source"],
                channel.get("label", ""),
            )
            for channel in body["channels"]
        ),
        fresh,
        minimum=minimum,
        provider=body.get("provider", ""),
        title=body.get("title") or "",
    )


def running(
    view: ReleaseView, service_key: str, duty: Duty | None, *, fresh: frozenset[str] | None = None
) -> Running:
    """Return what runs for a service on the line of its duty (municipalities without one)."""
    line = duty.line if duty else Tier.GEMEINDE
    tier = view.line.tier(line)
    offers, spans = [], []
    for offer in offers_of(
        view, service_key, minimum=max(duty.minimum, DIGITAL) if duty else DIGITAL, fresh=fresh
    ):
        span = _span(view, tier, offer.area_code)
        if span[0] < span[1]:
            offers.append(offer)
            spans.append(span)
    counted = owed_cells(duty, view.line) if duty else tier.owes
    return Running(service_key, tier, tuple(offers), paint(spans, len(tier)), counted)


def _span(view: ReleaseView, tier: TierLine, area_code: str) -> tuple[int, int]:
    """Return the bodies of a line that an entry's area covers."""
    own = tier.index.get(area_code)
    if own is not None:
        return own, own + 1
    interval = view.line.interval(area_code)
    return positions(*interval, tier) if interval else (0, 0)


def bodies_in(view: ReleaseView, area: Area, line: Tier) -> tuple[int, int]:
    """Return the bodies of a line in an area: the area itself where it stands on it, else those inside.

    Empty for an area that is only a part of one body.
    """
    own = view.line.tier(line).index.get(area.code)
    return (own, own + 1) if own is not None else view.line.tier_slice(line, area.code)


def mask_of(view: ReleaseView, area: Area, line: Tier) -> npt.NDArray[np.bool_]:
    """Return the same as a mask over the line."""
    mask = np.zeros(len(view.line.tier(line)), dtype=np.bool_)
    start, stop = bodies_in(view, area, line)
    mask[start:stop] = True
    return mask
