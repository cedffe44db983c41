"""From listed XZuFi documents to records, and what the documents say of each other.

Documents of one export share a transaction and count through it: a position that is missing is a document
that the index does not list, and then nothing may count as gone. Must not know: addresses, the index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from syncd.sdk import xzufi
from syncd.sdk.xzufi import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.sdk.ledger import Ledger
    from syncd.sdk.parsing import ParseContext, Slice

__all__ = ["collect", "compose", "parse"]

TRANSACTION = "(transaction)"
"""Class of the ledger for the places documents have in a transaction."""
_DIGITS = 9


def collect(document: BinaryIO, context: ParseContext, ledger: Ledger) -> None:
    """Take one document into the ledger, with whose it is, when it was made and its place."""
    header = xzufi.collect(document, context, ledger)
    context.stated_at = header.created_at
    context.identity = header.sender
    if header.transaction and header.position.isdecimal() and len(header.position) <= _DIGITS:
        ledger.put(TRANSACTION, f"{header.transaction}\n{int(header.position)}", b"")


def compose(ledger: Ledger, context: ParseContext) -> Iterator[Slice]:
    """Yield the pieces of all records; a gap in a transaction makes the snapshot incomplete."""
    places: dict[str, list[int]] = {}
    for place, _ in ledger.objects(TRANSACTION):
        transaction, _, position = place.rpartition("\n")
        places.setdefault(transaction, []).append(int(position))
    for transaction, positions in places.items() if context.options.get("check_transaction", True) else ():
        # Whether they count from 0 or from 1 is not documented; a gap is one either way.
        missing = max(positions) - min(*positions, 1) + 1 - len(positions)
        if missing:
            context.incomplete_reason = (
                f"{missing} documents of the transaction {transaction[:80]} are not listed by the index"
            )
    yield from xzufi.compose(ledger, context)
