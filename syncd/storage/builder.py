"""Partition builders: CPU work in a process of its own, reading the store and writing a file.

The event loop never stalls and the one writer stays in the main process: the child only reads, and what it
builds comes back through a file that T2 streams into the database. Must not decide what is rebuilt.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from pathlib import Path

from syncd.errors import StorageError
from syncd.pipeline.partitions import PartitionRun, RebuildPlan
from syncd.pipeline.ports import PartitionResult, Store, TotalsRow
from syncd.pipeline.workers import BuiltPartitions
from syncd.rules.upheaval import Turnover
from syncd.storage.store import open_store

_NICENESS = 10
Summary = tuple[tuple[TotalsRow, ...], tuple[str, ...], Turnover]
"""Totals, removed service keys, cells that changed sides: what is small enough to come back by itself."""


@dataclass(slots=True)
class InProcessBuilder:
    """Builds in a thread of this process: for one-off commands, where nothing else needs the processor."""

    store: Store
    workroot: Path

    async def build(self, plan: RebuildPlan, keys: Sequence[str] | None) -> BuiltPartitions:
        """Build the given service keys, or all of them."""
        path = await asyncio.to_thread(_new_file, self.workroot)
        return _built(path, await asyncio.to_thread(_build, self.store, plan, keys, path))


@dataclass(slots=True)
class ProcessBuilder:
    """Builds in one long-lived, niced child process, so that imports are paid once."""

    url: str
    workroot: Path
    _pool: ProcessPoolExecutor | None = field(default=None)

    async def build(self, plan: RebuildPlan, keys: Sequence[str] | None) -> BuiltPartitions:
        """Build the given service keys, or all of them; a child that died is replaced for the next call."""
        path = await asyncio.to_thread(_new_file, self.workroot)
        if self._pool is None:
            # spawn: a forked child would inherit locks and connections of the daemon's threads
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_settle_in)
        loop = asyncio.get_running_loop()
        try:
            summary = await loop.run_in_executor(self._pool, _build_by_url, self.url, plan, keys, path)
        except BrokenProcessPool as error:
            self._pool = None
            path.unlink(missing_ok=True)
            raise StorageError(
                "the process that rebuilds the catalogue was killed",
                code="rebuild_killed",
                fix="Check the memory limit; the rebuild is repeated by itself.",
            ) from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return _built(path, summary)

    def close(self) -> None:
        """End the child without waiting for work in progress: nothing of it is published."""
        if self._pool is not None:
            for process in list((self._pool._processes or {}).values()):  # noqa: SLF001 - nothing public
                process.terminate()
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def _settle_in() -> None:
    """Step back behind the daemon, and end with it: a killed parent cannot say goodbye."""
    os.nice(_NICENESS)
    # Ctrl-C reaches the whole group; the daemon decides what ends when.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True, name="end-with-parent").start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _new_file(workroot: Path) -> Path:
    handle, name = tempfile.mkstemp(prefix="rebuild-", suffix=".partitions", dir=workroot)
    os.close(handle)
    return Path(name)


def _build_by_url(url: str, plan: RebuildPlan, keys: Sequence[str] | None, path: Path) -> Summary:
    store = open_store(url, create=False)
    try:
        return _build(store, plan, keys, path)
    finally:
        store.close()


def _build(store: Store, plan: RebuildPlan, keys: Sequence[str] | None, path: Path) -> Summary:
    run = PartitionRun(plan, store)
    with path.open("wb") as file:
        pickler = pickle.Pickler(file, protocol=pickle.HIGHEST_PROTOCOL)
        for result in run.results(keys):
            pickler.dump(result)
            pickler.clear_memo()
    return run.totals, tuple(run.removed), run.turnover


def _built(path: Path, summary: Summary) -> BuiltPartitions:
    totals, removed, turnover = summary
    return BuiltPartitions(
        results=lambda: _read(path),
        totals=totals,
        removed=removed,
        turnover=turnover,
        discard=lambda: path.unlink(missing_ok=True),
    )


def _read(path: Path) -> Iterator[PartitionResult]:
    with path.open("rb") as file:
        while file.peek(1):
            # our own child wrote this file, readable by us alone
            yield pickle.load(file)  # noqa: S301
