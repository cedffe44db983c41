"""Releases on the synthetic miniature: a golden file computed by hand, and what must hold for any history."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.model.area import AreaKey, AreaKind, Succession
from syncd.model.record import Claim
from syncd.pipeline.ask import ReleaseView
from syncd.pipeline.explain import explain
from syncd.pipeline.gaps import GapQuery, cells_of_area, gaps
from syncd.pipeline.rebuild import Rebuilder
from syncd.pipeline.registry import AreaRegister
from syncd.rules.areas import AreaIndex
from syncd.rules.editions import effective_areas, map_codes
from syncd.rules.line import AreaLine
from syncd.storage import SqlStore, open_store
from syncd.storage.builder import InProcessBuilder
from tests.support.miniature import (
    AUHEIM,
    GROSSSTADT,
    KREIS_AUE,
    NOT_LISTED,
    NOW,
    OF_THE_KREIS,
    ONLINE_EVERYWHERE,
    OWN_FORM,
    TO_PRINT,
    Clock,
    Miniature,
    aue_claims,
    bund_claims,
    grossstadt_claims,
    make_registry,
    stand_up,
)

GOLDEN = Path(__file__).parent.parent / "fixtures" / "golden"


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    with open_store(database_url) as opened:
        yield opened


@pytest.fixture
def miniature(store: SqlStore, tmp_path: Path) -> Miniature:
    return stand_up(store, tmp_path)


def view_of(miniature: Miniature, **which: Any) -> ReleaseView:
    return miniature.ask().view(**which)


def plain(value: object) -> Any:
    return json.loads(json.dumps(value, default=str, ensure_ascii=False))


def everything(miniature: Miniature) -> dict[str, Any]:
    """Return what a reader can see of the current release, as plain JSON values."""
    view = view_of(miniature)
    line = view.line
    found: dict[str, Any] = plain(
        {
            "digest": view.release.digest,
            "counts": dict(view.release.counts),
            "summaries": {
                code: [
                    {k: v for k, v in asdict(s).items() if k != "area"}
                    for s in view.summaries(line.areas[code])
                ]
                for code in ("00", "06", KREIS_AUE, GROSSSTADT, AUHEIM)
            },
            "gaps": [
                f"{g.gap_id}: {g.state}, {g.cause}, {g.evidence} < {g.minimum}, {g.people} people, "
                f"{g.body_name}, since {g.since_release}, elsewhere {g.running_elsewhere}"
                for g in gaps(view, GapQuery(states=("offline", "dead", "missing", "unknown")))
            ],
            "cells": [
                f"{c.obligation_id}/{c.service_key}: {c.state}, {c.cause}, {c.evidence}, {c.level}"
                for c in cells_of_area(view, line.areas[GROSSSTADT])
            ],
            "services": {
                key: [asdict(c) for c in view.coverage_of_service(key)]
                for key in (ONLINE_EVERYWHERE, OWN_FORM, OF_THE_KREIS)
            },
            "explained": {
                f"{key} in {code} ({language})": [
                    f"{s.code}: {s.text}"
                    for s in explain(view, key, line.areas[code], language=language).steps
                ]
                for key, code in (
                    (ONLINE_EVERYWHERE, AUHEIM),
                    (NOT_LISTED, GROSSSTADT),
                    (TO_PRINT, GROSSSTADT),
                    (OF_THE_KREIS, KREIS_AUE),
                )
                for language in ("de", "en")
            },
        }
    )
    return found


def test_golden_release(miniature: Miniature) -> None:
    """The golden file was checked by hand; set GOLDEN=write to propose a new one for review."""
    path = GOLDEN / "miniature.json"
    found = everything(miniature)
    if os.environ.get("GOLDEN") == "write":
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(path.read_text(encoding="utf-8"))


def test_figures_add_up(miniature: Miniature) -> None:
    view = view_of(miniature)
    for summary in view.summaries(view.line.areas["00"]):
        assert summary.owed == sum(summary.counts.values())
        listed = sum(
            1
            for _ in gaps(
                view,
                GapQuery(
                    obligation_id=summary.obligation_id,
                    line=summary.line,
                    states=("own", "inherited", "offline", "dead", "missing", "unknown"),
                ),
            )
        )
        assert listed == summary.owed


def test_rebuild_check_finds_nothing_and_a_planted_difference(miniature: Miniature, store: SqlStore) -> None:
    rebuilder = Rebuilder(
        store, InProcessBuilder(store, miniature.workroot), miniature.registry, miniature.clock
    )
    report = asyncio.run(rebuilder.check())
    assert report.ok
    assert report.partitions == 8
    tampered = replace(
        miniature.registry,
        services={
            key: replace(service, name=f"{service.name}!") if key == OWN_FORM else service
            for key, service in miniature.registry.services.items()
        },
    )
    other = Rebuilder(store, InProcessBuilder(store, miniature.workroot), tampered, miniature.clock)
    assert asyncio.run(other.check()).different == (OWN_FORM,)


@pytest.mark.fault("S21")
def test_nothing_new_means_no_release(miniature: Miniature) -> None:
    miniature.say("grossstadt", grossstadt_claims())
    assert miniature.publish() is None
    assert view_of(miniature).release.number == 1


def test_old_releases_stay_readable_as_they_were(miniature: Miniature) -> None:
    before = everything(miniature)
    miniature.clock.forward(hours=1)
    miniature.say("grossstadt", grossstadt_claims()[1:])
    release = miniature.publish()
    assert release is not None
    assert release.number == 2
    now, then = view_of(miniature), view_of(miniature, at=NOW + timedelta(minutes=1))
    assert then.release.number == 1
    city = now.line.areas[GROSSSTADT]

    def state(view: ReleaseView) -> str:
        return explain(view, OWN_FORM, city).state

    assert (state(then), state(now)) == ("own", "missing")
    missing = next(gaps(now, GapQuery(area=city, service_key=OWN_FORM)))
    assert (missing.since_release, missing.since_at) == (2, NOW + timedelta(hours=1))
    still = next(gaps(now, GapQuery(area=city, service_key=NOT_LISTED)))
    assert (still.since_release, still.since_at) == (1, NOW)
    assert before["digest"] == then.release.digest
    changes = miniature.store.changes(2, limit=10)
    assert [(c.kind, c.service_key, c.area_code) for c in changes] == [("removed", OWN_FORM, GROSSSTADT)]


def test_a_source_that_falls_silent_makes_cells_unknown_and_never_missing(miniature: Miniature) -> None:
    miniature.clock.forward(days=4)
    miniature.say("bund", bund_claims())
    assert miniature.publish() is not None
    view = view_of(miniature)
    found = {
        (g.state, g.cause)
        for g in gaps(view, GapQuery(area=view.line.areas[GROSSSTADT], states=("missing",)))
    }
    assert found == set()
    assert explain(view, OWN_FORM, view.line.areas[GROSSSTADT]).cause == "stale"
    # What was last known is still in the catalogue.
    assert [e.area_code for e in miniature.store.entries(view.release.number, service_key=OWN_FORM)] == [
        GROSSSTADT
    ]


def test_gap_pages_join_to_the_whole_list(miniature: Miniature) -> None:
    view = view_of(miniature)
    query = GapQuery(states=("missing", "unknown", "offline", "dead"))
    whole = [g.gap_id for g in gaps(view, query)]
    assert len(whole) > 10
    paged: list[str] = []
    while page := [g.gap_id for g in gaps(view, query, after=paged[-1] if paged else "", limit=3)]:
        paged.extend(page)
    assert paged == whole


@pytest.mark.fault("S17")
def test_an_area_that_ends_passes_on_claims_and_history(miniature: Miniature) -> None:
    succession = Succession(AUHEIM, "064120000000", date(2026, 11, 26), "Auheim wird kreisfrei (synthetisch)")
    miniature.clock.forward(hours=1)
    on = miniature.clock().date()
    miniature.say(
        "bund", (*bund_claims(), Claim("bund", "B9", bund_claims()[0].service_key, AreaKey(AUHEIM), "Alt"))
    )
    areas = effective_areas(make_registry().areas.areas, [succession], on)
    moved = {old: AreaKey(new) for old, new in map_codes([succession], on).items()}
    miniature.registry = replace(
        miniature.registry,
        areas=AreaRegister(
            label="Synthetisches Gemeindeverzeichnis, neuer Stand",
            digest="synthetic-areas-2",
            areas=areas,
            index=AreaIndex.from_areas(areas, [succession]),
            line=AreaLine.build(areas),
            moved=moved,
            successions=(succession,),
        ),
    )
    assert miniature.publish() is not None
    view = view_of(miniature)
    moved_area = view.area(AUHEIM)
    assert moved_area.code == "064120000000"
    assert moved_area.kind is AreaKind.KREISFREIE_STADT
    assert [e.area_code for e in miniature.store.entries(2, service_key=ONLINE_EVERYWHERE)] == [
        "00",
        "064120000000",
    ]
    unheard = next(gaps(view, GapQuery(area=moved_area, service_key=NOT_LISTED, states=("unknown",))))
    # Unknown since release 1 under its old key; the new key does not make the gap new.
    assert unheard.since_release == 1
    # The old release still speaks of the old area.
    assert view_of(miniature, release=1).line.area(AUHEIM) is not None


SPEECH = {
    "bund": bund_claims,
    "grossstadt": grossstadt_claims,
    "kreis-aue": aue_claims,
}


@pytest.mark.fault("S12", "S21")
@pytest.mark.parametrize("order", list(permutations(SPEECH)))
def test_the_order_in_which_sources_run_never_matters(order: tuple[str, ...], tmp_path: Path) -> None:
    digests = set()
    for number, sources in enumerate((order, tuple(SPEECH))):
        with open_store(f"sqlite:///{tmp_path / f'{number}.sqlite3'}") as store:
            miniature = Miniature(store, tmp_path, make_registry(), Clock())
            for source in sources:
                miniature.say(source, SPEECH[source]())
                if number == 0:
                    miniature.publish()
            miniature.publish()
            release = store.current_release()
            assert release is not None
            digests.add(release.digest)
    assert len(digests) == 1


HISTORIES = st.lists(
    st.tuples(
        st.sampled_from(sorted(SPEECH)),
        st.sets(st.integers(0, 2)),
        st.booleans(),
        st.sampled_from([0, 1, 5]),
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.fault("S21")
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(HISTORIES)
def test_any_history_ends_where_a_fresh_start_would(history: list[tuple[str, set[int], bool, int]]) -> None:
    """Incremental publishing equals recomputing everything, and only the last word of each source counts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        with open_store(f"sqlite:///{path / 'history.sqlite3'}") as store:
            miniature = Miniature(store, path, make_registry(), Clock(datetime(2026, 11, 1, tzinfo=UTC)))
            last: dict[str, tuple[tuple[Claim, ...], datetime]] = {}
            for source, chosen, publish, days in history:
                miniature.clock.forward(days=days)
                said = tuple(c for i, c in enumerate(SPEECH[source]()) if i in chosen)
                miniature.say(source, said)
                last[source] = (said, miniature.clock())
                if publish:
                    miniature.publish()
            miniature.publish()
            release = store.current_release()
            rebuilder = Rebuilder(store, InProcessBuilder(store, path), miniature.registry, miniature.clock)
            assert asyncio.run(rebuilder.check()).ok
            end = miniature.clock()
        with open_store(f"sqlite:///{path / 'fresh.sqlite3'}") as store:
            fresh = Miniature(store, path, make_registry(), Clock(end))
            for source, (said, at) in last.items():
                fresh.clock.now = at
                fresh.say(source, said)
            fresh.clock.now = end
            fresh.publish()
            again = store.current_release()
    assert release is not None
    assert again is not None
    assert release.digest == again.digest
