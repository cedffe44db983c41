"""What the guarded client refuses: statuses, malformed HTTP, redirects, addresses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from syncd.errors import (
    SourceFormatError,
    SourceRejectedUs,
    SourceUnavailable,
    SyncdError,
)
from syncd.fetching.client import HttpFetcher
from tests.support.asking import CSV, LIMITS, TYPE, code_of, files_in, get
from tests.support.fault_server import FaultServer, response


@pytest.fixture
async def fetcher() -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(LIMITS, "syncd-test") as opened:
        yield opened


# --- status and retries -----------------------------------------------------------------------------
@pytest.mark.fault("T15", "T16", "T17", "T20", "P5")
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


@pytest.mark.fault("T18")
async def test_a_304_nobody_asked_for_is_an_error(fetcher: HttpFetcher, tmp_path: Path) -> None:
    error = await code_of(fetcher, response(b"", status="304 Not Modified", framed=False), tmp_path)
    assert error.code == "unexpected_304"


@pytest.mark.fault("N1")
async def test_a_passing_failure_is_retried(fetcher: HttpFetcher, tmp_path: Path) -> None:
    broken = response(b"", status="503 Service Unavailable")
    async with FaultServer(broken, b"", response(CSV, TYPE)) as server:
        answer = await get(fetcher, server.url(), tmp_path)
    assert answer.size == len(CSV)
    assert len(server.requests) == 3


@pytest.mark.fault("N1")
async def test_nobody_listening_is_named(fetcher: HttpFetcher, tmp_path: Path) -> None:
    async with FaultServer(b"") as server:
        url = server.url()
    with pytest.raises(SourceUnavailable) as caught:
        await get(fetcher, url, tmp_path)
    assert caught.value.code == "connection_refused"


@pytest.mark.fault("N13")
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


@pytest.mark.fault("N13")
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


@pytest.mark.fault("T9", "T10")
@pytest.mark.parametrize("case", MALFORMED)
async def test_malformed_http_is_not_called_400(fetcher: HttpFetcher, tmp_path: Path, case: str) -> None:
    error = await code_of(fetcher, MALFORMED[case], tmp_path)
    assert error.code == "malformed_http"
    assert "400" not in error.message


@pytest.mark.fault("T25")
async def test_a_second_answer_on_the_line_is_not_used(fetcher: HttpFetcher, tmp_path: Path) -> None:
    poisoned = response(CSV, TYPE) + response(b"poison", TYPE)
    async with FaultServer(poisoned, response(CSV + b"2", TYPE)) as server:
        for expected in (CSV, CSV + b"2"):
            await get(fetcher, server.url(), tmp_path)
            assert (tmp_path / "body").read_bytes() == expected


@pytest.mark.fault("T23")
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


@pytest.mark.fault("T12")
async def test_redirects_elsewhere_carry_nothing_away(fetcher: HttpFetcher, tmp_path: Path) -> None:
    async with FaultServer(response(CSV, TYPE)) as other:
        moved = response(b"", f"Location: {other.url('/x?token=hush')}", status="302 Found")
        error = await code_of(fetcher, moved, tmp_path, headers={"X-Api-Key": "hush"})
    assert error.code == "redirect_refused"
    assert other.requests == []
    assert "hush" not in str(error)


@pytest.mark.fault("T11", "T13", "T14")
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


@pytest.mark.fault("T13")
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
