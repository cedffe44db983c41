"""From area keys to the portal's own ids of areas: by AGS, never by name.

Why: names are not unique, and districts of a town are listed with the AGS of the town; a wrong id would read
another town's data. v3 looks an AGS up itself; since v4 there is a separate interface that searches words of
the name, so the hit is chosen by its AGS. Must not know services or competences.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from connectors.infodienste.envelope import read_hits
from connectors.infodienste.keys import area_code, code_or_none, lookup_key
from connectors.infodienste.paging import JSON_TYPES
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.text import exact_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connectors.infodienste.permission import Permit
    from connectors.infodienste.settings import InfodiensteSettings
    from syncd.sdk.connector import FetchSession

WORD_LENGTH = 3
"""Shorter words of a name are not searched for."""

_WORDS = re.compile(r"[^\W\d_]+")
_DISTRICT = re.compile(r"\s-\s*OT\b")
"""How the portal shows a district: ``Bad Belzig - OT Hagelberg``."""


@dataclass(frozen=True, slots=True)
class Place:
    """One area: the text of the configuration, its code, and its id at the portal."""

    text: str
    code: str
    portal_id: str


@dataclass(slots=True)
class Places:
    """Looks areas up; ``headers`` are those of the portal, ``permit`` says what may be asked."""

    session: FetchSession
    settings: InfodiensteSettings
    headers: Mapping[str, str]
    permit: Permit

    async def find(self, text: str, name: str) -> Place:
        """Return an area with its id; raises ConfigError outside the permission, else SourceFormatError."""
        code = area_code(text)
        self.permit.entry_of(code)
        given = {area_code(key): one for key, one in self.settings.area_ids.items()}.get(code)
        if given is not None:
            return Place(text, code, given)
        known = self.settings.version == "v3"
        candidates = await (self._by_key(code) if known else self._by_words(code, name))
        return Place(text, code, _choose(candidates, code, text))

    async def _by_key(self, code: str) -> list[dict[str, Any]]:
        document = await self.session.fetch(
            f"{self.settings.base_url}/{self.settings.paths.areas}",
            name=f"area-{code}",
            params={"ags": lookup_key(code)},
            headers=self.headers,
            accept=JSON_TYPES,
        )
        return list(read_hits(await self.session.read_json(document), f"area-{code}").objects)

    async def _by_words(self, code: str, name: str) -> list[dict[str, Any]]:
        words = [word for word in _WORDS.findall(name) if len(word) >= WORD_LENGTH]
        if not words:
            raise SourceFormatError(
                f"the name {name[:60]!r} of area {code} has no word of {WORD_LENGTH} letters to search for",
                where=f"area-{code}",
                code="area_not_found",
                fix="Write the official name, or the portal's id under 'area_ids'.",
            )
        base = self.settings.areas_url or self.settings.base_url
        # The key belongs to the Land's interface; it goes to another host only when the operator says so.
        same = self.settings.areas_url is None or self.settings.areas_with_key
        language = {"Accept-Language": self.settings.language}
        document = await self.session.fetch(
            f"{base}/{self.settings.paths.political_areas}?"
            + urlencode([("searchWords", word) for word in words]),
            name=f"area-{code}",
            headers=self.headers if same else language,
            accept=JSON_TYPES,
        )
        return list(_values(await self.session.read_json(document), f"area-{code}"))


def _values(body: object, where: str) -> Iterator[dict[str, Any]]:
    """Yield the hits of both envelopes: ``values[]`` and ``suggestions[]{value, data{id, ags}}``."""
    entries: object = None
    if isinstance(body, dict):
        entries = body.get("values", body.get("suggestions"))
    if not isinstance(entries, list):
        raise SourceFormatError(
            "the search for areas answered neither 'values' nor 'suggestions'",
            where=where,
            fix="Check 'areas_url' and 'paths.political_areas'.",
        )
    for entry in entries:
        if isinstance(entry, dict):
            data = entry.get("data")
            yield {**data, "displayName": entry.get("value")} if isinstance(data, dict) else entry


def _choose(candidates: list[dict[str, Any]], code: str, text: str) -> str:
    """Return the id of the one hit with that AGS that is not a district of the town."""
    found: dict[str, None] = {}
    for one in candidates:
        shown = one.get("displayName")
        district = isinstance(shown, str) and _DISTRICT.search(shown)
        key = exact_id(one.get("id"))
        if key is not None and not district and code_or_none(one.get("ags")) == code:
            found[key] = None
    if len(found) == 1:
        return next(iter(found))
    where = f"area-{code}"
    fix = f'Find the id at the portal and write it down: area_ids.{text} = "ID".'
    if not found:
        message = f"the portal lists no area with the AGS {lookup_key(code)}"
        raise SourceFormatError(message, where=where, code="area_not_found", fix=fix)
    raise SourceFormatError(
        f"the portal lists {len(found)} areas with the AGS {lookup_key(code)}",
        where=where,
        code="area_ambiguous",
        fix=fix,
    )
