"""Looking at links politely: one GET each, as far as robots.txt allows, never two at a time on one host.

Nothing is stored of a page but what :class:`~syncd.model.probe.LinkFacts` names. Redirects may cross origins
here, because the link of a citizen does; each hop meets the guard for addresses, and no secret is ever sent.
Must not know what the facts mean.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import hdrs
from protego import Protego
from yarl import URL

from syncd.errors import SyncdError
from syncd.fetching.addresses import refused_addresses
from syncd.fetching.client import checked_url
from syncd.fetching.page import page_facts
from syncd.fetching.pools import ConnectionPools
from syncd.fetching.redaction import redact_url
from syncd.fetching.transport import no_answer
from syncd.model.probe import LinkFacts
from syncd.rules.probe import ROBOTS_EXCLUDED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ACCEPT = "text/html,application/xhtml+xml,application/pdf;q=0.9,*/*;q=0.5"
_HTML = ("text/html", "application/xhtml+xml")
_PRODUCT = "syncd"
"""What robots.txt may call us."""
_NOBODY = "User-agent: *\nDisallow: /"
ROBOTS_AGE_S = 3_600.0
"""A copy of robots.txt is used for an hour; RFC 9309 §2.4 allows a day."""
_ROBOTS_SIZE = 256 * 1024
_ROBOTS_REDIRECTS = 5
_OK = 200
_CLIENT_ERRORS = range(400, 500)


@dataclass(frozen=True, slots=True)
class ProbeLimits:
    """What looking may cost: seconds per link, bytes of a page, redirects, pause between two on one host.

    ``pause_cap_s`` bounds what a host's ``Crawl-delay`` may ask for. ``concurrent`` counts hosts.
    """

    total_s: float = 15.0
    page_bytes: int = 256 * 1024
    redirects: int = 10
    pause_s: float = 2.0
    pause_cap_s: float = 30.0
    concurrent: int = 8
    allow_private: bool = False


DEFAULT_LIMITS = ProbeLimits()


@dataclass(slots=True)
class _Host:
    """What is known of one host: its rules, and when it may be asked next."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    rules: Protego | None = None
    read_at: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    next_at: float = 0.0


