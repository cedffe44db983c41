"""Reading TOML: syntax errors as problems, overrides from the command line, line numbers of keys.

``tomllib`` forgets where a key stood; a scan of headers and assignments finds it again, which is exact for
the plain files we write and merely silent (line 0) for exotic ones. This module must not know what keys mean.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from syncd.settings.problems import Problem

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(r"^\s*([A-Za-z0-9_\-.\"']+)\s*=")
_SIZE_LIMIT = 5_000_000


def read_toml(path: Path, name: str) -> tuple[dict[str, Any], str, list[Problem]]:
    """Return the table, the text and the problems of one file; ``name`` is how problems call the file."""
    try:
        if path.stat().st_size > _SIZE_LIMIT:
            return {}, "", [Problem(name, "", f"is larger than {_SIZE_LIMIT} bytes", "split the file")]
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        return (
            {},
            "",
            [Problem(name, "", f"is not UTF-8: {error.reason} at byte {error.start}", "save it as UTF-8")],
        )
    except OSError as error:
        return {}, "", [Problem(name, "", f"cannot be read: {error.strerror}", "check name and permissions")]
    try:
        return tomllib.loads(text), text, []
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        message = re.sub(r" \(at .*\)$", "", str(error))
        problem = Problem(
            name, "", f"not valid TOML: {message}", "correct the syntax", int(line[1]) if line else 0
        )
        return {}, text, [problem]


def parse_override(text: str) -> Any:  # noqa: ANN401 - TOML values are what they are
    """Return the value of ``--set key=TEXT``: a TOML value where it is one, else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def overridden(table: Mapping[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a copy of the table with one value replaced; tables on the way are made."""
    head, *rest = path
    copy = dict(table)
    if rest:
        inner = copy.get(head)
        copy[head] = overridden(inner if isinstance(inner, dict) else {}, tuple(rest), value)
    else:
        copy[head] = value
    return copy


def line_of(text: str, key: str) -> int:
    """Return the line of a dotted key (or of its nearest enclosing table), 0 when it cannot be told."""
    places = _places(text)
    parts = key.split(".")
    while parts:
        if line := places.get(".".join(parts)):
            return line
        parts.pop()
    return 0


def _places(text: str) -> dict[str, int]:
    places: dict[str, int] = {}
    counters: dict[str, int] = {}
    table = ""
    quoted = ""
    for number, line in enumerate(text.splitlines(), 1):
        if quoted:
            quoted = "" if line.count(quoted) % 2 else quoted
            continue
        if header := _HEADER.match(line):
            table = _plain(header[2])
            if header[1] == "[[":
                index = counters[table] = counters.get(table, -1) + 1
                places.setdefault(table, number)
                table = f"{table}.{index}"
            else:
                table = _inside_last(table, counters)
            places[table] = number
        elif assignment := _ASSIGNMENT.match(line):
            name = _plain(assignment[1])
            places.setdefault(f"{table}.{name}" if table else name, number)
            quoted = next((mark for mark in ('"""', "'''") if line.count(mark) % 2), "")
    return places


def _inside_last(table: str, counters: Mapping[str, int]) -> str:
    """Return ``duty.2.extra`` for a header ``[duty.extra]`` that follows the third ``[[duty]]``."""
    head, dot, rest = table.partition(".")
    return f"{head}.{counters[head]}.{rest}" if dot and head in counters else table


def _plain(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))
