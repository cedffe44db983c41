"""Tables of gaps survive spreadsheets: what is read back is what was meant, or it is refused with a word."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import ConfigError
from syncd.rules import gap_words
from syncd.rules.gap_life import GapStatus
from syncd.rules.gap_sheet import (
    COLUMNS,
    EDITABLE,
    Edited,
    Unreadable,
    Values,
    csv_lines,
    csv_table,
    escaped,
    headers,
    read_day,
    read_rows,
    status_of,
    unescaped,
    version_of,
)

SERVICE, AREA = "99002001001000", "064110000000"
GAP = f"alltag/gemeinde/{SERVICE}/{AREA}"
VALUES = Values("waived", date(2027, 6, 30), "Frau Öz", date(2027, 1, 2))
STAND = "0123abcd"


def row(**more: Any) -> dict[str, Any]:
    """Return an exported row; ``more`` are cells as somebody edited them."""
    return {
        "gap_id": GAP,
        "area": "Großstadt",
        "people": 200_000,
        "status": "ausgenommen",
        "until": VALUES.until,
        "assignee": VALUES.assignee,
        "due": VALUES.due,
        "reason": "",
        "service_key": SERVICE,
        "area_code": AREA,
        "version": version_of(STAND, VALUES),
    } | more


def read(rows: list[dict[str, Any]], language: str = "de") -> list[Edited | Unreadable]:
    return list(read_rows(csv_table("".join(csv_lines(rows, language)).encode())))


def only(**more: Any) -> Edited | Unreadable:
    (found,) = read([row(**more)])
    return found


def code_of(**more: Any) -> str:
    found = only(**more)
    assert isinstance(found, Unreadable), found
    return found.code


@pytest.mark.parametrize("language", ["de", "en"])
def test_what_goes_out_comes_back_untouched(language: str) -> None:
    (found,) = read([row(status=gap_words.STATUSES["waived"][language])], language)
    assert isinstance(found, Edited)
    assert (str(found.key), found.values, found.stand, found.untouched) == (GAP, VALUES, STAND, True)
    assert found.line == 2


def test_columns_are_the_documented_ones() -> None:
    from tests.support.paths import REPOSITORY  # noqa: PLC0415 - only this test reads a document

    page = (REPOSITORY / "docs" / "reference" / "gaps.md").read_text("utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| `")][-len(COLUMNS) :]
    documented = [[cell.strip(" `") for cell in line.split("|")[1:5]] for line in lines]
    assert [cells[:3] for cells in documented] == [
        [name, texts["en"], texts["de"]] for name, texts in COLUMNS.items()
    ]
    assert [cells[0] for cells in documented if cells[3].startswith("**editable")] == list(EDITABLE)
    assert next(iter(COLUMNS)) == "gap_id"
    assert list(COLUMNS)[-1] == "version"


@pytest.mark.parametrize(
    "mangle",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.removeprefix("\ufeff").encode(),
        lambda text: text.removeprefix("\ufeff").encode("cp1252"),
        lambda text: text.removeprefix("\ufeff").encode("utf-16"),
        lambda text: text.replace(";", "\t").encode(),
        lambda text: text.replace("\r\n", "\n").encode(),
        lambda text: b"sep=;\r\n" + text.removeprefix("\ufeff").encode(),
        lambda text: text.replace("2027-06-30", "30.06.2027").replace("2027-01-02", "2.1.27").encode(),
        lambda text: text.replace("2027-06-30", "2027-06-30 00:00:00").encode(),
        # What Excel does to single keys: zeros and digits are lost, the id is not.
        lambda text: text.replace(f";{AREA};", ";64110000000;").encode(),
        lambda text: text.replace(f";{SERVICE};", ";9,9002E+13;").encode(),
        lambda text: (text + ";" * 30 + "\r\n\r\n").encode(),
    ],
)  # fmt: skip
def test_what_spreadsheets_do_to_a_table_is_understood(mangle: Any) -> None:
    text = "".join(csv_lines([row()], "de"))
    (found,) = read_rows(csv_table(mangle(text)))
    assert isinstance(found, Edited)
    assert found.values == VALUES
    assert found.untouched


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"gap_id": ""}, "bad_gap_id"),
        ({"gap_id": "Wiesbaden"}, "bad_gap_id"),
        ({"gap_id": GAP.replace(AREA, AREA[1:])}, "key_damaged"),
        ({"gap_id": GAP.replace(SERVICE, "9.9002E+13")}, "key_damaged"),
        ({"area_code": "064140000000"}, "columns_disagree"),
        ({"service_key": "99003001001000"}, "columns_disagree"),
        ({"version": ""}, "bad_version"),
        ({"version": "1,23E+10"}, "bad_version"),
        ({"status": "erledigt"}, "unknown_status"),
        ({"until": "3/4/2027"}, "bad_date"),
        ({"due": "31.02.2027"}, "bad_date"),
        ({"due": "46388"}, "bad_date"),
        ({"assignee": "x" * 10_001}, "bad_text"),
    ],
)
def test_what_is_not_understood_is_refused(more: dict[str, Any], code: str) -> None:
    assert code_of(**more) == code
    assert set(gap_words.VERDICTS[code]) == {"de", "en"}


def test_an_edited_row_says_so() -> None:
    found = only(status="bestritten", until=None, reason="=1+1 stimmt nicht")
    assert isinstance(found, Edited)
    assert not found.untouched
    assert found.values == Values("disputed", None, VALUES.assignee, VALUES.due)
    assert found.reason == "=1+1 stimmt nicht"


@pytest.mark.fault("F10")
def test_columns_may_be_moved_added_and_left_out() -> None:
    version = version_of(STAND, VALUES)
    text = f"Notiz,VERSION,gap id,status,due,until,assignee\r\nx,{version},{GAP},waived,,,\r\n"
    (found,) = read_rows(csv_table(text.encode()))
    assert isinstance(found, Edited)
    assert found.values == Values("waived")
    for name in ("gap_id", "version", "status", "until", "assignee", "due"):
        heads = [COLUMNS[column]["en"] for column in COLUMNS if column != name]
        with pytest.raises(ConfigError, match=f"no column {COLUMNS[name]['en']}"):
            list(read_rows([(1, heads)]))
    with pytest.raises(ConfigError, match="no column gap id"):
        list(read_rows([]))


@pytest.mark.parametrize(
    "raw", [b"\x00\x01", b"\xff\xfe\x00", b'gap id;version\r\n"a;b', b"x" * (64 * 1024 * 1024 + 1)]
)
@pytest.mark.fault("F10")
def test_what_is_no_table_is_refused(raw: bytes) -> None:
    with pytest.raises(ConfigError) as refused:
        list(read_rows(csv_table(raw)))
    assert refused.value.code == "bad_gap_file"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
@pytest.mark.fault("F10")
def test_no_cell_is_run_as_a_formula(start: str) -> None:
    dangerous = f"{start}HYPERLINK('http://x')"
    text = "".join(csv_lines([row(area=dangerous, assignee=dangerous, last_reason=f"'{dangerous}")], "en"))
    (_, cells) = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    assert not any(cell[:1] in "=+-@\t\r\n" for cell in cells if cell)


@given(st.text(max_size=20))
def test_escaping_is_undone_exactly(text: str) -> None:
    assert unescaped(escaped(text)) == text
    assert escaped(text)[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n"}


@given(
    status=st.sampled_from(sorted(GapStatus)),
    days=st.tuples(*[st.none() | st.dates(date(1000, 1, 1), date(9999, 12, 31))] * 2),
    name=st.text(st.characters(exclude_categories=["Cc", "Cs", "Z"]), max_size=20),
    language=st.sampled_from(["de", "en"]),
)
def test_any_row_comes_back_as_it_went_out(
    status: GapStatus, days: tuple[date | None, date | None], name: str, language: str
) -> None:
    values = Values(status.value, days[0], name, days[1])
    out = row(
        status=gap_words.STATUSES[status.value][language], until=days[0], assignee=name, due=days[1],
        version=version_of(STAND, values),
    )  # fmt: skip
    (found,) = read([out], language)
    assert isinstance(found, Edited)
    assert found.values == values
    assert found.untouched


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    head = f"gap id;version;status;until;assignee;due\r\n{GAP};".encode()
    for table in (raw, head + raw):
        try:
            rows = list(read_rows(csv_table(table)))
        except ConfigError as refused:
            assert refused.code == "bad_gap_file"  # noqa: PT017 - either way is right
        else:
            assert all(isinstance(one, Unreadable) or str(one.key) for one in rows)


def test_days_and_statuses() -> None:
    assert read_day(" 2027-6-3 ") == date(2027, 6, 3)
    assert read_day("") is None
    assert {status_of(text) for text in ("Waived", " ausgenommen ", "AUSGENOMMEN")} == {"waived"}
    assert status_of("zur  Kenntnis genommen") == "acknowledged"
    assert headers("de")[0] == "Kennung"
