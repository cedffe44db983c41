"""The web room on a real socket, in a thread of its own, over a real store."""

from __future__ import annotations

import asyncio
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp

from syncd.bootstrap.reports import gap_workbook, report_renderer
from syncd.settings.shipped import shipped_directory
from syncd.storage import SqlStore
from syncd.web import Server, WebDeps, build_app
from tests.support.miniature import Miniature

METRICS = b"# HELP synthetic_total Nothing.\nsynthetic_total 1\n"


@dataclass(slots=True)
class Served:
    """A running server; ``ready`` may be replaced while it runs."""

    url: str
    miniature: Miniature


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    headers: Message
    text: str


def ask(url: str, *, parameters: Mapping[str, str] | None = None, accept: str = "*/*") -> Reply:
    """Ask a server of this machine; every status is an answer."""
    address = (
        f"{quote(url, safe='/:?&=%')}?{urlencode(parameters)}" if parameters else quote(url, safe="/:?&=%")
    )
    request = urllib.request.Request(address, headers={"Accept": accept})  # noqa: S310 - loopback over http
    try:
        with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310 - the same
            return Reply(response.status, response.headers, response.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, error.headers, error.read().decode())


def web_deps(miniature: Miniature, **more: Any) -> WebDeps:
    """Return dependencies on a miniature; nothing is remembered between requests unless asked for."""
    use_case = miniature.ask()

    def present() -> Any:
        use_case.registry = miniature.registry
        return use_case

    facts: Callable[[], Mapping[str, object]] = dict
    defaults: dict[str, Any] = {
        "ask": present,
        "store": miniature.store,
        "metrics_text": lambda: METRICS,
        "ready": facts,
        "render_report": report_renderer(shipped_directory()),
        "gap_workbook": gap_workbook,
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


@asynccontextmanager
async def client(miniature: Miniature, **more: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """Serve a miniature in this event loop and give a client that shows answers as they came."""
    async with (
        Server(build_app(web_deps(miniature, **more)), "127.0.0.1", 0) as server,
        aiohttp.ClientSession(
            server.url, auto_decompress=False, headers={"Accept-Encoding": "identity"}
        ) as session,
    ):
        yield session


class Broken:
    """A store that fails as asked, otherwise the real one."""

    def __init__(self, store: SqlStore, name: str, error: Callable[[], Exception]) -> None:
        self._store, self._name, self._error = store, name, error

    def __getattr__(self, name: str) -> Any:
        if name == self._name:
            raise self._error()
        return getattr(self._store, name)
