"""What the web room is given by whoever starts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from syncd.model.report import Report
    from syncd.pipeline.ask import Ask
    from syncd.pipeline.ports import Store
    from syncd.rules.gap_sheet import Row


def nobody() -> Mapping[str, bytes]:
    """Return no operator: nothing can be written."""
    return {}


@dataclass(frozen=True, slots=True)
class WebDeps:
    """Everything the web room needs.

    ``ask`` returns the present read use case; it may return another one after a reload. ``store`` is only
    asked for a sign of life. ``metrics_text`` returns metrics in the Prometheus text format. ``ready``
    returns facts to show on ``/health/ready``; it runs on the event loop, so it must not block, and an entry
    ``ok`` that is False makes the service unready. ``on_request`` hears of every answer: method as
    it was sent, route pattern, status, seconds. ``operators`` returns who may decide now, name to SHA-256 of
    the token; it runs in a thread. ``decided`` hears that something was decided, so that a release follows.
    ``render_report`` writes a report in one of the forms of :mod:`syncd.web.reports`, ``gap_workbook`` a list
    of gaps in a language as of a day as XLSX; both in a thread.
    """

    ask: Callable[[], Ask]
    store: Store
    metrics_text: Callable[[], bytes]
    ready: Callable[[], Mapping[str, object]]
    render_report: Callable[[Report, str], bytes]
    gap_workbook: Callable[[Iterable[Row], str, date], bytes]
    version: str
    title: str = "syncd"
    on_request: Callable[[str, str, int, float], None] | None = None
    operators: Callable[[], Mapping[str, bytes]] = nobody
    decided: Callable[[], None] | None = None
    timezone: str = "Europe/Berlin"
    """Zone of the instants on the pages; the API always says UTC."""
    threads: int = 8
    """Reads that run at once."""
    cache_bytes: int = 32 * 1024 * 1024
    """Bound of the prepared answers kept in memory."""
    pointer_seconds: float = 0.2
    """How long the number of the current release may be remembered."""
