"""Well-formed data that is not what it claims to be: swapped, replayed, dated ahead, numbered anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.errors import NotFound, SyncdError
from syncd.model.issue import Severity
from syncd.model.run import RunOutcome
from syncd.pipeline import review
from syncd.storage import open_store
from tests.support.miniature import GROSSSTADT, OWN_FORM, TO_PRINT
from tests.support.portal import Portal, lines


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    with open_store(f"sqlite:///{tmp_path}/syncd.sqlite") as store:
        portal = Portal(store, tmp_path)
        portal.sync(lines(range(100)))
        yield portal


def titles(portal: Portal) -> dict[str, bytes]:
    ids = [f"r{i}" for i in range(200)] + ["x7"]
    return {one.native_id: one.payload for one in portal.store.records_of(portal.source_id, ids)}


@pytest.mark.fault("S5")
def test_the_answer_of_another_portal_is_refused(portal: Portal) -> None:
    before = titles(portal)
    run = portal.sync(lines(range(500, 600)))
    assert (run.outcome, run.code) == (RunOutcome.REFUSED, "different_feed")
    assert titles(portal) == before
    assert portal.missing == 0


@pytest.mark.fault("S5")
def test_an_answer_that_names_another_publisher_is_refused(portal: Portal) -> None:
    assert portal.sync(["#identity Wiesbaden", *lines(range(100))]).outcome.is_good
    run = portal.sync(["#identity Kassel", *lines(range(101))])
    assert (run.outcome, run.code) == (RunOutcome.REFUSED, "different_feed")
    assert "Kassel" in run.reason
    assert portal.sync(["#identity Wiesbaden", *lines(range(101))]).outcome is RunOutcome.ACCEPTED


@pytest.mark.fault("S6")
def test_an_older_answer_is_refused_until_an_operator_says_otherwise(portal: Portal) -> None:
    portal.sync(["#stated 2026-11-26T10:00:00+00:00", *lines(range(102))])
    older = ["#stated 2026-11-25T10:00:00+00:00", *lines(range(100))]
    run = portal.sync(older)
    assert (run.outcome, run.code) == (RunOutcome.REFUSED, "snapshot_older")
    assert portal.live == 102
    assert portal.sync(older, accept_loss="the portal was restored from a backup").outcome.is_good
    # The operator's word lowers the mark, so the portal can go on from there.
    assert portal.sync(["#stated 2026-11-25T11:00:00+00:00", *lines(range(101))]).outcome.is_good


@pytest.mark.fault("S7", "S8")
def test_a_date_far_ahead_does_not_lock_out_later_answers(portal: Portal) -> None:
    run = portal.sync(["#stated 2031-01-01T00:00:00+00:00", *lines(range(101))])
    assert run.outcome is RunOutcome.ACCEPTED
    assert portal.store.run(run.run_id)[3]["stamp_in_future"] == 1
    run = portal.sync(["#stated 2026-11-27T00:00:00+00:00", *lines(range(102))])
    assert run.outcome is RunOutcome.ACCEPTED
    assert portal.live == 102


@pytest.mark.fault("S9")
def test_a_number_used_again_does_not_overwrite_the_old_service(portal: Portal) -> None:
    before = titles(portal)
    reused = f"r7;Fischereischein beantragen;{TO_PRINT};{GROSSSTADT}"
    listing = [reused if line.startswith("r7;") else line for line in lines(range(101))]
    for _ in range(2):
        run = portal.sync(listing)
        assert portal.store.run(run.run_id)[3]["id_reused"] == 1
        assert titles(portal)["r7"] == before["r7"]
        assert portal.missing == 0
    assert portal.live == 101
    assert portal.sync(accept_loss="the number was given away").outcome is RunOutcome.ACCEPTED
    assert titles(portal)["r7"] != before["r7"]


@pytest.mark.fault("S9")
@pytest.mark.parametrize(
    "line",
    [
        f"r7;Musterwohnsitz anmelden 7;{TO_PRINT};{GROSSSTADT}",
        f"r7;Fischereischein beantragen;{OWN_FORM};{GROSSSTADT}",
    ],
    ids=["another key, the same title", "another title, the same key"],
)
def test_a_correction_is_no_number_used_again(portal: Portal, line: str) -> None:
    before = titles(portal)
    run = portal.sync([line if old.startswith("r7;") else old for old in lines(range(100))])
    assert "id_reused" not in portal.store.run(run.run_id)[3]
    assert titles(portal)["r7"] != before["r7"]


@pytest.mark.fault("S10")
def test_a_record_with_a_new_number_is_proposed_as_a_move(portal: Portal) -> None:
    line = lines([7])[0].replace("r7;", "x7;")
    run = portal.sync([line if old.startswith("r7;") else old for old in lines(range(100))])
    _, details, _, _ = portal.store.run(run.run_id)
    assert details["moves"] == [{"from": "r7", "to": "x7"}]
    (question,) = review.queue(portal.store, limit=9)
    assert question.moved is not None
    assert (question.native_id, question.moved.native_id) == ("x7", "r7")
    # Both stay until the grace of the old one is over: no moment without the offer.
    assert {"r7", "x7"} <= titles(portal).keys()


@pytest.mark.fault("S2")
def test_a_refused_snapshot_is_decided_without_asking_the_portal(portal: Portal) -> None:
    refused = portal.sync(lines(range(60)))
    portal.sync(lines(range(61)))
    run = portal.run_now(portal.ingest.decide(refused.run_id, accept=True, reason="cleared up"))
    assert (run.outcome, run.trigger, run.counts.withdrawn) == (RunOutcome.ACCEPTED, "decision", 40)
    assert portal.live == 60
    decided = portal.store.decisions(run_id=refused.run_id)
    assert [(one.kind, one.reason, one.decided_by) for one in decided] == [("accept", "cleared up", "test")]
    with pytest.raises(SyncdError) as error:
        portal.run_now(portal.ingest.decide(refused.run_id, accept=False, reason="no"))
    assert error.value.code == "already_decided"


@pytest.mark.fault("S2")
def test_rejected_content_never_ends_its_hold_by_repetition(portal: Portal) -> None:
    refused = portal.sync(lines(range(70)), after=24)
    portal.run_now(portal.ingest.decide(refused.run_id, accept=False, reason="their database is broken"))
    for _ in range(6):
        assert portal.sync(after=24).outcome is RunOutcome.REFUSED
    assert portal.live == 100


@pytest.mark.fault("S2")
def test_a_decision_says_when_the_bodies_are_gone_or_something_newer_was_good(portal: Portal) -> None:
    refused = portal.sync(lines(range(60)))
    _, details, _, _ = portal.store.run(refused.run_id)
    assert len(details["held"]["absent_ids"]) == 40
    body = portal.bodies / details["held"]["documents"][0]["sha256"]
    body.unlink()
    with pytest.raises(NotFound) as gone:
        portal.run_now(portal.ingest.decide(refused.run_id, accept=True, reason="r"))
    assert gone.value.code == "bodies_gone"
    portal.sync(lines(range(100)))
    with pytest.raises(SyncdError) as newer:
        portal.run_now(portal.ingest.decide(refused.run_id, accept=True, reason="r"))
    assert newer.value.code == "run_superseded"


@pytest.mark.fault("S19")
def test_a_source_that_vanished_from_the_configuration_keeps_its_data_until_it_is_retired(
    portal: Portal,
) -> None:
    with pytest.raises(SyncdError) as configured:
        portal.run_now(portal.ingest.retire("portal", reason="by mistake"))
    assert configured.value.code == "source_configured"
    portal.forget_plan()
    assert portal.live == 100
    assert portal.run_now(portal.ingest.retire("portal", reason="the town has closed it")) == 100
    state = portal.store.source_state("portal")
    assert (state.records, state.retired) == (0, True)
    assert [one.kind for one in portal.store.decisions(source_id="portal")] == ["retire"]


@pytest.mark.fault("S20")
def test_a_new_parser_that_reads_much_differently_waits_for_an_operator(portal: Portal) -> None:
    portal.configure(parser="tests.support.shouting_parser", parser_version="2")
    run = portal.sync()
    assert (run.outcome, run.code) == (RunOutcome.REFUSED, "mapping_changed")
    before = titles(portal)
    run = portal.sync(accept_loss="the new titles are right")
    assert (run.outcome, run.counts.changed) == (RunOutcome.ACCEPTED, 100)
    assert titles(portal) != before


@pytest.mark.fault("S20")
def test_a_change_of_the_operators_own_settings_is_taken_at_once(portal: Portal) -> None:
    portal.configure(options={"errors": "replace"}, default_area=portal.plan.scope.areas[0])
    assert portal.sync().outcome.is_good


@pytest.mark.fault("S23")
def test_a_portal_that_speaks_for_others_raises_an_alarm_and_changes_nothing_there(portal: Portal) -> None:
    foreign = [line.replace(GROSSSTADT, "095710001001") for line in lines(range(100, 120))]
    run = portal.sync([*lines(range(100)), *foreign])
    _, _, issues, counts = portal.store.run(run.run_id)
    assert counts["claim_out_of_scope"] == 1
    assert counts["out_of_scope_area"] == 20
    assert next(issue for issue in issues if issue.code == "claim_out_of_scope").severity is Severity.ERROR
    assert not any(b"095710001001" in payload for payload in titles(portal).values())


@pytest.mark.fault("S23")
def test_a_few_statements_about_others_are_findings_and_no_alarm(portal: Portal) -> None:
    foreign = [line.replace(GROSSSTADT, "095710001001") for line in lines(range(100, 103))]
    run = portal.sync([*lines(range(100)), *foreign])
    assert "claim_out_of_scope" not in portal.store.run(run.run_id)[3]
