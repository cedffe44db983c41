"""The conformance suite catches what it is for: each broken promise by the check that is named after it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ConfigDict

from connectors.link_list.connector import SPEC, LinkList
from connectors.link_list.settings import LinkListSettings
from connectors.pvog_bereitstelldienst.connector import SPEC as PVOG
from connectors.pvog_bereitstelldienst.connector import Bereitstelldienst, Position
from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from syncd.sdk import conformance
from syncd.sdk.conformance import NotConforming, Trial
from syncd.sdk.purity import impurities

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from syncd.sdk.connector import ConnectorSpec, Document, FetchSession

BASE = "from connectors.link_list import parse as good\nfrom dataclasses import replace\n"
PASS_ON = "cut = good.cut\nparse = good.parse\n"

UNSTABLE_IDS = """
import itertools
numbers = itertools.count()
cut = good.cut
def parse(piece, context):
    return replace(good.parse(piece, context), native_id=str(next(numbers)))
"""
SAME_IDS = """
cut = good.cut
def parse(piece, context):
    return replace(good.parse(piece, context), native_id="same")
"""
UNSTABLE_BYTES = """
import itertools
from syncd.sdk.parsing import Slice
numbers = itertools.count()
def cut(document, context):
    for piece in good.cut(document, context):
        yield Slice(piece.raw + b" " * next(numbers), piece.where)
parse = good.parse
"""
HIDDEN_STATE = """
order = {}
def cut(document, context):
    for number, piece in enumerate(good.cut(document, context)):
        context.issue("n", str(number), where=piece.where)
        yield piece
def parse(piece, context):
    return replace(good.parse(piece, context), description=str(len(context.issues)))
"""
TAKES_THE_CUT = """
import io
def cut(document, context):
    body = document.read()
    yield from good.cut(io.BytesIO(body[:body.rfind(b"\\n") + 1] or body + b"\\n"), context)
parse = good.parse
"""
TAKES_ANYTHING = """
from syncd.sdk.errors import SourceFormatError
def cut(document, context):
    try:
        yield from good.cut(document, context)
    except SourceFormatError:
        return
parse = good.parse
"""
LOOKS_AWAY = """
def cut(document, context):
    yield from good.cut(document, context)
    context.unknown_fields.clear()
parse = good.parse
"""
REMEMBERS = """
memory = {}
def cut(document, context):
    memory.update({piece.raw: piece for piece in good.cut(document, context)})
    yield from memory.values()
parse = good.parse
"""
CRASHES = """
def cut(document, context):
    for piece in good.cut(document, context):
        if b'"064140000000"' not in piece.raw and b'"066110000000"' not in piece.raw:
            raise KeyError("area")
        yield piece
