"""One walk through a portal: everything, or only what changed since the last one.

Why: the ledger lives on and takes a document in only where it continues the position reached, so every
document says where it begins and ends. The position also carries the newest stamp seen and how many runs ago
everything was fetched; there is no clock in a connector. Must not know HTTP or records.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from syncd.sdk.text import instant_or_none

if TYPE_CHECKING:
    from connectors.generic.fetch_tables import Since
    from syncd.sdk.connector import Document


@dataclass(slots=True)
class Walk:
    """State of one walk. ``since`` is the value of the query parameter, empty for everything."""

    position: str
    stamp: str
    runs: int
    since: str = ""
    number: int = 0

    @classmethod
    def begin(cls, table: Since | None, position: str) -> Walk:
        """Decide between everything and changes; ``position`` is the one the ledger has reached."""
        stamp, runs = _read(position)
        moment = instant_or_none(stamp)
        if table is None or moment is None or runs + 1 >= table.full_walk_every:
            return cls("", "", 0)
        since = moment - timedelta(seconds=table.overlap_seconds)
        return cls(position, stamp, runs + 1, since.strftime("%Y-%m-%dT%H:%M:%SZ"))

    @property
    def is_whole(self) -> bool:
        """Whether everything is fetched."""
        return not self.since

    def step(self, document: Document, stamp: str) -> Document:
        """Return the document with the positions it continues and leads to."""
        self.number += 1
        self.stamp = max(self.stamp, stamp)
        after = json.dumps({"n": self.number, "runs": self.runs, "stamp": self.stamp}, sort_keys=True)
        if after == self.position:
            # A walk of changes may end on the words on which it began.
            self.number += 1
            after = json.dumps({"n": self.number, "runs": self.runs, "stamp": self.stamp}, sort_keys=True)
        context = {
            **document.context,
            "walk": "all" if self.is_whole else "changes",
            "position_from": self.position,
            "position_to": after,
        }
        self.position = after
        return replace(document, context=context)


def _read(position: str) -> tuple[str, int]:
    try:
        said = json.loads(position or "{}")
        return str(said.get("stamp", "")), int(said.get("runs", 0))
    except (ValueError, TypeError, AttributeError):
        return "", 0
