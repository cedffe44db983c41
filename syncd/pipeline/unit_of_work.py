"""The unit of work as a fact that can be asked for: is a write transaction open on this thread of control?

Storage opens it, the fetching room asks, and neither knows the other. No network is awaited while it is open
(house rule with teeth): a slow portal must never hold the write lock of the database. This module must not
know what a database or a request is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from syncd.errors import InvariantViolated

OPEN: ContextVar[bool] = ContextVar("syncd_unit_of_work_open", default=False)
"""True while a write transaction is open. A thread of ``asyncio.to_thread`` has a copy of its own."""


@contextmanager
def unit_of_work() -> Iterator[None]:
    """Mark a unit of work as open; raises InvariantViolated when one is open already.

    Nesting would wait for its own write lock for ever, so it is refused here instead.
    """
    assert_no_unit_of_work("a second unit of work")
    token = OPEN.set(True)
    try:
        yield
    finally:
        OPEN.reset(token)


def assert_no_unit_of_work(what: str) -> None:
    """Raise InvariantViolated when ``what`` (network, another transaction) is tried inside a unit of work."""
    if OPEN.get():
        raise InvariantViolated(
            f"{what} was started while a write transaction is open",
            where="unit of work",
            fix="Finish the database write first; please report this with the log lines of the run.",
        )
