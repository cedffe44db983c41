"""The daemon as a container runs it: read-only root, a user nobody has heard of, no capabilities."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import SYNCD, DaemonProcess, lay_out_demo, replayed_portals
from tests.support.paths import REPOSITORY

NOBODY_KNOWS = 54_321


def may_change_the_world() -> bool:
    if os.getuid() != 0 or not shutil.which("setpriv"):
        return False
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return done.returncode == 0


def hidden_from_others(path: Path) -> Path | None:
    """Return the uppermost folder on the way to the path that only its owner may enter."""
    closed = [parent for parent in path.parents if not parent.stat().st_mode & 0o001]
    return closed[-1] if closed else None


def confined(world: Path, state: Path, reading: set[Path]) -> str:
    """Return a script that makes all but ``state`` read-only in a world of its own and runs its arguments.

    What the interpreter needs from a folder that only root may enter is shown to everybody there.
    """
    steps = ["set -eu", f"mount --bind {shlex.quote(str(state))} {shlex.quote(str(state))}"]
    held: dict[Path, list[Path]] = {}
    for path in sorted(reading):
        if (closed := hidden_from_others(path)) is not None:
            held.setdefault(closed, []).append(path)
    for number, (closed, paths) in enumerate(held.items()):
        holds = [world / f"hold-{number}-{place}" for place in range(len(paths))]
        for hold, path in zip(holds, paths, strict=True):
            steps += [f"mkdir -p {hold}", f"mount --bind {shlex.quote(str(path))} {hold}"]
        steps.append(f"mount -t tmpfs -o mode=755 none {closed}")
        for hold, path in zip(holds, paths, strict=True):
            steps += [f"mkdir -p {shlex.quote(str(path))}", f"mount --move {hold} {shlex.quote(str(path))}"]
        steps.append(f"mount -o remount,ro {closed}")
    drop = "--no-new-privs --bounding-set=-all --inh-caps=-all --clear-groups"
    steps += [
        "mount -o remount,bind,ro /",
        "! touch /syncd-was-here 2>/dev/null",
        f'exec setpriv --reuid {NOBODY_KNOWS} --regid {NOBODY_KNOWS} {drop} "$@"',
    ]
    return "\n".join(steps) + "\n"


@pytest.fixture
def world() -> Iterator[Path]:
    # pytest's own folders may be entered by their owner only.
    folder = Path(tempfile.mkdtemp(prefix="syncd-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.fault("P14")
@pytest.mark.skipif(not may_change_the_world(), reason="needs root, unshare and setpriv")
def test_it_works_as_nobody_on_a_read_only_root(world: Path) -> None:
    with replayed_portals() as portals:
        config = lay_out_demo(world, portals)
        state = world / "state"
        state.mkdir()
        os.chown(state, NOBODY_KNOWS, NOBODY_KNOWS)
        script = world / "confine.sh"
        script.write_text(confined(world, state, {REPOSITORY, Path(sys.base_prefix), Path(sys.prefix)}))
        program = ("unshare", "--mount", "sh", str(script), *SYNCD)
        with DaemonProcess(config, world / "log", program=program) as daemon:
            daemon.url()
            daemon.settle("pvog-bund", "pvog-wiesbaden")
            facts = facts_of(daemon.process.pid)
            assert facts["Uid"].split() == [str(NOBODY_KNOWS)] * 4
            assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0
            assert facts["NoNewPrivs"] == "1"
            assert root_is_read_only(daemon.process.pid)
            assert daemon.get("/health/ready")[0] == 200
            assert daemon.get_json("/v1/releases")["items"]
            # Sources asked every second may be called silent on a busy machine; nothing may have failed.
            assert [event for event in daemon.events() if event.get("code", "").startswith("storage")] == []
            assert daemon.events("rebuild_failed") + daemon.events("rebuild_crashed") == []
            assert daemon.stop() == 0


def facts_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def root_is_read_only(pid: int) -> bool:
    rows = (line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines())
    options = [row[5] for row in rows if row[4] == "/"]
    with contextlib.suppress(IndexError):
        return "ro" in options[-1].split(",")
    return False
