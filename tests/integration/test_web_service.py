"""The API as a service: health, load, switches of release, slow clients, the export, its description."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from openapi_spec_validator import validate

from syncd.errors import ConfigError, StorageError
from syncd.storage import SqlStore, open_store
from syncd.web import Server, build_app
from syncd.web.app import READER
from tests.support import miniature as mini
from tests.support.miniature import Miniature, many_services, stand_up
from tests.support.served import METRICS, Broken, client, web_deps


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with open_store(f"sqlite:///{tmp_path / 'syncd.sqlite'}") as opened:
        yield opened


@pytest.fixture
def miniature(store: SqlStore, tmp_path: Path) -> Miniature:
    return stand_up(store, tmp_path)


@pytest_asyncio.fixture
async def session(miniature: Miniature) -> AsyncIterator[aiohttp.ClientSession]:
    async with client(miniature) as opened:
        yield opened


# --- health -----------------------------------------------------------------------------------------------


@pytest.mark.fault("P13")
async def test_sources_that_are_down_do_not_make_it_unready(session: aiohttp.ClientSession) -> None:
    async with session.get("/health/ready") as response:
        body = await response.json()
    assert response.status == 200
    assert (body["status"], body["database"], body["release"]["number"]) == ("ready", True, 1)


@pytest.mark.fault("P13")
async def test_facts_are_shown_and_may_make_it_unready(miniature: Miniature) -> None:
    facts: dict[str, object] = {"ok": True, "loop_lag_seconds": 0.001}
    async with client(miniature, ready=lambda: facts) as session:
        async with session.get("/health/ready") as response:
            assert (await response.json())["facts"] == {"loop_lag_seconds": 0.001}
        facts["ok"] = False
        async with session.get("/health/ready") as response:
            assert response.status == 503
        async with session.get("/health/live") as response:
            assert response.status == 200


@pytest.mark.fault("P13")
async def test_a_database_that_does_not_answer_makes_it_unready(
    store: SqlStore, miniature: Miniature
) -> None:
    miniature.store = Broken(store, "ping", lambda: StorageError("gone"))
    async with client(miniature) as session, session.get("/health/ready") as response:
        assert response.status == 503
        assert (await response.json())["database"] is False


async def test_metrics_and_the_ear_for_requests(miniature: Miniature) -> None:
    heard: list[tuple[str, str, int]] = []
    async with client(
        miniature,
        on_request=lambda method, route, status, _s: heard.append((method, route, status)),
    ) as session:
        async with session.get("/metrics") as response:
            assert await response.read() == METRICS
            assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        for path in ("/v1/areas/06411", "/v1/areas/nowhere", "/made/up/by/client"):
            async with session.get(path):
                pass
        async with session.head("/metrics"), session.post("/metrics"), session.request("PURGE", "/metrics"):
            pass
    assert heard[:4] == [
        ("GET", "/metrics", 200),
        ("GET", "/v1/areas/{area}", 200),
        ("GET", "/v1/areas/{area}", 404),
        ("GET", "unknown", 404),
    ]
    assert [method for method, _, _ in heard[4:]] == ["HEAD", "POST", "PURGE"]


# --- load and switches ------------------------------------------------------------------------------------


@pytest.mark.fault("A16")
async def test_readers_see_one_release_or_the_other_never_a_mixture(
    session: aiohttp.ClientSession, miniature: Miniature
) -> None:
    """While releases are published, every answer fits the release it names."""
    stop = asyncio.Event()
    seen: set[int] = set()

    def titles(body: Any) -> set[str]:
        return {entry["title"] for entry in body["items"]}

    async def read() -> None:
        while not stop.is_set():
            async with session.get("/v1/catalogue") as response:
                body = await response.json()
            number = body["release"]["number"]
            seen.add(number)
            marks = {title for title in titles(body) if title.startswith("Mark ")}
            assert marks == ({f"Mark {number}"} if number > 1 else set())

    readers = [asyncio.create_task(read()) for _ in range(8)]
    for number in range(2, 12):
        said = mini.claim("bund", "B9", mini.NOBODY_SPEAKS, "06", title=f"Mark {number}")
        await asyncio.to_thread(miniature.say, "bund", [*mini.bund_claims(), said])
        release = await asyncio.to_thread(miniature.publish)
        assert release is not None
        assert release.number == number
    stop.set()
    await asyncio.gather(*readers)
    assert len(seen) > 3


async def test_prepared_answers_are_remembered_per_release(store: SqlStore, miniature: Miniature) -> None:
    calls: list[str] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            calls.append(name)
            return getattr(store, name)

    miniature.store = Counting()
    async with client(miniature, pointer_seconds=60) as session:
        for _ in range(5):
            async with session.get("/v1/services?limit=5") as response:
                assert response.status == 200
    assert calls.count("partitions") == 1
    assert calls.count("current_release") == 1


@pytest.mark.fault("A5", "D9")
async def test_few_reads_run_at_once_and_waiting_too_long_is_an_honest_503(
    store: SqlStore, miniature: Miniature, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading  # noqa: PLC0415 - only this test blocks threads

    release, running, peak = threading.Event(), [0], [0]

    class Slow:
        def __getattr__(self, name: str) -> Any:
            if name != "partitions":
                return getattr(store, name)
            running[0] += 1
            peak[0] = max(peak[0], running[0])
            release.wait(10)
            running[0] -= 1
            return store.partitions

    monkeypatch.setattr("syncd.web.reader.WAIT_SECONDS", 0.3)
    miniature.store = Slow()
    async with client(miniature, threads=2, pointer_seconds=60) as session:
        async with session.get("/v1/releases/current"):
            pass
        tasks = [asyncio.create_task(session.get(f"/v1/services?limit={n}")) for n in range(1, 7)]
        async with session.get("/health/live") as alive:
            assert alive.status == 200
        done, _ = await asyncio.wait(tasks, timeout=2)
        release.set()
        responses = await asyncio.gather(*tasks)
    assert peak[0] == 2
    assert len(done) == 4
    assert sorted(response.status for response in responses) == [200, 200, 503, 503, 503, 503]


@pytest.mark.fault("A4")
async def test_connections_that_say_nothing_are_closed(
    miniature: Miniature, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.web.server.FIRST_REQUEST_SECONDS", 0.5)
    async with Server(build_app(web_deps(miniature)), "127.0.0.1", 0) as server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        slow = [await asyncio.open_connection(host, int(port)) for _ in range(200)]
        for _, writer in slow:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        async with aiohttp.ClientSession(server.url) as session:
            for _ in range(2):
                async with session.get("/v1/services") as response:
                    assert response.status == 200
                await asyncio.sleep(1)
            async with session.get("/v1/services") as response:  # who has asked once may stay
                assert response.status == 200
        for reader, writer in slow:
            with suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 2) == b""
            writer.close()


async def test_threads_end_with_the_application(miniature: Miniature) -> None:
    app = build_app(web_deps(miniature))
    async with (
        Server(app, "127.0.0.1", 0) as server,
        aiohttp.ClientSession(server.url) as session,
        session.get("/v1/services") as response,
    ):
        assert response.status == 200
    with pytest.raises(RuntimeError):
        await app[READER].run(lambda: None)


async def test_an_address_in_use_is_a_clear_error(miniature: Miniature) -> None:
    async with Server(build_app(web_deps(miniature)), "127.0.0.1", 0) as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(ConfigError, match="is in use") as refused:
            await Server(build_app(web_deps(miniature)), "127.0.0.1", port).start()
    assert refused.value.code == "address_unusable"


# --- export -----------------------------------------------------------------------------------------------


async def test_the_export_is_the_whole_catalogue_in_order(store: SqlStore, tmp_path: Path) -> None:
    miniature = stand_up(store, tmp_path)
    said = [
        mini.claim("bund", f"N{n}", f"local:bund:{n}", "06", title=f"Eintrag {n} " + "ä" * 400)
        for n in range(1700)
    ]
    miniature.say("bund", [*mini.bund_claims(), *said])
    miniature.publish()
    async with client(miniature) as session:
        async with session.get("/v1/catalogue.ndjson", headers={"Accept-Encoding": "identity"}) as response:
            assert response.headers["Syncd-Release"] == "2"
            assert response.headers["Transfer-Encoding"] == "chunked"
            body = await response.read()
        async with session.get("/v1/catalogue.ndjson", headers={"Accept-Encoding": "gzip"}) as response:
            assert gzip.decompress(await response.read()) == body
        async with session.get("/v1/catalogue.ndjson?release=1") as response:
            assert len((await response.read()).splitlines()) == 6
    entries = [json.loads(line) for line in body.splitlines()]
    assert len(entries) == 1706
    keys = [(entry["service_key"], entry["area"]) for entry in entries]
    assert keys == sorted(keys)
    assert body.endswith(b"\n")


async def test_an_export_that_breaks_off_does_not_look_complete(
    store: SqlStore, miniature: Miniature
) -> None:
    said = [mini.claim("bund", f"N{n}", f"local:bund:{n}", "06", title="x" * 2000) for n in range(600)]
    miniature.say("bund", said)
    miniature.publish()

    class Failing:
        reads = 0

        def __getattr__(self, name: str) -> Any:
            if name == "entries":
                self.reads += 1
                if self.reads > 1:
                    raise StorageError("the disk is gone")
            return getattr(store, name)

    miniature.store = Failing()
    async with client(miniature) as session:
        async with session.get("/v1/catalogue.ndjson") as response:
            assert response.status == 200
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()
        async with session.get("/health/live") as response:
            assert response.status == 200


# --- description ------------------------------------------------------------------------------------------


async def test_the_description_is_valid_and_complete(miniature: Miniature) -> None:
    app = build_app(web_deps(miniature))
    async with (
        Server(app, "127.0.0.1", 0) as server,
        aiohttp.ClientSession(server.url) as session,
        session.get("/v1/openapi.json") as response,
    ):
        document = await response.json()
    validate(document)
    assert document["openapi"] == "3.1.0"
    routes = {resource.canonical for resource in app.router.resources()}
    pages = {"/", "/gaps", "/gap", "/service", "/explain", "/static/{name}", "/v1/openapi.json"}
    assert set(document["paths"]) == routes - pages
    operations = [(path, what) for path, item in document["paths"].items() for what in item.values()]
    for path, operation in operations:
        responses = set(operation["responses"])
        assert {"400", "413", "500", "503"} <= responses, path
        assert responses & {"200", "201"}, path
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (path, parameter["name"])


async def test_pages_of_thousands_of_services_stay_quick(miniature: Miniature) -> None:
    many_services(miniature, 2000).publish()
    async with (
        asyncio.timeout(10),
        client(miniature) as session,
        session.get("/v1/gaps?state=unknown&limit=1000") as response,
    ):
        assert len((await response.json())["items"]) == 1000
