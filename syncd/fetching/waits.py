"""How long portals asked us to leave them alone, kept beyond the end of the process.

Waiting counts in true time, so no wall clock shortens it; only over a restart the wall clock is all there is.
Must not know requests or why a portal asked.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)


class Waits:
    """Remembers by origin until when nobody may ask; ``path`` is the note that outlives us, None keeps none.

    ``longest_s`` bounds what is read from the note: a clock that was set back must not silence us for years.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        longest_s: float = 86_400.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._clock = clock
        self._until: dict[str, float] = {}
        if path is not None:
            self._read(path, longest_s)

    def left_s(self, origin: str) -> float:
        """Return the seconds that are left for an origin; 0 when it may be asked."""
        return max(0.0, self._until.get(origin, 0.0) - self._clock())

    def ask(self, origin: str, seconds: float) -> None:
        """Take what a portal has just asked for; it replaces what it said before."""
        self._until[origin] = self._clock() + seconds

    def keep(self) -> None:
        """Write the note; a disk that refuses costs no more than the memory of this over a restart."""
        if self._path is None:
            return
        now = datetime.now(UTC).timestamp()
        note = {origin: now + left for origin in self._until if (left := self.left_s(origin))}
        draft = self._path.with_suffix(".new")
        try:
            draft.write_text(json.dumps(note, indent=1, sort_keys=True), encoding="utf-8")
            draft.replace(self._path)
        except OSError as error:
            _log.info("waits_not_kept", path=str(self._path), reason=error.strerror)

    def _read(self, path: Path, longest_s: float) -> None:
        try:
            note = json.loads(path.read_text("utf-8"))
            ends = {str(origin): float(at) for origin, at in note.items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, AttributeError, TypeError) as error:
            # Asking once too early is the harm; the portal will say it again.
            _log.info("waits_unreadable", path=str(path), reason=str(error))
            return
        now = datetime.now(UTC).timestamp()
        for origin, at in ends.items():
            if at > now:
                self.ask(origin, min(at - now, longest_s))
