"""515 naughty strings through the whole chain: unchanged at the other end, or a finding says why (bar B19).

Each stands in one row of a real link list, as title, key, area, address or authority, goes over a socket and
through parser and rules into the store, into a release, and out again over the API and as the commands print
it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.link_list.connector import SPEC as LINK_LIST
from syncd.cli.output import print_json
from syncd.model.run import RunOutcome
from syncd.rules.legible import tidy
from syncd.sdk.text import text_or_none
from syncd.storage import SqlStore, open_store
from tests.support.format_run import Told, make_bench
from tests.support.miniature import GROSSSTADT, Miniature
from tests.support.paths import REPOSITORY
from tests.support.served import ask, served

STRINGS: list[str] = json.loads((REPOSITORY / "tests/fixtures/hostile/blns/blns.json").read_text("utf-8"))
COLUMNS = ("ars", "zustaendige_stelle", "leistungsschluessel", "name", "url", "beschreibung")


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    with open_store(database_url) as opened:
        yield opened


def key_of(number: int) -> str:
    return f"9900100{number:07}"


def table(column: str) -> bytes:
    """Return a list in which each string stands in the column, in a row whose key is its number."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for number, text in enumerate(STRINGS):
        row = {
            "ars": GROSSSTADT,
            "leistungsschluessel": key_of(number),
            "name": f"Leistung {number}",
            "url": f"https://a.example/{number}",
        }
        if column == "leistungsschluessel":
            # The address says which row it was, because the key does not.
            row["zustaendige_stelle"] = f"Amt {number}"
        writer.writerow([{**row, column: text}.get(name, "") for name in COLUMNS])
    return out.getvalue().encode()


def values_of(told: Told, code: str) -> str:
    return "\n".join(issue.value for issue in told.issues if issue.code == code)


def published(miniature: Miniature) -> dict[str, dict[str, Any]]:
    """Return the entries of a fresh release by service key, as the API streams them."""
    release = miniature.publish()
    assert release is not None
    with served(miniature) as server:
        answer = ask(f"{server.url}/v1/catalogue.ndjson")
    entries = [json.loads(line) for line in answer.text.split("\n") if line]
    return {entry["service_key"]: entry for entry in entries if "service_key" in entry}


def value(entry: dict[str, Any], field: str) -> str | None:
    statements = entry["fields"].get(field, ())
    return statements[0]["value"] if statements else None


@pytest.mark.fault("F7", "F16", "A6")
@pytest.mark.parametrize(
    ("column", "field"),
    [("name", "title"), ("zustaendige_stelle", "authority"), ("beschreibung", "description")],
)
async def test_texts_come_out_as_they_went_in(
    store: SqlStore, tmp_path: Path, capsys: pytest.CaptureFixture[str], column: str, field: str
) -> None:
    bench = make_bench(store, tmp_path)
    told = await bench.read(LINK_LIST, {"/list.csv": table(column)}, path="list.csv")
    assert told.run.outcome is RunOutcome.ACCEPTED, told.run.reason
    entries = published(bench.miniature)
    assert told.run.counts.received == len(STRINGS)
    changed = 0
    for number, text in enumerate(STRINGS):
        entry = entries.get(key_of(number))
        if text_or_none(text) is None:
            # A way to say nothing: for a title, the key stands in.
            assert entry is not None
            assert value(entry, field) == (key_of(number) if field == "title" else None)
            continue
        if entry is None or value(entry, field) is None:
            assert told.counts.get("record_without_title") or told.counts.get("invisible_characters"), text
            assert not tidy(text)[0], text
            changed += 1
            continue
        got = value(entry, field)
        if got == " ".join(text.split()):
            continue
        # What is not the same has lost only what nobody sees, and a finding says so.
        changed += 1
        assert got == tidy(text.replace("\x7f", ""))[0] or got == tidy(_printable(text))[0], ascii(text)
    reported = sum(
        told.counts.get(code, 0)
        for code in ("invisible_characters", "bidi_characters", "control_characters", "record_without_title")
    )
    assert 0 < changed <= reported
    capsys.readouterr()
    print_json(entries)
    assert json.loads(capsys.readouterr().out) == entries


def _printable(text: str) -> str:
    return "".join(c for c in text if c >= " " or c in "\t\n\r")


@pytest.mark.fault("F17", "A6")
async def test_keys_are_keys_or_findings(store: SqlStore, tmp_path: Path) -> None:
    bench = make_bench(store, tmp_path)
    body = table("leistungsschluessel")
    told = await bench.read(LINK_LIST, {"/list.csv": body}, path="list.csv")
    assert told.run.outcome is RunOutcome.ACCEPTED, told.run.reason
    entries = published(bench.miniature)
    official = [key for key in entries if not key.startswith("local:")]
    assert official == [], "none of them is a service key"
    assert told.counts["record_without_key"] + told.run.counts.quarantined == told.run.counts.received
    titles = {value(entry, "title") for entry in entries.values()}
    assert len(titles) >= len(STRINGS) - 5 - told.run.counts.quarantined


@pytest.mark.fault("F17", "A6")
async def test_areas_are_areas_or_findings(store: SqlStore, tmp_path: Path) -> None:
    bench = make_bench(store, tmp_path)
    body = table("ars")
    told = await bench.read(LINK_LIST, {"/list.csv": body}, path="list.csv")
    # Not one of them is a municipality, so nearly every row is set aside and the list is held back.
    assert (told.run.outcome, told.run.code) == (RunOutcome.REFUSED, "too_many_unusable")
    unusable = told.counts.get("unknown_area", 0) + told.counts.get("record_without_area", 0)
    assert unusable == told.run.counts.quarantined
    assert told.run.counts.quarantined > len(STRINGS) * 0.9
    kept = Path(told.details["quarantine"]).read_text("utf-8").splitlines()  # noqa: ASYNC240 - a test
    assert len(kept) == told.run.counts.quarantined


@pytest.mark.fault("F16", "A6")
async def test_addresses_are_addresses_or_findings(store: SqlStore, tmp_path: Path) -> None:
    bench = make_bench(store, tmp_path)
    told = await bench.read(LINK_LIST, {"/list.csv": table("url")}, path="list.csv")
    assert told.run.outcome is RunOutcome.ACCEPTED, told.run.reason
    entries = published(bench.miniature)
    assert len(entries) == len(STRINGS)
    refused = 0
    for number, text in enumerate(STRINGS):
        links = [channel["url"] for channel in entries[key_of(number)]["channels"] if channel.get("url")]
        assert all(link.startswith(("http://", "https://")) for link in links)
        if links:
            assert links == [text]
        elif text_or_none(text) is not None:
            refused += 1
    assert refused == sum(
        told.counts.get(code, 0) for code in ("bad_url", "placeholder_link", "refused_link")
    )
