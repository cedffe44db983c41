"""Looks whether a SQLite file, and every stored record, is sound before anything is published from it.

SQLite notices damage only where it happens to read. A start therefore reads the structure of the whole file:
always when that takes a second or so, and whatever its size when the last process did not close it properly.
PostgreSQL has page checksums of its own. A flipped bit inside a value breaks no structure; records carry the
hash of their payload, and whoever reads one compares. This module must not know any table.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from syncd.errors import StorageError
from syncd.pipeline.codec import short_hash

if TYPE_CHECKING:
    from syncd.storage.database import Database

ALWAYS_UP_TO_BYTES = 256 * 1024 * 1024
"""Size of a file that is looked at on every start."""
_FIX = "Stop the daemon and restore a backup with 'syncd restore FILE'; nothing is published from this file."


_RECORD_FIX = (
    "Check the disk, then restore a backup with 'syncd restore FILE'; the last release stays published."
)


def require_whole(source_id: str, native_id: str, content_hash: bytes, payload: bytes) -> None:
    """Raise StorageError ``storage_corrupt`` unless a payload read back is the one that was hashed."""
    if short_hash(payload) != content_hash:
        raise StorageError(
            f"record {native_id[:80]} of {source_id} is damaged: it does not match its hash any more",
            where="database",
            fix=_RECORD_FIX,
            code="storage_corrupt",
        )


def wants_a_look(path: Path | None) -> bool:
    """Tell whether a file is to be checked; has to be asked before the file is opened.

    A write-ahead log that is still there says that the last process was killed, or that one is running.
    """
    if path is None or not path.exists():
        return False
    size = path.stat().st_size
    if size == 0:
        return False
    return size <= ALWAYS_UP_TO_BYTES or path.with_name(f"{path.name}-wal").exists()


def require_sound(database: Database) -> None:
    """Raise StorageError ``storage_corrupt`` unless pages, trees and values of the file hold together."""
    with database.read("checking the database") as connection:
        findings = connection.exec_driver_sql("PRAGMA quick_check(1)").scalars().all()
    if findings != ["ok"]:
        first = str(findings[0] if findings else "no answer").replace("\n", " ")
        raise StorageError(
            f"the database is damaged: {first[:200]}",
            where=database.label,
            fix=_FIX,
            code="storage_corrupt",
        )
