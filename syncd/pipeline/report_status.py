"""What was said of the gaps a report lists: how many stand where, who has them, when they are due.

Nothing here takes a gap out of a figure; what an operator says stands beside it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncd.model.judgement import JudgementKind
from syncd.model.report import Column, ColumnKind, Table
from syncd.pipeline.gap_log import as_of
from syncd.pipeline.gaps import GapQuery, GapViews, gaps
from syncd.rules.gap_life import GapStatus
from syncd.rules.gap_words import STATUSES, say
from syncd.rules.words import day_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from syncd.model.report import Value
    from syncd.pipeline.report import Ordered
    from syncd.pipeline.views import GapView

Key = tuple[str, str, str]
_MOST = 20_000
"""Gaps that are looked at one by one; of more only those of services somebody has spoken of."""


@dataclass(slots=True)
class _Tally:
    """What was said of the gaps of one service, or of all."""

    statuses: Counter[str] = field(default_factory=Counter)
    people: Counter[str] = field(default_factory=Counter)
    assigned: Counter[str] = field(default_factory=Counter)
    due: date | None = None
    overdue: int = 0

    def add(self, gap: GapView) -> None:
        self.statuses[gap.status] += 1
        self.people[gap.status] += gap.people
        if gap.assignee:
            self.assigned[gap.assignee] += 1
        if gap.due_on is not None:
            self.due = min(self.due or gap.due_on, gap.due_on)
        self.overdue += gap.overdue

    @property
    def is_said(self) -> bool:
        """True when anybody said anything, or a gap is back."""
        return bool(self.assigned or self.due or set(self.statuses) - {GapStatus.OPEN.value})


@dataclass(slots=True)
class Standings:
    """Where the gaps of a place stand; made by :func:`standings`."""

    ordered: Ordered
    is_whole: bool
    all: _Tally = field(default_factory=_Tally)
    services: dict[Key, _Tally] = field(default_factory=dict)

    def add(self, gap: GapView) -> None:
        """Count one gap."""
        self.all.add(gap)
        key = (gap.obligation_id, gap.line, gap.service_key)
        self.services.setdefault(key, _Tally()).add(gap)

    def sentences(self) -> Iterator[str]:
        """Yield how many gaps stand where."""
        if not self.all.statuses:
            return
        counts = ", ".join(
            f"{self.ordered.number(number)} {self._status(status)}"
            for status, number in self._in_order(self.all)
        )
        gaps = self.ordered.number(self.all.statuses.total())
        yield self.ordered.say("doing" if self.is_whole else "doing_more", gaps=gaps, counts=counts)

    def tables(self) -> Iterator[Table]:
        """Yield the table of statuses, where anything was said."""
        if not self.all.is_said:
            return
        say = self.ordered.say
        rows: list[tuple[Value, ...]] = [
            (self._status(status), number, self.all.people[status])
            for status, number in self._in_order(self.all)
        ]
        rows.append((say("assigned"), self.all.assigned.total(), None))
        rows.append((say("overdue"), self.all.overdue, None))
        number = ColumnKind.NUMBER
        day = as_of(self.ordered.view).date()
        yield Table(
            "statuses",
            say("doing_table"),
            (Column(say("col_status")), Column(say("col_gaps"), number), Column(say("col_people"), number)),
            tuple(rows),
            say("doing_note", day=day_text(day, self.ordered.language)),
        )

    def columns(self, keys: Sequence[Key]) -> list[tuple[Column, list[Value]]]:
        """Return further columns for rows of services, those of which anything is set."""
        say = self.ordered.say
        tallies = [self.services.get(key, _Tally()) for key in keys]
        found: list[tuple[Column, list[Value]]] = []
        if any(tally.is_said for tally in tallies):
            found.append((Column(say("col_status")), [self._statuses(tally) for tally in tallies]))
        if any(tally.assigned for tally in tallies):
            found.append((Column(say("col_assigned")), [self._assigned(tally) for tally in tallies]))
        if any(tally.due for tally in tallies):
            days: list[Value] = [tally.due.isoformat() if tally.due else None for tally in tallies]
            found.append((Column(say("col_due"), ColumnKind.DAY), days))
        return found

    def _statuses(self, tally: _Tally) -> str:
        parts = [(self._status(status), number) for status, number in self._in_order(tally)]
        if len(parts) == 1:
            words = [parts[0][0]]
        else:
            words = [f"{self.ordered.number(number)} {word}" for word, number in parts]
        if tally.overdue:
            words.append(f"{self.ordered.number(tally.overdue)} {self.ordered.say('overdue')}")
        return ", ".join(words)

    def _assigned(self, tally: _Tally) -> str:
        if not tally.assigned:
            return ""
        if self.ordered.names:
            return ", ".join(sorted(tally.assigned))
        total, gaps = tally.assigned.total(), tally.statuses.total()
        word = self.ordered.say("assigned")
        return word if total == gaps else f"{self.ordered.number(total)} / {self.ordered.number(gaps)}"

    def _status(self, status: str) -> str:
        return say(STATUSES, status, self.ordered.language)

    def _in_order(self, tally: _Tally) -> list[tuple[str, int]]:
        return [(s.value, tally.statuses[s.value]) for s in GapStatus if tally.statuses[s.value]]


def standings(ordered: Ordered, total: int) -> Standings:
    """Return where the gaps of the place stand on the line of the report; ``total`` is their number."""
    found = Standings(ordered, is_whole=total <= _MOST)
    seen: set[str] = set()
    for gap in _gaps(ordered, None if found.is_whole else _judged(ordered)):
        # Cohorts may name a Kreis and a municipality inside it.
        if gap.gap_id not in seen:
            seen.add(gap.gap_id)
            found.add(gap)
    return found


def _gaps(ordered: Ordered, services: Iterable[str] | None) -> Iterator[GapView]:
    for area in ordered.place.areas:
        for service_key in (None,) if services is None else services:
            yield from gaps(
                ordered.view,
                GapQuery(
                    area=area,
                    service_key=service_key,
                    obligation_id=ordered.obligation.obligation_id,
                    line=ordered.line.value,
                ),
            )


def _judged(ordered: Ordered) -> list[str]:
    """Return the services whose gaps somebody has spoken of, under their present keys."""
    log = GapViews(ordered.view).log
    return sorted({log.successor(key) for key in ordered.view.store.judged_services(JudgementKind.GAP)})
