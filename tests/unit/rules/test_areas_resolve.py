"""Which area a raw text means: a table on the real register, and what must hold for any register."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import SourceFormatError
from syncd.model.area import Area, AreaKey, AreaKind, AreaLevel, Succession
from syncd.rules.areas import AreaIndex, ags_of
from syncd.rules.place_index import PlaceMatch
from tests.support.shipped_registers import HANAU_DAY, areas_with_hanau, shipped_edition, shipped_successions
from tests.support.tiny_germany import tiny_areas

TABLE = [
    # what a portal writes, what it means
    ("064140000000", "064140000000"),  # the town, not the Kreis of the same digits
    ("06414", "06414"),
    ("064140000", "064140000"),
    ("06414000", "064140000000"),  # AGS
    ("6414000", "064140000000"),  # AGS as a number
    ("6414000.0", "064140000000"),  # AGS as a number of a spreadsheet
    ("64140000000", "064140000000"),  # ARS as a number
    ("6414", "06414"),
    ("06531007", "065310007007"),
    ("065310007007", "065310007007"),
    ("064390000000", "06439"),
    ("06439000", "06439"),
    ("064000000000", "064"),
    ("060000000000", "06"),
    ("06000000", "06"),
    ("081100000000", "0811"),  # Region Stuttgart
    ("0811", "0811"),
    ("110000000000", "110000000000"),
    ("11", "11"),
    ("000000000000", "00"),
    ("00000000", "00"),
    ("00", "00"),
    ("de", "00"),
    (" 06 4 14 0000 000 ", "064140000000"),
    ("06.4.14.0000.000", "064140000000"),
    ("06414\u00a00000\u200b000", "064140000000"),
    ("0640500110110", None),  # 13 digits, and no reading leads to an area
    ("0064140000000", "064140000000"),  # one zero too many in front
    ("0643600050050", "064360005005"),  # one zero too many behind
    ("064350014014", "064350014014"),  # Hanau until 2025: who took over depends on the day
    ("06435014", "064350014014"),
    ("064150000000", "064150000000"),
    ("06415000", "064150000000"),
    ("064140000001", None),  # a district of a town is no municipality
    ("990000000000", None),
    ("64", None),  # Darmstadt without its zero, or a Land that does not exist
    ("0", None),
    ("000", None),
    ("", None),
    ("  ", None),
    ("Wiesbaden", None),
    ("-06414", None),
    ("\uff10\uff16", None),  # full-width digits
    ("٠٦", None),
    ("6,414E+06", None),
    ("0" * 5000, None),
]


@pytest.fixture(scope="module")
def index() -> AreaIndex:
    return AreaIndex.from_areas(areas_with_hanau(), shipped_successions())


@pytest.mark.fault("S17")
@pytest.mark.parametrize(("text", "expected"), TABLE)
def test_the_area_a_text_means(index: AreaIndex, text: str, expected: str | None) -> None:
    found = index.resolve(text)
    assert (found.code if found else None) == expected


def test_every_area_of_the_register_resolves_to_itself_cut_and_padded(index: AreaIndex) -> None:
    for area in areas_with_hanau():
        assert index.resolve(area.code) == area.key
        padded = index.resolve(area.key.ars)
        assert padded is not None
        # Padded, the deepest area of these digits is meant, and it speaks for the same municipalities.
        assert padded.code.startswith(area.code.rstrip("0")) or area.kind is AreaKind.BUND
        assert padded.level >= area.key.level


def test_every_ags_of_the_register_is_unique_and_resolves(index: AreaIndex) -> None:
    municipalities = [a for a in areas_with_hanau() if a.key.level is AreaLevel.GEMEINDE]
    assert len({a.ags for a in municipalities}) == len(municipalities) == 10_953
    for area in municipalities:
        assert area.ags == ags_of(area.code)
        assert index.resolve(area.ags) == area.key
        assert index.resolve(area.ags.lstrip("0")) == area.key


def test_hanau_before_its_day_is_in_its_kreis() -> None:
    index = AreaIndex.from_areas(shipped_edition().areas)
    assert index.resolve("06435014") == AreaKey("064350014014")
    assert index.resolve("064150000000") is None


def test_the_file_for_workers_gives_the_same_index_and_the_same_bytes(index: AreaIndex) -> None:
    written = index.to_json()
    read = AreaIndex.from_json(written)
    assert read == index
    assert read.to_json() == written
    shuffled = AreaIndex.from_areas(reversed(areas_with_hanau()), reversed(shipped_successions()))
    assert shuffled.to_json() == written
    assert "06414" in read
    assert "064350014014" not in read
    assert "064350014014" in read.historic
    # Names travel with it; 541 kB in place of 191 kB for the whole country.
    assert read.places.resolve("Heuchelheim", [AreaKey("06")]) == PlaceMatch(
        AreaKey("065310007007"), "Heuchelheim a. d. Lahn"
    )
    assert len(written) < 600_000


def test_codes_are_no_names_and_names_are_no_codes(index: AreaIndex) -> None:
    assert index.resolve("Wiesbaden") is None
    assert index.places.resolve("06414", [AreaKey("00")]) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"format":"other/9"}',
        json.dumps({"format": "x"}).encode(),
        b"\xff",
        # The form before names were part of it.
        b'{"format":"syncd-area-index/1","codes":"00","historic":""}',
        b'{"format":"syncd-area-index/2","codes":"00","historic":""}',
        b'{"format":"syncd-area-index/2","codes":"00","historic":"","names":[]}',
        b'{"format":"syncd-area-index/2","codes":"00","historic":"","names":null}',
    ],
)
def test_a_file_that_is_no_index_is_refused(raw: bytes) -> None:
    with pytest.raises(SourceFormatError, match="area index"):
        AreaIndex.from_json(raw)


def test_an_index_with_codes_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(SourceFormatError):
        AreaIndex.from_json(b'{"format":"syncd-area-index/2","codes":[1],"historic":"","names":""}')


def test_what_two_ended_areas_share_resolves_to_neither() -> None:
    ended = [
        Succession("064325001001", "064325001009", HANAU_DAY, "test"),
        Succession("064325001002", "064325001009", HANAU_DAY, "test"),
    ]
    index = AreaIndex.from_areas([a for a in tiny_areas() if not a.code.startswith("06432")], ended)
    assert index.resolve("064325001") is None
    assert index.resolve("064325001001") == AreaKey("064325001001")
    assert index.resolve("06432001") == AreaKey("064325001001")


def test_a_slip_that_could_be_two_areas_is_none() -> None:
    areas = [
        Area(AreaKey("01"), "A", AreaKind.LAND, 0),
        Area(AreaKey("012340000000"), "a", AreaKind.KREISFREIE_STADT, 1),
        Area(AreaKey("001234000000"), "b", AreaKind.KREISFREIE_STADT, 1),
    ]
    assert AreaIndex.from_areas(areas).resolve("0012340000000") is None


@pytest.mark.fault("S17")
@given(text=st.one_of(st.text(), st.from_regex(r"[0-9 .]{0,14}", fullmatch=True)))
def test_any_text_gives_a_known_area_or_nothing(text: str) -> None:
    index = AreaIndex.from_areas(tiny_areas())
    found = index.resolve(text)
    assert found is None or found.code in index


@given(blanks=st.lists(st.sampled_from([" ", ".", "\t", "\n", "\u00a0"]), max_size=4), data=st.data())
def test_blanks_and_dots_change_nothing(blanks: list[str], data: st.DataObject) -> None:
    index = AreaIndex.from_areas(tiny_areas())
    code = data.draw(st.sampled_from(sorted(index.codes)))
    text = code
    for blank in blanks:
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + blank + text[at:]
    # "6411.0" could be a number of a spreadsheet; a dot in front of zeros only is left to the table above.
    if "." not in text:
        assert index.resolve(text) == AreaKey(code)
