"""Names of authorities: which body, which place, which office; and what contradicts what."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.area import AreaKey
from syncd.model.record import Claim
from syncd.model.service import ServiceKey
from syncd.rules.authority_names import BodyKind, authority_area, parse_authority, same_authority
from syncd.rules.merge import merge
from syncd.rules.place_index import PlaceIndex
from syncd.rules.precedence import Precedence
from tests.support.shipped_registers import areas_with_hanau

MUNICIPALITY, KREIS, UNSAID = BodyKind.MUNICIPALITY, BodyKind.KREIS, BodyKind.UNSAID


@cache
def index() -> PlaceIndex:
    return PlaceIndex.from_areas(areas_with_hanau())


TABLE = [
    # name, body, office, area inside Hessen (or the whole country where it lies elsewhere)
    ("Magistrat der Stadt Kassel", MUNICIPALITY, "", "066110000000"),
    ("Der Magistrat der Universitätsstadt Gießen – Bürgerbüro", MUNICIPALITY, "buergerbuero", "065310005005"),
    ("Gemeindevorstand der Gemeinde Heuchelheim", MUNICIPALITY, "", "065310007007"),
    ("Landeshauptstadt Wiesbaden - Ordnungsamt", MUNICIPALITY, "ordnungsamt", "064140000000"),
    ("Stadt Bad Homburg v. d. Höhe, Bürgerbüro", MUNICIPALITY, "buergerbuero", "064340001001"),
    ("Hattersheim am Main, Stadtverwaltung", MUNICIPALITY, "", "064360005005"),
    ("Ordnungsamt der Stadt Kassel", MUNICIPALITY, "ordnungsamt", "066110000000"),
    ("Amt für Soziales der Stadt Kassel", MUNICIPALITY, "amt fuer soziales", "066110000000"),
    ("Stadt Kassel (Bürgerbüro)", MUNICIPALITY, "buergerbuero", "066110000000"),
    ("Oberbürgermeisterin der Stadt Kassel", MUNICIPALITY, "", "066110000000"),
    ("Magistrat der Stadt Homberg (Efze)", MUNICIPALITY, "", "066340009009"),
    ("Marktgemeinde Burghaun", MUNICIPALITY, "", "066310002002"),
    ("Gemeinde Linsengericht", MUNICIPALITY, "", "064350018018"),
    ("Rathaus Kassel", MUNICIPALITY, "", "066110000000"),
    ("Kreisausschuss des Wetteraukreises", KREIS, "", "06440"),
    ("Wetteraukreis - Der Kreisausschuss", KREIS, "", "06440"),
    ("Kreisausschuss des Lahn-Dill-Kreises, Fachdienst Ausländer", KREIS, "fachdienst auslaender", "06532"),
    ("Landratsamt Gießen", KREIS, "", "06531"),
    ("Landrat des Landkreises Kassel", KREIS, "", "06633"),
    ("Kreisverwaltung Rheingau-Taunus", KREIS, "", "06439"),
    ("Ausländerbehörde Wetteraukreis", KREIS, "auslaenderbehoerde", "06440"),
    ("Der Landrat", KREIS, "", None),
    ("Regierungspräsidium Darmstadt", BodyKind.BEZIRK, "", "064"),
    ("Land Hessen", BodyKind.LAND, "", "06"),
    ("Bürgerbüro Hattersheim", UNSAID, "buergerbuero", "064360005005"),
    ("Standesamt Kassel", UNSAID, "standesamt", None),  # of the town or of the Landkreis
    ("Wiesbaden", UNSAID, "", "064140000000"),
    ("Bürgeramt", UNSAID, "buergeramt", None),
    ("Amt für öffentliche Ordnung", UNSAID, "amt fuer oeffentliche ordnung", None),
    ("Kreisverwaltungsreferat (KVR)", UNSAID, "kreisverwaltungsreferat kvr", None),
    ("Magistrat", MUNICIPALITY, "", None),
    ("Bezirksamt Mitte von Berlin", BodyKind.DISTRICT, "", None),
    ("Finanzamt Kassel", BodyKind.OTHER, "", None),
    ("Bundesamt für Justiz", BodyKind.OTHER, "", None),
    ("Hessisches Ministerium des Innern", BodyKind.OTHER, "", None),
    ("Jobcenter Wetterau", BodyKind.OTHER, "", None),
    ("Magistrat der Stadt Frankfurt (Oder)", MUNICIPALITY, "", None),  # not in Hessen
    ("", UNSAID, "", None),
    ("–", UNSAID, "", None),
]


@pytest.mark.parametrize(("name", "body", "office", "area"), TABLE)
def test_what_the_name_of_an_authority_says(name: str, body: BodyKind, office: str, area: str | None) -> None:
    said = parse_authority(name)
    assert (said.body, said.office) == (body, office)
    found = authority_area(name, index(), [AreaKey("06")])
    assert (found.code if found else None) == area


@pytest.mark.parametrize(
    ("name", "area"),
    [
        ("Landratsamt München", "09184"),
        ("Landeshauptstadt München - Kreisverwaltungsreferat", "091620000000"),
        ("Regierung von Oberbayern", "091"),
        ("Bezirksregierung Köln", "053"),
        ("Verbandsgemeindeverwaltung Bad Kreuznach", "071335001"),
        ("Samtgemeinde Land Hadeln", "033525411"),
        ("Landrat des Oberbergischen Kreises", "05374"),
        ("Freie Hansestadt Bremen", "04"),
        ("Magistrat der Stadt Bremerhaven", "040120000000"),
        ("Gemeinde Heuchelheim", None),
        ("Gemeinde Heuchelheim a. d. Lahn", "065310007007"),
    ],
)
def test_bodies_anywhere_in_the_country(name: str, area: str | None) -> None:
    found = authority_area(name, index(), [AreaKey("00")])
    assert (found.code if found else None) == area


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
    assert authority_area(text, index(), [AreaKey("06")]) is None


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
