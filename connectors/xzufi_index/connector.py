"""Reading an index and every document it lists, or nothing at all.

Why: an index is a whole snapshot; what it does not list is gone. So an empty index, a name that is none, a
document that is missing or broken stops the run, and the last good data stays. Must not know how documents
are parsed.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from connectors.xzufi_index.portal import synthetic_portal
from connectors.xzufi_index.settings import IndexSettings
from syncd.sdk.connector import Completeness, ConnectorSpec
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.records import Issue, Severity
from syncd.sdk.text import decode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from syncd.sdk.connector import Document, FetchSession

TEXT_TYPES = ("text/plain", "application/octet-stream")
XML_TYPES = ("application/xml", "text/xml", "text/plain", "application/octet-stream")
INDEX_LIMIT = 16 * 1024 * 1024
"""Bytes of one index."""
NAME_LIMIT = 200

_WHITE = " \t\r\n"


class Index:
    """The connector of one source."""

    def __init__(self, settings: IndexSettings) -> None:
        self._settings = settings
        self._name = re.compile(settings.name_pattern)

    async def documents(self, session: FetchSession) -> AsyncIterator[Document]:
        """Yield every listed document in the order of the indexes.

        Raises SourceFormatError for an index that is empty (``index_empty``) or has a line that is no name
        (``index_bad_name``), and what the session raises for a document that cannot be had.
        """
        addresses: dict[str, str] = {}
        for path in self._settings.indexes:
            folder = path.rpartition("/")[0]
            for name in await self._names(session, path):
                address = f"{folder}/{name}" if folder else name
                if addresses.setdefault(address, path) != path:
                    session.issue(_listed_twice(address))
        if len(addresses) < self._settings.minimum_documents:
            raise SourceFormatError(
                f"the indexes list {len(addresses)} documents, at least {self._settings.minimum_documents}"
                " are expected",
                where=", ".join(self._settings.indexes),
                code="index_empty",
                fix="Wait for the next export, or correct 'minimum_documents'.",
            )
        for address in addresses:
            yield await session.fetch(
                f"{self._settings.base_url}/{address}", name=f"document-{address}", accept=XML_TYPES
            )

    async def _names(self, session: FetchSession, path: str) -> list[str]:
        """Return the names an index lists, each once."""
        index = await session.fetch(
            f"{self._settings.base_url}/{path}", name=f"index-{path}", accept=TEXT_TYPES
        )
        if index.size > INDEX_LIMIT:
            raise SourceFormatError(f"an index of {index.size} bytes; {INDEX_LIMIT} are allowed", where=path)
        text = decode(await asyncio.to_thread(index.path.read_bytes))
        names: dict[str, int] = {}
        for number, line in enumerate(text.split("\n"), 1):
            name = line.strip(_WHITE)
            if not name:
                continue
            if len(name) > NAME_LIMIT or not self._name.fullmatch(name) or ".." in name.split("/"):
                raise SourceFormatError(
                    f"{name[:80]!r} is not the name of a document",
                    where=f"{path}: line {number}",
                    code="index_bad_name",
                    fix="Look at the index: it may be cut off or another document. Names are described by"
                    " the setting 'name_pattern'.",
                )
            if names.setdefault(name, number) != number:
                session.issue(_listed_twice(name))
        if not names:
            raise SourceFormatError(
                "the index is empty",
                where=path,
                code="index_empty",
                fix="Wait for the next export; an empty index never means that everything is gone.",
            )
        return list(names)


def _listed_twice(name: str) -> Issue:
    return Issue(
        "document_listed_twice",
        "A document is listed more than once; it is read once.",
        name,
        severity=Severity.NOTE,
        fix="Have the editorial system list each document once.",
    )


SPEC = ConnectorSpec(
    name="xzufi_index",
    title="XZuFi documents by an index (as for the PVOG Sammlerdienst)",
    settings_type=IndexSettings,
    build=Index,
    parser="connectors.xzufi_index.parse",
    completeness=Completeness.WHOLE_DOCUMENT,
    portal=synthetic_portal,
)
