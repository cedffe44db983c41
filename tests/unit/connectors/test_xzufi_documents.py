"""XZuFi documents: what is none is refused, what is not known is counted, what is broken costs itself."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncd.sdk import xzufi
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.ledger import Ledger
from syncd.sdk.parsing import ParseContext
from tests.support.composed import compose_all
from tests.support.xzufi import AGENCY, authority, competence, delete, message, namespace, service, write
from tests.unit.connectors.test_xzufi import read


def test_what_is_not_known_is_counted() -> None:
    found = read(
        service(7, "T", "<x:reifegrad/>", "<x:gueltigkeit><x:y/></x:gueltigkeit>", areas=["06"]),
        write("<x:gebiet/>"),
        "<x:fremd><x:inhalt/></x:fremd>",
    )
    assert found.unknown == {
        "Leistung/reifegrad": 1,
        "gueltigkeit/y": 1,
        "schreibe/gebiet": 1,
        "message/fremd": 1,
        "message/inhalt": 1,
    }
    assert len(found.records) == 1


def test_objects_that_cannot_be_used_cost_themselves() -> None:
    found = read(
        service(7, areas=["06"]),
        service("", areas=["06"]),
        service("8" * 500, areas=["06"]),
        service(9, "x" * 300_000, areas=["06"]),
        write("<x:zustaendigkeitTransferObjekt><x:zustaendigkeit/></x:zustaendigkeitTransferObjekt>"),
        competence(1, "", 99),
        authority(99, "Amt", "<x:zustaendigkeit/>"),
    )
    assert [record.native_id for record in found.records] == [f"{AGENCY}/7"]
    assert found.codes == ["xzufi_object_unusable"] * 6


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        message(service(7)).replace(b"</x:leistung>", b""),
        message(service(7), prolog="<!DOCTYPE x:transfer>"),
        message(service(7)).replace(b"xoev.de", b"example.org"),
        b"<html><body>Wartung</body></html>",
    ],
)
def test_what_is_no_document_is_refused(body: bytes) -> None:
    with pytest.raises(SourceFormatError):
        compose_all(xzufi, [(body, {})])


def test_an_empty_message_brings_nothing() -> None:
    assert read().records == []
    assert read(root="leistungen.antwort.leistung.040104").codes == []


def test_an_object_may_stand_alone() -> None:
    body = message(service(7, areas=["06"])).decode()
    alone = body[body.index("<x:leistung>") : body.index("</x:schreibe>")]
    alone = alone.replace("<x:leistung>", f'<x:leistung xmlns:x="{namespace("2_2_0")}">', 1)
    assert compose_all(xzufi, [(alone.encode(), {})]).raw == read(service(7, areas=["06"])).raw


def test_what_it_says_of_itself(tmp_path: Path) -> None:
    head = (
        "<x:nachrichtenkopf><x:erstelltDatumZeit>2026-01-01T00:00:00+01:00</x:erstelltDatumZeit>"
        "<x:sender><x:id>1</x:id><x:name>Redaktion</x:name></x:sender></x:nachrichtenkopf>"
        "<x:transaktionID>T1</x:transaktionID><x:transaktionPosition>02</x:transaktionPosition>"
    )
    with Ledger(tmp_path / "ledger") as ledger:
        header = xzufi.collect(io.BytesIO(message(service(7), head=head)), ParseContext(), ledger)
    assert header == xzufi.Header(
        datetime(2025, 12, 31, 23, tzinfo=UTC), "1 Redaktion", "T1", "02", objects=1
    )


@pytest.mark.fault("F9")
def test_a_cut_anywhere_is_noticed() -> None:
    body = message(service(7, areas=["06"]), authority(99), competence(1, 7, 99), delete("Leistung", 8))
    for length in range(len(body)):
        with pytest.raises(SourceFormatError):
            compose_all(xzufi, [(body[:length], {})])
