"""Rebuild and publish: dirty partitions in, release n+1 out (T2).

Only this module decides what must be rebuilt: everything when an input other than records has changed
(registers, obligations, scopes, freshness of a source), otherwise the dirty partitions alone. The build
itself runs in a worker; publishing is one short transaction.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from syncd.pipeline.check import CheckReport, Comparison
from syncd.pipeline.codec import canonical_json, short_hash
from syncd.pipeline.hold import ReleaseGate
from syncd.pipeline.linking import Linker
from syncd.pipeline.obligations import encode_obligations
from syncd.pipeline.partitions import RebuildPlan
from syncd.pipeline.ports import ReleaseDraft
from syncd.pipeline.service_feed import with_fed_services
from syncd.rules.assess import SourceFacts
from syncd.rules.freshness import is_fresh
from syncd.rules.hierarchy import with_children

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from syncd.model.entry import Release
    from syncd.model.run import SourceState
    from syncd.pipeline.ports import Store
    from syncd.pipeline.registry import Registry, SourcePlan
    from syncd.pipeline.workers import PartitionBuilder

RULES_VERSION = 5
"""Raised whenever a rule changes what comes out of the same inputs; forces a full rebuild."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Rebuilder:
    """Use case: bring the published release up to date. One rebuild at a time."""

    store: Store
    builder: PartitionBuilder
    registry: Registry
    clock: Callable[[], datetime]
    gate: ReleaseGate = field(default_factory=ReleaseGate)
    operator: str = ""
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def rebuild(self, *, full: bool = False, accept: str = "") -> Release | None:
        """Publish a new release if anything changed; returns it, or None.

        A release that turns the report over is held, unless ``accept`` says why it is right.
        """
        async with self._lock:
            return await self._rebuild(full=full, accept=accept)

    async def _rebuild(self, *, full: bool, accept: str) -> Release | None:
        now = self.clock()
        registry = await asyncio.to_thread(with_fed_services, self.registry, self.store)
        states = await asyncio.to_thread(self.store.source_states)
        inputs = describe_inputs(registry, states, now, base=self.registry)
        digest = inputs_digest(inputs)
        current = await asyncio.to_thread(self.store.current_release)
        await Linker(self.store, self.builder).link(registry, now=now, full=full)
        mark, dirty = await asyncio.to_thread(self.store.dirty_keys, now.date())
        keys = with_children(registry.services, dirty)
        everything = full or current is None or current.inputs.get("digest") != digest
        if not everything and not keys:
            return None
        attempt = (mark, digest)
        if not (full or accept) and self.gate.waits(attempt, now):
            return None
        await self._keep_inputs(registry, inputs)
        plan = await self._plan(registry, states, now, current, everything=everything)
        built = await self.builder.build(plan, None if everything else keys)
        try:
            verdict = self.gate.judge(
                built.turnover,
                current=current,
                inputs=inputs,
                now=now,
                attempt=attempt,
                accepted={"reason": accept, "by": self.operator} if accept else None,
            )
            if verdict.held:
                return None
            marks = {"upheaval": verdict.mark} if verdict.mark else {}
            release = await asyncio.to_thread(
                self.store.publish,
                ReleaseDraft(
                    results=built.results(),
                    totals=built.totals,
                    inputs={**inputs, "digest": digest, "read": _read_states(registry, states), **marks},
                    inputs_digest=digest,
                    published_at=now,
                    dirty_up_to=mark,
                    removed=built.removed,
                ),
            )
        finally:
            built.discard()
        self.gate.passed(release)
        if release is not None:
            _log.info("release_published", release=release.number, digest=release.digest, **release.counts)
        return release

    async def check(self) -> CheckReport:
        """Recompute all partitions of the current release from its records and compare all that is stored.

        Uses the day and the freshness recorded with the release, so that only a defect makes a difference;
        partitions dirtied since are left out.
        """
        async with self._lock:
            registry = await asyncio.to_thread(with_fed_services, self.registry, self.store)
            current = await asyncio.to_thread(self.store.current_release)
            if current is None:
                return CheckReport(0, 0, ())
            states = await asyncio.to_thread(self.store.source_states)
            plan = await self._plan(registry, states, current.published_at, current, everything=True)
            plan = replace(plan, sources=_as_recorded(plan.sources, current))
            links = await Linker(self.store, self.builder).check(registry)
            _, dirty = await asyncio.to_thread(self.store.dirty_keys, current.published_at.date())
            built = await self.builder.build(plan, None)
            try:
                skip = frozenset(with_children(registry.services, dirty))
                comparison = Comparison(self.store, current.number, skip)
                report = await asyncio.to_thread(comparison.run, built.results(), built.totals)
                return replace(report, different=(*report.different, *links))
            finally:
                built.discard()

    async def _keep_inputs(self, registry: Registry, inputs: Mapping[str, Any]) -> None:
        """Store what later explanations of this release need: the area edition and the obligations."""
        areas = registry.areas
        await asyncio.to_thread(
            self.store.put_edition, areas.label, areas.digest, areas.areas, now=self.clock()
        )
        body = encode_obligations(registry)
        await asyncio.to_thread(self.store.put_document, inputs["obligations"], body)

    async def _plan(
        self,
        registry: Registry,
        states: Mapping[str, SourceState],
        now: datetime,
        current: Release | None,
        *,
        everything: bool,
    ) -> RebuildPlan:
        old_areas = None
        if current is not None and current.inputs.get("areas") != registry.areas.digest:
            edition = await asyncio.to_thread(self.store.edition_by_digest, current.inputs["areas"])
            old_areas = await asyncio.to_thread(self.store.edition_areas, edition)
        totals = (
            ()
            if everything or current is None
            else await asyncio.to_thread(self.store.totals, current.number)
        )
        return RebuildPlan(
            release=(current.number if current else 0) + 1,
            on=now.date(),
            areas=registry.areas.areas,
            moved=dict(registry.areas.moved),
            services=dict(registry.services),
            duties=registry.duties(now.date()),
            sources=source_facts(registry, states, now),
            precedence=registry.precedence,
            old_areas=old_areas,
            base_totals=tuple(totals),
        )


