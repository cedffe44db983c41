"""Commands by which a person decides: on a refused run, or to retire a source that is gone."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from syncd.cli.operate import interruptible, log_for_a_person, publish, report_runs
from syncd.cli.output import print_facts, print_json, progress
from syncd.cli.reading import load
from syncd.errors import ConfigError

if TYPE_CHECKING:
    from syncd.model.run import Run
    from syncd.settings.config import Config


def runs(arguments: argparse.Namespace) -> int:
    """List runs, show one, or decide on a refused one."""
    from syncd.cli import look

    words: list[str] = arguments.words
    decided = arguments.accept is not None or arguments.reject is not None
    if words[:1] != ["decide"]:
        if decided or len(words) > 1:
            raise ConfigError("write: runs decide ID --accept REASON", where="runs")
        arguments.run = _run_id(words[0]) if words else None
        return look.runs(arguments)
    reason = (arguments.accept if arguments.accept is not None else arguments.reject) or ""
    if len(words) != 2 or not reason.strip():  # noqa: PLR2004 - the word and the number
        raise ConfigError(
            "a decision needs a run and a reason",
            where="runs decide",
            fix="Write: syncd runs decide ID --accept REASON, or --reject REASON.",
        )
    run_id = _run_id(words[1])
    work = _decide(load(arguments), run_id, accept=arguments.accept is not None, reason=reason)
    run = asyncio.run(interruptible(work))
    if arguments.reject is not None:
        _print(arguments, {"run": run.run_id, "source": run.source_id, "decision": "reject"})
        return 0
    return report_runs(arguments, [run])


async def _decide(config: Config, run_id: int, *, accept: bool, reason: str) -> Run:
    from syncd.bootstrap import build_application

    log_for_a_person(config)
    with progress("opening the database") as shown:
        async with build_application(config) as app:
            shown.step(f"deciding on run {run_id}")
            run = await app.decide(run_id, accept=accept, reason=reason)
            if accept and run.outcome.is_good:
                # Who accepted the snapshot has accepted what follows from it.
                await publish(app, shown, accept=reason)
            return run


def sources(arguments: argparse.Namespace) -> int:
    """List sources, or retire one whose file is gone."""
    from syncd.cli import look

    words: list[str] = arguments.words
    if not words:
        return look.sources(arguments)
    if words[0] != "retire" or len(words) != 2 or not arguments.reason.strip():  # noqa: PLR2004
        raise ConfigError("write: sources retire SOURCE --reason TEXT", where="sources")
    count = asyncio.run(interruptible(_retire(load(arguments), words[1], arguments.reason)))
    _print(arguments, {"source": words[1], "withdrawn": count})
    return 0


async def _retire(config: Config, source_id: str, reason: str) -> int:
    from syncd.bootstrap import build_application

    log_for_a_person(config)
    with progress("opening the database") as shown:
        async with build_application(config) as app:
            count = await app.retire(source_id, reason=reason)
            await publish(app, shown, accept=reason)
            return count


def _run_id(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ConfigError(f"{text!r} is not the number of a run", where="runs", fix="List them: syncd runs.")
    return int(text)


def _print(arguments: argparse.Namespace, facts: dict[str, object]) -> None:
    if arguments.json:
        print_json(facts)
    else:
        print_facts(facts.items())
