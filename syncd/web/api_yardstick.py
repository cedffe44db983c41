"""Route of the yardstick: where the official counters and our coverage differ, page by page.

The yardstick moves without a release, so the answer is of now and has no release in its validator. A request
looks at a bounded number of cells: where few differ, a page may be short and still have a next one.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from syncd.errors import ConfigError, NotFound, StorageError
from syncd.pipeline.yardstick import DIFFERENCES, Compared, Place, YardstickQuery, compared
from syncd.rules.words import say
from syncd.rules.yardstick import Verdict
from syncd.rules.yardstick_words import RULES
from syncd.web.api_registers import json_of
from syncd.web.documents import Document, Listing
from syncd.web.entry_documents import Rung
from syncd.web.parameters import Cause, GapState, Language, LineName, Paged, ServiceText, Text
from syncd.web.routes import Binding, Table

if TYPE_CHECKING:
    from syncd.pipeline.ask import Ask
    from syncd.web.paging import Paging, Reply

table = Table()
CELLS_PER_PAGE = 2_000
"""Cells one request looks at."""

VerdictName = Literal["same", "ours_only", "theirs_only", "not_in_register", "not_counted", "unknown_here"]
TheirWord = Literal["online", "link_dead", "no_link", "inactive", "not_listed"]


class YardstickFilter(Paged):
    """Cells on which both sides differ."""

    area: Text | None = Field(None, description="The area and everything inside it.")
    service: ServiceText | None = Field(None, description="Service key.")
    verdict: list[VerdictName] = Field(
        default_factory=list,
        max_length=6,
        description="Verdicts to list, repeatable; default: all but `same`.",
    )
    lang: Language = Field("en", description="Language of the reasons.")


class YardstickDocument(Document):
    """One cell on both sides, with the rule that decided and its words."""

    service_key: str
    service_name: str
    area_code: str
    area_name: str
    verdict: VerdictName
    rule: str = Field(description="Stable id of the rule that decided.")
    reason: str
    state: GapState | Literal[""] = Field(
        description="State of our cell; empty where several bodies stand for an area above them."
    )
    cause: Cause
    evidence: Rung
    obligation_id: str = Field(description="Obligation whose cell it is; empty where nothing is owed.")
    line: LineName | Literal[""]
    bodies: int = Field(description="Cells that were looked at on our side.")
    online: int = Field(description="Those of them that are covered.")
    unknown: int = Field(description="Those of them of which nothing is known.")
    our_sources: list[str]
    our_read_at: datetime | None = Field(description="When the oldest of our sources was last read.")
    they_say: TheirWord
    coverage_class: str = Field(description="`art_flaechendeckung` of the yardstick, as it is written there.")
    not_counted_because: str
    source_id: str = Field(description="The yardstick.")
    stated_on: str = Field(description="Day the yardstick gives its data; empty when it does not.")
    their_read_at: datetime | None
    release: int = Field(description="Release our side was read from.")


@table.get(
    "/v1/yardstick",
    tag="coverage",
    summary="Where the official yardstick and our coverage differ, cell by cell",
    binding=Binding.NOW,
    document=Listing[YardstickDocument],
    parameters=YardstickFilter,
    missing=True,
)
def list_yardstick(ask: Ask, query: YardstickFilter, paging: Paging) -> Reply:
    """First what the yardstick lists, then what it does not. A page may be short: follow `next`."""
    try:
        view = ask.view()
    except NotFound as error:
        # As for every other route: nothing is wrong with the request.
        raise StorageError(error.message, code="no_release") from error
    question = YardstickQuery(
        area=view.area(query.area) if query.area else None,
        service_key=view.service(query.service).service_key if query.service else None,
    )
    wanted = frozenset(map(Verdict, query.verdict)) or DIFFERENCES
    found: list[Compared] = []
    last: Place | None = None
    for number, cell in enumerate(compared(view, question, after=_place(paging)), 1):
        if cell.verdict in wanted:
            found.append(cell)
        if len(found) == paging.limit or number == CELLS_PER_PAGE:
            last = cell.place
            break
    return paging.part(found, lambda cell: json_of(_document(cell, query.lang)), last)


def _document(cell: Compared, language: str) -> YardstickDocument:
    shown = {name: getattr(cell, name) for name in YardstickDocument.model_fields if name != "reason"}
    return YardstickDocument.model_validate(
        {**shown, "our_sources": list(cell.our_sources), "reason": say(RULES, cell.rule, language)}
    )


def _place(paging: Paging) -> Place | None:
    if paging.after is None:
        return None
    match paging.after:
        case [int(part), str(source_id), str(native_id), str(service_key), str(area_code)]:
            return Place(part, source_id, native_id, service_key, area_code)
        case _:
            raise ConfigError("the cursor was not made by this service", code="bad_cursor")
