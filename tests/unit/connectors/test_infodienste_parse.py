"""Parsing answers of the Infodienste: samples, area keys, shapes nobody promised, cuts and damage."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.infodienste import parse
from connectors.infodienste.keys import area_code, code_or_none, covers, lookup_key
from connectors.infodienste.permission import Permit, permission_problems
from connectors.infodienste.places import _choose, _values
from syncd.sdk.errors import ConfigError, SourceFormatError
from syncd.sdk.records import Record
from tests.support.composed import Composed, compose_all
from tests.support.infodienste import (
    OS_COMPETENCES,
    OU_COMPETENCES,
    SERVICES,
    TOWN_ID,
    as_xml,
    block,
    competence,
    service,
)
from tests.support.miniature import AUHEIM, GROSSSTADT, KREIS_AUE
from tests.unit.connectors.test_damage import damaged

PLACES = {"area": GROSSSTADT, "places": orjson.dumps({TOWN_ID: GROSSSTADT}).decode(), "above": '{"1":"06"}'}
OPTIONS = {"language": "de", "hidden": ["Typisierung", "Status Katalogeintrag"]}


def envelope(objects: list[Any]) -> bytes:
    return orjson.dumps(
        {"count": len(objects), "results": [{"score": 1.0, "object": one} for one in objects]}
    )


def read(*lists: tuple[str, bytes], **context: str) -> Composed:
    documents = [(body, {**PLACES, "kind": kind, **context}) for kind, body in lists]
    return compose_all(parse, documents, OPTIONS)


def one(**fields: Any) -> Record:
    return read(("services", envelope([service("1", "Muster", **fields)]))).only()


# --- what was recorded ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["infodienste_v4_pst_find.json", "infodienste_v4_pst_find.xml"])
def test_the_recorded_search_is_read_without_loss(shared_data: Path, name: str) -> None:
    body = (shared_data / "samples" / name).read_bytes()
    found = read(("services", body))
    # It was asked for names only: without ids nothing can be kept, and each name is in a finding.
    assert found.records == []
    assert [(issue.code, issue.value) for issue in found.issues] == [
        ("object_without_id", "Gewerbe Anmeldung"),
        ("object_without_id", "Gewerbe Ummeldung"),
    ]
    assert not found.unknown


def test_the_recorded_area_search_is_read_without_loss(shared_data: Path) -> None:
    body = orjson.loads((shared_data / "samples" / "gd_api_politicalarea_search.json").read_bytes())
    (hit,) = _values(body, "test")
    assert hit.keys() <= {"id", "name", "displayName", "ags"}
    # The only hit is a district that carries the key of its town: not the town.
    with pytest.raises(SourceFormatError, match="12069020"):
        _choose([hit], "12069020", "12069020")
    town = {"id": "1", "name": "Bad Belzig", "displayName": "Bad Belzig", "ags": "12069020"}
    assert _choose([hit, town], "12069020", "12069020") == "1"


# --- area keys and permissions ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("064360005005", "06436005"),
        ("06436005", "06436005"),
        ("064140000000", "06414"),
        ("06414000", "06414"),
        ("06414", "06414"),
        ("064390000000", "06439"),
        ("060000000000", "06"),
        ("06000000", "06"),
        ("064", "064"),
        ("06400000", "064"),
        ("110000000000", "11"),
        ("02000000", "02"),
    ],
)
def test_area_keys_have_one_form(text: str, code: str) -> None:
    assert area_code(text) == code
    assert area_code(lookup_key(code)) == code


@pytest.mark.parametrize("text", ["", "6", "0643", "064390001", "0641400O", "Wiesbaden", "٠٦٤١٤"])
def test_what_is_no_area_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither an ARS nor an AGS"):
        area_code(text)


def test_keys_of_portals_may_be_numbers_without_their_zero() -> None:
    assert code_or_none(6436005) == "06436005"
    nothing: list[object] = [None, True, "x", [], 1.5]
    assert [code_or_none(value) for value in nothing] == [None] * 5


@pytest.mark.parametrize(
    ("permitted", "asked", "good"),
    [
        (["06439"], ["06439", "064390001001"], True),
        (["064390001001"], ["06439"], False),
        (["064390001001"], ["064390002002"], False),
        (["06"], ["064140000000"], True),
        (["06439", "06440"], ["064400001001"], True),
        (["06431"], ["06439"], False),
    ],
)
def test_permission_covers_what_lies_inside(permitted: list[str], asked: list[str], good: bool) -> None:
    problems = list(permission_problems("Zweck", permitted, None, asked, date(2026, 1, 1)))
    assert (not problems) is good
    assert {problem.code for problem in problems} <= {"permission_exceeded"}


@pytest.mark.parametrize(
    ("until", "on", "good"),
    [
        (None, date.max, True),
        (date(2026, 1, 1), date(2026, 1, 1), True),
        (date(2026, 1, 1), date(2026, 1, 2), False),
    ],
)
def test_permission_holds_through_its_last_day(until: date | None, on: date, good: bool) -> None:
    problems = [p.code for p in permission_problems("Zweck", ["06"], until, ["06414"], on)]
    assert problems == ([] if good else ["permission_expired"])


areas = st.sampled_from(["06", "06414", "06431", "06431001", "06431002", "06439", "09571001", "064"])


@given(st.lists(areas, max_size=3), st.lists(areas, min_size=1, max_size=3), areas)
def test_a_permit_never_lets_data_of_other_areas_through(
    permitted: list[str], asked: list[str], code: str
) -> None:
    permit = Permit(permitted, asked, ["06"])
    if any(covers(own, code) for own in permitted):
        permit.data_of(code)
    else:
        with pytest.raises(ConfigError, match="permission_exceeded"):
            permit.data_of(code)


# --- shapes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["30", {"key": "30", "name": "substanziell"}, {"id": 30}])
def test_trust_levels_are_texts_and_objects(level: Any) -> None:
    assert one(trustLevel=level).facts["trust_level"] == "30"


def test_optional_attributes_may_all_be_absent() -> None:
    record = read(("services", envelope([{"id": 1, "name": "Muster"}]))).only()
    assert (record.native_id, record.service_keys, record.description) == ("1", (), None)


def test_texts_for_editors_are_hidden_by_flag_and_by_name() -> None:
    blocks = [
        block("STATUS KATALOGEINTRAG", "geheim"),
        block("Notiz", "geheim", notPublic=True),
        {"text": "ohne Art"},
        block("Volltext", "<b>Voll</b>"),
        block("Typisierung", "2/3a"),
    ]
    record = one(textBlocks=blocks)
    assert (record.description, record.typing) == ("Voll", ("2/3a",))
    assert one(textBlocks=blocks[:3]).description == "ohne Art"
    assert one(textBlocks=blocks[:2]).description is None


def test_types_stand_at_the_beginning_of_their_part() -> None:
    record = one(textBlocks=[block("Typisierung", "Typ 2b; 3a: Land, nach 12 Monaten")])
    assert record.typing == ("2b", "3a")


def test_a_name_that_is_left_out_takes_none_away() -> None:
    named = competence("organisationalUnit", "800", ["1"], [TOWN_ID])
    bare = {**named, "organisationalUnit": {"id": "800"}}
    for order in ([named, bare], [bare, named]):
        listed = ("services", envelope([service("1", "Muster")]))
        (part,) = read(listed, ("units", envelope(order))).only().parts
        assert (part.authority, part.authority_id) == ("Amt 800", "800")


def test_what_an_online_service_says_is_kept() -> None:
    said = {"id": "900", "name": "x", "link": "https://a.example", "supportedLanguages": ["de", "en"]}
    record = read(
        ("services", envelope([service("1", "Muster")])),
        ("online", envelope([competence("onlineService", "900", ["1"], [TOWN_ID])])),
        ("detail", orjson.dumps({**said, "onlinePaymentRequired": "NO", "gdprText": "…"})),
        id="900",
    )
    assert record.only().facts == {"payment": "NO", "service_type": "LOV", "supported_languages": "de|en"}
    assert record.unknown["onlineService.gdprText"] == 1


def test_long_lists_of_facts_end_between_two_items() -> None:
    synonyms = [f"Synonym|{number:03}" for number in range(100)]
    kept = one(synonyms=synonyms).facts["synonyms"]
    assert len(kept) <= 500
    assert set(kept.split("|")) <= {f"Synonym {number:03}" for number in range(100)}


def test_fields_that_are_not_used_are_counted() -> None:
    found = read(
        ("services", envelope([service("1", "M", charges=[], textBlocks=[block("x", "y", links=[])])]))
    )
    assert found.unknown["charges"] == 1


def test_a_competence_above_an_area_that_is_read_is_said_once() -> None:
    places = orjson.dumps({"30": KREIS_AUE, "3101": AUHEIM}).decode()
    body = envelope([competence("organisationalUnit", "801", ["103"], ["30"])])
    documents = [
        (body, {"kind": "units", "area": area, "places": places, "above": "{}"})
        for area in (AUHEIM, KREIS_AUE)
    ]
    described = (envelope([SERVICES[3]]), {**PLACES, "kind": "services"})
    (part,) = compose_all(parse, [described, *documents], OPTIONS).only().parts
    assert part.areas == (KREIS_AUE,)


def test_the_same_objects_in_both_forms_are_the_same_records() -> None:
    lists = [("services", SERVICES), ("online", OS_COMPETENCES[:2]), ("units", OU_COMPETENCES[:1])]
    as_json = read(*((kind, envelope(objects)) for kind, objects in lists))
    marked = read(*((kind, as_xml(orjson.loads(envelope(objects)), "areaResult")) for kind, objects in lists))
    assert marked.records == as_json.records
    assert marked.unknown == as_json.unknown


# --- cuts and damage --------------------------------------------------------------------------------------

BODIES = {
    "services": envelope([{**SERVICES[5], "onlineServices": [{"id": 1, "link": "https://a.example"}]}]),
    "online": envelope(OS_COMPETENCES[:1]),
    "units": envelope(OU_COMPETENCES[:1]),
    "detail": orjson.dumps({"id": "900", "name": "x", "link": "https://a.example"}),
}


@pytest.mark.fault("F9")
@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("kind", BODIES)
def test_every_cut_is_noticed(kind: str, form: str) -> None:
    body = BODIES[kind]
    if form == "xml":
        body = as_xml(orjson.loads(body), "areaResult")
    assert read((kind, body), id="900") is not None
    for length in range(len(body)):
        with pytest.raises(SourceFormatError):
            read((kind, body[:length]), id="900")


@pytest.mark.fault("F14")
@pytest.mark.parametrize("kind", BODIES)
@given(st.data())
def test_values_of_another_shape(kind: str, data: st.DataObject) -> None:
    body = orjson.dumps(damaged(orjson.loads(BODIES[kind]), data))
    try:
        found = read((kind, body), id="900")
    except SourceFormatError:
        return
    assert all(record.native_id and record.title for record in found.records)


@pytest.mark.fault("F9")
@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from([b"<", b"</", b"&", b"\x00", b"a", b"\xff"])),
        max_size=4,
    )
)
def test_damaged_markup(damage: list[tuple[int, bytes]]) -> None:
    body = bytearray(as_xml(orjson.loads(BODIES["services"]), "areaResult"))
    for at, added in damage:
        body[at : at + 1] = added
    try:
        read(("services", bytes(body)))
    except SourceFormatError:
        return
