"""Printing: tables in a terminal, tab-separated lines in a pipe, JSON when asked.

Results go to standard output, everything else to standard error. This module must not know what is printed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import orjson

from syncd.cli import german

TERMINAL_LIMIT = 100
_MORE = "… and more; --limit 0 shows all, the first {limit} are above"
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z


class Progress(Protocol):
    """Shows how far long work is."""

    def step(self, text: str) -> None:
        """Say what is being done."""
        ...


def as_json(value: object) -> str:
    """Return any of our values as indented JSON."""
    return orjson.dumps(value, default=_plain, option=_OPTIONS | orjson.OPT_INDENT_2).decode()


def print_json(value: object) -> None:
    """Print one JSON document."""
    print(as_json(value))


def print_rows(
    arguments: argparse.Namespace,
    rows: Iterable[object],
    columns: Mapping[str, str],
    *,
    zone: str = "Europe/Berlin",
    none: str = "nothing found",
) -> int:
    """Print rows as JSON list, table or tab-separated lines and return their number.

    ``rows`` are dataclasses or mappings; ``columns`` maps a field to its heading, which like ``none`` is in
    English and shown in the language asked for. The number of rows obeys ``--limit``; what was left out is
    said on standard error.
    """
    language = getattr(arguments, "lang", "en")
    columns = {name: german.heading(text, language) for name, text in columns.items()}
    limit = getattr(arguments, "limit", None)
    interactive = sys.stdout.isatty() and not arguments.json
    if limit is None:
        limit = TERMINAL_LIMIT if interactive else 0
    shown = _Limited(rows, limit)
    if arguments.json:
        _print_array(shown)
    elif interactive:
        _print_table(shown, columns, zone)
    else:
        _print_lines(shown, columns)
    if shown.more:
        say(german.remark(_MORE, language).format(limit=limit))
    if not shown.count and not arguments.json:
        say(german.remark(none, language))
    return shown.count


def print_facts(facts: Iterable[tuple[str, object]], *, zone: str = "Europe/Berlin") -> None:
    """Print named values, one per line; those without a value are left out."""
    listed = [(name, text) for name, value in facts if (text := _text(value, zone=zone)) != ""]
    width = max((len(name) for name, _ in listed), default=0)
    for name, text in listed:
        print(f"{name:<{width}}  {text}" if sys.stdout.isatty() else f"{name}\t{text}")


def say(text: str) -> None:
    """Tell the person something that is not part of the result."""
    print(text, file=sys.stderr)


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Show a spinner with time on standard error while the block runs; silent where nobody watches."""
    if not sys.stderr.isatty():
        yield _Silent()
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Spinner(bar, bar.add_task(title, total=None))


class _Silent:
    def step(self, text: str) -> None:
        """Say nothing."""


class _Spinner:
    def __init__(self, bar: Any, task: Any) -> None:  # noqa: ANN401 - types of a library imported late
        self._bar, self._task = bar, task

    def step(self, text: str) -> None:
        """Say what is being done."""
        self._bar.update(self._task, description=text)


class _Limited:
    """Iterates up to a limit (0: none) and then knows whether there was more."""

    def __init__(self, rows: Iterable[object], limit: int) -> None:
        self._rows = iter(rows)
        self._limit = limit
        self.count = 0
        self.more = False

    def __iter__(self) -> Iterator[object]:
        for row in islice(self._rows, self._limit or None):
            self.count += 1
            yield row
        self.more = bool(self._limit) and next(self._rows, None) is not None


def _print_array(rows: Iterable[object]) -> None:
    separator = "[\n"
    for row in rows:
        print(separator + orjson.dumps(row, default=_plain, option=_OPTIONS).decode(), end="")
        separator = ",\n"
    print("[]" if separator == "[\n" else "\n]")


def _print_table(rows: Iterable[object], columns: Mapping[str, str], zone: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[_text(_value(row, name), zone=zone) for name in columns] for row in rows]
    if not cells:
        return
    table = Table(box=box.SIMPLE, header_style="bold")
    for number, heading in enumerate(columns.values()):
        numeric = all(_is_number(line[number]) for line in cells)
        table.add_column(heading, justify="right" if numeric else "left")
    for line in cells:
        # Text, not markup: a portal's title in square brackets is a title.
        table.add_row(*(Text(cell) for cell in line))
    Console().print(table)


def _print_lines(rows: Iterable[object], columns: Mapping[str, str]) -> None:
    heading = "\t".join(columns.values())
    for number, row in enumerate(rows):
        if number == 0:
            print(heading)
        print("\t".join(_text(_value(row, name), zone="") for name in columns))


def _value(row: object, name: str) -> object:
    return row.get(name, "") if isinstance(row, Mapping) else getattr(row, name)


def _text(value: object, *, zone: str) -> str:
    """Return a value as a person reads it, on one line; instants in ``zone``, or ISO 8601 without one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        if not zone:
            return value.isoformat(timespec="seconds")
        return f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(item, zone=zone) for item in value)
    return "".join(c if c.isprintable() else " " for c in str(value))


def _is_number(text: str) -> bool:
    return not text or text.replace(".", "", 1).removeprefix("-").isdecimal()


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


def age(seconds: int | None) -> str:
    """Return an age in the two largest units: ``3 d 4 h``."""
    if seconds is None:
        return "never"
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        amount, seconds = divmod(seconds, size)
        if amount or (unit == "s" and not parts):
            parts.append(f"{amount} {unit}")
    return " ".join(parts[:2])


def joined(words: Sequence[str]) -> str:
    """Return words for a sentence."""
    return ", ".join(words)
