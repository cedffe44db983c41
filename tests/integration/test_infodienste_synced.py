"""Infodienste from the simulator into the published catalogue, in good and bad moods."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.infodienste.connector import SPEC
from syncd.model.evidence import Evidence
from syncd.model.run import RunOutcome
from syncd.pipeline.codec import decode_claims
from tests.support.infodienste import (
    FOREIGN_KEY,
    KEY,
    OS_COMPETENCES,
    OU_COMPETENCES,
    SERVICES,
    TOWN_ID,
    Finder,
    competence,
    service,
    settings,
)
from tests.support.miniature import AUHEIM, GROSSSTADT, KREIS_AUE
from tests.support.synced import Synced

CARD, HOME, HOME_TOO = "99001001001000", "99002001001000", "99002001001001"
DOG, PARKING, TRADE = "99003001001000", "99004001001000", "99005001001000"
TOWN = {
    (CARD, GROSSSTADT): Evidence.ONLINE_SERVICE,
    (HOME, GROSSSTADT): Evidence.ONLINE_SERVICE,
    (HOME_TOO, GROSSSTADT): Evidence.ONLINE_SERVICE,
    (DOG, GROSSSTADT): Evidence.DESCRIPTION,
    (TRADE, GROSSSTADT): Evidence.DESCRIPTION,
    (PARKING, GROSSSTADT): Evidence.DESCRIPTION,
    ("local:portal:104", GROSSSTADT): Evidence.DESCRIPTION,
}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINDER_KEY", KEY)


def source(folder: Path, finder: Finder, **more: Any) -> Synced:
    return Synced(SPEC, folder, settings(version=finder.version, **more), finder)


async def entries(synced: Synced) -> dict[tuple[str, str], int]:
    view = await synced.publish()
    return {(e.service_key, e.area_code): e.evidence for e in view.store.entries(view.release.number)}


@pytest.mark.parametrize("version", ["v3", "v4"])
@pytest.mark.parametrize(
    "mood", ["good", "total_in_body", "count_hits", "capped", "no_extended", "unknown_field"]
)
async def test_a_town_reaches_the_catalogue_whatever_the_way(tmp_path: Path, version: str, mood: str) -> None:
    synced = source(tmp_path, Finder(version, frozenset({mood})), page_size=4)
    run = await synced.sync()
    assert (run.outcome, run.counts.received, run.counts.quarantined) == (RunOutcome.ACCEPTED, 6, 0)
    assert await entries(synced) == TOWN
    assert ("unknown_field" in synced.issues(run)) is (mood == "unknown_field")
    assert "invisible_characters" in synced.issues(run)


async def test_versions_and_ways_tell_the_same(tmp_path: Path) -> None:
    synced = source(tmp_path, Finder("v4"))
    assert (await synced.sync()).outcome is RunOutcome.ACCEPTED
    synced.settings = settings(version="v3")
    synced.respond = Finder("v3")
    assert (await synced.sync()).outcome is RunOutcome.UNCHANGED


async def test_the_xml_form_tells_the_same(tmp_path: Path) -> None:
    synced = source(tmp_path, Finder(moods=frozenset({"no_extended"})))
    assert (await synced.sync()).outcome is RunOutcome.ACCEPTED
    synced.settings = settings(version="v4", format="xml")
    run = await synced.sync()
    assert (run.outcome, run.counts.received, run.counts.changed) == (RunOutcome.UNCHANGED, 6, 0)


async def test_who_provides_what_is_kept_apart(tmp_path: Path) -> None:
    synced = source(tmp_path, Finder())
    await synced.sync()
    claims = [
        claim
        for record in synced.store.source_records(synced.source_id)
        for claim in decode_claims(record.source_id, record.payload)
        if claim.service_key.value == CARD
    ]
    providers = {(claim.authority, claim.provider.code if claim.provider else None) for claim in claims}
    assert providers == {("Amt 800", None), (None, "06")}


async def test_a_kreis_and_its_municipality_from_one_key(tmp_path: Path) -> None:
    permission = {"purpose": "Kreis und Gemeinden (synthetisch)", "areas": [KREIS_AUE]}
    synced = source(
        tmp_path, Finder(), permission=permission, areas={KREIS_AUE: "Aue-Kreis", AUHEIM: "Auheim"}
    )
    run = await synced.sync()
    assert run.outcome is RunOutcome.ACCEPTED
    found = await entries(synced)
    assert found[TRADE, KREIS_AUE] == Evidence.DESCRIPTION
    assert not [area for _, area in found if not area.startswith(KREIS_AUE)]


async def test_an_unchanged_portal_changes_nothing(tmp_path: Path) -> None:
    synced = source(tmp_path, Finder())
    await synced.sync()
    again = await synced.sync()
    assert (again.outcome, again.code) == (RunOutcome.UNCHANGED, "unchanged")


async def test_a_competence_that_ends_takes_the_offer_with_it_and_leaves_the_description(
    tmp_path: Path,
) -> None:
    finder = Finder()
    synced = source(tmp_path, finder)
    await synced.sync()
    finder.os_competences = [one for one in OS_COMPETENCES if one["onlineService"]["id"] != "900"]
    run = await synced.sync()
    assert (run.outcome, run.counts.changed, run.counts.withdrawn) == (RunOutcome.ACCEPTED, 1, 0)
    assert await entries(synced) == {
        **TOWN,
        (HOME, GROSSSTADT): Evidence.DESCRIPTION,
        (HOME_TOO, GROSSSTADT): Evidence.DESCRIPTION,
    }


async def test_a_service_that_leaves_all_lists_leaves_the_catalogue(tmp_path: Path) -> None:
    finder = Finder()
    synced = source(tmp_path, finder)
    await synced.sync()
    finder.services = [one for one in SERVICES if one["id"] != "102"]
    run = await synced.sync()
    assert (run.outcome, run.counts.withdrawn) == (RunOutcome.ACCEPTED, 1)
    assert (DOG, GROSSSTADT) not in await entries(synced)


@pytest.mark.parametrize("mood", ["no_total", "total_low"])
async def test_without_proof_nothing_is_withdrawn(tmp_path: Path, mood: str) -> None:
    finder = Finder()
    synced = source(tmp_path, finder, page_size=2)
    await synced.sync()
    finder.services = [one for one in SERVICES if one["id"] != "102"]
    finder.moods = frozenset({mood})
    run = await synced.sync()
    assert run.outcome is RunOutcome.UNCHANGED
    assert await entries(synced) == TOWN


async def test_fewer_hits_than_announced_refuse_the_listing(tmp_path: Path) -> None:
    finder = Finder()
    synced = source(tmp_path, finder)
    await synced.sync()
    finder.moods = frozenset({"total_high"})
    run = await synced.sync()
    assert (run.outcome, run.code) == (RunOutcome.REFUSED, "incomplete_listing")
    assert await entries(synced) == TOWN


@pytest.mark.parametrize(
    ("mood", "sent", "code"),
    [("ignores_offset", KEY, "page_ignored"), ("", "x", "http_401"), ("", FOREIGN_KEY, "http_403")],
)
async def test_trouble_leaves_the_last_good_data(
    tmp_path: Path, mood: str, sent: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    finder = Finder()
    synced = source(tmp_path, finder, page_size=4)
    await synced.sync()
    finder.moods = frozenset({mood})
    monkeypatch.setenv("FINDER_KEY", sent)
    run = await synced.sync()
    assert (run.outcome, run.code) == (RunOutcome.FAILED, code)
    assert await entries(synced) == TOWN


async def test_a_run_outside_the_permission_fails_with_nothing_asked(tmp_path: Path) -> None:
    finder = Finder()
    synced = source(tmp_path, finder)
    await synced.sync()
    more = {GROSSSTADT: "Großstadt am Muster", AUHEIM: "Auheim"}
    synced.settings = settings(areas=more)
    run = await synced.sync()
    assert (run.outcome, run.code) == (RunOutcome.FAILED, "permission_exceeded")
    assert "Auheim" not in run.reason
    assert AUHEIM in run.reason
    assert run.fix
    assert synced.requests == []
    assert await entries(synced) == TOWN


async def test_one_service_under_many_keys_and_one_key_on_many_services(tmp_path: Path) -> None:
    finder = Finder(services=[*SERVICES, service("110", "Musterwohnsitz ummelden", HOME, HOME_TOO)])
    synced = source(tmp_path, finder)
    run = await synced.sync()
    assert run.counts.received == 7
    assert await entries(synced) == TOWN


async def test_bad_records_among_good_ones_are_set_aside(tmp_path: Path) -> None:
    broken = [{"id": "120", "leikaKeys": "kein Schlüssel"}, {"name": "Ohne Kennung"}]
    finder = Finder(services=[*SERVICES, *broken])
    finder.ou_competences = [*OU_COMPETENCES, competence("organisationalUnit", "802", [], [TOWN_ID])]
    synced = source(tmp_path, finder)
    synced.limits = replace(synced.limits, max_quarantined_percent=50.0)
    run = await synced.sync()
    assert (run.outcome, run.counts.received, run.counts.quarantined) == (RunOutcome.ACCEPTED, 7, 1)
    assert {"object_without_id", "competence_without_service", "record_without_title"} <= set(
        synced.issues(run)
    )
