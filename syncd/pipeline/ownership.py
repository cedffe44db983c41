"""Use case: which links lead out of the scope of their source. Each is a finding, not data.

Linking never makes such a link, and merging leaves it out (:mod:`syncd.rules.ownership`). What an operator
judged is told here, and so is a link made before a scope was narrowed: the scope is widened, or the judgement
undone. Must not know how links are made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.issue import Issue
from syncd.model.judgement import LINK_LOG, SERVICE_NODE, JudgementKind, LinkAnswer, node_parts, pair
from syncd.model.linkage import LinkMethod, LinkState
from syncd.model.service import ServiceKey
from syncd.rules.judgements import active

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from syncd.pipeline.ports import Store
    from syncd.pipeline.registry import Registry

CODE = "out_of_scope_service"
_BATCH = 200

Found = tuple[str, str, str, str]


def links_out_of_scope(
    store: Store, registry: Registry, *, source_id: str | None = None
) -> tuple[Issue, ...]:
    """Return a finding per record and service outside its source's scope, by source, record and key.

    ``where`` is ``SOURCE/RECORD``, ``value`` the service key. Raises NotFound ``unknown_source``.
    """
    plans = registry.sources.values() if source_id is None else [registry.plan(source_id)]
    scopes = {plan.source_id: plan.scope for plan in plans if plan.scope.services is not None}
    if not scopes:
        return ()
    found = {
        (source, native, key): method
        for source, native, key, method in (*_linked(store, scopes), *_judged(store))
        if source in scopes and not scopes[source].allows_service(ServiceKey(key))
    }
    return tuple(
        Issue(
            CODE,
            f"The record is linked ({method}) to a service the source may not speak for; it does not count "
            "there.",
            where=f"{source}/{native}",
            value=key,
            fix="Widen 'scope.services' of the source if it is entitled, or undo the judgement.",
        )
        for (source, native, key), method in sorted(found.items())
    )


def _judged(store: Store) -> Iterator[Found]:
    log = (judgement for _, judgement in store.judgements(kinds=LINK_LOG))
    for one in active(log):
        if one.kind is not JudgementKind.LINK or one.answer != LinkAnswer.SAME:
            continue
        record, service = pair(one.subject, one.object)
        parts = node_parts(record)
        if parts is not None and service.startswith(SERVICE_NODE):
            yield (*parts, service[len(SERVICE_NODE) :], LinkMethod.JUDGEMENT.value)


def _linked(store: Store, sources: Iterable[str]) -> Iterator[Found]:
    for source_id in sorted(sources):
        after: tuple[str, str] | None = None
        while batch := store.links(LinkState.LINKED, source_id=source_id, after=after, limit=_BATCH):
            for one in batch:
                method = one.linkage.method.value if one.linkage.method else ""
                for key in one.linkage.service_keys:
                    yield one.source_id, one.native_id, key, method
            after = (batch[-1].source_id, batch[-1].native_id)
