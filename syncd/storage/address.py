"""Database addresses: which URLs are understood, and how they are named without their password."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from syncd.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import URL

_FIX = "Use sqlite:///PATH or postgresql://USER@HOST/DATABASE."
_POSTGRESQL = {"postgresql", "postgres", "postgresql+psycopg"}
_SQLITE = {"sqlite", "sqlite+pysqlite"}


@dataclass(frozen=True, slots=True)
class Address:
    """A database address that is understood. ``path`` is absolute and set for SQLite only."""

    url: URL
    path: Path | None

    @property
    def label(self) -> str:
        """Text for logs and messages; a password shows as ``***``."""
        return str(self.path) if self.path else self.url.render_as_string(hide_password=True)


def parse_address(url: str) -> Address:
    """Return the address of a URL; raises ConfigError, which never quotes the URL (passwords)."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError, TypeError):
        # The cause may quote the password, so it is not chained.
        raise ConfigError("the database URL cannot be read", where="database", fix=_FIX) from None
    if parsed.drivername in _SQLITE:
        return _sqlite(parsed)
    if parsed.drivername in _POSTGRESQL:
        if not parsed.database:
            raise ConfigError("the database URL names no database", where="database", fix=_FIX)
        return Address(parsed.set(drivername="postgresql+psycopg"), None)
    raise ConfigError(
        f"databases of kind {parsed.drivername[:40]!r} are not supported", where="database", fix=_FIX
    )


def _sqlite(parsed: URL) -> Address:
    if parsed.query or parsed.host:
        raise ConfigError(
            "an SQLite URL holds a path and nothing else (three slashes, a fourth for an absolute path)",
            where="database",
            fix=_FIX,
        )
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigError(
            "SQLite needs a file: readers and the writer are separate connections", where="database", fix=_FIX
        )
    path = Path(parsed.database).expanduser().absolute()
    return Address(parsed.set(drivername="sqlite+pysqlite", database=str(path)), path)
