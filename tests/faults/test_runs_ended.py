"""A run that did not end by itself says truly who ended it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from syncd.model.run import Run, RunOutcome
from syncd.scheduling import scheduler as module
from syncd.scheduling.scheduler import Scheduler
from syncd.scheduling.timing import Timing
from syncd.sdk.connector import Document
from syncd.storage import open_store
from tests.support.portal import Portal


def hanging_run(tmp_path: Path, *, longest: timedelta, stop_after_s: float) -> Run:
    """Let the scheduler start a source that never answers; returns the run as it was recorded."""

    async def documents(_: object) -> AsyncIterator[Document]:
        await asyncio.sleep(3_600)
        yield  # type: ignore[misc]  # never reached; only makes this a generator

    with open_store(f"sqlite:///{tmp_path / 'syncd.sqlite'}") as store:
        portal = Portal(store, tmp_path)
        portal.configure(connector=SimpleNamespace(documents=documents))

        async def timings() -> Sequence[Timing]:
            return [Timing("portal", timedelta(hours=1), longest=longest)]

        async def sync(source_id: str) -> None:
            try:
                await portal.ingest.sync(source_id)
            finally:
                ended.set()

        async def work() -> None:
            scheduler = Scheduler(sync, timings)
            await scheduler.start()
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), stop_after_s)
            await scheduler.stop()

        ended = asyncio.Event()
        asyncio.run(work())
        return store.runs()[0]


@pytest.mark.fault("C7")
def test_a_run_ended_by_force_says_that_it_hung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WATCH_EVERY", timedelta(milliseconds=50))
    run = hanging_run(tmp_path, longest=timedelta(milliseconds=300), stop_after_s=10)
    assert (run.outcome, run.code) == (RunOutcome.INTERRUPTED, "interrupted")
    assert "ended by force" in run.reason
    assert "hung" in run.reason
    assert "stop" not in run.reason
    assert run.fix.startswith("Report")


@pytest.mark.fault("P1")
def test_a_run_cut_off_by_a_stop_says_so(tmp_path: Path) -> None:
    run = hanging_run(tmp_path, longest=timedelta(hours=1), stop_after_s=2)
    assert (run.outcome, run.code) == (RunOutcome.INTERRUPTED, "interrupted")
    assert "by a stop" in run.reason
    assert run.fix
