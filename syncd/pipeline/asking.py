"""Let a connector fetch its documents; whatever escapes from it ends this run and nothing else.

Must not know what documents hold.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from syncd.errors import SourceFormatError, SyncdError

if TYPE_CHECKING:
    from syncd.pipeline.registry import SourcePlan
    from syncd.pipeline.workers import RunSession
    from syncd.sdk.connector import Document


async def documents_of(plan: SourcePlan, session: RunSession) -> list[Document]:
    """Return the documents of one run; raises SourceFormatError ``connector_crashed`` for bugs."""
    try:
        return [document async for document in plan.connector.documents(session)]
    except (SyncdError, MemoryError):
        raise
    except BaseException as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        # SystemExit and its like would otherwise end the daemon together with all other sources.
        raise SourceFormatError(
            f"The connector ended with {type(error).__name__}: {str(error)[:200]}",
            where=plan.source_id,
            code="connector_crashed",
            fix="Report this to the connector's owner.",
        ) from error
