"""The Open-PVOG parser: rows become cells, and a row of the wrong region costs the whole listing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from connectors.open_pvog import parse
from connectors.open_pvog.portal import HEADER, REGION, ROWS, table
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.records import Channel, ChannelKind, LinkState, RecordKind
from tests.support.composed import Composed, compose_all

if TYPE_CHECKING:
    from pathlib import Path

KEY = "99041006017000"


def read(*bodies: bytes, ars: str = REGION, kind: str = "csv", **options: Any) -> Composed:
    return compose_all(parse, [(body, {"kind": kind, "ars": ars}) for body in bodies], options)


def row(**fields: str) -> dict[str, str]:
    return {"leika_key": KEY, "leika_name": "Hundehaltung anmelden", "ars": REGION, **fields}


def page(*rows: Any) -> bytes:
    return orjson.dumps({"content": rows, "page": {"totalPages": 1}})


def pages(*rows: Any, **more: Any) -> Composed:
    return read(page(*rows), kind="page", **more)


def test_rows_of_one_cell_become_one_record_wherever_they_stand() -> None:
    found = read(table(*ROWS))
    assert not found.rejected
    assert not found.issues
    assert [record.native_id for record in found.records] == [
        f"99000000000001/{REGION}",
        f"99000000000002/{REGION}",
        f"99000000000003/{REGION}",
    ]
    first, second, third = found.records
    assert first.title == "Muster beantragen"
    assert first.areas == (REGION,)
    assert (
        first.channels
        == (
            Channel(ChannelKind.ONLINE_SERVICE, "https://synthetic.invalid/a,2", link_state=LinkState.OK),
            Channel(ChannelKind.ONLINE_SERVICE, "https://synthetic.invalid/a", link_state=LinkState.OK),
        )
        or len(first.channels) == 2
    )
    assert first.facts == {
        "coverage_class": "landesweit flächendeckend",
        "active": "ja",
        "ozg_id": "10001",
        "ozg_name": "Muster",
    }
    assert second.channels[0].link_state is LinkState.DEAD
    assert third.channels == ()
    assert third.facts["not_counted_because"] == "keine Antragsleistung"


def test_order_of_rows_and_the_day_of_the_import_change_nothing() -> None:
    today = read(table(*ROWS))
    turned = read(table(*reversed(ROWS)))
    tomorrow = [line.replace("2026-01-05,2026-01-06", "2026-01-06,2026-01-07") for line in ROWS]
    later = read(table(*tomorrow))
    assert today.raw == turned.raw == later.raw
    assert today.last.stated_at == datetime(2026, 1, 5, tzinfo=UTC)
    assert later.last.stated_at == datetime(2026, 1, 6, tzinfo=UTC)


def test_dates_that_differ_are_facts_of_their_rows() -> None:
    older = row(leika_key="99041006017001", datenstand_pvog_import="2026-01-01")
    found = pages(row(datenstand_pvog_import="2026-01-05"), older)
    assert found.last.stated_at is None
    assert [record.facts["stated_on"] for record in found.records] == ["2026-01-05", "2026-01-01"]


def test_pages_and_table_say_the_same() -> None:
    names = HEADER.split(",")
    cells = [line.split(",") for line in ROWS if '"' not in line]
    as_json = [dict(zip(names, line, strict=True)) for line in cells]
    as_pages = pages(*as_json)
    as_table = read(table(*(line for line in ROWS if '"' not in line)))
    assert as_pages.raw == as_table.raw


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("header", ["leika_key,leika_name,ars,url", "leikaKey,leikaName,ARS,URL"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tables_as_they_come(delimiter: str, header: str, mark: bytes, end: str) -> None:
    lines = (header, f"{KEY},Hund,{REGION},https://a.example")
    body = mark + "".join(line.replace(",", delimiter) + end for line in lines).encode()
    record = read(body).only()
    assert (record.service_keys, record.title) == ((KEY,), "Hund")
    assert record.channels[0].link_state is LinkState.UNCHECKED


@pytest.mark.parametrize(
    ("region", "inside"),
    [
        ("000000000000", ["064140000000", "110000000000"]),
        ("060000000000", ["060000000000", "064310001001"]),
        ("064000000000", ["064140000000"]),
        ("064310000000", ["064310000000", "064310001001"]),
        ("064310001000", ["064310001001"]),
        ("064310001001", ["064310001001"]),
    ],
)
def test_rows_inside_the_region_are_taken(region: str, inside: list[str]) -> None:
    found = pages(*(row(ars=ars) for ars in inside), ars=region)
    assert [record.areas for record in found.records] == [(ars,) for ars in sorted(inside)]


@pytest.mark.fault("S5")
@pytest.mark.parametrize(
    ("region", "outside"),
    [
        ("060000000000", "070000000000"),
        ("064310000000", "060000000000"),
        ("064310000000", "064320000000"),
        ("064140000000", "064310000000"),
        ("064310001001", "064310001002"),
        ("064310001001", "064310000000"),
    ],
)
def test_a_row_of_another_region_refuses_the_listing(region: str, outside: str) -> None:
    with pytest.raises(SourceFormatError, match="ignored the question") as caught:
        pages(row(ars=region), row(ars=outside), ars=region)
    assert caught.value.code == "wrong_region"


def test_without_the_bodies_below_only_the_region_itself_is_right() -> None:
    with pytest.raises(SourceFormatError, match="ignored the question"):
        pages(row(ars="064310001001"), ars="064310000000", below=False)


def test_what_is_inactive_is_no_offer_but_known() -> None:
    record = pages(row(aktiv="nein", url="https://a.example", art_flaechendeckung="x")).only()
    assert record.kind is RecordKind.CATALOGUE
    assert (record.areas, record.channels) == ((), ())
    assert record.facts["active"] == "nein"
    assert record.facts["area"] == REGION


def test_a_yardstick_and_nothing_else() -> None:
    record = pages(row(url="https://a.example", online_status="ok"), offers=False).only()
    assert record.kind is RecordKind.CATALOGUE
    assert record.areas == ()
    assert record.facts["area"] == REGION
    assert [channel.link_state for channel in record.channels] == [LinkState.OK]


def test_one_active_row_makes_the_cell_active() -> None:
    rows = row(aktiv="nein", url="https://a.example/old"), row(aktiv="ja", url="https://a.example/new")
    record = pages(*rows).only()
    assert record.kind is RecordKind.OFFER
    assert record.facts["active"] == "ja"
    assert [channel.url for channel in record.channels] == ["https://a.example/new"]


def test_odd_values_are_findings_and_cost_nothing() -> None:
    odd = row(aktiv="vielleicht", online_status="mal so", url="https://a.example", art_flaechendeckung="neu")
    found = pages(odd)
    assert found.codes == ["unknown_value"] * 3
    assert found.only().facts == {"coverage_class": "neu"}


def test_rows_that_cannot_be_placed_are_set_aside_alone() -> None:
    found = pages(row(), row(ars="6414"), row(ars=""), 7)
    assert len(found.records) == 1
    assert sorted(one.code for one in found.rejected) == ["bad_ars", "bad_ars", "not_an_object"]
    broken = read(table(ROWS[0], "99,zu kurz"))
    assert [one.code for one in broken.rejected] == ["wrong_column_count"]
    assert len(broken.records) == 1


def test_a_row_without_key_keeps_a_place_of_its_own() -> None:
    found = pages(row(leika_key=""), row(leika_key="", leika_name="Anderes"))
    assert [record.service_keys for record in found.records] == [(), ()]
    assert len({record.native_id for record in found.records}) == 2


@pytest.mark.fault("F9")
def test_every_cut_of_the_table_is_noticed_or_costs_whole_rows_only() -> None:
    body = table(*ROWS)
    for length in range(len(body)):
        if body[:length].endswith(b"\n"):
            continue
        with pytest.raises(SourceFormatError):
            read(body[:length])


@pytest.mark.fault("F9")
def test_every_cut_of_a_page_is_noticed() -> None:
    body = page(row(url="https://a.example"))
    for length in range(len(body)):
        with pytest.raises(SourceFormatError):
            read(body[:length], kind="page")


def test_a_table_that_never_ends_its_last_line_is_a_setting() -> None:
    body = table(*ROWS).rstrip(b"\n")
    with pytest.raises(SourceFormatError, match="cut off"):
        read(body)
    assert len(read(body, final_newline=False).records) == 3


@pytest.mark.parametrize(
    "body", [b"", b"\n", b"a,b\n1,2\n", b"leika_key,url\n1,2\n", b"ars;ars;leika_key\n1;2;3\n"]
)
def test_tables_that_are_none(body: bytes) -> None:
    with pytest.raises(SourceFormatError):
        read(body)


def test_recorded_table_is_read_without_loss(shared_data: Path) -> None:
    body = (shared_data / "samples" / "open_pvog.csv").read_bytes()
    found = read(body, ars="051170000000")
    assert not found.unknown
    record = found.only()
    assert record.service_keys == (KEY,)
    assert record.title == "Hundehaltung anmelden"
    assert record.areas == ("051170000000",)
    assert record.channels == (
        Channel(ChannelKind.ONLINE_SERVICE, "https://x.example/a", link_state=LinkState.OK),
    )
    assert record.facts == {"coverage_class": "landesweit flächendeckend", "active": "ja"}
    assert found.last.stated_at == datetime(2026, 9, 29, tzinfo=UTC)


def test_recorded_page_is_read_without_loss(shared_data: Path) -> None:
    body = (shared_data / "samples" / "open_pvog_page.json").read_bytes()
    found = read(body, ars="051170000000", kind="page")
    assert not found.unknown
    assert found.codes == ["row_without_name"]
    assert (found.only().title, found.only().channels) == (KEY, ())


def test_every_field_the_interface_declares_is_known(shared_data: Path) -> None:
    text = (shared_data / "openapi" / "dashboard_digitale_verwaltung_2024.yaml").read_text("utf-8")
    declared = text.partition("    DvDataDto:")[2].partition("    PageDvDataDto:")[0]
    fields = [
        line.strip(" :")
        for line in declared.splitlines()
        if line.startswith(" " * 8 + "l")
        or (line.startswith(" " * 8) and line[8] != " " and line.endswith(":"))
    ]
    assert "leika_key" in fields
    assert "art_flaechendeckung" in fields
    assert not set(fields) - parse._KNOWN_NAMES
    found = pages({**dict.fromkeys(fields, "1"), **row(), "ars_federal_state": "06"})
    assert not found.unknown
