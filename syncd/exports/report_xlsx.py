"""A report as a workbook: one sheet per table, numbers as numbers, so that it can be sorted and summed.

Texts of sources are written as texts: nothing becomes a formula or a link by itself. Equal reports give equal
bytes: the workbook carries the day of the release in place of the time of writing.
"""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import xlsxwriter

from syncd.exports.written import day, written
from syncd.model.report import ColumnKind, State

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from syncd.model.report import Column, Report, Section, Table, Value

_SHEET_NAME = 31
"""Characters Excel allows for the name of a sheet."""
_CELL = 32_767
"""Characters Excel allows in a cell."""
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_WIDTHS = {ColumnKind.TEXT: 40, ColumnKind.LINK: 50, ColumnKind.STATE: 24}
_WIDTH = 14
_FORMATS = {ColumnKind.NUMBER: "#,##0", ColumnKind.SHARE: "0.0%", ColumnKind.DAY: "yyyy-mm-dd"}


def render_xlsx(report: Report) -> bytes:
    """Return the workbook: a first sheet with facts and sentences, then a sheet per table."""
    target = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        target,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    released = datetime(report.as_of.year, report.as_of.month, report.as_of.day, tzinfo=UTC)
    workbook.set_properties({"title": report.title, "subject": report.subtitle, "created": released})
    looks = _Looks(workbook, report.language)
    _first_sheet(workbook.add_worksheet("0"), report, looks)
    names = {"0"}
    for section in report.sections:
        for table in section.tables:
            name = _sheet_name(table.title, names)
            _table_sheet(workbook.add_worksheet(name), section, table, looks)
    workbook.close()
    return target.getvalue()


class _Looks:
    """The formats of a workbook, and the language it is written in."""

    def __init__(self, workbook: Workbook, language: str) -> None:
        self.language = language
        self.title: Format = workbook.add_format({"bold": True, "font_size": 14})
        self.strong: Format = workbook.add_format({"bold": True})
        self.head: Format = workbook.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        self.text: Format = workbook.add_format({"text_wrap": True, "valign": "top"})
        self.by_kind: dict[ColumnKind, Format] = {
            kind: workbook.add_format({"num_format": shown, "valign": "top"})
            for kind, shown in _FORMATS.items()
        }


def _first_sheet(sheet: Worksheet, report: Report, looks: _Looks) -> None:
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 90)
    sheet.write_string(0, 0, _text(report.title), looks.title)
    when = day(report.as_of.isoformat(), report.language)
    sheet.write_string(
        1, 0, _text(f"{report.subtitle} · {when} · {report.release} ({report.release_digest})")
    )
    row = 3
    for label, value in report.facts:
        sheet.write_string(row, 0, _text(label), looks.strong)
        sheet.write_string(row, 1, _text(value), looks.text)
        row += 1
    for section in report.sections:
        for number, paragraph in enumerate(section.paragraphs):
            if number == 0:
                row += 1
                sheet.write_string(row, 0, _text(section.title), looks.strong)
            sheet.write_string(row, 1, _text(paragraph), looks.text)
            row += 1


def _table_sheet(sheet: Worksheet, section: Section, table: Table, looks: _Looks) -> None:
    sheet.write_string(0, 0, _text(f"{section.title}: {table.title}"), looks.strong)
    if table.note:
        sheet.write_string(1, 0, _text(table.note))
    for index, column in enumerate(table.columns):
        sheet.set_column(index, index, _WIDTHS.get(column.kind, _WIDTH))
        sheet.write_string(3, index, _text(column.title), looks.head)
    for number, row in enumerate(table.rows, 4):
        for index, (value, column) in enumerate(zip(row, table.columns, strict=True)):
            _cell(sheet, (number, index), value, column, looks)
    if table.rows:
        sheet.autofilter(3, 0, 3 + len(table.rows), len(table.columns) - 1)
    sheet.freeze_panes(4, 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _cell(sheet: Worksheet, place: tuple[int, int], value: Value, column: Column, looks: _Looks) -> None:
    shown: Any = looks.by_kind.get(column.kind, looks.text)
    if column.kind in {ColumnKind.NUMBER, ColumnKind.SHARE} and isinstance(value, int | float):
        sheet.write_number(*place, value, shown)
    elif column.kind is ColumnKind.DAY and isinstance(value, str) and value:
        sheet.write_datetime(*place, date.fromisoformat(value), shown)
    elif value is not None and value != "":
        text = value.word if isinstance(value, State) else written(value, column.kind, looks.language)
        sheet.write_string(*place, _text(text), looks.text)


def _sheet_name(title: str, taken: set[str]) -> str:
    """Return a name no other sheet has; Excel does not tell upper from lower case."""
    plain = _CONTROL.sub("", _FORBIDDEN.sub(" ", title)).strip()[:_SHEET_NAME] or "-"
    name, number = plain, 2
    while name.casefold() in taken:
        ending = f" {number}"
        name, number = plain[: _SHEET_NAME - len(ending)] + ending, number + 1
    taken.add(name.casefold())
    return name


def _text(text: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)[:_CELL]
