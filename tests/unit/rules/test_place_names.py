"""What a German place name means inside a scope: tables on the real register, and what holds for any name."""

from __future__ import annotations

import csv
import random
import time
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.model.area import Area, AreaAlias, AreaKey, AreaKind, AreaLevel
from syncd.rules.place_index import PlaceIndex, PlaceMatch, SeveralPlaces
from syncd.rules.place_names import LONGEST_TEXT, parse_place, same_hint
from tests.support.shipped_registers import REFERENCE, areas_with_hanau
from tests.support.tiny_germany import tiny_areas

EVERYWHERE, HESSEN = "00", "06"
HEUCHELHEIM, HEUCHELHEIM_PFALZ, HEUCHELHEIM_KLINGEN = "065310007007", "073385006013", "073375005040"
BAD_HOMBURG = "064340001001"
FRANKFURT_MAIN, FRANKFURT_ODER = "064120000000", "120530000000"


@cache
def shipped_aliases() -> tuple[AreaAlias, ...]:
    table = tomllib.loads((REFERENCE / "area-aliases.toml").read_text(encoding="utf-8"))
    return tuple(AreaAlias(row["name"], row["area"], row["reason"]) for row in table["alias"])


@cache
def index() -> PlaceIndex:
    return PlaceIndex.from_areas(areas_with_hanau(), aliases=shipped_aliases())


def meant(
    name: str, within: str = EVERYWHERE, level: AreaLevel | None = None
) -> str | tuple[str, ...] | None:
    """Return the code a name means, the codes it could mean, or None."""
    found = index().resolve(name, [AreaKey(within)], level=level)
    if isinstance(found, SeveralPlaces):
        return tuple(area.code for area, _ in found.candidates)
    return found.area.code if found else None