class LinkProbe:
    """Looks at links; one per process, opened with ``async with``. robots.txt is read once per host."""

    def __init__(
        self,
        user_agent: str = "syncd",
        limits: ProbeLimits = DEFAULT_LIMITS,
        *,
        nameservers: Sequence[str] = (),
    ) -> None:
        self._user_agent = user_agent
        self._limits = limits
        self._pools = ConnectionPools(nameservers)
        self._hosts: dict[str, _Host] = {}
        self._places = asyncio.Semaphore(limits.concurrent)

    async def __aenter__(self) -> Self:
        """Return the probe."""
        self._pools.prepare()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        await self._pools.aclose()

    async def look(self, link: str) -> LinkFacts:
        """Return what one link leads to; whatever goes wrong is a fact, not an error."""
        try:
            url = checked_url(link, where="probe")
        except SyncdError as error:
            return LinkFacts(link, code=error.code)
        self._forget_old()
        hops: list[str] = []
        seen: set[URL] = set()
        for _ in range(self._limits.redirects + 1):
            if url in seen:
                break
            seen.add(url)
            hops.append(redact_url(str(url)))
            outcome = await self._hop(link, url, hops)
            if isinstance(outcome, LinkFacts):
                return outcome
            url = outcome
        return LinkFacts(link, tuple(hops), code="redirect_refused")

    async def _hop(self, link: str, url: URL, hops: list[str]) -> LinkFacts | URL:
        """Ask one address when its host may be asked; returns the facts or where it leads on."""
        host = self._hosts.setdefault(str(url.origin()), _Host())
        # The host first: whoever waits for its turn there must not hold a place others could use.
        async with host.lock, self._places:
            try:
                async with asyncio.timeout(self._limits.total_s):
                    allowed = await self._may(host, url)
            except TimeoutError:
                return LinkFacts(link, tuple(hops), code="timeout_total")
            except SyncdError as error:
                return LinkFacts(link, tuple(hops), code=error.code)
            if not allowed:
                return LinkFacts(link, tuple(hops), code=ROBOTS_EXCLUDED)
            await self._turn(host)
            try:
                async with asyncio.timeout(self._limits.total_s):
                    return await self._ask(link, url, hops)
            except TimeoutError:
                return LinkFacts(link, tuple(hops), code="timeout_total")
            except SyncdError as error:
                return LinkFacts(link, tuple(hops), code=error.code)

    async def _turn(self, host: _Host) -> None:
        """Wait until the host may be asked again, and note the next time."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, host.next_at - loop.time()))
        asked_for = host.rules.crawl_delay(_PRODUCT) if host.rules else None
        pause = max(self._limits.pause_s, min(float(asked_for or 0.0), self._limits.pause_cap_s))
        host.next_at = loop.time() + pause

    async def _may(self, host: _Host, url: URL) -> bool:
        """Tell whether robots.txt lets us look; one that cannot be read lets nobody in (RFC 9309 §2.3.1)."""
        if host.rules is None:
            host.rules = await self._robots(url.origin() / "robots.txt")
            host.read_at = asyncio.get_running_loop().time()
        return bool(host.rules.can_fetch(str(url), _PRODUCT))

    async def _robots(self, url: URL) -> Protego:
        for _ in range(_ROBOTS_REDIRECTS):
            async with await self._get(url) as response:
                target = self._joined(url, response.headers.get(hdrs.LOCATION, ""))
                if response.status in _REDIRECTS and target is not None:
                    url = target
                    continue
                if response.status == _OK:
                    text = await read_at_most(response, _ROBOTS_SIZE)
                    return Protego.parse(text.decode("utf-8", "replace"))
                return Protego.parse("" if response.status in _CLIENT_ERRORS else _NOBODY)
        # Too many redirects count as "there is none" (RFC 9309 §2.3.1.2).
        return Protego.parse("")

    def _forget_old(self) -> None:
        """Let go of hosts nobody waits for whose rules are too old (RFC 9309 §2.4)."""
        now = asyncio.get_running_loop().time()
        old = [
            name
            for name, host in self._hosts.items()
            if not host.lock.locked() and now > max(host.read_at + ROBOTS_AGE_S, host.next_at)
        ]
        for name in old:
            del self._hosts[name]

    async def _ask(self, link: str, url: URL, hops: list[str]) -> LinkFacts | URL:
        async with await self._get(url) as response:
            status = response.status
            location = response.headers.get(hdrs.LOCATION)
            if status in _REDIRECTS and location:
                target = self._joined(url, location)
                return target or LinkFacts(link, tuple(hops), status=status, code="bad_url")
            kind = response.content_type.lower()
            if status != _OK or kind not in _HTML:
                return LinkFacts(link, tuple(hops), status, kind)
            body = await read_at_most(response, self._limits.page_bytes)
            cut = not response.content.at_eof()
            facts = await asyncio.to_thread(page_facts, body, response.charset, cut=cut)
            if facts.refresh and not facts.fields and (target := self._joined(url, facts.refresh)):
                return target
            return LinkFacts(link, tuple(hops), status, kind, page=facts)

    def _joined(self, url: URL, location: str) -> URL | None:
        with suppress(SyncdError, ValueError):
            return checked_url(str(url.join(URL(location))), where="probe")
        return None

    async def _get(self, url: URL) -> aiohttp.ClientResponse:
        """Send one request without secrets, cookies or compression; raises SyncdError when none answers."""
        refused: list[str] = []
        token = refused_addresses.set(refused)
        shown = redact_url(str(url))
        try:
            return await self._pools.of(allow_private=self._limits.allow_private).get(
                url,
                headers={
                    hdrs.USER_AGENT: self._user_agent,
                    hdrs.ACCEPT: _ACCEPT,
                    hdrs.ACCEPT_ENCODING: "identity",
                    hdrs.ACCEPT_LANGUAGE: "de",
                },
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._limits.total_s),
            )
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            cause = error if isinstance(error, OSError) else None
            raise no_answer(error, refused, shown, "probe") from cause
        finally:
            refused_addresses.reset(token)


async def read_at_most(response: aiohttp.ClientResponse, size: int) -> bytes:
    """Return the beginning of a body; one that breaks off is as long as what came."""
    body = bytearray()
    with suppress(aiohttp.ClientError, OSError):
        while len(body) < size and not response.content.at_eof():
            body += await response.content.readany()
    return bytes(body[:size])
