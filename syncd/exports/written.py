"""How values of a report are written in German and English; one place for all renderers."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from syncd.model.report import ColumnKind, State
from syncd.rules.words import number

if TYPE_CHECKING:
    from syncd.model.report import Value

NOTHING = "–"


def written(value: Value, kind: ColumnKind, language: str) -> str:
    """Return a value as a person reads it; ``–`` for what is not known."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, State):
        return value.word
    if kind is ColumnKind.SHARE:
        return share(float(value), language)
    if kind is ColumnKind.NUMBER:
        return number(int(value), language)
    if kind is ColumnKind.DAY:
        return day(str(value), language)
    return str(value)


def share(value: float, language: str) -> str:
    """Return a share as per cent with one digit; only everything is written as 100 and only nothing as 0."""
    per_mille = round(value * 1000)
    if per_mille == 1000 and value < 1:  # noqa: PLR2004 - one short of everything is not everything
        per_mille = 999
    if per_mille == 0 and value > 0:
        per_mille = 1
    text = f"{per_mille / 10:.1f}"
    return f"{text.replace('.', ',')} %" if language == "de" else f"{text} %"


def day(value: str, language: str) -> str:
    """Return an ISO day as it is written in the language."""
    parsed = date.fromisoformat(value)
    return f"{parsed:%d.%m.%Y}" if language == "de" else parsed.isoformat()
