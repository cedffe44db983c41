"""Open-PVOG end to end: from the data hub, in its good and bad moods, into the published catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.open_pvog.connector import SPEC
from syncd.model.evidence import Evidence
from syncd.model.run import RunOutcome
from tests.support.miniature import AUHEIM, DEAD_LINK, GROSSSTADT, KREIS_AUE, OWN_FORM, TO_PRINT
from tests.support.open_pvog import DataHub, row
from tests.support.synced import Synced

LAND = "060000000000"


def rows() -> list[dict[str, Any]]:
    return [
        row(OWN_FORM, GROSSSTADT),
        row(OWN_FORM, GROSSSTADT, url="https://dienst.example/zweiter"),
        row(TO_PRINT, GROSSSTADT, online_status="nicht ok"),
        row(OWN_FORM, AUHEIM, art_flaechendeckung="kreisweit flächendeckend"),
        row(DEAD_LINK, f"{KREIS_AUE}0000000"),
        row(TO_PRINT, AUHEIM, aktiv="nein"),
        row(OWN_FORM, LAND, url=""),
    ]


def source(folder: Path, hub: DataHub, **settings: Any) -> Synced:
    settings = {"regions": [LAND], "generation": hub.generation, "page_size": 2, **settings}
    return Synced(SPEC, folder, settings, hub)


async def entries(synced: Synced) -> dict[tuple[str, str], int]:
    view = await synced.publish()
    return {(e.service_key, e.area_code): e.evidence for e in view.store.entries(view.release.number)}


EXPECTED = {
    (OWN_FORM, GROSSSTADT): Evidence.ONLINE_SERVICE,
    (TO_PRINT, GROSSSTADT): Evidence.DESCRIPTION,
    (OWN_FORM, AUHEIM): Evidence.ONLINE_SERVICE,
    (DEAD_LINK, KREIS_AUE): Evidence.ONLINE_SERVICE,
    (OWN_FORM, "06"): Evidence.DESCRIPTION,
}


@pytest.mark.parametrize("generation", ["2024", "2026"])
@pytest.mark.parametrize("mood", ["good", "no_csv", "too_large", "no_totals", "busy"])
async def test_a_region_reaches_the_catalogue_whatever_the_way(
    tmp_path: Path, generation: str, mood: str
) -> None:
    synced = source(tmp_path, DataHub(rows(), mood, generation))
    run = await synced.sync()
    assert (run.outcome, run.counts.received, run.counts.quarantined) == (RunOutcome.ACCEPTED, 6, 0)
    assert await entries(synced) == EXPECTED
    fell_back = mood not in {"good", "busy"}
    assert ("export_not_available" in synced.issues(run)) is fell_back
    assert all("includeAbove=false" in request.path for request in synced.requests)


async def test_pages_and_export_are_the_same_listing(tmp_path: Path) -> None:
    hub = DataHub(rows())
    synced = source(tmp_path, hub)
    assert (await synced.sync()).outcome is RunOutcome.ACCEPTED
    hub.mood = "too_large"
    assert (await synced.sync()).outcome is RunOutcome.UNCHANGED


@pytest.mark.fault("S5")
async def test_a_hub_that_hands_out_everything_is_not_believed(tmp_path: Path) -> None:
    hub = DataHub([*rows(), row(OWN_FORM, "095710001001")])
    synced = source(tmp_path, hub)
    assert (await synced.sync()).outcome is RunOutcome.ACCEPTED
    hub.mood = "wrong_region"
    run = await synced.sync()
    assert (run.outcome, run.code) == (RunOutcome.FAILED, "wrong_region")
    assert await entries(synced) == EXPECTED


@pytest.mark.fault("T16")
@pytest.mark.parametrize(
    ("mood", "code"), [("error_dto", "http_500"), ("refuses", "http_400"), ("stuck", "page_ignored")]
)
async def test_the_status_counts_and_not_the_shape_of_the_body(tmp_path: Path, mood: str, code: str) -> None:
    hub = DataHub(rows())
    synced = source(tmp_path, hub)
    await synced.sync()
    hub.mood = mood
    run = await synced.sync()
    assert (run.outcome, run.code) == (RunOutcome.FAILED, code)
    assert await entries(synced) == EXPECTED


@pytest.mark.parametrize(
    ("mood", "because"),
    [
        ("few_pages", "has more behind them"),
        ("grows", "changed while it was read"),
        ("empty_page", "is empty"),
    ],
)
async def test_totals_that_do_not_hold_refuse_the_listing(tmp_path: Path, mood: str, because: str) -> None:
    hub = DataHub(rows())
    synced = source(tmp_path, hub)
    await synced.sync()
    hub.mood = mood
    run = await synced.sync()
    assert (run.outcome, run.code) == (RunOutcome.REFUSED, "incomplete_listing")
    assert because in run.reason
    assert await entries(synced) == EXPECTED


async def test_what_leaves_the_listing_leaves_the_catalogue(tmp_path: Path) -> None:
    hub = DataHub(rows())
    synced = source(tmp_path, hub)
    await synced.sync()
    hub.rows = [one for one in rows() if (one["leika_key"], one["ars"]) != (OWN_FORM, AUHEIM)]
    run = await synced.sync()
    assert (run.outcome, run.counts.withdrawn) == (RunOutcome.ACCEPTED, 1)
    assert (OWN_FORM, AUHEIM) not in await entries(synced)


async def test_a_new_day_alone_changes_nothing_and_an_old_one_is_refused(tmp_path: Path) -> None:
    hub = DataHub(rows())
    synced = source(tmp_path, hub)
    await synced.sync()
    hub.rows = [{**one, "datenstand_pvog_import": "2026-11-21"} for one in rows()]
    assert (await synced.sync()).outcome is RunOutcome.UNCHANGED
    hub.rows = rows()
    run = await synced.sync()
    assert (run.outcome, run.code) == (RunOutcome.REFUSED, "snapshot_older")


async def test_an_unchanged_export_costs_no_reading(tmp_path: Path) -> None:
    synced = source(tmp_path, DataHub(rows()))
    await synced.sync()
    run = await synced.sync()
    assert (run.outcome, run.code, len(synced.requests)) == (RunOutcome.UNCHANGED, "unchanged", 1)


async def test_several_regions_are_asked_one_by_one(tmp_path: Path) -> None:
    places = [GROSSSTADT, f"{KREIS_AUE}0000000"]
    synced = source(tmp_path, DataHub(rows()), regions=places, include_below=False)
    assert (await synced.sync()).counts.received == 3
    assert set(await entries(synced)) == {
        (OWN_FORM, GROSSSTADT),
        (TO_PRINT, GROSSSTADT),
        (DEAD_LINK, KREIS_AUE),
    }


async def test_a_region_the_hub_does_not_know_fails_the_run(tmp_path: Path) -> None:
    synced = source(tmp_path, DataHub(rows()), page_path="nowhere/{ars}", export_path="nowhere/{ars}")
    run = await synced.sync()
    assert (run.outcome, run.code) == (RunOutcome.FAILED, "http_404")
