"""Gaps live on: decisions on the real store, the past of a cell, a merger of four municipalities."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.errors import ConfigError, NotFound
from syncd.model.area import AreaKey, Succession
from syncd.model.evidence import ChannelKind
from syncd.model.judgement import Judgement, JudgementKind
from syncd.model.record import Scope
from syncd.model.report import State
from syncd.model.service import ServiceKey, ServiceStatus
from syncd.pipeline.adoption import adoption
from syncd.pipeline.ask import ReleaseView
from syncd.pipeline.figures import FiguresQuery, figures
from syncd.pipeline.gap_history import dispute, history
from syncd.pipeline.gap_life import GapDecision, decide_gap, gap
from syncd.pipeline.gaps import GapQuery, gaps
from syncd.pipeline.registry import AreaRegister
from syncd.pipeline.report import report
from syncd.pipeline.views import GapView
from syncd.rules.areas import AreaIndex
from syncd.rules.editions import effective_areas, map_codes
from syncd.rules.figures import Figures
from syncd.rules.gap_life import GapAnswer
from syncd.rules.line import AreaLine
from syncd.storage import SqlStore, open_store
from tests.support.miniature import (
    AUHEIM,
    GROSSSTADT,
    KREIS_AUE,
    NOBODY_SPEAKS,
    NOT_LISTED,
    NOW,
    ONLINE_EVERYWHERE,
    OWN_FORM,
    TO_PRINT,
    Miniature,
    bund_claims,
    channel,
    claim,
    grossstadt_claims,
    make_registry,
    stand_up,
)

AUBACH, OBERBERG, UNTERBERG = "064310002002", "064325001001", "064325001002"
MERGED = "064310009009"
TODAY = NOW.date()


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    with open_store(database_url) as opened:
        yield opened


@pytest.fixture
def miniature(store: SqlStore, tmp_path: Path) -> Miniature:
    return stand_up(store, tmp_path)


def view_of(miniature: Miniature, **which: Any) -> ReleaseView:
    return miniature.ask().view(**which)


def id_of(service: str, area: str) -> str:
    return f"alltag/gemeinde/{service}/{area}"


MISSING = id_of(NOT_LISTED, GROSSSTADT)


def decide(
    miniature: Miniature,
    gap_id: str,
    answer: GapAnswer,
    *,
    value: str = "",
    until: date | None = None,
    reason: str = "weil",
) -> Judgement:
    miniature.clock.forward(seconds=1)
    decision = GapDecision(gap_id, answer, reason, value, until)
    return decide_gap(view_of(miniature), decision, decided_by="Frau Müller")


def listed(miniature: Miniature, **asked: Any) -> dict[str, GapView]:
    return {one.gap_id: one for one in gaps(view_of(miniature), GapQuery(**asked))}


# --- deciding -----------------------------------------------------------------------------------------------


def test_a_gap_is_acknowledged_assigned_and_waived_and_stays_a_gap(miniature: Miniature) -> None:
    before = view_of(miniature)
    everywhere = listed(miniature)
    assert everywhere[MISSING].status == "open"
    assert everywhere[MISSING].responsible == "municipality"
    decide(miniature, MISSING, GapAnswer.ACKNOWLEDGE)
    decide(miniature, MISSING, GapAnswer.ASSIGN, value=" Frau   Öz ")
    decide(miniature, MISSING, GapAnswer.SET_DUE, value="2026-12-24")
    one = gap(view_of(miniature), MISSING)
    assert (one.status, one.assignee, one.due_on) == ("acknowledged", "Frau Öz", date(2026, 12, 24))
    assert one == listed(miniature)[MISSING]
    decide(miniature, MISSING, GapAnswer.WAIVE, until=date(2026, 12, 31), reason="Ausschreibung läuft")
    waived = gap(view_of(miniature), MISSING)
    assert (waived.status, waived.waived_until) == ("waived", date(2026, 12, 31))
    assert waived.last_reason == "Ausschreibung läuft"
    # Shown as waived, and counted as before: no figure knows of it.
    assert set(listed(miniature)) == set(everywhere)
    after = view_of(miniature)
    area = after.area(GROSSSTADT)
    assert after.summaries(area) == before.summaries(area)
    miniature.publish()
    assert gap(view_of(miniature), MISSING).state == "missing"


def test_filters(miniature: Miniature) -> None:
    decide(miniature, MISSING, GapAnswer.ASSIGN, value="Frau Öz")
    decide(miniature, MISSING, GapAnswer.SET_DUE, value="2026-11-25")
    printed = id_of(TO_PRINT, GROSSSTADT)
    decide(miniature, printed, GapAnswer.ACKNOWLEDGE)
    every = set(listed(miniature))
    assert set(listed(miniature, assignee="Frau Öz")) == {MISSING}
    assert set(listed(miniature, assignee="")) == every - {MISSING}
    assert set(listed(miniature, overdue=True)) == {MISSING}
    assert set(listed(miniature, statuses=("acknowledged",))) == {printed}
    assert set(listed(miniature, statuses=("open", "acknowledged"))) == every
    assert printed in listed(miniature, responsible=("solution_owner",))
    assert MISSING not in listed(miniature, responsible=("solution_owner",))
    for wrong in ({"statuses": ("gone",)}, {"responsible": ("nobody",)}):
        with pytest.raises(NotFound, match="known:"):
            listed(miniature, **wrong)


def test_pages_go_on_behind_a_filtered_gap(miniature: Miniature) -> None:
    view = view_of(miniature)
    query = GapQuery(statuses=("open", "unknown"), states=("missing", "offline", "dead", "unknown"))
    whole = [one.gap_id for one in gaps(view, query)]
    paged: list[str] = []
    while page := [one.gap_id for one in gaps(view, query, after=paged[-1] if paged else "", limit=3)]:
        paged += page
    assert paged == whole
    assert len(whole) > 20


def test_a_waiver_ends_by_itself(miniature: Miniature) -> None:
    decide(miniature, MISSING, GapAnswer.WAIVE, until=TODAY + timedelta(days=2))
    miniature.clock.forward(days=2)
    assert gap(view_of(miniature), MISSING).status == "waived"
    miniature.clock.forward(days=1)
    one = gap(view_of(miniature), MISSING)
    assert (one.status, one.why) == ("reopened", "waiver_expired")


def test_a_gap_that_returns_is_open_again(miniature: Miniature) -> None:
    printed = id_of(TO_PRINT, GROSSSTADT)
    decide(miniature, printed, GapAnswer.ACKNOWLEDGE)
    online = [
        replace(c, channels=(channel(ChannelKind.FORM, "hund"),)) if c.service_key.value == TO_PRINT else c
        for c in grossstadt_claims()
    ]
    miniature.clock.forward(days=1)
    miniature.say("grossstadt", online)
    miniature.publish()
    assert gap(view_of(miniature), printed).status == "closed"
    assert printed not in listed(miniature)
    miniature.clock.forward(days=1)
    miniature.say("grossstadt", grossstadt_claims())
    miniature.publish()
    one = gap(view_of(miniature), printed)
    assert (one.status, one.why, one.first_seen_release, one.age_days) == ("reopened", "returned", 3, 0)
    told = history(view_of(miniature), printed)
    assert [(s.state, s.from_release, s.to_release) for s in told.states] == [
        ("offline", 3, 3), ("own", 2, 2), ("offline", 1, 1),
    ]  # fmt: skip
    assert [(s.answer, s.holds) for s in told.judgements] == [("acknowledge", True)]
    assert told.states[0].to_at is None
    assert told.states[1].to_at == told.states[0].from_at
    decide(miniature, printed, GapAnswer.ACKNOWLEDGE)
    assert gap(view_of(miniature), printed).status == "acknowledged"
    # As of the first release it was what it was then.
    assert gap(view_of(miniature, release=1), printed).status == "acknowledged"
    assert gap(view_of(miniature, release=2), printed).status == "closed"


def test_a_source_that_falls_silent_closes_nothing(miniature: Miniature) -> None:
    decide(miniature, MISSING, GapAnswer.ACKNOWLEDGE)
    miniature.clock.forward(days=5)
    miniature.publish()
    one = gap(view_of(miniature), MISSING)
    assert (one.state, one.status, one.first_seen_release) == ("unknown", "acknowledged", 1)
    assert gap(view_of(miniature), id_of(TO_PRINT, GROSSSTADT)).status == "unknown"


def test_what_was_undone_is_shown_and_holds_no_more(miniature: Miniature) -> None:
    wrong = decide(miniature, MISSING, GapAnswer.DISPUTE)
    miniature.clock.forward(seconds=1)
    undone = Judgement(
        JudgementKind.UNDO, wrong.uid, "undo", "ein Versehen", "Frau Müller", miniature.clock(),
        service_key=NOT_LISTED,
    )  # fmt: skip
    miniature.store.judge([undone])
    assert gap(view_of(miniature), MISSING).status == "open"
    told = history(view_of(miniature), MISSING).judgements
    assert [(s.answer, s.holds) for s in told] == [("dispute", False), ("undo", False)]


REFUSED = (
    (GapDecision("nonsense", GapAnswer.ACKNOWLEDGE, "weil"), "bad_gap_id"),
    (GapDecision(id_of("99999999999999", GROSSSTADT), GapAnswer.ACKNOWLEDGE, "weil"), "unknown_gap"),
    (GapDecision(id_of(NOT_LISTED, "999999999999"), GapAnswer.ACKNOWLEDGE, "weil"), "unknown_gap"),
    (GapDecision(MISSING, GapAnswer.ACKNOWLEDGE, "  "), "gap_reason_missing"),
    (GapDecision(MISSING, GapAnswer.WAIVE, "weil"), "bad_until"),
    (GapDecision(MISSING, GapAnswer.WAIVE, "weil", until=TODAY), "bad_until"),
    (GapDecision(MISSING, GapAnswer.ACKNOWLEDGE, "weil", until=date(2030, 1, 1)), "bad_until"),
    (GapDecision(MISSING, GapAnswer.ASSIGN, "weil"), "assignee_missing"),
    (GapDecision(MISSING, GapAnswer.ASSIGN, "weil", "x" * 201), "bad_gap_text"),
    (GapDecision(MISSING, GapAnswer.SET_DUE, "weil", "morgen"), "bad_due_date"),
    (GapDecision(id_of(ONLINE_EVERYWHERE, GROSSSTADT), GapAnswer.DISPUTE, "weil"), "gap_closed"),
)


def test_what_cannot_be_decided_is_refused(miniature: Miniature) -> None:
    for decision, code in REFUSED:
        with pytest.raises((ConfigError, NotFound)) as refused:
            decide_gap(view_of(miniature), decision, decided_by="Frau Müller")
        assert refused.value.code == code
    assert miniature.store.judgements() == ()


def test_a_dispute_asks_the_source_and_changes_nothing(miniature: Miniature) -> None:
    decide(miniature, MISSING, GapAnswer.DISPUTE, reason="Wir bieten das seit Mai an.")
    asked = dispute(view_of(miniature), MISSING)
    assert asked.sources == ("grossstadt",)
    for part in ("Wir bieten das seit Mai an.", "Serviceportal Großstadt", MISSING, "Mustergewerbe anzeigen"):
        assert part in asked.text
    assert "- Serviceportal Großstadt darf für dieses Gebiet" in asked.text
    english = dispute(view_of(miniature), MISSING, language="en")
    assert english.subject == f"Please check: Mustergewerbe anzeigen ({NOT_LISTED}) in Großstadt"
    assert gap(view_of(miniature), MISSING).state == "missing"
    nobody = dispute(view_of(miniature), id_of(NOBODY_SPEAKS, GROSSSTADT))
    assert nobody.sources == ("bund",)


# --- four municipalities become one -------------------------------------------------------------------------


def merged_register(miniature: Miniature, on: date, heir: str) -> AreaRegister:
    before = (AUHEIM, AUBACH, OBERBERG, UNTERBERG)
    table = [Succession(code, heir, on, "Zusammenschluss (synthetisch)") for code in before if code != heir]
    areas = effective_areas(make_registry().areas.areas, table, on)
    return AreaRegister(
        label="Synthetisches Gemeindeverzeichnis nach dem Zusammenschluss",
        digest=f"synthetic-merged-{heir}",
        areas=areas,
        index=AreaIndex.from_areas(areas, table),
        line=AreaLine.build(areas),
        moved={old: AreaKey(new) for old, new in map_codes(table, on).items()},
        successions=tuple(table),
    )


def two_kreise_speak(miniature: Miniature) -> None:
    """Let both Kreise be read: NOT_LISTED is missing in all four, OWN_FORM runs in Aubach."""
    plan = miniature.registry.sources["kreis-aue"]
    berg = replace(
        plan, source_id="kreis-berg", scope=Scope((AreaKey("06432"),), None, silence_means_absence=True)
    )
    miniature.registry = replace(
        miniature.registry, sources={**miniature.registry.sources, "kreis-berg": berg}
    )
    miniature.clock.forward(hours=1)
    both_say_it(miniature)
    assert miniature.publish() is not None


def both_say_it(miniature: Miniature) -> None:
    miniature.say(
        "kreis-aue", [claim("kreis-aue", "A2", OWN_FORM, AUBACH, channel(ChannelKind.FORM, "form"))]
    )
    miniature.say("kreis-berg", [])


@pytest.mark.parametrize("heir", [MERGED, AUHEIM])
@pytest.mark.fault("S17")
def test_history_gaps_and_decisions_follow_a_merger_of_four(miniature: Miniature, heir: str) -> None:
    two_kreise_speak(miniature)
    decide(miniature, id_of(NOT_LISTED, AUHEIM), GapAnswer.WAIVE, until=date(2027, 6, 30))
    decide(miniature, id_of(NOT_LISTED, AUBACH), GapAnswer.ACKNOWLEDGE)
    decide(miniature, id_of(NOT_LISTED, OBERBERG), GapAnswer.ASSIGN, value="Frau Öz")
    decide(miniature, id_of(NOT_LISTED, UNTERBERG), GapAnswer.SET_DUE, value="2027-03-01")
    for code in (AUHEIM, AUBACH, OBERBERG, UNTERBERG):
        decide(miniature, id_of(TO_PRINT, code), GapAnswer.WAIVE, until=date(2027, 1, 31))
    old = view_of(miniature)
    before = {s.line: s for s in old.summaries(old.area("06"), "alltag")}["gemeinde"]
    people_before = old.area("06").population
    once_missing = gap(old, id_of(NOT_LISTED, AUHEIM))

    miniature.clock.forward(days=1)
    miniature.registry = replace(
        miniature.registry, areas=merged_register(miniature, miniature.clock().date(), heir)
    )
    assert miniature.publish() is not None
    new = view_of(miniature)

    # Figures before and after agree with the register: three bodies fewer, nobody lost.
    after = {s.line: s for s in new.summaries(new.area("06"), "alltag")}["gemeinde"]
    assert after.bodies == before.bodies - 3
    assert after.owed == before.owed - 3 * 6
    assert new.area("06").population == people_before == 230_000
    merged = gap(new, id_of(NOT_LISTED, heir))
    assert merged.people == 20_000 + 5_000 + 3_000 + 2_000
    assert sum(new.coverage_of_service(NOT_LISTED)[0].people.values()) == new.area("00").population

    # The gap is the same gap: as old as before, asked for under any of its ids.
    assert (merged.first_seen_release, merged.first_seen_at) == (
        once_missing.first_seen_release, once_missing.first_seen_at,
    )  # fmt: skip
    for former in (AUHEIM, AUBACH, OBERBERG, UNTERBERG):
        assert gap(new, id_of(NOT_LISTED, former)) == merged
    # What was decided of the parts holds together: a waiver for one of four is none.
    assert (merged.status, merged.why) == ("reopened", "merged")
    assert (merged.assignee, merged.due_on) == ("Frau Öz", date(2027, 3, 1))
    all_waived = gap(new, id_of(TO_PRINT, heir))
    assert (all_waived.status, all_waived.waived_until) == ("waived", date(2027, 1, 31))
    assert listed(miniature, service_key=TO_PRINT, area=new.area(heir)) == {all_waived.gap_id: all_waived}

    told = history(new, id_of(NOT_LISTED, UNTERBERG))
    assert told.asked_as == id_of(NOT_LISTED, UNTERBERG)
    assert {s.gap_id.rpartition("/")[2] for s in told.judgements} == {AUHEIM, AUBACH, OBERBERG, UNTERBERG}
    assert all(s.holds for s in told.judgements)
    assert set(told.parts) == {AUHEIM, AUBACH, OBERBERG, UNTERBERG}
    assert {s.area_code for s in told.states} == {heir, AUHEIM, AUBACH, OBERBERG, UNTERBERG}
    assert {s.state for s in told.states if s.area_code == UNTERBERG} == {"missing", "unknown"}

    # A decision after the merger speaks for all of it.
    decide(miniature, id_of(NOT_LISTED, AUBACH), GapAnswer.DISPUTE)
    assert gap(view_of(miniature), id_of(NOT_LISTED, heir)).status == "disputed"
    # The release before the merger still tells what it told.
    assert gap(view_of(miniature, release=old.release.number), id_of(NOT_LISTED, AUHEIM)).status == "waived"
    assert gap(view_of(miniature, release=old.release.number), id_of(NOT_LISTED, AUBACH)).people == 5_000


@pytest.mark.parametrize("heir", [MERGED, AUHEIM])
@pytest.mark.fault("S17")
def test_curves_reports_and_figures_are_honest_about_a_merger_of_four(
    miniature: Miniature, heir: str
) -> None:
    """Aubach (5,000) had the form and the others were known not to; afterwards it serves all 30,000."""
    two_kreise_speak(miniature)
    old = view_of(miniature)
    (before,) = adoption(old, OWN_FORM)
    hessen = figures_of(old, "06")
    miniature.clock.forward(weeks=1)
    miniature.registry = replace(
        miniature.registry, areas=merged_register(miniature, miniature.clock().date(), heir)
    )
    # The portals go on as before and name the municipalities of then.
    miniature.say("bund", bund_claims())
    miniature.say("grossstadt", grossstadt_claims())
    both_say_it(miniature)
    assert miniature.publish() is not None
    new = view_of(miniature)

    (curve,) = adoption(new, OWN_FORM)
    # The weeks before tell what they told then, with the municipalities of then.
    assert [replace(level, on=TODAY) for level in curve.levels[:-1]] == [
        replace(level, on=TODAY) for level in before.levels
    ]
    last, then = curve.levels[-1], curve.levels[-2]
    assert (last.bodies, last.people) == (then.bodies - 3, then.people)
    assert last.people_covered == then.people_covered + 25_000
    # The merger rolled nothing out: there was no state that held for all of the new municipality before.
    assert (curve.changes[-1].rolled_out, curve.changes[-1].lost) == (0, 0)
    assert curve.changes[-1].learned == 30_000
    (inside,) = adoption(new, OWN_FORM, area=new.area(heir))
    assert [level.bodies for level in inside.levels][-2:] == [4, 1]
    assert {level.people for level in inside.levels} == {30_000}

    # The report tells of those only for whom something changed, by the names of then.
    told = report(new, "06", language="de", since=old.release.published_at)
    section = next(s for s in told.sections if s.name == "changes")
    name = new.area(heir).name
    where = [f"{part} (jetzt {name})" for part in ("Oberberg", "Unterberg")]
    where.insert(0, name if heir == AUHEIM else f"Auheim (jetzt {name})")
    assert [row[1:] for row in section.tables[0].rows if row[0] == "Musterwohnsitz anmelden"] == [
        ("; ".join(where), State("missing", "fehlt"), State("own", "eigenes Angebot"))
    ]

    # Figures before and after: the people of the register, a release of then with the areas of then.
    assert figures_of(new, "06").inhabitants == hessen.inhabitants == 230_000
    assert figures_of(new, "06").bodies == hessen.bodies - 3
    again = view_of(miniature, release=old.release.number)
    assert figures_of(again, "06") == hessen
    assert figures_of(again, AUBACH).inhabitants == 5_000
    assert figures_of(new, AUBACH) == figures_of(new, heir)


def figures_of(view: ReleaseView, place: str) -> Figures:
    (group,) = figures(view, FiguresQuery(place, obligations=frozenset({"alltag"})))
    return group.figures


def test_decisions_follow_a_service_with_one_successor(miniature: Miniature) -> None:
    decide(miniature, MISSING, GapAnswer.ACKNOWLEDGE)
    new_key = "99005001002000"
    registry = miniature.registry
    old = replace(registry.services[NOT_LISTED], status=ServiceStatus.RETIRED, replaced_by=new_key)
    fresh = replace(registry.services[NOT_LISTED], key=ServiceKey(new_key))
    duty = registry.obligations[0].duties[0]
    duties = (replace(duty, services=duty.services - {NOT_LISTED} | {new_key}),)
    miniature.registry = replace(
        registry,
        services={**registry.services, NOT_LISTED: old, new_key: fresh},
        obligations=(dataclasses.replace(registry.obligations[0], duties=duties), *registry.obligations[1:]),
        sources={
            **registry.sources,
            "grossstadt": replace(
                registry.sources["grossstadt"],
                scope=Scope((AreaKey(GROSSSTADT),), frozenset({new_key}), silence_means_absence=True),
            ),
        },
    )
    miniature.clock.forward(hours=1)
    assert miniature.publish() is not None
    view = view_of(miniature)
    one = gap(view, MISSING)
    assert (one.gap_id, one.status) == (id_of(new_key, GROSSSTADT), "acknowledged")
    told = history(view, MISSING)
    assert [(s.service_key, s.state) for s in told.states] == [(new_key, "missing"), (NOT_LISTED, "missing")]
    assert listed(miniature, service_key=new_key)[one.gap_id].status == "acknowledged"


def test_every_gap_of_a_kreis_has_somebody_whose_turn_it_is(miniature: Miniature) -> None:
    view = view_of(miniature)
    for one in gaps(view, GapQuery(area=view.area(KREIS_AUE), states=("unknown", "missing"))):
        assert one.responsible
        assert one.age_days is not None
