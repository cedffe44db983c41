"""Successions and editions: nobody is lost, nobody moves without a reason."""

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import ConfigError
from syncd.model.area import Area, AreaKey, AreaKind, AreaLevel, Succession
from syncd.rules.editions import (
    check_successions,
    compare_editions,
    effective_areas,
    map_code,
    map_codes,
    plan_import,
    with_sums,
)
from syncd.rules.gv100ad import Edition
from tests.support.shipped_registers import (
    HANAU_DAY,
    areas_with_hanau,
    shipped_edition,
    shipped_successions,
)
from tests.support.tiny_germany import tiny_areas

DAY = date(2026, 1, 1)


def succession(from_code: str, to_code: str, on: date = DAY) -> Succession:
    return Succession(from_code, to_code, on, "test")


def municipal(areas: Sequence[Area]) -> dict[str, Area]:
    return {a.code: a for a in areas if a.key.level is AreaLevel.GEMEINDE}


def people(areas: Sequence[Area]) -> int:
    return sum(a.population for a in municipal(areas).values())


# --- Hanau --------------------------------------------------------------------------------------------------


def test_hanau_is_independent_since_2026() -> None:
    before = {a.code: a for a in shipped_edition().areas}
    after = {a.code: a for a in areas_with_hanau()}
    assert before.keys() - after.keys() == {"064350014014", "064350014"}
    assert after.keys() - before.keys() == {"064150000000", "064150000", "06415"}
    town, kreis = after["064150000000"], after["06415"]
    assert town.name == kreis.name == "Hanau, Brüder-Grimm-Stadt"
    assert town.kind is kreis.kind is AreaKind.KREISFREIE_STADT
    assert (town.ags, town.population, town.valid_from) == ("06415000", 97_956, HANAU_DAY)
    assert kreis.population == 97_956
    assert before["06435"].population - after["06435"].population == 97_956
    assert after["06"].population == before["06"].population
    assert after["00"].population == 83_577_140


def test_the_day_before_nothing_has_changed() -> None:
    day_before = HANAU_DAY - timedelta(days=1)
    assert (
        effective_areas(shipped_edition().areas, shipped_successions(), day_before) == shipped_edition().areas
    )


def test_an_edition_that_knows_the_change_is_left_alone() -> None:
    assert effective_areas(areas_with_hanau(), shipped_successions(), HANAU_DAY) == areas_with_hanau()


def test_one_line_for_the_municipality_is_enough() -> None:
    only = [s for s in shipped_successions() if len(s.from_code) == 12]
    assert effective_areas(shipped_edition().areas, only, HANAU_DAY) == areas_with_hanau()


# --- what a succession does ---------------------------------------------------------------------------------


def test_a_merger_hands_over_inhabitants_and_ends_the_verband() -> None:
    areas = {
        a.code: a for a in effective_areas(tiny_areas(), [succession("064310002002", "064310001001")], DAY)
    }
    assert areas["064310001001"].population == 25_000
    assert areas["064310001001"].name == "Auheim"
    assert "064310002002" not in areas
    assert "064310002" not in areas
    assert areas["06431"].population == 25_000
    assert people(tuple(areas.values())) == people(tiny_areas())


def test_two_merge_into_a_newcomer_named_after_the_bigger_one() -> None:
    lines = [succession("064325001002", "064325001009"), succession("064325001001", "064325001009")]
    areas = {a.code: a for a in effective_areas(tiny_areas(), lines, DAY)}
    newcomer = areas["064325001009"]
    assert (newcomer.name, newcomer.population, newcomer.ags) == ("Oberberg", 5_000, "06432009")
    assert areas["064325001"].name == "Verband Berg"


def test_a_town_can_join_a_kreis() -> None:
    areas = {
        a.code: a for a in effective_areas(tiny_areas(), [succession("064110000000", "064310003003")], DAY)
    }
    assert areas["064310003003"].kind is AreaKind.GEMEINDE
    assert areas["064310003"].name == "Großstadt"
    assert "06411" not in areas
    assert areas["06431"].population == 225_000


def test_a_whole_kreis_with_a_new_key_keeps_its_name() -> None:
    lines = [
        succession("095710001001", "095720001001"),
        succession("095710002002", "095725009002"),
        succession("09571", "09572"),
    ]
    areas = {a.code: a for a in effective_areas(tiny_areas(), lines, DAY)}
    assert (areas["09572"].name, areas["09572"].kind) == ("Kreis Ried", AreaKind.LANDKREIS)
    assert areas["09572"].population == 31_000
    assert areas["095720001"].name == "Riedstadt"
    assert areas["095725009"].name == "Verband 095725009"
    assert "09571" not in areas


