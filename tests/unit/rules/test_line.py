"""The line against the plain definition: an area covers the municipalities whose code starts with its own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import InvariantViolated
from syncd.model.area import AreaKind, AreaLevel
from syncd.model.coverage import Tier
from syncd.rules.line import AreaLine
from tests.support.shipped_registers import line_with_hanau, shipped_edition
from tests.support.tiny_germany import tiny_areas


@pytest.fixture(scope="module")
def germany() -> AreaLine:
    return line_with_hanau()


@pytest.fixture(scope="module")
def tiny() -> AreaLine:
    return AreaLine.build(tiny_areas())


def test_germany_has_its_official_size(germany: AreaLine) -> None:
    assert len(germany) == 10_953
    assert list(germany.codes) == sorted(germany.codes)
    assert germany.interval("00") == (0, 10_953)
    assert germany.people(0, len(germany)) == 83_577_140
    assert germany.population.dtype == np.int64
    assert not germany.population.flags.writeable


def test_hessen_has_421_municipalities_and_4_areas_that_owe_nothing(germany: AreaLine) -> None:
    start, stop = germany.interval("06") or (0, 0)
    assert stop - start == 425
    assert int(germany.owes[start:stop].sum()) == 421
    assert germany.people(start, stop) == 6_280_793


def test_intervals_are_what_the_prefix_says(germany: AreaLine) -> None:
    codes = np.array(germany.codes)
    for area in germany.areas.values():
        start, stop = germany.interval(area.code) or (-1, -1)
        prefix = "" if area.kind is AreaKind.BUND else area.code
        assert stop > start, area
        assert all(code.startswith(prefix) for code in (codes[start], codes[stop - 1]))
        assert start == 0 or not codes[start - 1].startswith(prefix)
        assert stop == len(codes) or not codes[stop].startswith(prefix)
        assert germany.people(start, stop) == area.population


def test_unknown_areas_have_no_interval(germany: AreaLine) -> None:
    assert germany.interval("99") is None
    assert germany.interval("064350014014") is None
    assert germany.area("99") is None
    assert germany.tier_slice(Tier.KREIS, "99") == (0, 0)


CHAINS = [
    ("065310007007", ("065310007", "06531", "065", "06", "00")),
    ("064140000000", ("064140000", "06414", "064", "06", "00")),
    ("081110000000", ("081110000", "08111", "0811", "081", "08", "00")),
    ("010510011011", ("010510011", "01051", "01", "00")),
    ("070009999999", ("070009999", "07", "00")),
    ("064150000000", ("064150000", "06415", "064", "06", "00")),
    ("06414", ("064", "06", "00")),
    ("06", ("00",)),
    ("00", ()),
]


@pytest.mark.parametrize(("code", "chain"), CHAINS)
def test_ancestors_nearest_first(germany: AreaLine, code: str, chain: tuple[str, ...]) -> None:
    assert germany.chain(code) == chain


def test_tiers_of_germany(germany: AreaLine) -> None:
    sizes = {tier: (len(germany.tier(tier)), int(germany.tier(tier).owes.sum())) for tier in Tier}
    assert sizes == {
        Tier.BUND: (1, 1),
        Tier.LAND: (16, 16),
        Tier.KREIS: (401, 401),  # 400 and Hanau
        Tier.GEMEINDE: (10_953, 10_751),  # 202 unincorporated areas owe nothing
    }
    assert int(germany.tier(Tier.LAND).population.sum()) == 83_577_140
    assert germany.tier(Tier.GEMEINDE).codes == germany.codes
    assert (germany.tier(Tier.GEMEINDE).starts == np.arange(len(germany))).all()


@pytest.mark.parametrize("tier", list(Tier))
def test_a_tier_line_agrees_with_its_intervals(germany: AreaLine, tier: Tier) -> None:
    line = germany.tier(tier)
    assert line.starts.dtype == line.stops.dtype == np.int32
    for code, position in line.index.items():
        assert (line.starts[position], line.stops[position]) == germany.interval(code)
        assert line.population[position] == germany.people(line.starts[position], line.stops[position])
    assert (line.starts[1:] >= line.stops[:-1]).all()


def test_slices_of_a_tier(germany: AreaLine) -> None:
    kreise = germany.tier(Tier.KREIS)
    start, stop = germany.tier_slice(Tier.KREIS, "06")
    assert stop - start == 27  # 26 and Hanau
    assert all(code.startswith("06") for code in kreise.codes[start:stop])
    # A kreisfreie Stadt is one body on both tiers; a municipality in a Kreis is only a part of one.
    start, stop = germany.tier_slice(Tier.KREIS, "064140000000")
    assert kreise.codes[start:stop] == ("06414",)
    start, stop = germany.tier_slice(Tier.KREIS, "065310007007")
    assert start == stop
    assert germany.tier_slice(Tier.BUND, "06")[0] == germany.tier_slice(Tier.BUND, "06")[1]
    assert germany.tier_slice(Tier.BUND, "00") == (0, 1)
    assert germany.tier_slice(Tier.GEMEINDE, "06") == germany.interval("06")


def test_slices_are_the_bodies_inside_the_area(germany: AreaLine) -> None:
    for tier in (Tier.KREIS, Tier.LAND):
        line = germany.tier(tier)
        for area in germany.areas.values():
            a, b = germany.interval(area.code) or (0, 0)
            inside = np.flatnonzero((line.starts >= a) & (line.stops <= b))
            start, stop = germany.tier_slice(tier, area.code)
            assert list(range(start, stop)) == inside.tolist(), area


BODIES = [
    ("065310007007", Tier.GEMEINDE, "065310007007"),
    ("065310007007", Tier.KREIS, "06531"),
    ("065310007007", Tier.LAND, "06"),
    ("065310007007", Tier.BUND, "00"),
    ("064140000000", Tier.KREIS, "06414"),
    ("06414", Tier.KREIS, "06414"),
    ("06414", Tier.GEMEINDE, "06414"),
    ("06", Tier.KREIS, "06"),
    ("00", Tier.LAND, "00"),
    ("070009999999", Tier.KREIS, "07"),  # joint German-Luxembourgish territory, in no Kreis
]


@pytest.mark.parametrize(("code", "tier", "body"), BODIES)
def test_the_body_that_answers_for_an_area(germany: AreaLine, code: str, tier: Tier, body: str) -> None:
    assert germany.body(code, tier) == body


def test_a_code_that_occurs_twice_is_a_bug() -> None:
    areas = tiny_areas()
    with pytest.raises(InvariantViolated, match="more than once"):
        AreaLine.build([*areas, areas[0]])


def test_an_empty_register_has_an_empty_line() -> None:
    line = AreaLine.build([])
    assert len(line) == 0
    assert [len(line.tier(tier)) for tier in Tier] == [0, 0, 0, 0]
    assert line.people(0, 0) == 0


def test_the_order_of_the_register_does_not_matter(tiny: AreaLine) -> None:
    turned = AreaLine.build(tuple(reversed(tiny_areas())))
    assert turned.codes == tiny.codes
    assert (turned.population == tiny.population).all()


def test_before_hanau_left_there_were_400_kreise() -> None:
    assert len(AreaLine.build(shipped_edition().areas).tier(Tier.KREIS)) == 400


@given(data=st.data())
def test_painting_an_interval_paints_the_municipalities_of_the_area(data: st.DataObject) -> None:
    line = AreaLine.build(tiny_areas())
    area = data.draw(st.sampled_from(tiny_areas()))
    start, stop = line.interval(area.code) or (0, 0)
    covered = {
        other.code
        for other in tiny_areas()
        if other.key.level is AreaLevel.GEMEINDE and area.key.covers(other.key)
    }
    assert set(line.codes[start:stop]) == covered
    assert line.people(start, stop) == area.population
