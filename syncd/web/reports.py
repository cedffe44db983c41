"""The report of an area or cohort, in four forms; one is worked out at a time, like every large question.

Forms are rendered by what the web room is given, so that it knows no paper. A report somebody had written for
this release before is sent as it was kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import Field

from syncd.model.report import Section
from syncd.pipeline.report import report
from syncd.pipeline.report_shelf import kept, order_of
from syncd.web.answers import HTML, JSON, MOVING, Answer, not_modified, respond
from syncd.web.documents import Document
from syncd.web.gap_table import XLSX
from syncd.web.paging import Query
from syncd.web.parameters import AsOf, Language, Moment, Text, read_parameters
from syncd.web.problems import NotAuthorised
from syncd.web.reading import judged_tag, pack_in_thread, release_tag
from syncd.web.routes import Binding, Route

if TYPE_CHECKING:
    from syncd.pipeline.ask import ReleaseView
    from syncd.web.calculating import Calculator
    from syncd.web.deps import WebDeps
    from syncd.web.gate import Gate
    from syncd.web.reader import Reader

MARKDOWN: Final = "text/markdown; charset=utf-8"
MEDIA_TYPES: Final = {"json": JSON, "html": HTML, "md": MARKDOWN, "xlsx": XLSX}
# The document brings its style along and nothing else; it may not be framed or send anything.
_OWN_STYLE: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


class ReportParameters(AsOf):
    """What is reported, and in which form."""

    subject: Text = Field(description="Code, ARS, AGS or name of an area, or the id of a cohort.")
    format: Literal["json", "html", "md", "xlsx"] = Field(
        "json", description="`html` is one file that prints on A4, `xlsx` has a sheet per table."
    )
    lang: Language = Field("en", description="Language of the report.")
    obligation: Text | None = Field(None, description="Obligation set; default: the first one.")
    since: Moment | None = Field(
        None, description="Tell changes since then; default: 30 days before the release."
    )
    names: Literal["true", "false"] = Field(
        "false", description="`true` names the people gaps are assigned to; for operators."
    )


class ReportDocument(Document):
    """A report as a document: sections with sentences, tables and maps (`syncd-report/1`)."""

    format: Literal["syncd-report/1"]
    subject: str
    title: str
    subtitle: str
    language: Language
    release: int
    release_digest: str
    as_of: str
    facts: list[tuple[str, str]]
    sections: list[Section]


def report_route() -> Route:
    """Return the description for the OpenAPI document."""
    return Route(
        path="/v1/reports/{subject}",
        operation="get_report",
        tag="coverage",
        summary="The report of an area or cohort, as of a release",
        binding=Binding.SPECIAL,
        parameters=ReportParameters,
        document=ReportDocument,
        missing=True,
        configured=True,
        names_people=True,
        also=tuple(media for media in MEDIA_TYPES.values() if media != JSON),
    )


def send_report(reader: Reader, deps: WebDeps, calculator: Calculator, gate: Gate) -> Handler:
    """Return the handler."""

    async def handle(request: web.Request) -> web.StreamResponse:
        parameters = read_parameters(ReportParameters, request.query.items(), request.match_info)
        operator = await gate.asker(request) if parameters.names == "true" else ""
        if parameters.names == "true" and not operator:
            raise NotAuthorised("who is assigned is told to operators only")
        view = await reader.view(release=parameters.release, at=parameters.at)
        query = Query.of(request.rel_url.raw_path, request.query.items())
        # Gaps have a status, and decisions on them need no release.
        etag = await judged_tag(release_tag(view, query, reader), reader, operator)
        unchanged = not_modified(request, etag, MOVING)
        if unchanged is not None:
            return unchanged
        answer = reader.answers.get(etag)
        if answer is None:
            body = await calculator.run(lambda: _body(view, parameters, deps))
            headers = report_headers(parameters.format, view.release.number, named=bool(operator))
            answer = Answer(body, MEDIA_TYPES[parameters.format], etag=etag, headers=headers)
            reader.answers.put(etag, answer)
        await pack_in_thread(request, answer, reader)
        return respond(request, answer)

    return handle


def _body(view: ReleaseView, asked: ReportParameters, deps: WebDeps) -> bytes:
    names = asked.names == "true"
    order = order_of(
        view,
        asked.subject,
        obligation_id=asked.obligation,
        language=asked.lang,
        since=asked.since,
        form=asked.format,
        names=names,
    )
    found = kept(view, order)
    if found is not None:
        return found
    document = report(
        view,
        asked.subject,
        language=asked.lang,
        obligation_id=asked.obligation,
        since=asked.since,
        names=names,
    )
    return deps.render_report(document, asked.format)


def report_headers(form: str, release: int, *, named: bool = False) -> dict[str, str]:
    """Return what a report needs besides its bytes; ``named``: it names people, to operators only."""
    headers = {"Syncd-Release": str(release)}
    if named:
        headers["Vary"] = "Accept-Encoding, Authorization"
    if form == "html":
        headers["Content-Security-Policy"] = _OWN_STYLE
    if form == "xlsx":
        headers["Content-Disposition"] = f'attachment; filename="report-{release}.xlsx"'
    return headers
