"""Who asks? Every write, and every answer that names people, goes through here.

A token is the only way in: no cookie, so no other site can act for an operator, and no exception for this
machine, because a reverse proxy makes every request look like one from here. Must not know what is written.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final, NoReturn

import structlog

from syncd.web.problems import NotAuthorised, TooManyRequests, WritesOff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from syncd.web.deps import WebDeps
    from syncd.web.reader import Reader

WRITES_PER_MINUTE: Final = 120
"""Per operator: more than a person decides, less than a script gone wild."""
WRONG_PER_MINUTE: Final = 30
"""Wrong tokens that are logged; a right token is never locked out by somebody else's guesses."""
_MINUTE: Final = 60.0
_SCHEME: Final = "bearer"

_log = structlog.get_logger(__name__)


class Gate:
    """Knows operators by their tokens. Belongs to one event loop."""

    def __init__(self, deps: WebDeps, reader: Reader) -> None:
        """Take where the operators are read from, and the threads that read."""
        self._deps = deps
        self._reader = reader
        self._wrong: deque[float] = deque(maxlen=WRONG_PER_MINUTE)
        self._writes: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=WRITES_PER_MINUTE))

    async def writer(self, request: web.Request) -> str:
        """Return the operator who wants to write.

        Raises WritesOff without any operator, NotAuthorised without a right token, TooManyRequests beyond
        :data:`WRITES_PER_MINUTE`.
        """
        name = await self._proven(request)
        if _is_full(self._writes[name]):
            raise TooManyRequests(f"more than {WRITES_PER_MINUTE} decisions within a minute")
        return name

    async def asker(self, request: web.Request) -> str:
        """Return the operator who asks; empty without a token. Raises like :meth:`writer` for a wrong one."""
        return await self._proven(request) if "Authorization" in request.headers else ""

    async def _proven(self, request: web.Request) -> str:
        known = await self._reader.run(self._deps.operators)
        if not known:
            raise WritesOff("no operator is named in the configuration, so nobody may decide here")
        given = request.headers.getall("Authorization", [])
        if not given:
            raise NotAuthorised("deciding needs the token of an operator")
        name = _whose(given[0], known) if len(given) == 1 else ""
        if not name:
            self._refuse(request)
        return name

    def _refuse(self, request: web.Request) -> NoReturn:
        if _is_full(self._wrong):
            raise TooManyRequests(f"more than {WRONG_PER_MINUTE} wrong tokens within a minute")
        # Bounded with the answers above: nobody fills the log with guesses.
        _log.warning("token_wrong", path=request.path[:200], peer=request.remote)
        raise NotAuthorised("the token is that of no operator")


def _whose(header: str, known: Mapping[str, bytes]) -> str:
    """Return the name the header proves; looks at every operator, whoever it is (no early end)."""
    scheme, _, token = header.strip().partition(" ")
    digest = hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).digest()
    found = ""
    for name, expected in known.items():
        if hmac.compare_digest(digest, expected):
            found = name
    return found if scheme.lower() == _SCHEME else ""


def _is_full(instants: deque[float]) -> bool:
    """Count one event; tells whether the bound was reached within a minute before it."""
    now = time.monotonic()
    while instants and now - instants[0] > _MINUTE:
        instants.popleft()
    full = len(instants) == instants.maxlen
    if not full:
        instants.append(now)
    return full
