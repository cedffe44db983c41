"""A report as Markdown: for mails, wikis and version control."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from syncd.exports.written import day, written
from syncd.model.report import ColumnKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.model.report import Map, Report, Section, Table

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#])")
_RIGHT = frozenset({ColumnKind.NUMBER, ColumnKind.SHARE})


def render_markdown(report: Report) -> bytes:
    """Return the report as GitHub-flavoured Markdown, UTF-8; texts of sources cannot become markup."""
    return ("\n".join(_lines(report)).rstrip("\n") + "\n").encode()


def _lines(report: Report) -> Iterator[str]:
    yield f"# {_plain(report.title)}"
    yield ""
    yield f"{_plain(report.subtitle)} · {day(report.as_of.isoformat(), report.language)}"
    yield ""
    for label, value in report.facts:
        yield f"- **{_plain(label)}:** {_plain(value)}"
    yield ""
    for section in report.sections:
        yield from _section(section, report.language)


def _section(section: Section, language: str) -> Iterator[str]:
    yield f"## {_plain(section.title)}"
    yield ""
    for paragraph in section.paragraphs:
        yield _plain(paragraph)
        yield ""
    if section.map is not None:
        yield from _map(section.map)
    for table in section.tables:
        yield from _table(table, language)


def _map(shown: Map) -> Iterator[str]:
    """Write a map as what it says: the areas of each class."""
    yield f"**{_plain(shown.title)}**"
    yield ""
    classes: list[tuple[int | None, str]] = [*enumerate(shown.legend), (None, shown.unknown)]
    for shade, words in classes:
        names = sorted(area.name for area in shown.areas if area.shade == shade)
        if names:
            yield f"- {_plain(words)} ({len(names)}): {_plain('; '.join(names))}"
    yield ""


def _table(table: Table, language: str) -> Iterator[str]:
    yield f"### {_plain(table.title)}"
    yield ""
    if table.note:
        yield _plain(table.note)
        yield ""
    yield f"| {' | '.join(_plain(column.title) for column in table.columns)} |"
    yield f"|{'|'.join(' ---: ' if c.kind in _RIGHT else ' --- ' for c in table.columns)}|"
    for row in table.rows:
        cells = (
            _plain(written(value, column.kind, language))
            for value, column in zip(row, table.columns, strict=True)
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
