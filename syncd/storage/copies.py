"""Backup and restore: a consistent copy that appears whole or not at all, and the careful way back.

This module must not know the tables, only the tools of each database.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import text

from syncd.errors import NotFound, StorageError
from syncd.storage.address import parse_address
from syncd.storage.database import APPLICATION_NAME, Database
from syncd.storage.failures import convert

if TYPE_CHECKING:
    from sqlalchemy import URL

_LOCK_WAIT_S = 2.0
_STDERR_LIMIT = 300
_OTHER_SESSIONS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = :name AND pid <> pg_backend_pid()"
)


def write_backup(database: Database, target: Path) -> None:
    """Write a consistent copy of the database to ``target``, replacing an older one in one step."""
    target = target.absolute()
    with _in_place_of(target) as temporary:
        source = database.address.path
        if source is not None:
            _vacuum_into(source, temporary)
        else:
            address = database.address.url
            with temporary.open("wb") as output:
                _run_tool("pg_dump", ["--format=custom"], address, shown=target, output=output)


def restore(url: str, file: Path) -> None:
    """Put a backup in the place of the database.

    The backup is checked first, and nothing is touched while another process uses the database. A backup
    of an older schema is taken; ``syncd db upgrade`` does the rest.
    """
    if not file.is_file():
        raise NotFound(f"{file} is no file", fix="Name the backup file.")
    address = parse_address(url)
    if address.path is not None:
        _restore_sqlite(address.path, file.absolute())
    else:
        _restore_postgresql(address.url, file)


# --- SQLite ------------------------------------------------------------------------------------------------


def _vacuum_into(source: Path, target: Path) -> None:
    # An empty file may be vacuumed into, and the temporary one is exactly that.
    try:
        with closing(_connect(source, "rw")) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise convert("writing a backup", error) from error


def _restore_sqlite(target: Path, file: Path) -> None:
    if target.is_dir():
        raise StorageError(f"{target} is a folder", where="restore", fix="Name the database file.")
    if file == target:
        raise StorageError("the backup and the database are the same file", where="restore")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise convert("restoring a backup", error) from error
    with _in_place_of(target) as temporary:
        shutil.copyfile(file, temporary)
        _check_copy(temporary, file)
        if target.exists():
            shutil.copymode(target, temporary)
            _require_unused(target)
        # A log of the old database would be taken for one of the new, so it must go before the exchange.
        for suffix in ("-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)


def _check_copy(copy: Path, file: Path) -> None:
    """Refuse a file that is damaged or no database of ours."""
    try:
        with closing(_connect(copy, "ro", immutable=True)) as connection:
            findings = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
            ours = connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE name IN ('alembic_version', 'current_release')"
            ).fetchone()[0]
    except sqlite3.Error as error:
        findings, ours = [str(error)], 0
        if findings == ["ok"]:
            raise
    if findings != ["ok"]:
        raise StorageError(
            f"the backup is damaged: {findings[0][:_STDERR_LIMIT]}",
            where=str(file),
            fix="Use another backup; the database was not touched.",
            code="storage_corrupt",
        )
    if ours != 2:  # noqa: PLR2004 - the two tables asked for
        raise StorageError(
            "this is no syncd database", where=str(file), fix="Name a file written by 'syncd backup'."
        )


def _require_unused(target: Path) -> None:
    """Refuse while any process has the database open; leaves its log merged into the file."""
    try:
        with closing(_connect(target, "rw", timeout=_LOCK_WAIT_S)) as connection:
            # Leaving WAL mode needs the file for itself alone, idle connections of others included.
            mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            # Too damaged to be opened is no reason to refuse its cure.
            return
        raise _in_use(str(target)) from error
    except sqlite3.DatabaseError:
        return
    if mode != "delete":
        raise _in_use(str(target))


def _connect(path: Path, mode: str, *, timeout: float = 60.0, immutable: bool = False) -> sqlite3.Connection:
    address = f"file:{quote(str(path))}?mode={mode}{'&immutable=1' if immutable else ''}"
    return sqlite3.connect(address, uri=True, timeout=timeout, isolation_level=None)


# --- PostgreSQL --------------------------------------------------------------------------------------------


def _restore_postgresql(url: URL, file: Path) -> None:
    _run_tool("pg_restore", ["--list", str(file)], None, shown=file)
    _require_no_sessions(url)
    options = ["--clean", "--if-exists", "--single-transaction", "--no-owner", "--exit-on-error"]
    _run_tool("pg_restore", [*options, str(file)], url, shown=file)


def _require_no_sessions(url: URL) -> None:
    database = Database(parse_address(url.render_as_string(hide_password=False)), create=False)
    try:
        with database.read("looking for other sessions") as connection:
            count = connection.execute(_OTHER_SESSIONS, {"name": APPLICATION_NAME}).scalar()
    finally:
        database.close()
    if count:
        raise _in_use(database.label)


def _run_tool(
    tool: str, options: Sequence[str], url: URL | None, *, shown: Path, output: IO[bytes] | None = None
) -> None:
    """Run a PostgreSQL tool; the password travels in its environment, never in its arguments."""
    connection: list[str] = []
    environment = dict(os.environ)
    if url is not None:
        # URL.set() would take None for "leave the password as it is".
        bare = url._replace(drivername="postgresql", password=None)
        connection = [f"--dbname={bare.render_as_string(hide_password=False)}"]
        environment["PGOPTIONS"] = "-c statement_timeout=0 -c lock_timeout=10s"
        if url.password:
            environment["PGPASSWORD"] = url.password
    program = shutil.which(tool)
    if program is None:
        typed = shlex.join([tool, *options, *connection]) + (
            f" > {shlex.quote(str(shown))}" if output else ""
        )
        raise StorageError(
            f"the program {tool} is not installed here",
            where=str(shown),
            fix=f"Install the PostgreSQL client programs, or run where they are: {typed}",
        )
    finished = subprocess.run(  # noqa: S603 - found on the path, arguments are ours
        [program, *options, *connection],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output or subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if finished.returncode != 0:
        said = finished.stderr.decode(errors="replace").strip() or f"exit code {finished.returncode}"
        raise StorageError(f"{tool} failed: {said[-_STDERR_LIMIT:]}", where=str(shown))


# --- both --------------------------------------------------------------------------------------------------


def _in_use(label: str) -> StorageError:
    return StorageError(
        "the database is in use by another process",
        where=label,
        fix="Stop the daemon, then restore again; nothing was touched.",
        code="storage_busy",
    )


@contextmanager
def _in_place_of(target: Path) -> Iterator[Path]:
    """Give a temporary file beside ``target`` that takes its place, safely on disk, if all goes well."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            _sync(temporary)
            temporary.replace(target)
            _sync(target.parent)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise convert(f"writing {target}", error) from error


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
