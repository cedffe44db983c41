"""Infodienste from the socket to records: both versions, bad habits, and what is never asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors.infodienste import parse
from connectors.infodienste.connector import Infodienste
from connectors.infodienste.settings import InfodiensteSettings
from syncd.errors import SyncdError
from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from syncd.sdk.errors import ConfigError, SourceFormatError, SourceRejectedUs
from syncd.sdk.ledger import Ledger
from syncd.sdk.loopback import LoopbackPortal, Request, loopback_portal
from syncd.sdk.parsing import ParseContext
from syncd.sdk.records import Channel, ChannelKind, Issue, Record
from tests.support import infodienste
from tests.support.infodienste import FAR_ID, FOREIGN_KEY, KEY, KREIS_ID, NAMES, TOWN_ID, VILLAGE_ID, Finder
from tests.support.miniature import AUHEIM, GROSSSTADT, KREIS_AUE, RIEDSTADT

TODAY = date(2026, 11, 22)
QUICK = FetchLimits(attempts=1)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINDER_KEY", KEY)


@dataclass
class Read:
    """What one run brought."""

    records: dict[str, Record]
    issues: list[Issue]
    unknown: Mapping[str, int]
    declared: int | None
    incomplete: str

    @property
    def codes(self) -> set[str]:
        return {issue.code for issue in self.issues}


async def read(finder: Finder, folder: Path, portal: LoopbackPortal | None = None, **settings: Any) -> Read:
    """Run the connector against a portal and compose its documents, as the parse worker does."""
    if portal is None:
        async with loopback_portal(finder) as opened:
            return await read(finder, folder, opened, **settings)
    table = InfodiensteSettings.model_validate(
        {"base_url": portal.base_url, "version": finder.version, **infodienste.settings(**settings)}
    )
    async with HttpFetcher(QUICK) as fetcher:
        session = SourceSession(
            source_id="finder",
            fetcher=fetcher,
            base_url=portal.base_url,
            rundir=folder / "run",
            raw_root=folder / "raw",
            allow_private=True,
            further=table.further_addresses(),
        )
        documents = [one async for one in Infodienste(table, lambda: TODAY).documents(session)]
    context = ParseContext(options=table.parse_options())
    with Ledger(folder / "ledger.db") as ledger:
        for document in documents:
            one = ParseContext(options=table.parse_options(), document=document.context)
            parse.collect(BytesIO(document.path.read_bytes()), one, ledger)
            context.issues += one.issues
            context.unknown_fields.update(one.unknown_fields)
        records = [parse.parse(piece, context) for piece in parse.compose(ledger, context)]
    return Read(
        {record.native_id: record for record in records},
        [*session.issues, *context.issues],
        context.unknown_fields,
        session.declared,
        session.incomplete_reason,
    )


def asked(requests: list[Request], resource: str) -> list[dict[str, str]]:
    return [
        dict(parse_qsl(urlsplit(one.path).query))
        for one in requests
        if urlsplit(one.path).path == f"/{resource}"
    ]


@pytest.mark.parametrize("version", ["v3", "v4"])
async def test_a_towns_offer_the_lands_and_a_bare_description(version: str, tmp_path: Path) -> None:
    got = await read(Finder(version), tmp_path)
    assert sorted(got.records) == ["100", "101", "102", "103", "104", "105"]
    assert (got.declared, got.incomplete) == (6, "")

    home = got.records["101"]
    assert home.service_keys == ("99002001001000", "99002001001001")
    (part,) = home.parts
    assert (part.areas, part.provider_area) == ((GROSSSTADT,), None)
    assert (part.authority, part.authority_id) == ("Amt 800", "800")
    assert part.channels == (
        Channel(ChannelKind.ONLINE_SERVICE, "https://online.example/wohnsitz", "Wohnsitz online", "900"),
    )
    assert home.areas == ()
    assert home.facts["trust_level"] == "30"

    card = got.records["100"]
    assert card.description == "Ein & Muster."
    own, inherited = sorted(card.parts, key=lambda one: one.provider_area or "")
    assert (own.authority, own.provider_area, own.channels) == ("Amt 800", None, ())
    assert (inherited.authority, inherited.provider_area) == (None, "06")
    assert inherited.channels[0].label == "Ausweis"

    described = got.records["103"]
    assert (described.parts, described.areas, described.provider_area) == ((), (GROSSSTADT,), "06")
    assert described.facts["synonyms"] == "Laden|Betrieb"
    assert got.records["104"].service_keys == ()


async def test_texts_for_editors_are_never_shown_and_still_say_the_type(tmp_path: Path) -> None:
    parking = (await read(Finder(), tmp_path)).records["105"]
    assert parking.description == "Parken mit Muster."
    assert parking.typing == ("2b",)
    assert "geheim" not in repr(parking)


async def test_a_kreis_with_its_municipalities(tmp_path: Path) -> None:
    got = await read(
        Finder(),
        tmp_path,
        permission={"purpose": "Kreis und Gemeinden (synthetisch)", "areas": [KREIS_AUE]},
        areas={KREIS_AUE: "Aue-Kreis", AUHEIM: "Auheim"},
    )
    # Of the Kreis: said once, for the Kreis, and not again for each of its municipalities.
    (part,) = got.records["103"].parts
    assert (part.areas, part.authority, part.provider_area) == ((KREIS_AUE,), "Amt 801", None)
    (parking,) = got.records["105"].parts
    assert (parking.areas, parking.provider_area) == ((AUHEIM,), None)
    (card,) = got.records["100"].parts
    assert (card.areas, card.provider_area) == ((KREIS_AUE, AUHEIM), "06")


async def test_of_the_areas_of_others_nothing_is_kept(tmp_path: Path) -> None:
    got = await read(Finder(), tmp_path)
    assert RIEDSTADT not in repr(got.records)
    assert FAR_ID not in repr(got.records)
    assert "Amt 809" not in repr(got.records)


async def test_without_names_of_the_areas_above_an_offer_counts_as_inherited(tmp_path: Path) -> None:
    got = await read(Finder(), tmp_path, above={})
    (inherited,) = [part for part in got.records["100"].parts if part.channels]
    assert inherited.provider_area == "06"
    assert "competence_unplaced" in got.codes


# --- the permission ---------------------------------------------------------------------------------------


def permitted(*areas: str, **more: Any) -> dict[str, Any]:
    return {"purpose": "Anzeige (synthetisch)", "areas": list(areas), **more}


REFUSED = [
    ("permission_exceeded", {"areas": {GROSSSTADT: "Großstadt am Muster", AUHEIM: "Auheim"}}),
    ("permission_exceeded", {"permission": permitted(AUHEIM)}),
    ("permission_missing", {"permission": {}}),
    ("permission_missing", {"permission": {"purpose": " ", "areas": [GROSSSTADT]}}),
    ("permission_missing", {"permission": {"purpose": "Anzeige", "areas": []}}),
    ("permission_expired", {"permission": permitted(GROSSSTADT, valid_until=date(2026, 11, 21))}),
]


@pytest.mark.parametrize(("code", "settings"), REFUSED)
async def test_outside_the_permission_not_one_request_is_made(
    code: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    finder = Finder()
    async with loopback_portal(finder) as portal:
        with pytest.raises(ConfigError) as refused:
            await read(finder, tmp_path, portal, **settings)
        assert portal.requests == []
    assert refused.value.code == code
    assert refused.value.fix


@pytest.mark.parametrize("version", ["v3", "v4"])
async def test_every_request_for_data_names_an_area_of_the_permission(version: str, tmp_path: Path) -> None:
    finder = Finder(version)
    async with loopback_portal(finder) as portal:
        await read(
            finder,
            tmp_path,
            portal,
            permission=permitted(KREIS_AUE),
            areas={KREIS_AUE: "Aue-Kreis", AUHEIM: "Auheim"},
        )
        requests = portal.requests
    data = [dict(parse_qsl(urlsplit(one.path).query)) for one in requests if "areaId" in one.path]
    assert {one["areaId"] for one in data} == {KREIS_ID, VILLAGE_ID}
    lists = {"/pst/find", "/pstExtended/find", "/osCompetence", "/ouCompetence"}
    assert all("areaId" in one.path for one in requests if urlsplit(one.path).path in lists)
    looked_up = {one.get("ags", "") for one in asked(requests, "area/find")}
    assert looked_up == ({"06431000", "06431001", "06000000"} if version == "v3" else set())
    others = {urlsplit(one.path).path for one in requests} - lists - {"/area/find", "/PoliticalArea/search"}
    assert others <= {"/os/901", "/os/902"}


async def test_an_area_above_is_looked_up_only_where_it_lies_above_the_permission() -> None:
    with pytest.raises(ValueError, match="above none of the areas"):
        InfodiensteSettings.model_validate(
            {"base_url": "http://127.0.0.1:1", **infodienste.settings(above={"06431": "Aue-Kreis"})}
        )


async def test_a_permission_about_to_end_is_told(tmp_path: Path) -> None:
    ends = permitted(GROSSSTADT, valid_until=date(2026, 12, 1))
    assert "permission_expires" in (await read(Finder(), tmp_path, permission=ends)).codes


async def test_the_key_goes_to_the_area_interface_only_where_it_is_told_to(tmp_path: Path) -> None:
    finder = Finder()
    for with_key in (False, True):
        async with loopback_portal(finder) as portal, loopback_portal(finder) as areas:
            folder = tmp_path / str(with_key)
            await read(finder, folder, portal, areas_url=areas.base_url, areas_with_key=with_key)
            assert [one.headers.get("api_key") for one in areas.requests] == [KEY if with_key else None] * 2
            assert all(one.headers["api_key"] == KEY for one in portal.requests)
            assert all(one.headers["accept-language"] == "de_DE" for one in portal.requests)


async def test_another_origin_is_refused_unless_the_operator_named_it(tmp_path: Path) -> None:
    finder = Finder()
    async with (
        loopback_portal(finder) as portal,
        loopback_portal(finder) as other,
        HttpFetcher(QUICK) as fetcher,
    ):
        session = SourceSession(
            source_id="finder",
            fetcher=fetcher,
            base_url=portal.base_url,
            rundir=tmp_path / "run",
            raw_root=tmp_path / "raw",
            allow_private=True,
        )
        with pytest.raises(SyncdError, match="foreign_url"):
            await session.fetch(f"{other.base_url}/PoliticalArea/search", name="x")
        assert other.requests == []


# --- bad habits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "error", "code"),
    [("no-such-key", SourceRejectedUs, "http_401"), (FOREIGN_KEY, SourceRejectedUs, "http_403")],
)
async def test_a_bad_key_and_a_key_of_another_region(
    key: str, error: type[SyncdError], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINDER_KEY", key)
    with pytest.raises(error) as refused:
        await read(Finder(), tmp_path)
    assert refused.value.code == code
    assert key not in str(refused.value)


async def test_without_the_extended_list_the_plain_one_and_single_links_are_read(tmp_path: Path) -> None:
    finder = Finder(moods=frozenset({"no_extended"}))
    async with loopback_portal(finder) as portal:
        got = await read(finder, tmp_path, portal)
        assert asked(portal.requests, "pst/find")
        singles = sorted(path for one in portal.requests if (path := one.path).startswith("/os/"))
    assert singles == ["/os/900", "/os/901"]
    assert got.records["101"].parts[0].channels[0].url == "https://online.example/wohnsitz"


async def test_extended_services_save_the_single_requests(tmp_path: Path) -> None:
    finder = Finder()
    async with loopback_portal(finder) as portal:
        await read(finder, tmp_path, portal)
        assert not [one.path for one in portal.requests if one.path.startswith("/os/")]


@pytest.mark.parametrize("mood", ["", "total_in_body", "count_hits", "capped"])
async def test_pages_are_added_up_whatever_states_the_total(mood: str, tmp_path: Path) -> None:
    finder = Finder(moods=frozenset({mood}))
    async with loopback_portal(finder) as portal:
        got = await read(finder, tmp_path, portal, page_size=4)
        offsets = [one.get("offset") for one in asked(portal.requests, "pstExtended/find")]
        limits = {one["limit"] for one in asked(portal.requests, "pstExtended/find")}
    assert (len(got.records), got.declared, got.incomplete) == (6, 6, "")
    # Never 0, which the documentation forbids, and never -1, which it discourages.
    assert offsets == ([None, "2", "4"] if mood == "capped" else [None, "4"])
    assert limits == {"4"}


async def test_a_total_met_by_full_pages_is_not_believed_unseen(tmp_path: Path) -> None:
    finder = Finder(moods=frozenset({"no_empty_results"}))
    async with loopback_portal(finder) as portal:
        got = await read(finder, tmp_path, portal, page_size=3)
        offsets = [one.get("offset") for one in asked(portal.requests, "pstExtended/find")]
    assert offsets == [None, "3", "6"]
    assert got.declared == 6


@pytest.mark.parametrize("page_size", [2, 3, 4, 5])
async def test_offsets_that_count_from_one_cost_nothing(page_size: int, tmp_path: Path) -> None:
    got = await read(Finder(moods=frozenset({"one_based"})), tmp_path, page_size=page_size)
    assert (len(got.records), got.declared, got.incomplete) == (6, 6, "")


async def test_two_competences_that_read_alike_are_two(tmp_path: Path) -> None:
    finder = Finder(os_competences=[*infodienste.OS_COMPETENCES[:1] * 2, *infodienste.OS_COMPETENCES[1:]])
    got = await read(finder, tmp_path)
    assert (got.declared, got.incomplete) == (6, "")


async def test_a_service_that_comes_twice_hides_one_that_does_not(tmp_path: Path) -> None:
    services = [*infodienste.SERVICES[:5], infodienste.SERVICES[0]]
    got = await read(Finder(services=services), tmp_path)
    assert "announced 6 hits, 5 different came" in got.incomplete


async def test_a_total_that_is_too_high_makes_the_listing_incomplete(tmp_path: Path) -> None:
    got = await read(Finder(moods=frozenset({"total_high"})), tmp_path)
    assert "announced 7 hits, 6 different came" in got.incomplete


async def test_a_total_that_is_too_low_proves_nothing(tmp_path: Path) -> None:
    got = await read(Finder(moods=frozenset({"total_low"})), tmp_path, page_size=2)
    assert (len(got.records), got.declared, got.incomplete) == (6, None, "")
    assert "total_wrong" in got.codes


async def test_without_any_total_nothing_is_withdrawn_unless_the_operator_says_so(tmp_path: Path) -> None:
    finder = Finder(moods=frozenset({"no_total"}))
    got = await read(finder, tmp_path / "1", page_size=4)
    assert (len(got.records), got.declared) == (6, None)
    assert "total_absent" in got.codes
    trusted = await read(finder, tmp_path / "2", page_size=4, completeness="until_empty")
    assert (len(trusted.records), trusted.declared) == (6, 6)


async def test_where_totals_prove_nothing_the_empty_page_is_awaited(tmp_path: Path) -> None:
    finder = Finder(moods=frozenset({"capped", "total_of_page"}))
    got = await read(finder, tmp_path, page_size=4, completeness="until_empty")
    assert (len(got.records), got.declared, got.incomplete) == (6, 6, "")


async def test_a_portal_that_repeats_its_first_page_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(SourceFormatError) as refused:
        await read(Finder(moods=frozenset({"ignores_offset"})), tmp_path, page_size=4)
    assert refused.value.code == "page_ignored"


@pytest.mark.parametrize(
    ("spelling", "names"),
    [
        ("brackets", {"selectAttributes[]"}),
        ("indexed", {"selectAttributes[0]", "selectAttributes[1]", "selectAttributes[2]"}),
        ("comma", {"selectAttributes"}),
        ("off", set()),
    ],
)
async def test_spellings_of_select_attributes(spelling: str, names: set[str], tmp_path: Path) -> None:
    finder = Finder()
    async with loopback_portal(finder) as portal:
        await read(finder, tmp_path, portal, select_attributes=spelling, attributes=["id", "name"])
        query = urlsplit(next(one.path for one in portal.requests if "/pstExtended" in one.path)).query
    assert {name for name, _ in parse_qsl(query) if name.startswith("select")} == names
    assert ("onlineServices" in query) == bool(names)


async def test_a_unit_that_is_named_is_asked_with_those_below_it(tmp_path: Path) -> None:
    finder = Finder()
    async with loopback_portal(finder) as portal:
        got = await read(finder, tmp_path, portal, unit_competences="by_unit", units=["1"])
        (query,) = asked(portal.requests, "ouCompetence/1")
    assert (query["areaId"], query["subOrganisationalUnits"]) == (TOWN_ID, "true")
    assert got.records["101"].parts[0].authority == "Amt 800"


async def test_a_competence_for_a_service_that_is_not_listed_is_kept_and_told(tmp_path: Path) -> None:
    unlisted = infodienste.competence("onlineService", "900", ["555"], [TOWN_ID])
    unlisted["publicServiceTypes"][0]["name"] = "Nur zuständig"
    got = await read(Finder(os_competences=[*infodienste.OS_COMPETENCES, unlisted]), tmp_path)
    assert got.records["555"].title == "Nur zuständig"
    assert got.declared == len(got.records) == 7
    assert "service_not_listed" in got.codes


async def test_more_links_than_allowed_and_links_that_are_gone(tmp_path: Path) -> None:
    finder = Finder(moods=frozenset({"no_extended"}), online={"900": infodienste.ONLINE["900"]})
    got = await read(finder, tmp_path / "1")
    assert [issue.where for issue in got.issues if issue.code == "detail_missing"] == ["901"]
    (inherited,) = [part for part in got.records["100"].parts if part.channels]
    assert inherited.channels[0].url is None
    cut = await read(finder, tmp_path / "2", detail_limit=1)
    assert "details_cut" in cut.codes


async def test_unknown_fields_are_counted(tmp_path: Path) -> None:
    got = await read(Finder(moods=frozenset({"unknown_field"})), tmp_path)
    assert got.unknown["reifegrad"] == 6


# --- areas ------------------------------------------------------------------------------------------------


async def test_the_town_is_taken_and_not_its_district_of_the_same_key(tmp_path: Path) -> None:
    for mood in ("", "suggestions"):
        finder = Finder(moods=frozenset({mood}))
        async with loopback_portal(finder) as portal:
            await read(finder, tmp_path / f"m{mood}", portal)
            words = [v for n, v in parse_qsl(urlsplit(portal.requests[0].path).query) if n == "searchWords"]
            assert words == ["Großstadt", "Muster"]
            assert {one["areaId"] for one in asked(portal.requests, "osCompetence")} == {TOWN_ID}


async def test_a_name_that_fits_with_another_key_is_no_hit(tmp_path: Path) -> None:
    with pytest.raises(SourceFormatError) as refused:
        await read(Finder(), tmp_path, areas={GROSSSTADT: "Riedstadt"})
    assert refused.value.code == "area_not_found"
    assert "area_ids" in refused.value.fix


async def test_two_areas_of_one_key_are_the_operators_to_tell_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NAMES, "413", (NAMES[TOWN_ID][0], "Großstadt am Muster, Region"))
    with pytest.raises(SourceFormatError) as refused:
        await read(Finder(), tmp_path / "1")
    assert refused.value.code == "area_ambiguous"
    got = await read(Finder(), tmp_path / "2", area_ids={GROSSSTADT: TOWN_ID})
    assert len(got.records) == 6
