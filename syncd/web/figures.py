"""Numbers, days and ages as people write them, in German and English.

The API says everything in UTC and plain digits; only the pages use this. Must not read a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from syncd.rules.words import number

if TYPE_CHECKING:
    from datetime import date, datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_UNITS = {
    "de": ((_DAY, "Tag", "Tagen"), (_HOUR, "Stunde", "Stunden"), (_MINUTE, "Minute", "Minuten")),
    "en": ((_DAY, "day", "days"), (_HOUR, "hour", "hours"), (_MINUTE, "minute", "minutes")),
}
_TWO = 2


@dataclass(frozen=True, slots=True)
class Figures:
    """Writes figures in one language and one time zone."""

    language: str
    zone: ZoneInfo

    def number(self, value: int) -> str:
        """Return 1.234.567 in German, 1,234,567 in English."""
        return number(value, self.language)

    def percent(self, share: float) -> str:
        """Return a share of 0..1 in whole per cent; a little is never nothing, and almost all is not all."""
        percent = round(100 * share)
        if share > 0 and percent == 0:
            text = "< 1"
        elif share < 1 and percent == 100:  # noqa: PLR2004 - per cent
            text = "> 99"
        else:
            text = str(percent)
        return f"{text}\N{NARROW NO-BREAK SPACE}%"

    def moment(self, at: datetime) -> str:
        """Return an instant in the zone of the readers: 26.11.2026, 13:00 Uhr."""
        local = at.astimezone(self.zone)
        if self.language == "de":
            return f"{local:%d.%m.%Y}, {local:%H:%M} Uhr"
        return f"{local.day} {local:%b %Y}, {local:%H:%M} ({local:%Z})"

    def day(self, at: datetime) -> str:
        """Return the day of an instant in the zone of the readers: 26.11.2026."""
        local = at.astimezone(self.zone)
        return f"{local:%d.%m.%Y}" if self.language == "de" else f"{local.day} {local:%b %Y}"

    def date(self, day: date) -> str:
        """Return a day that belongs to no zone: 26.11.2026."""
        return f"{day:%d.%m.%Y}" if self.language == "de" else f"{day.day} {day:%b %Y}"

    def age(self, seconds: int) -> str:
        """Return an age in the largest unit that counts at least two, so that nothing is rounded away."""
        for size, one, many in _UNITS[self.language]:
            number = seconds // size
            if number >= _TWO or (number == 1 and size == _MINUTE):
                unit = one if number == 1 else many
                return f"vor {number} {unit}" if self.language == "de" else f"{number} {unit} ago"
        return "gerade eben" if self.language == "de" else "just now"
