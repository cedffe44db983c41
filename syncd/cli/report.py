"""The command that writes the report of an area or cohort."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.cli.output import print_rows, say
from syncd.cli.reading import asking, parse_instant, view_of
from syncd.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime

    from syncd.pipeline.ask import ReleaseView
    from syncd.settings.config import Config

_LISTED = 1_000
_COLUMNS = {
    "report": "number",
    "subject": "subject",
    "obligation_id": "obligation",
    "language": "language",
    "form": "form",
    "release": "release",
    "published_at": "published",
    "written_at": "written",
    "period": "kept for",
    "names": "names people",
    "size": "bytes",
}
_BY_SUFFIX = {".html": "html", ".htm": "html", ".md": "md", ".json": "json", ".xlsx": "xlsx"}


def report(arguments: argparse.Namespace) -> int:
    """Write the report; the one of a release that was followed is written once and then always the same."""
    if arguments.list:
        return _list(arguments)
    target = Path(arguments.out) if arguments.out else None
    if arguments.kept is not None:
        with asking(arguments) as (_, ask):
            found, body = ask.store.kept_report(arguments.kept)
        return _write(target, body, found.mark.release)
    if arguments.subject is None:
        raise ConfigError(
            "name an area or cohort, or say --list", where="report", fix="Such as: report pilots."
        )
    form = _form("json" if arguments.json else arguments.format, target)
    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        since = (
            parse_instant(arguments.since, config.file.daemon.timezone, option="--since")
            if arguments.since
            else None
        )
        return _write(target, _body(arguments, config, view, since, form), view.release.number)


def _body(
    arguments: argparse.Namespace, config: Config, view: ReleaseView, since: datetime | None, form: str
) -> bytes:
    """Return the report, kept from before or written now and kept."""
    from syncd.bootstrap.reports import report_renderer
    from syncd.pipeline.report import report as build
    from syncd.pipeline.report_shelf import keep, kept, order_of

    order = order_of(
        view,
        arguments.subject,
        obligation_id=arguments.obligation,
        language=arguments.lang,
        since=since,
        form=form,
        names=arguments.names,
    )
    body = kept(view, order)
    if body is None:
        document = build(
            view,
            arguments.subject,
            language=arguments.lang,
            obligation_id=arguments.obligation,
            since=since,
            names=arguments.names,
        )
        body = report_renderer(config.directory)(document, form)
        keep(view, order, body)
    return body


def _write(target: Path | None, body: bytes, release: int) -> int:
    if target is None:
        sys.stdout.buffer.write(body)
        return 0
    try:
        target.write_bytes(body)
    except OSError as error:
        raise ConfigError(
            f"{target} cannot be written: {error.strerror}", where="--out", fix="Name another file."
        ) from error
    say(f"{target}: {len(body):,} bytes, release {release}")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from syncd.pipeline.place import subject_of

    with asking(arguments) as (config, ask):
        subject = subject_of(ask.view(), arguments.subject) if arguments.subject else None
        found = ask.store.kept_reports(subject, limit=arguments.limit or _LISTED)
        rows = [
            asdict(one.order)
            | asdict(one.mark)
            | {"report": one.report_id, "written_at": one.written_at}
            | {"size": one.size}
            for one in found
        ]
        print_rows(arguments, rows, _COLUMNS, zone=config.file.daemon.timezone, none="no report is kept")
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
