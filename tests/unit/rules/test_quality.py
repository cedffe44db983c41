"""The letter of a source, by table."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from syncd.model.run import Run, RunCounts, RunOutcome
from syncd.rules.quality import quality_of

AT = datetime(2026, 11, 22, tzinfo=UTC)


def run(outcome: RunOutcome = RunOutcome.ACCEPTED, **counts: int) -> Run:
    return Run(1, "s", AT, outcome, AT, RunCounts(**{"received": 100, **counts}))


GOOD, BAD, OPEN = run(), run(RunOutcome.FAILED), run(RunOutcome.RUNNING)


@pytest.mark.parametrize(
    ("runs", "facts", "grade", "reasons"),
    [
        ([GOOD], {}, "A", set()),
        ([OPEN, GOOD], {}, "A", set()),
        ([GOOD], {"fresh": False}, "E", {"stale"}),
        ([GOOD] * 7 + [BAD] * 3, {}, "B", {"runs_failed"}),
        ([BAD] * 6 + [GOOD] * 4, {}, "C", {"runs_failed"}),
        ([GOOD] * 10 + [BAD] * 10, {}, "A", set()),
        ([run(quarantined=2)], {}, "B", {"unusable_records"}),
        ([run(quarantined=6)], {}, "C", {"unusable_records"}),
        ([run(added=10, issues=6)], {}, "B", {"findings"}),
        ([run(added=10, issues=30)], {}, "C", {"findings"}),
        ([GOOD], {"keyless": 6}, "B", {"without_key"}),
        ([GOOD], {"keyless": 30}, "C", {"without_key"}),
        ([run(quarantined=6, issues=900, added=10)], {"keyless": 60}, "E", None),
        ([BAD], {"fresh": False}, "E", {"stale"}),
    ],
)
def test_grades(runs: list[Run], facts: dict[str, int], grade: str, reasons: set[str] | None) -> None:
    fresh = bool(facts.get("fresh", True))
    found = quality_of(runs, fresh=fresh, records=100, keyless=facts.get("keyless", 0))
    assert found is not None
    assert found.grade == grade
    assert reasons is None or {code for code, _ in found.reasons} == reasons


def test_a_source_that_never_spoke_has_no_grade() -> None:
    assert quality_of([BAD, OPEN], fresh=False, records=0, keyless=0) is None
