"""Packed rows: what was packed comes back, whole or in part; equal cells, equal digests; old rows open."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from syncd.errors import StorageError
from syncd.rules.assess import STATES, Cells
from syncd.rules.coverage_codec import (
    change_totals,
    empty_totals,
    pack_cells,
    pack_numbers,
    unpack_cells,
    unpack_numbers,
)

# Few different words, so that runs of all lengths come up, and words that use every byte.
WORDS = arrays.arrays(
    np.uint32, st.integers(0, 60), elements=st.sampled_from([0, 1, 0x0C060301, 0x02050002, 0xFFFFFFFF])
)
STATE_ROWS = arrays.arrays(np.uint8, 9, elements=st.integers(0, STATES - 1))


@given(WORDS, st.integers(0, 70), st.integers(0, 70))
def test_any_part_of_a_row_comes_back(words: Any, first: int, end: int) -> None:
    digest, packed = pack_cells(Cells(words))
    assert (unpack_cells(packed).words == words).all()
    assert len(unpack_cells(packed).words) == len(words)
    assert unpack_cells(packed, first, end).words.tolist() == words[first:end].tolist()
    assert unpack_numbers(pack_numbers(words), first, end).tolist() == words[first:end].tolist()
    assert pack_cells(unpack_cells(packed)) == (digest, packed)


@given(WORDS, WORDS)
def test_rows_have_one_digest_exactly_when_their_cells_agree(one: Any, two: Any) -> None:
    same = pack_cells(Cells(one))[0] == pack_cells(Cells(two))[0]
    assert same == (one.tolist() == two.tolist())


@given(WORDS, st.integers(0, 70), st.integers(0, 70))
def test_rows_written_before_there_were_runs_still_open(words: Any, first: int, end: int) -> None:
    planes = zlib.compress(words.astype("<u4").view(np.uint8).reshape(-1, 4).T.tobytes(), 1)
    numbers = zlib.compress(words.astype("<u4").tobytes(), 1)
    assert unpack_cells(planes, first, end).words.tolist() == words[first:end].tolist()
    assert unpack_numbers(numbers, first, end).tolist() == words[first:end].tolist()


@pytest.mark.parametrize("unpack", [unpack_cells, unpack_numbers])
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda row: row[:-3], id="cut"),
        pytest.param(lambda row: row[:1] + b"no block" + row[9:], id="overwritten"),
        pytest.param(lambda _row: b"R" + zlib.compress(b"seven b"), id="of another length"),
        pytest.param(lambda _row: b"", id="empty"),
    ],
)
def test_a_damaged_row_says_so(unpack: Any, damage: Any) -> None:
    packed = pack_numbers(np.arange(40, dtype=np.uint32))
    with pytest.raises(StorageError) as caught:
        unpack(damage(packed))
    assert caught.value.code == "storage_corrupt"


@given(st.lists(st.tuples(STATE_ROWS, STATE_ROWS), min_size=1, max_size=4))
def test_changed_totals_are_those_counted_anew(rows: Any) -> None:
    changed, anew = empty_totals(9), empty_totals(9)
    for before, after in rows:
        change_totals(changed, None, before)
        change_totals(anew, None, after)
    for before, after in rows:
        change_totals(changed, before, after)
    assert (changed == anew).all()
    assert int(changed.sum()) == 9 * len(rows)
    for _, after in rows:
        change_totals(changed, after, None)
    assert not changed.any()
