"""Hash columns behave like sets of bytes."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.errors import InvariantViolated, StorageError
from syncd.fetching.known import HashColumns, repeated
from syncd.fetching.stagefile import StageWriter, read_staged
from syncd.pipeline.ports import StagedRecord

# Few first halves, so that equal ones occur.
HASHES = st.builds(
    lambda high, low: bytes(7) + bytes([high]) + low.to_bytes(8, "big"),
    st.integers(0, 3) | st.just(255),
    st.integers(0, 5) | st.integers(0, 2**64 - 1),
)


@given(known=st.sets(HASHES), asked=st.lists(HASHES, max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_look_ups_agree_with_a_set(tmp_path: Path, known: set[bytes], asked: list[bytes]) -> None:
    path = tmp_path / "known"
    path.write_bytes(b"".join(sorted(known)))
    columns = HashColumns.from_sorted_file(path)
    places = columns.find(asked)
    assert [place >= 0 for place in places] == [one in known for one in asked]
    order = sorted(known)
    assert all(order[place] == one for place, one in zip(places, asked, strict=True) if place >= 0)


@given(st.lists(HASHES, max_size=30))
def test_order_and_repetition_do_not_matter(hashes: list[bytes]) -> None:
    columns = HashColumns.from_bytes(b"".join(hashes))
    assert columns.to_bytes() == b"".join(sorted(set(hashes)))
    assert columns.digest() == hashlib.sha256(columns.to_bytes()).hexdigest()
    again = {one for one, group in itertools.groupby(sorted(hashes)) if len(list(group)) > 1}
    assert repeated(b"".join(hashes)).to_bytes() == b"".join(sorted(again))


@given(st.sets(HASHES), st.sets(HASHES))
def test_union_and_selection(left: set[bytes], right: set[bytes]) -> None:
    one = HashColumns.from_bytes(b"".join(left))
    other = HashColumns.from_bytes(b"".join(right))
    assert one.union(other).to_bytes() == b"".join(sorted(left | right))
    assert len(one.select(np.zeros(len(one), dtype=np.bool_))) == 0


@pytest.mark.parametrize(
    "content", [bytes(15), b"\1" * 16 + bytes(16), bytes(32)], ids=["cut", "order", "double"]
)
def test_a_file_that_is_not_a_sorted_set_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "known"
    path.write_bytes(content)
    with pytest.raises(InvariantViolated):
        HashColumns.from_sorted_file(path)


def test_staged_records_come_back_as_they_went(tmp_path: Path) -> None:
    records = [
        StagedRecord("ä/\n1", b"r" * 16, b"c" * 16, ("99001001000000", "local:s:ä"), b'{"v":1}'),
        StagedRecord("2", bytes(16), bytes(16), (), b""),
    ]
    path = tmp_path / "staged"
    with StageWriter(path) as writer:
        for record in records:
            writer.add(record)
    assert list(read_staged(path)) == records
    assert list(read_staged(path)) == records
    for cut in (10, path.stat().st_size - 1):
        path.write_bytes(path.read_bytes()[:cut])
        with pytest.raises(StorageError):
            list(read_staged(path))
