"""PostgreSQL connections that give up on a server which says nothing any more.

The server's own statement limit does not fire while the server is frozen, and keepalives say nothing about a
process behind a socket. Every wait for the server therefore ends after a limit of silence, on our side. This
module must not know tables, statements or the pool.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

from psycopg import Connection, Error, OperationalError

T = TypeVar("T")

GRACE_S = 15.0
"""How long after its own limit a server may still be about to say that the limit was reached."""
UNLIMITED_S = 3_600.0
"""Silence granted where no limit of the server applies: an operator's choice, or an upgrade of the schema."""
OPENING_S = 30.0
"""Silence granted to a new session until its own limit is known."""


class WatchedConnection(Connection[Any]):
    """A psycopg connection that raises OperationalError, and closes, after ``silence_limit_s`` of silence."""

    silence_limit_s: float = OPENING_S
    usual_limit_s: float = OPENING_S

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **options: Any) -> T:  # noqa: ANN401 - as given
        """Run one exchange with the server; each byte that moves starts the limit anew."""
        return super().wait(self._limited(gen), *args, **options)

    def adopt_server_limit(self) -> None:
        """Derive the limit of silence from the server's own statement limit in this session."""
        was = self.autocommit
        self.autocommit = True
        row = self.execute("SELECT setting FROM pg_settings WHERE name = 'statement_timeout'").fetchone()
        self.autocommit = was
        limit_ms = int(row[0]) if row else 0
        self.usual_limit_s = limit_ms / 1000 + GRACE_S if limit_ms else UNLIMITED_S
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget what an earlier transaction was granted."""
        self.silence_limit_s = self.usual_limit_s

    def _limited(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        limit = self.silence_limit_s
        quiet_since = monotonic()
        try:
            wanted = next(gen)
            while True:
                # psycopg wakes up ten times a second with "nothing is ready", for the sake of Ctrl-C.
                ready = yield wanted
                if ready:
                    quiet_since = monotonic()
                elif monotonic() - quiet_since >= limit:
                    with suppress(Error):
                        # The state of this session is unknown; the pool must not see it again.
                        self.pgconn.finish()
                    raise OperationalError(f"the database server stayed silent for {limit:g} s")
                wanted = gen.send(ready)
        except StopIteration as end:
            result: T = end.value
            return result
