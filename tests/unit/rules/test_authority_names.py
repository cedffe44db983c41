"""Names of authorities: which body, which place, which office; and what contradicts what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.area import AreaKey
from syncd.model.record import Claim
from syncd.model.service import ServiceKey
from syncd.rules.authority_names import AuthorityName, BodyKind, parse_authority, same_authority
from syncd.rules.merge import merge
from syncd.rules.precedence import Precedence

MUNICIPALITY, KREIS, UNSAID = BodyKind.MUNICIPALITY, BodyKind.KREIS, BodyKind.UNSAID


TABLE = [
    # name, body, office, place
    ("Magistrat der Stadt Kassel", MUNICIPALITY, "", "stadt kassel"),
    (
        "Der Magistrat der Universitätsstadt Gießen – Bürgerbüro",
        MUNICIPALITY,
        "buergerbuero",
        "universitaetsstadt giessen",
    ),
    ("Gemeindevorstand der Gemeinde Heuchelheim", MUNICIPALITY, "", "gemeinde heuchelheim"),
    ("Landeshauptstadt Wiesbaden - Ordnungsamt", MUNICIPALITY, "ordnungsamt", "landeshauptstadt wiesbaden"),
    (
        "Stadt Bad Homburg v. d. Höhe, Bürgerbüro",
        MUNICIPALITY,
        "buergerbuero",
        "stadt bad homburg v. d. hoehe",
    ),
    ("Hattersheim am Main, Stadtverwaltung", MUNICIPALITY, "", "hattersheim am main"),
    ("Ordnungsamt der Stadt Kassel", MUNICIPALITY, "ordnungsamt", "stadt kassel"),
    ("Amt für Soziales der Stadt Kassel", MUNICIPALITY, "amt fuer soziales", "stadt kassel"),
    ("Stadt Kassel (Bürgerbüro)", MUNICIPALITY, "buergerbuero", "stadt kassel"),
    ("Oberbürgermeisterin der Stadt Kassel", MUNICIPALITY, "", "stadt kassel"),
    ("Magistrat der Stadt Homberg (Efze)", MUNICIPALITY, "", "stadt homberg (efze)"),
    ("Marktgemeinde Burghaun", MUNICIPALITY, "", "marktgemeinde burghaun"),
    ("Gemeinde Linsengericht", MUNICIPALITY, "", "gemeinde linsengericht"),
    ("Rathaus Kassel", MUNICIPALITY, "", "kassel"),
    ("Kreisausschuss des Wetteraukreises", KREIS, "", "wetteraukreises"),
    ("Wetteraukreis - Der Kreisausschuss", KREIS, "", "wetteraukreis"),
    (
        "Kreisausschuss des Lahn-Dill-Kreises, Fachdienst Ausländer",
        KREIS,
        "fachdienst auslaender",
        "lahn-dill-kreises",
    ),
    ("Landratsamt Gießen", KREIS, "", "giessen"),
    ("Landrat des Landkreises Kassel", KREIS, "", "landkreises kassel"),
    ("Kreisverwaltung Rheingau-Taunus", KREIS, "", "rheingau-taunus"),
    ("Ausländerbehörde Wetteraukreis", KREIS, "auslaenderbehoerde", "wetteraukreis"),
    ("Der Landrat", KREIS, "", ""),
    ("Regierungspräsidium Darmstadt", BodyKind.BEZIRK, "", "darmstadt"),
    ("Land Hessen", BodyKind.LAND, "", "land hessen"),
    ("Bürgerbüro Hattersheim", UNSAID, "buergerbuero", "hattersheim"),
    ("Standesamt Kassel", UNSAID, "standesamt", "kassel"),
    ("Wiesbaden", UNSAID, "", "wiesbaden"),
    ("Bürgeramt", UNSAID, "buergeramt", ""),
    ("Amt für öffentliche Ordnung", UNSAID, "amt fuer oeffentliche ordnung", ""),
    ("Kreisverwaltungsreferat (KVR)", UNSAID, "kreisverwaltungsreferat kvr", ""),
    ("Magistrat", MUNICIPALITY, "", ""),
    ("Bezirksamt Mitte von Berlin", BodyKind.DISTRICT, "", "mitte"),
    ("Finanzamt Kassel", BodyKind.OTHER, "", "finanzamt kassel"),
    ("Bundesamt für Justiz", BodyKind.OTHER, "", "bundesamt fuer justiz"),
    ("Hessisches Ministerium des Innern", BodyKind.OTHER, "", "hessisches ministerium des innern"),
    ("Jobcenter Wetterau", BodyKind.OTHER, "", "jobcenter wetterau"),
    ("Magistrat der Stadt Frankfurt (Oder)", MUNICIPALITY, "", "stadt frankfurt (oder)"),
    ("", UNSAID, "", ""),
    ("–", UNSAID, "", ""),
]


@pytest.mark.parametrize(("name", "body", "office", "place"), TABLE)
def test_what_the_name_of_an_authority_says(name: str, body: BodyKind, office: str, place: str) -> None:
    assert parse_authority(name) == AuthorityName(body, place, office)


@pytest.mark.parametrize(
    ("name", "body", "place"),
    [
        ("Landratsamt München", KREIS, "muenchen"),
        ("Landeshauptstadt München - Kreisverwaltungsreferat", MUNICIPALITY, "landeshauptstadt muenchen"),
        ("Regierung von Oberbayern", BodyKind.BEZIRK, "oberbayern"),
        ("Bezirksregierung Köln", BodyKind.BEZIRK, "koeln"),
        ("Verbandsgemeindeverwaltung Bad Kreuznach", BodyKind.VERBAND, "bad kreuznach"),
        ("Samtgemeinde Land Hadeln", BodyKind.VERBAND, "samtgemeinde land hadeln"),
        ("Landrat des Oberbergischen Kreises", KREIS, "oberbergischen kreises"),
        ("Freie Hansestadt Bremen", BodyKind.LAND, "freie hansestadt bremen"),
        ("Magistrat der Stadt Bremerhaven", MUNICIPALITY, "stadt bremerhaven"),
        ("Gemeinde Heuchelheim a. d. Lahn", MUNICIPALITY, "gemeinde heuchelheim a. d. lahn"),
    ],
)
def test_bodies_anywhere_in_the_country(name: str, body: BodyKind, place: str) -> None:
    said = parse_authority(name)
    assert (said.body, said.place) == (body, place)


SAME = [
    ("Magistrat der Stadt Kassel", "documenta-Stadt Kassel"),
    ("Magistrat der Stadt Kassel", "Stadt Kassel – Bürgerbüro"),
    ("Stadt Kassel – Ordnungsamt", "Stadt Kassel – Bürgerbüro"),
    ("Ordnungsamt", "Magistrat der Stadt Kassel - Ordnungsamt"),
    ("Bürgerbüro", "Stadt Kassel"),
    ("Kassel", "Stadt Kassel"),
    ("Magistrat", "Stadt Kassel"),
    ("Magistrat der Stadt Bad Homburg v. d. Höhe", "Stadtverwaltung Bad Homburg"),
    ("Stadt Bad Homburg v.d.H.", "Stadt Bad Homburg vor der Höhe"),
    ("Kreisausschuss des Wetteraukreises", "Landkreis Wetterau"),
    ("Eifelkreis Bitburg-Prüm", "Kreisverwaltung Bitburg-Prüm"),
    ("Oberbergischer Kreis", "Landrat des Oberbergischen Kreises"),
    ("Gemeindevorstand der Gemeinde Heuchelheim", "Gemeinde Heuchelheim a. d. Lahn"),
    ("Bezirksamt Mitte von Berlin", "Bezirksamt Berlin-Mitte"),
    ("Finanzamt Kassel", "finanzamt  Kassel"),
    ("GEMEINDE MÜCKE", "Gemeinde Muecke"),
]
DIFFERENT = [
    ("Stadt Kassel", "Landkreis Kassel"),
    ("Magistrat der Stadt Kassel", "Magistrat der Stadt Baunatal"),
    ("Gemeindevorstand", "Kreisausschuss"),
    ("Stadt Frankfurt am Main", "Stadt Frankfurt (Oder)"),
    ("Stadt Bad Kreuznach", "Verbandsgemeinde Bad Kreuznach"),
    ("Regierungspräsidium Kassel", "Stadt Kassel"),
    ("Finanzamt Kassel", "Stadt Kassel"),
    ("Finanzamt Kassel", "Finanzamt Fulda"),
    ("Bürgerbüro", "Finanzamt Kassel"),
    ("Ordnungsamt", "Stadt Kassel – Bürgerbüro"),
    ("Bürgeramt", "Ordnungsamt"),
    ("Bezirksamt Mitte", "Bezirksamt Pankow"),
    ("Stadtwerke Kassel", "Stadt Kassel"),
    ("Amt 1", "Amt 2"),
    ("Land Hessen", "Stadt Wiesbaden"),
    ("Bundesamt für Justiz", "Bundesverwaltungsamt"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_and_offices_of_one_body(one: str, other: str) -> None:
    assert same_authority(one, other)
    assert same_authority(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_bodies(one: str, other: str) -> None:
    assert not same_authority(one, other)
    assert not same_authority(other, one)


NAMES = st.one_of(
    st.text(max_size=60),
    st.sampled_from([name for name, *_ in TABLE]),
    st.sampled_from([name for pair in (*SAME, *DIFFERENT) for name in pair]),
)


@given(one=NAMES, other=NAMES)
def test_the_comparison_is_symmetric_and_every_name_is_its_own(one: str, other: str) -> None:
    assert same_authority(one, one)
    assert same_authority(one, other) == same_authority(other, one)


def test_a_long_text_is_no_body_and_costs_nothing() -> None:
    text = "Amt der Stadt " * 5_000
    assert parse_authority(text).body is BodyKind.OTHER
    assert not same_authority(text, "Stadt Kassel")


@pytest.mark.parametrize(("one", "other", "conflict"), [(*SAME[1], False), (*DIFFERENT[0], True)])
def test_merging_sees_a_conflict_between_bodies_only(one: str, other: str, *, conflict: bool) -> None:
    claims = [
        Claim(source, "1", ServiceKey("99108001001000"), AreaKey("06"), "Parken", authority=name)
        for source, name in (("a", one), ("b", other))
    ]
    (entry,) = merge(claims, Precedence())
    assert [c.field for c in entry.conflicts] == ["authority"] * conflict
    # Both statements are kept either way.
    assert {statement.value for statement in entry.fields["authority"]} == {one, other}
