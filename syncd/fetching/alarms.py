"""The security alarm: something tried to lead us to an address that is not public.

A portal that does so is broken into, misconfigured or testing us; each case is an error in the log at once
and counted, whatever becomes of the run. Must not know how requests are made.
"""

from __future__ import annotations

import socket
import unicodedata
from typing import TYPE_CHECKING

import structlog

from syncd.fetching.addresses import is_allowed

if TYPE_CHECKING:
    from collections.abc import Sequence

_log = structlog.get_logger(__name__)
_SHOWN = 200


class AddressAlarm:
    """Raises and counts the alarms of one process."""

    def __init__(self) -> None:
        self.count = 0

    def refused(self, where: str, targets: Sequence[str], *, how: str) -> None:
        """Report addresses nobody was connected to; ``how`` says by which way we were led there."""
        self.count += 1
        _log.error(
            "address_refused",
            where=where,
            addresses=[target[:_SHOWN] for target in targets],
            how=how,
            fix="Find out who changed the portal's links or its name server entry; nothing was sent.",
        )

    def look_at(self, where: str, host: str | None, *, how: str) -> None:
        """Report a host that names an inner address by itself, in whatever spelling."""
        if host and names_inside(host):
            self.refused(where, [host], how=how)


def names_inside(host: str) -> bool:
    """Tell whether a host of a link is an address that is not public, or this machine's own name.

    Spellings that only the C library takes for an address (``0x7f.1``, ``2130706433``) count, too. A name
    that needs a name server is judged when it is connected to, not here.
    """
    plain = unicodedata.normalize("NFKC", host).strip("[]").rstrip(".").lower()
    if plain == "localhost" or plain.endswith(".localhost"):
        return True
    try:
        plain = socket.inet_ntoa(socket.inet_aton(plain))
    except (OSError, ValueError):
        if ":" not in plain:
            return False
    return not is_allowed(plain, allow_private=False)
