"""What a simulation says is what the catalogue says once it has been done: adopted, told, rebuilt, counted.

Every example lets a portal really state the offers a simulation supposed, publishes through the real pipeline
and compares the figures. What was simulated must have changed nothing before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from syncd.model.area import AreaKey
from syncd.model.coverage import Tier
from syncd.model.evidence import ChannelKind, Evidence
from syncd.model.record import Scope
from syncd.pipeline.ask import ReleaseView
from syncd.pipeline.figures import FiguresQuery, GroupFigures, figures
from syncd.pipeline.running import bodies_in
from syncd.pipeline.simulate import Adoption, TargetQuery, roll_outs, simulate
from syncd.rules.simulate import Bound
from syncd.storage import open_store
from tests.support import miniature as mini
from tests.support.miniature import Miniature, channel, claim, stand_up

AUBACH, OBERBERG, MOOR = "064310002002", "064325001001", "095710002002"
AREAS = ("00", "06", "06431", "06432", mini.GROSSSTADT, mini.AUHEIM, AUBACH, OBERBERG, MOOR)
SERVICES = (
    mini.ONLINE_EVERYWHERE, mini.OWN_FORM, mini.TO_PRINT, mini.DEAD_LINK, mini.NOT_LISTED,
    mini.NOBODY_SPEAKS, mini.OF_THE_KREIS,
)  # fmt: skip
KINDS = {
    Evidence.DESCRIPTION: ChannelKind.PAGE,
    Evidence.PDF_FORM: ChannelKind.PDF,
    Evidence.ONLINE_FORM: ChannelKind.FORM,
    Evidence.ONLINE_SERVICE: ChannelKind.ONLINE_SERVICE,
}


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Miniature]:
    folder: Path = tmp_path_factory.mktemp("simulated")
    with open_store(f"sqlite:///{folder / 'syncd.sqlite'}") as store:
        miniature = stand_up(store, folder)
        plan = miniature.registry.sources["bund"]
        adopters = replace(
            plan,
            source_id="adopters",
            title="Die es übernehmen",
            scope=Scope((AreaKey("00"),), None, silence_means_absence=False),
            stale_after=timedelta(days=3_650),
        )
        sources = {**miniature.registry.sources, "adopters": adopters}
        miniature.registry = replace(miniature.registry, sources=sources)
        yield miniature


def told(miniature: Miniature, services: frozenset[str], areas: frozenset[str], rung: Evidence) -> None:
    """Let the adopters state exactly these offers, and publish."""
    claims = [
        claim("adopters", f"{key}/{area}", key, area, channel(KINDS[rung], "neu"))
        for key in sorted(services)
        for area in sorted(areas)
    ]
    miniature.clock.forward(seconds=60)
    miniature.say("adopters", claims)
    miniature.publish()


def bodies_of(view: ReleaseView, areas: frozenset[str]) -> frozenset[str]:
    """Return every municipality and every Kreis inside the areas."""
    return frozenset(
        code
        for area in areas
        for line in (Tier.GEMEINDE, Tier.KREIS)
        for code in view.line.tier(line).codes[slice(*bodies_in(view, view.area(area), line))]
    )


def counted(miniature: Miniature) -> list[GroupFigures]:
    return list(figures(miniature.ask().view(), FiguresQuery()))


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.frozensets(st.sampled_from(SERVICES), min_size=1, max_size=3),
    st.frozensets(st.sampled_from(AREAS), min_size=1, max_size=3),
    st.sampled_from(sorted(KINDS)),
    st.booleans(),
)
@example(frozenset(SERVICES), frozenset({"00"}), Evidence.ONLINE_SERVICE, False)
@example(frozenset(SERVICES), frozenset({"06"}), Evidence.ONLINE_SERVICE, True)
@example(frozenset({mini.TO_PRINT}), frozenset({mini.GROSSSTADT}), Evidence.DESCRIPTION, False)
@example(frozenset({mini.OWN_FORM}), frozenset({"06431", AUBACH}), Evidence.ONLINE_FORM, False)
def test_what_is_simulated_is_what_adopting_it_brings(
    standing: Miniature, services: frozenset[str], areas: frozenset[str], rung: Evidence, each: bool
) -> None:
    told(standing, frozenset(), frozenset(), rung)
    before = counted(standing)
    view = standing.ask().view()
    adoption = Adoption(services=services, areas=tuple(sorted(areas)), evidence=rung, each=each)
    foreseen = simulate(view, adoption, FiguresQuery()).outcomes
    assert counted(standing) == before
    told(standing, services, bodies_of(view, areas) if each else areas, rung)
    after = {(one.obligation_id, one.line): one.figures for one in counted(standing)}
    for outcome in foreseen:
        assert after[outcome.obligation_id, outcome.line] == outcome.after


def test_doing_what_a_plan_says_reaches_its_target(standing: Miniature) -> None:
    """Services in all bodies of the place, until 80 % of the people are reached; then it is really done."""
    told(standing, frozenset(), frozenset(), Evidence.ONLINE_SERVICE)
    query = FiguresQuery(mini.GROSSSTADT, obligations=frozenset({"alltag"}))
    (plan,) = roll_outs(standing.ask().view(), TargetQuery(target=0.8), query)
    assert plan.plan.bound is Bound.EXACT
    keys = frozenset(step.key for step in plan.steps)
    told(standing, keys, frozenset({mini.GROSSSTADT}), Evidence.ONLINE_SERVICE)
    (reached,) = figures(standing.ask().view(), query)
    share = next(one for one in reached.figures.shares if one.rule.value == "share_of_population")
    assert share.value == pytest.approx(plan.plan.share)
    assert plan.plan.share >= 0.8