@pytest.mark.parametrize(
    ("name", "within", "expected"),
    [
        # The three Heuchelheims.
        ("Heuchelheim", EVERYWHERE, (HEUCHELHEIM, HEUCHELHEIM_PFALZ)),
        ("Heuchelheim", HESSEN, HEUCHELHEIM),
        ("Heuchelheim", "07", HEUCHELHEIM_PFALZ),
        ("Heuchelheim", "09", None),
        ("Heuchelheim a. d. Lahn", EVERYWHERE, HEUCHELHEIM),
        ("Heuchelheim a.d.Lahn", EVERYWHERE, HEUCHELHEIM),
        ("Heuchelheim an der Lahn", EVERYWHERE, HEUCHELHEIM),
        ("Heuchelheim (Lahn)", EVERYWHERE, HEUCHELHEIM),
        ("Heuchelheim/Lahn", EVERYWHERE, HEUCHELHEIM),
        ("Gemeinde Heuchelheim a. d. Lahn", EVERYWHERE, HEUCHELHEIM),
        ("Heuchelheim, Landkreis Gießen", EVERYWHERE, HEUCHELHEIM),
        ("Heuchelheim (Hessen)", EVERYWHERE, HEUCHELHEIM),
        ("Heuchelheim b. Frankenthal", EVERYWHERE, HEUCHELHEIM_PFALZ),
        ("Heuchelheim bei Frankenthal", HESSEN, None),
        ("Heuchelheim-Klingen", EVERYWHERE, HEUCHELHEIM_KLINGEN),
        ("Stadt Heuchelheim", HESSEN, None),  # it is none
        # Frankfurt am Main and Frankfurt (Oder).
        ("Frankfurt", EVERYWHERE, (FRANKFURT_MAIN, FRANKFURT_ODER)),
        ("Frankfurt", HESSEN, FRANKFURT_MAIN),
        ("Frankfurt am Main", EVERYWHERE, FRANKFURT_MAIN),
        ("Frankfurt a. M.", EVERYWHERE, FRANKFURT_MAIN),
        ("Frankfurt/M", EVERYWHERE, FRANKFURT_MAIN),
        ("Stadt Frankfurt am Main", HESSEN, FRANKFURT_MAIN),
        ("Frankfurt (Oder)", EVERYWHERE, FRANKFURT_ODER),
        ("Frankfurt a. d. Oder", EVERYWHERE, FRANKFURT_ODER),
        ("Frankfurt Oder", EVERYWHERE, FRANKFURT_ODER),
        ("Frankfurt (Oder)", HESSEN, None),
        ("Frankfurt am Main", "12", None),
        # Bad Homburg in all its spellings.
        *((spelling, EVERYWHERE, BAD_HOMBURG) for spelling in (
            "Bad Homburg v. d. Höhe", "Bad Homburg v.d.H.", "Bad Homburg v. d. Hoehe", "Bad Homburg (Höhe)",
            "Bad Homburg vor der Höhe", "BAD HOMBURG V.D.HÖHE", "Bad Homburg", "Bad Homburg vdH",
            "Stadt Bad Homburg v. d. Höhe", "Bad-Homburg v. d. Höhe, Stadt", "Bad Homburg v. d. Ho\u0308he",
        )),
        # A town and the Landkreis around it are two bodies.
        ("Kassel", HESSEN, ("066110000000", "06633")),
        ("Stadt Kassel", HESSEN, "066110000000"),
        ("documenta-Stadt Kassel", HESSEN, "066110000000"),
        ("Kassel, documenta-Stadt", HESSEN, "066110000000"),
        ("Kassel, Stadt", HESSEN, "066110000000"),
        ("Landkreis Kassel", HESSEN, "06633"),
        ("Kassel (Landkreis)", HESSEN, "06633"),
        ("Regierungsbezirk Kassel", HESSEN, "066"),
        ("Kassel", "06611", "066110000000"),
        ("Kassel", "06633", "06633"),
        ("Gießen", HESSEN, ("06531", "065310005005")),
        ("Universitätsstadt Gießen", HESSEN, "065310005005"),
        ("des Landkreises Gießen", HESSEN, "06531"),
        ("München", "09", ("091620000000", "09184")),
        ("Landeshauptstadt Muenchen", EVERYWHERE, "091620000000"),
        # Kreise with the word in their name.
        ("Rheingau-Taunus-Kreis", EVERYWHERE, "06439"),
        ("Rheingau Taunus Kreis", EVERYWHERE, "06439"),
        ("Landkreis Rheingau-Taunus", EVERYWHERE, "06439"),
        ("des Rheingau-Taunus-Kreises", EVERYWHERE, "06439"),
        ("Rheingau-Taunus", EVERYWHERE, None),  # a landscape, too
        ("Landkreis Wetterau", EVERYWHERE, "06440"),
        ("Wetterau", EVERYWHERE, None),
        ("des Oberbergischen Kreises", EVERYWHERE, "05374"),
        ("Kreis Bitburg-Prüm", EVERYWHERE, "07232"),
        ("Region Hannover", EVERYWHERE, "03241"),
        ("Hannover", EVERYWHERE, "032410001001"),
        ("Landkreis Rostock", EVERYWHERE, "13072"),
        ("Rostock", EVERYWHERE, "130030000000"),
        # Länder and city states.
        ("Hessen", EVERYWHERE, "06"),
        ("Freistaat Bayern", EVERYWHERE, "09"),
        ("Berlin", EVERYWHERE, "110000000000"),
        ("Land Berlin", EVERYWHERE, "11"),
        ("Freie und Hansestadt Hamburg", EVERYWHERE, "020000000000"),
        ("Bremen", EVERYWHERE, ("04", "040110000000")),
        ("Freie Hansestadt Bremen", EVERYWHERE, "04"),
        ("Stadt Bremen", EVERYWHERE, "040110000000"),
        ("Bundesrepublik Deutschland", EVERYWHERE, "00"),
        ("Deutschland", HESSEN, None),
        # Words of kind that belong to the name.
        ("Markt Schwaben", "09", "091750127127"),
        ("Schwaben", "09", "097"),
        ("Markt Erlbach", "09", "095750145145"),
        ("Weil der Stadt", EVERYWHERE, "081150050050"),
        ("Stadt Wehlen", EVERYWHERE, "146285221370"),
        ("Marktgemeinde Burghaun", HESSEN, "066310002002"),
        ("Gemeinde Oberzent", HESSEN, "064370016016"),
        # Verbände.
        ("Verbandsgemeinde Bad Kreuznach", "07", "071335001"),
        ("Stadt Bad Kreuznach", "07", "071330006006"),
        ("Bad Kreuznach", "07", ("07133", "071330006006", "071335001")),
        ("Samtgemeinde Land Hadeln", "03", "033525411"),
        # Abbreviations and their long forms.
        ("Höchst im Odenwald", HESSEN, "064370009009"),
        ("Stadt Neumarkt in der Oberpfalz", "09", "093730147147"),
        ("Freiburg i. Br.", EVERYWHERE, "083110000000"),
        ("Hannoversch Münden", EVERYWHERE, "031590017017"),
        ("Rothenburg o.d.T.", EVERYWHERE, "095710193193"),
        ("Kreisstadt Sankt Wendel", EVERYWHERE, "100460117117"),
        ("Cottbus", EVERYWHERE, "120520000000"),
        ("Cottbus/Chóśebuz", EVERYWHERE, "120520000000"),
        # A hint that the area does not have excludes it.
        ("Altenstadt a.d.Waldnaab", HESSEN, None),
        ("Altenstadt a.d.Waldnaab", EVERYWHERE, "093740111111"),
        ("Lautertal", HESSEN, ("064310014014", "065350012012")),
        ("Lautertal (Odw.)", HESSEN, "064310014014"),
        ("Lautertal, Vogelsbergkreis", HESSEN, "065350012012"),
        ("Lorch (Hessen)", EVERYWHERE, "064390010010"),
        # What is no name of an area.
        ("Stadtteil Höchst", HESSEN, None),
        ("Gutsbezirk Reinhardswald", HESSEN, None),  # unincorporated: no administration
        ("Helmstedt", "03154", ("03154", "031540028028")),
        ("064140000001", EVERYWHERE, None),
        ("ganz Hessen", HESSEN, None),
        ("", EVERYWHERE, None),
        ("(", EVERYWHERE, None),
        ("Stadt", EVERYWHERE, None),
        ("Wiesbaden " * 30, HESSEN, None),
    ],
)  # fmt: skip
def test_what_a_name_means(name: str, within: str, expected: str | tuple[str, ...] | None) -> None:
    assert meant(name, within) == expected


