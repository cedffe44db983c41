"""Coverage figures and simulations: what must hold for any cells, on random ones."""

from __future__ import annotations

from itertools import combinations
from math import e
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.model.coverage import CellState, GapCause
from syncd.model.evidence import Evidence
from syncd.rules.assess import Cells, Mark, Offers, assess_offers
from syncd.rules.coverage_codec import pack_cells, unpack_cells
from syncd.rules.figure_words import BOUNDS, RULE_TEXTS, RULES, UNITS, percent, share_text
from syncd.rules.figures import CODES, RUNGS, AreaTallies, Figures, Rule, Share, Tally, Unit, codes_of
from syncd.rules.simulate import Bound, Gaps, Plan, Reach, Weights, adopted, covered_mask, gap_mask

BODIES = 6
PEOPLE = np.array([50, 1, 0, 7, 30, 12], dtype=np.int64)
# Unknown, missing and not owed cells stand on no rung.
VALID = [
    state * RUNGS + rung
    for state in CellState
    for rung in (
        range(1, RUNGS) if state.is_covered or state in {CellState.OFFLINE, CellState.DEAD} else (0,)
    )
]
codes = st.lists(st.sampled_from(VALID), min_size=BODIES, max_size=BODIES).map(
    lambda found: np.array(found, dtype=np.uint8)
)
services = st.lists(codes, min_size=1, max_size=5)
masks = st.lists(st.booleans(), min_size=BODIES, max_size=BODIES).map(lambda m: np.array(m, dtype=np.bool_))
rungs = st.sampled_from([rung for rung in Evidence if rung])
quick = settings(max_examples=150, deadline=None)


def counted(rows: list[Any], people: Any = PEOPLE) -> Figures:
    tally = Tally(people)
    for row in rows:
        tally.add(row)
    return tally.figures()


