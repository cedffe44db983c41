"""From documents on disk to a staged snapshot: cut, hash, skip what is known, parse and normalise the rest.

Runs in the parse worker's process (or in place, for tests and benchmarks). Memory stays flat: two
flags per known record, nothing per new one. Must not know HTTP, the event loop or the database; it imports
neither aiohttp nor pydantic nor SQLAlchemy, so that a worker starts quickly.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import sqlite3
import traceback
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from syncd.errors import SourceFormatError
from syncd.fetching.collecting import collection_of
from syncd.fetching.findings import Findings, writable
from syncd.fetching.known import MARK_SIZE, KnownHashes, Repetitions, Spill
from syncd.fetching.piece_findings import (
    PIECE_LIMIT,
    TOO_LARGE,
    bad_id,
    double,
    is_usable_id,
    not_text,
    out_of_order,
)
from syncd.fetching.stagefile import StageWriter, read_staged
from syncd.model.area import AreaKey
from syncd.model.issue import Issue, Severity
from syncd.model.record import Scope
from syncd.pipeline.codec import encode_claims, short_hash
from syncd.pipeline.ports import HASH_SIZE, StagedRecord
from syncd.rules.areas import AreaIndex
from syncd.rules.identity_tokens import identity_tokens
from syncd.rules.normalise import normalise
from syncd.sdk.parsing import ParseContext, RecordRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from syncd.fetching.collecting import Collection
    from syncd.model.record import Claim
    from syncd.pipeline.workers import ParseJob
    from syncd.sdk.parsing import Slice

LEDGER = "ledger"
"""Stands for a document's name where records come out of the ledger."""
STAGED, ABSENT, SUMMARY, QUARANTINE = "staged.bin", "absent.bin", "summary.json", "quarantine.ndjson"
_BATCH_PIECES = 4_096
_BATCH_BYTES = 4 * 1024 * 1024
_QUARANTINED_RAW = 64 * 1024
_QUARANTINE_BYTES = 1_000_000


def stage_documents(job: ParseJob) -> None:
    """Write the staged file, the absent hashes and the summary of a job into its ``workdir``.

    Raises SourceFormatError: the parser's own, or ``parser_crashed`` with the exception's type for anything
    else that escapes from a connector.
    """
    parser = _load_parser(job)
    staging = _Staging(job, parser)
    with staging.spills, ExitStack() as kept:
        with staging.files:
            if hasattr(parser, "compose"):
                staging.compose(kept.enter_context(collection_of(job)))
            else:
                for document in job.documents:
                    staging.read(document)
        staging.finish()


def _load_parser(job: ParseJob) -> Any:  # noqa: ANN401 - one of the two shapes of syncd.sdk.parsing
    try:
        module: Any = importlib.import_module(job.parser)
        _ = (module.collect, module.compose) if hasattr(module, "compose") else module.cut
        _ = module.parse
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:
        raise crashed(error, job, "on import") from error
    return module


