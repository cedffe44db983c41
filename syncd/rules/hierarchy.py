"""A ``000`` parent key speaks for the keys below it, coarsely: that something is described, never how far.

Source: the schema of the DLDB export states that segment ``000`` stands for everything below it; the key
structure is that of FIM-Baustein Leistungen. Must not know records.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from syncd.model.service import ServiceStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncd.model.service import Service


def speaking_parents(services: Mapping[str, Service], keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return, for those of the keys that are in use in the register, the parents that speak for them."""
    return {
        key: tuple(parent.value for parent in service.key.parents)
        for key in keys
        if (service := services.get(key)) is not None and service.status is ServiceStatus.ACTIVE
        # Local services have no parents.
        if service.key.parents
    }


def with_children(services: Mapping[str, Service], keys: Iterable[str]) -> tuple[str, ...]:
    """Return the keys and all keys in use below them, sorted: what changes when records of the keys do."""
    wanted = set(keys)
    if not any(key.endswith("000") for key in wanted):
        return tuple(sorted(wanted))
    below: defaultdict[str, list[str]] = defaultdict(list)
    for key, parents in speaking_parents(services, services).items():
        for parent in parents:
            below[parent].append(key)
    return tuple(sorted(wanted.union(*(below.get(key, ()) for key in wanted))))
