"""Every write of a sync and a release fails once: killed, refused by the disk, or without space (bar B3).

The kernel does it, through strace, at the n-th call that reaches the database file or its log. Whatever
happened, the database is sound afterwards, holds the state before or the state after, and the next life
reaches the state after. Run as a script, this file is the life that is disturbed.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from syncd.errors import StorageError
from syncd.storage import SqlStore, open_store
from tests.support.paths import REPOSITORY
from tests.unit.storage.samples import draft, live, partition, snapshot, staged, sync

KEY = "99001001000000"
BEFORE, AFTER = 20, 60
CALLS = "pwrite64,fsync,fdatasync,ftruncate"
FAULTS = ("signal=SIGKILL", "error=EIO", "error=ENOSPC", "error=ENOSPC:permanent")
EXIT_TOLD = 7


def act(store: SqlStore, number: int) -> None:
    """T1 and T2: sync as many records, then publish their number, unless that is done."""
    have = live(store, "portal")
    if len(have) != number:
        new = [staged(f"r{i}", keys=(KEY,)) for i in range(number) if f"r{i}" not in have]
        sync(store, snapshot(new, seen=number - len(new), source_id="portal"))
    mark, _ = store.dirty_keys(date(2026, 11, 22))
    store.publish(draft(partition(KEY, {"06": str(number)}), dirty_up_to=mark))


def one_life(path: str) -> int:
    """Do the work; exit 7 where the store said in its own words that it could not."""
    try:
        with open_store(f"sqlite:///{path}") as store:
            act(store, AFTER)
    except StorageError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_TOLD
    return 0


def traced(path: Path, log: Path, *inject: str) -> subprocess.CompletedProcess[str]:
    """Live once under strace; only calls on the database's own files count."""
    files = [option for suffix in ("", "-wal") for option in ("-P", f"{path}{suffix}")]
    command = ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={CALLS}", *files, *inject]
    return subprocess.run(
        [*command, sys.executable, __file__, str(path)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def state_of(path: Path) -> tuple[int, str]:
    """Number of live records, and what the published release says."""
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    with open_store(f"sqlite:///{path}") as store:
        release = store.current_release()
        assert release is not None
        (row,) = store.entries(release.number)
        return len(live(store, "portal")), row.digest.hex()


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a database in the state before."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace (Debian package: strace)")
    if subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], check=False).returncode != 0:
        pytest.skip("strace may not trace here")
    path = tmp_path_factory.mktemp("start") / "db.sqlite"
    with open_store(f"sqlite:///{path}") as store:
        act(store, BEFORE)
    return path


def copy_of(start: Path, folder: Path) -> Path:
    folder.mkdir()
    return Path(shutil.copy(start, folder / "db.sqlite"))


def disturb(start: Path, folder: Path, *, every: int) -> int:
    """Disturb each ``every``-th call in each way; returns the number of lives that did not end well."""
    undisturbed = copy_of(start, folder / "undisturbed")
    assert traced(undisturbed, folder / "calls").returncode == 0
    calls = re.findall(rf"\b({CALLS.replace(',', '|')})\(", (folder / "calls").read_text())
    assert len(calls) > 10, "the trace has to see the writes"
    legal = {state_of(start), state_of(undisturbed)}
    disturbed = 0
    for number in range(1, len(calls) + 1, every):
        for fault in FAULTS:
            kind, _, permanent = fault.partition(":")
            path = copy_of(start, folder / f"{number} {fault.replace('=', ' ').replace(':', ' ')}")
            when = f"{number}+" if permanent else str(number)
            done = traced(path, folder / "log", "-e", f"inject={CALLS}:{kind}:when={when}")
            disturbed += done.returncode != 0
            assert done.returncode in {0, EXIT_TOLD, -9, 137}, (number, fault, done.stderr)
            records, release = state_of(path)
            assert (records, release) in legal | {(AFTER, state_of(start)[1])}, (number, fault)
            assert one_life(str(path)) == 0
            assert state_of(path) == state_of(undisturbed), (number, fault)
    return disturbed


@pytest.mark.timeout(300)
@pytest.mark.fault("D2")
def test_some_failing_writes_leave_a_legal_state(start: Path, tmp_path: Path) -> None:
    assert disturb(start, tmp_path, every=29) > 3


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.fault("D2")
def test_every_failing_write_leaves_a_legal_state(start: Path, tmp_path: Path) -> None:
    assert disturb(start, tmp_path, every=1) > 20


if __name__ == "__main__":
    sys.exit(one_life(sys.argv[1]))
