"""The FIM portal's XZuFi objects: lists by offset and by cursor, one document per object, bad habits."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from syncd.sdk.loopback import Reply, Request

Key = tuple[str, str]
"""Office and id."""


@dataclass
class FimObjects:
    """A portal with these texts and authorities, by (office, id).

    ``mood``: ``loop`` hands out a cursor twice, ``moves`` changes the total on the second page of texts,
    ``dangling`` lists an object that is not there, ``busy`` answers 429 once per address.
    """

    texts: dict[Key, bytes]
    units: dict[Key, bytes]
    mood: str = "good"
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        parts = urlsplit(request.path)
        query = dict(parse_qsl(parts.query))
        path = [unquote(part) for part in parts.path.strip("/").split("/")][2:]
        if self.mood == "busy" and request.path not in self.asked:
            self.asked.append(request.path)
            return Reply(status=429, headers={"Retry-After": "0"})
        self.asked.append(request.path)
        match path:
            case ["leistung-stammtexte"]:
                return self._texts(query)
            case ["organizational-unit"]:
                return self._units(query)
            case ["leistung-stammtexte", office, number, "pvog", "xzufi"]:
                return _xml(self.texts.get((office, number)))
            case ["organizational-unit", office, number, "xzufi"]:
                return _xml(self.units.get((office, number)))
            case _:
                return Reply(b'{"detail":"Not Found"}', "application/json", status=404)

    def _texts(self, query: dict[str, str]) -> Reply:
        of_office = sorted(key for key in self.texts if key[0] == query["redaktion_id"])
        offset, limit = int(query["offset"]), int(query["limit"])
        items = [
            {"redaktion_id": office, "leistung_id": number, "source": query["source"]}
            for office, number in of_office[offset : offset + limit]
        ]
        total = len(of_office) + (self.mood == "moves" and offset > 0)
        body = {"items": items, "offset": offset, "limit": limit, "count": len(items), "total_count": total}
        return Reply(orjson.dumps(body), "application/json")

    def _units(self, query: dict[str, str]) -> Reply:
        keys = sorted(self.units) + ([("S999999", "gone")] if self.mood == "dangling" else [])
        start, limit = int(query.get("cursor", "0")), int(query["limit"])
        following = start + limit if start + limit < len(keys) else None
        if self.mood == "loop":
            following = limit
        items = [{"redaktion_id": office, "id": number} for office, number in keys[start : start + limit]]
        body = {"items": items, "limit": limit, "count": len(items), "next_cursor": following}
        return Reply(orjson.dumps(body), "application/json")


def _xml(body: bytes | None) -> Reply:
    if body is None:
        return Reply(b'{"detail":"not found"}', "application/json", status=404)
    return Reply(body, "application/xml")
