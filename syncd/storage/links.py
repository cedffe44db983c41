"""Links of records to services: read by linking in parts, written in small transactions, read by reviewers.

A link is derived from a record, so it goes with its record and is never repaired: it is computed again. This
module must not know how a link is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, or_, select, tuple_

from syncd.model.linkage import Linkage, LinkState
from syncd.model.service import LOCAL_PREFIX
from syncd.pipeline.link_codec import decode_linkage, encode_linkage
from syncd.pipeline.link_ports import (
    LinkBasis,
    LinkInput,
    LinkResult,
    Peer,
    RecordFace,
    StoredLink,
    StoredMove,
)
from syncd.storage.bulk import batches, driver_instant, insert_rows
from syncd.storage.columns import json_text
from syncd.storage.link_marks import judged_records
from syncd.storage.link_tables import identity_token, link, link_basis, link_due, link_key, move
from syncd.storage.soundness import require_whole
from syncd.storage.tables import dirty, record, record_key

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from syncd.storage.database import Database

_BATCH = 500
_PAYLOADS = 100
"""Records read at a time: one may hold some megabytes."""
_NO_RUN = 0
_BEHIND_LOCAL = LOCAL_PREFIX[:-1] + chr(ord(LOCAL_PREFIX[-1]) + 1)
_IS_LOCAL = (record_key.c.service_key >= LOCAL_PREFIX) & (record_key.c.service_key < _BEHIND_LOCAL)


class LinkPart:
    """The part of the store that keeps links."""

    _database: Database

    def link_basis(self) -> LinkBasis:
        """Return what the stored links were computed from."""
        with self._database.read("reading the state of links") as connection:
            row = connection.execute(select(link_basis)).first()
        return LinkBasis(row.digest, row.judged_up_to) if row else LinkBasis()

    def links_due(self) -> tuple[int, tuple[int, ...]]:
        """Return the highest mark and the ids of the records to link anew, sorted."""
        with self._database.read("reading what is to be linked") as connection:
            mark = connection.execute(select(func.coalesce(func.max(link_due.c.mark), 0))).scalar_one()
            ids = connection.execute(select(link_due.c.record_id).distinct()).scalars() if mark else ()
            return mark, tuple(sorted(ids))

    def linkable_ids(self) -> tuple[int, ...]:
        """Return the ids of all records that may be more than what they state, sorted."""
        with self._database.read("reading what is to be linked") as connection:
            ids = set(connection.execute(select(record_key.c.record_id).where(_IS_LOCAL)).scalars())
            ids.update(connection.execute(select(link.c.record_id)).scalars())
            ids.update(connection.execute(select(link_key.c.record_id)).scalars())
            ids.update(_ids(connection, judged_records(connection)))
        return tuple(sorted(ids))

    def ids_of(self, records: Iterable[tuple[str, str]]) -> tuple[int, ...]:
        """Return the ids of records (source id, native id) and of all that share an id with one of them."""
        with self._database.read("reading what is to be linked") as connection:
            ids = set(_ids(connection, records))
            ids.update(_sharing(connection, ids))
        return tuple(sorted(ids))

    def link_inputs(self, record_ids: Sequence[int]) -> Iterator[LinkInput]:
        """Yield these records, sorted by id; raises StorageError at one that does not match its hash."""
        with self._database.read("reading records to link") as connection:
            for ids in batches(sorted(record_ids), _PAYLOADS):
                yield from _inputs(connection, ids)

    def keep_links(self, results: Sequence[LinkResult], *, now: datetime) -> int:
        """Store results and mark the partitions whose records changed, in one transaction."""
        with self._database.write("keeping links") as connection:
            stored = _kept(connection, [result.record_id for result in results])
            changed = [r for r in results if stored.get(r.record_id, LinkResult(r.record_id)) != r]
            if not changed:
                return 0
            _replace(connection, changed, now)
            marks: set[str] = set()
            for result in changed:
                before = stored.get(result.record_id)
                marks.update(key for key, *_ in set(before.keys if before else ()) ^ set(result.keys))
            insert_rows(connection, dirty, ("service_key", "run_id"), [(k, _NO_RUN) for k in sorted(marks)])
        return len(changed)

    def links_done(self, mark: int, basis: LinkBasis) -> None:
        """Forget marks up to ``mark`` and remember what the links are computed from."""
        with self._database.write("keeping the state of links") as connection:
            connection.execute(delete(link_due).where(link_due.c.mark <= mark))
            connection.execute(delete(link_basis))
            connection.execute(
                insert(link_basis).values(id=1, digest=basis.digest, judged_up_to=basis.judged_up_to)
            )

    def links_kept(self, record_ids: Sequence[int]) -> Mapping[int, LinkResult]:
        """Return what is stored of these records."""
        with self._database.read("reading links") as connection:
            return _kept(connection, record_ids)

    def links(
        self,
        state: LinkState,
        *,
        source_id: str | None = None,
        after: tuple[str, str] | None = None,
        limit: int | None = None,
    ) -> tuple[StoredLink, ...]:
        """Return the links of live records in a state, by source and native id, those behind ``after``."""
        statement = _LINKS.where(link.c.state == state.value).order_by(record.c.source_id, record.c.native_id)
        if source_id is not None:
            statement = statement.where(record.c.source_id == source_id)
        if after is not None:
            source, native = after
            behind = (record.c.source_id == source) & (record.c.native_id > native)
            statement = statement.where(or_(record.c.source_id > source, behind))
        if limit is not None:
            statement = statement.limit(limit)
        with self._database.read("reading links") as connection:
            return tuple(_stored(row) for row in connection.execute(statement))

    def link_of(self, source_id: str, native_id: str) -> StoredLink | None:
        """Return the link of a live record; None where it is what it states."""
        statement = _LINKS.where(record.c.source_id == source_id, record.c.native_id == native_id)
        with self._database.read("reading a link") as connection:
            row = connection.execute(statement).first()
        return _stored(row) if row else None

    def link_counts(self) -> Mapping[tuple[str, str, str], int]:
        """Return the number of live records per (source id, state, method)."""
        names = (record.c.source_id, link.c.state, link.c.method)
        statement = (
            select(*names, func.count())
            .join(record, record.c.id == link.c.record_id)
            .where(record.c.withdrawn_at.is_(None))
            .group_by(*names)
        )
        with self._database.read("counting links") as connection:
            return {(row[0], row[1], row[2]): int(row[3]) for row in connection.execute(statement)}

    def moves(self, *, source_id: str | None = None) -> tuple[StoredMove, ...]:
        """Return the proposed moves of live records, by source and new id."""
        same = (record.c.source_id == move.c.source_id) & (record.c.native_id == move.c.new_id)
        statement = (
            select(move)
            .join(record, same)
            .where(record.c.withdrawn_at.is_(None))
            .order_by(move.c.source_id, move.c.new_id)
        )
        if source_id is not None:
            statement = statement.where(move.c.source_id == source_id)
        with self._database.read("reading moves") as connection:
            return tuple(
                StoredMove(row.source_id, row.old_id, row.new_id, row.run_id, row.seen_at)
                for row in connection.execute(statement)
            )

    def record_face(self, source_id: str, native_id: str) -> RecordFace | None:
        """Return a record, withdrawn ones included, or None where there never was one."""
        statement = select(record).where(record.c.source_id == source_id, record.c.native_id == native_id)
        with self._database.read("reading a record") as connection:
            row = connection.execute(statement).first()
        if row is None:
            return None
        require_whole(source_id, native_id, row.content_hash, row.payload)
        return RecordFace(source_id, native_id, row.payload, row.first_seen_at, row.withdrawn_at)


_LINKS = (
    select(
        record.c.source_id,
        record.c.native_id,
        record.c.content_hash,
        record.c.payload,
        link.c.body,
        link.c.since_at,
    )
    .join(record, record.c.id == link.c.record_id)
    .where(record.c.withdrawn_at.is_(None))
)


def _stored(row: Any) -> StoredLink:  # noqa: ANN401 - a row of _LINKS
    require_whole(row.source_id, row.native_id, row.content_hash, row.payload)
    return StoredLink(row.source_id, row.native_id, row.payload, decode_linkage(row.body), row.since_at)


def _ids(connection: Connection, records: Iterable[tuple[str, str]]) -> Iterator[int]:
    name = tuple_(record.c.source_id, record.c.native_id)
    for batch in batches(sorted(set(records)), _BATCH):
        yield from connection.execute(select(record.c.id).where(name.in_(batch))).scalars()


def _sharing(connection: Connection, ids: Iterable[int]) -> Iterator[int]:
    """Yield the records that share a token with one of these."""
    own, other = identity_token.alias("own"), identity_token.alias("other")
    statement = select(other.c.record_id).join(own, own.c.token == other.c.token)
    for batch in batches(sorted(ids), _BATCH):
        yield from connection.execute(statement.where(own.c.record_id.in_(batch))).scalars()


def _inputs(connection: Connection, ids: list[int]) -> Iterator[LinkInput]:
    keys, tokens = _listed(connection, record_key, ids), _listed(connection, identity_token, ids)
    peers = _peers(connection, [i for i in ids if i in tokens and not _is_official(keys.get(i, ()))])
    statement = select(
        record.c.id,
        record.c.source_id,
        record.c.native_id,
        record.c.content_hash,
        record.c.withdrawn_at.is_(None).label("live"),
        record.c.payload,
    )
    found = set()
    for row in connection.execute(statement.where(record.c.id.in_(ids)).order_by(record.c.id)):
        require_whole(row.source_id, row.native_id, row.content_hash, row.payload)
        found.add(row.id)
        yield LinkInput(
            row.id,
            row.source_id,
            row.native_id,
            bool(row.live),
            row.payload,
            tuple(sorted(keys.get(row.id, ()))),
            tuple(sorted(tokens.get(row.id, ()))),
            tuple(sorted(peers.get(row.id, ()), key=lambda p: (p.token, p.source_id, p.native_id))),
        )
    for gone in sorted(set(ids) - found):
        yield LinkInput(gone, "", "", live=False, payload=b"", service_keys=())


def _is_official(keys: Iterable[str]) -> bool:
    return any(not key.startswith(LOCAL_PREFIX) for key in keys)


def _listed(connection: Connection, table: Any, ids: list[int]) -> dict[int, list[str]]:  # noqa: ANN401
    """Return what a table of (text, record id) holds of these records."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for text, record_id in connection.execute(select(table).where(table.c.record_id.in_(ids))):
        found[record_id].append(text)
    return found


