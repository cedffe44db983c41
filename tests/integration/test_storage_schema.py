"""Migrations build exactly the tables the queries expect, all or nothing, and refuse what does not fit."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from syncd.errors import ConfigError, StorageError
from syncd.storage import open_store, schema
from syncd.storage.address import parse_address
from syncd.storage.database import Database
from syncd.storage.tables import metadata
from tests.support.paths import REPOSITORY
from tests.unit.storage.samples import draft

HEAD = ScriptDirectory(str(schema.MIGRATIONS)).get_current_head()
POSTGRESQL_SAYS = (
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    """SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name
       FROM information_schema.columns WHERE table_schema = 'public'""",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace""",
)
SQLITE_SAYS = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'index'",
    "SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite%'",
    """SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk
       FROM sqlite_master AS m, pragma_table_xinfo(m.name) AS c WHERE m.type = 'table'""",
    """SELECT m.name, f."from", f."table", f."to", f.on_delete
       FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f""",
    """SELECT name, sql LIKE '%AUTOINCREMENT%', substr(sql, nullif(instr(sql, 'CHECK'), 0), 20)
       FROM sqlite_master WHERE type = 'table'""",
)


@pytest.fixture
def bare(database_url: str) -> Iterator[Database]:
    database = Database(parse_address(database_url), create=True)
    yield database
    database.close()


def described(connection: Connection) -> set[tuple[object, ...]]:
    """What the database itself says of its tables, whatever the order of columns; Alembic's own left out."""
    queries = SQLITE_SAYS if connection.dialect.name == "sqlite" else POSTGRESQL_SAYS
    found = {tuple(row) for query in queries for row in connection.execute(text(query))}
    return {row for row in found if not re.search("alembic|sqlite_", str(row))}


def test_migrations_build_what_the_queries_expect(bare: Database) -> None:
    schema.upgrade(bare)
    with bare.read("comparing") as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrations_build_the_same_to_the_letter(bare: Database) -> None:
    """Alembic does not compare conditions of partial indexes, collations and table options."""
    with bare.write("creating") as connection:
        metadata.create_all(connection)
        expected = described(connection)
        metadata.drop_all(connection)
    schema.upgrade(bare)
    with bare.read("comparing") as connection:
        assert described(connection) == expected


def test_an_upgrade_is_repeatable(bare: Database) -> None:
    assert schema.schema_state(bare) == (None, HEAD)
    for _ in range(2):
        schema.upgrade(bare)
        assert schema.schema_state(bare) == (HEAD, HEAD)


def test_a_downgrade_leaves_nothing_behind(bare: Database) -> None:
    schema.upgrade(bare)
    with bare.write("downgrading") as connection:
        with Operations.context(MigrationContext.configure(connection)):
            for script in ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions():
                script.module.downgrade()
        assert described(connection) == set()


@pytest.mark.fault("D13")
def test_an_upgrade_that_breaks_off_leaves_nothing_behind(
    bare: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    create_table = op.create_table

    def create_some(name: str, *columns: object, **options: object) -> object:
        if len(made) == 5:
            raise OSError(28, "No space left on device")
        made.append(name)
        return create_table(name, *columns, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(op, "create_table", create_some)
    with pytest.raises(StorageError) as caught:
        schema.upgrade(bare)
    assert caught.value.code == "storage_full"
    monkeypatch.undo()
    with bare.read("looking") as connection:
        assert described(connection) == set()
    schema.upgrade(bare)
    schema.require_current(bare)


@pytest.mark.fault("D13")
def test_a_newer_schema_is_refused(database_url: str) -> None:
    with open_store(database_url) as store, store._database.write("faking") as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for create in (True, False):
        with pytest.raises(StorageError, match="9999, which is newer than this program") as caught:
            open_store(database_url, create=create)
        assert caught.value.code == "storage_schema"
    with open_store(database_url, create=False, check=False) as store:
        assert store.schema_state() == ("9999", HEAD)
        with pytest.raises(StorageError, match="newer"):
            store.upgrade()


@pytest.mark.fault("D13")
def test_an_empty_database_is_refused_unless_asked_to_upgrade(database_url: str) -> None:
    Database(parse_address(database_url), create=True).close()
    with pytest.raises(StorageError, match="holds no syncd tables") as caught:
        open_store(database_url, create=False)
    assert "syncd db upgrade" in caught.value.fix
    with open_store(database_url, create=False, check=False) as store:
        assert store.schema_state() == (None, HEAD)
        store.upgrade()
        store.publish(draft())
    with open_store(database_url, create=False) as store:
        assert store.current_release() is not None


def test_a_missing_file_is_not_created_by_looking(tmp_path: Path) -> None:
    path = tmp_path / "typo" / "syncd.sqlite"
    with pytest.raises(StorageError, match="does not exist"):
        open_store(f"sqlite:///{path}", create=False)
    assert not path.parent.exists()
    with open_store(f"sqlite:///{path}") as store:
        store.ping()
    with pytest.raises(ConfigError, match="is a folder"):
        open_store(f"sqlite:///{path.parent}")


def test_odd_characters_in_the_path_are_just_a_name(tmp_path: Path) -> None:
    path = tmp_path / "50 % #1 ä'\" & more" / "syncd.sqlite"
    with open_store(f"sqlite:///{path}") as store:
        store.publish(draft())
        store.backup(path.with_suffix(".copy"))
    assert path.is_file()
    assert path.with_suffix(".copy").is_file()


def test_another_program_s_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("This is no database, and it is long enough to be looked at. " * 20)
    with pytest.raises(StorageError) as caught:
        open_store(f"sqlite:///{path}")
    assert caught.value.code == "storage_corrupt"
    assert path.read_text().startswith("This is no database")


def test_several_starts_at_once_upgrade_once(database_url: str) -> None:
    script = "import sys; from syncd.storage import open_store; open_store(sys.argv[1]).close()"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    Database(parse_address(database_url), create=True).close()
    children = [
        subprocess.Popen([sys.executable, "-c", script, database_url], env=environment) for _ in range(4)
    ]
    assert [child.wait(timeout=60) for child in children] == [0] * 4
    with open_store(database_url, create=False) as store:
        assert store.schema_state() == (HEAD, HEAD)


def test_migrations_work_away_from_the_checkout(tmp_path: Path) -> None:
    """As in an installed wheel: only the package, another working directory, no ini file."""
    site = tmp_path / "100 % site" / "packages"
    shutil.copytree(REPOSITORY / "syncd", site / "syncd", ignore=shutil.ignore_patterns("__pycache__"))
    script = "import sys; from syncd.storage import open_store; open_store(sys.argv[1]).close()"
    database = tmp_path / "syncd.sqlite"
    subprocess.run(
        [sys.executable, "-W", "error", "-c", script, f"sqlite:///{database}"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(site)},
        check=True,
    )
    with closing(sqlite3.connect(database)) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
