"""One log line per ended run, the same whoever started it. Must not know how a run is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from syncd.model.run import Run

_log = structlog.get_logger(__name__)


def report_run(run: Run) -> None:
    """Log how a run ended: ``run_`` and its outcome, as a warning unless it was good."""
    event = f"run_{run.outcome.value}"
    log = _log.info if run.outcome.is_good else _log.warning
    counts = run.counts
    log(
        event,
        code=run.code,
        reason=run.reason,
        received=counts.received,
        added=counts.added,
        changed=counts.changed,
        withdrawn=counts.withdrawn,
        quarantined=counts.quarantined,
    )
