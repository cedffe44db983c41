"""Finding the addresses to fetch in an index page or document.

Why: some portals publish a folder of dated files and no fixed address. Pure. Must not know HTTP.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from connectors.generic.patterns import TEXT_LIMIT, read_pattern
from connectors.generic.pointers import find, read_pointer
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.text import decode, load_json

if TYPE_CHECKING:
    from connectors.generic.fetch_tables import Discovery

INDEX_LIMIT = 16 * 1024 * 1024
_HREF = re.compile(r"""\bhref\s{0,5}=\s{0,5}(?:"([^"<>]{1,2000})"|'([^'<>]{1,2000})')""", re.IGNORECASE)
_ADDRESS = re.compile(r"""https?://[^\s"'<>]{1,2000}""")
_NO_LINKS = "Check the address of the index and the pattern of the profile's discovery."


def addresses_in(raw: bytes, charset: str | None, base: str, table: Discovery) -> list[str]:
    """Return the chosen addresses, absolute, in order of appearance and without doubles.

    Raises SourceFormatError when there is none or there are too many: an index without links is a failure,
    never an empty portal.
    """
    if len(raw) > INDEX_LIMIT:
        raise SourceFormatError(
            f"the index has {len(raw)} bytes; {INDEX_LIMIT} are allowed", code="too_large"
        )
    found = _links(raw, charset, table)
    pattern = read_pattern(table.pattern)
    matches = []
    for link in found:
        match = pattern.search(link) if len(link) <= TEXT_LIMIT else None
        if match is not None:
            group = next((one for one in match.groups() if one is not None), match[0])
            matches.append((urljoin(base, link), group))
    chosen = list(dict(matches).items())
    if not chosen:
        raise SourceFormatError(
            f"the index names no address with {table.pattern}", code="nothing_discovered", fix=_NO_LINKS
        )
    if len(chosen) > table.limit:
        raise SourceFormatError(
            f"the index names {len(chosen)} addresses with {table.pattern}; {table.limit} are allowed",
            code="too_many_documents",
            fix=_NO_LINKS,
        )
    match table.take:
        case "first":
            return [chosen[0][0]]
        case "last":
            return [chosen[-1][0]]
        case "newest":
            return [max(chosen, key=lambda one: one[1])[0]]
    return [address for address, _ in chosen]


def _links(raw: bytes, charset: str | None, table: Discovery) -> list[str]:
    if table.format == "json":
        found = find(load_json(raw), read_pointer(table.links or "."))
        return [one for one in found if isinstance(one, str)]
    page = decode(raw, charset or "utf-8")
    if table.format == "text":
        return [html.unescape(match[0]) for match in _ADDRESS.finditer(page)]
    return [html.unescape(match[1] or match[2]).strip() for match in _HREF.finditer(page)]
