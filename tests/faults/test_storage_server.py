"""PostgreSQL freezes, dies, comes back, loses our COMMIT: each call ends, nothing is lost or doubled."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import text

from syncd.errors import StorageError
from syncd.model.run import RunOutcome
from syncd.storage import SqlStore, open_store, repeat, watched
from tests.support.postgres import PostgresUnavailableError, libpq_url
from tests.support.postgres_lives import MortalServer, Wire, mortal_server, unix_folder
from tests.unit.storage.samples import KEY_A, NOW, draft, live, partition, snapshot, staged, sync

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("mortal")]
PATIENCE_S = 60.0
"""Far above every limit used here, far below what would be a hang."""


@pytest.fixture(scope="module")
def server() -> Iterator[MortalServer]:
    try:
        with mortal_server() as running:
            yield running
    except PostgresUnavailableError as unavailable:
        pytest.skip(str(unavailable))


@pytest.fixture
def url(server: MortalServer) -> str:
    with psycopg.connect(libpq_url(server.url), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return server.url


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    with open_store(url) as opened:
        yield opened


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits of a minute or two would test nothing more, only later."""
    monkeypatch.setattr(watched, "GRACE_S", 1.0)
    monkeypatch.setattr("syncd.storage.database.STATEMENT_TIMEOUT_MS", 1_000)
    monkeypatch.setattr("syncd.storage.database.CONNECT_TIMEOUT_S", 2)


def ends_in_time(work: Callable[[], object]) -> StorageError:
    """The StorageError in which the work ends; a thread that hangs fails the test instead of the suite."""
    caught: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except StorageError as error:
            caught.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert not thread.is_alive(), "the call hangs"
    assert caught, "the call did not fail"
    assert isinstance(caught[0], StorageError)
    return caught[0]


# --- frozen ------------------------------------------------------------------------------------------------


@pytest.mark.fault("D6")
def test_a_frozen_server_ends_every_call_and_is_used_again_when_it_thaws(
    server: MortalServer, url: str, hurried: None
) -> None:
    with open_store(url) as store:
        sync(store, snapshot([staged("a")]))
        server.freeze()
        try:
            for work in (
                store.source_states,
                lambda: store.open_run("portal", trigger="test", now=NOW),
                lambda: store.publish(draft(partition(KEY_A, {"06": "1"}))),
            ):
                assert ends_in_time(work).code in {"storage_slow", "storage_unreachable"}
        finally:
            server.thaw()
        assert set(live(store)) == {"a"}
        sync(store, snapshot([staged("b")], seen=1))
        assert set(live(store)) == {"a", "b"}


@pytest.mark.fault("D6")
def test_a_server_that_freezes_under_a_statement_is_called_slow(
    server: MortalServer, url: str, hurried: None
) -> None:
    with open_store(url) as store:

        def write() -> None:
            with store._database.write("a long write") as connection:
                server.freeze()
                connection.execute(text("SELECT 1"))

        try:
            error = ends_in_time(write)
        finally:
            server.thaw()
        assert error.code == "storage_slow"
        assert "frozen" in error.fix


@pytest.mark.fault("D6")
def test_waiting_for_another_writer_is_no_silence(url: str, hurried: None) -> None:
    """The lock of another process is waited for longer than any statement may take."""
    with open_store(url) as store, open_store(url) as other, ThreadPoolExecutor(1) as pool:
        other._database._lock = threading.Lock()
        with store._database.write("a long write"):
            waiting = pool.submit(other.open_run, "portal", trigger="test", now=NOW)
            time.sleep(3.0)
            assert not waiting.done()
        assert waiting.result(PATIENCE_S) == 1


def test_the_limit_follows_the_servers_own(url: str) -> None:
    for options, expected in (("", 135.0), ("&options=-cstatement_timeout%3D5s", 20.0)):
        with open_store(url + options) as store, store._database.read("looking") as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            assert driver.silence_limit_s == expected


