"""Reports: same content in every form, hostile texts stay texts, equal bytes for equal input."""

from __future__ import annotations

import gzip
import io
import json
import re
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import lxml.html
import orjson
import pytest

from syncd.errors import ConfigError
from syncd.exports.outlines import NO_OUTLINES, Outlines, read_outlines
from syncd.exports.report_html import render_html
from syncd.exports.report_json import render_json
from syncd.exports.report_markdown import render_markdown
from syncd.exports.report_xlsx import render_xlsx
from syncd.exports.written import share
from syncd.model.report import Section
from syncd.rules.areas import ARS_LENGTH, ags_of
from syncd.settings.shipped import shipped_directory
from tests.support.shipped_registers import shipped_edition
from tests.unit.exports.sample import HOSTILE, WIESBADEN, sample

OUTLINES = shipped_directory() / "reference" / "hessen-outlines.json.gz"


@pytest.fixture(scope="module")
def outlines() -> Outlines:
    return read_outlines(OUTLINES)


def test_html_shows_everything_and_loads_nothing(outlines: Outlines) -> None:
    body = render_html(sample(), outlines)
    assert body == render_html(sample(), outlines)
    page = lxml.html.fromstring(body.decode())
    assert not page.xpath("//script | //link | //img | //iframe | //object | //@onclick | //@src")
    assert {a.get("href") for a in page.xpath("//a")} == {
        "#content",
        "#summary",
        "#services",
        "https://a.test/x",
    }
    cells = [td.text_content().strip() for td in page.xpath("//tbody/tr/td")]
    assert cells == [
        *("Bewohnerparkausweis", "288.850", "99,9 %", "04.10.2026", "eigen", "https://a.test/x"),
        *(HOSTILE, "0", "0,1 %", "–", "fehlt", "javascript:alert(1)"),
        *("Hund anmelden", "–", "–", "–", "unbekannt", "–"),
    ]
    shapes = page.xpath("//*[local-name()='path']")
    assert [shape.get("class") for shape in shapes] == ["s2", "snone"]
    assert shapes[0].text_content() == "Wiesbaden: 44 von 64"
    assert "BKG" in page.xpath("//figcaption")[0].text_content()


def test_an_area_without_an_outline_leaves_the_map_out_and_says_so() -> None:
    page = lxml.html.fromstring(render_html(sample(), NO_OUTLINES).decode())
    assert not page.xpath("//*[local-name()='svg']")
    assert "keine Umrisse" in page.xpath("//figcaption")[0].text_content()


def test_markdown_says_the_same_and_keeps_hostile_texts_as_texts() -> None:
    text = render_markdown(sample()).decode()
    lines = text.splitlines()
    assert lines[0] == "# Wiesbaden – synthetisch"
    assert "| Bewohnerparkausweis | 288.850 | 99,9 % | 04.10.2026 | eigen | https://a.test/x |" in lines
    assert "- mehr (1): Wiesbaden" in lines
    assert "- unbekannt (1): Kassel" in lines
    assert "<script>" not in text
    rows = [line for line in lines if line.startswith("| \\<script")]
    assert len(rows) == 1
    assert rows[0].replace("\\|", "").count("|") == 7, "a bar inside a text opens no column"


def test_json_holds_the_document_itself() -> None:
    body = orjson.loads(render_json(sample()))
    assert body["format"] == "syncd-report/1"
    assert body["sections"][1]["tables"][0]["rows"][0][2] == 0.9999
    assert body["sections"][0]["map"]["areas"][0] == {
        "area_code": WIESBADEN,
        "name": "Wiesbaden",
        "shade": 2,
        "text": "44 von 64",
    }


@pytest.mark.parametrize(
    ("value", "german", "english"),
    [
        (0.0, "0,0 %", "0.0 %"),
        (1.0, "100,0 %", "100.0 %"),
        (0.99999, "99,9 %", "99.9 %"),
        (1e-9, "0,1 %", "0.1 %"),
    ],
)
def test_only_everything_is_a_hundred_per_cent_and_only_nothing_is_none(
    value: float, german: str, english: str
) -> None:
    assert (share(value, "de"), share(value, "en")) == (german, english)


def test_every_municipality_of_hessen_has_an_outline(outlines: Outlines) -> None:
    hessen = [area for area in shipped_edition().areas if area.code.startswith("06")]
    municipalities = {area.ags for area in hessen if len(area.code) == ARS_LENGTH}
    assert municipalities == outlines.shapes.keys()
    assert outlines.frame([ags_of(WIESBADEN)]) == outlines.shapes[ags_of(WIESBADEN)].box
    assert outlines.frame([ags_of(WIESBADEN), "01001000"]) is None
    assert outlines.frame([]) is None


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", gzip.compress(b"[]"), gzip.compress(json.dumps({"format": "other/1"}).encode())],
    ids=["empty", "plain", "list", "format"],
)
def test_a_file_that_holds_no_outlines_is_refused_with_its_name(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "outlines.json.gz"
    path.write_bytes(body)
    with pytest.raises(ConfigError, match=r"format|not a file of outlines") as refused:
        read_outlines(path)
    assert str(path) in str(refused.value.where)


def test_a_workbook_holds_numbers_as_numbers_and_texts_as_texts() -> None:
    body = render_xlsx(sample())
    time.sleep(2.1)  # the time stamps of a zip file count in steps of two seconds
    assert body == render_xlsx(sample())
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        first, table = (packed.read(f"xl/worksheets/sheet{n}.xml").decode() for n in (1, 2))
        strings = packed.read("xl/sharedStrings.xml").decode()
        names = packed.read("xl/workbook.xml").decode()
    assert 'name="Leistungen"' in names
    assert "<v>288850</v>" in table
    assert "<v>0.9999</v>" in table
    assert "<f>" not in first + table, "no text becomes a formula"
    assert "hyperlink" not in first + table, "no text becomes a link"
    assert "&lt;script&gt;" in strings


def test_sheets_with_the_same_or_a_long_title_have_names_of_their_own() -> None:
    table = sample().sections[1].tables[0]
    titles = ["Leistungen", "LEISTUNGEN", "Kreis/Stadt: [x]" + "x" * 40, "Kreis/Stadt: [x]" + "x" * 40, "'"]
    section = Section("many", "Viele", tables=tuple(replace(table, title=title) for title in titles))
    body = render_xlsx(replace(sample(), sections=(section,)))
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        found = re.findall(r'<sheet name="([^"]*)"', packed.read("xl/workbook.xml").decode())
    assert found == [
        "0",
        "Leistungen",
        "LEISTUNGEN 2",
        "Kreis Stadt   x " + "x" * 15,
        "Kreis Stadt   x " + "x" * 13 + " 2",
        "-",
    ]
