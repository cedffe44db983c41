"""Rows of one sheet of an XLSX workbook, read by streams and in bounded memory.

Why: a spreadsheet is a zip of XML, and both can be bombs; so the parts go through the house's one XML reader,
row by row, under limits for every part. Cells of dates are numbers whose format alone says so, and long keys
are written as ``9.9E13``. Source: ECMA-376 part 1, §18. Must not know what columns mean.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from syncd.sdk.errors import SourceFormatError
from syncd.sdk.xml import read_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.sdk.xml import XmlElement

MEMBERS_LIMIT = 2_000
PART_LIMIT = 128 * 1024 * 1024
"""Bytes of one unpacked part."""
RATIO_LIMIT = 200
"""An unpacked part beyond a megabyte may be that many times its packed size."""
STRINGS_LIMIT = 300_000
STRINGS_BYTES = 64 * 1024 * 1024
COLUMNS_LIMIT = 1_000

_FREE = 1024 * 1024
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_CELL = re.compile(r"([A-Z]{1,3})[0-9]{1,7}", re.ASCII)
_DATE_IDS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_DATE_LETTERS = re.compile(r"[ymdhs]", re.IGNORECASE)
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - sheets know no zones
_DAYS = 2_958_466
"""31 December 9999, the last day a sheet can hold."""


def sheet_rows(document: BinaryIO, sheet: str | None) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, cells as texts) of a sheet; empty rows are left out.

    ``sheet`` None takes the first one. Dates become ISO 8601, booleans ``true`` and ``false``, errors
    nothing. Raises SourceFormatError for what is no workbook, is cut off, damaged, encrypted or beyond a
    limit.
    """
    try:
        with zipfile.ZipFile(document) as archive:
            _check(archive)
            yield from _Workbook(archive).rows(sheet)
    except SourceFormatError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise _broken(f"the workbook cannot be unpacked ({error})") from error
    except (ValueError, KeyError, IndexError, OverflowError, NotImplementedError) as error:
        raise _broken(f"the workbook is damaged ({type(error).__name__}: {str(error)[:80]})") from error


def _broken(message: str) -> SourceFormatError:
    return SourceFormatError(
        message, code="bad_workbook", fix="Have the portal export the table again, best as CSV."
    )


def _fail(message: str) -> NoReturn:
    raise _broken(message)


def _check(archive: zipfile.ZipFile) -> None:
    infos = archive.infolist()
    if len(infos) > MEMBERS_LIMIT or len({info.filename for info in infos}) != len(infos):
        _fail(f"the workbook has {len(infos)} parts or some twice; {MEMBERS_LIMIT} are allowed")
    if any(info.compress_type not in _METHODS or info.flag_bits & 1 for info in infos):
        _fail("the workbook is encrypted or packed in a way that is not read")


class _Limited:
    """A part that may not grow beyond what its packed size allows."""

    def __init__(self, file: BinaryIO, name: str, packed: int) -> None:
        self._file, self._name = file, name
        self._left = min(PART_LIMIT, max(_FREE, packed * RATIO_LIMIT))

    def read(self, size: int) -> bytes:
        """Return the next bytes; raises SourceFormatError beyond the limit."""
        chunk = self._file.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            _fail(f"the part {self._name[:60]!r} of the workbook unpacks to more than is allowed")
        return chunk


