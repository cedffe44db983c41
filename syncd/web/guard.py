"""The outermost middleware: every answer gets its id and headers, every error becomes a problem document.

Pages get their errors as pages, the API as problem documents. Nothing is logged for a request that went well;
the reverse proxy or the server's access log does that.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from syncd.web.answers import respond
from syncd.web.problems import (
    MethodNotAllowed,
    NoSuchPage,
    RequestTooLarge,
    language_of,
    problem_answer,
    status_of,
)

if TYPE_CHECKING:
    from syncd.web.answers import Answer
    from syncd.web.deps import WebDeps

ErrorPage = Callable[[web.Request, BaseException, str], "Answer"]

MAX_BODY_BYTES: Final = 64 * 1024
REQUEST_ID: Final = web.RequestKey("request_id", str)
WAITING: Final = web.AppKey("waiting", dict[int, object])
"""Connections whose first request has not arrived yet, by identity."""
_SLOW_SECONDS: Final = 1.0
_SERVER_NAME: Final = "syncd"
_API_PREFIXES: Final = ("/v1/", "/health/", "/metrics")
_SERVER_ERROR: Final = 500

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_log = structlog.get_logger(__name__)


def guard(deps: WebDeps, error_page: ErrorPage) -> Middleware:
    """Return the middleware."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.perf_counter()
        request.app[WAITING].pop(id(request.protocol), None)
        request_id = str(uuid.uuid4())
        request[REQUEST_ID] = request_id
        try:
            _refuse_body(request)
            response = await handler(request)
        except Exception as error:
            if _is_broken_off(request):
                if not isinstance(error, ConnectionError):
                    _log.exception("answer_broken_off", path=request.path, request_id=request_id)
                raise ConnectionResetError("the answer was broken off") from error
            response = _failed(request, error, request_id, error_page)
        if not response.prepared:
            add_headers(response, request_id)
        seconds = time.perf_counter() - began
        if seconds > _SLOW_SECONDS:
            _log.warning("slow_request", path=request.path, seconds=round(seconds, 3), request_id=request_id)
        if deps.on_request is not None:
            deps.on_request(request.method, _pattern(request), response.status, seconds)
        return response

    return middleware


def add_headers(response: web.StreamResponse, request_id: str) -> None:
    """Add what every answer carries."""
    for name, value in SECURITY_HEADERS.items():
        # A document that brings its own style along says so itself.
        response.headers.setdefault(name, value)
    response.headers["Server"] = _SERVER_NAME
    response.headers["X-Request-Id"] = request_id


def wants_page(request: web.Request) -> bool:
    """Tell whether an error goes to a person in front of a browser."""
    return not request.path.startswith(_API_PREFIXES) and "text/html" in request.headers.get("Accept", "")


def _refuse_body(request: web.Request) -> None:
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise RequestTooLarge(
            f"the request has a body of {request.content_length} bytes (limit {MAX_BODY_BYTES})"
        )


def _is_broken_off(request: web.Request) -> bool:
    """Tell whether the client has gone, or has parts of the answer: then nothing can be said any more.

    aiohttp closes the connection without the end mark, so that the client sees that its copy is incomplete.
    """
    transport = request.transport
    return transport is None or transport.is_closing() or request.writer.output_size > 0


def _failed(
    request: web.Request, error: Exception, request_id: str, error_page: ErrorPage
) -> web.StreamResponse:
    headers = {}
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        headers["Allow"] = allowed
        error = MethodNotAllowed(f"{request.method} is not possible here (possible: {allowed})")
    elif isinstance(error, web.HTTPNotFound):
        error = NoSuchPage(f"there is nothing at {request.path[:200]}")
    status = status_of(error)
    if status >= _SERVER_ERROR and getattr(error, "code", "") != "no_release":
        log = _log.exception if status == _SERVER_ERROR else _log.error
        log("request_failed", path=request.path, request_id=request_id, error=str(error))
    make = error_page if wants_page(request) else _problem
    response = respond(request, make(request, error, request_id))
    response.headers.update(headers)
    return response


def _problem(request: web.Request, error: BaseException, request_id: str) -> Answer:
    language = language_of(request.query.get("lang"), request.headers.get("Accept-Language", ""))
    return problem_answer(error, request_id, language)


def _pattern(request: web.Request) -> str:
    """Return the route, not the address: metrics must not grow with what clients make up."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"
