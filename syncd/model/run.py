"""Runs: one attempt to bring a source up to date, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class RunOutcome(StrEnum):
    """The four outcomes, plus the two states a run has before it ends properly."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    UNCHANGED = "unchanged"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def is_good(self) -> bool:
        """True when the source has spoken: its data is current as of this run."""
        return self in {RunOutcome.UNCHANGED, RunOutcome.ACCEPTED}


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What one run saw and did, in records; ``issues`` counts findings, ``quarantined`` refused records."""

    received: int = 0
    unchanged: int = 0
    added: int = 0
    changed: int = 0
    withdrawn: int = 0
    quarantined: int = 0
    issues: int = 0
    bytes_read: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt. ``reason`` and ``fix`` are sentences for the operator; ``code`` is stable."""

    run_id: int
    source_id: str
    started_at: datetime
    outcome: RunOutcome
    ended_at: datetime | None = None
    counts: RunCounts = RunCounts()
    code: str = ""
    reason: str = ""
    fix: str = ""
    trigger: str = "schedule"


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of a source between runs; the age shown everywhere comes from ``last_good_at``.

    ``missing`` of its ``records`` are no longer listed by the portal, but not withdrawn yet. ``first_run_at``
    is when the oldest run that is kept began.
    """

    source_id: str
    last_run: Run | None = None
    last_good_at: datetime | None = None
    last_good_run_id: int | None = None
    records: int = 0
    consecutive_failures: int = 0
    retired: bool = False
    missing: int = 0
    first_run_at: datetime | None = None
