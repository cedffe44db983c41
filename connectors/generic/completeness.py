"""Whether the pages that arrived prove that a listing is whole.

Why: absence is a statement only of a whole listing, and portals announce totals in their own ways, some of
them wrong. Pure, so that a snapshot kept for an operator's decision is judged again alike. Must not know
documents or records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Tally:
    """What one page said: items on it, the total it announced, whether it named a further page."""

    page: int
    items: int
    total: int | None = None
    more: bool = False
    expected_more: bool = False
    """Asking ended although the portal had not said that this is the end."""


def why_incomplete(rule: Mapping[str, Any], size: int | None, pages: Sequence[Tally]) -> str:
    """Return why the listing is not proven whole, or an empty text. ``rule`` is the completeness table."""
    if not pages:
        return "no page arrived"
    items = sum(one.items for one in pages)
    ordered = sorted(pages, key=lambda one: one.page)
    if [one.page for one in ordered] != list(range(1, len(ordered) + 1)):
        return "a page is missing"
    if items < rule["min_items"]:
        return f"{items} items arrived; at least {rule['min_items']} are expected"
    return _by_policy(rule, size, ordered, items)


def _by_policy(rule: Mapping[str, Any], size: int | None, pages: list[Tally], items: int) -> str:
    last = pages[-1]
    match rule["policy"]:
        case "exact" | "tolerance":
            return _by_total(rule, pages, items)
        case "until_empty_page" if last.items:
            return f"the last page still has {last.items} items"
        case "short_page_ends" if size is not None and last.items >= size:
            return f"the last page is full ({last.items} of {size} items): there may be more"
        case "no_next" if last.more:
            return "the last page names a further one"
    return ""


def _by_total(rule: Mapping[str, Any], pages: list[Tally], items: int) -> str:
    totals = [one.total for one in pages if one.total is not None]
    if not totals:
        return "the portal announces no total"
    if rule["counts"] == "pages":
        # Nought pages is how an empty listing is announced; it still takes one answer to say so.
        arrived = 0 if len(pages) == 1 and not items else len(pages)
        missed = abs(totals[-1] - arrived) if totals[-1] or arrived else 0
        return (
            f"{totals[-1]} pages are announced, {len(pages)} arrived"
            if missed and totals[-1] != len(pages)
            else ""
        )
    missed = abs(totals[-1] - items)
    if missed > rule["tolerance"]:
        return f"{totals[-1]} items are announced, {items} arrived"
    return ""
