"""Database errors leave this room as syncd's own, with a cause in words and without data or passwords.

This module must not know any table or statement; it reads only the error the driver raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from syncd.errors import InvariantViolated, StorageError, SyncdError

WHERE = "database"
_MESSAGE_LIMIT = 300
_FIXES = (
    # (what the drivers say, our code, what to do)
    ("database is locked", "storage_busy", "Another process writes to the same database; wait or stop it."),
    ("lock timeout", "storage_busy", "Another process writes to the same database; wait or stop it."),
    ("deadlock", "storage_busy", "Another session locks our tables in another order; the run is repeated."),
    ("serialize", "storage_busy", "Another session changes our tables; the run is repeated by itself."),
    ("statement timeout", "storage_slow", "Check the load of the database server; the run is repeated."),
    (
        "stayed silent",
        "storage_slow",
        "See whether the database server is frozen or overloaded; the run is repeated by itself.",
    ),
    (
        "is full",
        "storage_full",
        "Free disk space; nothing was half-written and the run is repeated by itself.",
    ),
    ("no space left", "storage_full", "Free disk space; nothing was half-written and the run is repeated."),
    ("readonly", "storage_read_only", "Make the database file and its folder writable for this user."),
    ("read-only", "storage_read_only", "Make the database writable for this user."),
    ("unable to open", "storage_unreachable", "Check that the file and its folder exist and are readable."),
    ("malformed", "storage_corrupt", "Stop the daemon and restore a backup with 'syncd restore FILE'."),
    ("not a database", "storage_corrupt", "Name the right file, or restore a backup: 'syncd restore FILE'."),
    ("no such table", "storage_schema", "Run 'syncd db upgrade'."),
    ("does not exist", "storage_schema", "Check the database name, then run 'syncd db upgrade'."),
    ("password", "storage_denied", "Check user and password in the database URL."),
    ("starting up", "storage_unreachable", "Wait: the database server is not ready yet."),
    ("shutting down", "storage_unreachable", "Start the database server again."),
    ("recovery mode", "storage_unreachable", "Wait: the database server recovers from a crash."),
    ("connection", "storage_unreachable", "Check that the database server runs and can be reached."),
)


@contextmanager
def translated(what: str, driver_error: type[Exception]) -> Iterator[None]:
    """Turn whatever the database raises during ``what`` into StorageError or InvariantViolated.

    ``driver_error`` is the driver's base class, for the places that use the driver directly.
    """
    try:
        yield
    except SyncdError:
        raise
    except (exc.SQLAlchemyError, driver_error, OSError, OverflowError) as error:
        raise convert(what, error) from error


def convert(what: str, error: Exception) -> SyncdError:
    """Return the error to raise for one from SQLAlchemy, the driver or the operating system."""
    original = getattr(error, "orig", None)
    cause = original if isinstance(original, Exception) else error
    if isinstance(cause, SyncdError):
        return cause
    message = f"{what}: {_first_line(cause)}"
    if _is_integrity_problem(error) or isinstance(cause, OverflowError):
        return InvariantViolated(message, where=WHERE)
    if isinstance(error, exc.TimeoutError):
        fix = "Too many long reads at once; close some or wait."
        return StorageError(f"{what}: no free connection", where=WHERE, fix=fix, code="storage_busy")
    lowered = str(cause).lower()
    for said, code, fix in _FIXES:
        if said in lowered:
            return StorageError(message, where=WHERE, fix=fix, code=code)
    return StorageError(message, where=WHERE)


def _is_integrity_problem(error: Exception) -> bool:
    return isinstance(error, exc.IntegrityError) or any(
        kind.__name__ == "IntegrityError" for kind in type(error).__mro__
    )


def _first_line(error: Exception) -> str:
    """Return what the database said, without the DETAIL lines that quote data."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    text = primary or str(error) or type(error).__name__
    return text.strip().partition("\n")[0][:_MESSAGE_LIMIT]
