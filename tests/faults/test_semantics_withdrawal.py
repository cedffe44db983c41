"""Absence in one answer never removes anything: missing, grace, withdrawal, holds, and how they end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.model.run import RunOutcome
from syncd.rules.accept import AcceptLimits
from syncd.storage import open_store
from tests.support.portal import Portal, lines


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    with open_store(f"sqlite:///{tmp_path}/syncd.sqlite") as store:
        portal = Portal(store, tmp_path)
        portal.sync(lines(range(100)))
        yield portal


@pytest.mark.fault("S2", "S15")
def test_one_absent_record_stays_until_three_listings_and_a_day_have_passed(portal: Portal) -> None:
    first = portal.sync(lines(range(99)))
    assert (first.outcome, first.code) == (RunOutcome.UNCHANGED, "records_missing")
    assert (portal.live, portal.missing) == (100, 1)
    for _ in range(3):  # 6, 12 and 18 hours after the first: enough listings, too little time
        portal.sync()
        assert (portal.live, portal.missing) == (100, 1)
    last = portal.sync()
    assert (last.outcome, last.counts.withdrawn) == (RunOutcome.ACCEPTED, 1)
    assert (portal.live, portal.missing) == (99, 0)
    after = portal.sync()
    assert (after.outcome, after.code) == (RunOutcome.UNCHANGED, "unchanged")


@pytest.mark.fault("S2")
def test_time_alone_withdraws_nothing(portal: Portal) -> None:
    portal.sync(lines(range(99)))
    portal.sync(after=100)
    assert portal.live == 100
    assert portal.sync(after=1).counts.withdrawn == 1


@pytest.mark.fault("S15")
def test_a_record_that_is_back_starts_anew(portal: Portal) -> None:
    portal.sync(lines(range(99)))
    portal.sync(after=30)
    portal.sync(lines(range(100)), after=30)
    assert portal.missing == 0
    portal.sync(lines(range(99)), after=30)
    portal.sync(after=30)
    assert (portal.live, portal.missing) == (100, 1)


@pytest.mark.fault("S15", "N1")
def test_only_proven_listings_count(portal: Portal) -> None:
    portal.sync(lines(range(99)))
    portal.framed = False
    assert {portal.sync(after=30).code for _ in range(5)} == {"absent_records_kept"}
    assert (portal.live, portal.missing) == (100, 1)


@pytest.mark.fault("S15")
def test_a_listing_first_seen_without_proof_counts_once_it_is_proven(portal: Portal) -> None:
    portal.framed = False
    for _ in range(2):
        portal.sync(lines(range(99)))
        assert portal.missing == 0
    portal.framed = True
    first = portal.sync()
    assert (first.code, portal.missing) == ("records_missing", 1)
    portal.sync(after=12)
    assert portal.sync(after=12).counts.withdrawn == 1
    assert portal.live == 99


@pytest.mark.fault("S6", "S15")
def test_a_record_that_was_away_long_ago_goes_missing_like_any_other(portal: Portal) -> None:
    portal.sync(lines(range(99)))
    portal.sync(lines(range(100)))
    portal.sync(lines(range(99)), after=8 * 24)
    assert portal.missing == 1
    portal.sync(after=12)
    assert portal.sync(after=12).counts.withdrawn == 1


@pytest.mark.fault("S1")
def test_an_empty_list_removes_nothing_however_long_it_stays(portal: Portal) -> None:
    for _ in range(10):
        run = portal.sync([], after=24)
        assert (run.outcome, run.code) == (RunOutcome.REFUSED, "empty_snapshot")
    assert (portal.live, portal.missing) == (100, 0)


@pytest.mark.fault("S2")
def test_a_large_loss_is_held_and_an_operator_ends_the_hold(portal: Portal) -> None:
    run = portal.sync(lines(range(70)))
    assert (run.outcome, run.code) == (RunOutcome.REFUSED, "snapshot_shrunken")
    assert (portal.live, portal.missing) == (100, 0)
    assert portal.sync(accept_loss="the portal was cleared up").counts.withdrawn == 30
    assert portal.live == 70
    # What an operator has accepted counts against no later run.
    for kept in range(69, 59, -1):
        assert portal.sync(lines(range(kept))).outcome.is_good


@pytest.mark.fault("S2")
def test_the_same_content_over_three_days_ends_a_hold(portal: Portal) -> None:
    for _ in range(3):
        assert portal.sync(lines(range(70)), after=24).outcome is RunOutcome.REFUSED
    run = portal.sync(after=24)
    assert (run.outcome, run.code) == (RunOutcome.ACCEPTED, "accepted_after_repeats")
    assert portal.live == 70
    assert portal.sync().outcome is RunOutcome.UNCHANGED


@pytest.mark.fault("S2")
def test_another_content_in_between_starts_the_three_days_anew(portal: Portal) -> None:
    portal.sync(lines(range(70)), after=24)
    portal.sync(lines(range(71)), after=24)
    for _ in range(3):
        assert portal.sync(lines(range(70)), after=24).outcome is RunOutcome.REFUSED


@pytest.mark.fault("S2")
def test_half_of_the_records_leave_only_by_an_operator(portal: Portal) -> None:
    for _ in range(10):
        assert portal.sync(lines(range(50)), after=24).outcome is RunOutcome.REFUSED


@pytest.mark.fault("S3")
def test_a_slow_bleed_is_held_at_a_fifth_of_the_bucket(portal: Portal) -> None:
    codes = [portal.sync(lines(range(96 - 4 * n)), after=12).code for n in range(10)]
    assert "losses_add_up" in codes or "fewer_than_usual" in codes
    assert portal.live >= 80


@pytest.mark.fault("S3")
def test_losses_add_up_over_seven_days(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/syncd.sqlite") as store:
        portal = Portal(store, tmp_path)
        portal.configure(limits=AcceptLimits(min_usual_percent=0))
        portal.sync(lines(range(100)))
        runs = [portal.sync(lines(range(100 - 4 * n)), after=12) for n in range(1, 8)]
        assert [run.code for run in runs[-2:]] == ["losses_add_up"] * 2
        assert runs[-3].outcome.is_good
        assert portal.live + 0 >= 80


@pytest.mark.fault("S4")
def test_a_record_that_comes_and_goes_is_reported_and_never_leaves(portal: Portal) -> None:
    last = 0
    for _ in range(3):
        last = portal.sync(lines(range(99)), after=12).run_id
        assert portal.live == 100
        portal.sync(lines(range(100)), after=12)
    _, _, issues, counts = portal.store.run(last)
    assert counts["flapping"] == 1
    assert [issue.where for issue in issues if issue.code == "flapping"] == ["r99"]


@pytest.mark.fault("S2", "C1")
def test_after_a_long_stop_no_more_leave_at_once_than_in_any_run(portal: Portal) -> None:
    for kept in (93, 86):
        portal.sync(lines(range(kept)), after=2)
    portal.sync(after=2)
    portal.sync(after=200)
    assert portal.live >= 90
    portal.sync(after=2)
    assert portal.live == 86


@pytest.mark.fault("S22")
def test_a_feed_ten_times_as_long_is_held(portal: Portal) -> None:
    run = portal.sync(lines(range(1000)))
    assert (run.outcome, run.code) == (RunOutcome.REFUSED, "snapshot_grown")
    assert portal.live == 100
