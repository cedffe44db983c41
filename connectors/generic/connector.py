"""Fetching a portal as its profile says: streams, regions, pages, details.

Why: this is the half of the declarative connector that talks to a portal; what a page means is decided in
:mod:`connectors.generic.paging`, what an item means in the parser. Must not know records.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from connectors.generic.asking import Requests
from connectors.generic.plan import plan_of
from connectors.generic.portal import synthetic_portal
from connectors.generic.settings import GenericSettings
from connectors.generic.walk import Walk
from syncd.sdk.connector import Completeness, ConnectorSpec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from connectors.generic.fetch_tables import Stream
    from syncd.sdk.connector import Document, FetchSession


class Generic:
    """The connector of one source."""

    def __init__(self, settings: GenericSettings) -> None:
        self._settings = settings
        self._profile = settings.chosen
        # As JSON, because that is how the parser gets it.
        options = orjson.dumps(settings.parse_options(), option=orjson.OPT_SORT_KEYS)
        self._plan = plan_of(orjson.loads(options))
        self._reading = hashlib.sha256(options).hexdigest()[:16]

    async def documents(self, session: FetchSession) -> AsyncIterator[Document]:
        """Yield the documents of all streams; the ledger's position runs through them."""
        walk = Walk.begin(self._profile.records.since, session.position, self._reading)
        requests = Requests(self._settings, self._plan, session)
        unproven = self._profile.delete.policy == "none"
        for stream in self._profile.stream:
            if stream.role == "fallback":
                continue
            unproven = unproven or stream.completeness.policy == "none"
            for region in self._settings.regions if stream.per_region else [""]:
                async for document in self._stream(requests, stream, region, walk):
                    # What nothing proves complete must not make anything go.
                    yield replace(document, framed=document.framed and not unproven)
                    # Other sources want their turn while documents come from the disk.
                    await asyncio.sleep(0)

    async def _stream(
        self, requests: Requests, stream: Stream, region: str, walk: Walk
    ) -> AsyncIterator[Document]:
        """Yield one listing, or what the profile has in its place when the portal refuses it."""
        first = True
        try:
            async for document, stamp in requests.listing(stream, region, walk):
                first = False
                yield walk.step(document, stamp)
        except Exception as error:
            if not (first and stream.fallback and requests.means_fallback(error, stream)):
                raise
        else:
            return
        fallback = self._profile.stream_named(stream.fallback or "")
        async for document, stamp in requests.listing(fallback, region, walk):
            yield walk.step(document, stamp)


SPEC = ConnectorSpec(
    name="generic",
    title="Any portal, described by a profile (JSON, NDJSON, XML, CSV, XLSX, linked data)",
    settings_type=GenericSettings,
    build=Generic,
    parser="connectors.generic.parse",
    completeness=Completeness.WHOLE_DOCUMENT,
    portal=synthetic_portal,
    keeps_ledger=True,
)
