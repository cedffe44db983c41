"""How far the ledger of a FIM portal source has come, as text: last change seen, last full walk.

Why: the portal has no stream position and no list of deletions, so a stamp and a calendar stand in for them.
Must not know requests or items.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson


@dataclass(frozen=True, slots=True)
class Position:
    """Where the ledger stands. Instants are aware UTC.

    ``since`` is the latest change seen (None: no item had a stamp), ``walked_at`` the start of the last full
    walk, ``tail`` a fingerprint of the changes last seen.
    """

    since: datetime | None
    walked_at: datetime
    tail: str = ""

    def write(self) -> str:
        """Return the text that stands in the ledger."""
        since = self.since.isoformat() if self.since else None
        return orjson.dumps([since, self.walked_at.isoformat(), self.tail]).decode()

    @property
    def walk(self) -> str:
        """Identity of the full walk everything rests on."""
        return self.walked_at.isoformat()

    def moved(self, since: datetime | None, tail: str) -> Position:
        """Return the position after changes; ``since`` never goes back."""
        known = [moment for moment in (self.since, since) if moment is not None]
        return replace(self, since=max(known, default=None), tail=tail)


def read_position(text: str) -> Position | None:
    """Return the position of a ledger, or None when there is none that can be read."""
    try:
        since, walked_at, tail = orjson.loads(text)
        return Position(
            datetime.fromisoformat(since).astimezone(UTC) if since else None,
            datetime.fromisoformat(walked_at).astimezone(UTC),
            str(tail),
        )
    except (ValueError, TypeError):
        return None


def fingerprint(*parts: str) -> str:
    """Return a short digest."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
