"""Reports that were written and kept: the list, and each as it was written, byte for byte.

A kept report outlives its release. Those that name people are kept for the command line and told of to nobody
here.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from aiohttp.typedefs import Handler
from pydantic import Field

from syncd.errors import NotFound
from syncd.pipeline.place import subject_of
from syncd.web.answers import JSON, PINNED, Answer, not_modified, respond
from syncd.web.api_registers import json_of
from syncd.web.documents import Document, Listing
from syncd.web.parameters import Language, Number, Paged, Parameters, Text, read_parameters
from syncd.web.reading import content_tag, pack_in_thread
from syncd.web.reports import MEDIA_TYPES, ReportDocument, report_headers
from syncd.web.routes import Binding, Route, Table

if TYPE_CHECKING:
    from aiohttp import web

    from syncd.pipeline.ask import Ask
    from syncd.pipeline.shelf_ports import KeptReport
    from syncd.web.paging import Paging, Reply
    from syncd.web.reader import Reader

table = Table()


class KeptFilter(Paged):
    """What is kept of a subject, or of all."""

    subject: Text | None = Field(
        None, description="Code, ARS, AGS or name of an area, or the id of a cohort."
    )


class KeptPath(Parameters):
    """One kept report."""

    report: Number = Field(description="Number of a kept report.")


class KeptReportDocument(Document):
    """A report as it was written; its bytes never change and outlive its release."""

    report: int
    subject: str = Field(description="Id of a cohort or code of an area.")
    obligation_id: str
    language: Language
    format: Literal["json", "html", "md", "xlsx"]
    since: datetime | None = Field(description="What changes were counted from; null: 30 days before.")
    release: int
    published_at: datetime
    written_at: datetime
    period: str = Field(description="Day or month it was kept for by itself; empty: somebody asked for it.")
    size: int = Field(description="Bytes.")


@table.get(
    "/v1/kept-reports",
    tag="coverage",
    summary="Reports that were written and kept, newest first",
    binding=Binding.NOW,
    document=Listing[KeptReportDocument],
    parameters=KeptFilter,
    missing=True,
)
def list_kept_reports(ask: Ask, query: KeptFilter, paging: Paging) -> Reply:
    """Those that name people are for the command line only."""
    subject = subject_of(ask.view(), query.subject) if query.subject else None
    found = ask.store.kept_reports(subject, limit=paging.limit + 1, before=paging.after_number, names=False)
    return paging.page(found, lambda one: json_of(kept_document(one)), lambda one: (one.report_id,))


def kept_document(one: KeptReport) -> KeptReportDocument:
    """Return what is told of a kept report."""
    told = asdict(one.order) | asdict(one.mark)
    told |= {"report": one.report_id, "format": told["form"], "since": told["since"] or None}
    told |= {"written_at": one.written_at, "size": one.size}
    known = KeptReportDocument.model_fields
    return KeptReportDocument.model_validate({name: value for name, value in told.items() if name in known})


def kept_report_route() -> Route:
    """Return the description of one kept report for the OpenAPI document."""
    return Route(
        path="/v1/kept-reports/{report}",
        operation="get_kept_report",
        tag="coverage",
        summary="A report as it was written, byte for byte",
        binding=Binding.SPECIAL,
        parameters=KeptPath,
        document=ReportDocument,
        missing=True,
        also=tuple(media for media in MEDIA_TYPES.values() if media != JSON),
    )


def send_kept_report(reader: Reader) -> Handler:
    """Return the handler; a kept report never changes."""

    async def handle(request: web.Request) -> web.StreamResponse:
        number = read_parameters(KeptPath, request.query.items(), request.match_info).report
        store = reader.ask.store
        found, body = await reader.run(lambda: store.kept_report(number))
        if found.order.names:
            raise NotFound(
                f"no report number {number} is kept", code="unknown_report", fix="List what is kept."
            )
        etag, form = content_tag(body), found.order.form
        unchanged = not_modified(request, etag, PINNED)
        if unchanged is not None:
            return unchanged
        headers = report_headers(form, found.mark.release)
        answer = Answer(body, MEDIA_TYPES[form], etag=etag, cache_control=PINNED, headers=headers)
        await pack_in_thread(request, answer, reader)
        return respond(request, answer)

    return handle
