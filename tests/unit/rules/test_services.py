"""Service keys as portals write them, types, the shipped register and the shipped obligations."""

import gzip
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import SourceFormatError
from syncd.model.coverage import Tier
from syncd.model.service import Service, ServiceKey
from syncd.rules.services import (
    CATALOGUE_ORIGIN,
    KNOWN_TYPES,
    UNNAMED_ORIGIN,
    count_rows_without_key,
    executing_tier,
    parse_catalogue_2019,
    parse_service_keys,
    parse_typing,
    service_for,
)
from tests.support.paths import REPOSITORY
from tests.support.shipped_registers import REFERENCE, shipped_catalogue_text, shipped_services

A, B, C = "99108001001000", "99108001002000", "99050012104000"

KEYS = [
    # raw field, keys, unusable parts
    (A, [A], []),
    ("99.108.001.001.000", [A], []),
    ("99 108 001 001 000", [A], []),
    (f"{A}      ", [A], []),
    (f"\u00a0{A}\u200b", [A], []),
    (f"urn:de:fim:leika:leistung:{A}", [A], []),
    (f"URN:DE:FIM:LEIKA:LEISTUNG:{A}", [A], []),
    ("urn:de:fim:leika:leistung:99.108.001.001.000", [A], []),
    (f"{A}.0", [A], []),  # number of a spreadsheet
    (f"{A}, {B};{C}", [A, B, C], []),
    (f"{A}/{B}\n{C}\r\n", [A, B, C], []),
    (f"{A}|{B}\t{C}", [A, B, C], []),
    (f"{A} {B}", [A, B], []),
    (f"{A},{A}", [A], []),
    ("77000000000317", ["77000000000317"], []),  # a Land's own key, seen in the wild
    (f"{A} Bewohnerparkausweis", [A], ["Bewohnerparkausweis"]),
    (f"{A}, nicht im LeiKa", [A], ["nicht im LeiKa"]),
    ("nicht im LeiKa", [], ["nicht im LeiKa"]),
    ("unbekannt / neu", [], ["unbekannt", "neu"]),
    ("9910800100100", [], ["9910800100100"]),  # 13 digits
    ("991080010010000", [], ["991080010010000"]),  # 15 digits
    ("0099108001001000", [], ["0099108001001000"]),
    ("99.10.8001.001.000", [], ["99.10.8001.001.000"]),  # wrong grouping
    (f"{A} (alt: {B})", [], [f"{A} (alt: {B})"]),
    (f"{A} 001", [], [f"{A} 001"]),
    (f"https://portal.example/leistung/{A}", [], [f"https://portal.example/leistung/{A}"]),
    ("9.9108E+13", [], ["9.9108E+13"]),
    ("00000000000000", [], ["00000000000000"]),
    ("99000000000000", [], ["99000000000000"]),
    ("99999999999999", [], ["99999999999999"]),
    ("\uff19\uff1908001001000", [], ["\uff19\uff1908001001000"]),
    ("", [], []),
    (" ,; / ", [], []),
]


@pytest.mark.parametrize(("text", "keys", "unusable"), KEYS)
def test_keys_in_the_wild(text: str, keys: list[str], unusable: list[str]) -> None:
    found, rest = parse_service_keys(text)
    assert ([key.value for key in found], list(rest)) == (keys, unusable)


@given(st.text())
def test_any_text_is_read_without_inventing_digits(text: str) -> None:
    found, _ = parse_service_keys(text)
    digits = "".join(c for c in text if c.isascii() and c.isdigit())
    for key in found:
        assert key.value in digits


KEY_TEXTS = st.from_regex(r"99[1-8][0-9]{11}", fullmatch=True)


@given(
    keys=st.lists(KEY_TEXTS, min_size=1, max_size=5, unique=True),
    separator=st.sampled_from([",", ";", "/", "\n", " | ", ", ", "  "]),
    dotted=st.booleans(),
)
def test_several_keys_in_one_field_all_arrive(keys: list[str], separator: str, dotted: bool) -> None:
    def written(key: str) -> str:
        return ".".join((key[:2], key[2:5], key[5:8], key[8:11], key[11:])) if dotted else key

    found, unusable = parse_service_keys(separator.join(written(key) for key in keys))
    assert [key.value for key in found] == keys
    assert unusable == ()


