"""The guarded client against servers that do everything wrong, on loopback."""

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
    SourceFormatError,
    SourceRejectedUs,
    SourceUnavailable,
    StorageError,
    SyncdError,
)
from syncd.fetching.client import FetchAnswer, FetchRequest, HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.pipeline.unit_of_work import unit_of_work
from tests.support.fault_server import FaultServer, Script, response

CSV = b"Leistung;Gebiet\n" + b"99001001000000;064140000000\n" * 200
TYPE = 'Content-Type: text/csv; charset="utf-8"'
# Short, so that tests are; none of them depends on being met exactly.
LIMITS = FetchLimits(
    connect_s=2,
    headers_s=0.6,
    read_gap_s=0.6,
    total_s=20,
    rate_grace_s=0.5,
    retry_wait_s=0.01,
    wire_bytes=1_000_000,
    decoded_bytes=4_000_000,
)


@pytest.fixture
async def fetcher() -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(LIMITS, "syncd-test") as opened:
        yield opened


async def get(
    fetcher: HttpFetcher,
    url: str,
    target: Path,
    *,
    accept: tuple[str, ...] = ("text/csv",),
    headers: dict[str, str] | None = None,
    etag: str | None = None,
    allow_private: bool = True,
    limits: FetchLimits | None = None,
) -> FetchAnswer:
    request = FetchRequest(
        url=url,
        target=target / "body",
        where="test/doc",
        headers=headers or {},
        accept=accept,
        if_none_match=etag,
        allow_private=allow_private,
        limits=limits,
    )
    return await fetcher.fetch(request)


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def code_of(
    fetcher: HttpFetcher, script: bytes | Script, target: Path, **options: object
) -> SyncdError:
    """Return the error of one request against a scripted server, after checking that no file is left."""
    async with FaultServer(script) as server:
        with pytest.raises(SyncdError) as caught:
            await get(fetcher, server.url(), target, **options)  # type: ignore[arg-type]
    assert files_in(target) == []
    return caught.value


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


@pytest.mark.parametrize("case", BODIES)
async def test_unusable_bodies_are_refused(fetcher: HttpFetcher, tmp_path: Path, case: str) -> None:
    script, code = BODIES[case]
    assert (await code_of(fetcher, script, tmp_path)).code == code


async def test_decoded_size_is_limited_on_its_own(fetcher: HttpFetcher, tmp_path: Path) -> None:
    limits = FetchLimits(ratio=100_000, decoded_bytes=4_000_000)
    error = await code_of(fetcher, response(BOMB, TYPE, GZIP), tmp_path, limits=limits)
    assert error.code == "too_large"


async def test_an_endless_body_is_cut_off(fetcher: HttpFetcher, tmp_path: Path) -> None:
    async def endless(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"", TYPE, framed=False))
        while True:
            writer.write(bytes(65_536))
            await writer.drain()

    assert (await code_of(fetcher, endless, tmp_path)).code == "too_large"


async def test_very_many_tiny_chunks_are_bounded(fetcher: HttpFetcher, tmp_path: Path) -> None:
    body = b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n"
    async with FaultServer(response(body, TYPE, "Transfer-Encoding: chunked", framed=False)) as server:
        answer = await get(fetcher, server.url(), tmp_path)
    assert answer.size == 50_000


# --- time -------------------------------------------------------------------------------------------
def dripping(first: bytes, drop: bytes) -> Script:
    async def drip(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.05)

    return drip


async def stalled(_head: str, writer: asyncio.StreamWriter) -> None:
    writer.write(response(CSV, TYPE, length=len(CSV) + 10))
    await writer.drain()
    await asyncio.sleep(60)


