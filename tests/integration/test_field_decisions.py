"""Conflicts through both databases: listed, decided, published, come back; fields are explained."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from syncd.errors import ConfigError, NotFound
from syncd.model.area import AreaKey
from syncd.model.evidence import ChannelKind, Evidence
from syncd.model.run import RunOutcome
from syncd.pipeline.conflict_views import ConflictState
from syncd.pipeline.conflicts import conflict, conflicts, decide, reopen
from syncd.pipeline.explain_field import EXPLAINED_FIELDS, explain_field
from syncd.pipeline.field_decisions import entry_of
from syncd.storage import SqlStore
from tests.support.contradicted import (
    FORM,
    bund_says,
    contradicted,
    ids,
    is_as_computed,
    of_grossstadt,
    place,
    published,
    who,
)
from tests.support.miniature import (
    GROSSSTADT,
    NOW,
    ONLINE_EVERYWHERE,
    OWN_FORM,
    TO_PRINT,
    Miniature,
    channel,
    stand_up,
)
from tests.unit.storage.opened import KINDS, emptied, opened


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    yield from opened(request.param, request, tmp_path_factory)


@pytest.fixture
def miniature(database: SqlStore, tmp_path: Path) -> Miniature:
    return stand_up(emptied(database), tmp_path)


def test_the_inbox_shows_both_sides_with_sources_records_and_dates(miniature: Miniature) -> None:
    before = miniature.ask().view()
    assert conflicts(before) == ()
    view = contradicted(miniature)
    found = conflicts(view)
    assert [(c.service_key, c.field) for c in found] == [
        (OWN_FORM, "authority"),
        (OWN_FORM, "online_service"),
        (TO_PRINT, "procedure"),
    ]
    authority, links, procedure = found
    assert authority.state is ConflictState.OPEN
    assert authority.area_name == "Großstadt"
    assert [side.value for side in authority.sides] == ["Standesamt", "Bürgeramt"]
    (said,) = authority.sides[1].said_by
    assert (said.source_id, said.native_id, said.fresh) == ("grossstadt", "G1", True)
    assert said.source_title == "Serviceportal Großstadt"
    assert said.changed_at == said.read_at == NOW - timedelta(minutes=5)
    assert said.run_id is not None
    assert (authority.since_release, authority.since_at) == (2, view.release.published_at)
    assert {side.value for side in links.sides} == {FORM, "https://portal.example/bund/wohnsitz"}
    assert [side.value.partition(" ")[0] for side in procedure.sides] == ["online_service", "pdf_form"]
    assert conflict(view, authority.conflict_id) == authority


def test_the_inbox_is_narrowed_and_read_in_pages(miniature: Miniature) -> None:
    view = contradicted(miniature)
    assert len(conflicts(view, area=place(view))) == 3
    assert conflicts(view, area=view.area("095710001001")) == ()
    assert ids(view, service_key=TO_PRINT) == ["procedure"]
    assert len(conflicts(view, source_id="grossstadt")) == 3
    assert conflicts(view, source_id="kreis-aue") == ()
    assert ids(view, field="authority") == ["authority"]
    seen: list[str] = []
    while page := conflicts(view, after=seen[-1] if seen else "", limit=1):
        seen += [c.conflict_id for c in page]
    assert seen == [c.conflict_id for c in conflicts(view)]
    assert conflicts(view, service_key=OWN_FORM, after=seen[0])[0].conflict_id == seen[1]
    assert conflicts(miniature.ask().view(release=1)) == ()
    with pytest.raises(ConfigError, match="not a conflict"):
        conflicts(view, after="nonsense")
    with pytest.raises(NotFound, match="no state"):
        conflicts(view, state="asleep")


def test_a_decision_takes_effect_is_remembered_and_comes_back(miniature: Miniature, tmp_path: Path) -> None:
    view = contradicted(miniature)
    (first, *_) = conflicts(view)
    made = decide(view, first.conflict_id, source_id="grossstadt", **who(miniature))  # type: ignore[arg-type]
    assert made.value == '{"said": ["Bürgeramt", "Standesamt"], "taken": "Bürgeramt"}'
    view = published(miniature)
    assert ids(view) == ["online_service", "procedure"]
    (settled,) = conflicts(view, state="decided")
    assert settled.ruling is not None
    assert (settled.ruling.decided_by, settled.ruling.value) == ("Frau Müller", "Bürgeramt")
    assert [(side.value, side.chosen) for side in settled.sides] == [
        ("Bürgeramt", True),
        ("Standesamt", False),
    ]
    entry = entry_of(view, OWN_FORM, GROSSSTADT)
    assert entry is not None
    assert entry.value("authority") == "Bürgeramt"
    assert is_as_computed(miniature, tmp_path)

    form = channel(ChannelKind.FORM, "bund/wohnsitz")
    miniature.say("bund", bund_says(of_grossstadt(OWN_FORM, form, authority="Meldeamt")))
    view = published(miniature)
    (again,) = conflicts(view, state="returned")
    assert again.field == "authority"
    assert [side.value for side in again.sides] == ["Bürgeramt", "Meldeamt"]
    reopen(view, again.conflict_id, **who(miniature))  # type: ignore[arg-type]
    view = published(miniature)
    assert conflicts(view, state="returned") == conflicts(view, state="decided") == ()
    assert ids(view) == ["authority", "online_service"]


def test_links_procedures_and_both(miniature: Miniature) -> None:
    view = contradicted(miniature)
    authority, links, procedure = conflicts(view)
    decide(view, authority.conflict_id, both=True, **who(miniature))  # type: ignore[arg-type]
    decide(view, links.conflict_id, value=FORM, **who(miniature))  # type: ignore[arg-type]
    decide(view, procedure.conflict_id, value="offline", **who(miniature))  # type: ignore[arg-type]
    view = published(miniature)
    assert conflicts(view) == ()
    entry = entry_of(view, OWN_FORM, GROSSSTADT)
    assert entry is not None
    assert entry.channels[0][0].channel.url == FORM
    assert entry.value("authority") == "Standesamt"
    printed = entry_of(view, TO_PRINT, GROSSSTADT)
    assert printed is not None
    assert printed.evidence is Evidence.PDF_FORM
    assert {graded.rule for graded, _ in printed.channels} == {"judgement.offline", "claim.pdf"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "by a value, by a source or as both"),
        ({"both": True, "value": "Bürgeramt"}, "by a value, by a source or as both"),
        ({"value": "Finanzamt"}, "no side says"),
        ({"source_id": "riedstadt"}, "no side of this conflict"),
        ({"both": True, "until": date(2026, 1, 1)}, "has passed"),
        ({"both": True, "reason": " "}, "needs a reason"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(
    miniature: Miniature, given: dict[str, object], message: str
) -> None:
    view = contradicted(miniature)
    (first, *_) = conflicts(view)
    with pytest.raises(ConfigError, match=message):
        decide(view, first.conflict_id, **{**who(miniature), **given})  # type: ignore[arg-type]
    for unknown in ("nonsense", f"{OWN_FORM}/{GROSSSTADT}/title", f"{OWN_FORM}/00/authority"):
        with pytest.raises(NotFound, match="no conflict"):
            decide(view, unknown, both=True, **who(miniature))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="nobody decided"):
        reopen(view, first.conflict_id, **who(miniature))  # type: ignore[arg-type]
    assert miniature.store.judgements() == ()


def test_the_list_of_conflicts_does_not_look_at_every_entry(miniature: Miniature) -> None:
    view = contradicted(miniature)
    asked: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        if "entry.payload" in statement:
            asked.append((statement, parameters))

    database = miniature.store._database  # type: ignore[attr-defined]
    event.listen(database.reader, "before_cursor_execute", note)
    try:
        (first, *_) = conflicts(view)
        conflicts(view, after=first.conflict_id)
    finally:
        event.remove(database.reader, "before_cursor_execute", note)
    lists = [statement for statement, _ in asked if " & " in statement]
    assert len(lists) == 3
    assert all("attention != 0" in statement for statement in lists), "the index needs the literal"
    if miniature.store.kind == "sqlite":  # type: ignore[attr-defined]
        with database.reader.connect() as connection:
            plans = [
                str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all())
                for statement, parameters in asked
            ]
        assert all(
            "ix_entry_attention" in plan for plan, (s, _) in zip(plans, asked, strict=True) if " & " in s
        )
        assert not any("ix_entry_from_release" in plan for plan in plans), plans
        assert not any("SCAN entry'" in plan for plan in plans), plans


def test_a_source_whose_scope_was_narrowed_no_longer_speaks_for_the_rest(miniature: Miniature) -> None:
    view = contradicted(miniature)
    assert entry_of(view, TO_PRINT, GROSSSTADT) is not None
    sources = dict(miniature.registry.sources)
    scopes = {
        "bund": dataclasses.replace(sources["bund"].scope, areas=(AreaKey("09"),)),
        "grossstadt": dataclasses.replace(sources["grossstadt"].scope, services=frozenset({OWN_FORM})),
    }
    for name, scope in scopes.items():
        sources[name] = dataclasses.replace(sources[name], scope=scope)
    miniature.registry = dataclasses.replace(miniature.registry, sources=sources)
    view = published(miniature)
    left = {(e.service_key, e.area_code) for e in view.store.entries(view.release.number)}
    assert left == {(OWN_FORM, GROSSSTADT), ("99007001001000", "06431")}
    entry = entry_of(view, OWN_FORM, GROSSSTADT)
    assert entry is not None
    assert {origin.source_id for origin in entry.origins} == {"grossstadt"}


def test_any_field_of_any_entry_is_explained(miniature: Miniature) -> None:
    sources = dict(miniature.registry.sources)
    sources["bund"] = dataclasses.replace(sources["bund"], precedence=120)
    miniature.registry = dataclasses.replace(miniature.registry, sources=sources)
    view = contradicted(miniature)
    for entry in list(view.store.entries(view.release.number)):
        for field in EXPLAINED_FIELDS:
            for language in ("de", "en"):
                told = explain_field(
                    view, entry.service_key, view.area(entry.area_code), field, language=language
                )
                assert told.steps
                assert [saying.wins for saying in told.sayings] == [True, *[False] * (len(told.sayings) - 1)][
                    : len(told.sayings)
                ]
    told = explain_field(view, OWN_FORM, place(view), "authority")
    winner, loser = told.sayings
    assert (winner.value, winner.codes, winner.rank) == ("Bürgeramt", ("lower_rank",), 100)
    assert (loser.value, loser.codes, loser.rank) == ("Standesamt", ("higher_rank",), 120)
    assert winner.why == (
        "Rank 100 (given to the source) goes before rank 120 of Synthetisches Bundesportal.",
    )
    assert told.conflict is not None
    assert winner.said_by is not None
    assert winner.said_by.run_id is not None
    provider = explain_field(view, OWN_FORM, place(view), "provider")
    assert (provider.value, provider.sayings[0].codes) == (f"{GROSSSTADT} Großstadt", ("own_body",))
    assert provider.sayings[0].said_by is not None
    assert provider.sayings[0].said_by.source_id == "grossstadt"
    with pytest.raises(NotFound, match="no field"):
        explain_field(view, OWN_FORM, place(view), "colour")
    with pytest.raises(NotFound, match="nothing is offered"):
        explain_field(view, ONLINE_EVERYWHERE, place(view), "title")


def test_a_stale_source_ranks_behind_a_fresh_one_whatever_its_rank(miniature: Miniature) -> None:
    sources = dict(miniature.registry.sources)
    sources["grossstadt"] = dataclasses.replace(sources["grossstadt"], precedence=1)
    miniature.registry = dataclasses.replace(miniature.registry, sources=sources)
    view = contradicted(miniature)
    assert explain_field(view, OWN_FORM, place(view), "authority").value == "Bürgeramt"
    miniature.clock.forward(days=4)
    miniature.end_run("bund", RunOutcome.UNCHANGED, code="", reason="")
    view = published(miniature)
    told = explain_field(view, OWN_FORM, place(view), "authority")
    assert [(s.value, s.codes) for s in told.sayings] == [
        ("Standesamt", ("fresh_first",)),
        ("Bürgeramt", ("stale",)),
    ]
