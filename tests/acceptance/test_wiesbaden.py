"""The recorded list of Wiesbaden, row by row: what a person judged, and what every door of the product says.

64 everyday services were looked up in PVOG on 4 October 2026; 46 were found, 39 of them with a link. Each row
was judged by reading its address (``tests/fixtures/wiesbaden-judged.csv``, with the reason). The judgement is
ours: no link was opened. ``start`` are pages an application begins at; an address alone cannot show more.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.daemon import SHIPPED, run_syncd, told
from tests.support.paths import REPOSITORY

WIESBADEN = "064140000000"
ASKED = ("--area", "Wiesbaden", "--obligation", "everyday-64", "--line", "gemeinde")
SOURCE = "pvog-wiesbaden"

OUTCOMES: Mapping[str, tuple[str, str, str, str]] = {
    "online": ("own", "none", "online_service", "none"),
    "start": ("own", "none", "online_service", "none"),
    "appointment": ("offline", "media_break", "appointment", "media_break"),
    "pdf": ("offline", "media_break", "pdf_form", "media_break"),
    "search": ("offline", "described_not_online", "contact", "media_break"),
    "page": ("offline", "described_not_online", "description", "media_break"),
    "wrong_form": ("offline", "wrong_key", "description", "other_act"),
    "no_link": ("offline", "described_not_online", "description", ""),
    "not_found": ("missing", "not_described", "none", ""),
}
"""State, cause, rung and finding by judgement."""
COUNTED = {"online": 21, "start": 5, "appointment": 5, "search": 3, "page": 2, "pdf": 1, "wrong_form": 2}


def judged() -> list[dict[str, str]]:
    with (REPOSITORY / "tests/fixtures/wiesbaden-judged.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=";"))


def expected() -> dict[str, tuple[str, str, str, str]]:
    """Return what each service should come to; what the list calls nationwide is provided by the Bund."""
    found = {}
    for row in judged():
        state, cause, rung, finding = OUTCOMES[row["judged"]]
        if state == "own" and row["level"] == "bundesweit":
            state = "inherited"
        found[row["service_key"]] = (state, cause, rung, finding)
    return found


def test_every_row_was_judged() -> None:
    rows = judged()
    assert len(rows) == len({row["service_key"] for row in rows}) == 64
    classes = Counter(row["judged"] for row in rows)
    assert classes == {**COUNTED, "no_link": 7, "not_found": 18}
    assert sum(COUNTED.values()) == 39
    assert all(bool(row["url"]) == (row["judged"] in COUNTED) and row["why"] for row in rows)


def test_the_recording_holds_what_was_judged() -> None:
    recording = SHIPPED / "recordings/wiesbaden-2026-10-04/links.csv.gz"
    with gzip.open(recording, "rt", encoding="utf-8") as file:
        recorded = list(csv.DictReader(file, delimiter=";"))
    facts = ("service", "service_key", "level", "url")
    assert [[row[name] for name in facts] for row in recorded] == [
        [row[name] for name in facts] for row in judged()
    ]
    assert sum(row["found"] == "true" for row in recorded) == 46


def test_the_list_says_what_was_judged(shared_data: Path) -> None:
    """The recording was written anew from this list; nothing got lost or turned on the way."""
    with (shared_data / "pvog/pvog_wiesbaden_2026-10-04.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert {row["ars"] for row in rows} == {WIESBADEN}
    assert [(r["leistung"], r["leika"], r["ebene"], r["onlinedienst_url"]) for r in rows] == [
        (r["service"], r["service_key"], r["level"], r["url"]) for r in judged()
    ]
    assert [row["gefunden"] == "true" for row in rows] == [r["judged"] != "not_found" for r in judged()]


def test_states_and_causes_are_those_of_a_person_reading_the_list(synced: Path) -> None:
    counted = told(synced, "coverage", "Wiesbaden", "--by", "service", *ASKED[2:])
    state = {one["group"]: next(name for name, cells in one["cells"].items() if cells) for one in counted}
    gaps = {one["service_key"]: one for one in told(synced, "gaps", *ASKED, code=1)}
    found = {key: (label, gaps[key]["cause"] if key in gaps else "none") for key, label in state.items()}
    assert found == {key: (one[0], one[1]) for key, one in expected().items()}
    for key, gap in gaps.items():
        assert gap["evidence"] == expected()[key][2], key


def test_rungs_and_findings_are_those_of_a_person_reading_the_addresses(synced: Path) -> None:
    every = [word for name in ("none", "media_break", "other_act") for word in ("--finding", name)]
    found = {
        one["service_key"]: (one["evidence"], one["finding"], one["url"])
        for one in told(synced, "media-breaks", "--area", "Wiesbaden", *every, code=1)
        if one["source_id"] == SOURCE and one["url"]
    }
    assert found == {
        row["service_key"]: (*expected()[row["service_key"]][2:], row["url"])
        for row in judged()
        if row["url"]
    }


@pytest.mark.parametrize("key", ["99085001012000", "99099002067000", "99022001017003", "99107018017001"])
def test_an_explanation_says_the_same(synced: Path, key: str) -> None:
    said = told(synced, "explain", key, "Wiesbaden")
    state, cause, rung, _ = expected()[key]
    assert (said["state"], said["cause"], said["evidence"]) == (state, cause, rung)


def test_the_report_counts_the_same(synced: Path) -> None:
    done = run_syncd(
        "report", "Wiesbaden", "--format", "json", "--obligation", "everyday-64", "--config", str(synced)
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    (kept, *_) = json.loads(
        run_syncd("report", "Wiesbaden", "--list", "--json", "--config", str(synced)).stdout
    )
    assert (kept["subject"], kept["form"], kept["size"]) == (WIESBADEN, "json", len(done.stdout.encode()))
    again = run_syncd("report", "--kept", str(kept["report"]), "--config", str(synced))
    assert again.stdout == done.stdout
    assert run_syncd("report", "--kept", "99", "--config", str(synced)).returncode == 2
    tables = {table["name"]: table for section in document["sections"] for table in section["tables"]}
    ((_, _, owed, *cells, _),) = tables["areas_gemeinde"]["rows"]
    states = Counter(one[0] for one in expected().values())
    assert owed == 64
    assert cells == [states[name] for name in ("own", "inherited", "offline", "dead", "missing", "unknown")]
    links = {row[4] for row in tables["breaks"]["rows"]}
    assert links == {
        row["url"] for row in judged() if row["url"] and expected()[row["service_key"]][0] == "offline"
    }
