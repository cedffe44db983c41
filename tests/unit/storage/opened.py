"""One database per test module, emptied between tests: making one in PostgreSQL outlasts most tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncd.storage import SqlStore, open_store
from syncd.storage.tables import metadata
from tests.support.postgres import PostgresServer

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


def opened(kind: str, request: pytest.FixtureRequest, folder: pytest.TempPathFactory) -> Iterator[SqlStore]:
    """Yield an open store of that kind for a module-scoped fixture."""
    if kind == "sqlite":
        with open_store(f"sqlite:///{folder.mktemp('store')}/syncd.sqlite") as store:
            yield store
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create_database()
    with open_store(server.url_of(name)) as store:
        yield store
    server.drop_database(name)


def emptied(store: SqlStore) -> SqlStore:
    """Return the store without any rows; ids go on counting."""
    with store._database.writer.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return store
