"""Fit of running solutions: points by hand, reasons in words, and an order that nothing shakes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.evidence import Evidence
from syncd.rules.plan_words import REASONS, reason_text
from syncd.rules.procedures import Offer, Procedure
from syncd.rules.reuse import FULL, POINTS, Applicant, Solution, best, fit, is_variant, rank, solutions

KEY = "99036020001000"
VARIANT = "99036020001001"
CIVENTO = Procedure("civento", "portal-civ.ekom21.de", "Zulassung")
OWN = Procedure("", "zulassung.stadt.example", "/antrag")
PEOPLE = {
    "06531": 280_000,
    "06440": 310_000,
    "06414": 288_850,
    "06": 6_200_000,
    "00": 83_000_000,
    "09162": 1_500_000,
}
HEUCHELHEIM = Applicant(KEY, "065310007007", 8_000)
GIESSEN = Applicant(KEY, "06531", 280_000, frozenset({"civento"}), frozenset({"ekom21.de"}))


def solution(**changes: object) -> Solution:
    base = Solution(KEY, CIVENTO, Evidence.ONLINE_SERVICE, "https://a.example", ("06440",))
    return replace(base, **changes)  # type: ignore[arg-type]


def points(one: Solution, applicant: Applicant = GIESSEN) -> dict[str, int]:
    found = fit(one, applicant, PEOPLE)
    assert found.points == sum(reason.points for reason in found.reasons)
    assert list(found.reasons) == sorted(found.reasons, key=lambda r: (-r.points, r.code))
    return {reason.code: reason.points for reason in found.reasons}


def test_points_by_hand() -> None:
    assert points(solution()) == {
        "same_key": 25, "same_land": 15, "same_engine": 10, "same_domain": 10, "similar_size": 10,
        "online_service": 7, "efa_not_stated": 0, "few_adopters": 0, "trend_unknown": 0,
    }  # fmt: skip
    assert fit(solution(), GIESSEN, PEOPLE).points == 77


@pytest.mark.parametrize(
    ("changes", "code", "given_points"),
    [
        ({"service_key": VARIANT}, "same_action", 10),
        ({"service_key": "99102013104000"}, "other_key", 0),
        ({"bodies": ("09162",)}, "other_land", 0),
        ({"bodies": ("00",)}, "same_land", 15),
        ({"bodies": ("06",)}, "same_land", 15),
        ({"bodies": ("06440", "065310005005")}, "same_district", 5),
        ({"evidence": Evidence.END_TO_END}, "end_to_end", 10),
        ({"evidence": Evidence.ONLINE_FORM}, "online_form", 3),
        ({"evidence": Evidence.PDF_FORM}, "no_online_rung", 0),
        ({"efa": True}, "efa", 5),
        ({"bodies": tuple(f"06{n:03d}" for n in range(3))}, "some_adopters", 3),
        ({"bodies": tuple(f"06{n:03d}" for n in range(20))}, "many_adopters", 5),
        ({"bodies_before": 0}, "growing", 5),
    ],
)
def test_each_criterion(changes: dict[str, object], code: str, given_points: int) -> None:
    assert points(solution(**changes))[code] == given_points


def test_what_does_not_grow_gets_nothing_for_it() -> None:
    found = points(solution(bodies_before=1))
    assert not {"growing", "trend_unknown"} & found.keys()


def test_size_is_compared_with_the_nearest_adopter() -> None:
    assert "similar_size" in points(solution(bodies=("06", "06414")))
    assert "similar_size" not in points(solution(bodies=("06",)))
    assert points(solution(bodies=("09162",)), replace(GIESSEN, people=400_000))["roughly_similar_size"] == 5
    assert (
        not {"similar_size", "roughly_similar_size"} & points(solution(), replace(GIESSEN, people=0)).keys()
    )


def test_a_body_that_runs_it_elsewhere_is_not_compared_with_itself() -> None:
    found = points(solution(bodies=("06440", "06531")))
    assert found["own_solution"] == 10
    assert "similar_size" not in found


def test_technology_counts_only_where_it_is_in_use_here() -> None:
    found = points(solution(), HEUCHELHEIM)
    assert not {"same_engine", "same_domain"} & found.keys()
    assert "same_engine" not in points(solution(procedure=OWN), replace(GIESSEN, engines=frozenset({""})))


def test_the_best_of_everything_is_full_marks() -> None:
    bodies = ("06531", *(f"06{n:03d}" for n in range(440, 460)))
    perfect = solution(bodies=bodies, evidence=Evidence.END_TO_END, efa=True, bodies_before=1)
    assert fit(perfect, GIESSEN, PEOPLE).points == FULL == 100


def test_variants_differ_in_the_last_segment_only() -> None:
    assert is_variant(KEY, VARIANT)
    assert not is_variant(KEY, KEY)
    assert not is_variant(KEY, "99036020002000")
    assert not is_variant("local:portal:1", "local:portal:2")


def test_offers_of_one_procedure_are_one_solution() -> None:
    offers = [
        Offer("064140000000", "064140000000", CIVENTO, Evidence.ONLINE_FORM, "https://b.example"),
        Offer("06440", "06440", CIVENTO, Evidence.ONLINE_SERVICE, "https://c.example", efa=True),
        # Two entries of one body.
        Offer("06411", "064140000000", CIVENTO, Evidence.ONLINE_FORM, "https://a.example"),
        Offer("09162", "09162", OWN, Evidence.ONLINE_FORM, "https://d.example"),
    ]
    own, civento = solutions(KEY, offers, {CIVENTO: 1})
    assert (own.procedure, own.bodies, own.bodies_before, own.efa) == (OWN, ("09162",), 0, False)
    assert civento.bodies == ("064140000000", "06440")
    assert (civento.evidence, civento.efa, civento.bodies_before) == (Evidence.ONLINE_SERVICE, True, 1)
    assert solutions(KEY, reversed(offers), {CIVENTO: 1}) == (own, civento)
    assert [s.bodies_before for s in solutions(KEY, offers)] == [None, None]


@given(
    st.lists(
        st.builds(
            Solution,
            st.sampled_from([KEY, VARIANT, "99102013104000"]),
            st.builds(
                Procedure,
                st.sampled_from(["", "civento"]),
                st.sampled_from(["a.de", "b.ekom21.de"]),
                st.text(max_size=2),
            ),
            st.sampled_from(list(Evidence)),
            st.just("https://a.example"),
            st.sets(st.sampled_from(sorted(PEOPLE)), min_size=1).map(lambda s: tuple(sorted(s))),
            st.booleans(),
            st.none() | st.integers(0, 5),
        ),
        max_size=8,
        unique_by=lambda s: (s.service_key, s.procedure),
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_is_stable(found: list[Solution], random: object) -> None:
    ranked = rank(found, GIESSEN, PEOPLE)
    assert all(0 <= one.points <= FULL for one in ranked)
    assert [one.points for one in ranked] == sorted((one.points for one in ranked), reverse=True)
    random.shuffle(found)  # type: ignore[attr-defined]
    assert rank(found, GIESSEN, PEOPLE) == ranked
    # One more solution changes nobody's points.
    assert {one.solution: one.points for one in rank(found[1:], GIESSEN, PEOPLE)}.items() <= {
        one.solution: one.points for one in ranked
    }.items()


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_reason_has_words(language: str) -> None:
    values: dict[str, str | int] = {
        "bodies": 12_345,
        "key": VARIANT,
        "engine": "civento",
        "domain": "a.de",
        "people": 1,
        "before": 1,
    }
    assert POINTS.keys() <= REASONS.keys()
    for code in REASONS:
        text = reason_text(code, values, language)
        assert text
        assert "{" not in text
    assert ("12.345" if language == "de" else "12,345") in reason_text("many_adopters", values, language)


@given(
    st.lists(
        st.builds(
            solution,
            service_key=st.sampled_from([KEY, VARIANT]),
            procedure=st.sampled_from([CIVENTO, OWN, replace(OWN, process="/b")]),
            evidence=st.sampled_from([Evidence.ONLINE_FORM, Evidence.ONLINE_SERVICE]),
            bodies=st.lists(st.sampled_from(sorted(PEOPLE)), max_size=4, unique=True).map(tuple),
            bodies_before=st.sampled_from([None, 0, 2]),
        ),
        max_size=6,
    ),
    st.sampled_from([GIESSEN, HEUCHELHEIM]),
)
def test_the_best_is_the_first_of_all(found: list[Solution], applicant: Applicant) -> None:
    assert best(found, applicant, PEOPLE) == next(iter(rank(found, applicant, PEOPLE)), None)
