"""Canonical JSON of entries and services: stored once, served as it is, decoded only to explain.

The payload depends on content only. Run ids and instants are not in it, so that the same inputs always give
the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from syncd.model.area import AreaKey
from syncd.model.entry import Entry, Provenance, Statement
from syncd.model.evidence import Channel, ChannelKind, Evidence, GradedChannel, LinkState
from syncd.model.service import Service, ServiceKey, ServiceStatus
from syncd.pipeline.codec import canonical_json, short_hash
from syncd.pipeline.ports import EntryRow
from syncd.pipeline.ruling_codec import (
    decode_conflicts,
    decode_pins,
    decode_statement,
    encode_rulings,
    encode_statement,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


# There may be millions of channels: an enumeration looks its members up ten times as slowly.
_CHANNEL_KINDS = {kind.value: kind for kind in ChannelKind}
_RUNGS = {rung.label: rung for rung in Evidence}


def encode_entry(entry: Entry) -> EntryRow:
    """Return the stored form of an entry."""
    body: dict[str, Any] = {
        "service_key": entry.service_key.value,
        "area": entry.area.code,
        "title": entry.value("title"),
        "evidence": entry.evidence.label,
        "fields": {name: [encode_statement(s) for s in said] for name, said in entry.fields.items()},
        "channels": [_encode_channel(channel, origin) for channel, origin in entry.channels],
        "conflicts": [conflict.field for conflict in entry.conflicts],
        "origins": [_encode_origin(o) for o in entry.origins],
    }
    if entry.provider is not None:
        body["provider"] = entry.provider.code
    if entry.link_dead:
        body["link_dead"] = True
    body.update(encode_rulings(entry))
    payload = canonical_json(body)
    return EntryRow(
        service_key=entry.service_key.value,
        area_code=entry.area.code,
        digest=short_hash(payload),
        payload=payload,
        evidence=int(entry.evidence),
        attention=int(entry.attention),
    )


def decode_entry(payload: bytes) -> Entry:
    """Return the entry of a stored payload."""
    body = orjson.loads(payload)
    fields: Mapping[str, tuple[Statement, ...]] = {
        name: tuple(decode_statement(rank, s) for rank, s in enumerate(said))
        for name, said in body["fields"].items()
    }
    conflicts = decode_conflicts(body, fields)
    provider = body.get("provider")
    return Entry(
        service_key=ServiceKey(body["service_key"]),
        area=AreaKey(body["area"]),
        fields=fields,
        channels=tuple(_decode_channel(c) for c in body["channels"]),
        evidence=Evidence.from_label(body["evidence"]),
        provider=AreaKey(provider) if provider else None,
        conflicts=tuple(conflict for conflict in conflicts if conflict.is_open),
        origins=tuple(Provenance(o["source"], o["record"], o.get("linked_by", "")) for o in body["origins"]),
        link_dead=body.get("link_dead", False),
        settled=tuple(conflict for conflict in conflicts if not conflict.is_open),
        pins=decode_pins(body),
    )


def decode_channels(payload: bytes) -> tuple[str, tuple[tuple[GradedChannel, Provenance], ...]]:
    """Return title and channels of a stored payload: a third of the work where nothing else is looked at."""
    body = orjson.loads(payload)
    return body["title"] or "", tuple(map(_decode_channel, body["channels"]))


def encode_service(service: Service) -> bytes:
    """Return canonical JSON of a register entry."""
    return canonical_json(
        {
            "service_key": service.key.value,
            "name": service.name,
            "origin": service.origin,
            "structure": service.key.structure,
            "typing": list(service.typing),
            "ozg_id": service.ozg_id,
            "ozg_name": service.ozg_name,
            "situation": service.situation,
            "theme": service.theme,
            "status": service.status.value,
            "replaced_by": service.replaced_by,
        }
    )


def decode_service(payload: bytes) -> Service:
    """Return the register entry of a stored payload."""
    body = orjson.loads(payload)
    return Service(
        key=ServiceKey(body["service_key"]),
        name=body["name"],
        origin=body["origin"],
        typing=tuple(body["typing"]),
        ozg_id=body["ozg_id"],
        ozg_name=body["ozg_name"],
        situation=body["situation"],
        theme=body["theme"],
        status=ServiceStatus(body["status"]),
        replaced_by=body["replaced_by"],
    )


def _encode_origin(origin: Provenance) -> dict[str, str]:
    body = {"source": origin.source_id, "record": origin.native_id}
    return body | {"linked_by": origin.linked_by} if origin.linked_by else body


def _encode_channel(graded: GradedChannel, origin: Provenance) -> dict[str, Any]:
    channel = graded.channel
    body: dict[str, Any] = {
        "kind": channel.kind.value,
        "evidence": graded.evidence.label,
        "rule": graded.rule,
        "source": origin.source_id,
        "record": origin.native_id,
    }
    optional = {"url": channel.url, "label": channel.label, "native_id": channel.native_id}
    body.update({name: value for name, value in optional.items() if value})
    if channel.link_state is not LinkState.UNCHECKED:
        body["link_state"] = channel.link_state.value
    return body


def _decode_channel(body: Mapping[str, Any]) -> tuple[GradedChannel, Provenance]:
    link_state = body.get("link_state")
    channel = Channel(
        _CHANNEL_KINDS[body["kind"]],
        body.get("url"),
        body.get("label"),
        body.get("native_id"),
        LinkState(link_state) if link_state else LinkState.UNCHECKED,
    )
    graded = GradedChannel(channel, _RUNGS[body["evidence"]], body["rule"])
    return graded, Provenance(body["source"], body["record"])
