"""From the composed piece of one service to its record.

Why: a town's own offer, one inherited from the Land and a description nobody acts on must not look alike, or
coverage is inflated. Texts for editors are never shown. Pure. Must not know ledgers or documents.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connectors.infodienste.keys import area_code
from syncd.sdk.parsing import RecordRejected
from syncd.sdk.records import Channel, ChannelKind, Record, RecordPart, facts
from syncd.sdk.text import exact_id, instant_or_none, link_or_none, plain_text, text_or_none, without_controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from syncd.sdk.parsing import ParseContext

OWN, ABOVE = "own", "above:"
ONLINE, UNIT = "online", "unit"
DESCRIBING = ("teaser", "kurztext", "volltext", "leistungsbeschreibung", "beschreibung")
"""Names of text blocks that describe a service, best first."""

_TYPING_BLOCK = "typisierung"
_TYPING = re.compile(r"(?:Typ\s+)?(\d{1,2}(?:/3)?[ab]?)(?=$|[\s:,;(–-])", re.ASCII)
_PARTS = re.compile(r"\s*[,;|\n]\s*")
_USED = frozenset(
    {
        *("id", "name", "type", "leikaKeys", "teaser", "textBlocks", "synonyms", "lastUpdated"),
        *("trustLevel", "sdgInformationAreas", "receivers", "writtenFormRequired", "singlePointOfContact"),
    }
)
_USED_BLOCK = frozenset({"type", "text"})
_USED_ONLINE = frozenset(
    {"id", "name", "link", "linkTitle", "trustLevel", "onlinePaymentRequired", "supportedLanguages"}
)
_FACT_LENGTH = 500


def to_record(piece: Mapping[str, Any], where: str, context: ParseContext) -> Record:
    """Return the record of a composed piece; raises RecordRejected for a service without a name."""
    service: dict[str, Any] = piece["service"]
    for name in service.keys() - _USED:
        context.unknown_field(name)
    title = plain_text(service.get("name"))
    if title is None:
        raise RecordRejected("record_without_title", "The service has no name.", value=where)
    parts, uncovered = _parts(piece, where, context)
    description, typing = _texts(service, context)
    return Record(
        native_id=exact_id(service.get("id")) or "",
        title=without_controls(title, context, where),
        service_keys=tuple(dict.fromkeys(_strings(service.get("leikaKeys")))),
        areas=tuple(uncovered),
        description=without_controls(description, context, where) if description else None,
        # Described, and nobody in the area is competent: a master text of the Land.
        provider_area=_land_of(uncovered) if uncovered else None,
        typing=typing,
        language=str(context.options.get("language") or "de"),
        changed_at=instant_or_none(text_or_none(service.get("lastUpdated"))),
        parts=parts,
        facts=dict(_facts(service, piece["offers"])),
    )


def online_facts(found: Mapping[str, Any], where: str, context: ParseContext) -> dict[str, Any]:
    """Return what is kept of an online service, and report what is not."""
    for name in found.keys() - _USED_ONLINE:
        context.unknown_field(f"onlineService.{name}")
    kept = {name: found[name] for name in sorted(_USED_ONLINE & found.keys())}
    return {**kept, "id": where}


# --- who offers it where ----------------------------------------------------------------------------------


def _parts(
    piece: Mapping[str, Any], where: str, context: ParseContext
) -> tuple[tuple[RecordPart, ...], list[str]]:
    """Return the parts, and the areas for which there is nothing but the description."""
    cells: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    offers: list[Mapping[str, Any]] = piece["offers"]
    placed = {
        (_owner(offer), area) for offer in offers if _is_placed(offer["role"]) for area in offer["areas"]
    }
    for offer in offers:
        for area in offer["areas"]:
            if not _is_placed(offer["role"]) and (_owner(offer), area) in placed:
                continue
            cells.setdefault((area, offer["role"]), []).append(offer)
    alike: dict[tuple[object, ...], list[str]] = {}
    for (area, role), group in sorted(cells.items()):
        key = (*_authority(group), _provider(role, area), _channels(group, where, context))
        alike.setdefault(key, []).append(area)
        if not _is_placed(role):
            context.issue(
                "competence_unplaced",
                "The portal lists it for the area and names neither the area nor one above it that is known;"
                " it counts as inherited from the Land.",
                where=where,
                value=area,
                fix="Name the Kreis and the Land under [settings.above].",
            )
    parts = tuple(
        RecordPart(
            areas=tuple(areas),
            authority=authority,  # type: ignore[arg-type]
            authority_id=authority_id,  # type: ignore[arg-type]
            provider_area=provider,  # type: ignore[arg-type]
            channels=channels,  # type: ignore[arg-type]
        )
        for (authority, authority_id, provider, channels), areas in alike.items()
    )
    offered = {area for area, _ in cells}
    return parts, [area for area in piece["listed"] if area not in offered]


def _is_placed(role: str) -> bool:
    return role == OWN or role.startswith(ABOVE)


def _owner(offer: Mapping[str, Any]) -> tuple[str, str]:
    return offer["kind"], str(offer["owner"].get("id"))


def _provider(role: str, area: str) -> str | None:
    if role == OWN:
        return None
    return role.removeprefix(ABOVE) if role.startswith(ABOVE) else _land_of([area])


def _land_of(areas: Iterable[str]) -> str | None:
    """Return the Land of areas, unless they are the Land itself."""
    codes = {area_code(area) for area in areas}
    lands = {code[:2] for code in codes}
    return lands.pop() if len(lands) == 1 and not codes & lands else None


def _authority(group: Iterable[Mapping[str, Any]]) -> tuple[str | None, str | None]:
    units = {offer["owner"]["id"]: offer["owner"] for offer in group if offer["kind"] == UNIT}
    names = sorted({name for one in units.values() if (name := plain_text(one.get("name")))})
    return "; ".join(names) or None, next(iter(units)) if len(units) == 1 else None


def _channels(group: Iterable[Mapping[str, Any]], where: str, context: ParseContext) -> tuple[Channel, ...]:
    found: dict[Channel, None] = {}
    for offer in group:
        if offer["kind"] == ONLINE:
            one = offer["owner"]
            label = plain_text(one.get("linkTitle")) or plain_text(one.get("name"))
            url = link_or_none(one.get("link"), context, where)
            found[Channel(ChannelKind.ONLINE_SERVICE, url, label, exact_id(one.get("id")))] = None
    return tuple(found)


# --- texts ------------------------------------------------------------------------------------------------


def _texts(service: Mapping[str, Any], context: ParseContext) -> tuple[str | None, tuple[str, ...]]:
    """Return the description and the type codes; blocks for editors are read, never shown."""
    hidden = {str(name).casefold() for name in context.options.get("hidden", ())}
    shown: dict[str, str] = {}
    typing: dict[str, None] = {}
    blocks = service.get("textBlocks")
    for block in blocks if isinstance(blocks, list) else ():
        if not isinstance(block, dict):
            continue
        for name in block.keys() - _USED_BLOCK:
            context.unknown_field(f"textBlocks.{name}")
        kind = block.get("type")
        kind = kind if isinstance(kind, dict) else {}
        name = (text_or_none(kind.get("name")) or "").casefold()
        text = plain_text(block.get("text"))
        if text is None:
            continue
        if name == _TYPING_BLOCK:
            found = (_TYPING.match(part) for part in _PARTS.split(text))
            typing.update(dict.fromkeys(match[1] for match in found if match))
        if kind.get("notPublic") is not True and name not in hidden:
            shown.setdefault(name, text)
    described = next((shown[name] for name in DESCRIBING if name in shown), None)
    return plain_text(service.get("teaser")) or described or next(iter(shown.values()), None), tuple(typing)


def _facts(service: Mapping[str, Any], offers: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    owners = [offer["owner"] for offer in offers if offer["kind"] == ONLINE]
    levels = [_code(service.get("trustLevel")), *(_code(one.get("trustLevel")) for one in owners)]
    payments = {str(p) for one in owners if (p := _code(one.get("onlinePaymentRequired"))) is not None}
    lists = {
        facts.SYNONYMS: _strings(service.get("synonyms")),
        facts.SDG: _codes(service.get("sdgInformationAreas")),
        "receivers": _codes(service.get("receivers")),
        facts.PAYMENT: sorted(payments),
        "supported_languages": sorted({t for one in owners for t in _codes(one.get("supportedLanguages"))}),
    }
    singles = {
        facts.TRUST_LEVEL: next((level for level in levels if level), None),
        "service_type": text_or_none(service.get("type")),
        "written_form_required": _yes_or_no(service.get("writtenFormRequired")),
        "single_point_of_contact": _yes_or_no(service.get("singlePointOfContact")),
    }
    for name, values in lists.items():
        if joined := _joined(values):
            yield name, joined
    for name, value in singles.items():
        if value:
            yield name, value[:_FACT_LENGTH]


def _joined(values: Iterable[str]) -> str:
    """Return a list as facts are written, without breaking an item where it gets too long."""
    kept = ""
    for value in dict.fromkeys(value.replace(facts.LIST_SEPARATOR, " ") for value in values):
        longer = f"{kept}{facts.LIST_SEPARATOR}{value}" if kept else value
        if len(longer) > _FACT_LENGTH:
            break
        kept = longer
    return kept


def _code(value: object) -> str | None:
    """Return the code of a type, which is an object in one place and a text in another."""
    if isinstance(value, dict):
        return next((t for name in ("key", "id", "name") if (t := text_or_none(value.get(name)))), None)
    if isinstance(value, bool):
        return _yes_or_no(value)
    return text_or_none(value)


def _codes(value: object) -> list[str]:
    return [code for one in value if (code := _code(one))] if isinstance(value, list) else []


def _yes_or_no(value: object) -> str | None:
    return ("yes" if value else "no") if isinstance(value, bool) else None


def _strings(value: object) -> list[str]:
    """Return the texts of a list; a single text counts as a list of one."""
    entries = value if isinstance(value, list) else [value]
    return [text for one in entries if (text := text_or_none(one))]
