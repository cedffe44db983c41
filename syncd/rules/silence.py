"""When a source is silent, and who is told: one alarm per source, or one for all when the fault is ours.

The one rule for the alarm and for everything that shows a source. A source that never spoke has been silent
since it was first asked, however often it was asked since.

If every source falls silent, the line, the name server or the clock of this machine is the first suspect, and
one alarm per source would bury that (case N12). Must not know clocks, runs or channels.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from syncd.rules.freshness import SMALL_STEP

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from datetime import datetime

FEWEST_FOR_ONE_ALARM = 2
INTERVALS = 2
"""A source may miss one run; of the second somebody should hear."""


def heard_at(last_good_at: datetime | None, first_asked_at: datetime | None, now: datetime) -> datetime:
    """Return since when silence counts: the last good answer, else the first question, else now."""
    return last_good_at or first_asked_at or now


def is_too_long(silence: timedelta, interval: timedelta) -> bool:
    """Tell whether a silence is time for an alarm.

    A negative one comes from a stamp in the future: of unknown age, it counts until the source speaks again.
    """
    return silence > INTERVALS * interval or silence < -SMALL_STEP


def is_silent(
    last_good_at: datetime | None, first_asked_at: datetime | None, *, now: datetime, interval: timedelta
) -> bool:
    """Tell whether a source has been silent for more than twice its interval."""
    return is_too_long(now - heard_at(last_good_at, first_asked_at, now), interval)


def silence_alarms(
    before: AbstractSet[str], now: AbstractSet[str], watched: int
) -> tuple[tuple[str, ...], bool]:
    """Return the sources to raise an alarm for, and whether one alarm for all takes their place.

    ``before`` and ``now`` are the silent sources at the last look and at this one, ``watched`` is the number
    of all sources.
    """
    everything = watched >= FEWEST_FOR_ONE_ALARM and len(now) >= watched
    if everything:
        return (), len(before & now) < len(now)
    return tuple(sorted(now - before)), False
