"""How the API behaves as an HTTP service: validators, compression, caching, errors, load, switches."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from syncd.errors import InvariantViolated, StorageError
from syncd.storage import SqlStore, open_store
from syncd.web import Server, build_app
from tests.support import miniature as mini
from tests.support.miniature import Clock, Miniature, make_registry, stand_up
from tests.support.served import Broken, client, web_deps

STALE = '"nothing"'
RELEASE_BOUND = [
    "/v1/areas",
    f"/v1/areas/{mini.GROSSSTADT}",
    f"/v1/areas/{mini.GROSSSTADT}/coverage?cells=true",
    "/v1/cohorts/pilots",
    "/v1/services",
    f"/v1/services/{mini.TO_PRINT}",
    f"/v1/services/{mini.TO_PRINT}/coverage",
    "/v1/catalogue",
    "/v1/catalogue.ndjson",
    "/v1/gaps",
    f"/v1/explain?service={mini.TO_PRINT}&area={mini.GROSSSTADT}",
    "/v1/releases/current",
    "/v1/releases/1",
    "/v1/releases/1/changes",
    "/gaps",
    f"/explain?service={mini.TO_PRINT}&area={mini.GROSSSTADT}",
]
OTHERS = ["/v1/sources", "/v1/sources/bund", "/v1/runs", "/v1/runs/1", "/v1/cohorts", "/v1/releases", "/"]


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


# --- validators and caching -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", RELEASE_BOUND + OTHERS + ["/v1/openapi.json", "/static/syncd.css"])
async def test_an_unchanged_answer_is_not_sent_twice(session: aiohttp.ClientSession, path: str) -> None:
    for encoding in ("identity", "gzip"):
        async with session.get(path, headers={"Accept-Encoding": encoding}) as first:
            body, etag = await first.read(), first.headers["ETag"]
        assert first.status == 200
        assert body
        async with session.get(
            path, headers={"Accept-Encoding": encoding, "If-None-Match": f"{STALE}, {etag}"}
        ) as second:
            assert second.status == 304
            assert await second.read() == b""
            assert second.headers["ETag"] == etag
            assert second.headers["X-Request-Id"]
        async with session.get(path, headers={"If-None-Match": STALE}) as third:
            assert third.status == 200


@pytest.mark.fault("A14")
@pytest.mark.parametrize("path", [path for path in RELEASE_BOUND if "/releases/1" not in path])
async def test_a_new_release_changes_the_validator(
    session: aiohttp.ClientSession, miniature: Miniature, path: str
) -> None:
    async with session.get(path) as first:
        etag = first.headers["ETag"]
    miniature.say("bund", mini.bund_claims()[:1])
    miniature.publish()
    async with session.get(path, headers={"If-None-Match": etag}) as second:
        assert second.status == 200
        assert second.headers["ETag"] != etag


async def test_answers_of_a_named_release_may_be_kept(session: aiohttp.ClientSession) -> None:
    for path, expected in [
        ("/v1/catalogue?release=1", "public, max-age=604800"),
        ("/v1/gaps?release=1", "no-cache"),  # operators may decide on its gaps tomorrow
        ("/v1/releases/1", "public, max-age=604800"),
        ("/v1/catalogue.ndjson?release=1", "public, max-age=604800"),
        ("/v1/gaps", "no-cache"),
        ("/v1/gaps?at=2026-11-26", "no-cache"),
        ("/v1/cohorts/pilots?release=1", "no-cache"),  # the configuration may name other areas tomorrow
        ("/v1/sources", "no-cache"),
        ("/health/live", "no-store"),
        ("/v1/nowhere", "no-store"),
    ]:
        async with session.get(path) as response:
            assert response.headers["Cache-Control"] == expected, path


async def test_the_same_answer_does_not_borrow_another_life(session: aiohttp.ClientSession) -> None:
    for _ in range(2):
        for path, life in [("/v1/services?release=1", "max-age"), ("/v1/services", "no-cache")]:
            async with session.get(path) as response:
                assert life in response.headers["Cache-Control"]


async def test_a_changed_configuration_changes_answers_that_depend_on_it(
    session: aiohttp.ClientSession, miniature: Miniature
) -> None:
    async with session.get("/v1/cohorts/pilots") as response:
        etag = response.headers["ETag"]
    registry = make_registry()
    cohort = type(registry.cohorts[0])("pilots", "Andere", ("09",))
    miniature.registry = type(registry)(**{**_fields(registry), "cohorts": (cohort,)})
    async with session.get("/v1/cohorts/pilots", headers={"If-None-Match": etag}) as response:
        assert (await response.json())["item"]["title"] == "Andere"


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


# --- form -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", RELEASE_BOUND + OTHERS + ["/health/live", "/metrics", "/v1/nowhere"])
async def test_head_says_what_get_says_without_a_body(session: aiohttp.ClientSession, path: str) -> None:
    async with session.get(path) as get, session.head(path) as head:
        await get.read()
        assert head.status == get.status
        assert await head.read() == b""
        for name in ("Content-Type", "ETag", "Cache-Control", "Content-Length", "Link"):
            if name == "Content-Length" and path.endswith("nowhere"):
                continue  # the id of the occurrence differs, its length does not
            assert head.headers.get(name) == get.headers.get(name), name


@pytest.mark.parametrize("path", ["/v1/sources", "/v1/openapi.json", "/", "/v1/catalogue.ndjson"])
async def test_large_answers_are_packed(session: aiohttp.ClientSession, path: str) -> None:
    async with session.get(path, headers={"Accept-Encoding": "identity"}) as plain:
        body = await plain.read()
        assert "Content-Encoding" not in plain.headers
    async with session.get(path, headers={"Accept-Encoding": "gzip, br"}) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.headers["Vary"] == "Accept-Encoding"
        assert packed.headers["ETag"] != plain.headers["ETag"]
        assert gzip.decompress(await packed.read()) == body


@pytest.mark.parametrize("path", ["/", "/v1/gaps", "/v1/nowhere", "/health/ready", "/v1/catalogue.ndjson"])
async def test_every_answer_carries_the_protecting_headers(session: aiohttp.ClientSession, path: str) -> None:
    async with session.get(path) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Server"] == "syncd"
        assert len(response.headers["X-Request-Id"]) == 36


async def test_the_next_page_stands_in_header_and_body(session: aiohttp.ClientSession) -> None:
    async with session.get("/v1/services?limit=3") as response:
        body = await response.json()
        assert response.headers["Link"] == f'<{body["next"]}>; rel="next"'
        assert response.headers["Syncd-Release"] == "1"
    async with session.get(body["next"]) as response:
        assert response.headers["Cache-Control"].startswith("public")


@pytest.mark.fault("A8")
async def test_hosts_and_proxies_named_by_clients_are_not_believed(session: aiohttp.ClientSession) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    async with session.get("/v1/services?limit=1", headers=headers) as response:
        assert b"evil.example" not in await response.read()
        assert "evil.example" not in str(response.headers)


# --- errors -----------------------------------------------------------------------------------------------


async def problem(response: aiohttp.ClientResponse) -> dict[str, Any]:
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = await response.json(content_type=None)
    assert {"type", "title", "status", "code", "detail", "fix", "instance", "errors"} == set(body)
    assert body["status"] == response.status
    assert body["instance"] == f"urn:uuid:{response.headers['X-Request-Id']}"
    assert body["fix"]
    return body


async def test_wrong_parameters_are_explained(session: aiohttp.ClientSession) -> None:
    async with session.get("/v1/gaps?limit=0&stat=dead&line=dorf") as response:
        body = await problem(response)
    assert response.status == 400
    assert body["errors"] == [
        {
            "parameter": "stat",
            "message": "is not known here (known: cursor, limit, release, at, area, service, obligation, "
            "line, state, cause, status, responsible, overdue, unassigned, assignee)",
        }
    ]
    async with session.get("/v1/gaps?limit=0&line=dorf") as response:
        assert {e["parameter"] for e in (await problem(response))["errors"]} == {"limit", "line"}


async def test_only_reading_is_possible(session: aiohttp.ClientSession) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        async with session.request(method, "/v1/gaps") as response:
            assert response.status == 405
            assert response.headers["Allow"] == "GET, HEAD"
            assert (await problem(response))["code"] == "method_not_allowed"


@pytest.mark.fault("A4")
async def test_bodies_are_refused(session: aiohttp.ClientSession) -> None:
    async with session.get("/v1/gaps", data=b"x" * 70_000) as response:
        assert response.status == 413
        assert (await problem(response))["code"] == "request_too_large"


async def test_what_is_no_http_learns_no_versions_and_fills_no_log(
    miniature: Miniature, caplog: pytest.LogCaptureFixture
) -> None:
    async with Server(build_app(web_deps(miniature)), "127.0.0.1", 0) as server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert b" 400 " in answer.splitlines()[0]
    assert caplog.records == []
    assert b"aiohttp" not in answer
    assert b"Traceback" not in answer


@pytest.mark.fault("A12")
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (lambda: StorageError("/var/lib/secret.sqlite is locked", where="database"), 503, "storage"),
        (lambda: InvariantViolated("SELECT secret FROM t"), 500, "internal"),
        (lambda: RuntimeError("secret"), 500, "internal"),
        (lambda: KeyError("secret"), 500, "internal"),
    ],
)
async def test_failures_of_ours_say_nothing_of_the_inside(
    store: SqlStore, miniature: Miniature, error: Callable[[], Exception], status: int, code: str
) -> None:
    miniature.store = Broken(store, "partitions", error)
    async with client(miniature) as session:
        async with session.get("/v1/services") as response:
            text = await response.text()
            body = await problem(response)
        assert (response.status, body["code"]) == (status, code)
        assert "secret" not in text
        assert ("Retry-After" in response.headers) is (status == 503)
        async with session.get("/explain?service=x&area=Auheim", headers={"Accept": "text/html"}) as page:
            assert page.status == status
            assert "secret" not in await page.text()


async def test_before_the_first_release(store: SqlStore, tmp_path: Path) -> None:
    empty = Miniature(store, tmp_path, make_registry(), Clock())
    async with client(empty) as session:
        async with session.get("/v1/gaps") as response:
            assert response.status == 503
            assert (await problem(response))["code"] == "no_release"
            assert response.headers["Retry-After"] == "10"
        async with session.get("/v1/sources") as response:
            assert response.status == 200
        async with session.get("/health/ready") as response:
            assert response.status == 503
            assert (await response.json())["database"] is True
        async with session.get("/") as response:
            assert response.status == 200
            assert "Noch nichts veröffentlicht" in await response.text()
