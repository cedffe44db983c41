"""Use case: keep a written report, so that last month's is fetched again byte for byte.

What was written of a release that another one followed stays as it is: later versions of the program may
word it differently, but what was handed out does not change. While a release is the current one, operators go
on deciding on gaps, so its report is sent as kept only while log and day are those it was written on.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from syncd.pipeline.codec import canonical_json, short_hash
from syncd.pipeline.gap_log import as_of
from syncd.pipeline.place import subject_of
from syncd.pipeline.report import obligation_of
from syncd.pipeline.shelf_ports import ReportMark, ReportOrder

if TYPE_CHECKING:
    from datetime import datetime

    from syncd.pipeline.ask import ReleaseView


def order_of(
    view: ReleaseView,
    subject: str,
    *,
    obligation_id: str | None,
    language: str,
    since: datetime | None,
    form: str,
    names: bool = False,
) -> ReportOrder:
    """Return what is asked for, in its one spelling; raises NotFound for an unknown place or obligation."""
    return ReportOrder(
        subject_of(view, subject),
        obligation_of(view, obligation_id).obligation_id,
        language,
        form,
        since.astimezone(UTC).isoformat() if since else "",
        names,
    )


def kept(view: ReleaseView, order: ReportOrder) -> bytes | None:
    """Return the kept report of the release, or None where it has to be written."""
    release = view.release
    followed = view.store.published_at(release.number + 1) is not None
    return view.store.latest_report(
        order,
        release=release.number,
        release_digest=release.digest,
        stand=None if followed else stand_of(view),
    )


def keep(view: ReleaseView, order: ReportOrder, body: bytes, *, period: str = "") -> int:
    """Keep a report of the release and return its number; nothing kept before is changed."""
    release = view.release
    mark = ReportMark(release.number, release.digest, release.published_at, stand_of(view), period)
    return view.store.keep_report(order, mark, body, now=view.ask.clock())


def stand_of(view: ReleaseView) -> str:
    """Return what a report depends on besides its release: the state of the log, and the day."""
    told = [view.store.last_judgement(), as_of(view).date().isoformat()]
    return short_hash(canonical_json(told)).hex()
