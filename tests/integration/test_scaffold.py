"""A new connector works at once: its own tests, the conformance suite, a run from its source file."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from syncd.bootstrap.conforming import run_checks
from syncd.errors import ConfigError
from syncd.sdk.scaffold import write_connector
from syncd.settings.source_file import SourceFile
from tests.support.paths import REPOSITORY

NAME = "musterstadt_v2"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = write_connector(NAME, 'Portal "Musterstadt"\n', tmp_path_factory.mktemp("new"))
    return files[0].parent


def test_its_own_tests_pass(project: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{project}{os.pathsep}{REPOSITORY}"}
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", str(project)],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-3_000:]
    assert " passed" in finished.stdout


def test_its_files_are_clean_and_complete(project: Path) -> None:
    # Import order depends on what is installed where, so it is left to the project.
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,UP,B"]
    ruff = subprocess.run(
        [*command, "--line-length", "110", str(project)], capture_output=True, text=True, check=False
    )
    assert ruff.returncode == 0, ruff.stdout
    described = tomllib.loads((project / "pyproject.toml").read_text())
    points = described["project"]["entry-points"]["syncd.connectors"]
    assert points == {NAME: f"syncd_connector_{NAME}.connector:SPEC"}
    source = tomllib.loads((project / f"{NAME}.toml").read_text())
    assert SourceFile.model_validate(source).title == "Portal Musterstadt"


def test_the_suite_tells_which_promise_is_broken(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(project))
    connector = import_module(f"syncd_connector_{NAME}.connector")
    (project / f"syncd_connector_{NAME}" / "README.md").rename(tmp_path / "README.md")
    try:
        broken = {name: words for name, words in run_checks(connector.SPEC, tmp_path) if words}
    finally:
        (tmp_path / "README.md").rename(project / f"syncd_connector_{NAME}" / "README.md")
    assert list(broken) == ["readme"]
    assert "README" in broken["readme"]


@pytest.mark.parametrize("name", ["", "A", "class", "ab-c", "../x", "1a", "a" * 41])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        write_connector(name, "x", tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(project: Path) -> None:
    with pytest.raises(ConfigError, match="exists"):
        write_connector(NAME, "x", project.parent)
