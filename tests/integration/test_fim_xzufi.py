"""XZuFi objects from the FIM portal end to end: by cursor, one by one, bounded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.fim_xzufi.connector import SPEC
from connectors.fim_xzufi.portal import OFFICE, service, unit
from syncd.model.run import RunOutcome
from syncd.pipeline.codec import decode_claims
from tests.support.fim_objects import FimObjects
from tests.support.synced import Synced

OTHER = "L1"


def portal(mood: str = "good") -> FimObjects:
    texts = {(OFFICE, str(n)): service(n, f"Muster {n}") for n in (1, 2, 3)}
    units = {(OFFICE, "99/a b"): unit(99, 1, "06411"), **{(OTHER, str(n)): b"" for n in range(4)}}
    return FimObjects(texts, units, mood)


def source(folder: Path, there: FimObjects, **settings: Any) -> Synced:
    return Synced(SPEC, folder, {"offices": [OFFICE], "page_size": 2, **settings}, there)


def areas(synced: Synced) -> dict[str, set[str]]:
    return {
        record.native_id: {claim.area.code for claim in decode_claims(record.source_id, record.payload)}
        for record in synced.store.source_records(synced.source_id)
    }


@pytest.mark.parametrize("mood", ["good", "busy"])
async def test_objects_of_one_office_become_records(tmp_path: Path, mood: str) -> None:
    there = portal(mood)
    synced = source(tmp_path, there)
    run = await synced.sync()
    assert (run.outcome, run.counts.received) == (RunOutcome.ACCEPTED, 3)
    found = areas(synced)
    assert set(found) == {f"{OFFICE}/{n}" for n in (1, 2, 3)}
    assert "06411" in found[f"{OFFICE}/1"]
    # The ids of all offices are listed, the objects of one are fetched; ids are quoted.
    assert not any(f"/{OTHER}/" in path for path in there.asked)
    assert any("99%2Fa%20b" in request.path for request in synced.requests)


async def test_a_text_that_leaves_its_list_leaves_the_catalogue(tmp_path: Path) -> None:
    there = portal()
    synced = source(tmp_path, there)
    await synced.sync()
    del there.texts[OFFICE, "3"]
    run = await synced.sync()
    assert (run.outcome, run.counts.withdrawn) == (RunOutcome.ACCEPTED, 1)


@pytest.mark.parametrize(
    ("mood", "outcome", "code"),
    [
        ("loop", RunOutcome.FAILED, "paging_loop"),
        ("moves", RunOutcome.REFUSED, "incomplete_listing"),
        ("dangling", RunOutcome.FAILED, "http_404"),
    ],
)
async def test_bad_moods_cost_no_record(tmp_path: Path, mood: str, outcome: RunOutcome, code: str) -> None:
    there = portal()
    synced = source(tmp_path, there)
    await synced.sync()
    before = areas(synced)
    there.mood = mood
    run = await synced.sync()
    assert (run.outcome, run.code) == (outcome, code)
    assert areas(synced) == before


async def test_a_dangling_id_may_be_allowed(tmp_path: Path) -> None:
    there = portal("dangling")
    del there.units[OFFICE, "99/a b"]
    there.units = {(OTHER, str(n)): unit(n, 1, "06411") for n in range(4)}
    there.texts[OTHER, "9"] = service(9, "Anderswo")
    synced = source(tmp_path, there, offices=[OFFICE, OTHER], missing_objects=1)
    run = await synced.sync()
    assert (run.outcome, run.counts.received) == (RunOutcome.ACCEPTED, 4)
    assert synced.issues(run).count("detail_missing") == 1


async def test_more_objects_than_allowed_are_not_fetched(tmp_path: Path) -> None:
    there = portal()
    synced = source(tmp_path, there, object_limit=3)
    run = await synced.sync()
    assert (run.outcome, run.code) == (RunOutcome.FAILED, "too_many_items")
    assert not any("xzufi" in path for path in there.asked)


async def test_an_office_nobody_knows_fails_the_run(tmp_path: Path) -> None:
    run = await source(tmp_path, portal(), offices=["Unbekannt"]).sync()
    assert (run.outcome, run.code) == (RunOutcome.FAILED, "empty_listing")
