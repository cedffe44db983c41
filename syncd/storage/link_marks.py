"""Which records must be linked anew because of what a run stored; part of T1.

Most records state their keys and share no id with any other: they cost nothing here. This module must not
know how a link is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, or_, select

from syncd.model.judgement import RECORD_NODE, JudgementKind, node_parts, record_node
from syncd.model.service import LOCAL_PREFIX
from syncd.storage.bulk import batches, insert_rows
from syncd.storage.judgement_tables import judgement
from syncd.storage.link_tables import identity_token, link, link_due, link_key, move

if TYPE_CHECKING:
    from sqlalchemy import Connection

_BATCH = 500
_DROP_TOKEN = delete(identity_token).where(
    identity_token.c.token == bindparam("old_token"), identity_token.c.record_id == bindparam("old_id")
)


class LinkMarks:
    """Keeps the declared ids of records and marks those whose links may have changed, for one run."""

    def __init__(self, connection: Connection, source_id: str) -> None:
        self._connection = connection
        self._judged = {native_id for _, native_id in judged_records(connection, source_id)}

    def added(self, records: Iterable[tuple[int, str, Sequence[str], Sequence[str]]]) -> None:
        """Keep the tokens of new records: (id, native id, service keys, tokens)."""
        due: list[int] = []
        tokens: list[tuple[str, int]] = []
        for record_id, native_id, keys, declared in records:
            if declared or native_id in self._judged or any(key.startswith(LOCAL_PREFIX) for key in keys):
                due.append(record_id)
            tokens.extend((token, record_id) for token in dict.fromkeys(declared))
        insert_rows(self._connection, identity_token, ("token", "record_id"), tokens)
        self._mark(due, {token for token, _ in tokens})

    def changed(self, records: Mapping[int, tuple[str, bool, Sequence[str]]]) -> frozenset[str]:
        """Keep the tokens of changed or returned records: id → (native id, states a local key, tokens).

        Returns the service keys they were linked to: their partitions change, too.
        """
        had = self._tokens(records)
        wanted = {(token, record_id) for record_id, (_, _, tokens) in records.items() for token in tokens}
        if gone := sorted(had - wanted):
            rows = [{"old_token": token, "old_id": record_id} for token, record_id in gone]
            self._connection.execute(_DROP_TOKEN, rows)
        insert_rows(self._connection, identity_token, ("token", "record_id"), sorted(wanted - had))
        # Who shared a token that is gone must be asked, too: the mark needs the old ones.
        named = {record_id for _, record_id in had | wanted}
        linked, keys = self._linked(records)
        due = [
            record_id
            for record_id, (native_id, is_local, _) in records.items()
            if is_local or record_id in named or record_id in linked or native_id in self._judged
        ]
        self._mark(due, {token for token, _ in had | wanted})
        return keys

    def declared(self, records: Mapping[int, Sequence[str]]) -> None:
        """Keep tokens that were not known of records that are as they were: rules learn to read more ids."""
        had = self._tokens(records)
        new = {(token, record_id) for record_id, tokens in records.items() for token in tokens} - had
        insert_rows(self._connection, identity_token, ("token", "record_id"), sorted(new))
        self._mark((), {token for token, _ in new})

    def withdrawn(self, record_ids: Sequence[int]) -> frozenset[str]:
        """Mark what withdrawn records were linked to or told others; returns the keys they counted for."""
        tokens = self._tokens(record_ids)
        linked, keys = self._linked(record_ids)
        self._mark(sorted(linked), {token for token, _ in tokens})
        return keys

    def _mark(self, record_ids: Iterable[int], tokens: Iterable[str]) -> None:
        due = dict.fromkeys(record_ids)
        for batch in batches(sorted(tokens), _BATCH):
            statement = select(identity_token.c.record_id).where(identity_token.c.token.in_(batch))
            due.update(dict.fromkeys(self._connection.execute(statement).scalars()))
        insert_rows(self._connection, link_due, ("record_id",), [(record_id,) for record_id in due])

    def _tokens(self, record_ids: Iterable[int]) -> set[tuple[str, int]]:
        found: set[tuple[str, int]] = set()
        for batch in batches(record_ids, _BATCH):
            statement = select(identity_token).where(identity_token.c.record_id.in_(batch))
            found.update((row.token, row.record_id) for row in self._connection.execute(statement))
        return found

    def _linked(self, record_ids: Iterable[int]) -> tuple[set[int], frozenset[str]]:
        ids: set[int] = set()
        keys: set[str] = set()
        for batch in batches(record_ids, _BATCH):
            ids.update(
                self._connection.execute(
                    select(link.c.record_id).where(link.c.record_id.in_(batch))
                ).scalars()
            )
            statement = select(link_key.c.record_id, link_key.c.service_key)
            for record_id, key in self._connection.execute(statement.where(link_key.c.record_id.in_(batch))):
                ids.add(record_id)
                keys.add(key)
        return ids, frozenset(keys)


def judged_records(connection: Connection, source_id: str | None = None) -> set[tuple[str, str]]:
    """Return (source id, native id) of the records that judgements about links name, of one source or all."""
    statement = select(judgement.c.subject, judgement.c.object).where(
        judgement.c.kind == JudgementKind.LINK.value
    )
    prefix = RECORD_NODE if source_id is None else record_node(source_id, "")
    statement = statement.where(
        or_(
            judgement.c.subject.startswith(prefix, autoescape=True),
            judgement.c.object.startswith(prefix, autoescape=True),
        )
    )
    nodes = {node for row in connection.execute(statement) for node in row if node.startswith(prefix)}
    return {parts for node in nodes if (parts := node_parts(node)) is not None}


def forget_links(connection: Connection, record_ids: Sequence[int]) -> None:
    """Remove all that is kept beside records that are removed for good."""
    for table in (link, link_key, identity_token, link_due):
        connection.execute(delete(table).where(table.c.record_id.in_(record_ids)))


def keep_moves(
    connection: Connection,
    source_id: str,
    run_id: int,
    at: object,
    moves: Iterable[tuple[str, str]],
) -> None:
    """Keep (old id, new id) of records that probably only got another id; the latest counts."""
    rows = [(source_id, new_id, old_id, run_id, at) for old_id, new_id in sorted(moves)]
    for batch in batches([row[1] for row in rows], _BATCH):
        connection.execute(delete(move).where(move.c.source_id == source_id, move.c.new_id.in_(batch)))
    insert_rows(connection, move, ("source_id", "new_id", "old_id", "run_id", "seen_at"), rows)
