"""Connection pools of the guarded client: whom they may reach and how they resolve names.

There are two, one for public addresses only and one for sources that may be private, so that the former can
never be handed a connection the latter opened.

Name resolution uses aiodns: with the threaded resolver of the standard library one dead name server makes
all sources wait (fault study §0.6). Where aiodns cannot start, the threaded one is used and ``degraded`` says
so. Must not know requests.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import aiohttp
import structlog
from aiohttp.resolver import AsyncResolver, ThreadedResolver

from syncd.fetching.addresses import guarded_socket_factory
from syncd.fetching.certificates import Certificates
from syncd.fetching.heads import PortalProtocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.abc import AbstractResolver

_log = structlog.get_logger(__name__)
_DNS_TIMEOUT_S = 2.0
_DNS_TRIES = 2


class ConnectionPools:
    """Opens the pools when first needed; ``nameservers`` replace those of the system."""

    def __init__(self, nameservers: Sequence[str] = ()) -> None:
        self._nameservers = list(nameservers)
        self._resolver: AbstractResolver | None = None
        self._pools: dict[bool, aiohttp.ClientSession] = {}
        self.certificates = Certificates()
        self.degraded = ""
        """Why names are resolved with less protection than they should; empty when they are not."""

    def of(self, *, allow_private: bool) -> aiohttp.ClientSession:
        """Return the pool for sources of that kind."""
        if allow_private not in self._pools:
            connector = aiohttp.TCPConnector(
                resolver=self._shared_resolver(),
                socket_factory=guarded_socket_factory(allow_private=allow_private),
                ssl=self.certificates.context(),
                limit=0,  # the semaphores limit; a second queue inside would eat the deadlines
            )
            # aiohttp offers no public way to count what comes before an answer.
            factory = partial(PortalProtocol, loop=asyncio.get_running_loop())
            connector._factory = factory  # type: ignore[assignment]  # noqa: SLF001
            self._pools[allow_private] = aiohttp.ClientSession(
                connector=connector,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._pools[allow_private]

    async def aclose(self) -> None:
        """Close all connections and stop resolving."""
        for pool in self._pools.values():
            await pool.close()
        self._pools.clear()
        if self._resolver is not None:
            # The connectors leave it open, because it is not theirs.
            await self._resolver.close()
            self._resolver = None

    def prepare(self) -> None:
        """Start resolving names, so that a missing part is known before the first request."""
        self._shared_resolver()

    def _shared_resolver(self) -> AbstractResolver:
        if self._resolver is None:
            try:
                self._resolver = AsyncResolver(
                    nameservers=self._nameservers, timeout=_DNS_TIMEOUT_S, tries=_DNS_TRIES
                )
            except (RuntimeError, OSError) as error:
                self.degraded = f"aiodns is not usable ({error}); one dead name server can delay all sources"
                _log.warning("names_degraded", reason=self.degraded, fix="Install the package aiodns.")
                self._resolver = ThreadedResolver()
        return self._resolver
