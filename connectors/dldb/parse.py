"""From documents of a DLDB export to records: services, joined with the names of authorities and locations.

Why: the export says "nothing" in six ways, links locations and authorities by id only, announces failures
with status 200 and leaves placeholders in links. A piece carries the names it needs, so that a renamed
authority changes it. Must not know: addresses, validators, settings beyond ``parse_options``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from syncd.sdk.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext, RecordRejected, Slice
from syncd.sdk.records import Channel, ChannelKind, Record, Severity
from syncd.sdk.records import facts as fact_names
from syncd.sdk.text import (
    exact_id,
    instant_or_none,
    link_or_none,
    load_json,
    plain_text,
    text_or_none,
    without_controls,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LABEL_LIMIT = 200
"""Characters kept of a text that serves as the label of a link."""

_KNOWN = frozenset(
    {
        "appointment",
        "authorities",
        "description",
        "fees",
        "forms",
        "hash",
        "hint",
        "id",
        "leika",
        "legal",
        "links",
        "locations",
        "meta",
        "name",
        "onlineprocessing",
        "prerequisites",
        "process_time",
        "public",
        "publications",
        "relation",
        "requirements",
        "responsibility",
        "responsibility_all",
    }
)


def records_of(body: object) -> tuple[list[Any], int | None]:
    """Return the items of an envelope and the number it announces.

    Raises SourceFormatError when the portal reports an error inside a successful answer, or the envelope is
    none.
    """
    if not isinstance(body, dict):
        raise SourceFormatError(f"the export must be an object, not {type(body).__name__}")
    if body.get("error"):
        reason = text_or_none(body.get("message")) or body["error"]
        raise SourceFormatError(
            f"the portal reports an error inside a successful answer: {str(reason)[:200]!r}"
        )
    data = body.get("data")
    if isinstance(data, dict):
        # PHP writes a list with gaps in its numbering as an object.
        data = list(data.values())
    if not isinstance(data, list):
        raise SourceFormatError("the export has no list 'data'")
    announced = body.get("datacount")
    return data, announced if isinstance(announced, int) and not isinstance(announced, bool) else None


def authority_names(body: object) -> dict[str, str]:
    """Return id → name from the export of authorities."""
    items, _ = records_of(body)
    pairs = ((_id(item), text_or_none(item.get("name"))) for item in items if isinstance(item, dict))
    return {key: name for key, name in pairs if key and name}


def location_facts(body: object) -> dict[str, Any]:
    """Return ``names`` (location id → name) and ``links`` (service id → [location id, link]) of locations.

    The links under a location are appointment pages, whatever the field is called (README, quirks).
    """
    items, _ = records_of(body)
    names: dict[str, str] = {}
    links: dict[str, list[list[str]]] = {}
    for location in (item for item in items if isinstance(item, dict)):
        location_id = _id(location)
        if not location_id:
            continue
        names[location_id] = text_or_none(location.get("name")) or ""
        for offer in _objects(location.get("services")):
            service_id = exact_id(offer.get("service"))
            appointment = _object(offer.get("appointment"))
            page = _object(offer.get("onlineprocessing")).get("link")
            link = text_or_none(appointment.get("link")) or text_or_none(page)
            if service_id and link and appointment.get("allowed") is not False:
                links.setdefault(service_id, []).append([location_id, link])
    return {"names": names, "links": links}


def cut(document: BinaryIO, context: ParseContext) -> Iterator[Slice]:
    """Yield one piece per public service; the lookup documents (``kind`` other than services) hold none."""
    body = load_json(document.read())
    items, announced = records_of(body)
    if context.document.get("kind", "services") != "services":
        # Said aloud, so that the total of the run is known although two of its documents hold no records.
        context.declared_total = 0
        return
    # A cache that answers with last week's export is refused because of this stamp.
    context.stated_at = instant_or_none(text_or_none(_object(body).get("created")))
    authorities = load_json(context.document.get("authorities", "{}").encode())
    locations = load_json(context.document.get("locations", '{"names":{},"links":{}}').encode())
    stamps = {
        text_or_none(_object(item.get("meta")).get("lastupdate")) for item in items if isinstance(item, dict)
    }
    # One stamp on all services is the time of the export and would make every night look like a change.
    keep_stamp = len(stamps) > 1 or len(items) <= 1
    seen: set[str] = set()
    hidden = 0
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            yield Slice(orjson.dumps({"broken": item}), f"data[{index}]")
            continue
        if item.get("public") is False:
            hidden += 1
            continue
        service_id = exact_id(item.get("id")) or ""
        piece = _enriched(item, service_id, authorities, locations, keep_stamp=keep_stamp)
        piece["area"] = context.options.get("area")
        piece["again"] = service_id in seen
        seen.add(service_id)
        yield Slice(orjson.dumps(piece, option=orjson.OPT_SORT_KEYS), f"data[{index}] {service_id}"[:200])
    if hidden:
        context.issue(
            "not_public",
            f"{hidden} services are marked public: false and are left out.",
            value=str(hidden),
            severity=Severity.NOTE,
        )
    if announced is not None:
        # Held against what arrives by the acceptance rule, with the tolerance of the source's limits.
        context.declared_total = announced - hidden


def parse(piece: Slice, context: ParseContext) -> Record:
    """Return the record of one service; raises RecordRejected for a broken one."""
    # Written by ``cut`` from strictly read JSON.
    facts = orjson.loads(piece.raw)
    service = facts.get("service")
    if service is None:
        raise RecordRejected(
            "not_an_object", "The entry of the list is no object.", value=repr(facts["broken"])
        )
    service_id = exact_id(service.get("id"))
    if service_id is None:
        raise RecordRejected("record_without_id", "The service has no id.", value=str(service.get("name")))
    if facts["again"]:
        raise RecordRejected(
            "duplicate_id", "Another service of the export has the same id.", value=service_id
        )
    if not isinstance(service["id"], str):
        context.issue(
            "id_is_number",
            "The id is a number, not a text; its digits are used.",
            where=service_id,
            severity=Severity.NOTE,
            fix="Have the portal write ids as texts: leading zeros would be lost.",
        )
    title = plain_text(service.get("name"))
    if title is None:
        raise RecordRejected("record_without_title", "The service has no name.", value=service_id)
    for name in service.keys() - _KNOWN:
        context.unknown_field(name)
    meta = _object(service.get("meta"))
    description = plain_text(service.get("description"))
    names, ids = _authorities(service, facts["authorities"], service_id, context)
    return Record(
        native_id=service_id,
        title=without_controls(title, context, service_id),
        service_keys=_keys(service.get("leika")),
        areas=(facts["area"],) if facts["area"] else (),
        description=without_controls(description, context, service_id) if description else None,
        authority="; ".join(names) or None,
        authority_id=ids[0] if len(ids) == 1 else None,
        channels=tuple(dict.fromkeys(_channels(service, facts, service_id, context))),
        language=text_or_none(meta.get("locale")) or "de",
        changed_at=instant_or_none(text_or_none(meta.get("lastupdate"))),
        page_url=_link(meta.get("url"), service_id, context),
        facts=_declared(service_id, context),
        leftover={n: text for n in sorted(service.keys() - _KNOWN) if (text := text_or_none(service[n]))},
    )


def _declared(service_id: str, context: ParseContext) -> dict[str, str]:
    """Return the id under which an editorial office passes the service on, where the settings name one."""
    office = context.options.get("editorial_office")
    return {fact_names.EDITORIAL_ID: f"{office}/{service_id}"} if office else {}


def _enriched(
    item: Mapping[str, Any],
    service_id: str,
    authorities: Mapping[str, str],
    locations: Mapping[str, Any],
    *,
    keep_stamp: bool,
) -> dict[str, Any]:
    """Return the service with the names its ids point to; None for an id the lookup does not know."""
    service = {name: value for name, value in item.items() if name != "hash"}
    if not keep_stamp and isinstance(service.get("meta"), dict):
        service["meta"] = {n: v for n, v in service["meta"].items() if n != "lastupdate"}
    wanted = [key for a in _objects(item.get("authorities")) if (key := _id(a))]
    places = [key for p in _objects(item.get("locations")) if (key := exact_id(p.get("location")))]
    names = locations["names"]
    return {
        "service": service,
        "authorities": {key: authorities.get(key) for key in wanted} if authorities else {},
        "locations": {key: names.get(key) for key in places} if names else {},
        "location_links": locations["links"].get(service_id, []),
    }


def _keys(value: object) -> tuple[str, ...]:
    """Return the key texts as they are: dotted, padded, several in one field; normalisation judges them."""
    values = value if isinstance(value, list) else [value]
    return tuple(text for v in values if (text := text_or_none(v)))


def _authorities(
    service: Mapping[str, Any], known: Mapping[str, str | None], service_id: str, context: ParseContext
) -> tuple[list[str], list[str]]:
    names: set[str] = set()
    ids: list[str] = []
    for authority in _objects(service.get("authorities")):
        key = _id(authority)
        name = text_or_none(authority.get("name")) or (known.get(key) if key else None)
        if key:
            ids.append(key)
        if name:
            names.add(name)
        elif key in known:
            context.issue(
                "unknown_authority",
                "The service names an authority that the export of authorities does not hold.",
                where=service_id,
                value=str(key),
            )
    return sorted(names), ids


def _channels(
    service: Mapping[str, Any], facts: Mapping[str, Any], service_id: str, context: ParseContext
) -> Iterator[Channel]:
    for online in _objects(service.get("onlineprocessing")):
        if url := _link(online.get("link"), service_id, context):
            yield Channel(ChannelKind.ONLINE_SERVICE, url, _label(online.get("description")))
    for form in _objects(service.get("forms")):
        if url := _link(form.get("link"), service_id, context):
            is_pdf = url.split("?")[0].lower().endswith(".pdf")
            yield Channel(ChannelKind.PDF if is_pdf else ChannelKind.FORM, url, _label(form.get("name")))
    yield from _appointments(service, facts, service_id, context)
    for page in _objects(service.get("links")):
        if url := _link(page.get("link"), service_id, context):
            yield Channel(ChannelKind.PAGE, url, _label(page.get("name")))


def _appointments(
    service: Mapping[str, Any], facts: Mapping[str, Any], service_id: str, context: ParseContext
) -> Iterator[Channel]:
    names = facts["locations"]
    found: list[Channel] = []
    bookable = False
    general = _object(service.get("appointment"))
    stated: list[tuple[Mapping[str, Any], str | None, Any]] = [(general, None, general.get("link"))]
    for place in _objects(service.get("locations")):
        location_id = exact_id(place.get("location"))
        if location_id in names and names[location_id] is None:
            context.issue(
                "unknown_location",
                "The service names a location that the export of locations does not hold.",
                where=service_id,
                value=str(location_id),
            )
        appointment = _object(place.get("appointment"))
        stated.append((appointment, location_id, appointment.get("link")))
    stated += [({}, None, a.get("appointment_link")) for a in _objects(service.get("authorities"))]
    stated += [({}, location_id, link) for location_id, link in facts["location_links"]]
    for appointment, location_id, link in stated:
        if appointment.get("allowed") is False:
            continue
        bookable = bookable or appointment.get("allowed") is True
        if url := _link(link, service_id, context):
            label = names.get(location_id) if location_id else None
            found.append(Channel(ChannelKind.APPOINTMENT, url, label or None, location_id))
    if bookable and not found:
        found.append(Channel(ChannelKind.APPOINTMENT))
    yield from found


def _link(value: object, where: str, context: ParseContext) -> str | None:
    """Return a usable link; the export writes some of them with HTML entities."""
    return link_or_none(value.replace("&amp;", "&") if isinstance(value, str) else value, context, where)


def _label(value: object) -> str | None:
    text = plain_text(value)
    return text[:LABEL_LIMIT] if text else None


def _id(item: Mapping[str, Any]) -> str | None:
    return exact_id(item.get("id"))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list, of an object that stands for a list of one, or of nothing at all."""
    if isinstance(value, dict):
        return [value] if value else []
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
