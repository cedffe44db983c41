"""Looks whether a SQLite file is sound before anything is published from it.

SQLite notices damage only where it happens to read. A start therefore reads the structure of the whole file:
always when that takes a second or so, and whatever its size when the last process did not close it properly.
PostgreSQL has page checksums of its own. This module must not know any table.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from syncd.errors import StorageError

if TYPE_CHECKING:
    from syncd.storage.database import Database

ALWAYS_UP_TO_BYTES = 256 * 1024 * 1024
"""Size of a file that is looked at on every start."""
_FIX = "Stop the daemon and restore a backup with 'syncd restore FILE'; nothing is published from this file."


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
