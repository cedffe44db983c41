"""Deciding through the API: who gets in, what is kept, what the log then says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from syncd.model.linkage import Candidate, Linkage, LinkState, Reason
from syncd.pipeline.link_ports import LinkResult
from syncd.storage import SqlStore, open_store
from syncd.web import gate
from tests.support import miniature as mini
from tests.support.deciding import (
    ANNA,
    BERT,
    CONFLICT,
    JUDGEMENT,
    OPERATORS,
    PIN,
    PLACES,
    bearer,
    contradicted,
    problem,
)
from tests.support.miniature import Miniature
from tests.support.served import client


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with open_store(f"sqlite:///{tmp_path / 'syncd.sqlite'}") as opened:
        yield opened


@pytest.fixture
def miniature(store: SqlStore, tmp_path: Path) -> Miniature:
    return contradicted(store, tmp_path)


@pytest.fixture
def wakes() -> list[str]:
    return []


@pytest_asyncio.fixture
async def session(miniature: Miniature, wakes: list[str]) -> AsyncIterator[aiohttp.ClientSession]:
    async with client(miniature, operators=lambda: OPERATORS, decided=lambda: wakes.append("x")) as opened:
        yield opened


# --- who gets in ------------------------------------------------------------------------------------------


WRONG: list[dict[str, str]] = [
    {},
    {"Authorization": ""},
    {"Authorization": f"Bearer {ANNA}x"},
    {"Authorization": f"Bearer {ANNA[:-1]}"},
    {"Authorization": f"Bearer {ANNA.upper()}"},
    {"Authorization": f"Basic {ANNA}"},
    {"Authorization": ANNA},
    {"Authorization": "Bearer Anna Beispiel"},
    {"Authorization": "Bearer \u00e4\u00f6"},
    {"Cookie": f"token={ANNA}"},
    {"X-Forwarded-For": "127.0.0.1", "X-Remote-User": "Anna Beispiel"},
]


@pytest.mark.fault("A2", "A9", "A10")
@pytest.mark.parametrize(("path", "body"), PLACES)
async def test_a_wrong_token_writes_nothing(
    session: aiohttp.ClientSession, store: SqlStore, wakes: list[str], path: str, body: dict[str, str]
) -> None:
    url = URL(path, encoded=True)
    for headers in WRONG:
        async with session.post(url, json=body, headers=headers) as response:
            assert response.status == 401, headers
            assert (await problem(response))["code"] == "not_authorised"
            assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert store.judgements() == ()
    assert wakes == []


@pytest.mark.fault("A2", "A9")
@pytest.mark.parametrize(("path", "body"), PLACES)
async def test_without_operators_nobody_writes_not_even_from_this_machine(
    miniature: Miniature, store: SqlStore, path: str, body: dict[str, str]
) -> None:
    async with client(miniature) as session:
        for headers in ({}, bearer(ANNA)):
            url = URL(path, encoded=True)
            async with session.post(url, json=body, headers=headers) as response:
                assert response.status == 403
                found = await problem(response)
                assert found["code"] == "writes_off"
                assert "[[web.operator]]" in found["fix"]
    assert store.judgements() == ()


async def test_two_tokens_at_once_prove_nobody(session: aiohttp.ClientSession) -> None:
    headers = [("Authorization", f"Bearer {ANNA}"), ("Authorization", f"Bearer {BERT}")]
    async with session.post("/v1/pins", json=PIN, headers=headers) as response:
        assert response.status == 401


async def test_wrong_tokens_are_throttled_and_the_right_one_is_not(
    session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    statuses = []
    waits = ""
    for number in range(gate.WRONG_PER_MINUTE + 5):
        async with session.get("/v1/pins", headers=bearer(f"{number:040d}")) as response:
            statuses.append(response.status)
            waits = response.headers.get("Retry-After", "")
    assert statuses == [401] * gate.WRONG_PER_MINUTE + [429] * 5
    assert waits == "60"
    async with session.post("/v1/pins", json=PIN, headers=bearer(ANNA)) as response:
        assert response.status == 201
    assert ANNA not in caplog.text


async def test_one_operator_gone_wild_is_stopped_and_the_others_are_not(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = []
    for _ in range(gate.WRITES_PER_MINUTE + 1):
        async with session.post("/v1/pins", data=b"", headers=bearer(ANNA)) as response:
            statuses.append(response.status)
    assert statuses[-2:] == [415, 429]
    async with session.post("/v1/pins", json=PIN, headers=bearer(BERT)) as response:
        assert response.status == 201


async def test_a_rotated_token_counts_at_once(miniature: Miniature) -> None:
    known = dict(OPERATORS)
    async with client(miniature, operators=lambda: known) as session:
        async with session.post("/v1/pins", json=PIN, headers=bearer(ANNA)) as response:
            assert response.status == 201
        known["Anna Beispiel"] = hashlib.sha256(b"c" * 40).digest()
        async with session.post("/v1/pins", json=PIN, headers=bearer(ANNA)) as response:
            assert response.status == 401


# --- what is kept -----------------------------------------------------------------------------------------


@pytest.mark.fault("A13")
async def test_every_decision_stands_in_the_log_with_name_reason_and_instant(
    session: aiohttp.ClientSession, miniature: Miniature, wakes: list[str]
) -> None:
    async with session.get("/v1/conflicts") as response:
        (conflict,) = (await response.json())["items"]
    assert conflict["conflict_id"] == CONFLICT
    assert {side["value"] for side in conflict["sides"]} == {"Bürgeramt", "Standesamt"}
    path = f"/v1/conflicts/{quote(CONFLICT, safe='')}/decision"
    decision = {"source": "bund", "reason": "Laut Satzung vom 1. März."}
    url = URL(path, encoded=True)
    async with session.post(url, json=decision, headers=bearer(BERT)) as response:
        assert response.status == 201, await response.text()
        assert response.headers["Cache-Control"] == "no-store"
        written = await response.json()
        location = response.headers["Location"]
    assert written["takes_effect"] == "next_release"
    assert written["release"] == 2
    assert written["judgement"]["decided_by"] == "Bert"
    assert wakes == ["x"]
    miniature.publish()
    async with session.get("/v1/conflicts?state=decided", headers=bearer(ANNA)) as response:
        (decided,) = (await response.json())["items"]
    assert decided["ruling"]["decided_by"] == "Bert"
    assert [side["value"] for side in decided["sides"] if side["chosen"]] == ["Standesamt"]
    uid = written["judgement"]["uid"]
    miniature.clock.forward(hours=1)
    undoing = f"/v1/judgements/{uid}/undo"
    async with session.post(undoing, json={"reason": "Doch nicht."}, headers=bearer(ANNA)) as response:
        assert response.status == 201
    async with session.get(location, headers=bearer(ANNA)) as response:
        log = (await response.json())["items"]
    assert [(one["kind"], one["standing"], one["decided_by"]) for one in log] == [
        ("conflict", "undone", "Bert"),
        ("undo", "holds", "Anna Beispiel"),
    ]
    assert log[0]["ended_by"] == log[1]["uid"]
    assert log[0]["reason"] == decision["reason"]
    assert log[0]["decided_at"].startswith("2026-11-26T12:00:00")
    assert log[1]["decided_at"].startswith("2026-11-26T13:00:00")
    miniature.publish()
    async with session.get("/v1/conflicts") as response:
        (reopened,) = (await response.json())["items"]
    assert (reopened["state"], reopened["ruling"]) == ("open", None)


async def test_a_pin_is_listed_and_explained(session: aiohttp.ClientSession, miniature: Miniature) -> None:
    async with session.post("/v1/pins", json=PIN, headers=bearer(ANNA)) as response:
        assert response.status == 201, await response.text()
    miniature.publish()
    async with session.get("/v1/pins") as response:
        (pinned,) = (await response.json())["items"]
    assert (pinned["value"], pinned["state"]) == (PIN["value"], "in_force")
    query = {"service": mini.OWN_FORM, "area": mini.GROSSSTADT, "field": "title", "lang": "de"}
    async with session.get("/v1/explain/field", params=query) as response:
        told = (await response.json())["item"]
    assert told["value"] == PIN["value"]
    assert told["sayings"][0]["wins"] is True
    assert told["pin"]["reason"] == PIN["reason"]
    async with session.get(f"/v1/catalogue?service={mini.OWN_FORM}") as response:
        assert (await response.json())["items"][0]["title"] == PIN["value"]


async def test_a_link_is_judged_contradicted_and_undone(
    session: aiohttp.ClientSession, miniature: Miniature, wakes: list[str]
) -> None:
    async with session.post("/v1/judgements", json=JUDGEMENT, headers=bearer(ANNA)) as response:
        assert response.status == 201, await response.text()
        judged = (await response.json())["judgement"]
    assert (judged["kind"], judged["answer"], judged["service_key"]) == ("link", "same", mini.TO_PRINT)
    # The same question again, at the same instant of a clock that stands still: the later answer holds.
    other = {**JUDGEMENT, "answer": "different", "reason": "Verwechselt."}
    async with session.post("/v1/judgements", json=other, headers=bearer(BERT)) as response:
        later = (await response.json())["judgement"]
    async with session.get(f"/v1/judgements/{judged['uid']}", headers=bearer(ANNA)) as response:
        log = (await response.json())["items"]
    assert [(one["answer"], one["standing"]) for one in log] == [
        ("same", "superseded"),
        ("different", "holds"),
    ]
    code = ""
    undoing = f"/v1/judgements/{later['uid']}/undo"
    for expected in (201, 400):
        async with session.post(undoing, json={"reason": "x"}, headers=bearer(ANNA)) as response:
            assert response.status == expected
            code = (await response.json()).get("code", "")
    assert code == "bad_judgement"
    assert wakes == ["x"] * 3


SENSELESS_JUDGEMENTS: list[tuple[dict[str, str], int, str]] = [
    ({"one": "record:bund/nowhere"}, 404, "unknown_record"),
    ({"other": "service:99999999999999"}, 404, "unknown_service"),
    ({"other": "99999999999999"}, 400, "bad_judgement"),
    ({"other": "record:bund/B9"}, 400, "bad_judgement"),
    ({"one": f"service:{mini.OWN_FORM}"}, 400, "bad_judgement"),
    ({"answer": "perhaps"}, 400, "bad_parameter"),
]


async def test_judgements_that_make_no_sense_are_refused(
    session: aiohttp.ClientSession, store: SqlStore
) -> None:
    for changed, status, code in SENSELESS_JUDGEMENTS:
        body = {**JUDGEMENT, **changed}
        async with session.post("/v1/judgements", json=body, headers=bearer(ANNA)) as response:
            assert (response.status, (await problem(response))["code"]) == (status, code)
    assert store.judgements() == ()


async def test_the_review_queue_is_paged_and_leaves_out_what_was_answered(
    session: aiohttp.ClientSession, miniature: Miniature, store: SqlStore
) -> None:
    candidates = (
        Candidate(mini.TO_PRINT, 700, (Reason("title", 700, "hund"),)),
        Candidate(mini.OWN_FORM, 500),
    )
    for number in (1, 2):
        (one,) = store.ids_of([("bund", f"B{number}")])
        store.keep_links([LinkResult(one, Linkage(LinkState.REVIEW, candidates=candidates))], now=mini.NOW)

    async def walk() -> list[dict[str, Any]]:
        address: str | None = "/v1/review?limit=1&lang=de&source=bund"
        seen: list[dict[str, Any]] = []
        while address is not None:
            async with session.get(URL(address, encoded=True)) as response:
                assert response.status == 200, await response.text()
                page = await response.json()
            seen += page["items"]
            address = page["next"]
        return seen

    first, second = await walk()
    assert (first["node"], second["node"]) == ("record:bund/B1", "record:bund/B2")
    best = first["candidates"][0]
    assert (best["name"], best["reasons"][0]["text"]) == (
        "Musterhund anmelden",
        "Im Titel stimmen überein: hund",
    )
    for answer, record, left in [("different", first, [1, 2]), ("same", second, [1])]:
        body = {"one": record["node"], "other": best["node"], "answer": answer, "reason": "x"}
        async with session.post("/v1/judgements", json=body, headers=bearer(ANNA)) as response:
            assert response.status == 201
        assert [len(item["candidates"]) for item in await walk()] == left


async def test_only_operators_are_told_who_decided(
    session: aiohttp.ClientSession, miniature: Miniature
) -> None:
    async with session.post("/v1/pins", json=PIN, headers=bearer(ANNA)) as response:
        uid = (await response.json())["judgement"]["uid"]
    miniature.publish()
    places = [
        "/v1/judgements",
        f"/v1/judgements/{uid}",
        "/v1/pins",
        "/v1/conflicts",
        f"/v1/explain/field?service={mini.OWN_FORM}&area={mini.GROSSSTADT}&field=title",
    ]
    for place in places:
        async with session.get(place) as anybody:
            assert anybody.status == 200, place
            assert "Anna" not in await anybody.text(), place
            assert "Authorization" in anybody.headers["Vary"]
            etag = anybody.headers["ETag"]
        async with session.get(place, headers={**bearer(BERT), "If-None-Match": etag}) as operator:
            text = await operator.text()
            assert ("Anna Beispiel" in text) is (place != "/v1/conflicts"), place
        async with session.get(place, headers=bearer("wrong" * 10)) as nobody:
            assert nobody.status == 401


async def test_the_trail_is_paged_and_filtered(session: aiohttp.ClientSession, miniature: Miniature) -> None:
    for number in range(5):
        miniature.clock.forward(minutes=1)
        body = {**PIN, "value": f"Name {number}"}
        async with session.post("/v1/pins", json=body, headers=bearer(ANNA)) as response:
            assert response.status == 201
    seen: list[dict[str, Any]] = []
    address: str | None = "/v1/judgements?limit=2"
    while address is not None:
        async with session.get(URL(address, encoded=True)) as response:
            page = await response.json()
        seen += page["items"]
        address = page["next"]
    assert [json.loads(one["value"])["taken"] for one in seen] == [f"Name {n}" for n in range(5)]
    assert [one["standing"] for one in seen] == ["superseded"] * 4 + ["holds"]
    for query, expected in [
        ("standing=holds", 1),
        ("kind=pin&kind=undo", 5),
        ("kind=link", 0),
        (f"service={mini.OWN_FORM}", 5),
        (f"service={mini.TO_PRINT}", 0),
    ]:
        async with session.get(f"/v1/judgements?{query}") as response:
            assert len((await response.json())["items"]) == expected, query
