"""Synthetic lists and XZuFi objects for the conformance suite: invented, no real data."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from syncd.sdk.connector import SyntheticAnswer, SyntheticPortal

OFFICE = "S999999"
TEXTS = (
    "/api/v0/leistung-stammtexte?limit=200&offset=0&order_by=erstellt_datum_zeit_asc"
    f"&redaktion_id={OFFICE}&source=pvog"
)
UNITS = "/api/v0/organizational-unit?limit=200"
UNITS_BEHIND = "/api/v0/organizational-unit?cursor=7&limit=200"
FIRST, SECOND = (f"/api/v0/leistung-stammtexte/{OFFICE}/{number}/pvog/xzufi" for number in (1, 2))
UNIT = f"/api/v0/organizational-unit/{OFFICE}/99/xzufi"
_NAMESPACE = 'xmlns:x="http://xoev.de/schemata/xzufi/2_2_0"'


def service(number: int, title: str, more: str = "") -> bytes:
    """Return one description that is valid in a Land."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<x:leistung {_NAMESPACE}><x:id schemeAgencyID="{OFFICE}">'
        f"{number}</x:id><x:referenzLeiKa><code>9900000000000{number}</code></x:referenzLeiKa>"
        "<x:modulText><x:leikaTextmodul><code>03</code></x:leikaTextmodul>"
        f'<x:inhalt languageCode="de">{title}</x:inhalt></x:modulText>'
        f"<x:gueltigkeitGebietID>06</x:gueltigkeitGebietID>{more}</x:leistung>"
    ).encode()


def unit(number: int, text_id: int, area: str) -> bytes:
    """Return one authority that is competent for a service in an area."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<x:organisationseinheit {_NAMESPACE}>'
        f'<x:id schemeAgencyID="{OFFICE}">{number}</x:id><x:name><x:name languageCode="de">Musterbehörde'
        f'</x:name></x:name><x:zustaendigkeit><x:leistungID schemeAgencyID="{OFFICE}">{text_id}'
        "</x:leistungID>"
        f"<x:gebietID>{area}</x:gebietID></x:zustaendigkeit></x:organisationseinheit>"
    ).encode()


def texts(numbers: Sequence[int], total: int | None = None) -> bytes:
    """Return a page of the offset list of texts."""
    items = [{"redaktion_id": OFFICE, "leistung_id": str(n), "source": "pvog"} for n in numbers]
    count = len(items)
    return _json(items=items, offset=0, limit=200, count=count, total_count=count if total is None else total)


def ids(*pairs: tuple[str, str], following: int | None = None) -> bytes:
    """Return a page of a cursor list."""
    items = [{"redaktion_id": office, "id": number} for office, number in pairs]
    return _json(items=items, limit=200, count=len(items), next_cursor=following)


def _json(**body: object) -> bytes:
    return orjson.dumps(body)


def synthetic_portal() -> SyntheticPortal:
    """Return two texts and an authority, which stands on the second page of its list."""
    xml, json = "application/xml", "application/json"
    bodies = {
        TEXTS: (texts([1, 2]), json),
        UNITS: (ids(("S000000", "1"), following=7), json),
        UNITS_BEHIND: (ids((OFFICE, "99")), json),
        FIRST: (service(1, "Muster beantragen"), xml),
        SECOND: (service(2, "Probe anzeigen"), xml),
        UNIT: (unit(99, 1, "06414"), xml),
    }
    return SyntheticPortal(
        answers={path: SyntheticAnswer(body, kind) for path, (body, kind) in bodies.items()},
        records=2,
        last_document=UNIT,
        settings={"offices": [OFFICE]},
        unknown_field_document=(SECOND, service(2, "Probe anzeigen", "<x:reifegrad>2</x:reifegrad>")),
        shrunken_document=(TEXTS, texts([1])),
    )
