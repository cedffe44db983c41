"""Faults of the network: nobody there, nobody answering, the wrong family, the wrong clock."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.link_list.connector import SPEC
from connectors.link_list.settings import LinkListSettings
from syncd.errors import SourceFormatError, SourceRejectedUs, SourceUnavailable, SyncdError
from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from syncd.fetching.waits import Waits
from tests.support.asking import CSV, LIMITS, TYPE, files_in, get
from tests.support.dns_server import DnsServer
from tests.support.fault_server import FaultServer, reset, response
from tests.support.paths import REPOSITORY

LOGIN = b"<!DOCTYPE html><html><body><form action='/login'>Proxy-Anmeldung</form></body></html>"


@pytest.fixture
async def fetcher() -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(LIMITS) as opened:
        yield opened


def session_of(fetcher: HttpFetcher, server: FaultServer, folder: Path, run: str = "run") -> SourceSession:
    return SourceSession(
        source_id="city",
        fetcher=fetcher,
        base_url=server.url(""),
        rundir=folder / run,
        raw_root=folder / "raw",
        allow_private=True,
    )


# --- connecting -------------------------------------------------------------------------------------
@pytest.fixture
def full_backlog() -> Iterator[int]:
    """Give the port of a listener whose queue is full: attempts to connect get no answer at all."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.mark.fault("N2")
async def test_a_black_hole_ends_at_the_connect_limit_and_holds_nobody(
    full_backlog: int, tmp_path: Path
) -> None:
    limits = FetchLimits(connect_s=0.5, headers_s=30, attempts=1, concurrent=1, patience_s=0.05)
    folders = [tmp_path / name for name in ("hole", "well")]
    for folder in folders:
        folder.mkdir()
    async with HttpFetcher(limits) as fetcher, FaultServer(response(CSV, TYPE)) as server:
        loop = asyncio.get_running_loop()
        started = loop.time()
        hole = asyncio.create_task(get(fetcher, f"http://127.0.0.1:{full_backlog}/", folders[0]))
        await asyncio.sleep(0)
        assert (await get(fetcher, server.url(), folders[1])).size == len(CSV)
        assert not hole.done()
        with pytest.raises(SourceUnavailable) as caught:
            await hole
        assert caught.value.code == "timeout_connect"
        assert loop.time() - started < 10


@pytest.mark.fault("N6")
@pytest.mark.parametrize(
    ("listening", "answers"),
    [("::1", ("::1",)), ("127.0.0.1", ("::1", "127.0.0.1")), ("127.0.0.1", ("fd00::1", "127.0.0.1"))],
    ids=["IPv6 only", "IPv6 refused", "IPv6 without a route"],
)
async def test_the_family_that_works_is_used(
    listening: str, answers: tuple[str, ...], tmp_path: Path
) -> None:
    async with (
        DnsServer({"portal.test": answers}) as names,
        HttpFetcher(LIMITS, nameservers=[names.address]) as fetcher,
        FaultServer(response(CSV, TYPE), host=listening) as server,
    ):
        answer = await get(fetcher, f"http://portal.test:{server.port}/data", tmp_path)
    assert answer.size == len(CSV)


