"""Findings are all counted and only some kept."""

from __future__ import annotations

import pytest

from syncd.fetching.findings import KEPT, KEPT_PER_CODE, Findings, writable
from syncd.model.issue import Issue


def test_one_noisy_kind_does_not_hide_the_others() -> None:
    findings = Findings()
    for number in range(5_000):
        findings.add(Issue("noisy", "message", where=str(number)))
    findings.add(Issue("quiet", "message"))
    assert findings.counts == {"noisy": 5_000, "quiet": 1}
    assert len(findings.kept) == KEPT_PER_CODE + 1
    for number in range(50):
        findings.extend([Issue(f"kind{number}", "message")] * KEPT_PER_CODE)
    assert len(findings.kept) == KEPT


@pytest.mark.fault("F11")
def test_unknown_fields_become_one_finding_per_name() -> None:
    findings = Findings()
    findings.count_fields({"neu": 2, "other": 1})
    findings.count_fields({"neu": 3})
    findings.close()
    assert [(issue.where, issue.value) for issue in findings.kept] == [
        ("neu", "5 times"),
        ("other", "1 times"),
    ]
    findings.count_fields({f"f{number}": 1 for number in range(10_000)})
    findings.close()
    assert findings.counts["unknown_field"] < 1_000


@pytest.mark.fault("F7")
def test_texts_can_be_written() -> None:
    assert writable("Bürger \ud800") == "Bürger \\ud800"
    assert writable("a\x00b\x1b[2J\n\u202e") == "a\\x00b\\x1b[2J\\n\\u202e"
