"""From pages of the FIM portal to records: what the service register says of a key, and nowhere an offer.

Why: profiles have no declared shape and carry no types, texts have both but several of them share a key, so
the two meet in the ledger. Must not know: addresses, paging, when a walk is due.
"""

from __future__ import annotations

import heapq
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from connectors.fim_portal.items import (
    PROFILE_FIELDS,
    TEXT_FIELDS,
    bundles,
    change_of,
    classified,
    codes,
    first_text,
    keys_of,
    replacements,
)
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext, RecordRejected, Slice
from syncd.sdk.records import Record, RecordKind, Severity, facts
from syncd.sdk.text import load_json, plain_text, text_or_none, without_controls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from syncd.sdk.ledger import Ledger

__all__ = ["change_of", "collect", "compose", "parse"]

SOURCE_RANK = {"leika": 0, "landesredaktion": 1, "pvog": 2}
"""Whose word counts first; the union of all is taken only where the first says nothing."""

_PROFILE, _TEXT, _KEYS_OF_TEXT = "profile", "text", "keys of text"
_BREAK = "\t"
_FACT_LIMIT = 900
_NO_SDG = "0000000"
_SDG = re.compile(r"\d{7}", re.ASCII)
_NO_TITLE = "Kein Titel"


def collect(document: BinaryIO, context: ParseContext, ledger: Ledger) -> None:
    """Write the items of one page into the ledger; ``kind`` says of which list (profiles or texts)."""
    body = load_json(document.read())
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list):
        raise SourceFormatError(
            "the page has no list 'items'",
            fix="Check 'api_prefix': another version of the interface may answer there.",
        )
    put = _put_profile if context.document.get("kind", "profiles") == "profiles" else _put_text
    keyless = 0
    for item in items:
        if not isinstance(item, dict):
            raise SourceFormatError(f"an item of the list is no object: {str(item)[:60]!r}")
        keyless += not put(ledger, item)
    if keyless:
        context.issue(
            "item_without_key",
            f"{keyless} items carry no service key; the register has no place for them.",
            value=str(keyless),
            severity=Severity.NOTE,
        )


def _put_profile(ledger: Ledger, item: Mapping[str, Any]) -> bool:
    keys = keys_of(item)
    for key in keys:
        ledger.put(_PROFILE, key, _lasting(item))
    return bool(keys)


def _put_text(ledger: Ledger, item: Mapping[str, Any]) -> bool:
    """Put a text under each of its keys and take it away from those it has lost."""
    parts = (text_or_none(item.get(name)) or "" for name in ("redaktion_id", "leistung_id", "source"))
    name = "/".join(parts)
    keys = keys_of(item)
    before = (ledger.get(_KEYS_OF_TEXT, name) or b"").decode().split(_BREAK)
    for lost in set(before).difference(keys, {""}):
        ledger.remove(_TEXT, f"{lost}{_BREAK}{name}")
    for key in keys:
        ledger.put(_TEXT, f"{key}{_BREAK}{name}", _lasting(item))
    ledger.put(_KEYS_OF_TEXT, name, _BREAK.join(keys).encode())
    return bool(keys)


def _lasting(item: Mapping[str, Any]) -> bytes:
    # Only there while somebody searches.
    return orjson.dumps({n: v for n, v in item.items() if n != "fts_match"}, option=orjson.OPT_SORT_KEYS)


def compose(ledger: Ledger, context: ParseContext) -> Iterator[Slice]:  # noqa: ARG001 - the shape asked for
    """Yield one piece per service key: its profile, if there is one, and its texts."""
    profiles = ((key, "", body) for key, body in ledger.objects(_PROFILE))
    texts = (_placed(name, body) for name, body in ledger.objects(_TEXT))
    for key, members in groupby(heapq.merge(profiles, texts, key=_by_key), key=_by_key):
        profile, found = b"null", []
        for _, name, body in members:
            if name:
                found.append(body)
            else:
                profile = body
        # Joined, not encoded anew: both come from canonical JSON.
        raw = b'{"key":%s,"profile":%s,"texts":[%s]}' % (orjson.dumps(key), profile, b",".join(found))
        yield Slice(raw, key[:200])


def _placed(name: str, body: bytes) -> tuple[str, str, bytes]:
    key, _, text = name.partition(_BREAK)
    return key, text, body