TYPINGS = [
    ("1", ("1",)),
    ("2/3", ("2/3",)),
    ("1, 2/3", ("1", "2/3")),
    ("1 2/3", ("1", "2/3")),
    ("2 / 3 a", ("2/3a",)),
    ("2/3B;5", ("2/3b", "5")),
    ("Typ 4b", ("4b",)),
    ("urn:de:fim:leika:typisierung:2a", ("2a",)),
    ("5, 5", ("5",)),
    ("13", ()),
    ("", ()),
    ("unbekannt", ()),
]


@pytest.mark.parametrize(("text", "codes"), TYPINGS)
def test_types_in_the_wild(text: str, codes: tuple[str, ...]) -> None:
    assert parse_typing(text) == codes


def test_every_known_type_is_read_as_itself_and_has_one_executing_tier_or_none() -> None:
    assert all(parse_typing(code) == (code,) for code in KNOWN_TYPES)
    tiers = {code: executing_tier(code) for code in KNOWN_TYPES}
    assert {code for code, tier in tiers.items() if tier is Tier.BUND} == {"1"}
    assert {code for code, tier in tiers.items() if tier is Tier.LAND} == {"2a", "3a", "2/3a", "4a"}
    assert {code for code, tier in tiers.items() if tier is Tier.GEMEINDE} == {"2b", "3b", "2/3b", "4b", "5"}
    assert all(tiers[code] is None for code in ("2", "3", "2/3", "4"))
    assert executing_tier("unheard of") is None


# --- the register -------------------------------------------------------------------------------------------


def test_the_shipped_catalogue_has_its_known_size() -> None:
    services = shipped_services()
    assert len(services) == 4_813
    assert count_rows_without_key(shipped_catalogue_text()) == 436
    assert {s.origin for s in services.values()} == {CATALOGUE_ORIGIN}
    assert len({s.ozg_id for s in services.values()} - {None}) > 400
    types = Counter(code for s in services.values() for code in s.typing)
    assert set(types) <= set(KNOWN_TYPES)
    assert types["2/3"] > types["1"] > types["4"] > types["5"] > 0
    permit = services[A]
    assert (permit.name, permit.typing) == ("Bewohnerparkausweis Erteilung", ("2/3",))


def test_the_shipped_file_is_the_published_one_without_a_time_stamp(shared_data: Path) -> None:
    packed = (REFERENCE / "ozg-leika-2019-10.csv.gz").read_bytes()
    assert packed[4:8] == b"\0\0\0\0"
    assert gzip.decompress(packed) == (shared_data / "leika/ozg_leika_katalog_2019-10.csv").read_bytes()


HEADER = "leika,leika_raw,name,typ,ozg_id,ozg_name,lage,themenfeld\n"


def test_rows_of_one_key_merge() -> None:
    text = (
        HEADER
        + f"{A},{A},Erster Name,1,100,Bündel,Lage,Feld\n"
        + ",nicht im LeiKa,Ohne Schlüssel,1,,,,\n"
        + f'{B},{B},"Name, mit Komma",,,,,\n'
        + f"{A},{A},Zweiter Name,2/3,200,Anderes,Lage,Feld\n"
    )
    first, second = parse_catalogue_2019(text)
    assert (first.key.value, first.name, first.typing, first.ozg_id) == (A, "Erster Name", ("1", "2/3"), 100)
    assert (second.name, second.typing, second.ozg_id, second.theme) == ("Name, mit Komma", (), None, None)
    assert count_rows_without_key(text) == 1
    assert parse_catalogue_2019("\ufeff" + text.replace("\n", "\r\n")) == (first, second)