def test_a_new_kreis_without_a_line_of_its_own_is_called_by_its_key() -> None:
    areas = {
        a.code: a for a in effective_areas(tiny_areas(), [succession("095710002002", "095720002002")], DAY)
    }
    assert (areas["09572"].name, areas["09572"].kind) == ("Kreis 09572", AreaKind.LANDKREIS)
    assert areas["09571"].population == 30_000


def test_unincorporated_areas_stay_so_by_their_key() -> None:
    areas = {
        a.code: a for a in effective_areas(tiny_areas(), [succession("064319200200", "064329200200")], DAY)
    }
    assert areas["064329200200"].kind is AreaKind.GEMEINDEFREI


def test_a_successor_in_an_unknown_land_is_refused() -> None:
    with pytest.raises(ConfigError, match="lies in Land 15"):
        effective_areas(tiny_areas(), [succession("095710002002", "150010002002")], DAY)


def test_chains_of_one_day_and_over_years() -> None:
    lines = [
        succession("064310002002", "064310005005"),
        succession("064310005005", "064310006006"),
        succession("064310006006", "064310001001", DAY + timedelta(days=365)),
    ]
    first = municipal(effective_areas(tiny_areas(), lines, DAY))
    assert first["064310006006"].name == "Aubach"
    later = municipal(effective_areas(tiny_areas(), lines, DAY + timedelta(days=365)))
    assert later["064310001001"].population == 25_000
    assert map_code("064310002002", lines, DAY) == "064310006006"
    assert map_code("064310002002", lines, date(2030, 1, 1)) == "064310001001"
    assert map_code("064310002002", lines, DAY - timedelta(days=1)) == "064310002002"


def test_who_goes_and_comes_back_is_not_lost() -> None:
    lines = [
        succession("064310002002", "064310005005"),
        succession("064310005005", "064310002002", DAY + timedelta(days=700)),
    ]
    assert map_code("064310002002", lines, date(2027, 1, 1)) == "064310005005"
    assert map_code("064310002002", lines, date(2030, 1, 1)) == "064310002002"
    assert map_code("064310005005", lines, date(2030, 1, 1)) == "064310002002"
    assert "064310002002" in municipal(effective_areas(tiny_areas(), lines, date(2030, 1, 1)))


@pytest.mark.fault("S13", "S17")
def test_a_circle_of_one_day_moves_nobody() -> None:
    lines = [
        succession("064310001001", "064310002002"),
        succession("064310002002", "064310001001"),
        succession("064325001001", "064310001001"),
    ]
    assert map_codes(lines, DAY) == {s.from_code: s.from_code for s in lines}
    assert effective_areas(tiny_areas(), lines, DAY) == tiny_areas()


def test_a_circle_stops_those_who_arrived_before_its_day() -> None:
    later = DAY + timedelta(days=2)
    lines = [
        succession("064110000000", "064310001001"),
        succession("064310001001", "064310002002", later),
        succession("064310002002", "064310001001", later),
    ]
    assert map_code("064110000000", lines, later) == "064310001001"
    assert municipal(effective_areas(tiny_areas(), lines, later))["064310001001"].population == 220_000


CONTRADICTIONS = [
    ([succession("06431", "06431")], "cannot succeed itself"),
    ([succession("064310001001", "06431")], "a Gemeinde cannot be succeeded by a Kreis"),
    ([succession("0643100", "06432")], "not an area code"),
    ([succession("06431", "")], "not an area code"),
    (
        [succession("06431", "06432"), succession("06431", "06433")],
        "06431 already ends on 2026-01-01 in favour of 06432",
    ),
    ([succession("06431", "06432"), succession("06431", "06432", date(2027, 1, 1))], "already ends"),
]


