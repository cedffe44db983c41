"""Walking the lists of the FIM portal: what has changed since last time, and now and then everything.

Why: paging by offset shifts while the portal changes, and nothing says what was deleted. A walk counts only
when its totals agree from the first page to the last; a full one is repeated until a run with it was
accepted. Must not know what items mean beyond their stamp.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from connectors.fim_portal.parse import change_of
from connectors.fim_portal.portal import synthetic_portal
from connectors.fim_portal.position import Position, fingerprint, read_position
from connectors.fim_portal.settings import FimPortalSettings, span
from syncd.sdk.connector import Completeness, ConnectorSpec
from syncd.sdk.errors import SourceFormatError, SourceUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from datetime import timedelta

    from syncd.sdk.connector import Document, FetchSession

JSON_TYPES = ("application/json",)
WALKS = 3
"""How often a list is walked within one run before it is left for the next one."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One list of the portal: its path, the order that keeps its pages stable, and the filter."""

    kind: str
    name: str
    path: str
    order: str
    source: str = ""


def _listings(settings: FimPortalSettings) -> Iterator[Listing]:
    if settings.profiles:
        # The portal's own order is newest first, which moves every page when something is added.
        yield Listing("profiles", "profiles", "leistung-steckbriefe", "leistungsschluessel_asc")
    for source in settings.texts:
        yield Listing("texts", f"texts-{source}", "leistung-stammtexte", "erstellt_datum_zeit_asc", source)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class FimPortal:
    """The connector of one source. ``clock`` says when the next full walk is due."""

    def __init__(self, settings: FimPortalSettings, clock: Callable[[], datetime] = _utc_now) -> None:
        self._settings = settings
        self._clock = clock
        self._listings = tuple(_listings(settings))

    async def documents(self, session: FetchSession) -> AsyncIterator[Document]:
        """Yield the pages of all lists, each with the positions before and after it."""
        before = read_position(session.position)
        now = self._clock()
        accepted = session.stored_validator(self._first_name) or ""
        full = before is None or self._must_walk(before, now, accepted)
        since = None if full or before is None else before.since
        walks = [await self._walk(session, listing, since) for listing in self._listings]
        seen = min(max((w.changed for w in walks if w.changed), default=now), now)
        tail = fingerprint(*(digest for walk in walks for digest in sorted(walk.digests)))
        if full or before is None:
            after = Position(seen if any(w.changed for w in walks) else None, now)
        else:
            after = before.moved(seen if any(w.changed for w in walks) else None, tail)
            if tail == before.tail and accepted == _mark(before):
                session.keep_validator(self._first_name, accepted)
                session.nothing_new()
                return
        session.keep_validator(self._first_name, _mark(after))
        pages = [(walk.listing, page) for walk in walks for page in walk.pages]
        # Everything afresh begins where nothing was read: that empties the ledger.
        here = "" if full else session.position
        for number, (listing, page) in enumerate(pages, 1):
            there = after.write() if number == len(pages) else f"{after.write()} after {number}"
            context = {"kind": listing.kind, "position_from": here, "position_to": there}
            yield replace(page, context=context)
            here = there

    @property
    def _first_name(self) -> str:
        return _page_name(self._listings[0], 0, 0)

    def _must_walk(self, before: Position, now: datetime, accepted: str) -> bool:
        """Tell whether everything has to be read: it is due, or the last full walk was never accepted."""
        age = now - before.walked_at
        return (
            before.since is None
            or not accepted.startswith(f"{before.walk} ")
            or not 0 <= age.total_seconds() < span(self._settings.full_walk_every).total_seconds()
        )

    async def _walk(self, session: FetchSession, listing: Listing, since: datetime | None) -> Walk:
        """Return a walk over one list whose totals agree; raises SourceUnavailable when none does."""
        why = ""
        for attempt in range(WALKS):
            walk = Walk(self._settings, session, listing, since, attempt)
            why = await walk.go(span(self._settings.overlap))
            if not why:
                return walk
        raise SourceUnavailable(
            f"the list was read {WALKS} times and changed each time: {why}",
            where=f"{session.source_id}/{listing.name}",
            code="listing_moved",
            fix="Nothing to do: the next run tries again. If it stays, the portal counts wrongly.",
        )


