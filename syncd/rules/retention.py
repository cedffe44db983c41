"""How long history is kept, and what is old enough to go.

Age by the wall clock alone would let one wrong clock purge everything (case C2), and stamps written while it
was wrong agree with it. So age is counted twice: by the clock, and in days on which upkeep was done. A clock
that leaps ten years adds one such day. This module must not know how history is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Retention:
    """How long runs with their findings, releases, and withdrawn records are kept, in whole days."""

    runs: timedelta = timedelta(days=400)
    releases: timedelta = timedelta(days=400)
    withdrawn: timedelta = timedelta(days=90)

    @property
    def longest(self) -> timedelta:
        """The longest of them."""
        return max(self.runs, self.releases, self.withdrawn)


@dataclass(frozen=True, slots=True)
class DayMark:
    """How far history had come when upkeep first ran on a day: the highest run and release by then."""

    day: date
    run_id: int
    release: int


@dataclass(frozen=True, slots=True)
class Cut:
    """What is old enough: stamps before an instant, and numbers not above those of a day long past."""

    before: datetime
    run_id: int
    release: int


def cut_of(marks: Sequence[DayMark], keep: timedelta, now: datetime) -> Cut | None:
    """Return what may go; ``marks`` come newest first. None while too few days were seen to tell."""
    if len(marks) <= keep.days:
        return None
    mark = marks[keep.days]
    return Cut(now - keep, mark.run_id, mark.release)
