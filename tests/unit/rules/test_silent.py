"""One rule says when a silence is too long, for the alarm and for everything that shows a source."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncd.rules.silence import heard_at, is_silent, is_too_long

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_silence_counts_from_the_last_good_answer_else_from_the_first_question() -> None:
    assert heard_at(NOW - HOUR, NOW - 9 * HOUR, NOW) == NOW - HOUR
    assert heard_at(None, NOW - 9 * HOUR, NOW) == NOW - 9 * HOUR
    assert heard_at(None, None, NOW) == NOW


@pytest.mark.parametrize(
    ("silence", "too_long"),
    [(HOUR, False), (2 * HOUR, False), (2.001 * HOUR, True), (-HOUR / 2, False), (-2 * HOUR, True)],
)
def test_two_intervals_are_the_limit_and_a_stamp_from_the_future_has_no_age(
    silence: timedelta, too_long: bool
) -> None:
    assert is_too_long(silence, HOUR) is too_long
    assert is_silent(NOW - silence, None, now=NOW, interval=HOUR) is too_long
