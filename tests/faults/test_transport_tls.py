"""TLS: certificates that are wrong on purpose, and those that soon will be."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from syncd.errors import SourceUnavailable, SyncdError
from syncd.fetching.client import HttpFetcher
from syncd.fetching.session import SourceSession
from tests.support.asking import CSV, LIMITS, TYPE, code_of, get
from tests.support.dns_server import DnsServer
from tests.support.fault_server import FaultServer, response

DAY = timedelta(days=1)
NAMES: dict[str, tuple[str, ...] | int] = {"portal.test": ("127.0.0.1",), "other.test": ("127.0.0.1",)}
AUTHORITY = trustme.CA()


@pytest.fixture
async def fetcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpFetcher]:
    """Give a client that trusts one authority, the way an operator would set it up."""
    bundle = tmp_path / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    async with (
        DnsServer(NAMES) as names,
        HttpFetcher(LIMITS, nameservers=[names.address]) as opened,
    ):
        yield opened


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def server_side(
    *,
    name: str = "portal.test",
    ends: timedelta = 90 * DAY,
    starts: timedelta = -DAY,
    authority: trustme.CA = AUTHORITY,
) -> ssl.SSLContext:
    now = datetime.now(UTC)
    certificate = authority.issue_cert(name, not_before=now + starts, not_after=now + ends)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def https(server: FaultServer) -> str:
    return f"https://portal.test:{server.port}/data"


@pytest.mark.fault("T21")
@pytest.mark.parametrize(
    "context",
    [
        server_side(ends=-timedelta(minutes=1)),
        server_side(starts=DAY),
        server_side(name="other.test"),
        server_side(authority=trustme.CA()),
    ],
    ids=["expired", "not yet valid", "for another host", "untrusted"],
)
async def test_a_certificate_that_does_not_hold_is_refused_for_good(
    fetcher: HttpFetcher, target: Path, context: ssl.SSLContext
) -> None:
    async with FaultServer(response(CSV, TYPE), tls=context) as server:
        with pytest.raises(SourceUnavailable) as caught:
            await get(fetcher, https(server), target)
        assert server.requests == []
    assert caught.value.code == "tls_failure"
    assert "certificate" in caught.value.message


@pytest.mark.fault("T21")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
async def test_an_old_protocol_is_refused(fetcher: HttpFetcher, target: Path) -> None:
    context = server_side()
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    async with FaultServer(response(CSV, TYPE), tls=context) as server:
        with pytest.raises(SourceUnavailable) as caught:
            await get(fetcher, https(server), target)
        assert server.requests == []
    assert caught.value.code == "tls_failure"


@pytest.mark.fault("T22")
@pytest.mark.parametrize(("days", "warned"), [(90, False), (13, True)])
async def test_a_certificate_about_to_end_is_a_finding_while_it_still_holds(
    fetcher: HttpFetcher, target: Path, days: int, warned: bool
) -> None:
    async with FaultServer(response(CSV, TYPE), tls=server_side(ends=days * DAY)) as server:
        session = SourceSession(
            source_id="city",
            fetcher=fetcher,
            base_url=https(server),
            rundir=target / "run",
            raw_root=target / "raw",
            allow_private=True,
        )
        for name in ("first", "second"):
            assert (await session.fetch(name, name=name)).size == len(CSV)
    findings = [issue for issue in session.issues if issue.code == "certificate_expires"]
    assert len(findings) == warned
    if warned:
        assert findings[0].value.startswith((datetime.now(UTC) + days * DAY).date().isoformat()[:7])


@pytest.mark.fault("T23")
async def test_a_handshake_that_stalls_ends_at_the_limit(fetcher: HttpFetcher, target: Path) -> None:
    async def never(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stop.wait()
        writer.close()

    stop = asyncio.Event()
    server = await asyncio.start_server(never, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        with pytest.raises(SourceUnavailable) as caught:
            await get(fetcher, f"https://portal.test:{port}/", target)
        assert caught.value.code in {"timeout_headers", "timeout_connect"}
    finally:
        stop.set()
        server.close()
        await server.wait_closed()


@pytest.mark.fault("T23")
async def test_plain_http_where_tls_was_expected_is_a_clear_error(fetcher: HttpFetcher, target: Path) -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(response(CSV, TYPE))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, family=socket.AF_INET) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(SourceUnavailable) as caught:
            await get(fetcher, f"https://portal.test:{port}/", target)
    assert caught.value.code == "tls_failure"


@pytest.mark.fault("T11")
@pytest.mark.parametrize("scheme", ["http", "HTTP"])
async def test_a_redirect_from_https_to_http_is_refused(
    fetcher: HttpFetcher, target: Path, scheme: str
) -> None:
    async with FaultServer(response(CSV, TYPE)) as plain:
        moved = response(b"", f"Location: {scheme}://portal.test:{plain.port}/", status="301 Moved")
        async with FaultServer(moved, tls=server_side()) as server:
            with pytest.raises(SyncdError) as caught:
                await get(fetcher, https(server), target, headers={"X-Api-Key": "hush"})
        assert plain.accepted == 0
    assert caught.value.code == "redirect_refused"
    assert "for good" in caught.value.message


@pytest.mark.fault("T11")
@pytest.mark.parametrize(("status", "told"), [("301 Moved", 1), ("302 Found", 0), ("308 Moved", 1)])
async def test_a_move_for_good_is_remembered(
    fetcher: HttpFetcher, target: Path, status: str, told: int
) -> None:
    async with FaultServer(
        response(b"", "Location: /new?token=hush", status=status), response(CSV, TYPE)
    ) as server:
        session = SourceSession(
            source_id="city",
            fetcher=fetcher,
            base_url=server.url("/old"),
            rundir=target / "run",
            raw_root=target / "raw",
            allow_private=True,
        )
        await session.fetch("list", name="list")
    hints = [issue.value for issue in session.issues if issue.code == "moved_permanently"]
    assert hints == [server.url("/new?token=***")] * told


@pytest.mark.fault("T11")
@pytest.mark.parametrize("hops", [3, 4, 11])
async def test_hops_are_counted(fetcher: HttpFetcher, target: Path, hops: int) -> None:
    moves = [response(b"", f"Location: /hop/{hop}", status="302 Found") for hop in range(hops)]
    async with FaultServer(*moves, response(CSV, TYPE)) as server:
        if hops <= 3:
            assert (await get(fetcher, server.url(), target)).size == len(CSV)
            return
        with pytest.raises(SyncdError) as caught:
            await get(fetcher, server.url(), target)
        assert caught.value.code == "redirect_refused"
        assert len(server.requests) == 4


@pytest.mark.fault("T11")
async def test_a_circle_of_redirects_ends(fetcher: HttpFetcher, target: Path) -> None:
    reply = response(b"", "Location: /data", status="302 Found")
    assert (await code_of(fetcher, reply, target)).code == "redirect_refused"
