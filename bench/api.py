"""Latency of the API while the same daemon brings a large source up to date and rebuilds, against idle.

A real daemon (``syncd run``) on SQLite serves a release of the registers alone and at once brings its source
up to date for the first time: it fetches, parses, stores and rebuilds. One client on loopback asks for a page
of gaps, a release and the sources, again and again, and every answer is put down to the phase it fell into:
during the run, during the rebuild after it, idle afterwards.

Figure: must of the house (goal P13): p99 during a full sync at most three times the idle one.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench._feed import ROWS, regions, served, write_feed
from bench._measure import table

ROOT = Path(__file__).parent.parent
PAUSE_S = 0.004
QUIET_S = 15.0
PATHS = ("/v1/releases?limit=1", "/v1/gaps?state=unknown&limit=50", "/v1/sources")


@dataclass
class Phases:
    """Latencies in milliseconds by phase."""

    idle: list[float] = field(default_factory=list)
    sync: list[float] = field(default_factory=list)
    rebuild: list[float] = field(default_factory=list)


def main() -> None:
    """Start the daemon, measure the three phases, print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--size", type=int, default=100_000)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as folder:
        path = Path(folder)
        write_feed(path / "feed", options.size)
        with served(path / "feed") as address:
            phases = _measure(path, address, options.size)
    base = phases.idle
    rows = [_row(name, values, base) for name, values in vars(phases).items() if values]
    print(f"API latency, {options.size:,} synthetic records, one client on loopback")
    table(("phase", "requests", "p50 ms", "p99 ms", "max ms", "p99 / idle"), rows)


def _row(name: str, values: list[float], idle: list[float]) -> tuple[object, ...]:
    return (
        name,
        len(values),
        statistics.median(values),
        _percentile(values, 0.99),
        max(values),
        _percentile(values, 0.99) / _percentile(idle, 0.99),
    )


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _measure(path: Path, address: str, size: int) -> Phases:
    config = path / "config"
    subprocess.run([sys.executable, "-m", "syncd.cli", "init", str(config)], check=True, capture_output=True)
    port = _free_port()
    common = [f'daemon.data_dir="{path / "data"}"', f"web.port={port}"]
    settings = [
        *common,
        f'sources.pvog-bund.settings.base_url="{address}/first"',
        "sources.pvog-bund.limits.allow_private=true",
        _regions(regions(size // ROWS)),
    ]
    subprocess.run(_words(config, ["rebuild"], settings), check=True, capture_output=True)
    daemon = subprocess.Popen(
        _words(config, ["run"], settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        return _watch(port, size)
    finally:
        os.kill(daemon.pid, signal.SIGTERM)
        daemon.wait()


def _regions(codes: list[str]) -> str:
    quoted = ", ".join(f'"{code}"' for code in codes)
    return f"sources.pvog-bund.settings.regions=[{quoted}]"


def _words(config: Path, command: list[str], settings: list[str]) -> list[str]:
    chosen = [word for setting in settings for word in ("--set", setting)]
    return [sys.executable, "-m", "syncd.cli", *command, "--config", str(config), *chosen]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _watch(port: int, size: int) -> Phases:
    """Ask until the release with the records is out and a quiet spell is over."""
    phases, phase, quiet_since = Phases(), "", 0.0
    connection = _connect(port)
    first = _get(connection, PATHS[0])["items"][0]["number"]
    number = 0
    while not quiet_since or time.monotonic() - quiet_since < QUIET_S:
        number += 1
        path = PATHS[number % len(PATHS)]
        sent = time.perf_counter()
        answer = _get(connection, path)
        latency = (time.perf_counter() - sent) * 1000
        if path == PATHS[0] and phase == "rebuild" and answer["items"][0]["number"] > first:
            phase, quiet_since = "idle", time.monotonic()
        elif path == PATHS[2] and phase in {"", "sync"}:
            state = next(s for s in answer["items"] if s["source_id"] == "pvog-bund")
            phase = "rebuild" if state["records"] == size else "sync"
        if phase:
            getattr(phases, phase).append(latency)
        time.sleep(PAUSE_S)
    return phases


def _connect(port: int) -> http.client.HTTPConnection:
    for _ in range(200):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.connect()
        except OSError:
            time.sleep(0.1)
        else:
            return connection
    raise TimeoutError("the daemon did not open its port")


def _get(connection: http.client.HTTPConnection, path: str) -> dict[str, Any]:
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise RuntimeError(f"{path}: {response.status}")
    parsed: dict[str, Any] = json.loads(body)
    return parsed


if __name__ == "__main__":
    main()
