"""From a report to bytes, in the form somebody asked for; the command line and the API use the same."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from syncd.exports.outlines import Outlines, read_outlines
from syncd.exports.report_html import render_html
from syncd.exports.report_json import render_json
from syncd.exports.report_markdown import render_markdown
from syncd.exports.report_xlsx import render_xlsx
from syncd.settings.registers import reference_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from syncd.model.report import Report

_OUTLINES = "reference/hessen-outlines.json.gz"


def report_renderer(directory: Path) -> Callable[[Report, str], bytes]:
    """Return what renders a report as ``html``, ``md``, ``xlsx`` or ``json``.

    ``directory`` is that of the configuration; the outlines are read when the first map is drawn.
    """
    return partial(_render, directory)


def _render(directory: Path, report: Report, form: str) -> bytes:
    if form == "html":
        return render_html(report, _outlines(reference_file(directory, _OUTLINES)))
    by_form = {"md": render_markdown, "json": render_json, "xlsx": render_xlsx}
    return by_form[form](report)


@cache
def _outlines(path: Path) -> Outlines:
    return read_outlines(path)
