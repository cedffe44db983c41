"""Shipped profiles against simulated portals, from the socket into the catalogue, on good and bad days."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.generic.shelf import shipped, shipped_names
from syncd.model.evidence import ChannelKind, LinkState
from syncd.storage import SqlStore, open_store
from tests.support.profile_portal import REGION, Portal
from tests.support.profile_portals import PORTALS, SETTINGS
from tests.support.profile_portals_german import OParl
from tests.support.profile_run import Source, Told

RECORDS = {"dated_json": 4, "ldes": 4, "open_referral_uk": 4}
"""Where the portal of five services marks one as gone or not public."""


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROFILE_USER", "amt")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with open_store(f"sqlite:///{tmp_path}/syncd.db") as opened:
        yield opened


def source(profile: str, store: SqlStore, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.setenv("PROFILE_SECRET", "Bearer geheim" if profile == "service_bw" else "geheim")
    return Source(store, folder, {"profile": profile, **SETTINGS[profile]})


def portal(profile: str, mood: str = "", number: int = 5) -> Portal:
    return PORTALS[profile](mood=mood, number=number)


def codes(told: Told) -> set[str]:
    return set(told.counts)


def test_every_shipped_profile_has_a_simulator() -> None:
    assert set(shipped_names()) == set(PORTALS) == set(SETTINGS)


@pytest.mark.parametrize("profile", shipped_names())
async def test_a_good_day(
    profile: str, store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source(profile, store, tmp_path, monkeypatch)
    told = await read.sync(portal(profile))
    assert told.outcome == "accepted accepted", (told.run.reason, told.issues)
    claims = read.claims()
    assert len(claims) == RECORDS.get(profile, 5)
    assert all(claim.title.startswith("Muster") for claim in claims.values())
    assert any(claim.channels for claim in claims.values()) is (
        profile not in {"ldes", "samenwerkende_catalogi"}
    )

    again = await read.sync(portal(profile))
    assert again.run.outcome == "unchanged"
    if profile == "oparl_list":
        # Between full walks silence means nothing; see below.
        return
    fewer = await read.sync(portal(profile, number=4))
    assert fewer.run.outcome == "accepted", fewer.run.reason
    assert len(read.claims()) == len(claims) - 1


BAD_DAYS = [
    ("service_bw", "more than it tells", "refused incomplete_listing"),
    ("service_bw", "moved", "failed no_details"),
    ("dated_json", "empty index", "failed nothing_discovered"),
    ("spring_page", "lying total", "failed http_404"),
    ("samenwerkende_catalogi", "empty page", "refused incomplete_listing"),
    ("samenwerkende_catalogi", "doctype", "failed xml_doctype"),
    ("ldes", "loop", "failed paging_loop"),
    ("ldes", "foreign", "failed foreign_url"),
    ("open_referral_uk", "lying total", "refused incomplete_listing"),
    ("oparl_list", "error inside", "failed wrong_shape"),
    ("schema_org", "cut", "failed cut_off"),
    ("link_list_govuk", "no URL column", "failed missing_columns"),
    ("link_list_govuk", "lost quotation mark", "failed source_format"),
    ("link_list_govuk", "cut", "failed cut_off"),
    ("dldb", "off by one", "refused incomplete_listing"),
    ("dldb", "error with 200", "failed reported_error"),
    *((profile, "maintenance", "failed") for profile in sorted(PORTALS)),
]


@pytest.mark.parametrize(("profile", "mood", "outcome"), BAD_DAYS)
async def test_a_bad_day_changes_nothing(  # noqa: PLR0917 - a table and fixtures
    profile: str, mood: str, outcome: str, store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source(profile, store, tmp_path, monkeypatch)
    await read.sync(portal(profile))
    before = read.claims()
    told = await read.sync(portal(profile, mood))
    assert told.outcome.startswith(outcome), (told.outcome, told.run.reason)
    assert read.claims() == before
    recovered = await read.sync(portal(profile))
    assert recovered.run.outcome == "unchanged"


ODD_DAYS = [
    ("service_bw", "vanished", {"detail_missing", "record_without_key"}),
    ("bayernportal", "stray", {"unmatched_supplement"}),
    ("dated_json", "placeholder", {"placeholder_link"}),
    ("spring_page", "too large", set[str]()),
    ("spring_page", "406 to CSV", set[str]()),
    ("open_referral_uk", "small pages", set[str]()),
    ("schema_org", "broken beside", {"bad_jsonld"}),
    ("link_list_govuk", "semicolons", set[str]()),
    ("dldb", "list with gaps", set[str]()),
]


@pytest.mark.parametrize(("profile", "mood", "found"), ODD_DAYS)
async def test_an_odd_day_is_read_and_reported(  # noqa: PLR0917 - a table and fixtures
    profile: str, mood: str, found: set[str], store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source(profile, store, tmp_path, monkeypatch)
    plain = await read.sync(portal(profile))
    before = read.claims()
    told = await read.sync(portal(profile, mood))
    assert told.run.outcome in {"accepted", "unchanged"}, told.run.reason
    assert codes(told) - codes(plain) == found
    assert read.claims().keys() == before.keys()


async def test_a_row_of_another_region_is_set_aside(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source("spring_page", store, tmp_path, monkeypatch)
    told = await read.sync(portal("spring_page", "wrong region"))
    assert told.outcome == "refused too_many_unusable"
    assert codes(told) == {"assertion_failed", "fields_not_used"}


async def test_a_page_without_data_is_set_aside_and_nothing_goes(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source("schema_org", store, tmp_path, monkeypatch)
    await read.sync(portal("schema_org"))
    told = await read.sync(portal("schema_org", "one without"))
    assert (told.run.outcome, codes(told)) == ("unchanged", {"page_without_item", "fields_not_used"})
    assert len(read.claims()) == 5


async def test_words_in_place_of_a_key_are_set_aside(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source("link_list_govuk", store, tmp_path, monkeypatch)
    told = await read.sync(portal("link_list_govuk", "words for keys"))
    assert told.run.counts.quarantined == 1
    assert "assertion_failed" in codes(told)


async def test_what_is_read_becomes_what_was_meant(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source("service_bw", store, tmp_path, monkeypatch)
    await read.sync(portal("service_bw"))
    claim = read.claims()[f"{REGION}/1"]
    assert (claim.title, claim.description) == ("Muster 1 in voller Länge", "Ein & Muster")
    assert (claim.authority, claim.authority_id, claim.area.code) == ("Musteramt", "9", REGION)
    assert claim.service_key.value == "99001001001000"
    assert [(c.kind, c.label) for c in claim.channels] == [
        (ChannelKind.ONLINE_SERVICE, "Online"),
        (ChannelKind.PDF, "Blatt"),
    ]


async def test_supplements_of_bavaria_meet_their_services(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source("bayernportal", store, tmp_path, monkeypatch)
    await read.sync(portal("bayernportal"))
    claims = read.claims()
    first, second, third = (claims[f"06411000/{n}"] for n in (1, 2, 3))
    assert (first.title, first.description) == ("Muster 1", "Regional ergänzt")
    assert [c.url for c in first.channels] == ["https://synthetic.invalid/antrag"]
    assert [c.native_id for c in second.channels] == ["8"]
    assert (third.description, third.channels) == ("Kurz 3", ())


async def test_states_of_links_and_facts_of_the_export(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source("spring_page", store, tmp_path, monkeypatch)
    await read.sync(portal("spring_page"))
    claim = read.claims()[f"{REGION}/99001001001000"]
    assert [c.link_state for c in claim.channels] == [LinkState.DEAD, LinkState.OK]
    assert dict(claim.facts) == {"active": "true", "coverage_class": "landesweit flächendeckend"}


async def test_of_several_versions_the_newest_counts_wherever_it_stands(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source("ldes", store, tmp_path, monkeypatch)
    told = await read.sync(portal("ldes"))
    claims = read.claims()
    assert claims["https://synthetic.invalid/1"].title == "Muster 1 v3"
    assert "https://synthetic.invalid/2" not in claims
    assert "marked_deleted" in codes(told)


async def test_fields_no_rule_knows_are_reported(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source("dated_json", store, tmp_path, monkeypatch)
    told = await read.sync(portal("dated_json"))
    assert any("NEUES_FELD" in issue.value + issue.where + issue.message for issue in told.issues)


async def test_a_body_hash_saves_the_body(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source("dldb", store, tmp_path, monkeypatch)
    await read.sync(portal("dldb"))
    second = portal("dldb")
    told = await read.sync(second)
    assert told.outcome == "unchanged unchanged"
    assert [bool(r.headers.get("if-none-match")) for r in second.asked] == [True, True]
    assert read.claims()["1"].authority == "Musteramt"


async def test_a_listing_without_end_is_given_up(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source("oparl_list", store, tmp_path, monkeypatch)
    table = shipped("oparl_list").model_dump(by_alias=True)
    table["stream"][0]["paging"]["max_pages"] = 20
    read.settings = {"definition": table}
    endless = OParl(mood="no end")
    told = await read.sync(endless)
    assert told.outcome == "failed too_many_pages"
    assert len(endless.asked) == 20


async def test_changes_only_between_full_walks(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source("oparl_list", store, tmp_path, monkeypatch)
    feed = OParl(number=5)
    await read.sync(feed)
    assert len(feed.asked) == 3

    feed.asked.clear()
    feed.modified[2] = "2026-02-01T12:00:00+00:00"
    feed.deleted[3] = "2026-02-02T12:00:00+00:00"
    told = await read.sync(feed)
    assert "modified_since=2026-01-04T12%3A00%3A00Z" in feed.asked[0].path
    assert told.run.outcome == "accepted"
    claims = read.claims()
    assert claims["https://synthetic.invalid/2"].title == "Muster 2 neu"
    assert "https://synthetic.invalid/3" not in claims
    assert len(claims) == 4

    # What leaves without a word is noticed by the next full walk, every tenth run.
    feed.number = 4
    outcomes = [(await read.sync(feed)).run.outcome for _ in range(8)]
    assert set(outcomes) == {"unchanged"}
    assert len(read.claims()) == 4
    feed.asked.clear()
    assert (await read.sync(feed)).run.outcome == "accepted"
    assert "modified_since" not in feed.asked[0].path
    assert len(read.claims()) == 3


async def test_a_lost_ledger_means_a_full_walk(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source("oparl_list", store, tmp_path, monkeypatch)
    feed = OParl(number=5)
    await read.sync(feed)
    for path in (tmp_path / "ledgers").rglob("*.sqlite3*"):
        path.unlink()
    feed.asked.clear()
    assert (await read.sync(feed)).run.outcome == "unchanged"
    assert "modified_since" not in feed.asked[0].path


async def test_records_of_a_profile_are_published(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source("service_bw", store, tmp_path, monkeypatch)
    await read.sync(portal("service_bw"))
    assert read.miniature is not None
    release = await read.publish()
    assert release is not None
    assert release.counts["entries"] == 5
