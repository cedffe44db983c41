"""Reading releases: the published state now, as of an earlier number, or as of an instant.

A reader asks for a release by number and gets that state, whatever is published meanwhile. This module must
not write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, and_, func, literal, literal_column, or_, select, tuple_, union_all

from syncd.errors import NotFound
from syncd.model.entry import Release
from syncd.pipeline.ports import ChangeRow, CoverageRow, EntryRow, PartitionRow, TotalsRow
from syncd.storage.bulk import one_of
from syncd.storage.columns import KeyText
from syncd.storage.publication import folded, title_of
from syncd.storage.rebuilds import coverage_row
from syncd.storage.tables import coverage, current_release, entry, partition, past_release, release, totals

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Table

    from syncd.storage.database import Database

MAX_NUMBER = 2**31 - 1
_ENTRY = (
    "service_key",
    "area_code",
    "digest",
    "payload",
    "evidence",
    "from_release",
    "to_release",
    "attention",
)


class ReleasePart:
    """The part of the store that reads releases."""

    _database: Database

    def current_release(self) -> Release | None:
        """Return the published release, or None before the first."""
        joined = select(release).join(current_release, current_release.c.number == release.c.number)
        return self._one(joined)

    def release(self, number: int) -> Release:
        """Return one release; raises NotFound, also for one that is no longer kept."""
        found = None
        if 0 < number <= MAX_NUMBER:
            found = self._one(select(release).where(release.c.number == number))
        if found is None:
            raise _no_release(number, past=self.published_at(number) is not None)
        return found

    def published_at(self, number: int) -> datetime | None:
        """Return when a release was published, also long after it was removed; None if there was none."""
        if not 0 < number <= MAX_NUMBER:
            return None
        stamps = [
            select(table.c.published_at).where(table.c.number == number) for table in (release, past_release)
        ]
        with self._database.read("reading a release") as connection:
            return connection.execute(union_all(*stamps)).scalar()

    def release_at(self, at: datetime) -> Release | None:
        """Return the release that was current at an instant, or None before the first."""
        earlier = select(release).where(release.c.published_at <= at)
        return self._one(earlier.order_by(release.c.number.desc()).limit(1))

    def releases(self, *, limit: int = 50, before: int | None = None) -> tuple[Release, ...]:
        """Return releases, newest first; ``before`` is an exclusive number for paging."""
        statement = select(release).order_by(release.c.number.desc()).limit(limit)
        if before is not None:
            statement = statement.where(release.c.number < min(before, MAX_NUMBER))
        with self._database.read("reading releases") as connection:
            return tuple(_release_of(row) for row in connection.execute(statement))

    def changes(self, number: int, *, limit: int, offset: int = 0) -> tuple[ChangeRow, ...]:
        """Return the change list of a release, sorted by service key and area; raises NotFound."""
        self.release(number)
        other = entry.alias("other")
        same_cell = and_(other.c.service_key == entry.c.service_key, other.c.area_code == entry.c.area_code)
        had = select(literal(1)).where(same_cell, other.c.to_release == number).exists()
        follows = select(literal(1)).where(same_cell, other.c.from_release == number).exists()
        columns = (entry.c.service_key, entry.c.area_code, entry.c.payload)
        came = select(*columns, had.label("had"), literal(0).label("gone")).where(
            entry.c.from_release == number
        )
        went = select(*columns, literal(True).label("had"), literal(1).label("gone")).where(  # noqa: FBT003
            entry.c.to_release == number, ~follows
        )
        both = union_all(came, went).subquery()
        statement = select(both).order_by(both.c.service_key, both.c.area_code).limit(limit).offset(offset)
        with self._database.read("reading changes") as connection:
            return tuple(
                ChangeRow(
                    kind="removed" if row.gone else "changed" if row.had else "added",
                    service_key=row.service_key,
                    area_code=row.area_code,
                    title=title_of(row.payload),
                )
                for row in connection.execute(statement)
            )

    def partitions(
        self, release: int, *, after: str = "", limit: int | None = None, contains: str = ""
    ) -> Iterator[PartitionRow]:
        """Yield partitions as of a release, by key; ``contains`` filters on key or name, case-insensitive."""
        with self._database.read("reading partitions") as connection:
            statement = (
                select(partition)
                .where(self._as_of(connection, partition, release), partition.c.service_key > after)
                .order_by(partition.c.service_key)
                .limit(limit)
            )
            if contains:
                # instr/strpos instead of LIKE: no wildcards to escape and no limit on the length.
                position = func.instr if self._database.is_sqlite else func.strpos
                wanted = literal(folded(contains), KeyText())
                statement = statement.where(position(partition.c.name_folded, wanted) > 0)
            for row in self._database.stream_on(connection, statement):
                yield _partition_of(row)

    def partition(self, release: int, service_key: str) -> PartitionRow | None:
        """Return one partition as of a release."""
        with self._database.read("reading a partition") as connection:
            row = connection.execute(
                select(partition).where(
                    self._as_of(connection, partition, release), partition.c.service_key == service_key
                )
            ).first()
            return _partition_of(row) if row else None

    def entries(
        self,
        release: int,
        *,
        service_key: str | None = None,
        area_codes: Sequence[str] | None = None,
        attention: int = 0,
        minimum: int = 0,
        ended_by: int | None = None,
        after: tuple[str, str] | None = None,
        limit: int | None = None,
    ) -> Iterator[EntryRow]:
        """Yield entries as of a release, sorted by (service key, area code).

        ``attention``: only those with one of these bits; ``minimum``: only those of this rung or a higher;
        ``ended_by``: only those that a later release has no longer.
        """
        with self._database.read("reading entries") as connection:
            conditions: list[ColumnElement[bool]] = []
            if service_key is not None:
                conditions.append(entry.c.service_key == service_key)
            if area_codes is not None:
                conditions.append(one_of(connection, entry.c.area_code, area_codes))
            if attention:
                # The first of both lets the partial index answer.
                conditions += [
                    entry.c.attention != literal_column("0"),
                    entry.c.attention.bitwise_and(attention) != 0,
                ]
            if minimum:
                conditions.append(entry.c.evidence >= minimum)
            if ended_by is not None:
                conditions.append(entry.c.to_release <= ended_by)
            if after is not None:
                conditions.append(_beyond((entry.c.service_key, entry.c.area_code), after))
            statement = self._entries_as_of(connection, release, conditions).limit(limit)
            for row in self._database.stream_on(connection, statement):
                yield _entry_of(row)

    def coverage(
        self,
        release: int,
        *,
        obligation_id: str | None = None,
        line: str | None = None,
        service_key: str | None = None,
        after: tuple[str, str, str] | None = None,
        limit: int | None = None,
    ) -> Iterator[CoverageRow]:
        """Yield coverage rows as of a release, sorted by (obligation, line, service key)."""
        order = (coverage.c.obligation_id, coverage.c.line, coverage.c.service_key)
        with self._database.read("reading coverage") as connection:
            statement = select(coverage).where(self._as_of(connection, coverage, release))
            for column, wanted in zip(order, (obligation_id, line, service_key), strict=True):
                if wanted is not None:
                    statement = statement.where(column == wanted)
            if after is not None:
                statement = statement.where(_beyond(order, after))
            for row in self._database.stream_on(connection, statement.order_by(*order).limit(limit)):
                yield coverage_row(row)

    def totals(self, release: int) -> tuple[TotalsRow, ...]:
        """Return the per-area totals as of a release, sorted by (obligation, line)."""
        with self._database.read("reading totals") as connection:
            statement = (
                select(totals.c.obligation_id, totals.c.line, totals.c.matrix)
                .where(self._as_of(connection, totals, release))
                .order_by(totals.c.obligation_id, totals.c.line)
            )
            return tuple(TotalsRow(*row) for row in connection.execute(statement))

    def _one(self, statement: Select[Any]) -> Release | None:
        with self._database.read("reading a release") as connection:
            row = connection.execute(statement).first()
            return _release_of(row) if row else None

    def _as_of(self, connection: Connection, table: Table, number: int) -> ColumnElement[bool]:
        """Return the condition for rows valid in a release; partial indexes answer for the current one."""
        ended: ColumnElement[bool] = table.c.to_release > number
        if self._is_current(connection, number):
            return table.c.to_release.is_(None)
        return and_(table.c.from_release <= number, or_(table.c.to_release.is_(None), ended))

    def _entries_as_of(
        self, connection: Connection, number: int, conditions: Sequence[ColumnElement[bool]]
    ) -> Select[Any]:
        """Select entries in order; an earlier state is merged from what still holds and what ended later."""
        columns = [entry.c[name] for name in _ENTRY]
        holds = select(*columns).where(entry.c.to_release.is_(None), *conditions)
        if self._is_current(connection, number):
            return holds.order_by(entry.c.service_key, entry.c.area_code)
        holds = holds.where(entry.c.from_release <= number)
        ended = select(*columns).where(
            entry.c.to_release > number, entry.c.from_release <= number, *conditions
        )
        both = union_all(holds, ended).subquery()
        return select(both).order_by(both.c.service_key, both.c.area_code)

    def _is_current(self, connection: Connection, number: int) -> bool:
        """Tell whether a release is the current one; raises NotFound for one that does not exist."""
        current = connection.execute(select(current_release.c.number)).scalar()
        if number == current:
            return True
        oldest = connection.execute(select(func.min(release.c.number))).scalar() or 1
        if 0 < number < oldest or number > (current or 0):
            raise _no_release(number, past=number < oldest)
        return False


def _no_release(number: int, *, past: bool) -> NotFound:
    told = f"release {number} is no longer kept" if past else f"there is no release {number}"
    return NotFound(told, fix="List the releases with 'syncd release'.")


def _beyond(columns: Sequence[ColumnElement[str]], after: Sequence[str]) -> ColumnElement[bool]:
    return tuple_(*columns) > tuple_(*(literal(value, KeyText()) for value in after))


def _release_of(row: Row[Any]) -> Release:
    return Release(row.number, row.digest, row.published_at, row.inputs, row.counts)


def _entry_of(row: Row[Any]) -> EntryRow:
    # In the order of _ENTRY: by name it takes twice as long, and there may be millions.
    return EntryRow(*tuple(row))


def _partition_of(row: Row[Any]) -> PartitionRow:
    return PartitionRow(row.service_key, row.digest, row.service, row.from_release, row.to_release)
