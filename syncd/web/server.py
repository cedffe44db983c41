"""Listening: the one place where the application meets a socket."""

from __future__ import annotations

import errno
import logging
from typing import TYPE_CHECKING, Final, Self

import aiohttp.web_response
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from syncd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

_KEEP_ALIVE_SECONDS: Final = 75.0
_LINGER_SECONDS: Final = 1.0
_BACKLOG: Final = 1024


class Server:
    """Serves an application on one address; start and stop belong to one event loop.

    As an asynchronous context manager it starts and stops by itself.
    """

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        """Take where to listen; port 0 takes any free one."""
        self._host, self._port = host, port
        # Answers to what is no HTTP at all never reach the application and would tell versions otherwise.
        aiohttp.web_response.SERVER_SOFTWARE = "syncd"  # type: ignore[attr-defined]
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
            lingering_time=_LINGER_SECONDS,
            logger=_quiet_logger(),
        )

    async def start(self) -> None:
        """Listen; raises ConfigError when the address cannot be taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, backlog=_BACKLOG)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
            raise ConfigError(
                f"{self._host}:{self._port} {why}",
                where="web",
                fix="Choose another host or port in [web].",
                code="address_unusable",
            ) from error

    async def stop(self, grace_seconds: float = 5.0) -> None:
        """Take no new requests, let running ones end within the grace, close."""
        self._runner._shutdown_timeout = grace_seconds  # noqa: SLF001 - known only when the stop is ordered
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
        return tuple(
            f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            for host, port, *_ in self._runner.addresses
        )


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
