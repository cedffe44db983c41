"""T1 and what a rebuild reads: a snapshot replaces the last one whole or not at all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from syncd.errors import InvariantViolated, SourceFormatError
from syncd.model.run import RunCounts, RunOutcome
from syncd.pipeline.ports import SnapshotDelta, StagedRecord, Verdict
from syncd.storage import SqlStore
from tests.unit.storage.opened import KINDS, emptied, opened
from tests.unit.storage.samples import (
    DAY,
    KEY_A,
    KEY_B,
    KEY_C,
    NOW,
    draft,
    keys_of,
    live,
    partition,
    snapshot,
    staged,
    sync,
)

TODAY = date(2026, 11, 22)
MANY = 2_345
"""More than two batches."""


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    yield from opened(request.param, request, tmp_path_factory)


@pytest.fixture
def store(database: SqlStore) -> SqlStore:
    return emptied(database)


def forget_marks(store: SqlStore) -> None:
    mark, _ = store.dirty_keys(TODAY)
    store.publish(draft(dirty_up_to=mark))


def known(store: SqlStore, tmp_path: Path, source_id: str = "portal") -> list[bytes]:
    path = tmp_path / "known"
    count = store.write_known_hashes(source_id, path)
    data = path.read_bytes()
    hashes = [data[at : at + 16] for at in range(0, len(data), 16)]
    assert len(hashes) == count
    return hashes


def test_a_first_snapshot_fills_an_empty_bucket(store: SqlStore, tmp_path: Path) -> None:
    records = [staged(f"r{i}", keys=(KEY_A, KEY_B)) for i in range(MANY)]
    delta = sync(store, snapshot(records))
    assert delta == SnapshotDelta(
        stored=0, received=MANY, unchanged=0, added=MANY, changed=0, rewritten=0, withdrawn=0
    )
    assert live(store) == {record.native_id: record.payload for record in records}
    assert store.source_state("portal").records == MANY
    assert known(store, tmp_path) == sorted(record.raw_hash for record in records)
    _, keys = store.dirty_keys(TODAY)
    assert keys == (KEY_A, KEY_B)


@pytest.mark.fault("D7", "S21")
def test_replaying_a_snapshot_changes_nothing(store: SqlStore) -> None:
    first = snapshot([staged(f"r{i}") for i in range(MANY)])
    sync(store, first)
    forget_marks(store)
    before = live(store)
    delta = sync(store, first)
    assert (delta.added, delta.changed, delta.rewritten, delta.withdrawn) == (0, 0, 0, 0)
    assert delta.unchanged == MANY
    assert live(store) == before
    assert store.dirty_keys(TODAY)[1] == ()


@pytest.mark.fault("D7")
def test_replaying_a_run_changes_nothing_even_after_a_later_one(store: SqlStore) -> None:
    """The outcome of a commit may be unknown to the caller, who then asks again."""
    old, new = staged("a", "1"), staged("a", "2")
    sync(store, snapshot([old]))
    first = store.runs()[0]
    sync(store, snapshot([new], absent=[old]))
    store.apply_snapshot(
        first.run_id,
        snapshot([old]),
        delta=store.preview(snapshot([old])),
        verdict=Verdict(RunOutcome.ACCEPTED),
        counts=RunCounts(),
        issues=(),
        issue_counts={},
        now=NOW + DAY,
        documents=(),
        details={},
    )
    assert live(store) == {"a": new.payload}
    assert store.run(first.run_id)[0] == first


def test_a_change_replaces_payload_and_keys_and_marks_both(store: SqlStore) -> None:
    old, other = staged("a", "1", keys=(KEY_A, KEY_B)), staged("b", keys=(KEY_B,))
    sync(store, snapshot([old, other]))
    forget_marks(store)
    new = staged("a", "2", keys=(KEY_B, KEY_C))
    delta = sync(store, snapshot([new], seen=1, absent=[old]))
    assert (delta.stored, delta.unchanged, delta.changed, delta.withdrawn) == (2, 1, 1, 0)
    assert live(store) == {"a": new.payload, "b": other.payload}
    assert keys_of(store, "a") == {KEY_B, KEY_C}
    assert store.dirty_keys(TODAY)[1] == (KEY_A, KEY_B, KEY_C)


def test_other_bytes_with_the_same_meaning_renew_only_the_hash(store: SqlStore, tmp_path: Path) -> None:
    old = staged("a", "1")
    sync(store, snapshot([old]))
    forget_marks(store)
    new = staged("a", "2", content="1")
    delta = sync(store, snapshot([new], absent=[old]), outcome=RunOutcome.UNCHANGED)
    assert (delta.rewritten, delta.changed, delta.withdrawn) == (1, 0, 0)
    assert known(store, tmp_path) == [new.raw_hash]
    assert live(store) == {"a": old.payload}
    assert store.dirty_keys(TODAY)[1] == ()
    assert store.runs()[0].outcome is RunOutcome.UNCHANGED
    assert store.source_state("portal").last_good_run_id == store.runs()[0].run_id


def test_the_same_bytes_may_get_another_meaning(store: SqlStore) -> None:
    """After a change of scope or rules every piece is parsed again."""
    old = staged("a", "1")
    sync(store, snapshot([old, staged("b")]))
    forget_marks(store)
    new = replace(staged("a", "1", content="other", keys=(KEY_B,)), raw_hash=old.raw_hash)
    delta = sync(store, snapshot([new, staged("b")]))
    assert (delta.changed, delta.unchanged) == (1, 1)
    assert live(store)["a"] == new.payload
    assert store.dirty_keys(TODAY)[1] == (KEY_A, KEY_B)


def test_absent_records_become_tombstones_and_come_back(store: SqlStore, tmp_path: Path) -> None:
    gone, stays = staged("gone", keys=(KEY_B,)), staged("stays")
    sync(store, snapshot([gone, stays]))
    forget_marks(store)
    delta = sync(store, snapshot(seen=1, absent=[gone]))
    assert (delta.withdrawn, delta.examples_withdrawn) == (1, ("gone",))
    assert live(store) == {"stays": stays.payload}
    assert store.source_state("portal").records == 1
    assert known(store, tmp_path) == [stays.raw_hash]
    assert store.dirty_keys(TODAY)[1] == (KEY_B,)
    assert list(store.all_service_keys()) == [KEY_A]
    forget_marks(store)
    delta = sync(store, snapshot([gone], seen=1))
    assert (delta.added, delta.changed) == (1, 0)
    assert live(store) == {"gone": gone.payload, "stays": stays.payload}
    assert store.dirty_keys(TODAY)[1] == (KEY_B,)


@pytest.mark.fault("T4")
def test_without_proof_absent_records_stay(store: SqlStore) -> None:
    a, b = staged("a"), staged("b")
    sync(store, snapshot([a, b]))
    delta = sync(store, snapshot(absent=[a, b]), withdraw=False)
    assert delta.withdrawn == 2
    assert set(live(store)) == {"a", "b"}


def test_a_changed_record_is_not_absent_although_its_old_hash_is(store: SqlStore) -> None:
    old = [staged(f"r{i}", "1") for i in range(MANY)]
    sync(store, snapshot(old))
    new = [staged(f"r{i}", "2") for i in range(MANY)]
    delta = sync(store, snapshot(new, absent=old))
    assert (delta.changed, delta.withdrawn, delta.examples_withdrawn) == (MANY, 0, ())
    assert len(live(store)) == MANY


def test_many_withdrawals_show_twenty_examples(store: SqlStore) -> None:
    records = [staged(f"r{i:04}") for i in range(MANY)]
    sync(store, snapshot(records))
    delta = sync(store, snapshot(seen=1, absent=records[1:]))
    assert delta.withdrawn == MANY - 1
    assert delta.examples_withdrawn == tuple(f"r{i:04}" for i in range(1, 21))
    assert set(live(store)) == {"r0000"}


@pytest.mark.fault("S11")
@pytest.mark.parametrize("filled", [False, True])
@pytest.mark.parametrize("distance", [1, MANY])
def test_of_doubles_the_smallest_hash_wins_in_any_order(store: SqlStore, filled: bool, distance: int) -> None:
    if filled:
        sync(store, snapshot([staged("old")]))
    doubles = [staged("twin", str(i)) for i in range(3)]
    winner = min(doubles, key=lambda record: record.raw_hash)
    rest = [staged(f"r{i}") for i in range(distance)]
    for order in range(3):
        source_id = f"portal {order}"
        mixed = [*doubles[:order], *rest, *doubles[order:]]
        random.Random(order).shuffle(mixed)
        delta = sync(store, snapshot(mixed, source_id=source_id))
        assert delta.added == distance + 1
        assert live(store, source_id)["twin"] == winner.payload
        assert store.source_state(source_id).records == distance + 1


def test_a_double_of_a_stored_record_is_judged_by_the_same_rule(store: SqlStore) -> None:
    small, large = sorted((staged("a", "1"), staged("a", "2")), key=lambda record: record.raw_hash)
    sync(store, snapshot([small]))
    delta = sync(store, snapshot([large], seen=1))
    assert (delta.changed, delta.unchanged) == (0, 2)
    assert live(store) == {"a": small.payload}
    sync(store, snapshot([large], source_id="other"))
    delta = sync(store, snapshot([small], seen=1, source_id="other"))
    assert delta.changed == 1
    assert live(store, "other") == {"a": small.payload}


def test_sources_do_not_touch_each_other(store: SqlStore, tmp_path: Path) -> None:
    mine, theirs = staged("same id", "1"), staged("same id", "2")
    sync(store, snapshot([mine], source_id="a"))
    sync(store, snapshot([theirs], source_id="b"))
    sync(store, snapshot(absent=[mine, theirs], source_id="a"))
    assert live(store, "a") == {}
    assert live(store, "b") == {"same id": theirs.payload}
    assert known(store, tmp_path, "b") == [theirs.raw_hash]


@pytest.mark.fault("D1")
def test_a_snapshot_that_breaks_off_leaves_no_trace(store: SqlStore) -> None:
    sync(store, snapshot([staged("a")]))
    forget_marks(store)
    run_id = store.open_run("portal", trigger="test", now=NOW)

    def cut_off() -> Iterator[StagedRecord]:
        for i in range(MANY):
            yield staged(f"r{i}")
        raise SourceFormatError("cut off")

    broken = replace(snapshot(absent=[staged("a")]), records=cut_off)
    with pytest.raises(SourceFormatError):
        store.apply_snapshot(
            run_id,
            broken,
            delta=SnapshotDelta(0, 0, 0, 0, 0, 0, 0),
            verdict=Verdict(RunOutcome.ACCEPTED),
            counts=RunCounts(),
            issues=(),
            issue_counts={},
            now=NOW,
            documents=(),
            details={},
        )
    assert set(live(store)) == {"a"}
    assert store.run(run_id)[0].outcome is RunOutcome.RUNNING
    assert store.dirty_keys(TODAY)[1] == ()


@pytest.mark.fault("F7")
@pytest.mark.parametrize(
    "broken",
    [
        staged("nul \0"),
        staged("key", keys=("local:\0",)),
        replace(staged("short"), raw_hash=b"1"),
        replace(staged("long"), content_hash=b"1" * 17),
    ],
)
def test_what_no_worker_may_stage_is_a_bug(store: SqlStore, broken: StagedRecord) -> None:
    with pytest.raises(InvariantViolated):
        sync(store, snapshot([staged("a"), broken]))
    assert live(store) == {}


def test_only_good_verdicts_are_stored_and_only_in_their_own_run(store: SqlStore) -> None:
    with pytest.raises(InvariantViolated, match="must not be stored"):
        sync(store, snapshot([staged("a")]), outcome=RunOutcome.REFUSED)
    run_id = store.open_run("other", trigger="test", now=NOW)
    with pytest.raises(InvariantViolated, match="is of other"):
        store.apply_snapshot(
            run_id,
            snapshot([staged("a")]),
            delta=SnapshotDelta(0, 0, 0, 0, 0, 0, 0),
            verdict=Verdict(RunOutcome.ACCEPTED),
            counts=RunCounts(),
            issues=(),
            issue_counts={},
            now=NOW,
            documents=(),
            details={},
        )
    assert live(store) == {}


def test_marks_left_during_a_rebuild_stay(store: SqlStore) -> None:
    sync(store, snapshot([staged("a")]))
    seen_mark, keys = store.dirty_keys(TODAY)
    assert keys == (KEY_A,)
    sync(store, snapshot([staged("b")], seen=1))
    store.publish(draft(partition(KEY_A, {"06": "1"}), dirty_up_to=seen_mark))
    mark, keys = store.dirty_keys(TODAY)
    assert (mark > seen_mark, keys) == (True, (KEY_A,))
    store.publish(draft(partition(KEY_A, {"06": "1"}), dirty_up_to=mark))
    assert store.dirty_keys(TODAY) == (0, ())
    sync(store, snapshot([staged("c")], seen=2))
    assert store.dirty_keys(TODAY)[0] > mark


def test_days_on_which_a_partition_changes_by_itself_make_it_dirty(store: SqlStore) -> None:
    tomorrow = date(2026, 11, 23)
    store.publish(draft(partition(KEY_A, {"06": "1"}, next_change_on=tomorrow)))
    assert store.dirty_keys(TODAY)[1] == ()
    assert store.dirty_keys(tomorrow)[1] == (KEY_A,)
    # Nothing changed after all; the day must not come up again.
    assert store.publish(draft(partition(KEY_A, {"06": "1"}))) is None
    assert store.dirty_keys(tomorrow)[1] == ()


def test_partitions_stream_in_order_with_empty_ones(store: SqlStore) -> None:
    wanted = [f"99{i:012}" for i in range(450)]
    records = [
        staged(f"r{i}-{j}", keys=(key,)) for i, key in enumerate(wanted) for j in range(i % 3) if i != 449
    ]
    random.Random(7).shuffle(records)
    sync(store, snapshot(records, source_id="b"))
    sync(store, snapshot([staged("x", keys=(wanted[2],))], source_id="a"))
    yielded = list(store.partition_records(wanted))
    assert [key for key, _ in yielded] == wanted
    assert [len(found) for _, found in yielded[:6]] == [0, 1, 3, 0, 1, 2]
    assert [(r.source_id, r.native_id) for r in yielded[2][1]] == [("a", "x"), ("b", "r2-0"), ("b", "r2-1")]
    assert yielded[-1] == (wanted[-1], ())
    assert list(store.partition_records(())) == []
    for unsorted in ((KEY_B, KEY_A), (KEY_A, KEY_A)):
        with pytest.raises(InvariantViolated, match="sorted"):
            store.partition_records(unsorted)


def test_a_half_read_stream_gives_its_connection_back(store: SqlStore) -> None:
    sync(store, snapshot([staged(f"r{i}", keys=(f"99{i:012}",)) for i in range(MANY)]))
    for _ in range(100):
        stream = store.all_service_keys()
        next(stream)
        stream.close()  # type: ignore[attr-defined]
    store.ping()


def test_a_stream_sees_one_state_while_a_writer_goes_on(store: SqlStore) -> None:
    sync(store, snapshot([staged(f"r{i}", keys=(f"99{i:012}",)) for i in range(MANY)]))
    stream = store.all_service_keys()
    first = next(stream)
    sync(store, snapshot([staged("new", keys=("99999999999999",))], seen=MANY))
    assert [first, *stream] == [f"99{i:012}" for i in range(MANY)]
    assert len(list(store.all_service_keys())) == MANY + 1


def test_keys_sort_by_code_point_whatever_the_language_of_the_database(store: SqlStore) -> None:
    keys = ["local:a:Z", "local:a:a", "local:a:ä", "local:a:_", "local:B:a", "99001001000000", "local:a:a b"]
    sync(store, snapshot([staged(key, keys=(key,)) for key in keys]))
    assert list(store.all_service_keys()) == sorted(keys)
    assert [key for key, _ in store.partition_records(sorted(keys))] == sorted(keys)


def test_records_of_a_source_come_in_the_order_of_their_ids(store: SqlStore) -> None:
    ids = ["b/2", "a/10", "a/1", "Ä", "z", "a"]
    sync(store, snapshot([staged(one) for one in ids]))
    sync(store, snapshot([staged("a/2")], source_id="another"))
    assert [r.native_id for r in store.source_records("portal")] == sorted(ids)
    assert [r.native_id for r in store.source_records("portal", after="a/1")] == ["a/10", "b/2", "z", "Ä"]
    assert not list(store.source_records("nobody"))
