"""Reading a list of the Infodienste page by page, and judging whether all of it came.

Why: totals come in a header, in the body or not at all, and may be wrong both ways; the documentation forbids
``offset`` 0 although clients send it; a portal that ignores ``offset`` repeats its first page for ever. Must
not know what the objects mean.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson

from connectors.infodienste.envelope import Hits, read_hits, whole
from connectors.infodienste.markup import hits_of_xml
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.records import Issue, Severity
from syncd.sdk.text import exact_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from connectors.infodienste.settings import InfodiensteSettings
    from syncd.sdk.connector import Document, FetchSession

TOTAL_HEADER = "total-item-count"
JSON_TYPES = ("application/json", "text/json")
XML_TYPES = ("application/xml", "text/xml")
PAGES = 1_000
"""Pages of one list; the largest one seen had 24 at 100 hits each."""

_END = frozenset({"http_400", "http_404", "http_416"})


@dataclass(slots=True)
class Listing:
    """One list to be read: ``where`` it is and how it is named in messages and in kept documents.

    ``proven`` after reading: the portal's own number was met (or an empty page came, where that counts).
    """

    name: str
    url: str
    query: Sequence[tuple[str, str]]
    context: Mapping[str, str]
    proven: bool = False
    distinct: set[bytes] = field(default_factory=set)
    received: int = 0
    anonymous: bool = False
    """Some of its objects have no id, so that two alike may be two."""
    total: int | None = None


@dataclass(slots=True)
class Pager:
    """Pages through lists of one source with the headers every request needs."""

    session: FetchSession
    settings: InfodiensteSettings
    headers: Mapping[str, str]

    @property
    def accept(self) -> tuple[str, ...]:
        """Media types of answers, by the form that is asked for."""
        return XML_TYPES if self.settings.format == "xml" else JSON_TYPES

    async def pages(self, listing: Listing) -> AsyncIterator[tuple[Document, Hits]]:
        """Yield the pages of a list with their hits, and say in ``listing`` what they prove."""
        before: set[bytes] = set()
        for _ in range(PAGES):
            try:
                document, hits = await self._page(listing)
            except SourceFormatError as error:
                if error.code in _END and listing.received and listing.received == listing.total:
                    # Asked beyond the announced end, only to see that nothing is there.
                    break
                raise
            if not hits.objects:
                if not listing.received:
                    yield document, hits
                break
            keys = {_identity(one) for one in hits.objects}
            if keys == before:
                if len(listing.distinct) == listing.total:
                    break
                raise _repeated(listing)
            before = keys
            listing.distinct |= keys
            listing.anonymous |= any(exact_id(one.get("id")) is None for one in hits.objects)
            listing.received += len(hits.objects)
            yield document, hits
            if self._is_last(listing, len(hits.objects)):
                break
        else:
            raise SourceFormatError(
                f"the list has more than {PAGES} pages",
                where=listing.name,
                code="too_many_documents",
                fix="Check whether the portal obeys 'offset'; if it does, raise 'page_size'.",
            )
        self._judge(listing)

    def _is_last(self, listing: Listing, hits: int) -> bool:
        """Tell whether a short page met the total; where totals prove nothing, an empty page is the end."""
        if self.settings.completeness == "until_empty" or listing.total is None:
            return False
        return hits < self.settings.page_size and listing.received >= listing.total

    async def _page(self, listing: Listing) -> tuple[Document, Hits]:
        query = [*listing.query, ("limit", str(self.settings.page_size))]
        if listing.received:
            # Left out on the first page: the documentation demands a value above 0.
            query.append(("offset", str(listing.received)))
        document = await self.session.fetch(
            f"{listing.url}?{urlencode(query)}",
            name=f"{listing.name}-{listing.received}",
            headers=self.headers,
            accept=self.accept,
            context=listing.context,
            # An answer "not modified" would have no total.
            conditional=False,
            want_headers=(TOTAL_HEADER,),
        )
        if self.settings.format == "xml":
            body: object = await asyncio.to_thread(_read_xml, document.path)
        else:
            body = await self.session.read_json(document)
        hits = read_hits(body, listing.name)
        stated = whole(document.headers.get(TOTAL_HEADER))
        total = stated if stated is not None else hits.total
        if total is None and hits.count is not None and hits.count > len(hits.objects):
            # Where 'count' is all there is, it counts the hits and not those of this page.
            total = hits.count
        if listing.total is None:
            listing.total = total
        elif total not in {None, listing.total} and self.settings.completeness != "until_empty":
            self.session.incomplete(
                f"{listing.name} announced {listing.total} hits on one page and {total} on another:"
                " the data changed while it was read"
            )
        return document, hits

    def _judge(self, listing: Listing) -> None:
        count = len(listing.distinct)
        if self.settings.completeness == "until_empty" or count == listing.total:
            listing.proven = True
        elif listing.anonymous and listing.received == listing.total:
            # Two competences that read alike, not one that came twice: none is missing.
            listing.proven = True
        elif listing.total is None:
            self._report(
                listing,
                "The portal announced no number of hits for this list.",
                "",
                code="total_absent",
            )
        elif count < listing.total:
            self.session.incomplete(f"{listing.name} announced {listing.total} hits, {count} different came")
        elif count > listing.total:
            message = "More hits came than the portal announced; its number proves nothing."
            self._report(listing, message, f"{listing.total} announced, {count} came", code="total_wrong")

    def _report(self, listing: Listing, message: str, value: str, *, code: str) -> None:
        fix = "Absent records stay. If the portal is like that, set completeness = 'until_empty'."
        self.session.issue(Issue(code, message, listing.name, value, Severity.WARNING, fix))


def _read_xml(path: Path) -> object:
    with path.open("rb") as document:
        return hits_of_xml(document)


def _identity(found: dict[str, Any]) -> bytes:
    """Return what tells an object from the others of its list; competences have no ids."""
    key = exact_id(found.get("id"))
    if key:
        return key.encode(errors="replace")
    # The hash and not the object: all of a list are kept until its end.
    return hashlib.blake2b(orjson.dumps(found, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def _repeated(listing: Listing) -> SourceFormatError:
    return SourceFormatError(
        f"the page after {listing.received} hits is the same as the one before: the portal ignores 'offset'",
        where=listing.name,
        code="page_ignored",
        fix="Raise 'page_size' so that one page is enough, and tell the portal's operator.",
    )
