"""Gaps as a table for people who work in spreadsheets: columns, cells out, edited cells in.

Why so careful: spreadsheets run cells that look like formulas, turn keys into numbers and dates into other
dates, and sort one column without the others. So the id is the only key, every row carries the state of the
log it was exported from (``version``), and what is not understood is refused with words instead of guessed.

Must not know where gaps come from, nor how a workbook is packed. Sources: RFC 4180; OWASP on CSV injection.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from syncd.errors import ConfigError
from syncd.model.area import AreaKey
from syncd.model.service import ServiceKey
from syncd.rules import gap_words
from syncd.rules.gap_life import GapKey, GapStatus

COLUMNS: Final[dict[str, gap_words.Text]] = {
    "gap_id": {"de": "Kennung", "en": "gap id"},
    "area": {"de": "Gebiet", "en": "area"},
    "service": {"de": "Leistung", "en": "service"},
    "state": {"de": "Zustand", "en": "state"},
    "cause": {"de": "Ursache", "en": "cause"},
    "responsible": {"de": "Am Zug", "en": "responsible"},
    "people": {"de": "Betroffene", "en": "people"},
    "first_seen": {"de": "Zuerst gesehen", "en": "first seen"},
    "age_days": {"de": "Alter in Tagen", "en": "age in days"},
    "status": {"de": "Status", "en": "status"},
    "until": {"de": "Ausgenommen bis", "en": "waived until"},
    "assignee": {"de": "Zugewiesen an", "en": "assignee"},
    "due": {"de": "Fällig am", "en": "due"},
    "reason": {"de": "Begründung", "en": "reason"},
    "overdue": {"de": "Überfällig", "en": "overdue"},
    "last_reason": {"de": "Letzte Begründung", "en": "last reason"},
    "obligation": {"de": "Soll", "en": "obligation"},
    "line": {"de": "Ebene", "en": "line"},
    "service_key": {"de": "Leistungsschlüssel", "en": "service key"},
    "area_code": {"de": "Regionalschlüssel", "en": "area code"},
    "body": {"de": "Verpflichtet", "en": "owed by"},
    "version": {"de": "Version", "en": "version"},
}
"""Columns in order; the order and the codes are stable. New ones are added before ``version``."""
EDITABLE: Final = ("status", "until", "assignee", "due", "reason")
DATES: Final = frozenset({"first_seen", "until", "due"})
NUMBERS: Final = frozenset({"people", "age_days"})

LARGEST_FILE: Final = 64 * 1024 * 1024
LONGEST_CELL: Final = 10_000
_DELIMITERS: Final = {"de": ";", "en": ","}
_FORMULA = frozenset("=+-@\t\r\n")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00)?)?", re.ASCII)
_GERMAN = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?: 00:00(?::00)?)?", re.ASCII)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""A line with its end; other characters that end lines for Python, such as U+2028, are text here."""
_VERSION = re.compile(r"v([0-9a-f]{8})([0-9a-f]{8})")

Cell = str | int | date | None
Row = Mapping[str, Cell]


# --- out ----------------------------------------------------------------------------------------------------


def headers(language: str) -> list[str]:
    """Return the headings of all columns."""
    return [texts[language] for texts in COLUMNS.values()]


def escaped(text: str) -> str:
    """Return a text that no spreadsheet runs: an apostrophe before what could be a formula."""
    return f"'{text}" if text.lstrip("'")[:1] in _FORMULA and text else text


def unescaped(text: str) -> str:
    """Undo :func:`escaped`."""
    return text[1:] if text.startswith("'") and text.lstrip("'")[:1] in _FORMULA else text


def csv_lines(rows: Iterable[Row], language: str) -> Iterator[str]:
    """Yield the lines of a CSV file with byte order mark, each with CR LF; German ones use semicolons.

    Without the mark Excel takes UTF-8 for Windows-1252; it splits German files at semicolons only.
    """
    line = _Line()
    writer = csv.writer(line, delimiter=_DELIMITERS[language], lineterminator="\r\n")
    writer.writerow(headers(language))
    yield f"\ufeff{line.text}"
    for row in rows:
        writer.writerow([_text(row.get(name)) for name in COLUMNS])
        yield line.text


class _Line:
    """Where the writer of CSV puts a line: nothing here is a file."""

    text = ""

    def write(self, text: str) -> int:
        """Keep the line."""
        self.text = text
        return len(text)


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return cell.isoformat() if isinstance(cell, date) else escaped(str(cell))


def version_of(stand: str, values: Values) -> str:
    """Return the cell that tells later whether the log moved on and whether the row was edited."""
    return f"v{stand}{values.digest}"


# --- in -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Values:
    """The editable cells of a row, understood."""

    status: str
    until: date | None = None
    assignee: str = ""
    due: date | None = None

    @property
    def digest(self) -> str:
        """Eight hex digits that change with any value."""
        parts = (self.status, str(self.until or ""), self.assignee, str(self.due or ""))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Edited:
    """A row that came back. ``line`` counts from 1 with the headings; ``stand`` is that of the export.

    ``untouched`` tells that its editable cells are as they were exported.
    """

    line: int
    key: GapKey
    values: Values
    reason: str
    stand: str
    untouched: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that is not understood: ``code`` is a row of :data:`~syncd.rules.gap_words.VERDICTS`."""

    line: int
    gap_id: str
    code: str
    value: str = ""


def csv_table(raw: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of a CSV file as spreadsheets write it; raises ConfigError (``bad_gap_file``).

    Understands UTF-8 with and without mark, UTF-16 with mark and Windows-1252; comma, semicolon and tab; the
    line ``sep=;`` of Excel.
    """
    if len(raw) > LARGEST_FILE:
        raise _bad_file(f"the file has {len(raw)} bytes; up to {LARGEST_FILE} are read")
    text = _decoded(raw)
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep="):
        text, first = rest, rest.partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    lines = (match[0] for match in _LINE.finditer(text))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise _bad_file(f"line {reader.line_num} is no CSV ({error})") from error


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    elif raw.startswith(b"\xef\xbb\xbf"):
        encodings = ("utf-8-sig",)
    else:
        encodings = ("utf-8", "cp1252")
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise _bad_file("the file is no text")


