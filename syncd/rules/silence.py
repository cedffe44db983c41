"""Who is told of silent sources: one alarm per source, or one for all when the fault is most likely ours.

If every source falls silent, the line, the name server or the clock of this machine is the first suspect, and
one alarm per source would bury that (case N12). Must not know how silence is measured or who is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

FEWEST_FOR_ONE_ALARM = 2


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
