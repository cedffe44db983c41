"""The guarded HTTP client: one GET, streamed to disk, with a named error for every way it can fail.

Rules it keeps (fault study §0 and §2): own decompression, limits for wire and decoded bytes and their ratio,
deadlines for every phase, redirects only inside the origin, only public addresses, secrets in no error. Must
not know sources, runs or connectors.
"""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import aiohttp
from aiohttp import hdrs
from yarl import URL

from syncd.errors import StorageError, SyncdError
from syncd.fetching.addresses import refused_addresses
from syncd.fetching.alarms import AddressAlarm
from syncd.fetching.answers import (
    AnswerHead,
    content_encoding,
    read_head,
    retry_after,
    sniff,
    wanted,
)
from syncd.fetching.bearer import AccessTokens
from syncd.fetching.body import CHUNK, BodyFacts, BodySink, RateGauge
from syncd.fetching.failures import failure, status_failure
from syncd.fetching.lanes import Lanes
from syncd.fetching.limits import FetchLimits
from syncd.fetching.observations import Observations, clock_off
from syncd.fetching.pools import ConnectionPools
from syncd.fetching.redaction import redact_url
from syncd.fetching.transport import broken_answer, no_answer
from syncd.fetching.waits import Waits
from syncd.pipeline.unit_of_work import assert_no_unit_of_work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from syncd.settings.client_certificate import ClientCertificate

P = ParamSpec("P")
T = TypeVar("T")

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOVED_FOR_GOOD = frozenset({301, 308})
_RETRIED_CODES = frozenset(
    {"connection_refused", "connection_lost", "connect_failed", "dns_failure", "timeout_connect"}
)
DEFAULT_LIMITS = FetchLimits()
_jitter = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """One GET. ``target`` is the file to write; ``where`` names source and document in errors.

    Without ``target`` the body comes back in the answer: for small ones that must not reach the disk. With a
    ``form`` it is a POST of that form, which holds secrets.

    ``if_none_match`` and ``if_modified_since`` are sent as they are. ``accept`` lists the media types taken
    for an answer; empty means any. ``limits`` replaces the fetcher's own for this request. Sources that are
    ``suspect`` fail or are slow and must not compete with the others. ``client_certificate`` is shown to a
    portal that demands one. ``want_headers`` names headers of the answer that are handed on.
    """

    url: str
    target: Path | None
    where: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    accept: Sequence[str] = ()
    if_none_match: str | None = None
    if_modified_since: str | None = None
    allow_private: bool = False
    limits: FetchLimits | None = None
    suspect: bool = False
    client_certificate: ClientCertificate | None = None
    want_headers: Sequence[str] = ()
    form: Mapping[str, str] | None = field(default=None, repr=False)

    @property
    def conditional(self) -> bool:
        """True when the portal may answer 304."""
        return self.if_none_match is not None or self.if_modified_since is not None


@dataclass(frozen=True, slots=True)
class FetchAnswer:
    """A complete answer; its body is in ``FetchRequest.target``, unless ``not_modified``.

    ``url`` is fit to be shown. ``headers`` are those wanted, by lower-case name. ``sha256`` and
    ``size`` are of the decoded body, ``wire_size`` of what was sent.
    """

    url: str
    head: AnswerHead
    sha256: str = ""
    size: int = 0
    wire_size: int = 0
    not_modified: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    seen: Observations = field(default_factory=Observations)
    body: bytes = field(default=b"", repr=False)
    """Only of requests without a target."""


class _RetryableError(Exception):
    """An error that another try may cure. ``after_s`` is the wait the portal asked for, if it did."""

    def __init__(self, error: SyncdError, after_s: float | None = None) -> None:
        super().__init__(error.code)
        self.error = error
        self.after_s = after_s


