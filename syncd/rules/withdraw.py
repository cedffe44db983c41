"""When does a record that a portal no longer lists leave the catalogue?

Absence in one answer never removes anything (fault study §4, G2). A record that a complete, framed and
validated snapshot lacks is *missing*: still published, still counted. It is *withdrawn* only when several
snapshots in a row lacked it and some time has passed, and never too many at once. Pure: no clock, no storage.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(days=7)
"""Losses are added up, and comings and goings counted, over this time."""
FLAPPING_FROM = 3
"""A record that went missing this often within :data:`WINDOW` is reported as flapping."""


@dataclass(frozen=True, slots=True)
class Grace:
    """Snapshots in a row, and time since the first of them, before an absent record is withdrawn."""

    runs: int = 3
    period: timedelta = timedelta(hours=24)


NO_GRACE = Grace(1, timedelta(0))
"""Absent records leave at once: an operator has decided."""


@dataclass(frozen=True, slots=True)
class Absence:
    """What is remembered of a record that is or was missing.

    ``since`` None: it is back, and only the count of its absences is kept. ``times`` counts how often it went
    missing since ``counted_since``.
    """

    since: datetime | None
    runs: int
    times: int
    counted_since: datetime

    @property
    def is_missing(self) -> bool:
        """True while the portal does not list the record."""
        return self.since is not None


def confirm(before: Absence | None, now: datetime) -> Absence:
    """Return the absence of a record after one more snapshot without it."""
    if before is None:
        return Absence(now, 1, 1, now)
    if before.since is not None:
        return Absence(before.since, before.runs + 1, before.times, before.counted_since)
    if now - before.counted_since > WINDOW:
        return Absence(now, 1, 1, now)
    return Absence(now, 1, before.times + 1, before.counted_since)


def is_due(absence: Absence, grace: Grace, now: datetime) -> bool:
    """Tell whether a missing record is to be withdrawn; a clock that went back only makes it wait."""
    return absence.since is not None and absence.runs >= grace.runs and now - absence.since >= grace.period


def is_flapping(absence: Absence) -> bool:
    """Tell whether a record comes and goes."""
    return absence.times >= FLAPPING_FROM


def leave_at_most(stored: int, records: int, percent: float) -> int:
    """Return how many of ``stored`` records may leave in one run: the larger of a number and a share.

    Without this bound, records that went missing on different days could all fall due in the first run after
    a long stop.
    """
    return max(records, int(stored * percent / 100))
