"""Errors on the command line speak the language of the person who types."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from syncd.cli.main import main


@pytest.fixture(autouse=True)
def _no_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def broken(tmp_path: Path) -> list[str]:
    (tmp_path / "syncd.toml").write_text("colour = 1\n")
    return ["runs", "--config", str(tmp_path)]


def test_german_by_option_with_the_details_of_the_case(
    broken: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*broken, "--lang", "de"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("syncd: Einstellungen fehlerhaft. ")
    assert "[config_invalid]" in said
    assert "syncd.toml:1" in said
    assert "→ Die genannten Zeilen berichtigen und syncd check ausführen." in said


@pytest.mark.parametrize(
    ("variables", "german"),
    [
        ({}, False),
        ({"LANG": "de_DE.UTF-8"}, True),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "C.UTF-8"}, False),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "de_AT"}, True),
        ({"LANG": "", "LC_ALL": ""}, False),
    ],
)
def test_the_locale_decides_without_an_option(
    broken: list[str],
    variables: dict[str, str],
    german: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    main(broken)
    assert ("Einstellungen fehlerhaft" in capsys.readouterr().err) is german


def test_programs_read_the_same_words(broken: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main([*broken, "--lang", "de", "--json"])
    error = json.loads(capsys.readouterr().err)["error"]
    assert error["title"] == "Einstellungen fehlerhaft"
    assert "colour" in error["message"]
