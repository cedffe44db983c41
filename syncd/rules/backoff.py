"""How long to leave a failing source alone: three quick tries, then ever longer, never longer than a day.

The state lives on the source's row (failures in a row, last run), so a restart forgets nothing. Anchor: the
RPKI client of OpenBSD tries three times, then every ninety minutes, after a day once daily, for ever (fault
study §1.1, case C12). Must not know clocks, schedules or the network.
"""

from __future__ import annotations

from datetime import datetime, timedelta

QUICK_TRIES = 3
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(days=1)
SLOW_RUN = timedelta(minutes=2)
"""A run that took longer makes its source a suspect for the next one."""

_LONGEST_DOUBLING = 20
# Trying again soon would lock an account or break a promise: the portal has said no, or when.
_NO_QUICK_TRY = frozenset(
    {
        "http_401",
        "http_403",
        "http_407",
        "http_429",
        "http_451",
        "client_certificate_expired",
        "client_certificate_refused",
        "client_certificate_unusable",
        "token_refused",
        "retry_later",
        "address_refused",
        "redirect_refused",
    }
)


def wait_after(interval: timedelta, failures: int, code: str = "") -> timedelta:
    """Return the time from one start to the next after ``failures`` failed runs in a row.

    ``code`` is the code of the last run. The first three waits are 5, 10 and 20 minutes, but never longer
    than the interval; then the interval doubles with each failure up to a day (or the interval, if that is
    longer). Where a quick try could do harm the doubling begins at once.
    """
    if failures <= 0:
        return interval
    quick = 0 if code in _NO_QUICK_TRY else QUICK_TRIES
    if failures <= quick:
        return min(interval, FIRST_WAIT * (1 << (failures - 1)))
    doublings = min(failures - quick - 1, _LONGEST_DOUBLING)
    return min(interval * (1 << doublings), max(interval, LONGEST_WAIT))


def is_suspect(failures: int, last_took: timedelta | None) -> bool:
    """Tell whether a source must not compete with the healthy ones: it fails, or its last run was slow."""
    return failures > 0 or (last_took is not None and last_took > SLOW_RUN)


def name_is_gone(code: str, last_good_at: datetime | None, now: datetime, failures: int) -> bool:
    """Tell whether waiting will not help: the host's name has been unknown for a day, or never was known.

    ``code`` is that of the run that has just failed at ``now``, after ``failures`` others. A name server in
    trouble says something else (``dns_failure``; case N3).
    """
    if code != "dns_unknown_host":
        return False
    if last_good_at is None:
        return failures >= QUICK_TRIES
    return now - last_good_at >= LONGEST_WAIT
