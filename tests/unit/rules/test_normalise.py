"""Records in the wild → claims and findings, by table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.area import AreaKey
from syncd.model.evidence import Channel, ChannelKind
from syncd.model.record import Record, Scope
from syncd.pipeline.codec import content_hash, decode_claims, encode_claims
from syncd.rules.areas import AreaIndex
from syncd.rules.normalise import Normalised, normalise
from tests.support.tiny_germany import tiny_areas

INDEX = AreaIndex.from_areas(tiny_areas())
EVERYWHERE = Scope((AreaKey("00"),))
KEY = "99108001001000"


def read(record: Record, scope: Scope = EVERYWHERE, default: str | None = None) -> Normalised:
    return normalise(
        record,
        source_id="s",
        scope=scope,
        areas=INDEX,
        default_area=AreaKey(default) if default else None,
    )


def codes(result: Normalised) -> set[str]:
    return {issue.code for issue in result.issues}


@pytest.mark.parametrize(
    ("texts", "keys", "found"),
    [
        ((KEY,), {KEY}, set()),
        (("99.108.001.001.000 ",), {KEY}, set()),
        ((f"{KEY}, 99108001002000",), {KEY, "99108001002000"}, set()),
        (("nicht im LeiKa",), {"local:s:1"}, {"invalid_service_key", "record_without_key"}),
        ((), {"local:s:1"}, {"record_without_key"}),
        (("9910800100100",), {"local:s:1"}, {"invalid_service_key", "record_without_key"}),
        (("77000000000317",), {"77000000000317"}, {"land_specific_key"}),
    ],
)
def test_service_keys(texts: tuple[str, ...], keys: set[str], found: set[str]) -> None:
    result = read(Record("1", "Parken", service_keys=texts, areas=("06",)))
    assert {c.service_key.value for c in result.claims} == keys
    assert codes(result) == found


@pytest.mark.fault("S17")
@pytest.mark.parametrize(
    ("texts", "default", "areas", "found"),
    [
        (("064310001001",), None, {"064310001001"}, set()),
        (("06431001",), None, {"064310001001"}, set()),
        (("064310000000",), None, {"06431"}, set()),
        (("000000000000",), None, {"00"}, set()),
        ((), "06411", {"06411"}, set()),
        ((), None, set(), {"record_without_area"}),
        (("123456789012",), "06411", set(), {"unknown_area"}),
        (("06", "999"), None, {"06"}, {"unknown_area"}),
        (("Gemeinde Auheim",), None, {"064310001001"}, {"area_by_name"}),
        (("Kreis Aue", "06431"), None, {"06431"}, {"area_by_name"}),
        (("Aue",), "06411", set(), {"unknown_area"}),
    ],
)
def test_areas(texts: tuple[str, ...], default: str | None, areas: set[str], found: set[str]) -> None:
    result = read(Record("1", "Parken", service_keys=(KEY,), areas=texts), default=default)
    assert {c.area.code for c in result.claims} == areas
    assert codes(result) == found
    assert result.quarantined == (not areas)


@pytest.mark.fault("S23")
def test_a_statement_outside_the_scope_is_a_finding_and_not_data() -> None:
    scope = Scope((AreaKey("06431"),), frozenset({KEY}))
    result = read(
        Record("1", "Parken", service_keys=(f"{KEY};99108001002000",), areas=("06431", "09571")), scope
    )
    assert {(c.service_key.value, c.area.code) for c in result.claims} == {(KEY, "06431")}
    assert codes(result) == {"out_of_scope_area", "out_of_scope_service"}


@pytest.mark.fault("F16")
@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://a.example.org/x",
        "https://a.example.org/{serviceId}",
        "https://",
        "https://a b.example.org/",
        "https://a.example.org/" + "x" * 2_000,
        "https://[1",
    ],
)
def test_links_nobody_should_follow_are_refused(url: str) -> None:
    channels = (Channel(ChannelKind.ONLINE_SERVICE, url),)
    result = read(Record("1", "Parken", service_keys=(KEY,), areas=("06",), channels=channels))
    assert result.claims[0].channels == ()
    assert "refused_link" in codes(result)


@pytest.mark.fault("F7")
def test_invisible_characters_are_folded_and_an_empty_title_quarantines() -> None:
    result = read(Record("1", "\ufeff Bewohner\u00a0parken \n ", service_keys=(KEY,), areas=("06",)))
    assert result.claims[0].title == "Bewohner parken"
    assert read(Record("1", " \u200b ", service_keys=(KEY,), areas=("06",))).quarantined


def test_stamps_and_order_do_not_touch_the_functional_projection() -> None:
    one = Channel(ChannelKind.FORM, "https://a.example.org/1")
    two = Channel(ChannelKind.PDF, "https://a.example.org/2.pdf")
    base = Record(
        "1", "Parken", service_keys=(KEY, "99108001002000"), areas=("06", "09"), channels=(one, two)
    )
    turned = Record(
        "1", "Parken ", service_keys=("99108001002000", KEY), areas=("09", "06"), channels=(two, one)
    )
    assert content_hash(read(base).claims) == content_hash(read(turned).claims)


@pytest.mark.fault("F7")
@given(
    st.text(max_size=30),
    st.lists(st.text(max_size=20), max_size=3),
    st.lists(st.text(max_size=14), max_size=3),
    st.text(max_size=40),
)
def test_no_text_makes_it_fail_and_claims_survive_storage(
    title: str, keys: list[str], areas: list[str], url: str
) -> None:
    result = read(
        Record(
            "1",
            title,
            service_keys=(*keys, KEY),
            areas=(*areas, "06"),
            channels=(Channel(ChannelKind.UNKNOWN_LINK, url),),
        )
    )
    if result.claims:
        assert decode_claims("s", encode_claims(result.claims)) == result.claims
