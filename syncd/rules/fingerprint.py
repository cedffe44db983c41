"""Fingerprints of links: which engine, for which authority, runs which process.

Why: the same task is done by different procedures from town to town, and the address is often the only place
where that shows. Read from addresses alone, by table; whoever counts procedures compares fingerprints. Only
civento's form was seen in public links of two Länder (portal notes §5), there in several installations whose
folder carries a name of its own (``civ-efa-fsa.public``); the other rows are from general knowledge of the
products and say so. Must not know services or areas.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, unquote_plus, urlsplit

from syncd.model.probe import Fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable

_VALUE_LIMIT = 200
_MOST_FIELDS = 100
_PLAIN: Final = re.compile(
    r"https?://([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)"
    r"(/[A-Za-z0-9/._~!$&'()*+,:=-]*)?(?:\?([A-Za-z0-9/._~!$'()*,:=&?-]*))?"
)
"""How nearly all addresses look: nothing escaped, no port, no fragment. They are taken apart in one step."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One procedure engine: how its addresses look, and where they name authority and process.

    ``path`` is searched in the path; its groups ``authority`` and ``process`` count where there are any,
    before the query parameters of those names. ``seen`` tells whether real links of that form were seen.
    """

    name: str
    path: re.Pattern[str]
    authority: str = ""
    process: str = ""
    needs_process: bool = True
    seen: bool = False


ENGINES: Final = (
    Engine("civento", re.compile(r"/civ(-[a-z0-9-]+)?\.public/start\.html$"), "oe", "cc_key", seen=True),
    Engine("form-solutions", re.compile(r"/(metaform|findform)(/|$)"), "areashortname", "shortname"),
    Engine("intelliform", re.compile(r"/intelliform/forms/(?P<authority>[^/]+)/(?P<process>.+?)(/index)?$")),
    Engine("formcycle", re.compile(r"/(formcycle/)?form/(provide|alias/[^/]+)/(?P<process>[^/]+)")),
)
"""First match wins."""


def fingerprint(url: str) -> Fingerprint | None:
    """Return the fingerprint of a link, or None for what is no http(s) address."""
    parts = _taken_apart(url)
    if parts is None:
        return None
    host, path, asked = parts
    for engine in ENGINES:
        if (match := engine.path.search(path)) is None:
            continue
        named = match.groupdict()
        authority = named.get("authority") or _first(asked, engine.authority)
        process = named.get("process") or _first(asked, engine.process)
        if process or not engine.needs_process:
            return Fingerprint(host, engine.name, authority[:_VALUE_LIMIT], process[:_VALUE_LIMIT])
    return Fingerprint(host, process=path.rstrip("/")[:_VALUE_LIMIT])


def _taken_apart(url: str) -> tuple[str, str, str] | None:
    """Return host (without ``www.``), path (unescaped) and query; None for what is no http(s) address."""
    if (plain := _PLAIN.fullmatch(url)) is not None:
        host, path, asked = plain.groups("")
        host = host.removeprefix("www.")
        return (host, path, asked) if host else None
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or not host:
        return None
    return host, unquote(parts.path), parts.query


def _first(asked: str, name: str) -> str:
    """Return the first value of a parameter, whatever the case of its name; empty where there is none.

    Of names that differ in case the last one counts. A query with more parameters than anybody writes is not
    read at all.
    """
    if not name or not asked or asked.count("&") >= _MOST_FIELDS:
        return ""
    pairs: Iterable[tuple[str, str]] = _parameter(name).findall(asked)
    if "%" in asked or "+" in asked:
        split = (pair.partition("=") for pair in asked.split("&"))
        pairs = ((_unquoted(said), value) for said, _, value in split)
    found: dict[str, str] = {}
    for said, value in pairs:
        if value and said.lower() == name:
            found.setdefault(said, value)
    return _unquoted(found.popitem()[1]).strip() if found else ""


@cache
def _parameter(name: str) -> re.Pattern[str]:
    """Return what finds one of the few parameters that engines have, in whatever case."""
    return re.compile(rf"(?:^|&)({re.escape(name)})=([^&]*)", re.IGNORECASE)


def _unquoted(text: str) -> str:
    return unquote_plus(text) if "%" in text or "+" in text else text
