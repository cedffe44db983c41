"""A report as one HTML document: nothing is loaded from elsewhere, no scripts, prints on A4."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from syncd.exports.outlines import NO_OUTLINES
from syncd.exports.written import day, written
from syncd.model.report import ColumnKind, State
from syncd.rules.areas import ags_of

if TYPE_CHECKING:
    from syncd.exports.outlines import Outlines
    from syncd.model.report import Map, Report, Table

_TEMPLATES = Path(__file__).parent / "templates"
_MARGIN = 4
_USUAL_COLUMNS = 6
"""Columns of words that fit on a page in the usual size."""
_WORDS = {
    "de": {
        "contents": "Inhalt",
        "release": "Stand",
        "no_map": "Für diese Gebiete liegen keine Umrisse vor; die Tabelle nennt jedes von ihnen.",
        "rows": "Zeilen",
        "skip": "Zum Inhalt",
    },
    "en": {
        "contents": "Contents",
        "release": "release",
        "no_map": "There are no outlines for these areas; the table names each of them.",
        "rows": "rows",
        "skip": "Skip to content",
    },
}


@dataclass(frozen=True, slots=True)
class _Drawn:
    path: str
    shade: str
    title: str


@dataclass(frozen=True, slots=True)
class _Drawing:
    box: str
    shapes: tuple[_Drawn, ...]
    credit: str


def render_html(report: Report, outlines: Outlines = NO_OUTLINES) -> bytes:
    """Return the document, UTF-8; equal reports give equal bytes."""
    language = report.language
    body = (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            say=_WORDS[language],
            day=partial(day, language=language),
            written=partial(written, language=language),
            drawing=partial(_drawing, outlines=outlines),
            kinds=ColumnKind,
            wide=_is_wide,
            is_state=lambda value: isinstance(value, State),
        )
    )
    return body.encode()


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _is_wide(table: Table) -> bool:
    """Tell whether a table has so many columns of words that it needs smaller ones."""
    figures = {ColumnKind.NUMBER, ColumnKind.SHARE}
    return sum(column.kind not in figures for column in table.columns) > _USUAL_COLUMNS


def _drawing(shown: Map, outlines: Outlines) -> _Drawing | None:
    """Return the map as shapes, or None when one of its areas has no outline."""
    keys = {area.area_code: ags_of(area.area_code.ljust(12, "0")) for area in shown.areas}
    frame = outlines.frame(keys.values())
    if frame is None:
        return None
    left, top, right, bottom = frame
    return _Drawing(
        f"{left - _MARGIN} {top - _MARGIN} {right - left + 2 * _MARGIN} {bottom - top + 2 * _MARGIN}",
        tuple(
            _Drawn(
                outlines.shapes[keys[area.area_code]].path,
                "none" if area.shade is None else str(area.shade),
                f"{area.name}: {area.text}",
            )
            for area in shown.areas
        ),
        outlines.credit,
    )
