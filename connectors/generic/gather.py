"""Putting the items of documents into the ledger: keys, names and values, doubles, versions, supplements.

Must not know how records look, addresses or paging.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from connectors.generic.completeness import Tally
from connectors.generic.decode import Broken, Head, local_names, refuse_reported_error
from connectors.generic.pointers import Pointer, find, first, read_pointer
from connectors.generic.values import Shape, text_of, texts
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.records import Severity
from syncd.sdk.text import instant_or_none, load_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.generic.plan import Plan, StreamPlan
    from syncd.sdk.ledger import Ledger
    from syncd.sdk.parsing import ParseContext

ITEM, DETAIL, TALLY, BROKEN = "item", "detail", "tally", "broken"
ROWS_LIMIT = 1_000
"""Items of one record, where several make one (groups, supplements)."""
KEY_LIMIT = 500
BROKEN_LIMIT = 10_000
_BETWEEN = "\x1f"


def key_and_region(object_id: str) -> tuple[str, str]:
    """Return the key of an item and the region it was asked for (empty: none)."""
    region, _, key = object_id.partition(_BETWEEN)
    return key, region


def object_id_of(region: str, key: str) -> str:
    """Return the id under which an item stands in the ledger."""
    return f"{region}{_BETWEEN}{key}"


def supplement_kind(stream: StreamPlan) -> str:
    """Return the kind under which the items of a supplement stand in the ledger."""
    return f"with {stream.stands_for}"


def names_as_members(item: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """Return the item with its lists of names and values turned into objects."""
    for lookup in plan.lookups:
        entries = item.get(lookup.member)
        if not isinstance(entries, list):
            continue
        named: dict[str, Any] = {}
        for entry in entries:
            name = text_of(first(entry, lookup.name), plan.shape)
            values = [one for pointer in lookup.values for one in find(entry, pointer)]
            if name is None or not values:
                continue
            value = values[0] if len(values) == 1 else values
            named[name] = [*_as_list(named[name]), *_as_list(value)] if name in named else value
        item = {**item, lookup.member: named}
    return item


def tally_of(said: Mapping[str, Any]) -> Tally:
    """Return what was noted of one page."""
    return Tally(said["page"], said["items"], said["total"], said["more"])


class Gatherer:
    """Takes the items of one document."""

    def __init__(self, plan: Plan, stream: StreamPlan, context: ParseContext, ledger: Ledger) -> None:
        self._plan = plan
        self._stream = stream
        self._context = context
        self._ledger = ledger
        self._page = whole_number(context.document.get("page")) or 1
        self._region = context.document.get("region", "") if stream.per_region else ""
        self._document = context.document.get("document", "")
        self._refreshes = context.document.get("walk") == "changes"
        self._broken = 0

    def take(self, where: str, value: object) -> None:
        """Put one item, or what is wrong with it, into the ledger."""
        where = f"{self._document}: {where}" if self._document else where
        if isinstance(value, Broken):
            self._set_aside(where, value)
            return
        if not isinstance(value, dict):
            self._set_aside(where, Broken("not_an_object", "The item is no object."))
            return
        item = names_as_members(value, self._plan)
        key = key_of(item, self._stream.key, self._plan.shape)
        if not key:
            self._set_aside(where, Broken("record_without_id", "The item has no key.", str(item)[:120]))
            return
        if len(key) > KEY_LIMIT:
            self._set_aside(
                where, Broken("bad_id", f"The key has more than {KEY_LIMIT} characters.", key[:120])
            )
            return
        try:
            self._put(object_id_of(self._region, key), item, where)
        except (TypeError, UnicodeError):
            self._set_aside(where, Broken("nested_too_deeply", "The item is nested too deeply.", key))

    def detail(self, document: BinaryIO) -> None:
        """Put the detail of one item into the ledger, under the item's key."""
        table = self._stream.detail or {}
        decode = table.get("decode") or self._stream.decode
        body = load_json(document.read())
        body = local_names(body) if decode["format"] == "jsonld" else body
        refuse_reported_error(body, self._plan)
        value = first(body, read_pointer(table["item"]))
        if not isinstance(value, dict):
            raise SourceFormatError(f"the detail has no object '{table['item']}'", code="wrong_shape")
        object_id = object_id_of(self._region, self._context.document["detail"])
        try:
            self._ledger.put(DETAIL, object_id, orjson.dumps(names_as_members(value, self._plan)))
        except TypeError as error:
            raise SourceFormatError("the detail is nested too deeply", code="wrong_shape") from error

    def tally(self, head: Head) -> None:
        """Note what the document says about the completeness of its listing."""
        total: int | None = None
        if self._stream.total is not None:
            total = whole_number(text_of(first(head.value, self._stream.total), self._plan.shape))
        elif self._stream.completeness["total_header"]:
            total = whole_number(self._context.document.get("total"))
        said = {
            "stream": self._stream.name,
            "region": self._region,
            "page": self._page,
            "items": head.items,
            "total": total,
            "more": self._context.document.get("more") == "1",
        }
        self._ledger.put(
            TALLY, _BETWEEN.join([self._stream.name, self._region, str(self._page)]), orjson.dumps(said)
        )

    # --- inside -------------------------------------------------------------------------------------
    def _put(self, object_id: str, item: dict[str, Any], where: str) -> None:
        if self._stream.role == "supplement":
            self._append(supplement_kind(self._stream), object_id, item)
            return
        body = {"item": item, "where": where, "document": self._document}
        before = self._ledger.get(ITEM, object_id)
        if before is None or self._refreshes:
            item = {"rows": [item]} if self._plan.select["duplicates"] == "group" else item
            self._ledger.put(ITEM, object_id, orjson.dumps({**body, "item": item}))
            return
        known = orjson.loads(before)
        match self._plan.select["duplicates"]:
            case "group":
                if len(known["item"]["rows"]) < ROWS_LIMIT:
                    known["item"]["rows"].append(item)
                    self._ledger.put(ITEM, object_id, orjson.dumps(known))
            case "newest":
                if self._version(item) >= self._version(known["item"]):
                    self._ledger.put(ITEM, object_id, orjson.dumps(body))
            case _:
                self._refuse_double(object_id, item, known["item"], where)

    def _refuse_double(self, object_id: str, item: object, known: object, where: str) -> None:
        key, _ = key_and_region(object_id)
        if orjson.dumps(item) == orjson.dumps(known):
            self._context.issue(
                "duplicate_id",
                "The item occurs more than once in the listing, byte for byte.",
                where=where,
                value=key,
                severity=Severity.NOTE,
            )
        else:
            self._set_aside(
                where, Broken("duplicate_id", "Another item of the listing has the same key.", key)
            )

    def _append(self, kind: str, object_id: str, item: dict[str, Any]) -> None:
        # Supplements of the whole listing are found by their key alone.
        before = self._ledger.get(kind, object_id)
        items = orjson.loads(before) if before else []
        if len(items) < ROWS_LIMIT and item not in items:
            self._ledger.put(kind, object_id, orjson.dumps([*items, item]))

    def _version(self, item: object) -> tuple[bool, str]:
        """Return what orders versions: instants before anything else, by their UTC text."""
        found = [t for p in self._plan.version for t in texts(find(item, p), self._plan.shape)]
        if not found:
            return False, ""
        moment = instant_or_none(found[0])
        return moment is not None, moment.isoformat() if moment else found[0]

    def _set_aside(self, where: str, broken: Broken) -> None:
        self._broken += 1
        if self._broken > BROKEN_LIMIT:
            raise SourceFormatError(
                f"more than {BROKEN_LIMIT} items of one document cannot be used; the last: {broken.message}",
                where=where,
                code="too_many_unusable",
            )
        body = {"broken": [broken.code, broken.message, broken.value], "where": where}
        self._ledger.put(
            BROKEN, f"{self._stream.name}{_BETWEEN}{self._region}{_BETWEEN}{where}", orjson.dumps(body)
        )


def key_of(item: Mapping[str, Any], parts: Sequence[Sequence[Pointer]], shape: Shape) -> str:
    """Return the key of an item: all its parts, or empty when one is not there."""
    exact = Shape(shape.unwrap, exact=True)
    found = [next((t for p in places for t in texts(find(item, p), exact)), "") for places in parts]
    return "/".join(found) if all(found) else ""


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def whole_number(text: str | None) -> int | None:
    """Return a number written in digits, or None."""
    return (
        int(text) if text and text.isascii() and text.isdigit() and len(text) < len("1000000000000") else None
    )
