"""A list of gaps as a workbook that may be edited and read back: texts stay texts, days stay days.

Written row by row in constant memory. Cells that may be edited are tinted, and the status offers its words.
Equal lists give equal bytes. Must not know where rows come from.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import xlsxwriter

from syncd.errors import ConfigError
from syncd.rules import gap_words
from syncd.rules.gap_sheet import COLUMNS, DATES, EDITABLE, NUMBERS, headers

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from syncd.rules.gap_sheet import Cell, Row

MOST_ROWS = 1_048_575
"""Rows a sheet can hold below its headings."""
_CELL = 32_767
"""Characters Excel allows in a cell."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_TITLES = {"de": "Lücken", "en": "Gaps"}
_DECIDABLE = ("open", "acknowledged", "waived", "disputed")
_WIDTHS = {"gap_id": 24, "area": 24, "service": 40, "cause": 40, "reason": 40, "last_reason": 40, "body": 24}
_WIDTH = 15


@dataclass(frozen=True, slots=True)
class _Looks:
    head: Format
    plain: Format
    edited: Format
    day: Format
    edited_day: Format


def write_gaps_xlsx(target: Path | io.BytesIO, rows: Iterable[Row], language: str, on: date) -> int:
    """Write a workbook and return its number of rows; ``on`` is the day of the release.

    Raises ConfigError (``too_many_gaps``) beyond :data:`MOST_ROWS`; what was written then is no workbook.
    """
    workbook = xlsxwriter.Workbook(
        target if isinstance(target, io.BytesIO) else str(target),
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    workbook.set_properties({"created": datetime(on.year, on.month, on.day, tzinfo=UTC)})
    tint = {"bg_color": "#FFF8E1", "valign": "top"}
    looks = _Looks(
        head=workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
        plain=workbook.add_format({"valign": "top"}),
        edited=workbook.add_format(tint),
        day=workbook.add_format({"num_format": "yyyy-mm-dd", "valign": "top"}),
        edited_day=workbook.add_format({**tint, "num_format": "yyyy-mm-dd"}),
    )
    sheet = workbook.add_worksheet(_TITLES[language])
    _head(sheet, looks, language)
    count = 0
    for count, row in enumerate(rows, 1):
        if count > MOST_ROWS:
            raise ConfigError(
                f"a sheet holds {MOST_ROWS} rows",
                code="too_many_gaps",
                fix="Narrow the list by area or service, or write CSV.",
            )
        for place, name in enumerate(COLUMNS):
            _cell(sheet, (count, place), row.get(name), name, looks)
    _finish(sheet, count, language)
    workbook.close()
    return count


def _head(sheet: Worksheet, looks: _Looks, language: str) -> None:
    for place, (name, heading) in enumerate(zip(COLUMNS, headers(language), strict=True)):
        sheet.set_column(place, place, _WIDTHS.get(name, _WIDTH))
        sheet.write_string(0, place, heading, looks.head)


def _cell(sheet: Worksheet, place: tuple[int, int], value: Cell, name: str, looks: _Looks) -> None:
    edited = name in EDITABLE
    if name in DATES and isinstance(value, date):
        sheet.write_datetime(*place, value, looks.edited_day if edited else looks.day)
    elif name in NUMBERS and isinstance(value, int):
        sheet.write_number(*place, value, looks.plain)
    elif value is None or value == "":
        if edited:
            sheet.write_blank(*place, None, looks.edited_day if name in DATES else looks.edited)
    else:
        text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value))[:_CELL]
        sheet.write_string(*place, text, looks.edited if edited else looks.plain)


def _finish(sheet: Worksheet, count: int, language: str) -> None:
    names = list(COLUMNS)
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    if count:
        sheet.autofilter(0, 0, count, len(names) - 1)
        status = names.index("status")
        allowed = [gap_words.say(gap_words.STATUSES, code, language) for code in _DECIDABLE]
        # A hint, no fence: rows that are reopened or unknown keep their word.
        sheet.data_validation(
            1, status, count, status, {"validate": "list", "source": allowed, "error_type": "information"}
        )
