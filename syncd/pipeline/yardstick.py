"""Use case: hold our coverage against the official yardstick, cell by cell.

First every cell the yardstick speaks of, in the order of its records; then the cells in which we know an own
offer and the yardstick, asked for the area, lists none. Records are read as they are now, coverage as of a
release: an accepted yardstick shows at once. Memory is that of one service. Must not know the portal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from syncd.model import facts
from syncd.model.area import AreaKey
from syncd.model.coverage import CellState, GapCause, Tier
from syncd.model.evidence import Evidence, LinkState
from syncd.model.record import RecordKind
from syncd.pipeline.codec import decode_claims
from syncd.pipeline.entry_codec import decode_entry, decode_service
from syncd.rules.coverage_codec import unpack_cells
from syncd.rules.yardstick import OurCell, TheirCell, Theirs, Verdict, compare, their_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from syncd.model.area import Area
    from syncd.model.entry import Entry
    from syncd.model.record import Claim
    from syncd.model.service import Service
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.ports import CoverageRow
    from syncd.pipeline.registry import SourcePlan
    from syncd.rules.assess import Cells

DIFFERENCES = frozenset(Verdict) - {Verdict.SAME}
_SEVERAL_AREAS = 500
"""Areas that are asked for by name; more are read with all the others of the service."""


class Place(NamedTuple):
    """Where a comparison stands in the report, for going on from it."""

    part: int
    """0: what the yardstick lists; 1: what it does not."""
    source_id: str
    native_id: str
    service_key: str
    area_code: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One cell on both sides.

    ``state`` is the cell's label in our coverage, empty where several bodies stand for an area; ``bodies``,
    ``online`` and ``unknown`` count them. ``our_read_at`` is when the oldest of ``our_sources`` was last
    read, ``stated_on`` the date the yardstick gives its data, ``their_read_at`` when it was last read.
    """

    place: Place
    service_key: str
    service_name: str
    area_code: str
    area_name: str
    verdict: str
    rule: str
    state: str
    cause: str
    evidence: str
    obligation_id: str
    line: str
    bodies: int
    online: int
    unknown: int
    our_sources: tuple[str, ...]
    our_read_at: datetime | None
    they_say: str
    coverage_class: str
    not_counted_because: str
    source_id: str
    stated_on: str
    their_read_at: datetime | None
    release: int


@dataclass(frozen=True, slots=True)
class YardstickQuery:
    """Which cells: of an area with all inside it, of one service; None is all."""

    area: Area | None = None
    service_key: str | None = None

    def wants(self, area: AreaKey | None) -> bool:
        """Tell whether an area is asked for; one that nobody knows lies in no other."""
        return self.area is None or (area is not None and self.area.key.covers(area))


def yardsticks(view: ReleaseView) -> tuple[SourcePlan, ...]:
    """Return the configured yardsticks, sorted by source id."""
    plans = view.ask.registry.sources
    return tuple(plans[source_id] for source_id in sorted(plans) if plans[source_id].is_yardstick)


def compared(view: ReleaseView, query: YardstickQuery, *, after: Place | None = None) -> Iterator[Compared]:
    """Yield all cells compared, also those that agree; ``after`` is where to go on."""
    for part, walk in enumerate((_listed, _not_listed)):
        for plan in yardsticks(view):
            if after is not None and (part, plan.source_id) < (after.part, after.source_id):
                continue
            here = after if after and (part, plan.source_id) == (after.part, after.source_id) else None
            yield from walk(_Report(view, query, plan), here)


def _listed(report: _Report, after: Place | None) -> Iterator[Compared]:
    """Yield what the yardstick lists."""
    query = report.query
    # One character less: the record itself may have cells left.
    start = _just_before(after.native_id) if after else f"{query.service_key}/" if query.service_key else ""
    for record in report.view.store.source_records(report.plan.source_id, after=start):
        if query.service_key and not record.native_id.startswith(f"{query.service_key}/"):
            return
        if not report.may_want(record.native_id):
            continue
        for claim in decode_claims(record.source_id, record.payload):
            key, area = claim.service_key.value, report.area_of(claim)
            place = Place(0, record.source_id, record.native_id, key, area.code if area else "")
            if (after is None or place > after) and query.wants(area):
                yield report.cell(place, claim)


