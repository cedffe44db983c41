"""The names of the planning routes are those of the rules; a new one must reach the description."""

from __future__ import annotations

from typing import get_args

from syncd.model.evidence import ChannelKind
from syncd.rules.blueprint import Step
from syncd.rules.media_breaks import Finding
from syncd.rules.plan_words import FORECASTS, STALLS
from syncd.rules.uniformity import MARKS
from syncd.web.planning_documents import (
    AdoptionDocument,
    ChannelFindingDocument,
    FindingName,
    ForecastDocument,
    MarkName,
    StepName,
)


def test_names_are_those_of_the_rules() -> None:
    assert set(get_args(FindingName)) == set(Finding)
    assert set(get_args(StepName)) == set(Step)
    assert set(get_args(MarkName)) == MARKS.keys()
    assert set(get_args(ForecastDocument.model_fields["code"].annotation)) == FORECASTS.keys()
    assert set(get_args(AdoptionDocument.model_fields["stall"].annotation)) == STALLS.keys()
    assert set(get_args(ChannelFindingDocument.model_fields["claimed"].annotation)) == set(ChannelKind)
