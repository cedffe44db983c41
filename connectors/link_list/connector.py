"""Fetching a link list: one document, nothing to page through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.link_list.portal import synthetic_portal
from connectors.link_list.settings import LinkListSettings
from syncd.sdk.connector import Completeness, ConnectorSpec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from syncd.sdk.connector import Document, FetchSession

# What web servers say of a file that ends in .csv, from correct to careless.
CSV_TYPES = (
    "text/csv",
    "application/csv",
    "text/comma-separated-values",
    "text/tab-separated-values",
    "application/vnd.ms-excel",
    "text/plain",
    "application/octet-stream",
)


class LinkList:
    """The connector of one source."""

    def __init__(self, settings: LinkListSettings) -> None:
        self._settings = settings

    async def documents(self, session: FetchSession) -> AsyncIterator[Document]:
        """Yield the list."""
        yield await session.fetch(
            f"{self._settings.base_url}/{self._settings.path}",
            name="list",
            accept=CSV_TYPES,
        )


SPEC = ConnectorSpec(
    name="link_list",
    title="List of links in CSV: authority, service key, address",
    settings_type=LinkListSettings,
    build=LinkList,
    parser="connectors.link_list.parse",
    completeness=Completeness.WHOLE_DOCUMENT,
    portal=synthetic_portal,
)
