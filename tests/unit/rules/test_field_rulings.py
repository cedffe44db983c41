"""Properties of merging with precedence, pins and decisions: order never matters, nothing leaves a trace."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.model.area import AreaKey
from syncd.model.entry import PINNED, Attention, Entry
from syncd.model.evidence import Channel, ChannelKind, Evidence, LinkState
from syncd.model.judgement import Judgement, JudgementKind, field_subject
from syncd.model.record import Claim
from syncd.model.service import Service, ServiceKey, ServiceStatus
from syncd.pipeline.entry_codec import decode_entry, encode_entry
from syncd.rules.contradictions import CONFLICT_FIELDS, address_form
from syncd.rules.field_rulings import BOTH, CHOOSE, PIN, FieldRulings, read_ruling, ruling_value
from syncd.rules.link import link
from syncd.rules.merge import FIELDS, merge
from syncd.rules.precedence import Precedence
from syncd.rules.rekeying import predecessors, successors

KEY = ServiceKey("99108001001000")
TODAY = date(2026, 11, 22)
AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
AREAS = ("06431", "06", "00")
PRECEDENCE = Precedence({"a": 10, "b": 10, "c": 5}, {"title": {"a": 1}}, fresh=frozenset({"a", "b"}))
LINKS = [
    "https://www.a.example.org/antrag/?utm_source=x",
    "http://a.example.org/antrag",
    "https://b.example.org/antrag?id=7",
    "https://b.example.org/antrag.pdf",
    "https://c.example.org/termin",
]


def claim(source_id: str = "a", native_id: str = "1", area: str = "06431", **more: object) -> Claim:
    return Claim(source_id, native_id, KEY, AreaKey(area), **{"title": "Parken", **more})  # type: ignore[arg-type]


def online(url: str, kind: ChannelKind = ChannelKind.ONLINE_SERVICE) -> tuple[Channel, ...]:
    return (Channel(kind, url),)


CHANNELS = st.lists(
    st.builds(
        Channel,
        st.sampled_from(list(ChannelKind)),
        st.sampled_from([None, *LINKS]),
        link_state=st.sampled_from(list(LinkState)),
    ),
    max_size=3,
).map(tuple)
FACTS = st.dictionaries(
    st.sampled_from(["trust_level", "payment", "other"]), st.sampled_from(["1", "2", "1|2"]), max_size=2
).map(lambda facts: tuple(sorted(facts.items())))
CLAIMS = st.lists(
    st.builds(
        claim,
        st.sampled_from("abc"),
        st.sampled_from("12"),
        st.sampled_from(AREAS),
        title=st.sampled_from(["Parken", "Bewohnerparkausweis"]),
        authority=st.sampled_from([None, "Standesamt", "Finanzamt", "Bürgeramt"]),
        page_url=st.sampled_from([None, "https://a.example.org/"]),
        channels=CHANNELS,
        facts=FACTS,
    ),
    max_size=6,
    unique_by=lambda c: (c.source_id, c.native_id, c.area.code),
)
VALUES = ["Standesamt", "Rathaus", *LINKS[:3], "online", "offline", "1"]
UNTIL = st.sampled_from([None, TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=9)])


@st.composite
def judgements(draw: st.DrawFn) -> Judgement:
    kind = draw(st.sampled_from([JudgementKind.PIN, JudgementKind.CONFLICT]))
    field = draw(st.sampled_from(FIELDS if kind is JudgementKind.PIN else CONFLICT_FIELDS))
    answer = PIN if kind is JudgementKind.PIN else draw(st.sampled_from([CHOOSE, BOTH]))
    said = draw(st.lists(st.sampled_from(VALUES), max_size=2))
    return Judgement(
        kind,
        field_subject(KEY.value, draw(st.sampled_from(AREAS)), field),
        answer,
        "why",
        "who",
        AT + timedelta(minutes=draw(st.integers(0, 9))),
        value=ruling_value("" if answer == BOTH else draw(st.sampled_from(VALUES)), said),
        service_key=KEY.value,
        until=draw(UNTIL),
    )


LOG = st.lists(judgements(), max_size=6, unique_by=lambda one: one.uid)


def merged(claims: list[Claim], log: list[Judgement] | None = None) -> tuple[Entry, ...]:
    linked, _ = link(claims, moved={}, on=TODAY)
    return merge(linked, PRECEDENCE, rulings=FieldRulings.of(log or (), on=TODAY, moved={}))


def stored(claims: list[Claim], log: list[Judgement] | None = None) -> list[bytes]:
    return [encode_entry(entry).payload for entry in merged(claims, log)]


def undoing(one: Judgement) -> Judgement:
    at = one.decided_at + timedelta(hours=1)
    return Judgement(JudgementKind.UNDO, one.uid, "undo", "why", "who", at, service_key=KEY.value)


@given(CLAIMS, LOG, st.randoms(use_true_random=False))
def test_any_order_of_sources_and_decisions_gives_the_same_bytes(
    claims: list[Claim], log: list[Judgement], random: Random
) -> None:
    shuffled, other = list(claims), list(log)
    random.shuffle(shuffled)
    random.shuffle(other)
    assert stored(claims, log) == stored(shuffled, [*other, *other[:2]])


@given(CLAIMS, LOG)
def test_entries_with_conflicts_and_pins_survive_storage(claims: list[Claim], log: list[Judgement]) -> None:
    for entry in merged(claims, log):
        row = encode_entry(entry)
        assert decode_entry(row.payload) == entry
        assert encode_entry(decode_entry(row.payload)) == row
        assert row.attention == entry.attention


@given(CLAIMS, LOG)
def test_what_is_undone_leaves_no_trace(claims: list[Claim], log: list[Judgement]) -> None:
    assert stored(claims, [*log, *(undoing(one) for one in log)]) == stored(claims)


@given(CLAIMS, LOG, judgements())
def test_a_pin_or_decision_touches_its_own_area_only(
    claims: list[Claim], log: list[Judgement], one: Judgement
) -> None:
    before = {e.area.code: encode_entry(e).payload for e in merged(claims, log)}
    after = {e.area.code: encode_entry(e).payload for e in merged(claims, [*log, one])}
    assert before.keys() == after.keys()
    touched = one.subject.split("/")[1]
    assert all(before[code] == after[code] for code in before if code != touched)


@given(CLAIMS, st.sampled_from(FIELDS), st.sampled_from(FIELDS), st.data())
def test_decisions_about_different_fields_commute(
    claims: list[Claim], one: str, other: str, data: st.DataObject
) -> None:
    def pin(field: str, minute: int) -> Judgement:
        subject = field_subject(KEY.value, "06", field)
        at = AT + timedelta(minutes=minute)
        return Judgement(JudgementKind.PIN, subject, PIN, "why", "who", at, value="x", service_key=KEY.value)

    if one == other:
        return
    early, late = data.draw(st.permutations([1, 2]))

    def without_names(log: list[Judgement]) -> list[Entry]:
        return [
            replace(
                entry,
                fields={
                    name: tuple(replace(s, origin=replace(s.origin, native_id="")) for s in said)
                    for name, said in entry.fields.items()
                },
                pins=tuple((name, replace(ruled, judgement="")) for name, ruled in entry.pins),
                conflicts=(),
                settled=(),
            )
            for entry in merged(claims, log)
        ]

    assert without_names([pin(one, early), pin(other, late)]) == without_names(
        [pin(other, early), pin(one, late)]
    )


@given(CLAIMS, st.sampled_from("abc"))
def test_removing_a_source_removes_exactly_its_influence(claims: list[Claim], gone: str) -> None:
    left = [c for c in claims if c.source_id != gone]
    remaining = merged(left)
    said = {s.origin.source_id for e in remaining for c in e.conflicts for s in c.statements}
    assert gone not in said | {s.origin.source_id for e in remaining for f in e.fields.values() for s in f}
    untouched = {c.area.code for c in claims} - {c.area.code for c in claims if c.source_id == gone}
    before = {e.area.code: e for e in merged(claims)}
    assert all(before[e.area.code] == e for e in remaining if e.area.code in untouched)


@given(CLAIMS)
def test_merging_twice_is_merging_once(claims: list[Claim]) -> None:
    assert stored([*claims, *claims]) == stored(claims)


@settings(max_examples=50)
@given(CLAIMS)
def test_of_one_source_nothing_is_said_about_conflicts_and_pins(claims: list[Claim]) -> None:
    for payload in stored([c for c in claims if c.source_id == "a" and c.native_id == "1"]):
        assert b'"conflicts":[]' in payload
        assert not any(name in payload for name in (b'"sides"', b'"ruled"', b'"pins"'))


# --- single cases ------------------------------------------------------------------------------------------


def names(entry: Entry) -> list[str]:
    return [conflict.field for conflict in entry.conflicts]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (online(LINKS[0]), online(LINKS[2]), ["online_service"]),
        (online(LINKS[0]), online(LINKS[1]), []),
        (online(LINKS[0]) + online(LINKS[2]), online(LINKS[2]), []),
        (online(LINKS[0]), online(LINKS[2], ChannelKind.FORM), []),
        (online(LINKS[0]), online(LINKS[3], ChannelKind.PDF), ["procedure"]),
        (online(LINKS[0]), online(LINKS[4], ChannelKind.APPOINTMENT), ["procedure"]),
        (online(LINKS[0]), online("https://b.example.org/info", ChannelKind.PAGE), []),
        (online(LINKS[0]), (), []),
        (online(LINKS[3], ChannelKind.PDF), online(LINKS[4], ChannelKind.APPOINTMENT), []),
        (online(LINKS[0]), (Channel(ChannelKind.ONLINE_SERVICE, LINKS[2], link_state=LinkState.DEAD),), []),
    ],
)
def test_what_contradicts_about_links(
    one: tuple[Channel, ...], other: tuple[Channel, ...], expected: list[str]
) -> None:
    (entry,) = merge([claim("a", channels=one), claim("b", channels=other)], Precedence())
    assert names(entry) == expected
    (same,) = merge([claim("a", channels=one), claim("a", "2", channels=other)], Precedence())
    assert names(same) == [], "one source does not contradict itself"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("1", "2", True), ("1", "1", False), ("1|2", "2", False), ("bar", "BAR", False)],
)
def test_facts_contradict_when_they_have_nothing_in_common(one: str, other: str, *, expected: bool) -> None:
    facts = [claim("a", facts=(("payment", one),)), claim("b", facts=(("payment", other),)), claim("c")]
    (entry,) = merge(facts, Precedence())
    assert bool(entry.conflicts) is expected


def test_addresses_are_compared_without_what_says_nothing() -> None:
    assert address_form("https://www.A.example.org/x/;jsessionid=1?b=2&a=1&utm_source=z#top") == (
        "a.example.org/x?a=1&b=2"
    )
    assert address_form("https://[broken") == "https://[broken"


def decided(
    field: str, taken: str, said: list[str], answer: str = CHOOSE, area: str = "06431"
) -> FieldRulings:
    kind = JudgementKind.PIN if answer == PIN else JudgementKind.CONFLICT
    subject = field_subject(KEY.value, area, field)
    one = Judgement(kind, subject, answer, "why", "who", AT, value=ruling_value(taken, said))
    return FieldRulings.of([one], on=TODAY, moved={})


def test_a_chosen_side_wins_until_it_is_gone_and_comes_back_when_a_side_changes() -> None:
    claims = [claim("a", authority="Standesamt"), claim("b", authority="Finanzamt")]
    rulings = decided("authority", "Finanzamt", ["Standesamt", "Finanzamt"])
    (entry,) = merge(claims, Precedence(), rulings=rulings)
    assert (entry.value("authority"), names(entry), entry.attention) == ("Finanzamt", [], Attention.DECIDED)
    changed = [claims[1], claim("a", authority="Bürgeramt")]
    (entry,) = merge(changed, Precedence(), rulings=rulings)
    assert (entry.value("authority"), names(entry)) == ("Finanzamt", ["authority"])
    assert entry.attention == Attention.RETURNED
    gone = [claims[0], claim("b", authority="Bürgeramt")]
    (entry,) = merge(gone, Precedence(), rulings=rulings)
    assert (entry.value("authority"), entry.attention) == ("Standesamt", Attention.RETURNED)
    (entry,) = merge(claims[:1], Precedence(), rulings=rulings)
    assert (entry.value("authority"), entry.attention) == ("Standesamt", Attention(0))


def test_an_online_claim_that_was_refuted_is_a_description() -> None:
    claims = [
        claim("a", channels=online(LINKS[0])),
        claim("b", channels=online(LINKS[3], ChannelKind.PDF)),
    ]
    (before,) = merge(claims, Precedence())
    said = [s.value for c in before.conflicts for s in c.statements]
    assert before.evidence is Evidence.ONLINE_SERVICE
    (entry,) = merge(claims, Precedence(), rulings=decided("procedure", "offline", said))
    assert entry.evidence is Evidence.PDF_FORM
    assert {graded.rule for graded, _ in entry.channels} == {"judgement.offline", "claim.pdf"}
    for taken in ("online", said[0]):
        (entry,) = merge(claims, Precedence(), rulings=decided("procedure", taken, said))
        assert (entry.evidence, names(entry)) == (before.evidence, [])


def test_a_pin_on_the_authority_closes_the_conflict_about_it() -> None:
    claims = [claim("a", authority="Standesamt"), claim("b", authority="Finanzamt")]
    (entry,) = merge(claims, Precedence(), rulings=decided("authority", "Rathaus", ["Standesamt"], PIN))
    assert (entry.value("authority"), names(entry)) == ("Rathaus", [])
    assert entry.attention == Attention.DECIDED | Attention.PINNED
    assert entry.fields["authority"][0].origin.source_id == PINNED
    assert [s.value for s in entry.settled[0].statements] == ["Standesamt", "Finanzamt"]


def test_a_pin_where_nobody_said_anything_comes_back_when_somebody_does() -> None:
    rulings = decided("authority", "Rathaus", [], PIN)
    (entry,) = merge([claim("a")], Precedence(), rulings=rulings)
    assert (entry.value("authority"), entry.attention) == ("Rathaus", Attention.PINNED)
    (entry,) = merge([claim("a", authority="Standesamt")], Precedence(), rulings=rulings)
    assert entry.attention == Attention.PINNED | Attention.PIN_RETURNED


def test_a_value_written_by_hand_is_taken_as_it_stands() -> None:
    subject = field_subject(KEY.value, "06431", "title")
    for text in ("Parken", '{"x": 1}', "{broken", '{"said": []}'):
        one = Judgement(JudgementKind.PIN, subject, PIN, "why", "who", AT, value=text)
        ruling = read_ruling(one)
        assert (ruling.value, ruling.said) == (text, None)
        assert ruling.still_said(["whatever"])


def test_where_pins_of_two_areas_meet_the_latest_holds_and_both_days_count() -> None:
    def pin(area: str, value: str, minute: int, until: date | None) -> Judgement:
        subject = field_subject(KEY.value, area, "title")
        at = AT + timedelta(minutes=minute)
        return Judgement(JudgementKind.PIN, subject, PIN, "why", "who", at, value=value, until=until)

    log = [pin("06432", "late", 2, TODAY), pin("06431", "early", 1, None)]
    moved = {"06432": AreaKey("06431")}
    today = FieldRulings.of(log, on=TODAY, moved=moved)
    assert today.pins["06431", "title"].value == "late"
    assert today.next_change_on == TODAY + timedelta(days=1)
    later = FieldRulings.of(log, on=TODAY + timedelta(days=1), moved=moved)
    assert later.pins["06431", "title"].value == "early"
    assert FieldRulings.of([pin("06431", "ever", 1, date.max)], on=TODAY, moved={}).next_change_on is None


def test_a_retired_key_is_followed_where_one_key_took_its_place() -> None:
    def service(key: str, replaced_by: str | None, status: ServiceStatus = ServiceStatus.RETIRED) -> Service:
        return Service(ServiceKey(key), key, "x", status=status, replaced_by=replaced_by)

    a, b, c, d = (f"9910800100{n}000" for n in range(1, 5))
    register = {
        a: service(a, b),
        b: service(b, c),
        c: service(c, f"{a}, {d}"),
        d: service(d, a, ServiceStatus.ACTIVE),
    }
    followed = successors(register)
    assert followed == {a: (b,), b: (c,), c: (a, d)}
    assert predecessors(followed) == {b: (a,), c: (a, b)}
    ring = {a: (b,), b: (a,)}
    assert predecessors(ring) == {b: (a,), a: (b,)}
