"""Stable codes of everything that can go wrong between us and a portal, each with its cure.

Why one table: an operator meets these codes in the run list, the API and the log; who must act (the class)
and what to do (the fix) may not depend on which line of the client noticed. Must not know aiohttp.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from syncd.errors import ConfigError, SourceFormatError, SourceRejectedUs, SourceUnavailable, SyncdError

_WAIT = SourceUnavailable.default_fix
_TELL = "Tell the portal's operator; until then the last good data stays published."
_ADDRESS = "Check 'base_url' in the source file; the portal may have moved."

_TABLE: Final[dict[str, tuple[type[SyncdError], str]]] = {
    "connection_refused": (SourceUnavailable, _WAIT),
    "connection_lost": (SourceUnavailable, _WAIT),
    "connect_failed": (
        SourceUnavailable,
        "Check this machine's network; otherwise wait, the next run tries again.",
    ),
    "dns_failure": (SourceUnavailable, "Check this machine's name servers; otherwise wait."),
    "dns_unknown_host": (SourceUnavailable, "Check the host name in 'base_url'; the portal may be gone."),
    "tls_failure": (
        SourceUnavailable,
        "Tell the portal's operator that its certificate or TLS set-up is broken.",
    ),
    "client_certificate_expired": (
        ConfigError,
        "Renew our own certificate where the source file's [client_certificate] points; no restart needed.",
    ),
    "client_certificate_unusable": (
        ConfigError,
        "Correct what the source file's [client_certificate] points to.",
    ),
    "client_certificate_refused": (
        SourceRejectedUs,
        "Ask the portal's operator which client certificate it takes; name it in [client_certificate].",
    ),
    "timeout_connect": (SourceUnavailable, _WAIT),
    "timeout_headers": (SourceUnavailable, _WAIT),
    "timeout_read": (SourceUnavailable, _WAIT),
    "timeout_total": (SourceUnavailable, "Wait; if it stays so, raise the request's time limit."),
    "too_slow": (SourceUnavailable, "Wait; if the line is known to be slow, lower the minimum rate."),
    "truncated": (
        SourceUnavailable,
        "Nothing to do now: the cut answer was thrown away, the next run tries again.",
    ),
    "retry_later": (SourceUnavailable, "Wait: the portal named this time itself. A longer interval helps."),
    "malformed_http": (SourceFormatError, _TELL),
    "unexpected_304": (SourceFormatError, _TELL),
    "empty_body": (SourceFormatError, _TELL),
    "html_instead_of_data": (
        SourceFormatError,
        "Open the address in a browser: a maintenance, login or proxy page answers in place of the data.",
    ),
    "unexpected_content_type": (SourceFormatError, "Compare the answer with the connector's README."),
    "charset_refused": (SourceFormatError, "Ask the portal to serve UTF-8."),
    "encoding_refused": (SourceFormatError, "Ask the portal to serve plain or gzip answers."),
    "bad_compression": (SourceFormatError, _TELL),
    "ratio_exceeded": (SourceFormatError, "Look at the answer; if it is legitimate, raise the ratio limit."),
    "too_large": (SourceFormatError, "If the portal has really grown, raise the size limit."),
    "too_many_documents": (
        SourceFormatError,
        "Check the connector's paging; raise the limit if it is right.",
    ),
    "redirect_refused": (SourceFormatError, "If the new address is right, put it into 'base_url'."),
    "address_refused": (
        SourceFormatError,
        "If this portal really lives in your own network, set 'allow_private = true' in its source file.",
    ),
    "foreign_url": (
        SourceFormatError,
        "The portal's links lead elsewhere; correct 'base_url' if that is right.",
    ),
    "bad_url": (SourceFormatError, _ADDRESS),
    "bad_header": (SourceFormatError, "Correct the connector: it may not set this header."),
    "duplicate_document": (
        SourceFormatError,
        "Correct the connector: each document of a run needs its own name.",
    ),
    "not_json": (SourceFormatError, SourceFormatError.default_fix),
    "token_refused": (
        SourceRejectedUs,
        "Check client_id, client_secret and scope; ask the portal's operator whether the access still holds.",
    ),
    "token_unusable": (
        SourceFormatError,
        "Check 'token_url': what answers there is no OAuth2 token endpoint, or not of the kind Bearer.",
    ),
}


def failure(code: str, message: str, *, where: str) -> SyncdError:
    """Return the error for a code of the table; ``where`` is source and document."""
    kind, fix = _TABLE[code]
    return kind(message, where=where, fix=fix, code=code)


def status_failure(status: int, *, where: str, url: str) -> SyncdError:
    """Return the error for a status that is no usable answer; the body of such an answer is never read.

    404 and 410 mean that the address is wrong, not that the source has no services.
    """
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    message = f"The portal answered {phrase} for {url}."
    code = f"http_{status}"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS}:
        return SourceRejectedUs(message, where=where, code=code)
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return SourceFormatError(message, where=where, code=code, fix=_ADDRESS)
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return SourceUnavailable(message, where=where, code=code, fix=_WAIT)
    return SourceFormatError(message, where=where, code=code, fix=SourceFormatError.default_fix)
