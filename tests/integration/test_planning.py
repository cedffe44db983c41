"""Reuse, uniformity, blueprint, priorities, media breaks and adoption over a real store, week by week.

The miniature of tests.support.miniature is published anew every week while more and more places get the form
of Großstadt. Everything expected is computed by hand from what was said.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.model.area import Area, AreaKey, AreaKind
from syncd.model.evidence import ChannelKind
from syncd.pipeline.adoption import adoption, stalls
from syncd.pipeline.ask import ReleaseView
from syncd.pipeline.blueprint import blueprint
from syncd.pipeline.gaps import GapQuery
from syncd.pipeline.media_breaks import channels
from syncd.pipeline.place import place_of
from syncd.pipeline.priorities import priorities
from syncd.pipeline.report import report
from syncd.pipeline.reuse import reuse
from syncd.pipeline.uniformity import deviations, distance_of, uniformities
from syncd.rules.areas import AreaIndex
from syncd.rules.blueprint import Step
from syncd.rules.line import AreaLine
from syncd.rules.media_breaks import Finding
from syncd.rules.prioritise import CaseFigure
from syncd.storage import open_store
from tests.support import miniature as mini
from tests.support.grown import (
    AUBACH,
    CIVENTO,
    MOOR,
    OBERBERG,
    OWN,
    TOWNS,
    UNTERBERG,
    WEEKS,
    form,
    grow,
    tell,
)
from tests.support.miniature import Miniature, claim


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Miniature]:
    """Give a miniature that is only read."""
    folder = tmp_path_factory.mktemp("planning")
    with open_store(f"sqlite:///{folder / 'syncd.sqlite'}") as store:
        yield grow(store, folder)


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[Miniature]:
    """Give a miniature that goes on."""
    with open_store(f"sqlite:///{tmp_path / 'syncd.sqlite'}") as store:
        yield grow(store, tmp_path)


@pytest.fixture
def view(grown: Miniature) -> ReleaseView:
    return grown.ask().view()


def everything_of(view: ReleaseView) -> list[Any]:
    """Return what all use cases say of one release."""
    moor, pilots = place_of(view, MOOR), place_of(view, "pilots")
    everywhere: GapQuery = GapQuery(area=view.area("00"))
    return [
        list(uniformities(view)),
        list(deviations(view)),
        list(reuse(view, everywhere)),
        list(blueprint(view, moor, pilots, steps=frozenset(Step))),
        priorities(view, pilots),
        list(channels(view, findings=frozenset(Finding))),
        adoption(view, mini.OWN_FORM),
    ]


@pytest.mark.postgres
def test_postgresql_says_the_same(grown: Miniature, postgres_url: str, tmp_path: Path) -> None:
    with open_store(postgres_url) as store:
        other = grow(store, tmp_path)
        for weeks in (0, 4):
            at = mini.NOW - timedelta(weeks=weeks)
            said = everything_of(other.ask().view(at=at))
            assert all(said)
            assert said == everything_of(grown.ask().view(at=at))


def test_uniformity_by_hand(view: ReleaseView) -> None:
    (found,) = uniformities(view, service_key=mini.OWN_FORM)
    # Großstadt on its own portal, five towns on one civento, Moor on its own page; Forst Aue owes nothing.
    figures = found.figures
    assert (figures.bodies, figures.people, figures.bodies_without) == (7, 261_000, 0)
    procedure = figures.spreads["procedure"]
    assert procedure.number == 3
    assert procedure.effective_by_bodies == pytest.approx(49 / 27)
    assert procedure.effective_by_people == pytest.approx(261**2 / (200**2 + 60**2 + 1))
    assert procedure.leading == "civento antrag.nordland.example Wohnsitz"
    assert procedure.largest_share_of_bodies == pytest.approx(5 / 7)
    assert procedure.largest_share_of_people == pytest.approx(60 / 261)
    assert [one.area_code for one in deviations(view, service_key=mini.OWN_FORM)] == [mini.GROSSSTADT, MOOR]
    (one,) = deviations(view, service_key=mini.OWN_FORM, area=view.area("Südland"))
    assert (one.area_name, one.marks, one.url) == ("Moor", ("procedure", "platform", "host"), OWN)


def test_distance_of_areas_by_hand(view: ReleaseView) -> None:
    # Two services have a leading procedure: the Bund's own everywhere, and the form.
    grossstadt = distance_of(view, view.area(mini.GROSSSTADT))["procedure"]
    assert (grossstadt.compared, grossstadt.deviating) == (2, 1)
    auheim = distance_of(view, view.area(mini.AUHEIM))["procedure"]
    assert (auheim.compared, auheim.deviating, auheim.share) == (2, 0, 0.0)
    everybody = distance_of(view, view.area("00"))["procedure"]
    assert (everybody.compared, everybody.deviating) == (14, 2)


def test_pages_of_deviations_go_on_where_they_stopped(view: ReleaseView) -> None:
    everything = list(deviations(view))
    for number, one in enumerate(everything, 1):
        assert list(deviations(view, after=(one.service_key, one.area_code))) == everything[number:]


def test_reuse_ranks_what_runs_elsewhere(grown: Miniature) -> None:
    # Four weeks earlier Moor and Riedstadt had no form yet.
    early = grown.ask().view(at=mini.NOW - timedelta(weeks=4))
    query: GapQuery = GapQuery(area=early.area(MOOR), service_key=mini.OWN_FORM)
    (found,) = reuse(early, query)
    assert found.gap.state == "missing"
    best, other = found.fits
    assert best.solution.procedure.engine == "civento"
    assert best.solution.bodies == (mini.AUHEIM, AUBACH, OBERBERG, UNTERBERG)
    reasons = {reason.code: reason.points for reason in best.reasons}
    # Other Land; Unterberg (2,000) is of the size of Moor (1,000); four bodies.
    assert reasons == {
        "same_key": 25, "similar_size": 10, "online_form": 3, "some_adopters": 3,
        "efa_not_stated": 0, "other_land": 0, "trend_unknown": 0,
    }  # fmt: skip
    assert (best.points, other.solution.bodies) == (41, (mini.GROSSSTADT,))
    assert other.points == 28
    query = GapQuery(area=early.area(MOOR), service_key=mini.NOT_LISTED)
    assert [one.fits for one in reuse(early, query)] == [()]


def test_a_variant_of_the_key_is_offered_as_one(growing: Miniature) -> None:
    variant = mini.OWN_FORM[:11] + "777"
    growing.say(
        "bund", [*mini.bund_claims(), claim("bund", "B9", variant, "00", form("00", OWN).channels[0])]
    )
    growing.publish()
    view = growing.ask().view(release=None)
    # What a variant has elsewhere is offered beside what the key itself has.
    advisor_query: GapQuery = GapQuery(area=view.area(MOOR), service_key=mini.OWN_FORM, states=("own",))
    (found,) = reuse(view, advisor_query)
    assert {fit.solution.service_key for fit in found.fits} == {mini.OWN_FORM, variant}
    of_variant = next(fit for fit in found.fits if fit.solution.service_key == variant)
    assert {"same_action", "same_land"} <= {reason.code for reason in of_variant.reasons}


def test_a_kreisfreie_stadt_is_one_body_on_both_lines(growing: Miniature) -> None:
    """It is not of a similar size as itself: what it runs already it runs itself."""
    variant = mini.OF_THE_KREIS[:11] + "777"
    online = dataclasses.replace(mini.channel(ChannelKind.ONLINE_SERVICE, ""), url=OWN)
    growing.say("bund", [*mini.bund_claims(), claim("bund", "B9", variant, mini.GROSSSTADT, online)])
    growing.publish()
    view = growing.ask().view()
    query: GapQuery = GapQuery(service_key=mini.OF_THE_KREIS, states=("missing", "unknown"))
    found = {one.gap.area_code: one.fits for one in reuse(view, query)}
    (fit,) = found["06411"]
    assert fit.solution.bodies == (mini.GROSSSTADT,)
    reasons = {reason.code for reason in fit.reasons if reason.points}
    assert {"own_solution", "same_domain", "same_action"} <= reasons
    assert "similar_size" not in reasons
    (other,) = found["06431"]
    assert "own_solution" not in {reason.code for reason in other.reasons}


def test_blueprint_between_areas_and_cohorts(grown: Miniature) -> None:
    early = grown.ask().view(at=mini.NOW - timedelta(weeks=4))
    moor, auheim = place_of(early, MOOR), place_of(early, mini.AUHEIM)
    (needed,) = blueprint(early, moor, auheim)
    assert (needed.service_key, needed.step, needed.url) == (
        mini.OWN_FORM, Step.ADOPT, CIVENTO + mini.AUHEIM,
    )  # fmt: skip
    assert list(blueprint(early, auheim, moor)) == []
    steps = {one.service_key: one.step for one in blueprint(early, auheim, moor, steps=frozenset(Step))}
    assert steps[mini.OWN_FORM] is Step.AHEAD
    assert steps[mini.ONLINE_EVERYWHERE] is Step.EQUAL
    assert steps[mini.NOT_LISTED] is Step.NEITHER
    cohort = place_of(early, "pilots")
    assert [area.code for area in cohort.areas] == [
        mini.GROSSSTADT, mini.AUHEIM, mini.KREIS_AUE, mini.RIEDSTADT,
    ]  # fmt: skip
    (group,) = [one for one in blueprint(early, moor, cohort) if one.line == "gemeinde"]
    # Großstadt, Auheim and Aubach of the Kreis; Auheim counts once, Riedstadt has none.
    assert (group.model.bodies, group.model.covered, group.model.people) == (4, 3, 255_000)
    assert group.model.procedures == (
        "civento antrag.nordland.example Wohnsitz", "portal.example /grossstadt/wohnsitz",
    )  # fmt: skip


def test_a_municipality_stands_on_the_line_of_kreise_with_its_kreis(grown: Miniature) -> None:
    view = grown.ask().view()
    found = {
        (one.line, one.service_key): one
        for one in blueprint(view, place_of(view, MOOR), place_of(view, mini.AUHEIM), steps=frozenset(Step))
    }
    assert found["kreis", mini.ONLINE_EVERYWHERE].place.people == 1_000
    assert found["kreis", mini.OF_THE_KREIS].step is Step.NEITHER


def test_priorities_by_hand(grown: Miniature) -> None:
    early = grown.ask().view(at=mini.NOW - timedelta(weeks=4))
    place = place_of(early, "09")
    found = priorities(early, place, obligation_id="alltag")
    first = found[0]
    assert first.need.key == ("alltag", "gemeinde", mini.OWN_FORM)
    # Riedstadt (30,000) and Moor (1,000) lack the form; Riedstadt is the larger.
    assert (first.need.people, first.need.bodies, first.area_name) == (31_000, 2, "Riedstadt")
    assert first.best is not None
    # Key 25, roughly the size of Auheim 10, form 3, several 3.
    assert first.best.points == 41
    assert first.need.priority == pytest.approx(31_000 * 0.41)
    others = {one.need.key[2]: one for one in found[1:]}
    assert set(others) == {mini.TO_PRINT, mini.DEAD_LINK, mini.NOT_LISTED, mini.NOBODY_SPEAKS}
    assert all(one.need.priority == pytest.approx(3_100) for one in others.values())
    assert all(one.best is None and one.need.weight.figure is None for one in others.values())


def test_case_figures_weigh(grown: Miniature) -> None:
    cases = {
        key: CaseFigure(key, figure, 2025, "Statistik (synthetisch)")
        for key, figure in ((mini.NOT_LISTED, 90.0), (mini.TO_PRINT, 10.0), (mini.DEAD_LINK, 10.0))
    }
    weighed = dataclasses.replace(grown, registry=dataclasses.replace(grown.registry, cases=cases))
    early = weighed.ask().view(at=mini.NOW - timedelta(weeks=4))
    found = priorities(early, place_of(early, "09"), obligation_id="alltag")
    assert [one.need.key[2] for one in found[:2]] == [mini.NOT_LISTED, mini.OWN_FORM]
    assert found[0].need.priority == pytest.approx(31_000 * 9 * 0.1)
    assert found[0].need.weight.figure == cases[mini.NOT_LISTED]


def test_media_breaks_of_an_area(view: ReleaseView) -> None:
    found = {(one.service_key, one.finding): one for one in channels(view, area=view.area(mini.GROSSSTADT))}
    assert found.keys() == {(mini.TO_PRINT, "media_break"), (mini.DEAD_LINK, "dead_link")}
    assert found[mini.TO_PRINT, "media_break"].evidence == "pdf_form"
    assert list(channels(view, area=view.area(MOOR))) == []
    wanted = frozenset({Finding.NONE, Finding.MEDIA_BREAK})
    everything = list(channels(view, findings=wanted))
    for number, one in enumerate(everything, 1):
        after = (one.service_key, one.area_code, one.number)
        assert list(channels(view, findings=wanted, after=after)) == everything[number:]


def test_adoption_by_hand(view: ReleaseView) -> None:
    (curve,) = adoption(view, mini.OWN_FORM, targets=(0.9, 1.0))
    assert (curve.obligation_id, curve.line, len(curve.levels)) == ("alltag", "gemeinde", WEEKS + 1)
    people = [level.people_covered for level in curve.levels]
    steps = [200_000, 20_000, 5_000, 3_000, 2_000, 30_000, 1_000]
    assert people == [sum(steps[: 2 + week // 2]) for week in range(WEEKS + 1)]
    assert [change.rolled_out for change in curve.changes] == [
        0, 5_000, 0, 3_000, 0, 2_000, 0, 30_000, 0, 1_000,
    ]  # fmt: skip
    assert all(change.learned == change.lost == change.out_of_sight == 0 for change in curve.changes)
    assert [dated.forecast.code for dated in curve.forecasts] == ["reached", "reached"]
    assert curve.stalled is False


def test_adoption_as_of_an_earlier_day_and_in_an_area(grown: Miniature) -> None:
    then = mini.NOW - timedelta(weeks=1)
    early = grown.ask().view(at=then)
    (curve,) = adoption(early, mini.OWN_FORM, targets=(1.0,), until=then)
    (dated,) = curve.forecasts
    assert (dated.forecast.code, dated.forecast.weeks_observed, dated.forecast.active_weeks) == (
        "expected", 9, 4,
    )  # fmt: skip
    # 1,000 people are left, 40,000 came in nine weeks.
    assert dated.forecast.per_week == pytest.approx(40_000 / 9)
    assert dated.expected_on == curve.levels[-1].on + timedelta(weeks=1)
    assert dated.earliest_on is not None
    assert dated.latest_on is None or dated.latest_on >= dated.expected_on
    (nordland,) = adoption(early, mini.OWN_FORM, area=early.area("Nordland"), until=then)
    assert nordland.levels[-1].people == 230_000
    assert nordland.levels[-1].share == 1
    (kreis,) = adoption(early, mini.OWN_FORM, area=early.area("09571"), targets=(0.99,), until=then)
    assert kreis.forecasts[0].forecast.code == "too_few_changes"


def test_weeks_without_a_release_are_weeks(growing: Miniature) -> None:
    early = growing.ask().view(at=mini.NOW - timedelta(weeks=4))
    (curve,) = adoption(early, mini.OWN_FORM)
    # That release was replaced two weeks later, by the next town.
    assert [level.release for level in curve.levels][-3:] == [4, 4, 4]
    tell(growing, TOWNS[:-1])
    growing.publish()
    growing.clock.forward(weeks=9)
    tell(growing, TOWNS[:-1])
    view = growing.ask().view()
    (curve,) = adoption(view, mini.OWN_FORM)
    assert curve.stalled is True
    assert [change.rolled_out for change in curve.changes[-9:]] == [0] * 9
    (stall,) = stalls(view)
    assert (stall.service_key, stall.gaps, stall.people_in_gaps, stall.weeks) == (
        mini.OWN_FORM, 1, 1_000, 11,
    )  # fmt: skip
    assert list(stalls(view, area=view.area("Nordland"))) == []
    assert list(stalls(view, after=("alltag", "gemeinde", mini.OWN_FORM))) == []
    assert list(stalls(view, until=mini.NOW)) == []


def test_a_report_tells_what_stands_still_since_when_and_foretells(growing: Miniature) -> None:
    tell(growing, TOWNS[:-1])
    growing.publish()
    growing.clock.forward(weeks=9)
    tell(growing, TOWNS[:-1])
    sections = {s.name: s for s in report(growing.ask().view(), "00", language="de").sections}
    (table,) = sections["rollout"].tables
    last = mini.NOW - timedelta(weeks=2)
    assert [row[:8] for row in table.rows] == [
        ("Musterwohnsitz anmelden", mini.OWN_FORM, last.date().isoformat(), 11, 6, 1, 0, 1_000)
    ]
    # 1,000 of 261,000 people are left, so four fifths are long there.
    assert table.rows[0][-1] == "Das Ziel ist schon erreicht."
    # In the Land of the last town the roll-out never went from body to body.
    (south,) = (s for s in report(growing.ask().view(), "09", language="de").sections if s.name == "rollout")
    assert not south.tables


def test_a_source_that_falls_silent_is_no_loss_and_its_return_no_roll_out(growing: Miniature) -> None:
    growing.clock.forward(weeks=1)
    # Only the towns are silent, and too old by now.
    growing.say("bund", mini.bund_claims())
    growing.say("grossstadt", mini.grossstadt_claims())
    growing.publish()
    growing.clock.forward(weeks=1)
    tell(growing, TOWNS)
    growing.publish()
    (curve,) = adoption(growing.ask().view(), mini.OWN_FORM)
    silent, back = curve.changes[-2:]
    assert (silent.out_of_sight, silent.lost, silent.rolled_out) == (61_000, 0, 0)
    assert (back.learned, back.lost, back.rolled_out) == (61_000, 0, 0)


def test_curves_follow_areas_over_a_change_of_the_register(growing: Miniature) -> None:
    before = growing.ask().view()
    (old,) = adoption(before, mini.OWN_FORM)
    # Oberberg and Unterberg become Neuberg.
    kept = [area for area in growing.registry.areas.areas if area.code not in {OBERBERG, UNTERBERG}]
    new = Area(AreaKey("064325001003"), "Neuberg", AreaKind.GEMEINDE, 5_000, ags="06432003")
    areas = tuple(sorted([*kept, new], key=lambda area: area.code))
    growing.registry = dataclasses.replace(
        growing.registry,
        areas=dataclasses.replace(
            growing.registry.areas,
            digest="synthetic-areas-2",
            areas=areas,
            index=AreaIndex.from_areas(areas),
            line=AreaLine.build(areas),
        ),
    )
    tell(growing, (mini.AUHEIM, AUBACH, mini.RIEDSTADT, MOOR))
    growing.publish()
    growing.clock.forward(weeks=1)
    (curve,) = adoption(growing.ask().view(), mini.OWN_FORM)
    assert curve.levels[-1].bodies == old.levels[-1].bodies - 1
    # Neuberg did not exist: nothing was lost there, and nobody else's history moved.
    assert curve.changes[-1].lost == 0
    assert [change.rolled_out for change in curve.changes[:-2]][-9:] == [
        0, 5_000, 0, 0, 0, 0, 0, 30_000, 0,
    ]  # fmt: skip
