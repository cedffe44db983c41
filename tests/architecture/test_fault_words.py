"""Every stable code has words in both languages, and the reference page shows them."""

from __future__ import annotations

import ast

import pytest

from syncd.rules.fault_words import GROUPS, fault_words
from tests.support.code_table import PAGE, codes_in_source, codes_of, render

CODES = [code for codes in GROUPS.values() for code in codes]


def test_every_code_of_the_source_has_words() -> None:
    lacking = {code: sorted(files) for code, files in codes_in_source().items() if code not in CODES}
    # To cure it: one line each in syncd/rules/fault_words_german.py and fault_words_english.py.
    assert lacking == {}


def test_no_words_for_codes_that_nobody_raises() -> None:
    raised = set(codes_in_source())
    # Made from statuses, from tables of other rooms or in web/problems.py by hand.
    made = {code for code in CODES if code.startswith("http_")} | {"internal"}
    assert set(CODES) - raised - made == set()


@pytest.mark.parametrize("code", CODES)
def test_words_are_whole_in_both_languages(code: str) -> None:
    german, english = fault_words(code, "de"), fault_words(code, "en")
    assert german is not None
    assert english is not None
    assert german.cause != english.cause
    assert bool(german.fix) == bool(english.fix)
    for words in (german, english):
        assert 3 <= len(words.title) <= 40
        assert not words.title.endswith(".")
        assert words.cause.endswith(".")
        assert not words.fix or words.fix.endswith(".")
        assert "|" not in words.title + words.cause + words.fix


def test_both_tables_have_the_same_codes_in_the_same_order() -> None:
    from syncd.rules.fault_words_german import GERMAN  # noqa: PLC0415 - only this test looks behind the door

    assert list(GERMAN) == CODES
    assert len(CODES) == len(set(CODES))


def test_families_answer_for_their_members() -> None:
    assert fault_words("http_599", "en") == fault_words("http_5xx", "en")
    assert fault_words("http_206", "en") == fault_words("http_xxx", "en")
    assert fault_words("storage_something_new") == fault_words("storage")
    assert fault_words("a_code_of_a_third_party") is None
    assert fault_words("empty_snapshot", "fr") == fault_words("empty_snapshot", "en")


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        ("class A(SyncdError):\n    code = 'a_code'", ["a_code"]),
        ("raise ConfigError('x', code='a_code')", ["a_code"]),
        ("Judgement(code='one' if x else 'two')", ["one", "two"]),
        ("code, reason = ('' if x else 'a_') + 'code', 'text'", ["a_code", "code"]),
        ("context.issue('a_code', 'text')", ["a_code"]),
        ("found.warn('a_code', 'text'); log.warn('an event')", ["a_code"]),
        ("not_found('area', name, known, 'a_code')", ["a_code"]),
        ("_TABLE = {'a_code': 1}", ["a_code"]),
        ("_TABLE: Final = (('said', 'a_code', 'fix'),)", ["a_code"]),
        ("code = 'a local variable'; f(code=code, area_code='x')", []),
    ],
)
def test_the_reader_finds_codes(source: str, codes: list[str]) -> None:
    assert sorted(codes_of(ast.parse(source), "_TABLE")) == codes


def test_the_reference_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == render()
