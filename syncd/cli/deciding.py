"""What commands that decide have in common: who decides, when, and the release that follows."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from syncd.cli.operate import interruptible, log_for_a_person, publish
from syncd.cli.output import print_facts, print_json, progress, say
from syncd.cli.reading import load
from syncd.errors import ConfigError

if TYPE_CHECKING:
    from syncd.model.judgement import Judgement
    from syncd.pipeline.ask import Ask
    from syncd.settings.config import Config

_LONGEST_NAME, _LONGEST_REASON = 100, 2_000


@dataclass(frozen=True, slots=True)
class Decider:
    """What a decision is made with: the use cases on the database, who decides, why and when."""

    ask: Ask
    config: Config
    by: str
    reason: str
    at: datetime


def decide(arguments: argparse.Namespace, work: Callable[[Decider], Sequence[Judgement]]) -> int:
    """Write what ``work`` returns, publish, and say what was kept. Raises ConfigError without a reason."""
    reason = reason_of(arguments)
    kept = asyncio.run(interruptible(_decide(load(arguments), arguments.by, reason, work)))
    show_kept(arguments, kept)
    return 0


async def _decide(
    config: Config, by: str, reason: str, work: Callable[[Decider], Sequence[Judgement]]
) -> Sequence[Judgement]:
    from syncd.bootstrap import build_application

    log_for_a_person(config)
    with progress("opening the database") as shown:
        async with build_application(config) as app:
            shown.step("keeping the decision")
            decider = Decider(app.ask, config, name_of(by), reason, app.ask.clock())
            kept = await asyncio.to_thread(work, decider)
            if kept:
                await publish(app, shown)
            return kept


def reason_of(arguments: argparse.Namespace) -> str:
    """Return ``--reason``; raises ConfigError when it says nothing, or far too much."""
    reason: str = " ".join(arguments.reason.split())
    if not reason:
        raise ConfigError("a decision needs a reason", where="--reason", fix="Say why, in a sentence.")
    return _plain(reason, "--reason", _LONGEST_REASON)


def name_of(by: str) -> str:
    """Return who decides: ``--by``, else the user logged in. Raises ConfigError for a name beyond reason."""
    from syncd.bootstrap import this_user

    return _plain(by.strip(), "--by", _LONGEST_NAME) or this_user()


def _plain(text: str, where: str, longest: int) -> str:
    if len(text) > longest or not text.isprintable():
        raise ConfigError(
            f"is longer than {longest} characters or holds characters that cannot be shown", where=where
        )
    return text


def day_of(text: str) -> date:
    """Return the day of ``--until``; raises ConfigError."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is no day", where="--until", fix="Write it as 2027-03-31.") from error


def show_kept(arguments: argparse.Namespace, kept: Sequence[Judgement]) -> None:
    """Print what was kept."""
    if arguments.json:
        print_json([row_of(judgement) for judgement in kept])
        return
    for judgement in kept:
        print_facts([(name, value) for name, value in row_of(judgement).items() if value])
    if not kept:
        say("nothing new")


def row_of(judgement: Judgement) -> dict[str, object]:
    """Return a judgement with its name, as it is printed."""
    return {
        "uid": judgement.uid,
        "kind": judgement.kind.value,
        "subject": judgement.subject,
        "object": judgement.object,
        "answer": judgement.answer,
        "value": judgement.value,
        "service_key": judgement.service_key,
        "reason": judgement.reason,
        "decided_by": judgement.decided_by,
        "decided_at": judgement.decided_at,
        "until": judgement.until,
    }
