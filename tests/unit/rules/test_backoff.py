"""How long a failing source is left alone: a table."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from syncd.rules.backoff import is_suspect, name_is_gone, wait_after
from syncd.scheduling.timing import Timing, due_times

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.fault("C12", "P5")
@pytest.mark.parametrize(
    ("interval", "failures", "code", "expected"),
    [
        (6 * HOUR, 0, "", 6 * HOUR),
        (6 * HOUR, 1, "timeout_headers", 5 * MINUTE),
        (6 * HOUR, 2, "timeout_headers", 10 * MINUTE),
        (6 * HOUR, 3, "timeout_headers", 20 * MINUTE),
        (6 * HOUR, 4, "timeout_headers", 6 * HOUR),
        (6 * HOUR, 5, "timeout_headers", 12 * HOUR),
        (6 * HOUR, 6, "timeout_headers", DAY),
        (6 * HOUR, 100_000, "timeout_headers", DAY),
        (7 * DAY, 9, "timeout_headers", 7 * DAY),
        (MINUTE, 3, "http_500", MINUTE),
        (MINUTE, 5, "http_500", 2 * MINUTE),
        # Whoever says no, or when, is not asked three times in a row.
        (HOUR, 1, "http_401", HOUR),
        (HOUR, 2, "http_403", 2 * HOUR),
        (HOUR, 3, "http_429", 4 * HOUR),
        (HOUR, 30, "http_401", DAY),
    ],
)
def test_wait(interval: timedelta, failures: int, code: str, expected: timedelta) -> None:
    assert wait_after(interval, failures, code) == expected


@pytest.mark.fault("C12")
def test_a_dead_source_is_asked_ever_less_but_never_forgotten() -> None:
    at, starts = timedelta(0), []
    for failures in range(1, 60):
        at += wait_after(HOUR, failures, "connection_refused")
        starts.append(at)
    assert sum(start <= HOUR for start in starts) == 3
    assert sum(start <= DAY for start in starts) < 10
    assert all(later - sooner <= DAY for sooner, later in itertools.pairwise(starts))


@pytest.mark.fault("C12", "N13")
def test_a_restart_does_not_forget_the_back_off() -> None:
    dead = Timing("dead", HOUR, NOW - 2 * HOUR, failures=20, code="http_503")
    well = Timing("well", HOUR, NOW - 2 * HOUR)
    due = due_times([dead, well], NOW)
    assert due["dead"] == NOW + 22 * HOUR
    assert due["well"] < NOW + MINUTE


@pytest.mark.parametrize(
    ("failures", "took", "expected"),
    [(0, None, False), (0, MINUTE, False), (1, None, True), (0, 3 * MINUTE, True)],
)
def test_suspect(failures: int, took: timedelta | None, expected: bool) -> None:
    assert is_suspect(failures, took) is expected


@pytest.mark.fault("N3")
@pytest.mark.parametrize(
    ("code", "last_good", "failures", "expected"),
    [
        ("dns_unknown_host", NOW - 25 * HOUR, 3, True),
        ("dns_unknown_host", NOW - 23 * HOUR, 30, False),
        ("dns_unknown_host", None, 3, True),
        ("dns_unknown_host", None, 0, False),
        ("dns_failure", NOW - 25 * HOUR, 30, False),
    ],
)
def test_a_name_that_is_gone(code: str, last_good: datetime | None, failures: int, expected: bool) -> None:
    assert name_is_gone(code, last_good, NOW, failures) is expected
