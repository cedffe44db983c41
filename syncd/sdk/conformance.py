"""The suite every registered connector passes; plain functions, usable with any test runner.

Why: whether a source may make records disappear hangs on promises each connector has to keep. They are
checked against the connector's own synthetic portal over a real socket, with the real fetch session, which
the caller provides because the SDK does not know HTTP libraries::

    trial = Trial(SPEC, open_session, tmp_path)
    for check in CHECKS:
        await check(trial)

A broken promise raises :class:`NotConforming`. Must not know pytest, any connector, the guarded client.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

import orjson

from syncd.sdk import SDK_VERSION
from syncd.sdk.errors import ConfigError, SourceFormatError, SourceRejectedUs, SourceUnavailable
from syncd.sdk.ledger import Ledger
from syncd.sdk.loopback import LoopbackPortal, Reply, Request, loopback_portal
from syncd.sdk.parsing import ComposingParser, ParseContext, Parser, RecordRejected, Slice
from syncd.sdk.purity import impurities, source_of
from syncd.sdk.records import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from syncd.model.issue import Issue
    from syncd.sdk.connector import ConnectorSpec, Document, FetchSession, SyntheticAnswer

SDK_ERRORS = (ConfigError, SourceFormatError, SourceRejectedUs, SourceUnavailable)
CANCEL_DEADLINE_S = 2.0
"""Seconds a cancelled run may take to end; the daemon has ten for all of them."""
README_HEADINGS = ("Settings", "Access", "Licence", "Quirks", "Verified", "Unverified")
MUTATIONS = 40
"""Damaged variants of each document that are tried per connector."""

_CUTS = (0.25, 0.5, 0.75)


class NotConforming(AssertionError):
    """The connector breaks a promise; the message says which and what was seen."""


class SessionFactory(Protocol):
    """Opens the real fetch session against a portal on loopback."""

    def __call__(self, *, base_url: str, workdir: Path) -> AbstractAsyncContextManager[FetchSession]:
        """Return a context manager that gives the session; ``workdir`` is an empty folder of this run."""
        ...


@dataclass(slots=True)
class Trial:
    """One connector under test."""

    spec: ConnectorSpec
    open_session: SessionFactory
    folder: Path
    _runs: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def workdir(self) -> Path:
        """Return an empty folder for the next run."""
        folder = self.folder / f"run-{next(self._runs):04d}"
        folder.mkdir(parents=True)
        return folder


@dataclass(slots=True)
class Outcome:
    """What one run brought. ``pieces`` and ``records`` are in order of appearance."""

    pieces: list[tuple[Slice, Mapping[str, str]]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    rejected: list[RecordRejected] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    unknown_fields: Counter[str] = field(default_factory=Counter)

    @property
    def ids(self) -> list[str]:
        """Native ids in order of appearance."""
        return [record.native_id for record in self.records]


async def run_once(trial: Trial, respond: Callable[[Request], Reply]) -> Outcome:
    """Run the connector against a portal that answers as told, and parse what it yields."""
    async with loopback_portal(respond) as portal:
        return await _run(trial, portal)


def honest(trial: Trial, changes: Mapping[str, Reply] | None = None) -> Callable[[Request], Reply]:
    """Answer as the connector's synthetic portal does, but for ``changes`` by path."""
    answers = trial.spec.portal().answers

    def respond(request: Request) -> Reply:
        if changes and request.path in changes:
            return changes[request.path]
        answer = answers.get(request.path)
        return _reply(answer) if answer else Reply(b"not found", "text/plain", status=404)

    return respond


# --- checks ------------------------------------------------------------------------------------------


async def check_description(trial: Trial) -> None:
    """The spec fits this SDK, its options travel as JSON, unknown settings are refused."""
    spec, portal = trial.spec, trial.spec.portal()
    _demand(spec.sdk_version == SDK_VERSION, f"built for SDK {spec.sdk_version}, this is {SDK_VERSION}")
    _demand(portal.records >= 2, "the synthetic portal needs two records at least")  # noqa: PLR2004
    _demand(portal.last_document in portal.answers, f"{portal.last_document} is not served")
    settings = spec.settings_type(base_url="http://127.0.0.1:1", **portal.settings)
    orjson.dumps(settings.parse_options())
    try:
        spec.settings_type(base_url="http://127.0.0.1:1", **{**portal.settings, "no_such_setting": 1})
    except ValueError:
        return
    raise NotConforming("the settings accept a key they do not know")


