"""One sitting at the review queue: show a record and its candidates, ask, keep what is decided at once.

Every decision is kept before the next question is asked, so that nothing is lost when the sitting ends early.
Must not know where questions come from nor how decisions are kept.
"""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from syncd.cli.keys import Ended
from syncd.cli.review_words import ANSWERS, SAME_KEYS, WORDS
from syncd.errors import ConfigError, NotFound
from syncd.model.judgement import LinkAnswer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from syncd.cli.keys import Keys

_LONGEST_TEXT = 600
_WEB = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a question: what it is called, and (name in :data:`WORDS`, text) in order."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """One candidate; ``score`` in permille or None, ``reasons`` as (points in permille, sentence).

    ``is_record``: the other side is a record that this one may continue, not a service.
    """

    node: str
    side: Side
    score: int | None
    reasons: tuple[tuple[int, str], ...] = ()
    is_record: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One record and the services it may be about, best first."""

    node: str
    record: Side
    urls: tuple[str, ...]
    proposals: tuple[Proposal, ...]


class Desk(Protocol):
    """Where questions come from and decisions go; each call is one transaction."""

    def questions(self) -> Sequence[Question]:
        """Return the next questions that were not returned before; empty at the end."""
        ...

    def total(self) -> int:
        """Return how many records wait."""
        ...

    def judge(self, question: Question, node: str, answer: LinkAnswer, reason: str) -> str:
        """Keep a decision and return its uid; raises ConfigError when it contradicts what holds."""
        ...

    def undo(self, uid: str, reason: str) -> None:
        """Take a decision back."""
        ...


class _Quit(Exception):
    """The person has had enough."""


