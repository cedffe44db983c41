"""A PostgreSQL server for tests, started from whatever is installed.

Nothing is expected to run beforehand and nothing outside a temporary folder is touched. A server that
somebody already runs is used instead when SYNCD_TEST_PG_URL names it.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

START_TIMEOUT_S = 30.0
SERVER_SETTINGS = {
    # Losing the data on a crash is fine here, waiting for the disk is not.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "jit": "off",
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
}


class PostgresUnavailableError(Exception):
    """No server can be had here; the message says why."""


@dataclass
class PostgresServer:
    """A running server and the databases made on it."""

    admin_url: str
    _templates: dict[str, str] = field(default_factory=dict)

    def url_of(self, database: str) -> str:
        """SQLAlchemy URL of one database on this server."""
        parts = urlsplit(self.admin_url)
        return urlunsplit(parts._replace(scheme="postgresql+psycopg", path=f"/{database}"))

    def create_database(self, template: str = "template1") -> str:
        """Make a database with a name of its own and return the name."""
        name = f"syncd_test_{secrets.token_hex(6)}"
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        return name

    def drop_database(self, name: str) -> None:
        """Drop the database even if a test left connections open."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def template(self, key: str, build: Callable[[str], None]) -> str:
        """Name of a template database that `build(url)` filled; built once per server."""
        if key not in self._templates:
            name = self.create_database()
            build(self.url_of(name))
            self._templates[key] = name
        return self._templates[key]

    def close(self) -> None:
        """Drop the templates; the databases of single tests are dropped by their fixtures."""
        while self._templates:
            _, name = self._templates.popitem()
            self.drop_database(name)

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(libpq_url(self.admin_url), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def libpq_url(url: str) -> str:
    """Return the URL without the driver that SQLAlchemy wants in the scheme."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


@contextlib.contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Give a server, or raise PostgresUnavailableError."""
    given = os.environ.get("SYNCD_TEST_PG_URL")
    with contextlib.nullcontext(given) if given else _own_cluster(_find_binaries()) as admin_url:
        server = PostgresServer(admin_url)
        try:
            yield server
        finally:
            server.close()


def _find_binaries() -> Path:
    """Folder that holds initdb and postgres; the newest where several versions are installed."""
    candidates = [
        *sorted(
            Path("/usr/lib/postgresql").glob("*/bin"),
            key=lambda folder: int(folder.parent.name) if folder.parent.name.isdecimal() else 0,
            reverse=True,
        )
    ]
    if on_path := shutil.which("initdb"):
        candidates.insert(0, Path(on_path).resolve().parent)
    for folder in candidates:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    message = "no PostgreSQL server found (Debian package: postgresql) and SYNCD_TEST_PG_URL is not set"
    raise PostgresUnavailableError(message)


def _server_account() -> str | None:
    """Account to run the server as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    message = "running as root and neither account postgres nor nobody exists"
    raise PostgresUnavailableError(message)


@contextlib.contextmanager
def _own_cluster(binaries: Path) -> Iterator[str]:
    account = _server_account()
    # Not below pytest's folder: that is private to root, and socket paths may not exceed 107 bytes.
    home = Path(tempfile.mkdtemp(prefix="syncd-pg-", dir="/tmp"))
    try:
        if account:
            shutil.chown(home, account)
        data = home / "data"
        _initialise(binaries, data, account)
        with _serving(binaries, home, data, account):
            yield f"postgresql://postgres@/postgres?host={quote(str(home), safe='')}"
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _initialise(binaries: Path, data: Path, account: str | None) -> None:
    finished = subprocess.run(
        [
            str(binaries / "initdb"),
            f"--pgdata={data}",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ],
        user=account,
        group=_group_of(account),
        extra_groups=[] if account else None,
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        message = f"initdb failed: {finished.stderr.strip()[-400:]}"
        raise PostgresUnavailableError(message)


@contextlib.contextmanager
def _serving(binaries: Path, home: Path, data: Path, account: str | None) -> Iterator[None]:
    settings = [f"-c{name}={value}" for name, value in SERVER_SETTINGS.items()]
    log_path = home / "log"
    with log_path.open("wb") as log:
        server = subprocess.Popen(
            [str(binaries / "postgres"), "-D", str(data), f"-cunix_socket_directories={home}", *settings],
            user=account,
            group=_group_of(account),
            extra_groups=[] if account else None,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C reaches the tests only; they stop the server themselves.
            start_new_session=True,
        )
    try:
        _wait_until_ready(server, home, log_path)
        yield
    finally:
        server.terminate()
        try:
            server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_ready(server: subprocess.Popen[bytes], home: Path, log_path: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(host=str(home), user="postgres", dbname="postgres").close()
            return
        time.sleep(0.05)
    message = f"the server did not start: {log_path.read_text(errors='replace')[-400:]}"
    raise PostgresUnavailableError(message)


def _group_of(account: str | None) -> int | None:
    return pwd.getpwnam(account).pw_gid if account else None
