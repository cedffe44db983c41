"""A report as JSON: the document itself, for programs; the format is versioned."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from syncd.model.report import Report

FORMAT = "syncd-report/1"


def render_json(report: Report) -> bytes:
    """Return the report with its keys sorted, UTF-8, ending with a line feed."""
    body: dict[str, Any] = {"format": FORMAT, **asdict(report)}
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(body, option=options)
