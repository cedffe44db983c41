"""Missing records, holds and decisions, on every database the store supports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from syncd.errors import SyncdError
from syncd.model.run import RunCounts, RunOutcome
from syncd.pipeline.history import Decision
from syncd.pipeline.ports import SnapshotDelta, StagedRecord, StagedSnapshot, Verdict
from syncd.rules.withdraw import Grace
from syncd.storage import SqlStore
from tests.unit.storage.opened import KINDS, emptied, opened
from tests.unit.storage.samples import DAY, KEY_A, KEY_B, NOW, draft, live, snapshot, staged, sync

GRACE = Grace(3, DAY)
HOUR = timedelta(hours=1)
MANY = 2_345


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    yield from opened(request.param, request, tmp_path_factory)


@pytest.fixture
def store(database: SqlStore) -> SqlStore:
    return emptied(database)


def take(
    store: SqlStore, taken: StagedSnapshot, at: datetime, *, at_most: int | None = None
) -> SnapshotDelta:
    """Run a snapshot through preview and T1 with a grace."""
    run_id = store.open_run("portal", trigger="test", now=at)
    delta = store.preview(taken, now=at, grace=GRACE)
    store.apply_snapshot(
        run_id,
        taken,
        delta=delta,
        verdict=Verdict(RunOutcome.ACCEPTED, grace=GRACE, withdraw_at_most=at_most),
        counts=RunCounts(received=taken.received),
        issues=(),
        issue_counts={},
        now=at,
        documents=(),
        details={},
    )
    return delta


@pytest.mark.fault("S2", "S15")
def test_many_records_wait_for_their_grace_and_leave_in_portions(store: SqlStore) -> None:
    records = [staged(f"r{i:04}", keys=(KEY_B,)) for i in range(MANY)]
    sync(store, snapshot([*records, staged("stays")]))
    mark, _ = store.dirty_keys(date(2026, 11, 22))
    store.publish(draft(dirty_up_to=mark))
    gone = snapshot(seen=1, absent=records)
    for number in range(3):
        delta = take(store, gone, NOW + number * HOUR, at_most=2_000)
        assert (delta.withdrawn, delta.confirmed, delta.due) == (MANY, MANY if number else 0, 0)
        assert len(live(store)) == MANY + 1
        assert store.source_state("portal").missing == MANY
    # Nothing was published anew because of records that are only missing.
    assert store.dirty_keys(date(2026, 11, 22))[1] == ()
    assert take(store, gone, NOW + DAY, at_most=2_000).due == MANY
    assert len(live(store)) == MANY - 2_000 + 1
    assert store.dirty_keys(date(2026, 11, 22))[1] == (KEY_B,)
    left = live(store)
    rest = [record for record in records if record.native_id in left]
    delta = take(store, snapshot(seen=1, absent=rest), NOW + DAY + HOUR, at_most=2_000)
    assert (delta.due, delta.withdrawn_recently) == (MANY - 2_000, 2_000)
    assert set(live(store)) == {"stays"}
    assert store.source_state("portal").missing == 0


@pytest.mark.fault("S4")
def test_a_return_ends_the_absence_and_is_counted(store: SqlStore) -> None:
    one, other = staged("one"), staged("other")
    sync(store, snapshot([one, other]))
    for number in range(3):
        delta = take(store, snapshot(seen=1, absent=[one]), NOW + number * DAY)
        assert delta.flapping == (("one",) if number == 2 else ())
        assert take(store, snapshot(seen=2), NOW + number * DAY + HOUR).returned == 1
    assert set(live(store)) == {"one", "other"}
    # After a week nobody remembers.
    take(store, snapshot(seen=2), NOW + 9 * DAY)
    assert take(store, snapshot(seen=1, absent=[one]), NOW + 9 * DAY + HOUR).flapping == ()


@pytest.mark.fault("S9")
def test_a_record_held_back_keeps_its_version_and_is_not_missing(store: SqlStore) -> None:
    old, other = staged("one"), staged("other")
    sync(store, snapshot([old, other]))
    new = staged("one", "2", keys=(KEY_B,))
    taken = snapshot([new], seen=1, absent=[old])
    delta = store.preview(taken, now=NOW, grace=GRACE)
    assert (delta.rekeyed, delta.withdrawn, delta.absent_ids) == (("one",), 0, ())
    run_id = store.open_run("portal", trigger="test", now=NOW)
    store.apply_snapshot(
        run_id,
        taken,
        delta=delta,
        verdict=Verdict(RunOutcome.ACCEPTED, held_back=frozenset({"one"})),
        counts=RunCounts(),
        issues=(),
        issue_counts={},
        now=NOW,
        documents=(),
        details={},
    )
    assert live(store) == {"one": old.payload, "other": other.payload}
    assert [r.payload for r in store.records_of("portal", ["one", "nobody"])] == [old.payload]


@pytest.mark.fault("S2", "S6")
def test_history_tells_what_the_rule_needs(store: SqlStore) -> None:
    assert store.history("portal", "d").received == ()
    refused = []
    for number, outcome in enumerate([RunOutcome.FAILED, RunOutcome.REFUSED, RunOutcome.FAILED]):
        run_id = store.open_run("portal", trigger="test", now=NOW + number * HOUR)
        details = {"snapshot": "d"} if outcome is RunOutcome.REFUSED else {}
        store.close_run(run_id, outcome=outcome, now=NOW + number * HOUR, details=details)
        refused.append(run_id)
    history = store.history("portal", "d")
    assert (history.refused_same, history.refused_since) == (1, NOW + HOUR)
    assert store.history("portal", "other").refused_same == 0
    sync(store, snapshot([staged("one")]))
    assert store.history("portal", "d").refused_same == 0
    assert store.history("portal", "d").received == (1,)
    assert not store.history("portal", "d").rejected
    store.decide(Decision("portal", refused[1], "reject", "broken", "somebody", NOW))
    assert store.history("portal", "d").rejected
    assert not store.history("elsewhere", "d").rejected


def test_a_decision_is_made_once_and_kept(store: SqlStore) -> None:
    run_id = store.open_run("portal", trigger="test", now=NOW)
    decided = Decision("portal", run_id, "accept", "real", "somebody", NOW)
    store.decide(decided)
    with pytest.raises(SyncdError, match="was decided before") as error:
        store.decide(Decision("portal", run_id, "reject", "no", "another", NOW))
    assert error.value.code == "already_decided"
    assert store.decisions(run_id=run_id) == store.decisions(source_id="portal") == (decided,)


@pytest.mark.fault("S19")
def test_a_retired_source_leaves_tombstones_and_marks(store: SqlStore) -> None:
    records: list[StagedRecord] = [staged("one", keys=(KEY_A,)), staged("two", keys=(KEY_B,))]
    sync(store, snapshot(records))
    take(store, snapshot(seen=1, absent=records[:1]), NOW)
    run_id = store.open_run("portal", trigger="retire", now=NOW)
    assert store.retire_source("portal", run_id, now=NOW) == 2
    assert live(store) == {}
    state = store.source_state("portal")
    assert (state.records, state.missing, state.retired) == (0, 0, True)
    sync(store, snapshot(records))
    assert not store.source_state("portal").retired
