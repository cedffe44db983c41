"""Editions of the area register and kept inputs, each stored once per digest.

A release names its inputs by digest, so that it can be explained years later. This module must not know how a
register file is laid out or what an input means.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from syncd.errors import NotFound
from syncd.model.area import Area, AreaKey, AreaKind
from syncd.storage.bulk import batches
from syncd.storage.runs import MAX_ID
from syncd.storage.tables import area, area_edition, input_document

if TYPE_CHECKING:
    from datetime import datetime

    from syncd.storage.database import Database

_PLAIN = tuple(field.name for field in fields(Area) if field.name not in {"key", "kind"})


class RegisterPart:
    """The part of the store that keeps registers and inputs."""

    _database: Database

    def put_edition(self, label: str, digest: str, areas: Iterable[Area], *, now: datetime) -> int:
        """Store an edition of the area register once per digest and return its id."""
        known = select(area_edition.c.id).where(area_edition.c.digest == digest)
        with self._database.write("storing an edition of the area register") as connection:
            found: int | None = connection.execute(known).scalar()
            if found is not None:
                return found
            edition_id: int = connection.execute(
                insert(area_edition)
                .values(label=label, digest=digest, stored_at=now)
                .returning(area_edition.c.id)
            ).scalar_one()
            for batch in batches(areas):
                connection.execute(insert(area), [_row_of(edition_id, one) for one in batch])
            return edition_id

    def edition_areas(self, edition_id: int) -> tuple[Area, ...]:
        """Return the areas of an edition sorted by code; raises NotFound for an unknown edition."""
        statement = select(area).where(area.c.edition_id == edition_id).order_by(area.c.code)
        known = select(func.count()).where(area_edition.c.id == edition_id)
        with self._database.read("reading the area register") as connection:
            if not 0 < edition_id <= MAX_ID or not connection.execute(known).scalar_one():
                raise NotFound(f"there is no edition {edition_id} of the area register")
            return tuple(
                Area(
                    key=AreaKey(row.code),
                    kind=AreaKind(row.kind),
                    **{name: getattr(row, name) for name in _PLAIN},
                )
                for row in connection.execute(statement)
            )

    def edition_by_digest(self, digest: str) -> int:
        """Return the id of a stored edition; raises NotFound."""
        statement = select(area_edition.c.id).where(area_edition.c.digest == digest)
        with self._database.read("reading the area register") as connection:
            edition_id: int | None = connection.execute(statement).scalar()
            if edition_id is None:
                raise NotFound(f"no edition of the area register has the digest {digest[:80]}")
            return edition_id

    def put_document(self, digest: str, body: bytes) -> None:
        """Keep an input (obligations, scopes) by digest; the first body under a digest stays."""
        known = select(func.count()).where(input_document.c.digest == digest)
        with self._database.write("keeping an input") as connection:
            if not connection.execute(known).scalar_one():
                connection.execute(insert(input_document).values(digest=digest, body=body))

    def document(self, digest: str) -> bytes:
        """Return a kept input; raises NotFound."""
        statement = select(input_document.c.body).where(input_document.c.digest == digest)
        with self._database.read("reading a kept input") as connection:
            body: bytes | None = connection.execute(statement).scalar()
            if body is None:
                raise NotFound(f"no input with the digest {digest[:80]} is kept")
            return body


def _row_of(edition_id: int, one: Area) -> dict[str, Any]:
    return {
        "edition_id": edition_id,
        "code": one.code,
        "kind": one.kind.value,
        **{name: getattr(one, name) for name in _PLAIN},
    }