def test_a_level_decides_where_the_text_does_not() -> None:
    assert meant("Kassel", HESSEN, AreaLevel.GEMEINDE) == "066110000000"
    assert meant("Kassel", HESSEN, AreaLevel.KREIS) == "06633"
    assert meant("Kassel", HESSEN, AreaLevel.BEZIRK) == "066"


def test_a_scope_of_several_areas_counts_as_one() -> None:
    both = [AreaKey("06531"), AreaKey("07338")]
    assert isinstance(index().resolve("Heuchelheim", both), SeveralPlaces)
    match = index().resolve("Heuchelheim", both[:1])
    assert match == PlaceMatch(AreaKey(HEUCHELHEIM), "Heuchelheim a. d. Lahn")


def test_former_names_lead_to_who_took_over_and_aliases_come_first() -> None:
    areas = tiny_areas()
    former = [("Altberg", AreaKey("064325001001")), ("Auheim", AreaKey("064310002002"))]
    aliases = [
        AreaAlias("Auheim-Dorf", "064310001001"),
        AreaAlias("Aubach", "064310001001"),  # against the register: the operator decides
        AreaAlias("Neu", "064310001001"),
        AreaAlias("Neu", "095710002002"),
    ]
    named = PlaceIndex.from_areas(areas, former, aliases)
    within = [AreaKey("00")]
    assert named.resolve("Altberg", within) == PlaceMatch(AreaKey("064325001001"), "Oberberg")
    # The name of an ended area that another one still carries is two areas' name.
    assert isinstance(named.resolve("Auheim", within), SeveralPlaces)
    assert named.resolve("Auheim-Dorf", within) == PlaceMatch(
        AreaKey("064310001001"), "Auheim", by_alias=True
    )
    assert named.resolve("Aubach", within) == PlaceMatch(AreaKey("064310001001"), "Auheim", by_alias=True)
    assert named.resolve("Aubach", [AreaKey("064310002")]) == PlaceMatch(AreaKey("064310002002"), "Aubach")
    assert isinstance(named.resolve("Neu", within), SeveralPlaces)
    assert named.resolve("Neu", [AreaKey("09")]) == PlaceMatch(AreaKey("095710002002"), "Moor", by_alias=True)


