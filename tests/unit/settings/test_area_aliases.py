"""The operator's table of names of areas: read, checked against the register, and in the index of the day."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import pytest

from syncd.model.area import AreaKey
from syncd.rules.place_index import PlaceMatch, SeveralPlaces
from syncd.settings.load import check_config, load_config
from syncd.settings.shipped import shipped_directory
from tests.support.paths import REPOSITORY
from tests.support.shipped_registers import HANAU_DAY

EXCERPT = REPOSITORY / "tests" / "fixtures" / "registers" / "gv100ad-excerpt.txt"
ENTRY = '[[alias]]\nname = "{}"\narea = "{}"\nreason = "test"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    (folder / "reference").mkdir(parents=True)
    (folder / "syncd.toml").write_text("[web]\nport = 0\n")
    return folder


def enter(folder: Path, *entries: tuple[str, str]) -> None:
    text = "".join(ENTRY.format(name, code) for name, code in entries)
    (folder / "reference" / "area-aliases.toml").write_text(text)


def meant(folder: Path, name: str, on: date = HANAU_DAY) -> object:
    return load_config(folder).registers.area_register(on).index.places.resolve(name, [AreaKey("06")])


def test_without_a_table_of_its_own_the_shipped_one_holds(config: Path) -> None:
    assert check_config(config) == []
    assert meant(config, "Bromskirchen") == PlaceMatch(
        AreaKey("066350001001"), "Allendorf (Eder)", by_alias=True
    )
    assert check_config(shipped_directory()) == []


def test_an_own_table_takes_its_place_and_follows_successions(config: Path) -> None:
    enter(config, ("Kassel", "066110000000"), ("Brüder-Grimm-Stadt", "064350014014"), ("Tal", "06633"))
    assert check_config(config) == []
    assert meant(config, "Kassel") == PlaceMatch(
        AreaKey("066110000000"), "Kassel, documenta-Stadt", by_alias=True
    )
    assert meant(config, "Tal") == PlaceMatch(AreaKey("06633"), "Kassel", by_alias=True)
    assert meant(config, "Bromskirchen") is None
    for on, code in ((date(2025, 12, 31), "064350014014"), (HANAU_DAY, "064150000000")):
        found = meant(config, "Brüder-Grimm-Stadt", on)
        assert isinstance(found, PlaceMatch)
        assert found.area.code == code
        # The name of the area that has ended leads to the one that took over, and is no second area.
        assert meant(config, "Hanau", on) == PlaceMatch(AreaKey(code), "Hanau, Brüder-Grimm-Stadt")


def test_one_name_for_two_areas_is_left_open(config: Path) -> None:
    enter(config, ("Tal", "066110000000"), ("Tal", "06633"))
    assert check_config(config) == []
    assert isinstance(meant(config, "Tal"), SeveralPlaces)


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        (ENTRY.format("Tal", "069990000000"), "alias.0.area", "no area of the register"),
        (ENTRY.format("Tal", "06414000"), "alias.0.area", "no area of the register"),  # an AGS
        (ENTRY.format("Tal", "kassel"), "alias.0.area", ""),
        (ENTRY.format("", "06633"), "alias.0.name", ""),
        (ENTRY.format("x" * 201, "06633"), "alias.0.name", ""),
        (ENTRY.format("35390", "06633"), "", "no name"),
        (ENTRY.format("Tal", "06633") + ENTRY.format("TAL ", "06633"), "", "listed twice"),
        ('[[alias]]\nname = "Tal"\narea = "06633"\n', "alias.0.reason", ""),
        ('[[alias]]\nnmae = "Tal"\n', "alias.0.nmae", ""),
        ("[[alias", "registers.area_aliases", "not valid TOML"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused_with_its_place(
    config: Path, text: str, key: str, says: str
) -> None:
    (config / "reference" / "area-aliases.toml").write_text(text)
    problems = check_config(config)
    assert key in {problem.key for problem in problems}
    assert says in " ".join(problem.message for problem in problems)
    assert all(problem.fix for problem in problems if problem.key == "alias.0.area" and says)


def test_the_shipped_table_asks_nothing_of_a_register_of_ones_own(config: Path) -> None:
    """An excerpt does not have all areas; only what the operator wrote has to fit."""
    (config / "reference" / "own.txt.gz").write_bytes(gzip.compress(EXCERPT.read_bytes()))
    (config / "syncd.toml").write_text('[web]\nport = 0\n[registers]\nareas = "reference/own.txt.gz"\n')
    (config / "reference" / "successions.toml").write_text("")
    problems = [p for p in check_config(config) if "alias" in p.file or "alias" in p.key]
    assert problems == []
    enter(config, ("Bromskirchen", "066350001001"))
    assert [p.key for p in check_config(config) if "alias" in p.key] == ["alias.0.area"]
