"""The data hub as its descriptions show it, bad habits included: a simulator of both generations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from syncd.sdk.loopback import Reply, Request

COLUMNS = (
    *("leika_key", "leika_name", "leika_bezeichnung", "ars", "ars_name", "ars_federal_state", "bundesland"),
    *("ozgid", "ozg_bezeichnung", "url", "online_status", "aktiv", "art_flaechendeckung"),
    *("begruendung_nicht_beruecksichtigt", "datenstand_pvog_import", "export_datum"),
)


def row(key: str, ars: str, **fields: Any) -> dict[str, Any]:
    """Return one row; without fields it is an active online service somewhere."""
    usual = {
        "leika_key": key,
        "leika_name": f"Leistung {key[-4:]}",
        "ars": ars,
        "url": f"https://dienst.example/{key}",
        "online_status": "ok",
        "aktiv": "ja",
        "art_flaechendeckung": "in mind. einer Kommune verfügbar",
        "datenstand_pvog_import": "2026-11-20",
        "export_datum": "2026-11-21",
    }
    return {**usual, **fields}


@dataclass
class DataHub:
    """A data hub with these rows. ``mood`` is one of the bad habits, ``good`` none.

    ``no_csv`` 406 · ``too_large`` 413 · ``wrong_region`` hands out all rows · ``error_dto`` status 500 with
    the body of a success · ``few_pages`` announces one page too few · ``no_totals`` names the number of pages
    only · ``grows`` gains a row on each page · ``stuck`` always answers the first page · ``busy`` says 429
    once per address · ``refuses`` says 400 with the body of a success · ``empty_page`` an empty one inside.
    """

    rows: list[dict[str, Any]]
    mood: str = "good"
    generation: str = "2026"
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        parts = urlsplit(request.path)
        query = dict(parse_qsl(parts.query))
        path = parts.path.strip("/").split("/")
        prefix = ["public", "v1", "dash", "open-pvog"] if self.generation == "2026" else ["v1", "data"]
        if path[: len(prefix)] != prefix:
            return _json({"detail": "not found"}, 404)
        ars = path[len(prefix)]
        wants_table = "octet-stream" in request.headers.get("accept", "")
        if self.generation == "2026" and wants_table != (path[-1] == "export"):
            return _json({"detail": "not acceptable"}, 406)
        if self.mood == "busy" and request.path not in self.asked:
            self.asked.append(request.path)
            return Reply(b"", status=429, headers={"Retry-After": "0"})
        self.asked.append(request.path)
        rows = self._of(ars, query)
        return self._table(rows) if wants_table else self._page(rows, query)

    def _of(self, ars: str, query: dict[str, str]) -> list[dict[str, Any]]:
        if self.mood == "wrong_region":
            return self.rows
        stem = ars.rstrip("0")
        below = query.get("includeBelow", "true") == "true"
        above = query.get("includeAbove", "true") == "true"
        return [
            one
            for one in self.rows
            if one["ars"] == ars
            or (below and one["ars"].startswith(stem))
            or (above and ars.startswith(one["ars"].rstrip("0")))
        ]

    def _table(self, rows: list[dict[str, Any]]) -> Reply:
        if self.mood in {"error_dto", "refuses"}:
            return Reply(
                _csv(rows), "application/octet-stream", status=500 if self.mood == "error_dto" else 400
            )
        if self.mood in {"no_csv", "too_large"} or self.mood in _PAGES_ONLY:
            return _json({"detail": "no"}, 413 if self.mood == "too_large" else 406)
        return Reply(_csv(rows), "application/octet-stream")

    def _page(self, rows: list[dict[str, Any]], query: dict[str, str]) -> Reply:
        number, size = int(query.get("page", "0")), int(query.get("size", "100"))
        if self.mood == "stuck":
            number = 0
        if self.mood == "grows":
            rows = [*rows, *(row(f"9999999999{n:04d}", rows[0]["ars"]) for n in range(number))]
        content = rows[number * size : (number + 1) * size]
        if self.mood == "empty_page" and number == 0:
            content = []
        pages = -(-len(rows) // size) - (self.mood == "few_pages")
        totals: dict[str, Any] = {
            "totalPages": pages,
            "totalElements": len(rows),
            "number": number,
            "size": size,
        }
        if self.mood in {"no_totals", "few_pages", "stuck"}:
            totals = {"totalPages": pages}
        envelope = {"page": totals} if self.generation == "2026" else totals
        return _json({"content": content, **envelope}, 500 if self.mood == "error_dto" else 200)


_PAGES_ONLY = {"few_pages", "no_totals", "grows", "stuck", "empty_page"}


def _csv(rows: list[dict[str, Any]]) -> bytes:
    lines = [COLUMNS, *([str(one.get(name) or "") for name in COLUMNS] for one in rows)]
    return "".join(f"{';'.join(line)}\n" for line in lines).encode("utf-8-sig")


def _json(body: Any, status: int = 200) -> Reply:
    return Reply(orjson.dumps(body), "application/json", status=status)
