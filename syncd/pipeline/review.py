"""The review queue and judgements about links: what waits for a person, what was said, and taking it back.

What a judgement leads to is computed when links are made (:mod:`syncd.pipeline.linking`); here it is only
checked and kept. The log as people read it is :mod:`syncd.pipeline.trail`.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from syncd.errors import ConfigError, NotFound
from syncd.model.judgement import (
    LINK_LOG,
    RECORD_NODE,
    SERVICE_NODE,
    Judgement,
    JudgementKind,
    LinkAnswer,
    node_parts,
    pair,
    record_node,
)
from syncd.model.linkage import Candidate, Linkage, LinkState
from syncd.model.service import ServiceKey
from syncd.pipeline.codec import decode_claims
from syncd.pipeline.service_feed import with_fed_services
from syncd.pipeline.trail import Standing, TrailEntry, trail
from syncd.rules.judgement_conflicts import contradicted
from syncd.rules.judgements import active
from syncd.rules.rekeying import successors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from syncd.model.record import Claim
    from syncd.model.service import Service
    from syncd.pipeline.link_ports import RecordFace, StoredLink, StoredMove
    from syncd.pipeline.ports import Store
    from syncd.pipeline.registry import Registry

BAD_JUDGEMENT = "bad_judgement"
CONTRADICTION = "judgement_contradicts"
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Moved:
    """The record a new one probably continues; ``until`` None: it is still there.

    ``judgements`` is how many that hold name the old id: they hold for the new one, too, once both are
    judged the same.
    """

    node: str
    native_id: str
    title: str
    first_seen_at: datetime
    until: datetime | None
    run_id: int
    judgements: int


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One question to a person: which service is this record about, or does it continue another one?

    ``node`` names the record; ``link`` is what was found (state, score, reasons), ``candidates`` the services
    to choose from, best first. With ``moved`` the question is whether both records are the same, and there
    are no candidates. ``since`` is when the question arose. Area codes are sorted, links without repetition.
    """

    node: str
    source_id: str
    native_id: str
    title: str
    areas: tuple[str, ...]
    authority: str
    description: str
    page_url: str
    urls: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    link: Linkage
    since: datetime
    moved: Moved | None = None


@dataclass(frozen=True, slots=True)
class ReviewCounts:
    """Live records of one source: without a key, linked by the method named, waiting, proposed as moves."""

    source_id: str
    keyless: int
    linked: Mapping[str, int]
    review: int
    moves: int


def queue(
    store: Store, *, source_id: str | None = None, after: str = "", limit: int
) -> tuple[ReviewItem, ...]:
    """Return at most ``limit`` questions, by node, those behind the node ``after``."""
    behind = node_parts(after) if after else None
    links = store.links(LinkState.REVIEW, source_id=source_id, after=behind, limit=limit)
    proposals = [
        m for m in store.moves(source_id=source_id) if _place(m.source_id, m.new_id) > (behind or ("",))
    ]
    log = tuple(judgement for _, judgement in store.judgements(kinds=LINK_LOG)) if proposals else ()
    items = heapq.merge(
        (_item(link) for link in links),
        _moves(store, proposals, active(log)),
        key=lambda item: _place(item.source_id, item.native_id),
    )
    return tuple(islice(items, limit))


def item(store: Store, node: str) -> ReviewItem | None:
    """Return what is found of one live record, whatever its state; None where it is what it states."""
    parts = node_parts(node)
    link = store.link_of(*parts) if parts else None
    return _item(link) if link else None


def counts(store: Store) -> tuple[ReviewCounts, ...]:
    """Return the figures of each source that has anything to link or to ask, by source id."""
    keyless, links = store.keyless_records(), store.link_counts()
    log = tuple(judgement for _, judgement in store.judgements(kinds=LINK_LOG))
    judged = {j.question[1:] for j in active(log) if j.kind is JudgementKind.LINK}
    moves: dict[str, int] = {}
    for move in store.moves():
        if _pair_of(move) not in judged:
            moves[move.source_id] = moves.get(move.source_id, 0) + 1
    sources = sorted({*keyless, *moves, *(source for source, _, _ in links)})
    return tuple(
        ReviewCounts(
            source_id=source,
            keyless=keyless.get(source, 0),
            linked={m: n for (s, state, m), n in links.items() if s == source and state == LinkState.LINKED},
            review=sum(n for (s, state, _), n in links.items() if s == source and state == LinkState.REVIEW),
            moves=moves.get(source, 0),
        )
        for source in sources
    )


