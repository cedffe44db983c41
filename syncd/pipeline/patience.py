"""How long whoever asked is willing to wait, as a fact that can be asked for.

A question that nobody waits for any more must not go on: it would keep a thread and the processor from those
who still wait. The web room says until when an answer is of use, storage looks at it between two handfuls of
rows, and neither knows the other. Nobody hurries the command line. This module must not know what is asked.
"""

from __future__ import annotations

from contextvars import ContextVar
from time import monotonic

from syncd.errors import ConfigError

UNTIL: ContextVar[float | None] = ContextVar("syncd_patience_until", default=None)
"""Instant of the monotonic clock; None waits for ever. A thread needs a context of its own."""


class QuestionTooLarge(ConfigError):
    """The question needs more time than an answer may take."""

    code = "question_too_large"
    default_fix = (
        "Ask for a smaller area, a single service or smaller pages, or ask with 'syncd' on the command line."
    )


def wait_at_most(seconds: float) -> None:
    """Let reading in this context end after so many seconds from now."""
    UNTIL.set(monotonic() + seconds)


def assert_patience() -> None:
    """Raise QuestionTooLarge when nobody waits any more."""
    until = UNTIL.get()
    if until is not None and monotonic() > until:
        raise QuestionTooLarge("working out the answer takes longer than one may take here")
