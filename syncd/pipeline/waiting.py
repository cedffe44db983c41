"""What waits in the review queue as people are asked: without what was judged since, and in words.

A judgement takes effect when links are made anew; until then its question is still found, and nobody should
be asked twice. Must not know how links are found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from syncd.model.judgement import LINK_LOG, JudgementKind, LinkAnswer, pair, service_node
from syncd.pipeline.review import counts, queue
from syncd.pipeline.service_feed import with_fed_services
from syncd.rules.judgements import active
from syncd.rules.link_words import reason_in_words

if TYPE_CHECKING:
    from syncd.model.service import Service
    from syncd.pipeline.ports import Store
    from syncd.pipeline.registry import Registry
    from syncd.pipeline.review import ReviewItem

LONGEST_TEXT = 2_000
"""Characters of a description that are shown; a page of the queue must not weigh as much as the records."""
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """A part of the queue. ``after`` is where to go on, empty at the end."""

    items: tuple[ReviewItem, ...]
    after: str


def waiting(store: Store, *, source_id: str | None = None, after: str = "", limit: int) -> Waiting:
    """Return at most ``limit`` questions behind the node ``after`` that nobody has answered yet."""
    log = (judgement for _, judgement in store.judgements(kinds=LINK_LOG))
    judged = {j.question[1:]: LinkAnswer(j.answer) for j in active(log) if j.kind is JudgementKind.LINK}
    found: list[ReviewItem] = []
    while True:
        batch = queue(store, source_id=source_id, after=after, limit=_BATCH)
        for item in batch:
            if len(found) == limit:
                return Waiting(tuple(found), after)
            after = item.node
            if (left := _left(item, judged)) is not None:
                found.append(left)
        if len(batch) < _BATCH:
            return Waiting(tuple(found), "")


def _left(item: ReviewItem, judged: Mapping[tuple[str, str], LinkAnswer]) -> ReviewItem | None:
    """Return what is still to be asked about a record."""
    if item.moved is not None:
        return None if pair(item.node, item.moved.node) in judged else item
    answers = {
        c.service_key: judged.get(pair(item.node, service_node(c.service_key))) for c in item.candidates
    }
    if LinkAnswer.SAME in answers.values():
        return None
    candidates = tuple(c for c in item.candidates if answers[c.service_key] is None)
    return replace(item, candidates=candidates) if candidates or not item.candidates else None


def total(store: Store, source_id: str | None = None) -> int:
    """Return how many questions links made last left open."""
    return sum(one.review + one.moves for one in counts(store) if source_id in {None, one.source_id})


def services_of(store: Store, registry: Registry) -> Mapping[str, Service]:
    """Return the services of the register, those fed by sources included."""
    return with_fed_services(registry, store).services


def shown(item: ReviewItem, services: Mapping[str, Service], language: str) -> dict[str, Any]:
    """Return a question with names and reasons in words; plain values, instants as they are."""
    moved = item.moved
    return {
        "node": item.node,
        "source_id": item.source_id,
        "native_id": item.native_id,
        "title": item.title,
        "areas": list(item.areas),
        "authority": item.authority,
        "description": item.description[:LONGEST_TEXT],
        "page_url": item.page_url,
        "urls": list(item.urls),
        "since": item.since,
        "candidates": [
            {
                "service_key": c.service_key,
                "node": service_node(c.service_key),
                "name": services[c.service_key].name if c.service_key in services else c.service_key,
                "score": c.score,
                "reasons": [
                    {
                        "feature": r.feature,
                        "points": r.points,
                        "matched": r.matched,
                        "text": reason_in_words(r, language),
                    }
                    for r in c.reasons
                ],
            }
            for c in item.candidates
        ],
        "moved": None
        if moved is None
        else {
            "node": moved.node,
            "native_id": moved.native_id,
            "title": moved.title,
            "first_seen_at": moved.first_seen_at,
            "until": moved.until,
            "run_id": moved.run_id,
            "judgements": moved.judgements,
        },
    }
