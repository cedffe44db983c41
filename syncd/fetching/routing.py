"""Asking FIT-Connect whether a service can be delivered electronically in a place.

Source: Routing API v1/v2 (``GET /routes?leikaKey=…&ars=…``), its ``RateLimit-*`` headers (IETF draft
ratelimit-headers) and problem documents. An answer without routes is an answer; 404 is one as well.
Everything else is unclear. Not verified against the live system. Must not know what a route is worth.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import orjson
import structlog
from aiohttp import hdrs

from syncd.errors import SyncdError
from syncd.fetching.answers import retry_after
from syncd.fetching.client import checked_url
from syncd.fetching.pools import ConnectionPools
from syncd.fetching.probe import DEFAULT_LIMITS, ProbeLimits, read_at_most

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

_log = structlog.get_logger(__name__)
_SIZE = 1024 * 1024
_OK, _NOT_FOUND, _TOO_MANY, _UNAVAILABLE = 200, 404, 429, 503
_WAIT_S = 60.0
_LONGEST_WAIT_S = 86_400.0


class RoutingProbe:
    """Asks one routing service; one request at a time, as fast as it allows. Use with ``async with``."""

    def __init__(
        self,
        base_url: str,
        user_agent: str = "syncd",
        limits: ProbeLimits = DEFAULT_LIMITS,
        *,
        nameservers: Sequence[str] = (),
    ) -> None:
        self._url = checked_url(f"{base_url.rstrip('/')}/routes", where="probe.routing_url")
        self._user_agent = user_agent
        self._limits = limits
        self._pools = ConnectionPools(nameservers)
        self._not_before = 0.0

    async def __aenter__(self) -> Self:
        """Return the probe."""
        self._pools.prepare()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        await self._pools.aclose()

    @property
    def exhausted(self) -> bool:
        """True while the service has asked us to wait."""
        return asyncio.get_running_loop().time() < self._not_before

    async def routes(self, service_key: str, area_code: str) -> int | None:
        """Return how many routes there are, or None when there was no clear answer or none was asked for."""
        if self.exhausted:
            return None
        params = {"leikaKey": service_key, "ars": area_code}
        try:
            async with (
                asyncio.timeout(self._limits.total_s),
                self._pools.of(allow_private=self._limits.allow_private).get(
                    self._url.with_query(params),
                    headers={
                        hdrs.USER_AGENT: self._user_agent,
                        hdrs.ACCEPT: "application/json",
                        hdrs.ACCEPT_ENCODING: "identity",
                    },
                    allow_redirects=False,
                ) as response,
            ):
                self._heed(response.status, response.headers)
                if response.status == _NOT_FOUND:
                    return 0
                if response.status != _OK:
                    return None
                return _count(await read_at_most(response, _SIZE + 1))
        except (aiohttp.ClientError, OSError, TimeoutError, SyncdError, ValueError) as error:
            _log.info("route_not_asked", service_key=service_key, area=area_code, reason=type(error).__name__)
            self._wait(_WAIT_S)
            return None

    def _heed(self, status: int, headers: Mapping[str, str]) -> None:
        """Do what the service says about its limits."""
        if status in {_TOO_MANY, _UNAVAILABLE}:
            named = retry_after(headers)
            self._wait(named if named is not None else _number(headers.get("RateLimit-Reset")) or _WAIT_S)
        elif _number(headers.get("RateLimit-Remaining")) == 0:
            self._wait(_number(headers.get("RateLimit-Reset")) or _WAIT_S)

    def _wait(self, seconds: float) -> None:
        pause = min(max(seconds, 0.0), _LONGEST_WAIT_S)
        self._not_before = max(self._not_before, asyncio.get_running_loop().time() + pause)


def _number(text: str | None) -> float | None:
    """Return a header's leading number, or None; the draft permits further parts behind a comma."""
    head = (text or "").partition(",")[0].strip()
    return float(head) if head.isascii() and head.isdigit() else None


def _count(body: bytes) -> int | None:
    if len(body) > _SIZE:
        return None
    answer = orjson.loads(body)
    if not isinstance(answer, dict):
        return None
    for name in ("totalCount", "count"):
        value = answer.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    routes = answer.get("routes")
    return len(routes) if isinstance(routes, list) else None
