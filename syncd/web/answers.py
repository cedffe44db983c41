"""From prepared bytes to an HTTP answer: validators, compression, caching, HEAD.

aiohttp sends no 304 by itself, no ``Vary`` with its compression, and compresses on every request anew; a
strong ETag moreover has to differ between the plain and the packed form (RFC 9110, 8.8.3). All of that is
decided here, once. This module must not know what an answer says.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
NDJSON: Final = "application/x-ndjson"
HTML: Final = "text/html; charset=utf-8"

MOVING: Final = "no-cache"
"""The next release may change the answer: ask again, usually answered by 304."""
PINNED: Final = "public, max-age=604800"
"""The release is named in the address, so the answer never changes."""
PRIVATE: Final = "no-store"

PACK_FROM: Final = 1024
"""Bytes from which packing is worth its time."""
_PACK_LEVEL: Final = 6
_PACKED: Final = "-g"


@dataclass(slots=True)
class Answer:
    """Bytes with what HTTP needs to know of them. ``etag`` is the opaque tag without quotes."""

    body: bytes
    media_type: str = JSON
    status: int = 200
    etag: str = ""
    cache_control: str = MOVING
    headers: Mapping[str, str] = field(default_factory=dict)
    _packed: bytes | None = None

    @property
    def size(self) -> int:
        """Bytes this answer may hold in memory, counting its packed form and its frame."""
        return len(self.body) + len(self.body) // 4 + 512

    @property
    def is_packed(self) -> bool:
        """True once the gzip form is there."""
        return self._packed is not None

    def packed(self) -> bytes:
        """Return the gzip form, made once; without a time stamp, so that equal bodies stay equal."""
        if self._packed is None:
            self._packed = gzip.compress(self.body, _PACK_LEVEL, mtime=0)
        return self._packed


def not_modified(request: web.Request, etag: str, cache_control: str) -> web.Response | None:
    """Return a 304 when the client has this representation already, before any work is done.

    Whether the packed form would be sent is not known yet, so either tag fits a client that takes gzip.
    """
    given = request.headers.get("If-None-Match")
    if not given or not etag:
        return None
    acceptable = [etag, etag + _PACKED] if takes_gzip(request.headers.get("Accept-Encoding", "")) else [etag]
    held = {tag.strip().removeprefix("W/").strip('"') for tag in given.split(",")}
    for tag in acceptable:
        if tag in held:
            return web.Response(
                status=304,
                headers={"ETag": f'"{tag}"', "Cache-Control": cache_control, "Vary": "Accept-Encoding"},
            )
    return None


def respond(request: web.Request, answer: Answer) -> web.Response:
    """Return the response: 304 when the client has it, packed when that pays and is accepted."""
    if answer.status == web.HTTPOk.status_code and answer.etag:
        if request.headers.get("If-None-Match", "").strip() == "*":
            return web.Response(status=304, headers=_headers(answer, answer.etag))
        unchanged = not_modified(request, answer.etag, answer.cache_control)
        if unchanged is not None:
            return unchanged
    worth_it = len(answer.body) > PACK_FROM
    if worth_it and takes_gzip(request.headers.get("Accept-Encoding", "")):
        headers = _headers(answer, answer.etag and answer.etag + _PACKED)
        headers["Content-Encoding"] = "gzip"
        return web.Response(status=answer.status, body=answer.packed(), headers=headers)
    return web.Response(status=answer.status, body=answer.body, headers=_headers(answer, answer.etag))


def _headers(answer: Answer, etag: str) -> dict[str, str]:
    headers = {
        "Content-Type": answer.media_type,
        "Cache-Control": answer.cache_control,
        "Vary": "Accept-Encoding",
        **answer.headers,
    }
    if etag:
        headers["ETag"] = f'"{etag}"'
    return headers


@lru_cache(maxsize=256)
def takes_gzip(accept_encoding: str) -> bool:
    """Tell whether gzip is acceptable (RFC 9110, 12.5.3: weight 0 means no; ``*`` speaks for the rest)."""
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        name, _, rest = part.strip().partition(";")
        weight = rest.strip().removeprefix("q=").strip() or "1"
        try:
            weights[name.strip()] = float(weight)
        except ValueError:
            weights[name.strip()] = 0.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0
