"""The link list parser: what people do to spreadsheets, and what each of it costs."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from connectors.link_list.parse import cut, parse
from connectors.link_list.settings import LinkListSettings
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext, RecordRejected
from syncd.sdk.records import LinkState

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.sdk.records import Record

HEADER = "ars;leika;name;url;gefunden"
ROW = "064140000000;99000000000001;Muster;https://a.example;ja"


def read(body: str | bytes, **settings: object) -> tuple[list[Record], list[str], ParseContext]:
    """Return records, codes of rejected rows, and the context with the findings."""
    options = LinkListSettings.model_validate(
        {"base_url": "https://a.example", "path": "list.csv", **settings}
    ).parse_options()
    context = ParseContext(options=options)
    records, rejected = [], []
    for piece in cut(io.BytesIO(body.encode() if isinstance(body, str) else body), context):
        try:
            records.append(parse(piece, context))
        except RecordRejected as rejection:
            rejected.append(rejection.code)
    return records, rejected, context


def codes(context: ParseContext) -> Counter[str]:
    return Counter(issue.code for issue in context.issues)


def table(*rows: str, header: str = HEADER) -> str:
    return "".join(f"{line}\n" for line in (header, *rows))


@pytest.mark.parametrize(
    "text",
    [
        table(ROW),
        table(ROW).replace(";", ","),
        table(ROW).replace(";", "\t"),
        table(ROW).replace(";", "|"),
        table(ROW).replace("\n", "\r\n"),
        table(ROW).replace("\n", "\r"),
        "\ufeff" + table(ROW),
        table(*['"' + '";"'.join(ROW.split(";")) + '"'], header='"ars";"leika";"name";"url";"gefunden"'),
        table(
            "ja;https://a.example;Muster;99000000000001;064140000000",
            header="Gefunden;Onlinedienst-URL;Leistung;Leistungsschlüssel;Regionalschlüssel",
        ),
        table("", ROW, ";;;;"),
        table(ROW + ";;"),
        table(ROW.replace(";ja", ";")),
        table(" 064140000000 ; 99000000000001; Muster ;https://a.example ; JA"),
    ],
)
def test_spellings_of_the_same_list(text: str) -> None:
    records, rejected, context = read(text)
    assert not rejected
    assert not context.issues
    (record,) = records
    assert record.native_id == "064140000000/99000000000001"
    assert (record.title, record.service_keys, record.areas) == (
        "Muster",
        ("99000000000001",),
        ("064140000000",),
    )
    assert [channel.url for channel in record.channels] == ["https://a.example"]


@pytest.mark.fault("F3")
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252"])
def test_encodings(encoding: str) -> None:
    records, _, _ = read(table(ROW.replace("Muster", "Müll")).encode(encoding), encoding=encoding)
    assert records[0].title == "Müll"


@pytest.mark.fault("F3", "F7", "F9", "F10")
@pytest.mark.parametrize(
    ("body", "settings", "message"),
    [
        (b"", {}, "empty"),
        (b"\n\n", {}, "empty"),
        (table(ROW).replace("Muster", "Müll").encode("latin-1"), {}, "line 2: .*are not utf-8"),
        (table(ROW.replace("Muster", "Mus\x00ter")), {}, "line 2: .*NUL"),
        (table(ROW).encode("utf-16"), {}, "not utf-8"),
        (table(ROW)[:-1], {}, "no end"),
        (table(ROW)[:-9], {}, "no end"),
        (table(ROW, header="a;b;c;d;e"), {}, "no known column"),
        (table(ROW, header="a;b;c;d;e"), {"delimiter": ";"}, "lacks columns"),
        (table(ROW, header="x;leika;name;url;gefunden"), {}, "lacks columns"),
        (table(ROW, header="ars;leika;name;link;Name"), {}, "occurs twice"),
        (table(ROW), {"delimiter": ","}, "lacks columns"),
        (";;;\n", {"delimiter": ";"}, "lacks columns"),
        (table(ROW.replace("Muster", '"Muster'), ROW), {}, "broken CSV: unexpected end"),
        (
            table(ROW.replace("Muster", '"Muster'), ROW.replace("Muster", 'x"')),
            {},
            "runs from line 2 to line 3",
        ),
        (table(ROW.replace("Muster", '"Mus"ter')), {}, "expected after"),
        (table(ROW.replace("Muster", "x" * 200_000)), {}, "field larger"),
    ],
)
def test_a_broken_file_raises(body: str | bytes, settings: dict[str, object], message: str) -> None:
    with pytest.raises(SourceFormatError, match=message):
        read(body, **settings)


@pytest.mark.fault("F10", "F12", "F16")
@pytest.mark.parametrize(
    ("row", "records", "rejected", "found"),
    [
        ("064140000000;;Muster;https://a.example;ja", 1, [], {"missing_key": 1}),
        ("064140000000;;;https://a.example;ja", 0, ["row_without_key"], {}),
        ("064140000000;99000000000001;Muster;a.example;ja", 1, [], {"bad_url": 1}),
        ("064140000000;99000000000001;Muster;mailto:a@a.example;ja", 1, [], {"bad_url": 1}),
        ("064140000000;99000000000001;Muster;javascript:alert(1);ja", 1, [], {"bad_url": 1}),
        ("064140000000;99000000000001;Muster;https://a b;ja", 1, [], {"bad_url": 1}),
        ("064140000000;99000000000001;Muster;https://a:x/;ja", 1, [], {"bad_url": 1}),
        ("064140000000;99000000000001;Muster;https://a/{id};ja", 1, [], {"placeholder_link": 1}),
        ("064140000000;99000000000001;Muster;https://a;vielleicht", 1, [], {"unknown_status": 1}),
        ("064140000000;99000000000001;Muster;https://a;nein", 0, [], {"stated_absent": 1}),
        ("064140000000;99000000000001;Muster;https://a", 0, ["wrong_column_count"], {}),
        ("064140000000;99000000000001;Muster;https://a;ja;mehr", 0, ["wrong_column_count"], {}),
        ("064140000000;99000000000001;Mus\x07ter;;ja", 1, [], {"control_characters": 1}),
        ("064140000000;99000000000001;;;ja", 1, [], {}),
    ],
)
def test_a_row_is_judged_by_itself(
    row: str, records: int, rejected: list[str], found: dict[str, int]
) -> None:
    other = "066110000000;99000000000009;Anderes;https://b.example;ja"
    got, refused, context = read(table(row, other))
    assert len(got) == records + 1
    assert refused == rejected
    assert codes(context) == found
    assert all(channel.url is not None for record in got for channel in record.channels)


def test_findings_name_the_line() -> None:
    _, _, context = read(table(ROW, ROW.replace("https://a.example", "kaputt").replace("0001", "0002")))
    assert [(issue.where, issue.value) for issue in context.issues] == [("line 3", "kaputt")]


def test_rows_of_one_service_are_merged_wherever_they_stand() -> None:
    other = ROW.replace("99000000000001", "99000000000002")
    records, _, _ = read(table(ROW, other, ROW.replace("https://a", "https://b")))
    assert [[c.url for c in record.channels] for record in records] == [
        ["https://a.example", "https://b.example"],
        ["https://a.example"],
    ]


def test_moving_a_row_changes_no_bytes() -> None:
    other = ROW.replace("99000000000001", "99000000000002")
    context = ParseContext()
    first = {piece.raw for piece in cut(io.BytesIO(table(ROW, other).encode()), context)}
    second = {piece.raw for piece in cut(io.BytesIO(table(other, "", ROW).encode()), context)}
    assert first == second


@pytest.mark.parametrize(
    ("header", "row", "settings", "expected"),
    [
        ("ars;leika;url", "06414;1;", {}, (("06414",), None, "06414/1")),
        ("behoerde;leika;url", "064140000000;1;", {}, (("064140000000",), None, "064140000000/1")),
        (
            "behoerde;leika;url",
            "Bauamt;1;",
            {"default_area": "06414000"},
            (("06414000",), "Bauamt", "Bauamt/1"),
        ),
        ("behoerde;leika;url", "Bauamt;1;", {}, ((), "Bauamt", "Bauamt/1")),
        ("leika;url", "1;", {"default_area": "06414000"}, (("06414000",), None, "06414000/1")),
        ("ags;behoerde;leika;url", "6414000;Bauamt;1;", {}, (("6414000",), "Bauamt", "6414000/1")),
    ],
)
def test_area_and_authority(
    header: str, row: str, settings: dict[str, object], expected: tuple[tuple[str, ...], str | None, str]
) -> None:
    (record,), _, _ = read(table(row, header=header), **settings)
    assert (record.areas, record.authority, record.native_id) == expected


def test_level_names_the_provider_and_dates_are_read() -> None:
    text = table(
        "064140000000;1;;Bundesweit;2026-10-04T08:00:00.5Z",
        "064140000000;2;;landesweit;04.10.2026",
        "064140000000;3;;;gestern",
        header="ars;leika;url;Ebene;Stand",
    )
    records, _, _ = read(text, provider_of_level={"bundesweit": "00"})
    assert [record.provider_area for record in records] == ["00", None, None]
    assert [record.changed_at for record in records] == [
        datetime(2026, 10, 4, 8, 0, 0, 500_000, tzinfo=UTC),
        datetime(2026, 10, 3, 22, 0, tzinfo=UTC),
        None,
    ]


def test_a_link_the_list_calls_broken_is_dead() -> None:
    (record,), _, context = read(table(ROW.replace(";ja", ";broken")))
    assert record.channels[0].link_state is LinkState.DEAD
    assert not context.issues


def test_absent_and_present_rows_of_one_service() -> None:
    records, _, context = read(table(ROW, ROW.replace("a.example", "b.example").replace(";ja", ";nein")))
    assert [len(record.channels) for record in records] == [1]
    assert codes(context) == {"stated_absent": 1}


def test_a_file_without_last_line_end_where_that_is_usual() -> None:
    records, _, _ = read(table(ROW)[:-1], final_newline=False)
    assert len(records) == 1


def test_layout_of_govuk() -> None:
    text = table(
        "Exeter,E07,Parking: apply,123,0,https://a.example/0,,true",
        "Exeter,E07,Parking: pay,123,1,https://a.example/1,,true",
        "Exeter,E07,Waste: report,666,0,,,false",
        header="Authority Name,GSS,Description,LGSL,LGIL,URL,Title,Supported by GOV.UK",
    )
    records, rejected, context = read(text)
    assert not rejected
    assert [(r.native_id, r.title, r.authority, len(r.channels)) for r in records] == [
        ("E07/123", "Parking: apply", "Exeter", 2),
        ("E07/666", "Waste: report", "Exeter", 0),
    ]
    assert [channel.native_id for channel in records[0].channels] == ["0", "1"]
    assert set(context.unknown_fields) == {"Supported by GOV.UK"}


@pytest.mark.parametrize(
    ("name", "records", "found"),
    [
        ("imported_links.csv", 1, {"unknown_status": 1, "bad_url": 1}),
        ("imported_links_few_errors.csv", 6, {"unknown_status": 6, "bad_url": 6}),
        ("imported_links_many_errors.csv", 6, {"unknown_status": 222, "bad_url": 222}),
        ("imported_links_nothing_to_import.csv", 1, {"unknown_status": 2, "bad_url": 2}),
    ],
)
def test_lists_of_govuk(name: str, records: int, found: dict[str, int], shared_data: Path) -> None:
    got, rejected, context = read((shared_data / "uk_fixtures" / name).read_bytes(), final_newline=False)
    assert (len(got), rejected, codes(context)) == (records, [], found)


@pytest.mark.parametrize(
    "name", ["sample_malformed.csv", "local-authorities.csv", "local_contacts_sample.csv"]
)
def test_tables_of_govuk_that_are_no_link_lists(name: str, shared_data: Path) -> None:
    with pytest.raises(SourceFormatError):
        read((shared_data / "uk_fixtures" / name).read_bytes(), final_newline=False)


def test_real_list_of_wiesbaden(shared_data: Path) -> None:
    body = (shared_data / "pvog" / "pvog_wiesbaden_2026-10-04.csv").read_bytes()
    records, rejected, context = read(body, provider_of_level={"bundesweit": "00"})
    assert (len(records), rejected) == (46, [])
    assert sum(bool(record.channels) for record in records) == 39
    assert sum(record.provider_area == "00" for record in records) == 7
    assert codes(context) == {"stated_absent": 18}
    assert set(context.unknown_fields) == {"quelle_id", "gebiet_id"}
