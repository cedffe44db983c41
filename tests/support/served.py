"""The web room on a real socket, in a thread of its own, over a real store."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from syncd.web import Server, WebDeps, build_app
from tests.support.miniature import Miniature

METRICS = b"# HELP synthetic_total Nothing.\nsynthetic_total 1\n"


@dataclass(slots=True)
class Served:
    """A running server; ``ready`` may be replaced while it runs."""

    url: str
    miniature: Miniature


def web_deps(miniature: Miniature, **more: Any) -> WebDeps:
    """Return dependencies on a miniature; nothing is remembered between requests unless asked for."""
    ask = miniature.ask()

    def present() -> Any:
        ask.registry = miniature.registry
        return ask

    facts: Callable[[], Mapping[str, object]] = dict
    defaults: dict[str, Any] = {
        "ask": present,
        "store": miniature.store,
        "metrics_text": lambda: METRICS,
        "ready": facts,
        "version": "0.0.0-test",
        "title": "Synthetischer Katalog",
        "pointer_seconds": 0.0,
    }
    return WebDeps(**{**defaults, **more})


@contextmanager
def served(miniature: Miniature, **more: Any) -> Iterator[Served]:
    """Serve a miniature on a free loopback port while the block runs."""
    started, stop = threading.Event(), threading.Event()
    addresses: list[str] = []
    errors: list[BaseException] = []

    async def main() -> None:
        async with Server(build_app(web_deps(miniature, **more)), "127.0.0.1", 0) as server:
            addresses.append(server.url)
            started.set()
            await asyncio.get_running_loop().run_in_executor(None, stop.wait)

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - raised in the test's thread
            errors.append(error)
            started.set()

    thread = threading.Thread(target=run)
    thread.start()
    started.wait()
    try:
        if errors:
            raise errors[0]
        yield Served(addresses[0], miniature)
    finally:
        stop.set()
        thread.join()
