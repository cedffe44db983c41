"""Following the Bereitstelldienst: from the position reached, block by block, until it says that this is all.

Why: the first pull brings the whole stock, every later one only changes, so the position must never run ahead
of the data. It travels with each block and is stored by the worker in the same transaction as the block's
objects; here it is only read. Must not know XZuFi or the ledger.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

import orjson

from connectors.pvog_bereitstelldienst.envelope import Envelope, read_envelope
from connectors.pvog_bereitstelldienst.portal import synthetic_portal
from connectors.pvog_bereitstelldienst.settings import PATHS, BereitstelldienstSettings
from syncd.sdk.connector import Completeness, ConnectorSpec
from syncd.sdk.errors import SourceFormatError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from syncd.sdk.connector import Document, FetchSession

JSON_TYPES = ("application/json", "text/json", "text/plain", "application/octet-stream")
URL_LIMIT = 4_000
"""Characters of an address the portal may hand us for the next request."""

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Position:
    """Where the next request begins: the portal's index and the address it named for it.

    ``asks`` is what the stock is restricted to; another restriction is another stock.
    """

    index: int
    url: str
    asks: str

    def written(self) -> str:
        """Return the position as the ledger keeps it."""
        return orjson.dumps({"index": self.index, "url": self.url, "asks": self.asks}).decode()

    @classmethod
    def read(cls, text: str) -> Position | None:
        """Return a position from the ledger, None for one that is not ours."""
        try:
            body = orjson.loads(text)
            return cls(int(body["index"]), str(body["url"]), str(body["asks"]))
        except (ValueError, KeyError, TypeError):
            return None


class Bereitstelldienst:
    """The connector of one source."""

    def __init__(self, settings: BereitstelldienstSettings) -> None:
        self._settings = settings
        self._start = f"{settings.base_url}/{settings.path or PATHS[settings.version]}"

    async def documents(self, session: FetchSession) -> AsyncIterator[Document]:
        """Yield the blocks from the position reached until ``vollstaendig``.

        A block's context names ``position_from`` and ``position_to``; an empty ``position_from`` means that
        the stock begins anew. Raises SourceFormatError for addresses that lead back or elsewhere
        (``next_page_loop``, ``next_page_foreign``), an index that goes back (``index_went_back``) and an
        envelope without the fields of the settings.
        """
        reached, before = self._resume(session.position)
        first = True
        while True:
            document, envelope = await self._block(session, reached)
            complete = self._complete(envelope, document.name)
            following = self._following(envelope, reached, document.name)
            if not complete and following.index == reached.index:
                raise _loop(following, document.name)
            if complete and before and not envelope.has_objects and following.index == reached.index:
                if first:
                    session.nothing_new()
                return
            after = following.written()
            positions = {"position_from": before, "position_to": after}
            yield replace(document, context={**document.context, **positions})
            if complete:
                return
            reached, before, first = following, after, False

    def _resume(self, position: str) -> tuple[Position, str]:
        """Return where to begin, and the ledger's position if we begin there."""
        reached = Position.read(position) if position else None
        if reached is None or reached.asks != self._asks:
            return Position(
                0, f"{self._start}?{urlencode({'index': 0, 'ars': self._settings.ars})}", self._asks
            ), ""
        return reached, position

    @property
    def _asks(self) -> str:
        return f"{self._start} {self._settings.ars}"

    async def _block(self, session: FetchSession, reached: Position) -> tuple[Document, Envelope]:
        document = await session.fetch(
            reached.url,
            name=f"block-{reached.index:012d}",
            accept=JSON_TYPES,
            bearer=self._settings.credentials,
            conditional=False,
        )
        # Tens of megabytes are passed over: not on the event loop.
        envelope = await asyncio.to_thread(_read, document.path, self._settings.objects_field)
        if not envelope.has_document:
            raise self._lacks(self._settings.objects_field, "objects_field", document.name)
        return document, envelope

    def _complete(self, envelope: Envelope, name: str) -> bool:
        value = envelope.values.get(self._settings.complete_field)
        if not isinstance(value, bool):
            raise self._lacks(self._settings.complete_field, "complete_field", name)
        return value

    def _following(self, envelope: Envelope, reached: Position, name: str) -> Position:
        """Return where the next request begins, which is stored only with the data of this block."""
        index = envelope.values.get(self._settings.next_index_field)
        if not isinstance(index, int) or isinstance(index, bool):
            raise self._lacks(self._settings.next_index_field, "next_index_field", name)
        if index < reached.index:
            raise SourceFormatError(
                f"the portal's next index is {index}, the position reached is {reached.index}",
                where=name,
                code="index_went_back",
                fix="Ask the portal's operator whether the stock was built anew; if so, remove the source's"
                " ledger, and the next run fetches everything.",
            )
        url = envelope.values.get(self._settings.next_url_field)
        if url is None:
            url = f"{self._start}?{urlencode({'index': index, 'ars': self._settings.ars})}"
        elif not isinstance(url, str) or not 0 < len(url) <= URL_LIMIT:
            raise self._lacks(self._settings.next_url_field, "next_url_field", name)
        url = urljoin(reached.url, url)
        # Checked before it is stored: a position that leads elsewhere would stop the source for good.
        if _origin(url) != _origin(self._settings.base_url):
            raise SourceFormatError(
                f"the address of the next request leads elsewhere ({urlsplit(url).hostname})",
                where=name,
                code="next_page_foreign",
                fix="Ask the portal's operator; if it has moved, change 'base_url'.",
            )
        return Position(index, url, self._asks)

    def _lacks(self, field: str, setting: str, name: str) -> SourceFormatError:
        return SourceFormatError(
            f"the block has no usable {field!r}",
            where=name,
            fix=f"Compare the answer with the settings: '{setting}' names the field.",
        )


def _loop(following: Position, name: str) -> SourceFormatError:
    return SourceFormatError(
        f"the block is not the last one, but the next begins at the same index {following.index}",
        where=name,
        code="next_page_loop",
        fix="Ask the portal's operator; nothing was taken over.",
    )


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", None, None


def _read(path: Path, document_field: str) -> Envelope:
    with path.open("rb") as file:
        return read_envelope(file, document_field)


SPEC = ConnectorSpec(
    name="pvog_bereitstelldienst",
    title="PVOG Bereitstelldienst (FITKO): whole stock and changes as XZuFi",
    settings_type=BereitstelldienstSettings,
    build=Bereitstelldienst,
    parser="connectors.pvog_bereitstelldienst.parse",
    completeness=Completeness.WHOLE_DOCUMENT,
    portal=synthetic_portal,
    keeps_ledger=True,
)