def source_facts(
    registry: Registry, states: Mapping[str, SourceState], now: datetime
) -> dict[str, SourceFacts]:
    """Return per configured source that speaks of offers what assessment may know of it."""
    return {
        plan.source_id: _facts_of(plan, states.get(plan.source_id), now)
        for plan in registry.sources.values()
        if not plan.feeds_register
    }


def _facts_of(plan: SourcePlan, state: SourceState | None, now: datetime) -> SourceFacts:
    last = state.last_good_at if state else None
    return SourceFacts(
        source_id=plan.source_id,
        scope=plan.scope,
        fresh=is_fresh(last, now=now, stale_after=plan.stale_after),
        spoken=last is not None,
    )


def _as_recorded(facts: Mapping[str, SourceFacts], release: Release) -> dict[str, SourceFacts]:
    """Return the facts with freshness as the release had it."""
    recorded = release.inputs.get("sources", {})
    return {
        source_id: replace(fact, fresh=recorded[source_id]["fresh"], spoken=recorded[source_id]["spoken"])
        if source_id in recorded
        else fact
        for source_id, fact in facts.items()
    }


def describe_inputs(
    registry: Registry, states: Mapping[str, SourceState], now: datetime, *, base: Registry
) -> dict[str, Any]:
    """Return the inputs of a release besides records, each by content, in plain JSON values.

    ``registry`` has the services of feeding sources, ``base`` has not: their records dirty their partitions
    like any other. Only what they say beyond their own partition counts here: types (through the resolved
    obligations) and names of the keys above others.
    """
    facts = {
        plan.source_id: _facts_of(plan, states.get(plan.source_id), now) for plan in registry.sources.values()
    }
    named = [
        k for k in registry.services if k.endswith("000") and registry.services[k] != base.services.get(k)
    ]
    rows = [[k, s.name, sorted(s.typing), s.status.value] for k, s in base.services.items()]
    rows += [[k, registry.services[k].name] for k in named]
    services = short_hash(canonical_json(sorted(rows)))
    return {
        "rules": RULES_VERSION,
        "areas": registry.areas.digest,
        "areas_label": registry.areas.label,
        "services": services.hex(),
        "services_label": registry.services_label,
        "obligations": short_hash(encode_obligations(registry)).hex(),
        "duties_in_force": sorted(
            [obligation_id, duty.name] for obligation_id, duty in registry.duties(now.date())
        ),
        "sources": {
            source_id: {
                "title": plan.title,
                "precedence": plan.precedence,
                "areas": [area.code for area in plan.scope.areas],
                "services": sorted(plan.scope.services) if plan.scope.services is not None else None,
                "silence_means_absence": plan.scope.silence_means_absence,
                "stale_after_seconds": int(plan.stale_after.total_seconds()),
                "fresh": facts[source_id].fresh,
                "spoken": facts[source_id].spoken,
                **({"kind": plan.kind} if plan.kind else {}),
                **({"feeds_register": True} if plan.feeds_register else {}),
            }
            for source_id, plan in sorted(registry.sources.items())
        },
        "field_precedence": {name: dict(ranks) for name, ranks in registry.field_precedence.items()},
    }


def inputs_digest(inputs: Mapping[str, Any]) -> str:
    """Return the digest of the inputs; two releases with equal digests differ by records only."""
    return short_hash(orjson.dumps(inputs, option=orjson.OPT_SORT_KEYS)).hex()


def _read_states(registry: Registry, states: Mapping[str, SourceState]) -> dict[str, Any]:
    """Return when each source was last read, for display; not part of the inputs digest."""
    return {
        source_id: {
            "last_good_at": state.last_good_at.isoformat() if state.last_good_at else None,
            "run_id": state.last_good_run_id,
            "records": state.records,
        }
        for source_id, state in sorted(states.items())
        if source_id in registry.sources
    }
