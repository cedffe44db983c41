"""What is remembered beside the data: what earlier runs say of a source, and what operators decided.

Plain values between storage and the use cases; must not know how they are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SourceHistory:
    """What earlier runs of a source say about the snapshot at hand.

    ``received`` are the records of up to ten good runs, newest first, none older than the last run for which
    limits were waived (``waived_run_id``). ``refused_same`` counts the refused runs with the same content
    since the last other answer, ``refused_since`` is when the first of them began; ``rejected`` says that an
    operator has rejected this content. ``stated_at`` and ``identity`` are those last accepted.
    """

    received: tuple[int, ...] = ()
    waived_run_id: int = 0
    refused_same: int = 0
    refused_since: datetime | None = None
    rejected: bool = False
    stated_at: datetime | None = None
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an operator decided: ``kind`` is accept, reject, accept_loss or retire."""

    source_id: str
    run_id: int | None
    kind: str
    reason: str
    decided_by: str
    decided_at: datetime