class HttpFetcher:
    """Fetches documents for all sources; one per process, opened with ``async with``.

    ``nameservers`` (``address`` or ``address:port``) replace those of the system. ``waits`` are what portals
    asked for with ``Retry-After``.
    """

    def __init__(
        self,
        limits: FetchLimits = DEFAULT_LIMITS,
        user_agent: str = "syncd",
        *,
        nameservers: Sequence[str] = (),
        waits: Waits | None = None,
    ) -> None:
        self.limits = limits
        self._user_agent = user_agent
        self._pools = ConnectionPools(nameservers)
        # Unpacking, too, has a lane for suspects: a queue of bombs would stand before everybody else.
        self._threads = {
            suspect: ThreadPoolExecutor(max_workers=2, thread_name_prefix="fetch-body")
            for suspect in (False, True)
        }
        self._lanes = Lanes(fast=limits.concurrent, slow=limits.suspects, patience_s=limits.patience_s)
        self._hosts: dict[str, asyncio.Semaphore] = {}
        self.waits = waits or Waits()
        self.alarm = AddressAlarm()
        self.tokens = AccessTokens(self.fetch)

    @property
    def degraded(self) -> str:
        """Why the client runs with less protection than it should; empty when it does not."""
        return self._pools.degraded

    async def __aenter__(self) -> Self:
        """Return the fetcher; connection pools are opened when first needed, names can be resolved now."""
        self._pools.prepare()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections and threads."""
        await self._pools.aclose()
        for threads in self._threads.values():
            threads.shutdown(wait=False)

    async def fetch(self, request: FetchRequest) -> FetchAnswer:
        """GET one document into ``request.target``; on failure no file is left.

        Raises SourceUnavailable, SourceRejectedUs or SourceFormatError with a code of
        :mod:`syncd.fetching.failures`, InvariantViolated inside a unit of work.
        """
        assert_no_unit_of_work(f"a request for {request.where}")
        url = checked_url(request.url, where=request.where)
        limits = request.limits or self.limits
        host = str(url.origin())
        gate = self._hosts.setdefault(host, asyncio.Semaphore(self.limits.per_host))
        async with gate:
            self._respect_wait(host, request.where)
            return await self._fetch_with_retries(request, url, limits)

    def _respect_wait(self, host: str, where: str) -> None:
        if (left := self.waits.left_s(host)) > 0:
            message = f"The portal asked us to wait; {left:.0f} s of that are left."
            raise failure("retry_later", message, where=where)

    async def _fetch_with_retries(self, request: FetchRequest, url: URL, limits: FetchLimits) -> FetchAnswer:
        budget = limits.total_s
        loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            attempt += 1
            async with self._lanes.place(suspect=request.suspect):
                started = loop.time()
                try:
                    return await self._attempt(request, url, limits, budget)
                except _RetryableError as again:
                    budget -= loop.time() - started
                    wait = self._wait_before_retry(again, attempt, url, limits)
                    if again.after_s is not None:
                        await asyncio.to_thread(self.waits.keep)
                    if attempt >= limits.attempts or wait >= budget:
                        raise again.error from again.__cause__
            await asyncio.sleep(wait)
            budget -= wait

    def _wait_before_retry(
        self, again: _RetryableError, attempt: int, url: URL, limits: FetchLimits
    ) -> float:
        if again.after_s is not None:
            wait = min(max(again.after_s, 0.0), limits.retry_after_cap_s)
            self.waits.ask(str(url.origin()), wait)
            return wait
        return limits.retry_wait_s * 2.0 ** (attempt - 1) * _jitter.uniform(0.5, 1.5)

    async def _attempt(
        self, request: FetchRequest, url: URL, limits: FetchLimits, budget: float
    ) -> FetchAnswer:
        deadline = asyncio.timeout(budget)
        try:
            async with deadline:
                return await self._follow(request, url, limits)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            message = f"The request was not finished within {limits.total_s:g} s."
            raise failure("timeout_total", message, where=request.where) from error

    async def _follow(self, request: FetchRequest, url: URL, limits: FetchLimits) -> FetchAnswer:
        """Follow redirects by hand, so that each hop is checked and no header crosses an origin."""
        moved = ""
        for _ in range(limits.redirects + 1):
            async with self._answer(request, url, limits) as response:
                if response.status not in _REDIRECTS:
                    return await self._take(request, response, limits, moved)
                url = self._redirect_target(url, response, request.where)
                moved = redact_url(str(url)) if response.status in _MOVED_FOR_GOOD else moved
        message = f"The portal redirected more than {limits.redirects} times."
        raise failure("redirect_refused", message, where=request.where)

    def _redirect_target(self, url: URL, response: aiohttp.ClientResponse, where: str) -> URL:
        location = response.headers.get(hdrs.LOCATION)
        if not location:
            raise failure("redirect_refused", "The portal redirected without saying where to.", where=where)
        try:
            target = url.join(URL(location)).with_fragment(None)
            same = target.origin() == url.origin() and not target.user
        except ValueError:
            same = False
            target = URL()
        if not same:
            self.alarm.look_at(where, target.host, how="redirect")
            how = "for good " if response.status in _MOVED_FOR_GOOD else ""
            message = (
                f"The portal redirected {how}to {redact_url(location)}; only {url.origin()} is followed."
            )
            raise failure("redirect_refused", message, where=where)
        return target

    @asynccontextmanager
    async def _answer(
        self, request: FetchRequest, url: URL, limits: FetchLimits
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Give the head of the answer; afterwards a connection whose body was not read is closed."""
        pool = await self._pool(request)
        refused: list[str] = []
        token = refused_addresses.set(refused)
        shown = redact_url(str(url))
        deadline = asyncio.timeout(limits.headers_s)
        try:
            async with deadline:
                response = await pool.request(
                    hdrs.METH_GET if request.form is None else hdrs.METH_POST,
                    url,
                    data=request.form,
                    headers=self._headers(request),
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.connect_s),
                )
        except TimeoutError as error:
            if deadline.expired():
                message = f"{shown} sent no complete answer head within {limits.headers_s:g} s."
                raise failure("timeout_headers", message, where=request.where) from error
            raise _retryable(no_answer(error, refused, shown, request.where)) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Some of aiohttp's errors print the full URL, so they must not be chained.
            cause = error if isinstance(error, OSError) else None
            raise _retryable(no_answer(error, refused, shown, request.where)) from cause
        finally:
            refused_addresses.reset(token)
            if refused:
                self.alarm.refused(request.where, refused, how=shown)
        try:
            yield response
        finally:
            response.close() if not response.content.at_eof() else response.release()

    async def _pool(self, request: FetchRequest) -> aiohttp.ClientSession:
        if (ours := request.client_certificate) is None:
            return self._pools.of(allow_private=request.allow_private)
        return await self._pools.identified(ours, allow_private=request.allow_private, where=request.where)

    def _headers(self, request: FetchRequest) -> dict[str, str]:
        headers = dict(request.headers)
        headers[hdrs.USER_AGENT] = self._user_agent
        headers[hdrs.ACCEPT_ENCODING] = "gzip"
        headers[hdrs.ACCEPT] = ", ".join(request.accept) or "*/*"
        if request.if_none_match is not None:
            headers[hdrs.IF_NONE_MATCH] = request.if_none_match
        if request.if_modified_since is not None:
            headers[hdrs.IF_MODIFIED_SINCE] = request.if_modified_since
        return headers

    async def _take(
        self, request: FetchRequest, response: aiohttp.ClientResponse, limits: FetchLimits, moved: str
    ) -> FetchAnswer:
        shown = redact_url(str(response.url))
        where = request.where
        if response.status == 304:  # noqa: PLR2004 - known by its number
            if not request.conditional:
                message = f"{shown} answered 304 although we sent no validator."
                raise failure("unexpected_304", message, where=where)
            head = read_head(response.headers, where=where)
            headers = wanted(response.headers, request.want_headers)
            seen = self._observe(request, response, moved)
            return FetchAnswer(shown, head, not_modified=True, headers=headers, seen=seen)
        if response.status != 200:  # noqa: PLR2004 - known by its number
            error = status_failure(response.status, where=where, url=shown)
            if response.status == 429 or response.status >= 500:  # noqa: PLR2004 - known by their numbers
                raise _RetryableError(error, retry_after(response.headers))
            raise error
        head = read_head(response.headers, where=where)
        sniff(head, b"", request.accept, where=where)
        gzip = content_encoding(response.headers, where=where)
        if (response.content_length or 0) > limits.wire_bytes:
            message = (
                f"The answer announces {response.content_length} bytes; the limit is {limits.wire_bytes}."
            )
            raise failure("too_large", message, where=where)
        sink = self._open_sink(request, limits, gzip=gzip)
        try:
            await self._stream(response, sink, limits, request)
            facts = await self._in_thread(request, sink.finish)
            _check_content(head, facts, request)
        except BaseException:
            sink.discard()
            raise
        seen = self._observe(request, response, moved)
        return FetchAnswer(
            shown,
            head,
            facts.sha256,
            facts.size,
            facts.wire_size,
            headers=wanted(response.headers, request.want_headers),
            seen=seen,
            body=facts.body,
        )

    def _observe(self, request: FetchRequest, response: aiohttp.ClientResponse, moved: str) -> Observations:
        ours = self._pools.ours_ends_at(request.client_certificate, allow_private=request.allow_private)
        ends = self._pools.certificates.ends_at(response.url.raw_host or "")
        off = clock_off(response.headers, datetime.now(UTC))
        return Observations(moved, off, ends if response.url.scheme == "https" else None, ours)

    async def _stream(
        self, response: aiohttp.ClientResponse, sink: BodySink, limits: FetchLimits, request: FetchRequest
    ) -> None:
        loop = asyncio.get_running_loop()
        gauge = RateGauge(limits, loop.time(), where=request.where)
        buffer = bytearray()
        while not response.content.at_eof():
            data = await _read_some(response, limits, request.where)
            gauge.count(len(data), loop.time())
            buffer += data
            if len(buffer) >= CHUNK:
                # A full disk is not the portal's fault, so writing stands outside of all network handling.
                await self._in_thread(request, sink.write, bytes(buffer))
                buffer.clear()
        if buffer:
            await self._in_thread(request, sink.write, bytes(buffer))

    def _open_sink(self, request: FetchRequest, limits: FetchLimits, *, gzip: bool) -> BodySink:
        try:
            return BodySink(request.target, limits, gzip=gzip, where=request.where)
        except OSError as error:
            raise _disk_failure(error, request.where) from error

    async def _in_thread(
        self, request: FetchRequest, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run decoding, hashing and writing beside the event loop; all three release the interpreter lock."""
        try:
            work = partial(call, *args, **kwargs)
            return await asyncio.get_running_loop().run_in_executor(self._threads[request.suspect], work)
        except OSError as error:
            raise _disk_failure(error, request.where) from error


def checked_url(text: str, *, where: str) -> URL:
    """Return the URL without fragment; raises SourceFormatError ``bad_url`` for all but plain http(s)."""
    try:
        url = URL(text).with_fragment(None)
        if url.scheme in {"http", "https"} and url.origin().host and not url.user and not url.password:
            return url
    except ValueError:
        pass
    message = f"{redact_url(text)} is not a plain http or https address without user name."
    raise failure("bad_url", message, where=where)


def _check_content(head: AnswerHead, facts: BodyFacts, request: FetchRequest) -> None:
    if not facts.size:
        raise failure("empty_body", "The portal answered with an empty body.", where=request.where)
    sniff(head, facts.head, request.accept, where=request.where)


async def _read_some(response: aiohttp.ClientResponse, limits: FetchLimits, where: str) -> bytes:
    try:
        async with asyncio.timeout(limits.read_gap_s):
            return await response.content.readany()
    except TimeoutError as error:
        message = f"The portal sent nothing for {limits.read_gap_s:g} s in the middle of its answer."
        raise failure("timeout_read", message, where=where) from error
    except (aiohttp.ClientError, OSError) as error:
        raise broken_answer(error, where) from error


def _retryable(error: SyncdError) -> SyncdError | _RetryableError:
    return _RetryableError(error) if error.code in _RETRIED_CODES else error


def _disk_failure(error: OSError, where: str) -> StorageError:
    return StorageError(f"The answer could not be written to disk ({error.strerror}).", where=where)
