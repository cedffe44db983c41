"""Which judgements hold: transitive, superseded, undone, whatever the order in which they arrive."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.judgement import (
    Judgement,
    JudgementKind,
    field_parts,
    field_subject,
    node_parts,
    pair,
    record_node,
    service_node,
)
from syncd.rules.judgements import NO_RULING, Rulings, active

START = datetime(2026, 11, 1, 8, tzinfo=UTC)
ID_CARD, PASSPORT, OLD = "99001001012000", "99002001012000", "99009001012000"
A, B, C = (record_node("kassel", name) for name in "abc")


def said(one: str, other: str, answer: str = "same", *, minute: int = 0) -> Judgement:
    first, second = pair(one, other)
    return Judgement(
        JudgementKind.LINK,
        first,
        answer,
        "seen in the file",
        "operator",
        START + timedelta(minutes=minute),
        object=second,
    )


def undone(judgement: Judgement, *, minute: int) -> Judgement:
    return Judgement(
        JudgementKind.UNDO, judgement.uid, "undo", "a slip", "operator", START + timedelta(minutes=minute)
    )


def test_same_is_carried_from_record_to_record_and_to_their_services() -> None:
    joined, keyed = said(A, B), said(B, service_node(ID_CARD), minute=1)
    rulings = Rulings.of([joined, keyed])
    assert rulings.of_record(A).services == (ID_CARD,)
    assert rulings.of_record(A).because == tuple(sorted([joined.uid, keyed.uid]))
    assert rulings.of_record(B).because == (keyed.uid,)
    assert rulings.of_record(C) == NO_RULING


def test_two_records_of_one_service_do_not_share_their_other_services() -> None:
    log = [
        said(A, service_node(ID_CARD)),
        said(B, service_node(ID_CARD)),
        said(B, service_node(PASSPORT)),
    ]
    assert Rulings.of(log).of_record(A).services == (ID_CARD,)


def test_within_a_group_a_refusal_counts_unless_the_record_itself_was_judged() -> None:
    log = [
        said(A, B),
        said(B, C),
        said(A, service_node(ID_CARD)),
        said(B, service_node(ID_CARD), "different"),
    ]
    rulings = Rulings.of(log)
    assert rulings.of_record(A).services == (ID_CARD,)
    assert rulings.of_record(B).refused == {ID_CARD}
    assert rulings.of_record(C).refused == {ID_CARD}


def test_records_judged_different_are_not_joined_by_a_detour() -> None:
    detour = said(B, C, minute=2)
    rulings = Rulings.of([said(A, C, "different"), said(A, B, minute=1), detour, said(C, service_node(OLD))])
    assert rulings.contradictory == (detour.uid,)
    assert rulings.of_record(A).services == ()


def test_the_latest_answer_to_a_question_holds_until_it_is_undone() -> None:
    first = said(A, service_node(ID_CARD))
    second = said(A, service_node(ID_CARD), "different", minute=1)
    back = undone(second, minute=2)
    assert Rulings.of([second, first]).of_record(A).refused == {ID_CARD}
    assert active([first, second, back]) == (first,)
    assert active([first, second, back, undone(back, minute=3)]) == (second,)


def test_what_has_expired_holds_no_longer_and_does_not_bring_back_what_it_replaced() -> None:
    earlier = Judgement(JudgementKind.PIN, "k/a/title", "pin", "r", "o", START, value="old")
    pinned = Judgement(
        JudgementKind.PIN,
        "k/a/title",
        "pin",
        "r",
        "o",
        START + timedelta(days=1),
        value="new",
        until=date(2026, 11, 30),
    )
    assert active([earlier, pinned], date(2026, 11, 30)) == (pinned,)
    assert active([earlier, pinned], date(2026, 12, 1)) == ()


def test_a_judgement_follows_its_service_to_the_one_successor() -> None:
    log = [said(A, service_node(OLD))]
    assert Rulings.of(log, {OLD: (ID_CARD,)}).of_record(A).services == (ID_CARD,)
    assert Rulings.of(log, {OLD: (ID_CARD, PASSPORT)}).of_record(A).services == (OLD,)
    assert Rulings.of(log, {OLD: (ID_CARD,), ID_CARD: (OLD,)}).of_record(A).services == (ID_CARD,)


def test_unsure_is_kept_apart_from_yes_and_no() -> None:
    ruling = Rulings.of([said(A, service_node(ID_CARD), "unsure")]).of_record(A)
    assert (ruling.services, ruling.refused, ruling.unsure) == ((), frozenset(), frozenset({ID_CARD}))


@pytest.mark.parametrize(
    ("node", "parts"),
    [(record_node("a", "x/y:z"), ("a", "x/y:z")), (service_node(ID_CARD), None)],
)
def test_nodes_are_read_as_they_were_written(node: str, parts: tuple[str, str] | None) -> None:
    assert node_parts(node) == parts


def test_subjects_of_fields_are_read_as_they_were_written() -> None:
    for key in (ID_CARD, "local:kassel:a/b"):
        assert field_parts(field_subject(key, "06611", "title")) == (key, "06611", "title")


@st.composite
def logs(draw: st.DrawFn) -> list[Judgement]:
    nodes = [A, B, C, record_node("bund", "d"), service_node(ID_CARD), service_node(PASSPORT)]
    log: list[Judgement] = []
    for _ in range(draw(st.integers(0, 12))):
        minute = draw(st.integers(0, 5))
        if log and draw(st.integers(0, 3)) == 0:
            target = draw(st.sampled_from(log))
            after = (target.decided_at - START) // timedelta(minutes=1) + 1 + minute
            log.append(undone(target, minute=after))
            continue
        one, other = draw(st.lists(st.sampled_from(nodes), min_size=2, max_size=2, unique=True))
        log.append(said(one, other, draw(st.sampled_from(["same", "different", "unsure"])), minute=minute))
    return log


@given(log=logs(), seed=st.integers(0, 2**16))
def test_the_order_of_arrival_and_repetitions_never_matter(log: list[Judgement], seed: int) -> None:
    shuffled = [*log, *log[:3]]
    random.Random(seed).shuffle(shuffled)
    assert active(shuffled) == active(log)
    assert Rulings.of(shuffled) == Rulings.of(log)


@given(log=logs(), more=st.tuples(st.sampled_from([A, B, C]), st.sampled_from(["same", "different"])))
def test_an_undone_judgement_leaves_the_state_as_if_it_had_never_been(
    log: list[Judgement], more: tuple[str, str]
) -> None:
    late = said(more[0], service_node(ID_CARD), more[1], minute=900)
    back = undone(late, minute=901)
    assert active([*log, late, back]) == active(log)
    assert Rulings.of([*log, late, back]) == Rulings.of(log)
    again = undone(back, minute=902)
    assert active([*log, late, back, again]) == active([*log, late])
