"""Gaps through the API: where they stand, who may be told what was said, deciding, tables."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import pytest_asyncio

from syncd.pipeline.gap_sheet import GapImport
from syncd.rules.gap_sheet import csv_table, read_rows
from syncd.storage import SqlStore, open_store
from tests.support.miniature import GROSSSTADT, NOT_LISTED, TO_PRINT, Miniature, stand_up
from tests.support.served import client

ANNA = "a" * 40
OPERATORS = {"Anna Beispiel": hashlib.sha256(ANNA.encode()).digest()}
BEARER = {"Authorization": f"Bearer {ANNA}"}
MISSING = f"alltag/gemeinde/{NOT_LISTED}/{GROSSSTADT}"
PLACE = f"/v1/gaps/{quote(MISSING, safe='')}"
PRINTED = f"/v1/gaps/{quote(f'alltag/gemeinde/{TO_PRINT}/{GROSSSTADT}', safe='')}"


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with open_store(f"sqlite:///{tmp_path / 'syncd.sqlite'}") as opened:
        yield opened


@pytest.fixture
def miniature(store: SqlStore, tmp_path: Path) -> Miniature:
    return stand_up(store, tmp_path)


@pytest_asyncio.fixture
async def session(miniature: Miniature) -> AsyncIterator[aiohttp.ClientSession]:
    async with client(miniature, operators=lambda: OPERATORS) as opened:
        yield opened


async def get(
    session: aiohttp.ClientSession, path: str, status: int = 200, headers: dict[str, str] | None = None
) -> Any:
    async with session.get(path, headers=headers) as response:
        assert response.status == status, await response.text()
        return json.loads(await response.read())


async def decide(session: aiohttp.ClientSession, place: str = PLACE, status: int = 201, **body: Any) -> Any:
    body = {"reason": "weil", **body}
    async with session.post(f"{place}/judgements", json=body, headers=BEARER) as response:
        assert response.status == status, await response.text()
        return json.loads(await response.read())


async def test_deciding_shows_at_once_and_names_people_to_operators_only(
    session: aiohttp.ClientSession, miniature: Miniature
) -> None:
    before = (await get(session, PLACE))["item"]
    assert (before["status"], before["responsible"], before["assignee"]) == ("open", "municipality", None)
    written = await decide(session, answer="acknowledge")
    assert written["gap"]["status"] == "acknowledged"
    assert written["judgement"]["decided_by"] == "Anna Beispiel"
    miniature.clock.forward(seconds=1)
    await decide(session, answer="assign", value="Frau Öz")
    await decide(session, answer="set_due", value="2026-11-25")
    await decide(session, PRINTED, answer="waive", until="2027-06-30")
    for headers, name in (({}, None), (BEARER, "Frau Öz")):
        one = (await get(session, PLACE, headers=headers))["item"]
        assert (one["status"], one["assignee"], one["overdue"]) == ("acknowledged", name, True)
        listing = await get(session, "/v1/gaps?status=acknowledged", headers=headers)
        assert [item["gap_id"] for item in listing["items"]] == [MISSING]
        assert listing["items"][0] == one
        told = (await get(session, f"{PLACE}/history", headers=headers))["item"]
        assert [said["answer"] for said in told["judgements"]] == ["acknowledge", "assign", "set_due"]
        assert {said["decided_by"] for said in told["judgements"]} == {name and "Anna Beispiel"}
        assert told["judgements"][1]["value"] == name
        log = await get(session, "/v1/judgements?kind=gap", headers=headers)
        assert ("Frau Öz" in json.dumps(log, ensure_ascii=False)) == (name is not None)
    # A waived gap is listed, and nothing was counted otherwise.
    assert (await get(session, PRINTED))["item"]["waived_until"] == "2027-06-30"
    assert len((await get(session, "/v1/gaps?status=waived"))["items"]) == 1
    assert miniature.store.dirty_keys(miniature.clock().date())[1] == ()


async def test_filters(session: aiohttp.ClientSession) -> None:
    await decide(session, answer="assign", value="Frau Öz")
    await decide(session, answer="set_due", value="2026-11-01")
    everything = {item["gap_id"] for item in (await get(session, "/v1/gaps?limit=1000"))["items"]}

    async def listed(query: str, headers: dict[str, str] | None = None) -> set[str]:
        found = await get(session, f"/v1/gaps?{query}", headers=headers)
        return {item["gap_id"] for item in found["items"]}

    assert await listed("overdue=true") == {MISSING}
    assert await listed("unassigned=true&limit=1000") == everything - {MISSING}
    assert await listed("responsible=municipality&limit=1000") >= {MISSING}
    assert MISSING not in await listed("responsible=it_provider")
    assert await listed(f"assignee={quote('Frau Öz')}", BEARER) == {MISSING}
    assert (await get(session, "/v1/gaps?assignee=x", 401))["code"] == "not_authorised"
    assert (await get(session, "/v1/gaps?status=gone", 400))["code"] == "bad_parameter"


async def test_an_answer_changes_with_the_log_and_with_who_asks(session: aiohttp.ClientSession) -> None:
    async with session.get(PLACE) as response:
        tag = response.headers["ETag"]
        assert response.headers["Vary"] == "Accept-Encoding, Authorization"
    async with session.get(PLACE, headers={"If-None-Match": tag}) as response:
        assert response.status == 304
        assert response.headers["Vary"] == "Accept-Encoding, Authorization"
    async with session.get(PLACE, headers={"If-None-Match": tag, **BEARER}) as response:
        assert response.status == 200
    await decide(session, answer="dispute")
    async with session.get(PLACE, headers={"If-None-Match": tag}) as response:
        assert response.status == 200
        assert (await response.json())["item"]["status"] == "disputed"


async def test_a_dispute_asks_the_source(session: aiohttp.ClientSession) -> None:
    await decide(session, answer="dispute", reason="Wir bieten das an.")
    asked = (await get(session, f"{PLACE}/dispute"))["item"]
    assert asked["sources"] == ["grossstadt"]
    assert "Wir bieten das an." in asked["text"]
    assert "Please check" in (await get(session, f"{PLACE}/dispute?lang=en"))["item"]["subject"]
    assert (await get(session, PLACE))["item"]["state"] == "missing"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"answer": "waive"}, "bad_until"),
    ({"answer": "waive", "until": "2020-01-01"}, "bad_until"),
    ({"answer": "assign"}, "assignee_missing"),
    ({"answer": "set_due", "value": "bald"}, "bad_due_date"),
    ({"answer": "close"}, "bad_parameter"),
    ({"answer": "acknowledge", "reason": " "}, "bad_parameter"),
]


async def test_what_cannot_be_decided_is_refused(
    session: aiohttp.ClientSession, miniature: Miniature
) -> None:
    for body, code in REFUSED:
        assert (await decide(session, status=400, **body))["code"] == code
    assert miniature.store.judgements() == ()


async def test_unknown_gaps_and_strangers(session: aiohttp.ClientSession, miniature: Miniature) -> None:
    assert (await get(session, "/v1/gaps/nonsense", 404))["code"] == "bad_gap_id"
    wrong = quote(MISSING.replace(NOT_LISTED, "99999999999999"), safe="")
    for path in ("", "/history", "/dispute"):
        assert (await get(session, f"/v1/gaps/{wrong}{path}", 404))["code"] == "unknown_gap"
    async with session.post(f"{PLACE}/judgements", json={"answer": "dispute", "reason": "x"}) as response:
        assert response.status == 401
    assert miniature.store.judgements() == ()


@pytest.mark.parametrize("language", ["de", "en"])
async def test_the_table_goes_out_and_an_edited_copy_comes_back(
    session: aiohttp.ClientSession, miniature: Miniature, language: str
) -> None:
    await decide(session, answer="assign", value="=Frau Öz")

    async def table(headers: dict[str, str] | None = None) -> bytes:
        path = f"/v1/gaps.csv?area={GROSSSTADT}&lang={language}"
        async with session.get(path, headers=headers) as response:
            assert (response.status, response.content_type) == (200, "text/csv")
            assert "attachment" in response.headers["Content-Disposition"]
            return await response.read()

    whole, redacted = await table(BEARER), await table()
    split = {"de": ";", "en": ","}[language]
    rows = list(csv.reader(io.StringIO(whole.decode("utf-8-sig"), newline=""), delimiter=split))
    assert len(rows) > 3
    assert "'=Frau Öz" in whole.decode()
    assert "Öz" not in redacted.decode()
    operators = GapImport(miniature.ask().view(), "Anna").preview(read_rows(csv_table(whole)))
    assert {row.verdict for row in operators.rows} == {"unchanged"}
    # Who was not shown the assignee cannot unassign anybody by mistake.
    others = GapImport(miniature.ask().view(), "Anna").preview(read_rows(csv_table(redacted)))
    assert {row.code for row in others.rows if row.verdict == "refused"} == {"bad_version"}
    assert others.count("change") == 0


async def test_a_long_table_is_read_batch_by_batch(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session.get("/v1/gaps.csv?state=unknown&state=missing") as response:
        whole = await response.read()
    monkeypatch.setattr("syncd.web.gap_table.BATCH", 2)
    async with session.get("/v1/gaps.csv?state=unknown&state=missing") as response:
        assert await response.read() == whole
    assert len(whole.splitlines()) > 20
    async with session.get("/v1/gaps.csv?limit=1") as response:
        assert response.status == 400


async def test_a_report_names_people_to_operators_only(session: aiohttp.ClientSession) -> None:
    await decide(session, answer="assign", value="Frau Öz")
    address = f"/v1/reports/{GROSSSTADT}?format=md&lang=de"
    async with session.get(address) as plain:
        assert "zugewiesen" in (text := await plain.text())
        assert "Frau Öz" not in text
    async with session.get(f"{address}&names=true", headers=BEARER) as named:
        assert "Frau Öz" in await named.text()
        assert "Authorization" in named.headers["Vary"]
    async with session.get(f"{address}&names=true") as refused:
        assert refused.status == 401
