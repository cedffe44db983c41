"""Service keys as they occur in the wild, types, and the register of services.

Why: portals write keys dotted, padded, several in one field, as URN or as words. A wrong key claims coverage
for another service, so whatever is not fourteen digits in proper grouping is handed back, never repaired.
The shipped register is the OZG/LeiKa catalogue of October 2019: structural, not current. It is extended by
what sources say, never contradicted by them.

Source of the rules: key structure of FIM-Baustein Leistungen (99 + 3 + 3 + 3 + 3 digits), types of
urn:de:fim:leika:typisierung (v20210831).

Must not know: where registers are stored, records, coverage.
"""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from syncd.errors import SourceFormatError
from syncd.model.coverage import Tier
from syncd.model.service import KEY_LENGTH, Service, ServiceKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

CATALOGUE_ORIGIN: Final = "ozg-leika-2019-10"
UNNAMED_ORIGIN: Final = "unnamed"
"""Origin of a service that an obligation names, but no register and no source."""

KNOWN_TYPES: Final = (
    *("1", "2", "2a", "2b", "3", "3a", "3b", "2/3", "2/3a", "2/3b", "4", "4a", "4b", "5"),
    *("6", "7", "8", "9", "10", "11", "12"),
)
"""All codes of the list. 6, 7 and 10 to 12 are nothing to apply for; of 8 and 9 no meaning is known."""

_EXECUTING_TIER = {
    "1": Tier.BUND,
    **dict.fromkeys(("2a", "3a", "2/3a", "4a"), Tier.LAND),
    **dict.fromkeys(("2b", "3b", "2/3b", "4b", "5"), Tier.GEMEINDE),
}
_KEY_URN = "urn:de:fim:leika:leistung:"
_TYPE_URN = "urn:de:fim:leika:typisierung:"
_INVISIBLE = re.compile("[\u200b\u2060\ufeff]")
_FIELD_SEPARATORS = re.compile(r"[,;|\n\r\t]")
_KEY = re.compile(r"([0-9]{2})[.\s]*([0-9]{3})[.\s]*([0-9]{3})[.\s]*([0-9]{3})[.\s]*([0-9]{3})")
_KEY_FROM_SPREADSHEET = re.compile(r"([0-9]{14})\.0+")
_HAS_DIGIT = re.compile(r"[0-9]")
_PLACEHOLDERS = frozenset({"0" * 14, "99" + "0" * 12, "9" * 14})


# --- keys ---------------------------------------------------------------------------------------------------


def parse_service_keys(text: str) -> tuple[tuple[ServiceKey, ...], tuple[str, ...]]:
    """Return the keys in a raw field, without repetitions, and the parts that are none.

    Understands dots and blanks on the borders of the segments, several keys in one field (comma, semicolon,
    slash, bar, tab, new line, blank) and the URN form. Slips (13 or 15 digits), placeholders (zeros, nines),
    addresses and words are handed back unchanged. Keys that do not start with 99 are keys.
    """
    if text.isdigit() and text.isascii() and len(text) == KEY_LENGTH and text not in _PLACEHOLDERS:
        return (ServiceKey(text),), ()
    keys: dict[str, None] = {}
    unusable: list[str] = []
    for part in _parts(_INVISIBLE.sub("", text)):
        found, rest = _keys_of_part(part)
        keys.update(dict.fromkeys(found))
        if rest:
            unusable.append(rest)
    return tuple(ServiceKey(key) for key in keys), tuple(unusable)


def _parts(text: str) -> Iterator[str]:
    for field in _FIELD_SEPARATORS.split(text):
        # An address has slashes of its own, and digits in it are no statement about a key.
        for part in [field] if "://" in field else field.split("/"):
            if stripped := part.strip():
                yield stripped


def _keys_of_part(part: str) -> tuple[list[str], str]:
    whole = _one_key(part)
    if whole is not None:
        return [whole], ""
    tokens = part.split()
    keys = [_one_key(token) for token in tokens]
    words = [token for token, key in zip(tokens, keys, strict=True) if key is None]
    if any(_HAS_DIGIT.search(word) for word in words):
        return [], part
    return [key for key in keys if key is not None], " ".join(words)


def _one_key(text: str) -> str | None:
    bare = text[len(_KEY_URN) :] if text.casefold().startswith(_KEY_URN) else text
    match = _KEY.fullmatch(bare) or _KEY_FROM_SPREADSHEET.fullmatch(bare)
    key = "".join(match.groups()) if match else ""
    return key if key and key not in _PLACEHOLDERS else None


# --- types --------------------------------------------------------------------------------------------------


