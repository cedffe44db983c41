"""Damaged documents by the thousand: no crash, no hang, no untyped exception, little memory (bar B4)."""

from __future__ import annotations

import pytest

from bench.fuzz import COMPOSED, FORMATS, fuzz_apart


@pytest.mark.fault("F2", "F8", "F9", "F10", "F14")
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "number", [20_000, pytest.param(1_000_000, marks=[pytest.mark.nightly, pytest.mark.timeout(7_200)])]
)
def test_damaged_documents(name: str, number: int) -> None:
    if name in COMPOSED:
        # Each of these documents fills a ledger of its own.
        number //= 5
    found = fuzz_apart(name, number, seed=2026)
    assert found.failures == []
    assert found.documents == number
    # Both ways must be well trodden, or the damage says nothing.
    assert found.outcomes["read"] > number / 100
    assert found.outcomes["refused"] > number / 100
    assert found.slowest_s <= 1.0
    assert found.growth_mib <= 128
