"""A connector's parser for tests: one record per line ``id;title;keys;areas``; some misbehave on demand."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import BinaryIO

from syncd.sdk.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext, RecordRejected, Slice
from syncd.sdk.records import Record


def cut(document: BinaryIO, context: ParseContext) -> Iterator[Slice]:
    """Yield the lines; ``#total N``, ``#incomplete WHY``, ``#stated WHEN``, ``#identity WHO`` too."""
    for number, line in enumerate(document, 1):
        text = line.decode(errors="surrogateescape").strip()
        if text.startswith("#total "):
            context.declared_total = int(text.removeprefix("#total "))
        elif text.startswith("#incomplete "):
            context.incomplete_reason = text.removeprefix("#incomplete ")
        elif text.startswith("#stated "):
            context.stated_at = datetime.fromisoformat(text.removeprefix("#stated "))
        elif text.startswith("#identity "):
            context.identity = text.removeprefix("#identity ")
        elif text.startswith("#broken"):
            raise SourceFormatError("the header is missing", where=f"line {number}", code="no_header")
        elif text.startswith("#crash"):
            raise LookupError("in cut")
        elif text:
            yield Slice(line, f"line {number}")


def parse(piece: Slice, context: ParseContext) -> Record:
    """Return the record of a line, or misbehave as its first field says."""
    text = piece.raw.decode(errors=context.options.get("errors", "surrogateescape")).strip()
    first, _, rest = text.partition(";")
    if first.startswith("!"):
        _MISBEHAVIOUR[first](context)
    title, keys, areas, *more = [*rest.split(";"), "", ""]
    if any(more):
        context.unknown_field("fifth")
        context.issue("odd_line", "A line with too many fields.", where=piece.where, value=text)
    shown = context.document.get("prefix", "") + title
    return Record(
        native_id=first,
        title=shown,
        service_keys=(keys,) if keys else (),
        areas=tuple(areas.split(",")) if areas else (),
    )


class LikeAnInterruptError(BaseException):
    """An exception that 'except Exception' does not see."""


def _reject(_context: ParseContext) -> None:
    raise RecordRejected("bad_line", "This line cannot be used.", value="x", fix="Correct it.")


def _raise(_context: ParseContext) -> None:
    raise ZeroDivisionError("in parse")


def _raise_base(_context: ParseContext) -> None:
    raise LikeAnInterruptError("as bad as it gets")


def _recurse(context: ParseContext) -> None:
    _recurse(context)


def _hoard(_context: ParseContext) -> None:
    hoard = [bytearray(1 << 24) for _ in range(10_000)]
    raise AssertionError(len(hoard))


def _spin(_context: ParseContext) -> None:
    while True:
        pass


def _show_environment(_context: ParseContext) -> None:
    raise RecordRejected("environment", " ".join(sorted(os.environ)))


def _make_noise(_context: ParseContext) -> None:
    sys.stderr.write("noise\n" * 200_000)
    sys.stdout.write("noise\n" * 200_000)


_MISBEHAVIOUR: Mapping[str, Callable[[ParseContext], object]] = {
    "!reject": _reject,
    "!raise": _raise,
    "!exit": lambda _context: sys.exit(0),
    "!hard-exit": lambda context: os._exit(int(context.options.get("code", 0))),
    "!base": _raise_base,
    "!recursion": _recurse,
    "!memory": _hoard,
    "!abort": lambda _context: os.abort(),
    "!sleep": lambda _context: time.sleep(600),
    "!spin": _spin,
    "!environment": _show_environment,
    "!noise": _make_noise,
}
