"""Bar B7: whatever a portal does in whatever order, the live set never falls faster than the limits allow.

Random sequences of faults against the real use case on SQLite. The model keeps nothing but what the portal
showed in good runs, and the figures of the fault study.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import hypothesis.strategies as st
import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from syncd.model.run import Run, RunOutcome
from syncd.storage import SqlStore, open_store
from tests.support.portal import Portal, lines

WEEK = timedelta(days=7)
HOURS = st.sampled_from([1, 6, 12, 24, 60])


class Faults(RuleBasedStateMachine):
    """One portal and what may go wrong with it."""

    store: ClassVar[SqlStore]
    folder: ClassVar[Path]
    number = itertools.count()

    @initialize(size=st.integers(20, 120))
    def begin(self, size: int) -> None:
        number = next(self.number)
        folder = self.folder / str(number)
        folder.mkdir()
        self.portal = Portal(self.store, folder, source_id=f"portal-{number}")
        self.listed = set(range(size))
        self.next_id = size
        self.earlier: list[set[int]] = [set(self.listed)]
        self.live: set[int] = set()
        self.past: list[tuple[datetime, int]] = []
        self.absent: dict[int, tuple[int, datetime]] = {}
        self.run(self.listed, 1)

    @rule(hours=HOURS, framed=st.booleans())
    def nothing_new(self, hours: int, framed: bool) -> None:
        self.run(self.listed, hours, framed=framed)

    @rule(hours=HOURS)
    def long_quiet(self, hours: int) -> None:
        for _ in range(3):
            self.run(self.listed, hours)

    @rule(
        hours=HOURS,
        share=st.sampled_from([0.0, 0.04, 0.09, 0.3, 0.6]),
        data=st.randoms(use_true_random=False),
    )
    def loss(self, hours: int, share: float, data: object) -> None:
        count = max(1, int(len(self.listed) * share))
        order = sorted(self.listed)
        data.shuffle(order)  # type: ignore[attr-defined]
        self.listed = set(order[count:])
        self.run(self.listed, hours)

    @rule(hours=st.sampled_from([6, 12]))
    def slow_bleed(self, hours: int) -> None:
        for _ in range(8):
            self._lose(max(1, len(self.listed) // 25))
            self.run(self.listed, hours)

    @rule(share=st.sampled_from([0.05, 0.08]))
    def long_stop(self, share: float) -> None:
        """Several losses within hours; then nothing runs for days, and all of them fall due together."""
        for _ in range(2):
            self._lose(int(len(self.listed) * share))
            self.run(self.listed, 1)
        self.run(self.listed, 1)
        for _ in range(3):
            self.run(self.listed, 40)

    def _lose(self, count: int) -> None:
        self.listed = set(sorted(self.listed)[count:])

    @rule(hours=HOURS)
    def empty(self, hours: int) -> None:
        assert self.run(set(), hours).outcome is RunOutcome.REFUSED

    @rule(hours=HOURS)
    def swap(self, hours: int) -> None:
        self.run({10_000 + i for i in range(min(len(self.listed), 600) or 1)}, hours)

    @rule(hours=HOURS, pick=st.integers(0, 50))
    def replay(self, hours: int, pick: int) -> None:
        self.run(self.earlier[pick % len(self.earlier)], hours)

    @rule(hours=HOURS, pick=st.integers(0, 50))
    def restored(self, hours: int, pick: int) -> None:
        self.listed = set(self.earlier[pick % len(self.earlier)])
        self.run(self.listed, hours)

    @rule(hours=HOURS, count=st.sampled_from([1, 10, 400]))
    def growth(self, hours: int, count: int) -> None:
        self.listed |= set(range(self.next_id, self.next_id + count))
        self.next_id += count
        self.run(self.listed, hours)

    @rule(hours=HOURS)
    def flap(self, hours: int) -> None:
        if len(self.listed) > 1:
            self.run(self.listed - {min(self.listed)}, hours)
            self.run(self.listed, hours)

    def run(self, listing: set[int], hours: int, *, framed: bool = True) -> Run:
        before = self.live
        self.portal.framed = framed
        run = self.portal.sync(lines(sorted(listing)), after=hours)
        self.live = self._live()
        left, now = before - self.live, self.portal.clock.now
        if not run.outcome.is_good:
            assert self.live == before, "a run that is not good changes nothing"
            return run
        self.earlier.append(set(listing))
        assert not left & listing, "what is listed never leaves"
        assert run.counts.withdrawn == len(left)
        if run.code == "accepted_after_repeats":
            self.past.clear()
            self.absent.clear()
        else:
            self._judge(before, listing, left, now, framed=framed)
        self.past.append((now, len(self.live)))
        return run

    def _judge(
        self, before: set[int], listing: set[int], left: set[int], now: datetime, *, framed: bool
    ) -> None:
        allowed = max(5, len(before) // 10)
        assert len(left) <= allowed
        for then, count in self.past:
            if now - then <= WEEK:
                assert count - len(self.live) <= max(5, 0.2 * count)
        self.absent = {i: seen for i, seen in self.absent.items() if i not in listing}
        if not framed:
            assert not left
            return
        for one in before - listing:
            runs, since = self.absent.get(one, (0, now))
            self.absent[one] = runs + 1, since
        due = {
            one
            for one, (runs, since) in self.absent.items()
            if runs >= 3 and now - since >= timedelta(hours=24)
        }
        assert left <= due, "nothing leaves before its grace is over"
        assert len(left) == min(len(due), allowed), "and nothing stays for ever"
        for one in left:
            del self.absent[one]

    def _live(self) -> set[int]:
        ids = [f"r{i}" for i in range(self.next_id)] + [f"r{10_000 + i}" for i in range(600)]
        found = self.store.records_of(self.portal.source_id, ids)
        assert len(found) == self.portal.live
        return {int(one.native_id[1:]) for one in found}


@contextmanager
def quiet_logs() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    try:
        yield
    finally:
        structlog.configure(**before)


def play(sequences: int, steps: int) -> None:
    with tempfile.TemporaryDirectory() as folder, quiet_logs():
        Faults.folder = Path(folder)
        with open_store(f"sqlite:///{folder}/syncd.sqlite") as Faults.store:
            run_state_machine_as_test(
                Faults,
                settings=settings(
                    max_examples=sequences,
                    stateful_step_count=steps,
                    deadline=None,
                    derandomize=True,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )


@pytest.mark.fault("S1", "S2", "S3", "S4", "S5", "S6", "S15", "S22")
@pytest.mark.timeout(300)
def test_no_sequence_of_faults_empties_the_catalogue() -> None:
    play(60, 6)


@pytest.mark.nightly
@pytest.mark.fault("S1", "S2", "S3", "S4", "S5", "S15", "S22")
@pytest.mark.timeout(3_600)
def test_two_thousand_sequences_of_faults() -> None:
    play(2_000, 30)
