"""Proof that the whole chain works, also while no portal is due: a synthetic record, once an hour.

It flies in a process and a database of its own (:mod:`syncd.daemon.canary_run`), so that no room needs an
exception for it. This module must not know what the flight consists of.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_log = structlog.get_logger(__name__)
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TMPDIR", "TZDIR")
"""Of the environment; nothing that may hold a secret."""
LONGEST_S = 300.0


@dataclass(slots=True)
class Canary:
    """Sends the synthetic record on its way; ``folder`` is its own and is emptied each time."""

    folder: Path
    clock: Callable[[], float] = time.monotonic
    longest_s: float = LONGEST_S
    _arrived: float = field(init=False)

    def __post_init__(self) -> None:
        """Count from now."""
        self._arrived = self.clock()

    def age_s(self) -> float:
        """Return the seconds of true time since it last arrived in a release, or since the start."""
        return self.clock() - self._arrived

    async def fly(self) -> bool:
        """Send it once and wait; logs the alarm when it does not arrive. Returns whether it did."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "syncd.daemon.canary_run",
            str(self.folder),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self.longest_s):
                seconds, words = await process.communicate()
        except TimeoutError:
            seconds, words = b"", f"it was not back after {self.longest_s:g} s".encode()
        finally:
            if process.returncode is None:
                # With its parse worker: they are a group of their own.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, 9)
                await process.wait()
        if process.returncode == 0:
            self._arrived = self.clock()
            _log.info("canary_arrived", seconds=float(seconds))
            return True
        _log.error(
            "canary_lost",
            reason=words.decode(errors="replace").strip()[-2_000:],
            age_seconds=round(self.age_s()),
            fix="A synthetic record did not get from a portal on this machine to a release of its own: "
            "look for a full disk, exhausted memory or a damaged installation.",
        )
        return False


def _environment() -> dict[str, str]:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return environment | {
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        "PYTHONUTF8": "1",
    }
