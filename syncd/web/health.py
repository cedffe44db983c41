"""Is it alive, can it be used, what does it count?

Live: the event loop answers. Ready: a release is served and the database answers. Sources that are down do
not make the service unready: it goes on serving what it knows and says how old that is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import web

from syncd.errors import StorageError
from syncd.web.answers import JSON, PRIVATE, Answer, respond
from syncd.web.documents import HealthDocument, ReleaseStamp
from syncd.web.parameters import Parameters, read_parameters
from syncd.web.routes import Binding, Route

if TYPE_CHECKING:
    from syncd.web.deps import WebDeps
    from syncd.web.reader import Reader

PATIENCE_SECONDS: Final = 5.0
METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"
_log = structlog.get_logger(__name__)


def add_health(app: web.Application, deps: WebDeps, reader: Reader) -> list[Route]:
    """Add the routes and return their descriptions."""

    async def live(request: web.Request) -> web.StreamResponse:
        read_parameters(Parameters, request.query.items(), {})
        return _answer(request, HealthDocument(status="live", version=deps.version), 200)

    async def ready(request: web.Request) -> web.StreamResponse:
        read_parameters(Parameters, request.query.items(), {})
        facts = dict(deps.ready())
        working = facts.pop("ok", True) is not False
        database, release = True, None
        try:
            # A probe that hangs is no answer: whoever asks gives up after a few seconds and learns nothing.
            async with asyncio.timeout(PATIENCE_SECONDS):
                await reader.run(deps.store.ping)
                release = await reader.current()
        except (StorageError, TimeoutError) as error:
            database = False
            _log.warning("not_ready", error=str(error) or f"no answer within {PATIENCE_SECONDS:g} s")
        usable = database and release is not None and working
        document = HealthDocument(
            status="ready" if usable else "not_ready",
            version=deps.version,
            database=database,
            release=ReleaseStamp.model_validate(release) if release else None,
            facts=facts,
        )
        return _answer(request, document, 200 if usable else 503)

    async def metrics(request: web.Request) -> web.StreamResponse:
        read_parameters(Parameters, request.query.items(), {})
        return respond(request, Answer(deps.metrics_text(), media_type=METRICS, cache_control=PRIVATE))

    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)
    app.router.add_get("/metrics", metrics)
    return [
        _described("/health/live", "get_live", "Whether the process answers", HealthDocument),
        _described("/health/ready", "get_ready", "Whether a release can be served", HealthDocument),
        _described("/metrics", "get_metrics", "Counters in the Prometheus text format", None),
    ]


def _described(path: str, operation: str, summary: str, document: type[HealthDocument] | None) -> Route:
    return Route(
        path=path,
        operation=operation,
        tag="operation",
        summary=summary,
        binding=Binding.SPECIAL,
        document=document,
        media_type=JSON if document else METRICS,
        unavailable=HealthDocument if operation == "get_ready" else None,
    )


def _answer(request: web.Request, document: HealthDocument, status: int) -> web.Response:
    answer = Answer(document.model_dump_json().encode(), status=status, cache_control=PRIVATE)
    response = respond(request, answer)
    if status != web.HTTPOk.status_code:
        response.headers["Retry-After"] = "5"
    return response
