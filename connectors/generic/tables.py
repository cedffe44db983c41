"""From tables to items: CSV after RFC 4180 and sheets of spreadsheets, columns found by name.

Why: spreadsheets come with other delimiters, encodings, orders and spellings of the same header every year.
Must not know what columns mean beyond their names.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, BinaryIO

from syncd.sdk.errors import SourceFormatError
from syncd.sdk.text import csv_rows, decode, find_columns, fold_name, sniff_delimiter, text_or_none
from syncd.sdk.xlsx import sheet_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_LINE = re.compile(r"[^\r\n]+")


def csv_items(
    raw: bytes, table: Mapping[str, Any], charset: str | None
) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Yield (where, row by column name) of a CSV document; a row of another width is a message instead."""
    text = decode(raw, table["encoding"] or charset or "utf-8")
    if not text.strip():
        raise SourceFormatError(
            "the table is empty: not even a header", where="line 1", code="empty_document"
        )
    if table["final_newline"] and not text.endswith(("\n", "\r")):
        line = text.count("\n") + 1
        raise SourceFormatError(
            "the last line has no end: the table is cut off",
            where=f"line {line}",
            code="cut_off",
            fix="If this portal never writes it, set final_newline = false in the profile.",
        )
    head = _LINE.search(text)
    names = {fold_name(one) for aliases in table["columns"].values() for one in aliases}
    delimiter = table["delimiter"] or sniff_delimiter(head[0] if head else "", names)
    rows = csv_rows(text, delimiter, one_line=table["one_line"])
    yield from _items(((f"line {row.line}", row.cells) for row in rows), table)


def xlsx_items(document: BinaryIO, table: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Yield (where, row by column name) of one sheet; cells beyond the header are reported as a message."""
    rows = sheet_rows(io.BytesIO(document.read()), table["sheet"])
    start = table["header_row"]
    wanted = ((f"row {number}", cells) for number, cells in rows if number >= start)
    yield from _items(wanted, table, pad=True)


def _items(
    rows: Iterable[tuple[str, Sequence[str]]], table: Mapping[str, Any], *, pad: bool = False
) -> Iterator[tuple[str, dict[str, Any] | str]]:
    names: list[str] = []
    for where, cells in rows:
        if not names:
            names = _names(cells, table, where)
            continue
        filled = list(cells)
        while len(filled) > len(names) and not filled[-1].strip():
            filled.pop()
        if pad and len(filled) < len(names):
            # A sheet leaves empty cells out.
            filled += [""] * (len(names) - len(filled))
        if len(filled) != len(names):
            yield where, f"The row has {len(filled)} cells, the header {len(names)}."
            continue
        pairs = zip(names, filled, strict=True)
        yield where, {name: text for name, cell in pairs if name and (text := text_or_none(cell))}
    if not names:
        raise SourceFormatError("the table has no header", code="empty_document")


def _names(header: Sequence[str], table: Mapping[str, Any], where: str) -> list[str]:
    """Return the name of each column: ours where the profile knows it, else the header's own."""
    header = list(header)
    while header and not header[-1].strip():
        header.pop()
    aliases = {
        name: tuple(dict.fromkeys(fold_name(one) for one in (name, *said)))
        for name, said in table["columns"].items()
    }
    found = find_columns(header, aliases)
    if missing := [name for name in table["required_columns"] if name not in found]:
        raise SourceFormatError(
            f"the header {' | '.join(header)[:200]!r} lacks the columns {', '.join(missing)}",
            where=where,
            code="missing_columns",
            fix="Add them, or add the header's names to decode.columns of the profile.",
        )
    if not found and aliases:
        raise SourceFormatError(
            f"no known column in the header {' | '.join(header)[:200]!r}", where=where, code="missing_columns"
        )
    ours = {index: name for name, index in found.items()}
    return [ours.get(index, name.strip()) for index, name in enumerate(header)]
