"""TLS towards portals, and until when their certificates hold.

A certificate that runs out takes a source down on a known day, so it is worth a warning before (fault study
T22), and so is our own where a portal demands one (T24). Trusted are the authorities of the system, or those
of ``SSL_CERT_FILE``. Must not know HTTP.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncd.settings.client_certificate import ClientCertificate

_OLDEST = ssl.TLSVersion.TLSv1_2


class Certificates:
    """Remembers by host name until when the certificate of the last handshake is valid."""

    def __init__(self) -> None:
        self._ends: dict[str, datetime] = {}

    def ends_at(self, host: str) -> datetime | None:
        """Return the end of the host's certificate; None when no handshake was seen."""
        return self._ends.get(host)

    def context(self, ours: ClientCertificate | None = None) -> ssl.SSLContext:
        """Return a context that verifies everything; TLS below 1.2 counts as broken (BSI TR-02102-2).

        ``ours`` is shown to a portal that demands a certificate; raises ConfigError when it is not usable.
        """
        context = ssl.create_default_context()
        if ours is not None:
            ours.load_into(context)
        context.minimum_version = _OLDEST
        context.set_alpn_protocols(["http/1.1"])
        ends = self._ends

        class Observed(ssl.SSLObject):
            """Looks at the certificate when the handshake is done; who reads the answer is too late."""

            def do_handshake(self) -> None:
                super().do_handshake()
                until = (self.getpeercert() or {}).get("notAfter")
                if self.server_hostname and isinstance(until, str):
                    ends[self.server_hostname] = datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC)

        context.sslobject_class = Observed
        return context
