"""Which procedure stands behind an offer, and which one a place gets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.evidence import Evidence
from syncd.rules.procedures import Link, Procedure, names_efa, paint, procedure_of, running_offer

FORM = Evidence.ONLINE_FORM
FRESH = frozenset({"portal"})
EFA = "https://portal-civ-efa.ekom21.de/civ-efa-fsa.public/start.html?oe=00.00.FS&mode=cc&cc_key=Antrag"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (EFA, Procedure("civento", "portal-civ-efa.ekom21.de", "Antrag")),
        # Another authority on the same installation has the same procedure.
        (EFA.replace("00.00.FS", "00.00.02"), Procedure("civento", "portal-civ-efa.ekom21.de", "Antrag")),
        ("https://www.stadt.example/antrag/", Procedure("", "stadt.example", "/antrag")),
        # The AGS in the path says for whom.
        (
            "https://gewerbeanzeige.example/app/m/06414000/anzeige",
            Procedure("", "gewerbeanzeige.example", "/app/m/*/anzeige"),
        ),
        ("https://a.example/064140000000", Procedure("", "a.example", "/*")),
        ("https://a.example/20260101123/x", Procedure("", "a.example", "/20260101123/x")),
        ("mailto:amt@stadt.example", None),
        ("kein link", None),
    ],
)
def test_procedure_of_an_address(url: str, expected: Procedure | None) -> None:
    assert procedure_of(url) == expected


def test_names_of_a_procedure() -> None:
    known = Procedure("civento", "antrag.service.rlp.de", "Antrag")
    assert (known.platform, known.domain, known.name) == (
        "civento", "rlp.de", "civento antrag.service.rlp.de Antrag",
    )  # fmt: skip
    assert Procedure("", "stadt.example", "").platform == "stadt.example"


@pytest.mark.parametrize(
    ("url", "texts", "expected"),
    [
        (EFA, (), True),
        ("https://efa.example/x", (), True),
        ("https://www.efahrer.example/efax", (), False),
        ("https://a.example/start?efa=1", (), False),
        ("https://a.example/", ("Antrag (EfA)",), True),
        ("https://a.example/", ("Einer für Alle: Wohngeld",), True),
        ("https://a.example/", ("Kefalonia",), False),
    ],
)
def test_efa_only_where_it_is_stated(url: str, texts: tuple[str, ...], expected: bool) -> None:
    assert names_efa(url, *texts) is expected


def offer(*links: Link, minimum: Evidence = FORM) -> str | None:
    found = running_offer("064140000000", links, FRESH, minimum=minimum)
    return found.url if found else None


def test_the_first_usable_link_decides() -> None:
    good = Link(Evidence.ONLINE_SERVICE, "https://a.example/1", dead=False, source_id="portal")
    form = Link(FORM, "https://a.example/2", dead=False, source_id="portal")
    dead = Link(Evidence.ONLINE_SERVICE, "https://a.example/0", dead=True, source_id="portal")
    old = Link(Evidence.ONLINE_SERVICE, "https://a.example/0", dead=False, source_id="stale")
    assert offer(good, form) == "https://a.example/1"
    assert offer(dead, form) == "https://a.example/2"
    assert offer(old, form) == "https://a.example/2"
    assert offer(form, minimum=Evidence.ONLINE_SERVICE) is None
    assert offer(Link(Evidence.PDF_FORM, "https://a.example/3", dead=False, source_id="portal")) is None
    assert offer(Link(FORM, "", dead=False, source_id="portal")) is None
    assert offer() is None


def test_the_most_specific_offer_is_painted() -> None:
    # Federation 0..6, a Kreis 1..4, a town 2, and a second offer for the same town.
    assert paint([(0, 6), (1, 4), (2, 3), (2, 3)], 6).tolist() == [0, 1, 2, 1, 0, 0]
    assert paint([(2, 3), (1, 4), (0, 6)], 6).tolist() == [2, 1, 0, 1, 2, 2]
    assert paint([], 3).tolist() == [-1, -1, -1]


@given(
    st.lists(st.tuples(st.integers(0, 11), st.integers(1, 12)), max_size=12).map(
        lambda pairs: [(first, min(12, first + width)) for first, width in pairs]
    )
)
def test_painting_agrees_with_the_definition(spans: list[tuple[int, int]]) -> None:
    painted = paint(spans, 12)
    for position in range(12):
        covering = [
            (end - first, number) for number, (first, end) in enumerate(spans) if first <= position < end
        ]
        assert painted[position] == (min(covering)[1] if covering else -1)
    assert painted.dtype == np.int32
