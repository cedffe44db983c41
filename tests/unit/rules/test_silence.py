"""One alarm per silent source, or one for all."""

from __future__ import annotations

import pytest

from syncd.rules.silence import silence_alarms


@pytest.mark.fault("N12")
@pytest.mark.parametrize(
    ("before", "now", "watched", "single", "everything"),
    [
        ("", "", 3, "", False),
        ("", "a", 3, "a", False),
        ("a", "ab", 3, "b", False),
        ("ab", "ab", 3, "", False),
        ("", "abc", 3, "", True),
        ("ab", "abc", 3, "", True),
        ("abc", "abc", 3, "", False),
        ("abc", "ab", 3, "", False),
        ("", "a", 1, "a", False),
        ("a", "a", 1, "", False),
        ("", "", 0, "", False),
    ],
)
def test_alarms(before: str, now: str, watched: int, single: str, everything: bool) -> None:
    assert silence_alarms(set(before), set(now), watched) == (tuple(single), everything)
