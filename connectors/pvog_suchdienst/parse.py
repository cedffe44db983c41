"""From documents of the PVOG Suchdienst to records: the catalogue CSV and the detail JSON.

Why: the CSV has no quoting but doubled quotation marks, one row per service and online service, and a stamp
that moves with every nightly import. Must not know: addresses, paging, settings beyond ``parse_options``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from syncd.sdk.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext, RecordRejected, Slice
from syncd.sdk.records import Channel, ChannelKind, Record
from syncd.sdk.text import (
    UTF8_BOM,
    bound_or_none,
    find_columns,
    german_instant_or_none,
    instant_or_none,
    is_day,
    link_or_none,
    load_json,
    plain_text,
    text_or_none,
    without_controls,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

COLUMNS = {
    "service_id": ("id_lb",),
    "service_key": ("leikaschluessel", "leika_schluessel", "leikaid", "leistungsschluessel"),
    "official_name": ("name",),
    "name": ("name2",),
    "changed": ("updatedatum",),
    "online_id": ("id_od",),
    "online_name": ("bezeichnung_od",),
    "links": ("links", "link"),
}
LINE_LIMIT = 1 << 20
"""Bytes of one line; a longer one is no catalogue row."""

_SERVICE_ID = re.compile(r"\w+[._]LB[._]\w+")
_BETWEEN_LINKS = re.compile(r"[\s,;]+(?=https?://)")
_VOLATILE = frozenset({"timestamp", "lastUpdate"})
"""Stamps of the nightly import; they say nothing about the service."""
_KNOWN_DETAIL = frozenset(
    {
        "addressees",
        "ars",
        "arsFederalstate",
        "availableLanguages",
        "description",
        "details",
        "externalLastUpdate",
        "forms",
        "id",
        "languageCode",
        "languageComplete",
        "leikakeys",
        "name",
        "onlineServiceLinks",
        "organisationIds",
        "organisations",
        "personalMatters",
        "sdgInformation",
        "sourcePortals",
        "suggest",
        "synonyms",
        "typing",
        "validFrom",
        "validTo",
        "validityPeriods",
    }
)


def cut(document: BinaryIO, context: ParseContext) -> Iterator[Slice]:
    """Yield one piece per service; ``context.document`` names ``kind`` (``csv`` or ``detail``) and ``ars``.

    The first line of a piece is ``kind ars shape``: all that determines the record beside its bytes.
    """
    match context.document.get("kind", "csv"):
        case "csv":
            yield from _cut_catalogue(document, context)
        case "detail":
            yield from _cut_detail(document, context)
        case _:
            # Place answers are checked by the connector; they hold no records.
            return


def parse(piece: Slice, context: ParseContext) -> Record:
    """Return the record of one service; raises RecordRejected for a broken one."""
    head, _, body = piece.raw.partition(b"\n")
    kind, ars, shape = head.decode().split(" ")
    if shape == "again":
        raise RecordRejected(
            "service_reappears",
            "The service was listed before, further up in the same catalogue.",
            fix="Have the portal list all rows of a service together.",
        )
    if kind == "csv":
        return _parse_rows(body, ars, shape, piece.where, context)
    # Written by ``cut`` from strictly read JSON.
    return _parse_detail(orjson.loads(body), ars, shape, piece.where, context)


def service_ids(document: BinaryIO) -> tuple[str, ...]:
    """Return the ids of a catalogue in order, for fetching details; raises SourceFormatError."""
    found: dict[str, None] = {}
    for _, service_id, _ in _catalogue_rows(document, ParseContext()):
        if _SERVICE_ID.fullmatch(service_id):
            found[service_id] = None
    return tuple(found)


def _shape(context: ParseContext) -> str:
    """Say whether native ids carry the area: the same service is listed under each of several regions."""
    return "qualified" if context.options.get("qualify") else "plain"


def _native_id(service_id: str, ars: str, shape: str) -> str:
    return f"{ars}/{service_id}" if shape == "qualified" else service_id


# --- catalogue -------------------------------------------------------------------------------------


def _cut_catalogue(document: BinaryIO, context: ParseContext) -> Iterator[Slice]:
    ars, shape = context.document.get("ars", ""), _shape(context)
    # Services that were fetched as detail documents; the rest of the catalogue is read from its rows.
    elsewhere = set(context.document.get("without", "").split())
    seen: set[str] = set()
    current, first_line, header = "", 0, b""
    rows: list[bytes] = []

    def piece(last_line: int) -> Slice:
        kind = "again" if current in seen else shape
        seen.add(current)
        raw = b"\n".join([f"csv {ars} {kind}".encode(), header, *rows])
        lines = f"line {first_line}" if first_line == last_line else f"lines {first_line}-{last_line}"
        return Slice(raw, f"{lines} {current}"[:200])

    number = 0
    for number, service_id, line in _catalogue_rows(document, context):
        if not number:
            header = line
            continue
        if service_id != current or not rows:
            if rows and current not in elsewhere:
                yield piece(number - 1)
            current, first_line, rows = service_id, number, []
        rows.append(line)
    if rows and current not in elsewhere:
        yield piece(number)


def _catalogue_rows(document: BinaryIO, context: ParseContext) -> Iterator[tuple[int, str, bytes]]:
    """Yield (0, "", header) and then (line number, service id, line) for each row, without line ends."""
    header = _line(document, 1).removeprefix(UTF8_BOM)
    names, columns, unknown = _layout(header)
    for index in unknown:
        context.unknown_field(names[index])
    yield 0, "", header
    position = columns["service_id"]
    number = 1
    while line := _line(document, number + 1, optional=True):
        number += 1
        if line == b"\n":
            continue
        cells = line.split(b"|", position + 1)
        service_id = cells[position].decode("utf-8", "replace") if position < len(cells) else ""
        yield number, service_id.strip(), line.rstrip(b"\n")


def _line(document: BinaryIO, number: int, *, optional: bool = False) -> bytes:
    """Return the next line: the header without its line end, others with a bare newline; b"" at the end."""
    line = document.readline(LINE_LIMIT)
    if not line and optional:
        return b""
    if not line:
        raise SourceFormatError("the catalogue is empty: not even a header", where="line 1")
    if not line.endswith(b"\n"):
        reason = f"longer than {LINE_LIMIT} bytes" if len(line) == LINE_LIMIT else "without its end"
        raise SourceFormatError(
            f"a line {reason}: the catalogue is cut off or no catalogue",
            where=f"line {number}",
            fix="Nothing is withdrawn because of it; the next run fetches the catalogue again.",
        )
    bare = line.rstrip(b"\r\n")
    return bare + b"\n" if optional else bare


def _header_names(header: bytes) -> list[str]:
    try:
        return header.decode().split("|")
    except UnicodeDecodeError as error:
        raise SourceFormatError("the header is not UTF-8 text", where="line 1") from error


def _columns(names: list[str]) -> Mapping[str, int]:
    columns = find_columns(names, COLUMNS)
    if missing := [aliases[0] for field, aliases in COLUMNS.items() if field not in columns]:
        raise SourceFormatError(
            f"the catalogue's header lacks {', '.join(missing)}; it reads {'|'.join(names)[:200]!r}",
            where="line 1",
            fix="The portal changed its catalogue: extend COLUMNS of the connector.",
        )
    return columns


@lru_cache(maxsize=8)
def _layout(header: bytes) -> tuple[list[str], Mapping[str, int], tuple[int, ...]]:
    """Return names, column of each field and columns of no field; each piece repeats its header."""
    names = _header_names(header)
    columns = _columns(names)
    return names, columns, tuple(i for i in range(len(names)) if i not in columns.values())


def _parse_rows(body: bytes, ars: str, shape: str, where: str, context: ParseContext) -> Record:
    header, *lines = body.split(b"\n")
    names, columns, unknown = _layout(header)
    rows = [_cells(line, len(names), context, where) for line in lines]

    def value(row: list[str], field: str) -> str | None:
        return text_or_none(row[columns[field]])

    first = rows[0]
    service_id = value(first, "service_id") or ""
    if not _SERVICE_ID.fullmatch(service_id):
        raise RecordRejected(
            "not_a_service_id",
            "The row does not begin with a service id (<Redaktion>.LB.<number>).",
            value=service_id,
            fix="Check the catalogue for line breaks or separators inside a name.",
        )
    title = value(first, "name") or value(first, "official_name")
    if title is None:
        raise RecordRejected("record_without_title", "The service has no name.", value=service_id)
    facts = ("service_key", "official_name", "name")
    if any(value(row, fact) != value(first, fact) for row in rows[1:] for fact in facts):
        context.issue("rows_disagree", "Rows of one service differ in key or name.", where=service_id)
    keys = {key: None for row in rows if (key := value(row, "service_key"))}
    channels = [c for row in rows for c in _row_channels(row, columns, service_id, context)]
    extra = {names[i]: text for i in unknown if (text := text_or_none(first[i]))}
    return Record(
        native_id=_native_id(service_id, ars, shape),
        title=title,
        service_keys=tuple(keys),
        areas=(ars,),
        channels=tuple(dict.fromkeys(channels)),
        changed_at=german_instant_or_none(value(first, "changed")),
        leftover=extra,
    )


def _cells(line: bytes, expected: int, context: ParseContext, where: str) -> list[str]:
    try:
        cells = without_controls(line.decode(), context, where).split("|")
    except UnicodeDecodeError as error:
        raise RecordRejected(
            "bad_encoding", "The row is not UTF-8 text.", value=repr(line[error.start : error.start + 8])
        ) from error
    if len(cells) != expected:
        raise RecordRejected(
            "wrong_column_count",
            f"The row has {len(cells)} columns, the header {expected}.",
            value=cells[0],
            fix="Check the catalogue for line breaks or separators inside a name.",
        )
    return [cell.replace('""', '"') for cell in cells] if b'""' in line else cells


def _row_channels(
    row: list[str], columns: Mapping[str, int], service_id: str, context: ParseContext
) -> Iterator[Channel]:
    online_id = text_or_none(row[columns["online_id"]])
    label = text_or_none(row[columns["online_name"]])
    texts = _BETWEEN_LINKS.split(row[columns["links"]].strip())
    links = [url for text in texts if (url := link_or_none(text, context, service_id))]
    kind = ChannelKind.ONLINE_SERVICE if online_id else ChannelKind.UNKNOWN_LINK
    if not links and (online_id or label):
        yield Channel(ChannelKind.ONLINE_SERVICE, None, label, online_id)
    for url in links:
        yield Channel(kind, url, label, online_id)


# --- detail ----------------------------------------------------------------------------------------


def _cut_detail(document: BinaryIO, context: ParseContext) -> Iterator[Slice]:
    body = load_json(document.read())
    if not isinstance(body, dict):
        raise SourceFormatError(f"a service detail must be an object, not {type(body).__name__}")
    ars, asked = context.document.get("ars", ""), context.document.get("id", "")
    if not isinstance(body.get("id"), str):
        raise SourceFormatError("the service detail has no id", where=asked)
    lasting = {name: value for name, value in body.items() if name not in _VOLATILE}
    head = f"detail {ars} {_shape(context)}\n".encode()
    if asked and body["id"] != asked:
        raise SourceFormatError(f"asked for {asked}, got {body['id'][:80]}", where=asked)
    yield Slice(head + orjson.dumps(lasting, option=orjson.OPT_SORT_KEYS), body["id"][:200])


def _parse_detail(body: dict[str, Any], ars: str, shape: str, where: str, context: ParseContext) -> Record:
    for name in body.keys() - _KNOWN_DETAIL:
        context.unknown_field(name)
    title = text_or_none(body.get("name"))
    if title is None:
        raise RecordRejected("record_without_title", "The service has no name.", value=where)
    organisations = [o for o in _objects(body, "organisations") if text_or_none(o.get("title"))]
    names = sorted({str(o["title"]).strip() for o in organisations})
    ids = _texts(body, "organisationIds") or [str(o["id"]) for o in organisations if o.get("id")]
    portals = [link_or_none(p.get("uri"), context, where) for p in _objects(body, "sourcePortals")]
    description = plain_text(body.get("description"))
    return Record(
        native_id=_native_id(body["id"], ars, shape),
        title=without_controls(title, context, where),
        service_keys=tuple(_texts(body, "leikakeys")),
        areas=(ars,),
        description=without_controls(description, context, where) if description else None,
        authority="; ".join(names) or None,
        authority_id=ids[0] if len(ids) == 1 else None,
        provider_area=_provider(_texts(body, "ars"), ars),
        channels=tuple(dict.fromkeys(_detail_channels(body, where, context))),
        typing=tuple(code for t in _objects(body, "typing") if (code := text_or_none(t.get("code")))),
        language=text_or_none(body.get("languageCode")) or "de",
        valid_from=_bound(body, "validFrom", where, context),
        valid_to=_bound(body, "validTo", where, context),
        changed_at=instant_or_none(text_or_none(body.get("externalLastUpdate"))),
        page_url=next((url for url in portals if url), None),
    )


def _detail_channels(body: Mapping[str, Any], where: str, context: ParseContext) -> Iterator[Channel]:
    for online in _objects(body, "onlineServiceLinks"):
        label, online_id = text_or_none(online.get("title")), text_or_none(online.get("id"))
        url = link_or_none(online.get("uri"), context, where)
        yield Channel(ChannelKind.ONLINE_SERVICE, url, label, online_id)
    for form in _objects(body, "forms"):
        url = link_or_none(form.get("uri") or form.get("url") or form.get("link"), context, where)
        if url:
            label = text_or_none(form.get("title")) or text_or_none(form.get("name"))
            yield Channel(ChannelKind.FORM, url, label, text_or_none(form.get("id")))


def _bound(body: Mapping[str, Any], name: str, where: str, context: ParseContext) -> date | None:
    """Return a day of validity; what is there but no day is reported, because a bound is lost with it."""
    value = body.get(name)
    day = bound_or_none(text := text_or_none(value))
    if day is None and value not in (None, "") and not is_day(text):
        context.issue(
            "bad_date",
            f"{name} is no day (YYYY-MM-DD); the offer counts as unbounded there.",
            where=where,
            value=repr(value),
            fix="Write the day as YYYY-MM-DD, or leave the field out.",
        )
    return day


def _provider(stated: list[str], ars: str) -> str | None:
    """Return the nearest stated area above the one asked for, None when it is stated itself."""
    above = [s for s in stated if s != ars and ars.startswith(s.rstrip("0") or "")]
    return None if ars in stated or not above else max(above, key=lambda s: len(s.rstrip("0")))


def _objects(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    values = body.get(name)
    return [v for v in values if isinstance(v, dict)] if isinstance(values, list) else []


def _texts(body: Mapping[str, Any], name: str) -> list[str]:
    values = body.get(name)
    return [t for v in values if (t := text_or_none(v))] if isinstance(values, list) else []
