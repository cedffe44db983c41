"""Is this snapshot what it claims to be: of the same feed, of a later state, about the same services?

Small measures, pure: a cache that answers with last week's file, a network that swaps two tenants, and
a portal that gives an old number to a new service all send well-formed data (fault study S5 to S10).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

FUTURE_TOLERANCE = timedelta(hours=24)
"""A stamp further ahead than this is no high-water mark: later, correct ones would be locked out."""
_SAME_FEED_PERCENT = 10
_SAME_FEED_FROM = 20
_TOKEN = re.compile(r"[^\W_]+")
_STEM = 6
"""German words are told apart by their beginnings: 'Anmeldung' and 'anmelden' speak of the same."""
SIMILAR_FROM = 0.34


def is_older(stated_at: datetime | None, last_stated_at: datetime | None) -> bool:
    """Tell whether a source dates its content before what was last accepted from it."""
    return stated_at is not None and last_stated_at is not None and stated_at < last_stated_at


def is_in_future(stated_at: datetime | None, now: datetime) -> bool:
    """Tell whether a stamp lies further ahead than clocks may differ."""
    return stated_at is not None and stated_at - now > FUTURE_TOLERANCE


def is_another_feed(kept: int, *, stored: int, received: int) -> bool:
    """Tell whether two listings share so few ids that they are hardly of one portal.

    Measured against the shorter listing, so that a listing cut short is not mistaken for another one.
    """
    shorter = min(stored, received)
    return stored >= _SAME_FEED_FROM and shorter > 0 and 100 * kept < _SAME_FEED_PERCENT * shorter


def similarity(one: str, other: str) -> float:
    """Return how alike two titles are, from 0 to 1: shared word beginnings over all (Jaccard)."""
    first, second = _stems(one), _stems(other)
    if not first or not second:
        return 1.0 if first == second else 0.0
    return len(first & second) / len(first | second)


def is_reused(old_keys: frozenset[str], new_keys: frozenset[str], old_title: str, new_title: str) -> bool:
    """Tell whether an id that was known now stands for another service.

    Both sides must name services, have none in common, and have titles that differ: a portal that corrects a
    wrong key keeps the title, and one that rewords a title keeps the key.
    """
    return (
        bool(old_keys)
        and bool(new_keys)
        and old_keys.isdisjoint(new_keys)
        and similarity(old_title, new_title) < SIMILAR_FROM
    )


def is_moved(
    old: tuple[frozenset[str], frozenset[str], str], new: tuple[frozenset[str], frozenset[str], str]
) -> bool:
    """Tell whether a new record continues a missing one; both are (keys, areas, title).

    Without keys on both sides the titles must have the same words: there is nothing else to go by.
    """
    if old[:2] != new[:2]:
        return False
    return similarity(old[2], new[2]) >= (SIMILAR_FROM if old[0] else 1.0)


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in _TOKEN.findall(text.casefold()))
