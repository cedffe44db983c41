"""Linking as a use case: which records to link anew, and the work itself, in a worker process.

Incremental: records a run has touched, records that judgements speak of in another way than before (with all
that were judged the same), records that share an id with one of these; everything when the register, the
thresholds or the rules changed. Results are kept in small transactions and nothing is forgotten before all
are kept, so that a kill at any point costs time only. Must not know how a link is found
(:mod:`syncd.rules.linkage`) nor what partitions make of it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

import structlog

from syncd.model.judgement import LINK_LOG, JudgementKind, LinkAnswer, node_parts, record_node
from syncd.model.linkage import FULL_SCORE, Candidate, Linkage, LinkMethod, LinkState, Reason
from syncd.model.record import RecordKind
from syncd.model.service import LOCAL_PREFIX, ServiceKey, ServiceStatus
from syncd.pipeline.codec import canonical_json, decode_described, short_hash
from syncd.pipeline.link_ports import LINKED, REMOVED, LinkBasis, LinkResult
from syncd.rules.candidates import ServiceIndex, Thresholds
from syncd.rules.identity import SIMILAR_FROM, similarity
from syncd.rules.identity_tokens import named_key
from syncd.rules.judgements import Ruling, Rulings, active
from syncd.rules.linkage import LINK_RULES_VERSION, Identified, Likeness, folded_aliases, link_record
from syncd.rules.rekeying import successors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from syncd.model.judgement import Judgement
    from syncd.model.service import Service
    from syncd.pipeline.link_ports import LinkInput
    from syncd.pipeline.ports import Store
    from syncd.pipeline.registry import Registry
    from syncd.pipeline.workers import PartitionBuilder

_log = structlog.get_logger(__name__)
_KEPT_AT_ONCE = 500
"""Results in one transaction."""


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """Everything linking depends on besides records and judgements; survives the way into another process.

    ``aliases`` are (other name, key), sorted. ``unscored`` are sources whose records are not compared by
    likeness. ``digest`` stands for all of it; ``judged_up_to`` is the last judgement that counts.
    """

    digest: str
    judged_up_to: int
    services: Mapping[str, Service]
    aliases: tuple[tuple[str, str], ...]
    thresholds: Thresholds
    enabled: bool
    unscored: frozenset[str]
    scopes: Mapping[str, frozenset[str]]
    """Services each source may speak for, where they are limited."""

    @classmethod
    def of(cls, registry: Registry, judged_up_to: int) -> LinkPlan:
        """Return the plan for a registry that has the services of its feeding sources."""
        linking = registry.linking
        aliases = tuple(sorted(registry.aliases))
        unscored = frozenset(s.source_id for s in registry.sources.values() if not s.links_by_likeness)
        services = [
            [k, s.name, list(s.typing), s.ozg_name, s.situation, s.theme, s.status.value, s.replaced_by]
            for k, s in sorted(registry.services.items())
        ]
        scopes = {
            s.source_id: s.scope.services for s in registry.sources.values() if s.scope.services is not None
        }
        thresholds = linking.thresholds
        said = [
            LINK_RULES_VERSION,
            services,
            [list(pair) for pair in aliases],
            [thresholds.linked, thresholds.review, thresholds.distance],
            linking.enabled,
            sorted(unscored),
            {source_id: sorted(keys) for source_id, keys in scopes.items()},
        ]
        return cls(
            digest=short_hash(canonical_json(said)).hex(),
            judged_up_to=judged_up_to,
            services=dict(registry.services),
            aliases=aliases,
            thresholds=thresholds,
            enabled=linking.enabled,
            unscored=unscored,
            scopes=scopes,
        )


@dataclass(slots=True)
class Indexes:
    """The index of the services last asked for: making it costs more than linking a few records."""

    _digest: str = ""
    _index: ServiceIndex | None = None

    def of(self, plan: LinkPlan) -> ServiceIndex:
        """Return the index of a plan's services; retired ones are nothing to link to."""
        if self._index is None or self._digest != plan.digest:
            active = {k: s for k, s in plan.services.items() if s.status is ServiceStatus.ACTIVE}
            self._index = ServiceIndex.build(active, dict(plan.aliases))
            self._digest = plan.digest
        return self._index


