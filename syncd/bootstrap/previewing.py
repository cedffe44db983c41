"""A preview, wired so that nothing of ours is written: the session, the ledger and all files are its own."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from syncd import USER_AGENT
from syncd.bootstrap.places import Suspects
from syncd.bootstrap.sessions import Sessions
from syncd.fetching.client import HttpFetcher
from syncd.fetching.staging import SubprocessParseWorker
from syncd.pipeline.preview import Preview, Previewer

if TYPE_CHECKING:
    from syncd.pipeline.preview import PreviewStore
    from syncd.settings.config import Config


async def preview(
    config: Config, store: PreviewStore, source_id: str, *, pages: int | None, limit: int
) -> Preview:
    """Return what a run of the source would bring now; raises what a run would raise, and NotFound."""
    config.source(source_id)
    now = datetime.now(UTC)
    registry = await asyncio.to_thread(config.to_registry, now.date())
    plan = registry.sources[source_id]
    with tempfile.TemporaryDirectory(prefix="syncd-preview-") as folder:
        work = Path(folder)
        worker = SubprocessParseWorker(
            memory_limit_mb=config.file.worker.memory_mb, time_limit_s=config.file.worker.time_seconds
        )
        async with HttpFetcher(user_agent=USER_AGENT) as fetcher:
            sessions = Sessions(config, fetcher, work / "raw", work, work / "ledgers", Suspects())
            session = sessions(plan, {})
            staging = work / "staging"
            await asyncio.to_thread(staging.mkdir)
            previewer = Previewer(store, worker, registry, staging, now)
            return await previewer.preview(plan, session, pages=pages, limit=limit)
