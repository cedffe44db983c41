"""The pulse of the event loop: how late it wakes, and the sign of life that depends on it.

A loop that stalls serves nobody and starts nothing, while the process looks alive. So the watchdog is fed
from here, and only while the loop keeps time and the schedule is not overdue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from syncd.daemon.notify import notify, watchdog_seconds

BEAT_S = 0.25
UNHEALTHY_LAG_S = 5.0


class Pulse:
    """Measures the lag; ``note`` hears of every beat, ``overdue`` tells the seconds the schedule is late."""

    def __init__(self, note: Callable[[float], None], overdue: Callable[[], float]) -> None:
        """Prepare; :meth:`beat` does the work."""
        self._note = note
        self._overdue = overdue
        self.lag_s = 0.0

    @property
    def healthy(self) -> bool:
        """True while the loop keeps time and the schedule is not overdue."""
        return self.lag_s < UNHEALTHY_LAG_S and self._overdue() < UNHEALTHY_LAG_S * 12

    async def beat(self, *, watchdog: bool) -> None:
        """Beat until cancelled."""
        loop = asyncio.get_running_loop()
        every = watchdog_seconds() if watchdog else None
        fed = loop.time()
        while True:
            due = loop.time() + BEAT_S
            await asyncio.sleep(BEAT_S)
            now = loop.time()
            self.lag_s = max(0.0, now - due)
            self._note(self.lag_s)
            if every is not None and now - fed >= every and self.healthy:
                notify("WATCHDOG=1")
                fed = now