# --- killed ------------------------------------------------------------------------------------------------


@pytest.mark.fault("D5")
def test_a_killed_server_costs_the_call_and_nothing_that_was_acknowledged(
    server: MortalServer, store: SqlStore
) -> None:
    sync(store, snapshot([staged("a")]))
    store.publish(draft(partition(KEY_A, {"06": "1"})))
    run_id = store.open_run("portal", trigger="test", now=NOW)
    server.kill()
    try:
        assert ends_in_time(store.source_states).code == "storage_unreachable"
        error = ends_in_time(lambda: store.close_run(run_id, outcome=RunOutcome.FAILED, now=NOW))
        assert error.code == "storage_unreachable"
    finally:
        server.start()
    release = store.current_release()
    assert release is not None
    assert release.number == 1
    store.close_run(run_id, outcome=RunOutcome.FAILED, now=NOW)
    sync(store, snapshot([staged("b")], seen=1))
    assert set(live(store)) == {"a", "b"}
    assert [run.outcome for run in store.runs()] == [
        RunOutcome.ACCEPTED,
        RunOutcome.FAILED,
        RunOutcome.ACCEPTED,
    ]


@pytest.mark.fault("D5")
def test_a_server_killed_under_t1_leaves_the_state_before_and_the_replay_ends_it(
    server: MortalServer, store: SqlStore
) -> None:
    """The replay waits for the server by itself: the run is not lost to a restart."""
    sync(store, snapshot([staged("a")]))
    taken = snapshot([staged(f"new{i}") for i in range(3_000)], seen=1)
    records, reads = taken.records, []

    def rows() -> Iterator[object]:
        reads.append(1)
        for i, record in enumerate(records()):
            if i == 2_500 and len(reads) == 2:  # the first read is the preview
                server.kill()
                server.start()
            yield record

    object.__setattr__(taken, "records", rows)
    sync(store, taken)
    assert len(reads) == 3
    assert len(live(store)) == 3_001
    assert [run.outcome for run in store.runs()] == [RunOutcome.ACCEPTED] * 2


# --- COMMIT lost -------------------------------------------------------------------------------------------


@pytest.fixture
def wire(server: MortalServer, url: str) -> Iterator[tuple[Wire, str]]:
    open_store(url).close()
    folder = unix_folder()
    cutter = Wire(server.home, folder)
    yield cutter, MortalServer.url_at(folder)
    cutter.close()
    shutil.rmtree(folder)


@pytest.mark.fault("D7")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_without_an_answer_is_repeated_without_harm(wire: tuple[Wire, str], when: str) -> None:
    cutter, url = wire
    cuts: list[bytes] = []

    def at_commit(data: bytes) -> str | None:
        if b"COMMIT" in data and armed.is_set() and len(cuts) < 1:
            cuts.append(data)
            return when
        return None

    armed = threading.Event()
    cutter.cut = at_commit
    with open_store(url, create=False) as store:
        sync(store, snapshot([staged("a"), staged("b")]))
        run_id = store.open_run("portal", trigger="test", now=NOW)
        armed.set()
        store.close_run(run_id, outcome=RunOutcome.FAILED, now=NOW)
        assert len(cuts) == 1
        assert store.source_state("portal").consecutive_failures == 1
        cuts.clear()
        armed.clear()
        taken = snapshot([staged("b", "2"), staged("c")], absent=[staged("a"), staged("b")])
        run_id = store.open_run("portal", trigger="test", now=NOW)
        armed.set()
        _store(store, run_id, taken)
        assert len(cuts) == 1
        assert live(store) == {"b": staged("b", "2").payload, "c": staged("c").payload}
        states = [run.outcome for run in store.runs()]
        assert states == [RunOutcome.ACCEPTED, RunOutcome.FAILED, RunOutcome.ACCEPTED]
        assert store.source_state("portal").records == 2