def test_a_shipped_alias_names_nothing_that_the_register_names_otherwise() -> None:
    without = PlaceIndex.from_areas(areas_with_hanau())
    for alias in shipped_aliases():
        assert without.resolve(alias.name, [AreaKey(EVERYWHERE)]) is None, alias.name
        assert meant(alias.name) == alias.code, alias.name


def test_every_name_of_the_register_means_itself_or_several_in_its_own_kreis() -> None:
    """Never another area. Unincorporated areas are never meant by their name alone."""
    told: Counter[tuple[int, str]] = Counter()
    names = dict(index().names())
    for code, name in names.items():
        found = meant(name, code[:5] if len(code) > 5 else code)
        if isinstance(found, tuple):
            assert code in found or code[5:6] == "9", (code, name, found)
            told[len(code), "several"] += 1
        elif found == code:
            told[len(code), "itself"] += 1
        elif found is None:
            # Statistical regions and Regierungsbezirke that ended are no bodies that portals name.
            assert len(code) == 3 or code[5:6] == "9", (code, name)
            told[len(code), "none"] += 1
        else:
            same_body = (code, found) in {("02", "020000000000"), ("11", "110000000000")}
            # The register calls one Samtgemeinde as it calls the town in it.
            assert same_body or names[str(found)] == name or code[5:6] == "9", (code, name, found)
            told[len(code), "same name"] += 1
    assert told[12, "itself"] > 10_600
    assert told[12, "several"] < 200
    assert told[5, "itself"] + told[5, "several"] == 294


@cache
def names_of_kreise() -> tuple[tuple[str, str], ...]:
    return tuple((code, name) for code, name in index().names() if len(code) >= 5 and code[5:6] != "9")


@settings(max_examples=150, deadline=None)
@given(
    at=st.integers(0, 10**6),
    ways=st.sets(st.sampled_from(["untitled", "long umlauts", "upper", "blanks", "no hyphens"])),
    kind=st.sampled_from(["", "Stadt ", "Gemeinde ", "Landkreis "]),
)
def test_no_spelling_of_a_name_means_a_stranger(at: int, ways: set[str], kind: str) -> None:
    """Whatever is left out or spelt otherwise: the area itself, several with it, or none – in its Kreis."""
    code, name = names_of_kreise()[at % len(names_of_kreise())]
    spelt = _spelt(name, ways)
    found = meant(f"{kind}{spelt}", code[:5])
    if isinstance(found, str) and found != code:
        # Another body only by a word of kind that tells the two apart, and only one of the same name.
        said, its = parse_place(f"{kind}{spelt}"), parse_place(dict(index().names())[found])
        assert said is not None
        assert its is not None
        assert said.kind is not None
        assert {said.core, said.bare, said.without_kreis} & {its.core, its.bare, its.without_kreis}
    elif isinstance(found, tuple) and not kind:
        assert code in found


def _spelt(name: str, ways: set[str]) -> str:
    if "untitled" in ways:
        name = name.partition(",")[0]
    if "long umlauts" in ways:
        for umlaut, long in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
            name = name.replace(umlaut, long)
    if "no hyphens" in ways:
        name = name.replace("-", " ")
    if "blanks" in ways:
        name = f"  {name.replace(' ', '   ')} "
    return name.upper() if "upper" in ways else name


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), asked=st.lists(st.sampled_from(["Auheim", "Großstadt", "Kreis Aue", "x"])))
def test_the_order_of_areas_and_questions_changes_nothing(seed: int, asked: list[str]) -> None:
    areas = list(tiny_areas())
    aliases = [AreaAlias("Dorf", "064310001001"), AreaAlias("Weiler", "064310002002")]
    straight = PlaceIndex.from_areas(areas, aliases=aliases)
    random.Random(seed).shuffle(areas)
    shuffled = PlaceIndex.from_areas(areas, aliases=reversed(aliases))
    assert shuffled == straight
    assert [shuffled.resolve(name, [AreaKey("00")]) for name in asked] == [
        straight.resolve(name, [AreaKey("00")]) for name in reversed(asked)
    ][::-1]


