"""Reading text strictly: bytes, JSON, CSV, dates and links as portals write them.

Why: several portals share the same traps – half a file that still parses, one quotation mark that swallows
rows, a placeholder in place of a link, six spellings of "nothing". They are answered once, here. Everything
that is wrong with a document as a whole raises :class:`~syncd.sdk.errors.SourceFormatError`; nothing is
repaired by guessing. Must not know: any portal, and what keys or areas mean.
"""

from __future__ import annotations

import codecs
import csv
import html
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from syncd.errors import SourceFormatError
from syncd.sdk.strict_json import UTF8_BOM, load_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from syncd.sdk.parsing import ParseContext

__all__ = [
    "DELIMITERS",
    "ENCODINGS",
    "UTF8_BOM",
    "Row",
    "bound_or_none",
    "csv_rows",
    "decode",
    "encoding_of",
    "exact_id",
    "find_columns",
    "fold_name",
    "german_instant_or_none",
    "instant_or_none",
    "is_day",
    "link_or_none",
    "load_json",
    "plain_text",
    "sniff_delimiter",
    "text_or_none",
    "without_controls",
]

ENCODINGS = {
    **dict.fromkeys(("utf-8", "utf8", "us-ascii", "ascii"), "utf-8"),
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    **dict.fromkeys(("iso-8859-1", "latin-1", "latin1"), "iso-8859-1"),
    **dict.fromkeys(("iso-8859-15", "latin-9"), "iso-8859-15"),
    **dict.fromkeys(("windows-1252", "cp1252"), "cp1252"),
}
"""Names of the encodings that are read, and the codec of each; nothing else is tried."""
_CODECS = tuple(sorted(set(ENCODINGS.values())))
DELIMITERS = (";", ",", "\t", "|")
LINE_LIMIT = 1_000_000
"""Characters of one line of a table; a longer one is no row."""
FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2999, 12, 31)
"""What XZuFi data says for "since ever" and "for ever"; both mean: no bound."""

