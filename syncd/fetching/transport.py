"""From aiohttp's errors to ours: what went wrong between the first packet and the last.

aiohttp reports a malformed answer as status 400 and hides a name server's answer two causes deep; here each
gets its own code. No message carries a URL that was not redacted before. Must not know requests or bodies.
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.http_exceptions import TransferEncodingError

from syncd.fetching.failures import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from syncd.errors import SyncdError

try:
    from aiodns import error as dns
except ImportError:
    # Degraded mode (see pools): the standard library's resolver speaks of getaddrinfo's codes.
    _UNKNOWN_HOST = frozenset({socket.EAI_NONAME})
else:
    _UNKNOWN_HOST = frozenset({dns.ARES_ENOTFOUND, dns.ARES_ENODATA, dns.ARES_ENONAME})
_CUT = "Not enough data"
# Alerts of TLS that a server sends about the client's certificate (RFC 8446 §6.2).
_ABOUT_US = re.compile(r"ALERT_(?P<what>[A-Z_]*CERTIFICATE[A-Z_]*|UNKNOWN_CA|ACCESS_DENIED)$")


def no_answer(error: Exception, refused: Sequence[str], shown: str, where: str) -> SyncdError:
    """Return our error for a request that brought no answer head.

    ``refused`` are the addresses the guard refused, ``shown`` is the URL without secrets.
    """
    code, message = _why_no_answer(error, refused, secure=shown.startswith("https:"))
    return failure(code, f"{shown}: {message}", where=where)


def broken_answer(error: Exception, where: str) -> SyncdError:
    """Return our error for an answer that broke off or fell apart in its body."""
    cause = error.__cause__
    if isinstance(cause, TransferEncodingError) and _CUT not in str(cause):
        return failure("malformed_http", "The portal's chunked answer is malformed.", where=where)
    return failure("truncated", "The connection ended before the answer was complete.", where=where)


def _why_no_answer(error: Exception, refused: Sequence[str], *, secure: bool) -> tuple[str, str]:
    if refused and isinstance(error, aiohttp.ClientConnectorError):
        return "address_refused", f"the name leads to {', '.join(refused)}, which is not a public address."
    broken_off = isinstance(error, aiohttp.ClientConnectorError) and isinstance(
        error.os_error, ConnectionResetError
    )
    if secure and broken_off:
        # A closed port refuses; who resets has taken the connection and dislikes the handshake.
        return "tls_failure", "the portal broke off the TLS handshake."
    if (about_us := _ABOUT_US.search(_alert(error))) is not None:
        return _why_not_us(about_us["what"])
    for kinds, why in _REASONS:
        if isinstance(error, kinds):
            return why(error)
    return "connection_lost", "the connection was closed before an answer came."


def _alert(error: Exception) -> str:
    """Return OpenSSL's name of what ended the connection: in TLS 1.3 it may come after the handshake."""
    # aiohttp's own kinds are TLS errors by name, but do not say why.
    reasons = (getattr(one, "reason", None) for one in (getattr(error, "os_error", None), error.__cause__))
    return next((reason for reason in reasons if isinstance(reason, str)), "")


def _why_not_us(what: str) -> tuple[str, str]:
    said = what.replace("_", " ").lower()
    if what == "CERTIFICATE_EXPIRED":
        return "client_certificate_expired", "the portal says that our own client certificate has expired."
    return "client_certificate_refused", f"the portal does not take our client certificate, or none ({said})."


def _why_no_address(error: Any) -> tuple[str, str]:  # noqa: ANN401 - the table below knows its type
    answer = error.os_error.__cause__
    code = answer.args[0] if answer is not None and answer.args else None
    if code in _UNKNOWN_HOST:
        return "dns_unknown_host", "the name servers know no such host."
    return "dns_failure", "the name servers gave no usable answer."


def _why_not_trusted(error: Any) -> tuple[str, str]:  # noqa: ANN401 - the table below knows its type
    detail = getattr(error.certificate_error, "verify_message", "") or "not trusted"
    return "tls_failure", f"the certificate does not hold ({detail})."


def _why_no_tls(error: Any) -> tuple[str, str]:  # noqa: ANN401 - the table below knows its type
    reason = getattr(getattr(error, "os_error", error), "reason", None) or type(error).__name__
    return "tls_failure", f"no trustworthy TLS connection ({reason})."


def _why_no_connection(error: Any) -> tuple[str, str]:  # noqa: ANN401 - the table below knows its type
    if error.errno == errno.ECONNREFUSED:
        return "connection_refused", "nobody listens there (connection refused)."
    return "connect_failed", f"no connection ({error.os_error.strerror or 'network error'})."


def _always(code: str, message: str) -> Callable[[Any], tuple[str, str]]:
    return lambda _error: (code, message)


# First match wins, so special kinds stand before general ones.
_REASONS: tuple[tuple[tuple[type[Exception], ...], Callable[[Any], tuple[str, str]]], ...] = (
    ((aiohttp.ClientConnectorDNSError,), _why_no_address),
    ((aiohttp.ClientConnectorCertificateError,), _why_not_trusted),
    ((aiohttp.ClientSSLError, ssl.SSLError), _why_no_tls),
    ((TimeoutError,), _always("timeout_connect", "no connection within the time limit.")),
    ((aiohttp.ClientResponseError,), _always("malformed_http", "the answer is not valid HTTP.")),
    (
        (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError),
        _always("bad_url", "not an address that can be asked."),
    ),
    ((aiohttp.ClientConnectorError,), _why_no_connection),
    (
        (aiohttp.ClientError, OSError),
        _always("connection_lost", "the connection was closed before an answer."),
    ),
    ((ValueError,), _always("bad_header", "a request header holds characters that are not allowed.")),
)