def _not_listed(report: _Report, after: Place | None) -> Iterator[Compared]:
    """Yield the own offers we know of in areas the yardstick was asked for and does not list them."""
    query, view = report.query, report.view
    asked = report.asked
    if not asked:
        return
    rows = view.store.coverage(view.release.number, service_key=query.service_key)
    keys = sorted({row.service_key for row in rows if row.counts[CellState.OWN.label][0]})
    for key in keys:
        if after is not None and key < after.service_key:
            continue
        wanted = {code for code in report.service(key).own_areas() if report.was_asked(code)}
        if not wanted:
            continue
        for code in sorted(wanted - report.listed_areas(key)):
            place = Place(1, report.plan.source_id, "", key, code)
            if after is None or place > after:
                yield report.cell(place, None)


def _just_before(native_id: str) -> str:
    """Return a text that sorts before a native id and behind all shorter ones that matter."""
    return native_id[:-1]


@dataclass(slots=True)
class _Report:
    """One yardstick held against one release."""

    view: ReleaseView
    query: YardstickQuery
    plan: SourcePlan
    _service: _ServiceCells | None = None
    _yardsticks: frozenset[str] = field(init=False)
    _read: Mapping[str, datetime | None] = field(init=False)
    _stated: date | None = field(init=False)
    _codes: tuple[str, ...] | None = field(init=False)
    """Areas whose entries can matter; None is all."""
    _resolved: dict[str, AreaKey | None] = field(default_factory=dict)
    asked: tuple[AreaKey, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Look up what is the same for all cells."""
        self._yardsticks = frozenset(plan.source_id for plan in yardsticks(self.view))
        states = self.view.store.source_states()
        self._read = {source_id: state.last_good_at for source_id, state in states.items()}
        stated = self.view.store.history(self.plan.source_id, "").stated_at
        self._stated = stated.date() if stated else None
        regions = self.plan.options.get("regions", ())
        known = (self.view.index.resolve(text) for text in regions)
        self._codes = _codes_around(self.view, self.query.area)
        spoken = self._read.get(self.plan.source_id) is not None
        self.asked = tuple(area for area in known if area is not None) if spoken else ()

    def may_want(self, native_id: str) -> bool:
        """Tell from its id whether a record is about an area the reader wants: most need not be decoded."""
        if self.query.area is None:
            return True
        ars = native_id.rpartition("/")[2]
        if ars not in self._resolved:
            self._resolved[ars] = self.view.index.resolve(ars)
        return self.query.wants(self._resolved[ars])

    def was_asked(self, code: str) -> bool:
        """Tell whether the yardstick was asked for an area, and the reader wants to know."""
        area = AreaKey(code)
        below = self.plan.options.get("below", True)
        within = any(region.covers(area) if below else region == area for region in self.asked)
        return within and self.query.wants(area)

    def area_of(self, claim: Claim) -> AreaKey | None:
        """Return the area a statement is about; what is no offer names it as a fact."""
        if claim.kind is RecordKind.OFFER:
            return claim.area
        return self.view.index.resolve(dict(claim.facts).get(facts.AREA, ""))

    def listed_areas(self, key: str) -> set[str]:
        """Return the areas in which the yardstick lists a service."""
        found: set[str] = set()
        for record in self.view.store.source_records(self.plan.source_id, after=f"{key}/"):
            if not record.native_id.startswith(f"{key}/"):
                break
            areas = map(self.area_of, decode_claims(record.source_id, record.payload, key))
            found.update(area.code for area in areas if area is not None)
        return found

    def service(self, key: str) -> _ServiceCells:
        """Return our side of a service; the last one is kept, because records come by service."""
        if self._service is None or self._service.key != key:
            self._service = _ServiceCells(self.view, key, self._codes)
        return self._service

    def cell(self, place: Place, claim: Claim | None) -> Compared:
        """Compare one cell."""
        service = self.service(place.service_key)
        ours = service.cell(place.area_code)
        said = dict(claim.facts) if claim else {}
        theirs = _their_cell(claim, said)
        judged = compare(theirs, self._judged_side(service, ours, place.area_code))
        area = self.view.line.area(place.area_code)
        own_dates = [moment for s in ours.sources if (moment := self._read.get(s)) is not None]
        return Compared(
            place=place,
            service_key=place.service_key,
            service_name=service.name or (claim.title if claim else place.service_key),
            area_code=place.area_code,
            area_name=area.name if area else place.area_code,
            verdict=judged.verdict.value,
            rule=judged.rule,
            state=ours.state,
            cause=ours.cause.label,
            evidence=ours.evidence.label,
            obligation_id=ours.obligation_id,
            line=ours.line,
            bodies=ours.bodies,
            online=ours.online,
            unknown=ours.unknown,
            our_sources=ours.sources,
            our_read_at=min(own_dates, default=None),
            they_say=theirs.says.value,
            coverage_class=said.get(facts.COVERAGE_CLASS, ""),
            not_counted_because=said.get(facts.NOT_COUNTED_BECAUSE, ""),
            source_id=self.plan.source_id,
            stated_on=said.get(facts.STATED_ON) or (self._stated.isoformat() if self._stated else ""),
            their_read_at=self._read.get(self.plan.source_id),
            release=self.view.release.number,
        )

    def _judged_side(self, service: _ServiceCells, ours: _OurSide, area_code: str) -> OurCell:
        origin = service.entry.origin if service.entry else None
        return OurCell(
            # A key that only the yardstick names is in our register by its word alone.
            known_service=origin is not None and origin not in self._yardsticks,
            known_area=area_code in self.view.line.areas,
            bodies=ours.bodies,
            online=ours.online,
            unknown=ours.unknown,
            cause=ours.cause,
            independent=not ours.online_by or bool(ours.online_by - self._yardsticks),
        )


def _codes_around(view: ReleaseView, area: Area | None) -> tuple[str, ...] | None:
    if area is None:
        return None
    inside = {code for code in view.line.areas if area.key.covers(AreaKey(code))}
    return tuple(sorted({*inside, *view.line.chain(area.code)})) if len(inside) <= _SEVERAL_AREAS else None


def _their_cell(claim: Claim | None, said: Mapping[str, str]) -> TheirCell:
    if claim is None:
        return TheirCell(Theirs.NOT_LISTED)
    dead = [channel.link_state is LinkState.DEAD for channel in claim.channels]
    classes = tuple(filter(None, said.get(facts.COVERAGE_CLASS, "").split(facts.LIST_SEPARATOR)))
    return TheirCell(their_word(active=said.get(facts.ACTIVE, ""), dead=dead), classes)


@dataclass(frozen=True, slots=True)
class _OurSide:
    """What a release says of one service in one area; ``online_by`` are the sources of links that count."""

    state: str = CellState.NOT_OWED.label
    bodies: int = 1
    online: int = 0
    unknown: int = 0
    cause: GapCause = GapCause.NONE
    evidence: Evidence = Evidence.NONE
    obligation_id: str = ""
    line: str = ""
    sources: tuple[str, ...] = ()
    online_by: frozenset[str] = frozenset()


class _ServiceCells:
    """Our side of one service: register entry, coverage rows and entries, each read when first needed."""

    def __init__(self, view: ReleaseView, key: str, codes: tuple[str, ...] | None) -> None:
        self.key = key
        self._view = view
        self._codes = codes
        self._decoded: dict[str, Entry] = {}

    @cached_property
    def entry(self) -> Service | None:
        """The service as of the release, or None."""
        row = self._view.store.partition(self._view.release.number, self.key)
        return decode_service(row.service) if row else None

    @property
    def name(self) -> str:
        """Its name, or an empty text."""
        return self.entry.name if self.entry else ""

    @cached_property
    def _rows(self) -> list[tuple[CoverageRow, Cells]]:
        rows = self._view.store.coverage(self._view.release.number, service_key=self.key)
        return [(row, unpack_cells(row.cells)) for row in rows]

    @cached_property
    def _entries(self) -> dict[str, bytes]:
        """Payloads by area."""
        number = self._view.release.number
        rows = self._view.store.entries(number, service_key=self.key, area_codes=self._codes)
        return {row.area_code: row.payload for row in rows}

    def _entry(self, code: str) -> Entry | None:
        # An offer of the Bund stands behind every municipality.
        if code not in self._decoded and code in self._entries:
            self._decoded[code] = decode_entry(self._entries[code])
        return self._decoded.get(code)

    def own_areas(self) -> set[str]:
        """Return the bodies with an own offer that meets a duty."""
        found: set[str] = set()
        for row, cells in self._rows:
            codes = self._view.line.tier(Tier(row.line)).codes
            found.update(codes[at] for at in np.flatnonzero(cells.state == CellState.OWN))
        return found

    def cell(self, code: str) -> _OurSide:
        """Return what we say of one area: the obligation under which most is covered counts."""
        offers = [entry for one in self._around(code) if (entry := self._entry(one)) is not None]
        sources = tuple(sorted({origin.source_id for entry in offers for origin in entry.origins}))
        online_by = frozenset(
            origin.source_id
            for entry in offers
            for channel, origin in entry.channels
            if channel.evidence >= Evidence.ONLINE_FORM and channel.channel.link_state is not LinkState.DEAD
        )
        best: _OurSide | None = None
        for row, cells in self._rows:
            side = self._owed(row, cells, code, sources, online_by)
            if side is not None and (best is None or side.online > best.online):
                best = side
        return best or _offered(offers, sources, online_by)

    def _around(self, code: str) -> tuple[str, ...]:
        return (code, *self._view.line.chain(code)) if code in self._view.line.areas else ()

    def _owed(
        self, row: CoverageRow, cells: Cells, code: str, sources: tuple[str, ...], online_by: frozenset[str]
    ) -> _OurSide | None:
        """Return the owed cells of one row in an area, or None where nothing is owed."""
        tier = self._view.line.tier(Tier(row.line))
        own = tier.index.get(code)
        first, end = (own, own + 1) if own is not None else self._view.line.tier_slice(Tier(row.line), code)
        states = cells.state[first:end]
        owed = states != CellState.NOT_OWED
        bodies = int(owed.sum())
        if not bodies:
            return None
        short = owed & (states != CellState.OWN) & (states != CellState.INHERITED)
        causes = np.bincount(cells.cause[first:end][short], minlength=1)
        return _OurSide(
            state=CellState(int(states[0])).label if own is not None else "",
            bodies=bodies,
            online=bodies - int(short.sum()),
            unknown=int((states == CellState.UNKNOWN).sum()),
            cause=GapCause(int(causes.argmax())),
            evidence=Evidence(int(cells.evidence[first])) if own is not None else Evidence.NONE,
            obligation_id=row.obligation_id,
            line=row.line,
            sources=sources,
            online_by=online_by,
        )


def _offered(offers: list[Entry], sources: tuple[str, ...], online_by: frozenset[str]) -> _OurSide:
    """Return our side where nothing is owed: what the entries offer."""
    evidence = max((entry.evidence for entry in offers), default=Evidence.NONE)
    online = int(evidence >= Evidence.ONLINE_FORM)
    return _OurSide(online=online, evidence=evidence, sources=sources, online_by=online_by)
