"""The acceptance rule, by table: what may replace the last good snapshot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.run import RunOutcome
from syncd.rules.accept import AcceptLimits, SnapshotFacts, accept

LIMITS = AcceptLimits()


def facts(**changes: object) -> SnapshotFacts:
    base: dict[str, object] = {
        "stored": 100,
        "received": 100,
        "added": 0,
        "changed": 0,
        "withdrawn": 0,
        "quarantined": 0,
    }
    return SnapshotFacts(**{**base, **changes})  # type: ignore[arg-type]


TABLE = [
    # facts, outcome, code, withdraw
    ({}, RunOutcome.UNCHANGED, "unchanged", False),
    ({"changed": 1}, RunOutcome.ACCEPTED, "accepted", False),
    ({"stored": 0, "added": 100}, RunOutcome.ACCEPTED, "accepted", False),
    ({"received": 99, "withdrawn": 1}, RunOutcome.ACCEPTED, "accepted", True),
    ({"received": 90, "withdrawn": 10}, RunOutcome.ACCEPTED, "accepted", True),
    ({"received": 89, "withdrawn": 11}, RunOutcome.REFUSED, "snapshot_shrunken", False),
    ({"stored": 8, "received": 3, "withdrawn": 5}, RunOutcome.ACCEPTED, "accepted", True),
    ({"stored": 8, "received": 2, "withdrawn": 6}, RunOutcome.REFUSED, "snapshot_shrunken", False),
    ({"received": 0, "withdrawn": 100}, RunOutcome.REFUSED, "empty_snapshot", False),
    ({"stored": 3, "received": 0, "withdrawn": 3}, RunOutcome.REFUSED, "empty_snapshot", False),
    ({"stored": 0, "received": 0}, RunOutcome.REFUSED, "empty_snapshot", False),
    ({"incomplete_reason": "page 3 is missing"}, RunOutcome.REFUSED, "incomplete_listing", False),
    ({"declared": 101}, RunOutcome.REFUSED, "declared_total_missed", False),
    ({"declared": 101, "declared_tolerance": 1}, RunOutcome.UNCHANGED, "unchanged", False),
    (
        {"withdrawn": 50, "added": 1, "proven_complete": False},
        RunOutcome.ACCEPTED,
        "accepted_absent_records_kept",
        False,
    ),
    ({"withdrawn": 50, "proven_complete": False}, RunOutcome.UNCHANGED, "absent_records_kept", False),
    ({"withdrawn": 1, "quarantined": 1}, RunOutcome.UNCHANGED, "absent_records_kept", False),
    ({"quarantined": 6}, RunOutcome.REFUSED, "too_many_unusable", False),
    ({"received": 500, "added": 400}, RunOutcome.REFUSED, "snapshot_grown", False),
    ({"stored": 10, "received": 200, "added": 190}, RunOutcome.ACCEPTED, "accepted", False),
    ({"full": False, "received": 0}, RunOutcome.UNCHANGED, "unchanged", False),
]


@pytest.mark.fault("S1", "S2", "S16", "S22", "F12", "T4")
@pytest.mark.parametrize(("changes", "outcome", "code", "withdraw"), TABLE)
def test_table(changes: dict[str, object], outcome: RunOutcome, code: str, withdraw: bool) -> None:
    judgement = accept(facts(**changes), LIMITS)
    assert (judgement.outcome, judgement.code, judgement.withdraw) == (outcome, code, withdraw)
    if outcome is RunOutcome.REFUSED:
        assert judgement.reason
        assert judgement.fix


@pytest.mark.fault("S2", "S16")
def test_an_operator_can_allow_a_loss_but_never_an_incomplete_listing() -> None:
    lost = facts(received=10, withdrawn=90)
    assert accept(lost, LIMITS, loss_accepted=True).withdraw
    cut = facts(received=10, withdrawn=90, declared=100)
    assert accept(cut, LIMITS, loss_accepted=True).outcome is RunOutcome.REFUSED


@pytest.mark.fault("S1", "S2")
@given(
    st.builds(
        SnapshotFacts,
        stored=st.integers(0, 1000),
        received=st.integers(0, 1000),
        added=st.integers(0, 1000),
        changed=st.integers(0, 1000),
        withdrawn=st.integers(0, 1000),
        quarantined=st.integers(0, 50),
        full=st.booleans(),
        proven_complete=st.booleans(),
        declared=st.none() | st.integers(0, 1000),
        incomplete_reason=st.sampled_from(["", "cut"]),
    )
)
def test_without_an_operator_nothing_large_ever_disappears(snapshot: SnapshotFacts) -> None:
    judgement = accept(snapshot, LIMITS)
    if judgement.withdraw:
        assert snapshot.full
        assert snapshot.proven_complete
        assert not snapshot.incomplete_reason
        assert snapshot.quarantined == 0
        assert snapshot.received > 0
        assert snapshot.withdrawn <= max(LIMITS.max_loss_records, 0.1 * snapshot.stored)
