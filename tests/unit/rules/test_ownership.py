"""A source speaks only within its scope, also for what it never stated."""

from __future__ import annotations

import pytest

from syncd.model.area import AreaKey
from syncd.model.record import Claim, RecordKind, Scope
from syncd.model.service import ServiceKey
from syncd.rules.ownership import Ownership

KEY, OTHER = "99108001001000", "99108001002000"
OWNERSHIP = Ownership.of(
    {
        "kreis": Scope((AreaKey("06431"), AreaKey("064320001001"))),
        "list": Scope((AreaKey("00"),), frozenset({KEY})),
        "town": Scope((AreaKey("064150000000"),)),
    }
)
MOVED = {"064350014014": AreaKey("064150000000")}


@pytest.mark.parametrize(
    ("source_id", "key", "area", "owned"),
    [
        ("kreis", KEY, "06431", True),
        ("kreis", KEY, "064310001001", True),
        ("kreis", KEY, "064320001001", True),
        ("kreis", KEY, "064320001002", False),
        ("kreis", KEY, "06432", False),
        ("kreis", KEY, "06", False),
        ("kreis", KEY, "00", False),
        ("list", KEY, "091620000000", True),
        ("list", KEY, "00", True),
        ("list", OTHER, "00", False),
        ("list", "local:list:7", "00", True),
        ("town", KEY, "064350014014", True),
        ("town", KEY, "064350014015", False),
        ("gone", OTHER, "00", True),
    ],
)
def test_what_a_source_may_say(source_id: str, key: str, area: str, *, owned: bool) -> None:
    claim = Claim(source_id, "1", ServiceKey(key), AreaKey(area), "x")
    assert OWNERSHIP.owns(claim, MOVED) is owned


def test_what_is_said_of_a_service_is_about_no_area() -> None:
    claim = Claim("kreis", "1", ServiceKey(KEY), AreaKey("00"), "x", kind=RecordKind.CATALOGUE)
    assert OWNERSHIP.owns(claim, {})
