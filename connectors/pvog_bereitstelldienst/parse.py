"""From blocks of the Bereitstelldienst to records: the XZuFi document inside each envelope.

Must not know: addresses, paging.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from connectors.pvog_bereitstelldienst.envelope import CHUNK, DocumentStream
from syncd.sdk import xzufi
from syncd.sdk.xzufi import compose, parse

if TYPE_CHECKING:
    from syncd.sdk.ledger import Ledger
    from syncd.sdk.parsing import ParseContext

__all__ = ["collect", "compose", "parse"]


def collect(document: BinaryIO, context: ParseContext, ledger: Ledger) -> None:
    """Take one block into the ledger; a block without a document brings nothing and is normal."""
    stream = io.BufferedReader(
        DocumentStream(document, str(context.options.get("objects_field", "xzufiObjekte"))), CHUNK
    )
    if stream.peek(1):
        xzufi.collect(stream, context, ledger)
