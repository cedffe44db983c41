"""The configuration with the service register as its feeding sources extend it, read when a rebuild begins.

Must not know what a catalogue says; that is decided in :mod:`syncd.rules.service_feed`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from syncd.model import facts
from syncd.model.record import RecordKind
from syncd.pipeline.codec import decode_claims
from syncd.rules.service_feed import extended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.model.record import Claim
    from syncd.pipeline.ports import Store
    from syncd.pipeline.registry import Registry


def with_fed_services(registry: Registry, store: Store) -> Registry:
    """Return the registry with the services of its feeding sources; the same one where there are none."""
    feeding = [plan.source_id for plan in registry.sources.values() if plan.feeds_register]
    if not feeding:
        return registry
    feeding.sort(key=lambda source_id: (registry.sources[source_id].precedence, source_id))
    names: set[tuple[str, str]] = set()
    services = extended(registry.services, _noting(_claims(feeding, store), names))
    return replace(registry, services=services, aliases=registry.aliases | names)


def _noting(claims: Iterator[Claim], names: set[tuple[str, str]]) -> Iterator[Claim]:
    """Pass claims on and note the other names they tell of official keys."""
    for claim in claims:
        if claim.kind is RecordKind.CATALOGUE and not claim.service_key.is_local:
            listed = dict(claim.facts).get(facts.SYNONYMS, "")
            names.update(
                (name.strip(), claim.service_key.value)
                for name in listed.split(facts.LIST_SEPARATOR)
                if name.strip()
            )
        yield claim


def _claims(feeding: list[str], store: Store) -> Iterator[Claim]:
    for source_id in feeding:
        for record in store.source_records(source_id):
            yield from decode_claims(record.source_id, record.payload)
