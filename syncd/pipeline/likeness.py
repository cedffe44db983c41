"""Compares single records of a snapshot with those stored: numbers used again, and records that moved.

Reads payloads; the rules themselves are in :mod:`syncd.rules.identity`. Must not know runs or limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from syncd.model.issue import Issue, Severity
from syncd.pipeline.codec import decode_claims
from syncd.rules.identity import is_moved, is_reused
from syncd.rules.withdraw import FLAPPING_FROM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from syncd.pipeline.ports import SnapshotDelta, StagedSnapshot, Store


def above_expected(received: int, most: int | None) -> tuple[Issue, ...]:
    """Report a listing that is longer than whoever set the source up expected."""
    if most is None or received <= most:
        return ()
    return (
        Issue(
            "above_expected_maximum",
            f"The listing has {received} records; at most {most} are expected.",
            severity=Severity.WARNING,
            fix="Compare with the portal; if it has grown, raise about.expected_maximum.",
        ),
    )


OUTSIDE_RECORDS = 5
OUTSIDE_PERCENT = 10


class Face(NamedTuple):
    """What a record is recognised by."""

    keys: frozenset[str]
    areas: frozenset[str]
    title: str


class Reused(NamedTuple):
    """An id that stood for one service and now stands for another."""

    native_id: str
    old_title: str
    new_title: str


def reused_ids(store: Store, staged: StagedSnapshot, delta: SnapshotDelta) -> tuple[Reused, ...]:
    """Return the records of the snapshot whose id was known for another service."""
    if not delta.rekeyed:
        return ()
    old = _stored(store, staged.source_id, delta.rekeyed)
    return tuple(
        Reused(native_id, old[native_id].title, new.title)
        for native_id, new in sorted(_staged(staged, frozenset(delta.rekeyed)))
        if native_id in old and is_reused(old[native_id].keys, new.keys, old[native_id].title, new.title)
    )


def moves(store: Store, staged: StagedSnapshot, delta: SnapshotDelta) -> tuple[tuple[str, str], ...]:
    """Return (old id, new id) of records that probably only got another id; each id occurs once."""
    if not delta.added_ids or not delta.absent_ids:
        return ()
    gone: dict[tuple[frozenset[str], frozenset[str]], list[tuple[str, Face]]] = {}
    for native_id, face in sorted(_stored(store, staged.source_id, delta.absent_ids).items()):
        gone.setdefault(face[:2], []).append((native_id, face))
    found = []
    for new_id, new in sorted(_staged(staged, frozenset(delta.added_ids))):
        candidates = gone.get(new[:2], [])
        match = next((one for one in candidates if is_moved(one[1], new)), None)
        if match is not None:
            candidates.remove(match)
            found.append((match[0], new_id))
    return tuple(found)


def finds(delta: SnapshotDelta, reused: Iterable[Reused], ahead: datetime | None) -> Iterator[Issue]:
    """Yield what an operator should know; ``ahead`` is a stamp of the portal that lies too far ahead."""
    for native_id in delta.flapping:
        yield Issue(
            "flapping",
            f"This record has left the listing {FLAPPING_FROM} times or more within a week and come back.",
            where=native_id,
            fix="Ask the portal's operator; the record stays published meanwhile.",
        )
    for one in reused:
        yield Issue(
            "id_reused",
            f"This id stood for '{one.old_title[:80]}' and now stands for another service; "
            "the stored record stays.",
            where=one.native_id,
            value=one.new_title[:120],
            severity=Severity.ERROR,
            fix="Ask the portal's operator. If it is right: syncd sync SOURCE --accept-loss 'reason'.",
        )
    if ahead is not None:
        yield Issue(
            "stamp_in_future",
            "The portal dates its content more than a day ahead; the content counts, the date does not.",
            value=ahead.isoformat(timespec="minutes"),
            fix="Tell the portal's operator.",
        )


def claims_outside(staged: StagedSnapshot) -> Iterator[Issue]:
    """Yield the alarm when many of the records read in this run speak for areas that are not the source's.

    The claims themselves are never data; this tells a person that a portal may be in wrong hands (S23).
    """
    outside, read = staged.issue_counts.get("out_of_scope_area", 0), staged.received - staged.seen_hashes
    if outside > OUTSIDE_RECORDS and 100 * outside > OUTSIDE_PERCENT * read:
        yield Issue(
            "claim_out_of_scope",
            f"{outside} statements among {read} records are about areas this source may not speak for.",
            severity=Severity.ERROR,
            fix="Look at the portal before anything else; if the source is entitled, widen 'scope.areas'.",
        )


def _stored(store: Store, source_id: str, native_ids: tuple[str, ...]) -> dict[str, Face]:
    return {one.native_id: _face(one.payload) for one in store.records_of(source_id, native_ids)}


def _staged(staged: StagedSnapshot, native_ids: frozenset[str]) -> Iterator[tuple[str, Face]]:
    for record in staged.records():
        if record.native_id in native_ids:
            yield record.native_id, _face(record.payload)


def _face(payload: bytes) -> Face:
    claims = decode_claims("", payload)
    return Face(
        # A local key is made from the id, which is what may have changed.
        frozenset(claim.service_key.value for claim in claims if not claim.service_key.is_local),
        frozenset(claim.area.code for claim in claims),
        claims[0].title if claims else "",
    )