@pytest.mark.fault("D7")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_release_whose_commit_got_no_answer_is_published_once(wire: tuple[Wire, str], when: str) -> None:
    cutter, url = wire
    done: list[bytes] = []

    def at_commit(data: bytes) -> str | None:
        if b"COMMIT" in data and not done:
            done.append(data)
            return when
        return None

    with open_store(url, create=False) as store:
        cutter.cut = at_commit
        with pytest.raises(StorageError):
            store.publish(draft(partition(KEY_A, {"06": "1"})))
        store.publish(draft(partition(KEY_A, {"06": "1"})))
        assert [release.number for release in store.releases()] == [1]
        assert len(list(store.entries(1))) == 1


def _store(store: SqlStore, run_id: int, taken: object) -> None:
    """T1 alone, as :func:`sync` calls it."""

    class Opened:
        def __getattr__(self, name: str) -> object:
            return (lambda *_, **__: run_id) if name == "open_run" else getattr(store, name)

    sync(Opened(), taken)  # type: ignore[arg-type]


# --- in the way --------------------------------------------------------------------------------------------


@pytest.mark.fault("D8")
def test_a_deadlock_with_another_session_is_settled_by_a_second_try(url: str, store: SqlStore) -> None:
    """Somebody with a console locks our tables in the other order; the server ends one of the two."""
    run_id = store.open_run("portal", trigger="test", now=NOW)
    slow = snapshot([staged(f"r{i}") for i in range(3)])
    tries: list[int] = []
    with psycopg.connect(libpq_url(url)) as console, ThreadPoolExecutor(1) as pool:
        # Our session has to be the one that looks for a deadlock, and so the one that is ended.
        console.execute("SET deadlock_timeout = '60s'")
        records = slow.records

        def let_go() -> None:
            console.execute("LOCK TABLE run IN ACCESS EXCLUSIVE MODE")
            console.rollback()

        def rows() -> Iterator[object]:
            tries.append(1)
            if len(tries) == 2:  # the first read is the preview
                console.execute("LOCK TABLE document_note, issue IN ACCESS EXCLUSIVE MODE")
                ended.append(pool.submit(let_go))
                time.sleep(0.3)
            yield from records()

        ended: list[Future[None]] = []
        object.__setattr__(slow, "records", rows)
        _store(store, run_id, slow)
        ended[0].result(PATIENCE_S)
    assert set(live(store)) == {"r0", "r1", "r2"}
    assert len(tries) == 3


@pytest.mark.fault("D8")
@pytest.mark.parametrize("statement_state", ["40001", "40P01", "55P03"])
def test_conflicts_are_tried_three_times_and_no_more(statement_state: str) -> None:
    calls: list[int] = []

    class Conflict(Exception):
        sqlstate = statement_state

    @repeat.repeated(after_loss=False)
    def work(succeeds_at: int) -> str:
        calls.append(1)
        if len(calls) < succeeds_at:
            raise StorageError("in the way") from Conflict()
        return "done"

    assert work(3) == "done"
    calls.clear()
    with pytest.raises(StorageError):
        work(9)
    assert len(calls) == repeat.TRIES


@pytest.mark.fault("D8")
def test_a_lock_limit_ends_as_busy_after_bounded_tries(url: str, store: SqlStore) -> None:
    limited = url + "&options=-clock_timeout%3D200ms"
    run_id = store.open_run("portal", trigger="test", now=NOW)
    with open_store(limited) as hasty, psycopg.connect(libpq_url(url)) as console:
        console.execute("LOCK TABLE run IN ACCESS EXCLUSIVE MODE")
        error = ends_in_time(lambda: hasty.close_run(run_id, outcome=RunOutcome.FAILED, now=NOW))
        assert error.code == "storage_busy"
        console.rollback()
        hasty.close_run(run_id, outcome=RunOutcome.FAILED, now=NOW)
