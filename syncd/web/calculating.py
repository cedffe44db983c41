"""Questions that take seconds: reports, simulations and the like are worked out one at a time.

Open to everybody like all reading, so they are bounded: a small body where there is one, a limited wait, and
the next begins only when the one before has really ended, whether or not somebody still waits for it.
This module must not know what is calculated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

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

_Result = TypeVar("_Result")

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
            reply: Reply = await self.run(lambda: calculate(view, body, paging))
            answer = Answer(
                reply.body, cache_control=PRIVATE, headers={"Syncd-Release": str(view.release.number)}
            )
            return respond(request, answer)

        return handle

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """Run a calculation in a thread, when no other runs; raises StorageError ``busy`` if they go on."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turn.acquire()
        except TimeoutError as error:
            raise StorageError(
                f"other calculations did not end within {WAIT_SECONDS:g} s",
                code="busy",
                fix="Try again in a few seconds.",
            ) from error
        # A turn ends with the work: whoever goes away must not let the next begin beside it.
        return await self._reader.run(work, ended=self._turn.release)
