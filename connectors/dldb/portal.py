"""A synthetic DLDB export for the conformance suite: invented services and places, no real data."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from syncd.sdk.connector import SyntheticAnswer, SyntheticPortal

SERVICES = "/dienstleistungen/json/"
LOCATIONS = "/standorte/json/"
AUTHORITIES = "/behoerden/json/"

_AUTHORITIES = [{"id": "900", "name": "Musterbehörde"}, {"id": "901", "name": "Probeamt"}]
_LOCATIONS = [
    {
        "id": "800",
        "name": "Bürgeramt Muster",
        "authority": {"id": "900", "name": "Musterbehörde"},
        "services": [
            {"service": "2", "appointment": {"link": "https://synthetic.invalid/termin", "allowed": True}}
        ],
    }
]
_SERVICES: list[dict[str, Any]] = [
    {
        "id": "1",
        "name": "Muster beantragen",
        "leika": "99.000.000.000.001 ",
        "description": "<p>Ein Muster.</p>",
        "authorities": [{"id": "900"}],
        "locations": [{"location": "800", "hint": False, "appointment": {"allowed": False}}],
        "onlineprocessing": {"link": "https://synthetic.invalid/antrag", "description": "Online-Antrag"},
        "forms": [{"name": "Antrag", "link": "https://synthetic.invalid/antrag.pdf", "description": ""}],
        "meta": {"url": None, "locale": "de", "lastupdate": "2026-01-01T10:00:00+01:00"},
    },
    {
        "id": "2",
        "name": "Probe anzeigen",
        "leika": "",
        "authorities": [{"id": "900"}, {"id": "901"}],
        "locations": [{"location": "800"}],
        "onlineprocessing": [],
        "meta": {
            "url": "https://synthetic.invalid/2",
            "locale": "de",
            "lastupdate": "2026-01-02T10:00:00+01:00",
        },
    },
    {
        "id": "3",
        "name": "Beispiel",
        "leika": False,
        "authorities": [],
        "locations": [],
        "meta": {"locale": "de"},
    },
    {"id": "4", "name": "Nicht öffentlich", "public": False},
]


def _export(items: list[dict[str, Any]]) -> bytes:
    digest = hashlib.md5(orjson.dumps(items), usedforsecurity=False).hexdigest()
    envelope = {
        "created": "2026-01-03T00:00:00+01:00",
        "datacount": len(items),
        "locale": "de_DE",
        "hash": digest,
        "error": False,
        "data": items,
    }
    return orjson.dumps(envelope)


def synthetic_portal() -> SyntheticPortal:
    """Return exports of three public services and one that is not public."""
    bodies = {SERVICES: _SERVICES, LOCATIONS: _LOCATIONS, AUTHORITIES: _AUTHORITIES}
    return SyntheticPortal(
        answers={path: SyntheticAnswer(_export(items), "application/json") for path, items in bodies.items()},
        records=3,
        last_document=SERVICES,
        settings={"area": "110000000000"},
        unknown_field_document=(SERVICES, _export([{**item, "reifegrad": 2} for item in _SERVICES])),
        shrunken_document=(SERVICES, _export(_SERVICES[1:])),
    )
