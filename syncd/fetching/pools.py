"""Connection pools of the guarded client: whom they may reach and how they resolve names.

There are two, one for public addresses only and one for sources that may be private, so that the former can
never be handed a connection the latter opened; and one more for each client certificate, so that nobody
speaks to a portal in another source's name.

Name resolution uses aiodns: with the threaded resolver of the standard library one dead name server makes
all sources wait (fault study §0.6). Where aiodns cannot start, the threaded one is used and ``degraded`` says
so. Must not know requests.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import aiohttp
import structlog
from aiohttp.resolver import AsyncResolver, ThreadedResolver

from syncd.fetching.addresses import guarded_socket_factory
from syncd.fetching.certificates import Certificates
from syncd.fetching.failures import failure
from syncd.fetching.heads import PortalProtocol

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from aiohttp.abc import AbstractResolver

    from syncd.settings.client_certificate import ClientCertificate

_log = structlog.get_logger(__name__)
_DNS_TIMEOUT_S = 2.0
_DNS_TRIES = 2


@dataclass(frozen=True, slots=True)
class _Identified:
    """A pool with a certificate of ours, as its files were when it was opened."""

    stamp: tuple[tuple[int, int, int], ...]
    begins_at: datetime
    ends_at: datetime
    pool: aiohttp.ClientSession


class ConnectionPools:
    """Opens the pools when first needed; ``nameservers`` replace those of the system."""

    def __init__(self, nameservers: Sequence[str] = ()) -> None:
        self._nameservers = list(nameservers)
        self._resolver: AbstractResolver | None = None
        self._pools: dict[bool, aiohttp.ClientSession] = {}
        self._identified: dict[tuple[bool, ClientCertificate], _Identified] = {}
        self._replaced: list[aiohttp.ClientSession] = []
        self._opening = asyncio.Lock()
        self.certificates = Certificates()
        self.degraded = ""
        """Why names are resolved with less protection than they should; empty when they are not."""

    def of(self, *, allow_private: bool) -> aiohttp.ClientSession:
        """Return the pool for sources of that kind."""
        if allow_private not in self._pools:
            self._pools[allow_private] = self._open(self.certificates.context(), allow_private=allow_private)
        return self._pools[allow_private]

    async def identified(
        self, ours: ClientCertificate, *, allow_private: bool, where: str
    ) -> aiohttp.ClientSession:
        """Return the pool that shows our certificate.

        The files are looked at each time, so that a renewed certificate is taken without a restart. Raises
        ConfigError when they are not usable or the certificate does not hold now.
        """
        key = (allow_private, ours)
        async with self._opening:
            stamp = await asyncio.to_thread(ours.stamp)
            entry = self._identified.get(key)
            if entry is None or entry.stamp != stamp:
                begins_at, ends_at = await asyncio.to_thread(ours.validity)
                context = await asyncio.to_thread(self.certificates.context, ours)
                if entry is not None:
                    # Requests may still be on their way there; its idle connections end by themselves.
                    self._replaced.append(entry.pool)
                pool = self._open(context, allow_private=allow_private)
                entry = self._identified[key] = _Identified(stamp, begins_at, ends_at, pool)
        now = datetime.now(UTC)
        if now >= entry.ends_at:
            message = (
                f"Our own client certificate {ours.certificate} ended on {entry.ends_at:%Y-%m-%d %H:%M} UTC."
            )
            raise failure("client_certificate_expired", message, where=where)
        if now < entry.begins_at:
            begins = f"{entry.begins_at:%Y-%m-%d %H:%M} UTC"
            message = f"Our own client certificate {ours.certificate} holds only from {begins} on."
            raise failure("client_certificate_unusable", message, where=where)
        return entry.pool

    def ours_ends_at(self, ours: ClientCertificate | None, *, allow_private: bool) -> datetime | None:
        """Return the end of a certificate of ours that was used; None when it was not, or there is none."""
        entry = self._identified.get((allow_private, ours)) if ours else None
        return entry.ends_at if entry else None

    async def aclose(self) -> None:
        """Close all connections and stop resolving."""
        identified = [entry.pool for entry in self._identified.values()]
        for pool in (*self._pools.values(), *identified, *self._replaced):
            await pool.close()
        self._pools.clear()
        self._identified.clear()
        self._replaced.clear()
        if self._resolver is not None:
            # The connectors leave it open, because it is not theirs.
            await self._resolver.close()
            self._resolver = None

    def prepare(self) -> None:
        """Start resolving names, so that a missing part is known before the first request."""
        self._shared_resolver()

    def _open(self, context: ssl.SSLContext, *, allow_private: bool) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=self._shared_resolver(),
            socket_factory=guarded_socket_factory(allow_private=allow_private),
            ssl=context,
            limit=0,  # the semaphores limit; a second queue inside would eat the deadlines
        )
        # aiohttp offers no public way to count what comes before an answer.
        factory = partial(PortalProtocol, loop=asyncio.get_running_loop())
        connector._factory = factory  # type: ignore[assignment]  # noqa: SLF001
        return aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

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
