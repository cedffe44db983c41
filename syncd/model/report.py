"""A report as a document: sections of sentences, tables and maps, before anybody decides how it looks.

Every renderer (HTML, Markdown, XLSX, JSON) shows the same content, so what a figure means is written here
once, in the language of the report. Must not know where figures come from, nor colours or paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


class ColumnKind(StrEnum):
    """What the values of a column are: decides how they are aligned and written, never what they say."""

    TEXT = "text"
    NUMBER = "number"
    """Whole numbers: people, bodies, cells."""
    SHARE = "share"
    """0..1, written as per cent with one digit; None where there is nothing to divide by."""
    DAY = "day"
    LINK = "link"
    """An address, shown as it is."""
    STATE = "state"
    """Label of a cell state; its word comes with it (:class:`State`)."""


@dataclass(frozen=True, slots=True)
class State:
    """A cell state with the word of the report's language."""

    label: str
    word: str


Value = str | int | float | State | None
"""One value of a table; a day is written as ISO 8601 text, None stands for "not known"."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    title: str
    kind: ColumnKind = ColumnKind.TEXT


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. ``name`` is stable over languages, ``note`` says by which rule the figures hold."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shade:
    """One area of a map: its class (0 is the worst, None unknown) and what is said of it in words."""

    area_code: str
    name: str
    shade: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Map:
    """Areas in classes. ``legend`` names the classes, worst first; ``unknown`` the areas without one."""

    title: str
    areas: tuple[Shade, ...]
    legend: tuple[str, ...]
    unknown: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One section; ``name`` is stable over languages."""

    name: str
    title: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    map: Map | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One report about one subject (an area or a cohort) as of one release.

    ``facts`` are label and value of what stands on the first page; ``as_of`` is the day the release was
    published on. Nothing in it depends on when or where it is rendered.
    """

    subject: str
    title: str
    subtitle: str
    language: str
    release: int
    release_digest: str
    as_of: date
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
