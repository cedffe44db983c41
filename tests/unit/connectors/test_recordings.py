"""The shipped recordings and sources fit together: what the demo replays is what its sources read."""

from __future__ import annotations

import io
import tomllib
from collections import Counter
from typing import Any

import pytest

from connectors.link_list import parse as link_list
from connectors.link_list.settings import LinkListSettings
from connectors.pvog_suchdienst import parse as suchdienst
from connectors.pvog_suchdienst.settings import SuchdienstSettings
from syncd.replay.recordings import load_recordings, read_body
from syncd.sdk.parsing import ParseContext, Parser
from syncd.sdk.records import Record
from tests.support.paths import REPOSITORY

RECORDINGS = REPOSITORY / "config" / "recordings"
SOURCES = REPOSITORY / "config" / "sources"


def source(name: str) -> dict[str, Any]:
    body = tomllib.loads((SOURCES / f"{name}.toml").read_text(encoding="utf-8"))
    assert body["id"] == name
    return body


def read(parser: Parser, body: bytes, context: ParseContext) -> list[Record]:
    return [parser.parse(piece, context) for piece in parser.cut(io.BytesIO(body), context)]


def bund_context() -> ParseContext:
    settings = SuchdienstSettings.model_validate(source("pvog-bund")["settings"])
    document = {"kind": "csv", "ars": settings.regions[0]}
    return ParseContext(options=settings.parse_options(), document=document)


def wiesbaden_context() -> ParseContext:
    settings = LinkListSettings.model_validate(source("pvog-wiesbaden")["settings"])
    return ParseContext(options=settings.parse_options())


def test_recording_of_the_bund() -> None:
    (route,) = load_recordings(RECORDINGS)["pvog-bund-2025-01-20"].routes
    context = bund_context()
    records = read(suchdienst, route.body(), context)
    assert (len(records), context.issues, context.unknown_fields) == (911, [], {})
    assert sum(bool(record.channels) for record in records) == 352
    assert sum(len(record.channels) for record in records) == 374
    assert {len(key) for record in records for key in record.service_keys} == {14}


def test_recording_of_wiesbaden() -> None:
    (route,) = load_recordings(RECORDINGS)["wiesbaden-2026-10-04"].routes
    assert route.path == f"/{source('pvog-wiesbaden')['settings']['path']}"
    context = wiesbaden_context()
    records = read(link_list, route.body(), context)
    assert (len(records), sum(bool(record.channels) for record in records)) == (46, 39)
    assert Counter(issue.code for issue in context.issues) == {"stated_absent": 18}
    asked = {key for record in records for key in record.service_keys}
    asked |= {issue.value.rpartition("/")[2] for issue in context.issues}
    assert asked == set(source("pvog-wiesbaden")["scope"]["services"])
    assert len(asked) == 64


@pytest.mark.parametrize(
    ("name", "parser", "context"),
    [
        ("pvog-bund-2025-01-20", suchdienst, bund_context()),
        ("wiesbaden-2026-10-04", link_list, wiesbaden_context()),
    ],
)
def test_empty_answers_are_valid_and_empty(name: str, parser: Parser, context: ParseContext) -> None:
    for route in load_recordings(RECORDINGS)[name].routes:
        assert route.empty_file is not None
        assert read(parser, read_body(route.empty_file), context) == []


def test_every_recording_is_real_credited_and_repeatable() -> None:
    credits_page = (RECORDINGS / "CREDITS.md").read_text(encoding="utf-8")
    for name, recording in load_recordings(RECORDINGS).items():
        assert recording.credit
        assert recording.recorded_on
        assert not recording.synthetic
        assert f"`{name}`" in credits_page
    for packed in RECORDINGS.glob("*/*.gz"):
        # Bytes 4 to 8 of a gzip file are its time stamp.
        assert packed.read_bytes()[4:8] == bytes(4)


def test_recordings_hold_what_was_recorded(shared_data: Any) -> None:
    original = (shared_data / "pvog" / "pvog_csv_export_bund_2025-01-20.csv").read_bytes()
    (route,) = load_recordings(RECORDINGS)["pvog-bund-2025-01-20"].routes
    assert sorted(original.splitlines()) == sorted(route.body().splitlines())
