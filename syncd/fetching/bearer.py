"""Access tokens for portals behind OAuth2 client credentials (RFC 6749 §4.4, RFC 6750).

A token is asked for when first needed, kept in memory only, and renewed shortly before it ends or when the
portal refuses it. Neither secrets nor tokens occur in an error. Must not know sources or documents.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import orjson

from syncd.errors import SyncdError
from syncd.fetching.failures import failure
from syncd.fetching.limits import KIB
from syncd.fetching.redaction import redact_url

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from syncd.fetching.client import FetchAnswer, FetchRequest
    from syncd.sdk.settings import ClientCredentials

RENEWED_BEFORE_S = 30.0
"""A token is given up this long before its end, so that it does not end on its way to the portal."""
_ANSWER_BYTES = 64 * KIB
# RFC 6749 §5.1 only recommends to name the lifetime.
_LIFETIME_S = 300.0
_LONGEST_S = 86_400.0
# RFC 6750 §2.1; the length is what servers commonly take in one header.
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]{1,8000}=*")
_REFUSALS = frozenset({"http_400", "http_401", "http_403"})


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    ends: float
    """By the event loop's clock."""


class AccessTokens:
    """The tokens of all sources of this process; ``fetch`` is the guarded client's."""

    def __init__(self, fetch: Callable[[FetchRequest], Awaitable[FetchAnswer]]) -> None:
        self._fetch = fetch
        self._kept: dict[tuple[ClientCredentials, bool], _Token] = {}
        self._locks: defaultdict[tuple[ClientCredentials, bool], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, credentials: ClientCredentials, like: FetchRequest, *, refused: str = "") -> str:
        """Return a token; one that is not ``refused``.

        ``like`` is the request it is for: the token's host has the same guard and lane. Raises ConfigError
        ``secret_missing``, SourceRejectedUs ``token_refused``, SourceFormatError ``token_unusable`` and what
        the client raises.
        """
        place = (credentials, like.allow_private)
        async with self._locks[place]:
            token = self._kept.get(place)
            now = asyncio.get_running_loop().time()
            if token is not None and token.value != refused and now < token.ends - RENEWED_BEFORE_S:
                return token.value
            self._kept.pop(place, None)
            fresh = self._kept[place] = await self._ask(credentials, like)
            return fresh.value

    def values(self) -> tuple[str, ...]:
        """Return the tokens in use, so that they can be kept out of logs and findings."""
        return tuple(token.value for token in self._kept.values())

    async def _ask(self, credentials: ClientCredentials, like: FetchRequest) -> _Token:
        where = f"{like.where.split('/', 1)[0]}/access token"
        request = replace(
            like,
            url=credentials.token_url,
            target=None,
            where=where,
            headers={},
            accept=("application/json",),
            if_none_match=None,
            if_modified_since=None,
            form=await asyncio.to_thread(_form, credentials),
            limits=replace(like.limits, wire_bytes=_ANSWER_BYTES, decoded_bytes=_ANSWER_BYTES, redirects=0)
            if like.limits
            else None,
        )
        try:
            answer = await self._fetch(request)
        except SyncdError as error:
            if error.code not in _REFUSALS:
                raise
            message = f"{redact_url(credentials.token_url)} gave no access token ({error.code})."
            raise failure("token_refused", message, where=where) from error
        return _read(answer.body, asyncio.get_running_loop().time(), where)


def _form(credentials: ClientCredentials) -> dict[str, str]:
    form = {
        "grant_type": "client_credentials",
        "client_id": credentials.client_id.reveal(),
        "client_secret": credentials.client_secret.reveal(),
    }
    return form | ({"scope": credentials.scope} if credentials.scope else {})


def _read(body: bytes, now: float, where: str) -> _Token:
    try:
        answer = orjson.loads(body)
    except (ValueError, RecursionError):
        # Not chained: the error carries the body, and with it perhaps a token.
        raise failure("token_unusable", "The answer is not JSON.", where=where) from None
    fields = answer if isinstance(answer, dict) else {}
    value, kind = fields.get("access_token"), fields.get("token_type", "bearer")
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise failure("token_unusable", "The answer holds no usable 'access_token'.", where=where)
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise failure("token_unusable", "The token is not of type Bearer.", where=where)
    try:
        lasts = float(fields.get("expires_in", _LIFETIME_S))
    except (TypeError, ValueError, OverflowError):
        raise failure("token_unusable", "'expires_in' is not a number.", where=where) from None
    return _Token(value, now + (min(lasts, _LONGEST_S) if lasts == lasts else 0.0))  # noqa: PLR0124 - not a number
