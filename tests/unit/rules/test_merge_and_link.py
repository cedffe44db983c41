"""Merging is idempotent and independent of order; linking follows successions and validity."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.area import AreaKey
from syncd.model.evidence import Channel, ChannelKind, Evidence, LinkState
from syncd.model.record import Claim
from syncd.model.service import ServiceKey
from syncd.pipeline.entry_codec import decode_entry, encode_entry
from syncd.rules.link import link
from syncd.rules.merge import merge
from syncd.rules.precedence import Precedence

KEY = ServiceKey("99108001001000")
TODAY = date(2026, 11, 22)


def claim(source_id: str = "a", native_id: str = "1", area: str = "06431", **more: object) -> Claim:
    return Claim(source_id, native_id, KEY, AreaKey(area), **{"title": "Parken", **more})  # type: ignore[arg-type]


@pytest.mark.fault("S12")
def test_lower_precedence_wins_per_field_and_empty_values_never_overwrite() -> None:
    precedence = Precedence({"a": 10, "b": 20}, {"description": {"b": 1}})
    (entry,) = merge(
        [
            claim("a", title="Von A", description="kurz"),
            claim("b", title="Von B", description="lang", authority="Amt"),
        ],
        precedence,
    )
    assert entry.value("title") == "Von A"
    assert entry.value("description") == "lang"
    assert entry.value("authority") == "Amt"
    assert [s.value for s in entry.fields["title"]] == ["Von A", "Von B"]


@pytest.mark.fault("S12")
def test_two_authorities_are_a_conflict_with_both_sides_kept() -> None:
    (entry,) = merge([claim("a", authority="Amt 1"), claim("b", authority="Amt 2")], Precedence())
    assert [c.field for c in entry.conflicts] == ["authority"]
    assert [s.origin.source_id for s in entry.conflicts[0].statements] == ["a", "b"]
    (same,) = merge([claim("a", authority="Amt  1"), claim("b", authority="amt 1")], Precedence())
    assert same.conflicts == ()


def test_two_authorities_of_one_record_are_two_statements_and_no_conflict() -> None:
    both = [claim("a", authority="Amt 1"), claim("a", authority="Amt 2")]
    for claims in (both, both[::-1], [*both, claim("b", authority="amt 2")]):
        (entry,) = merge(claims, Precedence())
        assert {s.value for s in entry.fields["authority"]} >= {"Amt 1", "Amt 2"}
        assert entry.conflicts == ()
    (entry,) = merge([*both, claim("b", authority="Amt 3")], Precedence())
    assert [c.field for c in entry.conflicts] == ["authority"]


def test_a_link_one_source_calls_dead_is_dead_for_all() -> None:
    url = "https://a.example.org/antrag"
    (entry,) = merge(
        [
            claim("a", channels=(Channel(ChannelKind.ONLINE_SERVICE, url),)),
            claim("b", channels=(Channel(ChannelKind.ONLINE_SERVICE, url, link_state=LinkState.DEAD),)),
        ],
        Precedence(),
    )
    assert entry.link_dead
    assert entry.evidence is Evidence.DESCRIPTION


@pytest.mark.fault("S17")
def test_ended_areas_pass_their_claims_on() -> None:
    moved = {"064350014014": AreaKey("064150000000")}
    (linked,), _ = link([claim(area="064350014014")], moved=moved, on=TODAY)
    assert linked.area.code == "064150000000"


def test_validity_dates_hide_claims_and_name_the_day_that_changes_this() -> None:
    claims = [
        claim("a", "past", valid_to=date(2026, 11, 21)),
        claim("a", "now", valid_from=date(2026, 11, 22), valid_to=date(2026, 11, 30)),
        claim("a", "future", valid_from=date(2026, 12, 24)),
        claim("a", "open", valid_from=date(1970, 1, 1), valid_to=date.max),
    ]
    linked, boundary = link(claims, moved={}, on=TODAY)
    assert [c.native_id for c in linked] == ["now", "open"]
    assert boundary == date(2026, 12, 1)


CLAIMS = st.lists(
    st.builds(
        claim,
        st.sampled_from("abc"),
        st.sampled_from("123"),
        st.sampled_from(["06431", "06", "00"]),
        title=st.sampled_from(["Parken", "Bewohnerparkausweis"]),
        authority=st.sampled_from([None, "Amt", "Magistrat"]),
        provider=st.sampled_from([None, AreaKey("00")]),
        channels=st.lists(
            st.builds(
                Channel,
                st.sampled_from(list(ChannelKind)),
                st.sampled_from([None, "https://a.example.org/1", "https://a.example.org/2.pdf"]),
                link_state=st.sampled_from(list(LinkState)),
            ),
            max_size=3,
        ).map(tuple),
    ),
    max_size=8,
    unique_by=lambda c: (c.source_id, c.native_id, c.area.code),
)


@pytest.mark.fault("S12", "S21")
@given(CLAIMS, st.randoms(use_true_random=False))
def test_any_order_gives_the_same_bytes(claims: list[Claim], random: Random) -> None:
    precedence = Precedence({"a": 10, "b": 10, "c": 5})
    shuffled = list(claims)
    random.shuffle(shuffled)
    one, _ = link(claims, moved={}, on=TODAY)
    two, _ = link(shuffled, moved={}, on=TODAY)
    assert [encode_entry(e).payload for e in merge(one, precedence)] == [
        encode_entry(e).payload for e in merge(two, precedence)
    ]


@given(CLAIMS)
def test_entries_survive_storage(claims: list[Claim]) -> None:
    linked, _ = link(claims, moved={}, on=TODAY)
    for entry in merge(linked, Precedence()):
        stored = encode_entry(entry)
        assert encode_entry(decode_entry(stored.payload)) == stored


@given(CLAIMS, st.sampled_from("abc"))
def test_removing_a_source_removes_exactly_its_influence(claims: list[Claim], gone: str) -> None:
    linked, _ = link(claims, moved={}, on=TODAY)
    without, _ = link([c for c in claims if c.source_id != gone], moved={}, on=TODAY)
    remaining = merge(without, Precedence())
    assert all(o.source_id != gone for e in remaining for o in e.origins)
    untouched = {e.area for e in merge(linked, Precedence()) if all(o.source_id != gone for o in e.origins)}
    by_area = {e.area: e for e in merge(linked, Precedence())}
    assert all(by_area[e.area] == e for e in remaining if e.area in untouched)
