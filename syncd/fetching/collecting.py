"""The ledger of a parse worker's run: opened, filled document by document, kept or rolled back.

A ledger that lives on takes a document in only where it continues the position reached, so that connectors
and parsers need no rule for repeated, late or kept documents. Must not know pieces or records.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncd.errors import SourceFormatError, StorageError
from syncd.sdk.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from syncd.pipeline.workers import ParseJob

POSITION_FROM, POSITION_TO = "position_from", "position_to"
"""Names in a document's context: the position it continues (empty: the start) and the one it leads to."""
_TEMPORARY = "ledger.sqlite3"
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY_CODE = 0xFF


class _RolledBackError(Exception):
    """Ends the ledger's block without keeping anything."""


@dataclass(slots=True)
class Collection:
    """What a run collects. With ``keep`` False nothing of it stays in a ledger that lives on."""

    ledger: Ledger
    lasting: bool
    keep: bool = True
    skipped: int = 0
    """Documents that did not continue the position reached."""

    def admits(self, document: Mapping[str, Any], where: str) -> bool:
        """Tell whether a document is to be taken in; the start of the portal's stream empties the ledger."""
        if not self.lasting:
            return True
        begins, _ = _positions(document, where)
        if begins == "":
            self.ledger.clear()
            return True
        if begins == self.ledger.position:
            return True
        self.skipped += 1
        return False

    def taken(self, document: Mapping[str, Any], where: str) -> None:
        """Move the position behind a document that was taken in."""
        if self.lasting:
            _, self.ledger.position = _positions(document, where)


def _positions(document: Mapping[str, Any], where: str) -> tuple[str, str]:
    context = document.get("context") or {}
    begins, ends = context.get(POSITION_FROM), context.get(POSITION_TO)
    if begins is None or not ends:
        raise SourceFormatError(
            f"a document for a ledger that lives on names no '{POSITION_FROM}' and '{POSITION_TO}'",
            where=where,
            code="position_missing",
            fix="Report this to the connector's owner.",
        )
    return begins, ends


@contextmanager
def collection_of(job: ParseJob) -> Iterator[Collection]:
    """Give the job's ledger inside one transaction; what raises rolls it back.

    Raises SourceFormatError ``ledger_broken`` (a damaged file is removed, so that the next run begins anew)
    and StorageError when the disk does not take it.
    """
    path = job.ledger or job.workdir / _TEMPORARY
    try:
        ledger = _opened(job, path)
        collection = Collection(ledger, lasting=job.ledger is not None)
        with ledger:
            yield collection
            _roll_back_unless(collection.keep)
    except _RolledBackError:
        pass
    except sqlite3.Error as error:
        if not _is_damage(error):
            raise StorageError(f"the ledger cannot be written ({error})", where=path.name) from error
        _remove(path)
        raise _broken(path, error) from error


def _roll_back_unless(keep: bool) -> None:  # noqa: FBT001 - reads as a sentence
    if not keep:
        raise _RolledBackError


def _opened(job: ParseJob, path: Path) -> Ledger:
    try:
        return Ledger(path)
    except SourceFormatError as error:
        if not _is_damage(error.__cause__):
            raise
        _remove(path)
        first = next(iter(job.documents), None)
        if first is None or (first.get("context") or {}).get(POSITION_FROM) != "":
            raise _broken(path, error) from error
        # The portal is read from its beginning, so nothing of the old one is needed.
        return Ledger(path)


def _is_damage(error: BaseException | None) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY_CODE in _DAMAGE


def _remove(path: Path) -> None:
    for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
        name.unlink(missing_ok=True)


def _broken(path: Path, error: BaseException) -> SourceFormatError:
    return SourceFormatError(
        f"the ledger {path.name} was damaged and has been removed ({error})",
        where=path.name,
        code="ledger_broken",
        fix="Nothing to do: the next run fetches everything from the portal again.",
    )
