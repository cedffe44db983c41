"""From Open-PVOG tables and pages to records: one per service key and region, with all its online services.

Why: the rows of one cell stand anywhere in a table or on different pages, so they meet in the ledger first. A
row of a region nobody asked for means that the portal ignored the question: then nothing of the listing is
used. Must not know: addresses, paging, settings beyond ``parse_options``.
"""

from __future__ import annotations

import hashlib
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from syncd.sdk.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext, RecordRejected, Slice
from syncd.sdk.records import Channel, ChannelKind, LinkState, Record, RecordKind, Severity, facts
from syncd.sdk.text import (
    csv_rows,
    decode,
    find_columns,
    fold_name,
    instant_or_none,
    is_day,
    link_or_none,
    load_json,
    sniff_delimiter,
    text_or_none,
    without_controls,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from syncd.sdk.ledger import Ledger

COLUMNS = {
    "key": ("leika_key", "leikakey"),
    "name": ("leika_name", "leikaname"),
    "label": ("leika_bezeichnung", "leikabezeichnung"),
    "ars": ("ars",),
    "area_name": ("ars_name", "arsname"),
    "land": ("ars_federal_state", "arsfederalstate"),
    "land_name": ("bundesland",),
    "ozg_id": ("ozgid", "ozg_id"),
    "ozg_name": ("ozg_bezeichnung", "ozgbezeichnung"),
    "url": ("url",),
    "link": ("online_status", "onlinestatus"),
    "active": ("aktiv",),
    "coverage": ("art_flaechendeckung", "artflaechendeckung"),
    "why_not": ("begruendung_nicht_beruecksichtigt", "begruendungnichtberuecksichtigt"),
    "stated_on": ("datenstand_pvog_import", "datenstandpvogimport"),
    "exported_on": ("export_datum", "exportdatum"),
}
"""Field → its folded names in either generation; both spellings occur."""

COVERAGE_CLASSES = frozenset(
    {
        "bundesweit flächendeckend",
        "landesweit flächendeckend",
        "kreisweit flächendeckend",
        "in mind. einer Kommune verfügbar",
        "nicht in Auswertung berücksichtigt",
    }
)
_UNUSED = frozenset({"area_name", "land", "land_name", "exported_on"})
"""Names of what the keys say already, and the deprecated date of the export."""
_KNOWN_NAMES = frozenset(name for names in COLUMNS.values() for name in names)
_LINK_STATES = {"ok": LinkState.OK, "nicht ok": LinkState.DEAD}
_ARS = re.compile(r"\d{12}", re.ASCII)
_KEY = re.compile(r"\d{14}", re.ASCII)
_FILLING = re.compile(r"[.\s]")
_FACT_LIMIT = 900
_NO_ZEROS = (2, 3, 5, 9, 12)


_Found = tuple[str, dict[str, Any], str]
"""Where a row stands, the row by field, and the code of its fault (empty for a good one)."""


def collect(document: BinaryIO, context: ParseContext, ledger: Ledger) -> None:
    """Write the rows of one export (``kind`` csv) or one page into the ledger.

    Raises SourceFormatError, code ``wrong_region``, when a row is of a region that was not asked for.
    """
    rows = _table if context.document.get("kind", "csv") == "csv" else _page
    region = context.document.get("ars", "")
    within = region[: _digits(region)] if context.options.get("below", True) else region
    dates = set()
    for where, row, unreadable in rows(document, context):
        ars = row.get("ars", "")
        if unreadable or not _ARS.fullmatch(ars):
            _put(ledger, "!", {"fault": unreadable or "bad_ars", "row": row}, where)
            continue
        if not ars.startswith(within):
            raise SourceFormatError(
                f"asked for region {region}, got a row of {ars[:20]}: the portal ignored the question",
                where=where,
                code="wrong_region",
                fix="Nothing of this listing is used. Compare path and parameters with the portal's "
                "documentation; it may have changed them.",
            )
        if day := row.get("stated_on"):
            dates.add(day)
        _put(ledger, f"{_service(row)}/{ars}", row, where)
    for day in sorted(dates):
        ledger.put("date", day, b"")


def compose(ledger: Ledger, context: ParseContext) -> Iterator[Slice]:
    """Yield one piece per service and region; the date all rows share is the date of the listing."""
    dates = [day for day, _ in ledger.objects("date")]
    shared = dates[0] if len(dates) == 1 else None
    if shared is not None and is_day(shared):
        context.stated_at = instant_or_none(f"{shared[:10]}T00:00:00Z")
    cells = groupby(ledger.objects("row"), key=lambda item: item[0].rpartition("/")[0])
    for cell, members in cells:
        kept = [body.split(b"\n", 1) for _, body in members]
        rows = [orjson.loads(row) for _, row in kept]
        if cell == "!":
            # Each broken row is a record of its own, so that it is set aside alone.
            for (where, _), row in zip(kept, rows, strict=True):
                yield Slice(orjson.dumps(row, option=orjson.OPT_SORT_KEYS), where.decode()[:200])
            continue
        if shared is not None:
            # Moves every day and would make every day look like a change of everything.
            for row in rows:
                row.pop("stated_on", None)
        piece = {"cell": cell, "rows": rows}
        yield Slice(orjson.dumps(piece, option=orjson.OPT_SORT_KEYS), cell[:200])


def parse(piece: Slice, context: ParseContext) -> Record:
    """Return the record of one cell; raises RecordRejected for a broken row."""
    # Written by ``compose`` from strictly read text.
    body = orjson.loads(piece.raw)
    if "fault" in body:
        raise _rejected(body["fault"], body["row"])
    cell, rows = body["cell"], body["rows"]
    ars = cell.rpartition("/")[2]
    for name in sorted({name for row in rows for name in row.get("more", {})}):
        context.unknown_field(name)
    active = _active(rows, cell, context)
    title = next((text for name in ("label", "name") for row in rows if (text := row.get(name))), None)
    keys = tuple(dict.fromkeys(row["key"] for row in rows if row.get("key")))
    if title is None:
        context.issue(
            "row_without_name",
            "The row names its service by the key only; the key stands in for the name.",
            where=cell,
            severity=Severity.NOTE,
        )
    more = {name: text for row in rows for name, text in sorted(row.get("more", {}).items())}
    said = _facts(rows, cell, active, context)
    # What the dashboard calls inactive is nobody's offer, but the yardstick has to know of it.
    is_offer = active != "nein" and bool(context.options.get("offers", True))
    return Record(
        native_id=cell,
        title=without_controls(title or cell.rpartition("/")[0], context, cell),
        service_keys=keys,
        areas=(ars,) if is_offer else (),
        channels=tuple(dict.fromkeys(_channels(rows, cell, context))),
        kind=RecordKind.OFFER if is_offer else RecordKind.CATALOGUE,
        facts=said if is_offer else {**said, facts.AREA: ars},
        leftover=more,
    )


def pointed(body: object, pointer: str) -> object:
    """Return what a pointer (``/page/totalPages``) names, or None."""
    for part in pointer.split("/")[1:]:
        if not isinstance(body, dict):
            return None
        body = body.get(part)
    return body


# --- reading rows ------------------------------------------------------------------------------------


def _table(document: BinaryIO, context: ParseContext) -> Iterator[_Found]:
    raw = document.read()
    if context.options.get("final_newline", True) and not raw.endswith((b"\n", b"\r")):
        raise SourceFormatError(
            "the table does not end with a line end: it is cut off",
            code="cut_off",
            fix="Nothing to do: the next run fetches it again. If the portal never ends it, set "
            "'final_newline = false'.",
        )
    text = decode(raw, context.charset or "utf-8")
    header = text.lstrip("\r\n").partition("\n")[0]
    rows = csv_rows(text, sniff_delimiter(header.rstrip("\r"), _KNOWN_NAMES))
    names = next(rows).cells
    columns = find_columns(names, COLUMNS)
    if missing := [COLUMNS[field][0] for field in ("key", "ars") if field not in columns]:
        raise SourceFormatError(
            f"the table lacks the columns {', '.join(missing)}; it has {', '.join(names)[:200]!r}",
            where="line 1",
            fix="The portal changed its export: set 'transport = \"pages\"' until the connector knows it.",
        )
    unknown = [i for i in range(len(names)) if i not in columns.values()]
    for row in rows:
        where = f"line {row.line}"
        if len(row.cells) != len(names):
            yield where, {"text": " | ".join(row.cells)[:500]}, "wrong_column_count"
            continue
        known = {field: said for field, at in columns.items() if (said := text_or_none(row.cells[at]))}
        more = {names[at]: said for at in unknown if (said := text_or_none(row.cells[at]))}
        yield where, _row(known, more), ""


def _page(document: BinaryIO, context: ParseContext) -> Iterator[_Found]:
    pointer = str(context.options.get("content", "/content"))
    items = pointed(load_json(document.read()), pointer)
    if not isinstance(items, list):
        raise SourceFormatError(
            f"the page has no list at {pointer}", fix="Set 'content_pointer' to where the rows stand."
        )
    by_name = {name: field for field, names in COLUMNS.items() for name in names}
    for index, item in enumerate(items):
        where = f"{pointer[1:]}[{index}]"
        if not isinstance(item, dict):
            yield where, {"text": repr(item)[:500]}, "not_an_object"
            continue
        known: dict[str, str] = {}
        more: dict[str, str] = {}
        for name, value in item.items():
            field, text = by_name.get(fold_name(name)), text_or_none(value)
            if field is not None and text is not None:
                known.setdefault(field, text)
            elif field is None:
                more[name[:100]] = text if text is not None else orjson.dumps(value).decode()
        yield where, _row(known, more), ""


def _row(known: Mapping[str, str], more: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {name: text for name, text in known.items() if name not in _UNUSED}
    return {**row, "more": dict(more)} if more else row


def _put(ledger: Ledger, cell: str, row: Mapping[str, Any], where: str) -> None:
    """Keep a row under its cell; equal rows are one, whatever their order."""
    body = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    ledger.put("row", f"{cell}/{hashlib.sha256(body).hexdigest()[:24]}", where.encode() + b"\n" + body)


def _service(row: Mapping[str, str]) -> str:
    """Return what names the service in native ids; they sort by key, so a key has one form in them."""
    key = row.get("key")
    if not key:
        return f"~{row.get('label') or row.get('name') or ''}"
    bare = _FILLING.sub("", key)
    return bare if _KEY.fullmatch(bare) else key


def _digits(ars: str) -> int:
    """Return how many digits of a 12-digit ARS name the area, from the zeros behind them."""
    if not ars.strip("0"):
        return 0
    return next(length for length in _NO_ZEROS if not ars[length:].strip("0"))


# --- reading cells -----------------------------------------------------------------------------------

_MEND = "Have the row corrected by the portal."


def _rejected(fault: str, row: Mapping[str, Any]) -> RecordRejected:
    text = str(row.get("text", ""))
    if fault == "wrong_column_count":
        message = "The row has another number of columns than the header."
        return RecordRejected("wrong_column_count", message, value=text, fix=_MEND)
    if fault == "not_an_object":
        return RecordRejected("not_an_object", "The entry of the list is no object.", value=text, fix=_MEND)
    message = "The row has no 12-digit ARS, so it cannot be told whether it was asked for."
    return RecordRejected("bad_ars", message, value=str(row.get("ars", "")), fix=_MEND)


def _active(rows: Iterable[Mapping[str, Any]], cell: str, context: ParseContext) -> str:
    """Return ``ja``, ``nein`` (all rows say so) or an empty text."""
    said = {str(row.get("active", "")).casefold() for row in rows}
    for odd in sorted(said - {"ja", "nein", ""}):
        context.issue(
            "unknown_value",
            "'aktiv' is neither 'ja' nor 'nein'; it counts as not given.",
            where=cell,
            value=odd,
        )
    if "ja" in said:
        return "ja"
    return "nein" if said == {"nein"} else ""


def _channels(rows: Iterable[Mapping[str, Any]], cell: str, context: ParseContext) -> Iterator[Channel]:
    for row in rows:
        url = link_or_none(row.get("url"), context, cell)
        status = str(row.get("link", "")).casefold()
        if status and status not in _LINK_STATES:
            context.issue(
                "unknown_value",
                "'online_status' is neither 'ok' nor 'nicht ok'; the link counts as unchecked.",
                where=cell,
                value=status,
            )
        if url and str(row.get("active", "")).casefold() != "nein":
            yield Channel(
                ChannelKind.ONLINE_SERVICE, url, link_state=_LINK_STATES.get(status, LinkState.UNCHECKED)
            )


def _facts(
    rows: Iterable[Mapping[str, Any]], cell: str, active: str, context: ParseContext
) -> dict[str, str]:
    classes = _distinct(rows, "coverage")
    for odd in sorted(set(classes) - COVERAGE_CLASSES):
        context.issue(
            "unknown_value",
            "The coverage class is none of the five known ones; it is kept as it is.",
            where=cell,
            value=odd,
        )
    said = {
        facts.COVERAGE_CLASS: _listed(classes),
        facts.NOT_COUNTED_BECAUSE: _listed(_distinct(rows, "why_not")),
        facts.ACTIVE: active,
        facts.OZG_ID: _listed(_distinct(rows, "ozg_id")),
        facts.OZG_NAME: _listed(_distinct(rows, "ozg_name")),
        facts.STATED_ON: _listed(_distinct(rows, "stated_on")),
    }
    return {name: text for name, text in said.items() if text}


def _distinct(rows: Iterable[Mapping[str, Any]], field: str) -> list[str]:
    return sorted({str(row[field]) for row in rows if row.get(field)})


def _listed(texts: list[str]) -> str:
    text = facts.LIST_SEPARATOR.join(texts)
    return text if len(text) <= _FACT_LIMIT else f"{text[: _FACT_LIMIT - 1]}…"
