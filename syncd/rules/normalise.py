"""Record → claims: the only place that decides what raw keys and raw areas mean.

Nothing is dropped silently: what cannot be used becomes an :class:`~syncd.model.issue.Issue`. A record
without an official key keeps its place in a key space of its own and is reported, not guessed. A statement
outside the source's scope is a finding, not data. This module must not know where records come from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.model.issue import Issue
from syncd.model.record import Claim
from syncd.model.service import ServiceKey
from syncd.rules.parts import PartReader, usable_link
from syncd.rules.record_findings import RecordFindings
from syncd.rules.services import parse_service_keys, parse_typing

if TYPE_CHECKING:
    from syncd.model.area import AreaKey
    from syncd.model.record import Record, RecordPart, Scope
    from syncd.rules.areas import AreaIndex

_TEXT_LIMIT = 200_000
_TITLE_LIMIT = 1_000
_NAME_LIMIT = 1_000
_LIST_LIMIT = 1_000
_AREAS_LIMIT = 20_000
_PARTS_LIMIT = 50_000
_CLAIMS_LIMIT = 200_000
_FACTS_LIMIT = 32
_FACT_LIMIT = 1_000
_FACT_NAME = re.compile(r"[!-~]{1,64}")
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
    """Turn one record into claims, one per service key, area and part, sorted.

    ``default_area`` stands in when a record names no area at all (a city's own export). Never raises for bad
    values; see the issue codes ``record_without_title``, ``invalid_service_key``, ``record_without_key``,
    ``land_specific_key``, ``unknown_area``, ``ambiguous_area``, ``area_by_name``, ``record_without_area``,
    ``out_of_scope_area``, ``out_of_scope_service``, ``refused_link``, ``text_too_long``, ``too_many_values``,
    ``invisible_characters``, ``bidi_characters``, ``mojibake``, ``bad_language``, ``fact_refused``.
    """
    found = RecordFindings(record.native_id)
    title = found.text("title", record.title)
    if not title:
        found.error("record_without_title", "The record has no title.", fix="Give the record a title.")
        return Normalised((), tuple(found.issues))
    if not _within_limits(record, title, found):
        return Normalised((), tuple(found.issues))
    keys = _service_keys(record, source_id, scope, found)
    reader = PartReader(scope, areas, default_area, found)
    places = reader.read(record)
    if len(keys) * len(places) > _CLAIMS_LIMIT:
        found.error(
            "too_many_values",
            f"Services times areas of one record are more than {_CLAIMS_LIMIT}.",
            str(len(keys) * len(places)),
            "Split the record, or name the area above instead of all below it.",
        )
        return Normalised((), tuple(found.issues))
    description = found.text("description", record.description) or None
    language = _language(record.language, found)
    page_url = usable_link(record.page_url, found) if record.page_url else None
    facts = _facts(record, found)
    typing = tuple(sorted({code for text in record.typing for code in parse_typing(text)}))
    claims = tuple(
        Claim(
            source_id=source_id,
            native_id=record.native_id,
            service_key=key,
            area=area,
            title=title,
            description=description,
            authority=holder.authority,
            authority_id=holder.authority_id,
            provider=holder.provider,
            channels=holder.channels,
            typing=typing,
            language=language,
            valid_from=record.valid_from,
            valid_to=record.valid_to,
            page_url=page_url,
            kind=record.kind,
            facts=facts,
        )
        for key in keys
        for area, holder in places
    )
    return Normalised(claims, tuple(found.issues))


def _within_limits(record: Record, title: str, found: RecordFindings) -> bool:
    """Tell whether no text and no list of the record is longer than anything sensible."""
    parts: tuple[Record | RecordPart, ...] = (record, *record.parts)
    names = (
        text
        for part in parts
        for text in (
            part.authority,
            part.authority_id,
            part.provider_area,
            *(text for channel in part.channels for text in (channel.label, channel.native_id)),
        )
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
        "service keys": (len(record.service_keys), _LIST_LIMIT),
        "parts": (len(record.parts), _PARTS_LIMIT),
        "areas": (max(len(part.areas) for part in parts), _AREAS_LIMIT),
        "channels": (max(len(part.channels) for part in parts), _LIST_LIMIT),
        "types": (len(record.typing), _LIST_LIMIT),
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


def _facts(record: Record, found: RecordFindings) -> tuple[tuple[str, str], ...]:
    """Return the facts that are kept, sorted by name; what is too long or too many is left out."""
    facts: dict[str, str] = {}
    for name, value in sorted(record.facts.items()):
        kept = found.text("fact", value)
        if not kept:
            continue
        if not _FACT_NAME.fullmatch(name) or len(kept) > _FACT_LIMIT or len(facts) == _FACTS_LIMIT:
            found.warn(
                "fact_refused",
                f"A record keeps at most {_FACTS_LIMIT} facts with short names and at most {_FACT_LIMIT} "
                "characters; this one is left out.",
                name,
                "Shorten it at the source, or map it to a field of the record.",
            )
            continue
        facts[name] = kept
    return tuple(facts.items())


def _language(text: str, found: RecordFindings) -> str:
    if _LANGUAGE.fullmatch(text):
        return text
    found.warn(
        "bad_language", "This is no language tag; the language counts as undetermined.", text, "Write de."
    )
    return "und"


def _service_keys(
    record: Record, source_id: str, scope: Scope, found: RecordFindings
) -> tuple[ServiceKey, ...]:
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
