"""The route of links: what a look at each found, in words, and which procedure its address names."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from syncd.pipeline.probing import LINK, verdict_of
from syncd.rules.fingerprint import fingerprint
from syncd.rules.probe_words import words_of
from syncd.web.api_registers import json_of
from syncd.web.documents import Document, Listing
from syncd.web.parameters import Language, Paged
from syncd.web.routes import Binding, Table

if TYPE_CHECKING:
    from syncd.pipeline.ask import Ask
    from syncd.pipeline.probe_ports import ProbeRow
    from syncd.web.paging import Paging, Reply

LinkStateName = Literal["new", "unchecked", "ok", "dead"]
TargetName = Literal[
    "online_service",
    "form",
    "login",
    "pdf",
    "appointment",
    "search",
    "home",
    "contact",
    "page",
    "gone",
    "unseen",
]
table = Table()


class LinkFilter(Paged):
    """Links of the published catalogue."""

    state: LinkStateName | None = Field(
        None, description="new: not looked at yet; unchecked: looked at without a clear result."
    )
    lang: Language = Field("de", description="Language of summary and fix.")


class FingerprintDocument(Document):
    """Which procedure an address names: engine, authority and process as they stand in it."""

    host: str
    engine: str = Field(description="Empty when the address belongs to no engine we know.")
    authority: str
    process: str


class LinkDocument(Document):
    """One link and what the last look at it found."""

    url: str
    state: LinkStateName
    target: TargetName | None = Field(description="What it leads to; null before the first look.")
    rule: str | None
    summary: str | None
    fix: str | None
    status: int | None = Field(description="Status of the answer; null when none came.")
    final_url: str | None = Field(description="Where redirects ended, when that is elsewhere.")
    checked_at: datetime | None
    failing_since: datetime | None = Field(description="First of the looks in a row that found it broken.")
    fingerprint: FingerprintDocument | None


@table.get(
    "/v1/links",
    tag="services",
    summary="Links of the catalogue and what a look at them found",
    binding=Binding.NOW,
    document=Listing[LinkDocument],
    parameters=LinkFilter,
)
def list_links(ask: Ask, query: LinkFilter, paging: Paging) -> Reply:
    """Sorted by address. Empty until probes are switched on or run by hand."""
    rows = ask.store.probes(LINK, state=query.state, after=paging.after_text, limit=paging.limit + 1)
    return paging.page(rows, lambda row: json_of(_document(row, query.lang)), lambda row: (row.subject,))


def _document(row: ProbeRow, language: str) -> LinkDocument:
    verdict = verdict_of(row)
    mark = fingerprint((verdict.final_url if verdict else "") or row.subject)
    summary, fix = words_of(verdict.rule, language) if verdict else (None, None)
    return LinkDocument.model_validate(
        {
            "url": row.subject,
            "state": row.state,
            "target": verdict.target.value if verdict else None,
            "rule": verdict.rule if verdict else None,
            "summary": summary,
            "fix": fix,
            "status": (verdict.status or None) if verdict else None,
            "final_url": (verdict.final_url or None) if verdict else None,
            "checked_at": verdict.checked_at if verdict else None,
            "failing_since": verdict.failing_since if verdict else None,
            "fingerprint": mark,
        }
    )
