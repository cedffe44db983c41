"""Disks fill up and servers die: a clear error, nothing half-written, and writing resumes by itself."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from syncd.errors import StorageError
from syncd.model.run import RunOutcome
from syncd.pipeline.unit_of_work import OPEN
from syncd.storage import SqlStore, open_store
from tests.unit.storage.samples import KEY_A, NOW, cells, draft, live, partition, snapshot, staged, sync


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    with open_store(database_url) as opened:
        yield opened


def limit_pages(store: SqlStore, pages: int) -> None:
    """Let SQLite believe that the disk is full beyond that many pages."""
    with store._database.writer.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


@pytest.mark.fault("D3")
def test_a_full_disk_costs_the_run_and_nothing_else(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/syncd.sqlite") as store:
        sync(store, snapshot([staged(f"r{i}") for i in range(20)]))
        store.publish(draft(partition(KEY_A, {"06": "1"})))
        before = (live(store), cells(store, 1), store.dirty_keys(NOW.date()))
        with store._database.read("counting") as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        limit_pages(store, pages + 20)
        big = "x" * 5000
        with pytest.raises(StorageError) as caught:
            sync(store, snapshot([staged(f"new{i}", big) for i in range(500)]))
        assert caught.value.code == "storage_full"
        assert "Free disk space" in caught.value.fix
        assert not OPEN.get()
        with pytest.raises(StorageError):
            store.publish(draft(*(partition(f"99{i:012}", {"06": big}) for i in range(500))))
        assert (live(store), cells(store, 1), store.dirty_keys(NOW.date())) == before
        limit_pages(store, 1_000_000)
        sync(store, snapshot([staged(f"new{i}", big) for i in range(500)], seen=20))
        assert len(live(store)) == 520


@pytest.mark.fault("D16")
def test_a_place_that_cannot_be_written_is_a_clear_error_at_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be created") as caught:
        open_store(f"sqlite:///{tmp_path}/file/syncd.sqlite")
    assert "writable" in caught.value.fix


@pytest.mark.fault("D5")
def test_lost_connections_are_made_again(postgres_url: str) -> None:
    with open_store(postgres_url) as store:
        sync(store, snapshot([staged("a")]))
        for _ in range(3):
            drop_connections(postgres_url)
            assert set(live(store)) == {"a"}
            drop_connections(postgres_url)
            store.open_run("portal", trigger="test", now=NOW)


@pytest.mark.fault("D5", "D7")
def test_a_connection_lost_in_the_middle_of_t1_leaves_no_trace(postgres_url: str) -> None:
    with open_store(postgres_url) as store:
        sync(store, snapshot([staged("a")]))

        def cut_off() -> Iterator[object]:
            for i in range(3000):
                if i == 2500:
                    drop_connections(postgres_url)
                yield staged(f"new{i}")

        broken = snapshot(seen=1)
        object.__setattr__(broken, "records", cut_off)
        with pytest.raises(StorageError):
            sync(store, broken)
        assert set(live(store)) == {"a"}
        store.close_run(store.runs(limit=1)[0].run_id, outcome=RunOutcome.FAILED, now=NOW)
        sync(store, snapshot([staged(f"new{i}") for i in range(3000)], seen=1))
        assert len(live(store)) == 3001


def drop_connections(url: str) -> None:
    with open_store(url, create=False, check=False) as other, other._database.read("dropping") as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    for url in (
        "postgresql://me:s3cret@127.0.0.1:1/db?connect_timeout=2",
        "postgresql://me:s3cret@127.0.0.1:1/db?no_such_option=1",
    ):
        with pytest.raises(StorageError) as caught:
            open_store(url, create=False)
        shown = "".join(traceback.format_exception(caught.value))
        assert "s3cret" not in shown
        assert caught.value.fix


def test_parameters_of_a_statement_do_not_show_in_errors(store: SqlStore) -> None:
    # Put together here, because a traceback also shows the lines of this test.
    parameters = {"secret": "".join(reversed("terc3s"))}
    statement = text("SELECT * FROM no_such_table WHERE a = :secret")

    def ask() -> None:
        with store._database.write("asking nonsense") as connection:
            connection.execute(statement, parameters)

    with pytest.raises(StorageError) as caught:
        ask()
    shown = "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in shown
    assert caught.value.code == "storage_schema"
    store.ping()
