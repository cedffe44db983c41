"""Recorded portals, served from a thread of their own: commands under test run their own event loops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syncd.replay import ReplayServer


@contextmanager
def replayed(folder: Path) -> Iterator[ReplayServer]:
    """Serve the recordings of a folder while the block runs."""
    started, stop = threading.Event(), asyncio.Event()
    server = ReplayServer(folder)
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        async with server:
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(10)
    try:
        yield server
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(10)
