"""The planning routes over a real socket on a real store: pages, days, and wrong questions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from syncd.storage import open_store
from syncd.web import Server, build_app
from tests.support import miniature as mini
from tests.support.grown import MOOR, grow
from tests.support.miniature import Miniature
from tests.support.served import web_deps


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Miniature]:
    """Give a miniature that is only read."""
    folder = tmp_path_factory.mktemp("planning")
    with open_store(f"sqlite:///{folder / 'syncd.sqlite'}") as store:
        yield grow(store, folder)


class Api:
    """A client of one server."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def get(self, path: str, *, status: int = 200, **parameters: Any) -> Any:
        async with self.session.get(path, params=parameters) as response:
            body = await response.json(content_type=None)
            assert response.status == status, body
            return body

    async def walk(self, path: str, **parameters: Any) -> list[Any]:
        page = await self.get(path, **parameters)
        items: list[Any] = page["items"]
        while page["next"]:
            page = await self.get(page["next"])
            items += page["items"]
        return items


@pytest_asyncio.fixture
async def api(grown: Miniature) -> AsyncIterator[Api]:
    async with (
        Server(build_app(web_deps(grown)), "127.0.0.1", 0) as server,
        aiohttp.ClientSession(server.url) as session,
    ):
        yield Api(session)


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/v1/uniformity", {}),
        ("/v1/uniformity", {"area": "Nordland"}),
        ("/v1/uniformity/deviations", {}),
        ("/v1/reuse", {"area": "00"}),
        ("/v1/blueprint", {"place": MOOR, "model": "pilots", "step": "neither"}),
        ("/v1/media-breaks", {}),
        ("/v1/media-breaks", {"area": mini.GROSSSTADT, "lang": "de"}),
    ],
)
async def test_pages_are_the_whole(api: Api, path: str, parameters: dict[str, Any]) -> None:
    whole = await api.get(path, limit=1000, **parameters)
    assert whole["next"] is None
    assert whole["items"]
    assert await api.walk(path, limit=1, **parameters) == whole["items"]


@pytest.mark.parametrize("path", ["/v1/uniformity/deviations", "/v1/media-breaks"])
async def test_pages_that_look_no_further_lead_on(
    api: Api, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await api.get(path, limit=1000)
    monkeypatch.setattr("syncd.pipeline.media_breaks.LOOKED_AT", 1)
    monkeypatch.setattr("syncd.pipeline.uniformity.LOOKED_AT", 1)
    first = await api.get(path, limit=999)
    assert first["next"]
    assert len(first["items"]) < len(whole["items"])
    for limit in (1, 999):
        assert await api.walk(path, limit=limit) == whole["items"]


@pytest.mark.parametrize(
    "path", ["/v1/priorities?place=00", "/v1/media-breaks", "/v1/coverage?by=level", "/v1/reports/00"]
)
async def test_a_question_that_takes_too_long_says_what_to_do(
    api: Api, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.web.reader.ANSWER_SECONDS", -1.0)
    problem = await api.get(f"{path}{'&' if '?' in path else '?'}lang=de", status=400)
    assert problem["code"] == "question_too_large"
    assert "kleineren Gebiet" in problem["fix"]


async def test_who_goes_away_does_not_let_the_next_calculation_begin(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_on, running, peak = threading.Event(), [0], [0]

    def slow(*_: object, **__: object) -> tuple[()]:
        running[0] += 1
        peak[0] = max(peak[0], running[0])
        going_on.wait(10)
        running[0] -= 1
        return ()

    monkeypatch.setattr("syncd.web.api_planning.priorities", slow)
    path = "/v1/priorities?place=00"
    for number in range(3):
        with suppress(TimeoutError):
            await api.session.get(f"{path}&most={number + 1}", timeout=aiohttp.ClientTimeout(total=0.2))
    last = asyncio.create_task(api.get(f"{path}&most=9"))
    await asyncio.sleep(0.2)
    going_on.set()
    assert (await last)["item"]["total"] == 0
    assert peak[0] == 1


async def test_routes_as_of_any_day(api: Api) -> None:
    day = str((mini.NOW - timedelta(weeks=4)).date())
    (found,) = (await api.get("/v1/reuse", area=MOOR, service=mini.OWN_FORM, at=day, lang="de"))["items"]
    assert found["gap"]["state"] == "missing"
    assert found["solutions"][0]["points"] == 41
    assert found["solutions"][0]["reasons"][0] == {
        "code": "same_key", "points": 25, "text": "derselbe Leistungsschlüssel",
    }  # fmt: skip
    assert (await api.get("/v1/reuse", area=MOOR, service=mini.OWN_FORM))["items"] == []
    body = await api.get("/v1/priorities", place="09", obligation="alltag", at=day, most=1)
    assert body["item"]["total"] == 5
    assert body["item"]["items"][0]["priority"] == pytest.approx(31_000 * 0.41)
    assert "× weight of the service ×" in body["item"]["formula"]
    assert body["item"]["cases"] == "case figures unknown: 5 of 5 services weigh 1."


async def test_adoption_over_http(api: Api) -> None:
    (curve,) = (await api.get("/v1/adoption", service=mini.OWN_FORM, target=[90, 100]))["items"]
    assert [one["target"] for one in curve["forecasts"]] == [0.9, 1.0]
    assert (len(curve["weeks"]), curve["weeks"][0]["rolled_out"], curve["stall"]) == (11, None, "moving")


async def test_stalls_over_http(api: Api) -> None:
    assert (await api.get("/v1/adoption/stalls"))["items"] == []
    far = str((mini.NOW + timedelta(weeks=60)).date())
    assert (await api.get("/v1/adoption/stalls", at=far, area="Nordland"))["items"] == []
    early = str((mini.NOW - timedelta(weeks=60)).date())
    assert (await api.get("/v1/adoption/stalls", at=early, status=404))["code"] == "no_release"


@pytest.mark.parametrize(
    ("path", "parameters", "status", "code"),
    [
        ("/v1/reuse", {}, 400, "bad_parameter"),
        ("/v1/reuse", {"area": "Atlantis"}, 404, "unknown_area"),
        ("/v1/blueprint", {"place": MOOR, "model": "Atlantis"}, 404, "unknown_area"),
        ("/v1/blueprint", {"place": MOOR, "model": MOOR, "step": "jump"}, 400, "bad_parameter"),
        ("/v1/priorities", {"place": MOOR, "obligation": "nie"}, 404, "unknown_obligation"),
        ("/v1/adoption", {"service": "99999999999999"}, 404, "unknown_service"),
        ("/v1/adoption", {"service": mini.OWN_FORM, "target": "0"}, 400, "bad_parameter"),
        ("/v1/uniformity", {"service": "99999999999999"}, 404, "unknown_service"),
        ("/v1/media-breaks", {"finding": "nothing"}, 400, "bad_parameter"),
    ],
)
async def test_wrong_questions(
    api: Api, path: str, parameters: dict[str, Any], status: int, code: str
) -> None:
    assert (await api.get(path, status=status, **parameters))["code"] == code
