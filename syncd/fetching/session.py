"""What a connector sees of the network during one run, and what the run remembers of it.

The session joins addresses, sends validators only for copies it really has, keeps bodies by content and
collects what the portal said about its listing. Connectors see :class:`syncd.sdk.connector.FetchSession`,
ingest sees :class:`syncd.pipeline.ports.RunSession`. Must not know parsers or the database.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from yarl import URL

from syncd.errors import SourceFormatError, SourceRejectedUs
from syncd.fetching.client import FetchAnswer, FetchRequest, checked_url
from syncd.fetching.failures import failure
from syncd.fetching.observations import near_limit
from syncd.fetching.raw import RawBodies
from syncd.fetching.redaction import redact_url
from syncd.pipeline.ports import DocumentNote
from syncd.sdk.connector import Document
from syncd.sdk.ledger import position_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from syncd.fetching.client import HttpFetcher
    from syncd.fetching.limits import FetchLimits
    from syncd.model.issue import Issue
    from syncd.sdk.settings import ClientCredentials
    from syncd.settings.client_certificate import ClientCertificate

FULL_FETCH_AFTER = timedelta(days=7)
"""A portal whose validators lie is found out within this time: then the whole document is asked for."""
_JSON_LIMIT = 32 * 1024 * 1024
# Set by the client or by the transport; a connector that sets them would undo a protection.
_RESERVED = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)


class SourceSession:
    """Fetch session of one run of one source.

    ``base_url`` is the portal's address without trailing slash, ``headers`` go with every request to it
    (secrets included, they never show). ``further`` are addresses of other origins the operator named; a
    client certificate is never shown there. ``rundir`` takes unfinished bodies, ``raw_root`` the kept ones
    (one folder per source below it). ``notes`` are those of the last accepted run. With ``conditional``
    False everything is fetched anew. ``suspect`` sources fail or are slow and use a lane of their own.
    ``client_certificate`` is ours, for a portal that demands one. ``ledger`` is the source's, where it keeps
    one.
    """

    def __init__(  # noqa: PLR0913 - a run has that many independent properties
        self,
        *,
        source_id: str,
        fetcher: HttpFetcher,
        base_url: str,
        rundir: Path,
        raw_root: Path,
        headers: Mapping[str, str] | None = None,
        notes: Mapping[str, DocumentNote] | None = None,
        allow_private: bool = False,
        conditional: bool = True,
        suspect: bool = False,
        limits: FetchLimits | None = None,
        client_certificate: ClientCertificate | None = None,
        ledger: Path | None = None,
        further: Sequence[str] = (),
    ) -> None:
        self._source_id = source_id
        self._fetcher = fetcher
        self._base = base_url.rstrip("/")
        self._origin = checked_url(self._base, where=source_id).origin()
        self._origins = {self._origin, *(checked_url(url, where=source_id).origin() for url in further)}
        self._headers = dict(headers or {})
        self._rundir = rundir
        rundir.mkdir(parents=True, exist_ok=True)
        self._raw = RawBodies(raw_root, source_id)
        self._notes = dict(notes or {})
        self._allow_private = allow_private
        self._conditional = conditional
        self._suspect = suspect
        self._limits = limits or fetcher.limits
        self._client_certificate = client_certificate
        self._ledger = ledger
        self._position: str | None = None
        self._nothing_new = False
        self._started: set[str] = set()
        self._documents: dict[str, Document] = {}
        self._validators: dict[str, str] = {}
        self._declared: int | None = None
        self._incomplete: list[str] = []
        self._issues: list[Issue] = []
        self._said: set[str] = set()
        self._bytes = 0
        self.on_answer: Callable[[URL, Document], None] | None = None
        """Hears of each answer with the address asked; for recordings."""

    # --- for connectors -----------------------------------------------------------------------------
    @property
    def source_id(self) -> str:
        """Id of the source this run is for."""
        return self._source_id

    async def fetch(  # noqa: PLR0913 - a request has that many independent properties
        self,
        url: str,
        *,
        name: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Sequence[str] = (),
        validator: str | None = None,
        context: Mapping[str, str] | None = None,
        conditional: bool = True,
        bearer: ClientCredentials | None = None,
        want_headers: Sequence[str] = (),
    ) -> Document:
        """GET one document; see :meth:`syncd.sdk.connector.FetchSession.fetch`.

        A relative ``url`` is appended to the base address, with or without a leading slash; an absolute one
        must be of the same origin or of a further one the operator named, else SourceFormatError
        ``foreign_url``.
        """
        where = f"{self._source_id}/{name}"
        self._admit(name, where)
        # Before anything is waited for: requests at the same time must not share a file.
        target = self._rundir / f"{len(self._started):05d}.part"
        note = self._notes.get(name)
        kept = note if note and await self._has_copy(note) else None
        address = self._address(url, params, where)
        own = address.origin() == self._origin
        request = FetchRequest(
            url=str(address),
            target=target,
            where=where,
            headers={**(self._headers if own else {}), **self._checked_headers(headers or {}, where)},
            accept=tuple(accept),
            allow_private=self._allow_private,
            limits=self._limits,
            suspect=self._suspect,
            client_certificate=self._client_certificate if own else None,
            want_headers=tuple(want_headers),
        )
        if kept is not None and conditional and self._conditional and await self._is_recent(kept):
            request = replace(
                request,
                if_none_match=validator or kept.etag,
                if_modified_since=None if validator else kept.last_modified,
            )
        answer = await self._ask_as(bearer, request, kept)
        self._look_at(answer, where)
        document = await self._document(name, target, answer, kept, dict(context or {}))
        document = replace(document, headers=answer.headers)
        self._documents[name] = document
        if self.on_answer is not None:
            self.on_answer(address, document)
        return document

    async def read_json(self, document: Document) -> Any:  # noqa: ANN401 - JSON is what it is
        """Read a small JSON document for paging; raises SourceFormatError when it is not JSON."""
        where = f"{self._source_id}/{document.name}"
        if document.size > _JSON_LIMIT:
            message = f"The document has {document.size} bytes; paging reads at most {_JSON_LIMIT}."
            raise failure("too_large", message, where=where)
        try:
            return await asyncio.to_thread(lambda: orjson.loads(document.path.read_bytes()))
        except (ValueError, RecursionError) as error:
            raise failure("not_json", f"The document is not JSON ({error}).", where=where) from error

    def stored_validator(self, name: str) -> str | None:
        """Return the validator kept from the last accepted run for that document name."""
        note = self._notes.get(name)
        return (note.validator or note.etag) if note else None

    def keep_validator(self, name: str, value: str) -> None:
        """Keep a validator found inside the body; stored only if the run is accepted."""
        self._validators[name] = value

    @property
    def position(self) -> str:
        """How far the source's ledger had come when this run asked first; empty without one."""
        if self._position is None:
            self._position = position_of(self._ledger) if self._ledger else ""
        return self._position

    def nothing_new(self) -> None:
        """State that the portal has no change since ``position``."""
        self._nothing_new = True

    def declare_total(self, total: int) -> None:
        """State how many records the portal announced for the whole listing."""
        self._declared = total

    def incomplete(self, reason: str) -> None:
        """State that the listing is known to be incomplete."""
        self._incomplete.append(reason)

    def issue(self, issue: Issue) -> None:
        """Report a finding about the listing."""
        self._issues.append(issue)

    # --- for ingest ---------------------------------------------------------------------------------
    @property
    def all_unchanged(self) -> bool:
        """True when the run brought the same documents as the last accepted one, byte for byte."""
        return self._documents.keys() == self._notes.keys() and all(
            document.sha256 == self._notes[name].sha256 for name, document in self._documents.items()
        )

    @property
    def said_nothing_new(self) -> bool:
        """True when the portal has no change since ``position``."""
        return self._nothing_new

    @property
    def declared(self) -> int | None:
        """Total announced by the portal, if any."""
        return self._declared

    @property
    def incomplete_reason(self) -> str:
        """Why the listing is known to be incomplete; empty when it is not."""
        return "; ".join(self._incomplete)

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Findings about the listing."""
        return tuple(self._issues)

    @property
    def bytes_read(self) -> int:
        """Decoded bytes that came over the network; 304s cost none."""
        return self._bytes

    def notes(self) -> tuple[DocumentNote, ...]:
        """What to keep of the documents when the run is good, by name.

        A document whose completeness the transport could not prove keeps no validators, so that a later 304
        cannot turn it into a proven one.
        """
        return tuple(self._note(document) for _, document in sorted(self._documents.items()))

    def prune(self, keep: Iterable[str] = ()) -> None:
        """Remove kept bodies that neither this run, the last accepted one nor ``keep`` (SHA-256s) needs."""
        needed: set[str] = set()
        # What came with a ledger stands in it: changes are never asked for again.
        if self._ledger is None:
            needed = {note.sha256 for note in self._notes.values()}
            needed |= {document.sha256 for document in self._documents.values()}
        self._raw.prune(needed.union(keep))

    # --- inside -------------------------------------------------------------------------------------
    def _admit(self, name: str, where: str) -> None:
        if name in self._started:
            raise failure("duplicate_document", "A document of that name was fetched before.", where=where)
        if len(self._started) >= self._limits.documents:
            message = f"The run has reached the limit of {self._limits.documents} documents."
            raise failure("too_many_documents", message, where=where)
        self._started.add(name)

    def _address(self, url: str, params: Mapping[str, str] | None, where: str) -> URL:
        if url.startswith("//"):
            raise failure("foreign_url", f"{redact_url(url)} names another host.", where=where)
        absolute = "://" in url.split("?", 1)[0]
        address = checked_url(url if absolute else f"{self._base}/{url.lstrip('/')}", where=where)
        if address.origin() not in self._origins:
            self._fetcher.alarm.look_at(where, address.host, how="link")
            message = f"{redact_url(url)} is not below {self._origin}."
            raise failure("foreign_url", message, where=where)
        return address.update_query(dict(params)) if params else address

    def _checked_headers(self, headers: Mapping[str, str], where: str) -> Mapping[str, str]:
        for name in headers:
            if name.lower() in _RESERVED:
                message = f"The header '{name}' belongs to the client and cannot be set by a connector."
                raise failure("bad_header", message, where=where)
        return headers

    def _look_at(self, answer: FetchAnswer, where: str) -> None:
        """Note trouble that is coming; what is the same for every document is said once."""
        limits = self._limits
        for issue in answer.seen.issues(datetime.now(UTC), where=where):
            self._say_once(issue.code, issue)
        raise_it = "If the portal grows for good reason, raise the limit before it is met."
        for what, value, limit in (
            ("The size of the document on the wire", answer.wire_size, limits.wire_bytes),
            ("The size of the unpacked document", answer.size, limits.decoded_bytes),
            ("The number of documents", len(self._started), limits.documents),
            ("The size of all documents", self._bytes + answer.size, limits.run_bytes),
        ):
            for issue in near_limit(what, value, limit, where=where, fix=raise_it):
                self._say_once(what, issue)

    def _say_once(self, key: str, issue: Issue) -> None:
        if key not in self._said:
            self._said.add(key)
            self._issues.append(issue)

    async def _is_recent(self, note: DocumentNote) -> bool:
        age_s = await asyncio.to_thread(self._raw.age_s, note.sha256)
        # A clock that was set back must not make a copy young for years.
        return 0 <= age_s < FULL_FETCH_AFTER.total_seconds()

    async def _has_copy(self, note: DocumentNote) -> bool:
        return await asyncio.to_thread(self._raw.holds, note.sha256, note.size)

    async def _ask_as(
        self, bearer: ClientCredentials | None, request: FetchRequest, kept: DocumentNote | None
    ) -> FetchAnswer:
        """Ask with an access token where one is needed; a refused one is renewed once."""
        if bearer is None:
            return await self._ask(request, kept)
        tokens = self._fetcher.tokens
        token = await tokens.get(bearer, request)
        try:
            return await self._ask(_with_token(request, token), kept)
        except SourceRejectedUs as error:
            if error.code != "http_401":
                raise
        token = await tokens.get(bearer, request, refused=token)
        return await self._ask(_with_token(request, token), kept)

    async def _ask(self, request: FetchRequest, kept: DocumentNote | None) -> FetchAnswer:
        """Ask, and once more without validators when the answer is a 304 that nobody can use."""
        try:
            answer = await self._fetcher.fetch(request)
        except SourceFormatError as error:
            if error.code != "unexpected_304":
                raise
        else:
            if not answer.not_modified or (kept is not None and await self._has_copy(kept)):
                return answer
        plain = replace(
            request,
            if_none_match=None,
            if_modified_since=None,
            headers={**request.headers, "Cache-Control": "no-cache"},
        )
        return await self._fetcher.fetch(plain)

    async def _document(
        self,
        name: str,
        target: Path,
        answer: FetchAnswer,
        kept: DocumentNote | None,
        context: dict[str, str],
    ) -> Document:
        if answer.not_modified and kept is not None:
            return Document(
                name=name,
                path=self._raw.path_of(kept.sha256),
                url=answer.url,
                sha256=kept.sha256,
                size=kept.size,
                content_type=kept.content_type,
                charset=kept.charset,
                etag=answer.head.etag or kept.etag,
                last_modified=answer.head.last_modified or kept.last_modified,
                not_modified=True,
                context=context,
            )
        self._bytes += answer.size
        if self._bytes > self._limits.run_bytes:
            await asyncio.to_thread(target.unlink, missing_ok=True)
            message = f"The documents of this run exceed {self._limits.run_bytes} bytes together."
            raise failure("too_large", message, where=f"{self._source_id}/{name}")
        path = await asyncio.to_thread(self._raw.adopt, target, answer.sha256)
        return Document(
            name=name,
            path=path,
            url=answer.url,
            sha256=answer.sha256,
            size=answer.size,
            content_type=answer.head.content_type,
            charset=answer.head.charset,
            etag=answer.head.etag,
            last_modified=answer.head.last_modified,
            framed=answer.head.framed,
            context=context,
        )

    def _note(self, document: Document) -> DocumentNote:
        before = self._notes.get(document.name)
        # An older validator still describes the body only while the body is the same.
        inherited = before.validator if before and before.sha256 == document.sha256 else None
        framed = document.framed
        return DocumentNote(
            name=document.name,
            etag=document.etag if framed else None,
            last_modified=document.last_modified if framed else None,
            validator=(self._validators.get(document.name) or inherited) if framed else None,
            sha256=document.sha256,
            size=document.size,
            stored_path=f"{self._source_id}/{document.sha256}",
            content_type=document.content_type,
            charset=document.charset,
        )


def _with_token(request: FetchRequest, token: str) -> FetchRequest:
    # Redirects stay inside the origin, so that the header never reaches another one.
    headers = {name: value for name, value in request.headers.items() if name.lower() != "authorization"}
    return replace(request, headers={**headers, "Authorization": f"Bearer {token}"})
