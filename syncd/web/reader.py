"""Reading in threads, few at a time, and remembering what cannot change.

The store is synchronous, so every read runs in a pool of its own: long writes elsewhere in the daemon cannot
starve it, and it cannot starve them. A release is immutable, so prepared answers are kept by (release, query)
in memory, bounded by their size. This module must not know routes or HTTP.
"""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from syncd.errors import NotFound, StorageError
from syncd.pipeline.ask import ReleaseView
from syncd.pipeline.patience import wait_at_most

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from syncd.model.entry import Release
    from syncd.pipeline.ask import Ask
    from syncd.pipeline.registry import Registry
    from syncd.web.answers import Answer
    from syncd.web.deps import WebDeps

_Result = TypeVar("_Result")

WAIT_SECONDS = 10.0
"""Longest wait for a free thread; longer means overload, and an early honest answer is better."""
READ_SECONDS = 30.0
"""Longest read. A frozen database server answers never; the statement limit lies on its side of the line."""
ANSWER_SECONDS = 25.0
"""Longest work on one answer. Shorter than the longest read, so that large questions end with what to do."""
_KEPT_VIEWS = 4
_LARGEST_KEPT_SHARE = 8
"""An answer larger than this fraction of the cache is not kept: it would push out everything else."""


class Reader:
    """Runs reads in threads and keeps views and answers of releases. Belongs to one event loop."""

    def __init__(self, deps: WebDeps) -> None:
        """Prepare the pool; threads start with the first read."""
        self._deps = deps
        self._pool = ThreadPoolExecutor(deps.threads, thread_name_prefix="web")
        self._free = asyncio.Semaphore(deps.threads)
        self._views: OrderedDict[int, ReleaseView] = OrderedDict()
        self._answers = AnswerCache(deps.cache_bytes)
        self._pointer_lock = asyncio.Lock()
        self._pointer: Release | None = None
        self._pointer_until = 0.0
        self._ask: Ask | None = None
        self._registry: Registry | None = None
        self._configuration = ""

    def close(self) -> None:
        """Let running reads end and start no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def run(self, work: Callable[[], _Result], *, ended: Callable[[], None] | None = None) -> _Result:
        """Run a blocking read in a thread.

        ``ended`` is called once, when the work has ended or will never begin, whoever still waits for it.
        Raises StorageError: ``busy`` when no thread becomes free in time, ``storage_slow`` when the read does
        not end in time; QuestionTooLarge when it goes on although the database answers. The thread stays
        taken until the read really ends.
        """
        try:
            read = await self._begun(work)
        except BaseException:
            if ended is not None:
                ended()
            raise
        if ended is not None:
            read.add_done_callback(lambda _: ended())
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await asyncio.shield(read)
        except TimeoutError as error:
            raise StorageError(
                f"a read did not end within {READ_SECONDS:g} s",
                code="storage_slow",
                fix="Check the database server; the read is given up.",
            ) from error

    async def _begun(self, work: Callable[[], _Result]) -> asyncio.Future[_Result]:
        """Return the read that runs in a thread of its own."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._free.acquire()
        except TimeoutError as error:
            raise StorageError(
                f"more than {self._deps.threads} reads are running and none ended within {WAIT_SECONDS:g} s",
                code="busy",
                fix="Try again in a few seconds; ask for smaller pages.",
            ) from error
        context = contextvars.copy_context()
        context.run(wait_at_most, ANSWER_SECONDS)
        try:
            read = asyncio.get_running_loop().run_in_executor(self._pool, context.run, work)
        except BaseException:
            self._free.release()
            raise
        read.add_done_callback(self._ended)
        return read

    def _ended(self, read: asyncio.Future[Any]) -> None:
        self._free.release()
        # Nobody may be waiting any more, and an exception nobody looks at would be reported as a defect.
        if not read.cancelled():
            read.exception()

    @property
    def ask(self) -> Ask:
        """The present read use case; forgets what was kept when the configuration was replaced."""
        ask = self._deps.ask()
        if ask is not self._ask or ask.registry is not self._registry:
            self._ask, self._registry = ask, ask.registry
            self._views.clear()
            self._answers.clear()
            self._pointer_until = 0.0
            self._configuration = _configuration_tag(ask.registry, self._deps.version)
        return ask

    @property
    def configuration(self) -> str:
        """Short digest of what shapes answers besides the release: program, cohorts, successions, cases."""
        return self._configuration

    @property
    def answers(self) -> AnswerCache:
        """Prepared answers by key."""
        return self._answers

    async def current(self) -> Release | None:
        """Return the published release, or None before the first; remembered for a moment."""
        ask = self.ask
        if self._pointer is not None and time.monotonic() < self._pointer_until:
            return self._pointer
        async with self._pointer_lock:
            if self._pointer is None or time.monotonic() >= self._pointer_until:
                self._pointer = await self.run(ask.store.current_release)
                self._pointer_until = time.monotonic() + self._deps.pointer_seconds
            return self._pointer

    async def view(self, *, release: int | None = None, at: datetime | None = None) -> ReleaseView:
        """Return the release to read; raises NotFound, or StorageError (``no_release``) before the first."""
        ask = self.ask
        if release is not None and release in self._views:
            return self._views[release]
        if release is not None or at is not None:
            view = await self.run(lambda: ask.view(release=release, at=at))
            return self._keep(view)
        current = await self.current()
        if current is None:
            raise StorageError(
                "nothing has been published yet",
                code="no_release",
                fix="Wait for the first run to end; /health/ready tells when.",
            )
        return self._views.get(current.number) or self._keep(ReleaseView(ask, current))

    def _keep(self, view: ReleaseView) -> ReleaseView:
        if view.ask is not self._ask:
            # The configuration was replaced while this was read.
            return view
        kept = self._views.setdefault(view.release.number, view)
        self._views.move_to_end(view.release.number)
        while len(self._views) > _KEPT_VIEWS:
            self._views.popitem(last=False)
        return kept


class AnswerCache:
    """Prepared answers, least recently used out first, bounded by bytes."""

    def __init__(self, limit: int) -> None:
        """Take the bound in bytes; 0 keeps nothing."""
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[str, Answer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes kept."""
        return self._size

    def get(self, key: str) -> Answer | None:
        """Return a kept answer."""
        answer = self._kept.get(key)
        if answer is not None:
            self._kept.move_to_end(key)
        return answer

    def put(self, key: str, answer: Answer) -> None:
        """Keep an answer, unless it is too large."""
        if answer.size > self._limit // _LARGEST_KEPT_SHARE or key in self._kept:
            return
        self._kept[key] = answer
        self._size += answer.size
        while self._size > self._limit:
            _, dropped = self._kept.popitem(last=False)
            self._size -= dropped.size

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._size = 0


def not_found(what: str, name: str, known: str, code: str) -> NotFound:
    """Return the error for a name that does not exist."""
    return NotFound(f"there is no {what} '{name}' (known: {known or 'none'})", code=code)


def _configuration_tag(registry: Registry, version: str) -> str:
    parts = (
        version,
        repr(registry.cohorts),
        registry.areas.digest,
        repr(registry.areas.successions),
        repr(sorted(registry.cases.items())),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
