"""A run's session: validators, kept copies, addresses, and what ingest asks of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from syncd.errors import ConfigError, SourceFormatError, StorageError, SyncdError
from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.raw import RawBodies
from syncd.fetching.session import SourceSession
from syncd.model.issue import Issue
from syncd.pipeline.ports import DocumentNote
from syncd.pipeline.workers import RunSession
from tests.support.fault_server import FaultServer, Script, response

JSON = "Content-Type: application/json"
BODY = b'{"data": [1, 2, 3]}'
NOT_MODIFIED = response(b"", 'ETag: "v1"', status="304 Not Modified", framed=False)

Open = Callable[..., SourceSession]


@pytest.fixture
async def fetcher() -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(FetchLimits(retry_wait_s=0.01, headers_s=2)) as opened:
        yield opened


@pytest.fixture
def open_session(fetcher: HttpFetcher, tmp_path: Path) -> Open:
    def opened(server: FaultServer, notes: tuple[DocumentNote, ...] = (), **options: object) -> SourceSession:
        arguments: dict[str, object] = {"base_url": server.url("/api"), "allow_private": True, **options}
        return SourceSession(
            source_id="city",
            fetcher=fetcher,
            rundir=tmp_path / "run",
            raw_root=tmp_path / "raw",
            notes={note.name: note for note in notes},
            **arguments,  # type: ignore[arg-type]
        )

    return opened


def kept_files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "raw" / "city").iterdir())


async def first_run(open_session: Open, *headers: str) -> tuple[DocumentNote, ...]:
    async with FaultServer(response(BODY, JSON, *headers)) as server:
        session = open_session(server)
        await session.fetch("list", name="list")
        return session.notes()


async def test_a_document_is_kept_under_its_hash(open_session: Open, tmp_path: Path) -> None:
    async with FaultServer(response(BODY, JSON, 'ETag: "v1"')) as server:
        session: RunSession = open_session(server, headers={"X-Api-Key": "hush"})
        document = await session.fetch(
            "/v1/list",
            name="list",
            params={"ars": "06", "q": "ä b"},
            accept=("application/json",),
            context={"a": "b"},
        )
    assert document.path == tmp_path / "raw" / "city" / hashlib.sha256(BODY).hexdigest()
    assert document.path.read_bytes() == BODY
    assert document.context == {"a": "b"}
    assert document.etag == '"v1"'
    assert "GET /api/v1/list?ars=06&q=%C3%A4+b" in server.requests[0]
    assert "X-Api-Key: hush" in server.requests[0]
    assert await session.read_json(document) == {"data": [1, 2, 3]}
    assert not session.all_unchanged
    (note,) = session.notes()
    assert note.stored_path == f"city/{note.sha256}"
    assert list((tmp_path / "run").iterdir()) == []


async def test_a_304_gives_the_kept_copy(open_session: Open) -> None:
    notes = await first_run(open_session, 'ETag: "v1"', "Last-Modified: Mon, 20 Jan 2025 00:00:00 GMT")
    async with FaultServer(NOT_MODIFIED) as server:
        session = open_session(server, notes)
        document = await session.fetch("list", name="list")
    assert document.not_modified
    assert document.path.read_bytes() == BODY
    assert session.all_unchanged
    assert session.notes() == notes
    assert session.bytes_read == 0
    head = server.requests[0].lower()
    assert 'if-none-match: "v1"' in head
    assert "if-modified-since: mon, 20 jan 2025" in head


@pytest.mark.fault("T19")
async def test_the_same_bytes_are_unchanged_without_a_304(open_session: Open) -> None:
    notes = await first_run(open_session)
    async with FaultServer(response(BODY, JSON, 'ETag: "other"')) as server:
        session = open_session(server, notes)
        document = await session.fetch("list", name="list")
    assert not document.not_modified
    assert session.all_unchanged


@pytest.mark.fault("T19")
async def test_other_bytes_under_the_same_etag_are_a_change(open_session: Open) -> None:
    notes = await first_run(open_session, 'ETag: "v1"')
    async with FaultServer(response(BODY + b" ", JSON, 'ETag: "v1"')) as server:
        session = open_session(server, notes)
        await session.fetch("list", name="list")
    assert not session.all_unchanged


async def test_fewer_or_more_documents_are_a_change(open_session: Open) -> None:
    notes = await first_run(open_session)
    async with FaultServer(response(BODY, JSON)) as server:
        fewer = open_session(server, notes)
        more = open_session(server, notes)
        await more.fetch("list", name="list")
        await more.fetch("list", name="second")
    assert not fewer.all_unchanged
    assert not more.all_unchanged


@pytest.mark.fault("T18", "D12")
@pytest.mark.parametrize("damage", ["missing", "changed", "cut"])
async def test_without_a_sound_copy_no_validator_is_sent(
    open_session: Open, tmp_path: Path, damage: str
) -> None:
    notes = await first_run(open_session, 'ETag: "v1"')
    kept = tmp_path / "raw" / "city" / notes[0].sha256
    if damage == "missing":
        kept.unlink()
    else:
        kept.write_bytes(b"x" * (len(BODY) if damage == "changed" else 3))
    async with FaultServer(response(BODY, JSON, 'ETag: "v1"')) as server:
        session = open_session(server, notes)
        document = await session.fetch("list", name="list", validator="body-hash")
    assert "if-none-match" not in server.requests[0].lower()
    assert document.path.read_bytes() == BODY
    assert session.all_unchanged


@pytest.mark.fault("T18")
async def test_a_304_nobody_can_use_is_asked_again_once(open_session: Open) -> None:
    async with FaultServer(NOT_MODIFIED, response(BODY, JSON)) as server:
        document = await open_session(server).fetch("list", name="list")
        assert document.size == len(BODY)
        assert "cache-control: no-cache" in server.requests[1].lower()
    async with FaultServer(NOT_MODIFIED) as server:
        with pytest.raises(SourceFormatError) as caught:
            await open_session(server).fetch("list", name="list")
        assert caught.value.code == "unexpected_304"
        assert len(server.requests) == 2


@pytest.mark.fault("T18")
async def test_a_copy_that_vanishes_while_asking_is_fetched_anew(open_session: Open, tmp_path: Path) -> None:
    notes = await first_run(open_session, 'ETag: "v1"')

    async def vanish(_head: str, writer: asyncio.StreamWriter) -> None:
        (tmp_path / "raw" / "city" / notes[0].sha256).unlink()
        writer.write(NOT_MODIFIED)

    scripts: list[bytes | Script] = [vanish, response(BODY, JSON)]
    async with FaultServer(*scripts) as server:
        document = await open_session(server, notes).fetch("list", name="list")
    assert not document.not_modified
    assert "if-none-match" not in server.requests[1].lower()


async def test_a_validator_of_the_connector_replaces_the_stored_one(open_session: Open) -> None:
    notes = await first_run(open_session, 'ETag: "v1"')
    async with FaultServer(NOT_MODIFIED) as server:
        session = open_session(server, notes)
        await session.fetch("list", name="list", validator="hash-of-body")
    assert "if-none-match: hash-of-body\r\n" in server.requests[0].lower()
    assert '"v1"' not in server.requests[0]


async def test_a_validator_from_the_body_is_kept_with_the_body(open_session: Open) -> None:
    async with FaultServer(response(BODY, JSON, 'ETag: "v1"')) as server:
        session = open_session(server)
        await session.fetch("list", name="list")
        session.keep_validator("list", "hash-of-body")
        notes = session.notes()
        assert notes[0].validator == "hash-of-body"
        again = open_session(server, notes)
        assert again.stored_validator("list") == "hash-of-body"
        assert again.stored_validator("other") is None
        await again.fetch("list", name="list")
        assert again.notes()[0].validator == "hash-of-body"
    async with FaultServer(response(b"[]", JSON)) as server:
        changed = open_session(server, notes)
        await changed.fetch("list", name="list")
        assert changed.notes()[0].validator is None


async def test_unconditional_requests_send_no_validator(open_session: Open) -> None:
    notes = await first_run(open_session, 'ETag: "v1"')
    async with FaultServer(response(BODY, JSON)) as server:
        await open_session(server, notes).fetch("list", name="list", conditional=False)
        await open_session(server, notes, conditional=False).fetch("list", name="list")
    assert all("if-none-match" not in head.lower() for head in server.requests)


@pytest.mark.fault("T4")
async def test_an_unproven_body_keeps_no_validator(open_session: Open) -> None:
    async with FaultServer(response(BODY, JSON, 'ETag: "v1"', framed=False)) as server:
        session = open_session(server)
        document = await session.fetch("list", name="list")
    assert not document.framed
    assert session.notes()[0].etag is None


@pytest.mark.fault("T13")
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://elsewhere.invalid/list", "foreign_url"),
        ("//elsewhere.invalid/list", "foreign_url"),
        ("http://127.0.0.1:1/list", "foreign_url"),
        ("https://127.0.0.1/list", "foreign_url"),
        ("file:///etc/passwd", "bad_url"),
    ],
)
async def test_addresses_of_others_are_refused(open_session: Open, url: str, code: str) -> None:
    async with FaultServer(response(BODY, JSON)) as server:
        with pytest.raises(SourceFormatError) as caught:
            await open_session(server).fetch(url, name="list")
        assert caught.value.code == code
        assert server.requests == []


async def test_absolute_addresses_of_the_portal_are_followed(open_session: Open) -> None:
    async with FaultServer(response(BODY, JSON)) as server:
        await open_session(server).fetch(server.url("/other/list?page=2"), name="list", params={"size": "5"})
    assert "GET /other/list?page=2&size=5 " in server.requests[0]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Host": "other"}, "bad_header"),
        ({"Accept-Encoding": "br"}, "bad_header"),
        ({"Range": "bytes=0-1"}, "bad_header"),
        ({"X-Ok": "a\r\nX-Smuggled: 1"}, "bad_header"),
    ],
)
async def test_a_connector_cannot_undo_protections(
    open_session: Open, headers: Mapping[str, str], code: str
) -> None:
    async with FaultServer(response(BODY, JSON)) as server:
        with pytest.raises(SourceFormatError) as caught:
            await open_session(server).fetch("list", name="list", headers=headers)
        assert caught.value.code == code
        assert server.requests == []


@pytest.mark.fault("S14")
async def test_each_document_has_its_own_name_and_their_number_is_limited(open_session: Open) -> None:
    async with FaultServer(response(BODY, JSON)) as server:
        session = open_session(server, limits=FetchLimits(documents=2, run_bytes=30))
        await session.fetch("list", name="a")
        with pytest.raises(SourceFormatError) as caught:
            await session.fetch("list", name="a")
        assert caught.value.code == "duplicate_document"
        with pytest.raises(SourceFormatError) as caught:
            await session.fetch("list", name="b")
        assert caught.value.code == "too_large"
        with pytest.raises(SourceFormatError) as caught:
            await session.fetch("list", name="c")
        assert caught.value.code == "too_many_documents"


@pytest.mark.fault("F8")
async def test_what_is_no_json_is_named(open_session: Open) -> None:
    async with FaultServer(response(b"[1, 2", JSON), response(b"[" * 100_000, JSON)) as server:
        session = open_session(server)
        for name in ("cut", "deep"):
            document = await session.fetch("list", name=name)
            with pytest.raises(SourceFormatError) as caught:
                await session.read_json(document)
            assert caught.value.code == "not_json"


async def test_statements_about_the_listing_are_collected(open_session: Open) -> None:
    async with FaultServer(response(BODY, JSON)) as server:
        session = open_session(server)
    assert (session.declared, session.incomplete_reason) == (None, "")
    session.declare_total(12)
    session.incomplete("page 3 is missing")
    session.incomplete("page 4 is missing")
    session.issue(Issue("odd", "An odd page."))
    assert (session.declared, session.incomplete_reason) == (12, "page 3 is missing; page 4 is missing")
    assert [issue.code for issue in session.issues] == ["odd"]


async def test_pruning_keeps_what_is_needed(open_session: Open, tmp_path: Path) -> None:
    bodies = [response(b"%d" % number, JSON) for number in range(4)]
    async with FaultServer(*bodies) as server:
        notes = []
        for _ in range(3):
            session = open_session(server)
            await session.fetch("list", name="list")
            notes.append(session.notes()[0])
        assert len(kept_files(tmp_path)) == 3
        last = open_session(server, (notes[1],))
        await last.fetch("list", name="list")
    last.prune(keep=(notes[0].sha256,))
    assert set(kept_files(tmp_path)) == {notes[0].sha256, notes[1].sha256, last.notes()[0].sha256}


async def test_a_failed_request_leaves_the_kept_copy(open_session: Open, tmp_path: Path) -> None:
    notes = await first_run(open_session, 'ETag: "v1"')
    async with FaultServer(response(b"<html>", "Content-Type: text/html")) as server:
        with pytest.raises(SyncdError):
            await open_session(server, notes).fetch("list", name="list", accept=("application/json",))
    assert kept_files(tmp_path) == [notes[0].sha256]


@pytest.mark.fault("F17")
def test_source_ids_and_hashes_cannot_leave_the_folder(tmp_path: Path) -> None:
    for source_id in ("../x", "a/b", "", "A", ".x"):
        with pytest.raises(ConfigError):
            RawBodies(tmp_path, source_id)
    with pytest.raises(StorageError):
        RawBodies(tmp_path, "city").path_of("../../etc/passwd")
    assert RawBodies(tmp_path, "new").prune(()) == 0


async def test_headers_that_are_asked_for_are_handed_on_and_no_others(open_session: Open) -> None:
    answer = response(BODY, JSON, "Total-Item-Count: 12", "X-Other: 1", f"X-Long: {'x' * 2_000}")
    async with FaultServer(answer) as server:
        document = await open_session(server).fetch(
            "list", name="list", want_headers=("total-item-count", "x-long", "x-absent")
        )
    assert document.headers == {"total-item-count": "12"}


async def test_a_further_address_the_operator_named_gets_nothing_that_is_meant_for_the_portal(
    open_session: Open,
) -> None:
    async with FaultServer(response(BODY, JSON)) as server, FaultServer(response(BODY, JSON)) as other:
        session = open_session(server, headers={"X-Api-Key": "hush"}, further=(other.url("/areas"),))
        await session.fetch(other.url("/areas/search"), name="areas", headers={"X-Own": "1"})
        assert "X-Own: 1" in other.requests[0]
        assert "hush" not in other.requests[0]
        with pytest.raises(SourceFormatError, match="foreign_url"):
            await open_session(server).fetch(other.url("/areas/search"), name="areas")
