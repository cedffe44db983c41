"""Coverage figures and simulations on a miniature Germany that was counted by hand."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.errors import ConfigError, NotFound
from syncd.model.coverage import CellState, GapCause, Tier
from syncd.model.evidence import ChannelKind, Evidence
from syncd.pipeline.ask import ReleaseView
from syncd.pipeline.figures import By, FiguresQuery, GroupFigures, figures
from syncd.pipeline.gaps import GapQuery, gaps
from syncd.pipeline.report import report
from syncd.pipeline.simulate import Adoption, TargetQuery, roll_outs, simulate
from syncd.rules.coverage_codec import unpack_cells
from syncd.rules.figures import Rule
from syncd.rules.gap_words import PARTIES
from syncd.rules.simulate import Bound
from syncd.rules.words import CAUSES
from syncd.storage import open_store
from tests.support import hand_counted as hand
from tests.support import miniature as mini
from tests.support.miniature import Miniature
from tests.support.paths import REPOSITORY
from tests.support.served import client

GOLDEN = json.loads((REPOSITORY / "tests/fixtures/golden/coverage.json").read_text())["groups"]
ALLTAG = frozenset({"alltag"})


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("counted")
    return folder / "syncd.sqlite"


@pytest.fixture(scope="module")
def standing(database: Path) -> Iterator[Miniature]:
    """One for all that only read."""
    with open_store(f"sqlite:///{database}") as store:
        yield hand.stand_up(store, database.parent)


@pytest.fixture
def view(standing: Miniature) -> ReleaseView:
    return standing.ask().view()


@pytest.fixture
def miniature(tmp_path: Path) -> Iterator[Miniature]:
    with open_store(f"sqlite:///{tmp_path / 'own.sqlite'}") as store:
        yield hand.stand_up(store, tmp_path)


def test_the_table_drawn_by_hand_is_what_the_rules_find(view: ReleaseView) -> None:
    causes = set()
    index = view.line.tier(Tier.GEMEINDE).index
    rows = list(view.store.coverage(1, obligation_id="alltag", line="gemeinde"))
    for row in rows:
        cells = unpack_cells(row.cells)
        states = [CellState(int(cells.state[index[code]])).label for code in hand.BODIES]
        assert states == [hand.LETTERS[letter] for letter in hand.CELLS[row.service_key]], row.service_key
        why = [GapCause(int(cells.cause[index[code]])) for code in hand.BODIES]
        assert [cause.label for cause in why] == [
            hand.CAUSE_LETTERS[letter] for letter in hand.CAUSES[row.service_key]
        ], row.service_key
        causes |= set(why)
    assert len(rows) == len(hand.CELLS)
    assert causes == set(GapCause)
    assert {letter for letters in hand.CELLS.values() for letter in letters} == set(hand.LETTERS)


def test_gaps_and_report_give_the_causes_counted_by_hand(view: ReleaseView) -> None:
    found = Counter(
        (gap.cause, gap.responsible) for gap in gaps(view, GapQuery(obligation_id="alltag", line="gemeinde"))
    )
    assert found == hand.GAPS_BY_CAUSE
    written = report(view, "00", language="en", obligation_id="alltag")
    (table,) = (t for section in written.sections for t in section.tables if t.name == "causes")
    words = {
        (CAUSES[cause]["en"], PARTIES[party]["en"]): count
        for (cause, party), count in hand.GAPS_BY_CAUSE.items()
    }
    assert {row[:2]: row[2] for row in table.rows} == words


@pytest.mark.parametrize("name", GOLDEN)
def test_figures_counted_by_hand(view: ReleaseView, name: str) -> None:
    by, place, group = name.split("/")
    query = FiguresQuery(place=place, by=By(by), obligations=ALLTAG)
    found = next(one.figures for one in figures(view, query) if one.group == group)
    expected = GOLDEN[name]
    for figure in ("services", "bodies", "inhabitants"):
        assert getattr(found, figure) == expected[figure], figure
    assert found.cells == expected["cells"]
    assert found.owed == sum(expected["cells"].values())
    for rule, (numerator, denominator, unknown) in expected["shares"].items():
        share = found.share(Rule(rule))
        assert (share.numerator, share.denominator, share.unknown) == (numerator, denominator, unknown), rule
    if "ladder" in expected:
        assert {step.rung: step.cells for step in found.ladder} == expected["ladder"]


@pytest.mark.parametrize("by", list(By))
@pytest.mark.parametrize("place", ["00", "06", "pilots", hand.AUE, hand.GROSSSTADT])
def test_figures_agree_with_counting_one_by_one(view: ReleaseView, by: By, place: str) -> None:
    """Every group against a slow count of the table; everything owed in the place is in some group."""
    inside = {
        "00": hand.BODIES,
        "06": hand.BODIES[:5],
        "pilots": (*hand.BODIES[:3], hand.RIEDSTADT),
        hand.AUE: hand.BODIES[1:3],
        hand.GROSSSTADT: hand.BODIES[:1],
    }[place]
    found = list(figures(view, FiguresQuery(place=place, by=by, obligations=ALLTAG)))
    for one in found:
        keys, bodies = _members(view, by, one, inside)
        letters = [
            (letter, people)
            for key in keys
            for code, letter, people in zip(hand.BODIES, hand.CELLS[key], hand.PEOPLE, strict=True)
            if code in bodies and letter != "."
        ]
        for letter, label in hand.LETTERS.items():
            if letter != ".":
                assert one.figures.cells[label] == sum(seen == letter for seen, _ in letters)
                assert one.figures.people[label] == sum(people for seen, people in letters if seen == letter)
    if by is not By.LEVEL:
        total = next(figures(view, FiguresQuery(place=place, obligations=ALLTAG)))
        assert sum(one.figures.owed for one in found) == total.figures.owed


def _members(
    view: ReleaseView, by: By, one: GroupFigures, inside: tuple[str, ...]
) -> tuple[list[str], set[str]]:
    keys = [key for key in hand.CELLS if _belongs(view, by, one.group, key)]
    area = one.group if by in {By.AREA, By.LEVEL} and one.group != "00" else ""
    return keys, {code for code in inside if code.startswith(area)}


def _belongs(view: ReleaseView, by: By, group: str, key: str) -> bool:
    service = view.ask.registry.services[key]
    value: Any = {
        By.SERVICE: key,
        By.OZG: str(service.ozg_id or ""),
        By.SITUATION: service.situation or "",
        By.THEME: service.theme or "",
    }.get(by, group)
    return bool(value == group)


def test_kreise_are_counted_on_their_own_line(view: ReleaseView) -> None:
    (found,) = figures(view, FiguresQuery(obligations=frozenset({"kreise"})))
    assert found.line == "kreis"
    assert found.figures.cells == {
        "own": 1, "inherited": 0, "offline": 1, "dead": 0, "missing": 0, "unknown": 2,
    }  # fmt: skip
    # A municipality in a Kreis has no cell there.
    assert not list(figures(view, FiguresQuery(place=mini.AUHEIM, line="kreis")))


def test_a_filter_narrows_and_unknown_names_are_told(view: ReleaseView) -> None:
    query = FiguresQuery(services=frozenset({hand.S1, hand.S2}), obligations=ALLTAG)
    (found,) = figures(view, query)
    assert found.figures.share(Rule.AREA_WIDE).numerator == 1
    assert found.figures.owed == 14
    with pytest.raises(NotFound, match="alltag, kreise"):
        list(figures(view, FiguresQuery(obligations=frozenset({"nirgends"}))))
    with pytest.raises(NotFound):
        list(figures(view, FiguresQuery(place="Nirgendwo")))


@pytest.mark.parametrize("by", list(By))
def test_going_on_behind_a_group_gives_the_rest(view: ReleaseView, by: By) -> None:
    found = list(figures(view, FiguresQuery(by=by)))
    for number, one in enumerate(found, 1):
        assert list(figures(view, FiguresQuery(by=by), after=one.position)) == found[number:]
        assert list(figures(view, FiguresQuery(by=by), after=one.position, at_once=2)) == found[number:]


def test_figures_as_of_a_day_stay_what_they_were(miniature: Miniature) -> None:
    before = list(figures(miniature.ask().view(), FiguresQuery(by=By.SERVICE)))
    then = miniature.clock()
    miniature.clock.forward(days=1)
    online = mini.channel(ChannelKind.ONLINE_SERVICE, "neu")
    miniature.say("bund", [mini.claim("bund", "6", hand.S6, "00", online)])
    miniature.publish()
    now = next(figures(miniature.ask().view(), FiguresQuery(services=frozenset({hand.S6}))))
    assert now.figures.cells["inherited"] == 7
    past = miniature.ask().view(at=then + timedelta(hours=1))
    assert list(figures(past, FiguresQuery(by=By.SERVICE))) == before


# --- simulation -------------------------------------------------------------------------------------------


def test_adopting_settles_what_was_unknown_and_closes_gaps(view: ReleaseView) -> None:
    adoption = Adoption(services=frozenset({hand.S6, hand.S10}), areas=(hand.AUE,), by_on=date(2029, 1, 1))
    (outcome,) = simulate(view, adoption, FiguresQuery(obligations=ALLTAG)).outcomes
    assert (outcome.closed, outcome.settled, outcome.reached) == (2, 2, 25_000)
    before, after = (
        outcome.before.share(Rule.SHARE_OF_POPULATION),
        outcome.after.share(Rule.SHARE_OF_POPULATION),
    )
    assert after.numerator - before.numerator == 2 * 25_000
    assert before.unknown - after.unknown == 25_000
    assert outcome.after.cells["inherited"] == outcome.before.cells["inherited"] + 4
    assert outcome.remaining_gaps == 22 + 1 + 15 - 2
    assert outcome.remaining[0].service_key == hand.S9


def test_each_body_for_itself_has_its_own_offer(view: ReleaseView) -> None:
    adoption = Adoption(services=frozenset({hand.S6}), areas=(hand.NORDLAND, hand.RIEDSTADT), each=True)
    (outcome,) = simulate(view, adoption, FiguresQuery(obligations=ALLTAG)).outcomes
    assert outcome.after.cells["own"] == outcome.before.cells["own"] + 6
    assert outcome.after.cells["offline"] == outcome.before.cells["offline"] - 6


def test_a_solution_below_the_duty_only_describes(view: ReleaseView) -> None:
    adoption = Adoption(services=frozenset({hand.S10}), areas=("00",), evidence=Evidence.PDF_FORM)
    (outcome,) = simulate(view, adoption, FiguresQuery(obligations=ALLTAG)).outcomes
    assert (outcome.closed, outcome.settled, outcome.reached) == (0, 0, 0)
    assert outcome.after.cells["offline"] == outcome.before.cells["offline"] + 7


def test_duties_that_are_new_by_then_are_named(view: ReleaseView) -> None:
    def named(day: date) -> tuple[tuple[str, str, date], ...]:
        return simulate(view, Adoption(by_on=day), FiguresQuery()).not_counted

    assert named(date(2027, 12, 31)) == ()
    assert named(date(2028, 1, 1)) == (("alltag", "Später", date(2028, 1, 1)),)
    with pytest.raises(ConfigError, match="before the release"):
        named(date(2026, 1, 1))


def test_nothing_adopted_changes_nothing_and_nothing_is_written(view: ReleaseView, database: Path) -> None:
    digest = hashlib.sha256(database.read_bytes()).hexdigest()
    for adoption in (
        Adoption(),
        Adoption(services=frozenset({hand.S6})),
        Adoption(areas=("00",)),
        # Covered everywhere already, and no better.
        Adoption(services=frozenset({hand.S1}), areas=("00",)),
    ):
        for outcome in simulate(view, adoption, FiguresQuery()).outcomes:
            assert outcome.before == outcome.after
            assert (outcome.closed, outcome.settled, outcome.reached) == (0, 0, 0)
    simulate(view, Adoption(frozenset(hand.KEYS), ("00",), each=True), FiguresQuery())
    list(roll_outs(view, TargetQuery(0.9), FiguresQuery()))
    assert hashlib.sha256(database.read_bytes()).hexdigest() == digest
    assert view.store.current_release() == view.release


def test_the_smallest_set_of_services(view: ReleaseView) -> None:
    (plan,) = roll_outs(view, TargetQuery(0.5), FiguresQuery(obligations=ALLTAG))
    assert [step.key for step in plan.steps] == [hand.S6, hand.S9]
    assert [step.gain for step in plan.steps] == [261_000, 261_000]
    assert plan.plan.bound is Bound.EXACT
    assert plan.plan.start == 926_000 / 2_641_000
    assert plan.plan.share == (926_000 + 522_000) / 2_641_000
    assert plan.plan.unknown == 320_000 / 2_641_000


def test_a_land_takes_on_what_is_lacking(view: ReleaseView) -> None:
    target = TargetQuery(0.8, units=frozenset({"service", "land"}))
    (plan,) = roll_outs(view, target, FiguresQuery(obligations=ALLTAG))
    assert (plan.steps[0].unit, plan.steps[0].key, plan.steps[0].gain) == ("land", "06", 1_115_000)
    assert plan.plan.bound is Bound.LOGARITHMIC
    assert plan.plan.share >= 0.8


@pytest.mark.parametrize(
    ("target", "bound"),
    [
        (TargetQuery(0.2), Bound.REACHED),
        (TargetQuery(1.0), Bound.UNREACHABLE),
        (TargetQuery(0.8, at_most=1), Bound.SUBMODULAR),
        (TargetQuery(0.5, units=frozenset({"gemeinde"}), measure="bodies"), Bound.EXACT),
    ],
)
def test_what_is_known_of_a_plan(view: ReleaseView, target: TargetQuery, bound: Bound) -> None:
    (plan,) = roll_outs(view, target, FiguresQuery(obligations=ALLTAG))
    assert plan.plan.bound is bound


def test_rolling_out_a_plan_reaches_what_it_says(view: ReleaseView) -> None:
    (plan,) = roll_outs(view, TargetQuery(0.7), FiguresQuery(obligations=ALLTAG))
    adoption = Adoption(frozenset(step.key for step in plan.steps), ("00",))
    (outcome,) = simulate(view, adoption, FiguresQuery(obligations=ALLTAG)).outcomes
    share = outcome.after.share(Rule.SHARE_OF_POPULATION).value
    assert share is not None
    # What was unknown is covered then, too.
    assert plan.plan.share <= share <= plan.plan.share + plan.plan.unknown


def test_a_place_without_cells_has_no_outcome_and_no_plan(view: ReleaseView) -> None:
    nowhere = FiguresQuery(place=mini.AUHEIM, line="kreis")
    assert simulate(view, Adoption(frozenset({hand.S12}), ("00",)), nowhere).outcomes == ()
    assert list(roll_outs(view, TargetQuery(0.5), nowhere)) == []


@pytest.mark.parametrize("target", [TargetQuery(0.0), TargetQuery(0.5, frozenset({"dorf"}))])
def test_targets_that_make_no_sense_are_told(view: ReleaseView, target: TargetQuery) -> None:
    with pytest.raises(ConfigError, match="no such target"):
        list(roll_outs(view, target, FiguresQuery()))


# --- REST -------------------------------------------------------------------------------------------------


async def test_coverage_over_http(standing: Miniature) -> None:
    async with client(standing) as session:
        async with session.get("/v1/coverage?obligation=alltag&place=pilots&lang=de") as answer:
            assert answer.status == 200
            (group,) = (await answer.json())["items"]
        expected = GOLDEN["total/pilots/"]
        assert group["cells"] == expected["cells"]
        wide = group["shares"][0]
        assert (wide["rule"], wide["name"]) == ("area_wide", "flächendeckend (alle)")
        assert [wide["numerator"], wide["denominator"], wide["unknown"]] == expected["shares"]["area_wide"]
        found: list[str] = []
        address: str | None = "/v1/coverage?by=service&limit=5"
        while address:
            async with session.get(address) as answer:
                page = await answer.json()
            found += [item["group"] for item in page["items"]]
            address = page["next"]
        assert found == [*hand.CELLS, hand.S12]
        async with session.get("/v1/coverage?place=Nirgendwo") as answer:
            assert answer.status == 404
        async with session.get("/v1/coverage?by=colour") as answer:
            assert answer.status == 400


async def test_simulations_over_http(standing: Miniature) -> None:
    body = {"obligations": ["alltag"], "adoption": {"services": [hand.S6], "areas": [hand.AUE]}}
    async with client(standing) as session:
        async with session.post("/v1/simulations", json=body) as answer:
            assert answer.status == 200, await answer.text()
            assert answer.headers["Syncd-Release"] == "1"
            (outcome,) = (await answer.json())["item"]["outcomes"]
        assert (outcome["closed"], outcome["reached"]) == (2, 25_000)
        target = {"obligations": ["alltag"], "target": {"share": 0.5}, "lang": "de"}
        async with session.post("/v1/simulations", json=target) as answer:
            (plan,) = (await answer.json())["item"]["plans"]
        assert [step["key"] for step in plan["steps"]] == [hand.S6, hand.S9]
        for wrong, status in (
            ({}, 400),
            (body | target, 400),
            ({"adoption": {"services": [], "areas": ["00"]}}, 400),
            ({"adoption": {"services": ["1"], "areas": ["00"]}}, 404),
            ({"adoption": {"services": [hand.S6] * 201, "areas": ["00"]}}, 400),
            ({"adoption": {"services": [hand.S6], "areas": ["00"], "by_on": "2027-02-30"}}, 400),
            ({"place": "x" * 20_000, "target": {"share": 0.5}}, 413),
        ):
            async with session.post("/v1/simulations", json=wrong) as answer:
                assert answer.status == status, wrong
    assert standing.store.current_release() == standing.ask().view().release
