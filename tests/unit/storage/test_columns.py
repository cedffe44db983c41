"""Column types: instants, keys and JSON mean the same on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from syncd.errors import InvariantViolated
from syncd.storage.bulk import batches, driver_instant
from syncd.storage.columns import UTCDateTime, json_text, storable
from syncd.storage.tables import metadata

DIALECTS: list[Dialect] = [sqlite.dialect(), postgresql.dialect()]  # type: ignore[no-untyped-call]


@given(st.text())
def test_ordinary_text_stays_as_it_is(value: str) -> None:
    if "\0" not in value:
        assert storable(value) == value


@given(st.text(st.characters(codec=None), max_size=20))
def test_any_text_becomes_storable(value: str) -> None:
    stored = storable(value)
    stored.encode()
    assert "\0" not in stored
    assert storable(stored) == stored


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_naive_instants_are_refused_and_aware_ones_become_utc(dialect: Dialect) -> None:
    kind = UTCDateTime()
    local = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=timezone(timedelta(hours=1)))
    bound = kind.process_bind_param(local, dialect)
    assert bound == local
    assert bound is not None
    assert bound.tzinfo is UTC
    assert kind.process_bind_param(None, dialect) is None
    assert kind.process_result_value(None, dialect) is None
    naive = bound.replace(tzinfo=None)
    assert kind.process_result_value(naive, dialect) == local
    for refuse in (kind.process_bind_param, lambda value, dialect: driver_instant(dialect, value)):
        with pytest.raises(InvariantViolated, match="time zone"):
            refuse(naive, dialect)


def test_instants_on_sqlite_sort_as_text() -> None:
    dialect = DIALECTS[0]
    early = driver_instant(dialect, datetime(987, 1, 1, tzinfo=UTC))
    late = driver_instant(dialect, datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC))
    assert early < driver_instant(dialect, datetime(2026, 1, 1, tzinfo=UTC)) < late


def test_json_is_canonical_ascii_and_takes_frozen_values() -> None:
    frozen = MappingProxyType({"b": (1, frozenset({2})), "a": date(2026, 1, 1), "ä": "\ud800"})
    assert json_text(frozen) == '{"a":"2026-01-01","b":[1,[2]],"\\u00e4":"\\ud800"}'
    for impossible in ({"a": float("nan")}, {"a": object()}, {b"a": 1}):
        with pytest.raises(InvariantViolated, match="JSON"):
            json_text(impossible)


def test_every_key_on_postgresql_sorts_by_code_point() -> None:
    """The German database of a data centre would otherwise sort and page differently from SQLite."""
    for table in metadata.tables.values():
        built = str(CreateTable(table).compile(dialect=DIALECTS[1]))
        for column in table.primary_key.columns:
            if column.type.python_type is str:
                assert f'{column.name} VARCHAR COLLATE "C"' in built


def test_tables_with_payloads_have_row_ids() -> None:
    """Without row ids, inserting payloads takes twice as long (measured)."""
    for table in metadata.tables.values():
        if table.dialect_options["sqlite"]["with_rowid"] is False:
            assert not any(column.type.python_type is bytes for column in table.columns), table.name


def test_batches_keep_order_and_size() -> None:
    assert list(batches(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(batches([])) == []
