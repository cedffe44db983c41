"""Recorded answers of real interfaces through the shipped profiles: no field is lost without a word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.generic import parse
from connectors.generic.settings import GenericSettings
from connectors.generic.shelf import shipped
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.records import ChannelKind, LinkState, Record
from tests.support.composed import Composed, compose_all

REGION = "051170000000"


def options(profile: str, **more: Any) -> dict[str, Any]:
    settings = GenericSettings(base_url="https://portal.example", profile=profile, **more)
    found: dict[str, Any] = orjson.loads(orjson.dumps(settings.parse_options()))
    return found


def read(body: bytes, profile: str, stream: str, *, region: str = "", **more: Any) -> Composed:
    context = {"stream": stream, "page": "1", "document": "sample"}
    if region:
        context["region"] = region
    return compose_all(parse, [(body, context)], options(profile, **more))


def leaves(value: object, path: str = "") -> list[tuple[str, str]]:
    """Return (path, text) of every text and number inside."""
    if isinstance(value, dict):
        return [one for n, v in value.items() for one in leaves(v, f"{path}/{n}" if path else n)]
    if isinstance(value, list):
        return [one for v in value for one in leaves(v, path)]
    return [] if value in (None, "") or isinstance(value, bool) else [(path, str(value))]


def assert_nothing_lost(item: dict[str, Any], record: Record, profile: str, found: Composed) -> None:
    """Each value stands in the record, or its field is reported or named as not used."""
    said = repr(record)
    named = [*shipped(profile).select.ignore, *found.unknown]
    lost = [
        (path, text)
        for path, text in leaves(item)
        if text[:60].strip() not in said
        and not any(path == name or path.startswith((f"{name}/", name.removesuffix("*"))) for name in named)
    ]
    assert lost == []


def test_munichs_raw_service(shared_data: Path) -> None:
    raw = json.loads((shared_data / "samples/munich_raw_service.json").read_bytes())
    found = read(json.dumps({"services": [raw]}).encode(), "dated_json", "services")
    record = found.only()
    assert (record.native_id, record.title) == ("1063423", "Gewerbe-Anmeldung")
    assert record.service_keys == ("99050012104000",)
    assert record.facts == {"fees": "50 bis 60 Euro ...", "appointment": "true"}
    assert found.rejected == []
    assert not found.unknown
    assert "fields/ZMS_DAUER" in found.issues[0].message


def test_open_pvog_as_csv_and_as_page(shared_data: Path) -> None:
    table = (shared_data / "samples/open_pvog.csv").read_bytes()
    found = read(table, "spring_page", "export", region=REGION, regions=[REGION])
    record = found.only()
    assert record.native_id == f"{REGION}/99041006017000"
    assert (record.title, record.areas) == ("Hundehaltung anmelden", (REGION,))
    (channel,) = record.channels
    assert (channel.url, channel.link_state) == ("https://x.example/a", LinkState.OK)
    assert record.facts == {"coverage_class": "landesweit flächendeckend", "active": "true"}
    assert not found.unknown

    page = (shared_data / "samples/open_pvog_page.json").read_bytes()
    found = read(page, "spring_page", "pages", region=REGION, regions=[REGION])
    assert found.only().native_id == f"{REGION}/99041006017000"
    assert found.only().channels == ()
    assert found.last.incomplete_reason == ""


def test_samenwerkende_catalogi(shared_data: Path) -> None:
    body = (shared_data / "samples/samenwerkende_catalogi_sru.xml").read_bytes()
    found = read(body, "samenwerkende_catalogi", "products", parameters={"query": "x"})
    record = found.only()
    assert (record.native_id, record.title) == ("https://www.zoetermeer.nl/x", "Bijstand aanvragen")
    assert (record.language, record.page_url) == ("nl", "https://www.zoetermeer.nl/x")
    assert record.changed_at is not None
    assert record.changed_at.isoformat() == "2026-07-01T00:00:00+00:00"
    # The product without number and address cannot be told from others: reported, not guessed.
    assert [one.code for one in found.rejected] == ["record_without_id"]
    assert "Zonder url" in found.rejected[0].value
    assert found.last.incomplete_reason == ""


def test_govuks_links(shared_data: Path) -> None:
    body = (shared_data / "samples/govuk_exported_links.csv").read_bytes()
    found = read(body, "link_list_govuk", "links", parameters={"file": "x.csv"})
    by_id = {record.native_id: record for record in found.records}
    assert sorted(by_id) == ["123/123", "456/123", "456/666"]
    exeter = by_id["456/123"]
    assert (exeter.title, exeter.authority, exeter.areas) == ("Service 123", "Exeter", ("456",))
    assert [(c.url, c.native_id) for c in exeter.channels] == [
        ("http://www.example.com/456/0", "0"),
        ("http://www.example.com/456/1", "1"),
    ]
    assert by_id["456/666"].facts == {"supported": "false"}
    assert not found.unknown


@pytest.mark.parametrize(
    ("name", "records"),
    [
        ("imported_links.csv", 0),
        ("imported_links_all_errors.csv", 6),
        ("imported_links_few_errors.csv", 6),
    ],
)
def test_fixtures_of_an_importer(name: str, records: int, shared_data: Path) -> None:
    body = (shared_data / "uk_fixtures" / name).read_bytes()
    found = read(body, "link_list_govuk", "links", parameters={"file": "x.csv"})
    assert len(found.records) == records
    assert all("bad_url" in found.codes for record in found.records)
    assert {issue.code for issue in found.issues} <= {
        "bad_url",
        "fields_not_used",
        "unknown_code",
        "further_values",
    }
    # "New URL" and words in place of keys are named, not dropped.
    assert set(found.unknown) == ({"rows/New URL"} if records else set())
    assert [one.code for one in found.rejected] == ["assertion_failed"] * (records == 0)


@pytest.mark.parametrize(
    "name",
    ["sample.csv", "sample_malformed.csv", "local-authorities.csv", "imported_links_nothing_to_import.csv"],
)
def test_tables_of_something_else_or_cut_off_are_refused(name: str, shared_data: Path) -> None:
    body = (shared_data / "uk_fixtures" / name).read_bytes()
    with pytest.raises(SourceFormatError):
        read(body, "link_list_govuk", "links", parameters={"file": "x.csv"})


@pytest.mark.parametrize("feed", ["V3.0-UK-Default", "V3.0-UK-Warn", "V3.0-UK-Fail", "V3.0-UK-Test"])
def test_open_referral_feeds(feed: str, shared_data: Path) -> None:
    body = json.loads((shared_data / "oruk/Mocks" / feed / "service_list.json").read_bytes())
    body["total_items"] = len(body["contents"])
    found = read(json.dumps(body).encode(), "open_referral_uk", "services")
    if feed == "V3.0-UK-Fail":
        assert {one.code for one in found.rejected} == {"record_without_title", "duplicate_id"}
    assert len(found.records) + len(found.rejected) == len(body["contents"])
    for record in found.records:
        item = next(one for one in body["contents"] if one["id"] == record.native_id)
        assert_nothing_lost(item | {"last_modified": ""}, record, "open_referral_uk", found)


def test_open_referral_in_full(shared_data: Path) -> None:
    item = json.loads((shared_data / "oruk/Mocks/V3.0-UK-Default/service_full.json").read_bytes())
    page = {"total_items": 1, "contents": [item]}
    found = read(json.dumps(page).encode(), "open_referral_uk", "services")
    record = found.only()
    assert record.authority == "Example Organization Inc."
    assert record.facts == {"assured_on": "2005-01-01", "lifecycle": "active"}
    assert record.channels[0].kind is ChannelKind.UNKNOWN_LINK
    assert_nothing_lost(item | {"last_modified": ""}, record, "open_referral_uk", found)


def test_berlins_export(shared_data: Path) -> None:
    folder = shared_data / "dldb_berlin"
    documents = [
        ((folder / "zmsdldb_authority_de.json").read_bytes(), {"stream": "authorities", "page": "1"}),
        ((folder / "zmsdldb_services_de.json").read_bytes(), {"stream": "services", "page": "1"}),
    ]
    found = compose_all(parse, documents, options("dldb", parameters={"area": "110000000000"}))
    assert (len(found.records), found.rejected, found.last.incomplete_reason) == (560, [], "")
    assert all(record.areas == ("110000000000",) for record in found.records)
    assert sum(bool(record.authority) for record in found.records) > 400
    body = json.loads((folder / "zmsdldb_services_de.json").read_bytes())
    by_id = {record.native_id: record for record in found.records}
    for item in body["data"][:200]:
        volatile = {"hash": "", "meta": {**item.get("meta", {}), "lastupdate": ""}}
        assert_nothing_lost({**item, **volatile}, by_id[str(item["id"])], "dldb", found)