def _by_key(item: tuple[str, str, bytes]) -> str:
    return item[0]


def parse(piece: Slice, context: ParseContext) -> Record:
    """Return the register's word on one key; raises RecordRejected when it has no name."""
    body = orjson.loads(piece.raw)
    key, profile = body["key"], body["profile"] or {}
    texts = sorted(body["texts"], key=_rank)
    for item, known in ((profile, PROFILE_FIELDS), *((text, TEXT_FIELDS) for text in texts)):
        for name in item.keys() - known:
            context.unknown_field(name)
    said: Sequence[Mapping[str, Any]] = [item for item in (profile, *texts) if item]
    title = _title(said)
    if title is None:
        raise RecordRejected("record_without_title", "Neither profile nor text has a name.", value=key)
    description = next((t for text in texts if (t := plain_text(text.get("kurztext")))), None)
    leftover = {
        name: text
        for name in sorted(profile.keys() - PROFILE_FIELDS)
        if (text := text_or_none(profile[name]))
    }
    return Record(
        native_id=key,
        title=without_controls(title, context, key),
        service_keys=(key,),
        description=without_controls(description, context, key) if description else None,
        typing=_typing(said),
        changed_at=max(filter(None, map(change_of, said)), default=None),
        kind=RecordKind.CATALOGUE,
        facts=_facts(key, said, context),
        leftover=leftover,
    )


def _rank(text: Mapping[str, Any]) -> tuple[int, str]:
    source = str(text.get("source"))
    return SOURCE_RANK.get(source, len(SOURCE_RANK)), orjson.dumps(text, option=orjson.OPT_SORT_KEYS).decode()


def _title(said: Sequence[Mapping[str, Any]]) -> str | None:
    names = ("title", "titel", "leistungsbezeichnung", "bezeichnung", "leistungsbezeichnung_2", "name")
    for item in said:
        title = first_text(item, names, besides=_NO_TITLE)
        if title is not None:
            return plain_text(title)
    return None


def _typing(said: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the types of the first rank that states any: the profile, then the texts by source."""
    found: dict[int, set[str]] = {}
    for item in said:
        stated = {*codes(item.get("typisierung")), *classified(item, "leika:typisierung")}
        rank = SOURCE_RANK.get(str(item.get("source")), len(SOURCE_RANK)) if "source" in item else -1
        found.setdefault(rank, set()).update(stated)
    return next((tuple(sorted(types)) for _, types in sorted(found.items()) if types), ())


def _facts(key: str, said: Sequence[Mapping[str, Any]], context: ParseContext) -> dict[str, str]:
    ozg = [bundle for item in said for bundle in bundles(item, key)]
    sdg = [
        c for item in said for c in (*codes(item.get("sdg_informationsbereiche")), *codes(item.get("sdg")))
    ]
    sdg += [code for item in said for code in classified(item, "sdginformationsbereich")]
    for odd in sorted({code for code in sdg if not _SDG.fullmatch(code)}):
        context.issue("unknown_value", "This is no seven-digit SDG code.", where=key, value=odd)
    status = next((code for item in said for code in codes(item.get("freigabe_status"))), "")
    found = {
        facts.STATUS: [status],
        facts.REPLACED_BY: [k for item in said for k in replacements(item) if k != key],
        facts.OZG_ID: [one.bundle_id for one in ozg],
        facts.OZG_NAME: [one.name for one in ozg],
        facts.THEME: [one.theme for one in ozg],
        facts.SITUATION: [code for item in said for code in classified(item, "pvlagen")],
        facts.SDG: [code for code in sdg if _SDG.fullmatch(code) and code != _NO_SDG],
        facts.SYNONYMS: [s for item in said for s in codes(item.get("synonyme"))],
    }
    return {name: text for name, texts in found.items() if (text := _listed(texts))}


def _listed(texts: Sequence[str]) -> str:
    """Join what is said, each once and in order, as far as it fits: a cut code would be another one."""
    kept: list[str] = []
    for text in dict.fromkeys(t.replace(facts.LIST_SEPARATOR, "/") for t in texts if t):
        if sum(map(len, kept)) + len(kept) + len(text) > _FACT_LIMIT:
            break
        kept.append(text)
    return facts.LIST_SEPARATOR.join(kept)
