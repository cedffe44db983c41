"""Recorded PVOG titles, taken for keyless, find the service whose key they state, through the store."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

from bench._linking_data import bund
from syncd.model.area import AreaKey
from syncd.model.linkage import LinkState
from syncd.model.record import Claim
from syncd.model.service import ServiceKey
from syncd.pipeline.linking import Linker
from syncd.pipeline.service_feed import with_fed_services
from syncd.storage import open_store
from syncd.storage.builder import InProcessBuilder
from tests.support.linking import registry_of
from tests.support.miniature import NOW, Clock, Miniature
from tests.support.shipped_registers import shipped_services

LEAST_PRECISION = 0.99


def test_titles_of_the_bund_link_to_their_own_keys(tmp_path: Path, shared_data: Path) -> None:
    labelled = bund(shared_data)
    keys = {f"B-{number}": one.keys for number, one in enumerate(labelled)}
    claims = [
        Claim("stadt", name, ServiceKey.local("stadt", name), AreaKey("00"), labelled[number].described.title)
        for number, name in enumerate(keys)
    ]
    with open_store(f"sqlite:///{tmp_path}/one.sqlite") as store:
        registry = dataclasses.replace(registry_of(sources=("stadt",)), services=shipped_services())
        miniature = Miniature(store, tmp_path, registry, Clock(NOW))
        miniature.say("stadt", claims)
        linker = Linker(store, InProcessBuilder(store, tmp_path))
        report = asyncio.run(linker.link(with_fed_services(registry, store), now=NOW))
        assert report.looked_at == len(claims)
        linked = store.links(LinkState.LINKED)
        waiting = store.links(LinkState.REVIEW)
    wrong = [
        (one.native_id, one.linkage.service_keys)
        for one in linked
        if not any(_same(key, keys[one.native_id]) for key in one.linkage.service_keys)
    ]
    findable = sum(not registry.services.keys().isdisjoint(said) for said in keys.values())
    assert len(linked) > findable / 4
    assert 1 - len(wrong) / len(linked) >= LEAST_PRECISION, wrong
    assert waiting


def _same(found: str, stated: frozenset[str]) -> bool:
    """Tell whether a link is right; a parent of a stated key is the same task, told less finely."""
    return any(ServiceKey(found).covers(ServiceKey(key)) for key in stated)