_BLANK_WORDS = frozenset({"", "-", "–", "null", "none", "n/a", "unbekannt", "k. a.", "k.a."})
_LONGEST_BLANK_WORD = max(map(len, _BLANK_WORDS))
_SHOWN = 60
_FRACTION = re.compile(r"(\.\d{6})\d+")
_GERMAN_INSTANT = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})(?: (\d{2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?![0-9])", re.ASCII)
_MIDNIGHT_AS_24 = re.compile(r"[T ]24", re.ASCII)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_NOT_A_NAME = re.compile(r"[^a-z0-9]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_TAG = re.compile(r"<[^<>]*>")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}|%7[Bb].*?%7[Dd]|\$\{|<[^<>]+>")


def encoding_of(name: str) -> str:
    """Return the codec for the name of an encoding; raises SourceFormatError for one that is not read."""
    codec = ENCODINGS.get(name.strip().casefold().replace("_", "-"))
    if codec is None:
        raise SourceFormatError(
            f"the encoding {name[:_SHOWN]!r} is not read; these are: {', '.join(_CODECS)}",
            code="unknown_encoding",
            fix="Have the portal send UTF-8.",
        )
    return codec


def decode(raw: bytes, encoding: str = "utf-8") -> str:
    """Return the text of a document without its byte order mark; a UTF-8 mark outweighs ``encoding``.

    Characters are never replaced. Raises SourceFormatError for an encoding that is not in
    :data:`ENCODINGS`, for bytes that are not in that encoding, with the line, for NUL characters and for
    UTF-16 that does not say which of its two orders it has.
    """
    codec = "utf-8" if raw.startswith(UTF8_BOM) else encoding_of(encoding)
    if codec == "utf-16" and not raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SourceFormatError("UTF-16 without a byte order mark can be read in two ways", where="line 1")
    try:
        text = raw.removeprefix(UTF8_BOM).decode(codec)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        bad = raw[error.start : error.start + 8]
        raise SourceFormatError(
            f"bytes {bad!r} are not {codec} text",
            where=f"line {line}",
            fix="Set the encoding of the source to the one the portal uses, or have the file repaired.",
        ) from error
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise SourceFormatError("the text holds a NUL character", where=f"line {line}")
    return text


@dataclass(frozen=True, slots=True)
class Row:
    """One CSV row: its cells and the number of the line on which it begins (1 is the header)."""

    line: int
    cells: tuple[str, ...]


def csv_rows(text: str, delimiter: str, *, one_line: bool = True) -> Iterator[Row]:
    """Yield the rows of a CSV text after RFC 4180; wholly empty lines are left out.

    Raises SourceFormatError for an unbalanced quotation mark, a cell beyond 131,072 characters, a line beyond
    :data:`LINE_LIMIT` and, with ``one_line``, for a quoted cell that runs over a line end: in a table of keys
    and links that is a lost quotation mark, which would silently turn many rows into one.
    """
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if one_line and reader.line_num > line:
                raise SourceFormatError(
                    f"a quoted cell runs from line {line} to line {reader.line_num}",
                    where=f"line {line}",
                    fix="Close the quotation mark; a cell must not hold line breaks.",
                )
            if any(cell.strip() for cell in cells):
                yield Row(line, tuple(cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise SourceFormatError(
            f"broken CSV: {error}",
            where=f"line {line}",
            fix="Check the quotation marks of this line and the delimiter setting.",
        ) from error


def _lines(text: str) -> Iterator[str]:
    # Not by StringIO, which holds four bytes per character.
    for number, match in enumerate(_LINE.finditer(text), 1):
        line = match[0]
        if len(line) > LINE_LIMIT:
            raise SourceFormatError(
                f"a line of {len(line)} characters; {LINE_LIMIT} are allowed",
                where=f"line {number}",
                fix="Check the delimiter and the line ends: this is no table.",
            )
        yield line


def sniff_delimiter(header: str, known: Iterable[str]) -> str:
    """Return the delimiter that splits the header line into the most known names (folded).

    Raises SourceFormatError when none gives any.
    """
    if len(header) > LINE_LIMIT:
        raise SourceFormatError(f"the header has {len(header)} characters", where="line 1")
    names = set(known)
    scores = {d: len({fold_name(cell.strip('"')) for cell in header.split(d)} & names) for d in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    if not scores[best]:
        raise SourceFormatError(
            f"no known column in the header {header[:_SHOWN]!r}",
            where="line 1",
            fix="Name the columns as the connector's README says, or set the delimiter.",
        )
    return best


def fold_name(name: str) -> str:
    """Return a column name as aliases are written: ``Onlinedienst-URL`` → ``onlinedienst_url``."""
    # Composed first: a decomposed umlaut is a letter and a mark, which the translation would not see.
    folded = unicodedata.normalize("NFC", name).strip().casefold().translate(_UMLAUTS)
    return _NOT_A_NAME.sub("_", folded).strip("_")


def find_columns(names: Iterable[str], aliases: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Map each field to the index of its column; of several candidates the first alias wins.

    ``aliases`` maps a field to folded names, best first. Raises SourceFormatError when a name occurs twice.
    """
    positions: dict[str, int] = {}
    for index, name in enumerate(names):
        folded = fold_name(name)
        if folded and folded in positions:
            raise SourceFormatError(f"the column {name!r} occurs twice in the header", where="line 1")
        positions[folded] = index
    found: dict[str, int] = {}
    for field, candidates in aliases.items():
        for candidate in candidates:
            if candidate in positions and positions[candidate] not in found.values():
                found[field] = positions[candidate]
                break
    return found


def text_or_none(value: object) -> str | None:
    """Return the text of a value, or None for every way portals say "nothing".

    Nothing is: absent, ``null``, ``false``, empty text, ``[]``, ``{}``, a dash, "unbekannt". Numbers become
    their digits; lists and objects with content are not text and give None.
    """
    if isinstance(value, str):
        stripped = value.strip()
        if len(stripped) > _LONGEST_BLANK_WORD:
            return stripped
        return None if stripped.casefold() in _BLANK_WORDS else stripped
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def exact_id(value: object) -> str | None:
    """Return an id exactly as the source writes it, or None when there is none.

    Ids are opaque: neither blanks nor case are touched. A whole number becomes its digits, because some
    portals write ids that way; any other type is no id.
    """
    if isinstance(value, str):
        return value if value.strip() else None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def without_controls(text: str, context: ParseContext, where: str) -> str:
    """Drop control characters (a NUL would abort a whole database batch) and report that."""
    if not _CONTROL.search(text):
        return text
    context.issue(
        "control_characters",
        "Control characters were removed from a text.",
        where=where,
        value=repr(text),
        fix="Remove the invisible characters at the source.",
    )
    return _CONTROL.sub("", text)


def link_or_none(value: object, context: ParseContext, where: str) -> str | None:
    """Return a usable http(s) link, or None; what is there but no link is reported.

    Issue codes: ``placeholder_link`` (``{serviceId}`` was never filled in), ``bad_url``.
    """
    text = text_or_none(value)
    if text is None:
        return None
    if _PLACEHOLDER.search(text):
        context.issue(
            "placeholder_link",
            "The link holds a placeholder that was never filled in; it is not used.",
            where=where,
            value=text,
            fix="Have the portal fill in the placeholder.",
        )
        return None
    if not _is_web_address(text):
        context.issue(
            "bad_url",
            "This is not a web address; it is not used.",
            where=where,
            value=text,
            fix="Enter a full address that begins with https://.",
        )
        return None
    return text


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        # Reading the port is what checks it.
        _ = parts.port
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
    # Of all white space only the plain blank is printable.
    return usable and text.isprintable() and " " not in text


def instant_or_none(text: str | None) -> datetime | None:
    """Return an aware UTC instant from ISO 8601 text (also with nanoseconds), or None.

    Text without an offset is no instant and gives None.
    """
    if not text:
        return None
    if _MIDNIGHT_AS_24.search(text):
        # Newer versions of Python read it, older ones do not; the same bytes must mean the same.
        return None
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", text.strip()))
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def german_instant_or_none(text: str | None) -> datetime | None:
    """Return an aware UTC instant from ``dd.mm.yyyy [hh:mm[:ss]]`` in German local time, or None."""
    match = _GERMAN_INSTANT.fullmatch((text or "").strip())
    if not match:
        return None
    day, month, year, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=_germany())
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@cache
def _germany() -> ZoneInfo:
    return ZoneInfo("Europe/Berlin")


def bound_or_none(text: str | None) -> date | None:
    """Return a day of validity; 1970-01-01 and earlier, 2999-12-31 and later mean unbounded (None)."""
    day = _day(text)
    return day if day is not None and FIRST_DAY < day < LAST_DAY else None


def is_day(text: str | None) -> bool:
    """Tell whether a text begins with an existing day, YYYY-MM-DD."""
    return _day(text) is not None


def _day(text: str | None) -> date | None:
    match = _DAY.match((text or "").strip())
    try:
        return date.fromisoformat(match[0]) if match else None
    except ValueError:
        return None


def plain_text(value: object) -> str | None:
    """Return a text without its HTML tags, entities resolved, or None for every kind of nothing."""
    text = text_or_none(value)
    if text is None or ("<" not in text and "&" not in text):
        return text
    return text_or_none(" ".join(html.unescape(_TAG.sub(" ", text)).split()))
