"""The FIM portal as its OpenAPI document and its clients show it, bad habits included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from syncd.sdk.loopback import Reply, Request


def profile(key: str, changed: str, **fields: Any) -> dict[str, Any]:
    """Return one service profile."""
    usual = {
        "leistungsschluessel": key,
        "title": f"Leistung {key[-4:]}",
        "freigabe_status": 6,
        "geaendert_datum_zeit": changed,
    }
    return {**usual, **fields}


def text(number: int, keys: list[str], changed: str, **fields: Any) -> dict[str, Any]:
    """Return one service text of the federal editorial office."""
    usual = {
        "redaktion_id": "B1",
        "leistung_id": str(number),
        "source": "leika",
        "title": f"Text {number}",
        "leistungsschluessel": keys,
        "typisierung": ["2b"],
        "freigabe_status": 6,
        "erstellt_datum_zeit": "2025-01-01T00:00:00Z",
        "geaendert_datum_zeit": changed,
        "klassifizierung": [],
        "ozg": [],
    }
    return {**usual, **fields}


@dataclass
class FimPortal:
    """A FIM portal with these profiles and texts.

    ``busy`` answers every second request with 429. ``before`` is called before each answer with the number
    of requests so far: things change while somebody reads. ``lies`` is added to every total. ``deaf`` ignores
    the offset.
    """

    profiles: list[dict[str, Any]]
    texts: list[dict[str, Any]] = field(default_factory=list)
    prefix: str = "api/v0"
    busy: bool = False
    deaf: bool = False
    lies: int = 0
    before: Callable[[int], None] = lambda _number: None
    asked: list[dict[str, str]] = field(default_factory=list)
    """Parameters of the answered requests, with their path."""
    _refused: bool = False

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        parts = urlsplit(request.path)
        query = dict(parse_qsl(parts.query))
        lists = {
            f"/{self.prefix}/leistung-steckbriefe": self.profiles,
            f"/{self.prefix}/leistung-stammtexte": self.texts,
        }
        if parts.path not in lists:
            return Reply(b'{"detail":"Not Found"}', "application/json", status=404)
        if self.busy:
            self._refused = not self._refused
            if self._refused:
                return Reply(
                    b'{"detail":"slow down"}', "application/json", status=429, headers={"Retry-After": "0"}
                )
        self.before(len(self.asked))
        self.asked.append({"path": parts.path, **query})
        items = [one for one in lists[parts.path] if _wanted(one, query)]
        items.sort(key=lambda one: str(one.get("leistungsschluessel")))
        limit = int(query["limit"])
        offset = 0 if self.deaf else int(query["offset"])
        shown = items[offset : offset + limit]
        body = {
            "items": shown,
            "offset": offset,
            "limit": limit,
            "count": len(shown),
            "total_count": len(items) + self.lies,
        }
        return Reply(orjson.dumps(body), "application/json")


def _wanted(item: dict[str, Any], query: dict[str, str]) -> bool:
    if "source" in query and item["source"] != query["source"]:
        return False
    since = query.get("updated_since")
    if since is None:
        return True
    # The portal reads a stamp without a zone as UTC; its own have one.
    changed = datetime.fromisoformat(item["geaendert_datum_zeit"])
    return changed >= datetime.fromisoformat(f"{since}+00:00")
