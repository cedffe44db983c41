"""Pins through both databases: published, come back, end, follow areas and keys, leave no trace."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.errors import ConfigError, NotFound
from syncd.model.area import AreaKey
from syncd.model.entry import PINNED
from syncd.model.service import ServiceStatus
from syncd.pipeline.conflict_views import PinState
from syncd.pipeline.conflicts import conflicts, decide, reopen
from syncd.pipeline.explain_field import explain_field
from syncd.pipeline.field_decisions import entry_of
from syncd.pipeline.pins import pin, pins, unpin
from syncd.rules.areas import AreaIndex
from syncd.storage import SqlStore
from tests.support.contradicted import contradicted, current, is_as_computed, place, published, who
from tests.support.miniature import (
    GROSSSTADT,
    NOW,
    ONLINE_EVERYWHERE,
    OWN_FORM,
    Miniature,
    grossstadt_claims,
    stand_up,
)
from tests.unit.storage.opened import KINDS, emptied, opened


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    yield from opened(request.param, request, tmp_path_factory)


@pytest.fixture
def miniature(database: SqlStore, tmp_path: Path) -> Miniature:
    return stand_up(emptied(database), tmp_path)


def test_a_pin_holds_is_explained_and_leaves_no_trace(miniature: Miniature, tmp_path: Path) -> None:
    first = current(miniature)
    view = miniature.ask().view()
    made = pin(view, OWN_FORM, place(view), "title", "Wohnsitz  anmelden", **who(miniature))  # type: ignore[arg-type]
    (waiting,) = pins(view)
    assert waiting.state is PinState.WAITING
    view = published(miniature)
    (held,) = pins(view)
    assert (held.state, held.value) == (PinState.IN_FORCE, "Wohnsitz anmelden")
    assert held.source_value == "Musterwohnsitz anmelden"
    assert held.ruling.said == ("Musterwohnsitz anmelden",)
    entry = entry_of(view, OWN_FORM, GROSSSTADT)
    assert entry is not None
    assert [s.origin.source_id for s in entry.fields["title"]] == [PINNED, "grossstadt"]
    assert is_as_computed(miniature, tmp_path)
    told = explain_field(view, OWN_FORM, place(view), "title", language="de")
    assert [saying.codes for saying in told.sayings] == [("pinned",), ("behind_pin", "alone")]
    assert told.pin is not None
    assert told.pin.reason == "asked the town"
    assert (told.since_release, told.value) == (2, "Wohnsitz anmelden")

    taken = unpin(view, made.uid, **who(miniature))  # type: ignore[arg-type]
    assert taken.subject == made.uid
    view = published(miniature)
    assert view.release.digest == first.digest
    assert pins(view) == ()
    with pytest.raises(NotFound, match="no pin"):
        unpin(view, held.pin_id, **who(miniature))  # type: ignore[arg-type]


def test_a_later_pin_takes_the_place_of_an_earlier_one_and_both_go_together(miniature: Miniature) -> None:
    first = current(miniature)
    view = miniature.ask().view()
    pin(view, OWN_FORM, place(view), "title", "Eins", **who(miniature))  # type: ignore[arg-type]
    miniature.clock.forward(seconds=1)
    pin(view, OWN_FORM, place(view), "title", "Zwei", **who(miniature))  # type: ignore[arg-type]
    view = published(miniature)
    (held,) = pins(view)
    assert held.value == "Zwei"
    unpin(view, held.pin_id, **who(miniature))  # type: ignore[arg-type]
    view = published(miniature)
    assert view.release.digest == first.digest
    assert pins(view) == ()
    with pytest.raises(NotFound, match="no pin"):
        unpin(view, held.pin_id, **who(miniature))  # type: ignore[arg-type]


def test_a_pin_whose_source_changed_comes_back_still_in_force(miniature: Miniature) -> None:
    view = miniature.ask().view()
    pin(view, OWN_FORM, place(view), "authority", "Rathaus", **who(miniature))  # type: ignore[arg-type]
    published(miniature)
    first, *rest = grossstadt_claims()
    miniature.say("grossstadt", (dataclasses.replace(first, authority="Meldeamt"), *rest))
    view = published(miniature)
    (back,) = pins(view, state="returned")
    assert (back.value, back.source_value) == ("Rathaus", "Meldeamt")
    entry = entry_of(view, OWN_FORM, GROSSSTADT)
    assert entry is not None
    assert entry.value("authority") == "Rathaus"
    assert "pin_returned" in explain_field(view, OWN_FORM, place(view), "authority").sayings[0].codes


def test_a_pin_ends_after_its_last_day(miniature: Miniature) -> None:
    first = current(miniature)
    view = miniature.ask().view()
    until = NOW.date() + timedelta(days=1)
    pin(view, OWN_FORM, place(view), "title", "Kurz", until=until, **who(miniature))  # type: ignore[arg-type]
    published(miniature)
    miniature.clock.forward(days=1)
    assert miniature.publish() is None
    miniature.clock.forward(days=1)
    assert OWN_FORM in miniature.store.dirty_keys(miniature.clock().date())[1]
    view = published(miniature)
    assert view.release.digest == first.digest
    (ended,) = pins(view)
    assert ended.state is PinState.EXPIRED


def test_pins_and_decisions_follow_an_area_that_ended(miniature: Miniature) -> None:
    view = contradicted(miniature)
    (first, *_) = conflicts(view)
    decide(view, first.conflict_id, source_id="grossstadt", **who(miniature))  # type: ignore[arg-type]
    pin(view, OWN_FORM, place(view), "title", "Wohnsitz", **who(miniature))  # type: ignore[arg-type]
    published(miniature)
    areas, successor = miniature.registry.areas, "064310001001"
    miniature.registry = dataclasses.replace(
        miniature.registry,
        areas=dataclasses.replace(
            areas,
            digest="synthetic-areas-2",
            moved={GROSSSTADT: AreaKey(successor)},
            index=AreaIndex.from_areas(areas.areas),
        ),
    )
    view = published(miniature)
    entry = entry_of(view, OWN_FORM, successor)
    assert entry is not None
    assert (entry.value("title"), entry.value("authority")) == ("Wohnsitz", "Bürgeramt")
    (held,) = pins(view)
    assert (held.area_code, held.state) == (successor, PinState.IN_FORCE)
    (settled,) = conflicts(view, state="decided")
    reopen(view, settled.conflict_id, **who(miniature))  # type: ignore[arg-type]
    unpin(view, held.pin_id, **who(miniature))  # type: ignore[arg-type]
    entry = entry_of(published(miniature), OWN_FORM, successor)
    assert entry is not None
    assert (entry.value("title"), entry.pins) == ("Musterwohnsitz anmelden", ())


def test_pins_follow_a_service_whose_key_changed(miniature: Miniature) -> None:
    view = miniature.ask().view()
    pin(view, OWN_FORM, place(view), "title", "Wohnsitz", **who(miniature))  # type: ignore[arg-type]
    published(miniature)
    new_key = "99002001002000"
    services = dict(miniature.registry.services)
    old = services[OWN_FORM]
    services[OWN_FORM] = dataclasses.replace(old, status=ServiceStatus.RETIRED, replaced_by=new_key)
    services[new_key] = dataclasses.replace(old, key=type(old.key)(new_key))
    sources = dict(miniature.registry.sources)
    plan = sources["grossstadt"]
    scope = dataclasses.replace(plan.scope, services=(plan.scope.services or frozenset()) | {new_key})
    sources["grossstadt"] = dataclasses.replace(plan, scope=scope)
    miniature.registry = dataclasses.replace(miniature.registry, services=services, sources=sources)
    first, *rest = grossstadt_claims()
    miniature.say("grossstadt", (dataclasses.replace(first, service_key=type(old.key)(new_key)), *rest))
    view = published(miniature)
    entry = entry_of(view, new_key, GROSSSTADT)
    assert entry is not None
    assert entry.value("title") == "Wohnsitz"
    (held,) = pins(view)
    assert held.state is PinState.IN_FORCE
    unpin(view, held.pin_id, **who(miniature))  # type: ignore[arg-type]
    entry = entry_of(published(miniature), new_key, GROSSSTADT)
    assert entry is not None
    assert entry.value("title") == "Musterwohnsitz anmelden"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("evidence", "x", "cannot be pinned"),
        ("title", " \u200b ", "must say something"),
        ("page_url", "ftp://portal.example/", "is no link"),
        ("page_url", "https://[broken", "is no link"),
        ("language", "Deutsch, bitte", "is no language tag"),
        ("description", "x" * 10_001, "at most 10000 characters"),
    ],
)
def test_a_pin_that_makes_no_sense_is_refused(
    miniature: Miniature, field: str, value: str, message: str
) -> None:
    view = miniature.ask().view()
    with pytest.raises(ConfigError, match=message):
        pin(view, OWN_FORM, place(view), field, value, **who(miniature))  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="nothing is offered"):
        pin(view, ONLINE_EVERYWHERE, place(view), "title", "x", **who(miniature))  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="no service"):
        pin(view, "99999999999999", place(view), "title", "x", **who(miniature))  # type: ignore[arg-type]
