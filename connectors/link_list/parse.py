"""From a CSV list of links to records: one record per authority and service key.

Why: a spreadsheet is what any small municipality can fill in. Rows are judged one by one and reported with
their line; only what makes the file as a whole unreadable (encoding, lost quotation mark, missing columns, a
last line without its end) fails it. Must not know: where the file lies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from syncd.sdk.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext, RecordRejected, Slice
from syncd.sdk.records import Channel, ChannelKind, LinkState, Record, Severity
from syncd.sdk.text import (
    Row,
    csv_rows,
    decode,
    find_columns,
    fold_name,
    german_instant_or_none,
    instant_or_none,
    link_or_none,
    sniff_delimiter,
    text_or_none,
    without_controls,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

ALIASES = {
    "area": ("ars", "regionalschluessel", "ags", "gss", "gebiet", "area", "area_code"),
    "authority": ("authority", "authority_name", "behoerde", "behoerdenname", "zustaendige_stelle"),
    "key": ("service_key", "leika", "leika_key", "leikaschluessel", "leistungsschluessel", "lgsl"),
    "url": ("url", "link", "onlinedienst_url", "onlinedienst_link", "adresse"),
    "title": ("service", "leistung", "name", "bezeichnung", "title"),
    "description": ("description", "beschreibung"),
    "status": ("found", "gefunden", "status", "vorhanden"),
    "level": ("level", "ebene"),
    "updated": ("as_of", "stand", "updated", "pvog_stand", "datenstand", "aktualisiert"),
    "interaction": ("lgil",),
}
FOUND_WORDS = frozenset({"true", "ja", "yes", "1", "wahr", "x", "found", "gefunden", "vorhanden", "ok"})
ABSENT_WORDS = frozenset({"false", "nein", "no", "0", "falsch", "nicht gefunden", "fehlt", "missing"})
DEAD_WORDS = frozenset({"broken", "dead", "defekt", "tot"})
"""Statuses of a link that is listed although it fails (``broken`` is the word of GOV.UK's lists)."""

_LINE = re.compile(r"[^\s][^\r\n]*")
_CODE = re.compile(r"[A-Z]?\d[\d .]*")


def cut(document: BinaryIO, context: ParseContext) -> Iterator[Slice]:
    """Yield one piece per authority and service; all rows are collected, because lists are small.

    Raises SourceFormatError when the file as a whole cannot be read.
    """
    options = context.options
    text = decode(document.read(), options.get("encoding", "utf-8"))
    if not text.strip():
        raise SourceFormatError("the list is empty: not even a header", where="line 1")
    line_end = "\n" if "\n" in text else "\r"
    if options.get("final_newline", True) and not text.endswith(line_end):
        raise SourceFormatError(
            "the last line has no end: the list may be cut off",
            where=f"line {text.count(chr(10)) + 1}",
            fix="End the file with a line break, or set final_newline = false if it never has one.",
        )
    known = [alias for aliases in ALIASES.values() for alias in aliases]
    delimiter = options.get("delimiter") or sniff_delimiter(_first_line(text), known)
    rows = csv_rows(text, delimiter)
    header = next(rows, Row(1, ())).cells
    columns = _columns(header, has_default=bool(options.get("default_area")))
    for index, name in enumerate(header):
        if index not in columns.values() and name.strip():
            context.unknown_field(name.strip())
    yield from _pieces(_groups(rows, header, columns, context))


def _first_line(text: str) -> str:
    """Return the first line that says something, without cutting a huge text into lines."""
    match = _LINE.search(text)
    return match[0] if match else ""


def parse(piece: Slice, context: ParseContext) -> Record:
    """Return the record of one authority and service; raises RecordRejected for an unusable row."""
    group = orjson.loads(piece.raw)
    if "cells" in group:
        raise RecordRejected(
            "wrong_column_count",
            f"The row has {len(group['cells'])} columns, the header {group['expected']}.",
            value=" | ".join(group["cells"]),
            fix="Check the row for a missing or superfluous delimiter, or quote the cell that holds one.",
        )
    rows: list[dict[str, Any]] = group["rows"]

    def first(field: str) -> str | None:
        return next((str(row[field]) for row in rows if field in row), None)

    key = first("key")
    title = first("title") or first("description") or key
    if title is None:
        raise RecordRejected(
            "row_without_key",
            "The row names neither a service key nor a service.",
            fix="Enter the Leistungsschlüssel of the service.",
        )
    if key is None:
        context.issue(
            "missing_key",
            "The row has no service key.",
            where=piece.where,
            value=title,
            fix="Enter the Leistungsschlüssel of the service.",
        )
    updated = max((moment for row in rows if (moment := _instant(row))), default=None)
    description = first("description")
    return Record(
        native_id=f"{group['authority']}/{key or title}",
        title=without_controls(title, context, piece.where),
        service_keys=(key,) if key else (),
        areas=(group["area"],) if group["area"] else (),
        description=without_controls(description, context, piece.where) if description else None,
        authority=group["name"],
        provider_area=first("provider"),
        channels=tuple(dict.fromkeys(_channels(rows, piece.where, context))),
        changed_at=updated,
        leftover={name: value for row in reversed(rows) for name, value in row.get("extra", {}).items()},
    )


def _columns(header: Sequence[str], *, has_default: bool) -> Mapping[str, int]:
    columns = find_columns(header, ALIASES)
    wanted = {"key": "key" in columns, "url": "url" in columns}
    wanted["area"] = has_default or "area" in columns or "authority" in columns
    if missing := [field for field, present in wanted.items() if not present]:
        names = "; ".join(f"{field}: {', '.join(ALIASES[field])}" for field in missing)
        raise SourceFormatError(
            f"the header {' | '.join(header)[:200]!r} lacks columns",
            where="line 1",
            fix=f"Add a column named one of – {names}. For one single area, set default_area instead.",
        )
    return columns


def _groups(
    rows: Iterator[Row], header: Sequence[str], columns: Mapping[str, int], context: ParseContext
) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield (identity, line, facts) of each row that says something; absent ones are counted."""
    for row in rows:
        cells = row.cells
        if len(cells) > len(header) and not any(cell.strip() for cell in cells[len(header) :]):
            cells = cells[: len(header)]
        if len(cells) != len(header):
            yield f"line {row.line}", row.line, {"cells": list(cells), "expected": len(header)}
            continue
        facts = {f: text for f, index in columns.items() if (text := text_or_none(cells[index]))}
        place = _place(facts, context.options.get("default_area"))
        where = f"line {row.line}"
        identity = f"{place['authority']}/{facts.get('key') or facts.get('title', '')}"
        if not _is_offered(facts, where, identity, context):
            continue
        provider = context.options.get("provider_of_level", {}).get(fold_name(facts.get("level", "")))
        if provider:
            facts["provider"] = provider
        extra = {
            name.strip(): text
            for index, name in enumerate(header)
            if index not in columns.values() and name.strip() and (text := text_or_none(cells[index]))
        }
        yield identity, row.line, place | {"rows": [facts | ({"extra": extra} if extra else {})]}


def _pieces(groups: Iterator[tuple[str, int, dict[str, Any]]]) -> Iterator[Slice]:
    """Join rows of the same identity, wherever they stand, in order of first appearance."""
    collected: dict[str, dict[str, Any]] = {}
    lines: dict[str, list[int]] = {}
    for identity, line, group in groups:
        lines.setdefault(identity, []).append(line)
        if identity in collected:
            collected[identity]["rows"] += group["rows"]
        else:
            collected[identity] = group
    for identity, group in collected.items():
        numbers = ", ".join(map(str, lines[identity][:5]))
        raw = orjson.dumps(group, option=orjson.OPT_SORT_KEYS)
        yield Slice(raw, f"line {numbers}" if len(lines[identity]) == 1 else f"lines {numbers}")


def _place(facts: Mapping[str, str], default_area: str | None) -> dict[str, str | None]:
    """Tell area, name and identity of the authority; a code in the authority column is an area."""
    area, name = facts.get("area"), facts.get("authority")
    if area is None and name and _CODE.fullmatch(name):
        area, name = name, None
    return {"authority": area or name or default_area or "", "area": area or default_area, "name": name}


def _is_offered(facts: dict[str, str], where: str, identity: str, context: ParseContext) -> bool:
    """Judge the status column; a row that states absence is counted and left out."""
    status = facts.get("status", "").casefold()
    if status in ABSENT_WORDS:
        context.issue(
            "stated_absent",
            "The list states that this service was not found.",
            where=where,
            value=identity,
            severity=Severity.NOTE,
        )
        return False
    if status and status not in FOUND_WORDS | DEAD_WORDS:
        context.issue(
            "unknown_status",
            "The status is none of the known words; the row is taken as an offer.",
            where=where,
            value=facts["status"],
            fix="Write true or false into the column.",
        )
    return True


def _channels(rows: list[dict[str, Any]], where: str, context: ParseContext) -> Iterator[Channel]:
    for row in rows:
        url = link_or_none(row.get("url"), context, where)
        if url:
            is_dead = row.get("status", "").casefold() in DEAD_WORDS
            state = LinkState.DEAD if is_dead else LinkState.UNCHECKED
            yield Channel(ChannelKind.UNKNOWN_LINK, url, None, row.get("interaction"), state)


def _instant(row: Mapping[str, Any]) -> datetime | None:
    text = row.get("updated")
    return instant_or_none(text) or german_instant_or_none(text)
