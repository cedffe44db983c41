"""Writing: prove who it is, read a small JSON body, write in a thread, ask for a release.

Nothing is read before the token is known to be right. One decision is written at a time, so that a flood of
them cannot take the threads of those who read. This module must not know what is decided.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
)

from syncd.errors import SourceFormatError, StorageError
from syncd.sdk.strict_json import load_json
from syncd.web.answers import JSON, PRIVATE, Answer, respond
from syncd.web.parameters import read_parameters
from syncd.web.problems import BadRequest, Finding, NotJson, RequestSlow, RequestTooLarge

if TYPE_CHECKING:
    from syncd.pipeline.ask import Ask
    from syncd.web.deps import WebDeps
    from syncd.web.gate import Gate
    from syncd.web.reader import Reader
    from syncd.web.routes import Route

MAX_JSON_BYTES: Final = 16 * 1024
BODY_SECONDS: Final = 10.0
WAIT_SECONDS: Final = 10.0
"""Longest wait for decisions before one's own."""
MAX_REASON: Final = 2_000
_TICK: Final = timedelta(microseconds=1)
_REMEMBERED: Final = 100
"""Instants of the last decisions; more do not fall into one tick of any clock."""


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("must say something")
    return text.strip()


def _day(value: object) -> object:
    # A number would be taken for seconds since 1970.
    if not isinstance(value, str) or len(value) != len("2027-06-30"):
        raise ValueError("must be a day such as 2027-06-30")
    return value


Day = Annotated[date, BeforeValidator(_day)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
Reason = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_REASON, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*$"),
    AfterValidator(_said),
]
"""Why; kept for good. Line ends are allowed, other control characters are not."""


class Body(BaseModel):
    """Base of what a write takes; nothing is converted, nothing unknown is passed over."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a write works with: the use cases, who decides and when."""

    ask: Ask
    operator: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, and where it can be read."""

    document: BaseModel
    location: str


class Writer:
    """Makes the handlers of writes. Belongs to one event loop."""

    def __init__(self, deps: WebDeps, reader: Reader, gate: Gate) -> None:
        """Take the threads that write and the gate before them."""
        self._deps, self._reader, self._gate = deps, reader, gate
        self._turn = asyncio.Lock()
        self._instants: deque[datetime] = deque(maxlen=_REMEMBERED)

    def handler(self, route: Route) -> Handler:
        """Return the handler of a route that writes."""

        async def handle(request: web.Request) -> web.StreamResponse:
            operator = await self._gate.writer(request)
            parameters = read_parameters(route.parameters, request.query.items(), request.match_info)
            body = read_document(route.body, await read_body(request))
            written = await self._write(route, operator, parameters, body)
            if self._deps.decided is not None:
                self._deps.decided()
            answer = Answer(
                written.document.model_dump_json().encode(),
                status=web.HTTPCreated.status_code,
                cache_control=PRIVATE,
                headers={"Location": written.location, "Vary": "Accept-Encoding, Authorization"},
            )
            return respond(request, answer)

        return handle

    def _now(self, instant: datetime) -> datetime:
        """Return an instant no other decision of this service has: which one is later must be certain."""
        while instant in self._instants:
            instant += _TICK
        self._instants.append(instant)
        return instant

    async def _write(self, route: Route, operator: str, parameters: Any, body: Any) -> Written:  # noqa: ANN401 - as the route says
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turn.acquire()
        except TimeoutError as error:
            raise StorageError(
                f"other decisions were not written within {WAIT_SECONDS:g} s",
                code="busy",
                fix="Try again in a few seconds.",
            ) from error
        try:
            ask = self._reader.ask
            desk = Desk(ask, operator, self._now(ask.clock()))
            written: Written = await self._reader.run(lambda: route.write(desk, parameters, body))  # type: ignore[misc]
            return written
        finally:
            self._turn.release()


async def read_body(request: web.Request) -> bytes:
    """Return a small JSON body, unpacked; raises NotJson, RequestTooLarge or RequestSlow."""
    packed = request.headers.get("Content-Encoding", "identity").strip().lower() != "identity"
    if request.content_type != JSON or packed:
        raise NotJson("the body is no plain JSON")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.content.iter_any():
                size += len(part)
                if size > MAX_JSON_BYTES:
                    raise RequestTooLarge(f"the body has more than {MAX_JSON_BYTES} bytes")
                parts.append(part)
    except TimeoutError as error:
        raise RequestSlow(f"the body did not arrive within {BODY_SECONDS:g} s") from error
    return b"".join(parts)


def read_document(model: type[BaseModel] | None, raw: bytes) -> BaseModel:
    """Return the checked document; raises BadRequest that names every wrong field."""
    try:
        value = load_json(raw)
    except SourceFormatError as error:
        raise BadRequest(
            [Finding(parameter="", message=f"the body is no strict JSON: {error}"[:300])]
        ) from error
    if model is None or not isinstance(value, dict):
        raise BadRequest([Finding(parameter="", message="the body must be one JSON object")])
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise BadRequest(
            [
                Finding(
                    parameter=".".join(str(part)[:80] for part in problem["loc"]),
                    message=problem["msg"].removeprefix("Value error, "),
                )
                for problem in error.errors(include_url=False, include_context=False)
            ]
        ) from error
