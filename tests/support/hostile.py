"""Portals of every hostile class beside healthy ones, in a process of their own.

``python -m tests.support.hostile`` prints the port and the address of a name server that never answers, then
serves ``/<class>/…`` until it is killed. All of 127.0.0.0/8 leads here: each source has a host of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping

from tests.support.dns_server import SILENCE, DnsServer
from tests.support.fault_server import FaultServer, Script, reset, response
from tests.support.paths import REPOSITORY

TYPE = "Content-Type: text/csv"
LATENCY_S = 0.1
SILENT_NAMES = 200


def healthy_body(path: str) -> bytes:
    """Return what the healthy portal has to say under that path: always the same, 64 KiB."""
    row = f"{path};99001001000000;064140000000\n".encode()
    return (row * (65_536 // len(row) + 1))[:65_536]


async def healthy(head: str, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(LATENCY_S)
    writer.write(response(healthy_body(head.split(" ")[1]), TYPE))
    await writer.drain()


async def _forever(writer: asyncio.StreamWriter, data: bytes, pause_s: float) -> None:
    while True:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(pause_s)


async def hang(_head: str, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3_600)


async def dripping_body(_head: str, writer: asyncio.StreamWriter) -> None:
    writer.write(response(b"", TYPE, length=10**6))
    await _forever(writer, b"x", 0.5)


async def dripping_head(_head: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    await _forever(writer, b"a", 0.5)


async def resetting(_head: str, writer: asyncio.StreamWriter) -> None:
    reset(writer)


async def endless(_head: str, writer: asyncio.StreamWriter) -> None:
    writer.write(response(b"", TYPE, framed=False))
    await _forever(writer, b"99001001000000;064140000000\n" * 1_000, 0.1)


async def interim(_head: str, writer: asyncio.StreamWriter) -> None:
    await _forever(writer, b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0.01)


async def tiny_chunks(_head: str, writer: asyncio.StreamWriter) -> None:
    writer.write(response(b"", TYPE, "Transfer-Encoding: chunked", framed=False))
    await _forever(writer, b"1\r\nx\r\n" * 100, 0.05)


def bomb(size: int) -> bytes:
    """Return a gzip stream of that many zeros: one packed block, repeated (the checksum is wrong)."""
    block = 16 * 1024 * 1024
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = packer.compress(bytes(block)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + part * (size // block) + packer.flush() + bytes(8)


CSV = b"a;b\n" * 1_000
CLASSES: Mapping[str, bytes | Script] = {
    "hang": hang,
    "dripping body": dripping_body,
    "dripping head": dripping_head,
    "reset": resetting,
    "endless body": endless,
    "interim answers": interim,
    "tiny chunks": tiny_chunks,
    "cut": response(CSV, TYPE, length=len(CSV) + 10),
    "cut gzip": response(gzip.compress(CSV)[:-9], TYPE, "Content-Encoding: gzip"),
    "bomb": response(bomb(64 * 1024 * 1024), TYPE, "Content-Encoding: gzip"),
    "web page": response(b"<html>Wartung</html>", "Content-Type: text/html"),
    "redirects": response(b"", "Location: /redirects", status="302 Found"),
    "status 500": response(CSV, TYPE, status="500 Oops"),
    "malformed": b"NONSENSE\r\n\r\n",
}
SILENT_NAME = "silent name server"
"""The class that has no server at all: ``http://silent-<n>.test``."""


async def portal(head: str, writer: asyncio.StreamWriter) -> None:
    """Answer as the class in the path does."""
    name = head.split(" ")[1].split("/")[1].replace("%20", " ")
    script = CLASSES.get(name, healthy)
    if isinstance(script, bytes):
        writer.write(script)
        await writer.drain()
    else:
        await script(head, writer)


def address(name: str, number: int, port: int) -> str:
    """Return the base address of source ``number`` of a class (or ``healthy``)."""
    if name == SILENT_NAME:
        return f"http://silent-{number}.test:{port}"
    host = f"127.{'1' if name == 'healthy' else '2'}.{number // 250}.{number % 250 + 1}"
    return f"http://{host}:{port}/{name.replace(' ', '%20')}"


async def _serve() -> None:
    names = {f"silent-{number}.test": SILENCE for number in range(SILENT_NAMES)}
    async with DnsServer(names) as dns, FaultServer(portal, host="0.0.0.0") as server:  # noqa: S104
        sys.stdout.write(f"{server.port} {dns.address}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


@contextlib.contextmanager
def portals() -> Iterator[tuple[int, str]]:
    """Start the process; gives port and name server."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.hostile"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port, names = process.stdout.readline().split()
        try:
            yield int(port), names
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(_serve())
