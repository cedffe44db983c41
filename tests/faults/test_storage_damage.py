"""Full and read-only disks, flipped bytes, interrupted upgrades, old backups: told, bounded, undone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.errors import StorageError
from syncd.model.run import RunCounts, RunOutcome
from syncd.pipeline.ports import Verdict
from syncd.rules.withdraw import Grace
from syncd.storage import SqlStore, open_store, restore
from tests.support.paths import REPOSITORY
from tests.unit.storage.samples import DAY, KEY_A, NOW, cells, draft, live, partition, snapshot, staged, sync

PAGE = 4_096
HEADER = 100
"""Bytes at the start of the first page that are the header of the file."""


def fill(store: SqlStore, *, size: int = 100) -> None:
    sync(store, snapshot([staged(f"r{i}", "x" * size) for i in range(200)]))
    store.publish(draft(partition(KEY_A, {f"{i:02}": "1" for i in range(1, 17)}, covered="1")))


# --- damage ------------------------------------------------------------------------------------------------


@pytest.mark.fault("D12")
def test_a_start_refuses_a_file_with_any_damaged_page(tmp_path: Path) -> None:
    """A page whose beginning is noise; nothing is read from such a file, let alone published."""
    path, copy = tmp_path / "syncd.sqlite", tmp_path / "copy"
    url = f"sqlite:///{path}"
    with open_store(url) as store:
        fill(store, size=3_000)
        store.backup(copy)
        expected = live(store)
    whole = path.read_bytes()
    noise = random.Random(12)
    pages = len(whole) // PAGE
    assert pages > 100
    for page in [0, 1, 2, *range(3, pages, 7)]:
        at = page * PAGE
        damaged = whole[:at] + noise.randbytes(HEADER) + whole[at + HEADER :]
        path.write_bytes(damaged)
        with pytest.raises(StorageError) as caught:
            open_store(url)
        assert caught.value.code == "storage_corrupt", page
        assert "syncd restore" in caught.value.fix
        assert path.read_bytes() == damaged, "a damaged file is evidence and stays as it is"
    restore(url, copy)
    with open_store(url) as store:
        assert live(store) == expected


@pytest.mark.fault("D12")
def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "syncd.sqlite"
    with open_store(f"sqlite:///{path}") as store:
        fill(store)
    whole = path.read_bytes()
    for length in (len(whole) - PAGE, len(whole) // 2, PAGE):
        path.write_bytes(whole[:length])
        with pytest.raises(StorageError) as caught:
            open_store(f"sqlite:///{path}")
        assert caught.value.code == "storage_corrupt"


@pytest.mark.fault("D12")
def test_a_large_file_is_checked_after_a_crash_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.storage.soundness.ALWAYS_UP_TO_BYTES", 1)
    path = tmp_path / "syncd.sqlite"
    with open_store(f"sqlite:///{path}") as store:
        fill(store)
    whole = path.read_bytes()
    at = len(whole) - PAGE
    path.write_bytes(whole[:at] + b"\x5a" * HEADER + whole[at + HEADER :])
    open_store(f"sqlite:///{path}").close()
    path.with_name(f"{path.name}-wal").write_bytes(b"")
    with pytest.raises(StorageError) as caught:
        open_store(f"sqlite:///{path}")
    assert caught.value.code == "storage_corrupt"


# --- disks -------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of three megabytes that may be filled and made read-only."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        pytest.skip(f"no file system may be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_up(path: Path) -> None:
    """Write until there is no space left."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * PAGE):
            pass


@pytest.mark.fault("D3")
def test_a_disk_that_is_really_full_keeps_serving_and_resumes_alone(small_disk: Path) -> None:
    with open_store(f"sqlite:///{small_disk / 'syncd.sqlite'}") as store:
        fill(store)
        before = (live(store), cells(store, 1))
        filler = small_disk / "filler"
        fill_up(filler)
        big = [staged(f"new{i}", "y" * 1_000) for i in range(600)]
        for _ in range(3):
            with pytest.raises(StorageError) as caught:
                sync(store, snapshot(big, seen=200))
            assert caught.value.code == "storage_full"
            assert "Free disk space" in caught.value.fix
            assert (live(store), cells(store, 1)) == before
        filler.unlink()
        store.interrupt_open_runs(now=NOW)
        sync(store, snapshot(big, seen=200))
        assert len(live(store)) == 800
    with open_store(f"sqlite:///{small_disk / 'syncd.sqlite'}") as store:
        assert len(live(store)) == 800


