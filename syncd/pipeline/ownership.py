"""Use case: which links lead out of the scope of their source. Each is a finding, not data.

Merging leaves such a record out of that service (:mod:`syncd.rules.ownership`); here somebody is told, so
that the scope is widened or the link judged wrong. Must not know how links are made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.issue import Issue, Severity
from syncd.model.linkage import LinkState
from syncd.model.service import ServiceKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.pipeline.ports import Store
    from syncd.pipeline.registry import Registry, SourcePlan

CODE = "out_of_scope_service"
_BATCH = 200


def links_out_of_scope(store: Store, registry: Registry, *, source_id: str | None = None) -> Iterator[Issue]:
    """Yield a finding per record and service it is linked to outside its source's scope, by source and id.

    ``where`` is ``SOURCE/RECORD``, ``value`` the service key. Reads the links of sources with limited
    services only. Raises NotFound ``unknown_source``.
    """
    plans = registry.sources.values() if source_id is None else [registry.plan(source_id)]
    for plan in sorted(plans, key=lambda plan: plan.source_id):
        if plan.scope.services is not None:
            yield from _of_source(store, plan)


def _of_source(store: Store, plan: SourcePlan) -> Iterator[Issue]:
    after: tuple[str, str] | None = None
    while batch := store.links(LinkState.LINKED, source_id=plan.source_id, after=after, limit=_BATCH):
        for one in batch:
            outside = [k for k in one.linkage.service_keys if not plan.scope.allows_service(ServiceKey(k))]
            for key in outside:
                yield Issue(
                    CODE,
                    f"The record is linked ({one.linkage.method or 'by hand'}) to a service the source may "
                    "not speak for; it does not count there.",
                    where=f"{one.source_id}/{one.native_id}",
                    value=key,
                    severity=Severity.WARNING,
                    fix="Widen 'scope.services' of the source if it is entitled, or judge the link wrong.",
                )
        after = (batch[-1].source_id, batch[-1].native_id)
