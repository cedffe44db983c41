"""How long history is kept is a setting with a floor."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from syncd.rules.retention import Retention
from syncd.settings.daemon_file import DaemonFile


def test_the_defaults_are_those_of_the_rule() -> None:
    assert DaemonFile().retention.to_rule() == Retention()


def test_longer_is_taken_as_written() -> None:
    file = DaemonFile.model_validate({"retention": {"runs": "30 d", "releases": "800d", "withdrawn": "52 w"}})
    days = timedelta(days=1)
    assert file.retention.to_rule() == Retention(30 * days, 800 * days, 364 * days)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("runs", "29 d", "29 d is shorter than the least, 30 d"),
        ("releases", "365d", "365 d is shorter than the least, 400 d"),
        ("withdrawn", "1 h", "1 h is shorter than the least, 90 d"),
        ("runs", "721 h", "721 h is no whole number of days"),
        ("runs", "0 s", "shorter than the least"),
        ("runs", 400, "is not a duration"),
    ],
)
def test_what_would_lose_history_is_refused(key: str, value: object, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        DaemonFile.model_validate({"retention": {key: value}})
