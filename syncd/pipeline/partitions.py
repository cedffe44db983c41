"""Build partitions: link, merge and assess one service key after the other.

Runs in a worker process (it is CPU work) and reads the store only. Linking, merging and assessing one service
needs that service's claims alone, so memory does not grow with the catalogue and a change touches only the
partitions it dirtied.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from syncd.model.coverage import Tier
from syncd.model.record import RecordKind
from syncd.model.service import ServiceKey
from syncd.pipeline.codec import decode_claims, short_hash
from syncd.pipeline.entry_codec import encode_entry, encode_service
from syncd.pipeline.ports import CoverageRow, PartitionResult, TotalsRow
from syncd.pipeline.probing import seen_of
from syncd.rules.assess import assess, count
from syncd.rules.coverage_codec import (
    change_totals,
    empty_totals,
    pack_cells,
    pack_numbers,
    pack_totals,
    since,
    unpack_cells,
    unpack_numbers,
    unpack_totals,
)
from syncd.rules.field_rulings import NO_RULINGS, FieldRulings
from syncd.rules.hierarchy import speaking_parents
from syncd.rules.line import AreaLine
from syncd.rules.link import link, without_coarse
from syncd.rules.merge import merge
from syncd.rules.ownership import Ownership
from syncd.rules.rekeying import predecessors, successors
from syncd.rules.services import service_for
from syncd.rules.upheaval import Turnover, count_moves, lands_of, nobody_moved, sizes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    import numpy.typing as npt

    from syncd.model.area import Area, AreaKey
    from syncd.model.coverage import Duty
    from syncd.model.entry import Entry
    from syncd.model.judgement import Judgement
    from syncd.model.record import Claim
    from syncd.model.service import Service
    from syncd.pipeline.ports import Store, StoredRecord
    from syncd.rules.assess import SourceFacts
    from syncd.rules.merge import Seen
    from syncd.rules.precedence import Precedence

    OldRows = Mapping[tuple[str, str, str], CoverageRow]
    """Rows of the current release by (obligation, line, service)."""
    Totals = dict[tuple[str, str], npt.NDArray[np.int32]]
    Before = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint32]]

CHUNK = 200
"""Service keys read at a time."""


@dataclass(frozen=True, slots=True)
class RebuildPlan:
    """Everything a rebuild depends on besides the records; survives the way into another process.

    ``duties`` are (obligation id, duty) pairs in force, with exact keys. ``old_areas`` is the register of the
    current release when it differs from ``areas``, so that ``since`` is carried over to the new line.
    ``base_totals`` are those of the current release; empty when everything is rebuilt.
    """

    release: int
    on: date
    areas: tuple[Area, ...]
    moved: Mapping[str, AreaKey]
    services: Mapping[str, Service]
    duties: tuple[tuple[str, Duty], ...]
    sources: Mapping[str, SourceFacts]
    precedence: Precedence
    old_areas: tuple[Area, ...] | None = None
    base_totals: tuple[TotalsRow, ...] = ()


@dataclass(slots=True)
class PartitionRun:
    """Builds the partitions of one plan; ``totals`` and ``removed`` are complete once ``results`` ended."""

    plan: RebuildPlan
    store: Store
    line: AreaLine = field(init=False)
    removed: list[str] = field(default_factory=list)
    _totals: Totals = field(default_factory=dict)
    _duties: Mapping[str, tuple[tuple[str, Duty], ...]] = field(init=False)
    _positions: Mapping[Tier, npt.NDArray[np.int64]] = field(default_factory=dict)
    _people: Mapping[Tier, npt.NDArray[np.int64]] = field(init=False)
    """Prefix sums of the inhabitants per line."""
    _lands: Mapping[Tier, npt.NDArray[np.int64]] = field(init=False)
    _moves: npt.NDArray[np.int64] = field(default_factory=nobody_moved)
    _precedence: Precedence = field(init=False)
    _old_keys: Mapping[str, tuple[str, ...]] = field(init=False)
    """Retired keys each service stands for."""
    _ownership: Ownership = field(init=False)
    _some: bool = False
    """Only some services are rebuilt: the totals begin with those of the current release."""

    def __post_init__(self) -> None:
        """Index the duties by service key and prepare the lines."""
        self.line = AreaLine.build(self.plan.areas)
        by_key: dict[str, list[tuple[str, Duty]]] = defaultdict(list)
        for obligation_id, duty in self.plan.duties:
            for key in duty.services:
                by_key[key].append((obligation_id, duty))
            self._totals.setdefault(
                (obligation_id, duty.line.value), empty_totals(len(self.line.tier(duty.line)))
            )
        self._people = {
            tier: np.concatenate(([0], np.cumsum(self.line.tier(tier).population))) for tier in Tier
        }
        self._lands = {tier: lands_of(self.line.tier(tier).codes) for tier in Tier}
        self._duties = {key: tuple(duties) for key, duties in by_key.items()}
        if self.plan.old_areas is not None:
            self._positions = _old_positions(self.line, AreaLine.build(self.plan.old_areas), self.plan.moved)
        self._precedence = with_freshness(self.plan.precedence, self.plan.sources)
        self._old_keys = predecessors(successors(self.plan.services))
        self._ownership = Ownership.of({s: facts.scope for s, facts in self.plan.sources.items()})
        for row in self.plan.base_totals:
            if (row.obligation_id, row.line) in self._totals:
                self._totals[row.obligation_id, row.line] = unpack_totals(row.matrix).copy()

    @property
    def totals(self) -> tuple[TotalsRow, ...]:
        """Totals after all results, sorted."""
        return tuple(
            TotalsRow(obligation_id, line, pack_totals(matrix))
            for (obligation_id, line), matrix in sorted(self._totals.items())
        )

    @property
    def turnover(self) -> Turnover:
        """How many cells changed sides, after all results; sizes are those of the current release."""
        if not self.plan.base_totals:
            return Turnover(self._moves, self._moves.sum(axis=2))
        base = (
            (unpack_totals(row.matrix), self._lands[Tier(row.line)])
            for row in self.plan.base_totals
            if (row.obligation_id, row.line) in self._totals
        )
        return Turnover(self._moves, sizes(base))

    def every_key(self) -> Iterator[str]:
        """Yield all service keys there are: of records, of the register and of duties, sorted."""
        known = sorted({*self.plan.services, *self._duties})
        yield from _merge_sorted(self.store.all_service_keys(), known)

    def results(self, keys: Sequence[str] | None) -> Iterator[PartitionResult]:
        """Build the given keys (sorted), or all; yields one result per service that exists."""
        self._some = keys is not None
        stream = iter(keys) if keys is not None else self.every_key()
        while chunk := tuple(islice(stream, CHUNK)):
            before: OldRows = {
                (row.obligation_id, row.line, row.service_key): row
                for row in self.store.current_coverage(chunk)
            }
            probed = self.store.probes_of(chunk)
            logs = self.store.judgements_of(
                [old for key in chunk for old in (key, *self._old_keys.get(key, ()))]
            )
            parents = speaking_parents(self.plan.services, chunk)
            for key, records in self.store.partition_records(chunk, parents):
                rulings = self._rulings(key, logs)
                result = self._build(key, records, before, (seen_of(probed.get(key, ())), rulings))
                if self._some:
                    self._forget(before, result, key)
                if result is None:
                    self.removed.append(key)
                else:
                    yield result

    def _forget(self, before: OldRows, result: PartitionResult | None, key: str) -> None:
        """Take out of the totals what a service is no longer measured by."""
        still = {(row.obligation_id, row.line) for row in result.coverage} if result is not None else set()
        for (obligation_id, line, service_key), row in before.items():
            totals = self._totals.get((obligation_id, line))
            if service_key == key and totals is not None and (obligation_id, line) not in still:
                change_totals(totals, unpack_cells(row.cells).state, None)

    def _build(
        self,
        key: str,
        records: Sequence[StoredRecord],
        before: OldRows,
        known: tuple[Seen, FieldRulings],
    ) -> PartitionResult | None:
        duties = self._duties.get(key, ())
        if not records and not duties and key not in self.plan.services:
            return None
        spoken, next_change_on = self._linked(key, records)
        # A parent's record says what it is called, not what this service is.
        claims = tuple(claim for claim in spoken if not claim.is_coarse)
        # What a register or a yardstick says of a service is nowhere an offer.
        offers = tuple(claim for claim in without_coarse(spoken) if claim.kind is RecordKind.OFFER)
        seen, rulings = known
        named = service_for(
            ServiceKey(key),
            self.plan.services,
            [(c.source_id, c.title) for c in sorted(claims, key=self._by_precedence)],
            [code for c in claims for code in c.typing],
        )
        entries = merge(offers, self._precedence, seen, rulings, named.name)
        service = encode_service(named)
        rows = tuple(encode_entry(entry) for entry in entries)
        coverage = tuple(
            self._coverage(key, entries, obligation, duty, before) for obligation, duty in duties
        )
        digest = short_hash(b"".join((service, *(r.digest for r in rows), *(c.digest for c in coverage))))
        boundaries = [day for day in (next_change_on, rulings.next_change_on) if day is not None]
        return PartitionResult(key, digest, service, rows, coverage, min(boundaries, default=None))

    def _rulings(self, key: str, logs: Mapping[str, Sequence[Judgement]]) -> FieldRulings:
        """Return what operators decided about fields of a service, also under the keys it took over from."""
        log = [judgement for old in (key, *self._old_keys.get(key, ())) for judgement in logs.get(old, ())]
        return FieldRulings.of(log, on=self.plan.on, moved=self.plan.moved) if log else NO_RULINGS

    def _linked(self, key: str, records: Iterable[StoredRecord]) -> tuple[tuple[Claim, ...], date | None]:
        claims = (
            replace(claim, linked_by=record.linked_by) if record.linked_by else claim
            for record in records
            for claim in decode_claims(record.source_id, record.payload, key)
            if self._ownership.owns(claim, self.plan.moved)
        )
        return link(claims, moved=self.plan.moved, on=self.plan.on)

    def _by_precedence(self, claim: Claim) -> tuple[tuple[bool, int], str, str, str]:
        return (
            self._precedence.order(claim.source_id, "title"),
            claim.source_id,
            claim.native_id,
            claim.area.code,
        )

    def _coverage(
        self,
        key: str,
        entries: Sequence[Entry],
        obligation_id: str,
        duty: Duty,
        before: OldRows,
    ) -> CoverageRow:
        cells = assess(ServiceKey(key), entries, duty, self.line, self.plan.sources)
        row = before.get((obligation_id, duty.line.value, key))
        previous = self._on_this_line(row, duty.line) if row else None
        instead_of = previous[0] if previous is not None and self._some else None
        change_totals(self._totals[obligation_id, duty.line.value], instead_of, cells.state)
        if previous is not None:
            count_moves(self._moves, previous[0], cells.state, self._lands[duty.line])
        began = since(
            cells.state,
            release=self.plan.release,
            before=previous,
        )
        digest, packed = pack_cells(cells)
        return CoverageRow(
            obligation_id=obligation_id,
            line=duty.line.value,
            service_key=key,
            digest=digest,
            cells=packed,
            since=pack_numbers(began),
            counts=count(cells, self._people[duty.line]),
        )

    def _on_this_line(self, row: CoverageRow, line: Tier) -> Before:
        """Return states and since-numbers of an old row on the present line."""
        state, began = unpack_cells(row.cells).state, unpack_numbers(row.since)
        positions = self._positions.get(line)
        if positions is None:
            return state, began
        known = positions >= 0
        fallback = np.uint32(self.plan.release)
        return (
            np.where(known, state[positions], np.uint8(255)).astype(np.uint8),
            np.where(known, began[positions], fallback).astype(np.uint32),
        )


def with_freshness(precedence: Precedence, sources: Mapping[str, SourceFacts]) -> Precedence:
    """Return the precedence in which configured sources that are stale, and all others, rank behind."""
    fresh = (s for s in precedence.sources if s not in sources or sources[s].fresh)
    return replace(precedence, fresh=frozenset(fresh))


def _old_positions(
    new: AreaLine, old: AreaLine, moved: Mapping[str, AreaKey]
) -> dict[Tier, npt.NDArray[np.int64]]:
    """Return per tier, for each body of the new line, its position on the old line or -1.

    A body that took over from others inherits the history of the first of them in ARS order.
    """
    predecessor: dict[str, str] = {}
    for code in sorted(moved, reverse=True):
        predecessor[moved[code].code] = code
    result = {}
    for tier in Tier:
        index = old.tier(tier).index
        result[tier] = np.array(
            [index.get(code, index.get(predecessor.get(code, ""), -1)) for code in new.tier(tier).codes],
            dtype=np.int64,
        )
    return result


def _merge_sorted(left: Iterable[str], right: Iterable[str]) -> Iterator[str]:
    """Yield the union of two sorted streams without duplicates."""
    last = None
    for key in heapq.merge(left, right):
        if key != last:
            yield key
            last = key
