"""What a person types, against all names of the shipped register."""

from __future__ import annotations

import pytest

from syncd.rules.names import fold_name, is_called
from tests.support.shipped_registers import shipped_edition


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("Kassel", {"06611", "066110000", "066110000000", "06633"}),
        ("kassel, documenta-stadt", {"06611", "066110000", "066110000000"}),
        ("Wiesbaden", {"06414", "064140000", "064140000000"}),
        ("Hattersheim", set()),
        ("Hattersheim am Main", {"064360005", "064360005005"}),
    ],
)
def test_who_may_be_meant(typed: str, codes: set[str]) -> None:
    wanted = fold_name(typed)
    assert {area.code for area in shipped_edition().areas if is_called(area.name, wanted)} == codes
