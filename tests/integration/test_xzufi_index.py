"""An index and its documents from the socket into the catalogue: everything, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from connectors.xzufi_index.connector import SPEC
from syncd.model.run import RunOutcome
from syncd.rules.accept import AcceptLimits
from syncd.storage import open_store
from tests.support.connected import AT_ONCE, Connected
from tests.support.miniature import AUHEIM, GROSSSTADT
from tests.support.shelf import Shelf, serving
from tests.support.xzufi import AGENCY, authority, embedded, message, service

INDEX, ONE, TWO = "/index.txt", "/XZUFI1.xml", "/XZUFI2.xml"


def document(
    position: int, *objects: str, made: str = "2026-11-20T00:00:00Z", sender: str = "Musterredaktion"
) -> bytes:
    head = (
        f"<x:nachrichtenkopf><x:erstelltDatumZeit>{made}</x:erstelltDatumZeit>"
        f"<x:sender>{sender}</x:sender></x:nachrichtenkopf>"
        f"<x:transaktionID>T</x:transaktionID><x:transaktionPosition>{position}</x:transaktionPosition>"
    )
    return message(*objects, head=head)


def numbered(*numbers: int) -> list[str]:
    return [
        service(number, f"Muster {number}", keys=[f"990010010{number:05d}"], areas=["06"])
        for number in numbers
    ]


def export(**more: Any) -> dict[str, bytes | int]:
    return {
        INDEX: b"XZUFI1.xml\r\nXZUFI2.xml\r\n",
        ONE: document(
            1,
            service(7, "Musterausweis beantragen", keys=["99001001001000"]),
            authority(99, "Amt", embedded(7, GROSSSTADT, AUHEIM)),
            **more,
        ),
        TWO: document(2, *numbered(1, 2, 3), **more),
    }


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def connect(opened: ExitStack, tmp_path: Path) -> Callable[..., tuple[Shelf, Connected]]:
    def build(files: dict[str, bytes | int], **more: Any) -> tuple[Shelf, Connected]:
        shelf = opened.enter_context(serving(Shelf(files)))
        store = opened.enter_context(open_store(f"sqlite:///{tmp_path / 'syncd.sqlite'}"))
        return shelf, Connected(SPEC, shelf.base_url, store, tmp_path, **more)

    return build


Connect = Callable[..., tuple[Shelf, Connected]]


def test_everything_listed_is_read_and_an_unchanged_export_only_asked_for(connect: Connect) -> None:
    shelf, source = connect(export())
    run = source.sync()
    assert (run.outcome, run.counts.added) == (RunOutcome.ACCEPTED, 4)
    assert {c.area.code for c in source.claims() if c.authority == "Amt"} == {GROSSSTADT, AUHEIM}
    shelf.asked()
    assert source.sync().outcome is RunOutcome.UNCHANGED
    assert shelf.asked() == [(INDEX, 304), (ONE, 304), (TWO, 304)]


def test_what_is_no_longer_in_an_export_goes_within_the_limits(connect: Connect) -> None:
    shelf, source = connect(export())
    source.sync()
    shelf.files[TWO] = document(2, *numbered(1, 2))
    run = source.sync()
    assert (run.outcome, run.counts.withdrawn) == (RunOutcome.ACCEPTED, 1)
    assert f"{AGENCY}/3" not in source.live()


def test_several_indexes_in_folders_of_their_own(connect: Connect) -> None:
    files: dict[str, bytes | int] = {
        "/a/index.txt": b"\nXZUFI1.xml\r\n  \nXZUFI1.xml",
        "/index2.txt": b"\xef\xbb\xbfXZUFI2.xml\n",
        "/a/XZUFI1.xml": export()[ONE],
        TWO: export()[TWO],
    }
    shelf, source = connect(files, settings={"indexes": ["a/index.txt", "index2.txt"]})
    run = source.sync()
    assert (run.outcome, len(source.live())) == (RunOutcome.ACCEPTED, 4)
    assert source.findings(run)["document_listed_twice"] == ""
    assert [path for path, _ in shelf.asked()] == ["/a/index.txt", "/index2.txt", "/a/XZUFI1.xml", TWO]


MOODS: dict[str, tuple[dict[str, bytes | int], str]] = {
    "empty index": ({INDEX: b"\r\n\r\n"}, "index_empty"),
    "no index": ({INDEX: 404}, "http_404"),
    "a page in place of the index": ({INDEX: b"<html>"}, "html_instead_of_data"),
    "index of another kind": ({INDEX: b"[1, 2]"}, "index_bad_name"),
    "index cut inside a name": ({INDEX: b"XZUFI1.xml\r\nXZUFI2.x"}, "index_bad_name"),
    "a way out of the folder": ({INDEX: b"../XZUFI1.xml\n"}, "index_bad_name"),
    "another host": ({INDEX: b"https://example.org/XZUFI1.xml\n"}, "index_bad_name"),
    "a document that is missing": ({TWO: 404}, "http_404"),
    "a document that fails": ({TWO: 500}, "http_500"),
    "a document that is cut": ({TWO: document(2, *numbered(1, 2, 3))[:-9]}, "source_format"),
    "a document with a DOCTYPE": ({TWO: message(prolog="<!DOCTYPE x:transfer>")}, "xml_doctype"),
    "a page": ({TWO: b"<html><body/></html>"}, "html_instead_of_data"),
    "another format": ({TWO: b"<catalogue/>"}, "xml_root"),
}


@pytest.mark.parametrize("name", MOODS)
def test_one_bad_part_and_nothing_is_taken(connect: Connect, name: str) -> None:
    shelf, source = connect(export())
    source.sync()
    before = source.claims()
    changes, code = MOODS[name]
    shelf.files |= changes
    run = source.sync()
    assert (run.outcome, run.code) == (RunOutcome.FAILED, code)
    assert source.claims() == before
    shelf.files |= export()
    assert source.sync().outcome is RunOutcome.UNCHANGED


def test_an_index_that_lacks_a_document_is_refused(connect: Connect) -> None:
    files = export() | {
        INDEX: b"XZUFI1.xml\nXZUFI2.xml\nXZUFI3.xml\n",
        "/XZUFI3.xml": document(3, *numbered(4)),
    }
    shelf, source = connect(files)
    source.sync()
    shelf.files[INDEX] = b"XZUFI1.xml\nXZUFI3.xml\n"
    run = source.sync()
    assert (run.outcome, run.code) == (RunOutcome.REFUSED, "incomplete_listing")
    assert "1 documents of the transaction T" in run.reason
    assert len(source.live()) == 5


def test_the_last_document_missing_is_a_loss_like_any_other(connect: Connect) -> None:
    shelf, source = connect(export(), limits=AcceptLimits(max_loss_records=1, max_loss_percent=1))
    source.sync()
    shelf.files[INDEX] = b"XZUFI1.xml\n"
    run = source.sync()
    assert run.outcome is RunOutcome.REFUSED
    assert len(source.live()) == 4


def test_fewer_documents_than_expected(connect: Connect) -> None:
    shelf, source = connect(export(), settings={"minimum_documents": 2})
    source.sync()
    shelf.files[INDEX] = b"XZUFI1.xml\n"
    run = source.sync()
    assert (run.outcome, run.code) == (RunOutcome.FAILED, "index_empty")


@pytest.mark.fault("S6")
def test_an_older_export_and_another_editors_are_refused(connect: Connect) -> None:
    shelf, source = connect(export(), limits=AT_ONCE)
    source.sync()
    shelf.files |= export(made="2026-11-19T00:00:00Z")
    assert source.sync().code == "snapshot_older"
    shelf.files |= export(made="2026-11-21T00:00:00Z", sender="Andere Redaktion")
    assert source.sync().code == "different_feed"
    shelf.files |= export(made="2026-11-21T00:00:00Z")
    assert source.sync().outcome.is_good


def test_counting_may_be_switched_off(connect: Connect) -> None:
    files = export() | {TWO: document(9, *numbered(1))}
    _, source = connect(files, settings={"check_transaction": False})
    assert source.sync().outcome is RunOutcome.ACCEPTED


@pytest.mark.parametrize(
    "wrong",
    [
        {"indexes": []},
        {"indexes": ["a", "a"]},
        {"indexes": ["/a"]},
        {"name_pattern": "("},
        {"minimum_documents": 0},
    ],
)
def test_settings_that_cannot_be_meant(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SPEC.settings_type.model_validate({"base_url": "https://a.example", **wrong})
