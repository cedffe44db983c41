"""A synthetic miniature Germany: two Länder, three Kreise, one kreisfreie Stadt, eight municipalities.

Codes follow the real structure of the ARS; names and figures are made up.
"""

from __future__ import annotations

from syncd.model.area import Area, AreaKey, AreaKind

_ROWS = [
    ("00", "Synthetischer Bund", AreaKind.BUND),
    ("06", "Nordland", AreaKind.LAND),
    ("064", "Bezirk Eins", AreaKind.BEZIRK),
    ("06411", "Großstadt", AreaKind.KREISFREIE_STADT),
    ("064110000", "Großstadt", AreaKind.VERBAND),
    ("06431", "Kreis Aue", AreaKind.LANDKREIS),
    ("064310001", "Auheim", AreaKind.VERBAND),
    ("064310002", "Aubach", AreaKind.VERBAND),
    ("064319200", "Forst Aue", AreaKind.VERBAND),
    ("06432", "Kreis Berg", AreaKind.LANDKREIS),
    ("064325001", "Verband Berg", AreaKind.VERBAND),
    ("09", "Südland", AreaKind.LAND),
    ("09571", "Kreis Ried", AreaKind.LANDKREIS),
    ("095710001", "Riedstadt", AreaKind.VERBAND),
    ("095710002", "Moor", AreaKind.VERBAND),
]
_MUNICIPALITIES = [
    ("064110000000", "Großstadt", AreaKind.KREISFREIE_STADT, 200_000),
    ("064310001001", "Auheim", AreaKind.GEMEINDE, 20_000),
    ("064310002002", "Aubach", AreaKind.GEMEINDE, 5_000),
    ("064319200200", "Forst Aue, gemfr. Gebiet", AreaKind.GEMEINDEFREI, 0),
    ("064325001001", "Oberberg", AreaKind.GEMEINDE, 3_000),
    ("064325001002", "Unterberg", AreaKind.GEMEINDE, 2_000),
    ("095710001001", "Riedstadt", AreaKind.GEMEINDE, 30_000),
    ("095710002002", "Moor", AreaKind.GEMEINDE, 1_000),
]


def tiny_areas() -> tuple[Area, ...]:
    """Return all areas with population sums, sorted by code."""
    areas = [
        Area(AreaKey(code), name, kind, population, ags=code[:5] + code[9:])
        for code, name, kind, population in _MUNICIPALITIES
    ]
    for code, name, kind in _ROWS:
        key = AreaKey(code)
        people = sum(p for c, _, _, p in _MUNICIPALITIES if key.covers(AreaKey(c)))
        areas.append(Area(key, name, kind, people))
    return tuple(sorted(areas, key=lambda area: area.code))
