"""Records are linked through the real store: what counts for a service, what waits, and what comes back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.errors import ConfigError, NotFound
from syncd.model.area import AreaKey
from syncd.model.coverage import CellState, GapCause
from syncd.model.evidence import ChannelKind, Evidence
from syncd.model.judgement import LinkAnswer, record_node, service_node
from syncd.model.linkage import LinkMethod, LinkState
from syncd.model.record import Claim, Scope
from syncd.model.service import Service, ServiceKey, ServiceStatus
from syncd.pipeline import review
from syncd.pipeline.entry_codec import decode_entry
from syncd.pipeline.registry import Linking, Registry, SourcePlan
from syncd.rules.coverage_codec import unpack_cells
from syncd.rules.identity_tokens import identity_tokens
from syncd.storage import SqlStore, open_store
from tests.support.miniature import (
    AUHEIM,
    GROSSSTADT,
    NOW,
    Clock,
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


@pytest.fixture
def miniature(database_url: str, tmp_path: Path) -> Iterator[Miniature]:
    with open_store(database_url) as store:
        yield Miniature(store, tmp_path, registry_of(), Clock(NOW))


def origins(store: SqlStore, key: str) -> set[tuple[str, str, str]]:
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


def test_a_record_without_a_key_counts_for_the_service_it_is_about(miniature: Miniature) -> None:
    miniature.say("stadt", [keyless("stadt", "7", "Hundesteuer: Anmeldung")])
    miniature.publish()
    assert origins(miniature.store, DOG) == {("stadt", "7", "scored")}
    assert origins(miniature.store, "local:stadt:7") == set()
    release = miniature.store.current_release()
    assert release is not None
    assert miniature.store.partition(release.number, "local:stadt:7") is None


def test_nothing_is_linked_by_likeness_where_it_is_switched_off(miniature: Miniature) -> None:
    miniature.registry = dataclasses.replace(miniature.registry, linking=Linking(enabled=False))
    miniature.say("stadt", [keyless("stadt", "7", "Hundesteuer: Anmeldung")])
    miniature.publish()
    assert origins(miniature.store, "local:stadt:7") == {("stadt", "7", "")}
    assert review.queue(miniature.store, limit=10) == ()
