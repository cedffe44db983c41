"""The body sink takes only complete, sound and bounded bodies."""

from __future__ import annotations

import gzip
import hashlib
import random
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.errors import SourceFormatError, SourceUnavailable, SyncdError
from syncd.fetching.body import BodyFacts, BodySink, RateGauge
from syncd.fetching.limits import FetchLimits

TEXT = b"99001001000000;Musterleistung;064140000000\n" * 300


def take(
    path: Path, wire: bytes, *, zipped: bool, step: int = 1000, limits: FetchLimits | None = None
) -> BodyFacts:
    sink = BodySink(path, limits or FetchLimits(), gzip=zipped, where="test")
    try:
        for start in range(0, len(wire), step):
            sink.write(wire[start : start + step])
        return sink.finish()
    except BaseException:
        sink.discard()
        raise


def test_a_plain_body_arrives_as_it_is(tmp_path: Path) -> None:
    facts = take(tmp_path / "b", TEXT, zipped=False)
    assert (tmp_path / "b").read_bytes() == TEXT
    assert facts == BodyFacts(hashlib.sha256(TEXT).hexdigest(), len(TEXT), len(TEXT), TEXT[:1024])


@given(body=st.binary(min_size=1, max_size=5000), step=st.integers(1, 700), members=st.integers(1, 3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_gzip_arrives_whole_however_it_is_cut_into_chunks(
    tmp_path: Path, body: bytes, step: int, members: int
) -> None:
    wire = b"".join(gzip.compress(body) for _ in range(members))
    facts = take(tmp_path / "b", wire, zipped=True, step=step)
    assert (tmp_path / "b").read_bytes() == body * members
    assert facts.wire_size == len(wire)


@pytest.mark.fault("T3")
def test_every_cut_of_a_gzip_body_is_noticed(tmp_path: Path) -> None:
    wire = gzip.compress(random.Random(1).randbytes(300) + TEXT)
    for cut in range(1, len(wire)):
        with pytest.raises(SourceUnavailable) as caught:
            take(tmp_path / "b", wire[:cut], zipped=True)
        assert caught.value.code == "truncated", cut
        assert not (tmp_path / "b").exists()


@pytest.mark.fault("T6")
@pytest.mark.parametrize(
    "wire",
    [
        gzip.compress(TEXT) + b"trailing garbage",
        gzip.compress(TEXT) + b"\0\0",
        gzip.compress(TEXT)[:-8] + bytes(8),
        zlib.compress(TEXT),
        b"not compressed at all",
        gzip.compress(b"") * 1001,
    ],
    ids=["garbage", "zero", "crc", "zlib", "plain", "members"],
)
def test_unsound_compression_is_refused(tmp_path: Path, wire: bytes) -> None:
    with pytest.raises(SourceFormatError) as caught:
        take(tmp_path / "b", wire, zipped=True)
    assert caught.value.code == "bad_compression"


@pytest.mark.fault("T5")
@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (FetchLimits(ratio=50), "ratio_exceeded"),
        (FetchLimits(ratio=10_000, decoded_bytes=3_000_000), "too_large"),
        (FetchLimits(ratio=10_000, wire_bytes=2_000), "too_large"),
    ],
)
def test_a_bomb_is_refused_early(tmp_path: Path, limits: FetchLimits, code: str) -> None:
    bomb = gzip.compress(bytes(30_000_000))
    with pytest.raises(SourceFormatError) as caught:
        take(tmp_path / "b", bomb, zipped=True, step=len(bomb), limits=limits)
    assert caught.value.code == code
    assert not (tmp_path / "b").exists()


@pytest.mark.fault("T7")
def test_a_plain_body_over_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SyncdError, match="larger than 5000 bytes"):
        take(tmp_path / "b", TEXT, zipped=False, limits=FetchLimits(wire_bytes=5_000))


@pytest.mark.fault("N8")
def test_the_gauge_judges_window_by_window() -> None:
    gauge = RateGauge(FetchLimits(rate_bytes_s=100, rate_grace_s=10), 0.0, where="test")
    gauge.count(1, 9.9)
    gauge.count(5_000, 10.0)
    gauge.count(10, 15.0)
    with pytest.raises(SourceUnavailable) as caught:
        gauge.count(10, 20.0)
    assert caught.value.code == "too_slow"
