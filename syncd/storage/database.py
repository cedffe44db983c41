"""Engines and transactions: one writer, many readers, on SQLite and on PostgreSQL.

SQLite loses updates silently in the driver's default mode, therefore there is exactly one writing connection
per process with ``BEGIN IMMEDIATE``, and separate connections that can only read. On PostgreSQL an advisory
lock makes writers wait for each other. This module must not know any table.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import QueuePool, create_engine, event

from syncd.errors import ConfigError, StorageError
from syncd.pipeline.patience import assert_patience
from syncd.pipeline.unit_of_work import unit_of_work
from syncd.storage.failures import translated

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Executable, Row

    from syncd.storage.address import Address

READERS = 8
READERS_EXTRA = 24
POOL_WAIT_S = 30
WRITER_WAIT_S = 600
"""How long a write waits for another write of this program; the longest T1 takes a few minutes."""
SQLITE_BUSY_MS = 120_000
SQLITE_WAL_LIMIT_BYTES = 64 * 1024 * 1024
STATEMENT_TIMEOUT_MS = 120_000
UPGRADE_STATEMENT_S = 3_600
CONNECT_TIMEOUT_S = 10
STREAM_ROWS = 1_000
ADVISORY_LOCK = 0x73796E6364  # "syncd"
APPLICATION_NAME = "syncd"

_locks: dict[str, threading.Lock] = {}
_locks_guard = threading.Lock()
_temporary_files: list[str] = []
"""Where SQLite keeps its temporary files, once that is settled."""


class Database:
    """Opens transactions; one object per store. ``label`` names the place without its password."""

    def __init__(self, address: Address, *, create: bool) -> None:
        """Prepare the engines; no connection is made yet, except that SQLite may create its file."""
        self.address = address
        self.label = address.label
        if address.path is not None:
            _prepare_file(address.path, create=create)
            _keep_temporary_files_beside(address.path)
            self.writer = _sqlite_engine(address.path, writer=True)
            self.reader = _sqlite_engine(address.path, writer=False)
        else:
            self.writer = _postgresql_engine(address)
            self.reader = self.writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        driver: Any = self.writer.dialect.dbapi
        self.driver_error: type[Exception] = driver.Error
        self.integrity_error: type[Exception] = driver.IntegrityError
        self._lock = _lock_for(self.label)

    @property
    def is_sqlite(self) -> bool:
        """True on SQLite, False on PostgreSQL."""
        return self.address.path is not None

    @contextmanager
    def write(self, what: str) -> Iterator[Connection]:
        """Open the one write transaction; ``what`` names it in errors. Commits at the end, or not at all."""
        with (
            translated(what, self.driver_error),
            unit_of_work(),
            self._turn(what),
            self.writer.begin() as connection,
        ):
            if not self.is_sqlite:
                _wait_for_other_processes(connection)
            yield connection

    @contextmanager
    def read(self, what: str) -> Iterator[Connection]:
        """Open a read-only transaction on one consistent state."""
        assert_patience()
        with translated(what, self.driver_error), self.reader.connect() as connection:
            yield connection

    def stream(self, what: str, statement: Executable, *, rows: int = STREAM_ROWS) -> Iterator[Row[Any]]:
        """Yield rows of one consistent state in flat memory; closing the generator frees the connection."""
        with self.read(what) as connection:
            yield from self.stream_on(connection, statement, rows=rows)

    def stream_on(
        self, connection: Connection, statement: Executable, *, rows: int = STREAM_ROWS
    ) -> Iterator[Row[Any]]:
        """Yield rows on a connection that is open already."""
        with connection.execute(statement, execution_options={"yield_per": rows}) as result:
            # Whole lists at once: asking for row after row takes twice as long.
            for found in result.partitions():
                assert_patience()
                yield from found

    def close(self) -> None:
        """Close all connections; the writer last, because only it may tidy up the write-ahead log."""
        self.reader.dispose()
        self.writer.dispose()

    @contextmanager
    def _turn(self, what: str) -> Iterator[None]:
        if not self._lock.acquire(timeout=WRITER_WAIT_S):
            raise StorageError(
                f"{what}: another write of this process did not end within {WRITER_WAIT_S} s",
                where="database",
                fix="Restart the daemon and report this with the log lines of the run.",
                code="storage_busy",
            )
        try:
            yield
        finally:
            self._lock.release()


def _lock_for(label: str) -> threading.Lock:
    """Return the lock shared by all stores of this process on the same database."""
    with _locks_guard:
        return _locks.setdefault(label, threading.Lock())


def _prepare_file(path: Path, *, create: bool) -> None:
    if path.is_dir():
        raise ConfigError(f"{path} is a folder", where="database", fix="Name a file inside it.")
    if path.exists():
        return
    if not create:
        raise StorageError(
            f"{path} does not exist", where="database", fix="Run 'syncd db upgrade' to create it."
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise StorageError(
            f"{path} cannot be created: {error.strerror}",
            where="database",
            fix="Create the folder, or make it writable for this user.",
            code="storage_unreachable",
        ) from error


def _keep_temporary_files_beside(path: Path) -> None:
    """Let SQLite put temporary files where the database lies: a read-only root may have no other place.

    The setting holds for the whole process and may not change while connections are at work, so the first
    database decides; a folder that is gone is passed over. ``SQLITE_TMPDIR`` outweighs it.
    """
    with _locks_guard:
        if _temporary_files or "SQLITE_TMPDIR" in os.environ:
            return
        folder = str(path.absolute().parent)
        # A folder that cannot be written to will be told by the first write; SQLite has other places to try.
        with suppress(sqlite3.Error), closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("PRAGMA temp_store_directory = '{}'".format(folder.replace("'", "''")))
        _temporary_files.append(folder)


def _sqlite_engine(path: Path, *, writer: bool) -> Engine:
    pragmas = [f"PRAGMA busy_timeout={SQLITE_BUSY_MS}", "PRAGMA foreign_keys=ON"]
    if writer:
        pragmas += [
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            f"PRAGMA journal_size_limit={SQLITE_WAL_LIMIT_BYTES}",
            "PRAGMA cache_size=-32768",
        ]
    else:
        # Only the writer moves the log into the file: two at once could meet the WAL-reset bug (< 3.51.3).
        pragmas += ["PRAGMA wal_autocheckpoint=0", "PRAGMA query_only=ON"]
        # Room for the inner pages of the largest table: with the usual 2 MiB, reading takes twice as long.
        pragmas += ["PRAGMA cache_size=-8192"]
    address = f"file:{quote(str(path))}?mode=rw"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            address,
            uri=True,
            timeout=SQLITE_BUSY_MS / 1000,
            # SQLAlchemy hands a connection to one thread at a time; which one may change.
            check_same_thread=False,
            # The driver's own BEGIN is what loses updates; see _begin below.
            isolation_level=None,
        )
        try:
            for pragma in pragmas:
                connection.execute(pragma)
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine(
        "sqlite+pysqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=1 if writer else READERS,
        max_overflow=0 if writer else READERS_EXTRA,
        pool_timeout=POOL_WAIT_S,
        hide_parameters=True,
    )
    begin = "BEGIN IMMEDIATE" if writer else "BEGIN"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgresql_engine(address: Address) -> Engine:
    if find_spec("psycopg") is None:
        raise ConfigError(
            "PostgreSQL needs the package psycopg", where="database", fix="Install syncd[postgres]."
        )
    watched: Any = import_module("syncd.storage.watched").WatchedConnection
    given = address.url.query.get("options", "")
    ours = f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC"
    engine = create_engine(
        address.url.difference_update_query(["options"]),
        pool_pre_ping=True,
        pool_size=READERS,
        max_overflow=READERS_EXTRA,
        pool_timeout=POOL_WAIT_S,
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": APPLICATION_NAME,
            # What the operator put into the URL comes last and wins.
            "options": f"{ours} {given if isinstance(given, str) else ' '.join(given)}".strip(),
        },
    )

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]) -> Any:  # noqa: ANN401 - as the driver takes them
        connection = watched.connect(*arguments, **options)
        connection.adopt_server_limit()
        return connection

    @event.listens_for(engine, "checkout")
    def _checkout(connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401 - our own kind
        connection.begin_anew()

    return engine


def _wait_for_other_processes(connection: Connection) -> None:
    """Take the writer lock of this database; it is freed with the transaction."""
    free = connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({ADVISORY_LOCK})").scalar_one()
    if free:
        return
    driver: Any = connection.connection.driver_connection
    # A server that lets us wait says nothing for as long as the other one writes.
    driver.silence_limit_s = driver.usual_limit_s + WRITER_WAIT_S
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(WRITER_WAIT_S * 1000)}")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
    connection.exec_driver_sql("SET LOCAL statement_timeout TO DEFAULT")
    driver.begin_anew()


def lift_statement_limit(connection: Connection) -> None:
    """Let the statements of this transaction take their time, an hour each; needed for schema upgrades."""
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        driver.silence_limit_s = max(driver.usual_limit_s, UPGRADE_STATEMENT_S)
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