parse = good.parse
"""
READS_THE_CLOCK = "import datetime\n" + PASS_ON + "def age(): return datetime.datetime.now()\n"
READS_FILES = PASS_ON + "def more(): return open('more')\n"
KNOWS_THE_NETWORK = "import urllib.request\n" + PASS_ON
KNOWS_MORE_OF_US = "from syncd.sdk import settings\n" + PASS_ON


@asynccontextmanager
async def real_session(*, base_url: str, workdir: Path) -> AsyncIterator[SourceSession]:
    async with HttpFetcher(FetchLimits(retry_wait_s=0.005)) as fetcher:
        yield SourceSession(
            source_id="trial",
            fetcher=fetcher,
            base_url=base_url,
            rundir=workdir / "run",
            raw_root=workdir / "raw",
            allow_private=True,
        )


def with_parser(name: str, code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ConnectorSpec:
    package = folder / f"faulty_{name}"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "parse.py").write_text(BASE + code)
    monkeypatch.syspath_prepend(folder)
    return replace(SPEC, parser=f"faulty_{name}.parse")


@pytest.mark.parametrize(
    ("check", "name", "code", "message"),
    [
        (conformance.check_replays, "unstable_ids", UNSTABLE_IDS, "different native ids"),
        (conformance.check_replays, "same_ids", SAME_IDS, "not unique"),
        (conformance.check_replays, "unstable_bytes", UNSTABLE_BYTES, "look changed"),
        (conformance.check_pieces_stand_alone, "hidden_state", HIDDEN_STATE, "more than its piece"),
        (conformance.check_truncation, "takes_the_cut", TAKES_THE_CUT, "cut at"),
        (conformance.check_malformed, "takes_anything", TAKES_ANYTHING, "taken for 0 records"),
        (conformance.check_unknown_fields, "looks_away", LOOKS_AWAY, "unnoticed"),
        (conformance.check_absence, "remembers", REMEMBERS, "not taken as it is"),
        (conformance.check_only_sdk_errors, "crashes", CRASHES, "KeyError escapes"),
        (conformance.check_parser_pure, "reads_the_clock", READS_THE_CLOCK, r"calls now\(\)"),
        (conformance.check_parser_pure, "reads_files", READS_FILES, r"calls open\(\)"),
        (conformance.check_parser_pure, "knows_the_network", KNOWS_THE_NETWORK, "imports urllib.request"),
        (conformance.check_parser_pure, "knows_more_of_us", KNOWS_MORE_OF_US, "imports syncd.sdk.settings"),
        (conformance.check_readme, "no_readme", PASS_ON, "no README.md"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isidentifier() else "",
)
async def test_a_broken_parser_is_caught(  # noqa: PLR0917 - the columns of the table
    check: Callable[[Trial], Awaitable[None]],
    name: str,
    code: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = with_parser(name, code, tmp_path, monkeypatch)
    with pytest.raises(NotConforming, match=message):
        await check(Trial(spec, real_session, tmp_path / "runs"))


class Stubborn(LinkList):
    async def documents(self, session: FetchSession) -> AsyncIterator[Document]:
        try:
            async for document in super().documents(session):
                yield document
        except asyncio.CancelledError:
            return


class Deaf(LinkList):
    async def documents(self, session: FetchSession) -> AsyncIterator[Document]:
        try:
            async for document in super().documents(session):
                yield document
        except asyncio.CancelledError:
            await asyncio.sleep(3)
            raise


class Careless(LinkList):
    async def documents(self, session: FetchSession) -> AsyncIterator[Document]:
        try:
            async for document in super().documents(session):
                yield document
        except conformance.SDK_ERRORS:
            return


@pytest.mark.parametrize(
    ("check", "build", "message"),
    [
        (conformance.check_cancel, Stubborn, "swallowed"),
        (conformance.check_cancel, Deaf, "still running"),
        (conformance.check_only_sdk_errors, Careless, "taken for 0 records"),
    ],
    ids=["stubborn", "deaf", "careless"],
)
async def test_a_broken_connector_is_caught(
    check: Callable[[Trial], Awaitable[None]], build: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(NotConforming, match=message):
        await check(Trial(replace(SPEC, build=build), real_session, tmp_path))


class Permissive(LinkListSettings):
    model_config = ConfigDict(extra="ignore")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"settings_type": Permissive}, "a key they do not know"),
        ({"sdk_version": 0}, "built for SDK 0"),
        ({"portal": lambda: replace(SPEC.portal(), records=1)}, "two records"),
    ],
    ids=["settings", "version", "portal"],
)
async def test_a_broken_description_is_caught(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(NotConforming, match=message):
        await conformance.check_description(Trial(replace(SPEC, **changes), real_session, tmp_path))


@pytest.mark.parametrize(
    ("check", "missing"),
    [
        (conformance.check_unknown_fields, "unknown_field_document"),
        (conformance.check_absence, "shrunken_document"),
    ],
)
async def test_a_portal_that_proves_nothing_is_caught(
    check: Callable[[Trial], Awaitable[None]], missing: str, tmp_path: Path
) -> None:
    def portal() -> Any:
        without: dict[str, Any] = {missing: None}
        return replace(SPEC.portal(), **without)

    with pytest.raises(NotConforming, match="document"):
        await check(Trial(replace(SPEC, portal=portal), real_session, tmp_path))


def test_what_a_parser_imports_of_its_own_package_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = with_parser(
        "neighbour", PASS_ON + "from . import dates\nfrom .words import fold\n", tmp_path, monkeypatch
    )
    folder = tmp_path / "faulty_neighbour"
    (folder / "dates.py").write_text("from time import time\n")
    (folder / "words.py").write_text(
        "from syncd.sdk import text\nfrom os import environ\nfold = text.fold_name\n"
    )
    assert impurities(spec.parser) == (
        "faulty_neighbour.words line 2: imports os.environ",
        "faulty_neighbour.dates line 1: imports time.time",
    )


class Forgetful(Bereitstelldienst):
    """Begins anew whatever its ledger says."""

    def _resume(self, position: str) -> tuple[Position, str]:
        return super()._resume("")


async def test_a_connector_that_forgets_where_it_stands_is_caught(tmp_path: Path) -> None:
    await conformance.check_nothing_new(Trial(PVOG, real_session, tmp_path / "good"))
    with pytest.raises(NotConforming, match="continues elsewhere"):
        await conformance.check_nothing_new(
            Trial(replace(PVOG, build=Forgetful), real_session, tmp_path / "bad")
        )
