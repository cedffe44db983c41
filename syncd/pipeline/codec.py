"""Canonical JSON of a record's claims: one form for storage, hashing and comparison.

Version 1 holds records whose claims share everything but service key and area; version 2 those with parts,
facts or another kind than an offer. The simpler form is used wherever it says the same.

The functional projection holds what a citizen or an operator would notice; stamps of the source, white space
and attribute order are not in it. Same claims, same bytes, whatever order they came in.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson

from syncd.model import facts as fact_names
from syncd.model.area import AreaKey
from syncd.model.evidence import Channel, ChannelKind, LinkState
from syncd.model.linkage import Described
from syncd.model.record import Claim, RecordKind
from syncd.model.service import ServiceKey
from syncd.pipeline.ports import HASH_SIZE
from syncd.rules.parts import Holder, channel_order, holder_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PLAIN = 1
_PARTS = 2
_AUTHORITY = 2
"""Place of the authority's name in the row of a part."""


def canonical_json(value: object) -> bytes:
    """Return the one JSON form used for hashing: keys sorted, no blanks, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def short_hash(data: bytes) -> bytes:
    """Return SHA-256 cut to 128 bits."""
    return hashlib.sha256(data).digest()[:HASH_SIZE]


def encode_claims(claims: Sequence[Claim]) -> bytes:
    """Return the payload of one record; every service key has the same areas and parts."""
    first = claims[0]
    optional = {
        "description": first.description,
        "typing": list(first.typing) or None,
        "language": first.language if first.language != "de" else None,
        "valid_from": first.valid_from.isoformat() if first.valid_from else None,
        "valid_to": first.valid_to.isoformat() if first.valid_to else None,
        "page_url": first.page_url,
        "kind": first.kind.value if first.kind is not RecordKind.OFFER else None,
        "facts": dict(first.facts) or None,
    }
    body: dict[str, Any] = {
        "native_id": first.native_id,
        "keys": sorted({c.service_key.value for c in claims}),
        "title": first.title,
        **{name: value for name, value in optional.items() if value is not None},
    }
    places = _places(claims)
    plain = None if "kind" in body or "facts" in body else _plain(places)
    return canonical_json(body | (plain or _with_parts(places)))


def _places(claims: Sequence[Claim]) -> list[tuple[Holder, set[str]]]:
    """Return who is competent where, in the order of holders."""
    # Claims of one part share their channels' tuple: hashing each of them anew would cost most of the time.
    shared: dict[tuple[int, str | None, str | None, AreaKey | None], tuple[Holder, set[str]]] = {}
    for c in claims:
        key = (id(c.channels), c.authority, c.authority_id, c.provider)
        place = shared.get(key)
        if place is None:
            place = shared[key] = (Holder(c.authority, c.authority_id, c.provider, c.channels), set())
        place[1].add(c.area.code)
    places: dict[Holder, set[str]] = {}
    for holder, areas in shared.values():
        places.setdefault(holder, set()).update(areas)
    return sorted(places.items(), key=lambda place: holder_order(place[0]))


def _plain(places: list[tuple[Holder, set[str]]]) -> dict[str, Any] | None:
    """Return the form of records without parts, or None where it cannot say the same."""
    one = places[-1][0]
    provider = one.provider.code if one.provider else None
    if len(places) > 1:
        # A body that provides for its own area, too, is not named there: still one statement.
        (own, own_areas), (_, areas) = places[0], places[-1]
        same = own._replace(provider=one.provider) == one and own.provider is None
        if len(places) > 2 or not same or own_areas != {provider} or provider in areas:  # noqa: PLR2004
            return None
    body: dict[str, Any] = {
        "v": _PLAIN,
        "areas": sorted(set().union(*(areas for _, areas in places))),
        "channels": [_encode_channel(c) for c in one.channels],
    }
    optional = {"authority": one.authority, "authority_id": one.authority_id, "provider": provider}
    return body | {name: value for name, value in optional.items() if value is not None}


def _with_parts(places: list[tuple[Holder, set[str]]]) -> dict[str, Any]:
    """Return the form of records with parts: a table of channels, and per part areas, channels and body."""
    channels = sorted({channel for holder, _ in places for channel in holder.channels}, key=channel_order)
    number = {channel: index for index, channel in enumerate(channels)}
    return {
        "v": _PARTS,
        "channels": [_encode_channel(channel) for channel in channels],
        "parts": [
            _trimmed(
                " ".join(sorted(areas)),
                [number[channel] for channel in holder.channels],
                holder.authority,
                holder.authority_id,
                holder.provider.code if holder.provider else None,
            )
            for holder, areas in places
        ],
    }


def _trimmed(*values: object) -> list[object]:
    row = list(values)
    while row[-1] is None:
        row.pop()
    return row


def content_hash(claims: Sequence[Claim]) -> bytes:
    """Return the 16-byte hash of the functional projection of one record."""
    return short_hash(encode_claims(claims))


def decode_claims(source_id: str, payload: bytes, service_key: str | None = None) -> tuple[Claim, ...]:
    """Return the claims of a stored record; ``service_key`` limits them to one partition."""
    body = orjson.loads(payload)
    keys = body["keys"] if service_key is None else [service_key]
    valid_from, valid_to = _day(body.get("valid_from")), _day(body.get("valid_to"))
    typing = tuple(body.get("typing", ()))
    kind = RecordKind(body.get("kind", RecordKind.OFFER))
    facts = tuple(sorted(body.get("facts", {}).items()))
    places = _decode_plain(body) if body["v"] == _PLAIN else _decode_parts(body)
    return tuple(
        Claim(
            source_id=source_id,
            native_id=body["native_id"],
            service_key=key,
            area=area,
            title=body["title"],
            description=body.get("description"),
            authority=holder.authority,
            authority_id=holder.authority_id,
            provider=holder.provider,
            channels=holder.channels,
            typing=typing,
            language=body.get("language", "de"),
            valid_from=valid_from,
            valid_to=valid_to,
            page_url=body.get("page_url"),
            kind=kind,
            facts=facts,
        )
        for key in map(ServiceKey, keys)
        for area, holder in places
    )


def decode_described(payload: bytes) -> tuple[RecordKind, Described]:
    """Return what of a stored record is compared with the register, without its areas."""
    body = orjson.loads(payload)
    said: dict[str, str] = body.get("facts", {})
    named = [row[2] for row in body.get("parts", ()) if len(row) > _AUTHORITY and row[_AUTHORITY]]
    links = (*(c.get("url") for c in body["channels"]), body.get("page_url"))
    return RecordKind(body.get("kind", RecordKind.OFFER)), Described(
        title=body["title"],
        description=body.get("description", ""),
        authority=body.get("authority", "") or min(named, default=""),
        situation=said.get(fact_names.SITUATION, ""),
        ozg_name=said.get(fact_names.OZG_NAME, ""),
        synonyms=tuple(
            s for s in said.get(fact_names.SYNONYMS, "").split(fact_names.LIST_SEPARATOR) if s.strip()
        ),
        urls=tuple(sorted({url for url in links if url})),
        typing=tuple(body.get("typing", ())),
        facts=tuple(sorted(said.items())),
        language=body.get("language", "de"),
    )


def _decode_plain(body: Mapping[str, Any]) -> list[tuple[AreaKey, Holder]]:
    provider = AreaKey(body["provider"]) if body.get("provider") else None
    channels = tuple(_decode_channel(c) for c in body["channels"])
    holder = Holder(body.get("authority"), body.get("authority_id"), provider, channels)
    own = holder._replace(provider=None)
    return [(area, own if area == provider else holder) for area in map(AreaKey, body["areas"])]


def _decode_parts(body: Mapping[str, Any]) -> list[tuple[AreaKey, Holder]]:
    channels = [_decode_channel(c) for c in body["channels"]]
    rows = []
    for rank, (areas, numbers, *rest) in enumerate(body["parts"]):
        authority, authority_id, provider = (*rest, None, None, None)[:3]
        holder = Holder(
            authority,
            authority_id,
            AreaKey(provider) if provider else None,
            tuple(channels[number] for number in numbers),
        )
        rows += [(code, rank, holder) for code in areas.split(" ")]
    rows.sort(key=lambda row: row[:2])
    return [(AreaKey(code), holder) for code, _, holder in rows]


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