async def silent(_head: str, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


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


async def test_the_whole_request_has_a_deadline(fetcher: HttpFetcher, tmp_path: Path) -> None:
    limits = FetchLimits(total_s=0.5, rate_bytes_s=1)
    script = dripping(response(b"", TYPE, length=10**5), b"xxxx")
    assert (await code_of(fetcher, script, tmp_path, limits=limits)).code == "timeout_total"


# --- status and retries -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "kind", "tries"),
    [
        ("401 Unauthorized", SourceRejectedUs, 1),
        ("403 Forbidden", SourceRejectedUs, 1),
        ("404 Not Found", SourceFormatError, 1),
        ("410 Gone", SourceFormatError, 1),
        ("204 No Content", SourceFormatError, 1),
        ("206 Partial Content", SourceFormatError, 1),
        ("202 Accepted", SourceFormatError, 1),
        ("429 Too Many Requests", SourceUnavailable, 3),
        ("500 Internal Server Error", SourceUnavailable, 3),
        ("503 Service Unavailable", SourceUnavailable, 3),
        ("799 Whatever", SourceUnavailable, 3),
    ],
)
async def test_a_status_is_never_data(
    fetcher: HttpFetcher, tmp_path: Path, status: str, kind: type[SyncdError], tries: int
) -> None:
    body = b"" if status.startswith("204") else CSV
    async with FaultServer(response(body, TYPE, status=status, framed=bool(body))) as server:
        with pytest.raises(kind) as caught:
            await get(fetcher, server.url(), tmp_path)
    assert caught.value.code == f"http_{status[:3]}"
    assert len(server.requests) == tries
    assert files_in(tmp_path) == []


async def test_a_304_nobody_asked_for_is_an_error(fetcher: HttpFetcher, tmp_path: Path) -> None:
    error = await code_of(fetcher, response(b"", status="304 Not Modified", framed=False), tmp_path)
    assert error.code == "unexpected_304"


async def test_a_passing_failure_is_retried(fetcher: HttpFetcher, tmp_path: Path) -> None:
    broken = response(b"", status="503 Service Unavailable")
    async with FaultServer(broken, b"", response(CSV, TYPE)) as server:
        answer = await get(fetcher, server.url(), tmp_path)
    assert answer.size == len(CSV)
    assert len(server.requests) == 3


async def test_nobody_listening_is_named(fetcher: HttpFetcher, tmp_path: Path) -> None:
    async with FaultServer(b"") as server:
        url = server.url()
    with pytest.raises(SourceUnavailable) as caught:
        await get(fetcher, url, tmp_path)
    assert caught.value.code == "connection_refused"


