"""When has a source been silent for too long?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta


def is_fresh(last_good_at: datetime | None, *, now: datetime, stale_after: timedelta) -> bool:
    """Tell whether the last good answer still counts. A stamp in the future (clock step) counts."""
    return last_good_at is not None and now - last_good_at <= stale_after


def is_silent(
    last_good_at: datetime | None, first_due_at: datetime, *, now: datetime, interval: timedelta
) -> bool:
    """Tell whether a source has been silent for more than twice its interval: time for an alarm."""
    return now - (last_good_at or first_due_at) > 2 * interval
