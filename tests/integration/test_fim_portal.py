"""The FIM portal end to end: walks, changes, deletions, and what a moving list may do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.fim_portal.connector import SPEC, FimPortal
from syncd.model.record import RecordKind
from syncd.model.run import RunOutcome
from syncd.pipeline.codec import decode_claims
from tests.support import fim_portal
from tests.support.fim_portal import profile, text
from tests.support.synced import Synced

OLD = "2026-11-01T10:00:00.123456789+01:00"
NEW = "2026-11-26T20:00:00Z"
KEYS = [f"9901000100{n:04d}" for n in range(1, 8)]


def portal(**more: Any) -> fim_portal.FimPortal:
    return fim_portal.FimPortal(
        [profile(key, OLD) for key in KEYS], [text(1, KEYS[:2], OLD), text(2, KEYS[2:3], OLD)], **more
    )


def source(folder: Path, there: fim_portal.FimPortal, **settings: Any) -> Synced:
    settings = {"page_size": 3, "api_prefix": there.prefix, **settings}
    synced = Synced(SPEC, folder, settings, there)
    synced.build = lambda table: FimPortal(table, synced.clock)
    return synced


def titles(synced: Synced) -> dict[str, str]:
    found = {}
    for record in synced.store.source_records(synced.source_id):
        (claim,) = decode_claims(record.source_id, record.payload)
        assert claim.kind is RecordKind.CATALOGUE
        found[record.native_id] = claim.title
    return found


@pytest.mark.parametrize("more", [{}, {"busy": True}, {"prefix": "api/v1"}])
async def test_the_first_run_reads_everything(tmp_path: Path, more: dict[str, Any]) -> None:
    there = portal(**more)
    synced = source(tmp_path, there)
    run = await synced.sync()
    assert (run.outcome, run.counts.received) == (RunOutcome.ACCEPTED, 7)
    assert titles(synced) == {key: f"Leistung {key[-4:]}" for key in KEYS}
    assert not any("updated_since" in one for one in there.asked)
    assert [one["offset"] for one in there.asked] == ["0", "3", "6", "0"]


async def test_the_register_is_fed_and_nothing_is_offered(tmp_path: Path) -> None:
    synced = source(tmp_path, portal())
    await synced.sync()
    view = await synced.publish()
    assert not list(view.store.entries(view.release.number))
    service = view.service(KEYS[0])
    assert (service.name, service.origin) == (f"Leistung {KEYS[0][-4:]}", "portal")
    assert service.typing == ("2b",)


async def test_changes_come_in_by_their_stamp_and_quiet_runs_read_nothing(tmp_path: Path) -> None:
    there = portal()
    synced = source(tmp_path, there)
    await synced.sync()
    there.profiles[0] = profile(KEYS[0], NEW, title="Neu benannt")
    there.asked.clear()
    run = await synced.sync()
    assert (run.outcome, run.counts.received, run.counts.changed) == (RunOutcome.ACCEPTED, 7, 1)
    assert titles(synced)[KEYS[0]] == "Neu benannt"
    # Two days before the last change seen, which is in UTC here.
    assert {one["updated_since"] for one in there.asked} == {"2026-10-30T09:00:00"}
    there.asked.clear()
    # The new change comes once more because of the overlap, the old ones no longer do.
    assert (await synced.sync()).outcome is RunOutcome.UNCHANGED
    assert {one["updated_since"] for one in there.asked} == {"2026-11-24T20:00:00"}
    there.asked.clear()
    run = await synced.sync()
    assert (run.outcome, run.code, run.counts.received) == (RunOutcome.UNCHANGED, "unchanged", 7)
    assert run.counts.bytes_read == 0
    assert len(there.asked) == 2


async def test_a_deletion_shows_with_the_next_full_walk(tmp_path: Path) -> None:
    there = portal()
    synced = source(tmp_path, there)
    await synced.sync()
    del there.profiles[-1]
    assert (await synced.sync(after_hours=24)).outcome is RunOutcome.UNCHANGED
    assert KEYS[-1] in titles(synced)
    run = await synced.sync(after_hours=24 * 7)
    assert (run.outcome, run.counts.withdrawn) == (RunOutcome.ACCEPTED, 1)
    assert KEYS[-1] not in titles(synced)


async def test_a_text_that_is_deleted_takes_its_types_along(tmp_path: Path) -> None:
    there = portal()
    synced = source(tmp_path, there)
    await synced.sync()
    there.texts.clear()
    run = await synced.sync(after_hours=24 * 8)
    assert (run.outcome, run.counts.changed) == (RunOutcome.ACCEPTED, 3)


async def test_a_list_that_moves_once_is_walked_again(tmp_path: Path) -> None:
    there = portal()

    def grow(number: int) -> None:
        if number == 1:
            there.profiles.insert(0, profile("99010001000000", OLD))

    there.before = grow
    synced = source(tmp_path, there)
    run = await synced.sync()
    assert (run.outcome, run.counts.received) == (RunOutcome.ACCEPTED, 8)


@pytest.mark.fault("T16")
@pytest.mark.parametrize("shift", ["grows", "swaps", "lies"])
async def test_a_list_that_keeps_moving_is_left_for_the_next_run(tmp_path: Path, shift: str) -> None:
    there = portal()
    synced = source(tmp_path, there)
    await synced.sync()

    def move(number: int) -> None:
        if shift == "grows":
            there.profiles.append(profile(f"9902000100{number:04d}", OLD))
        elif shift == "swaps":
            # One leaves, one comes: the total stays, the pages shift.
            there.profiles.pop()
            there.profiles.insert(0, profile(f"9900000100{9999 - number:04d}", OLD))

    there.before = move
    there.lies = int(shift == "lies")
    run = await synced.sync(after_hours=24 * 8)
    assert (run.outcome, run.code) == (RunOutcome.FAILED, "listing_moved")
    there.before, there.lies = lambda _number: None, 0
    there.profiles = [profile(key, OLD) for key in KEYS]
    assert (await synced.sync()).outcome is RunOutcome.UNCHANGED
    assert set(titles(synced)) == set(KEYS)


async def test_a_portal_that_ignores_the_offset_fails_the_run(tmp_path: Path) -> None:
    run = await source(tmp_path, portal(deaf=True)).sync()
    assert (run.outcome, run.code) == (RunOutcome.FAILED, "page_ignored")


async def test_a_half_answer_does_not_stand_for_a_week(tmp_path: Path) -> None:
    """A refused full walk is repeated by the next run, not only when the next one is due."""
    there = portal()
    synced = source(tmp_path, there)
    await synced.sync()
    whole, there.profiles, there.texts = there.profiles, [], []
    run = await synced.sync(after_hours=24 * 8)
    assert (run.outcome, run.code) == (RunOutcome.REFUSED, "empty_snapshot")
    there.profiles = whole
    there.texts = [text(1, KEYS[:2], OLD), text(2, KEYS[2:3], OLD)]
    assert (await synced.sync()).outcome is RunOutcome.UNCHANGED
    assert set(titles(synced)) == set(KEYS)


async def test_a_lost_ledger_is_read_afresh(tmp_path: Path) -> None:
    there = portal()
    synced = source(tmp_path, there)
    await synced.sync()
    for path in (tmp_path / "ledgers").rglob("*.sqlite3*"):
        path.unlink()
    there.asked.clear()
    assert (await synced.sync()).outcome is RunOutcome.UNCHANGED
    assert not any("updated_since" in one for one in there.asked)


async def test_a_stamp_in_the_future_locks_no_change_out(tmp_path: Path) -> None:
    there = portal()
    there.profiles[3] = profile(KEYS[3], "2099-01-01T00:00:00Z")
    synced = source(tmp_path, there)
    await synced.sync()
    there.profiles[0] = profile(KEYS[0], NEW, title="Neu benannt")
    run = await synced.sync(after_hours=30)
    assert (run.outcome, run.counts.changed) == (RunOutcome.ACCEPTED, 1)


async def test_without_stamps_every_run_reads_everything(tmp_path: Path) -> None:
    there = fim_portal.FimPortal([profile(key, OLD, geaendert_datum_zeit=None) for key in KEYS])
    synced = source(tmp_path, there, texts=[])
    for _ in range(2):
        there.asked.clear()
        assert (await synced.sync()).outcome.is_good
        assert not any("updated_since" in one for one in there.asked)


async def test_another_prefix_than_the_portals_fails_the_run(tmp_path: Path) -> None:
    run = await source(tmp_path, portal(), api_prefix="api/v9").sync()
    assert (run.outcome, run.code) == (RunOutcome.FAILED, "http_404")
