"""From documents to records as a profile says: items meet in the ledger, then become pieces, then records.

Why: a record may need a list, its details and supplements; lists repeat items, deliver versions and mark
what is gone. Everything is decided by the profile's data, which comes with the options. Must not know
addresses, paging, secrets or the event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from connectors.generic.completeness import why_incomplete
from connectors.generic.decode import Head, read_items
from connectors.generic.gather import (
    BROKEN,
    DETAIL,
    ITEM,
    TALLY,
    Gatherer,
    key_and_region,
    object_id_of,
    supplement_kind,
    tally_of,
)
from connectors.generic.mapping import record_of
from connectors.generic.plan import Plan, StreamPlan, plan_of
from connectors.generic.pointers import find, first
from connectors.generic.templates import region_facts
from connectors.generic.values import Shape, text_of, texts
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext, RecordRejected, Slice
from syncd.sdk.records import Record, Severity
from syncd.sdk.text import instant_or_none

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.sdk.ledger import Ledger


def collect(document: BinaryIO, context: ParseContext, ledger: Ledger) -> None:
    """Write the items of one document into the ledger; ``context.document`` says which stream it is of."""
    plan = plan_of(context.options)
    name = context.document.get("stream", plan.records.name)
    stream = plan.streams.get(name)
    if stream is None:
        raise SourceFormatError(f"the profile has no stream '{name}'", code="wrong_shape")
    gatherer = Gatherer(plan, stream, context, ledger)
    if "detail" in context.document:
        gatherer.detail(document)
        return
    head = Head()
    for where, value in read_items(document, stream, plan, context, head):
        gatherer.take(where, value)
    _note_document(head, plan, context)
    gatherer.tally(head)


def compose(ledger: Ledger, context: ParseContext) -> Iterator[Slice]:
    """Yield the pieces of all records by their keys, then those of items that cannot be used."""
    plan = plan_of(context.options)
    context.incomplete_reason = _why_incomplete(ledger, plan)
    if unused := plan.select["ignore"]:
        context.issue(
            "fields_not_used",
            f"The profile knows these fields and does not use them: {', '.join(unused)}.",
            value=", ".join(unused),
            severity=Severity.NOTE,
        )
    deleted = 0
    for object_id, body in ledger.objects(ITEM):
        piece, gone = _piece(object_id, body, ledger, plan)
        deleted += gone
        if piece is not None:
            yield piece
    yield from _unmatched(ledger, plan, context)
    for _, body in ledger.objects(BROKEN):
        yield Slice(body, orjson.loads(body)["where"])
    if deleted:
        context.issue(
            "marked_deleted",
            f"{deleted} items are marked as gone by the portal and are left out.",
            value=str(deleted),
            severity=Severity.NOTE,
        )


def parse(piece: Slice, context: ParseContext) -> Record:
    """Return the record of one item; raises RecordRejected for one that cannot be used."""
    # Written by this module from strictly read documents.
    body = orjson.loads(piece.raw)
    if "broken" in body:
        code, message, value = body["broken"]
        raise RecordRejected(code, message, value=value)
    plan = plan_of(context.options)
    region = body.get("region")
    facts = {**plan.parameters, **(region_facts(region) if region else {})}
    if "document" in body:
        facts["document"] = body["document"]
    return record_of(body["item"], facts, plan, context)


# --- inside ------------------------------------------------------------------------------------------


def _note_document(head: Head, plan: Plan, context: ParseContext) -> None:
    """Take from a document what it says of itself: when it was made, and whose it is."""
    if (pointer := plan.pointers["stated_at"]) is not None:
        context.stated_at = instant_or_none(text_of(first(head.value, pointer), plan.shape))
    if (pointer := plan.pointers["identity"]) is not None:
        context.identity = text_of(first(head.value, pointer), plan.shape) or ""


def _why_incomplete(ledger: Ledger, plan: Plan) -> str:
    """Return why a listing is not whole; each stream and region is judged by itself."""
    groups: dict[tuple[str, str], list[Any]] = {}
    for _, body in ledger.objects(TALLY):
        said = orjson.loads(body)
        groups.setdefault((said["stream"], said["region"]), []).append(tally_of(said))
    reasons = []
    for (name, region), pages in groups.items():
        stream = plan.streams.get(name)
        if stream is None:
            continue
        if reason := why_incomplete(stream.completeness, stream.size, pages):
            place = f"{name} {region}".strip() if len(groups) > 1 else ""
            reasons.append(f"{place}: {reason}" if place else reason)
    return "; ".join(reasons[:5])


def _piece(object_id: str, body: bytes, ledger: Ledger, plan: Plan) -> tuple[Slice | None, bool]:
    """Return the piece of a record, or None and True for one that the portal marks as gone."""
    kept = orjson.loads(body)
    item: dict[str, Any] = kept["item"]
    key, region = key_and_region(object_id)
    if detail := ledger.get(DETAIL, object_id):
        item = {**item, **orjson.loads(detail)}
    for stream in plan.streams.values():
        if stream.role == "supplement" and stream.stands_for == stream.name:
            item = _supplemented(item, stream, (region, key), ledger, plan)
    facts = {**plan.parameters, **(region_facts(region) if region else {})}
    if plan.deleted is not None and plan.deleted.holds(item, facts):
        return None, True
    if plan.volatile:
        item = _without(item, plan)
    piece: dict[str, Any] = {"item": item}
    if region:
        piece["region"] = region
    if plan.uses_document:
        piece["document"] = kept["document"]
    try:
        return Slice(orjson.dumps(piece, option=orjson.OPT_SORT_KEYS), kept["where"]), False
    except TypeError:
        said = ["nested_too_deeply", "The item is nested too deeply.", key]
        return Slice(orjson.dumps({"broken": said, "where": kept["where"]}), kept["where"]), False


def _supplemented(
    item: dict[str, Any], stream: StreamPlan, place: tuple[str, str], ledger: Ledger, plan: Plan
) -> dict[str, Any]:
    """Return the item with what one supplement says of it."""
    exact = Shape(plan.shape.unwrap, exact=True)
    region, key = place
    own = region if stream.per_region else ""
    keys = [key]
    if stream.merge == "refer":
        keys = list(dict.fromkeys(t for p in stream.refers for t in texts(find(item, p), exact)))
    bodies = [ledger.get(supplement_kind(stream), object_id_of(own, one)) for one in keys]
    items: list[Any] = [one for body in bodies if body for one in orjson.loads(body)]
    if stream.into:
        return {**item, stream.into: items} if items else item
    for one in items:
        item = {**item, **{name: value for name, value in one.items() if value not in _NOTHING}}
    return item


_NOTHING: tuple[object, ...] = (None, "", [], {})


def _without(item: dict[str, Any], plan: Plan) -> dict[str, Any]:
    item = dict(item)
    for path in plan.volatile:
        place = item
        for name in path[:-1]:
            inner = place.get(name)
            if not isinstance(inner, dict):
                break
            place[name] = dict(inner)
            place = place[name]
        else:
            place.pop(path[-1], None)
    return item


def _unmatched(ledger: Ledger, plan: Plan, context: ParseContext) -> Iterator[Slice]:
    """Report supplements whose record is not there, or make records of them, as the profile says."""
    for stream in plan.streams.values():
        # A supplement for all regions together belongs to any of them; whether to none cannot be told here.
        comparable = stream.per_region == plan.records.per_region
        if stream.role != "supplement" or stream.stands_for != stream.name or not comparable:
            continue
        if stream.unmatched == "ignore" or stream.merge == "refer":
            continue
        for object_id, body in ledger.objects(supplement_kind(stream)):
            if ledger.get(ITEM, object_id) is not None:
                continue
            key, region = key_and_region(object_id)
            if stream.unmatched == "report":
                context.issue(
                    "unmatched_supplement",
                    f"An item of '{stream.name}' belongs to no record of the listing; it is not used.",
                    where=f"{region} {key}".strip(),
                    value=key,
                )
                continue
            items = orjson.loads(body)
            item = {stream.into: items} if stream.into else items[0]
            piece = {"item": item} | ({"region": region} if region else {})
            yield Slice(orjson.dumps(piece, option=orjson.OPT_SORT_KEYS), f"{stream.name} {region} {key}")
