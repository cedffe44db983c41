"""The replay server: recordings as they were, and every fault as the field knows it."""

from __future__ import annotations

import asyncio
import gzip
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import orjson
import pytest

from syncd.errors import ConfigError, NotFound, SyncdError
from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from syncd.replay import Mood, ReplayServer, load_recordings, parse_faults
from syncd.sdk.connector import Document
from tests.support.paths import REPOSITORY

CSV = (
    "Leistung;Name\n" + "".join(f'{number};"Leistung\nNummer {number}"\n' for number in range(100))
).encode()
JSON = orjson.dumps({"meta": {"total": 50}, "data": [{"id": number} for number in range(50)]})
RECORDING = """
title = "A city's list"
credit = "made up"
recorded_on = 2026-10-04
synthetic = true

[[route]]
path = "/list.csv"
query = { ars = "06", page = "1" }
file = "list.csv.gz"
content_type = "text/csv; charset=utf-8"
empty_file = "empty.csv"

[[route]]
path = "/list.csv"
file = "empty.csv"
content_type = "text/csv"

[[route]]
path = "/data.json"
file = "data.json"
content_type = "application/json"
etag = "hash-of-body"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for portal in ("city", "land"):
        place = tmp_path / "recordings" / portal
        place.mkdir(parents=True)
        (place / "recording.toml").write_text(RECORDING)
        (place / "list.csv.gz").write_bytes(gzip.compress(CSV))
        (place / "empty.csv").write_bytes(b"Leistung;Name\n")
        (place / "data.json").write_bytes(JSON)
    return tmp_path / "recordings"


@pytest.fixture
async def server(folder: Path) -> AsyncIterator[ReplayServer]:
    async with ReplayServer(folder, drip_pause_s=0.05) as running:
        yield running


@pytest.fixture
async def fetcher() -> AsyncIterator[HttpFetcher]:
    limits = FetchLimits(headers_s=1, read_gap_s=1, rate_grace_s=0.5, retry_wait_s=0.01, wire_bytes=5_000_000)
    async with HttpFetcher(limits) as opened:
        yield opened


def session_of(server: ReplayServer, fetcher: HttpFetcher, folder: Path) -> SourceSession:
    return SourceSession(
        source_id="city",
        fetcher=fetcher,
        base_url=server.base_url("city"),
        rundir=folder / "run",
        raw_root=folder / "raw",
        allow_private=True,
    )


async def fetch(server: ReplayServer, fetcher: HttpFetcher, folder: Path, *, json: bool = False) -> Document:
    session = session_of(server, fetcher, folder)
    if json:
        return await session.fetch("data.json", name="d", accept=("application/json",))
    return await session.fetch("list.csv", name="d", params={"page": "1", "ars": "06"}, accept=("text/csv",))


async def test_answers_are_served_as_recorded(
    server: ReplayServer, fetcher: HttpFetcher, tmp_path: Path
) -> None:
    document = await fetch(server, fetcher, tmp_path)
    assert document.path.read_bytes() == CSV
    assert document.framed
    assert document.etag
    assert (await fetch(server, fetcher, tmp_path, json=True)).etag == '"hash-of-body"'


async def test_routes_are_found_by_path_and_query(server: ReplayServer) -> None:
    async with aiohttp.ClientSession() as http:
        for path, expected in (
            ("/list.csv?page=1&ars=06", CSV),
            ("/list.csv?ars=07", b"Leistung;Name\n"),
            ("/list.csv", b"Leistung;Name\n"),
        ):
            async with http.get(server.base_url("city") + path) as answer:
                assert answer.status == 200
                assert await answer.read() == expected
        for url in (server.base_url("city") + "/other", server.base_url("city") + "x/list.csv"):
            async with http.get(url) as answer:
                assert answer.status == 404
        async with http.post(server.base_url("city") + "/list.csv") as answer:
            assert answer.status == 405
        async with http.head(
            server.base_url("city") + "/list.csv", headers={"Accept-Encoding": "identity"}
        ) as answer:
            assert answer.headers["Content-Length"] == "14"


@pytest.mark.parametrize(
    "validator", ['"hash-of-body"', "hash-of-body", 'W/"hash-of-body"', '"x", "hash-of-body"', "*"]
)
async def test_a_matching_validator_is_answered_with_304(server: ReplayServer, validator: str) -> None:
    url = server.base_url("city") + "/data.json"
    async with aiohttp.ClientSession() as http:
        async with http.get(url, headers={"If-None-Match": validator}) as answer:
            assert answer.status == 304
            assert answer.headers["ETag"] == '"hash-of-body"'
        async with http.get(url, headers={"If-None-Match": '"other"'}) as answer:
            assert answer.status == 200
        # The old validator must not hide that the portal is now empty.
        server.set_faults({"city": "empty"})
        async with http.get(url, headers={"If-None-Match": validator}) as answer:
            assert answer.status == (304 if validator == "*" else 200)


CODES = {
    Mood.DOWN: "connection_lost",
    Mood.TRUNCATED: "truncated",
    Mood.TRUNCATED_GZIP: "truncated",
    Mood.EMPTY_BODY: "empty_body",
    Mood.SLOW: "too_slow",
    Mood.HTML: "html_instead_of_data",
    Mood.ERROR500: "http_500",
    Mood.ERROR500_JSON: "http_500",
    Mood.REDIRECT_ELSEWHERE: "redirect_refused",
    Mood.HANG: "timeout_headers",
    Mood.BOMB: "ratio_exceeded",
    Mood.REDIRECT_INWARDS: "redirect_refused",
    Mood.ENDLESS: "too_large",
    Mood.INTERIM: "malformed_http",
}


@pytest.mark.fault("N1", "N8", "N10", "N14", "T1", "T3", "T12", "T15", "T17")
@pytest.mark.parametrize("mood", CODES)
async def test_each_fault_gets_its_own_error(
    server: ReplayServer, fetcher: HttpFetcher, tmp_path: Path, mood: Mood
) -> None:
    server.set_faults({"city": mood})
    with pytest.raises(SyncdError) as caught:
        await fetch(server, fetcher, tmp_path)
    assert caught.value.code == CODES[mood]
    server.set_faults({"city": Mood.NONE})
    assert (await fetch(server, fetcher, tmp_path)).size == len(CSV)


@pytest.mark.parametrize("mood", [Mood.FAIL, Mood.HOSTILE])
async def test_mixed_moods_change_with_every_request_and_never_get_through(
    server: ReplayServer, fetcher: HttpFetcher, tmp_path: Path, mood: Mood
) -> None:
    server.set_faults({"city": mood})
    codes = []
    for _ in range(8):
        try:
            # Garbage of the right type is for the parser to refuse.
            codes.append("" if (await fetch(server, fetcher, tmp_path)).path.read_bytes() == CSV else "other")
        except SyncdError as error:
            codes.append(error.code)
    assert "" not in codes
    assert len(set(codes)) >= 3
    server.set_faults({"city": "good"})
    assert (await fetch(server, fetcher, tmp_path)).size == len(CSV)


async def test_a_portal_to_be_warned_of_gives_everything_and_a_finding(
    server: ReplayServer, fetcher: HttpFetcher, tmp_path: Path
) -> None:
    server.set_faults({"city": "warn"})
    session = session_of(server, fetcher, tmp_path)
    document = await session.fetch("data.json", name="d", accept=("application/json",))
    assert document.size == len(JSON)
    assert [issue.code for issue in session.issues] == ["portal_clock_off"]


async def test_faults_that_look_like_data(server: ReplayServer, fetcher: HttpFetcher, tmp_path: Path) -> None:
    server.set_faults({"*": "empty"})
    assert (await fetch(server, fetcher, tmp_path)).path.read_bytes() == b"Leistung;Name\n"
    empty = await fetch(server, fetcher, tmp_path, json=True)
    assert orjson.loads(empty.path.read_bytes()) == {"meta": {"total": 50}, "data": []}
    server.set_faults({"*": "shrunken"})
    fewer = await fetch(server, fetcher, tmp_path)
    assert fewer.path.read_bytes() == CSV[: len(fewer.path.read_bytes())]
    assert fewer.path.read_bytes().count(b"Nummer") == 40
    few = await fetch(server, fetcher, tmp_path, json=True)
    assert len(orjson.loads(few.path.read_bytes())["data"]) == 20
    server.set_faults({"*": "garbage"})
    garbage = await fetch(server, fetcher, tmp_path)
    assert garbage.size == len(CSV)
    assert garbage.path.read_bytes() != CSV


async def test_faults_change_at_run_time(server: ReplayServer) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.put(server.control_url, json={"city": "down"}) as answer:
            assert await answer.json() == {"city": "down", "land": "none"}
        for body, status in (({"city": "sleepy"}, 422), ({"nowhere": "down"}, 422), ([1], 400)):
            async with http.put(server.control_url, json=body) as answer:
                assert answer.status == status
                assert "error" in await answer.json()
        async with http.put(server.control_url, data=b"no json") as answer:
            assert answer.status == 400
        async with http.get(server.control_url) as answer:
            assert await answer.json() == {"city": "down", "land": "none"}
        async with http.put(server.control_url, json={"*": "none"}) as answer:
            assert set((await answer.json()).values()) == {"none"}
        async with http.delete(server.control_url) as answer:
            assert answer.status == 405
        async with http.get(server.control_url.replace("faults", "portals")) as answer:
            city, _ = await answer.json()
            assert city["title"] == "A city's list"
            assert city["recorded_on"] == "2026-10-04"
            assert city["base_url"] == server.base_url("city")


async def test_one_portals_fault_does_not_touch_another(server: ReplayServer) -> None:
    server.set_faults({"land": "hang"})
    async with (
        aiohttp.ClientSession() as http,
        http.get(server.base_url("city") + "/data.json") as answer,
    ):
        assert await answer.read() == JSON
    assert server.hits == {("city", 200): 1}


@pytest.mark.parametrize(
    "request_bytes", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000 + b"\r\n\r\n"]
)
async def test_malformed_requests_are_answered(server: ReplayServer, request_bytes: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request_bytes)
    assert (await reader.readline()).startswith(b"HTTP/1.1 400")
    writer.close()


def test_faults_are_read_from_the_command_line(folder: Path) -> None:
    assert parse_faults(["city=down", "slow"]) == {"city": Mood.DOWN, "*": Mood.SLOW}
    with pytest.raises(ConfigError, match="truncated_gzip"):
        parse_faults(["city=sleepy"])
    with pytest.raises(ConfigError, match="nowhere"):
        ReplayServer(folder, faults={"nowhere": "down"})
    with pytest.raises(NotFound):
        ReplayServer(folder).base_url("nowhere")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title = ", "TOML"),
        ("colour = 1", "colour"),
        ('[[route]]\npath = "/a"', "file"),
        ('[[route]]\npath = "a"\nfile = "data.json"', "slash"),
        ('[[route]]\npath = "/a"\nfile = "../land/data.json"', "not a file of this recording"),
        ('[[route]]\npath = "/a"\nfile = "data.json"\nquery = "x"', "table"),
        ('[[route]]\npath = "/a"\nfile = "data.json"\nstatus = 1', "status"),
    ],
)
def test_a_wrong_recording_is_explained(folder: Path, text: str, told: str) -> None:
    (folder / "city" / "recording.toml").write_text(text)
    with pytest.raises(ConfigError, match=told) as caught:
        load_recordings(folder)
    assert "city" in caught.value.where


def test_a_folder_without_recordings_is_explained(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ConfigError):
            load_recordings(place)


def test_the_shipped_recordings_are_complete_and_real() -> None:
    for recording in load_recordings(REPOSITORY / "config" / "recordings").values():
        assert recording.title
        assert recording.credit
        assert recording.recorded_on
        assert not recording.synthetic
        for route in recording.routes:
            assert route.body()
            assert route.empty_file is not None


async def test_it_serves_until_it_is_told_to_stop(folder: Path) -> None:
    script = (
        "import sys, pathlib\n"
        "from syncd.replay import main_replay\n"
        "sys.exit(main_replay(pathlib.Path(sys.argv[1]), faults={'land': 'down'}))\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        str(folder),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode() for _ in range(3)]
    assert "/city  A city's list (synthetic), fault: none" in lines[0]
    assert "fault: down" in lines[1]
    assert "/_replay/faults" in lines[2]
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