async def check_replays(trial: Trial) -> None:
    """Two runs over the same answers give the same records, pieces and unique ids, as many as announced."""
    first = await run_once(trial, honest(trial))
    second = await run_once(trial, honest(trial))
    expected = trial.spec.portal().records
    _demand(not first.rejected, f"records of the own portal were rejected: {first.rejected}")
    _demand(len(first.ids) == expected, f"{len(first.ids)} records, announced {expected}")
    doubled = [native_id for native_id, count in Counter(first.ids).items() if count > 1]
    _demand(not doubled, f"native ids are not unique: {doubled}")
    _demand(all(first.ids), "a record has an empty native id")
    _demand(first.ids == second.ids, "two replays give different native ids")
    _demand(first.records == second.records, "two replays give different records")
    _demand(first.pieces == second.pieces, "two replays cut different bytes: unchanged records look changed")
    raw = [piece.raw for piece, _ in first.pieces]
    _demand(len(set(raw)) == len(raw), "two records are cut from the same bytes and cannot be told apart")


async def check_pieces_stand_alone(trial: Trial) -> None:
    """A piece gives its record by itself: only changed pieces are parsed, in whatever order."""
    outcome = await run_once(trial, honest(trial))
    parser, options = _parser(trial), _options(trial)
    pairs = zip(outcome.pieces, outcome.records, strict=True)
    for (piece, document), record in reversed(list(pairs)):
        again = parser.parse(piece, ParseContext(options=options, document=document))
        _demand(again == record, f"{record.native_id} depends on more than its piece")


async def check_truncation(trial: Trial) -> None:
    """A last document that was cut off raises, wherever the cut."""
    portal = trial.spec.portal()
    answer = portal.answers[portal.last_document]
    size = len(answer.body)
    for length in (0, *(int(size * part) for part in _CUTS), size - 1):
        cut = answer.body[:length]
        # Between two lines a cut-off list cannot be told from a short one; the transport answers for that.
        cut = cut.rstrip(b"\r\n") if length < size - 1 else cut
        await _must_fail(trial, portal.last_document, Reply(cut, answer.content_type), f"cut at {length}")


async def check_malformed(trial: Trial) -> None:
    """Bytes that are no document, a web page, and JSON of the wrong shape raise SourceFormatError."""
    portal = trial.spec.portal()
    page = b"<!DOCTYPE html><html><body>Wartungsarbeiten</body></html>\n"
    for path, answer in portal.answers.items():
        for body in (b"\xff\xfe\x80 no text \x00\n" * 3, page, b"null\n", b"[]\n", b'"x"\n'):
            await _must_fail(trial, path, Reply(body, answer.content_type), f"{body[:20]!r}")
        await _must_fail(trial, path, Reply(page, "text/html"), "a web page")


async def check_unknown_fields(trial: Trial) -> None:
    """A field the connector does not know surfaces, and costs no record."""
    portal = trial.spec.portal()
    if portal.unknown_field_document is None:
        raise NotConforming("the synthetic portal has no document with an unknown field")
    path, body = portal.unknown_field_document
    reply = Reply(body, portal.answers[path].content_type)
    outcome = await run_once(trial, honest(trial, {path: reply}))
    _demand(bool(outcome.unknown_fields), "an unknown field stays unnoticed")
    _demand(len(outcome.ids) == portal.records, "an unknown field costs records")


async def check_absence(trial: Trial) -> None:
    """A record that left the listing is absent, and every other one is there."""
    portal = trial.spec.portal()
    if portal.shrunken_document is None:
        raise NotConforming("the synthetic portal has no document that lacks one record")
    path, body = portal.shrunken_document
    reply = Reply(body, portal.answers[path].content_type)
    before = await run_once(trial, honest(trial))
    after = await run_once(trial, honest(trial, {path: reply}))
    _demand(set(after.ids) < set(before.ids), "the listing is not taken as it is")
    _demand(len(before.ids) - len(after.ids) == 1, f"{len(before.ids)} records became {len(after.ids)}")


