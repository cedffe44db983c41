"""Profiles on disk: those shipped in this folder and those an operator wrote.

Why: a mistake in a profile has to be answered with file, line, key and what is allowed there, not with a
trace. Must not know what a profile means.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from connectors.generic.profile import Profile

FOLDER = Path(__file__).parent / "profiles"
SIZE_LIMIT = 500_000
SHOWN_PROBLEMS = 10
_HEADER = re.compile(r"^\s*\[(\[?)\s*([A-Za-z0-9_.\"-]+)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*\"?([A-Za-z0-9_.-]+)\"?\s*=")


def shipped_names() -> tuple[str, ...]:
    """Return the names of the profiles in this folder."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def shipped(name: str) -> Profile:
    """Return a shipped profile; raises ValueError for an unknown name."""
    if name not in shipped_names():
        near = difflib.get_close_matches(name, shipped_names(), n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(shipped_names())}"
        raise ValueError(f"there is no profile '{name}'; {hint}")
    return from_file(FOLDER / f"{name}.toml")


def from_file(path: Path) -> Profile:
    """Return the profile in a file; raises ValueError that names file, line, key and what is allowed."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    if len(raw) > SIZE_LIMIT:
        raise ValueError(f"{path} is larger than {SIZE_LIMIT} bytes")
    try:
        text = raw.decode()
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 at byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not valid TOML: {error}") from error
    try:
        return Profile.model_validate(table)
    except ValidationError as error:
        raise ValueError(_problems(error, path.name, text)) from error


def _problems(error: ValidationError, name: str, text: str) -> str:
    lines = []
    for finding in error.errors(include_url=False):
        path = [part for part in finding["loc"] if not _is_noise(part)]
        key = ".".join(map(str, path))
        line = line_of(text, path)
        message = str(finding["msg"]).removeprefix("Value error, ")
        if finding["type"] == "extra_forbidden":
            message = f"unknown key; {_allowed(path)}"
        lines.append(f"{name}{f':{line}' if line else ''}: {key or 'profile'}: {message}")
    more = f"; and {len(lines) - SHOWN_PROBLEMS} more" if len(lines) > SHOWN_PROBLEMS else ""
    return "; ".join(lines[:SHOWN_PROBLEMS]) + more


def _is_noise(part: str | int) -> bool:
    # Names of validators appear in pydantic's paths but not in the file.
    return isinstance(part, str) and ("[" in part or part in {"str", "int", "PlainRule"})


def _allowed(path: list[Any]) -> str:
    model: type[BaseModel] | None = Profile
    for part in path[:-1]:
        if isinstance(part, int) or model is None:
            continue
        found = [f.annotation for n, f in model.model_fields.items() if part in {n, f.alias}]
        model = _model_in(found[0]) if found else None
    known = sorted(f.alias or n for n, f in model.model_fields.items()) if model else []
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"allowed here: {', '.join(known) or 'nothing'}"


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - a type expression
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)


def line_of(text: str, path: list[Any]) -> int:
    """Return the line of a key or of the nearest table around it; 0 when it cannot be told."""
    best, depth, counters = 0, 0, dict[str, int]()
    wanted = [str(part) for part in path]
    here: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            here = _numbered(header[2].replace('"', "").split("."), bool(header[1]), counters)
            place = here
        elif key := _KEY.match(line):
            place = [*here, *key[1].split(".")]
        else:
            continue
        common = len(place)
        if place == wanted[:common] and common > depth:
            best, depth = number, common
    return best


def _numbered(parts: list[str], repeated: bool, counters: dict[str, int]) -> list[str]:  # noqa: FBT001 - private
    """Return the keys of a table with the positions of repeated tables put in."""
    place: list[str] = []
    for position, part in enumerate(parts):
        place.append(part)
        name = ".".join(place)
        if repeated and position == len(parts) - 1:
            counters[name] = counters.get(name, -1) + 1
        if name in counters:
            place.append(str(counters[name]))
    return place
