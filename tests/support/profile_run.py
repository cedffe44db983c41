"""Sources read by a profile, from a simulated portal to the store: real socket, staging and database."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from connectors.generic.connector import SPEC
from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from syncd.fetching.staging import stage_in_process
from syncd.model.area import AreaKey
from syncd.model.entry import Release
from syncd.model.issue import Issue
from syncd.model.record import Claim, Scope
from syncd.model.run import Run
from syncd.pipeline.codec import decode_claims
from syncd.pipeline.ingest import Ingest
from syncd.pipeline.ports import StagedSnapshot, Store
from syncd.pipeline.reading import ledger_of
from syncd.pipeline.workers import ParseJob
from syncd.rules.accept import AcceptLimits
from syncd.sdk.loopback import LoopbackPortal, Reply, Request, loopback_portal
from tests.support.miniature import GROSSSTADT, Clock, Miniature, make_registry

SOURCE = "grossstadt"
Respond = Callable[[Request], Reply]


class InPlace:
    """The parse worker without its process."""

    async def stage(self, job: ParseJob) -> StagedSnapshot:
        return stage_in_process(job)


@dataclass(frozen=True, slots=True)
class Told:
    """What one run came to."""

    run: Run
    issues: tuple[Issue, ...]
    counts: dict[str, int]
    requests: list[Request]

    @property
    def outcome(self) -> str:
        return f"{self.run.outcome} {self.run.code}"


@dataclass(slots=True)
class Source:
    """One source that is read again and again; ``claims`` shows what the store holds of it."""

    store: Store
    folder: Path
    settings: dict[str, Any]
    clock: Clock = field(default_factory=Clock)
    miniature: Miniature | None = None

    async def sync(self, respond: Respond, *, hours: float = 6, **settings: Any) -> Told:
        """Let time pass and read the portal once."""
        self.clock.forward(hours=hours)
        async with loopback_portal(respond) as portal, HttpFetcher(FetchLimits(attempts=1)) as fetcher:
            return await self._run(portal, fetcher, {**self.settings, **settings})

    async def _run(self, portal: LoopbackPortal, fetcher: HttpFetcher, settings: dict[str, Any]) -> Told:
        built = SPEC.settings_type.model_validate({"base_url": portal.base_url, **settings})
        registry = make_registry()
        plan = dataclasses.replace(
            registry.sources[SOURCE],
            connector=SPEC.build(built),
            parser=SPEC.parser,
            options=built.parse_options(),
            base_url=portal.base_url,
            allow_private=True,
            scope=Scope((AreaKey("00"),)),
            default_area=AreaKey(GROSSSTADT),
            keeps_ledger=SPEC.keeps_ledger and built.wants_ledger(),
            feed="feed",
            limits=AcceptLimits(grace_runs=1, grace=timedelta(0)),
        )
        registry = dataclasses.replace(registry, sources={**registry.sources, SOURCE: plan})
        ledgers = self.folder / "ledgers"

        def session(plan: Any, notes: Any) -> SourceSession:
            return SourceSession(
                source_id=plan.source_id,
                fetcher=fetcher,
                base_url=plan.base_url,
                rundir=self.folder / "fetch",
                raw_root=self.folder / "raw",
                notes=notes,
                allow_private=True,
                ledger=ledger_of(plan, ledgers),
            )

        (self.folder / "work").mkdir(exist_ok=True, parents=True)
        ingest = Ingest(
            store=self.store,
            worker=InPlace(),
            sessions=session,
            registry=registry,
            clock=self.clock,
            workroot=self.folder / "work",
            ledgers=ledgers,
        )
        run = await ingest.sync(SOURCE, trigger="test")
        closed, _, issues, counts = self.store.run(run.run_id)
        (self.folder / "build").mkdir(exist_ok=True)
        self.miniature = Miniature(self.store, self.folder / "build", registry, self.clock)
        return Told(closed, issues, dict(counts), portal.requests)

    def claims(self) -> dict[str, Claim]:
        """Return the first live claim of every record by native id."""
        return {
            row.native_id: decode_claims(SOURCE, row.payload)[0] for row in self.store.source_records(SOURCE)
        }

    async def publish(self) -> Release | None:
        """Rebuild and publish what the last run brought."""
        return None if self.miniature is None else await asyncio.to_thread(self.miniature.publish)