def _peers(connection: Connection, ids: list[int]) -> dict[int, list[Peer]]:
    """Return the live records with an official key that share a token with one of these."""
    own, other = identity_token.alias("own"), identity_token.alias("other")
    statement = (
        select(own.c.record_id, own.c.token, record.c.source_id, record.c.native_id, record_key.c.service_key)
        .join(other, own.c.token == other.c.token)
        .join(record, record.c.id == other.c.record_id)
        .join(record_key, record_key.c.record_id == other.c.record_id)
        .where(
            own.c.record_id.in_(ids),
            other.c.record_id != own.c.record_id,
            record.c.withdrawn_at.is_(None),
            ~_IS_LOCAL,
        )
    )
    said: defaultdict[tuple[int, str, str, str], list[str]] = defaultdict(list)
    for record_id, token, source_id, native_id, key in connection.execute(statement) if ids else ():
        said[record_id, token, source_id, native_id].append(key)
    peers: defaultdict[int, list[Peer]] = defaultdict(list)
    for (record_id, token, source_id, native_id), keys in said.items():
        peers[record_id].append(Peer(token, source_id, native_id, tuple(sorted(keys))))
    return peers


def _kept(connection: Connection, record_ids: Sequence[int]) -> dict[int, LinkResult]:
    linkages: dict[int, Linkage] = {}
    keys: defaultdict[int, list[tuple[str, str, str]]] = defaultdict(list)
    for ids in batches(record_ids, _BATCH):
        rows = connection.execute(select(link.c.record_id, link.c.body).where(link.c.record_id.in_(ids)))
        linkages.update((record_id, decode_linkage(body)) for record_id, body in rows)
        for row in connection.execute(select(link_key).where(link_key.c.record_id.in_(ids))):
            keys[row.record_id].append((row.service_key, row.kind, row.method))
    return {
        record_id: LinkResult(record_id, linkages.get(record_id), tuple(sorted(keys.get(record_id, ()))))
        for record_id in linkages.keys() | keys.keys()
    }


def _replace(connection: Connection, changed: Sequence[LinkResult], now: datetime) -> None:
    for batch in batches([result.record_id for result in changed], _BATCH):
        connection.execute(delete(link).where(link.c.record_id.in_(batch)))
        connection.execute(delete(link_key).where(link_key.c.record_id.in_(batch)))
    at = driver_instant(connection.dialect, now)
    insert_rows(
        connection,
        link,
        ("record_id", "state", "method", "since_at", "body"),
        [
            (
                result.record_id,
                result.linkage.state.value,
                result.linkage.method.value if result.linkage.method else "",
                at,
                json_text(encode_linkage(result.linkage)),
            )
            for result in changed
            if result.linkage is not None
        ],
    )
    insert_rows(
        connection,
        link_key,
        ("service_key", "record_id", "kind", "method"),
        [(key, result.record_id, kind, method) for result in changed for key, kind, method in result.keys],
    )
