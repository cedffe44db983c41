"""Answers that want to fill memory, disk or time: what they cost before they are refused (bar B8).

Each attack runs against a client in a process of its own, whose peak memory is read from the kernel.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fault_server import FaultServer, Script, response
from tests.support.paths import REPOSITORY

TYPE = "Content-Type: text/csv"
GZIP = "Content-Encoding: gzip"
MIB = 1024 * 1024
ALLOWED_GROWTH_MIB = 64
ALLOWED_S = 15.0
"""The bar is 5 s on an idle machine; tests share theirs."""

CLIENT = """
import asyncio, json, pathlib, sys, time
from syncd.errors import SyncdError
from syncd.fetching.client import FetchRequest, HttpFetcher
from syncd.fetching.limits import FetchLimits

def peak_kib():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1])

async def main(url, folder):
    async with HttpFetcher(FetchLimits(attempts=1, headers_s=3, total_s=20)) as fetcher:
        async def ask(path):
            target = pathlib.Path(folder) / "body"
            request = FetchRequest(url + path, target, "test", accept=("text/csv",), allow_private=True)
            try:
                answer = await fetcher.fetch(request)
                return "accepted"
            except SyncdError as error:
                return error.code
        await ask("/warm")
        (pathlib.Path(folder) / "body").unlink()
        pathlib.Path("/proc/self/clear_refs").write_text("5")
        before, started = peak_kib(), time.monotonic()
        code = await ask("/attack")
        left = [path.name for path in pathlib.Path(folder).iterdir() if path.stat().st_size]
        print(json.dumps({"code": code, "mib": (peak_kib() - before) / 1024, "s": time.monotonic() - started,
                          "left": left if code != "accepted" else []}))

asyncio.run(main(*sys.argv[1:]))
"""


def bomb(size: int) -> bytes:
    """Return a gzip stream that unpacks to ``size`` zeros: one packed block, repeated."""
    block = 16 * MIB
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = packer.compress(bytes(block)) + packer.flush(zlib.Z_FULL_FLUSH)
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
    # The checksum at the end is wrong; nobody may come that far.
    return head + part * (size // block) + packer.flush() + bytes(8)


def ratio_below_the_limit(size: int) -> bytes:
    """Return a stream that stays under the ratio limit and meets the size limit instead."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    rows = b"".join(b"%d;99001001000000;%x\n" % (number, number * 7919) for number in range(40_000))
    return b"".join([packer.compress(rows) for _ in range(size // len(rows) + 1)]) + packer.flush()


async def endless(_head: str, writer: asyncio.StreamWriter) -> None:
    writer.write(response(b"", TYPE, framed=False))
    while True:
        writer.write(bytes(256 * 1024))
        await writer.drain()


async def endless_header(_head: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        writer.write(b"a" * 65_536)
        await writer.drain()


async def interim_answers(_head: str, writer: asyncio.StreamWriter) -> None:
    for _ in range(200):
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000)
        await writer.drain()
    writer.write(response(b"a;b\n", TYPE))


async def tiny_chunks(_head: str, writer: asyncio.StreamWriter) -> None:
    writer.write(response(b"", TYPE, "Transfer-Encoding: chunked", framed=False))
    for _ in range(200):
        writer.write(b"1\r\nx\r\n" * 1_000)
        await writer.drain()
    writer.write(b"0\r\n\r\n")


ATTACKS: dict[str, tuple[Callable[[], bytes] | Script, set[str]]] = {
    "gzip bomb of 1 GiB": (lambda: response(bomb(1024 * MIB), TYPE, GZIP), {"ratio_exceeded"}),
    "gzip in gzip": (
        lambda: response(zlib.compress(bomb(64 * MIB), wbits=31), TYPE, "Content-Encoding: gzip, gzip"),
        {"encoding_refused"},
    ),
    "gzip in gzip, told once": (
        lambda: response(zlib.compress(bomb(1024 * MIB), wbits=31), TYPE, GZIP),
        {"accepted", "ratio_exceeded"},
    ),
    "zstd": (lambda: response(bomb(64 * MIB), TYPE, "Content-Encoding: zstd"), {"encoding_refused"}),
    "below the ratio": (lambda: response(ratio_below_the_limit(260 * MIB), TYPE, GZIP), {"too_large"}),
    "a million empty members": (
        lambda: response(zlib.compress(b"", wbits=31) * 200_000, TYPE, GZIP),
        {"bad_compression"},
    ),
    "endless body": (endless, {"too_large"}),
    "endless header": (endless_header, {"malformed_http"}),
    "200,000 interim answers": (interim_answers, {"malformed_http"}),
    "200,000 chunks of one byte": (tiny_chunks, {"accepted"}),
}


@pytest.mark.fault("T5", "T7", "T8", "T9")
@pytest.mark.parametrize("attack", ATTACKS)
async def test_an_attack_is_refused_before_it_costs_much(tmp_path: Path, attack: str) -> None:
    made, codes = ATTACKS[attack]
    script = made if inspect.iscoroutinefunction(made) else made()  # type: ignore[call-arg]
    warm = response(b"a;b\n" * 200_000, TYPE)
    async with FaultServer(warm, script) as server:  # type: ignore[arg-type]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CLIENT, server.url(""), str(tmp_path)),
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
        )
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    seen = json.loads(out.splitlines()[-1])
    assert seen["code"] in codes
    assert seen["left"] == []
    assert seen["mib"] <= ALLOWED_GROWTH_MIB
    assert seen["s"] <= ALLOWED_S
