"""Secrets of portals stay secret: the whole chain runs with canaries, and nothing it leaves behind holds one.

One portal is honest, the other throws our key back at us in every part of an answer that an error message
might quote: the status line, headers, redirects, bodies. The daemon then has every reason to complain.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from syncd.replay import ReplayServer
from tests.support.daemon import (
    DaemonProcess,
    LoopThread,
    lay_out_demo,
    replayed_portals,
    run_syncd,
)
from tests.support.fault_server import FaultServer, response

CANARY = "canary-e7d1c9aa52"
PORTAL = re.compile(r"GET /(\d+)/")
KEY = re.compile(r"pvog-sud-api-client-id: (\S+)", re.IGNORECASE)
PAGES = ("/metrics", "/health/live", "/health/ready", "/v1/sources", "/v1/runs", "/v1/openapi.json", "/")


def complaints(key: str) -> list[bytes]:
    """Answers that quote the caller's key."""
    csv = "Content-Type: text/csv"
    return [
        response(key.encode(), csv, status=f"401 {key}"),
        response(b"", f"Location: http://elsewhere.invalid/{key}?token={key}", status="302 Found"),
        response(b"", f"Location: {key}://{key}", status="302 Found"),
        response(f"<html>{key}</html>".encode(), "Content-Type: text/html"),
        response(b"data", f"Content-Type: application/{key}"),
        response(b"data", f"{csv}; charset={key}"),
        response(b"data", csv, f"Content-Encoding: {key}"),
        response(b"data", csv, f"X-Broken: {key}\0"),
        f"HTTP/1.1 {key} OK\r\n\r\n".encode(),
        response(f"{key}|{key}\n".encode(), csv, f"ETag: {key}"),
    ]


class Echo:
    """Portals below /0, /1, … that answer each with a complaint of its own."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self._thread = LoopThread()
        self._server = FaultServer(self._answer)

    def __enter__(self) -> Self:
        self._thread.call(self._server.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.call(self._server.__aexit__(None, None, None))
        self._thread.close()

    @property
    def url(self) -> str:
        return self._server.url("")

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        sent, number = KEY.search(head), PORTAL.search(head)
        assert sent is not None
        assert number is not None
        writer.write(complaints(sent[1])[int(number[1])])
        self.keys.append(sent[1])


@pytest.fixture(scope="module")
def portals() -> Iterator[ReplayServer]:
    with replayed_portals() as server:
        yield server


def holding(folder: Path) -> list[str]:
    """Names of files that hold the canary; copies of what portals sent are evidence, kept as it came."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and "raw" not in path.parts)
    return [str(path.relative_to(folder)) for path in files if CANARY.encode() in path.read_bytes()]


def with_echoes(config: Path, echo: Echo, references: tuple[str, ...]) -> list[str]:
    """Add a source per complaint, with references to the same secret in turns; returns their ids."""
    source = (config / "sources" / "pvog-bund.toml").read_text()
    ids = []
    for number in range(len(complaints("x"))):
        ids.append(f"echo-{number}")
        reference = references[number % len(references)]
        settings = f'base_url = "{echo.url}/{number}"\nclient_id = "{reference}"'
        changed = re.sub(r"(?m)^base_url = .*$", settings, source.replace('"pvog-bund"', f'"{ids[-1]}"', 1))
        (config / "sources" / f"{ids[-1]}.toml").write_text(changed)
    return ids


@pytest.mark.fault("P6")
def test_no_canary_in_logs_metrics_pages_or_state(portals: ReplayServer, tmp_path: Path) -> None:
    secret = tmp_path / "client-id"
    secret.write_text(f"{CANARY}\n")
    with Echo() as echo:
        config = lay_out_demo(tmp_path / "host", portals)
        ids = with_echoes(config, echo, ("env:TEST_ID", f"file:{secret}"))
        with DaemonProcess(config, tmp_path / "host" / "log", {"TEST_ID": CANARY}) as daemon:
            daemon.wait_for("release_published")
            for source in ids:
                daemon.wait_for("run_failed", source=source)
            shown = {page: daemon.get(page)[1] for page in PAGES}
            runs = [run for run in daemon.get_json("/v1/runs?limit=200")["items"] if run["source_id"] in ids]
            for run in runs:
                shown[f"run {run['run_id']}"] = daemon.get(f"/v1/runs/{run['run_id']}")[1]
            shown["runs"] = run_syncd("runs", "--json", "--config", str(config)).stdout.encode()
            assert daemon.stop() == 0
    assert set(echo.keys) == {CANARY}, "the key has to travel, or the test shows nothing"
    assert len({run["code"] for run in runs}) >= 6, "the complaints have to end runs in different ways"
    assert [page for page, body in shown.items() if CANARY.encode() in body] == []
    assert holding(tmp_path / "host") == []
    assert json.loads(shown["/health/ready"])["status"] == "ready"
