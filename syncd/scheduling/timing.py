"""When a source is due next: pure arithmetic, so that a restart or a wrong clock has a table of answers.

The run table is the truth; nothing about schedules is stored. This module must not know who runs them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from syncd.rules.backoff import wait_after

LONGEST_JITTER = timedelta(minutes=5)
_JITTER_SHARE = 10
_START_GAP = timedelta(seconds=1)
LONGEST_RUN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Timing:
    """What the schedule of one source depends on.

    ``last_started_at`` is None when it never ran or its last run was cut off: then it is due at once.
    ``failures`` is the number of runs in a row that failed, ``code`` that of the last one. ``longest`` is
    when a run is ended from outside, whatever it hangs in (case C7); its own limits end it long before.
    """

    source_id: str
    interval: timedelta
    last_started_at: datetime | None = None
    failures: int = 0
    code: str = ""
    longest: timedelta = LONGEST_RUN

    @property
    def wait(self) -> timedelta:
        """Time from the last start to the next: the interval, or the back-off of a failing source."""
        return wait_after(self.interval, self.failures, self.code)


def jitter(source_id: str, interval: timedelta, *, longest: timedelta = LONGEST_JITTER) -> timedelta:
    """Return the offset of a source: the same at every start, spread over a tenth of the interval.

    Portals on one platform would otherwise all be asked in the same second.
    """
    room = min(interval / _JITTER_SHARE, longest)
    milliseconds = room // timedelta(milliseconds=1)
    if milliseconds <= 0:
        return timedelta(0)
    digest = hashlib.sha256(source_id.encode()).digest()
    return timedelta(milliseconds=int.from_bytes(digest[:8], "big") % milliseconds)


def due_times(
    timings: Sequence[Timing], now: datetime, elapsed: Mapping[str, timedelta] = MappingProxyType({})
) -> dict[str, datetime]:
    """Return the next start of every source.

    ``elapsed`` is the true time since the last start of sources that this process started; it overrules what
    the run table says, because wall clocks are set and true time is not. A source that is overdue catches up
    once, after its jitter; few sources do not wait minutes for each other's sake, so the spread is at most a
    second per source. A last start in the future (the clock was wrong) delays a source by one interval at
    most.
    """
    spread = min(LONGEST_JITTER, _START_GAP * len(timings))
    due = {}
    for timing in timings:
        started = timing.last_started_at
        if timing.source_id in elapsed:
            started = now - elapsed[timing.source_id]
        planned = started and started + timing.wait
        if planned is None or planned <= now:
            planned = now + jitter(timing.source_id, timing.interval, longest=spread)
        due[timing.source_id] = min(planned, now + timing.wait)
    return due
