"""Reading items of the FIM portal leniently: the shapes seen in its clients, none of them declared.

Why: the portal's own description leaves profiles untyped, and its clients know several spellings of the same
field. Whatever is read here is read in one place. Must not know what records look like.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from syncd.sdk.text import instant_or_none, text_or_none

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TEXT_FIELDS = frozenset(
    {
        *("redaktion_id", "leistung_id", "source", "title", "leistungsschluessel", "leistungstyp"),
        *("leistungsadressat", "typisierung", "freigabe_status", "leistungsbezeichnung"),
        *("leistungsbezeichnung_2", "kurztext", "volltext", "rechtsgrundlagen", "erstellt_datum_zeit"),
        *("geaendert_datum_zeit", "klassifizierung", "ozg", "fts_match", "version", "bundesstammtexte"),
        *("laendertexte", "steckbriefe", "sources", "dokument_steckbriefe", "replacements"),
    }
)
"""Fields of LeistungStammtextOut and FullLeistungStammtextOut in version 0.24.0."""

PROFILE_FIELDS = TEXT_FIELDS | frozenset(
    {
        *("bezeichnung", "titel", "name", "letzte_aenderung", "sdg_informationsbereiche", "sdg", "synonyme"),
        *("leistung_stammtexte", "prozessklasse"),
    }
)
"""Fields of profiles as clients have seen them."""

_URN = "urn:de:fim:leika:leistung:"
_FILLING = re.compile(r"[.\s]")
_KEY = re.compile(r"\d{14}", re.ASCII)
_ITEM_KEYS = ("leistungsschluessel", "leika_key", "schluessel", "key", "id")
_CODE_KEYS = ("code", "value", "id", "key")


@dataclass(frozen=True, slots=True)
class Bundle:
    """An OZG service a key belongs to."""

    bundle_id: str
    name: str
    theme: str


def change_of(item: object) -> datetime | None:
    """Return when an item was last changed; a stamp without a zone counts as UTC."""
    if not isinstance(item, dict):
        return None
    text = first_text(item, ("geaendert_datum_zeit", "letzte_aenderung", "last_update"))
    return instant_or_none(text) or instant_or_none(f"{text}Z" if text else None)


def keys_of(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the service keys of an item, one or a list; whether they are any is not judged here."""
    return tuple(dict.fromkeys(key for text in codes(item.get("leistungsschluessel")) if (key := _key(text))))


def _key(text: str) -> str:
    bare = text.removeprefix(_URN)
    digits = _FILLING.sub("", bare)
    # Otherwise as it is: what is wrong with it is said by the rules, with the text it had.
    return digits if _KEY.fullmatch(digits) else " ".join(bare.split())


def codes(value: object) -> tuple[str, ...]:
    """Return the texts of a code, of a list of codes, or of objects that hold one each."""
    return tuple(text for one in _listed(value) if (text := _code(one)))


def _code(value: object) -> str | None:
    if isinstance(value, dict):
        return first_text(value, _CODE_KEYS)
    return text_or_none(value)


def classified(item: Mapping[str, Any], code_list: str) -> tuple[str, ...]:
    """Return the values of one code list, named by a part of its URI, among the classifications."""
    return tuple(
        value
        for one in objects(item.get("klassifizierung"))
        if code_list in str(one.get("list_uri", "")).casefold() and (value := text_or_none(one.get("value")))
    )


def bundles(item: Mapping[str, Any], key: str) -> Iterator[Bundle]:
    """Yield the OZG services of an item; of a text with several keys only those of this key."""
    for one in objects(item.get("ozg")):
        of_key = text_or_none(one.get("leistungsschluessel"))
        if of_key is not None and _key(of_key) != key:
            continue
        yield Bundle(
            first_text(one, ("id", "ozg_id")) or "",
            first_text(one, ("leistung", "name", "bezeichnung")) or "",
            first_text(one, ("themenfeld_label", "themenfeld")) or "",
        )


def replacements(item: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys that take an item's place: pairs of key and title, texts or objects."""
    for one in _listed(item.get("replacements")):
        text = (
            text_or_none(one[0] if one else None)
            if isinstance(one, list)
            else first_text(one, _ITEM_KEYS)
            if isinstance(one, dict)
            else text_or_none(one)
        )
        if text:
            yield _key(text)


def first_text(item: Mapping[str, Any], names: Sequence[str], *, besides: str = "") -> str | None:
    """Return the first of several fields that holds a text; ``besides`` is none."""
    return next((text for name in names if (text := text_or_none(item.get(name))) and text != besides), None)


def objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list, or of an object that stands for a list of one."""
    return [one for one in _listed(value) if isinstance(one, dict)]


def _listed(value: object) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]
