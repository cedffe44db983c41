"""Paging through the PVOG Suchdienst: one catalogue per region, optionally one detail document per service.

Why: the catalogue of a region is one document and so provably complete; details are richer but one request
each. Must not know how documents are parsed.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.pvog_suchdienst.parse import service_ids
from connectors.pvog_suchdienst.portal import synthetic_portal
from connectors.pvog_suchdienst.settings import SuchdienstSettings
from syncd.sdk.connector import Completeness, ConnectorSpec
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.records import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from syncd.sdk.connector import Document, FetchSession

BUND = "000000000000"
CLIENT_ID_HEADER = "pvog-sud-api-client-id"
CSV_TYPES = ("text/csv", "application/csv", "text/plain", "application/octet-stream")
JSON_TYPES = ("application/json", "text/json", "text/plain", "application/octet-stream")
NOT_FOUND = "http_404"


class Suchdienst:
    """The connector of one source."""

    def __init__(self, settings: SuchdienstSettings) -> None:
        self._settings = settings

    async def documents(self, session: FetchSession) -> AsyncIterator[Document]:
        """Yield each region's catalogue, with ``detail`` after the details of its services."""
        for region in self._settings.regions:
            if self._settings.check_locations and region != BUND:
                await self._check_region(session, region)
            catalogue = await session.fetch(
                self._url(self._settings.catalogue_version, "servicedescriptions/csv"),
                name=f"catalogue-{region}",
                params={"ars": region},
                headers=self._headers(),
                accept=CSV_TYPES,
                context={"kind": "csv", "ars": region},
            )
            if not self._settings.detail:
                yield catalogue
                continue
            async for document in self._details(session, region, catalogue):
                yield document

    async def _check_region(self, session: FetchSession, region: str) -> None:
        """Report a region the place search does not know; 404 is its way of saying "no hit"."""
        try:
            document = await session.fetch(
                self._url(self._settings.locations_version, "locations"),
                name=f"locations-{region}",
                params={"q": region},
                headers=self._headers(),
                accept=JSON_TYPES,
                context={"kind": "locations", "ars": region},
            )
        except SourceFormatError as error:
            if error.code != NOT_FOUND:
                raise
            places = []
        else:
            places = await session.read_json(document)
        if not isinstance(places, list):
            raise SourceFormatError(f"the place search must answer a list, not {type(places).__name__}")
        if not any(isinstance(place, dict) and place.get("ars") == region for place in places):
            session.issue(
                Issue(
                    "unknown_region",
                    "The place search of the portal does not know this region.",
                    f"settings.regions {region}",
                    region,
                    Severity.WARNING,
                    "Check the ARS; after a territorial reform the portal may use the new one.",
                )
            )

    async def _details(
        self, session: FetchSession, region: str, catalogue: Document
    ) -> AsyncIterator[Document]:
        """Yield the details, then the catalogue for the services that have none."""
        # A catalogue of a Land has thousands of lines: not on the event loop.
        ids = (await asyncio.to_thread(_read_ids, catalogue.path))[: self._settings.detail_limit]
        fetched = []
        for service_id in ids:
            document = await self._detail(session, region, service_id)
            if document is not None:
                fetched.append(service_id)
                yield document
        if ids and not fetched:
            raise SourceFormatError(
                f"none of {len(ids)} services of the catalogue has a detail document",
                where=f"region {region}",
                fix="Check 'detail_version': the portal may have moved the resource.",
            )
        yield replace(catalogue, context={**catalogue.context, "without": " ".join(fetched)})

    async def _detail(self, session: FetchSession, region: str, service_id: str) -> Document | None:
        """Fetch one detail; None when the service vanished between catalogue and detail."""
        try:
            return await session.fetch(
                self._url(self._settings.detail_version, f"servicedescriptions/{region}/detail"),
                name=f"detail-{region}-{service_id}",
                params={"q": service_id},
                headers=self._headers(),
                accept=JSON_TYPES,
                context={"kind": "detail", "ars": region, "id": service_id},
            )
        except SourceFormatError as error:
            if error.code != NOT_FOUND:
                raise
        session.issue(
            Issue(
                "detail_missing",
                "The catalogue lists the service, its detail is not found; the catalogue's rows are used.",
                service_id,
            )
        )
        return None

    def _url(self, version: str, resource: str) -> str:
        return f"{self._settings.base_url}/{version}/{resource}"

    def _headers(self) -> dict[str, str]:
        secret = self._settings.client_id
        return {CLIENT_ID_HEADER: secret.reveal()} if secret else {}


def _read_ids(path: Path) -> tuple[str, ...]:
    with path.open("rb") as document:
        return service_ids(document)


SPEC = ConnectorSpec(
    name="pvog_suchdienst",
    title="PVOG Suchdienst (FITKO): catalogue per region, service details",
    settings_type=SuchdienstSettings,
    build=Suchdienst,
    parser="connectors.pvog_suchdienst.parse",
    completeness=Completeness.WHOLE_DOCUMENT,
    portal=synthetic_portal,
)
