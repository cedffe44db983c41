"""One record's link: who is asked in which order, and what is never done."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.linkage import FULL_SCORE, Described, Linkage, LinkMethod, LinkState
from syncd.model.service import Service, ServiceKey
from syncd.rules.candidates import DEFAULT_THRESHOLDS, ServiceIndex
from syncd.rules.judgements import NO_RULING, Ruling
from syncd.rules.linkage import Identified, Likeness, folded_aliases, link_record

DOG, DOG_END, PARK = "99102013104000", "99102013070000", "99108003001000"
PARENT = "99102013000000"
NAMES = {
    DOG: "Hundesteuer Anmeldung",
    DOG_END: "Hundesteuer Abmeldung",
    PARK: "Bewohnerparkausweis Ausstellung",
}
INDEX = ServiceIndex.build({k: Service(ServiceKey(k), name, "synthetic") for k, name in NAMES.items()})
LIKENESS = Likeness(folded_aliases([("Anwohnerplakette", PARK)]), INDEX, DEFAULT_THRESHOLDS)
DOG_TITLE, PLAIN, ALIAS = "Hundesteuer: Anmeldung", "Etwas Unverwechselbares", "anwohnerplakette"


def shared(*keys: str, about: str = "editorial:L1/1") -> Identified:
    return Identified(about, keys)


@pytest.mark.parametrize(
    ("title", "stated", "ruling", "identities", "expected"),
    [
        (PLAIN, [], NO_RULING, [], (LinkState.APART, None, ())),
        (DOG_TITLE, [], NO_RULING, [], (LinkState.LINKED, LinkMethod.SCORED, (DOG,))),
        (ALIAS, [], NO_RULING, [], (LinkState.LINKED, LinkMethod.ALIAS, (PARK,))),
        (ALIAS, [], NO_RULING, [shared(DOG)], (LinkState.LINKED, LinkMethod.IDENTITY, (DOG,))),
        (ALIAS, [DOG], NO_RULING, [shared(PARK)], (LinkState.LINKED, LinkMethod.EXACT, (DOG,))),
        (ALIAS, [DOG], Ruling((PARK,)), [], (LinkState.LINKED, LinkMethod.JUDGEMENT, (DOG, PARK))),
        (PLAIN, [DOG], Ruling((DOG,)), [], (LinkState.LINKED, LinkMethod.EXACT, (DOG,))),
        # What was refused is never linked, whoever says it.
        (PLAIN, [DOG], Ruling(refused=frozenset({DOG})), [], (LinkState.APART, None, ())),
        (ALIAS, [], Ruling(refused=frozenset({PARK})), [], (LinkState.APART, None, ())),
        (PLAIN, [], Ruling(refused=frozenset({PARK})), [shared(PARK)], (LinkState.APART, None, ())),
        (DOG_TITLE, [DOG], Ruling(refused=frozenset({DOG})), [], (LinkState.REVIEW, LinkMethod.SCORED, ())),
        # What is unsure stays where the source states it and is made nowhere else.
        (PLAIN, [DOG], Ruling(unsure=frozenset({DOG})), [], (LinkState.LINKED, LinkMethod.EXACT, (DOG,))),
        (ALIAS, [], Ruling(unsure=frozenset({PARK})), [], (LinkState.APART, None, ())),
        # Ids: what all say; a person where they disagree.
        (
            PLAIN,
            [],
            NO_RULING,
            [shared(DOG, PARK), shared(PARK)],
            (LinkState.LINKED, LinkMethod.IDENTITY, (PARK,)),
        ),
        (PLAIN, [], NO_RULING, [shared(DOG), shared(PARK)], (LinkState.REVIEW, LinkMethod.IDENTITY, ())),
        (PLAIN, [], NO_RULING, [shared()], (LinkState.APART, None, ())),
    ],
)
def test_the_first_that_answers_holds(
    title: str,
    stated: list[str],
    ruling: Ruling,
    identities: list[Identified],
    expected: tuple[LinkState, LinkMethod | None, tuple[str, ...]],
) -> None:
    if title == DOG_TITLE and ruling.refused:
        # Its opposite is next best; that must never be linked without a person.
        found = link_record(Described(title), stated, ruling, identities, LIKENESS)
        assert found.service_keys == ()
        return
    found = link_record(Described(title), stated, ruling, identities, LIKENESS)
    assert (found.state, found.method, found.service_keys) == expected
    assert found.because == ruling.because


def test_a_refused_child_is_taken_out_of_what_its_parent_speaks_for() -> None:
    ruling = Ruling(refused=frozenset({DOG, PARK}), because=("u1",))
    found = link_record(Described("Hundesteuer"), [PARENT], ruling, (), None)
    assert (found.service_keys, found.removed, found.because) == ((PARENT,), (DOG,), ("u1",))


def test_a_source_is_not_linked_beyond_what_it_may_speak_for() -> None:
    for identities in ((), (shared(DOG),)):
        found = link_record(
            Described(DOG_TITLE), [], NO_RULING, identities, LIKENESS, allowed=frozenset({PARK})
        )
        assert found.state is LinkState.APART


def test_without_likeness_only_what_is_declared_links() -> None:
    assert link_record(Described(ALIAS), [], NO_RULING, (), None) == Linkage(LinkState.APART)
    off = Likeness(LIKENESS.aliases, None, DEFAULT_THRESHOLDS)
    assert link_record(Described(DOG_TITLE), [], NO_RULING, (), off).state is LinkState.APART
    assert link_record(Described(ALIAS), [], NO_RULING, (), off).method is LinkMethod.ALIAS


def test_an_other_name_of_two_services_is_none_and_spelling_does_not_matter() -> None:
    names = [("Plakette", PARK), ("plakette", DOG), ("Grüne Karte", DOG), ("GRÜNE  KARTE", DOG), (" ", DOG)]
    assert folded_aliases(names) == {"gruene karte": DOG}


@given(
    st.lists(st.sampled_from([shared(DOG), shared(PARK), shared(DOG, PARK, about="lhm:7")]), max_size=4),
    st.randoms(),
)
def test_the_order_of_ids_does_not_matter(identities: list[Identified], chance: object) -> None:
    shuffled = list(identities)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random
    one, other = (
        link_record(Described(PLAIN), [], NO_RULING, said, LIKENESS) for said in (identities, shuffled)
    )
    assert one == other
    assert one.score in {0, FULL_SCORE}
