"""Ports: what the use cases need from storage; plain calls, no technology.

Storage calls are synchronous and run in threads (ADR 0002). Every method that writes is one transaction and
leaves nothing half-done when it raises :class:`~syncd.errors.StorageError`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from syncd.model.run import RunCounts
from syncd.pipeline.field_ports import FieldStore
from syncd.pipeline.judgement_ports import JudgementStore
from syncd.pipeline.link_ports import LinkStore
from syncd.pipeline.probe_ports import ProbeStore
from syncd.pipeline.register_ports import RegisterStore
from syncd.pipeline.release_ports import ReleaseStore
from syncd.pipeline.shelf_ports import ShelfStore
from syncd.rules.withdraw import NO_GRACE, Grace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from syncd.model.issue import Issue
    from syncd.model.run import Run, RunOutcome, SourceState
    from syncd.pipeline.history import Decision, SourceHistory

HASH_SIZE = 16
"""Bytes of a raw or content hash (SHA-256 cut to 128 bits)."""


@dataclass(frozen=True, slots=True)
class StagedRecord:
    """One new or changed record as a parse worker staged it.

    ``raw_hash`` identifies the bytes of the source. ``payload`` is the functional projection, canonical JSON
    (:mod:`syncd.pipeline.codec`), ``content_hash`` its hash, by which a flipped bit in the store is found.
    ``service_keys`` are the partitions the record belongs to. ``tokens`` are ids under which other sources
    may know the same service (:mod:`syncd.rules.identity_tokens`).
    """

    native_id: str
    raw_hash: bytes
    content_hash: bytes
    service_keys: tuple[str, ...]
    payload: bytes
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StagedSnapshot:
    """Everything one run brought, on disk.

    ``records`` iterates over the staged file afresh at each call. ``seen_hashes`` is the number of pieces
    whose raw hash was known; ``absent_hashes`` are the known raw hashes that did not occur (concatenated,
    16 bytes each).
    """

    source_id: str
    records: Callable[[], Iterator[StagedRecord]]
    received: int
    seen_hashes: int
    absent_hashes: bytes
    digest: str
    """Hash over the sorted raw hashes of the whole snapshot: identifies it whatever its order."""
    issues: tuple[Issue, ...] = ()
    issue_counts: Mapping[str, int] = field(default_factory=dict)
    quarantined: int = 0
    quarantine: str = ""
    """File with the bytes of the records that could not be used; empty when there is none."""
    bytes_read: int = 0
    declared_total: int | None = None
    """Total the documents themselves announce, when they do."""
    incomplete_reason: str = ""
    stated_at: datetime | None = None
    """When the documents say they were made; the earliest of them."""
    identity: str = ""
    """Whose the documents say they are; empty when they do not."""
    statements: int | None = None
    """Competences behind the records, where they were put together in a ledger; ``position`` is its own."""
    position: str = ""


@dataclass(frozen=True, slots=True)
class SnapshotDelta:
    """What would change if the snapshot were accepted, in records; the input of the acceptance rule.

    ``rewritten`` are records whose bytes changed but whose functional projection did not. ``withdrawn``
    counts all live records the snapshot lacks: ``confirmed`` of them were missing before, ``due`` of them
    have used up their grace. ``returned`` were missing and are listed again. ``withdrawn_recently`` left
    within :data:`~syncd.rules.withdraw.WINDOW`. ``examples_withdrawn`` holds up to twenty native ids for the
    operator, ``flapping`` up to twenty that come and go; ``added_ids`` and ``absent_ids`` are the first
    thousand. ``rekeyed`` are changed records (a thousand at most) that share no service key with their
    stored version.
    """

    stored: int
    received: int
    unchanged: int
    added: int
    changed: int
    rewritten: int
    withdrawn: int
    examples_withdrawn: tuple[str, ...] = ()
    confirmed: int = 0
    due: int = 0
    returned: int = 0
    withdrawn_recently: int = 0
    flapping: tuple[str, ...] = ()
    added_ids: tuple[str, ...] = field(default=(), compare=False)
    absent_ids: tuple[str, ...] = field(default=(), compare=False)
    rekeyed: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Decision of the acceptance rule. ``withdraw`` False keeps absent records (unproven listing).

    Otherwise they become missing and are withdrawn after ``grace``, at most ``withdraw_at_most`` of them, the
    longest missing first. Records in ``held_back`` keep their stored version. ``waived`` says that limits
    were set aside: what left in this run counts against no later one. ``stated_at`` and ``identity`` are
    remembered as what the source last said of itself.
    """

    outcome: RunOutcome
    withdraw: bool = True
    code: str = ""
    reason: str = ""
    fix: str = ""
    grace: Grace = NO_GRACE
    withdraw_at_most: int | None = None
    waived: bool = False
    stated_at: datetime | None = None
    identity: str = ""
    held_back: frozenset[str] = frozenset()
    moves: tuple[tuple[str, str], ...] = ()
    """(old id, new id) of records that probably only got another id; a person confirms it."""


