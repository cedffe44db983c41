"""Use case: upkeep. Once a day what is older than its retention goes, in bites that make nobody wait.

Every bite is a short transaction of its own; between two of them others write. What a pass does not manage
the next one does. Must not know how history is stored.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import structlog

from syncd.rules.retention import cut_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    from syncd.rules.retention import Cut, DayMark, Retention

BITE = 500
"""Rows that one transaction removes."""
BITES = 400
"""Bites of one pass at most: a backlog of months must not keep the disk busy for hours."""
PAUSE_S = 0.05
SPARE_MARKS = 30

_log = structlog.get_logger(__name__)


class UpkeepStore(Protocol):
    """What upkeep asks of a database."""

    def mark_day(self, now: datetime, *, keep: int) -> tuple[DayMark, ...]:
        """Mark the day of ``now`` unless it is marked; returns at most ``keep`` marks, newest first."""

    def prune_runs(self, cut: Cut, *, limit: int) -> int:
        """Remove old runs with their findings; returns how many.

        Runs that something still rests on stay: the last and the last ten good ones of a source, what an
        operator may still decide or has decided.
        """

    def prune_withdrawn(self, cut: Cut, *, limit: int) -> int:
        """Remove records that were withdrawn long ago; returns how many."""

    def prune_releases(self, cut: Cut, *, limit: int) -> int:
        """Remove old releases and what only they show; returns the number of rows.

        The release that was current at the cut stays, so that every later instant can be asked for.
        """


@dataclass(slots=True)
class Upkeep:
    """Removes what is older than its retention; ``retention`` is asked at every pass."""

    store: UpkeepStore
    retention: Callable[[], Retention]
    clock: Callable[[], datetime]
    pause_s: float = PAUSE_S
    _done_on: date | None = field(default=None)

    async def run(self) -> Mapping[str, int]:
        """Make one pass, unless today's work is done; returns what was removed, by kind."""
        now, retention = self.clock(), self.retention()
        if self._done_on == now.date():
            return {}
        keep = retention.longest.days + 1 + SPARE_MARKS
        marks = await asyncio.to_thread(self.store.mark_day, now, keep=keep)
        removed, left = {}, BITES
        for name, prune, kept in (
            ("runs", self.store.prune_runs, retention.runs),
            ("withdrawn", self.store.prune_withdrawn, retention.withdrawn),
            ("releases", self.store.prune_releases, retention.releases),
        ):
            cut = cut_of(marks, kept, now)
            if cut is not None:
                removed[name], left = await self._bites(prune, cut, left)
        if left:
            self._done_on = now.date()
        if any(removed.values()):
            _log.info("history_pruned", **removed, finished=bool(left))
        return removed

    async def _bites(self, prune: Callable[..., int], cut: Cut, left: int) -> tuple[int, int]:
        """Remove until nothing is left, or no bite; returns the rows removed and the bites left."""
        total = 0
        while left:
            removed = await asyncio.to_thread(prune, cut, limit=BITE)
            total += removed
            if removed < BITE:
                break
            left -= 1
            await asyncio.sleep(self.pause_s)
        return total, left
