"""Records are linked through the real store: what counts for a service, what waits, and what comes back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.errors import ConfigError, NotFound
from syncd.model.area import AreaKey
from syncd.model.coverage import CellState, GapCause
from syncd.model.evidence import ChannelKind, Evidence
from syncd.model.judgement import (
    LinkAnswer,
    record_node,
    service_node,
)
from syncd.model.linkage import LinkMethod
from syncd.model.record import Scope
from syncd.model.service import ServiceStatus
from syncd.pipeline import review
from syncd.pipeline.entry_codec import decode_entry
from syncd.pipeline.explain import explain
from syncd.pipeline.registry import Linking
from syncd.rules.coverage_codec import unpack_cells
from syncd.storage import SqlStore
from syncd.storage.link_tables import identity_token, link_due
from tests.support.linking import (
    DOG,
    DOG_PARENT,
    FORM,
    PARK,
    PASS,
    assert_as_from_scratch,
    digest,
    judge,
    keyless,
    origins,
    registry_of,
)
from tests.support.miniature import (
    AUHEIM,
    GROSSSTADT,
    NOW,
    Clock,
    Miniature,
    channel,
    claim,
)
from tests.unit.storage.opened import KINDS, emptied, opened


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    yield from opened(request.param, request, tmp_path_factory)


@pytest.fixture
def miniature(database: SqlStore, tmp_path: Path) -> Miniature:
    return Miniature(emptied(database), tmp_path, registry_of(), Clock(NOW))


def test_a_record_without_a_key_counts_for_the_service_it_is_about(miniature: Miniature) -> None:
    miniature.say("stadt", [keyless("stadt", "7", "Hundesteuer: Anmeldung")])
    miniature.publish()
    assert origins(miniature.store, DOG) == {("stadt", "7", "scored")}
    assert origins(miniature.store, "local:stadt:7") == set()
    release = miniature.store.current_release()
    assert release is not None
    assert miniature.store.partition(release.number, "local:stadt:7") is None


def test_the_explanation_says_that_the_key_was_not_stated(miniature: Miniature) -> None:
    miniature.say("stadt", [keyless("stadt", "7", "Hundesteuer: Anmeldung")])
    miniature.publish()
    view = miniature.ask().view()
    told = " ".join(step.text for step in explain(view, DOG, view.area(GROSSSTADT), language="de").steps)
    assert "Datensatz 7, zugeordnet durch Ähnlichkeit" in told


def test_nothing_is_linked_by_likeness_where_it_is_switched_off(miniature: Miniature) -> None:
    miniature.registry = dataclasses.replace(miniature.registry, linking=Linking(enabled=False))
    miniature.say("stadt", [keyless("stadt", "7", "Hundesteuer: Anmeldung")])
    miniature.publish()
    assert origins(miniature.store, "local:stadt:7") == {("stadt", "7", "")}
    assert review.queue(miniature.store, limit=10) == ()


# --- declared identity, hierarchy, aliases ------------------------------------------------------------------


def test_an_id_that_another_source_declares_links_before_any_likeness(miniature: Miniature) -> None:
    """The title says dog, the shared editorial id says parking: what is declared is believed."""
    ours = keyless("stadt", "L100001/4711", "Hundesteuer: Anmeldung")
    miniature.say("stadt", [ours])
    miniature.say("land", [claim("land", "L100001.LB.4711", PARK, "00", FORM)])
    miniature.publish()
    assert origins(miniature.store, PARK) == {
        ("stadt", "L100001/4711", "identity"),
        ("land", "L100001.LB.4711", ""),
    }
    # The other record gives its key up: the id says nothing any more, the title speaks again.
    miniature.clock.forward(hours=1)
    miniature.say("land", [])
    miniature.publish()
    assert origins(miniature.store, PARK) == set()
    assert origins(miniature.store, DOG) == {("stadt", "L100001/4711", "scored")}


def test_sources_that_disagree_about_an_id_leave_it_to_a_person(miniature: Miniature) -> None:
    miniature.say("stadt", [keyless("stadt", "L100001/1", "Irgendetwas")])
    miniature.say("land", [claim("land", "L100001.LB.1", PARK, "00", FORM)])
    miniature.say("redaktion", [claim("redaktion", "L100001_LB_1", PASS, "00", FORM)])
    miniature.publish()
    (waiting,) = review.queue(miniature.store, limit=9)
    assert [c.service_key for c in waiting.candidates] == [PASS, PARK]
    assert waiting.link.method is LinkMethod.IDENTITY
    # Taking a false statement back at its root settles the question for all who share the id.
    judge(miniature, record_node("redaktion", "L100001_LB_1"), service_node(PASS), LinkAnswer.DIFFERENT)
    miniature.publish()
    assert review.queue(miniature.store, limit=9) == ()
    assert ("stadt", "L100001/1", "identity") in origins(miniature.store, PARK)
    assert origins(miniature.store, "local:redaktion:L100001_LB_1") == {
        ("redaktion", "L100001_LB_1", "judgement")
    }


def state_of(m: Miniature, key: str, area: str) -> tuple[CellState, GapCause]:
    release = m.store.current_release()
    assert release is not None
    (row,) = m.store.coverage(release.number, obligation_id="alltag", service_key=key)
    at = m.registry.areas.line.tier(m.registry.obligations[0].duties[0].line).codes.index(area)
    cells = unpack_cells(row.cells)
    return CellState(int(cells.state[at])), GapCause(int(cells.cause[at]))


def test_a_parent_key_proves_that_something_is_described_and_no_more(miniature: Miniature) -> None:
    online = channel(ChannelKind.ONLINE_SERVICE, "hund")
    miniature.say("stadt", [claim("stadt", "1", DOG_PARENT, GROSSSTADT, online, title="Hundesteuer")])
    miniature.publish()
    assert origins(miniature.store, DOG) == {("stadt", "1", "hierarchy")}
    assert state_of(miniature, DOG, GROSSSTADT) == (CellState.OFFLINE, GapCause.WRONG_KEY)
    release = miniature.store.current_release()
    assert release is not None
    (row,) = miniature.store.entries(release.number, service_key=DOG)
    assert row.evidence == Evidence.DESCRIPTION
    assert decode_entry(row.payload).channels[0][0].rule == "link.coarse"
    assert state_of(miniature, PARK, GROSSSTADT)[1] is GapCause.NO_SOURCE
    # What speaks of the service itself is heard instead, and the parent elsewhere only.
    miniature.clock.forward(hours=1)
    miniature.say("land", [claim("land", "9", DOG, GROSSSTADT, FORM)])
    miniature.publish()
    assert origins(miniature.store, DOG) == {("land", "9", "")}
    assert state_of(miniature, DOG, GROSSSTADT)[0] is CellState.OWN
    # The parent's record changes: the partitions below it follow.
    miniature.clock.forward(hours=1)
    miniature.say("stadt", [claim("stadt", "1", DOG_PARENT, AUHEIM, online, title="Hundesteuer")])
    miniature.publish()
    assert state_of(miniature, DOG, AUHEIM) == (CellState.OFFLINE, GapCause.WRONG_KEY)
    assert_as_from_scratch(miniature)


def test_a_known_other_name_links(miniature: Miniature) -> None:
    aliases = frozenset({("Anwohnerplakette", PARK)})
    miniature.registry = dataclasses.replace(miniature.registry, aliases=aliases)
    miniature.say("stadt", [keyless("stadt", "1", "ANWOHNERPLAKETTE"), keyless("stadt", "2", "Plakette")])
    miniature.publish()
    assert origins(miniature.store, PARK) == {("stadt", "1", "alias")}


def test_a_source_may_keep_its_records_to_itself_and_none_is_linked_beyond_its_scope(
    miniature: Miniature,
) -> None:
    sources = dict(miniature.registry.sources)
    sources["stadt"] = dataclasses.replace(sources["stadt"], links_by_likeness=False)
    sources["land"] = dataclasses.replace(sources["land"], scope=Scope((AreaKey("00"),), frozenset({PARK})))
    miniature.registry = dataclasses.replace(miniature.registry, sources=sources)
    for source in ("stadt", "land"):
        miniature.say(source, [keyless(source, "7", "Hundesteuer: Anmeldung")])
    miniature.publish()
    assert origins(miniature.store, DOG) == set()
    assert origins(miniature.store, "local:land:7") == {("land", "7", "")}


# --- judgements ---------------------------------------------------------------------------------------------


def test_a_judgement_holds_until_it_is_undone_and_leaves_no_trace(miniature: Miniature) -> None:
    miniature.say("stadt", [keyless("stadt", "7", "Etwas Unverwechselbares")])
    miniature.publish()
    before = digest(miniature)
    uid = judge(miniature, service_node(DOG), record_node("stadt", "7"))
    miniature.publish()
    assert origins(miniature.store, DOG) == {("stadt", "7", "judgement")}
    assert digest(miniature) != before
    miniature.clock.forward(minutes=1)
    review.undo(miniature.store, uid, reason="mistaken", by="tester", now=miniature.clock())
    miniature.publish()
    assert digest(miniature) == before
    assert [e.standing for e in review.history(miniature.store, NOW.date())] == ["undone", "holds"]
    with pytest.raises(ConfigError, match="undone before"):
        review.undo(miniature.store, uid, reason="again", by="tester", now=miniature.clock())


def test_what_was_judged_of_a_service_holds_for_the_one_in_its_place(miniature: Miniature) -> None:
    miniature.say("stadt", [keyless("stadt", "7", "Etwas Unverwechselbares")])
    judge(miniature, record_node("stadt", "7"), service_node(DOG))
    miniature.publish()
    services = dict(miniature.registry.services)
    services[DOG] = dataclasses.replace(services[DOG], status=ServiceStatus.RETIRED, replaced_by=PARK)
    miniature.registry = dataclasses.replace(miniature.registry, services=services)
    miniature.publish()
    assert origins(miniature.store, PARK) == {("stadt", "7", "judgement")}
    assert origins(miniature.store, DOG) == set()


def test_a_judgement_survives_the_end_of_an_area_and_of_the_record(miniature: Miniature) -> None:
    said = keyless("stadt", "7", "Etwas Unverwechselbares", AUHEIM)
    miniature.say("stadt", [said])
    judge(miniature, record_node("stadt", "7"), service_node(DOG))
    miniature.publish()
    areas = dataclasses.replace(
        miniature.registry.areas, digest="later", moved={AUHEIM: AreaKey("064310002002")}
    )
    miniature.registry = dataclasses.replace(miniature.registry, areas=areas)
    miniature.publish()
    release = miniature.store.current_release()
    assert release is not None
    assert [r.area_code for r in miniature.store.entries(release.number, service_key=DOG)] == ["064310002002"]
    miniature.clock.forward(hours=1)
    miniature.say("stadt", [])
    miniature.publish()
    assert origins(miniature.store, DOG) == set()
    miniature.clock.forward(hours=1)
    miniature.say("stadt", [said])
    miniature.publish()
    assert origins(miniature.store, DOG) == {("stadt", "7", "judgement")}


def test_what_contradicts_is_refused_with_what_it_contradicts(miniature: Miniature) -> None:
    miniature.say("stadt", [keyless("stadt", str(n), f"Unverwechselbar {n}") for n in range(3)])
    one, two, three = (record_node("stadt", str(n)) for n in range(3))
    first = judge(miniature, one, two)
    second = judge(miniature, two, three)
    with pytest.raises(ConfigError, match="contradicts") as told:
        judge(miniature, one, three, LinkAnswer.DIFFERENT)
    assert first in str(told.value)
    assert second in str(told.value)
    third = judge(miniature, two, service_node(DOG))
    with pytest.raises(ConfigError, match=third):
        judge(miniature, one, service_node(DOG), LinkAnswer.DIFFERENT)
    miniature.publish()
    assert {native for _, native, _ in origins(miniature.store, DOG)} == {"0", "1", "2"}
    # On the same question one may change one's mind.
    judge(miniature, two, service_node(DOG), LinkAnswer.UNSURE)
    miniature.publish()
    assert origins(miniature.store, DOG) == set()


def test_what_makes_no_sense_is_no_judgement(miniature: Miniature) -> None:
    miniature.say("stadt", [keyless("stadt", "7", "Etwas")])
    known, now = record_node("stadt", "7"), NOW
    for one, other, reason, by, error in (
        (known, service_node("99999999999999"), "x", "y", NotFound),
        (record_node("stadt", "8"), service_node(DOG), "x", "y", NotFound),
        (known, known, "x", "y", ConfigError),
        (service_node(DOG), service_node(PARK), "x", "y", ConfigError),
        (known, "stadt/7", "x", "y", ConfigError),
        (known, service_node(DOG), " ", "y", ConfigError),
        (known, service_node(DOG), "x", "", ConfigError),
    ):
        with pytest.raises(error):
            review.judge(
                miniature.store,
                miniature.registry,
                one=one,
                other=other,
                answer="same",
                reason=reason,
                by=by,
                now=now,
            )
    assert miniature.store.judgements() == ()


# --- queue, identity over time ------------------------------------------------------------------------------


def test_the_queue_shows_what_waits_and_asks_no_question_twice(miniature: Miniature) -> None:
    miniature.say("stadt", [keyless("stadt", str(n), "Hundesteuer: Änderung") for n in range(3)])
    miniature.publish()
    first, second = review.queue(miniature.store, limit=2)
    assert [one.native_id for one in (first, second)] == ["0", "1"]
    assert first.areas == (GROSSSTADT,)
    assert first.candidates
    assert first.since == NOW
    (third,) = review.queue(miniature.store, after=second.node, limit=2)
    assert third.native_id == "2"
    for candidate in first.candidates:
        judge(miniature, first.node, service_node(candidate.service_key), LinkAnswer.UNSURE)
    miniature.publish()
    assert [one.native_id for one in review.queue(miniature.store, limit=9)] == ["1", "2"]
    (counts,) = review.counts(miniature.store)
    assert (counts.source_id, counts.keyless, counts.review, counts.moves) == ("stadt", 3, 2, 0)


def test_a_record_with_a_new_id_is_proposed_as_a_move_and_takes_its_judgements_along(
    miniature: Miniature,
) -> None:
    miniature.say("stadt", [keyless("stadt", "alt", "Etwas Unverwechselbares")])
    judge(miniature, record_node("stadt", "alt"), service_node(DOG))
    miniature.clock.forward(hours=1)
    miniature.say("stadt", [keyless("stadt", "neu", "Etwas Unverwechselbares")], moves=(("alt", "neu"),))
    miniature.publish()
    assert origins(miniature.store, DOG) == set()
    (item,) = review.queue(miniature.store, limit=9)
    assert item.moved is not None
    assert (item.moved.native_id, item.moved.judgements) == ("alt", 1)
    assert item.moved.until is not None
    judge(miniature, item.node, item.moved.node)
    miniature.publish()
    assert origins(miniature.store, DOG) == {("stadt", "neu", "judgement")}
    assert review.queue(miniature.store, limit=9) == ()


def test_an_id_given_to_another_service_does_not_keep_what_was_judged(miniature: Miniature) -> None:
    miniature.say("stadt", [keyless("stadt", "7", "Vierbeiner melden")])
    judge(miniature, record_node("stadt", "7"), service_node(DOG))
    miniature.publish()
    assert origins(miniature.store, DOG) == {("stadt", "7", "judgement")}
    miniature.clock.forward(hours=1)
    miniature.say("stadt", [keyless("stadt", "7", "Vierbeiner online melden")])
    miniature.publish()
    assert origins(miniature.store, DOG) == {("stadt", "7", "judgement")}
    miniature.clock.forward(hours=1)
    miniature.say("stadt", [keyless("stadt", "7", "Fischereischein")])
    miniature.publish()
    assert origins(miniature.store, DOG) == set()
    (asked,) = review.queue(miniature.store, limit=9)
    assert [(c.service_key, c.reasons[0].matched) for c in asked.candidates] == [(DOG, "Vierbeiner melden")]
    # Whoever looks and says yes again is believed.
    judge(miniature, record_node("stadt", "7"), service_node(DOG))
    miniature.publish()
    assert origins(miniature.store, DOG) == {("stadt", "7", "judgement")}
    assert_as_from_scratch(miniature)


def test_a_store_from_before_links_learns_the_ids_when_its_sources_are_read_again(
    miniature: Miniature,
) -> None:
    """After an upgrade every piece is parsed again; what it says is stored already, its ids are not."""
    ours = keyless("stadt", "L100001/4711", "Etwas Unverwechselbares")
    miniature.say("stadt", [ours])
    miniature.say("land", [claim("land", "L100001.LB.4711", PARK, "00", FORM)])
    assert isinstance(miniature.store, SqlStore)
    with miniature.store._database.writer.begin() as connection:
        for table in (identity_token, link_due):
            connection.execute(table.delete())
    miniature.publish()
    assert origins(miniature.store, PARK) == {("land", "L100001.LB.4711", "")}
    miniature.clock.forward(hours=1)
    miniature.say("stadt", [ours], reparse=True)
    miniature.say("land", [claim("land", "L100001.LB.4711", PARK, "00", FORM)], reparse=True)
    miniature.publish()
    assert ("stadt", "L100001/4711", "identity") in origins(miniature.store, PARK)
    assert_as_from_scratch(miniature)