def parse_typing(text: str) -> tuple[str, ...]:
    """Return the type codes in a raw field, in order, without repetitions; what is no code is left out.

    ``2/3`` is one code of its own, not a list.
    """
    bare = text.casefold().replace(_TYPE_URN, " ").replace("typ", " ")
    bare = re.sub(r"\s*/\s*", "/", bare)
    bare = re.sub(r"(?<=[0-9])\s+(?=[ab]\b)", "", bare)
    return tuple(dict.fromkeys(code for code in re.split(r"[\s,;|]+", bare) if code in KNOWN_TYPES))


def executing_tier(typing: str) -> Tier | None:
    """Return who executes services of a type for certain, or None where the type does not say.

    2, 3, 2/3 and 4 leave open whether Land or municipalities execute. ``gemeinde`` stands for the municipal
    level: whether the Kreis or the Gemeinde does it is Land law.
    """
    return _EXECUTING_TIER.get(typing)


# --- the register -------------------------------------------------------------------------------------------


def parse_catalogue_2019(text: str) -> tuple[Service, ...]:
    """Read the shipped catalogue: CSV with ``leika name typ ozg_id ozg_name lage themenfeld``, sorted by key.

    Rows of one key merge: first name and bundle, all types. Rows without a key are no services; see
    :func:`count_rows_without_key`. Raises SourceFormatError with the line.
    """
    services: dict[str, Service] = {}
    for line, row in _rows(text):
        if not row["leika"].strip():
            continue
        service = _service(row, line)
        known = services.get(service.key.value)
        if known is not None:
            service = replace(known, typing=tuple(dict.fromkeys((*known.typing, *service.typing))))
        services[service.key.value] = service
    return tuple(services[key] for key in sorted(services))


def count_rows_without_key(text: str) -> int:
    """Return how many rows of the catalogue describe a service that has no key yet."""
    return sum(not row["leika"].strip() for _, row in _rows(text))


_COLUMNS = ("leika", "name", "typ", "ozg_id", "ozg_name", "lage", "themenfeld")
_WHERE = "service catalogue"
_FIX = "Use the shipped file unchanged, or one with the same columns."


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    # Not splitlines(): only a line feed ends a line here.
    lines = (f"{line}\n" for line in text.removeprefix("\ufeff").split("\n"))
    reader = csv.DictReader(lines, strict=True)
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        message = f"columns {', '.join(missing)} are missing"
        raise SourceFormatError(message, where=f"{_WHERE} line 1", fix=_FIX)
    try:
        for row in reader:
            if None in row or None in row.values():
                message = f"expected {len(reader.fieldnames or ())} fields"
                raise SourceFormatError(message, where=f"{_WHERE} line {reader.line_num}", fix=_FIX)
            yield reader.line_num, row
    except csv.Error as error:
        where = f"{_WHERE} line {reader.line_num}"
        raise SourceFormatError(f"broken CSV: {error}", where=where, fix=_FIX) from error


def _service(row: Mapping[str, str], line: int) -> Service:
    keys, unusable = parse_service_keys(row["leika"])
    ozg_id = row["ozg_id"].strip()
    problem = ""
    if len(keys) != 1 or unusable:
        problem = f"leika {row['leika']!r}, expected one key of 14 digits"
    elif not row["name"].strip():
        problem = f"no name for key {keys[0]}"
    elif ozg_id and not (ozg_id.isascii() and ozg_id.isdigit()):
        problem = f"ozg_id {ozg_id!r}, expected a number"
    if problem:
        raise SourceFormatError(problem, where=f"{_WHERE} line {line}", fix=_FIX)
    return Service(
        key=keys[0],
        name=row["name"].strip(),
        origin=CATALOGUE_ORIGIN,
        typing=parse_typing(row["typ"]),
        ozg_id=int(ozg_id) if ozg_id else None,
        ozg_name=row["ozg_name"].strip() or None,
        situation=row["lage"].strip() or None,
        theme=row["themenfeld"].strip() or None,
    )


def service_for(
    key: ServiceKey,
    base: Mapping[str, Service],
    titles: Sequence[tuple[str, str]],
    typings: Iterable[str],
) -> Service:
    """Return the register entry of a key: the base register's, else what sources say.

    ``titles`` are (source id, title), the one to be believed first in front; ``typings`` type codes of any
    source, of which the union is taken where the base has none. A key that nobody names is called after its
    nearest ``000`` parent in the base, or after itself.
    """
    said = tuple(sorted({code for code in typings if code in KNOWN_TYPES}, key=KNOWN_TYPES.index))
    known = base.get(key.value)
    if known is not None:
        return known if known.typing or not said else replace(known, typing=said)
    for source_id, title in titles:
        if title.strip():
            return Service(key, title.strip(), source_id, said)
    for parent in key.parents:
        if (above := base.get(parent.value)) is not None:
            return Service(key, f"{above.name} ({key})", above.origin, said)
    return Service(key, key.value, UNNAMED_ORIGIN, said)
