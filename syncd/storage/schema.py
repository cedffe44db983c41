"""The schema's version: upgrade it in one transaction, or refuse to work on one that does not fit.

Alembic is driven without an ini file, so that an installed wheel migrates like a checkout. This module must
not know the tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from syncd.errors import StorageError
from syncd.storage.database import lift_statement_limit

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from syncd.storage.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"
_NEWER_FIX = "Install the newer syncd, or restore a backup made with this one."


def schema_state(database: Database) -> tuple[str | None, str]:
    """Return the revision of the database (None: empty) and the revision this program needs."""
    with database.read("reading the schema version") as connection:
        return _current(connection), _head(_scripts())


def upgrade(database: Database) -> None:
    """Bring the schema to this program's version, all or nothing; raises StorageError for a newer one."""
    current, head = schema_state(database)
    if current == head:
        return
    with database.write("upgrading the schema") as connection:
        _refuse_newer(_current(connection), database.label)
        # Building an index on a large table may take longer than any query should.
        lift_statement_limit(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def require_current(database: Database) -> None:
    """Raise StorageError unless the schema is exactly the one this program needs."""
    current, head = schema_state(database)
    if current == head:
        return
    _refuse_newer(current, database.label)
    found = f"has schema version {current}" if current else "holds no syncd tables"
    raise StorageError(
        f"the database {found}, this program needs {head}",
        where=database.label,
        fix="Run 'syncd db upgrade'.",
        code="storage_schema",
    )


def _refuse_newer(current: str | None, label: str) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if current is not None and current not in known:
        raise StorageError(
            f"the database has schema version {current}, which is newer than this program",
            where=label,
            fix=_NEWER_FIX,
            code="storage_schema",
        )


def _config() -> Config:
    config = Config()
    # Percent signs start an interpolation in Alembic's configuration.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _head(scripts: ScriptDirectory) -> str:
    head = scripts.get_current_head()
    if head is None:
        raise StorageError("the migrations are missing from this installation", fix="Install syncd again.")
    return head


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
