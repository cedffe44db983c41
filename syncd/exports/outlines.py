"""Outlines of municipalities for maps: shapes by AGS, from the shipped file.

Source: ``config/reference/hessen-outlines.json.gz`` (© BKG VG250, generalised; how it is derived stands in
``tests/support/outlines.py``). Areas without a shape have no map, which the report then says.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_FORMAT = "syncd-outlines/1"


@dataclass(frozen=True, slots=True)
class Shape:
    """One outline: bounding box (left, top, right, bottom) and SVG path in units of the grid."""

    box: tuple[int, int, int, int]
    path: str


@dataclass(frozen=True, slots=True)
class Outlines:
    """Shapes by AGS and the credit that has to stand beside every map."""

    shapes: Mapping[str, Shape]
    credit: str

    def frame(self, codes: Iterable[str]) -> tuple[int, int, int, int] | None:
        """Return the box around these areas; None when one of them has no shape."""
        boxes = []
        for code in codes:
            shape = self.shapes.get(code)
            if shape is None:
                return None
            boxes.append(shape.box)
        if not boxes:
            return None
        left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
        return left, top, max(b[2] for b in boxes), max(b[3] for b in boxes)


NO_OUTLINES = Outlines({}, "")


def read_outlines(path: Path) -> Outlines:
    """Read the shipped file; raises ConfigError for anything else."""
    try:
        document = json.loads(gzip.decompress(path.read_bytes()))
        if document["format"] != _FORMAT:
            raise ConfigError(
                f"format {document['format']!r}, expected {_FORMAT!r}",
                where=str(path),
                fix="Use the shipped file unchanged.",
            )
        shapes = {
            ags: Shape((box[0], box[1], box[2], box[3]), path)
            for ags, (*box, path) in document["shapes"].items()
        }
        return Outlines(shapes, document["credit"])
    except (OSError, EOFError, ValueError, KeyError, TypeError, IndexError) as error:
        raise ConfigError(
            f"not a file of outlines ({type(error).__name__}: {error})",
            where=str(path),
            fix="Use the shipped file unchanged.",
        ) from error
