"""Records with parts, facts or another kind: what becomes of them, and that storage gives them back."""

from __future__ import annotations

from random import Random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.area import AreaKey
from syncd.model.evidence import Channel, ChannelKind
from syncd.model.record import Record, RecordKind, RecordPart, Scope
from syncd.pipeline.codec import decode_claims, encode_claims
from syncd.rules.areas import AreaIndex
from syncd.rules.normalise import Normalised, normalise
from tests.support.tiny_germany import tiny_areas

INDEX = AreaIndex.from_areas(tiny_areas())
CODES = sorted(INDEX.codes)
KEYS = ("99108001001000", "99108001002000")
FORM = Channel(ChannelKind.FORM, "https://a.example.org/1")
PDF = Channel(ChannelKind.PDF, "https://a.example.org/2.pdf")


def read(record: Record, areas: tuple[str, ...] = ("00",)) -> Normalised:
    scope = Scope(tuple(AreaKey(code) for code in areas))
    return normalise(record, source_id="s", scope=scope, areas=INDEX)


def codes(result: Normalised) -> set[str]:
    return {issue.code for issue in result.issues}


def test_each_part_holds_in_its_own_areas() -> None:
    result = read(
        Record(
            "1",
            "Parken",
            service_keys=KEYS[:1],
            parts=(
                RecordPart(("06431",), authority="Amt A", authority_id="a", channels=(FORM,)),
                RecordPart(("06431", "09"), authority="Amt B", channels=(PDF,), provider_area="00"),
                RecordPart(("09",), authority="Amt B", channels=(PDF,), provider_area="00"),
            ),
        )
    )
    said = [(c.area.code, c.authority, c.provider and c.provider.code, c.channels) for c in result.claims]
    assert said == [
        ("06431", "Amt A", None, (FORM,)),
        ("06431", "Amt B", "00", (PDF,)),
        ("09", "Amt B", "00", (PDF,)),
    ]
    assert not result.issues


def test_what_the_record_says_of_itself_holds_in_its_own_areas_only() -> None:
    part = RecordPart(("09",), authority="Amt B")
    both = read(Record("1", "T", service_keys=KEYS[:1], areas=("06",), authority="Amt A", parts=(part,)))
    assert [(c.area.code, c.authority) for c in both.claims] == [("06", "Amt A"), ("09", "Amt B")]
    only = read(Record("1", "T", service_keys=KEYS[:1], authority="Amt A", parts=(part,)))
    assert [(c.area.code, c.authority) for c in only.claims] == [("09", "Amt B")]


def test_a_part_outside_the_scope_costs_itself_only() -> None:
    parts = (RecordPart(("06",)), RecordPart(("09",)), RecordPart(("nowhere",)), RecordPart(()))
    result = read(Record("1", "T", service_keys=KEYS[:1], parts=parts), areas=("06",))
    assert [c.area.code for c in result.claims] == ["06"]
    assert codes(result) == {"out_of_scope_area", "unknown_area", "record_without_area"}


def test_a_catalogue_record_names_no_area_and_never_leaves_the_scope() -> None:
    record = Record("1", "T", service_keys=KEYS[:1], kind=RecordKind.CATALOGUE, facts={"status": "7"})
    (claim,) = read(record, areas=("06",)).claims
    assert (claim.area.code, claim.kind, claim.facts) == ("00", RecordKind.CATALOGUE, (("status", "7"),))
    assert not read(record, areas=("06",)).issues


def test_facts_have_limits_and_lose_what_nobody_sees() -> None:
    facts = {f"n{number:02}": "x" for number in range(40)} | {"a": " b\u200b c ", "bad name": "x", "c": ""}
    result = read(Record("1", "T", service_keys=KEYS[:1], areas=("06",), facts=facts | {"d": "x" * 1_001}))
    kept = dict(result.claims[0].facts)
    assert len(kept) == 32
    assert kept["a"] == "b c"
    assert not kept.keys() & {"bad name", "c", "d"}
    assert codes(result) == {"fact_refused", "invisible_characters"}


@pytest.mark.parametrize(
    "record",
    [
        Record("1", "T", service_keys=KEYS, areas=("06", "09"), authority="A", channels=(PDF, FORM)),
        Record("1", "T", service_keys=KEYS, areas=("00", "09"), provider_area="00", authority="A"),
        Record("1", "T", service_keys=KEYS, parts=(RecordPart(("06",), "A"), RecordPart(("09",), "A"))),
    ],
)
def test_a_record_without_real_parts_keeps_the_form_it_always_had(record: Record) -> None:
    claims = read(record).claims
    payload = encode_claims(claims)
    assert orjson.loads(payload)["v"] == 1
    assert decode_claims("s", payload) == claims


def test_channels_stand_once_in_the_payload_however_many_parts_use_them() -> None:
    parts = tuple(RecordPart((code,), f"Amt {code}", channels=(FORM, PDF)) for code in CODES)
    payload = encode_claims(read(Record("1", "T", service_keys=KEYS[:1], parts=parts)).claims)
    assert payload.count(b"a.example.org/1") == 1
    assert orjson.loads(payload)["v"] == 2


names = st.sampled_from([None, "A", "Ä 2", "b"])
channels = st.lists(
    st.builds(
        Channel,
        st.sampled_from(list(ChannelKind)),
        st.sampled_from(["https://a.example.org/1", "https://a.example.org/2", None]),
        names,
        names,
    ),
    max_size=3,
).map(tuple)
areas = st.lists(st.sampled_from(CODES), max_size=4).map(tuple)
parts = st.lists(
    st.builds(RecordPart, areas, names, names, st.sampled_from([None, "00", *CODES[:4]]), channels),
    max_size=6,
).map(tuple)
records = st.builds(
    Record,
    native_id=st.just("1"),
    title=st.just("T"),
    service_keys=st.sampled_from([(), KEYS[:1], KEYS]),
    areas=areas,
    authority=names,
    channels=channels,
    parts=parts,
    facts=st.dictionaries(st.sampled_from(["status", "sdg"]), st.sampled_from(["", "7", "a|b"])),
    kind=st.sampled_from(list(RecordKind)),
    language=st.sampled_from(["de", "de-DE"]),
)


@given(records, st.randoms())
def test_storage_gives_back_what_was_said_whatever_its_order(record: Record, random: Random) -> None:
    claims = read(record).claims
    if not claims:
        return
    payload = encode_claims(claims)
    assert decode_claims("s", payload) == claims
    for key in {c.service_key.value for c in claims}:
        assert decode_claims("s", payload, key) == tuple(c for c in claims if c.service_key.value == key)
    turned = list(claims)
    random.shuffle(turned)
    assert encode_claims(turned) == payload


@given(records, st.randoms())
def test_the_order_of_parts_never_matters(record: Record, random: Random) -> None:
    turned = list(record.parts)
    random.shuffle(turned)
    other = Record(**{name: getattr(record, name) for name in Record.__slots__} | {"parts": tuple(turned)})
    assert read(other).claims == read(record).claims
