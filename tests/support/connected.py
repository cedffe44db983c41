"""A source behind real HTTP with the real use case: session, client, staging and store; in this process."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from syncd.model.area import AreaKey
from syncd.model.record import Claim, Scope
from syncd.model.run import Run
from syncd.pipeline.codec import decode_claims
from syncd.pipeline.ingest import Ingest
from syncd.pipeline.ports import DocumentNote, Store
from syncd.pipeline.reading import ledger_of
from syncd.pipeline.registry import SourcePlan
from syncd.pipeline.workers import ParseWorker
from syncd.rules.accept import AcceptLimits
from syncd.sdk.connector import Completeness, ConnectorSpec
from tests.support.miniature import Clock, make_registry
from tests.support.portal import InPlace

AT_ONCE = AcceptLimits(grace_runs=1, grace=timedelta(0), max_loss_records=1_000)
"""Limits that let what was deleted go with the next good run."""
QUICK = FetchLimits(attempts=1, retry_wait_s=0.005)


class Connected:
    """One source of a connector against a portal on loopback; every :meth:`sync` is one run."""

    def __init__(
        self,
        spec: ConnectorSpec,
        base_url: str,
        store: Store,
        folder: Path,
        *,
        settings: Mapping[str, Any] | None = None,
        limits: AcceptLimits = AT_ONCE,
        source_id: str = "source",
        worker: ParseWorker | None = None,
        fetching: FetchLimits = QUICK,
    ) -> None:
        self.folder, self.store, self.clock = folder, store, Clock()
        self._fetching = fetching
        built = spec.settings_type.model_validate({"base_url": base_url, **(settings or {})})
        self.plan = SourcePlan(
            source_id=source_id,
            title="Synthetisches Portal",
            connector_name=spec.name,
            connector=spec.build(built),
            parser=spec.parser,
            options=orjson.loads(orjson.dumps(built.parse_options())),
            scope=Scope((AreaKey("00"),), silence_means_absence=True),
            interval=timedelta(hours=6),
            stale_after=timedelta(days=3),
            base_url=base_url,
            limits=limits,
            proves_completeness=spec.completeness is not Completeness.NONE,
            total_required=spec.completeness is Completeness.DECLARED_TOTAL,
            allow_private=True,
            keeps_ledger=spec.keeps_ledger,
            feeds_register=spec.feeds_register,
            feed="feed",
        )
        self.ledgers = folder / "ledgers"
        self._fetcher: HttpFetcher | None = None
        self.runs = 0
        work = folder / "work"
        work.mkdir(parents=True)
        self.ingest = Ingest(
            store,
            worker or InPlace(),
            self._session,
            replace(make_registry(), sources={source_id: self.plan}),
            self.clock,
            work,
            bodies=folder / "raw",
            ledgers=self.ledgers,
            operator="test",
        )

    @property
    def ledger(self) -> Path:
        path = ledger_of(self.plan, self.ledgers)
        assert path is not None
        return path

    def forget_ledger(self) -> None:
        """Lose the ledger, as a disk that is replaced does."""
        shutil.rmtree(self.ledgers)

    def _session(self, plan: SourcePlan, notes: Mapping[str, DocumentNote]) -> SourceSession:
        assert self._fetcher is not None
        self.runs += 1
        return SourceSession(
            source_id=plan.source_id,
            fetcher=self._fetcher,
            base_url=plan.base_url,
            rundir=self.folder / f"run-{self.runs}",
            raw_root=self.folder / "raw",
            notes=notes,
            allow_private=True,
            limits=self._fetching,
            ledger=ledger_of(plan, self.ledgers),
        )

    def sync(self, *, after: float = 6, accept_loss: str = "") -> Run:
        """Let ``after`` hours pass and run the source once."""
        self.clock.forward(hours=after)

        async def run() -> Run:
            async with HttpFetcher(QUICK) as self._fetcher:
                return await self.ingest.sync(self.plan.source_id, accept_loss=accept_loss)

        return asyncio.run(run())

    def claims(self) -> tuple[Claim, ...]:
        """Return the claims of all live records, in order."""
        records = self.store.source_records(self.plan.source_id)
        return tuple(claim for one in records for claim in decode_claims(one.source_id, one.payload))

    def live(self) -> set[str]:
        """Return the native ids of the live records."""
        return {record.native_id for record in self.store.source_records(self.plan.source_id)}

    def findings(self, run: Run) -> dict[str, str]:
        """Return the values of a run's findings by code."""
        *_, issues, _ = self.store.run(run.run_id)
        return {issue.code: issue.value for issue in issues}
