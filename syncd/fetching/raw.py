"""Bodies kept under the name of their content, so that a 304 can be answered from our own copy.

One folder per source, one file per SHA-256. A file appears whole or not at all (rename after fsync). Must not
know HTTP or runs.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import time
from typing import TYPE_CHECKING

from syncd.errors import ConfigError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class RawBodies:
    """The kept bodies of one source in ``root / source_id``; all calls do file work and belong in threads."""

    def __init__(self, root: Path, source_id: str) -> None:
        if not _SAFE_NAME.fullmatch(source_id):
            message = f"'{source_id}' cannot name a folder (lower-case letters, digits, '_', '-', '.')"
            raise ConfigError(message, where="source id")
        self.folder = root / source_id

    def path_of(self, sha256: str) -> Path:
        """Return where the body with that hash is or would be; raises StorageError for anything else."""
        if not _SHA256.fullmatch(sha256):
            raise StorageError(f"'{sha256[:80]}' is no SHA-256", where=str(self.folder))
        return self.folder / sha256

    def holds(self, sha256: str, size: int) -> bool:
        """Tell whether the body is there and still has the bytes its name promises."""
        path = self.path_of(sha256)
        try:
            if path.stat().st_size != size:
                return False
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except OSError:
            return False

    def age_s(self, sha256: str) -> float:
        """Return for how many seconds the body has been here; endless when it is not."""
        try:
            return time.time() - self.path_of(sha256).stat().st_mtime
        except OSError:
            return math.inf

    def adopt(self, temporary: Path, sha256: str) -> Path:
        """Move a complete body here and return its place; safe against power loss."""
        target = self.path_of(sha256)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _sync(temporary)
            temporary.replace(target)
            _sync(self.folder)
        except OSError as error:
            message = f"The body could not be kept ({error.strerror})."
            raise StorageError(message, where=str(self.folder)) from error
        return target

    def prune(self, keep: Iterable[str]) -> int:
        """Remove all bodies but those with these hashes; returns how many went."""
        kept = set(keep)
        removed = 0
        if not self.folder.is_dir():
            return 0
        for path in self.folder.iterdir():
            if path.name not in kept and _SHA256.fullmatch(path.name):
                path.unlink(missing_ok=True)
                removed += 1
        return removed


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
