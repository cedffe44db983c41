"""Gives one process a wall clock of its own that a test may set while it runs, by way of libfaketime.

Only the wall clock lies: true time, on which the daemon counts, goes on as it does in the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

_PLACES = ("/usr/lib", "/usr/lib64")
_NAME = "faketime/libfaketime.so.1"


class FaketimeUnavailableError(Exception):
    """The library is not installed."""


class WallClock:
    """The wall clock of the processes that get :attr:`environment`."""

    def __init__(self, file: Path) -> None:
        """Begin with the right time; ``file`` says how wrong the clock is."""
        found = [path for place in _PLACES for path in sorted(Path(place).glob(f"**/{_NAME}"))]
        if not found:
            message = "libfaketime is not installed"
            raise FaketimeUnavailableError(message)
        self._library, self._file = found[0], file
        self.set(timedelta(0))

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables that make a process believe this clock."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set(self, offset: timedelta) -> None:
        """Let the clock be this wrong from now on."""
        # Renamed into place: a process that reads it in between must not find half a number.
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{offset.total_seconds():+.0f}")
        fresh.rename(self._file)

    def set_to(self, moment: datetime) -> None:
        """Let the clock show this moment now and go on from there."""
        self.set(moment - datetime.now(UTC))