async def check_nothing_new(trial: Trial) -> None:
    """From where its ledger stands, a connector learns with one request that nothing is new."""
    later = trial.spec.portal().later_answers
    if not (trial.spec.keeps_ledger and later):
        return
    replies = {path: _reply(answer) for path, answer in later.items()}
    async with loopback_portal(honest(trial, replies)) as portal:
        first, spoke = await _from_position(trial, portal, "")
        _demand(bool(first) and not spoke, "the first run brings nothing")
        asked = len(portal.requests)
        second, spoke = await _from_position(trial, portal, first[-1].context["position_to"])
    _demand(not second, "the second run brings documents although nothing is new")
    _demand(spoke, "nothing_new() is not said")
    _demand(len(portal.requests) - asked == 1, "the second run needs more than one request")


async def _from_position(trial: Trial, portal: LoopbackPortal, reached: str) -> tuple[list[Document], bool]:
    """Return the documents of a run whose ledger stands there, and whether it said that nothing is new."""
    settings = trial.spec.settings_type(base_url=portal.base_url, **trial.spec.portal().settings)
    documents: list[Document] = []
    async with trial.open_session(base_url=portal.base_url, workdir=trial.workdir()) as session:
        standing = _Standing(session, reached)
        async for document in trial.spec.build(settings).documents(cast("FetchSession", standing)):
            _demand(document.context.get("position_from") == reached, "a document continues elsewhere")
            reached = document.context.get("position_to", "")
            _demand(bool(reached), "a document names no 'position_to'")
            documents.append(document)
    return documents, standing.silent


async def check_cancel(trial: Trial) -> None:
    """A run whose portal never answers ends soon after it is cancelled."""
    for path in trial.spec.portal().answers:
        reached = asyncio.Event()

        def respond(request: Request, path: str = path, reached: asyncio.Event = reached) -> Reply:
            if request.path != path:
                return honest(trial)(request)
            reached.set()
            return Reply(silent=True)

        async with loopback_portal(respond) as portal:
            run = asyncio.create_task(_run(trial, portal))
            await asyncio.wait_for(reached.wait(), CANCEL_DEADLINE_S)
            run.cancel()
            _, late = await asyncio.wait({run}, timeout=CANCEL_DEADLINE_S)
            _demand(not late, f"still running {CANCEL_DEADLINE_S} s after it was cancelled at {path}")
            _demand(run.cancelled(), f"the cancellation at {path} was swallowed")


async def check_only_sdk_errors(trial: Trial) -> None:
    """Whatever comes, only errors of the SDK leave the connector; a bad status is never emptiness."""
    portal = trial.spec.portal()
    for path, answer in portal.answers.items():
        for status in (400, 401, 404, 500):
            await _must_fail(
                trial, path, Reply(b"{}", "text/plain", status=status), f"status {status}", SDK_ERRORS
            )
        for body in _mutations(answer.body):
            await _try(trial, {path: Reply(body, answer.content_type)}, f"{path} damaged: {body[:60]!r}")


async def check_parser_pure(trial: Trial) -> None:
    """The parser and what it imports of its own folder use no network, file, clock, chance or environment."""
    faults = impurities(trial.spec.parser)
    _demand(not faults, "; ".join(faults))


async def check_readme(trial: Trial) -> None:
    """The folder holds a README that says what was verified against what, and what was not."""
    readme = source_of(trial.spec.parser).parent / "README.md"
    _demand(readme.is_file(), f"{readme.parent.name} has no README.md")
    lines = readme.read_text(encoding="utf-8").splitlines()
    missing = [heading for heading in README_HEADINGS if f"## {heading}" not in lines]
    _demand(not missing, f"the README of {readme.parent.name} lacks the headings {missing}")


CHECKS: tuple[Callable[[Trial], Awaitable[None]], ...] = (
    check_description,
    check_replays,
    check_pieces_stand_alone,
    check_truncation,
    check_malformed,
    check_unknown_fields,
    check_absence,
    check_nothing_new,
    check_cancel,
    check_only_sdk_errors,
    check_parser_pure,
    check_readme,
)


class _Standing:
    """A session whose source's ledger stands at a position."""

    def __init__(self, session: FetchSession, position: str) -> None:
        self._session = session
        self.position = position
        self.silent = False

    def nothing_new(self) -> None:
        self.silent = True

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - everything else is the session's
        return getattr(self._session, name)


# --- inside ------------------------------------------------------------------------------------------


