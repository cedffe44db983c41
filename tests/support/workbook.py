"""Small XLSX workbooks written by hand, so that tests can say exactly what is in them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DATES = (
    f'<styleSheet {_NS}><numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="0.00&quot; days&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/>'
    '</cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/>'
    "</cellXfs></styleSheet>"
)


def cell(reference: str, value: str, kind: str = "", style: int = 0) -> str:
    """Return one cell; ``kind`` is the type as the format names it."""
    if kind == "inlineStr":
        return f'<c r="{reference}" t="inlineStr"><is><t>{value}</t></is></c>'
    kind = f' t="{kind}"' if kind else ""
    return f'<c r="{reference}"{kind} s="{style}"><v>{value}</v></c>'


def workbook(
    rows: str,
    *,
    strings: str = "",
    sheet: str = "Liste",
    properties: str = "",
    more: Mapping[str, bytes] | None = None,
) -> bytes:
    """Return a workbook with one sheet of these row elements and these string items."""
    parts = {
        "xl/workbook.xml": f'<workbook {_NS} xmlns:r="{_REL}">{properties}<sheets>'
        f'<sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
        'relationships"><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet {_NS}><sheetData>{rows}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f"<sst {_NS}>{strings}</sst>",
        "xl/styles.xml": DATES,
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        bodies = {name: text.encode() for name, text in parts.items()} | dict(more or {})
        for name, body in bodies.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), body, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def table_of_links(number: int = 2) -> bytes:
    """Return a list of links as somebody keeps it in a spreadsheet."""
    head = "".join(
        cell(f"{column}1", name, "inlineStr")
        for column, name in zip("ABC", ("ARS", "LGSL", "URL"), strict=True)
    )
    rows = "".join(
        f'<row r="{n + 1}">{cell(f"A{n + 1}", "064110000000", "inlineStr")}{cell(f"B{n + 1}", str(100 + n))}'
        f"{cell(f'C{n + 1}', f'https://synthetic.invalid/{n}', 'inlineStr')}</row>"
        for n in range(1, number + 1)
    )
    return workbook(f'<row r="1">{head}</row>{rows}')
