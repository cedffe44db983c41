"""The log of judgements: appended to, read, never changed.

This module must not know what follows from a judgement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from syncd.errors import NotFound
from syncd.model.judgement import Judgement, JudgementKind
from syncd.storage.bulk import batches
from syncd.storage.judgement_tables import judgement
from syncd.storage.tables import dirty as dirty_table

if TYPE_CHECKING:
    from sqlalchemy import Row

    from syncd.storage.database import Database

_BATCH = 500
_NO_RUN = 0


class JudgementPart:
    """The part of the store that keeps what operators judged."""

    _database: Database

    def judge(self, judgements: Sequence[Judgement], *, dirty: Sequence[str] = ()) -> tuple[Judgement, ...]:
        """Append judgements and mark services for a rebuild, in one transaction; returns the new ones."""
        new: list[Judgement] = []
        with self._database.write("keeping judgements") as connection:
            for batch in batches(judgements, _BATCH):
                uids = [one.uid for one in batch]
                known = set(
                    connection.execute(select(judgement.c.uid).where(judgement.c.uid.in_(uids))).scalars()
                )
                for uid, one in dict(zip(uids, batch, strict=True)).items():
                    if uid not in known:
                        connection.execute(insert(judgement).values(uid=uid, **_values(one)))
                        new.append(one)
            marks = [{"service_key": key, "run_id": _NO_RUN} for key in sorted(set(dirty))]
            if marks and new:
                connection.execute(insert(dirty_table), marks)
        return tuple(new)

    def judgements(
        self,
        *,
        kinds: Sequence[JudgementKind] = (),
        subject: str | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> tuple[tuple[int, Judgement], ...]:
        """Return (position, judgement) of the log, oldest position first, behind ``after``."""
        statement = select(judgement).where(judgement.c.id > after).order_by(judgement.c.id)
        if kinds:
            statement = statement.where(judgement.c.kind.in_([kind.value for kind in kinds]))
        if subject is not None:
            statement = statement.where(judgement.c.subject == subject)
        if limit is not None:
            statement = statement.limit(limit)
        with self._database.read("reading judgements") as connection:
            return tuple((row.id, _judgement(row)) for row in connection.execute(statement))

    def judgement(self, uid: str) -> Judgement:
        """Return one judgement; raises NotFound."""
        with self._database.read("reading a judgement") as connection:
            row = connection.execute(select(judgement).where(judgement.c.uid == uid)).first()
        if row is None:
            raise NotFound(
                f"there is no judgement {uid!r}",
                code="unknown_judgement",
                fix="List them: syncd judge list.",
            )
        return _judgement(row)

    def judgements_of(self, service_keys: Sequence[str]) -> Mapping[str, tuple[Judgement, ...]]:
        """Return the whole log of each of these services (undos included), oldest first."""
        found: defaultdict[str, list[Judgement]] = defaultdict(list)
        with self._database.read("reading judgements") as connection:
            for keys in batches([key for key in service_keys if key], _BATCH):
                statement = (
                    select(judgement).where(judgement.c.service_key.in_(keys)).order_by(judgement.c.id)
                )
                for row in connection.execute(statement):
                    found[row.service_key].append(_judgement(row))
        return {key: tuple(log) for key, log in found.items()}

    def judged_services(self, kind: JudgementKind) -> tuple[str, ...]:
        """Return the service keys that judgements of a kind name, sorted, each once."""
        statement = select(judgement.c.service_key).where(judgement.c.kind == kind.value).distinct()
        with self._database.read("reading judgements") as connection:
            return tuple(sorted(connection.execute(statement).scalars()))

    def last_judgement(self) -> int:
        """Return the position of the newest entry of the log, 0 for an empty one."""
        with self._database.read("reading judgements") as connection:
            return connection.execute(select(func.max(judgement.c.id))).scalar() or 0


def _values(one: Judgement) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "subject": one.subject,
        "object": one.object,
        "answer": one.answer,
        "value": one.value,
        "service_key": one.service_key,
        "reason": one.reason,
        "decided_by": one.decided_by,
        "decided_at": one.decided_at,
        "until": one.until,
    }


def _judgement(row: Row[Any]) -> Judgement:
    return Judgement(
        kind=JudgementKind(row.kind),
        subject=row.subject,
        object=row.object,
        answer=row.answer,
        value=row.value,
        service_key=row.service_key,
        reason=row.reason,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        until=row.until,
    )
