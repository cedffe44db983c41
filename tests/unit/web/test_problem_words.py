"""Problem documents speak the language of the request; the detail of the case stays as it was raised."""

from __future__ import annotations

import json

import pytest

from syncd.errors import NotFound, StorageError
from syncd.web.problems import language_of, problem_answer, problem_of


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        (None, "", "en"),
        (None, "de-DE,de;q=0.9,en;q=0.8", "de"),
        (None, "en-GB,de;q=0.9", "en"),
        (None, "fr", "en"),
        ("de", "en", "de"),
        ("en", "de", "en"),
        (None, "de" * 5_000, "en"),
    ],
)
def test_the_language_of_a_request(asked: str | None, accepted: str, language: str) -> None:
    assert language_of(asked, accepted) == language


def test_title_and_fix_are_translated_and_the_detail_is_not() -> None:
    error = NotFound("the register does not know 'Atlantis'", code="unknown_area")
    german, english = problem_of(error, "id", "de"), problem_of(error, "id")
    assert (german.title, english.title) == ("Gebiet unbekannt", "Unknown area")
    assert german.fix.startswith("ARS oder AGS")
    assert english.fix.startswith("Use an ARS")
    assert german.detail == english.detail == "the register does not know 'Atlantis'"


def test_a_code_without_words_keeps_the_name_of_its_status() -> None:
    problem = problem_of(NotFound("x", code="of_a_third_party", fix="Do this."), "id", "de")
    assert (problem.title, problem.fix) == ("Not Found", "Do this.")


def test_the_answer_names_its_language() -> None:
    answer = problem_answer(StorageError("secret path"), "id", "de")
    assert answer.headers["Content-Language"] == "de"
    assert "secret" not in answer.body.decode()
    assert json.loads(answer.body)["title"] == "Speicher gestört"
