"""URLs fit to be shown: without user names, passwords, fragments and secret query values.

Errors, logs and stored documents carry URLs, and portals put keys into them. Must not know HTTP.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

MASK = "***"
_SECRET_NAME = re.compile(
    r"key|token|secret|pass|pwd|auth|sig|session|credential|code|jwt|sid\b", re.IGNORECASE
)


def is_secret_name(name: str) -> bool:
    """Tell whether a query parameter or header of that name may hold a secret; errs on the safe side."""
    return bool(_SECRET_NAME.search(name))


def redact_url(url: str) -> str:
    """Return the URL without userinfo and fragment, secret query values replaced by ``***``.

    What is no URL at all comes back as ``<unreadable URL>``, because it could be anything.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return "<unreadable URL>"
    if ":" in host:
        host = f"[{host}]"
    query = "&".join(
        f"{quote(name)}={MASK if is_secret_name(name) else quote(value)}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return urlunsplit((parts.scheme, host + port, parts.path, query, ""))
