"""Decisions that are refused: bodies off their description, too large or slow; and the description itself."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from openapi_spec_validator import validate

from syncd.storage import SqlStore, open_store
from syncd.web import Server, build_app, writing
from tests.support import miniature as mini
from tests.support.deciding import (
    ANNA,
    BERT,
    OPERATORS,
    PIN,
    bearer,
    contradicted,
    problem,
)
from tests.support.miniature import Miniature
from tests.support.served import client, web_deps


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with open_store(f"sqlite:///{tmp_path / 'syncd.sqlite'}") as opened:
        yield opened


@pytest.fixture
def miniature(store: SqlStore, tmp_path: Path) -> Miniature:
    return contradicted(store, tmp_path)


@pytest_asyncio.fixture
async def session(miniature: Miniature) -> AsyncIterator[aiohttp.ClientSession]:
    async with client(miniature, operators=lambda: OPERATORS) as opened:
        yield opened


OFF: list[tuple[dict[str, Any], str]] = [
    ({"reason": ""}, "reason"),
    ({"reason": "  \n "}, "reason"),
    ({"reason": None}, "reason"),
    ({"reason": "x" * (writing.MAX_REASON + 1)}, "reason"),
    ({"reason": "a\u0000b"}, "reason"),
    ({"until": "2027-13-01"}, "until"),
    ({"until": None}, "until"),
    ({"until": 1_900_000_000}, "until"),
    ({"until": "2027-06-30T00:00:00"}, "until"),
    ({"field": 7}, "field"),
    ({"decided_by": "somebody else"}, "decided_by"),
    ({"decided_at": "2020-01-01"}, "decided_at"),
]


@pytest.mark.fault("A13")
async def test_a_body_off_its_description_is_refused_by_field(
    session: aiohttp.ClientSession, store: SqlStore
) -> None:
    for changed, named in OFF:
        async with session.post("/v1/pins", json={**PIN, **changed}, headers=bearer(ANNA)) as response:
            assert response.status == 400
            found = await problem(response)
        assert named in {error["parameter"] for error in found["errors"]}
    assert store.judgements() == ()


SENSELESS: list[tuple[dict[str, Any], int, str]] = [
    ({"service": "99999999999999"}, 404, "unknown_service"),
    ({"area": "Nirgendwo"}, 404, "unknown_area"),
    ({"field": "evidence"}, 400, "bad_decision"),
    ({"until": "2020-01-01"}, 400, "bad_decision"),
    ({"area": mini.AUHEIM}, 404, "unknown_entry"),
]


async def test_what_makes_no_sense_is_refused(session: aiohttp.ClientSession, store: SqlStore) -> None:
    for changed, status, code in SENSELESS:
        async with session.post("/v1/pins", json={**PIN, **changed}, headers=bearer(ANNA)) as response:
            assert (response.status, (await problem(response))["code"]) == (status, code)
    assert store.judgements() == ()


NOT_JSON: list[tuple[bytes, dict[str, str], int, str]] = [
    (json.dumps(PIN).encode(), {"Content-Type": "text/plain"}, 415, "body_not_json"),
    (
        json.dumps(PIN).encode(),
        {"Content-Type": "application/x-www-form-urlencoded"},
        415,
        "body_not_json",
    ),
    (
        gzip.compress(b" " * 10_000_000),
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        415,
        "body_not_json",
    ),
    (b" " * (writing.MAX_JSON_BYTES + 1), {"Content-Type": "application/json"}, 413, "request_too_large"),
    (b" " * 70_000, {"Content-Type": "application/json"}, 413, "request_too_large"),
    (b"", {"Content-Type": "application/json"}, 400, "bad_parameter"),
    (b"[]", {"Content-Type": "application/json"}, 400, "bad_parameter"),
    (b'{"reason": "a", "reason": "b"}', {"Content-Type": "application/json"}, 400, "bad_parameter"),
    (b'{"reason": NaN}', {"Content-Type": "application/json"}, 400, "bad_parameter"),
    (b'{"reason": "\\ud800"}', {"Content-Type": "application/json"}, 400, "bad_parameter"),
    (b"\xff\xfe{}", {"Content-Type": "application/json"}, 400, "bad_parameter"),
    (b"[" * 15_000, {"Content-Type": "application/json"}, 400, "bad_parameter"),
]


@pytest.mark.fault("A4")
async def test_bodies_that_are_no_small_strict_json_are_refused(
    session: aiohttp.ClientSession, store: SqlStore
) -> None:
    for body, headers, status, code in NOT_JSON:
        async with session.post("/v1/pins", data=body, headers={**headers, **bearer(ANNA)}) as response:
            assert response.status == status, await response.text()
            assert (await problem(response))["code"] == code
    assert store.judgements() == ()


@pytest.mark.fault("A4")
async def test_a_body_that_never_ends_is_cut_off_and_others_are_served(
    miniature: Miniature, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BODY_SECONDS", 2.0)
    deps = web_deps(miniature, operators=lambda: OPERATORS)
    async with Server(build_app(deps), "127.0.0.1", 0) as server, aiohttp.ClientSession(server.url) as other:
        host, _, port = server.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = "POST /v1/pins HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Authorization: Bearer {ANNA}\r\nContent-Length: 500\r\n\r\n{{".encode())
        async with other.post("/v1/pins", json=PIN, headers=bearer(BERT)) as response:
            assert response.status == 201
        answer = await reader.read(4096)
        writer.close()
    assert b" 408 " in answer.splitlines()[0]
    assert b"request_slow" in answer
    assert len(store.judgements()) == 1


async def test_methods_that_do_not_exist_are_told(session: aiohttp.ClientSession) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        async with session.request(method, "/v1/pins", headers=bearer(ANNA)) as response:
            assert response.status == 405
            assert response.headers["Allow"] == "GET, HEAD, POST"


async def test_the_description_says_who_may_and_with_what(session: aiohttp.ClientSession) -> None:
    async with session.get("/v1/openapi.json") as response:
        document = await response.json()
    validate(document)
    pins = document["paths"]["/v1/pins"]
    assert pins["post"]["security"] == [{"operator": []}]
    assert {"201", "400", "401", "403", "404", "408", "413", "415", "429"} <= set(pins["post"]["responses"])
    assert pins["post"]["requestBody"]["required"] is True
    assert document["components"]["securitySchemes"]["operator"]["scheme"] == "bearer"
    posts = [item["post"] for item in document["paths"].values() if "post" in item]
    writes = [post for post in posts if post["tags"] == ["decisions"]]
    assert len(writes) >= 4
    assert all(post["security"] == [{"operator": []}] for post in writes)
    # What takes a body and writes nothing says so by answering 200.
    assert all("200" in post["responses"] for post in posts if post not in writes)
