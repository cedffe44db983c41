"""The DLDB parser: six ways to say nothing, joins by id, and envelopes that lie."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from connectors.dldb.parse import authority_names, cut, location_facts, parse, records_of
from syncd.rules.identity_tokens import identity_tokens
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext, RecordRejected
from syncd.sdk.records import Channel, ChannelKind
from tests.support.miniature import claim

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.sdk.records import Record

AREA = "110000000000"


def export(*items: object, **envelope: object) -> bytes:
    whole = {"created": "x", "datacount": len(items), "hash": "abc", "error": False, "data": items}
    return orjson.dumps({**whole, **envelope})


def service(**changes: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "name": "Muster beantragen",
        "leika": "99000000000001",
        "description": "<p>Ein Muster</p>",
        "authorities": [{"id": "900"}],
        "locations": [{"location": "800", "hint": False, "appointment": {"allowed": False}}],
        "onlineprocessing": {"link": "https://a.example/antrag", "description": "Online"},
        "forms": [{"name": "Antrag", "link": "https://a.example/a.pdf", "description": ""}],
        "links": [{"name": "Mehr", "link": "https://a.example/mehr"}],
        "appointment": {"link": ""},
        "meta": {"url": "https://a.example/1", "locale": "de", "lastupdate": "2026-01-02T10:00:00+01:00"},
        **changes,
    }


def context(*, lookups: bool = True) -> ParseContext:
    document = {"kind": "services"}
    if lookups:
        names = {"900": "Musterbehörde", "901": "Amt für Proben"}
        facts = {
            "names": {"800": "Bürgeramt"},
            "links": {"2": [["800", "https://a.example/termin?a=1&amp;b=2"]]},
        }
        document |= {"authorities": orjson.dumps(names).decode(), "locations": orjson.dumps(facts).decode()}
    return ParseContext(options={"area": AREA}, document=document)


def read(body: bytes, ctx: ParseContext | None = None) -> tuple[list[Record], list[str]]:
    ctx = ctx or context()
    records, rejected = [], []
    for piece in cut(io.BytesIO(body), ctx):
        try:
            records.append(parse(piece, ctx))
        except RecordRejected as rejection:
            rejected.append(rejection.code)
    return records, rejected


def one(item: dict[str, Any], ctx: ParseContext | None = None) -> Record:
    records, rejected = read(export(item), ctx)
    assert not rejected
    return records[0]


def test_a_service_becomes_a_record() -> None:
    record = one(service())
    assert (record.native_id, record.title, record.description) == ("1", "Muster beantragen", "Ein Muster")
    assert record.areas == (AREA,)
    assert (record.authority, record.authority_id) == ("Musterbehörde", "900")
    assert record.page_url == "https://a.example/1"
    assert record.channels == (
        Channel(ChannelKind.ONLINE_SERVICE, "https://a.example/antrag", "Online"),
        Channel(ChannelKind.PDF, "https://a.example/a.pdf", "Antrag"),
        Channel(ChannelKind.PAGE, "https://a.example/mehr", "Mehr"),
    )


@pytest.mark.fault("F14")
@pytest.mark.parametrize(
    ("leika", "keys"),
    [
        ("99.107.021.000.000", ("99.107.021.000.000",)),
        ("99107021000000  ", ("99107021000000",)),
        ("99107021000000, 99107021000001", ("99107021000000, 99107021000001",)),
        (["99107021000000", ""], ("99107021000000",)),
        (99107021000000, ("99107021000000",)),
        ("neu", ("neu",)),
    ],
)
def test_keys_are_passed_on_as_they_are(leika: object, keys: tuple[str, ...]) -> None:
    assert one(service(leika=leika)).service_keys == keys


@pytest.mark.parametrize("nothing", [None, False, "", " ", [], {}, "unbekannt", "-"])
def test_every_way_to_say_that_there_is_no_key(nothing: object) -> None:
    assert one(service(leika=nothing)).service_keys == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"appointment": {"link": "https://t.example"}}, [("https://t.example", None)]),
        ({"appointment": {"link": "https://t.example", "allowed": False}}, []),
        ({"appointment": {"link": "https://t.example/{serviceId}"}}, []),
        ({"locations": [{"location": "800", "appointment": {"allowed": True}}]}, [(None, None)]),
        (
            {
                "locations": [
                    {"location": "800", "appointment": {"allowed": True, "link": "https://t.example"}}
                ]
            },
            [("https://t.example", "Bürgeramt")],
        ),
        (
            {"authorities": [{"id": "900", "appointment_link": "https://t.example"}]},
            [("https://t.example", None)],
        ),
        ({"id": "2"}, [("https://a.example/termin?a=1&b=2", "Bürgeramt")]),
    ],
)
def test_appointments(changes: dict[str, Any], expected: list[tuple[str | None, str | None]]) -> None:
    channels = one(service(**changes)).channels
    found = [(c.url, c.label) for c in channels if c.kind is ChannelKind.APPOINTMENT]
    assert found == expected


def test_links_that_are_none_are_reported() -> None:
    ctx = context()
    item = service(
        meta={"url": "https://a.example/{serviceId}"},
        onlineprocessing={"link": "kein Link"},
        forms=[{"link": ""}, {"link": None}, {}],
    )
    record = one(item, ctx)
    assert record.page_url is None
    assert [c.kind for c in record.channels] == [ChannelKind.PAGE]
    assert Counter(issue.code for issue in ctx.issues) == {"placeholder_link": 1, "bad_url": 1}


def test_several_authorities_and_unknown_ids() -> None:
    ctx = context()
    item = service(authorities=[{"id": "901"}, {"id": 900}, {"id": "999"}], locations=[{"location": 801}])
    record = one(item, ctx)
    assert (record.authority, record.authority_id) == ("Amt für Proben; Musterbehörde", None)
    assert Counter(issue.code for issue in ctx.issues) == {"unknown_authority": 1, "unknown_location": 1}


def test_without_lookups_nothing_is_missed() -> None:
    ctx = context(lookups=False)
    record = one(service(authorities=[{"id": "900", "name": "Eigener Name"}, {"id": "901"}]), ctx)
    assert record.authority == "Eigener Name"
    assert not ctx.issues


def test_a_renamed_authority_changes_the_piece_and_other_things_do_not() -> None:
    def raw(item: dict[str, Any], name: str = "Musterbehörde") -> bytes:
        ctx = context()
        ctx.document = {**ctx.document, "authorities": orjson.dumps({"900": name, "5": name}).decode()}
        return next(cut(io.BytesIO(export(item)), ctx)).raw

    assert raw(service()) == raw(dict(reversed(service().items())))
    assert raw(service()) == raw(service(hash="anything"))
    assert raw(service()) != raw(service(), "Neuer Name")


@pytest.mark.parametrize(("stamps", "kept"), [(("a", "a"), False), (("a", "b"), True)])
def test_a_stamp_that_all_services_share_is_no_stamp(stamps: tuple[str, str], kept: bool) -> None:
    items = [service(id=str(n), meta={"lastupdate": stamp}) for n, stamp in enumerate(stamps)]
    pieces = list(cut(io.BytesIO(export(*items)), context()))
    assert [b"lastupdate" in piece.raw for piece in pieces] == [kept, kept]


@pytest.mark.fault("F12")
@pytest.mark.parametrize(
    ("items", "good", "rejected"),
    [
        ([service(), service()], 1, ["duplicate_id"]),
        ([service(), "x", None, [1]], 1, ["not_an_object"] * 3),
        ([service(), service(id=None), service(id="")], 1, ["record_without_id"] * 2),
        ([service(), service(id="2", name=" ")], 1, ["record_without_title"]),
        ([service(id=7)], 1, []),
    ],
)
def test_a_broken_entry_costs_only_itself(items: list[Any], good: int, rejected: list[str]) -> None:
    records, codes = read(export(*items))
    assert (len(records), codes) == (good, rejected)


@pytest.mark.parametrize(("announced", "declared"), [(3, 2), (4, 3), (None, None), (True, None)])
def test_declared_total_leaves_out_what_is_not_public(announced: object, declared: int | None) -> None:
    ctx = context()
    items = [service(), service(id="2"), service(id="3", public=False)]
    records, _ = read(export(*items, datacount=announced), ctx)
    assert len(records) == 2
    assert ctx.declared_total == declared
    assert [(issue.code, issue.value) for issue in ctx.issues] == [("not_public", "1")]


@pytest.mark.fault("F9", "F13")
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (export(service(), error=True, message="Datenbank gesperrt"), "Datenbank gesperrt"),
        (export(service(), error="kaputt"), "kaputt"),
        (orjson.dumps({"error": False}), "no list 'data'"),
        (b"[]", "must be an object"),
        (b"null", "must be an object"),
        (b"<html></html>", "looks like an HTML page"),
        (export(service())[:-1], "not JSON"),
        (export(service()) + b"x", "not JSON"),
        (b"\xef\xbb\xbf" + export(service())[:50], "not JSON"),
        (b'{"data": [NaN]}', "not JSON"),
        (b'{"data": ["\\ud800"]}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_broken_export_raises(body: bytes, message: str) -> None:
    with pytest.raises(SourceFormatError, match=message):
        read(body)


def test_data_may_be_an_object_and_have_a_byte_order_mark() -> None:
    body = b"\xef\xbb\xbf" + export(data={"0": service(), "7": service(id="2")}, datacount=2)
    assert len(read(body)[0]) == 2


def test_lookup_documents_hold_no_records() -> None:
    ctx = ParseContext(document={"kind": "locations"})
    assert list(cut(io.BytesIO(export({"id": "800"})), ctx)) == []
    assert ctx.declared_total == 0


@pytest.mark.fault("F14")
@pytest.mark.parametrize(
    "junk", [None, False, True, 0, 1.5, "", "x", "\x00", [], {}, [1], [[]], [{}], {"a": 1}]
)
@pytest.mark.parametrize("field", [*sorted(service()), "public", "hint", "neu"])
def test_no_value_of_a_service_escapes(field: str, junk: object) -> None:
    read(export(service(**{field: junk})))


@pytest.mark.parametrize(
    "junk", [None, False, 0, "x", [], [1], {}, {"id": None}, {"id": "1", "services": [None]}]
)
def test_no_value_of_a_lookup_escapes(junk: object) -> None:
    body = {"data": [junk, {"id": "1", "name": "Amt", "services": [{"service": junk, "appointment": junk}]}]}
    assert authority_names(body) == {"1": "Amt"}
    assert location_facts(body)["names"]["1"] == "Amt"


def test_real_export_of_berlin(shared_data: Path) -> None:
    folder = shared_data / "dldb_berlin"

    def load(name: str) -> Any:
        return orjson.loads((folder / f"zmsdldb_{name}_de.json").read_bytes())

    assert [len(records_of(load(name))[0]) for name in ("services", "locations", "authority")] == [
        560,
        496,
        189,
    ]
    ctx = ParseContext(
        options={"area": AREA},
        document={
            "kind": "services",
            "authorities": orjson.dumps(authority_names(load("authority"))).decode(),
            "locations": orjson.dumps(location_facts(load("locations"))).decode(),
        },
    )
    records, rejected = read((folder / "zmsdldb_services_de.json").read_bytes(), ctx)
    assert (len(records), rejected, ctx.declared_total) == (560, [], 560)
    assert len({record.native_id for record in records}) == 560
    assert ctx.unknown_fields == {}
    assert Counter(issue.code for issue in ctx.issues) == {"unknown_location": 7, "unknown_authority": 2}
    assert sum(bool(record.channels) for record in records) == 264


@pytest.mark.fault("S6", "S8")
@pytest.mark.parametrize(
    ("created", "stated"),
    [
        ("2026-01-03T00:00:00+01:00", datetime(2026, 1, 2, 23, tzinfo=UTC)),
        ("yesterday", None),
        (None, None),
        (7, None),
    ],
)
def test_the_export_says_when_it_was_made(created: object, stated: datetime | None) -> None:
    ctx = context()
    read(export(service(), created=created), ctx)
    assert ctx.stated_at == stated


def test_where_the_settings_name_the_office_a_service_is_known_by_its_number() -> None:
    """The id is the one PVOG passes on as ``L100108.LB.L100108_1``; without the setting nothing changes."""
    context = ParseContext(options={"area": AREA, "editorial_office": "L100108"})
    (piece,) = cut(io.BytesIO(export(service())), context)
    said = parse(piece, context).facts
    assert said == {"editorial_id": "L100108/1"}
    ours = claim("berlin", "1", "99000000000001", "11", facts=tuple(said.items()))
    theirs = claim("pvog", "L100108.LB.L100108_1", "99000000000001", "11")
    assert identity_tokens([ours]) == identity_tokens([theirs]) == ("editorial:L100108/1",)
    assert parse(piece, ParseContext(options={"area": AREA})).facts == {}
