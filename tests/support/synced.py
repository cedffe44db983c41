"""One source from a portal on loopback into the catalogue: real client, session, staging, rules and store."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from syncd.model.area import AreaKey
from syncd.model.record import Scope
from syncd.model.run import Run
from syncd.pipeline.ask import Ask, ReleaseView
from syncd.pipeline.ingest import Ingest
from syncd.pipeline.ports import DocumentNote
from syncd.pipeline.reading import ledger_of
from syncd.pipeline.registry import Registry, SourcePlan
from syncd.rules.accept import AcceptLimits
from syncd.sdk.connector import Completeness, ConnectorSpec
from syncd.sdk.loopback import Reply, Request, loopback_portal
from syncd.storage import SqlStore, open_store
from tests.support.miniature import Clock, Miniature, make_registry
from tests.support.portal import InPlace

QUICK = FetchLimits(retry_wait_s=0.005)


@dataclass(slots=True)
class Synced:
    """A source on a store; ``respond`` is the portal and may be replaced between runs."""

    spec: ConnectorSpec
    folder: Path
    settings: Mapping[str, Any]
    respond: Callable[[Request], Reply]
    areas: tuple[str, ...] = ("00",)
    source_id: str = "portal"
    limits: AcceptLimits = field(default_factory=lambda: AcceptLimits(grace_runs=1, grace=timedelta(0)))
    clock: Clock = field(default_factory=Clock)
    build: Callable[[Any], Any] | None = None
    """Builds the connector with a clock of the test."""
    registry: Registry = field(default_factory=make_registry)
    requests: list[Request] = field(default_factory=list)
    """Those of the last run."""
    store: SqlStore = field(init=False)

    def __post_init__(self) -> None:
        """Open a store of its own."""
        (self.folder / "work").mkdir(parents=True, exist_ok=True)
        self.store = open_store(f"sqlite:///{self.folder / 'syncd.sqlite3'}")
        self.registry = replace(self.registry, sources={**self.registry.sources, self.source_id: self.plan()})

    def plan(self, base_url: str = "http://127.0.0.1:9") -> SourcePlan:
        """Return the plan of the source at an address."""
        spec = self.spec
        table = spec.settings_type(base_url=base_url, **self.settings)
        asked = hashlib.sha256(orjson.dumps([spec.name, dict(self.settings)])).hexdigest()
        return SourcePlan(
            source_id=self.source_id,
            title="Synthetisches Portal",
            connector_name=spec.name,
            connector=(self.build or spec.build)(table),
            parser=spec.parser,
            # As JSON, because that is how options reach the worker process.
            options=orjson.loads(orjson.dumps(table.parse_options())),
            scope=Scope(tuple(AreaKey(code) for code in self.areas)),
            interval=timedelta(hours=6),
            stale_after=timedelta(days=3),
            base_url=base_url,
            limits=self.limits,
            proves_completeness=spec.completeness is not Completeness.NONE,
            total_required=spec.completeness is Completeness.DECLARED_TOTAL,
            allow_private=True,
            keeps_ledger=spec.keeps_ledger,
            feeds_register=spec.feeds_register,
            feed=asked[:16],
            is_yardstick=spec.is_yardstick,
        )

    async def sync(self, *, after_hours: float = 6, accept_loss: str = "") -> Run:
        """Let time pass and run the source against the portal."""
        self.clock.forward(hours=after_hours)
        async with loopback_portal(self.respond) as portal, HttpFetcher(QUICK) as fetcher:
            # The port changes from run to run, the address a source is known by does not.
            plan = self.plan(portal.base_url)
            runs = len(list((self.folder / "work").iterdir()))

            def session(plan: SourcePlan, notes: Mapping[str, DocumentNote]) -> SourceSession:
                return SourceSession(
                    source_id=plan.source_id,
                    fetcher=fetcher,
                    base_url=plan.base_url,
                    rundir=self.folder / "work" / f"fetch-{runs}",
                    raw_root=self.folder / "raw",
                    notes=notes,
                    allow_private=True,
                    ledger=ledger_of(plan, self.folder / "ledgers"),
                )

            ingest = Ingest(
                self.store,
                InPlace(),
                session,
                replace(self.registry, sources={**self.registry.sources, plan.source_id: plan}),
                self.clock,
                self.folder / "work",
                bodies=self.folder / "raw",
                ledgers=self.folder / "ledgers",
                operator="test",
            )
            run = await ingest.sync(self.source_id, accept_loss=accept_loss)
            self.requests = portal.requests
        return run

    async def publish(self) -> ReleaseView:
        """Rebuild, publish if anything changed, and return what is published."""
        miniature = Miniature(self.store, self.folder / "work", self.registry, self.clock)
        await asyncio.to_thread(miniature.publish)
        return Ask(self.store, self.registry, self.clock).view()

    def issues(self, run: Run) -> list[str]:
        """Return the codes of a run's findings, sorted."""
        return sorted(self.store.run(run.run_id)[3])
