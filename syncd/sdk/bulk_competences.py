"""Competences of a new ledger: taken in as they come, put in order once.

Why: in the order of the portal each of eight million would touch two pages somewhere in trees that are larger
than any cache. Here they are appended, and SQLite's sorter builds the trees from one end to the other. Must
not know what a competence means.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

_ROWS = 20_000
# 32 MiB: of eight million ids about one in three hundred is suspected wrongly, which only costs a look.
_FILTER_BITS = 1 << 28
_SPREAD = 28
_REMOVED = 0


class BulkCompetences:
    """Rows on their way into an empty table ``competence``, which has no index on its ids yet."""

    def __init__(self, database: sqlite3.Connection) -> None:
        """Prepare a table that is gone with the connection."""
        self._db = database
        self._rows: list[tuple[int, int, str, int, str]] = []
        # Anonymous memory: pages nobody touches cost nothing.
        self._seen = mmap.mmap(-1, _FILTER_BITS >> 3)
        self._suspects: set[str] = set()
        database.execute("PRAGMA temp.journal_mode = OFF")
        database.execute("DROP TABLE IF EXISTS temp.incoming")
        database.execute(
            "CREATE TEMP TABLE incoming (number INTEGER PRIMARY KEY, service INTEGER, owner INTEGER,"
            " role TEXT, area INTEGER, id TEXT)"
        )

    def put(self, row: tuple[int, int, str, int, str]) -> None:
        """Take one row; of several with one id the last one counts."""
        if self._note(row[4]):
            self._suspects.add(row[4])
        self._rows.append(row)
        if len(self._rows) >= _ROWS:
            self._flush()

    def remove(self, competence_id: str) -> bool:
        """Take a row back; returns False for an id that never came, True where it probably did."""
        if not self._knows(competence_id):
            return False
        self._suspects.add(competence_id)
        self._rows.append((_REMOVED, 0, "", 0, competence_id))
        return True

    def settle(self) -> None:
        """Write the rows into their table, sorted, and build the index on their ids."""
        self._flush()
        self._drop_replaced()
        self._db.execute(
            "INSERT INTO competence SELECT service, owner, role, area, id FROM temp.incoming"
            " WHERE service <> 0 ORDER BY service, owner, role, area, id"
        )
        self._db.execute("DROP TABLE temp.incoming")
        self._db.execute("CREATE INDEX competence_id ON competence (id)")

    def _drop_replaced(self) -> None:
        if not self._suspects:
            return
        self._db.execute("CREATE TEMP TABLE suspect (id TEXT PRIMARY KEY) WITHOUT ROWID")
        self._db.executemany(
            "INSERT INTO temp.suspect VALUES (?)", ((one,) for one in sorted(self._suspects))
        )
        self._suspects.clear()
        self._db.execute("CREATE TEMP TABLE kept (number INTEGER PRIMARY KEY)")
        self._db.execute(
            "INSERT INTO temp.kept SELECT max(number) FROM temp.incoming"
            " WHERE id IN (SELECT id FROM temp.suspect) GROUP BY id"
        )
        self._db.execute(
            "DELETE FROM temp.incoming WHERE id IN (SELECT id FROM temp.suspect)"
            " AND number NOT IN (SELECT number FROM temp.kept)"
        )
        self._db.execute("DROP TABLE temp.suspect")
        self._db.execute("DROP TABLE temp.kept")

    def _flush(self) -> None:
        self._db.executemany(
            "INSERT INTO temp.incoming (service, owner, role, area, id) VALUES (?, ?, ?, ?, ?)", self._rows
        )
        self._rows.clear()

    # --- which ids came before: two bits for each -------------------------------------------------------
    def _note(self, text: str) -> bool:
        """Remember an id and tell whether it was there before, perhaps wrongly."""
        number = hash(text)
        seen = self._seen
        first, second = number & (_FILTER_BITS - 1), (number >> _SPREAD) & (_FILTER_BITS - 1)
        one, other = 1 << (first & 7), 1 << (second & 7)
        first, second = first >> 3, second >> 3
        if seen[first] & one and seen[second] & other:
            return True
        seen[first] |= one
        seen[second] |= other
        return False

    def _knows(self, text: str) -> bool:
        number = hash(text)
        first, second = number & (_FILTER_BITS - 1), (number >> _SPREAD) & (_FILTER_BITS - 1)
        return bool(self._seen[first >> 3] & 1 << (first & 7) and self._seen[second >> 3] & 1 << (second & 7))
