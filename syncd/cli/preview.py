"""The command that shows what a source would bring, and writes nothing."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.cli.operate import interruptible, log_for_a_person
from syncd.cli.output import print_facts, print_json, print_rows, progress, say
from syncd.cli.reading import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.model.issue import Issue
    from syncd.pipeline.preview import Preview, PreviewRecord
    from syncd.settings.config import Config
    from syncd.storage import SqlStore

_SHOWN = 20
_PARTS = 3
_RECORDS = {
    "native_id": "record",
    "title": "title",
    "keys": "service keys",
    "areas": "areas",
    "channels": "ways (rung)",
}
_FINDINGS = {"code": "finding", "count": "times", "example": "for example", "fix": "what to do"}
_REJECTED = {"where": "place", "code": "finding", "message": "why", "raw": "bytes"}


def preview(arguments: argparse.Namespace) -> int:
    """Fetch a part of a source and show what a run would make of it; 1 when it would be refused."""
    from syncd.bootstrap.previewing import preview as look_ahead

    config = load(arguments)
    log_for_a_person(config)
    limit = _SHOWN if arguments.limit is None else arguments.limit or 1_000_000
    pages = None if arguments.all else arguments.pages
    with progress(f"fetching {arguments.source}"), _store(config) as store:
        found = asyncio.run(
            interruptible(look_ahead(config, store, arguments.source, pages=pages, limit=limit))
        )
    if arguments.json:
        print_json(found)
    else:
        _print(arguments, found)
    return 0 if found.outcome in {"accepted", "unchanged"} else 1


@contextmanager
def _store(config: Config) -> Iterator[SqlStore]:
    """Give the database to compare with, or an empty one where there is none yet."""
    from syncd.storage import open_store

    url = config.database_url
    file = url.removeprefix("sqlite:///") if url.startswith("sqlite:///") else ""
    if not file or Path(file).exists():
        with open_store(url, create=False) as store:
            yield store
        return
    with (
        tempfile.TemporaryDirectory(prefix="syncd-preview-") as folder,
        open_store(f"sqlite:///{folder}/empty.sqlite3") as store,
    ):
        yield store


def _print(arguments: argparse.Namespace, found: Preview) -> None:
    arguments.limit = 0
    for document in found.documents:
        say(f"{document['url']}  {document['bytes']} bytes, {document['content_type'] or 'no type'}")
    say("")
    print_rows(arguments, [_row(record) for record in found.records], _RECORDS, none="no usable record")
    if found.more_records:
        say(f"… and {found.more_records} more; --limit 0 shows all")
    _print_trouble(arguments, found)
    say("")
    print_facts(
        [
            # The words of a good run speak of what was done; here nothing was.
            ("verdict", f"would be {found.outcome}" + (f": {found.reason}" if found.fix else "")),
            ("what to do", found.fix),
            ("received", found.received),
            ("rejected", found.rejected_count or ""),
            ("published now", found.stored),
            ("would be new", found.added),
            ("would change", found.changed),
            ("would stay", found.unchanged),
            ("would be missing", "not known from a part" if found.partial else found.absent),
            ("for example", ", ".join(found.examples_absent[:5])),
        ]
    )
    if found.partial:
        say("Only a part was fetched; --all fetches everything and gives the verdict of a whole run.")
    say("Nothing was written.")


def _print_trouble(arguments: argparse.Namespace, found: Preview) -> None:
    if found.issue_counts:
        say("")
        examples = {issue.code: issue for issue in reversed(found.issues)}
        rows = [
            {
                "code": code,
                "count": count,
                "example": _example(examples.get(code)),
                "fix": examples[code].fix if code in examples else "",
            }
            for code, count in sorted(found.issue_counts.items(), key=lambda item: (-item[1], item[0]))
        ]
        print_rows(arguments, rows, _FINDINGS)
    if found.rejected:
        say("")
        print_rows(
            arguments, [{**one, "raw": str(one.get("raw", ""))[:120]} for one in found.rejected], _REJECTED
        )


def _example(issue: Issue | None) -> str:
    if issue is None:
        return ""
    return " – ".join(part for part in (issue.message, issue.value, issue.where) if part)


def _row(record: PreviewRecord) -> dict[str, object]:
    more = record.area_count - len(record.areas[:_PARTS])
    return {
        "native_id": record.native_id,
        "title": record.title,
        "keys": ", ".join(record.service_keys),
        "areas": ", ".join(record.areas[:_PARTS]) + (f" +{more}" if more else ""),
        "channels": ", ".join(
            f"{c.url or c.label or c.kind} ({c.evidence})" for c in record.channels[:_PARTS]
        ),
    }
