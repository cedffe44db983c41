"""A PostgreSQL server that a test may kill, freeze and start again, and a wire that can be cut.

Unlike the server shared by all tests it keeps what it acknowledged: commits are synchronous.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import psutil

from tests.support import postgres

SETTINGS = {**postgres.SERVER_SETTINGS, "synchronous_commit": "on"}
_SOCKET = ".s.PGSQL.5432"


class MortalServer:
    """One cluster below a folder of its own; ``url`` stays the same over all its lives."""

    def __init__(self, binaries: Path, home: Path, account: str | None) -> None:
        self.home = home
        self._binaries = binaries
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None
        postgres._initialise(binaries, home / "data", account)

    @property
    def url(self) -> str:
        """SQLAlchemy URL of its one database."""
        return self.url_at(self.home)

    @staticmethod
    def url_at(folder: Path) -> str:
        """The same for a socket in another folder."""
        return f"postgresql+psycopg://postgres@/postgres?host={quote(str(folder), safe='')}"

    def start(self) -> None:
        """Start it, after a kill as well, and wait until it answers."""
        log = self.home / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    str(self._binaries / "postgres"),
                    *("-D", str(self.home / "data"), f"-cunix_socket_directories={self.home}"),
                    *(f"-c{name}={value}" for name, value in SETTINGS.items()),
                ],
                user=self._account,
                group=postgres._group_of(self._account),
                extra_groups=[] if self._account else None,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        postgres._wait_until_ready(self._process, self.home, log)

    def kill(self) -> None:
        """End the server and all its backends at once, as the kernel would when memory ends."""
        if self._process is None:
            return
        family = self._family()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self._process.wait()
        psutil.wait_procs(family, timeout=10)
        self._process = None

    def freeze(self) -> None:
        """Stop all its processes; connections stay open and silent."""
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw(self) -> None:
        """Let them go on."""
        for process in self._family():
            # a backend that was about to end may do so while its kin is woken
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    def _family(self) -> list[psutil.Process]:
        assert self._process is not None
        head = psutil.Process(self._process.pid)
        return [head, *head.children(recursive=True)]


@contextlib.contextmanager
def mortal_server() -> Iterator[MortalServer]:
    """Give a running server, or raise PostgresUnavailableError."""
    binaries, account = postgres._find_binaries(), postgres._server_account()
    home = Path(tempfile.mkdtemp(prefix="syncd-pg-", dir="/tmp"))
    try:
        if account:
            shutil.chown(home, account)
        server = MortalServer(binaries, home, account)
        server.start()
        try:
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(home, ignore_errors=True)


class Wire:
    """Passes bytes between clients and a server; ``cut`` says of each client message when to cut.

    ``cut(data)`` returns None to pass the bytes on, ``before`` to drop them and both connections, ``after``
    to let the server have them and to drop its answer.
    """

    def __init__(self, server: Path, folder: Path) -> None:
        self.cut: Callable[[bytes], str | None] = lambda _: None
        self._target = str(server / _SOCKET)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / _SOCKET))
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True, name="wire").start()

    def close(self) -> None:
        """Accept nothing more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                threading.Thread(target=self._up, args=(client, server), daemon=True).start()
                threading.Thread(target=self._down, args=(client, server), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError), client, server:
            while data := client.recv(65_536):
                when = self.cut(data)
                if when == "before":
                    break
                if when == "after":
                    client.shutdown(socket.SHUT_RDWR)
                    server.sendall(data)
                    # The server ends the transaction before it finds nobody to tell.
                    server.shutdown(socket.SHUT_WR)
                    with contextlib.suppress(OSError):
                        server.settimeout(5)
                        while server.recv(65_536):
                            pass
                    break
                server.sendall(data)
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _down(client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65_536):
                client.sendall(data)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


def wait_until_gone(pid: int) -> None:
    """Wait until a killed process is reaped."""
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(timeout=10)


def unix_folder() -> Path:
    """A folder short enough for a socket path."""
    return Path(tempfile.mkdtemp(prefix="syncd-wire-", dir="/tmp"))


def freeze(pid: int) -> None:
    """Stop one process."""
    os.kill(pid, signal.SIGSTOP)


def thaw(pid: int) -> None:
    """Let it go on."""
    os.kill(pid, signal.SIGCONT)
