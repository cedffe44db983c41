"""Durations and sizes: what is understood, what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.settings.units import format_duration, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15s", 15),
        ("20 min", 1_200),
        ("20m", 1_200),
        ("6h", 21_600),
        ("1.5h", 5_400),
        ("7d", 604_800),
        ("250ms", 0.25),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize(
    "value", [15, 15.0, "15", "-1s", "1 fortnight", "", "s", "1h30m", None, True, "4000d"]
)
def test_refused_durations(value: object) -> None:
    with pytest.raises(ValueError, match=r"duration|ten years"):
        parse_duration(value)


@given(st.integers(0, 10_000_000))
def test_formatted_durations_are_understood_and_equal(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    ("value", "size"), [(5, 5), ("50 MB", 50_000_000), ("1MiB", 1 << 20), ("2.5kB", 2_500)]
)
def test_sizes(value: object, size: int) -> None:
    assert parse_size(value) == size


@pytest.mark.parametrize("value", [-1, True, 1.5, "50", "50 Mb", "many"])
def test_refused_sizes(value: object) -> None:
    with pytest.raises(ValueError, match="size"):
        parse_size(value)
