"""From documents of the Infodienste to records: services, and who offers them where.

Why: descriptions, online services, authorities and competences are separate objects that refer to each other
by id. They meet in the ledger; a record is one description with a part for each way it is offered. Must not
know addresses, paging, permissions, settings beyond ``parse_options``.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from connectors.infodienste.envelope import read_hits, reference_ids
from connectors.infodienste.keys import area_code, covers
from connectors.infodienste.markup import detail_of_xml, hits_of_xml
from connectors.infodienste.record import online_facts, to_record
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext, Slice
from syncd.sdk.text import UTF8_BOM, exact_id, load_json, text_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from syncd.sdk.ledger import Ledger
    from syncd.sdk.records import Record

SERVICE, NAMED, ONLINE, UNIT, LISTED = "service", "named", "online", "unit", "listed"
OWN = "own"
ABOVE = "above:"
UNPLACED = "unplaced"
"""Roles of a competence: the area itself is named, an area above it is, or neither is."""

_COMPETENCES = {"online": ("onlineService", ONLINE), "units": ("organisationalUnit", UNIT)}
_COMPETENCE_FIELDS = frozenset({"areas", "publicServiceTypes", "id"})


def collect(document: BinaryIO, context: ParseContext, ledger: Ledger) -> None:
    """Write the objects of one document into the ledger.

    ``context.document``: ``kind`` (``services``, ``online``, ``units``, ``detail``), ``area`` (the text of
    the area asked for), ``places`` and ``above`` (JSON: id at the portal → text, of the areas that are read
    and of those above them).
    """
    kind = context.document.get("kind", "")
    if kind == "detail":
        _collect_detail(_read(document, detail_of_xml), context, ledger)
        return
    if kind != "services" and kind not in _COMPETENCES:
        raise SourceFormatError(f"a document of the unknown kind {kind!r}")
    hits = read_hits(_read(document, hits_of_xml), f"{kind} of {context.document.get('area', '')}")
    for name in hits.unknown:
        context.unknown_field(name)
    if kind == "services":
        for number, found in enumerate(hits.objects):
            _collect_service(found, number, context, ledger)
        return
    map_ = _Map(context.document)
    for number, found in enumerate(hits.objects):
        _collect_competence(found, number, map_, context, ledger)


def compose(ledger: Ledger, context: ParseContext) -> Iterator[Slice]:
    """Yield one piece per service that is listed or that somebody is competent for, by id."""
    for service_id, body in ledger.objects(SERVICE):
        yield _piece(ledger, service_id, orjson.loads(body))
    for service_id, raw_name in ledger.objects(NAMED):
        if ledger.get(SERVICE, service_id) is None:
            name = raw_name.decode()
            context.issue(
                "service_not_listed",
                "Somebody is competent for a service that is not among those listed for the area.",
                where=service_id,
                value=name,
                fix="Tell the Land's central editors; until then the service has a name and nothing else.",
            )
            yield _piece(ledger, service_id, {"id": service_id, "name": name})


def parse(piece: Slice, context: ParseContext) -> Record:
    """Return the record of one service; raises RecordRejected for a broken one."""
    # Written by ``compose`` from strictly read JSON.
    return to_record(orjson.loads(piece.raw), piece.where, context)


def _read(document: BinaryIO, of_xml: Callable[[BinaryIO], object]) -> object:
    raw = document.read()
    if raw.removeprefix(UTF8_BOM).lstrip()[:1] == b"<":
        return of_xml(BytesIO(raw))
    return load_json(raw)


# --- services ---------------------------------------------------------------------------------------------


def _collect_service(found: dict[str, Any], number: int, context: ParseContext, ledger: Ledger) -> None:
    area = context.document.get("area", "")
    service_id = exact_id(found.get("id"))
    if service_id is None:
        _without_id("service", found, number, context)
        return
    if ledger.get(SERVICE, service_id) is None:
        # Texts may be localised; the area that is named first in the settings decides.
        ledger.put(SERVICE, service_id, _bytes({k: v for k, v in found.items() if k != "onlineServices"}))
    ledger.put_competence(
        f"{LISTED}:{area}:{service_id}",
        service=(SERVICE, service_id),
        owner=(LISTED, ""),
        area=area,
        role=LISTED,
    )
    embedded = found.get("onlineServices")
    for entry in embedded if isinstance(embedded, list) else ():
        if isinstance(entry, dict) and (online_id := exact_id(entry.get("id"))) is not None:
            _put_online(online_id, entry, context, ledger)
            _compete(ledger, (ONLINE, online_id), service_id, area, UNPLACED)


def _collect_detail(body: object, context: ParseContext, ledger: Ledger) -> None:
    asked = context.document.get("id", "")
    if not isinstance(body, dict):
        raise SourceFormatError(
            f"an online service must be an object, not {type(body).__name__}", where=asked
        )
    # v3 wraps even a single object here and there.
    found = body["object"] if isinstance(body.get("object"), dict) else body
    online_id = exact_id(found.get("id"))
    if online_id != asked:
        raise SourceFormatError(f"asked for online service {asked}, got {online_id}", where=asked)
    _put_online(asked, found, context, ledger)


def _put_online(online_id: str, found: Mapping[str, Any], context: ParseContext, ledger: Ledger) -> None:
    """Keep an online service, unless what is known already has a link and this has not."""
    facts = online_facts(found, online_id, context)
    known = ledger.get(ONLINE, online_id)
    if known is None or facts.get("link") or not orjson.loads(known).get("link"):
        ledger.put(ONLINE, online_id, _bytes(facts))


# --- competences ------------------------------------------------------------------------------------------


class _Map:
    """Which ids of areas are whose: the areas that are read, and those above them."""

    def __init__(self, document: Mapping[str, str]) -> None:
        places: dict[str, str] = orjson.loads(document.get("places", "{}"))
        above: dict[str, str] = orjson.loads(document.get("above", "{}"))
        self.asked = document.get("area", "")
        self._places = places
        self._codes = {text: area_code(text) for text in (*places.values(), *above.values())}
        self._above = above

    def roles(self, named: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
        """Yield (area, role) of a competence that was found for the area asked for."""
        own = {text for key, text in self._places.items() if key in named}
        yield from ((text, OWN) for text in sorted(own))
        code = self._codes.get(self.asked, "")
        if any(covers(self._codes[text], code) for text in own):
            # Named itself, or an area that is read anyway and in which it lies.
            return
        higher = [text for key, text in self._above.items() if key in named]
        nearest = max(
            (text for text in higher if covers(self._codes[text], code)),
            key=lambda text: len(self._codes[text]),
            default=None,
        )
        yield self.asked, UNPLACED if nearest is None else f"{ABOVE}{nearest}"


def _collect_competence(
    found: dict[str, Any], number: int, places: _Map, context: ParseContext, ledger: Ledger
) -> None:
    owner_field, kind = _COMPETENCES[context.document["kind"]]
    for extra in found.keys() - _COMPETENCE_FIELDS - {owner_field}:
        context.unknown_field(f"{kind}Competence.{extra}")
    owner = found.get(owner_field)
    owner_id = exact_id(owner.get("id")) if isinstance(owner, dict) else None
    if not isinstance(owner, dict) or owner_id is None:
        _without_id(owner_field, found, number, context)
        return
    services = reference_ids(found, "publicServiceTypes")
    if not services:
        context.issue(
            "competence_without_service",
            "A competence names no service, so nothing can be said about it.",
            where=owner_id,
            value=text_or_none(owner.get("name")) or "",
            fix="Have the authority name the service in the editorial system.",
        )
        return
    if kind == ONLINE:
        _put_online(owner_id, owner, context, ledger)
    else:
        # The name of a reference may be left out; what another one said stays.
        unit_name = text_or_none(owner.get("name"))
        if unit_name or ledger.get(UNIT, owner_id) is None:
            ledger.put(UNIT, owner_id, _bytes({"id": owner_id, "name": unit_name}))
    for area, role in places.roles(reference_ids(found, "areas")):
        for service_id, name in services.items():
            if ledger.get(NAMED, service_id) is None or name:
                ledger.put(NAMED, service_id, (name or "").encode())
            _compete(ledger, (kind, owner_id), service_id, area, role)


def _compete(ledger: Ledger, owner: tuple[str, str], service_id: str, area: str, role: str) -> None:
    ledger.put_competence(
        f"{owner[0]}:{owner[1]}:{service_id}:{area}:{role}",
        service=(SERVICE, service_id),
        owner=owner,
        area=area,
        role=role,
    )


def _without_id(what: str, found: Mapping[str, Any], number: int, context: ParseContext) -> None:
    context.issue(
        "object_without_id",
        f"An entry of the list has no id of its {what}; it cannot be told from the others and is not used.",
        where=f"results[{number}]",
        value=text_or_none(found.get("name")) or "",
        fix="Add 'id' to the attributes asked for, or tell the portal's operator.",
    )


# --- pieces -----------------------------------------------------------------------------------------------


def _piece(ledger: Ledger, service_id: str, service: dict[str, Any]) -> Slice:
    listed: list[str] = []
    offers: list[dict[str, Any]] = []
    for one in ledger.competences((SERVICE, service_id)):
        if one.owner_kind == LISTED:
            listed += one.areas
            continue
        body = orjson.loads(one.body) if one.body else {"id": one.owner_id}
        offers.append({"kind": one.owner_kind, "role": one.role, "areas": list(one.areas), "owner": body})
    raw = _bytes({"service": service, "listed": sorted(listed), "offers": offers})
    return Slice(raw, f"service {service_id}"[:200])


def _bytes(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
