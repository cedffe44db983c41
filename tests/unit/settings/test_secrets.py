"""Secrets stand in variables and files, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.errors import ConfigError
from syncd.sdk.settings import SecretRef
from syncd.settings.load import check_config, load_config

CANARY = "canary-4f1b"


@pytest.mark.fault("P6")
@pytest.mark.parametrize("text", [CANARY, f"env={CANARY}", "env:", "file:  ", f"ENV:{CANARY}", ""])
def test_literal_values_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="never as the value itself") as caught:
        SecretRef(text)
    assert CANARY not in str(caught.value)


def test_reference_shows_where_not_what(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOWN_TOKEN", CANARY)
    (tmp_path / "token").write_text(f"{CANARY}\n")
    for reference in (SecretRef("env:TOWN_TOKEN"), SecretRef(f"file:{tmp_path / 'token'}")):
        assert reference.reveal() == CANARY
        assert CANARY not in f"{reference!r} {reference}"


@pytest.mark.fault("P4")
def test_missing_secrets_are_config_errors(tmp_path: Path) -> None:
    for text in ("env:SYNCD_NOT_SET", f"file:{tmp_path / 'none'}"):
        with pytest.raises(ConfigError) as caught:
            SecretRef(text).reveal()
        assert caught.value.code == "secret_missing"


@pytest.mark.fault("P6")
def test_database_url_with_password_is_refused_without_repeating_it(directory: Path) -> None:
    for url in (f"postgresql://me:{CANARY}@db/syncd", f"postgresql+psycopg://me:{CANARY}@db/syncd"):
        (directory / "syncd.toml").write_text(f'[database]\nurl = "{url}"\n')
        (problem,) = check_config(directory)
        assert problem.key == "database.url"
        assert CANARY not in str(problem)


def test_database_url_by_reference(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "syncd.toml").write_text('[database]\nurl = "env:TEST_DATABASE_URL"\n')
    (problem,) = check_config(directory)
    assert "TEST_DATABASE_URL" in problem.message
    monkeypatch.setenv("TEST_DATABASE_URL", f"postgresql://me:{CANARY}@db/syncd")
    config = load_config(directory)
    assert config.database_url.endswith("@db/syncd")
    assert CANARY not in repr(config)
    assert CANARY in config.secrets()


@pytest.mark.fault("P6")
def test_a_literal_client_id_is_refused_and_not_repeated(directory: Path) -> None:
    text = f"""
id = "pvog"
title = "PVOG"
connector = "pvog_suchdienst"
interval = "1d"
stale_after = "7d"
[scope]
areas = ["00"]
[settings]
base_url = "https://portal.example.org"
regions = ["000000000000"]
client_id = "{CANARY}"
"""
    (directory / "sources" / "pvog.toml").write_text(text)
    (problem,) = check_config(directory)
    assert problem.key == "settings.client_id"
    assert CANARY not in str(problem)
    (directory / "sources" / "pvog.toml").write_text(text.replace(CANARY, "env:SYNCD_NOT_SET"))
    (problem,) = check_config(directory)
    assert problem.key == "settings.client_id"
    assert "SYNCD_NOT_SET" in problem.message
