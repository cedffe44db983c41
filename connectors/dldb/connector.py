"""Fetching a DLDB export: lookup documents first, then the services that point into them.

Why: the portal validates by the ``hash`` inside the body, not by an ETag, and services name authorities and
locations by id only. Must not know how services are parsed.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import orjson

from connectors.dldb.parse import authority_names, location_facts
from connectors.dldb.portal import synthetic_portal
from connectors.dldb.settings import DldbSettings
from syncd.sdk.connector import Completeness, ConnectorSpec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from syncd.sdk.connector import Document, FetchSession

JSON_TYPES = ("application/json", "text/json", "text/plain", "application/octet-stream")
HEAD_BYTES = 4_096
"""The envelope's own fields stand before its data."""

_HASH = re.compile(rb'"hash"\s*:\s*"([0-9A-Za-z]{8,128})"')


class Dldb:
    """The connector of one source."""

    def __init__(self, settings: DldbSettings) -> None:
        self._settings = settings

    async def documents(self, session: FetchSession) -> AsyncIterator[Document]:
        """Yield authorities and locations (no records, but a change in them matters), then services."""
        context = {"kind": "services"}
        if self._settings.fetch_authorities:
            document = await self._fetch(session, "authorities", self._settings.authorities_path)
            context["authorities"] = await self._lookup(session, document, authority_names)
            yield document
        if self._settings.fetch_locations:
            document = await self._fetch(session, "locations", self._settings.locations_path)
            context["locations"] = await self._lookup(session, document, location_facts)
            yield document
        yield await self._fetch(session, "services", self._settings.services_path, context)

    async def _fetch(
        self, session: FetchSession, name: str, path: str, context: Mapping[str, str] | None = None
    ) -> Document:
        document = await session.fetch(
            f"{self._settings.base_url}/{path}",
            name=name,
            accept=JSON_TYPES,
            validator=session.stored_validator(name),
            context=context or {"kind": name},
        )
        if body_hash := await asyncio.to_thread(_body_hash, document.path):
            session.keep_validator(name, body_hash)
        return document

    async def _lookup(
        self, session: FetchSession, document: Document, facts: Callable[[object], dict[str, Any]]
    ) -> str:
        return orjson.dumps(facts(await session.read_json(document))).decode()


def _body_hash(path: Path) -> str | None:
    """Return the envelope's hash from the head of the file, which may be large."""
    with path.open("rb") as document:
        head = document.read(HEAD_BYTES)
    match = _HASH.search(head.partition(b'"data"')[0])
    return match[1].decode() if match else None


SPEC = ConnectorSpec(
    name="dldb",
    title="Bulk export in the DLDB format (Berlin and others)",
    settings_type=DldbSettings,
    build=Dldb,
    parser="connectors.dldb.parse",
    completeness=Completeness.DECLARED_TOTAL,
    portal=synthetic_portal,
)
