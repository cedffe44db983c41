"""Derive the outlines that maps in reports show from a GeoJSON of municipalities.

``python -m tests.support.outlines hessen_gemeinden.geojson config/reference/hessen-outlines.json.gz``

Points are put on a grid of 0.004 degrees (about 440 m): neighbours keep one common border, because equal
points stay equal. A shape is an SVG path in grid units with y downwards, moves relative.
"""

from __future__ import annotations

import gzip
import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

GRID = 0.004
STRETCH = 0.64
"""Cosine of Hessen's middle latitude: a degree of longitude is that much shorter."""
LEAST_POINTS = 3
CREDIT = "© BKG (VG250), dl-de/by-2-0, generalised"


def outlines(geojson: Any) -> dict[str, Any]:
    """Return the document with one path per AGS, in the order of the AGS."""
    shapes = {feature["properties"]["ags"]: _shape(feature["geometry"]) for feature in geojson["features"]}
    return {"format": "syncd-outlines/1", "credit": CREDIT, "shapes": dict(sorted(shapes.items()))}


def _shape(geometry: Any) -> list[Any]:
    many = geometry["type"] == "MultiPolygon"
    polygons = geometry["coordinates"] if many else [geometry["coordinates"]]
    rings = [ring for polygon in polygons for points in polygon if (ring := _ring(points))]
    xs = [x for ring in rings for x, _ in ring]
    ys = [y for ring in rings for _, y in ring]
    return [min(xs), min(ys), max(xs), max(ys), "".join(map(_path, rings))]


def _ring(points: Iterable[tuple[float, float]]) -> list[tuple[int, int]]:
    ring: list[tuple[int, int]] = []
    for longitude, latitude in points:
        point = (round(longitude * STRETCH / GRID), -round(latitude / GRID))
        if not ring or ring[-1] != point:
            ring.append(point)
    return ring if len(set(ring)) >= LEAST_POINTS else []


def _path(ring: list[tuple[int, int]]) -> str:
    if ring[0] == ring[-1]:
        ring = ring[:-1]
    return f"M{ring[0][0]} {ring[0][1]}l{' '.join(_steps(ring))}z"


def _steps(ring: list[tuple[int, int]]) -> Iterator[str]:
    for (x0, y0), (x1, y1) in itertools.pairwise(ring):
        yield f"{x1 - x0} {y1 - y0}"


def main(source: Path, target: Path) -> None:
    """Write the outlines; equal input gives equal bytes."""
    document = outlines(json.loads(source.read_bytes()))
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    target.write_bytes(gzip.compress(body, mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
