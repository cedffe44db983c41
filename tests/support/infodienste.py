"""A simulator of the Infodienste on loopback: as documented, with the bad habits its users report.

All services, ids and links are synthetic; the places are the tiny Germany of the other tests plus names made
up here. Every request is kept by the loopback portal, which is how tests prove what was never asked.

Shapes: REST ZUFI V4.1 (envelope, header ``total-item-count``, limits, 401), models of a public client, both
read in ``connectors/infodienste/README.md``. Nothing here was compared with a running portal.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

import orjson

from syncd.sdk.loopback import LoopbackPortal, Reply, Request, loopback_portal
from tests.support.miniature import AUHEIM, GROSSSTADT, KREIS_AUE

KEY = "11111111-2222-3333-4444-555555555555"
FOREIGN_KEY = "99999999-2222-3333-4444-555555555555"
JSON = "application/json;charset=UTF-8"
LIMIT, MOST = 100, 500

LAND_ID, KREIS_ID, TOWN_ID, VILLAGE_ID, FAR_ID = "1", "30", "411", "3101", "777"
NAMES = {
    LAND_ID: ("06000000", "Musterland"),
    KREIS_ID: ("06431000", "Aue-Kreis"),
    TOWN_ID: ("06411000", "Großstadt am Muster"),
    VILLAGE_ID: ("06431001", "Auheim"),
    FAR_ID: ("09571001", "Riedstadt"),
    "412": ("06411000", "Nordend"),
}
"""Id → AGS and name. The last one is a district, which is listed with the AGS of its town."""
ABOVE = {TOWN_ID: (LAND_ID,), VILLAGE_ID: (KREIS_ID, LAND_ID), KREIS_ID: (LAND_ID,), FAR_ID: ()}
TEXT = {TOWN_ID: GROSSSTADT, VILLAGE_ID: AUHEIM, KREIS_ID: KREIS_AUE, LAND_ID: "06"}


def service(service_id: str, name: str, *keys: str, **more: Any) -> dict[str, Any]:
    """Return a PublicServiceType; attributes without a value are left out."""
    return {"id": service_id, "name": name, "type": "LOV", "leikaKeys": list(keys), **more}


def block(name: str, text: str, **more: Any) -> dict[str, Any]:
    return {"type": {"id": "1", "key": "05", "name": name, **more}, "text": text}


SERVICES = [
    service("100", "Musterausweis beantragen", "99001001001000", teaser="<p>Ein &amp; Muster.</p>"),
    service("101", "Musterwohnsitz anmelden", "99002001001000", "99002001001001", trustLevel={"key": "30"}),
    service(
        "102", "Musterhund\u200b an\u00admelden", "99003001001000", lastUpdated="2026-01-01T10:00:00+01:00"
    ),
    service("103", "Mustergewerbe anzeigen", "99005001001000", synonyms=["Laden", "Betrieb"]),
    service("104", "Musterauskunft"),
    service(
        "105",
        "Musterparken beantragen",
        "99004001001000",
        textBlocks=[
            block("Status Katalogeintrag", "geheim: in Arbeit"),
            block("Interne Notiz", "geheim: nicht zeigen", notPublic=True),
            block("Typisierung", "2b"),
            block("Kurztext", "Parken mit Muster."),
        ],
    ),
]
ONLINE: dict[str, dict[str, Any]] = {
    "900": {
        "id": "900",
        "name": "Wohnsitz online",
        "link": "https://online.example/wohnsitz",
        "trustLevel": "STORK_QAA_3",
    },
    "901": {
        "id": "901",
        "name": "Ausweis online",
        "link": "https://land.example/ausweis",
        "linkTitle": "Ausweis",
        "supportedLanguages": ["de"],
    },
    "902": {"id": "902", "name": "Parken online", "link": "https://online.example/parken?oe={oe}"},
}


def competence(owner: str, owner_id: str, services: Iterable[str], areas: Iterable[str]) -> dict[str, Any]:
    return {
        owner: {"id": owner_id, "name": ONLINE.get(owner_id, {}).get("name", f"Amt {owner_id}")},
        "areas": [{"id": area, "name": NAMES[area][1]} for area in areas],
        "publicServiceTypes": [{"id": one} for one in services],
    }


OS_COMPETENCES = [
    competence("onlineService", "900", ["101"], [TOWN_ID, FAR_ID]),
    competence("onlineService", "901", ["100"], [LAND_ID]),
    competence("onlineService", "902", ["105"], [VILLAGE_ID]),
]
OU_COMPETENCES = [
    competence("organisationalUnit", "800", ["100", "101"], [TOWN_ID]),
    competence("organisationalUnit", "801", ["103"], [KREIS_ID]),
    competence("organisationalUnit", "809", ["100"], [FAR_ID]),
]


@dataclass
class Finder:
    """One portal. ``moods`` are names of bad habits; ``keys`` map a key to the ids of its areas."""

    version: str = "v4"
    moods: frozenset[str] = frozenset()
    services: list[dict[str, Any]] = field(default_factory=lambda: list(SERVICES))
    online: dict[str, dict[str, Any]] = field(default_factory=lambda: dict(ONLINE))
    os_competences: list[dict[str, Any]] = field(default_factory=lambda: list(OS_COMPETENCES))
    ou_competences: list[dict[str, Any]] = field(default_factory=lambda: list(OU_COMPETENCES))
    keys: Mapping[str, frozenset[str]] = field(
        default_factory=lambda: {
            KEY: frozenset({TOWN_ID, VILLAGE_ID, KREIS_ID}),
            FOREIGN_KEY: frozenset({FAR_ID}),
        }
    )

    def __call__(self, request: Request) -> Reply:
        parts = urlsplit(request.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        resource = parts.path.strip("/")
        reply = self._answer(request, resource, parts.query, query)
        if "xml" in request.headers.get("accept", "") and reply.status == 200:
            root = "onlineService" if resource.startswith("os/") else "areaResult"
            return Reply(as_xml(orjson.loads(reply.body), root), "application/xml", headers=reply.headers)
        return reply

    def _answer(self, request: Request, resource: str, raw: str, query: Mapping[str, str]) -> Reply:
        if resource == "PoliticalArea/search" and self.version == "v4":
            return self._area_search(parse_qsl(raw))
        region = self.keys.get(request.headers.get("api_key", ""))
        if region is None:
            return _failure(401, "api_key fehlt oder ist ungültig")
        if "accept-language" not in request.headers:
            return _failure(400, "Accept-Language ist ein Pflichtfeld")
        if resource == "area/find" and self.version == "v3":
            found = [
                {"id": self._id(key), "name": name, "ags": ags}
                for key, (ags, name) in NAMES.items()
                if ags == query.get("ags") and key != "412"
            ]
            return self._list(found, {})
        if resource.startswith("os/"):
            one = self.online.get(resource.removeprefix("os/"))
            return _json(self._typed(one)) if one else _failure(404, "unbekannt")
        return self._data(resource, query, region)

    def _data(self, resource: str, query: Mapping[str, str], region: frozenset[str]) -> Reply:
        area = query.get("areaId", "")
        if area not in region:
            return _failure(403, "der Schlüssel gilt für eine andere Region")
        offset, limit = query.get("offset"), int(query.get("limit", LIMIT))
        if offset is not None and int(offset) <= 0:
            return _failure(400, "offset muss größer 0 sein")
        if limit > MOST or (limit == -1 and "no_minus_one" in self.moods):
            return _failure(400, "limit")
        found = self._objects(resource, area)
        return self._list(found, query) if isinstance(found, list) else _failure(found, "nicht verfügbar")

    def _objects(self, resource: str, area: str) -> list[dict[str, Any]] | int:
        """Return the objects of a list, or the status of a resource that is not offered."""
        match resource:
            case "pst/find":
                return self._selected(self.services)
            case "pstExtended/find" if self.version == "v4" and "no_extended" not in self.moods:
                return self._selected([self._extended(one, area) for one in self.services])
            case "osCompetence":
                return self._for(self.os_competences, area)
            case "ouCompetence" | "ouCompetence/1":
                return self._for(self.ou_competences, area)
        return 405 if resource == "pstExtended/find" else 404

    def _extended(self, one: dict[str, Any], area: str) -> dict[str, Any]:
        found = [
            self.online[competence["onlineService"]["id"]]
            for competence in self._for(self.os_competences, area)
            if any(ref["id"] == one.get("id") for ref in competence["publicServiceTypes"])
        ]
        return {**one, "onlineServices": found} if found else one

    def _for(self, competences: list[dict[str, Any]], area: str) -> list[dict[str, Any]]:
        wanted = {area, *ABOVE[area]}
        return [one for one in competences if wanted & {ref["id"] for ref in one["areas"]}]

    def _selected(self, services: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**one, "reifegrad": "hoch"} if "unknown_field" in self.moods else one for one in services]

    def _list(self, objects: list[dict[str, Any]], query: Mapping[str, str]) -> Reply:
        total, limit = len(objects), int(query.get("limit", LIMIT))
        if "capped" in self.moods:
            limit = min(limit, 2)
        start = 0 if "ignores_offset" in self.moods else int(query.get("offset", "0"))
        if start and "one_based" in self.moods:
            start -= 1
        page = objects if limit == -1 else objects[start : start + limit]
        body: dict[str, Any] = {"count": len(page)}
        if page or "no_empty_results" not in self.moods:
            body["results"] = [{"score": 1.5, "object": self._typed(one)} for one in page]
        said = total + ("total_high" in self.moods) - ("total_low" in self.moods)
        if "total_of_page" in self.moods:
            said = len(page)
        headers = {}
        if self.moods & {"total_in_body", "count_hits"}:
            body["totalCount" if "total_in_body" in self.moods else "count"] = said
        elif "no_total" not in self.moods:
            headers["total-item-count"] = str(said)
        return _json(body, headers)

    def _area_search(self, query: list[tuple[str, str]]) -> Reply:
        words = [value.casefold() for name, value in query if name == "searchWords"]
        values = [
            {
                "id": key,
                "name": name,
                "displayName": "Großstadt am Muster - OT Nordend" if key == "412" else name,
                "ags": ags,
            }
            for key, (ags, name) in NAMES.items()
            if any(word in name.casefold() or (key == "412" and word == "großstadt") for word in words)
        ]
        if "suggestions" in self.moods:
            return _json(
                {
                    "suggestions": [
                        {"value": one["displayName"], "data": {"id": one["id"], "ags": one["ags"]}}
                        for one in values
                    ]
                }
            )
        return _json({"values": values})

    def _typed(self, value: Any) -> Any:
        """Return a value with the ids of the version: numbers in v3, tokens in v4."""
        if isinstance(value, dict):
            return {name: self._id(one) if name == "id" else self._typed(one) for name, one in value.items()}
        return [self._typed(one) for one in value] if isinstance(value, list) else value

    def _id(self, value: str) -> str | int:
        return int(value) if self.version == "v3" else value


def settings(**more: Any) -> dict[str, Any]:
    """Return settings for the town, with a permission for it; the key stands in ``FINDER_KEY``."""
    return {
        "api_key": "env:FINDER_KEY",
        "permission": {
            "purpose": "Anzeige der Leistungen der Großstadt (synthetisch)",
            "areas": [GROSSSTADT],
        },
        "areas": {GROSSSTADT: "Großstadt am Muster"},
        "above": {"06": "Musterland"},
        **more,
    }


def as_xml(body: Any, root: str) -> bytes:
    """Return a document as the interface writes XML: lists as siblings without a wrapper."""

    def element(name: str, value: Any) -> str:
        if isinstance(value, list):
            return "".join(element(name, one) for one in value)
        if isinstance(value, dict):
            return f"<{name}>{''.join(element(key, one) for key, one in value.items())}</{name}>"
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return f"<{name}>{escape(text)}</{name}>"

    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    return (head + element(root, body)).encode()


def _json(body: Any, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(orjson.dumps(body), JSON, headers=headers or {})


def _failure(status: int, message: str) -> Reply:
    return Reply(orjson.dumps({"message": message}), JSON, status=status)


@contextmanager
def serving(finder: Finder) -> Iterator[LoopbackPortal]:
    """Serve a finder from a thread of its own: commands under test run their own event loops."""
    started, stop = threading.Event(), asyncio.Event()
    opened: list[tuple[asyncio.AbstractEventLoop, LoopbackPortal]] = []

    async def serve() -> None:
        async with loopback_portal(finder) as portal:
            opened.append((asyncio.get_running_loop(), portal))
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(10)
    loop, portal = opened[0]
    try:
        yield portal
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
