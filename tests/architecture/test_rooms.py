"""Rooms stay small and say what they are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

HABIT_LINES = 400
LIMIT_LINES = 450
EMPTY_NAMES = {"manager", "managers", "helper", "helpers", "util", "utils", "common", "misc"}


def modules() -> list[Path]:
    folders = ("syncd", "connectors", "tests", "bench")
    return sorted(path for folder in folders for path in (REPOSITORY / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_module_is_not_two_rooms(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= LIMIT_LINES, f"the habit is {HABIT_LINES} lines; {lines} are probably two rooms"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_names_say_something(path: Path) -> None:
    words = {word for part in Path(name_of(path)).with_suffix("").parts for word in part.split("_")}
    assert not words & EMPTY_NAMES
