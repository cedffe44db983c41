"""A real daemon in a process of its own, and portals to point it at."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from aiohttp import web

from syncd.replay import ReplayServer
from syncd.settings.layout import lay_out
from tests.support.paths import REPOSITORY

T = TypeVar("T")
SHIPPED = REPOSITORY / "config"
PORTALS = {"pvog-bund": "pvog-bund-2025-01-20", "pvog-wiesbaden": "wiesbaden-2026-10-04"}
PATIENCE_S = 90.0
SYNCD = [sys.executable, "-m", "syncd.cli"]


def until(condition: Callable[[], T | None], what: str, *, patience_s: float = PATIENCE_S) -> T:
    """Return the first true value of the condition; fails when it does not come."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {patience_s:g} s for {what}")


class LoopThread:
    """An event loop in a thread, for servers that synchronous tests talk to."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@contextlib.contextmanager
def replayed_portals() -> Iterator[ReplayServer]:
    """Serve the shipped recordings from a thread of this process."""
    thread = LoopThread()
    server = ReplayServer(SHIPPED / "recordings")
    thread.call(server.__aenter__())
    try:
        yield server
    finally:
        thread.call(server.__aexit__(None, None, None))
        thread.close()


class ChangingList:
    """A link list whose every answer is another complete version of itself: row titles carry its number."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.version = 0
        self.asked = 0
        self.answering = threading.Event()
        self.answering.set()
        self._thread = LoopThread()
        self._runner: web.AppRunner | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self.url = self._thread.call(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        if self._runner is not None:
            self._thread.call(self._runner.cleanup())
        self._thread.close()

    async def _start(self) -> str:
        app = web.Application()
        app.router.add_get("/list.csv", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        await asyncio.to_thread(self.answering.wait)
        self.version += 1
        lines = ["ars;service_key;service;url"]
        for number in range(self.rows):
            key = f"9900{number // 1000:01d}{number % 1000:03d}001000"
            lines.append(
                f"064140000000;{key};Leistung {number} v{self.version};https://www.example.org/{number}"
            )
        return web.Response(text="\n".join([*lines, ""]), content_type="text/csv")


def lay_out_demo(target: Path, portals: ReplayServer, changes: Mapping[str, Any] | None = None) -> Path:
    """Lay out the shipped configuration against replayed portals, asked every second; returns the folder."""
    settings: dict[str, Any] = {
        "web.port": 0,
        "daemon.data_dir": str(target / "state"),
        "daemon.check_interval": "1s",
    }
    for source, portal in PORTALS.items():
        settings |= {
            f"sources.{source}.enabled": True,
            f"sources.{source}.interval": "1s",
            f"sources.{source}.limits.allow_private": True,
            f"sources.{source}.settings.base_url": portals.base_url(portal),
        }
    lay_out(target / "config", SHIPPED, settings | dict(changes or {}))
    return target / "config"


@dataclass
class DaemonProcess:
    """``syncd run`` on a configuration directory; its log is ``log_path``.

    ``program`` is what stands before ``run``: another installation, or one under other rights.
    """

    config: Path
    log_path: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    program: tuple[str, ...] = tuple(SYNCD)
    process: subprocess.Popen[bytes] = field(init=False)
    _offset: int = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def start(self) -> None:
        """Start a process; its lines are added to the log, and only its events count from now on."""
        self._offset = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.program, "run", "--config", str(self.config), *self.arguments],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the events the present process logged, oldest first."""
        found = []
        for line in self.log_path.read_bytes()[self._offset :].splitlines():
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if name is None or event.get("event") == name:
                    found.append(event)
        return found

    def log(self, *, last_only: bool = False) -> str:
        """Return all it said, former processes included or not."""
        return self.log_path.read_bytes()[self._offset if last_only else 0 :].decode(errors="replace")

    def wait_for(self, name: str, *, count: int = 1, **facts: object) -> dict[str, Any]:
        """Wait for an event with these facts and return the newest."""

        def look() -> list[dict[str, Any]]:
            if self.process.poll() is not None:
                raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.log()}")
            matching = [e for e in self.events(name) if facts.items() <= e.items()]
            return matching if len(matching) >= count else []

        return until(look, f"{count} × {name} {facts}")[-1]

    def url(self) -> str:
        """Wait until it is up and return its address."""
        return str(self.wait_for("daemon_started")["url"])

    def get(self, path: str) -> tuple[int, bytes]:
        """GET from its API; returns status and body."""
        return fetch(f"{self.url()}{path}")

    def get_json(self, path: str) -> Any:
        """GET a JSON document; fails on another status than 200."""
        status, body = self.get(path)
        assert status == 200, body
        return json.loads(body)

    def settle(self, *sources: str) -> None:
        """Wait until the published release holds what all these sources said."""

        def look() -> bool:
            ready = json.loads(self.get("/health/ready")[1])
            if ready["release"] is None:
                return False
            told = self.get_json(f"/v1/releases/{ready['release']['number']}")["item"]["sources"]
            return {s["source_id"] for s in told if s["spoken"]} >= set(sources)

        until(look, f"a release with {', '.join(sources)}")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it alone."""
        self.process.send_signal(number)

    def stop(self, *, within_s: float = 10.0) -> int:
        """SIGTERM; returns the exit code and fails when it takes too long."""
        self.signal(signal.SIGTERM)
        return self.process.wait(within_s)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()


def fetch(url: str) -> tuple[int, bytes]:
    """GET; returns status and body whatever the status."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def run_syncd(*arguments: str, timeout: float = 100.0) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run([*SYNCD, *arguments], capture_output=True, text=True, timeout=timeout, check=False)


def told(config: Path, *words: str, code: int = 0) -> Any:
    """Return what a command says as JSON, in German; fails where it ends with another code."""
    done = run_syncd(*words, "--json", "--lang", "de", "--config", str(config))
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)
