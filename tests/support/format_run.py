"""One source from the socket to the store: a run over whatever documents a test puts on a portal."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from syncd.fetching.staging import stage_in_process
from syncd.model.area import AreaKey
from syncd.model.issue import Issue
from syncd.model.record import Scope
from syncd.model.run import Run
from syncd.pipeline.ingest import Ingest
from syncd.pipeline.ports import StagedSnapshot
from syncd.pipeline.reading import ledger_of
from syncd.pipeline.workers import ParseJob, ParseWorker
from syncd.rules.areas import AreaIndex
from syncd.sdk.connector import ConnectorSpec
from syncd.sdk.loopback import LoopbackPortal, Reply, Request, loopback_portal
from tests.support.miniature import GROSSSTADT, Clock, Miniature, make_registry

SOURCE = "grossstadt"
KEY = "99001001000000"


class InPlace:
    """The parse worker without its process: for tests of what is read, not of how readers die."""

    async def stage(self, job: ParseJob) -> StagedSnapshot:
        return stage_in_process(job)


@dataclass(frozen=True, slots=True)
class Told:
    """What the store says of a run."""

    run: Run
    details: Mapping[str, Any]
    issues: tuple[Issue, ...]
    counts: Mapping[str, int]


@dataclass(slots=True)
class Bench:
    """A store with one source that is read again and again."""

    miniature: Miniature
    folder: Path
    worker: ParseWorker

    async def read(
        self,
        spec: ConnectorSpec,
        answers: Mapping[str, bytes],
        *,
        connector: Any = None,
        decide: Any = None,
        **settings: Any,
    ) -> Told:
        """Run the source over these answers, by path, and return what the store says of the run.

        ``decide`` accepts that refused run in place of a new one.
        """

        def respond(request: Request) -> Reply:
            body = answers.get(request.path)
            kind = "text/csv" if "csv" in request.path else "application/json"
            return Reply(b"none", "text/plain", status=404) if body is None else Reply(body, kind)

        async with loopback_portal(respond) as portal, HttpFetcher(FetchLimits(attempts=1)) as fetcher:
            return await self._run(spec, portal, fetcher, connector, settings, decide=decide)

    async def _run(
        self,
        spec: ConnectorSpec,
        portal: LoopbackPortal,
        fetcher: HttpFetcher,
        connector: Any,
        settings: Mapping[str, Any],
        *,
        decide: int | None,
    ) -> Told:
        built = spec.settings_type.model_validate({"base_url": portal.base_url, **settings})
        registry = self.miniature.registry
        plan = dataclasses.replace(
            registry.sources[SOURCE],
            connector=connector or spec.build(built),
            parser=spec.parser,
            options=built.parse_options(),
            base_url=portal.base_url,
            allow_private=True,
            scope=Scope((AreaKey("00"),)),
            default_area=AreaKey(GROSSSTADT),
            keeps_ledger=spec.keeps_ledger,
            feeds_register=spec.feeds_register,
            feed="tested",
        )
        self.miniature.registry = dataclasses.replace(registry, sources={**registry.sources, SOURCE: plan})

        def session(plan: Any, notes: Any) -> SourceSession:
            return SourceSession(
                source_id=plan.source_id,
                fetcher=fetcher,
                base_url=plan.base_url,
                rundir=self.folder / "fetch",
                raw_root=self.folder / "raw",
                notes=notes,
                allow_private=True,
                ledger=ledger_of(plan, self.folder / "ledgers"),
            )

        (self.folder / "work").mkdir(exist_ok=True)
        ingest = Ingest(
            store=self.miniature.store,
            worker=self.worker,
            sessions=session,
            registry=self.miniature.registry,
            clock=self.miniature.clock,
            workroot=self.folder / "work",
            quarantine=self.folder / "quarantine",
            ledgers=self.folder / "ledgers",
            bodies=self.folder / "raw",
        )
        if decide is not None:
            run = await ingest.decide(decide, accept=True, reason="test")
        else:
            run = await ingest.sync(SOURCE, trigger="test")
        return Told(*self.miniature.store.run(run.run_id))


def make_bench(store: Any, folder: Path, worker: ParseWorker | None = None) -> Bench:
    """Return a bench on an empty store."""
    (folder / "build").mkdir()
    miniature = Miniature(store, folder / "build", make_registry(), Clock())
    return Bench(miniature, folder, worker or InPlace())


def make_job(folder: Path, parser: str, body: bytes, **more: Any) -> ParseJob:
    """Return a job over one document in an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "document").write_bytes(body)
    (folder / "known").write_bytes(b"")
    (folder / "areas").write_bytes(AreaIndex(frozenset({"00", GROSSSTADT})).to_json())
    facts: dict[str, Any] = {
        "source_id": SOURCE,
        "parser": parser,
        "documents": [
            {
                "path": folder / "document",
                "name": "document",
                "charset": None,
                "context": more.pop("context", {}),
            }
        ],
        "options": {},
        "scope": {"areas": ["00"], "services": None, "default_area": GROSSSTADT},
        "known_hashes": folder / "known",
        "known_areas": folder / "areas",
        "workdir": folder,
    }
    return ParseJob(**{**facts, **more})
