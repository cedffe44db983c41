"""A synthetic FIM portal for the conformance suite: invented services, no real data."""

from __future__ import annotations

from typing import Any

import orjson

from syncd.sdk.connector import SyntheticAnswer, SyntheticPortal

PROFILES = "/api/v0/leistung-steckbriefe?limit=200&offset=0&order_by=leistungsschluessel_asc"
TEXTS = "/api/v0/leistung-stammtexte?limit=200&offset=0&order_by=erstellt_datum_zeit_asc&source=leika"

_PROFILES: list[dict[str, Any]] = [
    {
        "leistungsschluessel": "99000000000001",
        "title": "Muster Ausstellung",
        "leistungsbezeichnung": "Muster Ausstellung",
        "leistungstyp": "lov",
        "ozg": {"id": "10001", "leistung": "Muster", "themenfeld_label": "Beispiele"},
        "sdg_informationsbereiche": ["1020200"],
        "freigabe_status": 6,
        "geaendert_datum_zeit": "2026-01-02T10:00:00.123456789+01:00",
        "replacements": [],
    },
    {
        "leistungsschluessel": ["99000000000002"],
        "bezeichnung": "Probe Anzeige",
        "sdg_informationsbereiche": "0000000",
        "freigabe_status": 7,
        "geaendert_datum_zeit": "2026-01-03T10:00:00Z",
        "replacements": [["99000000000001", "Muster Ausstellung"]],
    },
]
_TEXTS: list[dict[str, Any]] = [
    {
        "redaktion_id": "B1",
        "leistung_id": "1",
        "source": "leika",
        "title": "Muster beantragen",
        "leistungsschluessel": ["99000000000001", "99000000000003"],
        "leistungstyp": "lov",
        "leistungsadressat": ["001"],
        "typisierung": ["2/3"],
        "freigabe_status": 6,
        "leistungsbezeichnung": "Muster Ausstellung",
        "leistungsbezeichnung_2": "Muster beantragen",
        "kurztext": "<p>Ein Muster.</p>",
        "volltext": None,
        "rechtsgrundlagen": None,
        "erstellt_datum_zeit": "2025-01-01T00:00:00Z",
        "geaendert_datum_zeit": "2026-01-04T10:00:00Z",
        "klassifizierung": [{"list_uri": "urn:xoev-de:fim:codeliste:pvlagen", "value": "2100400"}],
        "ozg": [],
        "fts_match": None,
    }
]


def page(items: list[dict[str, Any]], *, offset: int = 0, total: int | None = None) -> bytes:
    """Return one page of an offset list."""
    body = {
        "items": items,
        "offset": offset,
        "limit": 200,
        "count": len(items),
        "total_count": offset + len(items) if total is None else total,
    }
    return orjson.dumps(body)


def synthetic_portal() -> SyntheticPortal:
    """Return two profiles and one text, which together speak of three keys."""
    bodies = {PROFILES: page(_PROFILES), TEXTS: page(_TEXTS)}
    return SyntheticPortal(
        answers={path: SyntheticAnswer(body, "application/json") for path, body in bodies.items()},
        records=3,
        last_document=TEXTS,
        unknown_field_document=(PROFILES, page([{**item, "reifegrad": 2} for item in _PROFILES])),
        shrunken_document=(PROFILES, page(_PROFILES[:1])),
    )
