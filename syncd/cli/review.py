"""The command ``review``: the queue of what links left open, asked one by one, or printed."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from syncd.cli.deciding import name_of
from syncd.cli.keys import keys_of
from syncd.cli.operate import interruptible, log_for_a_person, publish
from syncd.cli.output import print_rows, progress, say
from syncd.cli.reading import asking
from syncd.cli.review_session import Proposal, Question, Side, Sitting
from syncd.cli.review_words import WORDS

if TYPE_CHECKING:
    from syncd.model.judgement import LinkAnswer
    from syncd.model.service import Service
    from syncd.pipeline.ask import Ask
    from syncd.pipeline.review import ReviewItem
    from syncd.settings.config import Config

_PAGE = 20
_JSON_PAGE = 500
_OUT_OF_SCOPE = {"where": "record", "value": "service", "message": "finding", "fix": "what to do"}


def review(arguments: argparse.Namespace) -> int:
    """Ask until the queue or the person's patience ends; with ``--json`` print the queue."""
    if arguments.out_of_scope:
        return _print_out_of_scope(arguments)
    if arguments.json:
        return _print_queue(arguments)
    keys = keys_of(lines=arguments.lines)
    words = WORDS[arguments.lang]
    with asking(arguments) as (config, ask):
        if arguments.source:
            config.source(arguments.source)
        from rich.console import Console

        desk = StoreDesk(ask, name_of(arguments.by), arguments.source, arguments.lang)
        sitting = Sitting(desk, keys, Console(), arguments.lang)
        try:
            sitting.run()
        except KeyboardInterrupt:
            print()
            _conclude(sitting, words, published=False)
            raise
        _conclude(sitting, words, published=True)
    if sitting.decided:
        asyncio.run(interruptible(_publish(config, words)))
    return 0


def _conclude(sitting: Sitting, words: Mapping[str, str], *, published: bool) -> None:
    if sitting.decided:
        say(words["decided"].format(decided=sitting.decided, undone=sitting.undone))
        if not published:
            say(words["effect"])


async def _publish(config: Config, words: Mapping[str, str]) -> None:
    from syncd.bootstrap import build_application

    log_for_a_person(config)
    with progress(words["publish"]) as shown:
        async with build_application(config) as app:
            await publish(app, shown)


def _print_out_of_scope(arguments: argparse.Namespace) -> int:
    from syncd.pipeline.ownership import links_out_of_scope

    with asking(arguments) as (_config, ask):
        found = links_out_of_scope(ask.store, ask.registry, source_id=arguments.source)
    rows = ({name: getattr(issue, name) for name in _OUT_OF_SCOPE} for issue in found)
    print_rows(arguments, rows, _OUT_OF_SCOPE, none="no link leads out of a source's scope")
    return 1 if found else 0


def _print_queue(arguments: argparse.Namespace) -> int:
    from syncd.pipeline.waiting import services_of, shown, waiting

    with asking(arguments) as (config, ask):
        if arguments.source:
            config.source(arguments.source)
        services = services_of(ask.store, ask.registry)

        def rows() -> Iterator[dict[str, Any]]:
            after, more = "", True
            while more:
                part = waiting(ask.store, source_id=arguments.source, after=after, limit=_JSON_PAGE)
                yield from (shown(item, services, arguments.lang) for item in part.items)
                after, more = part.after, bool(part.after)

        print_rows(arguments, rows(), {})
    return 0


class StoreDesk:
    """The queue of a database; each answer is one transaction."""

    def __init__(self, ask: Ask, by: str, source_id: str | None, language: str) -> None:
        """Take who decides and which records are asked about."""
        from syncd.pipeline.waiting import services_of

        self._ask, self._by, self._source, self._language = ask, by, source_id, language
        self._services = services_of(ask.store, ask.registry)
        self._after, self._ended = "", False

    def total(self) -> int:
        """Return how many records wait."""
        from syncd.pipeline.waiting import total

        return total(self._ask.store, self._source)

    def questions(self) -> Sequence[Question]:
        """Return the next questions."""
        from syncd.pipeline.waiting import waiting

        if self._ended:
            return ()
        part = waiting(self._ask.store, source_id=self._source, after=self._after, limit=_PAGE)
        self._after, self._ended = part.after, not part.after
        return [self._question(item) for item in part.items]

    def judge(self, question: Question, node: str, answer: LinkAnswer, reason: str) -> str:
        """Keep a judgement."""
        from syncd.pipeline.review import judge

        return judge(
            self._ask.store,
            self._ask.registry,
            one=question.node,
            other=node,
            answer=answer,
            reason=reason,
            by=self._by,
            now=self._ask.clock(),
        ).uid

    def undo(self, uid: str, reason: str) -> None:
        """Take a judgement back."""
        from syncd.pipeline.review import undo

        undo(self._ask.store, uid, reason=reason, by=self._by, now=self._ask.clock())

    def _question(self, item: ReviewItem) -> Question:
        from syncd.pipeline.waiting import shown

        told = shown(item, self._services, self._language)
        sources = self._ask.registry.sources
        title = sources[item.source_id].title if item.source_id in sources else item.source_id
        record = Side(
            item.title,
            (
                ("source", f"{title} ({item.source_id})"),
                ("id", item.native_id),
                ("area", ", ".join(self._place(code) for code in item.areas)),
                ("authority", item.authority),
                ("address", item.page_url or next(iter(item.urls), "")),
                ("text", item.description),
            ),
        )
        proposals = [self._proposal(one) for one in told["candidates"]]
        if told["moved"] is not None:
            proposals = [self._move(told["moved"])]
        return Question(item.node, record, item.urls, tuple(proposals))

    def _proposal(self, told: Mapping[str, Any]) -> Proposal:
        service: Service | None = self._services.get(told["service_key"])
        facts: tuple[tuple[str, str], ...] = (("key", told["service_key"]),)
        if service is not None:
            facts += (
                ("type", ", ".join(service.typing)),
                ("bundle", service.ozg_name or ""),
                ("situation", service.situation or ""),
            )
        reasons = tuple((reason["points"], reason["text"]) for reason in told["reasons"])
        return Proposal(told["node"], Side(told["name"], facts), told["score"], reasons)

    def _move(self, told: Mapping[str, Any]) -> Proposal:
        until = told["until"]
        facts = (
            ("id", told["native_id"]),
            ("first_seen", f"{told['first_seen_at']:%Y-%m-%d}"),
            ("gone", f"{until:%Y-%m-%d}" if until else ""),
            ("judgements", str(told["judgements"])),
        )
        return Proposal(told["node"], Side(told["title"], facts), None, (), is_record=True)

    def _place(self, code: str) -> str:
        area = self._ask.registry.areas.line.area(code)
        return area.name if area else code
