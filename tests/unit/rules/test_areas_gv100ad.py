"""The official register file: its totals, its traps, and clear refusals of anything else."""

import csv
import gzip
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import SourceFormatError
from syncd.model.area import AreaKind, AreaLevel
from syncd.rules.gv100ad import RECORD_LENGTH, decode_gv100ad, parse_gv100ad
from tests.support.paths import REPOSITORY
from tests.support.shipped_registers import REFERENCE, shipped_edition, shipped_register_bytes

EXCERPT = (REPOSITORY / "tests/fixtures/registers/gv100ad-excerpt.txt").read_text(encoding="utf-8")
LINES = EXCERPT.splitlines()


def test_the_shipped_edition_has_its_official_totals() -> None:
    edition = shipped_edition()
    levels = Counter(area.key.level for area in edition.areas)
    assert edition.stated_on == date(2025, 11, 30)
    assert levels == {
        AreaLevel.BUND: 1,
        AreaLevel.LAND: 16,
        AreaLevel.BEZIRK: 29,
        AreaLevel.REGION: 12,
        AreaLevel.KREIS: 400,
        AreaLevel.VERBAND: 4_590,
        AreaLevel.GEMEINDE: 10_953,
    }
    by_code = {area.code: area for area in edition.areas}
    assert by_code["00"].population == 83_577_140
    assert by_code["06"].population == 6_280_793
    hessen = Counter(a.kind for a in edition.areas if a.code.startswith("06") and len(a.code) == 12)
    assert hessen == {AreaKind.GEMEINDE: 416, AreaKind.KREISFREIE_STADT: 5, AreaKind.GEMEINDEFREI: 4}
    assert [a.code for a in edition.areas] == sorted(by_code)


def test_each_level_sums_up_to_the_bund() -> None:
    sums: Counter[AreaLevel] = Counter()
    for area in shipped_edition().areas:
        sums[area.key.level] += area.population
    whole = (AreaLevel.BUND, AreaLevel.LAND, AreaLevel.KREIS, AreaLevel.VERBAND, AreaLevel.GEMEINDE)
    assert {sums[level] for level in whole} == {83_577_140}


def test_a_kreisfreie_stadt_is_there_as_kreis_and_as_gemeinde() -> None:
    by_code = {area.code: area for area in shipped_edition().areas}
    town, kreis = by_code["064140000000"], by_code["06414"]
    assert town.kind is kreis.kind is AreaKind.KREISFREIE_STADT
    assert town.population == kreis.population == 288_850
    assert (town.ags, kreis.ags) == ("06414000", None)
    assert (town.seat_postcode, kreis.seat) == (None, "Wiesbaden")  # several postcodes


def test_the_verband_stands_before_the_gemeinde_in_the_key() -> None:
    by_code = {area.code: area for area in parse_gv100ad(EXCERPT).areas}
    spessart = by_code["064359200200"]  # in the file: 06435 200 9200
    assert spessart.kind is AreaKind.GEMEINDEFREI
    assert spessart.ags == "06435200"
    assert by_code["064350001001"].seat_postcode == "63619"


def test_unincorporated_areas_may_have_inhabitants_and_may_lie_in_no_kreis() -> None:
    edition = shipped_edition()
    kreise = {a.code for a in edition.areas if a.key.level is AreaLevel.KREIS}
    empty = [
        a for a in edition.areas if a.key.level is AreaLevel.GEMEINDE and a.kind is AreaKind.GEMEINDEFREI
    ]
    assert {a.name: a.population for a in empty if a.population} == {
        "Lohheide, gemfr. Bezirk": 708,
        "Osterheide, gemfr. Bezirk": 209,
    }
    assert {a.code: a.name for a in empty if a.code[:5] not in kreise} == {
        "070009999999": "Gemeinsames deutsch-luxemburgisches Hoheitsgebiet",
        "130009999998": "gemeindefreies Gebiet M-V",
        "130009999999": "Küstengewässer einschl. Anteil am Festlandsockel",
    }


def test_names_that_fill_their_field_are_flagged() -> None:
    assert shipped_edition().possibly_cut == ("145235122", "146250020", "146250020020")


def test_parsing_agrees_with_the_flattened_file(shared_data: Path) -> None:
    by_code = {area.code: area for area in shipped_edition().areas}
    with (shared_data / "register/gv100ad_2025-11-30.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(by_code) - 1  # all but the Bund
    for row in rows:
        area = by_code[row["ars"]]
        assert area.name == row["name"]
        if row["bev"]:
            assert (area.population, area.ags) == (int(row["bev"]), row["ags"])


def test_the_shipped_file_is_the_published_one_without_a_time_stamp(shared_data: Path) -> None:
    packed = (REFERENCE / "gv100ad-2025-11-30.txt.gz").read_bytes()
    assert packed[4:8] == b"\0\0\0\0"
    assert gzip.decompress(packed) == (shared_data / "register/GV100AD_30112025.txt").read_bytes()


# --- encodings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.rstrip("\n").encode(),
    ],
    ids=["utf-8", "with byte order mark", "CRLF", "no last line feed"],
)
def test_the_same_edition_in_other_bytes(encode: Callable[[str], bytes]) -> None:
    assert parse_gv100ad(decode_gv100ad(encode(EXCERPT))) == parse_gv100ad(EXCERPT)


