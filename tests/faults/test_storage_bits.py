"""One flipped bit that breaks no structure: found when it is read, told with a way back, never published."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, delete, select, update

from syncd.errors import StorageError
from syncd.pipeline.check import CheckReport
from syncd.pipeline.rebuild import Rebuilder
from syncd.storage import SqlStore, open_store
from syncd.storage.builder import InProcessBuilder
from syncd.storage.tables import coverage, entry, partition, record, totals
from tests.support.miniature import (
    GROSSSTADT,
    ONLINE_EVERYWHERE,
    OWN_FORM,
    Miniature,
    grossstadt_claims,
    stand_up,
)
from tests.unit.storage.samples import live, snapshot, staged, sync


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    with open_store(database_url) as opened:
        yield opened


@pytest.fixture
def miniature(store: SqlStore, tmp_path: Path) -> Miniature:
    return stand_up(store, tmp_path)


def flip(store: SqlStore, table: Table, column: str, *, row_id: int, at: int, bit: int = 0) -> bytes:
    """Flip one bit of a stored value; returns what stood there."""
    with store._database.write("flipping a bit") as connection:
        before: bytes = connection.execute(select(table.c[column]).where(table.c.id == row_id)).scalar_one()
        flipped = bytearray(before)
        flipped[at] ^= 1 << bit
        put_back(connection, table, column, row_id, bytes(flipped))
    return before


def put_back(connection: Any, table: Table, column: str, row_id: int, value: object) -> None:
    connection.execute(update(table).where(table.c.id == row_id).values({column: value}))


def first_id(store: SqlStore, table: Table, **wanted: object) -> int:
    with store._database.read("looking") as connection:
        statement = select(table.c.id).order_by(table.c.id)
        for name, value in wanted.items():
            statement = statement.where(table.c[name] == value)
        found: int = connection.execute(statement.limit(1)).scalar_one()
        return found


def check(miniature: Miniature) -> CheckReport:
    store = miniature.store
    assert isinstance(store, SqlStore)
    builder = InProcessBuilder(store, miniature.workroot)
    return asyncio.run(Rebuilder(store, builder, miniature.registry, miniature.clock).check())


@pytest.mark.fault("D12")
def test_any_flipped_bit_of_a_record_is_told_with_its_place_and_its_cure(store: SqlStore) -> None:
    sync(store, snapshot([staged(f"r{i}") for i in range(3)]))
    whole = live(store)
    row_id = first_id(store, record, native_id="r1")
    for at in range(len(whole["r1"])):
        before = flip(store, record, "payload", row_id=row_id, at=at, bit=at % 8)
        for read in (live, lambda opened: opened.records_of("portal", ["r0", "r1"])):
            with pytest.raises(StorageError, match="record r1 of portal") as caught:
                read(store)
            assert caught.value.code == "storage_corrupt"
            assert "syncd restore" in caught.value.fix
        with store._database.write("mending") as connection:
            put_back(connection, record, "payload", row_id, before)
    assert live(store) == whole
    # The hash itself may be what was hit; nobody can tell, so it is told the same way.
    flip(store, record, "content_hash", row_id=row_id, at=3)
    with pytest.raises(StorageError, match="record r1 of portal"):
        live(store)


@pytest.mark.fault("D12")
def test_a_record_with_a_flipped_bit_is_never_published(miniature: Miniature, store: SqlStore) -> None:
    """The title stays a title and the link a link: only the hash knows better."""
    before = store.current_release()
    row_id = first_id(store, record, source_id="grossstadt", native_id="G1")
    with store._database.read("looking") as connection:
        payload = connection.execute(select(record.c.payload).where(record.c.id == row_id)).scalar_one()
    flip(store, record, "payload", row_id=row_id, at=payload.index(b"https://portal.example/") + 10)
    miniature.clock.forward(hours=1)
    # Another record of the same service makes its partition be built anew.
    first = grossstadt_claims()[0]
    miniature.say("grossstadt", [*grossstadt_claims(), replace(first, native_id="G4")])
    with pytest.raises(StorageError, match="record G1 of grossstadt") as caught:
        miniature.publish()
    assert caught.value.code == "storage_corrupt"
    assert store.current_release() == before
    with pytest.raises(StorageError, match="record G1 of grossstadt"):
        check(miniature)


@pytest.mark.fault("D12")
def test_a_flipped_bit_in_the_file_itself_passes_the_start_but_not_the_rebuild(tmp_path: Path) -> None:
    path = tmp_path / "syncd.sqlite"
    with open_store(f"sqlite:///{path}") as opened:
        sync(opened, snapshot([staged("r0", "the text of a portal")]))
    whole = bytearray(path.read_bytes())
    at = whole.index(b"the text of a portal")
    assert whole.count(b"the text of a portal") == 1
    whole[at] ^= 1
    path.write_bytes(whole)
    with open_store(f"sqlite:///{path}") as opened, pytest.raises(StorageError) as caught:
        live(opened)
    assert caught.value.code == "storage_corrupt"


@pytest.mark.fault("D12")
@pytest.mark.parametrize(
    ("table", "column", "key"),
    [
        (entry, "payload", OWN_FORM),
        (entry, "digest", OWN_FORM),
        (partition, "service", ONLINE_EVERYWHERE),
        (coverage, "digest", ONLINE_EVERYWHERE),
    ],
)
def test_a_flipped_bit_of_a_release_is_found_by_the_check(
    miniature: Miniature, store: SqlStore, table: Table, column: str, key: str
) -> None:
    assert check(miniature).ok
    row_id = first_id(store, table, service_key=key)
    flip(store, table, column, row_id=row_id, at=-1)
    assert check(miniature).different == (key,)


@pytest.mark.fault("D12")
@pytest.mark.parametrize(("table", "column"), [(coverage, "cells"), (coverage, "since"), (totals, "matrix")])
def test_packed_rows_know_themselves_that_they_are_damaged(
    miniature: Miniature, store: SqlStore, table: Table, column: str
) -> None:
    flip(store, table, column, row_id=first_id(store, table), at=-1)
    with pytest.raises(StorageError, match="coverage is damaged") as caught:
        check(miniature)
    assert caught.value.code == "storage_corrupt"


@pytest.mark.fault("D12")
def test_entries_that_are_gone_added_or_recounted_are_found_by_the_check(
    miniature: Miniature, store: SqlStore
) -> None:
    row_id = first_id(store, entry, service_key=OWN_FORM, area_code=GROSSSTADT)
    with store._database.write("planting") as connection:
        put_back(connection, entry, "evidence", row_id, 1)
    assert check(miniature).different == (OWN_FORM,)
    with store._database.write("planting") as connection:
        put_back(connection, entry, "area_code", row_id, "064310001001")
    assert check(miniature).different == (OWN_FORM,)
    with store._database.write("planting") as connection:
        put_back(connection, entry, "service_key", row_id, "99999999999999")
    assert check(miniature).different == (OWN_FORM, "99999999999999")
    with store._database.write("planting") as connection:
        connection.execute(delete(entry).where(entry.c.id == row_id))
        counted = first_id_on(connection, coverage, ONLINE_EVERYWHERE)
        put_back(connection, coverage, "counts", counted, {"own": [1, 1]})
    assert check(miniature).different == tuple(sorted((OWN_FORM, ONLINE_EVERYWHERE)))


def first_id_on(connection: Any, table: Table, service_key: str) -> int:
    found: int = connection.execute(
        select(table.c.id).where(table.c.service_key == service_key).order_by(table.c.id).limit(1)
    ).scalar_one()
    return found
