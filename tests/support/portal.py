"""A portal in memory with the real use case behind it: real store, real staging, only HTTP is left out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from syncd.fetching.staging import stage_in_process
from syncd.model.area import AreaKey
from syncd.model.issue import Issue
from syncd.model.record import Scope
from syncd.model.run import Run
from syncd.pipeline.ingest import Ingest
from syncd.pipeline.ports import DocumentNote, StagedSnapshot, Store
from syncd.pipeline.registry import Registry, SourcePlan
from syncd.pipeline.workers import ParseJob
from syncd.rules.accept import AcceptLimits
from syncd.sdk.connector import Document
from tests.support.miniature import GROSSSTADT, Clock, make_registry

T = TypeVar("T")
KEY = "99002001001000"


def lines(ids: Iterable[int], *, text: str = "Musterwohnsitz anmelden") -> list[str]:
    """Return listing lines of :mod:`tests.support.line_parser` for these record numbers."""
    return [f"r{i};{text} {i};{KEY};{GROSSSTADT}" for i in ids]


@dataclass
class Session:
    """One run against the portal's present listing."""

    portal: Portal
    before: Mapping[str, DocumentNote]
    document: Document | None = None
    issues: tuple[Issue, ...] = ()
    declared: int | None = None
    incomplete_reason: str = ""
    pruned: list[set[str]] = field(default_factory=list)

    @property
    def source_id(self) -> str:
        return self.portal.source_id

    def take(self) -> Document:
        body = "".join(f"{line}\n" for line in self.portal.listing).encode()
        sha256 = hashlib.sha256(body).hexdigest()
        path = self.portal.bodies / sha256
        if not path.exists():
            path.write_bytes(body)
        self.document = Document(
            "list", path, "https://portal.example/list", sha256, len(body), framed=self.portal.framed
        )
        return self.document

    @property
    def all_unchanged(self) -> bool:
        note = self.before.get("list")
        return note is not None and self.document is not None and note.sha256 == self.document.sha256

    def notes(self) -> tuple[DocumentNote, ...]:
        document = self.document
        if document is None:
            return ()
        place = f"{self.source_id}/{document.sha256}"
        return (DocumentNote("list", None, None, None, document.sha256, document.size, place),)

    def prune(self, keep: Iterable[str] = ()) -> None:
        needed = {note.sha256 for note in (*self.notes(), *self.before.values())} | set(keep)
        for path in self.portal.bodies.iterdir():
            if path.name not in needed:
                path.unlink()


class InPlace:
    """A parse worker without a process: staging itself is the real one."""

    async def stage(self, job: ParseJob) -> StagedSnapshot:
        return stage_in_process(job)


class AtOnce(ThreadPoolExecutor):
    """Does in place what is meant for a thread: thousands of runs need no thousands of threads."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        done = Future[T]()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - handed on
            done.set_exception(error)
        return done


class Portal:
    """A portal that lists what a test says, and the use case that reads it."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        limits: AcceptLimits | None = None,
        source_id: str = "portal",
        in_place: bool = False,
    ) -> None:
        self.source_id = source_id
        self.in_place = in_place
        self.listing: list[str] = []
        self.framed = True
        self.clock = Clock()
        self.store = store
        self.bodies = folder / "raw" / self.source_id
        self.bodies.mkdir(parents=True)
        work = folder / "work"
        work.mkdir()
        registry = make_registry()
        plan = SourcePlan(
            source_id=self.source_id,
            title="Synthetisches Portal",
            connector_name="synthetic",
            connector=SimpleNamespace(documents=self._documents),
            parser="tests.support.line_parser",
            options={},
            scope=Scope((AreaKey(GROSSSTADT),), silence_means_absence=True),
            interval=timedelta(hours=6),
            stale_after=timedelta(days=3),
            base_url="https://portal.example",
            limits=limits or AcceptLimits(),
        )
        self.plan = plan
        self.registry = registry
        self.ingest = Ingest(
            store,
            InPlace(),
            self._session,
            self._registry(plan),
            self.clock,
            work,
            bodies=folder / "raw",
            operator="test",
        )

    def _registry(self, plan: SourcePlan) -> Registry:
        return replace(self.registry, sources={plan.source_id: plan})

    def _session(self, plan: SourcePlan, notes: Mapping[str, DocumentNote]) -> Any:
        return Session(self, notes)

    async def _documents(self, session: Session) -> AsyncIterator[Document]:
        yield session.take()

    def sync(self, listing: Iterable[str] | None = None, *, after: float = 6, accept_loss: str = "") -> Run:
        """Let ``after`` hours pass and run the source; ``listing`` None leaves the portal as it is."""
        if listing is not None:
            self.listing = list(listing)
        self.clock.forward(hours=after)
        return self.run_now(self.ingest.sync(self.source_id, accept_loss=accept_loss))

    def run_now(self, work: Coroutine[Any, Any, T]) -> T:
        """Run one piece of work of the use case."""
        with asyncio.Runner() as runner:
            if self.in_place:
                runner.get_loop().set_default_executor(AtOnce())
            return runner.run(work)

    def forget_plan(self) -> None:
        """Lose the source's file, as a reload after a slip does."""
        self.ingest.registry = replace(self.registry, sources={})

    def configure(self, **changes: Any) -> None:
        """Change the source's plan, as a reload does."""
        self.plan = replace(self.plan, **changes)
        self.ingest.registry = self._registry(self.plan)

    @property
    def live(self) -> int:
        return self.store.source_state(self.source_id).records

    @property
    def missing(self) -> int:
        return self.store.source_state(self.source_id).missing
