"""Which database addresses are understood, and that no message quotes a password."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from syncd.errors import ConfigError
from syncd.storage.address import parse_address


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cret@db.example/syncd",
        "postgres://me:s3cret@db.example/syncd",
        "postgresql+psycopg://me:s3cret@db.example/syncd",
    ],
)
def test_every_spelling_of_postgresql_means_psycopg(url: str) -> None:
    address = parse_address(url)
    assert address.path is None
    assert address.url.drivername == "postgresql+psycopg"
    assert address.url.password == "s3cret"
    assert address.label == "postgresql+psycopg://me:***@db.example/syncd"


def test_paths_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_address("sqlite:///data/syncd.sqlite").path == tmp_path / "data" / "syncd.sqlite"
    assert parse_address("sqlite:////var/lib/syncd.sqlite").path == Path("/var/lib/syncd.sqlite")
    assert parse_address("sqlite:////var/lib/syncd.sqlite").label == "/var/lib/syncd.sqlite"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "cannot be read"),
        ("syncd.sqlite", "cannot be read"),
        ("postgresql://me:s3cret@db:port/syncd", "cannot be read"),
        ("postgresql://me:s3cret@db", "names no database"),
        ("mysql://me:s3cret@db/syncd", "'mysql' are not supported"),
        ("postgresql+asyncpg://me:s3cret@db/syncd", "not supported"),
        ("sqlite+aiosqlite:///syncd.sqlite", "not supported"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("sqlite://relative/syncd.sqlite", "three slashes"),
        ("sqlite:///syncd.sqlite?mode=ro", "a path and nothing else"),
    ],
)
def test_what_is_not_understood_is_refused_without_its_password(url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        parse_address(url)
    assert "sqlite:///PATH" in caught.value.fix
    cause = caught.value.__cause__ or caught.value.__context__
    shown = str(caught.value) + "".join(traceback.format_exception_only(caught.value))
    assert "s3cret" not in shown
    assert cause is None or caught.value.__suppress_context__
