"""Another edition of the register: refused until every ended area has a successor, then taken whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from syncd.cli.main import main
from syncd.settings.area_import import plan_area_import, read_edition
from syncd.settings.load import check_config, load_config
from tests.support.paths import REPOSITORY

EXCERPT = REPOSITORY / "tests" / "fixtures" / "registers" / "gv100ad-excerpt.txt"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration on the excerpt."""
    folder = tmp_path / "config"
    (folder / "sources").mkdir(parents=True)
    (folder / "reference").mkdir()
    (folder / "reference" / "old.txt").write_text(EXCERPT.read_text())
    (folder / "reference" / "successions.toml").write_text("# none yet\n")
    (folder / "syncd.toml").write_text(
        '[registers]\n# areas = "x"\n# kept\nservices = "s.csv"\n[web]\nport = 0\n'
    )
    (folder / "s.csv").write_text("leika,name,typ,ozg_id,ozg_name,lage,themenfeld\n")
    text = (folder / "syncd.toml").read_text()
    (folder / "syncd.toml").write_text(text.replace('# areas = "x"', 'areas = "reference/old.txt"'))
    return folder


def edition(folder: Path, *changes: tuple[str, str]) -> Path:
    text = EXCERPT.read_text().replace("20251130", "20261130")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new.ljust(len(old)))
    path = folder / "new.txt"
    path.write_text(text)
    return path


def run(*arguments: str) -> int:
    return main(["areas", "import", *arguments])


def test_a_rename_is_taken_and_the_files_belong_together(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = edition(tmp_path, ("Hanau, Brüder-Grimm-Stadt", "Hanau am Main"))
    assert run(str(new), "--dry-run", "--json", "--config", str(config)) == 0
    plan = json.loads(capsys.readouterr().out)
    assert {entry["new_name"] for entry in plan["diff"]["renamed"]} == {"Hanau am Main"}
    assert plan["changed_files"] == []
    assert load_config(config).registers.edition.stated_on.year == 2025

    assert run(str(new), "--config", str(config)) == 0
    assert check_config(config) == []
    taken = load_config(config)
    assert taken.registers.edition.stated_on.year == 2026
    text = (config / "syncd.toml").read_text()
    assert 'areas = "reference/gv100ad-2026-11-30.txt.gz"' in text
    assert "# kept" in text
    assert "port = 0" in text


def test_an_area_that_ends_without_a_successor_changes_nothing(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = EXCERPT.read_text().replace("20251130", "20261130").splitlines(keepends=True)
    municipality = next(line for line in lines if line.startswith("60") and "Hanau" in line)
    new = tmp_path / "new.txt"
    new.write_text("".join(line for line in lines if line != municipality))
    before = {path: path.read_bytes() for path in config.rglob("*") if path.is_file()}
    assert run(str(new), "--config", str(config)) == 1
    said = capsys.readouterr()
    assert "[[succession]]" in said.out
    assert 'from = "064350014014"' in said.out
    assert {path: path.read_bytes() for path in config.rglob("*") if path.is_file()} == before


def test_what_would_break_the_configuration_is_put_back(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (config / "sources" / "town.toml").write_text("id = 'twon'\n")
    new = edition(tmp_path, ("Hanau, Brüder-Grimm-Stadt", "Hanau am Main"))
    before = {path: path.read_bytes() for path in config.rglob("*") if path.is_file()}
    assert run(str(new), "--config", str(config)) == 2
    assert "sources/town.toml" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in config.rglob("*") if path.is_file()} == before


def test_the_shipped_edition_changes_nothing(config: Path) -> None:
    read, _ = read_edition(REPOSITORY / "config" / "reference" / "gv100ad-2025-11-30.txt.gz")
    plan = plan_area_import(load_config(REPOSITORY / "config"), read)
    assert not plan.is_refused
    assert (plan.diff.new, plan.diff.dissolved, plan.diff.renamed) == ((), (), ())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a register\n", b"\xff\xfe\x00"])
def test_other_files_are_refused(config: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    assert run(str(tmp_path / "other"), "--config", str(config)) in {1, 2}
    assert run(str(tmp_path / "none"), "--config", str(config)) == 2
