"""Use case: keep a rendered report, so that last month's is fetched again byte for byte.

A report is written once per release, subject, obligation, language, form and release compared with; later
versions of the program may word it differently, but what was handed out stays as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.errors import NotFound
from syncd.pipeline.codec import canonical_json, short_hash

if TYPE_CHECKING:
    from datetime import datetime

    from syncd.pipeline.ask import ReleaseView

_KIND = "report/1"


def report_key(
    view: ReleaseView,
    subject: str,
    *,
    obligation_id: str | None,
    language: str,
    since: datetime | None,
    form: str,
) -> str:
    """Return under which name a report of this release is kept."""
    release = view.release
    asked = [subject, obligation_id or "", language, since.isoformat() if since else "", form]
    return short_hash(canonical_json([_KIND, release.number, release.digest, *asked])).hex()


def kept(view: ReleaseView, key: str) -> bytes | None:
    """Return a kept report, or None."""
    try:
        return view.store.document(key)
    except NotFound:
        return None


def keep(view: ReleaseView, key: str, body: bytes) -> None:
    """Keep a report; what is kept under that name already stays."""
    view.store.put_document(key, body)
