"""Repeats a whole unit of work that failed through no fault of its own, a few times and not at once.

Deadlocks, serialisation failures and lock limits end a transaction that would have come through alone. When
the connection is lost, COMMIT included, nobody knows whether it came through: only work that may be done
twice is repeated then. A server that stays silent is not asked again; that would only add up the waits. This
module must not know what the work is.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from syncd.errors import StorageError

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 3
PAUSE_S = 0.25
"""Pause before the second try, doubled before the third; each is stretched at random by up to its length."""
_CONFLICTS = {"40001", "40P01", "55P03"}
"""PostgreSQL's SQLSTATE of serialisation failure, deadlock and lock limit (appendix A of its manual)."""


def repeated(*, after_loss: bool) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Repeat a method of the store after conflicts; ``after_loss`` says that doing it twice is harmless."""

    def decorate(method: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(method)
        def work(*args: P.args, **kwargs: P.kwargs) -> R:
            for tried in range(TRIES - 1):
                try:
                    return method(*args, **kwargs)
                except StorageError as error:
                    if not (is_conflict(error) or (after_loss and is_loss(error))):
                        raise
                    time.sleep(PAUSE_S * 2**tried * (1 + random.random()))  # noqa: S311 - no secret
            return method(*args, **kwargs)

        return work

    return decorate


def is_conflict(error: StorageError) -> bool:
    """Tell whether another transaction was in the way, and this one was rolled back."""
    return _sqlstate(error) in _CONFLICTS


def is_loss(error: StorageError) -> bool:
    """Tell whether the connection to a server was lost, or could not be made."""
    return error.code == "storage_unreachable" and _sqlstate(error) is not None


def _sqlstate(error: StorageError) -> str | None:
    """Return the SQLSTATE; empty where the server said none, None where there is no server (SQLite)."""
    cause = error.__cause__
    original: object = getattr(cause, "orig", None) or cause
    return (getattr(original, "sqlstate", "") or "") if hasattr(original, "sqlstate") else None
