"""What all simulated portals of profiles share.

Everything in them is invented; shapes follow what is known of each interface. A mood is an attribute a test
sets; without one the portal behaves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from syncd.sdk.loopback import Reply, Request

REGION, REGION_AGS = "064110000000", "06411000"
JSON = "application/json"


def as_json(body: object, *, status: int = 200, **headers: str) -> Reply:
    """Answer with JSON."""
    return Reply(json.dumps(body, ensure_ascii=False).encode(), JSON, status=status, headers=headers)


NOT_FOUND = as_json({"status": 404}, status=404)


@dataclass
class Portal:
    """A simulated portal: ``mood`` names the bad habit of the day, ``number`` how many services it has."""

    mood: str = ""
    number: int = 5
    asked: list[Request] = field(default_factory=list)

    settings: dict[str, Any] = field(default_factory=dict)
    profile = ""

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        self.asked.append(request)
        parts = urlsplit(request.path)
        if self.mood == "maintenance":
            return Reply(b"<!DOCTYPE html><html><body>Wartung</body></html>", "text/html")
        answer = self.answer(parts.path, dict(parse_qsl(parts.query)), request)
        return answer or NOT_FOUND

    def answer(self, path: str, query: dict[str, str], request: Request) -> Reply | None:
        """Return the answer to one request, None for nothing there."""
        return None