def judge(
    store: Store,
    registry: Registry,
    *,
    one: str,
    other: str,
    answer: LinkAnswer | str,
    reason: str,
    by: str,
    now: datetime,
) -> Judgement:
    """Keep a judgement on two nodes and mark what it touches for a rebuild; a later one supersedes it.

    Raises ConfigError ``bad_judgement`` for what makes no sense, ``judgement_contradicts`` (with the uids)
    for what cannot hold beside judgements in force, and NotFound for a node that is nowhere known.
    """
    if answer not in set(LinkAnswer):
        raise _bad(f"{answer!r} is no answer", "Answer same, different or unsure.")
    _signed(reason, by)
    subject, other_node = pair(one, other)
    if subject == other_node:
        raise _bad("both sides are the same", "Name two records, or a record and a service.")
    services = with_fed_services(registry, store).services
    faces = [_known(store, services, node) for node in (subject, other_node)]
    if not any(faces):
        raise _bad("two services are never judged", "Name a record on one side.")
    key = other_node[len(SERVICE_NODE) :] if other_node.startswith(SERVICE_NODE) else ""
    judgement = Judgement(
        JudgementKind.LINK,
        subject,
        LinkAnswer(answer).value,
        reason.strip(),
        by.strip(),
        now,
        object=other_node,
        # What the record was called: an id that is given to another service must not keep the judgement.
        value=_title(faces[0]) if key and faces[0] and answer == LinkAnswer.SAME else "",
        service_key=key,
    )
    log = [kept for _, kept in store.judgements(kinds=LINK_LOG)]
    # The clock may stand still; what is said later must come later.
    said = [kept.decided_at + _TICK for kept in log if kept.question == judgement.question]
    judgement = replace(judgement, decided_at=max((now, *said)))
    _refuse_contradiction(judgement, log, services)
    touched = {key} if key else set()
    for face in faces:
        touched.update(_keys(face.source_id, face.payload) if face else ())
    store.judge([judgement], dirty=sorted(touched))
    return judgement


def undo(store: Store, uid: str, *, reason: str, by: str, now: datetime) -> Judgement:
    """Take a judgement of any kind back; after the next rebuild it is as if it had never been made.

    Raises NotFound for an unknown one and ConfigError ``bad_judgement`` for one that is undone already.
    """
    _signed(reason, by)
    taken = store.judgement(uid)
    refuse_second_undoing(store, uid, now.date())
    at = max(now, taken.decided_at + _TICK)
    judgement = Judgement(
        JudgementKind.UNDO, uid, "undo", reason.strip(), by.strip(), at, service_key=taken.service_key
    )
    store.judge([judgement], dirty=_touched(store, taken))
    return judgement


def refuse_second_undoing(store: Store, uid: str, today: date) -> None:
    """Raise ConfigError ``bad_judgement`` when a judgement is undone already."""
    for entry in trail(store, today):
        if entry.judgement.uid == uid and entry.standing is Standing.UNDONE:
            raise _bad(
                f"{uid} was undone before, by {entry.ended_by}", f"To have it again, undo {entry.ended_by}."
            )


def history(
    store: Store, today: date, *, node: str = "", after: int = 0, limit: int | None = None
) -> tuple[TrailEntry, ...]:
    """Return what was ever judged about links, oldest first, undoings included; ``node`` names one side."""
    everything = trail(store, today, kinds=LINK_LOG)
    links = {
        entry.judgement.uid
        for entry in everything
        if entry.judgement.kind is JudgementKind.LINK and (not node or node in _nodes(entry.judgement))
    }
    found = (e for e in everything if e.position > after and {e.judgement.uid, e.judgement.subject} & links)
    return tuple(islice(found, limit))


# --- what waits ---------------------------------------------------------------------------------------------


def _item(link: StoredLink) -> ReviewItem:
    return _described(link.source_id, link.native_id, link.payload, link.linkage, link.since)


def _described(
    source_id: str, native_id: str, payload: bytes, linkage: Linkage, since: datetime
) -> ReviewItem:
    claims = decode_claims(source_id, payload)
    first = claims[0]
    urls = [url for c in claims for channel in c.channels if (url := channel.url)]
    return ReviewItem(
        node=record_node(source_id, native_id),
        source_id=source_id,
        native_id=native_id,
        title=first.title,
        areas=tuple(sorted({claim.area.code for claim in claims})),
        authority=next((c.authority for c in claims if c.authority), ""),
        description=first.description or "",
        page_url=first.page_url or "",
        urls=tuple(dict.fromkeys(url for url in (first.page_url, *urls) if url)),
        candidates=linkage.candidates,
        link=linkage,
        since=since,
    )


