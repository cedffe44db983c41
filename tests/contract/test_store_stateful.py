"""T1 against a dictionary: whatever portals do and in whatever order, the bucket is what the model says."""

from __future__ import annotations

import itertools
import random
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from syncd.model.run import RunOutcome
from syncd.pipeline.ports import StagedRecord, StagedSnapshot
from syncd.storage import SqlStore
from tests.unit.storage.opened import KINDS, emptied, opened
from tests.unit.storage.samples import NOW, draft, live, snapshot, staged, sync

TODAY = date(2026, 11, 22)
IDS = st.sampled_from([f"id{i}" for i in range(6)])
VERSIONS = st.sampled_from("1234")
KEYS = st.sets(st.sampled_from(["99001001000000", "99001002000000", "local:p:x"]), min_size=1, max_size=2)


@pytest.fixture(scope="module", params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    yield from opened(request.param, request, tmp_path_factory)


class Portal(RuleBasedStateMachine):
    """A portal that adds, changes, rewrites, doubles and drops records, and syncs in between."""

    store: SqlStore
    numbers = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        emptied(self.store)
        self.source_id = f"portal {next(self.numbers)}"
        self.shown: list[StagedRecord] = []
        """What the portal lists now, doubles included."""
        self.expected: dict[str, StagedRecord] = {}
        """Live records as they must be stored."""
        self.last: tuple[StagedSnapshot, bool] | None = None
        self.folder = tempfile.TemporaryDirectory(prefix="syncd-test-")

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(native_id=IDS, raw=VERSIONS, content=VERSIONS, keys=KEYS)
    def show(self, native_id: str, raw: str, content: str, keys: set[str]) -> None:
        """Add a record, change it, or show a double of it."""
        # The same bytes always mean the same, so the meaning is part of the bytes.
        raw = f"{raw} {content} {sorted(keys)}"
        self.shown.append(staged(native_id, raw, content=content, keys=sorted(keys)))

    @precondition(lambda self: self.shown)
    @rule(data=st.data())
    def replace(self, data: st.DataObject) -> None:
        """Show another version in place of a record."""
        old = data.draw(st.sampled_from(self.shown))
        self.shown.remove(old)
        self.show(old.native_id, data.draw(VERSIONS), data.draw(VERSIONS), data.draw(KEYS))

    @precondition(lambda self: self.shown)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        """Stop listing a record."""
        self.shown.remove(data.draw(st.sampled_from(self.shown)))

    @rule(seed=st.integers(0, 1000), withdraw=st.booleans(), reparse=st.booleans())
    def sync(self, seed: int, withdraw: bool, reparse: bool) -> None:
        """Bring the bucket up to date, as ingest does, with the records in any order."""
        order = list(self.shown)
        random.Random(seed).shuffle(order)
        stored_hashes = self._known()
        occurring = {record.raw_hash for record in order}
        new = [record for record in order if reparse or record.raw_hash not in stored_hashes]
        absent = [hash_ for hash_ in stored_hashes if hash_ not in occurring]
        taken = snapshot(new, seen=len(order) - len(new), source_id=self.source_id)
        object.__setattr__(taken, "absent_hashes", b"".join(absent))
        self._forget_marks()
        before = dict(self.expected)
        winners: dict[str, StagedRecord] = {}
        for record in sorted(order, key=lambda record: record.raw_hash, reverse=True):
            winners[record.native_id] = record
        if withdraw:
            self.expected = {}
        for native_id, record in winners.items():
            old = before.get(native_id)
            rewritten = old is not None and old.content_hash == record.content_hash
            # Other bytes with the same meaning keep the payload that is stored.
            kept = old.payload if old is not None and rewritten else record.payload
            self.expected[native_id] = StagedRecord(
                native_id, record.raw_hash, record.content_hash, record.service_keys, kept
            )
        delta = sync(self.store, taken, withdraw=withdraw)
        # A snapshot does not say which double was stored before it, so that one is replayed by a new sync.
        self.last = (taken, withdraw) if len(winners) == len(order) else None
        assert delta.stored == len(before)
        assert delta.added == len(winners.keys() - before.keys())
        assert delta.withdrawn == len(before.keys() - winners.keys())
        changed = {i for i, r in before.items() if i in winners and winners[i].content_hash != r.content_hash}
        assert delta.changed == len(changed)
        touched = changed | (before.keys() ^ self.expected.keys())
        both = (before.get(i) for i in touched), (self.expected.get(i) for i in touched)
        marked = {key for record in itertools.chain(*both) if record for key in record.service_keys}
        assert marked <= set(self.store.dirty_keys(TODAY)[1])

    @precondition(lambda self: self.shown)
    @rule(seed=st.integers(0, 1000))
    def sync_again(self, seed: int) -> None:
        """Sync twice in a row: the second run finds nothing to do."""
        self.sync(seed, withdraw=True, reparse=False)
        self.sync(seed + 1, withdraw=True, reparse=False)
        assert self.store.dirty_keys(TODAY)[1] == ()

    @precondition(lambda self: self.last is not None)
    @rule()
    def replay(self) -> None:
        """Store the last snapshot once more: nothing may change."""
        assert self.last is not None
        self._forget_marks()
        taken, withdraw = self.last
        sync(self.store, taken, withdraw=withdraw)
        assert self.store.dirty_keys(TODAY)[1] == ()

    @rule(outcome=st.sampled_from([RunOutcome.FAILED, RunOutcome.REFUSED, RunOutcome.INTERRUPTED]))
    def fail(self, outcome: RunOutcome) -> None:
        """A run that brings nothing."""
        run_id = self.store.open_run(self.source_id, trigger="test", now=NOW)
        self.store.close_run(run_id, outcome=outcome, now=NOW)

    @invariant()
    def bucket_is_as_expected(self) -> None:
        assert live(self.store, self.source_id) == {i: r.payload for i, r in self.expected.items()}
        assert self._known() == sorted(record.raw_hash for record in self.expected.values())
        assert self.store.source_state(self.source_id).records == len(self.expected)
        found: dict[str, set[str]] = {}
        for key, records in self.store.partition_records(tuple(self.store.all_service_keys())):
            for record in records:
                found.setdefault(record.native_id, set()).add(key)
        assert found == {i: set(r.service_keys) for i, r in self.expected.items()}

    def _known(self) -> list[bytes]:
        path = Path(self.folder.name) / "known"
        self.store.write_known_hashes(self.source_id, path)
        data = path.read_bytes()
        return [data[at : at + 16] for at in range(0, len(data), 16)]

    def _forget_marks(self) -> None:
        mark, _ = self.store.dirty_keys(TODAY)
        self.store.publish(draft(dirty_up_to=mark))


@pytest.mark.fault("D7", "S21")
def test_the_bucket_follows_the_model(store: SqlStore) -> None:
    machine = type("PortalOfThisStore", (Portal,), {"store": store})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
