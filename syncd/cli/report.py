"""The command that writes the report of an area or cohort."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from syncd.cli.output import say
from syncd.cli.reading import asking, parse_instant, view_of
from syncd.errors import ConfigError

_BY_SUFFIX = {".html": "html", ".htm": "html", ".md": "md", ".json": "json", ".xlsx": "xlsx"}


def report(arguments: argparse.Namespace) -> int:
    """Write the report; the one of a release is written once and then always the same."""
    from syncd.bootstrap.reports import report_renderer
    from syncd.pipeline.report import report as build
    from syncd.pipeline.report_shelf import keep, kept, report_key

    target = Path(arguments.out) if arguments.out else None
    form = _form("json" if arguments.json else arguments.format, target)
    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        since = parse_instant(arguments.since, config.file.daemon.timezone) if arguments.since else None
        key = report_key(
            view,
            arguments.subject,
            obligation_id=arguments.obligation,
            language=arguments.lang,
            since=since,
            form=form,
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
            body = report_renderer(config.directory)(document, form)
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
