"""The command ``judge``: say whether two are the same, look at what was said, take it back, carry it over."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.cli.deciding import Decider, decide, row_of
from syncd.cli.output import print_facts, print_json, print_rows
from syncd.cli.reading import asking
from syncd.errors import ConfigError

if TYPE_CHECKING:
    from syncd.bootstrap.decisions import Carried
    from syncd.model.judgement import Judgement
    from syncd.pipeline.trail import TrailEntry

_USAGE = (
    "Write: syncd judge ONE OTHER same|different|unsure --reason TEXT; or list, show UID, undo UID, export, "
    "import."
)
_JUDGED = 3


def judge(arguments: argparse.Namespace) -> int:
    """Do what the first word says; three words that begin with none of these are a judgement."""
    words: list[str] = arguments.words
    verbs: dict[tuple[str, int], Callable[[argparse.Namespace], int]] = {
        ("list", 1): _list,
        ("show", 2): _show,
        ("undo", 2): _undo,
        ("export", 1): _export,
        ("export", 2): _export,
        ("import", 1): _import,
        ("import", 2): _import,
    }
    if (verb := verbs.get((words[0], len(words)))) is not None:
        return verb(arguments)
    if len(words) != _JUDGED:
        raise ConfigError("that is no judgement", where="judge", fix=_USAGE)
    return decide(arguments, lambda decider: [_judge(decider, *words)])


def _judge(decider: Decider, one: str, other: str, answer: str) -> Judgement:
    from syncd.pipeline.review import judge as keep

    return keep(
        decider.ask.store,
        decider.ask.registry,
        one=node_of(one),
        other=node_of(other),
        answer=answer,
        reason=decider.reason,
        by=decider.by,
        now=decider.at,
    )


def node_of(text: str) -> str:
    """Return the node a person means: a service key (dots and blanks allowed), or SOURCE/ID of a record."""
    from syncd.model.judgement import RECORD_NODE, SERVICE_NODE, record_node, service_node

    if text.startswith((RECORD_NODE, SERVICE_NODE)):
        return text
    if text.replace(".", "").replace(" ", "").isdecimal():
        return service_node("".join(c for c in text if c.isdecimal()))
    source, slash, native = text.partition("/")
    if not slash or not source or not native:
        raise ConfigError(
            f"{text!r} is neither SOURCE/ID of a record nor a service key", where="judge", fix=_USAGE
        )
    return record_node(source, native)


def _list(arguments: argparse.Namespace) -> int:
    from syncd.model.judgement import JudgementKind
    from syncd.pipeline.trail import Standing, trail

    columns = {
        "uid": "uid",
        "decided_at": "when",
        "decided_by": "who",
        "kind": "kind",
        "subject": "about",
        "object": "",
        "answer": "answer",
        "standing": "",
        "reason": "why",
    }
    with asking(arguments) as (config, ask):
        key = ask.view().service(arguments.service).service_key if arguments.service else ""
        found = trail(
            ask.store,
            datetime.now(UTC).date(),
            kinds=[JudgementKind(kind) for kind in arguments.kind],
            service_key=key,
            standing=None if arguments.all else Standing.HOLDS,
        )
        zone = config.file.daemon.timezone
        print_rows(arguments, _rows(found), columns, zone=zone, none="nothing was decided yet")
    return 0


def _rows(found: tuple[TrailEntry, ...]) -> Iterator[dict[str, object]]:
    for entry in found:
        yield row_of(entry.judgement) | {"standing": entry.standing.value, "ended_by": entry.ended_by}


def _show(arguments: argparse.Namespace) -> int:
    from syncd.pipeline.trail import entry_of

    with asking(arguments) as (config, ask):
        found = entry_of(ask.store, arguments.words[1], datetime.now(UTC).date())
        rows = list(_rows(found))
        if arguments.json:
            print_json(rows)
            return 0
        for number, row in enumerate(rows):
            if number:
                print()
            facts = [(name, value) for name, value in row.items() if value]
            print_facts(facts, zone=config.file.daemon.timezone)
    return 0


def _undo(arguments: argparse.Namespace) -> int:
    from syncd.pipeline.undoing import undo

    uid = arguments.words[1]

    def work(decider: Decider) -> list[Judgement]:
        return [undo(decider.ask, uid, reason=decider.reason, by=decider.by, now=decider.at)]

    return decide(arguments, work)


def _export(arguments: argparse.Namespace) -> int:
    """Write the log to ``decisions/`` beside the configuration, or to the folder named."""
    from syncd.bootstrap.decisions import decisions_folder, export_decisions

    with asking(arguments) as (config, ask):
        folder = Path(arguments.words[1]) if arguments.words[1:] else decisions_folder(config.directory)
        carried = export_decisions(ask.store, folder)
        _print_carried(arguments, folder, carried)
    return 0


def _import(arguments: argparse.Namespace) -> int:
    """Merge such files into the log; they take effect with the next release."""
    from syncd.bootstrap.decisions import decisions_folder, import_decisions

    with asking(arguments) as (config, ask):
        folder = Path(arguments.words[1]) if arguments.words[1:] else decisions_folder(config.directory)
        _print_carried(arguments, folder, import_decisions(ask.store, folder))
    return 0


def _print_carried(arguments: argparse.Namespace, folder: Path, carried: Carried) -> None:
    facts = {"folder": str(folder), "judgements": carried.judgements, "new": carried.new}
    if arguments.json:
        print_json(facts)
    else:
        print_facts(list(facts.items()))
