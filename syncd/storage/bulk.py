"""Many rows at once, in the forms that were measured to be fast.

SQLite takes ``executemany`` of plain driver SQL (six times quicker than one statement with many VALUES),
PostgreSQL binary COPY (two and a half times quicker than ``executemany``). Values are given as the driver
takes them. This module must not know what the rows mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import BigInteger, Integer, LargeBinary, SmallInteger, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from syncd.storage.columns import UTCDateTime

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Dialect, Table

    from syncd.pipeline.ports import StagedRecord

BATCH = 1_000
"""Rows per round trip; SQLite takes 32,766 values in one statement, larger batches gained nothing."""
BATCH_BYTES = 8 * 1024 * 1024
"""Bytes of payload in one batch."""

T = TypeVar("T")


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Yield lists of at most ``size`` items."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def staged_batches(records: Iterable[StagedRecord]) -> Iterator[list[StagedRecord]]:
    """Yield lists bounded by number and by bytes: one record may hold a whole country's authorities."""
    batch: list[StagedRecord] = []
    size = 0
    for one in records:
        batch.append(one)
        size += len(one.payload)
        if len(batch) >= BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows whose values stand in the order of ``columns``."""
    if not rows:
        return
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table.name} ({names}) VALUES ({places})"  # noqa: S608 - names are ours
        connection.exec_driver_sql(statement, [tuple(row) for row in rows])
        return
    driver: Any = connection.connection.driver_connection
    statement = f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([_copy_type(table, name) for name in columns])
        for row in rows:
            copy.write_row(row)


def _copy_type(table: Table, column: str) -> str:
    kind = table.c[column].type
    for ours, theirs in (
        (SmallInteger, "int2"),
        (BigInteger, "int8"),
        (Integer, "int4"),
        (LargeBinary, "bytea"),
        (UTCDateTime, "timestamptz"),
    ):
        if isinstance(kind, ours):
            return theirs
    return "text"


def driver_instant(dialect: Dialect, instant: datetime) -> Any:  # noqa: ANN401 - drivers differ
    """Return an instant as :func:`insert_rows` needs it; raises InvariantViolated for a naive one."""
    processor = UTCDateTime().dialect_impl(dialect).bind_processor(dialect)
    return processor(instant) if processor else instant


def one_of(connection: Connection, column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
    """Return a condition for a list of any length; an IN ends at the driver's limit of parameters."""
    if connection.dialect.name == "sqlite":
        listed = func.json_each(json.dumps(list(values))).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == func.any(literal(list(values), ARRAY(column.type)))
