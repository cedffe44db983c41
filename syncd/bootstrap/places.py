"""Who gets a place to work: parsing is limited, and suspects do not stand in front of healthy sources.

Waiting for a portal needs no place here, because it costs nothing but a connection (the client limits those);
parsing costs a process. Must not know what a document holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from syncd.fetching.lanes import Lanes
from syncd.model.run import SourceState
from syncd.pipeline.ports import StagedSnapshot
from syncd.pipeline.workers import ParseJob, ParseWorker
from syncd.rules.backoff import is_suspect

PATIENCE_S = 5.0
"""A document that is parsed for longer than this makes room for others."""


@dataclass(slots=True)
class Suspects:
    """The sources that fail or are slow, as far as known when their run begins."""

    _ids: set[str] = field(default_factory=set)

    def judge(self, state: SourceState) -> None:
        """Remember which lane the next run of the source takes."""
        run = state.last_run
        took = run.ended_at - run.started_at if run and run.ended_at else None
        if is_suspect(state.consecutive_failures, took):
            self._ids.add(state.source_id)
        else:
            self._ids.discard(state.source_id)

    def __contains__(self, source_id: object) -> bool:
        """Tell whether the source uses the slow lane."""
        return source_id in self._ids


class PlacedWorker:
    """A parse worker that at most ``places`` healthy sources use at once, and half as many suspects."""

    def __init__(self, worker: ParseWorker, suspects: Suspects, places: int) -> None:
        self._worker = worker
        self._suspects = suspects
        self._lanes = Lanes(fast=places, slow=max(1, places // 2), patience_s=PATIENCE_S)

    async def stage(self, job: ParseJob) -> StagedSnapshot:
        """Parse when there is a place; see :meth:`ParseWorker.stage`."""
        async with self._lanes.place(suspect=job.source_id in self._suspects):
            return await self._worker.stage(job)
