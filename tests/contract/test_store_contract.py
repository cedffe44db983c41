"""Runs, states of sources, registers, kept inputs: the same promises on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from syncd.errors import InvariantViolated, NotFound, StorageError
from syncd.model.area import Area, AreaKey, AreaKind
from syncd.model.issue import Issue, Severity
from syncd.model.run import RunCounts, RunOutcome, SourceState
from syncd.pipeline.ports import DocumentNote, Store
from syncd.pipeline.unit_of_work import OPEN
from syncd.storage import SqlStore
from tests.unit.storage.opened import KINDS, emptied, opened
from tests.unit.storage.samples import DAY, NOW, draft, partition, snapshot, staged, sync

NOTE = DocumentNote(
    name="list",
    etag='"a"',
    last_modified=None,
    validator="sha256:1",
    sha256="1" * 64,
    size=5_000_000_000,
    stored_path="portal/list",
    content_type="text/csv",
    charset="utf-8",
)


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    yield from opened(request.param, request, tmp_path_factory)


@pytest.fixture
def store(database: SqlStore) -> SqlStore:
    return emptied(database)


def test_the_store_meets_its_port(store: SqlStore) -> None:
    port: Store = store
    port.ping()


def test_an_unknown_source_has_an_empty_state(store: SqlStore) -> None:
    assert store.source_state("nobody") == SourceState("nobody")
    assert store.source_states() == {}
    assert store.documents("nobody") == {}


def test_an_open_run_shows_as_running(store: SqlStore) -> None:
    run_id = store.open_run("portal", trigger="operator", now=NOW)
    run, details, issues, issue_counts = store.run(run_id)
    assert (run.outcome, run.trigger, run.started_at, run.ended_at) == (
        RunOutcome.RUNNING,
        "operator",
        NOW,
        None,
    )
    assert (details, issues, issue_counts) == ({}, (), {})
    assert store.source_state("portal").last_run == run


def test_a_closed_run_keeps_what_it_was_told(store: SqlStore) -> None:
    run_id = store.open_run("portal", trigger="schedule", now=NOW)
    issues = (
        Issue("b", "second code first", "record 2", "x", Severity.NOTE, "look"),
        Issue("a", "first code second", "record 1", "y", Severity.ERROR),
    )
    store.close_run(
        run_id,
        outcome=RunOutcome.REFUSED,
        now=NOW + DAY,
        counts=RunCounts(received=9, withdrawn=8),
        code="snapshot_shrunken",
        reason="8 of 9 are missing.",
        fix="Compare.",
        issues=issues,
        issue_counts={"a": 1, "b": 700},
        details={"nested": {"list": [1, None, "ü"]}},
    )
    run, details, kept, issue_counts = store.run(run_id)
    assert (run.outcome, run.code, run.reason, run.fix) == (
        RunOutcome.REFUSED,
        "snapshot_shrunken",
        "8 of 9 are missing.",
        "Compare.",
    )
    assert run.counts == RunCounts(received=9, withdrawn=8)
    assert run.ended_at == NOW + DAY
    assert details == {"nested": {"list": [1, None, "ü"]}}
    assert kept == issues
    assert issue_counts == {"a": 1, "b": 700}


def test_good_runs_renew_the_age_and_bad_ones_only_count(store: SqlStore) -> None:
    def close(outcome: RunOutcome, at: datetime) -> int:
        run_id = store.open_run("portal", trigger="test", now=at)
        store.close_run(run_id, outcome=outcome, now=at)
        return run_id

    good = close(RunOutcome.UNCHANGED, NOW)
    close(RunOutcome.FAILED, NOW + DAY)
    last = close(RunOutcome.REFUSED, NOW + 2 * DAY)
    state = store.source_state("portal")
    assert (state.last_good_at, state.last_good_run_id, state.consecutive_failures) == (NOW, good, 2)
    assert state.last_run is not None
    assert state.last_run.run_id == last
    renewed = close(RunOutcome.UNCHANGED, NOW + 3 * DAY)
    state = store.source_states()["portal"]
    assert (state.last_good_at, state.last_good_run_id) == (NOW + 3 * DAY, renewed)
    assert state.consecutive_failures == 0


def test_closing_twice_is_harmless_but_another_end_is_a_bug(store: SqlStore) -> None:
    run_id = store.open_run("portal", trigger="test", now=NOW)
    for _ in range(2):
        store.close_run(run_id, outcome=RunOutcome.FAILED, now=NOW, issues=(Issue("a", "m"),))
    assert store.source_state("portal").consecutive_failures == 1
    assert len(store.run(run_id)[2]) == 1
    with pytest.raises(InvariantViolated, match="ended as failed"):
        store.close_run(run_id, outcome=RunOutcome.UNCHANGED, now=NOW)
    with pytest.raises(InvariantViolated, match="does not exist"):
        store.close_run(run_id + 1, outcome=RunOutcome.FAILED, now=NOW)
    with pytest.raises(InvariantViolated, match="without its snapshot"):
        store.close_run(run_id, outcome=RunOutcome.ACCEPTED, now=NOW)


@pytest.mark.fault("C8")
def test_runs_left_open_are_interrupted_once(store: SqlStore) -> None:
    done = store.open_run("a", trigger="test", now=NOW)
    store.close_run(done, outcome=RunOutcome.FAILED, now=NOW)
    left = [store.open_run(source, trigger="test", now=NOW) for source in ("b", "a")]
    assert store.open_runs() == ("a", "b")
    assert store.interrupt_open_runs(now=NOW + DAY) == ("a", "b")
    assert store.open_runs() == ()
    assert store.interrupt_open_runs(now=NOW + 2 * DAY) == ()
    run = store.run(left[0])[0]
    assert (run.outcome, run.code, run.ended_at) == (RunOutcome.INTERRUPTED, "interrupted", NOW + DAY)
    assert run.reason
    assert run.fix
    assert store.source_state("b").consecutive_failures == 0


@pytest.mark.fault("C8", "D5")
def test_a_run_whose_end_could_not_be_written_ends_with_the_next_one_of_its_source(store: SqlStore) -> None:
    """The database was away when it ended: nobody else will ever end it, and the daemon lives on."""
    left, other = (store.open_run(source, trigger="test", now=NOW) for source in ("a", "b"))
    following = store.open_run("a", trigger="test", now=NOW + DAY)
    run = store.run(left)[0]
    assert (run.outcome, run.code, run.ended_at) == (RunOutcome.INTERRUPTED, "interrupted", NOW + DAY)
    assert "never written" in run.reason
    assert store.run(other)[0].outcome is store.run(following)[0].outcome is RunOutcome.RUNNING
    assert store.source_state("a").last_run == store.run(following)[0]
    assert store.interrupt_open_runs(now=NOW + 2 * DAY, source_id="b") == ("b",)
    assert store.open_runs() == ("a",)


def test_a_run_given_up_cannot_come_back(store: SqlStore) -> None:
    run_id = store.open_run("portal", trigger="test", now=NOW)
    store.interrupt_open_runs(now=NOW)
    with pytest.raises(StorageError, match="given up"):
        store.close_run(run_id, outcome=RunOutcome.FAILED, now=NOW)


def test_interrupted_never_overrules_another_end(store: SqlStore) -> None:
    sync(store, snapshot([staged("a")]))
    accepted = store.runs()[0]
    store.close_run(accepted.run_id, outcome=RunOutcome.INTERRUPTED, now=NOW + DAY)
    assert store.run(accepted.run_id)[0] == accepted


def test_runs_page_from_the_newest(store: SqlStore) -> None:
    ids = [store.open_run("ab"[i % 2], trigger="test", now=NOW) for i in range(6)]
    assert [run.run_id for run in store.runs(limit=2)] == [ids[5], ids[4]]
    assert [run.run_id for run in store.runs(before=ids[2])] == [ids[1], ids[0]]
    assert [run.run_id for run in store.runs(source_id="b")] == [ids[5], ids[3], ids[1]]
    assert len(store.runs(before=2**80)) == 6
    for unknown in (0, -1, ids[-1] + 1, 2**70):
        with pytest.raises(NotFound):
            store.run(unknown)


def test_documents_are_replaced_as_a_whole_by_good_runs_only(store: SqlStore) -> None:
    other = replace(NOTE, name="detail", etag=None, charset=None)
    sync(store, snapshot([staged("a")]), documents=(NOTE, other))
    assert store.documents("portal") == {"detail": other, "list": NOTE}
    run_id = store.open_run("portal", trigger="test", now=NOW)
    with pytest.raises(InvariantViolated, match="must not be kept"):
        store.close_run(run_id, outcome=RunOutcome.FAILED, now=NOW, documents=(NOTE,))
    store.close_run(run_id, outcome=RunOutcome.UNCHANGED, now=NOW)
    assert len(store.documents("portal")) == 2
    renewed = replace(NOTE, etag='"b"')
    run_id = store.open_run("portal", trigger="test", now=NOW)
    store.close_run(run_id, outcome=RunOutcome.UNCHANGED, now=NOW, documents=(renewed,))
    assert store.documents("portal") == {"list": renewed}


@pytest.mark.fault("F7")
def test_hostile_characters_do_not_keep_a_run_from_ending(store: SqlStore) -> None:
    run_id = store.open_run("portal", trigger="test", now=NOW)
    hostile = "a\0b\ud800c\U0001f600"
    store.close_run(
        run_id,
        outcome=RunOutcome.FAILED,
        now=NOW,
        reason=hostile,
        issues=(Issue(hostile, hostile, hostile, hostile),),
        issue_counts={hostile: 1},
        details={"value": hostile},
    )
    run, details, issues, _ = store.run(run_id)
    assert run.reason == issues[0].value == "a\ufffdb\ufffdc\U0001f600"
    assert details == {"value": hostile}


@pytest.mark.fault("F7")
def test_questions_for_impossible_names_find_nothing(store: SqlStore) -> None:
    for odd in ("\0", "\ud800", "%", "'", "x" * 100_000):
        assert store.source_state(odd).last_run is None
        assert store.runs(source_id=odd) == ()
        with pytest.raises(NotFound):
            store.document(odd)


@pytest.mark.fault("C3")
def test_instants_come_back_aware_whatever_zone_they_had(store: SqlStore) -> None:
    summer = datetime(2026, 7, 1, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    run_id = store.open_run("portal", trigger="test", now=summer)
    started = store.run(run_id)[0].started_at
    assert started == summer
    assert started.tzinfo is UTC
    with pytest.raises(InvariantViolated, match="time zone"):
        store.open_run("portal", trigger="test", now=datetime(2026, 7, 1))  # noqa: DTZ001 - the point
    assert len(store.runs()) == 1


def test_an_edition_is_stored_once_per_digest(store: SqlStore) -> None:
    hanau = Area(
        AreaKey("064350014014"),
        "Hanau",
        AreaKind.GEMEINDE,
        101_364,
        ags="06435014",
        seat="Hanau",
        seat_postcode="63450",
        valid_from=date(1974, 7, 1),
        valid_to=date(2025, 12, 31),
        successor="064150000000",
    )
    hessen = Area(AreaKey("06"), "Hessen", AreaKind.LAND, 6_280_793)
    first = store.put_edition("31.12.2025", "d1", [hanau, hessen], now=NOW)
    assert store.put_edition("other label", "d1", [], now=NOW + DAY) == first
    second = store.put_edition("01.01.2026", "d2", [hessen], now=NOW)
    assert store.edition_areas(first) == (hessen, hanau)
    assert store.edition_areas(second) == (hessen,)
    assert store.edition_by_digest("d2") == second
    for unknown in (0, second + 1, 2**70):
        with pytest.raises(NotFound):
            store.edition_areas(unknown)
    with pytest.raises(NotFound):
        store.edition_by_digest("d3")


def test_an_edition_that_breaks_off_is_not_stored(store: SqlStore) -> None:
    twice = Area(AreaKey("06"), "Hessen", AreaKind.LAND, 1)
    with pytest.raises(InvariantViolated):
        store.put_edition("broken", "d1", [twice, twice], now=NOW)
    with pytest.raises(NotFound):
        store.edition_by_digest("d1")


def test_an_input_is_kept_by_digest(store: SqlStore) -> None:
    body = bytes(range(256))
    store.put_document("d", body)
    store.put_document("d", b"never taken")
    assert store.document("d") == body


def test_no_unit_of_work_stays_open(store: SqlStore) -> None:
    with pytest.raises(InvariantViolated):
        store.close_run(1, outcome=RunOutcome.FAILED, now=NOW)
    assert not OPEN.get()
    store.publish(draft(partition("99001001000000", {"06": "1"})))
    assert not OPEN.get()


def test_a_write_inside_a_write_is_refused_instead_of_waiting_for_itself(store: SqlStore) -> None:
    def results() -> Iterator[None]:
        assert OPEN.get()
        store.open_run("portal", trigger="test", now=NOW)
        yield

    with pytest.raises(InvariantViolated, match="write transaction is open"):
        store.publish(replace(draft(), results=results()))  # type: ignore[arg-type]
    assert store.runs() == ()
    assert store.current_release() is None
