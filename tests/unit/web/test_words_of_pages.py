"""Every code has its words, every text both languages, every figure its German form."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import syncd.web
from syncd.model.coverage import CellState, Tier
from syncd.web import api_registers, api_releases
from syncd.web.figures import Figures
from syncd.web.page_content import SHOWN_STATES, safe_link
from syncd.web.problems import _FIXES
from syncd.web.texts import PROBLEMS, TEXTS, problem_words, text
from tests.support.paths import REPOSITORY

WEB = Path(syncd.web.__file__).parent
DE = Figures("de", ZoneInfo("Europe/Berlin"))
EN = Figures("en", ZoneInfo("Europe/Berlin"))


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_texts_say_the_same_in_both_languages(name: str) -> None:
    both = TEXTS[name]
    assert set(both) == {"de", "en"}
    assert placeholders(both["de"]) == placeholders(both["en"])
    assert all(both.values())


def test_templates_and_content_use_texts_that_exist() -> None:
    sources = [*WEB.glob("templates/*.html"), *WEB.glob("*page*.py"), WEB / "report_links.py"]
    used = {
        name
        for path in sources
        for name in re.findall(r"\b(?:t|text)\(['\"]([a-z_]+)['\"]\s*[,)]", path.read_text("utf-8"))
    }
    assert len(used) > 50
    assert used <= set(TEXTS)


def test_states_lines_and_roles_have_texts() -> None:
    assert {*SHOWN_STATES, "not_owed"} == {state.label for state in CellState}
    for state in SHOWN_STATES:
        assert text(state, "de")
        assert text(f"legend_{state}", "de")
    for tier in Tier:
        assert text(f"as_{tier.value}", "de")
        assert text(f"per_{tier.value}", "de")
        assert TEXTS[f"in_{tier.value}"]


@pytest.mark.parametrize("language", ["de", "en"])
def test_problems_have_words_for_people(language: str) -> None:
    assert set(_FIXES) - {"unknown_source", "unknown_cohort"} <= set(PROBLEMS)
    for code, status in [("storage_busy", 503), ("what", 500), ("unknown_cohort", 404), ("odd", 418)]:
        assert all(problem_words(code, status, language))


@pytest.mark.parametrize(
    ("seconds", "german_words", "english_words"),
    [
        (0, "gerade eben", "just now"),
        (60, "vor 1 Minute", "1 minute ago"),
        (3599, "vor 59 Minuten", "59 minutes ago"),
        (3600, "vor 60 Minuten", "60 minutes ago"),
        (7200, "vor 2 Stunden", "2 hours ago"),
        (86_400, "vor 24 Stunden", "24 hours ago"),
        (864_000, "vor 10 Tagen", "10 days ago"),
    ],
)
def test_ages(seconds: int, german_words: str, english_words: str) -> None:
    assert DE.age(seconds) == german_words
    assert EN.age(seconds) == english_words


def test_figures() -> None:
    at = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert DE.number(83_577_140) == "83.577.140"
    assert EN.number(83_577_140) == "83,577,140"
    assert DE.moment(at) == "02.07.2026, 00:30 Uhr"
    assert EN.moment(at) == "2 Jul 2026, 00:30 (CEST)"
    assert DE.day(at) == "02.07.2026"
    assert EN.day(at) == "2 Jul 2026"


@pytest.mark.parametrize(
    ("url", "followed"),
    [
        ("https://portal.example/a", True),
        ("HTTP://portal.example/a", True),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//portal.example", False),
        ("", False),
    ],
)
def test_only_links_to_the_web_are_followed(url: str, followed: bool) -> None:
    assert bool(safe_link(url)) is followed


def test_the_reference_page_names_every_route_and_every_code() -> None:
    page = (REPOSITORY / "docs" / "reference" / "api.md").read_text("utf-8")
    routes = [*api_registers.table.routes, *api_releases.table.routes]
    assert not [route.path for route in routes if f"| `{route.path}` |" not in page]
    assert not [code for code in [*_FIXES, *PROBLEMS] if f"`{code}" not in page]
