"""Record → claims: the only place that decides what raw keys and raw areas mean.

Nothing is dropped silently: what cannot be used becomes an :class:`~syncd.model.issue.Issue`. A record
without an official key keeps its place in a key space of its own and is reported, not guessed. A statement
outside the source's scope is a finding, not data. This module must not know where records come from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from syncd.model.evidence import Channel
from syncd.model.issue import Issue, Severity
from syncd.model.record import Claim
from syncd.model.service import ServiceKey
from syncd.rules.legible import looks_misread, tidy, turns_direction
from syncd.rules.services import parse_service_keys, parse_typing

if TYPE_CHECKING:
    from syncd.model.area import AreaKey
    from syncd.model.record import Record, Scope
    from syncd.rules.areas import AreaIndex

_LINK_SCHEMES = frozenset({"http", "https"})
_URL_LIMIT = 2_000
_TEXT_LIMIT = 200_000
_TITLE_LIMIT = 1_000
_NAME_LIMIT = 1_000
_PARTS_LIMIT = 1_000
_AREAS_LIMIT = 20_000
_CLAIMS_LIMIT = 50_000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")


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
    ``out_of_scope_service``, ``refused_link``, ``text_too_long``, ``too_many_values``,
    ``invisible_characters``, ``bidi_characters``, ``mojibake``, ``bad_language``.
    """
    found = _Findings(record.native_id)
    title = found.text("title", record.title)
    if not title:
        found.error("record_without_title", "The record has no title.", fix="Give the record a title.")
        return Normalised((), tuple(found.issues))
    if not _within_limits(record, title, found):
        return Normalised((), tuple(found.issues))
    keys = _service_keys(record, source_id, scope, found)
    places = _areas(record, scope, areas, default_area, found)
    provider = _provider(record, areas, found)
    if len(keys) * len(places) > _CLAIMS_LIMIT:
        found.error(
            "too_many_values",
            f"Services times areas of one record are more than {_CLAIMS_LIMIT}.",
            str(len(keys) * len(places)),
            "Split the record, or name the area above instead of all below it.",
        )
        return Normalised((), tuple(found.issues))
    channels = _channels(record, found)
    description = found.text("description", record.description) or None
    authority = found.text("authority", record.authority) or None
    authority_id = found.text("authority_id", record.authority_id) or None
    language = _language(record.language, found)
    page_url = _link(record.page_url, found) if record.page_url else None
    typing = tuple(sorted({code for text in record.typing for code in parse_typing(text)}))
    claims = tuple(
        Claim(
            source_id=source_id,
            native_id=record.native_id,
            service_key=key,
            area=area,
            title=title,
            description=description,
            authority=authority,
            authority_id=authority_id,
            provider=provider if provider != area else None,
            channels=channels,
            typing=typing,
            language=language,
            valid_from=record.valid_from,
            valid_to=record.valid_to,
            page_url=page_url,
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

    def text(self, field: str, value: str | None) -> str:
        """Return the text as it is kept, and report what was taken out and what looks wrong."""
        kept, unseen = tidy(value)
        if unseen and value is not None:
            turned = turns_direction(value)
            self.warn(
                "bidi_characters" if turned else "invisible_characters",
                f"Invisible characters were taken out of the {field}"
                + (", among them marks that turn the reading direction." if turned else "."),
                ascii(value),
                "Remove the invisible characters at the source.",
            )
        # Before anything was taken out: half of such a pair is a control character.
        if value is not None and looks_misread(value):
            self.warn(
                "mojibake",
                f"The {field} looks like UTF-8 that was read in another encoding.",
                kept,
                "Correct the encoding where the text was copied or exported.",
            )
        return kept

    def error(self, code: str, message: str, value: str = "", fix: str = "") -> None:
        self.issues.append(Issue(code, message, self.native_id, value[:120], Severity.ERROR, fix))


def _within_limits(record: Record, title: str, found: _Findings) -> bool:
    """Tell whether no text and no list of the record is longer than anything sensible."""
    names = (
        record.authority,
        record.authority_id,
        record.provider_area,
        *(text for channel in record.channels for text in (channel.label, channel.native_id)),
    )
    if (
        len(title) > _TITLE_LIMIT
        or len(record.description or "") > _TEXT_LIMIT
        or any(name is not None and len(name) > _NAME_LIMIT for name in names)
    ):
        found.error(
            "text_too_long",
            f"A text is longer than allowed (title, names and labels {_NAME_LIMIT}, description"
            f" {_TEXT_LIMIT} characters).",
            fix="Shorten the text at the source.",
        )
        return False
    lists = {
        "service keys": (len(record.service_keys), _PARTS_LIMIT),
        "areas": (len(record.areas), _AREAS_LIMIT),
        "channels": (len(record.channels), _PARTS_LIMIT),
        "types": (len(record.typing), _PARTS_LIMIT),
    }
    for name, (number, limit) in lists.items():
        if number > limit:
            found.error(
                "too_many_values",
                f"The record has {number} {name}; {limit} are allowed.",
                fix="Split the record at the source.",
            )
            return False
    return True


def _language(text: str, found: _Findings) -> str:
    if _LANGUAGE.fullmatch(text):
        return text
    found.warn(
        "bad_language", "This is no language tag; the language counts as undetermined.", text, "Write de."
    )
    return "und"


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
            Channel(
                channel.kind,
                url,
                found.text("label of a link", channel.label) or None,
                found.text("id of a link", channel.native_id) or None,
                channel.link_state,
            )
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
