"""Strict reading: what is refused, what is nothing, what a date means."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.sdk.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext
from syncd.sdk.text import (
    bound_or_none,
    csv_rows,
    decode,
    fold_name,
    german_instant_or_none,
    instant_or_none,
    link_or_none,
    load_json,
    plain_text,
    sniff_delimiter,
    text_or_none,
    without_controls,
)


@pytest.mark.parametrize(
    ("raw", "encoding", "text"),
    [
        ("ä".encode(), "utf-8", "ä"),
        ("ä".encode("latin-1"), "latin-1", "ä"),
        ("\ufeffä".encode(), "latin-1", "ä"),
        (b"", "utf-8", ""),
    ],
)
def test_decode(raw: bytes, encoding: str, text: str) -> None:
    assert decode(raw, encoding) == text


@pytest.mark.fault("F3", "F7")
@pytest.mark.parametrize("raw", [b"ok\n\xe4", b"ok\n\x00", b"\xff\xfea\x00", b"\n\xed\xa0\x80"])
def test_decode_refuses_and_names_the_line(raw: bytes) -> None:
    with pytest.raises(SourceFormatError, match=r"line \d"):
        decode(raw)


@pytest.mark.fault("F6", "F7", "F8", "F9")
@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[1,]", b"NaN", b"1 2", b'"\\ud800"', b"{'a':1}", b"\xff", b"[" * 5_000, b"<a/>"]
)
def test_json_is_strict(raw: bytes) -> None:
    with pytest.raises(SourceFormatError, match="not JSON"):
        load_json(raw)


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\r\n\0")), min_size=1), max_size=5))
def test_csv_round_trip(rows: list[list[str]]) -> None:
    text = "".join(";".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\r\n" for row in rows)
    expected = [tuple(row) for row in rows if any(cell.strip() for cell in row)]
    assert [row.cells for row in csv_rows(text, ";")] == expected


@pytest.mark.fault("F10")
@given(st.text(st.sampled_from('a";\n\r\t ')))
def test_csv_gives_rows_or_a_typed_error(text: str) -> None:
    try:
        rows = list(csv_rows(text, ";"))
    except SourceFormatError:
        return
    lines = [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line]
    # No quoted cell may swallow a line: every row stands on a line of its own.
    assert len(rows) <= len(lines)
    assert len({row.line for row in rows}) == len(rows)


def test_csv_cells_over_several_lines_where_they_are_allowed() -> None:
    assert [row.cells for row in csv_rows('a;"b\nc"\n', ";", one_line=False)] == [("a", "b\nc")]


def test_sniffing_prefers_the_delimiter_that_gives_known_names() -> None:
    assert sniff_delimiter("Name, Vorname;url|x;leika", ["url", "leika"]) == ";"
    with pytest.raises(SourceFormatError, match="no known column"):
        sniff_delimiter("a;b,c", ["url"])


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Onlinedienst-URL", "onlinedienst_url"),
        (" Leistungsschlüssel ", "leistungsschluessel"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("___", ""),
    ],
)
def test_fold_name(name: str, folded: str) -> None:
    assert fold_name(name) == folded


@pytest.mark.parametrize(
    "nothing", [None, False, True, "", "  ", "-", "–", "NULL", "unbekannt", [], {}, [1], 1.5]
)
def test_ways_to_say_nothing(nothing: object) -> None:
    assert text_or_none(nothing) is None


@pytest.mark.parametrize(("value", "text"), [(" a ", "a"), (0, "0"), (99107021000000, "99107021000000")])
def test_text(value: object, text: str) -> None:
    assert text_or_none(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("<p>Ein<br/>Satz &amp; mehr</p>", "Ein Satz & mehr"),
        ("3 &lt; 4", "3 < 4"),
        ("ohne", "ohne"),
        ("<p></p>", None),
        (False, None),
    ],
)
def test_plain_text(value: object, text: str | None) -> None:
    assert plain_text(value) == text


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-20T01:26:46.650442062Z", datetime(2026, 1, 20, 1, 26, 46, 650_442, tzinfo=UTC)),
        ("2026-01-20T01:26:46+01:00", datetime(2026, 1, 20, 0, 26, 46, tzinfo=UTC)),
        ("2026-01-20T01:26:46", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("gestern", None),
        ("", None),
        (None, None),
    ],
)
def test_instants(text: str | None, moment: datetime | None) -> None:
    assert instant_or_none(text) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20.01.2025 00:48", datetime(2025, 1, 19, 23, 48, tzinfo=UTC)),
        ("20.07.2025 00:48:30", datetime(2025, 7, 19, 22, 48, 30, tzinfo=UTC)),
        ("20.07.2025", datetime(2025, 7, 19, 22, 0, tzinfo=UTC)),
        ("31.02.2025", None),
        ("01.01.0001", None),
        ("2025-07-20", None),
        (None, None),
    ],
)
def test_german_instants(text: str | None, moment: datetime | None) -> None:
    assert german_instant_or_none(text) == moment


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1970-01-01", None),
        ("2999-12-31", None),
        ("9999-12-31", None),
        ("1900-05-05", None),
        ("2026-10-04T00:00:00Z", date(2026, 10, 4)),
        ("morgen", None),
        (None, None),
    ],
)
def test_bounds(text: str | None, day: date | None) -> None:
    assert bound_or_none(text) == day


@pytest.mark.fault("F16")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("https://a.example/x?y=1#z", None),
        ("http://a.example:8443/civ.public/start.html?oe=00.00&mode=cc", None),
        ("https://a.example/{serviceId}", "placeholder_link"),
        ("https://a.example/%7BserviceId%7D", "placeholder_link"),
        ("https://a.example/${id}", "placeholder_link"),
        ("https://a.example/<id>", "placeholder_link"),
        ("www.a.example", "bad_url"),
        ("https://", "bad_url"),
        ("https://[::1", "bad_url"),
        ("https://a.example:99999/", "bad_url"),
        ("ftp://a.example", "bad_url"),
        ("https://a.example/a b", "bad_url"),
        ("siehe Aushang", "bad_url"),
    ],
)
def test_links(text: str, code: str | None) -> None:
    context = ParseContext()
    assert link_or_none(text, context, "line 1") == (text if code is None else None)
    assert [issue.code for issue in context.issues] == ([code] if code else [])


def test_no_link_is_no_finding() -> None:
    context = ParseContext()
    nothings: list[object] = [None, "", False, [], "-"]
    assert [link_or_none(nothing, context, "") for nothing in nothings] == [None] * len(nothings)
    assert not context.issues


@pytest.mark.fault("F7")
def test_control_characters_go_and_are_reported() -> None:
    context = ParseContext()
    assert without_controls("a\x00b\tc\x1b", context, "line 3") == "ab\tc"
    assert [(issue.code, issue.where) for issue in context.issues] == [("control_characters", "line 3")]
