"""The commands ``conflicts`` and ``pin``: the inbox of contradictions, and values held by hand."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from syncd.cli.deciding import Decider, day_of, decide
from syncd.cli.output import print_rows
from syncd.cli.reading import asking
from syncd.errors import ConfigError

if TYPE_CHECKING:
    from syncd.model.judgement import Judgement
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.conflict_views import ConflictView

_PAGE = 200
_PIN_WORDS, _REMOVE_WORDS = 4, 3


def conflicts(arguments: argparse.Namespace) -> int:
    """List conflicts, 1 when any is open; or decide on one."""
    words: list[str] = arguments.words
    if words:
        return _decide_on(arguments, words)
    if arguments.choose or arguments.both:
        raise ConfigError("name the conflict", where="conflicts", fix="Write: syncd conflicts decide ID …")
    with asking(arguments) as (config, ask):
        view = ask.view()
        columns = {
            "conflict_id": "id",
            "state": "state",
            "service_name": "service",
            "area_name": "area",
            "field": "field",
            "says": "sides",
            "since_at": "since",
        }
        rows = ({**asdict(one), "says": _says(one)} for one in _conflicts(arguments, view))
        shown = print_rows(
            arguments, rows, columns, zone=config.file.daemon.timezone, none="no such conflict"
        )
    return 1 if shown and arguments.state != "decided" else 0


def _conflicts(arguments: argparse.Namespace, view: ReleaseView) -> Iterator[ConflictView]:
    from syncd.pipeline.conflicts import conflicts as list_conflicts

    area = view.area(arguments.area) if arguments.area else None
    service = view.service(arguments.service).service_key if arguments.service else None
    for state in (arguments.state,) if arguments.state else ("open", "returned"):
        after = ""
        while page := list_conflicts(
            view,
            area=area,
            service_key=service,
            source_id=arguments.source,
            state=state,
            after=after,
            limit=_PAGE,
        ):
            yield from page
            after = page[-1].conflict_id


def _says(one: ConflictView) -> list[str]:
    return [
        f"{'✓ ' if side.chosen else ''}{side.value} ({', '.join(s.source_id for s in side.said_by)})"
        for side in one.sides
    ]


def _decide_on(arguments: argparse.Namespace, words: list[str]) -> int:
    from syncd.pipeline.conflicts import decide as decide_conflict

    if words[0] != "decide" or len(words) != 2 or bool(arguments.choose) == arguments.both:  # noqa: PLR2004
        raise ConfigError(
            "a decision names a conflict and a side",
            where="conflicts",
            fix="Write: syncd conflicts decide ID --choose SOURCE --reason TEXT, or --both.",
        )

    def work(decider: Decider) -> list[Judgement]:
        view = decider.ask.view()
        return [
            decide_conflict(
                view,
                words[1],
                reason=decider.reason,
                decided_by=decider.by,
                at=decider.at,
                source_id=arguments.choose or "",
                both=arguments.both,
            )
        ]

    return decide(arguments, work)


def pin(arguments: argparse.Namespace) -> int:
    """Pin a field, list pins, or take one away."""
    words: list[str] = arguments.words
    if words == ["list"]:
        return _pins(arguments)
    if words[0] == "remove":
        return decide(arguments, lambda decider: [_remove(decider, words[1:])])
    if len(words) != _PIN_WORDS or not arguments.until:
        raise ConfigError(
            "a pin names service, area, field, value and its last day",
            where="pin",
            fix="Write: syncd pin SERVICE AREA FIELD VALUE --reason TEXT --until DATE.",
        )
    until = day_of(arguments.until)

    def work(decider: Decider) -> list[Judgement]:
        from syncd.pipeline.pins import pin as keep_pin

        view = decider.ask.view()
        service, area, field, value = words
        return [
            keep_pin(
                view,
                service,
                view.area(area),
                field,
                value,
                reason=decider.reason,
                decided_by=decider.by,
                at=decider.at,
                until=until,
            )
        ]

    return decide(arguments, work)


def _remove(decider: Decider, words: list[str]) -> Judgement:
    from syncd.model.judgement import field_subject
    from syncd.pipeline.pins import unpin

    if len(words) not in {1, _REMOVE_WORDS}:
        raise ConfigError(
            "name the pin",
            where="pin remove",
            fix="Write: syncd pin remove SERVICE AREA FIELD --reason TEXT.",
        )
    view, name = decider.ask.view(), words[0]
    if len(words) == _REMOVE_WORDS:
        service, area, field = words
        name = field_subject(view.service(service).service_key, view.area(area).code, field)
    return unpin(view, name, reason=decider.reason, decided_by=decider.by, at=decider.at)


def _pins(arguments: argparse.Namespace) -> int:
    from syncd.pipeline.pins import pins

    with asking(arguments) as (config, ask):
        view = ask.view()
        columns = {
            "pin_id": "id",
            "state": "state",
            "service_name": "service",
            "area_name": "area",
            "field": "field",
            "value": "pinned",
            "source_value": "sources say",
            "until": "until",
            "decided_by": "by",
            "reason": "why",
        }

        def rows() -> Iterator[dict[str, object]]:
            after = ""
            while page := pins(view, after=after, limit=_PAGE):
                for one in page:
                    ruling = one.ruling
                    yield {
                        **asdict(one),
                        "until": ruling.until,
                        "decided_by": ruling.decided_by,
                        "reason": ruling.reason,
                    }
                after = page[-1].pin_id

        print_rows(arguments, rows(), columns, zone=config.file.daemon.timezone, none="nothing is pinned")
    return 0
