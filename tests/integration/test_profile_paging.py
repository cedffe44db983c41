"""Every way of paging and of showing a secret that no shipped profile uses, over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors.generic.connector import Generic
from connectors.generic.settings import GenericSettings
from syncd.sdk.connector import Document
from syncd.sdk.loopback import Reply, Request
from syncd.storage import SqlStore, open_store
from tests.support.profile_run import Source

ITEMS = [{"id": str(n), "name": f"Muster {n}"} for n in range(1, 8)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with open_store(f"sqlite:///{tmp_path}/syncd.db") as opened:
        yield opened


def definition(paging: dict[str, Any], completeness: dict[str, Any], **more: Any) -> dict[str, Any]:
    stream = {"name": "s", "path": "list", "items": "items", "paging": paging, "completeness": completeness}
    return {
        "profile_version": 1,
        "title": "Test",
        "stream": [{**stream, **more.pop("stream", {})}],
        "decode": {"format": "json"},
        "select": {"key": "id", **more.pop("select", {})},
        "map": {"native_id": "id", "title": "name"},
        "delete": {"policy": "absence"},
        **more,
    }


class Pages:
    """Answers offset, page and cursor requests; gives at most three items whatever is asked for."""

    def __init__(self, *, total: int | None = None, items: list[dict[str, Any]] | None = None) -> None:
        self.total = total
        self.items = ITEMS if items is None else items
        self.asked: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []

    def __call__(self, request: Request) -> Reply:
        query = dict(parse_qsl(urlsplit(request.path).query))
        self.asked.append(query)
        self.headers.append(dict(request.headers))
        start = int(query.get("start") or query.get("cursor") or int(query.get("page", "0")) * 3)
        size = min(int(query.get("size", "3")), 3)
        found = self.items[start : start + size]
        more = start + size < len(self.items)
        body = {"items": found, "next": str(start + size) if more else None, "last": not more}
        headers = {"X-Total-Count": str(self.total)} if self.total is not None else {}
        return Reply(json.dumps(body).encode(), "application/json", headers=headers)


OFFSET = {"kind": "offset", "start_param": "start", "size_param": "size", "size": 100}
PAGE = {"kind": "page", "start_param": "page", "first": 0}
CURSOR = {"kind": "cursor", "start_param": "cursor", "cursor": "next"}


@pytest.mark.parametrize(
    ("paging", "completeness", "asked"),
    [
        (OFFSET, {"policy": "until_empty_page"}, 4),
        (OFFSET, {"policy": "exact", "total_header": "X-Total-Count"}, 3),
        ({**OFFSET, "size": 3}, {"policy": "short_page_ends"}, 3),
        (PAGE, {"policy": "until_empty_page"}, 4),
        ({**PAGE, "last": "last"}, {"policy": "no_next"}, 3),
        (CURSOR, {"policy": "no_next"}, 3),
    ],
)
async def test_all_pages_are_read(
    paging: dict[str, Any], completeness: dict[str, Any], asked: int, store: SqlStore, tmp_path: Path
) -> None:
    read = Source(store, tmp_path, {"definition": definition(paging, completeness)})
    portal = Pages(total=7)
    told = await read.sync(portal)
    assert told.outcome == "accepted accepted", told.run.reason
    assert len(read.claims()) == 7
    assert len(portal.asked) == asked


async def test_a_total_in_a_header_is_held_to(store: SqlStore, tmp_path: Path) -> None:
    read = Source(
        store,
        tmp_path,
        {"definition": definition(OFFSET, {"policy": "exact", "total_header": "X-Total-Count"})},
    )
    told = await read.sync(Pages(total=9))
    assert told.outcome == "refused incomplete_listing"
    assert "9 items are announced, 7 arrived" in told.run.reason
    # An answer that lacks the header proves nothing.
    assert (await read.sync(Pages())).outcome == "refused incomplete_listing"


async def test_without_proof_nothing_goes(store: SqlStore, tmp_path: Path) -> None:
    table = definition(OFFSET, {"policy": "none"}, delete={"policy": "none"})
    read = Source(store, tmp_path, {"definition": table})
    await read.sync(Pages())
    told = await read.sync(Pages(items=ITEMS[:3]))
    assert told.run.code == "absent_records_kept"
    assert len(read.claims()) == 7


async def test_fewer_items_than_a_profile_expects_are_not_believed(store: SqlStore, tmp_path: Path) -> None:
    table = definition(OFFSET, {"policy": "until_empty_page", "min_items": 8})
    read = Source(store, tmp_path, {"definition": table})
    assert (await read.sync(Pages())).outcome == "refused incomplete_listing"


async def test_a_double_is_reported_and_the_first_counts(store: SqlStore, tmp_path: Path) -> None:
    read = Source(store, tmp_path, {"definition": definition(OFFSET, {"policy": "until_empty_page"})})
    again = [*ITEMS, ITEMS[0]]
    told = await read.sync(Pages(items=again))
    assert (told.run.outcome, told.counts["duplicate_id"]) == ("accepted", 1)
    other = await read.sync(Pages(items=[*ITEMS, {"id": "1", "name": "Ein anderes"}]))
    assert other.run.counts.quarantined == 1
    assert read.claims()["1"].title == "Muster 1"


@pytest.mark.parametrize(
    ("auth", "settings", "header", "value"),
    [
        ({"kind": "header", "header": "X-Key"}, {"secret": "env:A_KEY"}, "x-key", "geheim"),
        ({"kind": "bearer"}, {"secret": "env:A_KEY"}, "authorization", "Bearer geheim"),
        (
            {"kind": "basic"},
            {"secret": "env:A_KEY", "username": "env:A_USER"},
            "authorization",
            "Basic YW10OmdlaGVpbQ==",
        ),
    ],
)
async def test_secrets_are_shown_as_the_portal_wants(  # noqa: PLR0917 - a table and fixtures
    auth: dict[str, Any],
    settings: dict[str, Any],
    header: str,
    value: str,
    store: SqlStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("A_KEY", "geheim")
    monkeypatch.setenv("A_USER", "amt")
    transport = {"auth": auth, "accept_language": "de", "headers": {"X-Own": "1"}}
    table = definition(OFFSET, {"policy": "until_empty_page"}, transport=transport)
    portal = Pages()
    told = await Source(store, tmp_path, {"definition": table, **settings}).sync(portal)
    assert told.run.outcome == "accepted"
    assert {sent[header] for sent in portal.headers} == {value}
    assert {(sent["accept-language"], sent["x-own"]) for sent in portal.headers} == {("de", "1")}


async def test_client_credentials_go_to_the_session(tmp_path: Path) -> None:
    class Session:
        position = ""

        def __init__(self) -> None:
            self.asked: list[Any] = []

        async def fetch(self, url: str, **more: Any) -> Document:
            self.asked.append(more["bearer"])
            path = tmp_path / "body"
            path.write_bytes(b'{"items": []}')
            return Document("x", path, url, "0" * 64, 1)

    client = {"token_url": "https://b.example/token", "client_id": "env:ID", "client_secret": "env:SECRET"}
    table = definition(
        OFFSET, {"policy": "until_empty_page"}, transport={"auth": {"kind": "client_credentials"}}
    )
    settings = GenericSettings.model_validate(
        {"base_url": "https://a.example", "definition": table, "client": client}
    )
    session: Any = Session()
    documents = [one async for one in Generic(settings).documents(session)]
    assert len(documents) == 1
    assert session.asked == [settings.client]
    assert settings.client is not None


async def test_details_are_asked_for_together_but_not_too_many(store: SqlStore, tmp_path: Path) -> None:
    detail = {"path": "one/{id}", "fields": {"id": "id"}, "concurrency": 3}
    table = definition(OFFSET, {"policy": "until_empty_page"}, stream={"detail": detail})
    pages = Pages()

    def respond(request: Request) -> Reply:
        if request.path.startswith("/one/"):
            number = request.path.rpartition("/")[2]
            return Reply(json.dumps({"id": number, "name": f"Ganz {number}"}).encode(), "application/json")
        return pages(request)

    read = Source(store, tmp_path, {"definition": table})
    told = await read.sync(respond)
    assert told.run.outcome == "accepted"
    assert {claim.title for claim in read.claims().values()} == {f"Ganz {n}" for n in range(1, 8)}
    assert (await read.sync(respond)).run.outcome == "unchanged"
