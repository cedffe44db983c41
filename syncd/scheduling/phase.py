"""When APScheduler starts a source again: a trigger that steps over missed starts by arithmetic.

The library's own counts them one by one. After a clock that stood ten years behind that is hundreds of
thousands of steps per source, in the event loop (case C2). This module must not know sources or runs.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger


class Phase(BaseTrigger):  # type: ignore[misc] # APScheduler ships no types
    """Starts at ``first`` and then every ``interval``, in step with it; missed starts are one start."""

    def __init__(self, first: datetime, interval: timedelta) -> None:
        """Take an aware ``first`` and a positive ``interval``."""
        self.first = first
        self.interval = interval

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return the next start: the first one, or the next in step that lies after ``now``."""
        if previous_fire_time is None:
            return self.first
        following = previous_fire_time + self.interval
        if following <= now:
            following += self.interval * ((now - following) // self.interval + 1)
        return following