@pytest.mark.parametrize("wait", ["3600", "99999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_a_wait_the_portal_asks_for_is_respected(
    fetcher: HttpFetcher, tmp_path: Path, wait: str
) -> None:
    reply = response(b"", f"Retry-After: {wait}", status="429 Too Many Requests")
    async with FaultServer(reply) as server:
        for code in ("http_429", "retry_later", "retry_later"):
            with pytest.raises(SourceUnavailable) as caught:
                await get(fetcher, server.url(), tmp_path)
            assert caught.value.code == code
        assert len(server.requests) == 1


async def test_a_short_wait_is_waited_for(fetcher: HttpFetcher, tmp_path: Path) -> None:
    reply = response(b"", "Retry-After: 1", status="503 Service Unavailable")
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with FaultServer(reply, response(CSV, TYPE)) as server:
        await get(fetcher, server.url(), tmp_path)
    assert loop.time() - started >= 0.9


# --- malformed HTTP ---------------------------------------------------------------------------------
MALFORMED = {
    "status line": b"NONSENSE\r\n\r\n",
    "header of 9 kB": response(CSV, TYPE, "X-Long: " + "a" * 9_000),
    "20,000 headers": response(CSV, TYPE, *[f"X-{number}: 1" for number in range(20_000)]),
    "NUL in a header": response(CSV, TYPE, "X-Nul: a\0b"),
    "length twice": response(CSV, TYPE, "Content-Length: 5"),
    "length and chunked": response(CSV, TYPE, "Transfer-Encoding: chunked"),
    "negative length": response(CSV, TYPE, length=-5),
}


@pytest.mark.parametrize("case", MALFORMED)
async def test_malformed_http_is_not_called_400(fetcher: HttpFetcher, tmp_path: Path, case: str) -> None:
    error = await code_of(fetcher, MALFORMED[case], tmp_path)
    assert error.code == "malformed_http"
    assert "400" not in error.message


async def test_a_second_answer_on_the_line_is_not_used(fetcher: HttpFetcher, tmp_path: Path) -> None:
    poisoned = response(CSV, TYPE) + response(b"poison", TYPE)
    async with FaultServer(poisoned, response(CSV + b"2", TYPE)) as server:
        for expected in (CSV, CSV + b"2"):
            await get(fetcher, server.url(), tmp_path)
            assert (tmp_path / "body").read_bytes() == expected


async def test_plain_http_on_a_tls_port_is_named(fetcher: HttpFetcher, tmp_path: Path) -> None:
    async with FaultServer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        with pytest.raises(SourceUnavailable) as caught:
            await get(fetcher, server.url(scheme="https"), tmp_path)
    assert caught.value.code in {"tls_failure", "timeout_headers", "connection_lost"}


# --- redirects and addresses ------------------------------------------------------------------------
async def test_redirects_inside_the_origin_are_followed(fetcher: HttpFetcher, tmp_path: Path) -> None:
    moved = response(b"", "Location: /new?page=1", status="301 Moved Permanently")
    async with FaultServer(moved, response(CSV, TYPE)) as server:
        answer = await get(fetcher, server.url(), tmp_path, headers={"X-Api-Key": "hush"})
    assert answer.url.endswith("/new?page=1")
    assert "X-Api-Key: hush" in server.requests[1]


async def test_redirects_elsewhere_carry_nothing_away(fetcher: HttpFetcher, tmp_path: Path) -> None:
    async with FaultServer(response(CSV, TYPE)) as other:
        moved = response(b"", f"Location: {other.url('/x?token=hush')}", status="302 Found")
        error = await code_of(fetcher, moved, tmp_path, headers={"X-Api-Key": "hush"})
    assert error.code == "redirect_refused"
    assert other.requests == []
    assert "hush" not in str(error)


@pytest.mark.parametrize(
    "location",
    [
        "/data",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1/x",
        "http://169.254.169.254/latest/meta-data",
        "http://0x7f.1/",
        "//elsewhere.invalid/x",
        "http://[::1",
        "",
    ],
)
async def test_other_redirects_are_refused(fetcher: HttpFetcher, tmp_path: Path, location: str) -> None:
    reply = response(b"", f"Location: {location}", status="302 Found")
    assert (await code_of(fetcher, reply, tmp_path)).code == "redirect_refused"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433", "0.0.0.0", "[::ffff:127.0.0.1]", "127.1"],  # noqa: S104
)
async def test_private_addresses_are_never_asked_without_permission(
    fetcher: HttpFetcher, tmp_path: Path, host: str
) -> None:
    async with FaultServer(response(CSV, TYPE)) as server:
        url = f"http://{host}:{server.port}/data"
        with pytest.raises(SyncdError) as caught:
            await get(fetcher, url, tmp_path, allow_private=False)
        assert server.requests == []
        assert caught.value.code in {"address_refused", "dns_unknown_host", "dns_failure", "bad_url"}
        if host in {"127.0.0.1", "localhost"}:
            assert caught.value.code == "address_refused"


async def test_an_open_connection_to_a_private_address_is_not_shared(
    fetcher: HttpFetcher, tmp_path: Path
) -> None:
    async def keep_open(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(response(CSV, TYPE))
        await asyncio.sleep(60)

    async with FaultServer(keep_open) as server:
        await get(fetcher, server.url(), tmp_path, allow_private=True)
        with pytest.raises(SourceFormatError) as caught:
            await get(fetcher, server.url(), tmp_path, allow_private=False)
    assert caught.value.code == "address_refused"
    assert "allow_private" in caught.value.fix


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a/b", "http://", "http://u:hush@a/b", "no url", "http://a:99999/"]
)
async def test_only_plain_http_addresses_are_asked(fetcher: HttpFetcher, tmp_path: Path, url: str) -> None:
    with pytest.raises(SourceFormatError) as caught:
        await get(fetcher, url, tmp_path)
    assert caught.value.code == "bad_url"
    assert "hush" not in str(caught.value)


async def test_an_unknown_host_is_told_from_other_failures(fetcher: HttpFetcher, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        await get(fetcher, "http://nobody.invalid/", tmp_path, limits=FetchLimits(attempts=1))
    assert caught.value.code in {"dns_unknown_host", "dns_failure", "timeout_headers"}


# --- house rules ------------------------------------------------------------------------------------
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


async def test_name_resolution_does_not_use_threads(fetcher: HttpFetcher, tmp_path: Path) -> None:
    async with FaultServer(response(CSV, TYPE)) as server:
        await get(fetcher, server.url(), tmp_path)
    assert fetcher.degraded == ""