@dataclass(slots=True)
class LinkRun:
    """Links the records of one plan; CPU work, reads only."""

    plan: LinkPlan
    store: Store
    indexes: Indexes
    _rulings: Rulings = field(init=False)
    _aliases: Mapping[str, str] = field(init=False)
    _successors: Mapping[str, tuple[str, ...]] = field(init=False)
    _titles: Mapping[str, str] = field(init=False)
    """What records were called when they were judged to be about a service."""

    def __post_init__(self) -> None:
        """Compute what follows from the judgements."""
        self._successors = successors(self.plan.services)
        log = judged(self.store, self.plan.judged_up_to)
        self._rulings = Rulings.of(log, self._successors)
        self._titles = judged_titles(log)
        self._aliases = folded_aliases(self.plan.aliases)

    def results(self, record_ids: Sequence[int] | None) -> Iterator[LinkResult]:
        """Yield what is found about these records, or about all that may be linked, sorted by id."""
        ids = self.store.linkable_ids() if record_ids is None else record_ids
        for one in self.store.link_inputs(ids):
            yield self._link(one)

    def _link(self, one: LinkInput) -> LinkResult:
        if not one.live:
            return LinkResult(one.record_id)
        stated = [key for key in one.service_keys if not key.startswith(LOCAL_PREFIX)]
        ruling = self._ruling(one)
        if stated and ruling == Ruling():
            return LinkResult(one.record_id)
        kind, described = decode_described(one.payload)
        offers = kind is RecordKind.OFFER
        scored = self.plan.enabled and one.source_id not in self.plan.unscored and offers
        likeness = None
        if offers and not stated:
            index = self.indexes.of(self.plan) if scored else None
            likeness = Likeness(self._aliases, index, self.plan.thresholds)
        allowed = self.plan.scopes.get(one.source_id)
        identities = self._identities(one) if offers else ()
        linkage = link_record(described, stated, ruling, identities, likeness, allowed=allowed)
        called = self._titles.get(record_node(one.source_id, one.native_id), described.title)
        if ruling.services and not stated and similarity(called, described.title) < SIMILAR_FROM:
            linkage = _given_away(called, ruling)
            ruling = replace(ruling, services=())
        return _result(one, stated, linkage, ruling)

    def _ruling(self, one: LinkInput) -> Ruling:
        """Return what judgements say; beyond its scope a source is not heard, whoever says so."""
        ruling = self._rulings.of_record(record_node(one.source_id, one.native_id))
        allowed = self.plan.scopes.get(one.source_id)
        if allowed is None or allowed.issuperset(ruling.services):
            return ruling
        return replace(ruling, services=tuple(key for key in ruling.services if key in allowed))

    def _identities(self, one: LinkInput) -> tuple[Identified, ...]:
        found = [
            Identified(token, (key,))
            for token in one.tokens
            if (key := named_key(token)) in self.plan.services
        ]
        for peer in one.peers:
            ruling = self._rulings.of_record(record_node(peer.source_id, peer.native_id))
            keys = (set(peer.service_keys) - ruling.refused) | set(ruling.services)
            found.append(Identified(peer.token, tuple(sorted(keys))))
        return tuple(found)


def _given_away(called: str, ruling: Ruling) -> Linkage:
    """Return the question whether a judgement still holds for an id that now stands for something else."""
    reason = Reason(LinkMethod.JUDGEMENT.value, FULL_SCORE, called)
    candidates = tuple(Candidate(key, FULL_SCORE, (reason,)) for key in ruling.services)
    return Linkage(
        LinkState.REVIEW,
        LinkMethod.JUDGEMENT,
        score=FULL_SCORE,
        reasons=(reason,),
        candidates=candidates,
        because=ruling.because,
    )


