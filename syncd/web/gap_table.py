"""The list of gaps as a table for spreadsheets: CSV, streamed, flat in memory however long it is; and XLSX.

Every batch of CSV is a read of its own that goes on behind the last gap, always of the same release. A
workbook is made in memory, so its rows are bounded. Must not know what a column means.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import Field

from syncd.errors import ConfigError
from syncd.pipeline.gap_sheet import rows_of
from syncd.pipeline.gaps import gaps
from syncd.rules.gap_sheet import csv_lines
from syncd.web.answers import MOVING, Answer, not_modified, respond
from syncd.web.api_gaps import LivingGapChoice, gap_query
from syncd.web.guard import REQUEST_ID, add_headers
from syncd.web.paging import Query
from syncd.web.parameters import Language, read_parameters
from syncd.web.reading import judged_tag, release_tag
from syncd.web.routes import Binding, Route

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from syncd.pipeline.ask import ReleaseView
    from syncd.rules.gap_sheet import Row
    from syncd.web.calculating import Calculator
    from syncd.web.deps import WebDeps
    from syncd.web.gate import Gate
    from syncd.web.reader import Reader

CSV: Final = "text/csv; charset=utf-8"
_VARY: Final = "Accept-Encoding, Authorization"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BATCH: Final = 500
MOST_ROWS: Final = 20_000
"""Rows of a workbook: a few seconds of one processor."""


class GapTableParameters(LivingGapChoice):
    """The same filters, and the language of headings and words."""

    lang: Language = Field("en", description="German tables are split by semicolons, English ones by commas.")


def gap_table_route() -> Route:
    """Return the description of the table for the OpenAPI document."""
    return Route(
        path="/v1/gaps.csv",
        operation="export_gaps",
        tag="coverage",
        summary="The list of gaps as a table for spreadsheets; an edited copy is read by `syncd gaps import`",
        binding=Binding.SPECIAL,
        parameters=GapTableParameters,
        missing=True,
        media_type="text/csv",
        names_people=True,
    )


async def _asked(
    request: web.Request, reader: Reader, gate: Gate
) -> web.Response | tuple[ReleaseView, GapTableParameters, str, str]:
    """Return release, parameters, operator and entity tag; or the 304 for a table the client has already."""
    operator = await gate.asker(request)
    parameters = read_parameters(GapTableParameters, request.query.items(), {})
    query = Query.of(request.rel_url.raw_path, request.query.items())
    view = await reader.view(release=parameters.release, at=parameters.at)
    etag = await judged_tag(release_tag(view, query, reader), reader, operator)
    unchanged = not_modified(request, etag, MOVING)
    if unchanged is None:
        return view, parameters, operator, etag
    unchanged.headers["Vary"] = _VARY
    return unchanged


def stream_gaps(reader: Reader, gate: Gate) -> Handler:
    """Return the handler of the table."""

    async def handle(request: web.Request) -> web.StreamResponse:
        asked = await _asked(request, reader, gate)
        if isinstance(asked, web.Response):
            return asked
        view, parameters, operator, etag = asked
        response = web.StreamResponse(
            headers={
                "Content-Type": CSV,
                "Content-Disposition": f'attachment; filename="gaps-{view.release.number}.csv"',
                "Cache-Control": MOVING,
                "Vary": _VARY,
                "ETag": f'"{etag}"',
                "Syncd-Release": str(view.release.number),
            }
        )
        add_headers(response, request[REQUEST_ID])
        # The first batch is read before the status is sent: a database that is down is still a 503.
        table = _Table(view, parameters, operator)
        body = await reader.run(table.read)
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        while body is not None:
            await response.write(body)
            body = await reader.run(table.read)
        await response.write_eof()
        return response

    return handle


class _Table:
    """Reads batch after batch in a thread."""

    def __init__(self, view: ReleaseView, parameters: GapTableParameters, operator: str) -> None:
        self._view, self._operator, self._language = view, operator, parameters.lang
        self._query = gap_query(view, parameters, operator)
        self._after = ""
        self._begun = self._ended = False

    def read(self) -> bytes | None:
        """Return the next lines, or None when all have been returned."""
        if self._ended:
            return None
        lines = csv_lines(self._rows(), self._language)
        body = "".join(lines if not self._begun else islice(lines, 1, None))
        self._begun = True
        return body.encode()

    def _rows(self) -> Iterator[Row]:
        found = tuple(gaps(self._view, self._query, after=self._after, limit=BATCH))
        self._ended = len(found) < BATCH
        yield from _told(rows_of(found, self._language), self._operator)
        if found:
            self._after = found[-1].gap_id


def _told(rows: Iterable[Row], operator: str) -> Iterator[Row]:
    """Yield rows as they may be told: without an operator who asks, nobody is named."""
    for row in rows:
        if row["assignee"] and not operator:
            # Without its version nobody can import the row and unassign by it whom they were not shown.
            yield {**row, "assignee": "", "version": ""}
        else:
            yield row


# --- workbook -----------------------------------------------------------------------------------------------


def gap_workbook_route() -> Route:
    """Return the description of the workbook for the OpenAPI document."""
    return Route(
        path="/v1/gaps.xlsx",
        operation="export_gaps_workbook",
        tag="coverage",
        summary=f"The same table as a workbook, up to {MOST_ROWS} rows",
        binding=Binding.SPECIAL,
        parameters=GapTableParameters,
        missing=True,
        media_type=XLSX,
        names_people=True,
    )


def send_gaps(reader: Reader, deps: WebDeps, gate: Gate, calculator: Calculator) -> Handler:
    """Return the handler of the workbook."""

    async def handle(request: web.Request) -> web.StreamResponse:
        asked = await _asked(request, reader, gate)
        if isinstance(asked, web.Response):
            return asked
        view, parameters, operator, etag = asked
        body = await calculator.run(lambda: _workbook(view, parameters, operator, deps))
        headers = {
            "Content-Disposition": f'attachment; filename="gaps-{view.release.number}.xlsx"',
            "Vary": _VARY,
            "Syncd-Release": str(view.release.number),
        }
        return respond(request, Answer(body, XLSX, etag=etag, headers=headers))

    return handle


def _workbook(view: ReleaseView, asked: GapTableParameters, operator: str, deps: WebDeps) -> bytes:
    found = tuple(gaps(view, gap_query(view, asked, operator), limit=MOST_ROWS + 1))
    if len(found) > MOST_ROWS:
        raise ConfigError(
            f"the list has more than {MOST_ROWS} rows",
            code="too_many_gaps",
            fix="Narrow it by area or service, or take /v1/gaps.csv.",
        )
    rows = _told(rows_of(found, asked.lang), operator)
    return deps.gap_workbook(rows, asked.lang, view.release.published_at.date())
