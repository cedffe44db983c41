"""From a report or a list of gaps to bytes, in the form somebody asked for; all doors use the same."""

from __future__ import annotations

import io
from functools import cache, partial
from typing import TYPE_CHECKING

from syncd.exports.gap_xlsx import write_gaps_xlsx
from syncd.exports.outlines import Outlines, read_outlines
from syncd.exports.report_html import render_html
from syncd.exports.report_json import render_json
from syncd.exports.report_markdown import render_markdown
from syncd.exports.report_xlsx import render_xlsx
from syncd.settings.registers import reference_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from pathlib import Path

    from syncd.model.report import Report
    from syncd.rules.gap_sheet import Row

_OUTLINES = "reference/hessen-outlines.json.gz"


def report_renderer(directory: Path) -> Callable[[Report, str], bytes]:
    """Return what renders a report as ``html``, ``md``, ``xlsx`` or ``json``.

    ``directory`` is that of the configuration; the outlines are read when the first map is drawn.
    """
    return partial(_render, directory)


def gap_workbook(rows: Iterable[Row], language: str, on: date) -> bytes:
    """Return rows of gaps as a workbook; ``on`` is the day of their release."""
    target = io.BytesIO()
    write_gaps_xlsx(target, rows, language, on)
    return target.getvalue()


def _render(directory: Path, report: Report, form: str) -> bytes:
    if form == "html":
        return render_html(report, _outlines(reference_file(directory, _OUTLINES)))
    by_form = {"md": render_markdown, "json": render_json, "xlsx": render_xlsx}
    return by_form[form](report)


@cache
def _outlines(path: Path) -> Outlines:
    return read_outlines(path)
