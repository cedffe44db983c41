"""Which month or day ended last, in the zone of the readers."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from syncd.rules.periods import ended_period

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "every", "name", "ended_at"),
    [
        ("2026-11-23T01:30:00", "month", "2026-10", "2026-10-31T23:00:00"),
        ("2026-10-31T22:59:59", "month", "2026-09", "2026-09-30T22:00:00"),
        ("2026-10-31T23:00:00", "month", "2026-10", "2026-10-31T23:00:00"),
        ("2027-01-01T00:00:00", "month", "2026-12", "2026-12-31T23:00:00"),
        ("2026-11-23T01:30:00", "day", "2026-11-22", "2026-11-22T23:00:00"),
        # The day on which clocks are set back has 25 hours.
        ("2026-10-25T23:30:00", "day", "2026-10-25", "2026-10-25T23:00:00"),
        ("2026-10-25T21:30:00", "day", "2026-10-24", "2026-10-24T22:00:00"),
    ],
)
def test_the_period_that_ended_last(now: str, every: str, name: str, ended_at: str) -> None:
    found = ended_period(datetime.fromisoformat(now).replace(tzinfo=UTC), BERLIN, every)
    assert (found.name, found.ended_at) == (name, datetime.fromisoformat(ended_at).replace(tzinfo=UTC))
