"""The requests of one run: addresses, headers and secrets put together, pages and details one after another.

Must not know what items mean.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from connectors.generic.discovery import addresses_in
from connectors.generic.paging import PageFacts, is_there_more, names_more, page_facts
from connectors.generic.templates import fill, region_facts
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.records import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Mapping
    from pathlib import Path
    from typing import Any

    from connectors.generic.fetch_tables import Detail, Stream
    from connectors.generic.plan import Plan
    from connectors.generic.settings import GenericSettings
    from connectors.generic.walk import Walk
    from syncd.sdk.connector import Document, FetchSession

HEAD_BYTES = 4_096
"""A hash that serves as validator stands in the first bytes of a document."""
GONE = frozenset({"http_404", "http_410"})


class Requests:
    """Asks the portal of one source."""

    def __init__(self, settings: GenericSettings, plan: Plan, session: FetchSession) -> None:
        self._settings = settings
        self._profile = settings.chosen
        self._plan = plan
        self._session = session
        self._base = settings.base_url
        self._headers = self._fixed_headers()

    @staticmethod
    def means_fallback(error: Exception, stream: Stream) -> bool:
        """Tell whether an error means that the portal does not answer this way."""
        codes = {f"http_{status}" for status in stream.fallback_on}
        return isinstance(error, SourceFormatError) and error.code in codes

    async def listing(self, stream: Stream, region: str, walk: Walk) -> AsyncIterator[tuple[Document, str]]:
        """Yield the pages of a listing and their details, each with the newest stamp on it."""
        values = {**self._settings.values, **(region_facts(region) if region else {})}
        if stream.discovery is not None:
            async for document in self._discovered(stream, region, values):
                yield document, ""
            return
        asked = missing = 0
        async for document, facts in self._pages(stream, region, values, walk):
            yield document, facts.stamp
            if stream.detail is None or _is_cut(stream, facts):
                continue
            for start in range(0, len(facts.details), stream.detail.concurrency):
                batch = facts.details[start : start + stream.detail.concurrency]
                fetched = await _together(
                    [self._detail(stream, stream.detail, region, key, values | own) for key, own in batch]
                )
                asked += len(batch)
                missing += fetched.count(None)
                for one in fetched:
                    if one is not None:
                        yield one, ""
        if asked and asked == missing:
            raise SourceFormatError(
                f"none of {asked} items of the list has a detail",
                where=stream.name,
                code="no_details",
                fix="Check 'detail.path' of the profile: the portal may have moved the resource.",
            )

    # --- pages --------------------------------------------------------------------------------------
    async def _pages(
        self, stream: Stream, region: str, values: Mapping[str, str], walk: Walk
    ) -> AsyncIterator[tuple[Document, PageFacts]]:
        paging, plan = stream.paging, self._plan.streams[stream.name]
        address, parameters = self._start(stream, values, walk)
        number, received, page = paging.start, 0, 0
        seen = set[str]()
        while True:
            page += 1
            self._check_pages(page, stream)
            sent = dict(parameters)
            if paging.start_param and paging.kind in {"offset", "page", "sru"}:
                sent[paging.start_param] = str(number)
            document = await self._fetch(
                stream,
                address,
                sent,
                f"{walk.prefix}{_place(stream, region)}-{page:04d}",
                whole=walk.is_whole,
            )
            facts = await self._facts(stream, document)
            received += facts.items
            context = self._context(stream, region, page, document)
            if plan.paging["kind"] != "single":
                context["more"] = "1" if names_more(plan, facts) else "0"
            yield replace(document, context=context), facts
            if not is_there_more(plan, page, received, facts):
                return
            number += 1 if paging.kind == "page" else facts.items
            if paging.kind in {"next", "ldes"}:
                address, parameters = urljoin(address, facts.next or ""), {}
                _refuse_loop(address, seen, stream)
            elif paging.kind == "cursor":
                _refuse_loop(facts.cursor or "", seen, stream)
                parameters = {**parameters, str(paging.start_param): facts.cursor or ""}

    def _start(self, stream: Stream, values: Mapping[str, str], walk: Walk) -> tuple[str, dict[str, str]]:
        address = self._address(stream.path or "", values, stream.name)
        parameters = self._parameters(stream.params, values)
        paging = stream.paging
        if paging.size_param is not None:
            parameters[paging.size_param] = str(paging.size)
        if stream.since is not None and walk.since:
            parameters[stream.since.param] = walk.since
        return address, parameters

    async def _facts(self, stream: Stream, document: Document) -> PageFacts:
        """Read a page for paging; one that stands alone is read by the parser only."""
        plan = self._plan.streams[stream.name]
        if stream.paging.kind == "single" and stream.detail is None and stream.since is None:
            return PageFacts()
        facts = await asyncio.to_thread(_read_page, document.path, document.charset, plan, self._plan)
        if stream.completeness.total_header:
            said = document.headers.get(stream.completeness.total_header.lower(), "")
            facts.total = int(said[:12]) if said.isascii() and said.isdigit() else None
        return facts

    def _check_pages(self, page: int, stream: Stream) -> None:
        if page > stream.paging.max_pages:
            raise SourceFormatError(
                f"the listing has more than {stream.paging.max_pages} pages",
                where=stream.name,
                code="too_many_pages",
                fix="If that is right, raise paging.max_pages of the profile.",
            )

    def _context(self, stream: Stream, region: str, page: int, document: Document) -> dict[str, str]:
        context = {"stream": stream.name, "page": str(page), "document": document.name}
        if region:
            context["region"] = region
        if stream.completeness.total_header:
            context["total"] = document.headers.get(stream.completeness.total_header.lower(), "")
        return context

    # --- discovery and details ----------------------------------------------------------------------
    async def _discovered(
        self, stream: Stream, region: str, values: Mapping[str, str]
    ) -> AsyncIterator[Document]:
        table = stream.discovery
        if table is None:
            return
        index_address = self._address(table.path, values, stream.name)
        index = await self._session.fetch(
            index_address,
            name=f"index-{_place(stream, region)}",
            headers=self._headers,
            accept=("text/html", "application/xhtml+xml") if table.format == "html" else ("*/*",),
            bearer=self._settings.client,
        )
        raw = await asyncio.to_thread(index.path.read_bytes)
        found = addresses_in(raw, index.charset, index_address, table)
        for page, address in enumerate(found, 1):
            # Named by its address: validators of one file say nothing about the next.
            name = f"{_place(stream, region)}-{_digest(address)}"
            document = await self._fetch(stream, address, {}, name)
            yield replace(document, context=self._context(stream, region, page, document))

    async def _detail(
        self, stream: Stream, detail: Detail, region: str, key: str, values: Mapping[str, str]
    ) -> Document | None:
        """Fetch one detail; None when the portal does not have it and the profile allows that."""
        path = fill(detail.path, values)
        if not key or path is None:
            self._session.issue(
                Issue("detail_missing", "The item of the list has nothing to ask for its detail with.", key)
            )
            return None
        try:
            document = await self._fetch(
                stream,
                f"{self._base}/{path}",
                self._parameters(detail.params, values),
                f"{_place(stream, region)}-detail-{_digest(key)}",
            )
        except SourceFormatError as error:
            if error.code not in GONE or detail.missing == "fail":
                raise
            self._session.issue(
                Issue(
                    "detail_missing",
                    "The list names the item, its detail is not found; what the list says is used.",
                    key,
                    "",
                    Severity.WARNING,
                )
            )
            return None
        context = {"stream": stream.name, "detail": key, "document": document.name}
        return replace(document, context=context | ({"region": region} if region else {}))

    # --- one request --------------------------------------------------------------------------------
    async def _fetch(
        self, stream: Stream, address: str, parameters: Mapping[str, str], name: str, *, whole: bool = True
    ) -> Document:
        conditional = self._profile.conditional
        header = stream.completeness.total_header
        accept = stream.accept if stream.accept is not None else self._profile.transport.accept
        document = await self._session.fetch(
            address,
            name=name,
            params=parameters or None,
            headers=self._headers,
            accept=accept,
            validator=self._session.stored_validator(name) if conditional.validator == "body_hash" else None,
            # A total in a header comes with a full answer only, and changes are asked for anew.
            conditional=whole and conditional.validator != "none" and header is None,
            bearer=self._settings.client,
            want_headers=(header,) if header else (),
        )
        if conditional.hash is not None and (
            said := await asyncio.to_thread(_body_hash, document.path, conditional.hash)
        ):
            self._session.keep_validator(name, said)
        return document

    def _fixed_headers(self) -> dict[str, str]:
        transport, settings = self._profile.transport, self._settings
        headers = dict(transport.headers)
        if transport.accept_language:
            headers["Accept-Language"] = transport.accept_language
        secret = settings.secret.reveal() if settings.secret else ""
        match transport.auth.kind:
            case "header":
                headers[transport.auth.header] = secret
            case "bearer":
                headers["Authorization"] = f"Bearer {secret}"
            case "basic":
                user = settings.username.reveal() if settings.username else ""
                pair = base64.b64encode(f"{user}:{secret}".encode()).decode()
                headers["Authorization"] = f"Basic {pair}"
        return headers

    def _address(self, path: str, values: Mapping[str, str], where: str) -> str:
        # Parameters come from the operator and may be paths; ids of a portal may not.
        filled = fill(path, values, keep="/")
        if filled is None:
            raise SourceFormatError(f"the path '{path}' cannot be filled", where=where, code="wrong_shape")
        return f"{self._base}/{filled}" if filled else self._base

    @staticmethod
    def _parameters(table: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
        """Return the query; a parameter whose names have no value is left out."""
        filled = {name: fill(text, values, encode=False) for name, text in table.items()}
        return {name: text for name, text in filled.items() if text is not None}


def _is_cut(stream: Stream, facts: PageFacts) -> bool:
    """Tell whether a single page is as long as can be: the parser refuses it, so details are in vain."""
    return (
        stream.paging.kind == "single"
        and stream.completeness.policy == "short_page_ends"
        and facts.items >= (stream.paging.size or 0)
    )


def _read_page(path: Path, charset: str | None, stream: Any, plan: Plan) -> PageFacts:  # noqa: ANN401 - StreamPlan
    with path.open("rb") as document:
        return page_facts(document, stream, plan, charset)


def _body_hash(path: Path, name: str) -> str | None:
    """Return the hash inside a document's head, which is sent back as its validator."""
    with path.open("rb") as document:
        head = document.read(HEAD_BYTES)
    match = re.search(rb'"%s"\s{0,5}:\s{0,5}"([0-9A-Za-z]{8,128})"' % name.encode(), head)
    return match[1].decode() if match else None


def _refuse_loop(place: str, seen: set[str], stream: Stream) -> None:
    if place in seen:
        raise SourceFormatError(
            "the listing leads back to a page that was there before", where=stream.name, code="paging_loop"
        )
    seen.add(place)


def _place(stream: Stream, region: str) -> str:
    return f"{stream.name}-{region}" if region else stream.name


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def _together(coroutines: list[Coroutine[Any, Any, Document | None]]) -> list[Document | None]:
    """Run requests at the same time and return their answers in order; the first error ends the others."""
    tasks = [asyncio.ensure_future(one) for one in coroutines]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
