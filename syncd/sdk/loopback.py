"""A tiny HTTP server on loopback for trying connectors against a synthetic portal.

Why: the conformance suite must run for third parties with nothing but the SDK, over a real socket and with
answers no well-behaved server library would give. One request per connection, GET only. Must not know
connectors or the guarded client. Not for serving anything to anybody.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

_HEAD_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One GET: the path with its query sorted by name, and the headers with lower-case names."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer. ``silent`` never answers at all, until the portal is closed."""

    body: bytes = b""
    content_type: str = ""
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False


@dataclass(slots=True)
class LoopbackPortal:
    """A running portal: its ``base_url`` and every request it got, in order."""

    base_url: str
    requests: list[Request] = field(default_factory=list)


@asynccontextmanager
async def loopback_portal(respond: Callable[[Request], Reply]) -> AsyncIterator[LoopbackPortal]:
    """Serve on a free port of 127.0.0.1 until the block ends; ``respond`` decides each answer."""
    portal = LoopbackPortal("")
    closing = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read_request(reader)
            portal.requests.append(request)
            reply = respond(request)
            if reply.silent:
                await closing.wait()
            else:
                writer.write(_head(reply) + reply.body)
                await writer.drain()
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # The other side went away or spoke no HTTP; the check that runs notices by itself.
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=_HEAD_LIMIT)
    port = server.sockets[0].getsockname()[1]
    portal.base_url = f"http://127.0.0.1:{port}"
    try:
        yield portal
    finally:
        closing.set()
        server.close()
        await server.wait_closed()


async def _read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    if method != "GET":
        raise ValueError(f"only GET is served, not {method}")
    pairs = (line.partition(":") for line in lines)
    return Request(sorted_path(target), {name.strip().lower(): value.strip() for name, _, value in pairs})


def sorted_path(target: str) -> str:
    """Return path and query in the form synthetic portals name their answers: query sorted by name."""
    parts = urlsplit(target)
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    return f"{parts.path}?{query}" if query else parts.path


def _head(reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {int(reply.status)} {HTTPStatus(reply.status).phrase}", "Connection: close"]
    if reply.status != HTTPStatus.NOT_MODIFIED:
        lines.append(f"Content-Length: {len(reply.body)}")
    if reply.content_type:
        lines.append(f"Content-Type: {reply.content_type}")
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
