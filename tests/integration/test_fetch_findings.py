"""Trouble that is coming: what a session notes before a limit, a liar or a clock becomes a failure."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from syncd.pipeline.ports import DocumentNote
from tests.support.asking import CSV, LIMITS, TYPE
from tests.support.fault_server import FaultServer, response

DAY = 86_400.0


@pytest.fixture
async def fetcher() -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(LIMITS) as opened:
        yield opened


def session_of(
    fetcher: HttpFetcher,
    server: FaultServer,
    folder: Path,
    notes: tuple[DocumentNote, ...] = (),
    limits: FetchLimits | None = None,
) -> SourceSession:
    return SourceSession(
        source_id="city",
        fetcher=fetcher,
        base_url=server.url(""),
        rundir=folder / "run",
        raw_root=folder / "raw",
        notes={note.name: note for note in notes},
        allow_private=True,
        limits=limits,
    )


@pytest.mark.fault("T19")
@pytest.mark.parametrize(
    ("age_s", "conditional"),
    [(0.0, True), (6 * DAY, True), (7.01 * DAY, False), (-2 * DAY, False)],
    ids=["new", "six days", "over a week", "clock set back"],
)
async def test_a_portal_whose_validators_lie_is_found_out_within_a_week(
    fetcher: HttpFetcher, tmp_path: Path, age_s: float, conditional: bool
) -> None:
    liar = response(b"", 'ETag: "v1"', status="304 Not Modified", framed=False)
    changed = response(CSV + b"new\n", TYPE, 'ETag: "v1"')
    async with FaultServer(response(CSV, TYPE, 'ETag: "v1"'), liar if conditional else changed) as server:
        first = session_of(fetcher, server, tmp_path)
        document = await first.fetch("list", name="list")
        then = time.time() - age_s
        os.utime(document.path, (then, then))
        again = session_of(fetcher, server, tmp_path, first.notes())
        await again.fetch("list", name="list")
        assert ("if-none-match" in server.requests[1].lower()) is conditional
        assert again.all_unchanged is conditional


@pytest.mark.fault("T19")
async def test_a_full_fetch_that_brings_the_same_starts_the_week_anew(
    fetcher: HttpFetcher, tmp_path: Path
) -> None:
    async with FaultServer(response(CSV, TYPE, 'ETag: "v1"')) as server:
        first = session_of(fetcher, server, tmp_path)
        document = await first.fetch("list", name="list")
        os.utime(document.path, (0, 0))
        notes = first.notes()
        for _ in range(2):
            session = session_of(fetcher, server, tmp_path, notes)
            await session.fetch("list", name="list")
            assert session.all_unchanged
        assert ["if-none-match" in head.lower() for head in server.requests] == [False, False, True]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (FetchLimits(), set()),
        (FetchLimits(wire_bytes=2 * len(CSV)), {"The size of the document on the wire"}),
        (FetchLimits(decoded_bytes=2 * len(CSV)), {"The size of the unpacked document"}),
        (FetchLimits(documents=7), {"The number of documents"}),
        (FetchLimits(run_bytes=7 * len(CSV)), {"The size of all documents"}),
    ],
    ids=["far away", "wire", "decoded", "documents", "run"],
)
async def test_a_limit_that_comes_near_is_said_once(
    fetcher: HttpFetcher, tmp_path: Path, limits: FetchLimits, expected: set[str]
) -> None:
    async with FaultServer(response(CSV, TYPE)) as server:
        session = session_of(fetcher, server, tmp_path, limits=limits)
        for number in range(4):
            await session.fetch("list", name=f"page-{number}")
    near = [issue for issue in session.issues if issue.code == "near_limit"]
    assert {issue.message.partition(" is past 40% ")[0] for issue in near} == expected
    assert len(near) == len(expected)
