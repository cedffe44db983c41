"""Titles become terms: endings, compounds, other names, brackets, citations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.rules.title_terms import (
    Lexicon,
    citations_of,
    fold,
    is_stop,
    replace_names,
    stem,
    take_apart,
    words_of,
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Führerschein", "fuehrerschein"),
        ("Fu\u0308hrerschein", "fuehrerschein"),
        ("Straße  und\tWeg", "strasse und weg"),
        ("Steuerberater*innen", "steuerberater"),
        ("Steuerberater/-in", "steuerberater"),
        ("Dolmetscher:in", "dolmetscher"),
        ("", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ausweis", "ausweise"),
        ("ausweis", "ausweises"),
        ("zeugnis", "zeugnisse"),
        ("genehmigung", "genehmigungen"),
        ("zuschuss", "zuschuesse"),
        ("hund", "hunde"),
        ("versicherte", "versicherung"),
    ],
)
def test_same_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(("one", "other"), [("einfuhr", "ausfuhr"), ("geburt", "gebuehr"), ("hund", "hand")])
def test_other_stem(one: str, other: str) -> None:
    assert stem(one) != stem(other)


@pytest.mark.parametrize(
    ("text", "main", "asides", "citations"),
    [
        ("Finanzdienstleister nach § 32 Kreditwesengesetz", "finanzdienstleister nach", (), ("§ 32 kwg",)),
        ("Zertifikat nach PAuswG Erteilung", "zertifikat erteilung", ("pauswg",), ()),
        ("Erlaubnis nach § 34a GewO (Bewachung)", "erlaubnis nach", ("bewachung",), ("§ 34a gewo",)),
        ("Jagdschein nach Einziehung", "jagdschein nach einziehung", (), ()),
        ("Berufsausbildungsbeihilfe (BAB) beantragen", "berufsausbildungsbeihilfe beantragen", (), ()),
        ("Approbation (Drittstaat) als Arzt", "approbation als arzt", ("drittstaat",), ()),
        ("Leistungen nach SGB IX", "leistungen", ("sgb ix",), ()),
        ("(nur Klammer)", "(nur klammer)", (), ()),
    ],
)
def test_take_apart(text: str, main: str, asides: tuple[str, ...], citations: tuple[str, ...]) -> None:
    parts = take_apart(text)
    assert (parts.main, parts.asides, parts.citations) == (main, asides, citations)


def test_citations_are_sorted_and_named_in_short() -> None:
    text = "nach § 25 Abs. 5 AufenthG, §34a Gewerbeordnung und § 7b HwO"
    assert citations_of(text) == ("§ 25 aufenthg", "§ 34a gewo", "§ 7b hwo")
    assert citations_of("ohne") == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("kfz", "kraftfahrzeug"),
        ("wbs", "wohnberechtigungsschein"),
        ("hartz iv", "arbeitslosengeld ii"),
        ("bafoeg", "ausbildungsfoerderung"),
        ("hund", "hund"),
    ],
)
def test_other_names(text: str, name: str) -> None:
    assert replace_names(text) == name


def test_compounds_are_split_where_the_register_knows_all_parts() -> None:
    lexicon = Lexicon(["umsatz", "steuer", "befreiung", "kraftfahrzeug", "zollauktion"])
    assert lexicon.split("umsatzsteuerbefreiung") == (stem("umsatz"), stem("steuer"), stem("befreiung"))
    assert lexicon.split("kraftfahrzeugsteuer") == (stem("kraftfahrzeug"), stem("steuer"))
    assert lexicon.split("hundesteuer") == (stem("hundesteuer"),)
    assert lexicon.stems("zoll auktion") == (stem("zollauktion"),)
    assert is_stop("der")
    assert not is_stop("ohne")


_WORDS = st.lists(st.text("abcdefghinorstu", min_size=1, max_size=14), max_size=12)


@given(_WORDS, st.randoms(use_true_random=False))
def test_splits_do_not_depend_on_the_order_of_words(words: list[str], random: object) -> None:
    mixed = sorted(words, key=lambda word: (hash(random) ^ len(word), word[::-1]))
    one, other = Lexicon(words), Lexicon(mixed)
    for word in words:
        assert one.split(word + "s" + "steuer") == other.split(word + "s" + "steuer")
        assert one.split(word) == other.split(word)


@given(st.text(max_size=60))
def test_any_text_can_be_taken_apart(text: str) -> None:
    parts = take_apart(text)
    assert fold(fold(text)) == fold(text) or not text.isascii()
    assert all(word.isalnum() for word in words_of(parts.main))
    assert stem("") == ""
