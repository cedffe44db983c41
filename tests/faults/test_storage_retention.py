"""A year of history in minutes: its size is bounded, what something rests on stays, no clock purges it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from syncd.errors import NotFound
from syncd.model.issue import Issue
from syncd.model.run import RunOutcome
from syncd.pipeline.ask import Ask
from syncd.pipeline.history import Decision
from syncd.pipeline.upkeep import Upkeep
from syncd.rules.retention import Retention
from syncd.storage import SqlStore, open_store
from syncd.storage.tables import metadata
from tests.support.miniature import make_registry
from tests.unit.storage.opened import KINDS, emptied, opened
from tests.unit.storage.samples import (
    DAY,
    KEY_A,
    KEY_B,
    NOW,
    cells,
    draft,
    live,
    partition,
    snapshot,
    staged,
    sync,
)

FEW_DAYS = Retention(runs=10 * DAY, releases=12 * DAY, withdrawn=8 * DAY)


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    yield from opened(request.param, request, tmp_path_factory)


@pytest.fixture
def store(database: SqlStore) -> SqlStore:
    return emptied(database)


class Keeper:
    """Upkeep with a clock that is told what time it is."""

    def __init__(self, store: SqlStore, retention: Retention = FEW_DAYS) -> None:
        self.now = NOW
        self.upkeep = Upkeep(store, lambda: retention, lambda: self.now, pause_s=0)

    def run(self, now: datetime) -> Mapping[str, int]:
        self.now = now
        return asyncio.run(self.upkeep.run())


def on(day: float) -> datetime:
    return NOW + timedelta(days=day)


def end(
    store: SqlStore, day: float, outcome: RunOutcome = RunOutcome.UNCHANGED, source: str = "portal"
) -> int:
    """One run that changed no record, with a finding."""
    run_id = store.open_run(source, trigger="schedule", now=on(day))
    store.close_run(run_id, outcome=outcome, now=on(day), issues=(Issue("odd", "An odd value."),))
    return run_id


def kept_runs(store: SqlStore) -> list[int]:
    return sorted(run.run_id for run in store.runs(limit=10_000))


def rows(store: SqlStore) -> dict[str, int]:
    with store._database.read("counting") as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def text_of(day: int) -> str:
    return f"{day} " + "text of a portal " * 10


def live_a_day(store: SqlStore, day: int) -> None:
    """One record comes and one leaves, one release is published, and three times nothing happens."""
    new, old = staged(f"r{day}", text_of(day)), staged(f"r{day - 1}", text_of(day - 1))
    sync(store, snapshot([new], absent=[old] if day else []), now=on(day))
    for hour in range(1, 4):
        end(store, day + hour / 24)
    changing = {f"{i:02}": "1" for i in range(1, 17)} | {f"{day % 16 + 1:02}": text_of(day)}
    mark, _ = store.dirty_keys(on(day).date())
    store.publish(draft(partition(KEY_A, changing, covered=text_of(day)), at=on(day), dirty_up_to=mark))


@pytest.mark.fault("D17")
def test_a_year_of_history_stays_within_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "syncd.sqlite"
    sizes: dict[int, int] = {}
    counted: dict[int, dict[str, int]] = {}
    with open_store(f"sqlite:///{path}") as store:
        keeper = Keeper(store, Retention(runs=40 * DAY, releases=50 * DAY, withdrawn=30 * DAY))
        for day in range(365):
            live_a_day(store, day)
            keeper.run(on(day + 0.5))
            if day in {60, 120, 364}:
                with closing(sqlite3.connect(path)) as raw:
                    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                sizes[day], counted[day] = path.stat().st_size, rows(store)
        assert len(live(store)) == 1
        assert sizes[364] <= 1.05 * sizes[120], sizes
        steady = {name: number for name, number in counted[364].items() if name != "past_release"}
        for name, number in steady.items():
            assert number <= counted[120][name] + 20, name
        assert steady["run"] <= 4 * 41 + 10
        assert steady["record"] <= 32
        assert steady["release"] <= 52
        # Every day of the retention can still be asked for, each with all it held.
        for day in range(364 - 50, 365):
            release = store.release_at(on(day))
            assert release is not None
            assert release.published_at == on(day)
            assert len(cells(store, release.number)) == 16
        # "Since release 3" is still a day.
        assert store.published_at(3) == on(2)
        with pytest.raises(NotFound, match="release 3 is no longer kept"):
            store.release(3)


@pytest.mark.fault("D17")
def test_what_something_rests_on_outlives_its_retention(store: SqlStore) -> None:
    keeper = Keeper(store)
    sync(store, snapshot([staged("r1"), staged("r2")]))
    sync(store, snapshot(seen=1, absent=[staged("r2")]))
    first_good = kept_runs(store)
    rejected = end(store, 0.1, RunOutcome.REFUSED)
    store.decide(Decision("portal", rejected, "reject", "not ours", "somebody", on(0.2)))
    failed = end(store, 0.3, RunOutcome.FAILED)
    undecided = end(store, 0.4, RunOutcome.REFUSED)
    stale = end(store, 0.5, RunOutcome.UNCHANGED, source="quiet")
    superseded = end(store, 0.6, RunOutcome.REFUSED, source="busy")
    cut_off = store.open_run("cut-off", trigger="schedule", now=on(0.7))
    for day in range(40):
        end(store, day + 0.8, source="busy")
        keeper.run(on(day + 0.9))
    kept = kept_runs(store)
    assert set(first_good) <= set(kept), "the last good run, and what limits are measured by"
    assert {rejected, undecided, stale, cut_off} <= set(kept)
    assert failed not in kept
    assert superseded not in kept
    busy = store.runs(source_id="busy", limit=1_000)
    assert 10 <= len(busy) <= 12
    # A record withdrawn long ago is gone, the others are not; it may come back as a new one.
    assert rows(store)["record"] == rows(store)["record_key"] == 1
    delta = sync(store, snapshot([staged("r2")], seen=1), now=on(41))
    assert delta.added == 1
    assert set(live(store)) == {"r1", "r2"}


@pytest.mark.fault("D17")
def test_the_ten_newest_good_runs_stay_because_limits_are_measured_by_them(store: SqlStore) -> None:
    keeper = Keeper(store)
    good = [end(store, i / 24) for i in range(15)]
    for day in range(1, 30):
        keeper.run(on(day))
    assert kept_runs(store) == good[5:]


@pytest.mark.fault("D17")
def test_the_current_release_stays_and_with_it_all_later_instants(store: SqlStore) -> None:
    keeper = Keeper(store)
    keeper.run(on(0))
    areas = {"01": "1", "02": "1"}
    store.publish(draft(partition(KEY_A, areas), partition(KEY_B, areas), at=on(0.1)))
    store.publish(draft(partition(KEY_A, {"01": "2"}), at=on(0.2)))
    store.publish(draft(partition(KEY_A, {"01": "3"}), at=on(0.3)))
    for day in range(1, 40):
        keeper.run(on(day))
    assert [release.number for release in store.releases()] == [3]
    assert cells(store, 3) == [(KEY_A, "01", "3"), (KEY_B, "01", "1"), (KEY_B, "02", "1")]
    assert [change.kind for change in store.changes(3, limit=9)] == ["changed"]
    assert store.release_at(on(39)) == store.release(3)
    assert store.published_at(1) == on(0.1)
    assert store.published_at(4) is None
    for read in (store.partitions, store.entries, store.coverage):
        with pytest.raises(NotFound, match="release 2 is no longer kept"):
            list(read(2))
    for number in (0, 4):
        with pytest.raises(NotFound, match=f"there is no release {number}"):
            store.release(number)


@pytest.mark.fault("C2", "D17")
def test_a_clock_ten_years_ahead_purges_nothing_even_if_runs_were_stamped_by_it(store: SqlStore) -> None:
    keeper = Keeper(store)
    for day in range(12):
        live_a_day(store, day)
        keeper.run(on(day + 0.5))
    before = rows(store), kept_runs(store)
    for leap in (3_652, -3_652, 365, 0):
        end(store, 12 + leap)
        store.publish(draft(partition(KEY_B, {"01": str(leap)}), at=on(12 + leap)))
        for _ in range(3):
            keeper.upkeep._done_on = None
            keeper.run(on(12.5 + leap))
    after = rows(store), kept_runs(store)
    lost = [run_id for run_id in before[1] if run_id not in after[1]]
    # The four days on which the clock stood elsewhere are four days of upkeep, not ten years.
    assert len(lost) <= 4 * 4
    assert after[0]["release"] >= before[0]["release"]
    assert after[0]["record"] >= before[0]["record"] - 4


@pytest.mark.fault("D17")
def test_others_write_and_read_while_a_backlog_is_removed(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.pipeline.upkeep.BITE", 2)
    keeper = Keeper(store)
    for number in range(60):
        end(store, number / 100)
    for day in range(1, 11):
        keeper.run(on(day))
    keeper.upkeep.pause_s, keeper.now = 0.2, on(11)

    async def meanwhile() -> bool:
        upkeep = asyncio.create_task(keeper.upkeep.run())
        while len(kept_runs(store)) > 55:  # noqa: ASYNC110 - looks from outside
            await asyncio.sleep(0.01)
        delta = await asyncio.to_thread(sync, store, snapshot([staged("new")]), now=on(11))
        assert delta.added == 1
        return not upkeep.done() and await upkeep == {"runs": 51, "withdrawn": 0}

    assert asyncio.run(meanwhile())
    assert live(store)
    assert len(kept_runs(store)) == 10


@pytest.mark.fault("D17")
def test_an_instant_that_is_no_longer_kept_is_told_apart_from_one_before_the_first(store: SqlStore) -> None:
    keeper = Keeper(store)
    for day in range(30):
        store.publish(draft(partition(KEY_A, {"01": str(day)}), at=on(day)))
        keeper.run(on(day + 0.5))
    use_case = Ask(store, make_registry(), lambda: on(30))
    with pytest.raises(NotFound, match="is no longer kept") as caught:
        use_case.view(at=on(3))
    assert caught.value.code == "no_release"
    with pytest.raises(NotFound, match="nothing was published before"):
        use_case.view(at=on(-1))
    assert use_case.view(at=on(20)).release.published_at == on(20)


@pytest.mark.fault("D17")
def test_a_backlog_is_removed_in_bites_and_goes_on_where_it_stopped(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.pipeline.upkeep.BITE", 5)
    monkeypatch.setattr("syncd.pipeline.upkeep.BITES", 2)
    for number in range(45):
        end(store, number / 100)
    keeper = Keeper(store)
    for day in range(1, 11):
        assert not any(keeper.run(on(day)).values())
    assert keeper.run(on(11)) == {"runs": 10, "withdrawn": 0}
    assert keeper.run(on(11.1)) == {"runs": 10, "withdrawn": 0}
    assert keeper.run(on(11.2)) == {"runs": 10, "withdrawn": 0}
    assert keeper.run(on(11.3)) == {"runs": 5, "withdrawn": 0}
    assert keeper.run(on(11.4)) == {}
    assert len(kept_runs(store)) == 10
