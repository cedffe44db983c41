"""The Suchdienst parser: rows become services, and each oddity ends where it should."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from connectors.pvog_suchdienst.parse import cut, parse, service_ids
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext, RecordRejected
from syncd.sdk.records import Channel, ChannelKind

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.sdk.records import Record

HEADER = "ID-LB|Leikaschlüssel|Name|Name2|Updatedatum|ID-OD|Bezeichnung OD|Links"
ROW = "L1.LB.1|99000000000001|Muster Erteilung|Muster beantragen|20.07.2025 00:48|||"


def catalogue(*rows: str, header: str = HEADER) -> bytes:
    return "".join(f"{line}\n" for line in (header, *rows)).encode()


def context(kind: str = "csv", *, qualify: bool = False, **document: str) -> ParseContext:
    return ParseContext(
        options={"qualify": qualify}, document={"kind": kind, "ars": "064140000000", **document}
    )


def read(body: bytes, ctx: ParseContext | None = None) -> tuple[list[Record], list[str]]:
    """Return the records and the codes of the rejected ones."""
    ctx = ctx or context()
    records, codes = [], []
    for piece in cut(io.BytesIO(body), ctx):
        try:
            records.append(parse(piece, ctx))
        except RecordRejected as rejection:
            codes.append(rejection.code)
    return records, codes


def one(body: bytes, ctx: ParseContext | None = None) -> Record:
    records, codes = read(body, ctx)
    assert not codes
    assert len(records) == 1
    return records[0]


def test_rows_of_one_service_become_one_record() -> None:
    first = ROW.replace("|||", "|L1.OD.1|Antrag|https://a.example/1")
    second = ROW.replace("|||", '|L1.OD.2|Das ""neue"" Portal|https://a.example/2, https://a.example/3')
    record = one(catalogue(first, second))
    assert record.native_id == "L1.LB.1"
    assert record.title == "Muster beantragen"
    assert record.service_keys == ("99000000000001",)
    assert record.areas == ("064140000000",)
    assert record.channels == (
        Channel(ChannelKind.ONLINE_SERVICE, "https://a.example/1", "Antrag", "L1.OD.1"),
        Channel(ChannelKind.ONLINE_SERVICE, "https://a.example/2", 'Das "neue" Portal', "L1.OD.2"),
        Channel(ChannelKind.ONLINE_SERVICE, "https://a.example/3", 'Das "neue" Portal', "L1.OD.2"),
    )
    # Summer time in Berlin.
    assert record.changed_at == datetime(2025, 7, 19, 22, 48, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cells", "channels"),
    [
        ("|||", ()),
        ("|L1.OD.1|Antrag|", (Channel(ChannelKind.ONLINE_SERVICE, None, "Antrag", "L1.OD.1"),)),
        ("|||https://a.example", (Channel(ChannelKind.UNKNOWN_LINK, "https://a.example"),)),
        ("|L1.OD.1||https://a.example/{id}", (Channel(ChannelKind.ONLINE_SERVICE, None, None, "L1.OD.1"),)),
    ],
)
def test_incomplete_online_services(cells: str, channels: tuple[Channel, ...]) -> None:
    assert one(catalogue(ROW.removesuffix("|||") + cells)).channels == channels


@pytest.mark.fault("F12")
@pytest.mark.parametrize(
    ("rows", "good", "codes"),
    [
        ([ROW.replace("Erteilung", "Ertei|lung"), ROW.replace("LB.1|", "LB.2|")], 1, ["wrong_column_count"]),
        (["L1.LB.1|99|Ein Na", "me|Name2|20.07.2025 00:48|||"], 0, ["wrong_column_count"] * 2),
        ([ROW, ROW.replace("LB.1|", "LB.2|"), ROW], 2, ["service_reappears"]),
        ([ROW.replace("L1.LB.1", "etwas")], 0, ["not_a_service_id"]),
        ([ROW.replace("Muster Erteilung|Muster beantragen", " | ")], 0, ["record_without_title"]),
        ([ROW, ""], 1, []),
    ],
)
def test_a_broken_row_costs_only_its_record(rows: list[str], good: int, codes: list[str]) -> None:
    records, rejected = read(catalogue(*rows))
    assert (len(records), rejected) == (good, codes)


@pytest.mark.fault("F3", "F12")
def test_bytes_that_are_not_utf8_cost_only_their_record() -> None:
    body = catalogue(ROW, ROW.replace("LB.1|", "LB.2|")).replace(b"LB.2|99", b"LB.2|\xe4 99")
    records, codes = read(body)
    assert (len(records), codes) == (1, ["bad_encoding"])


@pytest.mark.fault("F9", "F10", "F13")
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not even a header"),
        (catalogue(ROW)[:-1], "without its end"),
        (catalogue(ROW)[:-40], "without its end"),
        (catalogue(header="ID-LB|Name"), "header lacks"),
        (catalogue(header=HEADER + "|Name"), "occurs twice"),
        (b"<!doctype html><html></html>\n", "header lacks"),
        (catalogue("x" * (1 << 20)), "longer than"),
    ],
)
def test_a_broken_catalogue_raises(body: bytes, message: str) -> None:
    with pytest.raises(SourceFormatError, match=message):
        read(body)


@pytest.mark.fault("F10", "F11")
def test_columns_are_found_by_name_and_new_ones_reported() -> None:
    ctx = context()
    header = "Leikaschlüssel|ID-LB|Neu|Name|Name2|Updatedatum|ID-OD|Bezeichnung OD|Links"
    record = one(catalogue("99000000000001|L1.LB.1|4|Muster||20.07.2025 00:48|||", header=header), ctx)
    assert (record.native_id, record.title, record.leftover) == ("L1.LB.1", "Muster", {"Neu": "4"})
    assert ctx.unknown_fields == {"Neu": 1}


def test_several_regions_qualify_native_ids_and_pieces() -> None:
    body = catalogue(ROW)
    here = next(cut(io.BytesIO(body), context(qualify=True)))
    there_context = ParseContext(options={"qualify": True}, document={"kind": "csv", "ars": "066110000000"})
    there = next(cut(io.BytesIO(body), there_context))
    assert here.raw != there.raw
    assert parse(here, context()).native_id == "064140000000/L1.LB.1"
    assert parse(there, context()).areas == ("066110000000",)


def test_rows_that_disagree_are_reported() -> None:
    ctx = context()
    record = one(catalogue(ROW, ROW.replace("99000000000001", "99000000000002")), ctx)
    assert record.service_keys == ("99000000000001", "99000000000002")
    assert [issue.code for issue in ctx.issues] == ["rows_disagree"]


def test_byte_order_mark_and_windows_line_ends_change_nothing() -> None:
    body = b"\xef\xbb\xbf" + catalogue(ROW).replace(b"\n", b"\r\n")
    assert one(body) == one(catalogue(ROW))
    assert next(cut(io.BytesIO(body), context())).raw == next(cut(io.BytesIO(catalogue(ROW)), context())).raw


def test_service_ids_leaves_out_what_is_none() -> None:
    body = catalogue(ROW, ROW, "kaputt|1", ROW.replace("LB.1|", "LB.2|"))
    assert service_ids(io.BytesIO(body)) == ("L1.LB.1", "L1.LB.2")


# --- detail --------------------------------------------------------------------------------------


def detail(**changes: Any) -> dict[str, Any]:
    return {
        "id": "L1.LB.1",
        "name": "Muster beantragen",
        "description": "<p>Ein&#xa0;<b>Muster</b> f&uuml;r alle.</p>",
        "leikakeys": ["99000000000001"],
        "ars": ["060000000000"],
        "languageCode": "de",
        "timestamp": "2026-01-20T01:26:46.650442062Z",
        "lastUpdate": "2026-01-20T01:26:46.650442062Z",
        "externalLastUpdate": "2025-09-01T10:00:00.123456789Z",
        "validFrom": "1970-01-01",
        "validTo": "2999-12-31",
        "typing": [{"code": "4b", "name": "Land regelt"}],
        "organisationIds": ["L1.OE.1"],
        "sourcePortals": [{"title": "Quelle", "uri": "https://quelle.example/1"}],
        "onlineServiceLinks": [{"id": "L1.OD.1", "uri": "https://a.example", "title": "Antrag"}],
        "forms": [{"title": "Vordruck", "uri": "https://a.example/vordruck.pdf"}],
        **changes,
    }


def test_detail_becomes_a_record() -> None:
    record = one(orjson.dumps(detail()), context("detail", id="L1.LB.1"))
    assert record.description == "Ein Muster für alle."
    assert record.typing == ("4b",)
    assert record.authority_id == "L1.OE.1"
    assert record.provider_area == "060000000000"
    assert (record.valid_from, record.valid_to) == (None, None)
    assert record.changed_at == datetime(2025, 9, 1, 10, 0, 0, 123456, tzinfo=UTC)
    assert record.page_url == "https://quelle.example/1"
    assert [c.kind for c in record.channels] == [ChannelKind.ONLINE_SERVICE, ChannelKind.FORM]


@pytest.mark.parametrize(
    ("stated", "provider"),
    [
        (["064140000000"], None),
        (["000000000000"], "000000000000"),
        (["000000000000", "060000000000"], "060000000000"),
        (["060000000000", "064140000000"], None),
        (["110000000000"], None),
        ([], None),
    ],
)
def test_detail_names_the_body_above(stated: list[str], provider: str | None) -> None:
    assert one(orjson.dumps(detail(ars=stated)), context("detail")).provider_area == provider


def test_the_nightly_import_changes_no_byte_of_a_detail() -> None:
    later = detail(timestamp="2026-01-21T01:00:00Z", lastUpdate="2026-01-21T01:00:00Z")
    pieces = [next(cut(io.BytesIO(orjson.dumps(d)), context("detail"))).raw for d in (detail(), later)]
    assert pieces[0] == pieces[1]


@pytest.mark.fault("S5")
def test_another_service_than_asked_for_raises() -> None:
    with pytest.raises(SourceFormatError, match=r"asked for L1\.LB\.2"):
        read(orjson.dumps(detail()), context("detail", id="L1.LB.2"))


@pytest.mark.fault("F14")
@pytest.mark.parametrize("junk", [None, False, 0, 1.5, "", "x", [], {}, [1], [[]], [{}], {"a": 1}, "\x00"])
@pytest.mark.parametrize("field", sorted(detail()))
def test_no_value_of_a_detail_escapes(field: str, junk: object) -> None:
    try:
        read(orjson.dumps(detail(**{field: junk})), context("detail"))
    except SourceFormatError:
        assert field == "id"


# --- real files ----------------------------------------------------------------------------------


def test_real_catalogue_of_the_bund(shared_data: Path) -> None:
    body = (shared_data / "pvog" / "pvog_csv_export_bund_2025-01-20.csv").read_bytes()
    ctx = context()
    records, codes = read(body, ctx)
    assert (len(records), codes, ctx.issues, ctx.unknown_fields) == (911, [], [], {})
    assert sum(bool(record.channels) for record in records) == 352
    assert sum(len(record.channels) for record in records) == 374
    assert not any('""' in record.title for record in records)


def test_real_detail(shared_data: Path) -> None:
    body = (shared_data / "pvog" / "B100019_LB_574711.json").read_bytes()
    ctx = context("detail", id="B100019.LB.574711")
    record = one(body, ctx)
    assert ctx.unknown_fields == {}
    assert record.service_keys == ("99007002017000",)
    assert record.typing == ("1",)
    assert record.provider_area == "000000000000"
    assert len(record.channels) == 1
