"""What the API answers, over a real socket on a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import pytest_asyncio

from syncd.model.evidence import ChannelKind
from syncd.model.run import RunOutcome
from syncd.storage import open_store
from syncd.web import Server, build_app
from syncd.web.entry_documents import EntryDocument
from tests.support import miniature as mini
from tests.support.miniature import Miniature, stand_up
from tests.support.served import web_deps


class Api:
    """A client of one server."""

    def __init__(self, session: aiohttp.ClientSession, miniature: Miniature) -> None:
        self.session, self.miniature = session, miniature

    async def get(self, path: str, *, status: int = 200, **parameters: Any) -> Any:
        async with self.session.get(path, params=parameters) as response:
            body = await response.json(content_type=None)
            assert response.status == status, body
            return body

    async def walk(self, path: str, **parameters: Any) -> list[Any]:
        """Return the items of all pages, following `next`."""
        page = await self.get(path, **parameters)
        items: list[Any] = page["items"]
        while page["next"]:
            page = await self.get(page["next"])
            items += page["items"]
        return items


@pytest_asyncio.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    with open_store(database_url) as store:
        miniature = stand_up(store, tmp_path)
        async with (
            Server(build_app(web_deps(miniature)), "127.0.0.1", 0) as server,
            aiohttp.ClientSession(server.url) as session,
        ):
            yield Api(session, miniature)


async def test_sources_say_how_they_are_and_how_old(api: Api) -> None:
    body = await api.get("/v1/sources")
    sources = {source["source_id"]: source for source in body["items"]}
    assert list(sources) == ["bund", "grossstadt", "kreis-aue", "riedstadt"]
    assert sources["bund"]["outcome"] == "accepted"
    assert sources["bund"]["age_seconds"] == 300
    assert sources["kreis-aue"]["outcome"] == "failed"
    assert sources["kreis-aue"]["last_good_at"] == "2026-11-16T12:00:00Z"
    assert (sources["kreis-aue"]["fresh"], sources["kreis-aue"]["silent"]) == (False, True)
    assert sources["riedstadt"]["outcome"] is None


async def test_one_source_with_scope_and_runs(api: Api) -> None:
    source = (await api.get("/v1/sources/kreis-aue"))["item"]
    assert source["scope"] == {"areas": ["06431"], "services": None, "silence_means_absence": True}
    assert [run["outcome"] for run in source["runs"]] == ["failed", "accepted"]
    problem = await api.get("/v1/sources/nirgends", status=404)
    assert problem["code"] == "unknown_source"


async def test_runs_page_by_page(api: Api) -> None:
    everything = await api.walk("/v1/runs", limit=1)
    assert [run["run_id"] for run in everything] == sorted(
        (run["run_id"] for run in everything), reverse=True
    )
    assert len(everything) == 4
    of_one = await api.walk("/v1/runs", source="kreis-aue", limit=1)
    assert {run["source_id"] for run in of_one} == {"kreis-aue"}
    assert (await api.get("/v1/runs", source="riedstadt"))["items"] == []
    assert (await api.get("/v1/runs", source="nirgends", status=404))["code"] == "unknown_source"


async def test_one_run(api: Api) -> None:
    run_id = api.miniature.end_run(
        "bund", RunOutcome.REFUSED, code="empty_snapshot", reason="The portal answered with an empty list."
    )
    run = (await api.get(f"/v1/runs/{run_id}"))["item"]
    assert (run["outcome"], run["code"], run["details"]) == ("refused", "empty_snapshot", {"tries": 3})
    assert (await api.get("/v1/runs/999999", status=404))["status"] == 404


async def test_areas_by_part_of_the_name_and_page(api: Api) -> None:
    found = await api.walk("/v1/areas", q="au", limit=1)
    assert {"Kreis Aue", "Auheim", "Aubach"} <= {area["name"] for area in found}
    codes = [area["code"] for area in found]
    assert codes == sorted(codes)
    assert len(await api.walk("/v1/areas", limit=3)) == 23


@pytest.mark.parametrize("name", ["064110000000", "06411000", "Großstadt", "grossstadt"])
async def test_one_area_by_any_of_its_names(api: Api, name: str) -> None:
    area = (await api.get(f"/v1/areas/{quote(name)}"))["item"]
    assert area["code"] == "064110000000"
    assert area["parents"][-1] == "00"


async def test_an_unknown_area(api: Api) -> None:
    problem = await api.get("/v1/areas/Atlantis", status=404)
    assert problem["code"] == "unknown_area"
    assert "/v1/areas?q=" in problem["fix"]


async def test_coverage_of_an_area(api: Api) -> None:
    coverage = (await api.get("/v1/areas/06411/coverage"))["item"]
    assert coverage["cells"] is None
    whole = (await api.get(f"/v1/areas/{mini.GROSSSTADT}/coverage", cells="true", obligation="alltag"))[
        "item"
    ]
    states = {cell["service_key"]: cell["state"] for cell in whole["cells"]}
    assert states == {
        mini.ONLINE_EVERYWHERE: "inherited",
        mini.OWN_FORM: "own",
        mini.TO_PRINT: "offline",
        mini.DEAD_LINK: "dead",
        mini.NOT_LISTED: "missing",
        mini.NOBODY_SPEAKS: "unknown",
    }
    (summary,) = whole["summaries"]
    assert summary["owed"] == 6
    assert set(summary["counts"].values()) == {1}
    problem = await api.get("/v1/areas/06411/coverage", obligation="nie", status=404)
    assert problem["code"] == "unknown_obligation"


async def test_cohorts_show_a_kreis_and_its_municipalities(api: Api) -> None:
    assert [c["cohort_id"] for c in (await api.get("/v1/cohorts"))["items"]] == ["pilots"]
    cohort = (await api.get("/v1/cohorts/pilots"))["item"]
    by_name = {area["named"]: area for area in cohort["areas"]}
    assert by_name[mini.GROSSSTADT]["title"] == "Großstadt (Pilot)"
    kreis = {(s["obligation_id"], s["role"]): s for s in by_name[mini.KREIS_AUE]["summaries"]}
    assert kreis["kreise", "self"]["bodies"] == 1
    assert kreis["alltag", "below"]["bodies"] == 2
    assert kreis["alltag", "below"]["counts"]["missing"] == 0
    assert kreis["alltag", "below"]["counts"]["unknown"] == 10
    assert (await api.get("/v1/cohorts/keine", status=404))["code"] == "unknown_cohort"


async def test_services(api: Api) -> None:
    assert len(await api.walk("/v1/services", limit=3)) == 8
    (service,) = await api.walk("/v1/services", q="HUND")
    assert service["service_key"] == mini.TO_PRINT
    assert service["origin_label"] == "Synthetischer Leistungskatalog"
    dotted = (await api.get("/v1/services/99.003.001.001.000"))["item"]
    assert dotted["service_key"] == mini.TO_PRINT
    assert (await api.get("/v1/services/12345678901234", status=404))["code"] == "unknown_service"


async def test_coverage_of_a_service_names_its_figures(api: Api) -> None:
    items = (await api.get(f"/v1/services/{mini.OWN_FORM}/coverage"))["items"]
    (figures,) = items
    assert figures["cells"]["own"] == 1
    assert figures["people"]["own"] == 200_000
    assert (figures["area_wide"], figures["at_least_one"]) == (False, True)
    assert 0 < figures["share_unknown"] < 1


async def test_services_with_a_local_key_are_reachable(api: Api) -> None:
    key = "local:grossstadt:a/b ü?"
    said = mini.claim("grossstadt", "a/b ü?", key, mini.GROSSSTADT, title="Ohne Schlüssel")
    api.miniature.say("grossstadt", [*mini.grossstadt_claims(), said])
    api.miniature.publish()
    service = (await api.session.get(f"/v1/services/{quote(key, safe='')}")).status
    assert service == 200
    (entry,) = await api.walk("/v1/catalogue", service=key)
    assert entry["title"] == "Ohne Schlüssel"


async def test_entries_are_the_stored_bytes_and_fit_their_schema(api: Api) -> None:
    entries = await api.walk("/v1/catalogue", limit=1)
    assert [(e["service_key"], e["area"]) for e in entries] == sorted(
        (e["service_key"], e["area"]) for e in entries
    )
    assert len(entries) == 6
    for entry in entries:
        assert set(entry) <= set(EntryDocument.model_fields)
        EntryDocument.model_validate(entry)


async def test_entries_that_hold_in_a_place_come_from_above_too(api: Api) -> None:
    keys = {e["service_key"] for e in await api.walk("/v1/catalogue", area=mini.AUHEIM)}
    assert keys == {mini.ONLINE_EVERYWHERE, mini.OF_THE_KREIS, mini.NOT_OWED}


async def test_gaps_with_filters(api: Api) -> None:
    gaps = await api.walk("/v1/gaps", limit=1)
    assert [gap["state"] for gap in gaps] == ["offline", "dead", "missing", "missing"]
    first = gaps[0]
    assert first["cause"] == "media_break"
    assert first["body_name"] == "Großstadt"
    assert first["people"] == 200_000
    assert first["since_at"] == "2026-11-26T12:00:00Z"
    missing = await api.walk("/v1/gaps", state="missing", line="kreis")
    assert [gap["service_key"] for gap in missing] == [mini.OF_THE_KREIS]
    assert await api.walk("/v1/gaps", area="09") == []
    several = await api.get("/v1/gaps?state=dead&state=unknown&cause=dead_link&cause=stale&limit=1000")
    assert {gap["cause"] for gap in several["items"]} == {"dead_link", "stale"}
    of_service = await api.walk(
        "/v1/gaps", service=mini.NOT_LISTED, area=mini.GROSSSTADT, obligation="alltag"
    )
    assert [gap["state"] for gap in of_service] == ["missing"]


async def test_a_silent_source_makes_unknown_never_missing(api: Api) -> None:
    unknown = await api.walk("/v1/gaps", area=mini.KREIS_AUE, state="unknown")
    assert len(unknown) == 11
    assert await api.walk("/v1/gaps", area=mini.KREIS_AUE) == []


async def test_explanations_in_two_languages(api: Api) -> None:
    german = (await api.get("/v1/explain", service=mini.TO_PRINT, area="Großstadt", lang="de"))["item"]
    english = (await api.get("/v1/explain", service=mini.TO_PRINT, area="Großstadt"))["item"]
    assert german["state_text"] == "beschrieben, nicht online"
    assert english["state_text"] == "described, not online"
    assert [s["code"] for s in german["steps"]] == [s["code"] for s in english["steps"]]
    assert german["offers"][0]["channels"][0]["evidence"] == "pdf_form"
    not_owed = (await api.get("/v1/explain", service=mini.NOT_OWED, area=mini.AUHEIM))["item"]
    assert not_owed["state"] == "not_owed"


async def test_releases_and_their_changes(api: Api) -> None:
    say_more(api.miniature)
    releases = await api.walk("/v1/releases", limit=1)
    assert [r["number"] for r in releases] == [2, 1]
    current = (await api.get("/v1/releases/current"))["item"]
    assert current["number"] == 2
    assert current["areas_label"] == "Synthetisches Gemeindeverzeichnis"
    assert [o["obligation_id"] for o in current["obligations"]] == ["alltag", "kreise"]
    assert (await api.get("/v1/releases/1"))["item"]["number"] == 1
    changes = await api.walk("/v1/releases/2/changes", limit=1)
    assert [(c["kind"], c["service_key"]) for c in changes] == [
        ("changed", mini.TO_PRINT),
        ("added", mini.NOT_LISTED),
    ]
    assert len(await api.walk("/v1/releases/1/changes", limit=4)) == 6
    assert (await api.get("/v1/releases/3", status=404))["status"] == 404


async def test_everything_is_readable_as_of_a_release_or_a_day(api: Api) -> None:
    api.miniature.clock.forward(days=1)
    say_more(api.miniature)
    path = "/v1/gaps"
    now = await api.get(path, area=mini.GROSSSTADT)
    before = await api.get(path, area=mini.GROSSSTADT, release=1)
    assert (now["release"]["number"], len(now["items"])) == (2, 2)
    assert (before["release"]["number"], len(before["items"])) == (1, 4)
    assert await api.get(path, area=mini.GROSSSTADT, at="2026-11-26") == before
    assert await api.get(path, area=mini.GROSSSTADT, at="2026-11-27") == now
    assert await api.get(path, area=mini.GROSSSTADT, at="2026-11-27T11:59:59Z") == before
    early = await api.get(path, at="2020-01-01", status=404)
    assert early["code"] == "no_release"


@pytest.mark.fault("A14", "A16")
async def test_pages_of_one_walk_are_of_one_release(api: Api) -> None:
    page = await api.get("/v1/catalogue", limit=2)
    seen = page["items"]
    say_more(api.miniature)
    while page["next"]:
        page = await api.get(page["next"])
        assert page["release"]["number"] == 1
        seen += page["items"]
    assert seen == await api.walk("/v1/catalogue", release=1)
    assert len(await api.walk("/v1/catalogue")) == 7


@pytest.mark.fault("A14")
async def test_cursors_are_bound_to_release_and_filters(api: Api) -> None:
    say_more(api.miniature)
    page = await api.get("/v1/gaps", limit=1, release=1)
    cursor = page["next"].partition("cursor=")[2].partition("&")[0]
    assert (await api.get("/v1/gaps", cursor=cursor))["release"]["number"] == 1
    for wrong in ({"release": 2}, {"area": "06"}):
        problem = await api.get("/v1/gaps", cursor=cursor, **wrong, status=400)
        assert problem["code"] == "bad_cursor"
    assert (await api.get("/v1/runs", cursor=cursor, status=400))["code"] == "bad_cursor"
    assert (await api.get("/v1/gaps", cursor="AAAA", status=400))["code"] == "bad_cursor"


def say_more(miniature: Miniature) -> None:
    """Let Großstadt put its form online and list what was missing; publish."""
    claims = [claim for claim in mini.grossstadt_claims() if claim.service_key.value != mini.TO_PRINT]
    online = mini.channel(ChannelKind.FORM, "grossstadt/hund")
    claims.append(mini.claim("grossstadt", "G2", mini.TO_PRINT, mini.GROSSSTADT, online))
    claims.append(mini.claim("grossstadt", "G9", mini.NOT_LISTED, mini.GROSSSTADT, online))
    miniature.say("grossstadt", claims)
    miniature.publish()
