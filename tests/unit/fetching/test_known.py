"""Hash columns behave like sets of bytes."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.errors import InvariantViolated, StorageError
from syncd.fetching import known
from syncd.fetching.known import MARK_SIZE, KnownHashes, Repetitions, Spill
from syncd.fetching.stagefile import StageWriter, read_staged
from syncd.pipeline.ports import StagedRecord

# Few first halves, so that equal ones occur.
HASHES = st.builds(
    lambda high, low: bytes(7) + bytes([high]) + low.to_bytes(8, "big"),
    st.integers(0, 3) | st.just(255),
    st.integers(0, 5) | st.integers(0, 2**64 - 1),
)


@given(members=st.sets(HASHES), asked=st.lists(HASHES, max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_look_ups_agree_with_a_set(tmp_path: Path, members: set[bytes], asked: list[bytes]) -> None:
    path = tmp_path / "known"
    path.write_bytes(b"".join(sorted(members)))
    columns = KnownHashes.from_file(path)
    places = columns.find(asked)
    assert [place >= 0 for place in places] == [one in members for one in asked]
    order = sorted(members)
    assert all(order[place] == one for place, one in zip(places, asked, strict=True) if place >= 0)


@given(st.sets(HASHES, max_size=30), st.lists(HASHES, min_size=1, max_size=30), st.randoms(), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_and_repetition_do_not_change_the_digest(
    tmp_path: Path, old: set[bytes], fresh: list[bytes], chance: random.Random, in_parts: bool
) -> None:
    path = tmp_path / "known"
    path.write_bytes(b"".join(sorted(old)))
    mask = np.array([chance.random() < 0.5 for _ in old], dtype=np.bool_)
    kept = {one for one, taken in zip(sorted(old), mask, strict=True) if taken}
    expected = hashlib.sha256(b"".join(sorted(kept | set(fresh)))).hexdigest()
    with Spill(tmp_path, 16) as spill, pytest.MonkeyPatch.context() as patched:
        for one in fresh:
            spill.add(one)
        if in_parts:
            patched.setattr(known, "_WHOLE_BYTES", 0)
            patched.setattr(known, "_BLOCK_ROWS", 3)
        assert KnownHashes.from_file(path).digest_with(mask, spill) == expected


def test_the_digest_of_many_hashes_is_that_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "_BLOCK_ROWS", 1_000)
    hashes = [hashlib.sha256(b"%d" % (number % 90_000)).digest()[:16] for number in range(100_000)]
    expected = hashlib.sha256(b"".join(sorted(set(hashes)))).hexdigest()
    old, fresh = sorted(set(hashes[:50_000])), hashes[40_000:]
    (tmp_path / "known").write_bytes(b"".join(old))
    columns = KnownHashes.from_file(tmp_path / "known")
    with Spill(tmp_path, 16) as spill:
        for one in fresh:
            spill.add(one)
        assert columns.digest_with(np.ones(len(old), dtype=np.bool_), spill) == expected
    old_set = set(old)
    places = columns.find(fresh)
    assert int(np.count_nonzero(places >= 0)) == len([one for one in fresh if one in old_set])


@given(st.sets(HASHES, max_size=40), st.randoms())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_selection(tmp_path: Path, hashes: set[bytes], chance: random.Random) -> None:
    path = tmp_path / "known"
    order = sorted(hashes)
    path.write_bytes(b"".join(order))
    mask = np.array([chance.random() < 0.5 for _ in order], dtype=np.bool_)
    columns = KnownHashes.from_file(path)
    expected = b"".join(one for one, taken in zip(order, mask, strict=True) if taken)
    assert b"".join(columns.select(mask)) == expected
    assert columns.digest(mask) == hashlib.sha256(expected).hexdigest()


@given(st.lists(st.text(max_size=2), max_size=30))
def test_repetitions_are_suspected(texts: list[str]) -> None:
    with Spill(None, MARK_SIZE) as spill:
        found = Repetitions(spill)
        for text in texts:
            found.add(text.encode())
        suspects = found.suspects()
    assert {text for text in texts if Repetitions.is_suspect(text.encode(), suspects)} == {
        text for text in texts if texts.count(text) > 1
    }


@pytest.mark.fault("D12")
@pytest.mark.parametrize(
    "content", [bytes(15), b"\1" * 16 + bytes(16), bytes(32)], ids=["cut", "order", "double"]
)
def test_a_file_that_is_not_a_sorted_set_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "known"
    path.write_bytes(content)
    with pytest.raises(InvariantViolated):
        KnownHashes.from_file(path)


@pytest.mark.fault("D12", "F17")
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
