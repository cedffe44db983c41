"""The rule that the preview and T1 share, as a table; the tally and the bitmap behind it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.pipeline.ports import StagedRecord
from syncd.storage.fates import Fate, Seen, Stored, Tally, Touched, fate_of, split_hashes
from tests.unit.storage.samples import snapshot, staged


def record(raw: int, content: int) -> StagedRecord:
    return StagedRecord("id", bytes([raw]) * 16, bytes([content]) * 16, (), b"")


def stored(raw: int, content: int, *, withdrawn: bool = False) -> Stored:
    return Stored(1, "id", bytes([raw]) * 16, bytes([content]) * 16, withdrawn)


@pytest.mark.parametrize(
    ("new", "old", "double", "fate"),
    [
        (record(5, 1), None, False, Fate.ADDED),
        (record(5, 1), stored(5, 1, withdrawn=True), False, Fate.ADDED),
        (record(5, 1), stored(4, 1, withdrawn=True), True, Fate.ADDED),
        (record(5, 1), stored(5, 1), False, Fate.SAME),
        (record(5, 1), stored(5, 1), True, Fate.SAME),
        (record(5, 1), stored(4, 1), False, Fate.REWRITTEN),
        (record(5, 1), stored(6, 1), True, Fate.REWRITTEN),
        (record(5, 1), stored(4, 2), False, Fate.CHANGED),
        (record(5, 1), stored(6, 2), True, Fate.CHANGED),
        # The same bytes, read by other rules.
        (record(5, 1), stored(5, 2), False, Fate.CHANGED),
        # Of doubles the smaller hash wins.
        (record(5, 1), stored(4, 1), True, Fate.SAME),
        (record(5, 1), stored(4, 2), True, Fate.SAME),
    ],
)
def test_the_fate_of_a_record(new: StagedRecord, old: Stored | None, double: bool, fate: Fate) -> None:
    assert fate_of(new, old, double=double) is fate


@pytest.mark.parametrize(
    ("absent", "seen", "live", "occurs"),
    [
        (["a"], 0, 5, True),
        (["a"], 4, 5, True),
        (["id"], 4, 5, False),
        ([], 5, 5, True),
        # A delta lists only what changed: silence about the stored bytes says nothing.
        ([], 1, 5, False),
    ],
)
def test_whether_stored_bytes_occur(absent: list[str], seen: int, live: int, occurs: bool) -> None:
    taken = snapshot(seen=seen, absent=[staged(native_id) for native_id in absent])
    held = Stored(1, "id", staged("id").raw_hash, b"", withdrawn=False)
    assert Seen(taken, live=live)(held) is occurs


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.sampled_from(list(Fate))), max_size=40))
def test_the_tally_counts_each_record_once(rows: list[tuple[int, int, Fate]]) -> None:
    unique = {(i, raw): fate for i, raw, fate in rows}
    tally = Tally()
    for (i, raw), fate in unique.items():
        tally.count(StagedRecord(f"id{i}", bytes([raw]) * 16, b"", (), b""), fate)
    winners = {i: unique[i, min(raw for j, raw in unique if j == i)] for i, _ in unique}
    counted = list(winners.values())
    assert tally.result() == {fate: counted.count(fate) for fate in Fate}


def test_touched_records_are_known_one_by_one() -> None:
    chosen = set(random.Random(3).sample(range(1, 200_000), 500))
    touched = Touched()
    for record_id in chosen:
        touched.add(record_id)
    assert {record_id for record_id in range(200_100) if record_id in touched} == chosen
    assert 10**9 not in touched


def test_hashes_are_cut_every_sixteen_bytes() -> None:
    assert split_hashes(b"") == []
    assert split_hashes(bytes(range(32))) == [bytes(range(16)), bytes(range(16, 32))]
