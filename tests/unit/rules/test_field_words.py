"""Every reason, field, kind and state of a field has words in both languages."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from syncd.pipeline import explain_field
from syncd.pipeline.conflict_views import ConflictState, PinState
from syncd.pipeline.explain_field import EXPLAINED_FIELDS
from syncd.rules import field_words
from syncd.rules.merge import REFUTED
from syncd.rules.precedence import SourceKind
from syncd.rules.words import GRADING
from syncd.settings.precedence_file import RANKED_FIELDS

TABLES = [table for name, table in vars(field_words).items() if name.isupper()]


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("table", TABLES)
def test_both_languages_tell_the_same(table: dict[str, dict[str, str]]) -> None:
    for words in table.values():
        assert words.keys() == {"de", "en"}
        assert all(words.values())
        assert places(words["de"]) == places(words["en"])


def test_nothing_is_without_words() -> None:
    assert set(EXPLAINED_FIELDS) | set(RANKED_FIELDS) == set(field_words.FIELDS)
    assert {kind.value for kind in SourceKind} == set(field_words.KINDS)
    assert {state.value for state in ConflictState} == set(field_words.CONFLICT_STATES)
    assert {state.value for state in PinState} == set(field_words.PIN_STATES)
    assert REFUTED in GRADING


def test_every_reason_that_may_be_given_has_words() -> None:
    tree = ast.parse(Path(explain_field.__file__).read_text("utf-8"))
    used = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[a-z_]+", node.value)
    }
    assert set(field_words.WHY) <= used
    assert set(field_words.STEPS) <= used
