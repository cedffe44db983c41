"""Record → claims: the only place that decides what raw keys and raw areas mean.

Nothing is dropped silently: what cannot be used becomes an :class:`~syncd.model.issue.Issue`. A record
without an official key keeps its place in a key space of its own and is reported, not guessed. A statement
outside the source's scope is a finding, not data. This module must not know where records come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from syncd.model.evidence import Channel
from syncd.model.issue import Issue, Severity
from syncd.model.record import Claim
from syncd.model.service import ServiceKey
from syncd.rules.services import parse_service_keys, parse_typing

if TYPE_CHECKING:
    from syncd.model.area import AreaKey
    from syncd.model.record import Record, Scope
    from syncd.rules.areas import AreaIndex

_LINK_SCHEMES = frozenset({"http", "https"})
_URL_LIMIT = 2_000
_TEXT_LIMIT = 200_000
_TITLE_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Normalised:
    """Claims of one record and the findings about it; without claims the record is quarantined."""

    claims: tuple[Claim, ...]
    issues: tuple[Issue, ...]

    @property
    def quarantined(self) -> bool:
        """True when nothing usable is left of the record."""
        return not self.claims


def normalise(
    record: Record,
    *,
    source_id: str,
    scope: Scope,
    areas: AreaIndex,
    default_area: AreaKey | None = None,
) -> Normalised:
    """Turn one record into claims, one per service key and area, sorted.

    ``default_area`` stands in when a record names no area at all (a city's own export). Never raises for bad
    values; see the issue codes ``record_without_title``, ``invalid_service_key``, ``record_without_key``,
    ``land_specific_key``, ``unknown_area``, ``record_without_area``, ``out_of_scope_area``,
    ``out_of_scope_service``, ``refused_link``, ``text_too_long``.
    """
    found = _Findings(record.native_id)
    title = _tidy(record.title)
    if not title:
        found.error("record_without_title", "The record has no title.", fix="Give the record a title.")
        return Normalised((), tuple(found.issues))
    if len(title) > _TITLE_LIMIT or len(record.description or "") > _TEXT_LIMIT:
        found.error(
            "text_too_long",
            f"A text is longer than allowed (title {_TITLE_LIMIT}, description {_TEXT_LIMIT} characters).",
            fix="Shorten the text at the source.",
        )
        return Normalised((), tuple(found.issues))
    keys = _service_keys(record, source_id, scope, found)
    places = _areas(record, scope, areas, default_area, found)
    provider = _provider(record, areas, found)
    channels = _channels(record, found)
    typing = tuple(sorted({code for text in record.typing for code in parse_typing(text)}))
    claims = tuple(
        Claim(
            source_id=source_id,
            native_id=record.native_id,
            service_key=key,
            area=area,
            title=title,
            description=_tidy(record.description) or None,
            authority=_tidy(record.authority) or None,
            authority_id=record.authority_id,
            provider=provider if provider != area else None,
            channels=channels,
            typing=typing,
            language=record.language,
            valid_from=record.valid_from,
            valid_to=record.valid_to,
            page_url=_link(record.page_url, found) if record.page_url else None,
        )
        for key in keys
        for area in places
    )
    return Normalised(claims, tuple(found.issues))


class _Findings:
    """Issues of one record, each with the record's id as its place."""

    def __init__(self, native_id: str) -> None:
        self.native_id = native_id
        self.issues: list[Issue] = []

    def warn(self, code: str, message: str, value: str = "", fix: str = "") -> None:
        self.issues.append(Issue(code, message, self.native_id, value[:120], Severity.WARNING, fix))

    def note(self, code: str, message: str, value: str = "", fix: str = "") -> None:
        self.issues.append(Issue(code, message, self.native_id, value[:120], Severity.NOTE, fix))

    def error(self, code: str, message: str, value: str = "", fix: str = "") -> None:
        self.issues.append(Issue(code, message, self.native_id, value[:120], Severity.ERROR, fix))


def _tidy(text: str | None) -> str:
    """Fold white space (including no-break and zero-width kinds) and drop control characters."""
    if not text:
        return ""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    cleaned = "".join(c if c.isprintable() else " " for c in text.replace("\u200b", "").replace("\ufeff", ""))
    return " ".join(cleaned.split())


def _service_keys(record: Record, source_id: str, scope: Scope, found: _Findings) -> tuple[ServiceKey, ...]:
    keys: set[ServiceKey] = set()
    for text in record.service_keys:
        good, bad = parse_service_keys(text)
        keys.update(good)
        for part in bad:
            found.warn(
                "invalid_service_key",
                "This is not a 14-digit service key; it is not guessed.",
                part,
                "Enter the 14 digits of the Leistungsschlüssel, or leave the field empty.",
            )
    for key in sorted(keys):
        if not key.is_federal:
            found.note("land_specific_key", "The key does not start with 99.", key.value)
    if not keys:
        found.note(
            "record_without_key",
            "The record carries no usable service key; it stays in a key space of its own.",
            fix="Enter the Leistungsschlüssel so that the offer counts for coverage.",
        )
        return (ServiceKey.local(source_id, record.native_id),)
    allowed = sorted(key for key in keys if scope.allows_service(key))
    for key in sorted(keys.difference(allowed)):
        found.warn(
            "out_of_scope_service",
            "The source may not speak for this service; the statement is not used.",
            key.value,
            "Widen 'scope.services' of the source if it is entitled.",
        )
    return tuple(allowed)


def _areas(
    record: Record, scope: Scope, areas: AreaIndex, default_area: AreaKey | None, found: _Findings
) -> tuple[AreaKey, ...]:
    texts = [text for text in record.areas if text and text.strip()]
    if not texts:
        if default_area is not None:
            return (default_area,)
        found.error(
            "record_without_area",
            "The record names no area and the source has no default area.",
            fix="Set the connector's default area, or name the area in the record.",
        )
        return ()
    places: set[AreaKey] = set()
    for text in texts:
        area = areas.resolve(text)
        if area is None:
            found.error(
                "unknown_area",
                "The register does not know this area.",
                text,
                "Correct the ARS or AGS, or enter a succession if the area has ended.",
            )
        elif not scope.allows_area(area):
            found.warn(
                "out_of_scope_area",
                "The source may not speak for this area; the statement is not used.",
                text,
                "Widen 'scope.areas' of the source if it is entitled.",
            )
        else:
            places.add(area)
    return tuple(sorted(places))


def _provider(record: Record, areas: AreaIndex, found: _Findings) -> AreaKey | None:
    if not record.provider_area:
        return None
    provider = areas.resolve(record.provider_area)
    if provider is None:
        found.warn(
            "unknown_area", "The register does not know the providing body's area.", record.provider_area
        )
    return provider


def _channels(record: Record, found: _Findings) -> tuple[Channel, ...]:
    channels: set[Channel] = set()
    for channel in record.channels:
        url = _link(channel.url, found) if channel.url else None
        if channel.url and url is None:
            continue
        channels.add(
            Channel(channel.kind, url, _tidy(channel.label) or None, channel.native_id, channel.link_state)
        )
    return tuple(sorted(channels, key=_channel_order))


def _channel_order(channel: Channel) -> tuple[str, str, str, str, str]:
    return (
        channel.kind.value,
        channel.url or "",
        channel.label or "",
        channel.native_id or "",
        channel.link_state.value,
    )


def _link(url: str, found: _Findings) -> str | None:
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