BROKEN = [
    ("", "line 1: columns leika, name"),
    ("leika,name\n", "line 1: columns typ, ozg_id"),
    (HEADER + f"{A},{A},Name\n", "line 2: expected 8 fields"),
    (HEADER + f"{A},{A},Name,1,1,b,l,t,more\n", "line 2: expected 8 fields"),
    (HEADER + "9910800100100,x,Name,1,1,b,l,t\n", "line 2: leika '9910800100100'"),
    (HEADER + f"{A},{A}, ,1,1,b,l,t\n", "line 2: no name"),
    (HEADER + f"{A},{A},Name,1,zehn,b,l,t\n", "line 2: ozg_id 'zehn'"),
    (HEADER + f'{A},{A},"Name,1,1,b,l,t\n', "broken CSV"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_a_broken_catalogue_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(SourceFormatError, match=message):
        parse_catalogue_2019(text)


def test_the_register_wins_over_what_sources_say() -> None:
    base = shipped_services()
    assert service_for(ServiceKey(A), base, [("city", "Parkausweis")], ["5"]) == base[A]


def test_sources_extend_the_register() -> None:
    key = ServiceKey("99036020001000")  # vehicle registration: not in the catalogue of 2019
    said = service_for(
        key, shipped_services(), [("a", " "), ("b", "Kfz zulassen"), ("c", "KFZ")], ["5", "2/3", "x"]
    )
    assert said == Service(key, "Kfz zulassen", "b", ("2/3", "5"))


def test_sources_fill_a_type_the_register_lacks() -> None:
    base = {A: Service(ServiceKey(A), "Name", CATALOGUE_ORIGIN)}
    assert service_for(ServiceKey(A), base, [], ["4b", "2/3"]).typing == ("2/3", "4b")


def test_a_key_nobody_names_is_called_after_its_parent_or_itself() -> None:
    base = shipped_services()
    unnamed = service_for(ServiceKey("99041008017000"), base, [], [])
    assert (unnamed.name, unnamed.origin) == ("Kindergeld (99041008017000)", CATALOGUE_ORIGIN)
    unknown = service_for(ServiceKey("99036020001000"), base, [], [])
    assert (unknown.name, unknown.origin) == ("99036020001000", UNNAMED_ORIGIN)
    local = service_for(ServiceKey.local("city", "7"), base, [("city", "Wochenmarkt")], [])
    assert (local.name, local.origin) == ("Wochenmarkt", "city")


# --- the shipped obligations --------------------------------------------------------------------------------


def obligation(name: str) -> dict[str, list[dict[str, object]]]:
    path = REPOSITORY / "config" / "obligations" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def test_the_64_everyday_services_are_owed_once_per_line() -> None:
    duties = obligation("everyday-64")["duty"]
    owed = [(duty["line"], key) for duty in duties for key in duty["services"]]  # type: ignore[attr-defined]
    assert len(owed) == len(set(owed))
    by_line = Counter(line for line, _ in owed)
    assert by_line == {"gemeinde": 64, "kreis": 19}
    for _, key in owed:
        assert parse_service_keys(key) == ((ServiceKey(key),), ())
    on_kreis = {key for line, key in owed if line == "kreis"}
    assert on_kreis == {
        key
        for duty in duties
        if duty["line"] == "gemeinde" and duty["owed_by"] == "kreis"
        for key in duty["services"]  # type: ignore[attr-defined]
    }


def test_the_64_are_those_of_the_wiesbaden_file(shared_data: Path) -> None:
    rows = (shared_data / "pvog/pvog_wiesbaden_2026-10-04.csv").read_text(encoding="utf-8").splitlines()[1:]
    owed = {key for duty in obligation("everyday-64")["duty"] for key in duty["services"]}  # type: ignore[attr-defined]
    assert owed == {row.split(",")[2] for row in rows}


def test_typed_duties_name_the_tier_their_types_say() -> None:
    seen: list[str] = []
    for duty in obligation("typed")["duty"]:
        for code in duty["typing"]:  # type: ignore[attr-defined]
            seen.append(code)
            assert executing_tier(code) == Tier(str(duty["owed_by"]))
    assert sorted(seen) == sorted(code for code in KNOWN_TYPES if executing_tier(code))


def test_no_service_of_the_register_is_owed_twice_by_its_types() -> None:
    for service in shipped_services().values():
        assert len({executing_tier(code) for code in service.typing} - {None}) <= 1
