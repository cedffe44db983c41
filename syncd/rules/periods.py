"""Calendar months and days as people count them, in their zone: which one ended last, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar month (``2026-10``) or day (``2026-10-31``); ``ended_at`` is when it was over (UTC)."""

    name: str
    ended_at: datetime


def ended_period(now: datetime, zone: ZoneInfo, every: str) -> Period:
    """Return the last ``month`` or ``day`` that was over at an aware instant."""
    today = now.astimezone(zone).date()
    begun = today.replace(day=1) if every == "month" else today
    before = begun - timedelta(days=1)
    name = f"{before:%Y-%m}" if every == "month" else before.isoformat()
    return Period(name, datetime.combine(begun, time(), zone).astimezone(UTC))
