"""Ports: what the use cases need from fetching and from worker processes; plain calls, no technology."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from syncd.sdk.connector import FetchSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from syncd.model.issue import Issue
    from syncd.pipeline.link_ports import LinkResult
    from syncd.pipeline.linking import LinkPlan
    from syncd.pipeline.partitions import RebuildPlan
    from syncd.pipeline.ports import DocumentNote, PartitionResult, StagedSnapshot, TotalsRow
    from syncd.pipeline.registry import SourcePlan
    from syncd.rules.upheaval import Turnover
    from syncd.sdk.connector import Document


class ParseWorker(Protocol):
    """Runs the parser of a source in a process of its own."""

    async def stage(self, job: ParseJob) -> StagedSnapshot:
        """Parse and normalise the documents; raises SourceFormatError and leaves no trace when it fails."""


@dataclass(frozen=True, slots=True)
class ParseJob:
    """What a parse worker needs; everything in it survives the way into another process."""

    source_id: str
    parser: str
    documents: Sequence[Mapping[str, Any]]
    """One mapping per document: ``path name charset context``."""
    options: Mapping[str, Any]
    scope: Mapping[str, Any]
    """``areas`` (codes), ``services`` (list or None), ``default_area`` (code or None)."""
    known_hashes: Path
    known_areas: Path
    """File with the area index of the effective register (:class:`syncd.rules.areas.AreaIndex`)."""
    workdir: Path
    reparse: bool = False
    """Parse known pieces too: scope, settings or rules have changed since they were stored."""
    ledger: Path | None = None
    """Ledger that lives on from run to run; without one a composing parser gets an empty one."""
    incomplete: bool = False
    """The listing is known to be cut: nothing of it may stay in a ledger that lives on."""
    time_limit_s: float | None = None
    """Longest time for this job; None: the worker's own."""
    quarantine: Path | None = None
    """Where the bytes of unusable records are kept beyond the run; None keeps none."""

    @classmethod
    def of(
        cls,
        plan: SourcePlan,
        documents: Iterable[Document],
        *,
        known_hashes: Path,
        known_areas: Path,
        workdir: Path,
        reparse: bool = False,
        ledger: Path | None = None,
        incomplete: bool = False,
        quarantine: Path | None = None,
    ) -> ParseJob:
        """Return the job of parsing these documents as the plan says."""
        services = plan.scope.services
        return cls(
            source_id=plan.source_id,
            parser=plan.parser,
            documents=[
                {"path": str(d.path), "name": d.name, "charset": d.charset, "context": dict(d.context)}
                for d in documents
            ],
            options=plan.options,
            scope={
                "areas": [area.code for area in plan.scope.areas],
                "services": sorted(services) if services is not None else None,
                "default_area": plan.default_area.code if plan.default_area else None,
            },
            known_hashes=known_hashes,
            known_areas=known_areas,
            workdir=workdir,
            reparse=reparse,
            ledger=ledger,
            incomplete=incomplete,
            time_limit_s=plan.parse_timeout.total_seconds() if plan.parse_timeout else None,
            quarantine=quarantine,
        )


class RunSession(FetchSession, Protocol):
    """A fetch session as ingest sees it after the connector is done."""

    @property
    def all_unchanged(self) -> bool:
        """True when every document is byte-identical to the last accepted run's."""

    @property
    def said_nothing_new(self) -> bool:
        """True when the connector said that the portal has no change since ``position``."""

    @property
    def declared(self) -> int | None:
        """Total announced by the portal, if any."""

    @property
    def incomplete_reason(self) -> str:
        """Why the listing is known to be incomplete; empty when it is not."""

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Findings about the listing."""

    def notes(self) -> tuple[DocumentNote, ...]:
        """What to keep of the documents when the run is good."""

    def prune(self, keep: Iterable[str] = ()) -> None:
        """Remove stored bodies that neither this run, the last accepted one nor ``keep`` (SHA-256s) needs."""


class SessionFactory(Protocol):
    """Opens a session for one run of a source."""

    def __call__(self, plan: SourcePlan, notes: Mapping[str, DocumentNote]) -> RunSession:
        """Return the session; nothing is fetched yet."""


@dataclass(frozen=True, slots=True)
class BuiltPartitions:
    """What a rebuild worker left on disk. ``results`` iterates over the file afresh at each call."""

    results: Callable[[], Iterator[PartitionResult]]
    totals: tuple[TotalsRow, ...]
    removed: tuple[str, ...]
    turnover: Turnover
    discard: Callable[[], None]
    """Removes the file."""


@dataclass(frozen=True, slots=True)
class BuiltLinks:
    """What linking left on disk; as :class:`BuiltPartitions`."""

    results: Callable[[], Iterator[LinkResult]]
    discard: Callable[[], None]


class PartitionBuilder(Protocol):
    """Builds links and partitions away from the event loop."""

    async def link(self, plan: LinkPlan, record_ids: Sequence[int] | None) -> BuiltLinks:
        """Link the given records, or all that may be linked; reads only."""

    async def build(self, plan: RebuildPlan, keys: Sequence[str] | None) -> BuiltPartitions:
        """Build the given service keys, or all of them; reads a consistent state of the store."""
