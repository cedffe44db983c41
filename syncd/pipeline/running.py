"""What runs where: the digital offers of a service in a release, and which of them each body gets.

Read by reuse, uniformity, priorities and blueprints. Entries are streamed one service at a time, only those
of a digital rung and only where they hold in the places asked for, and only what is needed of them is
decoded; like assessment, only what fresh sources say counts. Must not know words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import orjson

from syncd.model.area import BUND_CODE, AreaLevel
from syncd.model.coverage import Tier
from syncd.model.evidence import Evidence, LinkState
from syncd.rules.assess import owed_cells, positions
from syncd.rules.procedures import DIGITAL, Link, paint, running_offer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from syncd.model.area import Area
    from syncd.model.coverage import Duty
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.ports import EntryRow
    from syncd.rules.line import TierLine
    from syncd.rules.procedures import Offer, Procedure

_LENGTHS = sorted(level for level in AreaLevel if level)
_PASSED_OVER = 500
"""Entries of other services that are read over rather than looking for the next service anew."""
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


class Entries:
    """The digital entries of a release by service, for whoever goes through services by key.

    They are read forward in one go as long as hardly any service is passed over, else service by service.
    ``area_codes`` limits them to entries of these areas, ``ended_by`` to those that a later release has no
    longer.
    """

    def __init__(
        self, view: ReleaseView, *, area_codes: Sequence[str] | None = None, ended_by: int | None = None
    ) -> None:
        """Take the release; nothing is read yet."""
        self._view, self._area_codes, self._ended_by = view, area_codes, ended_by
        self._rows: Iterator[EntryRow] = iter(())
        self._next: EntryRow | None = None
        self._asked = ""
        self._one_by_one = False

    def of(self, service_key: str) -> Iterator[EntryRow]:
        """Yield the entries of one service by area code, up to when another service is asked for."""
        self._go_to(service_key)
        while self._next is not None and self._next.service_key == service_key:
            yield self._next
            self._step()

    def _go_to(self, service_key: str) -> None:
        if self._one_by_one or service_key <= self._asked:
            self._begin(service_key, only=True)
        elif not self._asked:
            self._begin(service_key, only=False)
        passed = 0
        while self._next is not None and self._next.service_key < service_key:
            if passed == _PASSED_OVER:
                self._begin(service_key, only=True)
                break
            passed += 1
            self._step()
        self._asked = service_key

    def _begin(self, service_key: str, *, only: bool) -> None:
        # Whoever turns back or leaves many services out goes on like that.
        self._one_by_one = only
        self._rows = self._view.store.entries(
            self._view.release.number,
            service_key=service_key if only else None,
            area_codes=self._area_codes,
            minimum=DIGITAL,
            ended_by=self._ended_by,
            after=None if only else (service_key, ""),
        )
        self._step()

    def _step(self) -> None:
        self._next = next(self._rows, None)


def offers_of(
    view: ReleaseView, service_key: str, *, minimum: Evidence = DIGITAL, fresh: frozenset[str] | None = None
) -> Iterator[Offer]:
    """Yield the running offers of a service, by area code."""
    rows = view.store.entries(view.release.number, service_key=service_key, minimum=minimum)
    return offers_in(rows, fresh_sources(view) if fresh is None else fresh, minimum=minimum)


def offers_in(
    rows: Iterable[EntryRow], fresh: frozenset[str], *, minimum: Evidence = DIGITAL
) -> Iterator[Offer]:
    """Yield the running offers among entries, in their order."""
    for row in rows:
        if row.evidence >= minimum and (found := offer_of(row, fresh, minimum)) is not None:
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
    view: ReleaseView, service_key: str, duty: Duty | None, entries: Entries, fresh: frozenset[str]
) -> Running:
    """Return what runs for a service on the line of its duty (municipalities without one)."""
    line = duty.line if duty else Tier.GEMEINDE
    tier = view.line.tier(line)
    offers, spans = [], []
    minimum = max(duty.minimum, DIGITAL) if duty else DIGITAL
    for offer in offers_in(entries.of(service_key), fresh, minimum=minimum):
        span = _span(view, tier, offer.area_code)
        if span[0] < span[1]:
            offers.append(offer)
            spans.append(span)
    counted = owed_cells(duty, view.line) if duty else tier.owes
    return Running(service_key, tier, tuple(offers), paint(spans, len(tier)), counted)


def codes_around(view: ReleaseView, areas: Iterable[Area]) -> list[str] | None:
    """Return the areas whose entries can hold in some of these: they, all inside and all above them.

    The bodies of every line that these areas are a part of count with all that is inside them. None means
    all areas.
    """
    tops = {area.code for area in areas}
    tops |= {view.line.body(code, Tier.KREIS) for code in tops}
    if BUND_CODE in tops:
        return None
    above = {code for top in tops for code in view.line.chain(top)}
    inside = {code for code in view.line.areas if any(code[:n] in tops for n in _LENGTHS)}
    return sorted(tops | above | inside)


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
