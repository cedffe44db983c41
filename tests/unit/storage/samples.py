"""Small builders for store tests: records, snapshots, partitions, drafts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from syncd.model.run import RunCounts, RunOutcome
from syncd.pipeline.codec import short_hash
from syncd.pipeline.ports import (
    CoverageRow,
    DocumentNote,
    EntryRow,
    PartitionResult,
    ReleaseDraft,
    SnapshotDelta,
    StagedRecord,
    StagedSnapshot,
    TotalsRow,
    Verdict,
)
from syncd.storage import SqlStore

NOW = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)
DAY = timedelta(days=1)
KEY_A, KEY_B, KEY_C = "99001001000000", "99001002000000", "99001003000000"


def hash_of(text: str) -> bytes:
    """16 bytes that stand for a text."""
    return hashlib.sha256(text.encode()).digest()[:16]


def staged(
    native_id: str, raw: str = "1", *, content: str | None = None, keys: Sequence[str] = (KEY_A,)
) -> StagedRecord:
    """One staged record; ``raw`` and ``content`` are versions."""
    content = raw if content is None else content
    payload = json.dumps({"id": native_id, "content": content, "keys": sorted(keys)}).encode()
    return StagedRecord(
        native_id, hash_of(f"raw {native_id} {raw}"), short_hash(payload), tuple(keys), payload
    )


def snapshot(
    records: Sequence[StagedRecord] = (),
    *,
    seen: int = 0,
    absent: Iterable[StagedRecord] = (),
    source_id: str = "portal",
) -> StagedSnapshot:
    """A staged snapshot as a parse worker leaves it."""
    return StagedSnapshot(
        source_id=source_id,
        records=lambda: iter(records),
        received=len(records) + seen,
        seen_hashes=seen,
        absent_hashes=b"".join(sorted(record.raw_hash for record in absent)),
        digest=hashlib.sha256(b"".join(sorted(r.raw_hash for r in records))).hexdigest(),
    )


def sync(
    store: SqlStore,
    taken: StagedSnapshot,
    *,
    withdraw: bool = True,
    outcome: RunOutcome = RunOutcome.ACCEPTED,
    now: datetime = NOW,
    documents: Sequence[DocumentNote] = (),
    details: Mapping[str, Any] | None = None,
) -> SnapshotDelta:
    """Run one source through preview and T1."""
    run_id = store.open_run(taken.source_id, trigger="test", now=now)
    delta = store.preview(taken)
    store.apply_snapshot(
        run_id,
        taken,
        delta=delta,
        verdict=Verdict(outcome, withdraw, "accepted", "Looks good."),
        counts=RunCounts(
            received=taken.received, added=delta.added, changed=delta.changed, withdrawn=delta.withdrawn
        ),
        issues=taken.issues,
        issue_counts=taken.issue_counts,
        now=now,
        documents=documents,
        details=details or {},
    )
    return delta


def live(store: SqlStore, source_id: str = "portal") -> dict[str, bytes]:
    """Live records of a source by native id, read as a rebuild reads them."""
    keys = tuple(store.all_service_keys())
    return {
        record.native_id: record.payload
        for _, records in store.partition_records(keys)
        for record in records
        if record.source_id == source_id
    }


def keys_of(store: SqlStore, native_id: str) -> set[str]:
    """Service keys under which a live record is found."""
    return {
        key
        for key, records in store.partition_records(tuple(store.all_service_keys()))
        if any(record.native_id == native_id for record in records)
    }


def entry(service_key: str, area_code: str, version: str = "1") -> EntryRow:
    """One merged entry."""
    payload = json.dumps({"title": f"{service_key} in {area_code}", "version": version}).encode()
    return EntryRow(service_key, area_code, hashlib.sha256(payload).digest(), payload, evidence=5)


def coverage(service_key: str, version: str = "1", *, obligation_id: str = "everyday") -> CoverageRow:
    """One coverage row."""
    return CoverageRow(
        obligation_id=obligation_id,
        line="gemeinde",
        service_key=service_key,
        digest=hash_of(version),
        cells=f"cells {version}".encode(),
        since=f"since {version}".encode(),
        counts={"own": [3, 1000], "missing": [1, 20]},
    )


def partition(
    service_key: str,
    areas: Mapping[str, str],
    *,
    covered: str | None = None,
    name: str = "Wohnsitz anmelden",
    next_change_on: date | None = None,
) -> PartitionResult:
    """One partition; ``areas`` maps area codes to versions of their entries."""
    entries = tuple(entry(service_key, code, version) for code, version in sorted(areas.items()))
    rows = () if covered is None else (coverage(service_key, covered),)
    digest = hashlib.sha256(repr((name, [e.digest for e in entries], [r.digest for r in rows])).encode())
    service = json.dumps({"key": service_key, "name": name}).encode()
    return PartitionResult(service_key, digest.digest(), service, entries, rows, next_change_on)


def draft(
    *results: PartitionResult,
    inputs: str = "inputs 1",
    totals: Sequence[TotalsRow] = (),
    removed: Sequence[str] = (),
    dirty_up_to: int = 0,
    at: datetime = NOW,
) -> ReleaseDraft:
    """What a rebuild hands to T2."""
    return ReleaseDraft(
        results=iter(results),
        totals=totals,
        inputs={"areas": inputs},
        inputs_digest=inputs,
        published_at=at,
        dirty_up_to=dirty_up_to,
        removed=removed,
    )


def cells(store: SqlStore, release: int, **wanted: Any) -> list[tuple[str, str, str]]:
    """(service key, area, version) of the entries as of a release."""
    return [
        (row.service_key, row.area_code, json.loads(row.payload)["version"])
        for row in store.entries(release, **wanted)
    ]
