"""The sections of a report that say what changed, who was heard, and what the words mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from syncd.errors import NotFound
from syncd.model.area import AreaKey
from syncd.model.coverage import CellState, Tier
from syncd.model.report import Column, ColumnKind, Section, State, Table
from syncd.rules.coverage_codec import unpack_cells
from syncd.rules.report_words import STATE_MEANINGS
from syncd.rules.words import EVIDENCE, day_text, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from syncd.model.report import Value
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.ports import CoverageRow
    from syncd.pipeline.report import Ordered

_LONGEST = 200
_NAMED = 3
"""Bodies named one by one in a line of changes; of more only their number."""
_KREIS = 5
"""Digits of the code of a Kreis; a municipality that is one itself has nothing but zeros behind them."""
_WITHOUT_KREIS = "0000000"
_USUAL = timedelta(days=30)
"""How far back changes are counted from where nobody says otherwise."""


def changes(ordered: Ordered) -> Section:
    """Return the cells of the place whose state is another than in the release compared with."""
    title = ordered.say("changes")
    earlier = _earlier(ordered)
    if earlier is None:
        return Section("changes", title, (ordered.say("changes_first"),))
    day = day_text(earlier.release.published_at.date(), ordered.language)
    since = {"day": day, "release": earlier.release.number}
    every = _changed(ordered, earlier)
    if not every:
        return Section("changes", title, (ordered.say("changes_none", **since),))
    table = Table(
        "changes",
        ordered.say("changes_table", **since),
        (
            Column(ordered.say("col_service")),
            Column(ordered.say("col_area")),
            Column(ordered.say("col_before"), ColumnKind.STATE),
            Column(ordered.say("col_now"), ColumnKind.STATE),
        ),
        tuple(change.row(ordered) for change in every[:_LONGEST]),
        ordered.say("changes_note"),
    )
    more = ordered.say("changes_more", shown=_LONGEST, all=ordered.number(len(every)))
    return Section("changes", title, (more,) if len(every) > _LONGEST else (), tables=(table,))


def _earlier(ordered: Ordered) -> ReleaseView | None:
    """Return the release to compare with, if it is another one."""
    view = ordered.view
    since = ordered.since or view.release.published_at - _USUAL
    try:
        earlier = view.ask.view(at=since)
    except NotFound:
        if ordered.since is not None:
            return None
        # Younger than that: compare with the beginning.
        try:
            earlier = view.ask.view(release=1)
        except NotFound:
            return None
    return earlier if earlier.release.number < view.release.number else None


@dataclass(slots=True)
class _Change:
    """One service whose state changed alike in some bodies, the first of them by name."""

    service_key: str
    was: CellState
    is_now: CellState
    count: int = 0
    bodies: list[str] = field(default_factory=list)

    def row(self, ordered: Ordered) -> tuple[Value, ...]:
        """Return it as a line of the table."""
        where = (
            "; ".join(self.bodies)
            if self.count <= _NAMED
            else ordered.say("changes_bodies", bodies=ordered.number(self.count))
        )
        was, now = _state(ordered, self.was), _state(ordered, self.is_now)
        return (ordered.service_name(self.service_key), where, was, now)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Which cell of then became which cell of the place: positions on the lines of then and of now."""

    codes: tuple[str, ...]
    before: npt.NDArray[np.intp]
    now: npt.NDArray[np.intp]
    same: bool
    """True where every cell is compared with itself."""

    @classmethod
    def of(cls, ordered: Ordered, earlier: ReleaseView, line: Tier) -> _Pairs:
        """Match the cells of the place, in the order of now; worked out once for all services."""
        moved, index = ordered.view.ask.registry.areas.moved, ordered.view.line.tier(line).index
        mask = ordered.cells(line)[0]
        codes = earlier.line.tier(line).codes
        found = []
        for before, code in enumerate(codes):
            now = index.get(moved[code].code if code in moved else code)
            if now is not None and mask[now]:
                found.append((now, before))
        pairs = np.array(sorted(found), dtype=np.intp).reshape(-1, 2)
        same = earlier.release.inputs["areas"] == ordered.view.release.inputs["areas"]
        return cls(codes, pairs[:, 1], pairs[:, 0], same and bool((pairs[:, 0] == pairs[:, 1]).all()))

    def changed(
        self, earlier: ReleaseView, row: CoverageRow
    ) -> Iterator[tuple[int, str, CellState, CellState]]:
        """Yield position now, code then, state then and now of the cells of a service that changed."""
        if self.same and row.from_release <= earlier.release.number:
            # Both releases hold the very same row.
            return
        rows = earlier.store.coverage(
            earlier.release.number,
            obligation_id=row.obligation_id,
            line=row.line,
            service_key=row.service_key,
        )
        for old in rows:
            was = unpack_cells(old.cells).state[self.before]
            is_now = unpack_cells(row.cells).state[self.now]
            for pair in np.flatnonzero(was != is_now).tolist():
                yield (
                    int(self.now[pair]),
                    self.codes[self.before[pair]],
                    CellState(int(was[pair])),
                    CellState(int(is_now[pair])),
                )


