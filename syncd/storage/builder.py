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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, TypeVar

from syncd.errors import StorageError
from syncd.pipeline.linking import Indexes, LinkPlan, LinkRun
from syncd.pipeline.partitions import PartitionRun, RebuildPlan
from syncd.pipeline.ports import Store, TotalsRow
from syncd.pipeline.workers import BuiltLinks, BuiltPartitions
from syncd.rules.upheaval import Turnover
from syncd.storage.store import open_store

_NICENESS = 10
Summary = tuple[tuple[TotalsRow, ...], tuple[str, ...], Turnover]
"""Totals, removed service keys, cells that changed sides: what is small enough to come back by itself."""
P = TypeVar("P")
Q = TypeVar("Q")
R = TypeVar("R")
_INDEXES = Indexes()
"""Lives in the child: the index of the register is made once, not once per rebuild."""


@dataclass(slots=True)
class InProcessBuilder:
    """Builds in a thread of this process: for one-off commands, where nothing else needs the processor."""

    store: Store
    workroot: Path
    _indexes: Indexes = field(default_factory=Indexes)

    async def link(self, plan: LinkPlan, record_ids: Sequence[int] | None) -> BuiltLinks:
        """Link the given records, or all that may be linked."""
        path = await asyncio.to_thread(_new_file, self.workroot)
        try:
            await asyncio.to_thread(_link, self.store, plan, record_ids, path, self._indexes)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return _linked(path)

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
        return _built(path, await self._in_child(path, _build_by_url, plan, keys))

    async def link(self, plan: LinkPlan, record_ids: Sequence[int] | None) -> BuiltLinks:
        """Link the given records, or all that may be linked; as :meth:`build`."""
        path = await asyncio.to_thread(_new_file, self.workroot)
        await self._in_child(path, _link_by_url, plan, record_ids)
        return _linked(path)

    async def _in_child(self, path: Path, work: Callable[[str, P, Q, Path], R], plan: P, what: Q) -> R:
        if self._pool is None:
            # spawn: a forked child would inherit locks and connections of the daemon's threads
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=settle_in)
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, work, self.url, plan, what, path)
        except BrokenProcessPool as error:
            self._pool = None
            _remove(path)
            raise StorageError(
                "the process that rebuilds the catalogue was killed",
                code="rebuild_killed",
                fix="Check the memory limit; the rebuild is repeated by itself.",
            ) from error
        except BaseException:
            _remove(path)
            raise

    def close(self) -> None:
        """End the child without waiting for work in progress: nothing of it is published."""
        if self._pool is not None:
            for process in list((self._pool._processes or {}).values()):  # noqa: SLF001 - nothing public
                process.terminate()
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def settle_in() -> None:
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


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


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


def _link_by_url(url: str, plan: LinkPlan, record_ids: Sequence[int] | None, path: Path) -> None:
    store = open_store(url, create=False)
    try:
        _link(store, plan, record_ids, path, _INDEXES)
    finally:
        store.close()


def _link(
    store: Store, plan: LinkPlan, record_ids: Sequence[int] | None, path: Path, indexes: Indexes
) -> None:
    with path.open("wb") as file:
        pickler = pickle.Pickler(file, protocol=pickle.HIGHEST_PROTOCOL)
        for result in LinkRun(plan, store, indexes).results(record_ids):
            pickler.dump(result)
            pickler.clear_memo()


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


def _linked(path: Path) -> BuiltLinks:
    return BuiltLinks(results=lambda: _read(path), discard=lambda: path.unlink(missing_ok=True))


def _read(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        while file.peek(1):
            # our own child wrote this file, readable by us alone
            yield pickle.load(file)  # noqa: S301
