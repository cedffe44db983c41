"""``[linking]``: thresholds reach the use cases in permille; what is out of order is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from syncd.pipeline.registry import Linking
from syncd.rules.candidates import Thresholds
from syncd.settings.daemon_file import DaemonFile
from syncd.settings.linking_file import LinkingTable


def test_the_defaults_are_those_of_the_rules() -> None:
    assert LinkingTable().to_linking() == Linking() == DaemonFile().linking.to_linking()


def test_thresholds_are_shares_of_one() -> None:
    table = LinkingTable.model_validate({"upper": 0.95, "lower": 1e-9, "distance": 0, "enabled": False})
    assert table.to_linking() == Linking(enabled=False, thresholds=Thresholds(950, 1, 0))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"upper": 0.3, "lower": 0.4}, "lower"),
        ({"lower": 0}, "lower"),
        ({"upper": 90}, "upper"),
        ({"aliases": {"Hund": "123"}}, "aliases"),
    ],
)
def test_what_makes_no_sense_is_refused(said: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        LinkingTable.model_validate(said)
