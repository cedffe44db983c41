"""Backup and restore: what comes back is what was, and a damaged or half copy never takes its place."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from syncd.errors import NotFound, StorageError
from syncd.storage import SqlStore, copies, open_store, restore
from syncd.storage.address import parse_address
from syncd.storage.database import Database
from tests.support.paths import REPOSITORY
from tests.unit.storage.samples import KEY_A, cells, draft, live, partition, snapshot, staged, sync

HOLD = """
import sys
from syncd.storage import open_store
with open_store(sys.argv[1]) as store:
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    with open_store(database_url) as opened:
        yield opened


def fill(store: SqlStore) -> None:
    sync(store, snapshot([staged(f"r{i}") for i in range(50)]))
    store.publish(draft(partition(KEY_A, {"06": "1", "07": "1"}, covered="1")))


@pytest.mark.fault("D14")
def test_a_restored_database_goes_on_where_the_backup_was_made(
    store: SqlStore, database_url: str, tmp_path: Path
) -> None:
    fill(store)
    before = (live(store), cells(store, 1), store.runs(), store.current_release())
    copy = tmp_path / "copy"
    store.backup(copy)
    later = [staged(f"r{i}", "2") for i in range(50)]
    sync(store, snapshot(later, absent=[staged(f"r{i}") for i in range(50)]))
    store.publish(draft(partition(KEY_A, {"08": "1"})))
    store.close()
    restore(database_url, copy)
    with open_store(database_url, create=False) as restored:
        assert (live(restored), cells(restored, 1), restored.runs(), restored.current_release()) == before
        # The portal went on meanwhile; nothing that merely changed is taken for gone.
        delta = sync(restored, snapshot(later, absent=[staged(f"r{i}") for i in range(50)]))
        assert (delta.changed, delta.withdrawn, delta.added) == (50, 0, 0)
        published = restored.publish(draft(partition(KEY_A, {"09": "1"})))
        assert published is not None
        assert published.number == 2


def test_a_backup_replaces_an_older_one_and_leaves_nothing_beside_it(store: SqlStore, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    copy = folder / "copy"
    copy.write_text("an older backup")
    fill(store)
    store.backup(copy)
    assert copy.stat().st_size > 1000
    assert [path.name for path in folder.iterdir()] == ["copy"]
    with pytest.raises(StorageError) as caught:
        store.backup(tmp_path / "missing" / "copy")
    assert "missing" in str(caught.value)


def test_a_backup_is_made_while_writers_go_on(store: SqlStore, tmp_path: Path) -> None:
    fill(store)
    reading = store.entries(1)
    next(reading)
    store.backup(tmp_path / "copy")
    sync(store, snapshot([staged("more")], source_id="other"))
    assert len(list(reading)) == 1


def test_restoring_into_nothing_makes_the_database(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/one.sqlite") as store:
        fill(store)
        expected = live(store)
        store.backup(tmp_path / "copy")
    restore(f"sqlite:///{tmp_path}/folder/two.sqlite", tmp_path / "copy")
    with open_store(f"sqlite:///{tmp_path}/folder/two.sqlite", create=False) as store:
        assert live(store) == expected


@pytest.mark.fault("D10")
def test_a_database_in_use_is_not_replaced(database_url: str, tmp_path: Path) -> None:
    with open_store(database_url) as store:
        fill(store)
        store.backup(tmp_path / "copy")
        sync(store, snapshot([staged("later")], source_id="other"))
    daemon = subprocess.Popen(
        [sys.executable, "-c", HOLD, database_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    try:
        assert daemon.stdout
        assert daemon.stdout.readline() == "open\n"
        with pytest.raises(StorageError, match="in use by another process"):
            restore(database_url, tmp_path / "copy")
    finally:
        daemon.communicate()
    with open_store(database_url, create=False) as store:
        assert live(store, "other")
    restore(database_url, tmp_path / "copy")
    with open_store(database_url, create=False) as store:
        assert not live(store, "other")


@pytest.mark.fault("D12")
@pytest.mark.parametrize("damage", ["cut", "flipped", "text", "foreign", "empty"])
def test_a_damaged_backup_does_not_touch_the_database(tmp_path: Path, damage: str) -> None:
    url, copy = f"sqlite:///{tmp_path}/syncd.sqlite", tmp_path / "copy"
    with open_store(url) as store:
        fill(store)
        expected = live(store)
        store.backup(copy)
    whole = copy.read_bytes()
    if damage == "cut":
        copy.write_bytes(whole[: len(whole) // 2])
    elif damage == "flipped":
        copy.write_bytes(whole[:8192] + bytes(b ^ 0x5A for b in whole[8192:20480]) + whole[20480:])
    elif damage == "text":
        copy.write_text("no database at all\n" * 100)
    elif damage == "empty":
        copy.write_bytes(b"")
    else:
        copy.unlink()
        with closing(sqlite3.connect(copy)) as foreign:
            foreign.execute("CREATE TABLE something_else (a)")
    with pytest.raises(StorageError, match=r"damaged|no syncd database"):
        restore(url, copy)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "copy") == ["syncd.sqlite"]
    with open_store(url, create=False) as store:
        assert live(store) == expected


@pytest.mark.fault("D12")
def test_a_damaged_database_says_so_and_is_cured_by_its_backup(tmp_path: Path) -> None:
    path, copy = tmp_path / "syncd.sqlite", tmp_path / "copy"
    url = f"sqlite:///{path}"
    with open_store(url) as store:
        fill(store)
        expected = live(store)
        store.backup(copy)
    path.chmod(0o640)
    path.write_bytes(b"\x5a" * path.stat().st_size)
    path.with_name("syncd.sqlite-wal").write_bytes(b"left over")
    with pytest.raises(StorageError) as caught:
        open_store(url, create=False)
    assert caught.value.code == "storage_corrupt"
    assert "restore" in caught.value.fix
    restore(url, copy)
    with open_store(url, create=False) as store:
        assert live(store) == expected
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_file_that_is_no_dump_is_refused_before_anything_happens(store: SqlStore, tmp_path: Path) -> None:
    fill(store)
    copy = tmp_path / "copy"
    copy.write_text("nothing of the kind")
    label = store._database.address.url.render_as_string(hide_password=False)
    with pytest.raises(StorageError):
        restore(label, copy)
    assert len(live(store)) == 50
    with pytest.raises(NotFound):
        restore(label, tmp_path / "missing")
    with pytest.raises(StorageError, match="same file"):
        restore(f"sqlite:///{copy}", copy)


def test_without_the_tools_the_command_to_type_is_named(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(postgres_url) as store:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(StorageError, match="pg_dump is not installed") as caught:
            store.backup(tmp_path / "copy of it")
        assert "pg_dump --format=custom '--dbname=postgresql://" in caught.value.fix
        assert caught.value.fix.endswith(f"> '{tmp_path}/copy of it'")
        assert not (tmp_path / "copy of it").exists()


def test_the_password_travels_in_the_environment_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process list is read by everybody on the machine."""
    tool = tmp_path / "pg_dump"
    tool.write_text('#!/bin/sh\necho "$@"; echo "password $PGPASSWORD"\n')
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    database = Database(parse_address("postgresql://me:s3cret@127.0.0.1:1/db"), create=False)
    copies.write_backup(database, tmp_path / "copy")
    arguments, password = (tmp_path / "copy").read_text().splitlines()
    assert "s3cret" not in arguments
    assert "me@127.0.0.1:1/db" in arguments
    assert password == "password s3cret"


def test_the_copy_belongs_to_its_maker_alone(store: SqlStore, tmp_path: Path) -> None:
    store.backup(tmp_path / "copy")
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
