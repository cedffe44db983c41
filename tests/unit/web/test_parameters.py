"""What may be asked, and what a wrong question is told."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.area import AreaLevel
from syncd.model.coverage import CellState, GapCause, Tier
from syncd.model.evidence import ChannelKind, Evidence, LinkState
from syncd.model.run import RunOutcome
from syncd.web import documents, entry_documents
from syncd.web.parameters import AsOf, Cause, GapFilter, GapState, LineName, Paged, read_parameters
from syncd.web.problems import BadRequest


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (GapState, {s.label for s in CellState}),
        (Cause, {c.label for c in GapCause}),
        (LineName, {t.value for t in Tier}),
        (entry_documents.Rung, {e.label for e in Evidence}),
        (documents.Outcome, {o.value for o in RunOutcome}),
        (documents.LevelName, {level.name.lower() for level in AreaLevel}),
        (entry_documents.ChannelDocument.model_fields["kind"].annotation, {k.value for k in ChannelKind}),
        (entry_documents.ChannelDocument.model_fields["link_state"].annotation, {s.value for s in LinkState}),
    ],
)
def test_names_of_the_api_are_those_of_the_model(names: Any, labels: set[str]) -> None:
    assert set(get_args(names)) == labels


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 31, 23, 59, 59, 999_999, UTC)),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31T12:00:00 02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),  # an unescaped plus
    ],
)
def test_days_and_instants(text: str, expected: datetime) -> None:
    assert read_parameters(AsOf, [("at", text)], {}).at == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("at", "31.01.2026"),
        ("at", "2026-02-30"),
        ("at", "2026-01-31T12:00:00"),
        ("at", "0001-01-01T00:00:00+14:00"),
        ("at", ""),
        ("release", "0"),
        ("release", "2147483648"),
        ("release", "1.0"),
        ("release", "+1"),
        ("release", "1_0"),
        ("release", "\u0661"),
        ("limit", "0"),
        ("limit", "1001"),
        ("state", "gone"),
        ("cause", ""),
        ("line", "dorf"),
        ("area", "a\0b"),
        ("area", "a\nb"),
        ("area", "x" * 201),
        ("area", ""),
        ("cursor", "a=b"),
        ("unheard", "of"),
    ],
)
def test_wrong_values_are_named(name: str, value: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_parameters(GapFilter, [(name, value)], {})
    assert [finding.parameter for finding in refused.value.findings] == [name]


def test_unknown_parameters_are_told_the_known_ones() -> None:
    with pytest.raises(BadRequest, match=r"limt is not known here \(known: cursor, limit\)"):
        read_parameters(Paged, [("limt", "5")], {})


def test_only_lists_may_be_repeated() -> None:
    asked = read_parameters(GapFilter, [("state", "dead"), ("area", "06"), ("state", "missing")], {})
    assert asked.state == ["dead", "missing"]
    with pytest.raises(BadRequest, match="area may be given only once"):
        read_parameters(GapFilter, [("area", "06"), ("area", "07")], {})


def test_release_and_day_contradict_each_other() -> None:
    with pytest.raises(BadRequest, match="either release or at"):
        read_parameters(AsOf, [("at", "2026-01-31"), ("release", "3")], {})


@given(st.lists(st.tuples(st.sampled_from(["area", "at", "limit", "state", "release", "q"]), st.text())))
def test_nothing_but_a_bad_request_is_raised(pairs: list[tuple[str, str]]) -> None:
    with suppress(BadRequest):
        read_parameters(GapFilter, pairs, {})
