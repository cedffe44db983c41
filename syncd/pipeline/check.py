"""Compares a published release, row by row, with what its records yield: the work of ``rebuild --check``.

Digests alone would trust the rows beside them, so every stored value that can be recomputed is compared, and
what cannot be (since when a state holds) must at least be readable. Must not know how partitions are built.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from syncd.rules.coverage_codec import unpack_cells, unpack_numbers, unpack_totals

if TYPE_CHECKING:
    from syncd.pipeline.ports import CoverageRow, EntryRow, PartitionResult, PartitionRow, Store, TotalsRow

CHUNK = 200
"""Partitions compared at a time."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Result of ``rebuild --check``.

    ``different`` names the service keys of which anything stored is not what their records yield, and
    ``totals OBLIGATION LINE`` for sums per area, ``link SOURCE/ID`` for records that link otherwise.
    """

    release: int
    partitions: int
    different: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """True when everything stored is what was recomputed."""
        return not self.different


@dataclass(slots=True)
class Comparison:
    """One comparison of the current release; ``skip`` are service keys that changed since."""

    store: Store
    release: int
    skip: frozenset[str]
    _different: set[str] = field(default_factory=set)
    _seen: int = 0

    def run(self, results: Iterable[PartitionResult], totals: Iterable[TotalsRow]) -> CheckReport:
        """Compare everything; ``results`` come sorted by service key.

        Raises StorageError ``storage_corrupt`` for packed rows that can no longer be unpacked.
        """
        published = {row.service_key: row for row in self.store.partitions(self.release)}
        entries = _Ahead(self.store.entries(self.release))
        coming = iter(results)
        while chunk := list(islice(coming, CHUNK)):
            self._seen += len(chunk)
            coverage: defaultdict[str, list[CoverageRow]] = defaultdict(list)
            for row in self.store.current_coverage([result.service_key for result in chunk]):
                coverage[row.service_key].append(row)
            for result in chunk:
                key = result.service_key
                self._different.update(entries.before(key))
                same = (
                    _same_partition(published.pop(key, None), result)
                    and _same_entries(entries.of(key), result.entries)
                    and _same_coverage(coverage[key], result.coverage)
                )
                if not same:
                    self._different.add(key)
        self._different.update(entries.rest())
        self._different.update(published)
        self._different -= self.skip
        if not self.skip:
            # Sums over partitions that changed since cannot agree.
            self._compare_totals(totals)
        return CheckReport(self.release, self._seen, tuple(sorted(self._different)))

    def _compare_totals(self, totals: Iterable[TotalsRow]) -> None:
        stored = {(row.obligation_id, row.line): row for row in self.store.totals(self.release)}
        for row in totals:
            before = stored.pop((row.obligation_id, row.line), None)
            if before is None or not np.array_equal(unpack_totals(before.matrix), unpack_totals(row.matrix)):
                self._different.add(f"totals {row.obligation_id} {row.line}")
        self._different.update(f"totals {obligation_id} {line}" for obligation_id, line in stored)


class _Ahead:
    """Stored entries, handed out service by service in one pass."""

    def __init__(self, rows: Iterator[EntryRow]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def before(self, key: str) -> Iterator[str]:
        """Skip entries of services that come earlier, and name these."""
        while self._next is not None and self._next.service_key < key:
            yield self._next.service_key
            self._next = next(self._rows, None)

    def of(self, key: str) -> list[EntryRow]:
        """Take the entries of one service."""
        taken = []
        while self._next is not None and self._next.service_key == key:
            taken.append(self._next)
            self._next = next(self._rows, None)
        return taken

    def rest(self) -> Iterator[str]:
        """Name the services of all entries that are left."""
        while self._next is not None:
            yield self._next.service_key
            self._next = next(self._rows, None)


def _same_partition(stored: PartitionRow | None, result: PartitionResult) -> bool:
    return stored is not None and (stored.digest, stored.service) == (result.digest, result.service)


def _same_entries(stored: Iterable[EntryRow], entries: Iterable[EntryRow]) -> bool:
    return {_entry_facts(row) for row in stored} == {_entry_facts(row) for row in entries}


def _entry_facts(row: EntryRow) -> tuple[str, bytes, bytes, int]:
    return row.area_code, row.digest, row.payload, row.evidence


def _same_coverage(stored: Iterable[CoverageRow], rows: Iterable[CoverageRow]) -> bool:
    return sorted(map(_coverage_facts, stored)) == sorted(map(_coverage_facts, rows))


def _coverage_facts(row: CoverageRow) -> tuple[str, str, bytes, bytes, str, int]:
    # Compared unpacked: another version of the compressor may pack the same cells into other bytes.
    cells, began = unpack_cells(row.cells).words.tobytes(), len(unpack_numbers(row.since))
    counts = sorted((label, list(pair)) for label, pair in row.counts.items())
    return row.obligation_id, row.line, row.digest, cells, repr(counts), began
