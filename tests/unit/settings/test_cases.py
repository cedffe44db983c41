"""The table of case figures: what it takes, what it refuses, and that it reaches the priorities."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from syncd.errors import ConfigError
from syncd.rules.prioritise import CaseFigure
from syncd.settings.cases_file import read_cases
from syncd.settings.layout import lay_out
from syncd.settings.load import check_config, load_config
from tests.support.paths import REPOSITORY

SHIPPED = REPOSITORY / "config"
KEY = "99036020001000"
CASE = f'[[case]]\nservice = "{KEY}"\ncases_per_1000 = 43.5\nyear = 2025\nsource = "Jahresbericht, S. 12"\n'


def test_the_shipped_table_is_empty_and_says_how_to_fill_it() -> None:
    text = (SHIPPED / "reference" / "cases.toml").read_text()
    assert read_cases(text, "cases.toml") == ({}, [])
    example = "\n".join(line.removeprefix("# ") for line in text.splitlines()[-5:])
    figures, problems = read_cases(example, "cases.toml")
    assert (list(figures), problems) == ([KEY], [])
    schema = json.loads((SHIPPED / "schema" / "cases.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(tomllib.loads(example))


def test_figures_reach_the_registry(tmp_path: Path) -> None:
    lay_out(tmp_path, SHIPPED, {})
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "cases.toml").write_text(CASE)
    config = load_config(tmp_path)
    assert config.registers.cases == {KEY: CaseFigure(KEY, 43.5, 2025, "Jahresbericht, S. 12")}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("43.5", "0"), "greater than 0"),
        (("43.5", "nan"), "finite number"),
        (("43.5", '"viele"'), "valid number"),
        ((KEY, "99036"), "match pattern"),
        (("2025", "25"), "greater than or equal to 1990"),
        (('"Jahresbericht, S. 12"', '""'), "at least 1 character"),
        (("year = 2025\n", ""), "year"),
        (("year", "jahr"), "jahr"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    lay_out(tmp_path, SHIPPED, {})
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "cases.toml").write_text(CASE.replace(*change))
    problems = check_config(tmp_path)
    assert problems
    assert all(problem.file == "reference/cases.toml" for problem in problems)
    assert any(said in f"{problem.key} {problem.message}" for problem in problems), problems


def test_a_service_has_one_figure() -> None:
    _, problems = read_cases(CASE + CASE, "cases.toml")
    assert KEY in problems[0].message


def test_what_is_no_toml_is_refused() -> None:
    with pytest.raises(ConfigError, match="not valid TOML"):
        read_cases("[[case", "cases.toml")
