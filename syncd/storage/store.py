"""The store: all that the use cases ask of a database, put together from its parts.

This module only wires; what each method does stands in the part that has it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from syncd.storage import schema
from syncd.storage.address import parse_address
from syncd.storage.buckets import BucketPart
from syncd.storage.copies import write_backup
from syncd.storage.database import Database
from syncd.storage.decisions import DecisionPart
from syncd.storage.fields import FieldPart
from syncd.storage.judgements import JudgementPart
from syncd.storage.kept_reports import KeptReportPart
from syncd.storage.links import LinkPart
from syncd.storage.probes import ProbePart
from syncd.storage.publication import PublicationPart
from syncd.storage.rebuilds import RebuildPart
from syncd.storage.registers import RegisterPart
from syncd.storage.releases import ReleasePart
from syncd.storage.retention import RetentionPart
from syncd.storage.runs import RunPart
from syncd.storage.soundness import require_sound, wants_a_look

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class SqlStore(
    RunPart,
    BucketPart,
    DecisionPart,
    RebuildPart,
    ProbePart,
    JudgementPart,
    LinkPart,
    FieldPart,
    PublicationPart,
    ReleasePart,
    RegisterPart,
    KeptReportPart,
    RetentionPart,
):
    """The Store port on SQLite or PostgreSQL; safe to use from several threads at once."""

    def __init__(self, database: Database) -> None:
        """Take an open database; :func:`open_store` makes one from a URL."""
        self._database = database

    @property
    def label(self) -> str:
        """Name of the database for logs and messages, without its password."""
        return self._database.label

    @property
    def kind(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return "sqlite" if self._database.is_sqlite else "postgresql"

    def upgrade(self) -> None:
        """Bring the schema to this program's version, all or nothing."""
        schema.upgrade(self._database)

    def schema_state(self) -> tuple[str | None, str]:
        """Return the revision of the database (None: empty) and the revision this program needs."""
        return schema.schema_state(self._database)

    def ping(self) -> None:
        """Raise StorageError when the database does not answer."""
        with self._database.read("asking the database for a sign of life") as connection:
            connection.execute(text("SELECT count(*) FROM current_release"))

    def backup(self, target: Path) -> None:
        """Write a consistent copy of the database; the file appears whole or not at all."""
        write_backup(self._database, target)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_store(url: str, *, create: bool = True, check: bool = True) -> SqlStore:
    """Open the database of a URL (``sqlite:///PATH`` or ``postgresql://…``).

    ``create`` makes the SQLite file and upgrades the schema. Without it the schema has to fit, or
    StorageError says what to do; ``check`` False skips that, for the commands that look at or upgrade a
    schema. With ``create``, the way a daemon starts, a damaged SQLite file is refused. Raises ConfigError,
    without the password, for a URL that is not understood.
    """
    address = parse_address(url)
    look = create and wants_a_look(address.path)
    database = Database(address, create=create)
    try:
        if look:
            require_sound(database)
        if create:
            schema.upgrade(database)
        elif check:
            schema.require_current(database)
    except BaseException:
        database.close()
        raise
    return SqlStore(database)
