"""The line parser in a later version that reads every title differently."""

from __future__ import annotations

from dataclasses import replace

from syncd.sdk.parsing import ParseContext, Slice
from syncd.sdk.records import Record
from tests.support import line_parser

cut = line_parser.cut


def parse(piece: Slice, context: ParseContext) -> Record:
    """Return the record of a line with its title in capitals."""
    record = line_parser.parse(piece, context)
    return replace(record, title=record.title.upper())