class Walk:
    """One walk over all pages of one list: pages, fingerprints of the items and the latest change."""

    def __init__(
        self,
        settings: FimPortalSettings,
        session: FetchSession,
        listing: Listing,
        since: datetime | None,
        attempt: int,
    ) -> None:
        self.listing = listing
        self.pages: list[Document] = []
        self.digests: set[str] = set()
        self.changed: datetime | None = None
        self._settings = settings
        self._session = session
        self._since = since
        self._attempt = attempt
        self._twice = 0
        self._items = 0
        self._total: int | None = None

    async def go(self, overlap: timedelta) -> str:
        """Fetch all pages; returns why they do not fit together, or an empty text."""
        since = None if self._since is None else self._since - overlap
        while self._total is None or self._items < self._total:
            offset = self._items
            document = await self._fetch(offset, since)
            items, total = self._read(await self._session.read_json(document), offset)
            if self._total is not None and total != self._total:
                return f"{self._total} items at first, {total} at offset {offset}"
            if not items and total > offset:
                return f"{total} items are announced, the page at offset {offset} is empty"
            self._total = total
            self.pages.append(document)
            self._note(items)
        if self._items > self._total:
            return f"{self._total} items are announced, {self._items} came"
        return f"{self._twice} items stand on two pages" if self._twice else ""

    async def _fetch(self, offset: int, since: datetime | None) -> Document:
        number = len(self.pages)
        if number >= self._settings.page_limit:
            raise SourceFormatError(
                f"the list has more than {self._settings.page_limit} pages",
                where=self.listing.name,
                code="too_many_pages",
                fix="If the portal has grown for good reason, raise 'page_limit'.",
            )
        params = {
            "order_by": self.listing.order,
            "offset": str(offset),
            "limit": str(self._settings.page_size),
        }
        if self.listing.source:
            params["source"] = self.listing.source
        if since is not None:
            # Without a zone, as in the portal's own example; the overlap is wider than any zone.
            params["updated_since"] = since.replace(tzinfo=None, microsecond=0).isoformat()
        return await self._session.fetch(
            self._settings.url(self.listing.path),
            name=_page_name(self.listing, number, self._attempt),
            params=params,
            accept=JSON_TYPES,
            # The same name stands for another question every time, so no validator of it means anything.
            conditional=False,
        )

    def _read(self, body: Any, offset: int) -> tuple[list[Any], int]:  # noqa: ANN401 - JSON is what it is
        items, total = (
            (body.get("items"), body.get("total_count")) if isinstance(body, dict) else (None, None)
        )
        where = f"{self.listing.name} offset {offset}"
        if not isinstance(items, list) or not isinstance(total, int) or isinstance(total, bool) or total < 0:
            raise SourceFormatError(
                "the page has no 'items' and 'total_count'",
                where=where,
                fix="Check 'api_prefix': another version of the interface may answer there.",
            )
        said = body.get("offset", offset)
        if said != offset:
            raise SourceFormatError(
                f"the portal does not turn the pages: it says that this is offset {said!r}"[:200],
                where=where,
                code="page_ignored",
                fix="Compare the parameters with the portal's documentation; it may have renamed 'offset'.",
            )
        return items, total

    def _note(self, items: list[Any]) -> None:
        self._items += len(items)
        digests = {fingerprint(orjson.dumps(item, option=orjson.OPT_SORT_KEYS).decode()) for item in items}
        self._twice += len(digests & self.digests)
        self.digests |= digests
        for changed in map(change_of, items):
            if changed is not None and (self.changed is None or changed > self.changed):
                self.changed = changed


def _page_name(listing: Listing, number: int, attempt: int) -> str:
    again = f"-again-{attempt}" if attempt else ""
    return f"{listing.name}{again}-{number:04d}"


def _mark(position: Position) -> str:
    """Return what is kept when a run is accepted: its full walk and exactly where it ended."""
    return f"{position.walk} {fingerprint(position.write())}"


SPEC = ConnectorSpec(
    name="fim_portal",
    title="FIM portal: service profiles and texts for the service register",
    settings_type=FimPortalSettings,
    build=FimPortal,
    parser="connectors.fim_portal.parse",
    completeness=Completeness.WHOLE_DOCUMENT,
    portal=synthetic_portal,
    keeps_ledger=True,
    feeds_register=True,
)