def _bad_file(message: str) -> ConfigError:
    return ConfigError(
        message,
        code="bad_gap_file",
        fix="Export the list again and save the edited copy as CSV or XLSX.",
    )


def read_rows(table: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Edited | Unreadable]:
    """Yield what each row says; the first row holds the headings, in German, English or as codes.

    Columns may be moved, added and taken out, but for the id, the version and those that may be edited
    (except the reason). Raises ConfigError (``bad_gap_file``) when one of these is not there.
    """
    rows = iter(table)
    _, first = next(rows, (1, []))
    places = _places(first)
    # A column that is gone would read as if all its cells had been emptied.
    lacking = [name for name in ("gap_id", *EDITABLE[:-1], "version") if name not in places]
    if lacking:
        wanted = ", ".join(f"{COLUMNS[name]['en']} ({COLUMNS[name]['de']})" for name in lacking)
        raise _bad_file(f"the first row has no column {wanted}")
    for line, cells in rows:
        yield _read(line, {n: cells[i].strip() if i < len(cells) else "" for n, i in places.items()})


def _places(first: Sequence[str]) -> dict[str, int]:
    names = {text.casefold(): name for name, texts in COLUMNS.items() for text in (name, *texts.values())}
    found: dict[str, int] = {}
    for place, heading in enumerate(first):
        name = names.get(heading.strip().lstrip("\ufeff").casefold())
        if name is not None and name not in found:
            found[name] = place
    return found


class _RefusedError(ValueError):
    """A row is not understood."""

    def __init__(self, code: str, value: str) -> None:
        super().__init__(code)
        self.code, self.value = code, value


def _read(line: int, row: Mapping[str, str]) -> Edited | Unreadable:
    gap_id = unescaped(row["gap_id"])
    try:
        key = _key(gap_id, row)
        stand, digest = _version(row["version"])
        values = _values(row)
        reason = _words(row.get("reason", ""))
    except _RefusedError as refused:
        return Unreadable(line, gap_id[:300], refused.code, refused.value[:100])
    return Edited(line, key, values, reason, stand, values.digest == digest)


def _version(cell: str) -> tuple[str, str]:
    version = _VERSION.fullmatch(cell)
    if version is None:
        raise _RefusedError("bad_version", cell)
    return version[1], version[2]


def _key(gap_id: str, row: Mapping[str, str]) -> GapKey:
    """Read the id and look for damage a spreadsheet did to it.

    The columns of single keys are only compared: a lost leading zero or ``9.9E13`` there does no harm, but
    another key means that a column was sorted or filled without the others.
    """
    try:
        key = GapKey.parse(gap_id)
    except ValueError as error:
        raise _RefusedError("bad_gap_id", gap_id) from error
    try:
        AreaKey(key.area_code), ServiceKey(key.service_key)
    except ValueError as error:
        raise _RefusedError("key_damaged", gap_id) from error
    given = (row.get("service_key", ""), key.service_key), (row.get("area_code", ""), key.area_code)
    if not all(_may_be(unescaped(text), whole) for text, whole in given):
        raise _RefusedError("columns_disagree", gap_id)
    return key


def _values(row: Mapping[str, str]) -> Values:
    status = status_of(row.get("status", ""))
    if status is None:
        raise _RefusedError("unknown_status", row.get("status", ""))
    try:
        until, due = (read_day(unescaped(row.get(name, ""))) for name in ("until", "due"))
    except ValueError as error:
        raise _RefusedError("bad_date", str(error)) from error
    return Values(status, until, " ".join(_words(row.get("assignee", "")).split()), due)


def _words(cell: str) -> str:
    if len(cell) > LONGEST_CELL:
        raise _RefusedError("bad_text", cell)
    return unescaped(cell)


def _may_be(text: str, whole: str) -> bool:
    """Tell whether a cell may be what a spreadsheet made of a key."""
    text = text.strip()
    if not text or text == whole or text.lstrip("0") == whole.lstrip("0"):
        return True
    try:
        number = float(text.replace(",", "."))
        return "e" in text.lower() and abs(number - float(whole)) <= float(whole) * 0.01
    except ValueError:
        return False


def status_of(text: str) -> str | None:
    """Return the status a cell means, by code or by its words in either language; None for another."""
    wanted = " ".join(text.split()).casefold()
    for status in GapStatus:
        if wanted in {status.value, *(t.casefold() for t in gap_words.STATUSES[status.value].values())}:
            return status.value
    return None


def read_day(text: str) -> date | None:
    """Return the day of a cell: ISO 8601 or DD.MM.YYYY; None for an empty one, ValueError for another.

    ``3/4/2027`` is refused: it is April in London and March in New York.
    """
    text = text.strip()
    if not text:
        return None
    if iso := _ISO.fullmatch(text):
        return _day(text, iso[1], iso[2], iso[3])
    if german := _GERMAN.fullmatch(text):
        year = german[3] if len(german[3]) > len("27") else f"20{german[3]}"
        return _day(text, year, german[2], german[1])
    raise ValueError(text)


def _day(text: str, year: str, month: str, day: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise ValueError(text) from error


def day_of(instant: datetime | None) -> date | None:
    """Return the day (UTC) of an instant, as the column ``first_seen`` shows it."""
    return instant.date() if instant else None
