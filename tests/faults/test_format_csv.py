"""CSV accidents: a lost quotation mark or column never turns many rows into one, or a source into nothing."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.link_list import parse as link_list
from connectors.pvog_suchdienst import parse as suchdienst
from syncd.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext, RecordRejected
from syncd.sdk.records import Record

HEADER = "ars;leistungsschluessel;name;url"
KEYS = [f"9900100100{number:04}" for number in range(4)]
ROWS = [f"064110000000;{key};Leistung {number};https://a.example/{number}" for number, key in enumerate(KEYS)]


def table(*rows: str, header: str = HEADER) -> bytes:
    return "".join(f"{row}\n" for row in (header, *rows)).encode()


def read(body: bytes, **options: object) -> tuple[list[Record], list[RecordRejected], ParseContext]:
    context = ParseContext(options=options)
    records, rejected = [], []
    for piece in link_list.cut(io.BytesIO(body), context):
        try:
            records.append(link_list.parse(piece, context))
        except RecordRejected as rejection:
            rejected.append(rejection)
    return records, rejected, context


@pytest.mark.fault("F10")
@pytest.mark.parametrize("at", range(4))
def test_one_lost_quotation_mark_is_an_error_not_fewer_rows(at: int) -> None:
    rows = [row.replace("Leistung", '"Leistung') if n == at else row for n, row in enumerate(ROWS)]
    # Python's reader alone makes fewer rows of it and says nothing.
    with pytest.raises(SourceFormatError):
        read(table(*rows))


@pytest.mark.fault("F10")
@pytest.mark.parametrize("mark", ['Lei"stung', '"Lei"stung"', '"Lei""stung', '"'])
def test_quotation_marks_in_odd_places(mark: str) -> None:
    body = table(ROWS[0], ROWS[1].replace("Leistung 1", mark), *ROWS[2:])
    try:
        records, rejected, _ = read(body)
    except SourceFormatError:
        return
    assert len(records) + len(rejected) == len(ROWS)


@pytest.mark.fault("F10")
@pytest.mark.parametrize(
    "header",
    [
        "",
        "a;b;c;d",
        "ars;name;beschreibung",
        "ars,leistungsschluessel,name,url",
        "url;url;ars;leika",
        HEADER[:8],
    ],
)
def test_a_missing_or_strange_header_fails_the_list(header: str) -> None:
    with pytest.raises(SourceFormatError):
        # The delimiter is set: with a header of commas everything would stand in one column.
        read(table(*ROWS, header=header), delimiter=";")


@pytest.mark.fault("F10")
def test_the_order_of_columns_and_the_delimiter_do_not_matter() -> None:
    expected, _, _ = read(table(*ROWS))
    turned = [";".join(reversed(row.split(";"))) for row in (HEADER, *ROWS)]
    assert read(table(*turned[1:], header=turned[0]))[0] == expected
    for delimiter in (",", "\t", "|"):
        lines = [row.replace(";", delimiter) for row in (HEADER, *ROWS)]
        assert read(table(*lines[1:], header=lines[0]))[0] == expected


@pytest.mark.fault("F10", "F18")
def test_a_huge_cell_fails_the_list_with_its_line() -> None:
    with pytest.raises(SourceFormatError, match="line 3"):
        read(table(ROWS[0], f"064110000000;{KEYS[1]};{'x' * 200_000};", ROWS[2]))


@pytest.mark.fault("F10", "F12")
@pytest.mark.parametrize("row", ["064110000000;1;x", "064110000000;1;x;https://a.example/;mehr", ";;;;;;x"])
def test_a_row_with_other_columns_costs_only_itself(row: str) -> None:
    records, rejected, _ = read(table(ROWS[0], row, *ROWS[1:]))
    assert len(records) == len(ROWS)
    assert [rejection.code for rejection in rejected] == ["wrong_column_count"]


@pytest.mark.fault("F10")
@pytest.mark.parametrize("cell", ["=1+1", "+49 611", "-1", "@SUM(A1)", '=HYPERLINK("x")', "\t=1"])
def test_formulas_are_texts(cell: str) -> None:
    # Nothing is exported as CSV yet; what is stored is what the source said.
    quoted = '"' + cell.replace('"', '""') + '"'
    records, _, _ = read(table(f"064110000000;{KEYS[0]};{quoted};"))
    assert records[0].title == (cell.strip() if cell != "-1" else "-1")


@pytest.mark.fault("F9")
def test_every_cut_that_does_not_end_a_line_is_refused() -> None:
    body = table(*ROWS)
    for length in range(len(body)):
        if not body[:length].endswith(b"\n"):
            with pytest.raises(SourceFormatError):
                read(body[:length], final_newline=True)


@pytest.mark.fault("F3")
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252"])
def test_bytes_of_another_encoding_fail_the_list(encoding: str) -> None:
    body = table(*ROWS).replace(b"Leistung 1", b"Leist\x81ng")
    if encoding == "latin-1":
        # Every byte is a character there; the control character it makes is taken out and reported later.
        assert len(read(body, encoding=encoding)[0]) == len(ROWS)
    else:
        with pytest.raises(SourceFormatError):
            read(body, encoding=encoding)


@pytest.mark.fault("F13")
@pytest.mark.parametrize(
    "body", [b"<html><body>x</body></html>\n", b'{"data":[]}\n', b"PK\x03\x04\x00\x00", b"\n\n\n", b""]
)
def test_another_products_document_fails_the_list(body: bytes) -> None:
    with pytest.raises(SourceFormatError):
        read(body)
    with pytest.raises(SourceFormatError):
        list(suchdienst.cut(io.BytesIO(body), ParseContext(document={"kind": "csv", "ars": "06"})))


@pytest.mark.fault("F10")
@given(st.lists(st.text(st.sampled_from('ab";,\n\r\t |ä')), min_size=1, max_size=6))
def test_no_row_disappears(lines: list[str]) -> None:
    """Whatever stands in the rows: an error, or every line that says something becomes part of something."""
    try:
        records, rejected, context = read(table(*lines), delimiter=";")
    except SourceFormatError:
        return
    said = [line for line in "\n".join(lines).replace("\r", "\n").split("\n") if line.strip('"; \t')]
    assert bool(records or rejected or context.issues) == bool(said)