def _changed(ordered: Ordered, earlier: ReleaseView) -> list[_Change]:
    """Return what changed, by line and service; areas are matched by their codes along successions.

    Where several areas became one, each is compared with what holds there now: what was better or worse in
    one of them is told of that one. A kreisfreie Stadt is a cell on both lines; what changed on both is told
    once.
    """
    changes: dict[tuple[str, str, CellState, CellState], _Change] = {}
    told: dict[str, set[str]] = {}
    pairs: dict[Tier, _Pairs] = {}
    for row in ordered.rows():
        line = Tier(row.line)
        codes = ordered.view.line.tier(line).codes
        if line not in pairs:
            pairs[line] = _Pairs.of(ordered, earlier, line)
        for position, found in groupby(pairs[line].changed(earlier, row), key=itemgetter(0)):
            code = codes[position]
            if code in told.get(row.service_key, ()):
                continue
            for _, old, was, is_now in found:
                key = (row.line, row.service_key, was, is_now)
                change = changes.setdefault(key, _Change(row.service_key, was, is_now))
                change.count += 1
                if change.count <= _NAMED:
                    change.bodies.append(_body(ordered, earlier, old, code))
            if line is Tier.GEMEINDE and code.endswith(_WITHOUT_KREIS):
                told.setdefault(row.service_key, set()).add(code[:_KREIS])
    return list(changes.values())


def _body(ordered: Ordered, earlier: ReleaseView, old: str, code: str) -> str:
    """Return how to call a body that changed; one that was merged into another by both names."""
    name = ordered.view.line.areas[code].name
    if old == code:
        return name
    return ordered.say("changes_merged", old=earlier.line.areas[old].name, new=name)


def _state(ordered: Ordered, state: CellState) -> State:
    return State(state.label, ordered.state(state.label))


def methods(ordered: Ordered) -> Section:
    """Return who was heard and when, what the states mean, and what the release rests on."""
    release = ordered.view.release
    texts: tuple[str, ...] = (
        ordered.say(
            "method_release",
            release=release.number,
            day=day_text(release.published_at.date(), ordered.language),
            digest=release.digest,
        ),
        ordered.say(
            "method_registers",
            areas=release.inputs["areas_label"],
            services=release.inputs["services_label"],
        ),
        ordered.say("method_unknown"),
    )
    if note := " ".join(ordered.obligation.note.split()):
        texts = (*texts, ordered.say("method_obligation", note=note))
    return Section(
        "methods", ordered.say("methods"), texts, (_sources(ordered), _states(ordered), _ladder(ordered))
    )


def _sources(ordered: Ordered) -> Table:
    inputs = ordered.view.release.inputs
    rows = []
    for source_id, facts in sorted(inputs["sources"].items()):
        own = [AreaKey(code) for code in facts["areas"]]
        if facts.get("feeds_register") or not any(
            key.covers(area.key) or area.key.covers(key) for key in own for area in ordered.place.areas
        ):
            continue
        read = str(inputs.get("read", {}).get(source_id, {}).get("last_good_at") or "")[:10]
        age = "never" if not facts["spoken"] else "fresh" if facts["fresh"] else "stale"
        silence = "silence_counts" if facts["silence_means_absence"] else "silence_nothing"
        rows.append((facts["title"], read or None, ordered.say(age), ordered.say(silence)))
    return Table(
        "sources",
        ordered.say("sources_table"),
        (
            Column(ordered.say("col_source")),
            Column(ordered.say("col_read"), ColumnKind.DAY),
            Column(ordered.say("col_state")),
            Column(ordered.say("col_silence")),
        ),
        tuple(rows),
    )


def _states(ordered: Ordered) -> Table:
    return Table(
        "states",
        ordered.say("states_table"),
        (Column(ordered.say("col_state"), ColumnKind.STATE), Column(ordered.say("col_meaning"))),
        tuple(
            (State(label, ordered.state(label)), words[ordered.language])
            for label, words in STATE_MEANINGS.items()
        ),
    )


def _ladder(ordered: Ordered) -> Table:
    return Table(
        "ladder",
        ordered.say("ladder_table"),
        (Column(ordered.say("col_rung")),),
        tuple((say(EVIDENCE, label, ordered.language),) for label in EVIDENCE),
        ordered.say("breaks_note"),
    )
