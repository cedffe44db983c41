"""The whole catalogue as one stream of lines (NDJSON): flat in memory, in large writes.

No database connection is held while a slow client reads: every batch is a read of its own that goes on behind
the last entry, always of the same release.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from syncd.web.answers import MOVING, NDJSON, PINNED, not_modified, takes_gzip
from syncd.web.entry_documents import EntryDocument
from syncd.web.guard import REQUEST_ID, add_headers
from syncd.web.paging import Query
from syncd.web.parameters import AsOf, read_parameters
from syncd.web.routes import Binding, Route

if TYPE_CHECKING:
    from syncd.pipeline.ask import ReleaseView
    from syncd.web.reader import Reader

WRITE_BYTES: Final = 256 * 1024
"""Smaller writes cost: one write per line is 2.6 times slower per byte."""
BATCH: Final = 500
_PACK_LEVEL: Final = 4
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS

Key = tuple[str, str]


def catalogue_route() -> Route:
    """Return the description of the stream for the OpenAPI document."""
    return Route(
        path="/v1/catalogue.ndjson",
        operation="export_catalogue",
        tag="catalogue",
        summary="The whole catalogue, one entry per line, sorted by service key and area",
        binding=Binding.SPECIAL,
        parameters=AsOf,
        document=EntryDocument,
        missing=True,
        media_type=NDJSON,
    )


def stream_catalogue(reader: Reader) -> Handler:
    """Return the handler of the stream."""

    async def handle(request: web.Request) -> web.StreamResponse:
        parameters = read_parameters(AsOf, request.query.items(), {})
        query = Query.of(request.path, request.query.items())
        view = await reader.view(release=parameters.release, at=parameters.at)
        cache_control = MOVING if parameters.release is None else PINNED
        etag = f"{view.release.number}-{view.release.digest[:16]}-{query.fingerprint}-{reader.configuration}"
        unchanged = not_modified(request, etag, cache_control)
        if unchanged is not None:
            return unchanged
        packer = None
        if takes_gzip(request.headers.get("Accept-Encoding", "")):
            packer = zlib.compressobj(_PACK_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
        response = web.StreamResponse(
            headers={
                "Content-Type": NDJSON,
                "Cache-Control": cache_control,
                "Vary": "Accept-Encoding",
                "ETag": f'"{etag}-g"' if packer else f'"{etag}"',
                "Syncd-Release": str(view.release.number),
                **({"Content-Encoding": "gzip"} if packer else {}),
            }
        )
        add_headers(response, request[REQUEST_ID])
        # The first batch is read before the status is sent: a database that is down is still a 503.
        batch = _Batch(view, packer)
        body = await reader.run(batch.read)
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        while body is not None:
            if body:
                await response.write(body)
            body = await reader.run(batch.read)
        await response.write_eof()
        return response

    return handle


class _Batch:
    """Reads piece after piece in a thread; each piece is at least :data:`WRITE_BYTES`, except the last."""

    def __init__(self, view: ReleaseView, packer: zlib._Compress | None) -> None:
        self._view = view
        self._packer = packer
        self._after: Key | None = None
        self._ended = False

    def read(self) -> bytes | None:
        """Return the next piece, packed if asked for, or None when all has been returned."""
        if self._ended:
            return None
        lines: list[bytes] = []
        size = 0
        while size < WRITE_BYTES and not self._ended:
            number = 0
            for row in self._view.store.entries(self._view.release.number, after=self._after, limit=BATCH):
                lines.append(row.payload)
                size += len(row.payload) + 1
                self._after = (row.service_key, row.area_code)
                number += 1
            self._ended = number < BATCH
        body = b"".join(line + b"\n" for line in lines)
        if self._packer is None:
            return body
        return self._packer.compress(body) + (self._packer.flush() if self._ended else b"")
