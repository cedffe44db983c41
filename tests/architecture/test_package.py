"""What is installed is what was promised: shipped configuration, connectors, locked dependencies."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import REPOSITORY

LOCKED = re.compile(r"^([a-zA-Z0-9._-]+)==([^ ;]+)", re.MULTILINE)


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(folder), str(REPOSITORY)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_wheel_carries_the_whole_configuration(wheel: zipfile.ZipFile) -> None:
    config = REPOSITORY / "config"
    expected = {
        f"syncd/shipped/{path.relative_to(config).as_posix()}" for path in config.rglob("*") if path.is_file()
    }
    assert "syncd/shipped/syncd.toml" in expected
    assert expected <= set(wheel.namelist())


def test_wheel_carries_the_packages_and_nothing_beside_them(wheel: zipfile.ZipFile) -> None:
    roots = {name.partition("/")[0] for name in wheel.namelist()}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"syncd", "connectors"}


def test_every_connector_folder_is_an_entry_point(wheel: zipfile.ZipFile) -> None:
    (path,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    points = configparser.ConfigParser()
    points.read_string(wheel.read(path).decode())
    folders = {path.parent.name for path in (REPOSITORY / "connectors").glob("*/__init__.py")}
    assert dict(points["syncd.connectors"]) == {name: f"connectors.{name}.connector:SPEC" for name in folders}
    assert dict(points["console_scripts"]) == {"syncd": "syncd.cli:main"}


def locked(name: str) -> dict[str, set[str]]:
    versions: dict[str, set[str]] = {}
    for package, version in LOCKED.findall((REPOSITORY / "requirements" / name).read_text("utf-8")):
        versions.setdefault(canonicalize_name(package), set()).add(version)
    return versions


def test_lock_files_fit_the_project(project: dict[str, Any]) -> None:
    declared = [
        *project["project"]["dependencies"],
        *(entry for extra in project["project"]["optional-dependencies"].values() for entry in extra),
        *(entry for group in project["dependency-groups"].values() for entry in group),
    ]
    versions = locked("test.txt")
    for requirement in map(Requirement, declared):
        if requirement.name == "syncd":
            continue
        found = versions.get(canonicalize_name(requirement.name), set())
        assert found, f"{requirement.name} is not locked: run ./dev lock"
        assert all(requirement.specifier.contains(version) for version in found), (
            f"{requirement}: run ./dev lock"
        )


@pytest.mark.parametrize("name", ["run.txt", "build.txt"])
def test_people_run_the_versions_that_were_tested(name: str) -> None:
    tested = locked("test.txt")
    assert {package: tested.get(package) for package in locked(name)} == locked(name)


@pytest.mark.parametrize("name", ["run.txt", "build.txt", "test.txt"])
def test_lock_files_are_hashed_and_name_no_host(name: str) -> None:
    text = (REPOSITORY / "requirements" / name).read_text("utf-8")
    assert "://" not in text
    entries = [line for line in text.splitlines() if not line.startswith(" ")]
    assert all(LOCKED.match(entry) and entry.endswith("\\") for entry in entries)
