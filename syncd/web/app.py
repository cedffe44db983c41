"""The application: routes of the table, pages and health checks, each wrapped in the same few rules.

For a route of the table: check the parameters, choose the release, answer 304 or from memory if possible, and
only then read in a thread.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from syncd.errors import ConfigError
from syncd.web import (
    api_conflicts,
    api_coverage,
    api_gaps,
    api_judgements,
    api_links,
    api_planning,
    api_registers,
    api_releases,
    api_yardstick,
    kept_reports,
)
from syncd.web.answers import MOVING, PINNED, Answer, not_modified, respond
from syncd.web.calculating import Calculator
from syncd.web.documents import ReleaseStamp
from syncd.web.export import catalogue_route, stream_catalogue
from syncd.web.gap_table import gap_table_route, gap_workbook_route, send_gaps, stream_gaps
from syncd.web.gate import Gate
from syncd.web.guard import WAITING, guard
from syncd.web.health import add_health
from syncd.web.openapi import openapi_document
from syncd.web.pages import Pages
from syncd.web.paging import Paging, Position, Query, decode_cursor
from syncd.web.parameters import DEFAULT_LIMIT, Parameters, read_parameters
from syncd.web.reader import Reader
from syncd.web.reading import content_tag, judged_tag, pack_in_thread, position_of, release_tag
from syncd.web.reports import report_route, send_report
from syncd.web.routes import Binding, Route
from syncd.web.writing import Writer

if TYPE_CHECKING:
    from syncd.pipeline.ask import ReleaseView
    from syncd.web.deps import WebDeps

READER: Final = web.AppKey("reader", Reader)


def build_app(deps: WebDeps) -> web.Application:
    """Return the application; it owns its threads and ends them on clean-up."""
    reader = Reader(deps)
    pages = Pages(deps, reader)
    gate = Gate(deps, reader)
    writer = Writer(deps, reader, gate)
    app = web.Application(middlewares=[guard(deps, pages.error)], client_max_size=1024)
    app[READER] = reader
    app[WAITING] = {}
    routes = [
        *api_registers.table.routes,
        *api_releases.table.routes,
        *api_links.table.routes,
        *api_yardstick.table.routes,
        *api_planning.table.routes,
        *api_coverage.table.routes,
        *api_gaps.table.routes,
        *api_judgements.table.routes,
        *api_conflicts.table.routes,
        catalogue_route(),
        *kept_reports.table.routes,
        gap_table_route(),
        gap_workbook_route(),
        report_route(),
        kept_reports.kept_report_route(),
    ]
    calculator = Calculator(reader)
    for route in sorted(routes, key=_literal_first):
        if route.calculate is not None:
            app.router.add_post(route.path, calculator.handler(route))
        elif route.write is not None:
            app.router.add_post(route.path, writer.handler(route))
        elif route.binding is not Binding.SPECIAL:
            app.router.add_get(route.path, _handler(route, reader, gate, calculator))
    app.router.add_get("/v1/catalogue.ndjson", stream_catalogue(reader))
    app.router.add_get("/v1/gaps.csv", stream_gaps(reader, gate))
    app.router.add_get("/v1/gaps.xlsx", send_gaps(reader, deps, gate, calculator))
    app.router.add_get("/v1/reports/{subject}", send_report(reader, deps, calculator, gate))
    app.router.add_get("/v1/kept-reports/{report}", kept_reports.send_kept_report(reader))
    routes += add_health(app, deps, reader)
    app.router.add_get("/v1/openapi.json", _fixed(openapi_document(routes, deps)))
    pages.add_to(app)

    async def end_threads(_app: web.Application) -> AsyncIterator[None]:
        yield
        reader.close()

    app.cleanup_ctx.append(end_threads)
    return app


def _literal_first(route: Route) -> tuple[int, str]:
    """Sort ``/v1/releases/current`` before ``/v1/releases/{release}``."""
    return (len(route.path_names), route.path)


def _handler(route: Route, reader: Reader, gate: Gate, calculator: Calculator) -> Handler:
    if route.binding is Binding.RELEASE:
        return _of_release(route, reader, gate, calculator)
    return _of_now(route, reader, gate)


def query_of(request: web.Request) -> Query:
    """Return path and parameters in canonical form."""
    return Query.of(request.rel_url.raw_path, request.query.items())


def _of_release(route: Route, reader: Reader, gate: Gate, calculator: Calculator) -> Handler:
    in_path = "release" in route.path_names
    run = calculator.run if route.in_turn else reader.run

    async def handle(request: web.Request) -> web.StreamResponse:
        operator = await gate.asker(request) if route.names_people else ""
        parameters = read_parameters(route.parameters, request.query.items(), request.match_info)
        query = query_of(request)
        number = getattr(parameters, "release", None)
        position = position_of(query, getattr(parameters, "cursor", None), number)
        view = await reader.view(
            release=position.release if position else number, at=getattr(parameters, "at", None)
        )
        etag = release_tag(view, query, reader)
        if route.names_people:
            etag = await judged_tag(etag, reader, operator)
        may_change = route.configured or route.names_people
        cache_control = PINNED if number is not None and not may_change else MOVING
        unchanged = not_modified(request, etag, cache_control)
        if unchanged is not None:
            return _varied(unchanged, route)
        answer = reader.answers.get(etag)
        if answer is None:
            paging = _paging(query, parameters, position, view, operator, pins_release=not in_path)
            answer = await run(lambda: _prepare(route, view, parameters, paging, etag))
            reader.answers.put(etag, answer)
        await pack_in_thread(request, answer, reader)
        answer.cache_control = cache_control
        return _varied(respond(request, answer), route)

    return handle


def _varied(response: web.Response, route: Route) -> web.Response:
    """Say that an answer depends on who asks, where it does."""
    if route.names_people:
        response.headers["Vary"] = "Accept-Encoding, Authorization"
    return response


def _paging(
    query: Query,
    parameters: Parameters,
    position: Position | None,
    view: ReleaseView,
    operator: str,
    *,
    pins_release: bool,
) -> Paging:
    return Paging(
        query,
        limit=getattr(parameters, "limit", DEFAULT_LIMIT),
        release=view.release.number,
        stamp=ReleaseStamp.model_validate(view.release).model_dump_json().encode(),
        after=position.after if position else None,
        pins_release=pins_release,
        operator=operator,
    )


def _prepare(route: Route, source: Any, parameters: Parameters, paging: Paging, etag: str) -> Answer:  # noqa: ANN401 - a view or the use case, as the route's binding says
    """Run the work of a route; in a thread."""
    if route.work is None:
        raise ConfigError(f"{route.path} has no work")
    reply = route.work(source, parameters, paging)
    headers = {}
    if paging.release:
        headers["Syncd-Release"] = str(paging.release)
    if reply.next:
        headers["Link"] = f'<{reply.next}>; rel="next"'
    return Answer(reply.body, etag=etag or content_tag(reply.body), headers=headers)


def _of_now(route: Route, reader: Reader, gate: Gate) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        operator = await gate.asker(request) if route.names_people else ""
        parameters = read_parameters(route.parameters, request.query.items(), request.match_info)
        query = query_of(request)
        cursor = getattr(parameters, "cursor", None)
        position = decode_cursor(query, cursor) if cursor else None
        if position is not None and position.release:
            raise ConfigError("the cursor belongs to a release", code="bad_cursor")
        paging = Paging(
            query,
            limit=getattr(parameters, "limit", DEFAULT_LIMIT),
            after=position.after if position else None,
            operator=operator,
        )
        ask = reader.ask
        answer = await reader.run(lambda: _prepare(route, ask, parameters, paging, ""))
        if route.names_people:
            answer.headers = {**answer.headers, "Vary": "Accept-Encoding, Authorization"}
        await pack_in_thread(request, answer, reader)
        return respond(request, answer)

    return handle


def _fixed(body: bytes) -> Handler:
    answer = Answer(body, etag=content_tag(body))

    async def handle(request: web.Request) -> web.StreamResponse:
        read_parameters(Parameters, request.query.items(), {})
        return respond(request, answer)

    return handle
