"""The guarded client against bodies, delays and habits of broken portals, on loopback."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from syncd.errors import (
    InvariantViolated,
    SourceUnavailable,
    StorageError,
    SyncdError,
)
from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.pipeline.unit_of_work import unit_of_work
from tests.support.asking import CSV, LIMITS, TYPE, code_of, dripping, files_in, get
from tests.support.fault_server import FaultServer, Script, response


@pytest.fixture
async def fetcher() -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(LIMITS, "syncd-test") as opened:
        yield opened


# --- good answers -----------------------------------------------------------------------------------
async def test_a_good_answer_is_on_disk_with_its_facts(fetcher: HttpFetcher, tmp_path: Path) -> None:
    reply = response(CSV, TYPE, 'ETag: "v1"', "Last-Modified: Mon, 20 Jan 2025 00:00:00 GMT")
    async with FaultServer(reply) as server:
        answer = await get(fetcher, server.url("/a?token=hush"), tmp_path)
    assert (tmp_path / "body").read_bytes() == CSV
    assert answer.sha256 == hashlib.sha256(CSV).hexdigest()
    assert (answer.size, answer.wire_size) == (len(CSV), len(CSV))
    assert answer.head.content_type == "text/csv"
    assert answer.head.charset == "utf-8"
    assert answer.head.etag == '"v1"'
    assert answer.head.framed
    assert answer.url.endswith("/a?token=***")
    head = server.requests[0].lower()
    assert "user-agent: syncd-test" in head
    assert "accept-encoding: gzip\r\n" in head


async def test_compressed_and_chunked_answers_are_decoded(fetcher: HttpFetcher, tmp_path: Path) -> None:
    packed = gzip.compress(CSV)
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(packed[i : i + 50]), packed[i : i + 50]) for i in range(0, len(packed), 50)
    )
    reply = response(
        chunks + b"0\r\n\r\n", TYPE, "Content-Encoding: gzip", "Transfer-Encoding: chunked", framed=False
    )
    async with FaultServer(reply) as server:
        answer = await get(fetcher, server.url(), tmp_path)
    assert (tmp_path / "body").read_bytes() == CSV
    assert answer.wire_size == len(packed)
    assert answer.head.framed


@pytest.mark.fault("T4")
async def test_a_body_that_only_ends_with_the_connection_is_unframed(
    fetcher: HttpFetcher, tmp_path: Path
) -> None:
    async with FaultServer(response(CSV, TYPE, framed=False)) as server:
        answer = await get(fetcher, server.url(), tmp_path)
    assert answer.size == len(CSV)
    assert not answer.head.framed


async def test_a_validator_can_be_answered_with_304(fetcher: HttpFetcher, tmp_path: Path) -> None:
    async with FaultServer(response(b"", 'ETag: "v1"', status="304 Not Modified", framed=False)) as server:
        answer = await get(fetcher, server.url(), tmp_path, etag='"v1"')
    assert answer.not_modified
    assert 'if-none-match: "v1"' in server.requests[0].lower()
    assert not (tmp_path / "body").exists()


# --- bodies -----------------------------------------------------------------------------------------
PACKED = gzip.compress(CSV)
GZIP = "Content-Encoding: gzip"
BOMB = gzip.compress(bytes(20_000_000))
BODIES = {
    "length too long": (response(CSV, TYPE, length=len(CSV) + 10), "truncated"),
    "chunks without end": (
        response(b"5\r\nabcde\r\n", TYPE, "Transfer-Encoding: chunked", framed=False),
        "truncated",
    ),
    "chunk cut": (response(b"ff\r\nabc", TYPE, "Transfer-Encoding: chunked", framed=False), "truncated"),
    "chunk size nonsense": (
        response(b"xyz\r\nabc\r\n", TYPE, "Transfer-Encoding: chunked", framed=False),
        "malformed_http",
    ),
    "gzip cut, length fits": (response(PACKED[:-20], TYPE, GZIP), "truncated"),
    "gzip cut in the trailer": (response(PACKED[:-4], TYPE, GZIP), "truncated"),
    "gzip with garbage behind": (response(PACKED + b"garbage", TYPE, GZIP), "bad_compression"),
    "gzip with wrong checksum": (response(PACKED[:-8] + bytes(8), TYPE, GZIP), "bad_compression"),
    "no gzip at all": (response(CSV, TYPE, GZIP), "bad_compression"),
    "bomb": (response(BOMB, TYPE, GZIP), "ratio_exceeded"),
    "nested": (response(gzip.compress(PACKED), TYPE, "Content-Encoding: gzip, gzip"), "encoding_refused"),
    "brotli": (response(PACKED, TYPE, "Content-Encoding: br"), "encoding_refused"),
    "announced too large": (response(b"x", TYPE, length=10_000_000), "too_large"),
    "too large": (response(bytes(2_000_000), TYPE, framed=False), "too_large"),
    "empty": (response(b"", TYPE), "empty_body"),
    "empty gzip": (response(gzip.compress(b""), TYPE, GZIP), "empty_body"),
    "web page": (response(b"<html>Wartung</html>", "Content-Type: text/html"), "html_instead_of_data"),
    "web page in disguise": (response(b"<!doctype html><p>", TYPE), "html_instead_of_data"),
    "other type": (response(CSV, "Content-Type: application/pdf"), "unexpected_content_type"),
    "utf-7": (response(CSV, "Content-Type: text/csv; charset=utf-7"), "charset_refused"),
}


@pytest.mark.fault("N14", "T1", "T2", "T3", "T5", "T6", "T15", "F3")
@pytest.mark.parametrize("case", BODIES)
async def test_unusable_bodies_are_refused(fetcher: HttpFetcher, tmp_path: Path, case: str) -> None:
    script, code = BODIES[case]
    assert (await code_of(fetcher, script, tmp_path)).code == code


@pytest.mark.fault("T5")
async def test_decoded_size_is_limited_on_its_own(fetcher: HttpFetcher, tmp_path: Path) -> None:
    limits = FetchLimits(ratio=100_000, decoded_bytes=4_000_000)
    error = await code_of(fetcher, response(BOMB, TYPE, GZIP), tmp_path, limits=limits)
    assert error.code == "too_large"


@pytest.mark.fault("T7")
async def test_an_endless_body_is_cut_off(fetcher: HttpFetcher, tmp_path: Path) -> None:
    async def endless(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"", TYPE, framed=False))
        while True:
            writer.write(bytes(65_536))
            await writer.drain()

    assert (await code_of(fetcher, endless, tmp_path)).code == "too_large"


@pytest.mark.fault("T8")
async def test_very_many_tiny_chunks_are_bounded(fetcher: HttpFetcher, tmp_path: Path) -> None:
    body = b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n"
    async with FaultServer(response(body, TYPE, "Transfer-Encoding: chunked", framed=False)) as server:
        answer = await get(fetcher, server.url(), tmp_path)
    assert answer.size == 50_000


# --- time -------------------------------------------------------------------------------------------
async def stalled(_head: str, writer: asyncio.StreamWriter) -> None:
    writer.write(response(CSV, TYPE, length=len(CSV) + 10))
    await writer.drain()
    await asyncio.sleep(60)


async def silent(_head: str, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


@pytest.mark.fault("N8", "N9", "N10", "T8")
@pytest.mark.parametrize(
    ("script", "code"),
    [
        (dripping(response(b"", TYPE, length=10**5), b"x"), "too_slow"),
        (dripping(b"HTTP/1.1 200 OK\r\nX-A: ", b"a"), "timeout_headers"),
        (dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "timeout_headers"),
        (silent, "timeout_headers"),
        (stalled, "timeout_read"),
    ],
    ids=["body", "head", "interim", "silent", "stalled"],
)
async def test_slow_portals_are_given_up(
    fetcher: HttpFetcher, tmp_path: Path, script: Script, code: str
) -> None:
    error = await code_of(fetcher, script, tmp_path)
    assert error.code == code
    assert isinstance(error, SourceUnavailable)


@pytest.mark.fault("N8", "N15")
async def test_the_whole_request_has_a_deadline(fetcher: HttpFetcher, tmp_path: Path) -> None:
    limits = FetchLimits(total_s=0.5, rate_bytes_s=1)
    script = dripping(response(b"", TYPE, length=10**5), b"xxxx")
    assert (await code_of(fetcher, script, tmp_path, limits=limits)).code == "timeout_total"


# --- house rules ------------------------------------------------------------------------------------
@pytest.mark.fault("P6")
@pytest.mark.parametrize(
    "script",
    [response(b"", status="500 Oops"), b"NONSENSE\r\n\r\n", b"", response(CSV, TYPE, length=9_999)],
    ids=["status", "malformed", "closed", "cut"],
)
async def test_no_error_shows_a_secret(fetcher: HttpFetcher, tmp_path: Path, script: bytes) -> None:
    async with FaultServer(script) as server:
        with pytest.raises(SyncdError) as caught:
            await get(
                fetcher,
                server.url("/a?api_key=hush-query"),
                tmp_path,
                headers={"Authorization": "Bearer hush-header"},
            )
    text = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "hush" not in text


async def test_no_network_inside_a_unit_of_work(fetcher: HttpFetcher, tmp_path: Path) -> None:
    async with FaultServer(response(CSV, TYPE)) as server:
        with unit_of_work(), pytest.raises(InvariantViolated):
            await get(fetcher, server.url(), tmp_path)
        assert server.requests == []


@pytest.mark.fault("C9")
async def test_one_host_is_asked_twice_at_a_time_at_most(fetcher: HttpFetcher, tmp_path: Path) -> None:
    async def slow(_head: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(response(CSV, TYPE))

    async with FaultServer(slow) as server:
        folders = [tmp_path / str(number) for number in range(8)]
        for folder in folders:
            folder.mkdir()
        await asyncio.gather(*(get(fetcher, server.url(), folder) for folder in folders))
    assert len(server.requests) == 8
    assert server.busiest == 2


async def test_a_stop_leaves_no_file(fetcher: HttpFetcher, tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def endless(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(response(bytes(200_000), TYPE, length=900_000))
        await writer.drain()
        begun.set()
        await asyncio.sleep(60)

    async with FaultServer(endless) as server:
        task = asyncio.create_task(get(fetcher, server.url(), tmp_path))
        await begun.wait()
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert files_in(tmp_path) == []


async def test_a_full_or_missing_disk_is_not_the_portals_fault(fetcher: HttpFetcher, tmp_path: Path) -> None:
    async with FaultServer(response(CSV, TYPE)) as server:
        with pytest.raises(StorageError):
            await get(fetcher, server.url(), tmp_path / "nowhere")


@pytest.mark.fault("N4")
async def test_name_resolution_does_not_use_threads(fetcher: HttpFetcher, tmp_path: Path) -> None:
    async with FaultServer(response(CSV, TYPE)) as server:
        await get(fetcher, server.url(), tmp_path)
    assert fetcher.degraded == ""