def _result(one: LinkInput, stated: Sequence[str], linkage: Linkage, ruling: Ruling) -> LinkResult:
    """Return what is stored: nothing for a record that is what it states, or that nobody need ask about."""
    local = ServiceKey.local(one.source_id, one.native_id).value
    counted = set(linkage.service_keys) or {local}
    method = linkage.method.value if linkage.method else LinkMethod.JUDGEMENT.value
    keys = {key: (key, REMOVED, "") for key in {*one.service_keys, *linkage.removed} - counted}
    for key in counted.difference(one.service_keys):
        by = LinkMethod.JUDGEMENT.value if key in ruling.services or key == local else method
        keys[key] = (key, LINKED, by)
    dull = linkage.state is LinkState.APART or (linkage.method is LinkMethod.EXACT and bool(stated))
    if dull and not keys and not linkage.because:
        return LinkResult(one.record_id)
    return LinkResult(one.record_id, linkage, tuple(sorted(keys.values())))


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What a round of linking did: records looked at and records whose link changed."""

    looked_at: int = 0
    changed: int = 0


@dataclass(slots=True)
class Linker:
    """Use case: bring the links up to date, before dirty partitions are read."""

    store: Store
    builder: PartitionBuilder

    async def link(self, registry: Registry, *, now: datetime, full: bool = False) -> LinkReport:
        """Link what is due, or everything; ``registry`` has the services of its feeding sources."""
        basis = await asyncio.to_thread(self.store.link_basis)
        mark, due = await asyncio.to_thread(self.store.links_due)
        last = await asyncio.to_thread(self.store.last_judgement)
        plan = await asyncio.to_thread(LinkPlan.of, registry, last)
        everything = full or basis.digest != plan.digest
        ids: tuple[int, ...] | None = None
        if not everything:
            ids = tuple(sorted({*due, *await asyncio.to_thread(self._judged_since, basis, plan)}))
        report = LinkReport()
        if ids is None or ids:
            report = await self._link(plan, ids, now)
        if everything or mark or last != basis.judged_up_to:
            await asyncio.to_thread(self.store.links_done, mark, LinkBasis(plan.digest, last))
        if report.changed:
            _log.info("linked", looked_at=report.looked_at, changed=report.changed, everything=everything)
        return report

    async def check(self, registry: Registry) -> tuple[str, ...]:
        """Link everything anew and return the records whose stored link is another; changes nothing.

        Records that are due for linking are left out.
        """
        basis = await asyncio.to_thread(self.store.link_basis)
        _, due = await asyncio.to_thread(self.store.links_due)
        plan = await asyncio.to_thread(LinkPlan.of, registry, basis.judged_up_to)
        if basis.digest != plan.digest:
            # Nothing is wrong: the next rebuild links everything under the new conditions.
            return ()
        built = await self.builder.link(plan, None)
        try:
            return await asyncio.to_thread(self._different, built.results(), frozenset(due))
        finally:
            built.discard()

    async def _link(self, plan: LinkPlan, ids: Sequence[int] | None, now: datetime) -> LinkReport:
        built = await self.builder.link(plan, ids)
        try:
            return await asyncio.to_thread(self._keep, built.results(), now)
        finally:
            built.discard()

    def _keep(self, results: Iterator[LinkResult], now: datetime) -> LinkReport:
        looked_at = changed = 0
        while batch := list(islice(results, _KEPT_AT_ONCE)):
            looked_at += len(batch)
            changed += self.store.keep_links(batch, now=now)
        return LinkReport(looked_at, changed)

    def _different(self, results: Iterator[LinkResult], skip: frozenset[int]) -> tuple[str, ...]:
        different: list[int] = []
        while batch := list(islice(results, _KEPT_AT_ONCE)):
            kept = self.store.links_kept([one.record_id for one in batch])
            different += [
                one.record_id
                for one in batch
                if one.record_id not in skip and kept.get(one.record_id, LinkResult(one.record_id)) != one
            ]
        return tuple(f"link {one.source_id}/{one.native_id}" for one in self.store.link_inputs(different))

    def _judged_since(self, basis: LinkBasis, plan: LinkPlan) -> tuple[int, ...]:
        """Return the records whose rulings differ from those the stored links were made with."""
        if plan.judged_up_to == basis.judged_up_to:
            return ()
        followed_by = successors(plan.services)
        before = Rulings.of(judged(self.store, basis.judged_up_to), followed_by).by_record
        after = Rulings.of(judged(self.store, plan.judged_up_to), followed_by).by_record
        nodes = [n for n in {*before, *after} if before.get(n, Ruling()) != after.get(n, Ruling())]
        return self.store.ids_of([parts for node in nodes if (parts := node_parts(node)) is not None])


def judged_titles(log: Sequence[Judgement]) -> dict[str, str]:
    """Return what records were called when they were last judged to be about a service."""
    return {
        one.subject: one.value
        for one in active(log)
        if one.kind is JudgementKind.LINK and one.answer == LinkAnswer.SAME and one.service_key and one.value
    }


def judged(store: Store, up_to: int) -> tuple[Judgement, ...]:
    """Return the judgements about links, and all undoings, up to a position in the log."""
    return tuple(one for position, one in store.judgements(kinds=LINK_LOG) if position <= up_to)
