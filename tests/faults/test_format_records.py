"""One bad record: set aside with its bytes, reported, and nobody else's business – up to a limit."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from connectors.dldb import parse as dldb
from connectors.dldb.connector import SPEC as DLDB
from connectors.link_list.connector import SPEC as LINK_LIST
from syncd.fetching.quarantine import RUNS_KEPT, keep_quarantine
from syncd.fetching.staging import stage_in_process
from syncd.model.area import AreaKey
from syncd.model.evidence import Channel, ChannelKind
from syncd.model.record import Record, RecordPart, Scope
from syncd.model.run import RunOutcome
from syncd.pipeline.codec import decode_claims
from syncd.rules.areas import AreaIndex
from syncd.rules.normalise import normalise
from syncd.sdk.parsing import ParseContext, RecordRejected
from syncd.storage import SqlStore, open_store
from tests.support.format_run import KEY, Bench, Told, make_bench, make_job
from tests.support.miniature import GROSSSTADT

HEADER = "leistungsschluessel;name;url"


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    with open_store(database_url) as opened:
        yield opened


@pytest.fixture
def bench(store: SqlStore, tmp_path: Path) -> Bench:
    return make_bench(store, tmp_path)


def rows(number: int) -> list[str]:
    return [f"9900100{n:07};Leistung {n};https://a.example/{n}" for n in range(number)]


def table(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in (HEADER, *lines)).encode()


async def read(bench: Bench, lines: list[str]) -> Told:
    return await bench.read(LINK_LIST, {"/list.csv": table(lines)}, path="list.csv", default_area=GROSSSTADT)


def kept_lines(told: Told) -> list[bytes]:
    return Path(str(told.details["quarantine"])).read_bytes().splitlines()


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def export(*services: dict[str, object]) -> bytes:
    return orjson.dumps({"error": False, "datacount": len(services), "data": list(services)})


def service(native_id: object, **facts: object) -> dict[str, object]:
    return {"id": native_id, "name": f"Leistung {native_id}", "leika": KEY, **facts}


# --- one among many -----------------------------------------------------------------------------------
@pytest.mark.fault("F12")
async def test_one_bad_record_in_ten_thousand(bench: Bench, store: SqlStore) -> None:
    lines = rows(10_000)
    good, lines[4_711] = lines[4_711], "nur eine Spalte"
    told = await read(bench, lines)
    assert told.run.outcome is RunOutcome.ACCEPTED
    counts = told.run.counts
    assert (counts.received, counts.added, counts.quarantined) == (10_000, 9_999, 1)
    (issue,) = [issue for issue in told.issues if issue.code == "wrong_column_count"]
    assert issue.where == "line 4713"
    (kept,) = kept_lines(told)
    assert "nur eine Spalte" in json.loads(kept)["raw"]
    lines[4_711] = good
    told = await read(bench, lines)
    assert (told.run.counts.unchanged, told.run.counts.added, told.run.counts.quarantined) == (9_999, 1, 0)
    assert "quarantine" not in told.details
    # Once it was there, a record that cannot be read any more does not disappear for that.
    told = await read(bench, [*lines[:7], "nur eine Spalte", *lines[8:]])
    assert told.run.outcome.is_good
    assert (told.run.counts.quarantined, store.source_state("grossstadt").records) == (1, 10_000)


@pytest.mark.fault("F12", "S2")
async def test_too_many_bad_records_hold_the_snapshot_back(bench: Bench) -> None:
    good = rows(100)
    await read(bench, good)
    bad = [line if n % 10 else "nur eine Spalte" for n, line in enumerate(good)]
    told = await read(bench, bad)
    assert (told.run.outcome, told.run.code) == (RunOutcome.REFUSED, "too_many_unusable")
    assert told.run.counts.quarantined == 10
    # Also of a refused run the bytes are there to be looked at.
    assert len(kept_lines(told)) == 10


# --- the quarantine -----------------------------------------------------------------------------------
@pytest.mark.fault("F12", "F18")
def test_the_quarantine_of_a_run_is_bounded(tmp_path: Path) -> None:
    body = export(*(service(n, name=None, fees=os.urandom(20_000).hex()) for n in range(400)))
    kept = tmp_path / "quarantine" / "run-7.ndjson"
    snapshot = stage_in_process(make_job(tmp_path / "job", "connectors.dldb.parse", body, quarantine=kept))
    assert snapshot.quarantined == 400
    assert snapshot.quarantine == str(kept)
    assert 900_000 < kept.stat().st_size <= 1_000_000
    for line in kept.read_bytes().splitlines():
        assert json.loads(line)["code"] == "record_without_title"


@pytest.mark.fault("F12")
def test_the_last_twenty_runs_are_kept(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "notes.txt").write_text("not ours")
    for run in range(1, RUNS_KEPT + 11):
        written = tmp_path / "written"
        written.write_text("{}\n")
        assert keep_quarantine(written, tmp_path / "kept" / f"run-{run}.ndjson")
        assert not written.exists()
    names = {path.name for path in (tmp_path / "kept").iterdir()}
    assert names == {"notes.txt", *(f"run-{run}.ndjson" for run in range(11, RUNS_KEPT + 11))}


def test_a_clean_run_leaves_no_file(tmp_path: Path) -> None:
    target = tmp_path / "kept" / "run-1.ndjson"
    empty = tmp_path / "empty"
    empty.touch()
    assert keep_quarantine(empty, target) == keep_quarantine(tmp_path / "absent", target) == ""
    assert not target.parent.exists()


# --- ids ----------------------------------------------------------------------------------------------
ODD_IDS = [
    "../../etc/passwd",
    "/etc/passwd",
    "a/b\\c",
    "..",
    "a\nb",
    "a\r\nb",
    "a\tb",
    "1 ",
    " 1",
    "1",
    "A1",
    "a1",
    "\u0430\u0031",  # a Cyrillic letter that looks like the Latin one
    "é",
    "e\u0301",
    "<script>alert(1)</script>",
    "'; DROP TABLE record; --",
    "%00%2e%2e",
    "\u202e1",
    "x" * 1_000,
    "ü" * 500,
    "\U0001d4b3" * 250,
    # Cannot be compressed: an index entry of PostgreSQL must take it as it is.
    "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(333)),
]


@pytest.mark.fault("F17")
async def test_ids_are_opaque_and_exact(bench: Bench, store: SqlStore, tmp_path: Path) -> None:
    services = [service(native_id, leika="", name="Leistung") for native_id in ODD_IDS]
    answers = {
        "/dienstleistungen/json/": export(*services),
        "/standorte/json/": export(),
        "/behoerden/json/": export(),
    }
    before = names_in(tmp_path)
    told = await bench.read(DLDB, answers, area=GROSSSTADT)
    assert told.run.outcome is RunOutcome.ACCEPTED, told.run.reason
    assert (told.run.counts.added, told.run.counts.quarantined) == (len(ODD_IDS), 0)
    stored = [r for _, records in store.partition_records(sorted(store.all_service_keys())) for r in records]
    assert sorted(record.native_id for record in stored) == sorted(ODD_IDS)
    # Without an official key the id is part of the service key, and still exact.
    keys = {claim.service_key.value for r in stored for claim in decode_claims("grossstadt", r.payload)}
    assert keys == {f"local:grossstadt:{native_id}" for native_id in ODD_IDS}
    assert names_in(tmp_path) - before <= {"fetch", "raw", "work"}
    again = await bench.read(DLDB, answers, area=GROSSSTADT)
    assert again.run.outcome is RunOutcome.UNCHANGED
    release = bench.miniature.publish()
    assert release is not None
    assert {entry.service_key for entry in store.entries(release.number)} >= keys


@pytest.mark.fault("F17", "F14")
@pytest.mark.parametrize(
    ("native_id", "code"),
    [
        ("x" * 1_001, "bad_id"),
        ("ü" * 501, "bad_id"),
        ("x" * 10_240, "bad_id"),
        ("a\x00b", "bad_id"),
        ("", "record_without_id"),
        ("  \u00a0", "record_without_id"),
        (None, "record_without_id"),
        (True, "record_without_id"),
        (1.0, "record_without_id"),
        ([], "record_without_id"),
        ({"id": 1}, "record_without_id"),
    ],
)
def test_ids_that_are_none_cost_their_record(tmp_path: Path, native_id: object, code: str) -> None:
    body = export(service("1"), service(native_id), service("3"))
    snapshot = stage_in_process(make_job(tmp_path / "job", "connectors.dldb.parse", body))
    assert [record.native_id for record in snapshot.records()] == ["1", "3"]
    assert (snapshot.quarantined, snapshot.issue_counts[code]) == (1, 1)


@pytest.mark.fault("F14")
def test_an_id_that_became_a_number_is_the_same_and_reported(tmp_path: Path) -> None:
    texts = stage_in_process(make_job(tmp_path / "a", "connectors.dldb.parse", export(service("101"))))
    numbers = stage_in_process(make_job(tmp_path / "b", "connectors.dldb.parse", export(service(101))))
    assert [r.native_id for r in texts.records()] == [r.native_id for r in numbers.records()] == ["101"]
    assert (texts.issue_counts.get("id_is_number"), numbers.issue_counts["id_is_number"]) == (None, 1)
    both = stage_in_process(
        make_job(tmp_path / "c", "connectors.dldb.parse", export(service("101"), service(101)))
    )
    assert both.issue_counts["duplicate_id"] == 1


# --- types that drift ---------------------------------------------------------------------------------
@pytest.mark.fault("F14")
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"leika": 99001001000000}, {"keys": (KEY,)}),
        ({"leika": [KEY]}, {"keys": (KEY,)}),
        ({"leika": {"key": KEY}}, {"keys": ()}),
        ({"leika": None}, {"keys": ()}),
        ({"leika": False}, {"keys": ()}),
        ({"onlineprocessing": {"link": "https://a.example/"}}, {"links": ["https://a.example/"]}),
        ({"onlineprocessing": [{"link": "https://a.example/"}]}, {"links": ["https://a.example/"]}),
        ({"onlineprocessing": "https://a.example/"}, {"links": []}),
        ({"onlineprocessing": [None, 1, [], "x"]}, {"links": []}),
        ({"description": ["x"]}, {"description": None}),
        ({"description": 5}, {"description": "5"}),
        ({"authorities": {"id": "9", "name": "Amt"}}, {"authority": "Amt"}),
        ({"authorities": [{"id": 9, "name": "Amt"}]}, {"authority": "Amt"}),
        ({"authorities": "Amt"}, {"authority": None}),
        ({"meta": []}, {"language": "de"}),
        ({"meta": {"locale": "en"}}, {"language": "en"}),
    ],
)
def test_the_table_of_coercions(facts: dict[str, object], expected: dict[str, object]) -> None:
    context = ParseContext()
    body = export({"id": "1", "name": "Amt", **facts})
    (piece,) = dldb.cut(io.BytesIO(body), context)
    record = dldb.parse(piece, context)
    seen = {
        "keys": record.service_keys,
        "links": [channel.url for channel in record.channels],
        "description": record.description,
        "authority": record.authority,
        "language": record.language,
    }
    assert {name: seen[name] for name in expected} == expected


# --- the unknown --------------------------------------------------------------------------------------
@pytest.mark.fault("F11")
def test_the_unknown_is_counted_and_disturbs_nobody(tmp_path: Path) -> None:
    plain = stage_in_process(
        make_job(tmp_path / "a", "connectors.dldb.parse", export(service("1"), service("2")))
    )
    newer = export(service("1", neu={"tief": [1]}), service("2", neu="x", schema_version="9.0"))
    snapshot = stage_in_process(make_job(tmp_path / "b", "connectors.dldb.parse", newer))
    assert [r.payload for r in snapshot.records()] == [r.payload for r in plain.records()]
    assert snapshot.quarantined == 0
    found = {issue.where: issue.value for issue in snapshot.issues if issue.code == "unknown_field"}
    assert found == {"neu": "2 times", "schema_version": "1 times"}


@pytest.mark.fault("F11")
def test_entries_of_an_unknown_kind_cost_only_themselves() -> None:
    context = ParseContext()
    body = orjson.dumps({"error": False, "data": [service("1"), 7, None, [], "x", service("2")]})
    read_ids, refused = [], []
    for piece in dldb.cut(io.BytesIO(body), context):
        try:
            read_ids.append(dldb.parse(piece, context).native_id)
        except RecordRejected as rejection:
            refused.append(rejection.code)
    assert (read_ids, refused) == (["1", "2"], ["not_an_object"] * 4)


# --- too much -----------------------------------------------------------------------------------------
@pytest.mark.fault("F18")
@pytest.mark.parametrize(
    "facts",
    [
        {"name": "x" * 50_000_000},
        {"description": "x" * 200_001},
        {"authorities": [{"id": "1", "name": "x" * 1_001}]},
        {"onlineprocessing": {"link": "https://a.example/", "description": "x"}, "name": "x" * 1_001},
        {"links": [{"link": f"https://a.example/{n}"} for n in range(1_001)]},
        {"leika": [f"{n:014}" for n in range(1_001)]},
    ],
    ids=["50 MB", "description", "authority", "title", "links", "keys"],
)
def test_a_record_that_is_too_much_costs_only_itself(tmp_path: Path, facts: dict[str, object]) -> None:
    body = export(service("1"), service("2", **facts), service("3"))
    snapshot = stage_in_process(make_job(tmp_path / "job", "connectors.dldb.parse", body))
    assert [record.native_id for record in snapshot.records()] == ["1", "3"]
    assert snapshot.quarantined == 1
    assert set(snapshot.issue_counts) & {"text_too_long", "too_many_values", "record_too_large"}


@pytest.mark.fault("F18")
@pytest.mark.parametrize(
    "facts",
    [
        {"areas": (GROSSSTADT,) * 1_000_000},
        {"channels": tuple(Channel(ChannelKind.PAGE, f"https://a.example/{n}") for n in range(100_000))},
        {"service_keys": ("99001001000000",) * 1_000_000},
        {"typing": ("2",) * 1_000_000},
        {
            "service_keys": tuple(f"990010{n:08}" for n in range(1_000)),
            "areas": tuple(f"{n:012}" for n in range(10**11, 10**11 + 201)),
        },
        {"authority_id": "x" * 1_000_000},
        {"provider_area": "x" * 1_000_000},
        {"parts": (RecordPart(("00",)),) * 50_001},
        {"parts": (RecordPart(("00",) * 20_001),)},
        {"parts": (RecordPart(("00",), authority="x" * 1_001),)},
    ],
    ids=[
        *("areas", "channels", "keys", "types", "keys times areas", "authority id", "provider"),
        *("parts", "areas of a part", "authority of a part"),
    ],
)
def test_lists_and_names_have_limits(facts: dict[str, object]) -> None:
    index = AreaIndex(frozenset({"00", *(f"{n:012}" for n in range(10**11, 10**11 + 201))}))
    record = Record(**{"native_id": "1", "title": "T", "areas": ("00",), **facts})  # type: ignore[arg-type]
    result = normalise(record, source_id="s", scope=Scope((AreaKey("00"),)), areas=index)
    assert result.quarantined
    assert {issue.code for issue in result.issues} <= {"text_too_long", "too_many_values"}
    assert len(result.issues) == 1


@pytest.mark.fault("F18")
def test_language_tags() -> None:
    for text, kept in (("de", "de"), ("de-DE-x-ls", "de-DE-x-ls"), ("x" * 100, "und"), ("<b>", "und")):
        record = Record("1", "T", areas=("00",), language=text)
        index = AreaIndex(frozenset({"00"}))
        result = normalise(record, source_id="s", scope=Scope((AreaKey("00"),)), areas=index)
        assert result.claims[0].language == kept
        assert ("bad_language" in {issue.code for issue in result.issues}) == (kept == "und")