@pytest.mark.parametrize(("table", "message"), CONTRADICTIONS)
def test_lines_that_contradict_each_other_are_refused(table: list[Succession], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_successions(table)


# --- properties ---------------------------------------------------------------------------------------------

OLD_CODES = sorted(municipal(tiny_areas()))
TARGETS = [*OLD_CODES, "064310007007", "064325001009", "064120000000", "095730001001", "064338001001"]


@st.composite
def tables(draw: st.DrawFn) -> list[Succession]:
    """Draw tables in which each code ends at most once; circles and chains are allowed."""
    origins = draw(st.lists(st.sampled_from(TARGETS), unique=True, max_size=6))
    return [
        succession(
            origin,
            draw(st.sampled_from([code for code in TARGETS if code != origin])),
            DAY + timedelta(days=draw(st.integers(0, 3))),
        )
        for origin in origins
    ]


@given(table=tables(), day=st.integers(-1, 4))
def test_no_municipality_and_no_inhabitant_is_lost(table: list[Succession], day: int) -> None:
    on = DAY + timedelta(days=day)
    after = effective_areas(tiny_areas(), table, on)
    alive = municipal(after)
    assert people(after) == people(tiny_areas())
    for code in OLD_CODES:
        assert map_code(code, table, on) in alive
    by_code = {a.code: a for a in after}
    for code in alive:
        assert code[:5] in by_code
        assert code[:9] in by_code
    assert with_sums(after) == after
    for area in after:
        if area.key.level in {AreaLevel.KREIS, AreaLevel.VERBAND}:
            assert any(code.startswith(area.code) for code in alive)


@pytest.mark.fault("S21")
@given(table=tables(), data=st.data())
def test_the_order_of_lines_and_areas_does_not_matter(table: list[Succession], data: st.DataObject) -> None:
    on = DAY + timedelta(days=4)
    shuffled = data.draw(st.permutations(table))
    areas = data.draw(st.permutations(tiny_areas()))
    assert effective_areas(areas, shuffled, on) == effective_areas(tiny_areas(), table, on)
    assert map_codes(shuffled, on) == map_codes(table, on)


@pytest.mark.fault("S17")
@given(table=tables(), known=st.booleans(), extra=st.lists(st.sampled_from(OLD_CODES), max_size=2))
def test_every_old_code_is_alive_mapped_or_unresolved(
    table: list[Succession], known: bool, extra: list[str]
) -> None:
    new = [a for a in effective_areas(tiny_areas(), table, date(2027, 1, 1)) if a.code not in extra]
    diff = compare_editions(tiny_areas(), new, table if known else [])
    alive = {a.code for a in new}
    old = {a.code for a in tiny_areas()}
    groups = [alive & old, *({e.code for e in g} for g in (diff.dissolved, diff.rekeyed, diff.unresolved))]
    assert set().union(*groups) == old
    assert sum(len(group) for group in groups) == len(old)
    assert set(diff.moves.values()) <= alive
    assert set(diff.new) == alive - old


@given(st.data())
def test_comparing_does_not_depend_on_order(data: st.DataObject) -> None:
    old, new = shuffled_pair(data)
    assert compare_editions(old, new, []) == compare_editions(tiny_areas(), RENAMED, [])


RENAMED = tuple(replace(a, name="Auheim am See") if a.code == "064310001001" else a for a in tiny_areas())


def shuffled_pair(data: st.DataObject) -> tuple[list[Area], list[Area]]:
    return data.draw(st.permutations(tiny_areas())), data.draw(st.permutations(RENAMED))


# --- comparing ----------------------------------------------------------------------------------------------


def test_the_same_edition_has_no_differences() -> None:
    diff = compare_editions(shipped_edition().areas, shipped_edition().areas, shipped_successions())
    assert (diff.dissolved, diff.new, diff.renamed, diff.rekeyed, diff.unresolved) == ((), (), (), (), ())
    assert diff.population_changes_count == 0


def test_hanau_in_a_new_edition_needs_no_line_because_it_keeps_its_name() -> None:
    diff = compare_editions(shipped_edition().areas, areas_with_hanau(), [])
    assert diff.moves == {"064350014014": "064150000000", "064350014": "064150000"}
    assert len(diff.rekeyed) == 2
    assert not diff.unresolved
    assert diff.new == ("06415", "064150000", "064150000000")


def test_hanau_with_its_lines_is_dissolved_in_favour_of_the_town() -> None:
    diff = compare_editions(shipped_edition().areas, areas_with_hanau(), shipped_successions())
    assert [(e.code, e.successor) for e in diff.dissolved] == [
        ("064350014", "064150000"),
        ("064350014014", "064150000000"),
    ]
    assert not diff.rekeyed


def test_a_rename_keeps_the_key() -> None:
    diff = compare_editions(tiny_areas(), RENAMED, [])
    assert [(r.code, r.old_name, r.new_name) for r in diff.renamed] == [
        ("064310001001", "Auheim", "Auheim am See")
    ]
    assert not diff.unresolved


def test_new_numbers_of_inhabitants_are_counted() -> None:
    new = with_sums(
        replace(a, population=a.population + 1) if a.code == "095710002002" else a for a in tiny_areas()
    )
    assert compare_editions(tiny_areas(), new, []).population_changes_count == 1


def test_same_names_are_not_evident_when_there_are_two_of_them() -> None:
    twins = [replace(a, name="Neustadt") if a.code.startswith("064325001") else a for a in tiny_areas()]
    moved = effective_areas(
        twins, [succession("064325001001", "064325001005"), succession("064325001002", "064325001006")], DAY
    )
    diff = compare_editions(twins, moved, [])
    assert [e.code for e in diff.unresolved] == ["064325001001", "064325001002"]
    assert diff.unresolved[0].candidates == ("064325001005", "064325001006")


def test_same_names_in_another_land_are_not_evident() -> None:
    moved = effective_areas(tiny_areas(), [succession("095710002002", "064320002002")], DAY)
    diff = compare_editions(tiny_areas(), moved, [])
    assert [e.code for e in diff.unresolved] == ["095710002", "095710002002"]


def test_a_name_that_may_be_cut_is_not_evident() -> None:
    long = [replace(a, name="Moor" + "r" * 46) if a.code == "095710002002" else a for a in tiny_areas()]
    moved = effective_areas(long, [succession("095710002002", "095710005005")], DAY)
    assert "095710002002" in {e.code for e in compare_editions(long, moved, []).unresolved}


def test_a_container_follows_its_municipalities_only_if_all_others_stay_out() -> None:
    lines = [succession("064325001001", "064325009001"), succession("064325001002", "064325009002")]
    moved = effective_areas(tiny_areas(), lines, DAY)
    assert compare_editions(tiny_areas(), moved, []).moves["064325001"] == "064325009"
    # Aubach joins the Verband of others: its own Verband has no evident heir.
    joined = effective_areas(tiny_areas(), [succession("064310002002", "064325001003")], DAY)
    diff = compare_editions(tiny_areas(), joined, [])
    assert [e.code for e in diff.unresolved] == ["064310002"]


def test_a_successor_that_is_not_in_the_new_edition_does_not_count() -> None:
    new = [a for a in tiny_areas() if not a.code.startswith("095710002")]
    diff = compare_editions(tiny_areas(), new, [succession("095710002002", "095710009009")])
    assert "095710002002" in {e.code for e in diff.unresolved}


def test_the_first_living_successor_counts_when_the_table_is_ahead_of_the_edition() -> None:
    lines = [
        succession("064310002002", "064310005005"),
        succession("064310005005", "064310001001", date(2030, 1, 1)),
    ]
    new = effective_areas(tiny_areas(), lines, DAY)
    assert compare_editions(tiny_areas(), new, lines).moves["064310002002"] == "064310005005"


# --- importing ----------------------------------------------------------------------------------------------


def test_an_import_with_an_area_nobody_follows_is_refused_with_the_lines_to_add() -> None:
    new = Edition(date(2026, 3, 31), tuple(a for a in tiny_areas() if not a.code.startswith("095710002")))
    plan = plan_import(tiny_areas(), new, [])
    assert plan.is_refused
    assert plan.moves == {}
    blocks = tomllib.loads(plan.toml)["succession"]
    assert [(b["from"], b["to"], b["on"]) for b in blocks] == [
        ("095710002", "", date(2026, 3, 31)),
        ("095710002002", "", date(2026, 3, 31)),
    ]
    assert "# Moor" in plan.toml


def test_the_lines_to_add_let_the_import_pass_once_completed() -> None:
    new = Edition(date(2026, 3, 31), tuple(a for a in tiny_areas() if not a.code.startswith("095710002")))
    refused = plan_import(tiny_areas(), new, [])
    heirs = {"095710002": "095710001", "095710002002": "095710001001"}
    blocks = tomllib.loads(refused.toml)["succession"]
    plan = plan_import(
        tiny_areas(), new, [Succession(b["from"], heirs[b["from"]], b["on"], "test") for b in blocks]
    )
    assert not plan.is_refused
    assert plan.toml == ""
    assert plan.moves == heirs


def test_evident_successions_are_dated_and_explained() -> None:
    new = Edition(date(2026, 3, 31), areas_with_hanau())
    plan = plan_import(shipped_edition().areas, new, [])
    assert not plan.is_refused
    assert [(s.from_code, s.to_code, s.on) for s in plan.successions] == [
        ("064350014", "064150000", date(2026, 3, 31)),
        ("064350014014", "064150000000", date(2026, 3, 31)),
    ]
    assert all("evident" in s.reason for s in plan.successions)
    check_successions(plan.successions)


def test_a_name_cannot_break_out_of_its_comment() -> None:
    area = Area(AreaKey("095710009009"), 'Moor\n[[succession]]\nfrom = "06"', AreaKind.GEMEINDE, 1)
    new = Edition(date(2026, 3, 31), tiny_areas())
    plan = plan_import([*tiny_areas(), area], new, [])
    assert [b["from"] for b in tomllib.loads(plan.toml)["succession"]] == ["095710009009"]
