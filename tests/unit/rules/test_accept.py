"""The acceptance rule, by table: what may replace the last good snapshot."""

from datetime import timedelta

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
    # competences inside of records: both figures must be exceeded, and somebody must have counted before
    ({"statements": 890, "last_statements": 1000}, RunOutcome.REFUSED, "statements_shrunken", False),
    ({"statements": 901, "last_statements": 1000}, RunOutcome.UNCHANGED, "unchanged", False),
    ({"statements": 1, "last_statements": 6}, RunOutcome.UNCHANGED, "unchanged", False),
    ({"statements": 0, "last_statements": 6}, RunOutcome.REFUSED, "statements_shrunken", False),
    ({"statements": 5}, RunOutcome.UNCHANGED, "unchanged", False),
    ({"last_statements": 5}, RunOutcome.UNCHANGED, "unchanged", False),
    # missing, but its grace is not over
    ({"received": 99, "withdrawn": 1, "due": 0}, RunOutcome.UNCHANGED, "records_missing", True),
    ({"received": 99, "withdrawn": 1, "due": 0, "changed": 1}, RunOutcome.ACCEPTED, "accepted", True),
    # only what is newly missing counts against the limit of a run …
    (
        {"received": 85, "withdrawn": 15, "confirmed": 9, "due": 9},
        RunOutcome.ACCEPTED,
        "accepted",
        True,
    ),
    # … and all that is missing or has left counts against that of a week
    (
        {"received": 79, "withdrawn": 21, "confirmed": 13, "due": 0},
        RunOutcome.REFUSED,
        "losses_add_up",
        False,
    ),
    (
        {"received": 96, "withdrawn": 4, "due": 0, "withdrawn_recently": 25},
        RunOutcome.REFUSED,
        "losses_add_up",
        False,
    ),
    (
        {"received": 80, "withdrawn": 20, "confirmed": 12, "due": 0},
        RunOutcome.UNCHANGED,
        "records_missing",
        True,
    ),
    # far from what the source usually sends
    ({"received": 84, "usual": (100, 100, 99)}, RunOutcome.REFUSED, "fewer_than_usual", False),
    ({"received": 85, "usual": (100, 100, 100)}, RunOutcome.UNCHANGED, "unchanged", False),
    ({"received": 84, "usual": (100, 100)}, RunOutcome.UNCHANGED, "unchanged", False),
    ({"received": 500, "usual": (100, 100, 100)}, RunOutcome.REFUSED, "more_than_usual", False),
    # another portal, or a new reading
    ({"withdrawn": 95, "added": 95}, RunOutcome.REFUSED, "different_feed", False),
    ({"identity": "Kassel", "last_identity": "Hanau"}, RunOutcome.REFUSED, "different_feed", False),
    ({"changed": 11, "reread": True}, RunOutcome.REFUSED, "mapping_changed", False),
    ({"changed": 10, "reread": True}, RunOutcome.ACCEPTED, "accepted", False),
    # insisting ends a hold, but not one over half of the records
    (
        {"received": 70, "withdrawn": 30, "repeats": 2, "held_for": timedelta(hours=72)},
        RunOutcome.ACCEPTED,
        "accepted_after_repeats",
        True,
    ),
    (
        {"received": 70, "withdrawn": 30, "repeats": 9, "held_for": timedelta(hours=71)},
        RunOutcome.REFUSED,
        "snapshot_shrunken",
        False,
    ),
    (
        {"received": 70, "withdrawn": 30, "repeats": 1, "held_for": timedelta(hours=90)},
        RunOutcome.REFUSED,
        "snapshot_shrunken",
        False,
    ),
    (
        {"received": 50, "withdrawn": 50, "repeats": 9, "held_for": timedelta(days=30)},
        RunOutcome.REFUSED,
        "snapshot_shrunken",
        False,
    ),
    (
        {"received": 0, "withdrawn": 100, "repeats": 9, "held_for": timedelta(days=30)},
        RunOutcome.REFUSED,
        "empty_snapshot",
        False,
    ),
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
        proven_complete=st.booleans(),
        declared=st.none() | st.integers(0, 1000),
        incomplete_reason=st.sampled_from(["", "cut"]),
    )
)
def test_without_an_operator_nothing_large_ever_disappears(snapshot: SnapshotFacts) -> None:
    judgement = accept(snapshot, LIMITS)
    if judgement.withdraw:
        assert snapshot.proven_complete
        assert not snapshot.incomplete_reason
        assert snapshot.quarantined == 0
        assert snapshot.received > 0
        assert snapshot.withdrawn <= max(LIMITS.max_loss_records, 0.1 * snapshot.stored)
