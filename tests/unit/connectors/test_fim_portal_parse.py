"""The FIM portal parser: profiles and texts of one key become one word of the register."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from connectors.fim_portal import parse
from connectors.fim_portal.items import PROFILE_FIELDS, TEXT_FIELDS, change_of, keys_of
from connectors.fim_portal.portal import PROFILES, TEXTS, page, synthetic_portal
from connectors.fim_portal.position import Position, read_position
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.records import Record, RecordKind
from tests.support.composed import Composed, compose_all

if TYPE_CHECKING:
    from pathlib import Path

KEY = "99041006017000"


def profile(**fields: Any) -> dict[str, Any]:
    return {"leistungsschluessel": KEY, "title": "Muster", **fields}


def text(**fields: Any) -> dict[str, Any]:
    named = {"redaktion_id": "B1", "leistung_id": "1", "source": "leika", "title": "Aus dem Text"}
    return {**named, "leistungsschluessel": [KEY], **fields}


def read(*pages: tuple[str, list[Any]]) -> Composed:
    return compose_all(parse, [(page(items), {"kind": kind}) for kind, items in pages])


def one(profiles: list[Any], texts: list[Any] | None = None) -> Record:
    found = read(("profiles", profiles), ("texts", texts or []))
    assert not found.rejected
    return found.only()


def test_the_synthetic_portal_in_full() -> None:
    answers = synthetic_portal().answers
    documents = [(answers[PROFILES].body, {"kind": "profiles"}), (answers[TEXTS].body, {"kind": "texts"})]
    found = compose_all(parse, documents)
    assert (found.codes, found.rejected, dict(found.unknown)) == ([], [], {})
    first, second, third = found.records
    assert {record.kind for record in found.records} == {RecordKind.CATALOGUE}
    assert {record.areas for record in found.records} == {()}
    assert (first.native_id, first.service_keys) == ("99000000000001", ("99000000000001",))
    assert first.title == "Muster Ausstellung"
    assert first.description == "Ein Muster."
    assert first.typing == ("2/3",)
    assert first.changed_at == datetime(2026, 1, 4, 10, tzinfo=UTC)
    assert first.facts == {
        "status": "6",
        "ozg_id": "10001",
        "ozg_name": "Muster",
        "theme": "Beispiele",
        "situation": "2100400",
        "sdg": "1020200",
    }
    assert (second.title, second.facts) == (
        "Probe Anzeige",
        {"status": "7", "replaced_by": "99000000000001"},
    )
    assert third.title == "Muster beantragen"


@pytest.mark.parametrize(
    "spelling",
    [
        KEY,
        [KEY],
        "99.041.006.017.000 ",
        f"urn:de:fim:leika:leistung:{KEY}",
        {"code": KEY},
        [{"value": KEY}, KEY],
    ],
)
def test_spellings_of_a_key(spelling: Any) -> None:
    assert keys_of({"leistungsschluessel": spelling}) == (KEY,)


@pytest.mark.parametrize("name", ["title", "titel", "leistungsbezeichnung", "bezeichnung", "name"])
def test_spellings_of_a_title(name: str) -> None:
    assert one([{"leistungsschluessel": KEY, name: "Muster"}]).title == "Muster"


def test_no_title_is_said_in_words() -> None:
    assert one([profile(title="Kein Titel", leistungsbezeichnung_2="Doch")]).title == "Doch"
    found = read(("profiles", [profile(title="Kein Titel")]))
    assert [rejection.code for rejection in found.rejected] == ["record_without_title"]


@pytest.mark.parametrize(
    "ozg",
    [
        {"id": 10_000, "leistung": "Elterngeld", "themenfeld_label": "Familie & Kind"},
        [{"id": "10000", "leistung": "Elterngeld", "themenfeld_label": "Familie & Kind"}],
        [
            {"id": "10000", "leistung": "Elterngeld", "themenfeld_label": "Familie & Kind"},
            {"leistungsschluessel": "99000000000001", "id": "1", "leistung": "Fremd"},
        ],
    ],
)
def test_bundles_as_object_or_list(ozg: Any) -> None:
    said = one([profile(ozg=ozg)]).facts
    assert (said["ozg_id"], said["ozg_name"], said["theme"]) == ("10000", "Elterngeld", "Familie & Kind")


def test_a_key_in_several_bundles_keeps_them_all() -> None:
    said = one([profile(ozg=[{"id": "1", "leistung": "A"}, {"id": "2", "leistung": "B"}])]).facts
    assert (said["ozg_id"], said["ozg_name"]) == ("1|2", "A|B")


@pytest.mark.parametrize(
    "replacements", [[[KEY[:-1] + "1", "Neu"]], [KEY[:-1] + "1"], [{"key": KEY[:-1] + "1"}]]
)
def test_spellings_of_replacements(replacements: Any) -> None:
    assert one([profile(replacements=replacements)]).facts["replaced_by"] == KEY[:-1] + "1"


def test_types_of_the_first_rank_that_states_any() -> None:
    land = text(source="landesredaktion", leistung_id="2", typisierung=["4b"])
    assert one([profile()], [land]).typing == ("4b",)
    assert one([profile()], [land, text(typisierung=["2/3", "2"])]).typing == ("2", "2/3")
    assert one([profile(typisierung="5")], [land, text(typisierung=["2"])]).typing == ("5",)
    classified = [{"list_uri": "urn:de:fim:leika:typisierung", "value": "3"}]
    assert one([profile(klassifizierung=classified)]).typing == ("3",)


def test_the_order_of_texts_changes_nothing() -> None:
    texts = [text(leistung_id=str(n), typisierung=[str(n)]) for n in (1, 2, 3)]
    forth, back = read(("texts", texts)), read(("texts", texts[::-1]))
    assert forth.raw == back.raw
    assert forth.records == back.records


def test_a_text_that_loses_a_key_leaves_it(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite3"
    both = text(leistungsschluessel=[KEY, "99000000000001"])
    first = compose_all(parse, [(page([both]), {"kind": "texts"})], ledger=ledger)
    assert len(first.records) == 2
    later = compose_all(parse, [(page([text()]), {"kind": "texts"})], ledger=ledger)
    assert later.only().native_id == KEY


def test_a_change_replaces_what_was_there(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite3"
    compose_all(parse, [(page([profile(), profile(leistungsschluessel="x")]), {})], ledger=ledger)
    later = compose_all(parse, [(page([profile(title="Neu")]), {})], ledger=ledger)
    assert [(record.native_id, record.title) for record in later.records] == [(KEY, "Neu"), ("x", "Muster")]


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ("2026-01-02T10:00:00.123456789+01:00", datetime(2026, 1, 2, 9, 0, 0, 123456, tzinfo=UTC)),
        ("2026-01-02T10:00:00.123456", datetime(2026, 1, 2, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2026-01-02T10:00:00Z", datetime(2026, 1, 2, 10, tzinfo=UTC)),
        ("gestern", None),
        (None, None),
        (7, None),
    ],
)
def test_stamps_of_a_change(stamp: Any, moment: datetime | None) -> None:
    assert change_of({"geaendert_datum_zeit": stamp}) == moment
    assert change_of({"letzte_aenderung": stamp}) == moment
    assert change_of([stamp]) is None


def test_items_without_key_are_counted() -> None:
    found = read(("profiles", [profile(), {"title": "Ohne"}, profile(leistungsschluessel=[])]))
    assert len(found.records) == 1
    assert [(issue.code, issue.value) for issue in found.issues] == [("item_without_key", "2")]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"items": {}}', b'{"items": [7]}', b"null"])
def test_pages_that_are_none(body: bytes) -> None:
    with pytest.raises(SourceFormatError):
        compose_all(parse, [(body, {"kind": "profiles"})])


@pytest.mark.fault("F9")
@pytest.mark.parametrize("path", [PROFILES, TEXTS])
def test_every_cut_of_a_page_is_noticed(path: str) -> None:
    body = synthetic_portal().answers[path].body
    for length in range(len(body)):
        with pytest.raises(SourceFormatError):
            compose_all(parse, [(body[:length], {"kind": "profiles" if path == PROFILES else "texts"})])


def test_facts_stay_short_and_whole() -> None:
    many = [{"id": str(10_000 + n), "leistung": "x" * 90} for n in range(200)]
    said = one([profile(ozg=many)]).facts
    assert all(len(value) <= 900 for value in said.values())
    assert set(said["ozg_id"].split("|")) <= {bundle["id"] for bundle in many}


def test_what_the_interface_declares_is_known(shared_data: Path) -> None:
    schemas = json.loads((shared_data / "openapi" / "fim_portal_0.24.0.json").read_text("utf-8"))
    properties = {n: s.get("properties", {}) for n, s in schemas["components"]["schemas"].items()}
    assert set(properties["LeistungStammtextOut"]) <= TEXT_FIELDS
    assert set(properties["FullLeistungStammtextOut"]) <= TEXT_FIELDS
    assert TEXT_FIELDS < PROFILE_FIELDS
    item = dict.fromkeys(properties["LeistungStammtextOut"], None)
    assert not read(("texts", [{**item, **text()}])).unknown
    orders = schemas["components"]["schemas"]
    assert "leistungsschluessel_asc" in orders["LeistungSteckbriefSearchOrder"]["enum"]
    assert "erstellt_datum_zeit_asc" in orders["LeistungStammtextSearchOrder"]["enum"]


def test_unknown_fields_surface_and_stay() -> None:
    found = read(("profiles", [profile(reifegrad=3)]), ("texts", [text(reifegrad=4)]))
    assert dict(found.unknown) == {"reifegrad": 2}
    assert found.only().leftover == {"reifegrad": "3"}


@pytest.mark.parametrize("odd", ["", "x", "[]", "[1,2,3]", '["x","y",""]', "null", '{"a":1}', "[null]"])
def test_positions_that_cannot_be_read_are_none(odd: str) -> None:
    assert read_position(odd) is None


def test_positions_come_back_as_they_were() -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    for position in (Position(now, now, "tail"), Position(None, now)):
        assert read_position(position.write()) == position
    assert Position(now, now).moved(None, "t").since == now
    assert Position(None, now).moved(now, "t") == Position(now, now, "t")


def test_reading_leaves_the_item_as_it_was() -> None:
    item = profile(ozg={"id": 1})
    before = copy.deepcopy(item)
    one([item])
    assert item == before
    assert orjson.loads(page([item]))["total_count"] == 1
