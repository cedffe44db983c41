"""Many at once: writers lose nothing, in one process and in several; readers never see a mixture."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from syncd.errors import StorageError
from syncd.model.run import RunOutcome
from syncd.storage import SqlStore, database, open_store
from tests.unit.storage.samples import KEY_A, NOW, cells, draft, live, partition, snapshot, staged, sync

WRITERS = 8
ROUNDS = 25
ONE_WRITER = """
import sys
from syncd.storage import open_store
from tests.integration.test_storage_concurrency import fail_once
with open_store(sys.argv[1], create=False) as store:
    print(sum(fail_once(store) for _ in range(int(sys.argv[2]))))
"""


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    with open_store(database_url) as opened:
        yield opened


def fail_once(store: SqlStore) -> bool:
    """Let a run of the shared source fail; False when another writer's run took its place meanwhile."""
    run_id = store.open_run("shared", trigger="test", now=NOW)
    try:
        store.close_run(run_id, outcome=RunOutcome.FAILED, now=NOW)
    except StorageError as error:
        if "given up" not in error.message:
            raise
        return False
    return True


def at_once(work: Callable[[int], Any]) -> None:
    barrier = threading.Barrier(WRITERS)

    def start(number: int) -> None:
        barrier.wait()
        work(number)

    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(start, number) for number in range(WRITERS)]:
            done.result()


def test_eight_writers_lose_nothing(store: SqlStore, database_url: str) -> None:
    """Counting failures is read-modify-write, the kind of update SQLite's default mode loses silently."""
    ended: list[bool] = []
    with open_store(database_url) as second:

        def write(number: int) -> None:
            mine = (store, second)[number % 2]
            for round_ in range(ROUNDS):
                ended.append(fail_once(mine))
                records = [staged(f"{number}-{i}", str(round_)) for i in range(5)]
                sync(mine, snapshot(records, source_id=f"source {number}"))

        at_once(write)
    assert 0 < sum(ended) == store.source_state("shared").consecutive_failures
    outcomes = [run.outcome for run in store.runs(source_id="shared", limit=10_000)]
    assert outcomes.count(RunOutcome.FAILED) == sum(ended)
    assert outcomes.count(RunOutcome.INTERRUPTED) == len(ended) - sum(ended)
    assert len(store.runs(limit=10_000)) == 2 * WRITERS * ROUNDS
    last = str(ROUNDS - 1)
    for number in range(WRITERS):
        expected = {f"{number}-{i}": staged(f"{number}-{i}", last).payload for i in range(5)}
        assert live(store, f"source {number}") == expected
    assert store.dirty_keys(date(2026, 11, 22))[1] == (KEY_A,)


def test_processes_lose_nothing_either(store: SqlStore, database_url: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", ONE_WRITER, database_url, str(ROUNDS)]
    children = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    ended = sum(fail_once(store) for _ in range(ROUNDS))
    said = [child.communicate(timeout=90)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0, 0]
    ended += sum(int(words) for words in said)
    assert 0 < ended == store.source_state("shared").consecutive_failures
    assert len(store.runs(source_id="shared", limit=10_000)) == 4 * ROUNDS


def test_publishers_of_two_processes_number_their_releases_in_turn(database_url: str) -> None:
    with open_store(database_url) as one, open_store(database_url) as two:

        def publish(number: int) -> None:
            (one, two)[number % 2].publish(draft(partition(f"990010{number:02}000000", {"06": "1"})))

        at_once(publish)
        assert [release.number for release in one.releases()] == list(range(WRITERS, 0, -1))
        assert one.releases()[0].counts["partitions"] == WRITERS


def test_readers_see_a_release_whole_while_the_next_ones_are_published(store: SqlStore) -> None:
    areas = [f"{i:012}" for i in range(1, 1500)]
    store.publish(draft(partition(KEY_A, dict.fromkeys(areas, "1"))))
    stop = threading.Event()
    mixtures: list[object] = []

    def read(_: int) -> None:
        while not stop.is_set():
            current = store.current_release()
            assert current is not None
            found = {version for _, _, version in cells(store, current.number)}
            if found != {str(current.number)}:
                mixtures.append((current.number, found))

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read, number) for number in range(4)]
        for number in range(2, 12):
            store.publish(draft(partition(KEY_A, dict.fromkeys(areas, str(number)))))
        stop.set()
        for reader in readers:
            reader.result()
    assert mixtures == []


@pytest.mark.fault("D11")
def test_a_write_held_up_by_another_process_ends_with_a_clear_error(
    store: SqlStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "SQLITE_BUSY_MS", 200)
    monkeypatch.setattr(database, "WRITER_WAIT_S", 0.2)
    held, ready = threading.Event(), threading.Event()

    def hold() -> None:
        with store._database.write("a long write"):
            ready.set()
            held.wait(30)

    with open_store(database_url, create=False) as other, ThreadPoolExecutor(1) as pool:
        holder = pool.submit(hold)
        ready.wait(10)
        # Another process does not share the lock that makes threads take turns.
        other._database._lock = threading.Lock()
        with pytest.raises(StorageError) as caught:
            other.open_run("portal", trigger="test", now=NOW)
        assert caught.value.code in {"storage_busy", "storage_slow"}
        assert list(other.runs()) == []
        held.set()
        holder.result()
        other.open_run("portal", trigger="test", now=NOW)


@pytest.mark.fault("D9")
def test_too_many_long_reads_wait_and_end_with_a_clear_error(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "READERS", 1)
    monkeypatch.setattr(database, "READERS_EXTRA", 1)
    monkeypatch.setattr(database, "POOL_WAIT_S", 0.2)
    with open_store(database_url) as store:
        store.publish(draft(*(partition(f"99{i:012}", {"06": "1"}) for i in range(1500))))
        reading = [store.entries(1), store.entries(1)]
        for stream in reading:
            next(stream)
        with pytest.raises(StorageError, match="no free connection") as caught:
            store.current_release()
        assert caught.value.code == "storage_busy"
        for stream in reading:
            stream.close()  # type: ignore[attr-defined]
        assert store.current_release() is not None


@pytest.mark.fault("D11")
def test_a_long_read_does_not_hold_up_writers_and_the_log_shrinks_after_it(tmp_path: Path) -> None:
    path = tmp_path / "syncd.sqlite"
    with open_store(f"sqlite:///{path}") as store:
        big = "x" * 20_000
        store.publish(draft(*(partition(f"99{i:012}", {"06": big}) for i in range(1200))))
        reading = store.entries(1)
        next(reading)
        for round_ in range(4):
            sync(store, snapshot([staged(f"r{i}", f"{round_} {big}") for i in range(1000)]))
        reading.close()  # type: ignore[attr-defined]
        sync(store, snapshot([staged("last")], source_id="other"))
        sync(store, snapshot([staged("very last")], source_id="other"))
        assert path.with_name("syncd.sqlite-wal").stat().st_size <= database.SQLITE_WAL_LIMIT_BYTES
