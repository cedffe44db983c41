"""Commands about links: look at some now, look at what is due, list what was found."""

from __future__ import annotations

import argparse
import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from syncd.cli.operate import interruptible, log_for_a_person, publish
from syncd.cli.output import print_facts, print_json, print_rows, progress
from syncd.cli.reading import asking, load
from syncd.errors import ConfigError
from syncd.model.evidence import LinkState
from syncd.rules.fingerprint import fingerprint
from syncd.rules.probe import judge
from syncd.rules.probe_words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from syncd.model.probe import LinkVerdict
    from syncd.pipeline.ports import Store
    from syncd.settings.config import Config

_COLUMNS = {"url": "link", "state": "state", "target": "leads to", "found": "found", "fix": "what to do"}
_AT_A_TIME = 500


def probe(arguments: argparse.Namespace) -> int:
    """Look at the links named, or at those that are due; 1 when a link named is broken."""
    config = load(arguments)
    if bool(arguments.links) == bool(arguments.due):
        raise ConfigError("name links, or --due N", where="probe", fix="For example: syncd probe --due 100")
    if arguments.links:
        return _look(arguments, config)
    found = asyncio.run(interruptible(_round(config, arguments.due)))
    if arguments.json:
        print_json(found)
    else:
        print_facts(sorted(found.items()) or [("due", "nothing")])
    return 0


def _look(arguments: argparse.Namespace, config: Config) -> int:
    from syncd.bootstrap.probes import look_at

    facts = asyncio.run(interruptible(look_at(arguments.links, config.file.probe)))
    now = datetime.now(UTC)
    verdicts = [judge(one, None, at=now) for one in facts]
    rows = [
        {**_row(verdict, arguments.lang), "code": one.code, "hops": list(one.hops)}
        for one, verdict in zip(facts, verdicts, strict=True)
    ]
    print_rows(arguments, rows, _COLUMNS)
    return int(any(verdict.failures for verdict in verdicts))


async def _round(config: Config, limit: int) -> Mapping[str, int]:
    from syncd.bootstrap import build_application

    log_for_a_person(config)
    with progress("opening the database") as shown:
        async with build_application(config) as app:
            shown.step("looking at links")
            found = await app.prober.round(limit)
            await publish(app, shown)
            return dict(found)


def links(arguments: argparse.Namespace) -> int:
    """List the links of the catalogue with what the last look found."""
    with asking(arguments) as (_, ask):
        print_rows(arguments, _rows(ask.store, arguments), _COLUMNS)
    return 0


def _rows(store: Store, arguments: argparse.Namespace) -> Iterator[Mapping[str, object]]:
    from syncd.pipeline.probing import LINK, verdict_of

    after = ""
    while rows := store.probes(LINK, state=arguments.state, after=after, limit=_AT_A_TIME):
        for row in rows:
            verdict = verdict_of(row)
            yield _row(verdict, arguments.lang) if verdict else {"url": row.subject, "state": row.state}
        after = rows[-1].subject


def _row(verdict: LinkVerdict, language: str) -> dict[str, object]:
    summary, fix = words_of(verdict.rule, language)
    mark = fingerprint(verdict.final_url or verdict.url)
    failing = verdict.failures and verdict.state is not LinkState.DEAD
    return {
        "url": verdict.url,
        "state": "failing" if failing else verdict.state.value,
        "target": verdict.target.value,
        "rule": verdict.rule,
        "found": summary,
        "fix": fix,
        "status": verdict.status,
        "final_url": verdict.final_url,
        "checked_at": verdict.checked_at,
        "engine": mark.engine if mark else "",
        "authority": mark.authority if mark else "",
        "process": mark.process if mark else "",
    }
