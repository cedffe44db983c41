"""A town, a Land and an editorial office with records to link, on the miniature, and what became of them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from datetime import timedelta

from syncd.model.area import AreaKey
from syncd.model.evidence import ChannelKind
from syncd.model.judgement import (
    LinkAnswer,
)
from syncd.model.record import Claim, Scope
from syncd.model.service import Service, ServiceKey
from syncd.pipeline import review
from syncd.pipeline.entry_codec import decode_entry
from syncd.pipeline.ports import Store
from syncd.pipeline.rebuild import Rebuilder
from syncd.pipeline.registry import Registry, SourcePlan
from syncd.storage.builder import InProcessBuilder
from tests.support.miniature import (
    GROSSSTADT,
    Miniature,
    channel,
    claim,
    make_registry,
)

DOG, PARK, PASS = "99102013104000", "99108003001000", "99091008012000"
DOG_PARENT = "99102013000000"
FORM = channel(ChannelKind.FORM, "hund/anmelden")
NAMES = {
    DOG: "Hundesteuer Anmeldung",
    "99102013070000": "Hundesteuer Abmeldung",
    PARK: "Bewohnerparkausweis Ausstellung",
    PASS: "Personalausweis Ausstellung",
    DOG_PARENT: "Hundesteuer",
}


def registry_of(*, sources: Sequence[str] = ("stadt", "land", "redaktion"), **more: object) -> Registry:
    """The miniature's areas and duties with real service names, and sources that speak for everything."""
    base = make_registry()
    duty = base.obligations[0].duties[0]
    owed = dataclasses.replace(duty, services=frozenset(NAMES) - {DOG_PARENT})
    return dataclasses.replace(
        base,
        services={key: Service(ServiceKey(key), name, "synthetic") for key, name in NAMES.items()},
        obligations=(dataclasses.replace(base.obligations[0], duties=(owed,)),),
        cohorts=(),
        sources={
            name: SourcePlan(
                source_id=name,
                title=name,
                connector_name="synthetic",
                connector=None,
                parser="synthetic",
                options={},
                scope=Scope((AreaKey("00"),)),
                interval=timedelta(hours=6),
                stale_after=timedelta(days=3000),
                base_url="https://portal.example",
            )
            for name in sources
        },
        **more,  # type: ignore[arg-type]  # fields of the registry
    )


def keyless(source_id: str, native_id: str, title: str, area: str = GROSSSTADT, **more: object) -> Claim:
    local = ServiceKey.local(source_id, native_id).value
    return claim(source_id, native_id, local, area, FORM, title=title, **more)


def origins(store: Store, key: str) -> set[tuple[str, str, str]]:
    """Who speaks for a service in the current release: (source, record, linked by)."""
    release = store.current_release()
    assert release is not None
    return {
        (o.source_id, o.native_id, o.linked_by)
        for row in store.entries(release.number, service_key=key)
        for o in decode_entry(row.payload).origins
    }


def judge(m: Miniature, one: str, other: str, answer: LinkAnswer = LinkAnswer.SAME) -> str:
    m.clock.forward(minutes=1)
    said = review.judge(
        m.store, m.registry, one=one, other=other, answer=answer, reason="seen", by="tester", now=m.clock()
    )
    return said.uid


def digest(m: Miniature) -> str:
    """Hash over what the current release holds, whatever number it has."""
    release = m.store.current_release()
    assert release is not None
    return release.digest


def assert_as_from_scratch(m: Miniature) -> None:
    """Incremental links are those of linking everything anew, and the release is what they yield."""
    builder = InProcessBuilder(m.store, m.workroot)
    rebuilder = Rebuilder(m.store, builder, m.registry, m.clock)
    report = asyncio.run(rebuilder.check())
    assert report.different == ()
