"""Canonical JSON of a record's claims: one form for storage, hashing and comparison.

The functional projection holds what a citizen or an operator would notice; stamps of the source, white space
and attribute order are not in it. Same claims, same bytes, whatever order they came in.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson

from syncd.model.area import AreaKey
from syncd.model.evidence import Channel, ChannelKind, LinkState
from syncd.model.record import Claim
from syncd.model.service import ServiceKey
from syncd.pipeline.ports import HASH_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

_VERSION = 1


def canonical_json(value: object) -> bytes:
    """Return the one JSON form used for hashing: keys sorted, no blanks, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def short_hash(data: bytes) -> bytes:
    """Return SHA-256 cut to 128 bits."""
    return hashlib.sha256(data).digest()[:HASH_SIZE]


def encode_claims(claims: Sequence[Claim]) -> bytes:
    """Return the payload of one record; its claims share everything but service key and area."""
    first = claims[0]
    provider = next((c.provider for c in claims if c.provider), None)
    body: dict[str, Any] = {
        "v": _VERSION,
        "native_id": first.native_id,
        "keys": sorted({c.service_key.value for c in claims}),
        "areas": sorted({c.area.code for c in claims}),
        "title": first.title,
        "channels": [_encode_channel(c) for c in first.channels],
    }
    optional = {
        "description": first.description,
        "authority": first.authority,
        "authority_id": first.authority_id,
        "provider": provider.code if provider else None,
        "typing": list(first.typing) or None,
        "language": first.language if first.language != "de" else None,
        "valid_from": first.valid_from.isoformat() if first.valid_from else None,
        "valid_to": first.valid_to.isoformat() if first.valid_to else None,
        "page_url": first.page_url,
    }
    body.update({name: value for name, value in optional.items() if value is not None})
    return canonical_json(body)


def content_hash(claims: Sequence[Claim]) -> bytes:
    """Return the 16-byte hash of the functional projection of one record."""
    return short_hash(encode_claims(claims))


def decode_claims(source_id: str, payload: bytes, service_key: str | None = None) -> tuple[Claim, ...]:
    """Return the claims of a stored record; ``service_key`` limits them to one partition."""
    body = orjson.loads(payload)
    channels = tuple(_decode_channel(c) for c in body["channels"])
    keys = body["keys"] if service_key is None else [service_key]
    provider = body.get("provider")
    return tuple(
        Claim(
            source_id=source_id,
            native_id=body["native_id"],
            service_key=ServiceKey(key),
            area=AreaKey(area),
            title=body["title"],
            description=body.get("description"),
            authority=body.get("authority"),
            authority_id=body.get("authority_id"),
            provider=AreaKey(provider) if provider and provider != area else None,
            channels=channels,
            typing=tuple(body.get("typing", ())),
            language=body.get("language", "de"),
            valid_from=_day(body.get("valid_from")),
            valid_to=_day(body.get("valid_to")),
            page_url=body.get("page_url"),
        )
        for key in keys
        for area in body["areas"]
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _encode_channel(channel: Channel) -> dict[str, str]:
    body = {"kind": channel.kind.value}
    if channel.url:
        body["url"] = channel.url
    if channel.label:
        body["label"] = channel.label
    if channel.native_id:
        body["id"] = channel.native_id
    if channel.link_state is not LinkState.UNCHECKED:
        body["state"] = channel.link_state.value
    return body


def _decode_channel(body: dict[str, str]) -> Channel:
    return Channel(
        ChannelKind(body["kind"]),
        body.get("url"),
        body.get("label"),
        body.get("id"),
        LinkState(body.get("state", "unchecked")),
    )
