"""Reading documents with a composing parser in this process, as the parse worker does it."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from syncd.sdk.ledger import Ledger
from syncd.sdk.parsing import ParseContext, RecordRejected
from syncd.sdk.records import Issue, Record

IN_MEMORY = Path(":memory:")


@dataclass(slots=True)
class Composed:
    """What came of the documents."""

    records: list[Record] = field(default_factory=list)
    rejected: list[RecordRejected] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    raw: list[bytes] = field(default_factory=list)
    last: ParseContext = field(default_factory=ParseContext)

    @property
    def codes(self) -> list[str]:
        """Codes of the findings, sorted."""
        return sorted(issue.code for issue in self.issues)

    def only(self) -> Record:
        """Return the only record."""
        (record,) = self.records
        return record


def compose_all(
    parser: Any,
    documents: Iterable[tuple[bytes, Mapping[str, str]]],
    options: Mapping[str, Any] | None = None,
    *,
    ledger: Path = IN_MEMORY,
) -> Composed:
    """Collect the documents (body, context) in a ledger, compose and parse."""
    found = Composed()
    options = options or {}
    with Ledger(ledger) as objects:
        for body, document in documents:
            context = ParseContext(options=options, document=document)
            parser.collect(io.BytesIO(body), context, objects)
            _take(found, context)
        context = found.last = ParseContext(options=options)
        for piece in parser.compose(objects, context):
            found.raw.append(piece.raw)
            try:
                found.records.append(parser.parse(piece, context))
            except RecordRejected as rejection:
                found.rejected.append(rejection)
        _take(found, context)
    return found


def _take(found: Composed, context: ParseContext) -> None:
    found.issues += context.issues
    found.unknown.update(context.unknown_fields)
