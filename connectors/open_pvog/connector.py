"""Fetching Open-PVOG: per region the CSV export, or its JSON pages where the export is not to be had.

Why: the export refuses some media types (406) and large regions (413), and the pages announce their number
in a place that has moved. What proves a listing complete is decided here. Must not know what a row means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.open_pvog.parse import pointed
from connectors.open_pvog.portal import synthetic_portal
from connectors.open_pvog.settings import OpenPvogSettings
from syncd.sdk.connector import Completeness, ConnectorSpec
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.records import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from syncd.sdk.connector import Document, FetchSession

# Nothing else may stand beside it: the export answers 406 for text/csv.
CSV_TYPES = ("application/octet-stream",)
JSON_TYPES = ("application/json",)
TOTAL_PAGES = ("/page/totalPages", "/totalPages")
TOTAL_ROWS = ("/page/totalElements", "/totalElements")
PAGE_NUMBER = ("/page/number", "/number")

_NO_EXPORT = {
    "http_406": "the portal does not give it in this form (406)",
    "http_413": "the region is too large for it (413)",
    "too_large": "it is larger than a document may be",
    "unexpected_content_type": "something else than a table came",
}


class OpenPvog:
    """The connector of one source."""

    def __init__(self, settings: OpenPvogSettings) -> None:
        self._settings = settings

    async def documents(self, session: FetchSession) -> AsyncIterator[Document]:
        """Yield each region's export, or all of its pages."""
        for region in self._settings.regions:
            export = await self._export(session, region)
            if export is not None:
                yield export
                continue
            async for page in _Walk(self._settings, session, region).pages():
                yield page

    async def _export(self, session: FetchSession, region: str) -> Document | None:
        """Fetch the export of a region; None when the pages have to be read instead."""
        if self._settings.transport == "pages":
            return None
        try:
            return await session.fetch(
                self._settings.export_url(region),
                name=f"export-{region}",
                params={"filetype": "csv", **_filter(self._settings)},
                accept=CSV_TYPES,
                context={"kind": "csv", "ars": region},
            )
        except SourceFormatError as error:
            if error.code not in _NO_EXPORT or self._settings.transport == "csv":
                raise
            session.issue(
                Issue(
                    "export_not_available",
                    f"The export is not to be had: {_NO_EXPORT[error.code]}. The pages are read instead.",
                    f"region {region}",
                    severity=Severity.NOTE,
                    fix="Nothing to do; 'transport = \"pages\"' saves the first request.",
                )
            )
            return None


def _filter(settings: OpenPvogSettings) -> dict[str, str]:
    # A municipality's own figure must not hold what Bund and Land offer.
    return {"includeAbove": "false", "includeBelow": "true" if settings.include_below else "false"}


@dataclass(slots=True)
class _Walk:
    """One walk over the JSON pages of a region, with the proof that they are all."""

    settings: OpenPvogSettings
    session: FetchSession
    region: str
    rows: int = 0
    pages_announced: int = 0
    rows_announced: int | None = None
    last_content: str = ""
    moved: bool = False

    async def pages(self) -> AsyncIterator[Document]:
        """Yield the pages; what speaks against their completeness is told to the session."""
        number, done = 0, False
        while not done:
            document = await self._fetch(number)
            body = await self.session.read_json(document)
            content = pointed(body, self.settings.content_pointer)
            if not isinstance(content, list):
                raise SourceFormatError(
                    f"the page has no list at {self.settings.content_pointer}",
                    where=self._where(number),
                    fix="Set 'content_pointer' to where the rows stand.",
                )
            self._look_at(number, body, document, len(content))
            yield document
            number += 1
            # An empty page is the end, whatever is announced behind it.
            done = not content or number >= self.pages_announced
        await self._prove(number)

    async def _fetch(self, number: int) -> Document:
        if number >= self.settings.page_limit:
            raise SourceFormatError(
                f"the region has more than {self.settings.page_limit} pages",
                where=self._where(number),
                code="too_many_pages",
                fix="Ask for smaller regions, or raise 'page_limit' or 'page_size'.",
            )
        return await self.session.fetch(
            self.settings.page_url(self.region),
            name=f"page-{self.region}-{number:05d}",
            params={
                "order": "asc",
                "page": str(number),
                "size": str(self.settings.page_size),
                **_filter(self.settings),
            },
            accept=JSON_TYPES,
            context={"kind": "page", "ars": self.region},
        )

    def _look_at(self, number: int, body: Any, document: Document, rows: int) -> None:  # noqa: ANN401 - JSON
        """Hold a page against what it and the pages before it announce."""
        said = _number(body, PAGE_NUMBER)
        if said is not None and said != number:
            raise _ignored(self._where(number), f"it says that it is page {said}")
        if rows and document.sha256 == self.last_content:
            raise _ignored(self._where(number), "it is the page before once more")
        self.last_content = document.sha256
        pages = _number(body, _places(self.settings.total_pages_pointer, TOTAL_PAGES))
        total = _number(body, _places(self.settings.total_rows_pointer, TOTAL_ROWS))
        if pages is None:
            raise SourceFormatError(
                "the page does not say how many pages there are",
                where=self._where(number),
                fix="Set 'total_pages_pointer' to where the number stands.",
            )
        if number and not self.moved and (pages, total) != (self.pages_announced, self.rows_announced):
            self.moved = True
            self.session.incomplete(
                f"region {self.region} changed while it was read: {self._announced()} at first, "
                f"{_announced(pages, total)} on page {number}"
            )
        if not rows and number < pages:
            self.session.incomplete(f"page {number} of {pages} of region {self.region} is empty")
        # The longest promise counts: a walk that ends early would take a part for the whole.
        self.pages_announced = max(self.pages_announced, pages)
        self.rows_announced = total
        self.rows += rows

    async def _prove(self, number: int) -> None:
        if self.rows_announced is not None:
            if self.rows != self.rows_announced:
                self.session.incomplete(
                    f"region {self.region} announces {self.rows_announced} rows, {self.rows} arrived"
                )
            return
        # Without a total only an empty page behind the last one shows that it was the last.
        document = await self._fetch(number)
        content = pointed(await self.session.read_json(document), self.settings.content_pointer)
        if content != []:
            self.session.incomplete(
                f"region {self.region} announces {self.pages_announced} pages and has more behind them"
            )

    def _announced(self) -> str:
        return _announced(self.pages_announced, self.rows_announced)

    def _where(self, number: int) -> str:
        return f"region {self.region} page {number}"


def _places(configured: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    return (configured,) if configured else known


def _number(body: object, pointers: tuple[str, ...]) -> int | None:
    for pointer in pointers:
        value = pointed(body, pointer)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return None


def _announced(pages: int, rows: int | None) -> str:
    return f"{pages} pages" if rows is None else f"{pages} pages with {rows} rows"


def _ignored(where: str, why: str) -> SourceFormatError:
    return SourceFormatError(
        f"the portal does not turn the pages: {why}",
        where=where,
        code="page_ignored",
        fix="Compare the parameters with the portal's documentation; it may have renamed 'page'.",
    )


SPEC = ConnectorSpec(
    name="open_pvog",
    title="Open-PVOG: data hub of the Dashboard Digitale Verwaltung, per region",
    settings_type=OpenPvogSettings,
    build=OpenPvog,
    parser="connectors.open_pvog.parse",
    completeness=Completeness.WHOLE_DOCUMENT,
    is_yardstick=True,
    portal=synthetic_portal,
)
