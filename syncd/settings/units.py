"""Durations and sizes as people write them: ``20 min``, ``6h``, ``50 MB``.

TOML knows neither, and a bare number hides its unit. This module must not know which setting uses them.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_SECONDS = {
    "ms": 0.001,
    "s": 1,
    "sec": 1,
    "min": 60,
    "m": 60,
    "h": 3_600,
    "d": 86_400,
    "w": 604_800,
}
_BYTES = {
    "B": 1,
    "kB": 1_000,
    "KB": 1_000,
    "MB": 1_000_000,
    "GB": 1_000_000_000,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
}

_DURATION = re.compile(r"^(\d+(?:\.\d+)?) ?(ms|s|sec|min|m|h|d|w)$")
_SIZE = re.compile(r"^(\d+(?:\.\d+)?) ?(B|kB|KB|MB|GB|KiB|MiB)$")
_LONGEST = timedelta(days=3_660)


def parse_duration(value: object) -> timedelta:
    """Return the duration a text stands for; raises ValueError for anything else, bare numbers included."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            f"{value!r} is not a duration; write a number and a unit, such as '30s', '20 min', '6h'"
        )
    if (amount := float(match[1]) * _SECONDS[match[2]]) > _LONGEST.total_seconds():
        raise ValueError(f"{value!r} is longer than ten years")
    return timedelta(seconds=amount)


def format_duration(value: timedelta) -> str:
    """Return the shortest exact text :func:`parse_duration` understands."""
    seconds = value.total_seconds()
    for unit in ("d", "h", "min", "s"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{int(seconds // _SECONDS[unit])} {unit}"
    return f"{seconds:g} s"


def parse_size(value: object) -> int:
    """Return a number of bytes; a bare whole number counts bytes. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is not a size; write a number and a unit, such as '50 MB'")
    return int(float(match[1]) * _BYTES[match[2]])


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": _DURATION.pattern, "examples": ["30s", "20 min", "6h", "1d"]}
    ),
]
"""A positive span of time written with its unit."""

ByteCount = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": _SIZE.pattern}],
            "examples": ["50 MB"],
        }
    ),
]
"""A number of bytes, bare or with a unit."""
