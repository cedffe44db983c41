"""The note about a held release in the state folder, so that a restart does not begin the hold anew.

Must not know why a release is held.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from syncd.errors import StorageError
from syncd.pipeline.hold import Held

HOLD_FILE = "held-release.json"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class HoldFile:
    """A small JSON file, replaced whole."""

    path: Path

    def load(self) -> Held | None:
        """Return the hold; None when there is none or the note cannot be read."""
        try:
            note = json.loads(self.path.read_text("utf-8"))
            since = datetime.fromisoformat(note["since"]).astimezone(UTC)
            return Held(since, int(note["release"]), tuple(map(str, note["shifts"])))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("hold_unreadable", path=str(self.path), reason=str(error), fix="Remove the file.")
            return None

    def save(self, held: Held | None) -> None:
        """Remember the hold, or forget it; raises StorageError when the disk refuses."""
        try:
            if held is None:
                self.path.unlink(missing_ok=True)
                return
            note = {"since": held.since.isoformat(), "release": held.release, "shifts": list(held.shifts)}
            draft = self.path.with_suffix(".new")
            draft.write_text(json.dumps(note, indent=1, ensure_ascii=False), encoding="utf-8")
            draft.replace(self.path)
        except OSError as error:
            message = f"the note about the held release cannot be written ({error.strerror})"
            raise StorageError(message, where=str(self.path)) from error
