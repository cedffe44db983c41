"""Two lanes for limited work, so that slow or failing sources cannot delay healthy ones.

With one shared limit, a few dozen portals that drip or hang take all places and everybody else waits (fault
study §0.3: 109 times slower). Here the suspects have places of their own, and whoever holds a place of the
fast lane for too long moves over and makes room. Must not know what the work is.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Lanes:
    """``fast`` and ``slow`` are numbers of places; ``patience_s`` is how long a fast place is kept at most.

    A holder whose patience is over keeps its fast place only as long as the slow lane is full.
    """

    def __init__(self, *, fast: int, slow: int, patience_s: float) -> None:
        self._fast = asyncio.Semaphore(fast)
        self._slow = asyncio.Semaphore(slow)
        self._patience_s = patience_s

    @asynccontextmanager
    async def place(self, *, suspect: bool) -> AsyncIterator[None]:
        """Hold a place while the block runs; ``suspect`` work starts in the slow lane."""
        if suspect:
            async with self._slow:
                yield
            return
        held = [self._fast]
        await self._fast.acquire()
        move = asyncio.create_task(self._move_over(held), name="lane-change")
        try:
            yield
        finally:
            # The cancelled task ends before its next step, so what is held is settled here and now.
            move.cancel()
            held[0].release()

    async def _move_over(self, held: list[asyncio.Semaphore]) -> None:
        await asyncio.sleep(self._patience_s)
        await self._slow.acquire()
        held[0] = self._slow
        self._fast.release()
