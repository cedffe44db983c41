"""What an answer tells about its portal besides the data: trouble that is coming, not trouble that is here.

Findings, never errors: a certificate about to end, an address that has moved for good, a clock that is wrong,
a document on its way to a limit. Must not know connections or runs.
"""

from __future__ import annotations

import email.utils
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from syncd.model.issue import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CERTIFICATE_WARNING = timedelta(days=14)
CLOCK_TOLERANCE = timedelta(hours=1)
WARN_SHARE = 0.4
"""Share of a limit from which on growth is worth a look (as FORT does; fault study §4)."""


@dataclass(frozen=True, slots=True)
class Observations:
    """Facts beside the body. ``moved_to`` is fit to be shown; ``clock_off`` is theirs minus ours."""

    moved_to: str = ""
    clock_off: timedelta | None = None
    certificate_ends_at: datetime | None = None
    our_certificate_ends_at: datetime | None = None

    def issues(self, now: datetime, *, where: str) -> Iterator[Issue]:
        """Yield what an operator should know."""
        if self.moved_to:
            yield Issue(
                "moved_permanently",
                "The portal says that this address has moved for good.",
                where,
                self.moved_to[:500],
                Severity.NOTE,
                "Put the new address into the source file; some day the old one will end.",
            )
        if self.clock_off is not None and abs(self.clock_off) > CLOCK_TOLERANCE:
            hours = self.clock_off / timedelta(hours=1)
            yield Issue(
                "portal_clock_off",
                "The clock of the portal and ours disagree.",
                where,
                f"{hours:+.1f} h",
                Severity.WARNING,
                "Check this machine's clock first; then tell the portal's operator.",
            )
        if self.certificate_ends_at is not None and self.certificate_ends_at - now <= CERTIFICATE_WARNING:
            yield Issue(
                "certificate_expires",
                "The certificate of the portal ends soon; from then on it cannot be fetched.",
                where,
                self.certificate_ends_at.isoformat(timespec="minutes"),
                Severity.WARNING,
                "Tell the portal's operator to renew it.",
            )
        ours = self.our_certificate_ends_at
        if ours is not None and ours - now <= CERTIFICATE_WARNING:
            yield Issue(
                "client_certificate_expires",
                "Our own client certificate ends soon; from then on the portal refuses us.",
                where,
                ours.isoformat(timespec="minutes"),
                Severity.WARNING,
                "Renew it and put it where the source file points; no restart is needed.",
            )


def clock_off(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return how far the answer's clock is ahead of ours; None when it does not say (RFC 9110 §6.6.1).

    An answer from a cache is as old as its ``Age`` says (RFC 9111 §5.1).
    """
    try:
        at = email.utils.parsedate_to_datetime(headers.get("Date", ""))
        age = headers.get("Age", "0").strip()
        aged = timedelta(seconds=int(age[:9])) if age.isascii() and age.isdigit() else timedelta(0)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)) + aged - now
    except (ValueError, TypeError, OverflowError):
        return None


def near_limit(what: str, value: int, limit: int, *, where: str, fix: str) -> Iterator[Issue]:
    """Yield a finding when ``value`` is past the warning share of ``limit``."""
    if value > limit * WARN_SHARE:
        yield Issue(
            "near_limit",
            f"{what} is past {WARN_SHARE:.0%} of its limit.",
            where,
            f"{value} of {limit}",
            Severity.NOTE,
            fix,
        )
