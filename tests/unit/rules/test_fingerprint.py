"""Fingerprints of links, by table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.probe import Fingerprint
from syncd.rules.fingerprint import fingerprint


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://portal-civ.ekom21.de/civ.public/start.html?oe=00.00.02&mode=cc&cc_key=AnzeigeOwi",
            Fingerprint("portal-civ.ekom21.de", "civento", "00.00.02", "AnzeigeOwi"),
        ),
        (
            "https://antrag-kommunal.service.rlp.de/civ.public/start.html?mode=cc&CC_KEY=AnzeigeVerkehr&oe=1",
            Fingerprint("antrag-kommunal.service.rlp.de", "civento", "1", "AnzeigeVerkehr"),
        ),
        (
            "https://forms.example/findform?shortname=EB12_Melde&formtecid=2&areashortname=064140",
            Fingerprint("forms.example", "form-solutions", "064140", "EB12_Melde"),
        ),
        (
            "https://www.formulare.example/intelliform/forms/stadt/amt/Hundesteuer/index",
            Fingerprint("formulare.example", "intelliform", "stadt", "amt/Hundesteuer"),
        ),
        (
            "https://fc.example/formcycle/form/provide/1234/",
            Fingerprint("fc.example", "formcycle", "", "1234"),
        ),
        (
            "https://www.stadt.example/dienste/antrag/",
            Fingerprint("stadt.example", process="/dienste/antrag"),
        ),
        # Installations whose folder has a name of its own; seen in the links recorded for Wiesbaden.
        (
            "https://portal-civ-efa.ekom21.de/civ-efa-fsa.public/start.html?oe=00.00.FS&mode=cc&cc_key=Antrag",
            Fingerprint("portal-civ-efa.ekom21.de", "civento", "00.00.FS", "Antrag"),
        ),
        # Without a process it is civento's start page, not a procedure of it.
        (
            "https://portal.example/civ.public/start.html",
            Fingerprint("portal.example", process="/civ.public/start.html"),
        ),
        ("mailto:amt@stadt.example", None),
        ("https://", None),
        ("http://[broken", None),
    ],
)
def test_engine_authority_and_process(url: str, expected: Fingerprint | None) -> None:
    assert fingerprint(url) == expected


@given(st.text(max_size=300))
def test_no_text_makes_it_fail(text: str) -> None:
    fingerprint(text)
    fingerprint(f"https://a.example/{text}?{text}={text}")


_PIECE = st.text(alphabet="aZ09-._~:/?#[]@!$&'()*+,;=%| \t", max_size=30)


@given(
    st.sampled_from(["http", "https", "HTTP"]),
    st.sampled_from(["www.a.example", "a.example", "www.", "A.example", "a.example:80", "u@a.example"]),
    _PIECE,
)
def test_the_short_way_says_what_the_long_way_says(scheme: str, host: str, rest: str) -> None:
    url = f"{scheme}://{host}/civ.public/start.html{rest}"
    for one in (url.strip(), f"{scheme}://{host}/{rest}".strip()):
        # An empty fragment changes nothing, but only the long way knows fragments.
        assert "#" in one or fingerprint(one) == fingerprint(f"{one}#")


def test_a_query_with_more_parameters_than_anybody_writes_is_not_read() -> None:
    url = "https://a.example/civ.public/start.html?cc_key=x" + "&a=1" * 200
    assert fingerprint(url) == Fingerprint("a.example", process="/civ.public/start.html")
