"""Walking the portal's lists of ids, then fetching the objects of some offices one by one.

Why: it is the only place where XZuFi can be had without an agreement, but every object costs a request and
the lists hold those of all of Germany. So the ids are collected first, bounded, and fetched only then. Must
not know what an object says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.fim_xzufi.portal import synthetic_portal
from connectors.fim_xzufi.settings import FimXzufiSettings
from syncd.sdk.connector import Completeness, ConnectorSpec
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.records import Issue
from syncd.sdk.text import exact_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from syncd.sdk.connector import Document, FetchSession

JSON_TYPES = ("application/json",)
XML_TYPES = ("application/xml", "text/xml")
TEXTS = "leistung-stammtexte"
NOT_FOUND = "http_404"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One object: its list, and the parts of its address behind it."""

    kind: str
    parts: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of its document."""
        return "/".join((self.kind, *self.parts))


class FimXzufi:
    """The connector of one source."""

    def __init__(self, settings: FimXzufiSettings) -> None:
        self._settings = settings

    async def documents(self, session: FetchSession) -> AsyncIterator[Document]:
        """Yield the texts of all offices, then their other objects, each as one document."""
        wanted: dict[Wanted, None] = {}
        for office in self._settings.offices:
            wanted.update(dict.fromkeys(await self._texts(session, office)))
        if not wanted:
            raise SourceFormatError(
                "none of the offices has a service text",
                where=", ".join(self._settings.offices),
                code="empty_listing",
                fix="Check 'offices' and 'text_source'.",
            )
        for kind in self._settings.objects:
            wanted.update(dict.fromkeys(await self._others(session, kind)))
        if len(wanted) > self._settings.object_limit:
            raise SourceFormatError(
                f"the offices have {len(wanted)} objects; 'object_limit' is {self._settings.object_limit}",
                code="too_many_items",
                fix="Name fewer offices or kinds, or raise 'object_limit' and limits.max_documents.",
            )
        missing = 0
        for one in wanted:
            document = await self._object(session, one, may_miss=missing < self._settings.missing_objects)
            if document is None:
                missing += 1
            else:
                yield document

    async def _texts(self, session: FetchSession, office: str) -> list[Wanted]:
        """Return the texts of an office; a list that moves meanwhile is told to the session."""
        found: list[Wanted] = []
        offset, total = 0, -1
        for number in range(self._settings.page_limit):
            params = {
                "redaktion_id": office,
                "source": self._settings.text_source,
                "order_by": "erstellt_datum_zeit_asc",
                "offset": str(offset),
                "limit": str(self._settings.page_size),
            }
            items, body = await self._page(session, TEXTS, f"{TEXTS}-{office}-{number:04d}", params)
            said = body.get("total_count")
            if not isinstance(said, int) or isinstance(said, bool):
                raise _no_page(TEXTS, "total_count")
            if total not in {-1, said} or (not items and said > offset):
                session.incomplete(f"the list of texts of {office} changed while it was read")
                return found
            total = said
            found += [one for item in items if (one := _text(item, office, self._settings.text_source))]
            offset += len(items)
            if offset >= total:
                return found
        raise _too_long(TEXTS, self._settings.page_limit)

    async def _others(self, session: FetchSession, kind: str) -> list[Wanted]:
        """Return the objects of a kind that belong to the offices; walks by cursor until there is none."""
        found: list[Wanted] = []
        cursor: int | None = None
        seen: set[int] = set()
        for number in range(self._settings.page_limit):
            params = {"limit": str(self._settings.page_size)}
            if cursor is not None:
                params["cursor"] = str(cursor)
            items, body = await self._page(session, kind, f"{kind}-{number:05d}", params)
            found += [one for item in items if (one := _other(item, kind, self._settings.offices))]
            cursor = body.get("next_cursor")
            if cursor is None:
                return found
            if not isinstance(cursor, int) or isinstance(cursor, bool) or cursor in seen:
                raise SourceFormatError(
                    f"the cursor {str(cursor)[:40]!r} leads nowhere new",
                    where=kind,
                    code="paging_loop",
                    fix="Nothing of this list is used; tell the portal's operator.",
                )
            seen.add(cursor)
        raise _too_long(kind, self._settings.page_limit)

    async def _page(
        self, session: FetchSession, kind: str, name: str, params: dict[str, str]
    ) -> tuple[list[Any], dict[str, Any]]:
        document = await session.fetch(
            self._settings.url(kind), name=name, params=params, accept=JSON_TYPES, conditional=False
        )
        body = await session.read_json(document)
        if not isinstance(body, dict) or not isinstance(body.get("items"), list):
            raise _no_page(kind, "items")
        return body["items"], body

    async def _object(self, session: FetchSession, one: Wanted, *, may_miss: bool) -> Document | None:
        """Fetch one object; None when it is listed and not found, and that is allowed."""
        try:
            return await session.fetch(
                self._settings.url(one.kind, *one.parts, "xzufi"), name=one.name, accept=XML_TYPES
            )
        except SourceFormatError as error:
            if error.code != NOT_FOUND or not may_miss:
                raise
        session.issue(
            Issue("detail_missing", "The object is listed and not found; it counts as gone.", one.name)
        )
        return None


def _text(item: object, office: str, source: str) -> Wanted | None:
    if not isinstance(item, dict) or item.get("redaktion_id") != office:
        return None
    text_id = exact_id(item.get("leistung_id"))
    return Wanted(TEXTS, (office, text_id, source)) if text_id else None


def _other(item: object, kind: str, offices: tuple[str, ...]) -> Wanted | None:
    if not isinstance(item, dict) or item.get("redaktion_id") not in offices:
        return None
    object_id = exact_id(item.get("id"))
    return Wanted(kind, (str(item["redaktion_id"]), object_id)) if object_id else None


def _no_page(kind: str, field: str) -> SourceFormatError:
    return SourceFormatError(
        f"the page has no '{field}'",
        where=kind,
        fix="Check 'api_prefix': another version of the interface may answer there.",
    )


def _too_long(kind: str, limit: int) -> SourceFormatError:
    return SourceFormatError(
        f"the list has more than {limit} pages",
        where=kind,
        code="too_many_pages",
        fix="Raise 'page_limit', or leave this kind out of 'objects'.",
    )


SPEC = ConnectorSpec(
    name="fim_xzufi",
    title="FIM portal: XZuFi objects of single editorial offices",
    settings_type=FimXzufiSettings,
    build=FimXzufi,
    parser="connectors.fim_xzufi.parse",
    completeness=Completeness.WHOLE_DOCUMENT,
    portal=synthetic_portal,
)
