"""From one version to the next and back, with wheels as they are shipped, on one state folder."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import DaemonProcess, lay_out_demo, replayed_portals
from tests.support.paths import REPOSITORY

SOURCES = ("pvog-bund", "pvog-wiesbaden")
NEXT = "99.0.0"
NEWER_TABLE = '''"""A table of a later version."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("of_a_later_version", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade() -> None:
    op.drop_table("of_a_later_version")
'''


def installed(folder: Path, change: Callable[[Path], None] | None = None) -> tuple[str, ...]:
    """Build a wheel of this tree, changed or not, install it and return the program."""
    sources = folder / "sources"
    for room in ("syncd", "connectors", "config"):
        shutil.copytree(REPOSITORY / room, sources / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(REPOSITORY / name, sources / name)
    if change is not None:
        change(sources)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    alone = ["--no-deps", "--no-index"]
    build = [*pip, "wheel", *alone, "--no-build-isolation", "--wheel-dir", str(folder), str(sources)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    program = venv / "bin" / "python"
    subprocess.run(
        [*pip, "--python", str(program), "install", *alone, str(wheel)], check=True, capture_output=True
    )
    (site,) = (venv / "lib").glob("python*/site-packages")
    # The dependencies are those of the tests, searched after ours; .pth files over there are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return (str(venv / "bin" / "syncd"),)


def newer(sources: Path) -> None:
    for name, old in (("pyproject.toml", 'version = "'), ("syncd/__init__.py", '__version__ = "')):
        path = sources / name
        before, _, rest = path.read_text("utf-8").partition(old)
        path.write_text(before + old + NEXT + rest[rest.index('"') :], "utf-8")


def newer_with_another_table(sources: Path) -> None:
    newer(sources)
    versions = sources / "syncd" / "storage" / "migrations" / "versions"
    head = max(path.name for path in versions.glob("0*.py")).partition("_")[0]
    (versions / "9999_later.py").write_text(NEWER_TABLE.format(head=head), "utf-8")


def seen(daemon: DaemonProcess) -> dict[str, Any]:
    """Return what readers see that must not depend on the version."""
    daemon.settle(*SOURCES)
    number = daemon.get_json("/v1/releases")["items"][0]["number"]
    release = daemon.get_json(f"/v1/releases/{number}")["item"]
    api = daemon.get_json("/v1/openapi.json")
    return {
        "digest": release["digest"],
        "services": daemon.get_json("/v1/services?limit=5")["items"],
        "paths": api["paths"],
        "schemas": api.get("components", {}).get("schemas"),
        "records": {one["source_id"]: one["records"] for one in daemon.get_json("/v1/sources")["items"]},
    }


def version_of(daemon: DaemonProcess) -> str:
    return str(daemon.wait_for("daemon_started")["version"])


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    return installed(tmp_path_factory.mktemp("now"))


@pytest.mark.fault("P11")
@pytest.mark.timeout(300)
def test_one_version_up_and_down_again_loses_nothing(here: tuple[str, ...], tmp_path: Path) -> None:
    there = installed(tmp_path / "next", newer)
    found, versions = [], []
    with replayed_portals() as portals:
        config = lay_out_demo(tmp_path, portals)
        for number, program in enumerate((here, there, here)):
            with DaemonProcess(config, tmp_path / f"log-{number}", program=program) as daemon:
                versions.append(version_of(daemon))
                found.append(seen(daemon))
                assert daemon.stop() == 0
    assert versions[0] == versions[2] != versions[1] == NEXT
    assert found[1] == found[0]
    assert found[2] == found[0]


@pytest.mark.nightly
@pytest.mark.fault("P11", "D13")
@pytest.mark.timeout(300)
def test_back_over_a_change_of_the_schema_leads_the_backup(here: tuple[str, ...], tmp_path: Path) -> None:
    there = installed(tmp_path / "next", newer_with_another_table)
    backup = tmp_path / "before.sqlite3"
    with replayed_portals() as portals:
        config = lay_out_demo(tmp_path, portals)
        with DaemonProcess(config, tmp_path / "log-0", program=here) as daemon:
            before = seen(daemon)
            subprocess.run([*here, "backup", str(backup), "--config", str(config)], check=True)
            assert daemon.stop() == 0
        with DaemonProcess(config, tmp_path / "log-1", program=there) as daemon:
            assert version_of(daemon) == NEXT
            assert seen(daemon) == before
            assert daemon.stop() == 0
        refused = subprocess.run(
            [*here, "run", "--config", str(config)], capture_output=True, text=True, check=False
        )
        assert refused.returncode != 0
        assert "storage_schema" in refused.stderr
        assert "restore a backup" in refused.stderr
        assert "Traceback" not in refused.stderr
        restored = subprocess.run(
            [*here, "restore", str(backup), "--config", str(config)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert restored.returncode == 0, restored.stderr
        with DaemonProcess(config, tmp_path / "log-2", program=here) as daemon:
            assert seen(daemon) == before
            ended = [json.dumps(event) for event in daemon.events() if event.get("withdrawn")]
            assert ended == []
            assert daemon.stop() == 0