@dataclass(frozen=True, slots=True)
class DocumentNote:
    """What is kept of a fetched document for the next conditional request."""

    name: str
    etag: str | None
    last_modified: str | None
    validator: str | None
    sha256: str
    size: int
    stored_path: str
    content_type: str = ""
    charset: str | None = None


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One live record as link and merge read it.

    ``linked_by`` is the :class:`~syncd.model.linkage.LinkMethod` by which it counts for a partition, empty
    where it states the key itself.
    """

    source_id: str
    native_id: str
    payload: bytes
    linked_by: str = ""


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One merged entry as stored: canonical JSON plus what queries filter by.

    ``attention`` is :class:`~syncd.model.entry.Attention`.
    """

    service_key: str
    area_code: str
    digest: bytes
    payload: bytes
    evidence: int
    from_release: int = 0
    to_release: int | None = None
    attention: int = 0


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """Packed coverage of one service on one line under one obligation (:mod:`syncd.rules.coverage_codec`).

    ``cells`` and ``since`` are compressed arrays over the line; ``counts`` maps a state label to
    ``[cells, population]``. ``digest`` covers ``cells`` only, because ``since`` depends on history.
    """

    obligation_id: str
    line: str
    service_key: str
    digest: bytes
    cells: bytes
    since: bytes
    counts: Mapping[str, Sequence[int]]
    from_release: int = 0
    to_release: int | None = None


@dataclass(frozen=True, slots=True)
class PartitionResult:
    """What rebuilding one service key yields; ``service`` is canonical JSON of the register entry."""

    service_key: str
    digest: bytes
    service: bytes
    entries: tuple[EntryRow, ...]
    coverage: tuple[CoverageRow, ...]
    next_change_on: date | None = None
    """First day on which validity dates alone would change this partition."""


@dataclass(frozen=True, slots=True)
class PartitionRow:
    """One stored partition."""

    service_key: str
    digest: bytes
    service: bytes
    from_release: int
    to_release: int | None


@dataclass(frozen=True, slots=True)
class TotalsRow:
    """Per area counts of states for one obligation and line: a compressed matrix (line × 7 states)."""

    obligation_id: str
    line: str
    matrix: bytes


@dataclass(frozen=True, slots=True)
class ReleaseDraft:
    """What T2 publishes. ``results`` may be iterated once; partitions not named stay as they are."""

    results: Iterable[PartitionResult]
    totals: Sequence[TotalsRow]
    inputs: Mapping[str, Any]
    inputs_digest: str
    published_at: datetime
    dirty_up_to: int
    """Highest dirty mark this rebuild has seen; later marks stay."""
    removed: Sequence[str] = ()
    """Service keys that no longer exist at all."""


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One line of a release's change list: ``kind`` is added, changed or removed."""

    kind: str
    service_key: str
    area_code: str
    title: str


