"""The command that writes the report of an area or cohort."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.cli.output import say
from syncd.cli.reading import asking, parse_instant, view_of
from syncd.errors import ConfigError

if TYPE_CHECKING:
    from syncd.model.report import Report

_OUTLINES = "reference/hessen-outlines.json.gz"
_BY_SUFFIX = {".html": "html", ".htm": "html", ".md": "md", ".json": "json", ".xlsx": "xlsx"}


def report(arguments: argparse.Namespace) -> int:
    """Write the report; the one of a release is written once and then always the same."""
    from syncd.pipeline.report import report as build
    from syncd.pipeline.report_shelf import keep, kept, shelf_key

    target = Path(arguments.out) if arguments.out else None
    form = _form("json" if arguments.json else arguments.format, target)
    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        since = parse_instant(arguments.since, config.file.daemon.timezone) if arguments.since else None
        key = shelf_key(
            view,
            arguments.subject,
            arguments.obligation or "",
            arguments.lang,
            since.isoformat() if since else "",
            form,
        )
        body = kept(view, key)
        if body is None:
            document = build(
                view,
                arguments.subject,
                language=arguments.lang,
                obligation_id=arguments.obligation,
                since=since,
            )
            body = render(document, form, config.directory)
            keep(view, key, body)
    if target is None:
        sys.stdout.buffer.write(body)
        return 0
    try:
        target.write_bytes(body)
    except OSError as error:
        raise ConfigError(
            f"{target} cannot be written: {error.strerror}", where="--out", fix="Name another file."
        ) from error
    say(f"{target}: {len(body):,} bytes, release {view.release.number}")
    return 0


def render(document: Report, form: str, directory: Path) -> bytes:
    """Return the report in one of the forms; ``directory`` holds the shipped outlines."""
    from syncd.exports.outlines import read_outlines
    from syncd.exports.report_html import render_html
    from syncd.exports.report_json import render_json
    from syncd.exports.report_markdown import render_markdown
    from syncd.exports.report_xlsx import render_xlsx
    from syncd.settings.registers import reference_file

    if form == "html":
        return render_html(document, read_outlines(reference_file(directory, _OUTLINES)))
    by_form = {"md": render_markdown, "json": render_json, "xlsx": render_xlsx}
    return by_form[form](document)


def _form(asked: str | None, target: Path | None) -> str:
    if asked is not None:
        return asked
    if target is None:
        return "md"
    form = _BY_SUFFIX.get(target.suffix.casefold())
    if form is None:
        raise ConfigError(
            f"{target.name} has no known ending",
            where="--out",
            fix=f"End it in {', '.join(_BY_SUFFIX)}, or say --format.",
        )
    return form