def _moves(
    store: Store, proposals: Iterable[StoredMove], holding: Sequence[Judgement]
) -> Iterator[ReviewItem]:
    judged = {j.question[1:] for j in holding if j.kind is JudgementKind.LINK}
    for move in proposals:
        if _pair_of(move) in judged:
            continue
        new = store.record_face(move.source_id, move.new_id)
        old = store.record_face(move.source_id, move.old_id)
        if new is None or old is None:
            continue
        node = record_node(move.source_id, move.old_id)
        linkage = Linkage(LinkState.REVIEW)
        yield replace(
            _described(move.source_id, move.new_id, new.payload, linkage, move.seen_at),
            moved=Moved(
                node=node,
                native_id=move.old_id,
                title=_title(old),
                first_seen_at=old.first_seen_at,
                until=old.withdrawn_at,
                run_id=move.run_id,
                judgements=sum(node in _nodes(judgement) for judgement in holding),
            ),
        )


def _pair_of(move: StoredMove) -> tuple[str, str]:
    return pair(record_node(move.source_id, move.old_id), record_node(move.source_id, move.new_id))


def _place(source_id: str, native_id: str) -> tuple[str, str]:
    return source_id, native_id


def _title(face: RecordFace) -> str:
    claims = decode_claims(face.source_id, face.payload)
    return claims[0].title if claims else ""


# --- what is refused ----------------------------------------------------------------------------------------


def _known(store: Store, services: Mapping[str, Service], node: str) -> RecordFace | None:
    """Return the record of a node, None for a service; raises for a node that is nowhere known."""
    if node.startswith(SERVICE_NODE):
        key = node[len(SERVICE_NODE) :]
        if key not in services and not _is_stated(store, key):
            raise NotFound(
                f"no service {key!r} is in the register, and no record states it",
                code="unknown_service",
                fix="Search the register: syncd services TEXT.",
            )
        return None
    parts = node_parts(node)
    if parts is None:
        raise _bad(
            f"{node!r} is neither a record nor a service",
            f"Write {RECORD_NODE}SOURCE/ID or {SERVICE_NODE}KEY.",
        )
    face = store.record_face(*parts)
    if face is None:
        raise NotFound(
            f"source {parts[0]!r} never listed a record {parts[1]!r}",
            code="unknown_record",
            fix="Take the id from the review queue: syncd review --json.",
        )
    return face


def _is_stated(store: Store, key: str) -> bool:
    try:
        if ServiceKey(key).is_local:
            return False
    except ValueError:
        return False
    return any(records for _, records in store.partition_records((key,)))


def _refuse_contradiction(
    judgement: Judgement, log: Sequence[Judgement], services: Mapping[str, Service]
) -> None:
    against = contradicted(judgement, log, successors(services))
    if against:
        raise ConfigError(
            f"this contradicts what holds: {', '.join(against)}",
            where=f"{judgement.subject} and {judgement.object}",
            code=CONTRADICTION,
            fix=f"Look at it with 'syncd judge show {against[0]}'; if it is wrong, undo it first.",
        )


def _nodes(judgement: Judgement) -> tuple[str, ...]:
    return (judgement.subject, judgement.object) if judgement.kind is JudgementKind.LINK else ()


def _touched(store: Store, taken: Judgement) -> list[str]:
    """Return the partitions that a judgement touches."""
    keys = {taken.service_key} - {""}
    for node in _nodes(taken):
        parts = node_parts(node)
        face = store.record_face(*parts) if parts else None
        keys.update(_keys(face.source_id, face.payload) if face else ())
    return sorted(keys)


def _keys(source_id: str, payload: bytes) -> set[str]:
    claims: Sequence[Claim] = decode_claims(source_id, payload)
    return {claim.service_key.value for claim in claims}


def _signed(reason: str, by: str) -> None:
    if not reason.strip() or not by.strip():
        raise _bad("a judgement needs a reason and who decided", "Say why, in a sentence.")


def _bad(message: str, fix: str) -> ConfigError:
    return ConfigError(message, code=BAD_JUDGEMENT, fix=fix)