def rank(code: int) -> int:
    """Return how good a state is: nothing known or missing, described, covered."""
    state = CellState(code // RUNGS)
    return 2 if state.is_covered else int(state in {CellState.OFFLINE, CellState.DEAD})


@quick
@given(services)
def test_figures_add_up_and_unknown_is_neither(rows: list[Any]) -> None:
    found = counted(rows)
    assert sum(found.cells.values()) == found.owed == sum(int((row >= RUNGS).sum()) for row in rows)
    people = sum(int(PEOPLE[row >= RUNGS].sum()) for row in rows)
    assert sum(found.people.values()) == people
    known = sum(step.cells for step in found.ladder)
    assert known + found.cells["unknown"] == found.owed
    for share in found.shares:
        assert share.numerator >= 0
        assert share.numerator + share.unknown <= share.denominator
    missing = sum(int((row // RUNGS == CellState.MISSING).sum()) for row in rows)
    assert found.cells["missing"] == missing
    by_rule = {share.rule: share for share in found.shares}
    assert by_rule.keys() == set(Rule)
    both = by_rule[Rule.OWN].numerator + by_rule[Rule.INHERITED].numerator
    assert both == by_rule[Rule.SHARE_OF_BODIES].numerator
    assert by_rule[Rule.AREA_WIDE].numerator <= by_rule[Rule.AT_LEAST_ONE].numerator


@quick
@given(services, st.randoms(use_true_random=False))
def test_the_order_of_services_does_not_matter(rows: list[Any], random: Any) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert counted(rows) == counted(shuffled)


@quick
@given(services)
def test_many_areas_at_once_are_counted_like_one_by_one(rows: list[Any]) -> None:
    spans = [(0, BODIES), (0, 2), (1, 4), (3, 4), (2, 2)]
    tallies = AreaTallies(np.array([a for a, _ in spans]), np.array([b for _, b in spans]), PEOPLE)
    for row in rows:
        tallies.add(row)
    for (first, end), found in zip(spans, tallies.figures(), strict=True):
        alone = counted([row[first:end] for row in rows], PEOPLE[first:end])
        assert found == (alone if alone.services else None)


@quick
@given(codes, st.integers(0, BODIES - 1))
def test_learning_what_was_unknown_moves_shares_within_their_bounds(row: Any, at: int) -> None:
    """Whatever an unknown cell turns out to be, the share ends between what is known and what is possible."""
    row[at] = CellState.UNKNOWN * RUNGS
    before = counted([row])
    for state, rung in ((CellState.MISSING, 0), (CellState.OWN, Evidence.ONLINE_SERVICE)):
        learned = row.copy()
        learned[at] = state * RUNGS + rung
        for old, new in zip(before.shares, counted([learned]).shares, strict=True):
            assert old.numerator <= new.numerator <= old.numerator + old.unknown
            assert new.unknown <= old.unknown


# --- inheritance ------------------------------------------------------------------------------------------

SPANS = [(0, 6), (0, 3), (3, 6), (4, 6), *((n, n + 1) for n in range(BODIES))]
offer = st.tuples(st.integers(0, len(SPANS) - 1), st.integers(1, 7), st.booleans())


def assessed(offers: list[tuple[int, int, bool]], minimum: Evidence, silence_tells: bool) -> Any:
    offers = sorted(offers)
    spans = np.array([SPANS[at] for at, _, _ in offers], dtype=np.int32).reshape(-1, 2)
    marks = [
        Mark.FRESH | Mark.LOCAL | (Mark.DEAD if dead and rung < minimum else 0) for _, rung, dead in offers
    ]
    word = CellState.MISSING | GapCause.NOT_DESCRIBED << 8
    # What is not marked here (conflict, nameless, …) only decides about causes.
    cells = assess_offers(
        Offers(
            first=spans[:, 0],
            end=spans[:, 1],
            evidence=np.array([rung for _, rung, _ in offers], dtype=np.uint8),
            level=np.zeros(len(offers), dtype=np.uint8),
            marks=np.array(marks, dtype=np.uint8),
        ),
        minimum,
        np.ones(BODIES, dtype=np.bool_),
        np.full(BODIES, word, dtype=np.uint32) if silence_tells else None,
    )
    return codes_of(unpack_cells(pack_cells(cells)[1]))


duties = st.tuples(rungs, st.booleans())


@quick
@given(st.lists(offer, max_size=5), st.tuples(st.integers(0, 3), rungs, st.booleans()), duties)
def test_an_offer_from_above_never_worsens_a_cell(
    offers: list[tuple[int, int, bool]], above: tuple[int, Evidence, bool], duty: tuple[Evidence, bool]
) -> None:
    before = assessed(offers, *duty)
    after = assessed([*offers, (above[0], int(above[1]), above[2])], *duty)
    for old, new in zip(before.tolist(), after.tolist(), strict=True):
        assert rank(new) >= rank(old)
        # An own offer is never hidden by an inherited one.
        assert old // RUNGS != CellState.OWN or new == old


@quick
@given(codes)
def test_codes_survive_the_packed_row(row: Any) -> None:
    words = (row // RUNGS).astype(np.uint32) | (row % RUNGS).astype(np.uint32) << 16
    assert (codes_of(unpack_cells(pack_cells(Cells(words))[1])) == row).all()
    assert row.max() < CODES


# --- simulation -------------------------------------------------------------------------------------------


levels = st.lists(st.sampled_from([0, 2, 5, 12]), min_size=BODIES, max_size=BODIES).map(
    lambda found: np.array(found, dtype=np.uint8)
)


@quick
@given(codes, masks, masks, levels, levels, rungs, rungs)
def test_adopting_never_worsens_a_cell(  # noqa: PLR0917 - all that an adoption looks at
    row: Any,
    reached: Any,
    itself: Any,
    theirs: Any,
    level: Any,
    rung: Evidence,
    minimum: Evidence,
) -> None:
    # A gap is one because its offer stands below the rung demanded.
    row[gap_mask(row) & (row % RUNGS >= minimum)] = CellState.MISSING * RUNGS
    kept = row.copy()
    reach = Reach(reached, itself & reached, theirs)
    after = adopted(row, reach, rung, minimum, level)
    assert (row == kept).all()
    owed = row >= RUNGS
    assert (after[~(reached & owed)] == row[~(reached & owed)]).all()
    assert set(after.tolist()) <= set(VALID)
    for old, new, body in zip(row.tolist(), after.tolist(), range(BODIES), strict=True):
        assert rank(new) >= rank(old)
        if old // RUNGS != CellState.INHERITED or rung < minimum:
            assert new % RUNGS >= old % RUNGS
        # An own offer is never hidden by an inherited one.
        assert old // RUNGS != CellState.OWN or reach.itself[body] or new == old
    if rung >= minimum:
        assert covered_mask(after)[reached & owed].all()
    else:
        assert (covered_mask(after) == covered_mask(row)).all()
    again = adopted(after, reach, rung, minimum, level)
    assert (again == after).all()


@quick
@given(codes, levels, rungs, rungs)
def test_adopting_nowhere_changes_nothing(row: Any, level: Any, rung: Evidence, minimum: Evidence) -> None:
    nowhere = np.zeros(BODIES, dtype=np.bool_)
    reach = Reach(nowhere, nowhere, level)
    assert (adopted(row, reach, rung, minimum, level) == row).all()


AREAS = [(0, 3), (3, 6), (4, 6), (0, 1)]


def planned(
    rows: list[Any], areas: list[tuple[int, int]], *, services: bool, target: float, most: int = 20
) -> tuple[Plan, Weights, list[frozenset[tuple[int, int]]]]:
    gaps, sets = Gaps(PEOPLE), []
    masks = [gap_mask(row) for row in rows]
    for mask in masks:
        gaps.add(mask)
    weights = Weights(
        sum(int(PEOPLE[row >= RUNGS].sum()) for row in rows),
        sum(int(PEOPLE[covered_mask(row)].sum()) for row in rows),
        sum(int(PEOPLE[row >= CellState.UNKNOWN * RUNGS].sum()) for row in rows),
    )
    if services:
        sets += [frozenset((n, b) for b in np.flatnonzero(mask).tolist()) for n, mask in enumerate(masks)]
    for first, end in areas:
        sets.append(frozenset((n, b) for n, m in enumerate(masks) for b in range(first, end) if m[b]))
    return gaps.smallest_set(areas, weights, services=services, target=target, at_most=most), weights, sets


def gain(chosen: tuple[frozenset[tuple[int, int]], ...]) -> int:
    return sum(int(PEOPLE[body]) for _, body in frozenset().union(*chosen))


@settings(max_examples=120, deadline=None)
@given(
    services, st.booleans(), st.sampled_from([[], AREAS[:2], AREAS]), st.sampled_from([0.3, 0.6, 0.9, 1.0])
)
def test_the_bound_of_a_plan_holds(
    rows: list[Any], use_services: bool, areas: list[Any], target: float
) -> None:
    """Against every subset of the candidates."""
    plan, weights, sets = planned(rows, areas, services=use_services, target=target)
    demanded = target * weights.owed - weights.covered
    reaching = [
        size
        for size in range(len(sets) + 1)
        if any(gain(chosen) >= demanded for chosen in combinations(sets, size))
    ]
    if plan.bound is Bound.REACHED:
        assert demanded <= 0
        assert not plan.steps
    elif plan.bound is Bound.UNREACHABLE:
        assert not reaching
    elif plan.bound is Bound.EXACT:
        assert len(plan.steps) == min(reaching)
    else:
        assert plan.bound is Bound.LOGARITHMIC
        assert len(plan.steps) <= plan.factor * min(reaching) + 1e-9
    assert [step.gain for step in plan.steps] == sorted((s.gain for s in plan.steps), reverse=True)
    assert weights.owed == 0 or plan.share == pytest.approx(
        (weights.covered + sum(step.gain for step in plan.steps)) / weights.owed
    )


@settings(max_examples=80, deadline=None)
@given(services, st.integers(1, 3))
def test_few_roll_outs_gain_most_of_what_is_possible(rows: list[Any], most: int) -> None:
    plan, _, sets = planned(rows, AREAS, services=True, target=1.0, most=most)
    if plan.bound is Bound.SUBMODULAR:
        best = max(gain(chosen) for chosen in combinations(sets, most))
        assert sum(step.gain for step in plan.steps) >= (1 - 1 / e) * best


# --- words ------------------------------------------------------------------------------------------------


def test_every_rule_unit_and_bound_has_words() -> None:
    assert RULES.keys() == RULE_TEXTS.keys() == {rule.value for rule in Rule}
    assert UNITS.keys() == {unit.value for unit in Unit}
    assert BOUNDS.keys() == {bound.value for bound in Bound}
    for table in (RULES, RULE_TEXTS, UNITS, BOUNDS):
        assert all(text.keys() == {"de", "en"} and all(text.values()) for text in table.values())


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0,0 %"), (0.0001, "0,1 %"), (0.9999, "99,9 %"), (1.0, "100,0 %"), (1 / 3, "33,3 %")],
)
def test_almost_all_is_not_all_and_a_little_is_not_nothing(value: float | None, text: str) -> None:
    assert percent(value, "de") == text


def test_a_share_says_what_is_unknown() -> None:
    share = Share(Rule.SHARE_OF_BODIES, Unit.CELLS, 46, 64, 3)
    assert share_text(share, "de") == "46 / 64 = 71,9 % (unbekannt 3)"
    assert (share.value, share.at_most) == (46 / 64, 49 / 64)
    assert Share(Rule.OWN, Unit.CELLS, 0, 0, 0).value is None
