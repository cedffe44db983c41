"""The part of the store's port that keeps written reports; plain calls, no technology."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """What makes two reports the same report, of whatever release.

    ``subject`` is the id of a cohort or the code of an area, ``since`` an instant (ISO 8601) or empty,
    ``form`` one of ``html``, ``md``, ``xlsx``, ``json``. ``names``: it names the people gaps are assigned to.
    """

    subject: str
    obligation_id: str
    language: str
    form: str
    since: str = ""
    names: bool = False


@dataclass(frozen=True, slots=True)
class ReportMark:
    """Of which release a report is, and of which state of the log: ``stand`` is a short digest of it.

    ``period`` is the day (``2026-10-31``) or month (``2026-10``) it was kept for without anybody asking.
    """

    release: int
    release_digest: str
    published_at: datetime
    stand: str
    period: str = ""


@dataclass(frozen=True, slots=True)
class KeptReport:
    """One kept report without its bytes; ``size`` in bytes."""

    report_id: int
    order: ReportOrder
    mark: ReportMark
    written_at: datetime
    size: int


class ShelfStore(Protocol):
    """Reports as they were written; nothing here is ever changed or removed."""

    def keep_report(self, order: ReportOrder, mark: ReportMark, body: bytes, *, now: datetime) -> int:
        """Keep a report and return its number; equal bytes of the same release are kept once."""

    def kept_report(self, report_id: int) -> tuple[KeptReport, bytes]:
        """Return a kept report with its bytes; raises NotFound."""

    def kept_reports(
        self,
        subject: str | None = None,
        *,
        limit: int = 50,
        before: int | None = None,
        names: bool | None = None,
    ) -> tuple[KeptReport, ...]:
        """Return what is kept, newest first; ``before`` is an exclusive number for paging.

        ``names``: only those that name people, or only those that do not.
        """

    def latest_report(
        self, order: ReportOrder, *, release: int, release_digest: str, stand: str | None = None
    ) -> bytes | None:
        """Return the bytes kept last for a release (and that state of the log), or None."""

    def kept_periods(self, order: ReportOrder) -> frozenset[str]:
        """Return the periods this report was kept for."""
