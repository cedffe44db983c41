"""Ranks by kind of source: what a source's file, its kind and the defaults give it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from syncd.rules.precedence import KIND_RANKS, Precedence, SourceKind
from syncd.settings.precedence_file import PrecedenceTable
from syncd.settings.source_file import SourceFile

FILE = {
    "id": "kassel",
    "title": "Kassel",
    "connector": "generic",
    "interval": "1h",
    "stale_after": "1d",
    "scope": {"areas": ["06611"]},
    "settings": {},
}


def source(**more: object) -> SourceFile:
    return SourceFile.model_validate({**FILE, **more})


def test_every_kind_has_a_rank_and_no_two_have_the_same() -> None:
    table = PrecedenceTable()
    ranks = {kind: table.rank_of(source(kind=kind.value)) for kind in SourceKind}
    assert ranks == KIND_RANKS
    assert len(set(ranks.values())) == len(ranks)
    assert table.rank_of(source()) == KIND_RANKS[SourceKind.OTHER]


def test_what_is_nearer_to_the_source_goes_first() -> None:
    table = PrecedenceTable.model_validate(
        {"link_list": 7, "fields": {"authority": {"link_list": 3}, "title": {"link_list": 4}}}
    )
    assert table.rank_of(source(kind="link_list")) == 7
    assert table.rank_of(source(kind="link_list", precedence=55)) == 55
    assert table.field_ranks_of(source(kind="link_list")) == {"authority": 3, "title": 4}
    own = {"title": 9}
    assert table.field_ranks_of(source(kind="link_list", field_precedence=own)) == {
        "authority": 3,
        "title": 9,
    }
    assert table.field_ranks_of(source(kind="link_list", precedence=55, field_precedence=own)) == own
    assert table.field_ranks_of(source(kind="other")) == {}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"fields": {"colour": {"other": 1}}}, "'colour' is no field; known: title"),
        ({"fields": {"title": {"radio": 1}}}, "title.radio: no kind of source; known: municipal_portal"),
        ({"fields": {"title": {"other": -1}}}, "greater than or equal to 0"),
        ({"fields": {"title": 3}}, "valid dictionary"),
        ({"fields": 3}, "valid dictionary"),
        ({"other": 10_001}, "less than or equal to 10000"),
        ({"radio": 1}, "Extra inputs"),
    ],
)
def test_what_is_wrong_is_told(table: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        PrecedenceTable.model_validate(table)


def test_an_unknown_kind_of_source_is_refused() -> None:
    with pytest.raises(ValidationError, match="municipal_portal"):
        source(kind="radio")


def test_fresh_goes_before_stale_and_only_then_ranks_count() -> None:
    precedence = Precedence({"a": 1, "b": 50, "c": 60}, {"title": {"c": 2}}, fresh=frozenset({"b", "c"}))
    assert sorted("abc", key=lambda s: precedence.order(s, "authority")) == ["b", "c", "a"]
    assert sorted("abc", key=lambda s: precedence.order(s, "title")) == ["c", "b", "a"]
    assert precedence.is_stale("unconfigured")
    assert not Precedence().is_stale("anything")