class _Workbook:
    """The parts of a workbook that matter for one sheet."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {info.filename: info for info in archive.infolist()}
        self._folder = "xl/"

    def rows(self, sheet: str | None) -> Iterator[tuple[int, list[str]]]:
        path, is_1904 = self._sheet(sheet)
        strings = list(self._strings())
        dates = self._date_styles()
        expected = 0
        for row in self._elements(path, "worksheet", ("row",)):
            if row.fault:
                _fail(f"a row of the sheet is too large ({row.fault})")
            expected += 1
            number = int(row.attributes.get("r", expected))
            expected = number
            cells = _cells(row, strings, dates, _EPOCH_1904 if is_1904 else _EPOCH)
            if any(cells):
                yield number, cells

    def _sheet(self, wanted: str | None) -> tuple[str, bool]:
        """Return the part of the sheet and whether dates count from 1904."""
        is_1904, sheets = False, []
        for element in self._elements("xl/workbook.xml", "workbook", ("sheet", "workbookPr")):
            if element.name == "workbookPr":
                is_1904 = element.attributes.get("date1904") in {"1", "true"}
            else:
                sheets.append(element.attributes)
        relations = {
            element.attributes.get("Id", ""): element.attributes.get("Target", "")
            for element in self._elements("xl/_rels/workbook.xml.rels", "Relationships", ("Relationship",))
        }
        for attributes in sheets:
            if wanted is None or attributes.get("name") == wanted:
                target = relations.get(attributes.get("id", ""), "")
                return target.removeprefix("/") if target.startswith("/") else f"xl/{target}", is_1904
        names = ", ".join(attributes.get("name", "?") for attributes in sheets)
        return _fail(f"the workbook has no sheet {wanted!r}; it has: {names[:200] or 'none'}")

    def _strings(self) -> Iterator[str]:
        size = 0
        for number, element in enumerate(self._elements("xl/sharedStrings.xml", "sst", ("si",), absent=True)):
            text = _text_of(element)
            size += len(text)
            if number >= STRINGS_LIMIT or size > STRINGS_BYTES:
                _fail(
                    f"the workbook has more than {STRINGS_LIMIT} texts or {STRINGS_BYTES} characters of them"
                )
            yield text

    def _date_styles(self) -> frozenset[int]:
        """Return the numbers of the cell styles that show dates."""
        own: dict[str, str] = {}
        styles: list[str] = []
        for element in self._elements("xl/styles.xml", "styleSheet", ("numFmts", "cellXfs"), absent=True):
            for child in element.children:
                if element.name == "numFmts":
                    own[child.attributes.get("numFmtId", "")] = child.attributes.get("formatCode", "")
                else:
                    styles.append(child.attributes.get("numFmtId", "0"))
        return frozenset(i for i, name in enumerate(styles) if _is_date(name, own.get(name)))

    def _elements(
        self, path: str, root: str, records: tuple[str, ...], *, absent: bool = False
    ) -> Iterator[XmlElement]:
        info = self._names.get(path)
        if info is None:
            if absent:
                return
            _fail(f"the workbook has no part {path[:80]!r}; it is no XLSX")
        with self._archive.open(info) as file:
            limited: BinaryIO = _Limited(file, path, info.compress_size)  # type: ignore[assignment,arg-type]
            yield from read_records(limited, roots=(root,), records=records)


def _is_date(number: str, code: str | None) -> bool:
    if code is not None:
        return bool(_DATE_LETTERS.search(_QUOTED.sub("", code.split(";")[0])))
    return number.isdigit() and len(number) < len("10000") and int(number) in _DATE_IDS


def _text_of(element: XmlElement) -> str:
    """Return the text of a string item: its runs, without readings for East Asian scripts (rPh)."""
    parts = []
    for child in element.children:
        if child.name == "t":
            parts.append(child.text)
        elif child.name == "r":
            parts += [inner.text for inner in child.find_all("t")]
    return "".join(parts)


def _cells(row: XmlElement, strings: list[str], dates: frozenset[int], epoch: datetime) -> list[str]:
    cells: list[str] = []
    for cell in row.find_all("c"):
        column = _column(cell.attributes.get("r", ""), len(cells))
        if column < len(cells):
            _fail("the cells of a row are not in order")
        if column >= COLUMNS_LIMIT:
            _fail(f"a row has more than {COLUMNS_LIMIT} columns")
        cells += [""] * (column - len(cells))
        cells.append(_value(cell, strings, dates, epoch))
    return cells


def _column(reference: str, following: int) -> int:
    """Return the position of a cell (``C7`` → 2); without a reference it follows the one before."""
    match = _CELL.fullmatch(reference)
    if match is None:
        return following
    number = 0
    for letter in match[1]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: XmlElement, strings: list[str], dates: frozenset[int], epoch: datetime) -> str:
    kind = cell.attributes.get("t", "n")
    if kind == "inlineStr":
        inner = cell.find("is")
        return _text_of(inner) if inner is not None else ""
    value = cell.find("v")
    text = value.text.strip() if value is not None else ""
    if not text or kind == "e":
        return ""
    if kind == "s":
        position = int(text)
        if not 0 <= position < len(strings):
            _fail(f"a cell points to text {position} of {len(strings)}")
        return strings[position]
    if kind == "b":
        return "true" if text == "1" else "false"
    if kind in {"str", "d"}:
        return text
    style = cell.attributes.get("s", "0")
    return _date(float(text), epoch) if style.isdigit() and int(style[:6]) in dates else _number(text)


def _number(text: str) -> str:
    if text.lstrip("-").isdigit():
        return text
    value = float(text)
    return str(int(value)) if value.is_integer() else text


def _date(days: float, epoch: datetime) -> str:
    if not 0 <= days < _DAYS:
        return ""
    moment = epoch + timedelta(seconds=round(days * 86_400))
    return moment.date().isoformat() if days == int(days) else moment.isoformat()
