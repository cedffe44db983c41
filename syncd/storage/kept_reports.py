"""Written reports, packed, with what they are of. Must not know how a report is made."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from syncd.errors import NotFound, StorageError
from syncd.pipeline.shelf_ports import KeptReport, ReportMark, ReportOrder
from syncd.storage.report_tables import kept_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row

    from syncd.storage.database import Database

_SHOWN = [column for column in kept_report.c if column.name != "body"]
_ORDER = ("subject", "obligation_id", "language", "form", "since", "names")
_MARK = ("release", "release_digest", "published_at", "stand", "period")


class KeptReportPart:
    """The part of the store that keeps reports."""

    _database: Database

    def keep_report(self, order: ReportOrder, mark: ReportMark, body: bytes, *, now: datetime) -> int:
        """Keep a report and return its number; equal bytes of the same release are kept once."""
        table, digest = kept_report.c, hashlib.sha256(body).hexdigest()
        same = (*_is(order), table.release == mark.release, table.digest == digest)
        with self._database.write("keeping a report") as connection:
            found = connection.execute(select(table.id, table.period).where(*same)).first()
            if found is not None and (not mark.period or found.period in {"", mark.period}):
                if mark.period and not found.period:
                    named = update(kept_report).where(table.id == found.id).values(period=mark.period)
                    connection.execute(named)
                return int(found.id)
            values = {
                **asdict(order),
                **asdict(mark),
                "written_at": now,
                "digest": digest,
                "size": len(body),
                "body": zlib.compress(body, 9),
            }
            made = connection.execute(insert(kept_report).values(values).returning(table.id))
            return int(made.scalar_one())

    def kept_report(self, report_id: int) -> tuple[KeptReport, bytes]:
        """Return a kept report with its bytes; raises NotFound."""
        statement = select(kept_report).where(kept_report.c.id == report_id)
        with self._database.read("reading a kept report") as connection:
            row = connection.execute(statement).first()
        if row is None:
            raise NotFound(
                f"no report number {report_id} is kept", code="unknown_report", fix="List what is kept."
            )
        return _shown(row), _unpacked(row)

    def kept_reports(
        self,
        subject: str | None = None,
        *,
        limit: int = 50,
        before: int | None = None,
        names: bool | None = None,
    ) -> tuple[KeptReport, ...]:
        """Return what is kept, newest first; ``before`` is an exclusive number for paging."""
        statement = select(*_SHOWN).order_by(kept_report.c.id.desc()).limit(limit)
        if subject is not None:
            statement = statement.where(kept_report.c.subject == subject)
        if before is not None:
            statement = statement.where(kept_report.c.id < before)
        if names is not None:
            statement = statement.where(kept_report.c.names == names)
        with self._database.read("reading kept reports") as connection:
            return tuple(_shown(row) for row in connection.execute(statement))

    def latest_report(
        self, order: ReportOrder, *, release: int, release_digest: str, stand: str | None = None
    ) -> bytes | None:
        """Return the bytes kept last for a release (and that state of the log), or None."""
        table = kept_report.c
        statement = select(table.id, table.digest, table.body).where(
            *_is(order), table.release == release, table.release_digest == release_digest
        )
        if stand is not None:
            statement = statement.where(table.stand == stand)
        with self._database.read("reading a kept report") as connection:
            row = connection.execute(statement.order_by(table.id.desc()).limit(1)).first()
        return _unpacked(row) if row is not None else None

    def kept_periods(self, order: ReportOrder) -> frozenset[str]:
        """Return the periods this report was kept for."""
        statement = select(kept_report.c.period).where(*_is(order), kept_report.c.period != "").distinct()
        with self._database.read("reading kept reports") as connection:
            return frozenset(connection.execute(statement).scalars())


def _is(order: ReportOrder) -> Iterator[ColumnElement[bool]]:
    for name in _ORDER:
        yield kept_report.c[name] == getattr(order, name)


def _shown(row: Row[Any]) -> KeptReport:
    return KeptReport(
        row.id,
        ReportOrder(**{name: getattr(row, name) for name in _ORDER}),
        ReportMark(**{name: getattr(row, name) for name in _MARK}),
        row.written_at,
        row.size,
    )


def _unpacked(row: Any) -> bytes:  # noqa: ANN401 - rows of several questions, each with these columns
    try:
        body = zlib.decompress(row.body)
    except zlib.error:
        body = b""
    if hashlib.sha256(body).hexdigest() != row.digest:
        raise StorageError(
            f"the kept report {row.id} is not what was written",
            code="storage_corrupt",
            fix="Restore the database from a backup; reports of kept releases can be written anew.",
        )
    return body
