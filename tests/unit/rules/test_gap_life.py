"""The life of a gap follows from its log, the cell and the day, whatever order the log arrives in."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.area import Succession
from syncd.model.coverage import CellState, GapCause, Tier
from syncd.model.judgement import Judgement, JudgementKind
from syncd.rules import gap_words
from syncd.rules.gap_life import (
    Aspect,
    GapAnswer,
    GapKey,
    GapLife,
    GapStatus,
    Lineage,
    Party,
    Presence,
    Standing,
    Why,
    life,
    responsible,
)

KEY = "99002001001000"
GAP = GapKey("alltag", "gemeinde", KEY, "064110000000")
DAY = date(2026, 11, 22)
START = datetime(2026, 10, 1, tzinfo=UTC)
FALLS_SHORT = Standing(Presence.GAP, START)
RETURNED = Standing(Presence.GAP, START, returned=True)


def said(
    answer: GapAnswer,
    *,
    days: float = 1,
    gap: GapKey = GAP,
    value: str = "",
    until: date | None = None,
    reason: str = "because",
) -> Judgement:
    """Return a judgement made that many days after the gap began."""
    return Judgement(
        JudgementKind.GAP,
        str(gap),
        answer.value,
        reason,
        "Frau Müller",
        START + timedelta(days=days),
        object=answer.aspect.value,
        value=value,
        service_key=gap.service_key,
        until=until,
    )


def undo(judgement: Judgement, *, days: float = 9) -> Judgement:
    return Judgement(
        JudgementKind.UNDO, judgement.uid, "undo", "a mistake", "operator", START + timedelta(days=days)
    )


WAIVED = said(GapAnswer.WAIVE, until=date(2027, 1, 31))
EXPIRED = said(GapAnswer.WAIVE, until=date(2026, 11, 21))
LAST_DAY = said(GapAnswer.WAIVE, until=DAY)
ACKNOWLEDGED = said(GapAnswer.ACKNOWLEDGE, days=2)
DISPUTED = said(GapAnswer.DISPUTE, days=3)
REOPENED = said(GapAnswer.REOPEN, days=4)
OLD = said(GapAnswer.ACKNOWLEDGE, days=-30)


@pytest.mark.parametrize(
    ("cell", "log", "status", "why"),
    [
        (FALLS_SHORT, [], GapStatus.OPEN, Why.NONE),
        (FALLS_SHORT, [ACKNOWLEDGED], GapStatus.ACKNOWLEDGED, Why.NONE),
        (FALLS_SHORT, [ACKNOWLEDGED, DISPUTED], GapStatus.DISPUTED, Why.NONE),
        (FALLS_SHORT, [WAIVED], GapStatus.WAIVED, Why.NONE),
        (FALLS_SHORT, [LAST_DAY], GapStatus.WAIVED, Why.NONE),
        (FALLS_SHORT, [EXPIRED], GapStatus.REOPENED, Why.WAIVER_EXPIRED),
        (FALLS_SHORT, [EXPIRED, ACKNOWLEDGED], GapStatus.ACKNOWLEDGED, Why.NONE),
        (FALLS_SHORT, [ACKNOWLEDGED, REOPENED], GapStatus.REOPENED, Why.BY_HAND),
        (FALLS_SHORT, [ACKNOWLEDGED, DISPUTED, undo(DISPUTED)], GapStatus.ACKNOWLEDGED, Why.NONE),
        (FALLS_SHORT, [ACKNOWLEDGED, undo(ACKNOWLEDGED)], GapStatus.OPEN, Why.NONE),
        (RETURNED, [], GapStatus.REOPENED, Why.RETURNED),
        (RETURNED, [OLD], GapStatus.REOPENED, Why.RETURNED),
        (RETURNED, [ACKNOWLEDGED], GapStatus.ACKNOWLEDGED, Why.NONE),
        # Judged while nobody knew: the gap that showed later is the same one.
        (FALLS_SHORT, [OLD], GapStatus.ACKNOWLEDGED, Why.NONE),
        (Standing(Presence.MET), [WAIVED, DISPUTED], GapStatus.CLOSED, Why.NONE),
        (Standing(Presence.UNKNOWN), [], GapStatus.UNKNOWN, Why.NONE),
        (Standing(Presence.UNKNOWN), [WAIVED], GapStatus.WAIVED, Why.NONE),
    ],
)
def test_status(cell: Standing, log: list[Judgement], status: GapStatus, why: Why) -> None:
    found = life(GAP, cell, log, DAY)
    assert (found.status, found.why) == (status, why)


def test_assignee_and_due_date() -> None:
    log = [
        said(GapAnswer.ASSIGN, days=1, value="Herr Kaya"),
        said(GapAnswer.ASSIGN, days=2, value="Frau Öz"),
        said(GapAnswer.SET_DUE, days=3, value="2026-11-21"),
    ]
    found = life(GAP, FALLS_SHORT, log, DAY)
    assert (found.assignee, found.due, found.overdue) == ("Frau Öz", date(2026, 11, 21), True)
    assert not life(GAP, FALLS_SHORT, log, date(2026, 11, 21)).overdue
    assert not life(GAP, Standing(Presence.MET), log, DAY).overdue
    assert not life(GAP, FALLS_SHORT, [*log, WAIVED], DAY).overdue
    assert life(GAP, FALLS_SHORT, [*log, said(GapAnswer.RELEASE, days=4)], DAY).assignee == ""
    assert life(GAP, FALLS_SHORT, [*log, said(GapAnswer.CLEAR_DUE, days=4)], DAY).due is None


def test_a_due_date_of_an_earlier_gap_binds_no_more() -> None:
    log = [
        said(GapAnswer.SET_DUE, days=-9, value="2026-09-30"),
        said(GapAnswer.ASSIGN, days=-9, value="Frau Öz"),
    ]
    found = life(GAP, RETURNED, log, DAY)
    assert (found.due, found.overdue, found.assignee) == (None, False, "Frau Öz")


# --- mergers and replaced services --------------------------------------------------------------------------

A, B, C, D = "064310001001", "064310002002", "064325001001", "064325001002"
NEW = "064310009009"
MERGER = (START + timedelta(days=10)).date()
PARTS = frozenset({A, B, C, D})
INTO_NEW = Lineage(PARTS, tuple(Succession(c, NEW, MERGER, "merger") for c in (A, B, C, D)))
INTO_A = Lineage(PARTS, tuple(Succession(c, A, MERGER, "merger") for c in (B, C, D)))


def at(code: str) -> GapKey:
    return GapKey("alltag", "gemeinde", KEY, code)


def waiver(code: str, until: date, *, days: float = 1) -> Judgement:
    return said(GapAnswer.WAIVE, gap=at(code), until=until, days=days)


JANUARY, JUNE = date(2027, 1, 31), date(2027, 6, 30)


@pytest.mark.parametrize(
    ("log", "status", "why", "until"),
    [
        ([], GapStatus.OPEN, Why.NONE, None),
        # A part's waiver is none for the whole, else a village would excuse a town.
        ([waiver(A, JUNE)], GapStatus.REOPENED, Why.MERGED, None),
        ([waiver(A, JUNE), waiver(B, JUNE), waiver(C, JUNE)], GapStatus.REOPENED, Why.MERGED, None),
        # All parts: until the first of them ends.
        ([waiver(A, JUNE), waiver(B, JANUARY), waiver(C, JUNE), waiver(D, JUNE)],
         GapStatus.WAIVED, Why.NONE, JANUARY),
        ([waiver(A, JUNE), waiver(B, date(2026, 11, 1)), waiver(C, JUNE), waiver(D, JUNE)],
         GapStatus.REOPENED, Why.WAIVER_EXPIRED, None),
        ([said(GapAnswer.ACKNOWLEDGE, gap=at(C))], GapStatus.ACKNOWLEDGED, Why.NONE, None),
        ([said(GapAnswer.ACKNOWLEDGE, gap=at(C)), said(GapAnswer.DISPUTE, gap=at(A))],
         GapStatus.DISPUTED, Why.NONE, None),
        ([said(GapAnswer.ACKNOWLEDGE, gap=at(C)), waiver(A, JUNE)], GapStatus.REOPENED, Why.MERGED, None),
        # Judged after the merger: for all of it, and everything before is superseded.
        ([said(GapAnswer.DISPUTE, gap=at(A)), waiver(NEW, JUNE, days=20)], GapStatus.WAIVED, Why.NONE, JUNE),
        ([said(GapAnswer.ACKNOWLEDGE, gap=at(NEW), days=20), said(GapAnswer.DISPUTE, gap=at(B), days=5)],
         GapStatus.ACKNOWLEDGED, Why.NONE, None),
    ],
)  # fmt: skip
def test_four_municipalities_become_one(
    log: list[Judgement], status: GapStatus, why: Why, until: date | None
) -> None:
    found = life(at(NEW), FALLS_SHORT, log, DAY, INTO_NEW)
    assert (found.status, found.why, found.until) == (status, why, until)


def test_all_that_was_said_of_the_parts_is_shown() -> None:
    log = [
        said(GapAnswer.ASSIGN, gap=at(A), days=2, value="Frau Öz"),
        said(GapAnswer.ASSIGN, gap=at(B), days=1, value="Herr Kaya"),
        said(GapAnswer.SET_DUE, gap=at(C), value="2027-03-01"),
        said(GapAnswer.SET_DUE, gap=at(D), value="2027-02-01"),
    ]
    found = life(at(NEW), FALLS_SHORT, log, DAY, INTO_NEW)
    assert (found.assignee, found.due) == ("Frau Öz", date(2027, 2, 1))
    assert set(found.voices) == set(log)


def test_the_area_that_takes_in_others_speaks_for_all_only_after_the_merger() -> None:
    before, after = waiver(A, JUNE, days=1), waiver(A, JUNE, days=11)
    assert life(at(A), FALLS_SHORT, [before], DAY, INTO_A).status is GapStatus.REOPENED
    assert life(at(A), FALLS_SHORT, [after], DAY, INTO_A).status is GapStatus.WAIVED
    dispute = said(GapAnswer.DISPUTE, gap=at(B), days=2)
    assert life(at(A), FALLS_SHORT, [dispute], DAY, INTO_A).status is GapStatus.DISPUTED
    # A waiver that no longer speaks for all asks for more than a dispute: somebody has to look again.
    assert life(at(A), FALLS_SHORT, [before, dispute], DAY, INTO_A).why is Why.MERGED
    assert life(at(A), FALLS_SHORT, [dispute, after], DAY, INTO_A).voices == (after,)


def test_judgements_follow_a_replaced_service() -> None:
    old, older = "99002001002000", "99002001003000"
    lineage = Lineage(services={old: (KEY,), older: (old, KEY)})
    first = said(GapAnswer.ACKNOWLEDGE, gap=GapKey("alltag", "gemeinde", older, GAP.area_code))
    second = said(GapAnswer.DISPUTE, gap=GapKey("alltag", "gemeinde", old, GAP.area_code), days=2)
    assert life(GAP, FALLS_SHORT, [first], DAY, lineage).status is GapStatus.ACKNOWLEDGED
    assert life(GAP, FALLS_SHORT, [first, second], DAY, lineage).voices == (second,)
    assert life(GAP, FALLS_SHORT, [second], DAY).status is GapStatus.OPEN


@given(
    answers=st.lists(
        st.tuples(
            st.sampled_from(sorted(GapAnswer)),
            st.sampled_from([A, B, C, D, NEW]),
            st.integers(-20, 60),
            st.booleans(),
        ),
        max_size=12,
    ),
    seed=st.integers(0, 99),
    returned=st.booleans(),
)
def test_the_order_of_arrival_never_matters(
    answers: list[tuple[GapAnswer, str, int, bool]], seed: int, returned: bool
) -> None:
    log: list[Judgement] = []
    for answer, code, days, is_undone in answers:
        until = DAY + timedelta(days=days) if answer is GapAnswer.WAIVE else None
        value = {"set_due": (DAY + timedelta(days=days)).isoformat(), "assign": f"Person {days}"}.get(
            answer, ""
        )
        log.append(said(answer, gap=at(code), days=days, until=until, value=value))
        log += [undo(log[-1], days=days + 1)] if is_undone else []
    shuffled = log[:]
    random.Random(seed).shuffle(shuffled)
    cell = Standing(Presence.GAP, START, returned)

    def of(these: list[Judgement]) -> GapLife:
        return life(at(NEW), cell, these, DAY, INTO_NEW)

    assert of(shuffled) == of(log) == of(log + shuffled)
    # Only the cell closes a gap: no judgement makes it disappear.
    assert of(log).status not in {GapStatus.CLOSED, GapStatus.UNKNOWN}


# --- identity and responsibility ----------------------------------------------------------------------------


@pytest.mark.parametrize("service", [KEY, "local:kassel:a/b/ä"])
def test_ids_are_read_as_they_are_written(service: str) -> None:
    key = GapKey("alltag", "gemeinde", service, NEW)
    assert GapKey.parse(str(key)) == key


@pytest.mark.parametrize("text", ["", "alltag", "a/b/c", "a/b//c", "///", "alltag/gemeinde/99/"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a gap id"):
        GapKey.parse(text)


@pytest.mark.parametrize(
    ("cause", "bund", "land", "below"),
    [
        (GapCause.NOT_DESCRIBED, Party.BUND, Party.LAND, Party.MUNICIPALITY),
        (GapCause.DESCRIBED_NOT_ONLINE, Party.BUND, Party.LAND, Party.MUNICIPALITY),
        (GapCause.SOLUTION_NOT_CONNECTED, Party.BUND, Party.LAND, Party.MUNICIPALITY),
        (GapCause.MEDIA_BREAK, *[Party.SOLUTION_OWNER] * 3),
        (GapCause.DEAD_LINK, *[Party.IT_PROVIDER] * 3),
        (GapCause.STALE, *[Party.IT_PROVIDER] * 3),
        (GapCause.NO_AUTHORITY, Party.BUND, Party.LAND_EDITORIAL_OFFICE, Party.LAND_EDITORIAL_OFFICE),
        (GapCause.CONFLICT, Party.BUND, Party.LAND_EDITORIAL_OFFICE, Party.LAND_EDITORIAL_OFFICE),
        (GapCause.WRONG_KEY, Party.BUND, Party.LAND_EDITORIAL_OFFICE, Party.LAND_EDITORIAL_OFFICE),
        (GapCause.NO_SOURCE, Party.BUND, Party.LAND_EDITORIAL_OFFICE, Party.LAND_EDITORIAL_OFFICE),
        (GapCause.NONE, Party.BUND, Party.LAND, Party.MUNICIPALITY),
    ],
)
def test_whose_turn_it_is(cause: GapCause, bund: Party, land: Party, below: Party) -> None:
    assert responsible(Tier.BUND, cause) is bund
    assert responsible(Tier.LAND, cause) is land
    assert responsible(Tier.KREIS, cause) is responsible(Tier.GEMEINDE, cause) is below


def test_every_cause_has_somebody_whose_turn_it_is() -> None:
    assert all(responsible(tier, cause) in Party for tier in Tier for cause in GapCause)


def test_presence() -> None:
    assert {state.label: Presence.of(state).value for state in CellState} == {
        "not_owed": "met", "own": "met", "inherited": "met", "unknown": "unknown",
        "offline": "gap", "dead": "gap", "missing": "gap",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        (gap_words.STATUSES, GapStatus),
        (gap_words.WHY, Why),
        (gap_words.PARTIES, Party),
        (gap_words.ANSWERS, GapAnswer),
    ],
)
def test_every_code_has_words(table: dict[str, dict[str, str]], codes: type[StrEnum]) -> None:
    assert list(table) == [code.value for code in codes]
    assert all(set(texts) == {"de", "en"} for texts in table.values())
    assert {answer.aspect for answer in GapAnswer} == set(Aspect)
