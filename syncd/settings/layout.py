"""Laying out a configuration directory: a copy of another one, with some settings changed.

Files that do not change are copied with their comments; a changed one is written anew. This module must not
know what the settings mean.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from syncd.errors import ConfigError
from syncd.settings.load import OBLIGATIONS, SOURCES
from syncd.settings.problems import config_error
from syncd.settings.shipped import MAIN_FILE
from syncd.settings.toml_files import overridden, read_toml

_SHORTEST_PATH = 3


def lay_out(target: Path, origin: Path, changes: Mapping[str, Any]) -> None:
    """Write sources, obligations and ``syncd.toml`` of ``origin`` to ``target``, with settings changed.

    ``changes`` maps dotted keys, named as for ``--set``, to TOML values. Reference data is not copied: what a
    directory lacks is taken from the shipped one. Raises ConfigError.
    """
    by_file: dict[str, dict[tuple[str, ...], Any]] = {}
    for key, value in changes.items():
        parts = tuple(key.split("."))
        name, rest = MAIN_FILE, parts
        if parts[0] in {SOURCES, OBLIGATIONS} and len(parts) >= _SHORTEST_PATH:
            name, rest = f"{parts[0]}/{parts[1]}.toml", parts[2:]
        by_file.setdefault(name, {})[rest] = value
    try:
        for folder in (SOURCES, OBLIGATIONS):
            shutil.copytree(origin / folder, target / folder, dirs_exist_ok=True)
        shutil.copy(origin / MAIN_FILE, target)
        for name, values in by_file.items():
            table, _, problems = read_toml(origin / name, name)
            if problems:
                raise config_error(problems)
            for path, value in values.items():
                table = overridden(table, path, value)
            (target / name).write_text("\n".join(_table(table)) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot be written: {error.strerror}", where=str(error.filename or target)
        ) from error


def _table(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the lines of a table: plain values first, then the tables inside it."""
    for key, value in table.items():
        if not _is_nested(value):
            yield f"{_key(key)} = {toml_value(value)}"
    for key, value in table.items():
        name = f"{prefix}.{_key(key)}" if prefix else _key(key)
        if isinstance(value, Mapping):
            yield from ("", f"[{name}]", *_table(value, name))
        elif _is_nested(value):
            for item in value:
                yield from ("", f"[[{name}]]", *_table(item, name))


def toml_value(value: object) -> str:
    """Return a plain value as TOML."""
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    # For text, whole numbers, fractions and truth, TOML and JSON agree (U+007F is the exception).
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _is_nested(value: object) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)
    )


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("-", "a").replace("_", "a").isalnum()
    return key if bare else toml_value(key)
