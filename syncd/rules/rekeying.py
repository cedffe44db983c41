"""Retired service keys and the keys in their place: what was decided about the old holds for the new.

Only a single successor takes over by itself; of several nobody knows which one was meant. Must not know what
is decided, nor where the register comes from.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from syncd.model.service import ServiceStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.service import Service


def successors(services: Mapping[str, Service]) -> dict[str, tuple[str, ...]]:
    """Return the keys named in place of each retired key of a register."""
    return {
        key: named
        for key, service in services.items()
        if service.status is ServiceStatus.RETIRED
        and (named := tuple(part.strip() for part in (service.replaced_by or "").split(",") if part.strip()))
    }


def followers(key: str, followed_by: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the chain of single successors; a ring ends where it would repeat."""
    chain = [key]
    while len(following := followed_by.get(chain[-1], ())) == 1 and following[0] not in chain:
        chain.append(following[0])
    return tuple(chain[1:])


def predecessors(followed_by: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return, for every key that took over, all keys it stands for, sorted."""
    before: defaultdict[str, list[str]] = defaultdict(list)
    for old in sorted(followed_by):
        for key in followers(old, followed_by):
            before[key].append(old)
    return {key: tuple(old) for key, old in before.items()}
