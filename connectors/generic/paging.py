"""What a page says about the pages after it, and whether to ask for another.

Why: this decides how much of a portal is seen; it is pure, so that every way of paging can be tried in a
table of cases. Must not know HTTP, sessions or files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from connectors.generic.decode import Head, read_items
from connectors.generic.gather import key_of, names_as_members, whole_number
from connectors.generic.pointers import find, first, read_pointer
from connectors.generic.values import Shape, text_of, texts
from syncd.sdk.parsing import ParseContext
from syncd.sdk.text import instant_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.generic.plan import Plan, StreamPlan


@dataclass(slots=True)
class PageFacts:
    """What one page says. ``details`` are the key of each item and the values for its detail's address."""

    items: int = 0
    total: int | None = None
    next: str | None = None
    cursor: str | None = None
    is_last: bool = False
    stamp: str = ""
    details: list[tuple[str, dict[str, str]]] = field(default_factory=list)


def page_facts(document: BinaryIO, stream: StreamPlan, plan: Plan, charset: str | None) -> PageFacts:
    """Read one page for paging; raises SourceFormatError like the parser does."""
    facts, head = PageFacts(), Head()
    context = ParseContext(charset=charset)
    wanted = (stream.detail or {}).get("fields") or {}
    pointers = {name: read_pointer(text) for name, text in wanted.items()}
    exact = Shape(plan.shape.unwrap, exact=True)
    stamps = set[str]()
    for _, value in read_items(document, stream, plan, context, head):
        if not isinstance(value, dict) or not (pointers or stream.since):
            continue
        item = names_as_members(value, plan)
        if pointers:
            found = {n: next(iter(texts(find(item, p), exact)), "") for n, p in pointers.items()}
            facts.details.append((key_of(item, stream.key, plan.shape), found))
        for pointer in stream.since:
            moments = map(instant_or_none, texts(find(item, pointer), plan.shape))
            stamps.update(moment.isoformat() for moment in moments if moment)
    facts.items = head.items
    facts.stamp = max(stamps, default="")
    _read_head(facts, head, stream, plan)
    return facts


def _read_head(facts: PageFacts, head: Head, stream: StreamPlan, plan: Plan) -> None:
    def said(name: str) -> str | None:
        text = stream.paging[name]
        shape = Shape((*plan.shape.unwrap, "@id"), booleans=True)
        return text_of(first(head.value, read_pointer(text)), shape) if text else None

    facts.next, facts.cursor = said("next"), said("cursor")
    facts.is_last = said("last") == "true"
    if stream.total is not None:
        facts.total = whole_number(text_of(first(head.value, stream.total), plan.shape))


def is_there_more(stream: StreamPlan, page: int, received: int, facts: PageFacts) -> bool:  # noqa: PLR0911 - a table
    """Tell whether to ask for another page after ``page`` pages with ``received`` items."""
    rule: Mapping[str, object] = stream.completeness
    match stream.paging["kind"]:
        case "single":
            return False
        case "next" | "ldes":
            return facts.next is not None
        case "cursor":
            return facts.cursor is not None
    match rule["policy"]:
        case "exact" | "tolerance":
            if facts.total is None:
                return False
            if rule["counts"] == "pages":
                return page < facts.total
            # An empty page before the total is reached ends it; the parser finds the total missed.
            return received < facts.total and facts.items > 0
        case "until_empty_page" | "none":
            return facts.items > 0
        case "no_next":
            return not facts.is_last and facts.items > 0
        case _:
            return facts.items > 0 and (stream.size is None or facts.items >= stream.size)


def names_more(stream: StreamPlan, facts: PageFacts) -> bool:
    """Tell whether a page says that it is not the last, whatever we do next."""
    match stream.paging["kind"]:
        case "next" | "ldes":
            return facts.next is not None
        case "cursor":
            return facts.cursor is not None
        case "page" if stream.paging["last"]:
            return not facts.is_last
    return False
