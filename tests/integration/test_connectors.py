"""Connectors from the socket to staged records: paging, conditional requests, worker processes."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from connectors.dldb.connector import SPEC as DLDB
from connectors.link_list.connector import SPEC as LINK_LIST
from connectors.pvog_suchdienst.connector import SPEC as SUCHDIENST
from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from syncd.fetching.staging import SubprocessParseWorker, stage_in_process
from syncd.pipeline.workers import ParseJob
from syncd.rules.areas import AreaIndex
from syncd.sdk.errors import ConfigError, SourceFormatError, SourceRejectedUs
from syncd.sdk.loopback import LoopbackPortal, Reply, Request, loopback_portal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from pathlib import Path

    from syncd.pipeline.ports import DocumentNote
    from syncd.sdk.connector import ConnectorSpec, Document

WIESBADEN = "064140000000"
HEADER = "ID-LB|Leikaschlüssel|Name|Name2|Updatedatum|ID-OD|Bezeichnung OD|Links"


@asynccontextmanager
async def session(
    portal: LoopbackPortal, folder: Path, notes: Iterable[DocumentNote] = ()
) -> AsyncIterator[SourceSession]:
    async with HttpFetcher(FetchLimits(retry_wait_s=0.005)) as fetcher:
        yield SourceSession(
            source_id="source",
            fetcher=fetcher,
            base_url=portal.base_url,
            rundir=folder / "run",
            raw_root=folder / "raw",
            notes={note.name: note for note in notes},
            allow_private=True,
        )


async def fetch(
    spec: ConnectorSpec, portal: LoopbackPortal, using: SourceSession, **settings: Any
) -> list[Document]:
    built = spec.build(spec.settings_type.model_validate({"base_url": portal.base_url, **settings}))
    return [document async for document in built.documents(using)]


def job(spec: ConnectorSpec, documents: list[Document], folder: Path, **settings: Any) -> ParseJob:
    options = spec.settings_type.model_validate({"base_url": "http://a.example", **settings}).parse_options()
    folder.mkdir()
    (folder / "known").write_bytes(b"")
    codes = {"00", "06", "06414", WIESBADEN, "06611", "066110000000", "11", "110000000000"}
    (folder / "areas").write_bytes(AreaIndex(frozenset(codes)).to_json())
    return ParseJob(
        source_id="source",
        parser=spec.parser,
        documents=[
            {"path": str(d.path), "name": d.name, "charset": d.charset, "context": dict(d.context)}
            for d in documents
        ],
        options=options,
        scope={"areas": ["00"], "services": None, "default_area": None},
        known_hashes=folder / "known",
        known_areas=folder / "areas",
        workdir=folder,
    )


def catalogue(*numbers: int) -> bytes:
    rows = (
        f"L1.LB.{n}|9900000000000{n}|Muster {n}|Muster {n} beantragen|20.07.2025 00:48|||" for n in numbers
    )
    return "".join(f"{line}\n" for line in (HEADER, *rows)).encode()


def detail(number: int) -> bytes:
    return orjson.dumps(
        {
            "id": f"L1.LB.{number}",
            "name": f"Muster {number} aus dem Detail",
            "leikakeys": [f"9900000000000{number}"],
            "ars": ["060000000000"],
        }
    )


def suchdienst(
    *, numbers: Iterable[int] = (1, 2, 3), details: Iterable[int] = (), places: bytes | None = b"[]"
) -> Callable[[Request], Reply]:
    """Answer as a Suchdienst does; ``places`` None is its 404 for "no hit"."""
    known = {
        f"/v5/servicedescriptions/{WIESBADEN}/detail?q=L1.LB.{n}": Reply(detail(n), "application/json")
        for n in details
    }
    known[f"/v5/servicedescriptions/csv?ars={WIESBADEN}"] = Reply(catalogue(*numbers), "text/csv")
    known["/v5/servicedescriptions/csv?ars=000000000000"] = Reply(catalogue(*numbers), "text/csv")
    if places is not None:
        known[f"/v2/locations?q={WIESBADEN}"] = Reply(places, "application/json")
    return lambda request: known.get(request.path, Reply(b'{"status": 404}', "application/json", status=404))


async def staged_titles(documents: list[Document], folder: Path, **settings: Any) -> dict[str, str]:
    staged = stage_in_process(job(SUCHDIENST, documents, folder, **settings))
    assert staged.quarantined == 0
    return {r.native_id: orjson.loads(r.payload)["title"] for r in staged.records()}


async def test_catalogue_of_several_regions_carries_the_client_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PVOG_CLIENT", "s3cret")
    settings = {"regions": [WIESBADEN, "000000000000"], "client_id": "env:PVOG_CLIENT"}
    async with loopback_portal(suchdienst()) as portal, session(portal, tmp_path) as using:
        documents = await fetch(SUCHDIENST, portal, using, **settings)
        assert [request.headers["pvog-sud-api-client-id"] for request in portal.requests] == ["s3cret"] * 2
        assert not any("s3cret" in document.url for document in documents)
        titles = await staged_titles(documents, tmp_path / "work", **settings)
    assert sorted(titles) == sorted(
        f"{ars}/L1.LB.{n}" for ars in (WIESBADEN, "000000000000") for n in (1, 2, 3)
    )


@pytest.mark.fault("P4")
async def test_a_missing_secret_is_the_operators_to_cure(tmp_path: Path) -> None:
    async with loopback_portal(suchdienst()) as portal, session(portal, tmp_path) as using:
        with pytest.raises(ConfigError, match="NO_SUCH_VARIABLE"):
            await fetch(SUCHDIENST, portal, using, regions=[WIESBADEN], client_id="env:NO_SUCH_VARIABLE")


async def test_details_replace_rows_and_nothing_listed_is_lost(tmp_path: Path) -> None:
    settings = {"regions": [WIESBADEN], "detail": True, "detail_limit": 3}
    respond = suchdienst(numbers=(1, 2, 3, 4), details=(1, 3))
    async with loopback_portal(respond) as portal, session(portal, tmp_path) as using:
        documents = await fetch(SUCHDIENST, portal, using, **settings)
        titles = await staged_titles(documents, tmp_path / "work", **settings)
        assert not using.incomplete_reason
        assert [(issue.code, issue.where) for issue in using.issues] == [("detail_missing", "L1.LB.2")]
    assert titles == {
        "L1.LB.1": "Muster 1 aus dem Detail",
        "L1.LB.2": "Muster 2 beantragen",
        "L1.LB.3": "Muster 3 aus dem Detail",
        "L1.LB.4": "Muster 4 beantragen",
    }


async def test_no_detail_at_all_means_that_the_resource_moved(tmp_path: Path) -> None:
    async with loopback_portal(suchdienst()) as portal, session(portal, tmp_path) as using:
        with pytest.raises(SourceFormatError, match="none of 3 services"):
            await fetch(SUCHDIENST, portal, using, regions=[WIESBADEN], detail=True)


@pytest.mark.parametrize(
    ("places", "codes"),
    [
        (None, ["unknown_region"]),
        (b"[]", ["unknown_region"]),
        (b'[{"ars": "066110000000", "name": "Kassel"}, 7]', ["unknown_region"]),
        (orjson.dumps([{"ars": WIESBADEN, "name": "Wiesbaden", "plz": "65183"}]), []),
    ],
)
async def test_regions_are_checked_and_never_fatal(
    places: bytes | None, codes: list[str], tmp_path: Path
) -> None:
    async with loopback_portal(suchdienst(places=places)) as portal, session(portal, tmp_path) as using:
        documents = await fetch(
            SUCHDIENST, portal, using, regions=["000000000000", WIESBADEN], check_locations=True
        )
        assert [issue.code for issue in using.issues] == codes
    assert [document.name for document in documents] == [
        "catalogue-000000000000",
        f"catalogue-{WIESBADEN}",
    ]


@pytest.mark.fault("T16", "P5")
@pytest.mark.parametrize(
    "path", [f"/v2/locations?q={WIESBADEN}", f"/v5/servicedescriptions/csv?ars={WIESBADEN}"]
)
async def test_refusal_is_never_taken_for_no_hit(path: str, tmp_path: Path) -> None:
    def respond(request: Request) -> Reply:
        return Reply(status=403) if request.path == path else suchdienst()(request)

    async with loopback_portal(respond) as portal, session(portal, tmp_path) as using:
        with pytest.raises(SourceRejectedUs):
            await fetch(SUCHDIENST, portal, using, regions=[WIESBADEN], check_locations=True)


@pytest.mark.fault("T16")
async def test_a_region_without_catalogue_is_a_failure(tmp_path: Path) -> None:
    async with loopback_portal(suchdienst()) as portal, session(portal, tmp_path) as using:
        with pytest.raises(SourceFormatError, match="404"):
            await fetch(SUCHDIENST, portal, using, regions=["066110000000"])


def with_body_hash(spec: ConnectorSpec) -> Callable[[Request], Reply]:
    """Answer 304 when the hash inside the body comes back as validator, as the export does."""
    answers = spec.portal().answers

    def respond(request: Request) -> Reply:
        answer = answers[request.path]
        if request.headers.get("if-none-match") == orjson.loads(answer.body)["hash"]:
            return Reply(status=304)
        return Reply(answer.body, answer.content_type)

    return respond


async def test_dldb_validates_by_the_hash_inside_the_body(tmp_path: Path) -> None:
    async with loopback_portal(with_body_hash(DLDB)) as portal:
        async with session(portal, tmp_path) as using:
            first = await fetch(DLDB, portal, using, area="110000000000")
            notes = using.notes()
        assert not any("if-none-match" in request.headers for request in portal.requests)
        async with session(portal, tmp_path, notes) as using:
            second = await fetch(DLDB, portal, using, area="110000000000")
            assert using.all_unchanged
            assert {note.validator for note in using.notes()} == {note.validator for note in notes}
    assert [document.not_modified for document in second] == [True] * 3
    assert [document.context for document in second] == [document.context for document in first]
    assert [document.name for document in first] == ["authorities", "locations", "services"]


async def test_dldb_without_lookups_asks_for_services_only(tmp_path: Path) -> None:
    settings = {"area": "110000000000", "fetch_authorities": False, "fetch_locations": False}
    async with loopback_portal(with_body_hash(DLDB)) as portal, session(portal, tmp_path) as using:
        await fetch(DLDB, portal, using, **settings)
        assert [request.path for request in portal.requests] == ["/dienstleistungen/json/"]


async def test_dldb_total_counts_services_only(tmp_path: Path) -> None:
    async with loopback_portal(with_body_hash(DLDB)) as portal, session(portal, tmp_path) as using:
        documents = await fetch(DLDB, portal, using, area="110000000000")
    staged = stage_in_process(job(DLDB, documents, tmp_path / "work", area="110000000000"))
    assert (staged.received, staged.declared_total, staged.incomplete_reason) == (3, 3, "")


@pytest.mark.parametrize("spec", [DLDB, LINK_LIST, SUCHDIENST], ids=lambda spec: spec.name)
async def test_worker_process_and_this_process_agree(spec: ConnectorSpec, tmp_path: Path) -> None:
    answers, settings = spec.portal().answers, dict(spec.portal().settings)
    respond = {path: Reply(answer.body, answer.content_type) for path, answer in answers.items()}
    async with (
        loopback_portal(lambda request: respond[request.path]) as portal,
        session(portal, tmp_path) as using,
    ):
        documents = await fetch(spec, portal, using, **settings)
    apart = await SubprocessParseWorker().stage(job(spec, documents, tmp_path / "apart", **settings))
    here = stage_in_process(job(spec, documents, tmp_path / "here", **settings))
    assert list(apart.records()) == list(here.records())
    assert (apart.digest, apart.issues, apart.received) == (here.digest, here.issues, here.received)
    assert apart.received == spec.portal().records
    assert apart.quarantined == 0
