"""Parts of a record → who is competent for which areas, through which channels.

A record without parts is one part. Parts that say the same become one, so that the same statement has one
form however the source splits it. This module must not know keys, texts or kinds of records.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from syncd.model.area import BUND_CODE, AreaKey
from syncd.model.evidence import Channel
from syncd.model.record import RecordKind, RecordPart
from syncd.rules.place_index import PlaceMatch, SeveralPlaces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from syncd.model.record import Record, Scope
    from syncd.rules.areas import AreaIndex
    from syncd.rules.record_findings import RecordFindings

_LINK_SCHEMES = frozenset({"http", "https"})
_URL_LIMIT = 2_000
_NAMED_CANDIDATES = 5


class Holder(NamedTuple):
    """Who is competent and which ways there are; ``provider`` only where it is another area."""

    authority: str | None
    authority_id: str | None
    provider: AreaKey | None
    channels: tuple[Channel, ...]


@dataclass(slots=True)
class PartReader:
    """Reads the parts of records of one source; what was found is reported to ``found``."""

    scope: Scope
    areas: AreaIndex
    default_area: AreaKey | None
    found: RecordFindings

    def read(self, record: Record) -> tuple[tuple[AreaKey, Holder], ...]:
        """Return all (area, holder) of a record, each once, sorted by area and holder."""
        places: dict[Holder, set[AreaKey]] = defaultdict(set)
        for part in _parts_of(record):
            areas = (AreaKey(BUND_CODE),) if record.kind is RecordKind.CATALOGUE else self._areas(part)
            if not areas:
                continue
            provider = self._provider(part)
            holder = Holder(
                self.found.text("authority", part.authority) or None,
                self.found.text("authority_id", part.authority_id) or None,
                provider,
                self._channels(part.channels),
            )
            for area in areas:
                places[holder if provider != area else holder._replace(provider=None)].add(area)
        ordered = enumerate(sorted(places.items(), key=lambda item: holder_order(item[0])))
        rows = [(area.code, rank, area, holder) for rank, (holder, areas) in ordered for area in areas]
        rows.sort(key=lambda row: row[:2])
        return tuple((area, holder) for _, _, area, holder in rows)

    def _areas(self, part: RecordPart) -> tuple[AreaKey, ...]:
        found = self.found
        texts = [text for text in part.areas if text and text.strip()]
        if not texts:
            if self.default_area is not None:
                return (self.default_area,)
            found.error(
                "record_without_area",
                "The record names no area and the source has no default area.",
                fix="Set the connector's default area, or name the area in the record.",
            )
            return ()
        places: set[AreaKey] = set()
        for text in texts:
            area = self.areas.resolve(text)
            if area is None:
                places |= self._by_name(text)
            elif not self.scope.allows_area(area):
                found.warn(
                    "out_of_scope_area",
                    "The source may not speak for this area; the statement is not used.",
                    text,
                    "Widen 'scope.areas' of the source if it is entitled.",
                )
            else:
                places.add(area)
        return tuple(places)

    def _by_name(self, text: str) -> set[AreaKey]:
        """Return the area of the scope that is called so, as a set of one; none where two could be meant."""
        found = self.found
        match self.areas.places.resolve(text, self.scope.areas):
            case PlaceMatch(area=area, name=name):
                found.note(
                    "area_by_name",
                    f"Read as {area.code} {name}, the only area of the scope the name can mean.",
                    text,
                    "Give the ARS or AGS at the source, so that no name has to be read.",
                )
                return {area}
            case SeveralPlaces(candidates=candidates):
                found.error(
                    "ambiguous_area",
                    f"The name fits several areas of the scope: {_listed(candidates)}.",
                    text,
                    "Give the ARS or AGS at the source, or enter the name in reference/area-aliases.toml.",
                )
            case None:
                found.error(
                    "unknown_area",
                    "The register does not know this area.",
                    text,
                    "Correct the ARS or AGS, or enter a succession if the area has ended.",
                )
        return set()

    def _provider(self, part: RecordPart) -> AreaKey | None:
        if not part.provider_area:
            return None
        text = part.provider_area
        provider = self.areas.resolve(text)
        if provider is None:
            named = self.areas.places.resolve(text, self.scope.areas)
            provider = named.area if isinstance(named, PlaceMatch) else None
        if provider is None:
            self.found.warn("unknown_area", "The register does not know the providing body's area.", text)
        return provider

    def _channels(self, said: tuple[Channel, ...]) -> tuple[Channel, ...]:
        channels: set[Channel] = set()
        for channel in said:
            url = usable_link(channel.url, self.found) if channel.url else None
            if channel.url and url is None:
                continue
            channels.add(
                Channel(
                    channel.kind,
                    url,
                    self.found.text("label of a link", channel.label) or None,
                    self.found.text("id of a link", channel.native_id) or None,
                    channel.link_state,
                )
            )
        return tuple(sorted(channels, key=channel_order))


def _listed(candidates: Sequence[tuple[AreaKey, str]]) -> str:
    named = "; ".join(f"{area.code} {name}" for area, name in candidates[:_NAMED_CANDIDATES])
    more = len(candidates) - _NAMED_CANDIDATES
    return f"{named}; {more} more" if more > 0 else named


def _parts_of(record: Record) -> Iterator[RecordPart]:
    """Yield the record itself as a part, unless all it says stands in its parts."""
    if record.areas or not record.parts:
        yield RecordPart(
            record.areas, record.authority, record.authority_id, record.provider_area, record.channels
        )
    yield from record.parts


def channel_order(channel: Channel) -> tuple[str, str, str, str, str]:
    """Return what sorts channels."""
    return (
        channel.kind.value,
        channel.url or "",
        channel.label or "",
        channel.native_id or "",
        channel.link_state.value,
    )


def holder_order(holder: Holder) -> tuple[str, str, str, list[tuple[str, str, str, str, str]]]:
    """Return what sorts holders; the same for equal ones only."""
    return (
        holder.authority or "",
        holder.authority_id or "",
        holder.provider.code if holder.provider else "",
        [channel_order(channel) for channel in holder.channels],
    )


def usable_link(url: str, found: RecordFindings) -> str | None:
    """Return the link when it is one a citizen may be sent to, else None with a finding."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        usable = parts.scheme.lower() in _LINK_SCHEMES and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable or len(text) > _URL_LIMIT or not text.isprintable() or " " in text:
        found.warn("refused_link", "Only plain http(s) links of at most 2,000 characters are used.", text)
        return None
    if "{" in text or "%7B" in text:
        found.warn(
            "refused_link", "The link holds an unfilled placeholder.", text, "Fill in the placeholder."
        )
        return None
    return text
