"""The ledger: objects of a portal and who is competent for what where, kept in a file while records form.

Why: editorial systems deliver descriptions, authorities, online services and competences as separate objects
that refer to each other, by the million, in any order, sometimes as changes only. Here they meet. A reference
may dangle until everything is in; an orphan delete costs a lookup. One SQLite file, flat memory. The position
reached is written in the same transaction as the objects. Must not know XZuFi or any portal.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from syncd.errors import SourceFormatError
from syncd.sdk.bulk_competences import BulkCompetences

SCHEMA_VERSION = 2
IN_MEMORY = Path(":memory:")
"""For tests and for trying things out: a ledger without a file."""
_READ_ROWS = 1_000
_CACHE = "PRAGMA cache_size = -65536"
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE object (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB, UNIQUE (kind, id)
);
CREATE TABLE area (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE competence (
    service INTEGER NOT NULL, owner INTEGER NOT NULL, role TEXT NOT NULL, area INTEGER NOT NULL,
    id TEXT NOT NULL, PRIMARY KEY (service, owner, role, area, id)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Competence:
    """An owner (authority, online service, form) is competent for a service in areas, in a role.

    ``body`` is the owner's object as it was put, or None while it is only referred to. ``areas`` are raw
    texts, sorted.
    """

    owner_kind: str
    owner_id: str
    role: str
    areas: tuple[str, ...]
    body: bytes | None


class Ledger:
    """Objects by (kind, id) and competences by id. One writer; use as a context manager.

    Leaving the block normally commits everything with the position; an exception rolls all of it back. A new
    ledger is written beside its name and takes it in the end, so that it needs no journal; its competences
    are put in order once, when they are first read.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the file. Raises SourceFormatError ``ledger_broken`` when it is not usable."""
        self._path = path
        self._numbers: dict[tuple[str, str], int] = {}
        self._areas: dict[str, int] = {}
        self._bulk: BulkCompetences | None = None
        self._new: Path | None = None
        try:
            if not path.exists() or not self._open_old():
                self._open_new()
        except sqlite3.DatabaseError as error:
            raise _broken(path, error) from error

    def _open_old(self) -> bool:
        """Open what is there; returns False for another version, which nobody can read any more."""
        self._db = sqlite3.connect(self._path, isolation_level=None)
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(_CACHE)
            usable = bool(self._db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION)
            if usable:
                self._areas.update((text, number) for number, text in self._db.execute("SELECT * FROM area"))
        except BaseException:
            self._db.close()
            raise
        if not usable:
            self._db.close()
        return usable

    def _open_new(self) -> None:
        if self._path != IN_MEMORY:
            self._new = self._path.with_name(f"{self._path.name}.new")
            self._new.unlink(missing_ok=True)
        self._db = sqlite3.connect(self._new or self._path, isolation_level=None)
        # Nobody reads it before it has its name, and a torn one is never given it.
        for setting in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
            self._db.execute(f"PRAGMA {setting}")
        self._db.execute(_CACHE)
        self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        self._bulk = BulkCompetences(self._db)

    def __enter__(self) -> Self:
        self._db.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._settle()
                self._db.execute("COMMIT")
            elif self._new is None:
                self._db.execute("ROLLBACK")
        finally:
            self._db.close()
            if self._new is not None and kind is not None:
                self._new.unlink(missing_ok=True)
        if self._new is not None and kind is None:
            _to_disk(self._new)
            for rest in ("-wal", "-shm"):
                self._path.with_name(self._path.name + rest).unlink(missing_ok=True)
            self._new.replace(self._path)

    @property
    def position(self) -> str:
        """How far the changes of the portal have been taken in; empty for a new ledger."""
        row = self._db.execute("SELECT value FROM meta WHERE name = 'position'").fetchone()
        return str(row[0]) if row else ""

    @position.setter
    def position(self, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('position', ?)", (value,))

    def clear(self) -> None:
        """Forget everything: the portal starts from the beginning."""
        if self._new is None:
            # The old one stays what it is until the new one is complete.
            self._db.execute("ROLLBACK")
        self._db.close()
        self._numbers.clear()
        self._areas.clear()
        self._open_new()
        self._db.execute("BEGIN IMMEDIATE")

    def put(self, kind: str, object_id: str, body: bytes) -> None:
        """Create or replace an object."""
        self._db.execute(
            "INSERT INTO object (kind, id, body) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (kind, object_id, body),
        )

    def remove(self, kind: str, object_id: str) -> bool:
        """Delete an object; its competences stay as they are. Returns False for an unknown one."""
        # Emptied, not deleted: competences may still refer to its number, and it may come back.
        changed = self._db.execute(
            "UPDATE object SET body = NULL WHERE kind = ? AND id = ? AND body IS NOT NULL", (kind, object_id)
        )
        return changed.rowcount > 0

    def put_competence(
        self,
        competence_id: str,
        *,
        service: tuple[str, str],
        owner: tuple[str, str],
        area: str,
        role: str = "",
    ) -> None:
        """Create or replace one competence; ``service`` and ``owner`` are (kind, id), known or not yet."""
        row = (self._number(service), self._number(owner), role, self._area(area), competence_id)
        if self._bulk is not None:
            self._bulk.put(row)
            return
        known = self._db.execute("SELECT * FROM competence WHERE id = ?", (competence_id,)).fetchall()
        if known == [row]:
            return
        if known:
            self._db.execute("DELETE FROM competence WHERE id = ?", (competence_id,))
        self._db.execute("INSERT INTO competence VALUES (?, ?, ?, ?, ?)", row)

    def remove_competence(self, competence_id: str) -> bool:
        """Delete a competence; returns False for an unknown one, which is normal."""
        if self._bulk is not None:
            return self._bulk.remove(competence_id)
        return self._db.execute("DELETE FROM competence WHERE id = ?", (competence_id,)).rowcount > 0

    def objects(self, kind: str) -> Iterator[tuple[str, bytes]]:
        """Yield (id, body) of the objects of a kind, by id."""
        # Now: while somebody reads, SQLite lets no table go.
        self._settle()
        rows = self._db.execute(
            "SELECT id, body FROM object WHERE kind = ? AND body IS NOT NULL ORDER BY id", (kind,)
        )
        while batch := rows.fetchmany(_READ_ROWS):
            yield from batch

    def get(self, kind: str, object_id: str) -> bytes | None:
        """Return an object's body, or None."""
        row = self._db.execute(
            "SELECT body FROM object WHERE kind = ? AND id = ?", (kind, object_id)
        ).fetchone()
        return row[0] if row else None

    def competences(self, service: tuple[str, str]) -> Iterator[Competence]:
        """Yield the competences for one service, grouped by owner and role, in a stable order."""
        self._settle()
        rows = self._db.execute(
            "SELECT o.kind, o.id, c.role, o.body, a.text FROM competence c"
            " JOIN object s ON s.number = c.service JOIN object o ON o.number = c.owner"
            " JOIN area a ON a.number = c.area WHERE s.kind = ? AND s.id = ?"
            " ORDER BY o.kind, o.id, c.role, a.text",
            service,
        )
        group: tuple[str, str, str] | None = None
        body: bytes | None = None
        areas: list[str] = []
        while batch := rows.fetchmany(_READ_ROWS):
            for kind, object_id, role, owner_body, area in batch:
                if group != (kind, object_id, role):
                    if group is not None:
                        yield Competence(*group, tuple(areas), body)
                    group, body, areas = (kind, object_id, role), owner_body, []
                if not areas or areas[-1] != area:
                    areas.append(area)
        if group is not None:
            yield Competence(*group, tuple(areas), body)

    def missing_services(self, kind: str) -> Iterator[str]:
        """Yield the ids of what competences name as their service and what is not there, by id."""
        self._settle()
        rows = self._db.execute(
            "SELECT id FROM object WHERE kind = ? AND body IS NULL"
            " AND EXISTS (SELECT 1 FROM competence WHERE service = number) ORDER BY id",
            (kind,),
        )
        while batch := rows.fetchmany(_READ_ROWS):
            yield from (object_id for (object_id,) in batch)

    def count_competences(self) -> int:
        """Return how many competences there are."""
        self._settle()
        return int(self._db.execute("SELECT count(*) FROM competence").fetchone()[0])

    def _settle(self) -> None:
        if self._bulk is not None:
            bulk, self._bulk = self._bulk, None
            bulk.settle()

    def _number(self, key: tuple[str, str]) -> int:
        known = self._numbers.get(key)
        if known is not None:
            return known
        row = self._db.execute("SELECT number FROM object WHERE kind = ? AND id = ?", key).fetchone()
        if row is None:
            cursor = self._db.execute("INSERT INTO object (kind, id) VALUES (?, ?)", key)
            row = (cursor.lastrowid,)
        if len(self._numbers) >= _NUMBERS_KEPT:
            self._numbers.clear()
        self._numbers[key] = int(row[0])
        return int(row[0])

    def _area(self, text: str) -> int:
        known = self._areas.get(text)
        if known is None:
            cursor = self._db.execute("INSERT INTO area (text) VALUES (?)", (text,))
            known = self._areas[text] = int(cursor.lastrowid or 0)
        return known


_NUMBERS_KEPT = 200_000


def position_of(path: Path) -> str:
    """Return how far a ledger has come without opening it for writing; empty when there is none to trust."""
    if not path.is_file():
        return ""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            if database.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
                return ""
            row = database.execute("SELECT value FROM meta WHERE name = 'position'").fetchone()
    except sqlite3.DatabaseError:
        return ""
    return str(row[0]) if row else ""


def _to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _broken(path: Path, error: Exception) -> SourceFormatError:
    return SourceFormatError(
        f"the ledger {path.name} cannot be used ({error})",
        where=path.name,
        code="ledger_broken",
        fix="Remove the file; the next run fetches everything from the portal again.",
    )
