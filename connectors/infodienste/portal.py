"""A synthetic miniature of the Infodienste for the conformance suite: invented services, no real data."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson

from syncd.sdk.connector import SyntheticAnswer, SyntheticPortal
from syncd.sdk.loopback import sorted_path

TOWN, LAND = "069990001001", "06"
TOWN_ID, LAND_ID = "4711", "1"
ATTRIBUTES = ("id", "name", "leikaKeys", "teaser")
_JSON = "application/json;charset=UTF-8"
_KEY_FILE = Path(__file__).with_name("synthetic_key.txt")


def _path(resource: str, *query: tuple[str, str]) -> str:
    return sorted_path(f"/{resource}?{urlencode(query)}" if query else f"/{resource}")


SERVICES = _path(
    "pstExtended/find",
    ("areaId", TOWN_ID),
    *(("selectAttributes[]", name) for name in (*ATTRIBUTES, "onlineServices")),
    ("limit", "100"),
)
ONLINE = _path("osCompetence", ("areaId", TOWN_ID), ("limit", "100"))
UNITS = _path("ouCompetence", ("areaId", TOWN_ID), ("limit", "100"))
DETAIL = "/os/900"


def envelope(objects: list[dict[str, Any]]) -> bytes:
    """Return a list of hits as the interface writes it, with ``totalCount``."""
    results = [{"score": 1.0, "object": one} for one in objects]
    return orjson.dumps({"count": len(objects), "totalCount": len(objects), "results": results})


def _services() -> list[dict[str, Any]]:
    return [
        {
            "id": "100",
            "name": "Musterausweis beantragen",
            "leikaKeys": ["99000000000001"],
            "teaser": "<p>Ein Muster.</p>",
            "onlineServices": [{"id": "901", "name": "Portal", "link": "https://synthetic.invalid/portal"}],
        },
        {"id": "101", "name": "Musterhund anmelden", "leikaKeys": ["99000000000002", "99000000000003"]},
        {"id": "102", "name": "Musterauskunft", "leikaKeys": []},
    ]


def _competence(owner: str, owner_id: str, services: list[str], *areas: str) -> dict[str, Any]:
    return {
        owner: {"id": owner_id, "name": f"Muster {owner_id}"},
        "areas": [{"id": area} for area in areas],
        "publicServiceTypes": [{"id": one, "name": f"Leistung {one}"} for one in services],
    }


def synthetic_portal() -> SyntheticPortal:
    """Return a portal of three invented services in one invented town."""
    answers = {
        SERVICES: envelope(_services()),
        ONLINE: envelope(
            [
                _competence("onlineService", "900", ["101"], TOWN_ID),
                _competence("onlineService", "901", ["100"], LAND_ID),
            ]
        ),
        UNITS: envelope([_competence("organisationalUnit", "800", ["100", "101"], TOWN_ID)]),
        DETAIL: orjson.dumps({"id": "900", "name": "Hund", "link": "https://synthetic.invalid/hund"}),
    }
    return SyntheticPortal(
        answers={path: SyntheticAnswer(body, _JSON) for path, body in answers.items()},
        records=3,
        last_document=DETAIL,
        settings={
            "api_key": f"file:{_KEY_FILE}",
            "permission": {"purpose": "Conformance suite on loopback", "areas": [TOWN]},
            "areas": {TOWN: "Musterstadt"},
            "above": {LAND: "Musterland"},
            # Looking areas up is tried beside the suite, which would take twice as long with it.
            "area_ids": {TOWN: TOWN_ID, LAND: LAND_ID},
            "attributes": list(ATTRIBUTES),
        },
        unknown_field_document=(SERVICES, envelope([{**one, "reifegrad": "4"} for one in _services()])),
        shrunken_document=(SERVICES, envelope(_services()[:-1])),
    )