def test_old_editions_are_latin_1() -> None:
    western = "\n".join(line for line in LINES if "Bautzen" not in line)
    assert decode_gv100ad(western.encode("latin-1")) == western


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"PK\x03\x04...", "zip or Excel"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (b"%PDF-1.7", "PDF"),
        (EXCERPT.encode("utf-16"), "control character"),
        (EXCERPT.replace("ü", "\x81").encode("latin-1", "ignore"), "line 8: control character"),
        (b"\0" * 500, "control character"),
    ],
)
def test_what_is_no_such_text_is_refused(raw: bytes, what: str) -> None:
    with pytest.raises(SourceFormatError, match=what) as refused:
        decode_gv100ad(raw)
    assert refused.value.fix


# --- refusals -----------------------------------------------------------------------------------------------


def changed(line: int, start: int, text: str) -> str:
    """Return the excerpt with other characters in one line (counted from 1)."""
    lines = list(LINES)
    lines[line - 1] = lines[line - 1][:start] + text + lines[line - 1][start + len(text) :]
    return "\n".join(lines)


REFUSALS = [
    ("", "file is empty"),
    ("\n \n", "file is empty"),
    ("<html><body>Not found</body></html>", "line 1: 35 characters, expected 220"),
    (EXCERPT.replace("Wiesbaden, ", "Wiesbaden,", 1), "line 3: 219 characters, expected 220"),
    ("\n".join(line.rstrip() for line in LINES), "characters, expected 220"),
    (changed(2, 0, "70"), "line 2: Satzart '70', expected 10, 20, 30, 40, 50 or 60"),
    (changed(2, 2, "2025113x"), "line 2: Gebietsstand '2025113x'"),
    (changed(2, 2, "20251332"), "line 2: Gebietsstand '20251332'"),
    (changed(2, 2, "20251031"), "line 2: Gebietsstand 2025-10-31, but the lines above state 2025-11-30"),
    (changed(3, 10, "0641x"), "line 3: key '0641x       ' does not fit Satzart 40"),
    (changed(3, 10, "064140"), "line 3: key '064140      ' does not fit Satzart 40"),
    (changed(5, 18, "    "), "line 5: key '06414000    ' does not fit Satzart 60"),
    (changed(1, 10, "00"), "line 1: key 00 lies in no Land"),
    (changed(5, 22, " " * 50), "line 5: no name in columns 23-72 of key 064140000000"),
    (changed(5, 122, "99"), "line 5: Textkennzeichen '99', expected one of 60, 61"),
    (changed(3, 122, "61"), "line 3: Textkennzeichen '61', expected one of 41, 42"),
    (changed(5, 139, "     288850"), "line 5: inhabitants '     288850', expected 11 digits"),
    (changed(5, 139, "²0000288850"), "line 5: inhabitants"),
    (EXCERPT + LINES[4], f"line {len(LINES) + 1}: key 064140000000 .* occurs a second time"),
    ("\n".join(LINES[:2] + LINES[3:]), "064140000000. belongs to Kreis 06414, which has no line"),
    ("\n".join(LINES[1:]), "belongs to Land 06, which has no line"),
]


@pytest.mark.parametrize(("text", "message"), REFUSALS)
def test_a_broken_file_is_refused_with_line_and_expectation(text: str, message: str) -> None:
    with pytest.raises(SourceFormatError, match=message):
        parse_gv100ad(text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_is_an_edition_or_a_clear_refusal(text: str) -> None:
    with pytest.raises(SourceFormatError):
        parse_gv100ad(text)


@given(
    line=st.integers(1, len(LINES)),
    start=st.integers(0, RECORD_LENGTH - 1),
    text=st.text(min_size=1, max_size=6, alphabet=st.characters(exclude_categories=["Cs"])),
)
def test_a_damaged_line_never_loses_an_area_silently(line: int, start: int, text: str) -> None:
    try:
        edition = parse_gv100ad(changed(line, start, text))
    except SourceFormatError:
        return
    assert len(edition.areas) == len(LINES) + 1


def test_the_file_is_refused_as_a_whole_when_it_is_cut_off() -> None:
    cut = decode_gv100ad(shipped_register_bytes()[:1_000_003])
    with pytest.raises(SourceFormatError, match="characters, expected 220"):
        parse_gv100ad(cut)