async def _run(trial: Trial, portal: LoopbackPortal) -> Outcome:
    spec = trial.spec
    settings = spec.settings_type(base_url=portal.base_url, **spec.portal().settings)
    outcome, workdir = Outcome(), trial.workdir()
    async with trial.open_session(base_url=portal.base_url, workdir=workdir) as session:
        documents = spec.build(settings).documents(session)
        if hasattr(_parser(trial), "compose"):
            await _compose(trial, documents, workdir, outcome)
        else:
            async for document in documents:
                context = _context(trial, document)
                with document.path.open("rb") as file:
                    _take(trial, _parser(trial).cut(file, context), context, outcome)
    return outcome


async def _compose(trial: Trial, documents: AsyncIterator[Document], workdir: Path, outcome: Outcome) -> None:
    """Collect all documents in a ledger of this run, then take what it yields."""
    parser: ComposingParser = importlib.import_module(trial.spec.parser)
    with Ledger(workdir / "ledger") as ledger:
        async for document in documents:
            context = _context(trial, document)
            with document.path.open("rb") as file:
                parser.collect(file, context, ledger)
            _close(context, outcome)
        context = ParseContext(options=_options(trial))
        _take(trial, parser.compose(ledger, context), context, outcome)


def _take(trial: Trial, pieces: Iterator[Slice], context: ParseContext, outcome: Outcome) -> None:
    for piece in pieces:
        try:
            record = _parser(trial).parse(piece, context)
        except RecordRejected as rejection:
            outcome.rejected.append(rejection)
            continue
        outcome.pieces.append((piece, context.document))
        outcome.records.append(record)
    _close(context, outcome)


def _close(context: ParseContext, outcome: Outcome) -> None:
    outcome.issues += context.issues
    outcome.unknown_fields.update(context.unknown_fields)


def _context(trial: Trial, document: Document) -> ParseContext:
    return ParseContext(options=_options(trial), document=dict(document.context), charset=document.charset)


async def _must_fail(
    trial: Trial, path: str, reply: Reply, what: str, kinds: tuple[type[Exception], ...] = ()
) -> None:
    # An empty body is the fetcher's to notice, and it may blame the line instead of the portal.
    allowed = kinds or ((SourceFormatError, SourceUnavailable) if not reply.body else (SourceFormatError,))
    outcome = await _try(trial, {path: reply}, f"{path}, {what}", allowed)
    if outcome is not None:
        raise NotConforming(f"{path}, {what}: taken for {len(outcome.records)} records")


async def _try(
    trial: Trial,
    changes: Mapping[str, Reply],
    what: str,
    allowed: tuple[type[Exception], ...] = SDK_ERRORS,
) -> Outcome | None:
    try:
        return await run_once(trial, honest(trial, changes))
    except allowed:
        return None
    except Exception as error:
        raise NotConforming(f"{what}: {type(error).__name__} escapes: {error}") from error


def _mutations(body: bytes) -> Iterator[bytes]:
    """Yield damaged variants, the same ones in every run."""
    chance = random.Random(20260101)  # noqa: S311 - repeatable damage, no secrecy
    yield b"{}"
    yield b'{"data": [1, null, "x", [], {}, {"id": []}], "error": false}'
    for _ in range(MUTATIONS):
        damaged = bytearray(body)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(damaged))
            match chance.randrange(4):
                case 0:
                    damaged[at] = chance.randrange(256)
                case 1:
                    del damaged[at : at + chance.randint(1, 40)]
                case 2:
                    damaged[at:at] = chance.choice([b'"', b"\x00", b"|", b";", b"\n", b"\xc3", b"[", b"null"])
                case _:
                    damaged[at:at] = damaged[at : at + chance.randint(1, 200)]
            if not damaged:
                break
        yield bytes(damaged) or b" "


def _reply(answer: SyntheticAnswer) -> Reply:
    return Reply(answer.body, answer.content_type, headers=answer.headers)


def _parser(trial: Trial) -> Parser:
    return cast("Parser", importlib.import_module(trial.spec.parser))


def _options(trial: Trial) -> Mapping[str, Any]:
    portal = trial.spec.portal()
    settings = trial.spec.settings_type(base_url="http://127.0.0.1:1", **portal.settings)
    # As JSON, because that is how options reach the worker process.
    options: Mapping[str, Any] = orjson.loads(orjson.dumps(settings.parse_options()))
    return options


def _demand(kept: bool, message: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not kept:
        raise NotConforming(message)