@pytest.mark.fault("N7")
async def test_a_reset_in_the_body_throws_the_part_away(fetcher: HttpFetcher, tmp_path: Path) -> None:
    async def broken(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(response(CSV, TYPE, length=2 * len(CSV)))
        await writer.drain()
        await asyncio.sleep(0.05)
        reset(writer)

    async with FaultServer(broken, response(CSV, TYPE)) as server:
        with pytest.raises(SourceUnavailable) as caught:
            await get(fetcher, server.url(), tmp_path)
        assert caught.value.code == "truncated"
        assert files_in(tmp_path) == []
        assert (await get(fetcher, server.url(), tmp_path)).size == len(CSV)


@pytest.mark.fault("N1")
async def test_a_reset_at_once_is_tried_again(fetcher: HttpFetcher, tmp_path: Path) -> None:
    async def slam(_head: str, writer: asyncio.StreamWriter) -> None:
        reset(writer)

    async with FaultServer(slam, slam, response(CSV, TYPE)) as server:
        assert (await get(fetcher, server.url(), tmp_path)).size == len(CSV)
        assert server.accepted == 3


# --- waits ------------------------------------------------------------------------------------------
@pytest.mark.fault("N13")
@pytest.mark.parametrize(
    ("asked", "kept_s"),
    [
        ("3600", 3_600),
        ("999999999", 86_400),
        (email.utils.format_datetime(datetime.now(UTC) + timedelta(days=3_650)), 86_400),
        ("-5", 0),
        ("soon", 0),
    ],
    ids=["seconds", "thirty years", "date in ten years", "negative", "words"],
)
async def test_a_wait_is_kept_across_runs_but_not_for_years(
    fetcher: HttpFetcher, tmp_path: Path, asked: str, kept_s: int
) -> None:
    reply = response(b"", f"Retry-After: {asked}", status="429 Too Many Requests")
    async with FaultServer(reply, reply, reply, response(CSV, TYPE)) as server:
        with pytest.raises(SourceUnavailable) as caught:
            await session_of(fetcher, server, tmp_path).fetch("list", name="list")
        assert caught.value.code == "http_429"
        left = fetcher.waits.left_s(server.url(""))
        assert max(left, 0.0) <= kept_s
        assert max(left, 0.0) >= kept_s - 60
        again = session_of(fetcher, server, tmp_path, "second").fetch("list", name="list")
        if not kept_s:
            assert (await again).size == len(CSV)
            return
        with pytest.raises(SourceUnavailable) as caught:
            await again
        assert caught.value.code == "retry_later"
        assert len(server.requests) == 1


@pytest.mark.fault("P5")
@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
async def test_rejected_credentials_are_named_and_tried_once(
    fetcher: HttpFetcher, tmp_path: Path, status: str
) -> None:
    async with FaultServer(response(b"no", status=status)) as server:
        with pytest.raises(SourceRejectedUs) as caught:
            await get(fetcher, server.url(), tmp_path, headers={"Authorization": "Bearer hush"})
        assert server.accepted == 1
    assert "credentials" in caught.value.fix
    assert "hush" not in str(caught.value)


# --- what stands in between -------------------------------------------------------------------------
@pytest.mark.fault("N14")
@pytest.mark.parametrize(
    "page",
    [
        response(LOGIN, "Content-Type: text/html"),
        response(LOGIN, "Content-Type: text/csv"),
        response(LOGIN),
        response(b"\xef\xbb\xbf\n <!-- x --> " + LOGIN, "Content-Type: text/plain"),
        response(b"", "Location: http://proxy.invalid/login", status="302 Found"),
        response(LOGIN, "Content-Type: text/html", status="511 Network Authentication Required"),
        response(LOGIN, "Content-Type: text/html", status="407 Proxy Authentication Required"),
    ],
    ids=["page", "as CSV", "no type", "after a comment", "redirect", "511", "407"],
)
async def test_a_proxys_page_is_never_an_empty_list(
    fetcher: HttpFetcher, tmp_path: Path, page: bytes
) -> None:
    async with FaultServer(page) as server:
        settings = LinkListSettings(base_url=server.url(""), path="list.csv")
        session = session_of(fetcher, server, tmp_path)
        with pytest.raises((SourceFormatError, SourceUnavailable)):
            [document async for document in SPEC.build(settings).documents(session)]
    assert session.notes() == ()


@pytest.mark.fault("C11")
@pytest.mark.parametrize(("hours", "expected"), [(0, []), (5, ["+5.0 h"]), (-30, ["-30.0 h"])])
async def test_a_portal_whose_clock_is_wrong_gets_a_finding_and_is_read(
    fetcher: HttpFetcher, tmp_path: Path, hours: int, expected: list[str]
) -> None:
    date = email.utils.format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)
    async with FaultServer(response(CSV, TYPE, f"Date: {date}")) as server:
        session = session_of(fetcher, server, tmp_path)
        for name in ("first", "second"):
            assert (await session.fetch("list", name=name)).size == len(CSV)
    assert [issue.value for issue in session.issues if issue.code == "portal_clock_off"] == expected


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 9999 99:99:99 GMT", "\x01"])
async def test_a_date_that_is_none_does_not_matter(fetcher: HttpFetcher, tmp_path: Path, date: str) -> None:
    async with FaultServer(response(CSV, TYPE, f"Date: {date}")) as server:
        with contextlib.suppress(SyncdError):
            session = session_of(fetcher, server, tmp_path)
            await session.fetch("list", name="list")
            assert session.issues == ()


