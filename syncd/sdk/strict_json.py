"""Reading JSON strictly: nothing is repaired, nothing is chosen, nothing can fill the memory.

Why: every JSON library lets something pass that would be wrong data later – the last of two equal keys, NaN,
half a surrogate pair, a number rounded to a float – and small documents can grow thirtyfold in memory. What
is decided here is listed in ``docs/reference/formats.md``. Must not know what documents mean.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

from syncd.errors import SourceFormatError

UTF8_BOM = b"\xef\xbb\xbf"
CONTAINER_LIMIT = 300_000
"""Objects and lists of one document; each costs about 70 to 230 bytes of memory."""
VALUE_LIMIT = 400_000
"""Commas of one document, also those inside texts: an upper bound of the number of values.

Fourteen times what the recorded exports hold; the memory it allows stays below 128 MiB.
"""

KEY_LIMIT = 50_000
"""Keys of one object."""

_INTEGER_DIGITS = 20
_SMALLEST, _BEYOND = -(2**63), 2**64
_SHOWN = 60


def load_json(raw: bytes) -> Any:  # noqa: ANN401 - JSON is what it is
    """Return strictly parsed JSON after RFC 8259 in UTF-8, with or without byte order mark.

    Refused with SourceFormatError: duplicate keys, NaN and infinities, integers beyond 64 bits, numbers
    beyond a double, lone surrogates, other encodings, anything after the end, about a thousand levels and
    more, and documents beyond :data:`CONTAINER_LIMIT`, :data:`VALUE_LIMIT` or :data:`KEY_LIMIT`.
    """
    raw = raw.removeprefix(UTF8_BOM)
    _refuse_bombs(raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        bad = raw[error.start : error.start + 8]
        raise SourceFormatError(
            f"not JSON: bytes {bad!r} are not UTF-8 text", where=f"line {line}"
        ) from error
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        hint = " (it looks like an HTML page)" if text.lstrip()[:1] == "<" else ""
        raise SourceFormatError(
            f"not JSON{hint}: {error.msg}", where=f"line {error.lineno} column {error.colno}"
        ) from error
    except RecursionError as error:
        raise SourceFormatError("not JSON that can be read: it is nested too deeply") from error
    if "\\ud" in text or "\\uD" in text:
        _refuse_half_pairs(value)
    return value


def _refuse_bombs(raw: bytes) -> None:
    containers = raw.count(b"{") + raw.count(b"[")
    values = raw.count(b",")
    if containers > CONTAINER_LIMIT or values > VALUE_LIMIT:
        raise SourceFormatError(
            f"the JSON holds about {containers} objects and lists and {values} values; allowed are"
            f" {CONTAINER_LIMIT} and {VALUE_LIMIT}",
            code="json_too_large",
            fix="Have the portal split the document into pages.",
        )


def _refuse_half_pairs(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        start = max(error.start - 20, 0)
        raise SourceFormatError(
            f"not JSON: half a surrogate pair near {ascii(error.object[start : error.end + 20])[:_SHOWN]}",
            fix="Have the portal write the character as UTF-8.",
        ) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > KEY_LIMIT:
        raise SourceFormatError(
            f"one object has {len(pairs)} keys; {KEY_LIMIT} are allowed",
            code="json_too_large",
            fix="Have the portal split the document into pages.",
        )
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        doubled = next(name for name, count in counts.items() if count > 1)
        raise SourceFormatError(
            f"the key {ascii(doubled)[:_SHOWN]} occurs twice in one object",
            code="duplicate_key",
            fix="Have the portal write every key once; which value counts cannot be told.",
        )
    return found


def _integer(text: str) -> int:
    if len(text) <= _INTEGER_DIGITS and _SMALLEST <= (value := int(text)) < _BEYOND:
        return value
    raise SourceFormatError(f"not JSON that can be kept: the number {text[:_SHOWN]} is beyond 64 bits")


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise SourceFormatError(f"not JSON that can be kept: the number {text[:_SHOWN]} is infinite")
    return value


def _constant(text: str) -> float:
    raise SourceFormatError(f"not JSON: {text} is no number")
