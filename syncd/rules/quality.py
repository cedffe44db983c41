"""How good a source's data is, as one letter with its reasons.

A simple rule that anybody can recompute: a source begins with A and loses letters for what its last runs
show. Data that is too old is worth E whatever else holds. Only good runs are looked at for what they held;
every ended run counts for how often the source fails. Must not know where runs come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from syncd.model.run import Run, RunOutcome

LAST_RUNS = 10
"""Runs that are looked at."""
_LETTERS = "ABCDE"


class _Steps(NamedTuple):
    """Above ``one`` a letter is lost, above ``two`` two."""

    one: float
    two: float

    def lost(self, value: float) -> int:
        return (value > self.one) + (value > self.two)


# Shares in percent; findings per record.
_FAILED = _Steps(20.0, 50.0)
_UNUSABLE = _Steps(1.0, 5.0)
_FINDINGS = _Steps(0.5, 2.0)
_KEYLESS = _Steps(5.0, 25.0)


@dataclass(frozen=True, slots=True)
class Quality:
    """A letter from A to E, and why it is no A: stable code → figure it was judged by."""

    grade: str
    reasons: tuple[tuple[str, float], ...] = ()


def quality_of(runs: Sequence[Run], *, fresh: bool, records: int, keyless: int) -> Quality | None:
    """Judge a source by its last runs, newest first; None before the first good one.

    ``keyless`` of its ``records`` carry no official key. Reasons are ``stale`` (1), ``runs_failed`` and
    ``unusable_records`` (percent), ``findings`` (per record that was read), ``without_key`` (percent).
    """
    ended = [run for run in runs if run.outcome not in {RunOutcome.RUNNING, RunOutcome.INTERRUPTED}]
    ended = ended[:LAST_RUNS]
    good = [run.counts for run in ended if run.outcome.is_good]
    if not good:
        return Quality("E", (("stale", 1.0),)) if records and not fresh else None
    received = sum(counts.received for counts in good)
    read = sum(counts.added + counts.changed + counts.quarantined for counts in good)
    judged = (
        ("runs_failed", _FAILED, _percent(len(ended) - len(good), len(ended))),
        ("unusable_records", _UNUSABLE, _percent(sum(c.quarantined for c in good), received)),
        ("findings", _FINDINGS, sum(c.issues for c in good) / read if read else 0.0),
        ("without_key", _KEYLESS, _percent(keyless, records)),
    )
    reasons = [(code, round(value, 2)) for code, steps, value in judged if steps.lost(value)]
    lost = sum(steps.lost(value) for _, steps, value in judged)
    if not fresh:
        return Quality("E", (("stale", 1.0), *reasons))
    return Quality(_LETTERS[min(lost, len(_LETTERS) - 1)], tuple(reasons))


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else 0.0
