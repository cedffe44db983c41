"""Listening: the one place where the application meets sockets.

Closes connections that say nothing: aiohttp waits for ever for the first request, and whoever opens
connections and sends a byte now and then would use up our file descriptors.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from typing import TYPE_CHECKING, Final, Self

import aiohttp.web_response
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from syncd.errors import ConfigError
from syncd.web.guard import WAITING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

FIRST_REQUEST_SECONDS: Final = 20.0
"""A connection whose first request is not there by then is closed."""
_KEEP_ALIVE_SECONDS: Final = 75.0
_LINGER_SECONDS: Final = 1.0
_BACKLOG: Final = 1024


class Server:
    """Serves an application on one address; start and stop belong to one event loop.

    As an asynchronous context manager it starts and stops by itself.
    """

    def __init__(self, app: web.Application, host: str, port: int, *, grace_seconds: float = 5.0) -> None:
        """Take where to listen (port 0: any free one) and how long a stop waits for running requests."""
        self._host, self._port = host, port
        self._waiting = app[WAITING]
        self._listener: asyncio.Server | None = None
        # Answers to what is no HTTP at all never reach the application and would tell versions otherwise.
        aiohttp.web_response.SERVER_SOFTWARE = "syncd"  # type: ignore[attr-defined]
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
            lingering_time=_LINGER_SECONDS,
            shutdown_timeout=grace_seconds,
            logger=_quiet_logger(),
        )

    async def start(self) -> None:
        """Listen; raises ConfigError when the address cannot be taken."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(
                self._connection, self._host, self._port, backlog=_BACKLOG
            )
        except OSError as error:
            await self._runner.cleanup()
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
            raise ConfigError(
                f"{self._host}:{self._port} {why}",
                where="web",
                fix="Choose another host or port in [web].",
                code="address_unusable",
            ) from error

    async def stop(self) -> None:
        """Take no new connections, let running requests end within the grace, close."""
        if self._listener is not None:
            self._listener.close()
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """URL of the first address it listens on; known once started."""
        return self.addresses[0]

    @property
    def addresses(self) -> Sequence[str]:
        """URLs of where it listens."""
        sockets = self._listener.sockets if self._listener is not None else ()
        names = [socket.getsockname()[:2] for socket in sockets]
        return tuple(
            f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}" for host, port in names
        )

    def _connection(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None:
            raise ConfigError("a connection arrived before the server was set up", where="web")
        protocol = server()
        self._waiting[id(protocol)] = protocol
        asyncio.get_running_loop().call_later(FIRST_REQUEST_SECONDS, self._close_if_silent, protocol)
        return protocol

    def _close_if_silent(self, protocol: web.RequestHandler) -> None:
        if self._waiting.pop(id(protocol), None) is protocol and protocol.transport is not None:
            protocol.transport.abort()


class _NoGarbage(logging.Filter):
    """Drops reports of clients that do not speak HTTP: anybody could fill the log with them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is about anything else."""
        return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def _quiet_logger() -> logging.Logger:
    logger = logging.getLogger("syncd.web.protocol")
    if not logger.filters:
        logger.addFilter(_NoGarbage())
    return logger