@given(text=st.text(max_size=LONGEST_TEXT + 10))
def test_any_text_gives_an_area_of_the_scope_or_nothing(text: str) -> None:
    named = PlaceIndex.from_areas(tiny_areas())
    found = named.resolve(text, [AreaKey("06431")])
    assert found is None or isinstance(found, SeveralPlaces) or found.area.code.startswith("06431")


def test_many_questions_do_not_fill_the_memory() -> None:
    named = PlaceIndex.from_areas(tiny_areas())
    for number in range(20_050):
        assert named.resolve(f"Dorf {number}", [AreaKey("06431")]) is None
    for number in range(100):
        named.resolve("Auheim", [AreaKey(f"{number:05}")])
    assert named.resolve("Auheim", [AreaKey("06431")]) is not None


def test_hints_fit_as_words_and_as_abbreviations() -> None:
    assert same_hint("main", "main")
    assert same_hint("m.", "main")
    assert same_hint("odenwald", "od.")
    assert not same_hint("m", "main")
    assert not same_hint("m.", "oder")


def test_unincorporated_areas_need_the_word() -> None:
    areas = [*tiny_areas(), Area(AreaKey("064319300300"), "Auheim, gemfr. Gebiet", AreaKind.GEMEINDEFREI, 0)]
    named = PlaceIndex.from_areas(areas)
    assert named.resolve("Auheim", [AreaKey("00")]) == PlaceMatch(AreaKey("064310001001"), "Auheim")
    forest = named.resolve("Auheim, gemfr. Gebiet", [AreaKey("00")])
    assert forest == PlaceMatch(AreaKey("064319300300"), "Auheim, gemfr. Gebiet")


def test_the_hessian_town_domains_against_the_register(shared_data: Path) -> None:
    """422 towns as the owners of their domains call them: 417 by rule, four need the level, one its alias."""
    with (shared_data / "links" / "gov_domains_hessen_2020.csv").open(encoding="utf-8-sig") as file:
        towns = [row["City"] for row in csv.DictReader(file)]
    assert len(towns) == 422
    without = PlaceIndex.from_areas(areas_with_hanau())
    hessen = [AreaKey(HESSEN)]
    alone = {town: without.resolve(town, hessen) for town in towns}
    assert sum(isinstance(found, PlaceMatch) for found in alone.values()) == 417
    assert {town for town, found in alone.items() if isinstance(found, SeveralPlaces)} == {
        "Fulda", "Gießen", "Groß-Gerau", "Kassel"
    }  # fmt: skip
    assert [town for town, found in alone.items() if found is None] == ["Bromskirchen"]
    as_towns = {town: meant(town, HESSEN, AreaLevel.GEMEINDE) for town in towns}
    assert all(isinstance(code, str) for code in as_towns.values())
    assert as_towns["Bromskirchen"] == as_towns["Allendorf (Eder)"] == "066350001001"
    # 421 municipalities: each is named once, and the one that took over twice.
    assert len(set(as_towns.values())) == 421


def test_building_the_index_of_the_whole_country_takes_no_time() -> None:
    areas = areas_with_hanau()
    begin = time.perf_counter()
    named = PlaceIndex.from_areas(areas)
    named.resolve("Wiesbaden", [AreaKey("06414")])
    town = time.perf_counter() - begin
    named.resolve("Wiesbaden", [AreaKey("00")])
    country = time.perf_counter() - begin
    # 0.02 s and 0.2 s here; the bounds only catch a change of kind.
    assert town < 2
    assert country < 10
    assert len(named.text.encode()) < 400_000