@dataclass(slots=True)
class Sitting:
    """Asks until the queue or the person's patience ends."""

    desk: Desk
    keys: Keys
    console: Console
    language: str
    decided: int = 0
    undone: int = 0
    _last_reason: str = ""
    _kept: list[tuple[int, int, str]] = field(default_factory=list)
    """(index of question, index of proposal, uid) of the decisions that can be taken back."""
    _seen: list[Question] = field(default_factory=list)
    _total: int = 0

    def run(self) -> None:
        """Ask; returns when the queue has ended or somebody quits. Ctrl-C passes through."""
        self._total = self.desk.total()
        index, at = 0, 0
        try:
            while True:
                if index == len(self._seen):
                    self._seen.extend(self.desk.questions())
                    if index == len(self._seen):
                        self._say("end" if index else "empty")
                        return
                self._show(index, at)
                index, at = self._ask(index, at)
        except (Ended, _Quit):
            return

    def _ask(self, index: int, at: int) -> tuple[int, int]:
        """Take keys until one leads on; returns which question is next, at which candidate."""
        question = self._seen[index]
        while True:
            key = self.keys.key()
            answer = LinkAnswer.SAME if key in SAME_KEYS else ANSWERS.get(key)
            if key == "s" or (answer is not None and not question.proposals):
                return index + 1, 0
            if answer is not None:
                if self._decide(index, at, answer):
                    last = answer is LinkAnswer.SAME or at + 1 >= len(question.proposals)
                    return (index + 1, 0) if last else (index, at + 1)
            elif key == "z":
                if (back := self._take_back()) is not None:
                    return back
            elif key.isascii() and key.isdecimal() and 0 < int(key) <= len(question.proposals):
                return index, int(key) - 1
            else:
                self._other(key, question)

    def _other(self, key: str, question: Question) -> None:
        """Do what changes nothing."""
        if key == "q":
            raise _Quit
        if key == "o":
            self._open(question)
        else:
            self.console.print(WORDS[self.language]["help"], highlight=False, markup=False)

    def _decide(self, index: int, at: int, answer: LinkAnswer) -> bool:
        question = self._seen[index]
        reason = self._reason()
        if not reason:
            self._say("back")
            return False
        try:
            uid = self.desk.judge(question, question.proposals[at].node, answer, reason)
        except (ConfigError, NotFound) as error:
            self.console.print(_text(f"{error.message} → {error.fix}"), style="red")
            return False
        self.decided += 1
        self._kept.append((index, at, uid))
        self._say(answer.value)
        return True

    def _reason(self) -> str:
        """Ask why; Enter takes the last reason. Empty when the person goes back."""
        words = WORDS[self.language]
        offered = f" [{self._last_reason}]" if self._last_reason else ""
        for _ in range(2):
            text = self.keys.line(f"{words['reason']}{offered}: ") or self._last_reason
            if text:
                self._last_reason = text
                return text
            self._say("reason_again")
        return ""

    def _take_back(self) -> tuple[int, int] | None:
        if not self._kept:
            self._say("nothing_to_undo")
            return None
        index, at, uid = self._kept[-1]
        self.desk.undo(uid, WORDS[self.language]["taken_back"])
        self._kept.pop()
        self.undone += 1
        self._say("undone")
        return index, at

    def _open(self, question: Question) -> None:
        urls = [url for url in question.urls if url.startswith(_WEB)]
        if not urls:
            self._say("no_address")
            return
        for url in urls:
            self.console.print(_legible(url), highlight=False, markup=False, soft_wrap=True)
        if any(name in os.environ for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")) or (
            sys.platform == "darwin"
        ):
            webbrowser.open(urls[0])

    def _say(self, name: str) -> None:
        self.console.print(WORDS[self.language][name], highlight=False, markup=False)

    def _show(self, index: int, at: int) -> None:
        from rich.columns import Columns
        from rich.panel import Panel

        words, question = WORDS[self.language], self._seen[index]
        progress = words["progress"].format(done=index, total=self._total, decided=self.decided - self.undone)
        self.console.print()
        self.console.rule(_text(progress), align="left")
        sides: list[RenderableType] = [
            Panel(_body(question.record, self.language), title=words["record"], title_align="left")
        ]
        if question.proposals:
            number = words["candidate"].format(number=at + 1, count=len(question.proposals))
            shown = _proposal(question.proposals[at], self.language)
            heading = words["other_record"] if question.proposals[at].is_record else words["service"]
            sides.append(Panel(shown, title=f"{heading}: {number}", title_align="left"))
        else:
            sides.append(Panel(_text(words["none"])))
        width = max(30, self.console.width // 2 - 1)
        # Side by side where there is room for both, else one below the other.
        self.console.print(
            Columns(sides, width=width, padding=(0, 1)) if self.console.width >= 2 * width else sides[0]
        )
        if self.console.width < 2 * width:
            self.console.print(sides[1])
        self.console.print(_text(words["keys"]), style="dim")


def _body(side: Side, language: str) -> Text:
    text = _text("")
    text.append(_legible(side.title), style="bold")
    for name, value in side.facts:
        if value:
            text.append(f"\n{WORDS[language].get(name, name)}: ", style="dim")
            text.append(_shortened(_legible(value)))
    return text


def _proposal(proposal: Proposal, language: str) -> Text:
    words = WORDS[language]
    text = _body(proposal.side, language)
    if proposal.is_record:
        text.append(f"\n{words['moved']}")
    if proposal.score is not None:
        text.append(f"\n{words['similarity']}: ", style="dim")
        text.append(f"{proposal.score / 10:.0f} %")
    if proposal.reasons:
        text.append(f"\n{words['why']}:", style="dim")
    for points, sentence in proposal.reasons:
        sign = "+" if points > 0 else ("−" if points < 0 else "·")
        text.append(f"\n{sign} ", style={"+": "green", "−": "red"}.get(sign, "dim"))
        text.append(_legible(sentence))
    return text


def _text(text: str) -> Text:
    """Return text that is never markup: a portal's title in square brackets is a title."""
    from rich.text import Text

    return Text(_legible(text))


def _legible(text: str) -> str:
    """Return text without control characters, which a portal could use to write over the screen."""
    return "".join(c if c.isprintable() else " " for c in text)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