class Store(
    ProbeStore, JudgementStore, LinkStore, RegisterStore, FieldStore, ReleaseStore, ShelfStore, Protocol
):
    """All that the use cases ask of a database. Instants are aware UTC."""

    # --- runs and sources ---------------------------------------------------------------------------
    def open_run(self, source_id: str, *, trigger: str, now: datetime) -> int:
        """Start a run and return its id; an earlier run of that source that is still open is interrupted."""

    def close_run(  # noqa: PLR0913 - a run ends with all of these at once
        self,
        run_id: int,
        *,
        outcome: RunOutcome,
        now: datetime,
        counts: RunCounts = RunCounts(),
        code: str = "",
        reason: str = "",
        fix: str = "",
        issues: Sequence[Issue] = (),
        issue_counts: Mapping[str, int] | None = None,
        details: Mapping[str, Any] | None = None,
        documents: Sequence[DocumentNote] | None = None,
    ) -> None:
        """End a run that changed no record (unchanged, refused, failed). Unchanged may renew validators."""

    def interrupt_open_runs(self, *, now: datetime, source_id: str | None = None) -> tuple[str, ...]:
        """Mark runs left open by a crash as interrupted, of one source or all; returns the sources."""

    def source_state(self, source_id: str) -> SourceState:
        """Return what is known of a source; an unknown one yields an empty state."""

    def source_states(self) -> Mapping[str, SourceState]:
        """Return the states of all sources that ever ran."""

    def runs(
        self, *, source_id: str | None = None, limit: int = 50, before: int | None = None
    ) -> tuple[Run, ...]:
        """Return runs, newest first; ``before`` is an exclusive run id for paging."""

    def run(self, run_id: int) -> tuple[Run, Mapping[str, Any], tuple[Issue, ...], Mapping[str, int]]:
        """Return one run with details, kept issues and issue counts; raises NotFound."""

    def documents(self, source_id: str) -> Mapping[str, DocumentNote]:
        """Return the notes of the last accepted run's documents by name."""

    # --- T1: one source's bucket --------------------------------------------------------------------
    def write_known_hashes(self, source_id: str, path: Path) -> int:
        """Write the raw hashes of the live records, sorted, 16 bytes each; returns their number."""

    def preview(
        self,
        snapshot: StagedSnapshot,
        *,
        now: datetime | None = None,
        grace: Grace = NO_GRACE,
        after_run: int = 0,
    ) -> SnapshotDelta:
        """Compare a staged snapshot with the bucket without changing anything.

        ``after_run``: records withdrawn by this or an earlier run are not counted as withdrawn recently.
        """

    def records_of(self, source_id: str, native_ids: Sequence[str]) -> tuple[StoredRecord, ...]:
        """Return the live records with these ids; raises StorageError at one that does not match its hash."""

    def source_records(self, source_id: str, *, after: str = "") -> Iterator[StoredRecord]:
        """Yield the live records of a source, sorted by native id, those behind ``after``; read as above."""

    def keyless_records(self) -> Mapping[str, int]:
        """Return per source how many live records have no official key."""

    def history(self, source_id: str, digest: str) -> SourceHistory:
        """Return what earlier runs say about a snapshot with that digest."""

    def decide(self, decision: Decision) -> None:
        """Record an operator's decision for good; raises SyncdError when that run is decided already."""

    def decisions(self, *, source_id: str | None = None, run_id: int | None = None) -> tuple[Decision, ...]:
        """Return decisions, oldest first."""

    def retire_source(self, source_id: str, run_id: int, *, now: datetime) -> int:
        """Turn all records of a source into tombstones and mark it retired; returns their number."""

    def apply_snapshot(  # noqa: PLR0913 - T1 stores all of these at once
        self,
        run_id: int,
        snapshot: StagedSnapshot,
        *,
        delta: SnapshotDelta,
        verdict: Verdict,
        counts: RunCounts,
        issues: Sequence[Issue],
        issue_counts: Mapping[str, int],
        now: datetime,
        documents: Sequence[DocumentNote],
        details: Mapping[str, Any],
    ) -> None:
        """T1: store the delta, validators, run end and dirty marks in one transaction; replay is harmless.

        The run ends with the verdict's outcome (``unchanged`` when only bytes were rewritten). Withdrawn
        records become tombstones (restorable), never vanish.
        """

    # --- inputs of a rebuild ------------------------------------------------------------------------
    def dirty_keys(self, today: date) -> tuple[int, tuple[str, ...]]:
        """Return the highest dirty mark and the service keys to rebuild, sorted, including date changes."""

    def all_service_keys(self) -> Iterator[str]:
        """Yield every service key with live records or a current partition, sorted."""

    def partition_records(
        self, service_keys: Sequence[str], parents: Mapping[str, Sequence[str]] = ...
    ) -> Iterator[tuple[str, tuple[StoredRecord, ...]]]:
        """Yield (service key, live records) in the order of the given sorted keys; empty tuples included.

        Records count for a key by stating it, by a link, or coarsely by a key of ``parents``.
        Raises StorageError ``storage_corrupt`` at a record that does not match its hash.
        """

    def current_coverage(self, service_keys: Sequence[str]) -> Iterator[CoverageRow]:
        """Yield the current coverage rows of these keys."""

    # --- house keeping ------------------------------------------------------------------------------
    def ping(self) -> None:
        """Raise StorageError when the database does not answer."""

    def backup(self, target: Path) -> None:
        """Write a consistent copy of the database."""
