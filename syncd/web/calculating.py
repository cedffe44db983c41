"""Questions with a body: a POST that works something out and changes nothing.

Open to everybody like all reading, so it is bounded: a small body, one calculation at a time, a limited wait.
This module must not know what is calculated.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from syncd.errors import ConfigError, StorageError
from syncd.web.answers import PRIVATE, Answer, respond
from syncd.web.documents import ReleaseStamp
from syncd.web.paging import Paging, Query
from syncd.web.parameters import read_parameters
from syncd.web.writing import read_body, read_document

if TYPE_CHECKING:
    from syncd.web.paging import Reply
    from syncd.web.reader import Reader
    from syncd.web.routes import Route

WAIT_SECONDS: Final = 10.0
"""Longest wait for calculations before one's own."""


class Calculator:
    """Makes the handlers of calculations. Belongs to one event loop."""

    def __init__(self, reader: Reader) -> None:
        """Take the threads that read."""
        self._reader = reader
        self._turn = asyncio.Lock()

    def handler(self, route: Route) -> Handler:
        """Return the handler of a route that calculates."""
        calculate = route.calculate
        if calculate is None:
            raise ConfigError(f"{route.path} has no work")

        async def handle(request: web.Request) -> web.StreamResponse:
            parameters = read_parameters(route.parameters, request.query.items(), request.match_info)
            body = read_document(route.body, await read_body(request))
            view = await self._reader.view(
                release=getattr(parameters, "release", None), at=getattr(parameters, "at", None)
            )
            paging = Paging(
                Query.of(request.rel_url.raw_path, request.query.items()),
                limit=1,
                release=view.release.number,
                stamp=ReleaseStamp.model_validate(view.release).model_dump_json().encode(),
            )
            async with self.own_turn():
                reply: Reply = await self._reader.run(lambda: calculate(view, body, paging))
            answer = Answer(
                reply.body, cache_control=PRIVATE, headers={"Syncd-Release": str(view.release.number)}
            )
            return respond(request, answer)

        return handle

    @asynccontextmanager
    async def own_turn(self) -> AsyncIterator[None]:
        """Wait until no other calculation runs; raises StorageError ``busy`` after some seconds."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turn.acquire()
        except TimeoutError as error:
            raise StorageError(
                f"other calculations did not end within {WAIT_SECONDS:g} s",
                code="busy",
                fix="Try again in a few seconds.",
            ) from error
        try:
            yield
        finally:
            self._turn.release()
