"""One walk through a portal: everything, or only what changed since the last one.

Why: the ledger lives on and takes a document in only where it continues the position reached, so every
document says where it begins and ends. A position names what was read by its content, so that what an
operator decides on cannot be confused with what came later. It also carries the newest stamp seen and how
many runs ago everything was fetched; there is no clock in a connector. Must not know HTTP or records.
"""

from __future__ import annotations

import hashlib
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

    profile: str
    position: str = ""
    stamp: str = ""
    runs: int = 0
    since: str = ""

    @classmethod
    def begin(cls, table: Since | None, position: str, profile: str) -> Walk:
        """Decide between everything and changes.

        ``position`` is the one the ledger has reached, ``profile`` a digest of how documents are read: what
        was read in another way is read again.
        """
        stamp, runs, known = _read(position)
        moment = instant_or_none(stamp)
        if table is None or moment is None or known != profile or runs + 1 >= table.full_walk_every:
            return cls(profile)
        since = moment - timedelta(seconds=table.overlap_seconds)
        return cls(profile, position, stamp, runs + 1, since.strftime("%Y-%m-%dT%H:%M:%SZ"))

    @property
    def is_whole(self) -> bool:
        """Whether everything is fetched."""
        return not self.since

    @property
    def prefix(self) -> str:
        """What names of documents begin with: two walks of changes are never the same documents."""
        return "" if self.is_whole else f"changes-{self.runs}-"

    def step(self, document: Document, stamp: str) -> Document:
        """Return the document with the positions it continues and leads to."""
        self.stamp = max(self.stamp, stamp)
        digest = hashlib.sha256(f"{self.position} {document.name} {document.sha256}".encode()).hexdigest()
        reached = {"digest": digest[:32], "profile": self.profile, "runs": self.runs, "stamp": self.stamp}
        after = json.dumps(reached, sort_keys=True)
        context = {
            **document.context,
            "walk": "all" if self.is_whole else "changes",
            "position_from": self.position,
            "position_to": after,
        }
        self.position = after
        return replace(document, context=context)


def _read(position: str) -> tuple[str, int, str]:
    """Return stamp, runs and profile of a position; nothing of one that is not ours."""
    try:
        said = json.loads(position or "{}")
        return str(said.get("stamp", "")), int(said.get("runs", 0)), str(said.get("profile", ""))
    except (ValueError, TypeError, AttributeError):
        return "", 0, ""
