"""Every byte prefix of a feed, in every framing: none is taken for the whole (bar B5).

Through the guarded client, the session and the connector, as in a run. What the parsers make of a cut
document is proved elsewhere; here not one cut may even reach them as a proven, complete answer.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from connectors.dldb.connector import SPEC as DLDB
from connectors.link_list.connector import SPEC as LINK_LIST
from connectors.pvog_suchdienst.connector import SPEC as SUCHDIENST
from syncd.errors import SyncdError
from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from syncd.sdk.connector import ConnectorSpec, Document
from tests.support.fault_server import FaultServer, response

QUICK = FetchLimits(headers_s=5, read_gap_s=5, attempts=1)
Framing = Callable[[bytes, int], bytes]


def chunked(body: bytes, size: int = 97) -> bytes:
    """Encode as RFC 9112 §7.1 wants it, in several chunks."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def with_length(body: bytes, cut: int) -> bytes:
    return response(body[:cut], length=len(body))


def packed_with_the_length_of_the_cut(body: bytes, cut: int) -> bytes:
    return response(gzip.compress(body, mtime=0)[:cut], "Content-Encoding: gzip")


def packed_with_the_length_of_the_whole(body: bytes, cut: int) -> bytes:
    packed = gzip.compress(body, mtime=0)
    return response(packed[:cut], "Content-Encoding: gzip", length=len(packed))


def in_chunks(body: bytes, cut: int) -> bytes:
    return response(chunked(body)[:cut], "Transfer-Encoding: chunked", framed=False)


def packed_in_chunks_that_end_well(body: bytes, cut: int) -> bytes:
    part = chunked(gzip.compress(body, mtime=0)[:cut])
    return response(part, "Transfer-Encoding: chunked", "Content-Encoding: gzip", framed=False)


def until_closed(body: bytes, cut: int) -> bytes:
    return response(body[:cut], framed=False)


FRAMINGS: Mapping[str, tuple[Framing, Callable[[bytes], int]]] = {
    "length": (with_length, len),
    "gzip, length of the cut": (packed_with_the_length_of_the_cut, lambda body: len(gzip.compress(body))),
    "gzip, length of the whole": (packed_with_the_length_of_the_whole, lambda body: len(gzip.compress(body))),
    "chunked": (in_chunks, lambda body: len(chunked(body))),
    "closed": (until_closed, len),
    "gzip in whole chunks": (packed_in_chunks_that_end_well, lambda body: len(gzip.compress(body))),
}


class CutPortal:
    """The synthetic portal of a connector; the document ``path`` is answered with ``answer``."""

    def __init__(self, spec: ConnectorSpec) -> None:
        self.answers = spec.portal().answers
        self.path = ""
        self.answer = b""

    async def __call__(self, head: str, writer: asyncio.StreamWriter) -> None:
        path = head.split(" ")[1]
        if path == self.path:
            writer.write(self.answer)
        else:
            known = self.answers.get(path)
            writer.write(response(known.body) if known else response(b"", status="404 Not Found"))
        await writer.drain()


@pytest.fixture
async def fetcher() -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(QUICK) as opened:
        yield opened


async def run(
    spec: ConnectorSpec, fetcher: HttpFetcher, server: FaultServer, folder: Path
) -> tuple[SourceSession, list[Document]]:
    session = SourceSession(
        source_id="city",
        fetcher=fetcher,
        base_url=server.url(""),
        rundir=folder / "run",
        raw_root=folder / "raw",
        allow_private=True,
    )
    settings = spec.settings_type(base_url=server.url(""), **spec.portal().settings)
    return session, [document async for document in spec.build(settings).documents(session)]


async def taken_for_whole(
    spec: ConnectorSpec, fetcher: HttpFetcher, folder: Path, framing: str, path: str, *, step: int = 1
) -> list[int]:
    """Return how many bytes were missing each time the run went through with every document proven."""
    spoil, measure = FRAMINGS[framing]
    portal, taken = CutPortal(spec), []
    portal.path = path
    body = portal.answers[path].body
    size = measure(body)
    async with FaultServer(portal) as server:
        for missing in range(0, size + 1, step):
            portal.answer = spoil(body, size - missing)
            try:
                _, documents = await run(spec, fetcher, server, folder)
            except SyncdError:
                continue
            if all(document.framed for document in documents):
                taken.append(missing)
    return taken


@pytest.mark.fault("T1", "T2", "T3")
@pytest.mark.parametrize("framing", sorted(FRAMINGS.keys() - {"closed"}))
async def test_no_prefix_of_a_feed_is_taken_for_the_feed(
    fetcher: HttpFetcher, tmp_path: Path, framing: str
) -> None:
    path = LINK_LIST.portal().last_document
    assert await taken_for_whole(LINK_LIST, fetcher, tmp_path, framing, path) == [0]


@pytest.mark.fault("T4")
async def test_no_prefix_that_ends_with_the_connection_is_proven(
    fetcher: HttpFetcher, tmp_path: Path
) -> None:
    path = LINK_LIST.portal().last_document
    assert await taken_for_whole(LINK_LIST, fetcher, tmp_path, "closed", path) == []


@pytest.mark.fault("T1", "T3")
@pytest.mark.parametrize("step", [17, pytest.param(1, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("spec", [DLDB, SUCHDIENST], ids=lambda spec: spec.name)
@pytest.mark.parametrize("framing", ["length", "gzip, length of the cut"])
async def test_no_prefix_of_one_page_makes_a_complete_listing(
    fetcher: HttpFetcher, tmp_path: Path, spec: ConnectorSpec, framing: str, step: int
) -> None:
    for path in spec.portal().answers:
        assert await taken_for_whole(spec, fetcher, tmp_path, framing, path, step=step) == [0]
