"""What tells since when something is said, on both databases; what an upgrade makes of old entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from syncd.model.entry import Attention
from syncd.pipeline.ports import EntryRow, PartitionResult
from syncd.storage import SqlStore, schema
from tests.support.miniature import NOW, bund_claims, stand_up
from tests.unit.storage.opened import KINDS, emptied, opened
from tests.unit.storage.samples import KEY_A, KEY_B, draft, entry, partition


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    yield from opened(request.param, request, tmp_path_factory)


@pytest.fixture
def store(database: SqlStore) -> SqlStore:
    return emptied(database)


def with_attention(service_key: str, version: str, *rows: tuple[str, Attention]) -> PartitionResult:
    """A partition whose entries somebody may want to look at."""
    plain = partition(service_key, {area: version for area, _ in rows})
    made = tuple(replace(entry(service_key, area, version), attention=int(bits)) for area, bits in rows)
    return replace(plain, entries=made)


def test_entries_are_found_by_what_they_need(store: SqlStore) -> None:
    open_, decided, pinned = Attention.OPEN, Attention.DECIDED, Attention.PINNED
    store.publish(
        draft(with_attention(KEY_A, "1", ("06", open_), ("07", Attention(0)), ("08", open_ | pinned)))
    )
    store.publish(draft(with_attention(KEY_B, "2", ("06", decided))))

    def found(release: int, attention: int, **more: object) -> list[tuple[str, str]]:
        rows = store.entries(release, attention=attention, **more)  # type: ignore[arg-type]
        return [(row.service_key, row.area_code) for row in rows]

    assert found(2, open_) == [(KEY_A, "06"), (KEY_A, "08")]
    assert found(2, pinned) == [(KEY_A, "08")]
    assert found(2, decided | pinned) == [(KEY_A, "08"), (KEY_B, "06")]
    assert found(1, decided | pinned) == [(KEY_A, "08")]
    assert found(2, open_, after=(KEY_A, "06")) == [(KEY_A, "08")]
    assert found(2, 0) == [(KEY_A, "06"), (KEY_A, "07"), (KEY_A, "08"), (KEY_B, "06")]


def test_entries_are_found_by_their_rung(store: SqlStore) -> None:
    rungs = {"06": 1, "07": 5, "08": 7}
    made = tuple(replace(entry(KEY_A, area, "1"), evidence=rung) for area, rung in rungs.items())
    store.publish(draft(replace(partition(KEY_A, dict.fromkeys(rungs, "1")), entries=made)))
    store.publish(draft(partition(KEY_A, dict.fromkeys(rungs, "2"))))
    for minimum, codes in ((0, ["06", "07", "08"]), (5, ["07", "08"]), (6, ["08"])):
        assert [row.area_code for row in store.entries(1, minimum=minimum)] == codes


def test_versions_of_an_entry_come_newest_first(store: SqlStore) -> None:
    for version in ("1", "2", "3"):
        store.publish(draft(partition(KEY_A, {"06": version})))
    store.publish(draft(partition(KEY_A, {})))

    def versions(up_to: int) -> list[tuple[int, int | None]]:
        return [(r.from_release, r.to_release) for r in store.entry_versions(KEY_A, "06", up_to=up_to)]

    assert versions(4) == [(3, 4), (2, 3), (1, 2)]
    assert versions(2) == [(2, 3), (1, 2)]
    assert list(store.entry_versions(KEY_B, "06", up_to=4)) == []


def test_a_record_leaves_a_trace(store: SqlStore, tmp_path: Path) -> None:
    miniature = stand_up(store, tmp_path)
    traces = store.record_traces([("bund", "B1"), ("bund", "B2"), ("kreis-aue", "A1"), ("bund", "none")])
    assert traces.keys() == {("bund", "B1"), ("bund", "B2"), ("kreis-aue", "A1")}
    first = traces["bund", "B1"]
    assert first.first_seen_at == first.changed_at == NOW - timedelta(minutes=5)
    assert first.first_run_id == first.last_run_id
    one, two = bund_claims()
    miniature.clock.forward(hours=1)
    run_id = miniature.say("bund", (replace(one, title="Anders"),))
    traces = store.record_traces([("bund", "B1"), ("bund", two.native_id)])
    assert traces["bund", "B1"].changed_at == NOW + timedelta(hours=1)
    assert traces["bund", "B1"].last_run_id == run_id
    assert traces["bund", "B1"].first_seen_at == first.first_seen_at
    assert traces["bund", "B2"].withdrawn_at == NOW + timedelta(hours=1)


def test_an_upgrade_finds_the_conflicts_that_are_stored(store: SqlStore) -> None:
    def stored(area: str, payload: bytes) -> EntryRow:
        return replace(entry(KEY_A, area), payload=payload, digest=payload.ljust(32, b".")[:32])

    rows = (
        stored("06", b'{"area":"06","conflicts":["authority"],"title":"x"}'),
        stored("07", b'{"area":"07","conflicts":[],"title":"x"}'),
        stored("08", b'{"area":"08","conflicts":[],"title":"\\"conflicts\\":[\\"authority\\"]"}'),
        stored("09", b'{"area":"09","conflicts":["authority"],"title":"\\"conflicts\\":[]"}'),
    )
    store.publish(draft(replace(partition(KEY_A, {}), entries=rows)))
    revision = ScriptDirectory(str(schema.MIGRATIONS)).get_revision("0007")
    assert revision is not None
    with (
        store._database.write("migrating") as connection,
        Operations.context(MigrationContext.configure(connection)),
    ):
        revision.module.downgrade()
        revision.module.upgrade()
    found = {row.area_code: row.attention for row in store.entries(1)}
    assert found == {"06": 1, "07": 0, "08": 0, "09": 1}
