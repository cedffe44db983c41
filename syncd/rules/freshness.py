"""Does the last good answer of a source still count?

The stamps come from a wall clock that somebody may set. A stamp from the future has no age: it neither stays
fresh for ever nor removes anything, and the next good answer mends it (cases C1, C2).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

SMALL_STEP = timedelta(hours=1)
"""A stamp this far ahead is a clock that was put right, and as good as new."""


def is_fresh(last_good_at: datetime | None, *, now: datetime, stale_after: timedelta) -> bool:
    """Tell whether the last good answer still counts; a stamp of unknown age does not."""
    return last_good_at is not None and -SMALL_STEP <= now - last_good_at <= stale_after
