"""Acts are read from titles and keys by table, and opposites are never taken for each other."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.service import Service, ServiceKey
from syncd.rules.verrichtung import (
    KINDS,
    OPPOSITES,
    Agreement,
    acts_of_service,
    agreement,
    are_opposite,
    kind_of_code,
    kind_of_word,
    read_acts,
)


@pytest.mark.parametrize(
    ("title", "kinds", "words"),
    [
        ("Waffenschein beantragen", {"apply"}, "waffenschein"),
        ("Waffenschein Erteilung", {"grant"}, "waffenschein"),
        ("Genehmigung für den Zoo beantragen", {"grant"}, "fuer den zoo"),
        (
            "Beantragen einer Verlängerung der Aufenthaltserlaubnis",
            {"extend"},
            "einer der aufenthaltserlaubnis",
        ),
        ("Hund anmelden", {"register"}, "hund"),
        ("Hund abmelden", {"deregister"}, "hund"),
        ("Gewerbeabmeldung", {"deregister"}, "gewerbe"),
        ("Gewerbe an-, um- oder abmelden", {"register", "reregister", "deregister"}, "gewerbe oder"),
        ("Führerschein - nach Entziehung neu beantragen", {"apply"}, "fuehrerschein nach entziehung neu"),
        ("Kinderreisepass Änderung", {"change"}, "kinderreisepass"),
        ("Widerruf des Waffenscheins", {"revoke"}, "des waffenscheins"),
        ("Steuerberater Wiederbestellung", {"grant_again"}, "steuerberater"),
        ("Personalausweis Meldung wegen Verlust", {"notify"}, "personalausweis wegen verlust"),
        ("Führerschein ersetzen", {"replace"}, "fuehrerschein"),
        ("Visum; Beantragung und Verlängerung", {"apply", "extend"}, "visum und"),
        ("Visum; Beantragung der Verlängerung", {"extend"}, "visum der"),
        ("Führerschein abgeben", {"hand_in"}, "fuehrerschein"),
        ("Wohngeld", set(), "wohngeld"),
        ("Aufenthaltserlaubnis", set(), "aufenthaltserlaubnis"),
        ("", set(), ""),
    ],
)
def test_acts_of_titles(title: str, kinds: set[str], words: str) -> None:
    acts = read_acts(title)
    assert acts.kinds == kinds
    assert " ".join(acts.words) == words


@pytest.mark.parametrize(
    ("key", "name", "kinds"),
    [
        ("99089020001000", "Waffenschein Erteilung", {"grant"}),
        ("99089020100000", "Erlaubnis zum Führen Widerruf", {"revoke"}),
        ("99109048261000", "Meldung von Funkstörungen Entgegennahme", {"notify"}),
        ("99102013070000", "Hundesteuer Abmeldung", {"deregister"}),
        ("99010003001013", "Erteilung allgemein", {"grant"}),
        ("99001001002000", "Luftverkehrsteuer Registrierung", {"enter"}),
        ("99107023000000", "Wohngeld", set()),
        ("99107023999000", "Wohngeld Verlängerung", {"extend"}),
        ("local:x:1", "Hund abmelden", {"deregister"}),
    ],
)
def test_acts_of_services(key: str, name: str, kinds: set[str]) -> None:
    assert acts_of_service(Service(ServiceKey(key), name, "test")).kinds == kinds


OPPOSED = [
    ("Hund anmelden", "Hund abmelden"),
    ("Gewerbe anmelden", "Gewerbe ummelden"),
    ("Waffenschein Erteilung", "Waffenschein Widerruf"),
    ("Waffenschein beantragen", "Widerruf des Waffenscheins"),
    ("Eintragung in die Handwerksrolle", "Löschung aus der Handwerksrolle"),
    ("Ausweis sperren", "Ausweis entsperren"),
    ("Funktion aktivieren", "Funktion deaktivieren"),
    ("Erlaubnis verlängern", "Erlaubnis widerrufen"),
    ("Zuschuss bewilligen", "Zuschuss zurückzahlen"),
]


@pytest.mark.parametrize(("one", "other"), OPPOSED)
def test_opposites(one: str, other: str) -> None:
    assert are_opposite(one, other)
    assert are_opposite(other, one)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"apply"}, {"grant"}, Agreement.SAME),
        ({"apply", "grant"}, {"grant"}, Agreement.SAME),
        (set(), {"grant"}, Agreement.UNSAID),
        (set(), set(), Agreement.SAME),
        (set(), {"revoke"}, Agreement.DIFFERENT),
        ({"apply"}, {"enter"}, Agreement.UNSAID),
        ({"apply"}, {"change"}, Agreement.DIFFERENT),
        ({"apply"}, {"inform"}, Agreement.DIFFERENT),
        ({"notify"}, {"accept"}, Agreement.UNSAID),
        ({"extend"}, {"grant"}, Agreement.DIFFERENT),
        ({"change"}, {"extend"}, Agreement.DIFFERENT),
        ({"register", "deregister"}, {"register"}, Agreement.DIFFERENT),
    ],
)
def test_agreement(one: set[str], other: set[str], expected: Agreement) -> None:
    assert agreement(frozenset(one), frozenset(other)) is expected


_SETS = st.frozensets(st.sampled_from(sorted(KINDS)), max_size=3)


@given(_SETS, _SETS)
def test_agreement_is_symmetric_and_reflexive(one: frozenset[str], other: frozenset[str]) -> None:
    assert agreement(one, other) is agreement(other, one)
    assert agreement(one, one) is Agreement.SAME


def test_every_opposite_is_opposite() -> None:
    for pair in OPPOSITES:
        one, other = sorted(pair)
        assert agreement(frozenset({one}), frozenset({other})) is Agreement.OPPOSITE


def test_tables_name_each_word_and_code_once() -> None:
    words = [word for text in KINDS.values() for word in text.split()]
    assert len(words) == len(set(words))
    assert all(kind_of_word(word) for word in words)
    assert kind_of_code("104") == "register"
    assert kind_of_code("070") == "deregister"
    assert kind_of_code("000") is None
    for kind in (k for pair in OPPOSITES for k in pair):
        assert kind in KINDS
    assert not any(set(a.split()) & set(b.split()) for a, b in combinations(KINDS.values(), 2))