def crashed(error: BaseException, job: ParseJob, where: str) -> SourceFormatError:
    """Return the error for an exception no connector may let escape, with the line it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    line = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return SourceFormatError(
        f"The parser {job.parser} ended with {type(error).__name__}{line}: {str(error)[:200]}",
        where=f"{job.source_id}/{where}",
        code="parser_crashed",
        fix="Report this to the connector's owner together with the stored answer.",
    )


class _Staging:
    """State of one staging run."""

    def __init__(self, job: ParseJob, parser: Any) -> None:  # noqa: ANN401 - see _load_parser
        self._job = job
        self._parser = parser
        scope = job.scope
        self._scope = Scope(
            areas=tuple(AreaKey(code) for code in scope["areas"]),
            services=None if scope.get("services") is None else frozenset(scope["services"]),
        )
        self._default_area = AreaKey(scope["default_area"]) if scope.get("default_area") else None
        self._areas = AreaIndex.from_json(job.known_areas.read_bytes())
        self._known = KnownHashes.from_file(job.known_hashes)
        self._occurred = np.zeros(len(self._known), dtype=np.bool_)
        self._spoilt = np.zeros(len(self._known), dtype=np.bool_)
        self.spills = ExitStack()
        self._fresh = self.spills.enter_context(Spill(job.workdir, HASH_SIZE))
        self._ids = Repetitions(self.spills.enter_context(Spill(job.workdir, MARK_SIZE)))
        self._findings = Findings()
        self._declared: list[tuple[str, int | None, int]] = []
        self._incomplete: list[str] = []
        self._stated: list[datetime] = []
        self._identities: set[str] = set()
        self._composed: Collection | None = None
        self._statements: int | None = None
        self._position = ""
        self._received = self._seen = self._quarantined = self._bytes = 0
        self.files = ExitStack()
        self._staged = self.files.enter_context(StageWriter(job.workdir / STAGED))
        self._quarantine = self.files.enter_context((job.workdir / QUARANTINE).open("wb"))

    # --- one document -------------------------------------------------------------------------------
    def read(self, document: Mapping[str, Any]) -> None:
        """Cut one document and stage what is new in it."""
        name, context = str(document["name"]), self._context(document)
        received = self._received
        with Path(document["path"]).open("rb") as file:
            self._take_all(lambda: self._parser.cut(file, context), context, name)
            self._bytes += file.seek(0, 2)
        self._close_document(context, name)
        self._declared.append((name, context.declared_total, self._received - received))

    def compose(self, collection: Collection) -> None:
        """Collect all documents in the ledger, then stage what is new in the records it yields."""
        self._composed, ledger = collection, collection.ledger
        for document in self._job.documents:
            self._collect(document, collection)
        if collection.skipped:
            self._findings.add(out_of_order(collection.skipped))
        context = ParseContext(options=self._job.options)
        self._take_all(lambda: self._parser.compose(ledger, context), context, LEDGER)
        self._close_document(context, LEDGER)
        self._declared.append((LEDGER, context.declared_total, self._received))
        self._statements, self._position = ledger.count_competences(), ledger.position
        # A stream that is known to be cut must not count as read.
        collection.keep = not (self._incomplete or self._job.incomplete)

    def _collect(self, document: Mapping[str, Any], collection: Collection) -> None:
        name, context = str(document["name"]), self._context(document)
        where = f"{self._job.source_id}/{name}"
        if not collection.admits(document, where):
            return
        with Path(document["path"]).open("rb") as file, self._guarded(name):
            self._parser.collect(file, context, collection.ledger)
            self._bytes += file.seek(0, 2)
        collection.taken(document, where)
        self._close_document(context, name)

    def _context(self, document: Mapping[str, Any]) -> ParseContext:
        return ParseContext(
            options=self._job.options,
            document=dict(document.get("context") or {}),
            charset=document.get("charset"),
        )

    def _take_all(self, pieces: Callable[[], Iterator[Slice]], context: ParseContext, name: str) -> None:
        batch: list[tuple[Slice, bytes]] = []
        size = 0
        for piece, raw_hash in self._hashed(pieces, context, name):
            batch.append((piece, raw_hash))
            size += len(piece.raw)
            if len(batch) >= _BATCH_PIECES or size >= _BATCH_BYTES:
                self._take(batch, context, name)
                batch, size = [], 0
        self._take(batch, context, name)

    def _hashed(
        self, pieces: Callable[[], Iterator[Slice]], context: ParseContext, name: str
    ) -> Iterator[tuple[Slice, bytes]]:
        """Yield pieces with their raw hash, which covers all that decides what the bytes mean."""
        seed = hashlib.sha256(
            orjson.dumps([context.charset, dict(context.document)], option=orjson.OPT_SORT_KEYS)
        )
        with self._guarded(name):
            for piece in pieces():
                state = seed.copy()
                state.update(piece.raw)
                yield piece, state.digest()[:HASH_SIZE]

    @contextmanager
    def _guarded(self, name: str) -> Iterator[None]:
        try:
            yield
        except (KeyboardInterrupt, MemoryError, GeneratorExit, sqlite3.Error):
            raise
        except SourceFormatError as error:
            raise self._placed(error, name) from error
        except BaseException as error:
            raise crashed(error, self._job, name) from error

    def _placed(self, error: SourceFormatError, name: str) -> SourceFormatError:
        place = f"{self._job.source_id}/{name}"
        where = f"{place}: {error.where}" if error.where else place
        return SourceFormatError(error.message, where=where, fix=error.fix, code=error.code)

    def _close_document(self, context: ParseContext, name: str) -> None:
        self._drain(context, name)
        self._findings.count_fields(context.unknown_fields)
        if context.stated_at is not None:
            self._stated.append(context.stated_at.astimezone(UTC))
        if context.identity:
            self._identities.add(context.identity)
        if context.incomplete_reason:
            self._incomplete.append(f"{self._place(name)}{context.incomplete_reason}")

    def _drain(self, context: ParseContext, name: str) -> None:
        place = self._place(name)
        for issue in context.issues:
            self._findings.add(
                Issue(issue.code, issue.message, place + issue.where, issue.value, issue.severity, issue.fix)
                if place
                else issue
            )
        context.issues.clear()

    def _place(self, name: str) -> str:
        return f"{name}: " if len(self._job.documents) > 1 and name != LEDGER else ""

    # --- one batch ----------------------------------------------------------------------------------
    def _take(self, batch: list[tuple[Slice, bytes]], context: ParseContext, name: str) -> None:
        if not batch:
            return
        self._received += len(batch)
        places = self._known.find([raw_hash for _, raw_hash in batch])
        hit = places >= 0
        self._occurred[places[hit]] = True
        if not self._job.reparse:
            self._seen += int(np.count_nonzero(hit))
            chosen = np.flatnonzero(~hit)
        else:
            chosen = np.arange(len(batch))
        for index in chosen.tolist():
            piece, raw_hash = batch[index]
            place = int(places[index])
            if place < 0:
                self._fresh.add(raw_hash)
            usable = self._stage(piece, raw_hash, context, name)
            if place >= 0 and not usable:
                self._spoilt[place] = True
        self._drain(context, name)

    def _stage(self, piece: Slice, raw_hash: bytes, context: ParseContext, name: str) -> bool:
        """Parse, normalise and stage one piece; returns False when it had to be quarantined."""
        if len(piece.raw) > PIECE_LIMIT:
            return self._set_aside(piece, name, "", TOO_LARGE)
        try:
            record = self._parser.parse(piece, context)
            native_id = record.native_id
        except RecordRejected as error:
            issue = Issue(error.code, error.message, "", error.value, Severity.ERROR, error.fix)
            return self._set_aside(piece, name, "", issue)
        except (KeyboardInterrupt, MemoryError):
            raise
        except SourceFormatError as error:
            raise self._placed(error, name) from error
        except BaseException as error:
            raise crashed(error, self._job, f"{name}: {piece.where}") from error
        if not is_usable_id(native_id):
            return self._set_aside(piece, name, "", bad_id(native_id))
        result = normalise(
            record,
            source_id=self._job.source_id,
            scope=self._scope,
            areas=self._areas,
            default_area=self._default_area,
        )
        self._findings.extend(result.issues)
        if result.quarantined:
            reason = result.issues[-1] if result.issues else None
            return self._set_aside(piece, name, native_id, reason, reported=True)
        try:
            staged = _staged(native_id, raw_hash, result.claims)
        except (TypeError, ValueError) as error:
            return self._set_aside(piece, name, native_id, not_text(native_id, error))
        self._staged.add(staged)
        self._ids.add(native_id.encode())
        return True

    def _set_aside(
        self, piece: Slice, name: str, native_id: str, issue: Issue | None, *, reported: bool = False
    ) -> bool:
        """Count a piece that cannot be used, keep its bytes and, unless done, report it at its place."""
        where = writable(self._place(name) + piece.where)
        if issue is not None and not reported:
            self._findings.add(replace(issue, where=where))
        self._quarantined += 1
        if self._quarantine.tell() < _QUARANTINE_BYTES:
            line: dict[str, Any] = {"where": where, "native_id": native_id}
            if issue is not None:
                line |= {"code": issue.code, "message": writable(issue.message)}
            raw = piece.raw[:_QUARANTINED_RAW]
            try:
                line["raw"] = raw.decode()
            except UnicodeDecodeError:
                line["raw_base64"] = base64.b64encode(raw).decode()
            written = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
            if self._quarantine.tell() + len(written) <= _QUARANTINE_BYTES:
                self._quarantine.write(written)
        return False

    # --- the whole snapshot -------------------------------------------------------------------------
    def finish(self) -> None:
        """Settle doubles and write summary and absent hashes."""
        suspects = self._ids.suspects()
        if suspects:
            self._drop_doubles(suspects)
        self._findings.close()
        workdir = self._job.workdir
        with (workdir / ABSENT).open("wb") as file:
            file.writelines(self._known.select(~self._occurred | self._spoilt))
        declared_total = self._settle_declared()
        summary = {
            "received": self._received,
            "seen": self._seen,
            "quarantined": self._quarantined,
            "digest": self._digest(),
            "bytes_read": self._bytes,
            "declared_total": declared_total,
            "incomplete_reason": writable("; ".join(self._incomplete[:20])),
            "stated_at": min(self._stated).isoformat() if self._stated else None,
            "statements": self._statements,
            "position": self._position,
            "identity": writable(", ".join(sorted(self._identities))),
            "issues": [
                [
                    writable(text)
                    for text in (
                        issue.code,
                        issue.message,
                        issue.where,
                        issue.value,
                        issue.severity,
                        issue.fix,
                    )
                ]
                for issue in self._findings.kept
            ],
            "issue_counts": {writable(code): count for code, count in self._findings.counts.items()},
        }
        (workdir / SUMMARY).write_bytes(orjson.dumps(summary))

    def _settle_declared(self) -> int | None:
        """Return the listing's total if every document announces its own.

        Where only some do, each of those is held to its word, because their sum says nothing.
        """
        totals = [total for _, total, _ in self._declared if total is not None]
        if len(totals) == len(self._declared):
            return sum(totals) if totals else None
        for name, total, received in self._declared:
            if total is not None and total > received:
                self._incomplete.append(
                    f"{self._place(name)}the document announces {total} records and holds {received}"
                )
        return None

    def _digest(self) -> str:
        """Return what identifies the snapshot whatever its order: the hash over all its sorted raw hashes."""
        if not self._fresh.size:
            return self._known.digest(self._occurred)
        return self._known.digest_with(self._occurred, self._fresh)

    def _drop_doubles(self, suspects: frozenset[bytes]) -> None:
        """Keep one of several records with the same id: the smallest raw hash, whatever their order.

        The store applies the same rule to doubles of records it already holds.
        """
        path = self._job.workdir / STAGED
        winners: dict[str, bytes] = {}
        for record in read_staged(path):
            if Repetitions.is_suspect(record.native_id.encode(), suspects):
                best = winners.get(record.native_id)
                winners[record.native_id] = min(best, record.raw_hash) if best else record.raw_hash
        kept = path.with_suffix(".kept")
        with StageWriter(kept) as writer:
            taken: set[str] = set()
            for record in read_staged(path):
                winner = winners.get(record.native_id)
                if winner is None or (winner == record.raw_hash and record.native_id not in taken):
                    taken.update({record.native_id} if winner else ())
                    writer.add(record)
                else:
                    self._findings.add(double(record, identical=winner == record.raw_hash))
        kept.replace(path)


def _staged(native_id: str, raw_hash: bytes, claims: tuple[Claim, ...]) -> StagedRecord:
    payload = encode_claims(claims)
    keys = tuple(sorted({claim.service_key.value for claim in claims}))
    # The payload is the functional projection, so its hash is codec.content_hash without a second encoding.
    return StagedRecord(native_id, raw_hash, short_hash(payload), keys, payload, identity_tokens(claims))
