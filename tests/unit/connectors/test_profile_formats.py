"""Every format a profile can read: what it means, where it is cut, what it must refuse."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.generic import parse
from connectors.generic.decode import scripts_of
from connectors.generic.settings import GenericSettings
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.xlsx import sheet_rows
from tests.support.composed import Composed, compose_all
from tests.support.workbook import cell, table_of_links, workbook

DEFINITION: dict[str, Any] = {
    "profile_version": 1,
    "title": "Test",
    "stream": [{"name": "s", "path": "x", "completeness": {"policy": "whole_document"}}],
    "select": {"key": ["id"]},
    "map": {"native_id": "id", "title": "name", "channel": [{"kind": "unknown_link", "url": "url"}]},
    "delete": {"policy": "absence"},
}
COLUMNS = {"id": ["LGSL", "Schlüssel"], "name": ["Name"], "url": ["URL"]}


def options(decode: dict[str, Any], **more: Any) -> dict[str, Any]:
    table = {**DEFINITION, "decode": decode, **more}
    settings = GenericSettings.model_validate({"base_url": "https://a.example", "definition": table})
    found: dict[str, Any] = orjson.loads(orjson.dumps(settings.parse_options()))
    return found


def read(body: bytes, decode: dict[str, Any], **more: Any) -> Composed:
    return compose_all(parse, [(body, {"stream": "s"})], options(decode, **more))


def titles(found: Composed) -> list[str]:
    return [record.title for record in found.records]


# --- truncation --------------------------------------------------------------------------------------
ITEMS = [{"id": str(n), "name": f"Müster {n}", "url": f"https://a.example/{n}"} for n in range(3)]
NODE = {"@context": "https://schema.org", "@graph": [{"@type": "schema:Service", **one} for one in ITEMS]}
SAMPLES: dict[str, tuple[dict[str, Any], bytes]] = {
    "json": ({"format": "json"}, json.dumps(ITEMS, ensure_ascii=False).encode()),
    "ndjson": ({"format": "ndjson"}, "".join(f"{json.dumps(one)}\n" for one in ITEMS).encode()),
    "xml": (
        {"format": "xml", "roots": ["r"], "records": ["e"]},
        (
            "<r>" + "".join(f"<e><id>{o['id']}</id><name>{o['name']}</name></e>" for o in ITEMS) + "</r>"
        ).encode(),
    ),
    "csv": (
        {"format": "csv", "columns": COLUMNS, "required_columns": ["id", "name"]},
        "".join(
            f"{row}\r\n" for row in ["LGSL;Name;URL", *(f"{o['id']};{o['name']};" for o in ITEMS)]
        ).encode(),
    ),
    "xlsx": ({"format": "xlsx", "columns": {"id": ["LGSL"], "name": ["ARS"]}}, table_of_links(3)),
    "jsonld": ({"format": "jsonld", "types": ["Service"]}, json.dumps(NODE).encode()),
    "html_jsonld": (
        {"format": "html_jsonld", "types": ["Service"]},
        f'<html><script type="application/ld+json">{json.dumps(NODE)}</script></html>'.encode(),
    ),
}


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_whole_document_is_read(name: str) -> None:
    decode, body = SAMPLES[name]
    found = read(body, decode)
    assert (len(found.records), found.rejected, found.last.incomplete_reason) == (3, [], "")


@pytest.mark.fault("F8")
@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_cut_at_any_byte_is_noticed(name: str) -> None:
    decode, body = SAMPLES[name]
    between_lines = {i for i in range(1, len(body)) if body[i - 1 : i] in {b"\n", b"\r"}}
    for length in range(len(body)):
        if name in {"csv", "ndjson"} and length in between_lines:
            # Between two lines a cut-off list cannot be told from a short one; the transport answers for it.
            continue
        try:
            found = read(body[:length], decode)
        except SourceFormatError:
            continue
        pytest.fail(f"cut at {length} of {len(body)}: taken for {titles(found)}")


# --- one format after the other ----------------------------------------------------------------------
def test_a_bad_line_is_set_aside_and_its_neighbours_stay() -> None:
    found = read(b'{"id":1,"name":"a"}\n{"id":2,\n\n{"id":3,"name":"c"}\n', {"format": "ndjson"})
    assert (titles(found), [one.code for one in found.rejected]) == (["a", "c"], ["bad_line"])


def test_columns_by_any_name_delimiter_and_encoding() -> None:
    table = {"format": "csv", "columns": COLUMNS, "encoding": "cp1252"}
    body = "NAME|schluessel|Extra|URL\nMüster|1||\nKurz|2\nMehr|3|x|\n".encode("cp1252")
    found = read(body, table)
    assert titles(found) == ["Müster", "Mehr"]
    assert [one.code for one in found.rejected] == ["wrong_column_count"]
    assert found.unknown == {"Extra": 1}


def test_xml_writes_one_or_many() -> None:
    decode = {"format": "xml", "roots": ["r"], "records": ["e"]}
    body = (
        b"<r xmlns:x='urn:x'><e n='1'><x:id>1</x:id><name>a</name><url>https://a.example</url></e>"
        b"<e><id>2</id><name lang='de'>b</name><url>https://b.example</url><url>https://c.example</url></e></r>"
    )
    found = read(body, decode)
    assert titles(found) == ["a", "b"]
    assert [len(record.channels) for record in found.records] == [1, 2]
    assert found.unknown == {"@n": 1}


def test_linked_data_without_prefixes_and_with_references() -> None:
    body = {
        "@graph": [
            {
                "@id": "1",
                "@type": ["schema:Service"],
                "schema:name": {"@value": "a"},
                "id": "1",
                "of": {"@id": "2"},
            },
            {"@id": "2", "@type": "Organization", "https://schema.org/name": "Amt"},
        ]
    }
    mapping = {**DEFINITION["map"], "authority": "of/name"}
    found = read(json.dumps(body).encode(), {"format": "jsonld", "types": ["Service"]}, map=mapping)
    assert (found.only().title, found.only().authority) == ("a", "Amt")


def test_scripts_in_time_that_grows_with_the_page() -> None:
    good = '<script type="application/ld+json">{"a":1}</script>'
    assert list(scripts_of(f"<!-- {good} -->{good}<SCRIPT>x</SCRIPT>")) == ['{"a":1}']
    for hostile in ("<!--" * 200_000, "<script" * 100_000, "<script " * 100_000, "<" * 500_000):
        assert list(scripts_of(hostile)) == []


def test_nesting_costs_the_item_only() -> None:
    deep: Any = "x"
    for _ in range(300):
        deep = {"a": deep}
    body = json.dumps([{"id": "1", "name": "a", "more": deep}, {"id": "2", "name": "b"}]).encode()
    found = read(body, {"format": "json"})
    assert (titles(found), [one.code for one in found.rejected]) == (["b"], ["nested_too_deeply"])
    with pytest.raises(SourceFormatError):
        read(body, {"format": "jsonld"})


# --- spreadsheets ------------------------------------------------------------------------------------
def test_cells_of_every_kind() -> None:
    row = "".join(
        [
            cell("A1", "0", "s"),
            cell("B1", "1", "s"),
            cell("D1", "9.9012345678901E13"),
            cell("E1", "46027", style=1),
            cell("F1", "46027.5", style=2),
            cell("G1", "3.5", style=3),
            cell("H1", "1", "b"),
            cell("I1", "#N/A", "e"),
            cell("J1", "sum", "str"),
            cell("K1", "in", "inlineStr"),
        ]
    )
    strings = "<si><t>a</t></si><si><r><t>b</t></r><r><t>c</t></r><rPh><t>x</t></rPh></si>"
    body = workbook(f'<row r="1">{row}</row><row r="3"/>', strings=strings)
    assert list(sheet_rows(io.BytesIO(body), None)) == [
        (
            1,
            [
                *("a", "bc", "", "99012345678901", "2026-01-05", "2026-01-05T12:00:00", "3.5"),
                *("true", "", "sum", "in"),
            ],
        )
    ]


def test_dates_may_count_from_1904() -> None:
    body = workbook(f'<row r="1">{cell("A1", "0", style=1)}</row>', properties='<workbookPr date1904="1"/>')
    assert list(sheet_rows(io.BytesIO(body), "Liste")) == [(1, ["1904-01-01"])]


@pytest.mark.fault("F9")
@pytest.mark.parametrize(
    "body",
    [
        workbook("<row r='1'/>", sheet="Anders"),
        workbook(f'<row r="1">{cell("XFD1", "1")}</row>'),
        workbook(f'<row r="1">{cell("B1", "1")}{cell("A1", "1")}</row>'),
        workbook(f'<row r="1">{cell("A1", "7", "s")}</row>'),
        workbook(f'<row r="x">{cell("A1", "7")}</row>'),
        workbook(f'<row r="1">{cell("A1", "kein")}</row>'),
        workbook("<row r='1'/>", more={"xl/worksheets/sheet1.xml": b"<!DOCTYPE x><worksheet/>"}),
        workbook("<row r='1'/>", more={"xl/worksheets/sheet1.xml": b"<other/>"}),
        workbook("", strings="<si><t>" + "a" * 250_000 + "</t></si>" * 1 + "<!--" + " " * 30_000_000 + "-->"),
        b"PK\x03\x04 no zip",
        b"",
    ],
    ids=range(11),
)
def test_a_workbook_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(SourceFormatError):
        list(sheet_rows(io.BytesIO(body), "Liste"))


def test_a_workbook_packed_in_another_way_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(SourceFormatError, match="not read"):
        list(sheet_rows(packed, None))


def test_an_official_workbook(shared_data: Path) -> None:
    with (shared_data / "register/ars_municipalities.xlsx").open("rb") as document:
        rows = list(sheet_rows(document, None))
    cells = {text for _, row in rows for text in row}
    assert len(rows) > 11_243
    assert "064140000000" in cells
