"""Who may decide through the API: closed where anything is in doubt, and never a token in the open."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from syncd.errors import ConfigError
from syncd.settings.load import load_config
from syncd.settings.operators import SHORTEST_TOKEN, read_operators
from tests.support.paths import REPOSITORY

GOOD, OTHER = "a" * SHORTEST_TOKEN, "b" * 64


def configured(tmp_path: Path, text: str) -> Path:
    (tmp_path / "syncd.toml").write_text(text)
    (tmp_path / "reference").symlink_to(REPOSITORY / "config" / "reference")
    return tmp_path


def table(name: str, variable: str) -> str:
    return f'[[web.operator]]\nname = "{name}"\ntoken = "env:{variable}"\n'


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("", "not set"),
        ("a" * (SHORTEST_TOKEN - 1), "fewer than 32"),
        ("a" * 20 + " " + "b" * 20, "blanks"),
        ("ä" * 40, "no header can carry"),
        (OTHER, "the same token"),
    ],
)
@pytest.mark.fault("A10")
def test_whoever_cannot_be_told_for_certain_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str, why: str
) -> None:
    for name, value in (("ANNA", GOOD), ("BERT", OTHER), ("CARO", token)):
        monkeypatch.setenv(name, value)
    text = table("Anna", "ANNA") + table("Bert", "BERT") + table("Caro", "CARO")
    found = load_config(configured(tmp_path, text)).operators()
    left_out = {"Bert", "Caro"} if token == OTHER else {"Caro"}
    assert set(found.refused) == left_out
    assert why in found.refused["Caro"]
    assert found.digests["Anna"] == hashlib.sha256(GOOD.encode()).digest()
    assert not left_out & set(found.digests)
    assert not token or token not in str(found)


def test_a_rotated_token_counts_at_once(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text(GOOD + "\n")
    text = f'[[web.operator]]\nname = "Anna"\ntoken = "file:{secret}"\n'
    config = load_config(configured(tmp_path, text))
    before = config.operators().digests["Anna"]
    secret.write_text(OTHER)
    assert config.operators().digests["Anna"] != before
    # What is kept out of log lines.
    assert OTHER in config.secrets()


@pytest.mark.parametrize(
    "text",
    [
        f'[[web.operator]]\nname = "Anna"\ntoken = "{GOOD}"\n',
        '[[web.operator]]\nname = ""\ntoken = "env:ANNA"\n',
        '[[web.operator]]\nname = " Anna"\ntoken = "env:ANNA"\n',
        '[[web.operator]]\nname = "An\\tna"\ntoken = "env:ANNA"\n',
        '[[web.operator]]\nname = "Anna"\n',
        table("Anna", "ANNA") + table("anna", "BERT"),
    ],
)
def test_what_is_refused_in_the_file_is_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(configured(tmp_path, text))
    assert GOOD not in str(caught.value)
    assert "operator" in str(caught.value)


def test_nobody_by_default() -> None:
    assert read_operators(()).digests == {}
