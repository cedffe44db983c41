"""A source speaks only within its scope, also after linking: what is outside is a finding, not data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from syncd.errors import NotFound
from syncd.model.judgement import Judgement, JudgementKind, LinkAnswer, pair, record_node, service_node
from syncd.model.record import Claim
from syncd.model.service import ServiceKey
from syncd.pipeline.ownership import links_out_of_scope
from syncd.storage import open_store
from tests.support.miniature import (
    GROSSSTADT,
    NOT_OWED,
    OWN_FORM,
    Miniature,
    claim,
    grossstadt_claims,
    stand_up,
)


@pytest.fixture
def miniature(tmp_path: Path) -> Iterator[Miniature]:
    with open_store(f"sqlite:///{tmp_path / 'ownership.sqlite3'}") as store:
        yield stand_up(store, tmp_path)


def keyless() -> Claim:
    local = ServiceKey.local("grossstadt", "K1").value
    return replace(
        claim("grossstadt", "K1", OWN_FORM, GROSSSTADT, title="Zwölfzylinderprämie"),
        service_key=ServiceKey(local),
    )


def judged_same(miniature: Miniature, key: str) -> None:
    one, other = pair(record_node("grossstadt", "K1"), service_node(key))
    judgement = Judgement(
        JudgementKind.LINK,
        one,
        LinkAnswer.SAME,
        "the form says so",
        "Frau Müller",
        miniature.clock(),
        object=other,
        service_key=key,
    )
    miniature.store.judge([judgement], dirty=[key])


def origins(miniature: Miniature, key: str) -> set[str]:
    view = miniature.ask().view()
    return {
        origin["record"]
        for row in view.store.entries(view.release.number, service_key=key)
        for origin in orjson.loads(row.payload)["origins"]
    }


def test_a_link_within_the_scope_is_data(miniature: Miniature) -> None:
    miniature.say("grossstadt", (*grossstadt_claims(), keyless()))
    judged_same(miniature, OWN_FORM)
    assert miniature.publish() is not None
    assert origins(miniature, OWN_FORM) == {"G1", "K1"}
    assert links_out_of_scope(miniature.store, miniature.registry) == ()


def test_a_link_out_of_the_scope_is_a_finding(miniature: Miniature) -> None:
    miniature.say("grossstadt", (*grossstadt_claims(), keyless()))
    judged_same(miniature, NOT_OWED)
    assert miniature.publish() is not None
    assert origins(miniature, NOT_OWED) == {"B2"}
    (found,) = links_out_of_scope(miniature.store, miniature.registry)
    assert (found.code, found.where, found.value) == ("out_of_scope_service", "grossstadt/K1", NOT_OWED)
    assert "judgement" in found.message
    assert links_out_of_scope(miniature.store, miniature.registry, source_id="bund") == ()
    with pytest.raises(NotFound, match="no source"):
        links_out_of_scope(miniature.store, miniature.registry, source_id="nobody")


def test_a_link_made_before_the_scope_was_narrowed_is_a_finding(miniature: Miniature) -> None:
    miniature.say("grossstadt", (*grossstadt_claims(), keyless()))
    judged_same(miniature, OWN_FORM)
    assert miniature.publish() is not None
    plan = miniature.registry.sources["grossstadt"]
    narrowed = replace(plan, scope=replace(plan.scope, services=frozenset({NOT_OWED})))
    sources = {**miniature.registry.sources, "grossstadt": narrowed}
    registry = replace(miniature.registry, sources=sources)
    assert [found.value for found in links_out_of_scope(miniature.store, registry)] == [OWN_FORM]
    miniature.registry = registry
    assert miniature.publish() is not None
    assert origins(miniature, OWN_FORM) == set()
