"""The folder of our state: who may work in it at one time, and where unfinished things lie.

Locks are the kernel's: they vanish with the process that holds them, so a ``kill -9`` leaves none behind.
This module must not know what the files in the folder mean.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from syncd.errors import ConfigError, StorageError

_WORK = "work"
_LOCKS = "locks"
_WAIT_STEP_S = 0.1


@dataclass(frozen=True, slots=True)
class StateFolder:
    """``root``: ``raw/`` (answers), ``quarantine/``, ``ledgers/``, ``canary/``, ``work/``, ``locks/``."""

    root: Path

    def make(self) -> None:
        """Make the folders; raises ConfigError when that is not possible."""
        try:
            for folder in (self.root, self.raw, self.root / _WORK, self.root / _LOCKS):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"the state folder cannot be used: {error.strerror}",
                where=str(self.root),
                fix="Set daemon.data_dir in syncd.toml to a folder this user may write to.",
            ) from error

    @property
    def raw(self) -> Path:
        """Folder of the kept answers of portals."""
        return self.root / "raw"

    @property
    def quarantine(self) -> Path:
        """Folder of the bytes of records that could not be used, made when there are any."""
        return self.root / "quarantine"

    @property
    def ledgers(self) -> Path:
        """Folder of the ledgers of sources that deliver changes only, made when there are any."""
        return self.root / "ledgers"

    @property
    def canary(self) -> Path:
        """Folder of the synthetic record's own database, made when it first flies."""
        return self.root / "canary"

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """Be the one daemon on this folder; raises ConfigError when there is another. Tidies up first."""
        with self._locked("daemon", wait_s=0.0) as free:
            if not free:
                raise ConfigError(
                    "another daemon runs on this state folder",
                    where=str(self.root),
                    code="daemon_running",
                    fix="Stop it first, or give this one a daemon.data_dir of its own.",
                )
            self._tidy()
            yield

    def daemon_runs(self) -> bool:
        """Tell whether a daemon works on this folder."""
        with self._locked("daemon", wait_s=0.0) as free:
            return not free

    @contextmanager
    def source(self, source_id: str) -> Iterator[None]:
        """Be the only one to bring this source up to date; raises StorageError when somebody else does."""
        with self._locked(f"source-{source_id}", wait_s=0.0) as free:
            if not free:
                raise StorageError(
                    "another process is bringing this source up to date",
                    where=source_id,
                    code="source_busy",
                    fix="Wait until it has ended; 'syncd runs' shows it.",
                )
            yield

    @contextmanager
    def rebuild(self, *, wait_s: float) -> Iterator[None]:
        """Be the only one to rebuild; blocks up to ``wait_s`` seconds, so call it in a thread."""
        with self._locked("rebuild", wait_s=wait_s) as free:
            if not free:
                raise StorageError(
                    f"another process was still rebuilding after {wait_s:g} s",
                    where=str(self.root),
                    code="rebuild_busy",
                    fix="Wait until it has ended.",
                )
            yield

    @contextmanager
    def work(self, name: str) -> Iterator[Path]:
        """Give a folder for unfinished things that is gone afterwards."""
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-{os.getpid()}-", dir=self.root / _WORK))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _locked(self, name: str, *, wait_s: float) -> Iterator[bool]:
        handle = os.open(self.root / _LOCKS / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            yield _acquired(handle, time.monotonic() + wait_s)
        finally:
            os.close(handle)

    def _tidy(self) -> None:
        """Remove what processes that are gone left unfinished."""
        for folder in (self.root / _WORK).iterdir():
            owner = folder.name.rsplit("-", 2)[-2:-1]
            if not (owner and owner[0].isdecimal() and _alive(int(owner[0]))):
                shutil.rmtree(folder, ignore_errors=True)


def _acquired(handle: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_WAIT_STEP_S)
        else:
            return True


def _alive(process: int) -> bool:
    if process == os.getpid():
        # Only leftovers can carry our own number before anything of ours began: containers start at 1 again.
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
