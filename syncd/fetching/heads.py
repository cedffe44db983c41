"""Counts what a portal sends before its answer, because aiohttp reads interim answers without end.

A hundred portals that send ``100 Continue`` as fast as they can kept the event loop busy for minutes, long
past every deadline (measured by ``bench/isolation.py``). Must not know requests or limits of bodies.
"""

from __future__ import annotations

from typing import Any

from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

HEADS = 100
"""Heads per request: interim answers (RFC 9110 §15.2) and the answer itself; honest servers send two."""


class PortalProtocol(ResponseHandler):
    """One connection that breaks off when more heads come than anybody needs."""

    _heads = 0

    def set_response_params(self, **parameters: Any) -> None:  # noqa: ANN401 - passed through
        """Begin an answer."""
        self._heads = 0
        super().set_response_params(**parameters)

    def feed_data(self, data: Any, size: int = 0) -> None:  # noqa: ANN401 - passed through
        """Take one head of an answer, interim or not."""
        self._heads += 1
        if self._heads < HEADS:
            super().feed_data(data, size)
        elif self._heads == HEADS:
            if self.transport is not None:
                self.transport.close()
            self.set_exception(HttpProcessingError(code=400, message="too many interim answers"))