async def test_an_answer_from_a_cache_is_as_old_as_it_says(fetcher: HttpFetcher, tmp_path: Path) -> None:
    date = email.utils.format_datetime(datetime.now(UTC) - timedelta(hours=30), usegmt=True)
    async with FaultServer(response(CSV, TYPE, f"Date: {date}", "Age: 108000")) as server:
        session = session_of(fetcher, server, tmp_path)
        await session.fetch("list", name="list")
    assert session.issues == ()


# --- our own side -----------------------------------------------------------------------------------
DEGRADED = """
import sys, asyncio, pathlib
if sys.argv[1] == "without":
    sys.modules["aiodns"] = None
import aiohttp.resolver
if sys.argv[1] == "without":
    aiohttp.resolver.aiodns_default = False
    aiohttp.resolver.aiodns = None
from syncd.errors import SyncdError
from syncd.fetching.client import FetchRequest, HttpFetcher

async def main():
    async with HttpFetcher() as fetcher:
        print(bool(fetcher.degraded))
        target = pathlib.Path(sys.argv[2]) / "body"
        request = FetchRequest(f"http://localhost:{sys.argv[3]}/", target, "test", allow_private=True)
        print((await fetcher.fetch(request)).size)
        try:
            await fetcher.fetch(FetchRequest("http://nowhere.invalid/", target, "test"))
        except SyncdError as error:
            print(error.code.startswith("dns_"))

asyncio.run(main())
"""


@pytest.mark.fault("X4")
@pytest.mark.parametrize(("mode", "degraded"), [("with", "False"), ("without", "True")])
async def test_without_aiodns_it_works_and_says_so(tmp_path: Path, mode: str, degraded: str) -> None:
    async with FaultServer(response(CSV, TYPE)) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", DEGRADED, mode, str(tmp_path), str(server.port)),
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    lines = out.decode().splitlines()
    assert [line for line in lines if "names_degraded" not in line] == [degraded, str(len(CSV)), "True"]
    assert any("names_degraded" in line for line in lines) is (mode == "without")


@pytest.mark.fault("N13")
async def test_what_a_portal_asked_for_outlives_a_restart(tmp_path: Path) -> None:
    note = tmp_path / "waits.json"
    busy = response(b"", "Retry-After: 3600", status="429 Too Many Requests")
    async with FaultServer(busy, response(CSV, TYPE)) as server:
        async with HttpFetcher(LIMITS, waits=Waits(note)) as before:
            with pytest.raises(SyncdError) as told:
                await get(before, server.url(), tmp_path)
        assert told.value.code == "http_429"
        async with HttpFetcher(LIMITS, waits=Waits(note)) as after:
            with pytest.raises(SyncdError) as remembered:
                await get(after, server.url(), tmp_path)
        assert remembered.value.code == "retry_later"
        assert len(server.requests) == 1
        # What is over, damaged or beyond belief holds nobody back for long.
        note.write_text(json.dumps({server.url(""): time.time() - 1}))
        assert Waits(note).left_s(server.url("")) == 0
        note.write_text(json.dumps({server.url(""): time.time() + 10**9}))
        assert Waits(note).left_s(server.url("")) <= LIMITS.retry_after_cap_s
        note.write_text("{")
        async with HttpFetcher(LIMITS, waits=Waits(note)) as damaged:
            assert (await get(damaged, server.url(), tmp_path)).size == len(CSV)