@pytest.mark.fault("D16")
def test_a_read_only_file_system_is_a_clear_error_at_start_and_at_run_time(small_disk: Path) -> None:
    url = f"sqlite:///{small_disk / 'syncd.sqlite'}"
    with open_store(url) as store:
        fill(store)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StorageError) as caught, open_store(url) as store:
        store.interrupt_open_runs(now=NOW)
    assert caught.value.code in {"storage_read_only", "storage_unreachable"}
    assert caught.value.fix
    with pytest.raises(StorageError) as caught:
        open_store(f"sqlite:///{small_disk / 'new.sqlite'}")
    assert "cannot be created" in str(caught.value)
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    with open_store(url) as store:
        assert len(live(store)) == 200


@pytest.mark.fault("D16")
def test_no_inodes_left_is_a_clear_error_at_start(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,nr_inodes=4", str(small_disk)], check=True)
    for i in range(2):
        (small_disk / str(i)).touch()
    with suppress(OSError):
        (small_disk / "last").touch()
    with pytest.raises(StorageError) as caught:
        open_store(f"sqlite:///{small_disk / 'syncd.sqlite'}")
    assert "cannot be created" in str(caught.value)


# --- upgrades ----------------------------------------------------------------------------------------------

KILLED_UPGRADE = """
import os, signal, sys
from alembic import op
from syncd.storage import open_store
left = int(sys.argv[2])
def counted(name, make):
    def call(*args, **options):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return make(*args, **options)
    setattr(op, name, call)
counted("create_table", op.create_table)
counted("create_index", op.create_index)
open_store(sys.argv[1]).close()
"""


@pytest.mark.fault("D13")
@pytest.mark.parametrize("steps", [0, 3, 9])
def test_an_upgrade_that_is_killed_is_done_anew_from_the_start(database_url: str, steps: int) -> None:
    with open_store(database_url, check=False):
        pass
    with open_store(database_url, create=False) as store, store._database.write("emptying") as connection:
        from syncd.storage.tables import metadata  # noqa: PLC0415 - tests look inside

        metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
    done = subprocess.run(
        [sys.executable, "-c", KILLED_UPGRADE, database_url, str(steps)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    with open_store(database_url, create=False, check=False) as store:
        assert store.schema_state()[0] is None
    with open_store(database_url) as store:
        fill(store)


# --- an old backup -----------------------------------------------------------------------------------------


def listing(store: SqlStore, present: range, *, absent: range, day: float) -> RunOutcome:
    """One proven listing under the usual grace of three runs and a day."""
    now = NOW + timedelta(days=day)
    taken = snapshot(seen=len(present), absent=[staged(f"r{i}") for i in absent])
    run_id = store.open_run("portal", trigger="test", now=now)
    delta = store.preview(taken, now=now, grace=Grace())
    store.apply_snapshot(
        run_id,
        taken,
        delta=delta,
        verdict=Verdict(RunOutcome.ACCEPTED, withdraw=True, grace=Grace()),
        counts=RunCounts(received=taken.received),
        issues=(),
        issue_counts={},
        now=now,
        documents=(),
        details={},
    )
    return RunOutcome.ACCEPTED


@pytest.mark.fault("D14")
def test_a_backup_restored_weeks_later_withdraws_nothing_that_is_still_listed(
    database_url: str, tmp_path: Path
) -> None:
    """Time that passed without us proves nothing: absences go on being counted in listings, not in days."""
    with open_store(database_url) as store:
        sync(store, snapshot([staged(f"r{i}") for i in range(20)]))
        listing(store, range(19), absent=range(19, 20), day=1)
        store.backup(tmp_path / "copy")
        listing(store, range(19), absent=range(19, 20), day=2)
        listing(store, range(19), absent=range(19, 20), day=3)
        assert len(live(store)) == 19
    restore(database_url, tmp_path / "copy")
    with open_store(database_url) as store:
        assert len(live(store)) == 20
        store.interrupt_open_runs(now=NOW + 40 * DAY)
        # Forty days after the backup: one more listing without r19, one without r18 for the first time.
        listing(store, range(18), absent=range(18, 20), day=40)
        assert len(live(store)) == 20, "one listing after the restore withdraws nothing"
        # r18 and r19 are back: nothing of the old count is left.
        listing(store, range(20), absent=range(0), day=40.1)
        listing(store, range(18), absent=range(18, 20), day=41)
        listing(store, range(18), absent=range(18, 20), day=41.5)
        assert len(live(store)) == 20
        # What is really gone leaves in the end.
        listing(store, range(18), absent=range(18, 20), day=42.5)
        assert len(live(store)) == 18
