"""From single XZuFi objects to records: the shared reader does all of it.

Must not know: addresses, lists, which objects were asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from syncd.sdk import xzufi
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.xzufi import compose, parse

if TYPE_CHECKING:
    from syncd.sdk.ledger import Ledger
    from syncd.sdk.parsing import ParseContext

__all__ = ["collect", "compose", "parse"]


def collect(document: BinaryIO, context: ParseContext, ledger: Ledger) -> None:
    """Take one object into the ledger; raises SourceFormatError for a document that holds none."""
    header = xzufi.collect(document, context, ledger)
    if not header.objects and not context.issues:
        raise SourceFormatError(
            "the document holds no XZuFi object",
            fix="Look at the stored answer: the portal may hand out another form now.",
        )
