"""What an answer's head promises, and whether that can be the data we asked for.

Must not know connections, limits or files.
"""

from __future__ import annotations

import codecs
import email.utils
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from typing import TYPE_CHECKING

from syncd.fetching.failures import failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_VALIDATOR_LIMIT = 1_024
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_HTML_START = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_UTF8_MARK = b"\xef\xbb\xbf"
# By Python's canonical names. UTF-7 and friends hide text from every other check (fault study F3).
_CHARSETS = frozenset(
    {"utf-8", "utf-8-sig", "ascii", "iso8859-1", "iso8859-15", "cp1252", "utf-16", "utf-16-le", "utf-16-be"}
)


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """What the head says. ``content_type`` is lower case without parameters.

    ``framed`` is False when neither a length nor chunking could prove that the body is complete.
    """

    content_type: str
    charset: str | None
    etag: str | None
    last_modified: str | None
    framed: bool


def read_head(headers: Mapping[str, str], *, where: str) -> AnswerHead:
    """Read the head; raises SourceFormatError ``charset_refused`` for a charset that is not on the list."""
    message = Message()
    message["Content-Type"] = headers.get("Content-Type", "")
    content_type = message.get_content_type() if headers.get("Content-Type") else ""
    charset = message.get_content_charset()
    if charset is not None and not _is_accepted_charset(charset):
        text = f"The answer claims the character set '{charset[:40]}', which is not accepted."
        raise failure("charset_refused", text, where=where)
    chunked = "chunked" in headers.get("Transfer-Encoding", "").lower()
    return AnswerHead(
        content_type,
        charset,
        _validator(headers.get("ETag")),
        _validator(headers.get("Last-Modified")),
        chunked or "Content-Length" in headers,
    )


def _is_accepted_charset(name: str) -> bool:
    try:
        return codecs.lookup(name).name in _CHARSETS
    except (LookupError, ValueError):
        return False


def _validator(value: str | None) -> str | None:
    return value if value and len(value) <= _VALIDATOR_LIMIT else None


def wanted(headers: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Return the named headers that are there and of sensible length, by lower-case name."""
    found = {name.lower(): _validator(headers.get(name)) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def content_encoding(headers: Mapping[str, str], *, where: str) -> bool:
    """Return True for gzip, False for plain; raises SourceFormatError ``encoding_refused`` for the rest.

    We ask for gzip only, and nested encodings are a known way to hide a bomb.
    """
    encoding = headers.get("Content-Encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return False
    if encoding in {"gzip", "x-gzip"}:
        return True
    message = f"The answer is encoded as '{encoding[:40]}'; only gzip is accepted."
    raise failure("encoding_refused", message, where=where)


def sniff(head: AnswerHead, start: bytes, accept: Sequence[str], *, where: str) -> None:
    """Refuse an answer that is not of an accepted media type, above all a web page in place of data.

    ``start`` are the first decoded bytes, empty as long as none have come. A missing content type is taken
    on trust, unless the body begins like a web page.
    """
    if not accept or any(_matches(kind, media) for kind in _HTML for media in accept if media != "*/*"):
        return
    if head.content_type in _HTML or _HTML_START.match(start.removeprefix(_UTF8_MARK)):
        raise failure("html_instead_of_data", "A web page came where data was expected.", where=where)
    if head.content_type and not any(_matches(head.content_type, media) for media in accept):
        message = f"The answer is of type '{head.content_type[:60]}'; expected: {', '.join(accept)}."
        raise failure("unexpected_content_type", message, where=where)


def _matches(kind: str, media: str) -> bool:
    media = media.split(";", 1)[0].strip().lower()
    return media in {"*/*", kind} or (media.endswith("/*") and kind.startswith(media[:-1]))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds the portal asks us to wait, or None. Source: RFC 9110 §10.2.3 (seconds or date)."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max((at - datetime.now(UTC)).total_seconds(), 0.0)
