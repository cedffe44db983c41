"""The pages: state of sources, summary of cohorts, list of gaps, explanation of a cell.

Plain HTML that works without scripts, on a phone and for a screen reader. What the pages say is gathered in
:mod:`syncd.web.page_content`; this module knows addresses, templates and errors.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from syncd.errors import StorageError
from syncd.web import page_content as content
from syncd.web.answers import HTML, MOVING, PINNED, PRIVATE, Answer, not_modified, respond
from syncd.web.figures import Figures
from syncd.web.gap_pages import GapPageParameters, OneGapParameters, gap_page, one_gap_page
from syncd.web.paging import Paging, Query
from syncd.web.parameters import (
    ExplainPageParameters,
    PageParameters,
    StyleParameters,
    read_parameters,
)
from syncd.web.problems import BadRequest, NoSuchPage, problem_of, retry_headers
from syncd.web.reading import content_tag, judged_tag, pack_in_thread, position_of, release_tag
from syncd.web.report_links import report_links
from syncd.web.service_pages import ServicePageParameters, service_page
from syncd.web.texts import problem_words, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.pipeline.ask import ReleaseView
    from syncd.web.deps import WebDeps
    from syncd.web.reader import Reader

_HERE: Final = Path(__file__).parent
_KEPT_SUMMARIES: Final = 4
_FILES: Final = {"syncd.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}


class Pages:
    """Handlers of the pages."""

    def __init__(self, deps: WebDeps, reader: Reader) -> None:
        """Load templates and files."""
        self._deps, self._reader = deps, reader
        self._zone = ZoneInfo(deps.timezone)
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._files = {name: _file(name, media_type) for name, media_type in _FILES.items()}
        self._cohorts: OrderedDict[str, list[content.CohortTables]] = OrderedDict()
        self._style = content_tag(b"".join(file.body for file in self._files.values()))[:12]

    def add_to(self, app: web.Application) -> None:
        """Add the routes of the pages."""
        app.router.add_get("/", self.index)
        app.router.add_get("/gaps", self.gaps)
        app.router.add_get("/gap", self.gap)
        app.router.add_get("/service", self.service)
        app.router.add_get("/explain", self.explain)
        app.router.add_get("/static/{name}", self.file)

    async def index(self, request: web.Request) -> web.StreamResponse:
        """Sources and cohorts, now."""
        parameters = read_parameters(PageParameters, _without_empty(request), {})
        language, reader = parameters.lang, self._reader
        view = await self._view_or_none()
        ask = reader.ask

        def render() -> Answer:
            now = ask.clock()
            known = ask.sources()
            sources = content.source_rows(known, language)
            return self._render(
                "index.html",
                request.path,
                _query(request),
                language,
                release=view.release if view else None,
                release_age=int((now - view.release.published_at).total_seconds()) if view else 0,
                sources=sources,
                sources_good=sum(row.is_good for row in sources),
                sources_enabled=sum(source.enabled for source in known),
                cohorts=self._cohort_tables(view, language) if view else [],
                reports=[report_links(view, c.cohort_id, language) for c in ask.registry.cohorts]
                if view
                else [],
                states=content.SHOWN_STATES,
            )

        answer = await reader.run(render)
        await pack_in_thread(request, answer, reader)
        return respond(request, answer)

    def _cohort_tables(self, view: ReleaseView, language: str) -> list[content.CohortTables]:
        """Return the summary, gathered once per release: it reads the totals of all Germany."""
        key = release_tag(view, Query("/", (("lang", language),)), self._reader)
        found = self._cohorts.get(key)
        if found is None:
            found = self._cohorts[key] = content.cohort_tables(view, language)
            while len(self._cohorts) > _KEPT_SUMMARIES:
                self._cohorts.popitem(last=False)
        return found

    async def _view_or_none(self) -> ReleaseView | None:
        try:
            return await self._reader.view()
        except StorageError as error:
            if error.code == "no_release":
                return None
            raise

    async def gaps(self, request: web.Request) -> web.StreamResponse:
        """Cells that fall short, page by page."""
        given = _without_empty(request)
        asked = read_parameters(GapPageParameters, given, {})
        query = Query.of("/gaps", given)
        position = position_of(query, asked.cursor, asked.release)
        view = await self._reader.view(release=position.release if position else asked.release, at=asked.at)
        paging = Paging(
            query,
            limit=asked.limit,
            release=view.release.number,
            after=position.after if position else None,
            pins_release=True,
        )

        def render(etag: str) -> Answer:
            found = gap_page(view, asked, paging)
            return self._render(
                "gaps.html",
                "/gaps",
                query,
                asked.lang,
                etag=etag,
                status=404 if found["problem"] else 200,
                release=view.release,
                asked=asked,
                states=content.SHOWN_STATES,
                **found,
            )

        return await self._of_release(request, view, query, render, judged=True)

    async def gap(self, request: web.Request) -> web.StreamResponse:
        """One gap: where it stands, why, what was said and what it was, what could be reused."""
        given = _without_empty(request)
        asked = read_parameters(OneGapParameters, given, {})
        query = Query.of("/gap", given)
        view = await self._reader.view(release=asked.release, at=asked.at)

        def render(etag: str) -> Answer:
            found = one_gap_page(view, asked)
            return self._render(
                "gap.html", "/gap", query, asked.lang, etag=etag, release=view.release, **found
            )

        return await self._of_release(request, view, query, render, judged=True)

    async def service(self, request: web.Request) -> web.StreamResponse:
        """How far a service has spread, and whether that stands still."""
        given = _without_empty(request)
        asked = read_parameters(ServicePageParameters, given, {})
        query = Query.of("/service", given)
        view = await self._reader.view(release=asked.release, at=asked.at)

        def render(etag: str) -> Answer:
            found = service_page(view, asked)
            return self._render(
                "service.html",
                "/service",
                query,
                asked.lang,
                etag=etag,
                status=404 if found["problem"] else 200,
                release=view.release,
                asked=asked,
                **found,
            )

        return await self._of_release(request, view, query, render, judged=True)

    async def explain(self, request: web.Request) -> web.StreamResponse:
        """Why a cell is what it is."""
        given = _without_empty(request)
        asked = read_parameters(ExplainPageParameters, given, {})
        query = Query.of("/explain", given)
        view = await self._reader.view(release=asked.release, at=asked.at)

        def render(etag: str) -> Answer:
            found = content.explain_page(view, asked)
            return self._render(
                "explain.html",
                "/explain",
                query,
                asked.lang,
                etag=etag,
                status=404 if found["problem"] else 200,
                release=view.release,
                asked=asked,
                **found,
            )

        return await self._of_release(request, view, query, render)

    async def _of_release(
        self,
        request: web.Request,
        view: ReleaseView,
        query: Query,
        render: Callable[[str], Answer],
        *,
        judged: bool = False,
    ) -> web.StreamResponse:
        """Answer from memory or render; ``judged``: also depends on what was decided, and on the day."""
        etag = release_tag(view, query, self._reader)
        if judged:
            etag = await judged_tag(etag, self._reader, "")
        unchanged = not_modified(request, etag, MOVING)
        if unchanged is not None:
            return unchanged
        answer = self._reader.answers.get(etag)
        if answer is None:
            answer = await self._reader.run(lambda: render(etag))
            if answer.status == web.HTTPOk.status_code:
                self._reader.answers.put(etag, answer)
        await pack_in_thread(request, answer, self._reader)
        return respond(request, answer)

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Style and icon; for ever where the address names the content."""
        asked = read_parameters(StyleParameters, request.query.items(), {})
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise NoSuchPage(f"there is nothing at {request.path[:200]}")
        cache_control = PINNED if asked.v == self._style else MOVING
        return respond(
            request, Answer(file.body, file.media_type, etag=file.etag, cache_control=cache_control)
        )

    def error(self, request: web.Request, error: BaseException, request_id: str) -> Answer:
        """Return the page of an error; it says no more than the problem document."""
        problem = problem_of(error, request_id)
        language = "en" if request.query.get("lang") == "en" else "de"
        answer = self._render(
            "error.html",
            "",
            Query("/", ()),
            language,
            status=problem.status,
            release=None,
            problem=problem_words(problem.code, problem.status, language),
            detail=problem.detail if isinstance(error, BadRequest) else "",
            request_id=request_id,
        )
        answer.cache_control = PRIVATE
        answer.headers = retry_headers(problem)
        return answer

    def _render(
        self,
        template: str,
        here: str,
        query: Query,
        language: str,
        *,
        status: int = 200,
        etag: str = "",
        **values: Any,  # noqa: ANN401 - each template has its own
    ) -> Answer:
        def page(path: str, **parameters: str) -> str:
            return content.page_address(path, language, parameters)

        body = (
            self._templates.get_template(template)
            .render(
                t=lambda name, **figures: text(name, language, **figures),
                lang=language,
                figures=Figures(language, self._zone),
                site=self._deps.title,
                version=self._deps.version,
                style=self._style,
                here=here,
                page=page,
                other=query.address(lang="en" if language == "de" else None),
                **values,
            )
            .encode()
        )
        tag = etag or content_tag(body)
        return Answer(body, HTML, status=status, etag=tag if status == web.HTTPOk.status_code else "")


def _without_empty(request: web.Request) -> list[tuple[str, str]]:
    """Return the parameters without empty ones: a form sends every field."""
    return [(name, value) for name, value in request.query.items() if value]


def _query(request: web.Request) -> Query:
    return Query.of(request.path, _without_empty(request))


def _file(name: str, media_type: str) -> Answer:
    body = (_HERE / "static" / name).read_bytes()
    return Answer(body, media_type, etag=content_tag(body))
