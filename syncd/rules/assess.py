"""Assess one service: the state of every owed cell, from entries, duties and who was entitled to speak.

A claim paints its interval on the line of municipalities (or of Kreise); the most specific offer that meets
the duty wins, otherwise the best one. Where nothing covers a cell, a fresh source whose silence means absence
makes it ``missing``; everybody else's silence leaves it ``unknown``. A source that is down or too old never
makes anything missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from syncd.model.coverage import CellState, GapCause
from syncd.model.evidence import Evidence
from syncd.rules.contradictions import AUTHORITY
from syncd.rules.evidence import best
from syncd.rules.other_act import OTHER_ACT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from syncd.model.coverage import Duty
    from syncd.model.entry import Entry
    from syncd.model.record import Scope
    from syncd.model.service import ServiceKey
    from syncd.rules.line import AreaLine, TierLine

    Bytes = npt.NDArray[np.uint8]
    Mask = npt.NDArray[np.bool_]
    Order = npt.NDArray[np.int32]

STATES = len(CellState)
_LABELS = tuple(state.label for state in CellState)
_WIDEST = 1 << 20
"""More than any line is long."""
_MET = 1 << 36
"""Lifts offers that meet the duty above all others."""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What assessment may know of a source: its scope, whether it is fresh, whether it ever spoke."""

    source_id: str
    scope: Scope
    fresh: bool
    spoken: bool


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The cells of one line as words: uint32 of shape (line,), one byte each for the four planes.

    ``state`` and ``cause`` hold :class:`CellState` and :class:`GapCause`, ``evidence`` the rung of the
    winning offer, ``level`` the :class:`AreaLevel` of the body it comes from (0 also where there is none).
    """

    words: npt.NDArray[np.uint32]

    @property
    def state(self) -> Bytes:
        """States, uint8 of shape (line,)."""
        return self._plane(0)

    @property
    def cause(self) -> Bytes:
        """Causes, uint8 of shape (line,)."""
        return self._plane(8)

    @property
    def evidence(self) -> Bytes:
        """Rungs, uint8 of shape (line,)."""
        return self._plane(16)

    @property
    def level(self) -> Bytes:
        """Levels, uint8 of shape (line,)."""
        return self._plane(24)

    def _plane(self, shift: int) -> Bytes:
        return (self.words >> np.uint32(shift)).astype(np.uint8)


class Mark(IntFlag):
    """What assessment knows of an offer besides its rung."""

    FRESH = 1
    """At least one of its sources is; only what fresh sources say counts."""
    LOCAL = 2
    """It is provided by the area itself."""
    DEAD = 4
    """Its best digital link is dead."""
    OTHER_KEY = 8
    """Only a ``000`` parent speaks, or the form it leads to is that of another act."""
    CONFLICT = 16
    """Sources contradict each other about who is competent."""
    NAMELESS = 32
    """It names no authority although others do."""


_MARKS = 1 << len(Mark)
_REASONS = (
    (Mark.OTHER_KEY, GapCause.WRONG_KEY),
    (Mark.CONFLICT, GapCause.CONFLICT),
    (Mark.NAMELESS, GapCause.NO_AUTHORITY),
)
"""Why something that is only described may not be online, the strongest reason first."""


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """The offers of one service on one line, as arrays of shape (offers,).

    ``first`` and ``end`` (int32, end exclusive) are the bodies an offer covers, ``evidence`` (uint8) is its
    rung, ``level`` (uint8) the level of the providing body, ``marks`` (uint8) its :class:`Mark`.
    """

    first: Order
    end: Order
    evidence: Bytes
    level: Bytes
    marks: Bytes


def assess(
    key: ServiceKey,
    entries: Sequence[Entry],
    duty: Duty,
    line: AreaLine,
    sources: Mapping[str, SourceFacts],
) -> Cells:
    """Return the cells of one service under one duty; ``entries`` are those of this service only."""
    tier = line.tier(duty.line)
    offers = offers_of(entries, line, tier, sources)
    silence = _silence(key, line, tier, sources)
    return assess_offers(offers, duty.minimum, owed_cells(duty, line), silence)


def assess_offers(
    offers: Offers, minimum: Evidence, owed: Mask, silence: npt.NDArray[np.uint32] | None = None
) -> Cells:
    """Return the cells of one line from offers; ``silence`` holds the words of cells without any offer."""
    fresh = (offers.marks & np.uint8(Mark.FRESH)) != 0
    meets = fresh & (offers.evidence >= minimum)
    width = offers.end - offers.first
    order = _from_weakest(width, offers.evidence, meets)
    all_fresh = bool(fresh.all())
    if not all_fresh:
        order = order[fresh[order]]
    winner = _paint(offers.first[order], offers.end[order], len(owed))
    told = np.empty(len(order) + 1, dtype=np.uint32)
    told[:-1] = _verdicts(offers, width, minimum, running=bool(meets.any()))[order]
    told[-1] = _NO_SOURCE
    # index -1 reads the last row, which stands for "no offer"
    words = told.take(winner, mode="wrap")
    if silence is not None:
        np.copyto(words, silence, where=winner < 0)
    if not all_fresh:
        stale = np.zeros(len(owed), dtype=np.bool_)
        for first, end in zip(offers.first[~fresh], offers.end[~fresh], strict=True):
            stale[first:end] = True
        words[stale & (winner < 0)] = _word(CellState.UNKNOWN, GapCause.STALE)
    words *= owed
    return Cells(words)


def verdict(marks: Mark, rung: int, minimum: Evidence, *, running: bool) -> tuple[CellState, GapCause]:
    """Return what an offer makes of a cell it wins; ``running`` when the service is online anywhere.

    The first reason that holds is the one to act on.
    """
    if Mark.FRESH in marks and rung >= minimum:
        return CellState.OWN if Mark.LOCAL in marks else CellState.INHERITED, GapCause.NONE
    if Mark.DEAD in marks:
        return CellState.DEAD, GapCause.DEAD_LINK
    if rung >= Evidence.APPOINTMENT:
        return CellState.OFFLINE, GapCause.MEDIA_BREAK
    for mark, cause in _REASONS:
        if mark in marks:
            return CellState.OFFLINE, cause
    return CellState.OFFLINE, GapCause.SOLUTION_NOT_CONNECTED if running else GapCause.DESCRIBED_NOT_ONLINE


def owed_cells(duty: Duty, line: AreaLine) -> Mask:
    """Return the mask of cells that owe under this duty (bool, shape (line,))."""
    tier = line.tier(duty.line)
    if not duty.areas:
        return tier.owes.copy()
    mask = np.zeros(len(tier), dtype=np.bool_)
    for code in duty.areas:
        start, stop = line.tier_slice(duty.line, code)
        mask[start:stop] = True
    return mask & tier.owes


def count(cells: Cells, people_before: npt.NDArray[np.int64]) -> dict[str, tuple[int, int]]:
    """Return per state label the number of cells and the people living in them (:func:`count_values`)."""
    number, people = count_values(cells.state, people_before, STATES)
    return dict(zip(_LABELS, zip(number.tolist(), people.tolist(), strict=True), strict=True))


def count_values(
    values: Bytes, people_before: npt.NDArray[np.int64], size: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return for each value below ``size`` the number of cells and the people in them, shape (size,) each.

    ``people_before`` are prefix sums of the inhabitants, shape (cells + 1,). Neighbours are mostly alike, so
    runs of equal values are summed instead of cells.
    """
    starts = starts_of_runs(values)
    ends = np.append(starts[1:], len(values))
    runs, people = values[starts], people_before[ends] - people_before[starts]
    # Sums of inhabitants stay far below 2^53, so that counting in floats is exact.
    number = np.bincount(runs, weights=ends - starts, minlength=size)
    return number.astype(np.int64), np.bincount(runs, weights=people, minlength=size).astype(np.int64)


def starts_of_runs(values: npt.NDArray[np.generic]) -> npt.NDArray[np.intp]:
    """Return where runs of equal values begin, the first at 0; nothing of nothing."""
    begins = np.empty(len(values), dtype=np.bool_)
    begins[:1] = True
    np.not_equal(values[1:], values[:-1], out=begins[1:])
    return begins.nonzero()[0]


def positions(start: int, stop: int, tier: TierLine) -> tuple[int, int]:
    """Return (first, end) of the bodies of a tier that lie wholly inside an interval of the line."""
    first = int(np.searchsorted(tier.starts, start, side="left"))
    return first, max(first, int(np.searchsorted(tier.stops, stop, side="right")))


def offers_of(
    entries: Sequence[Entry], line: AreaLine, tier: TierLine, sources: Mapping[str, SourceFacts]
) -> Offers:
    """Return the entries that cover at least one body of a line, as arrays."""
    authority_usual = any(entry.value("authority") for entry in entries)
    spans: list[tuple[int, int]] = []
    facts: list[tuple[int, int, int]] = []
    for entry in entries:
        interval = line.interval(entry.area.code)
        if interval is None:
            continue
        first, end = positions(*interval, tier)
        if first == end:
            continue
        evidence, marks = _fresh_evidence(entry, sources)
        provider = entry.provider
        if provider is None:
            marks |= Mark.LOCAL
        if entry.is_coarse or (evidence < Evidence.APPOINTMENT and _is_misfiled(entry, sources)):
            marks |= Mark.OTHER_KEY
        if _two_authorities(entry):
            marks |= Mark.CONFLICT
        if authority_usual and not entry.value("authority"):
            marks |= Mark.NAMELESS
        spans.append((first, end))
        facts.append((evidence, provider.level if provider is not None else entry.area.level, marks))
    span = np.array(spans, dtype=np.int32).reshape(-1, 2)
    fact = np.array(facts, dtype=np.uint8).reshape(-1, 3)
    return Offers(span[:, 0], span[:, 1], fact[:, 0], fact[:, 1], fact[:, 2])


def _two_authorities(entry: Entry) -> bool:
    """Tell whether sources disagree about who is competent; other conflicts are no reason for a gap."""
    return any(conflict.field == AUTHORITY for conflict in entry.conflicts)


def _is_misfiled(entry: Entry, sources: Mapping[str, SourceFacts]) -> bool:
    """Tell whether a fresh source gives a link that belongs to another service."""
    return any(
        graded.rule == OTHER_ACT and origin.source_id in sources and sources[origin.source_id].fresh
        for graded, origin in entry.channels
    )


def _fresh_evidence(entry: Entry, sources: Mapping[str, SourceFacts]) -> tuple[Evidence, Mark]:
    """Return the rung of an entry as far as fresh sources state it, and whether it is fresh and dead."""
    said_by = {origin.source_id for origin in entry.origins}
    fresh = {source_id for source_id in said_by if source_id in sources and sources[source_id].fresh}
    if fresh == said_by:
        return entry.evidence, Mark.FRESH | Mark.DEAD if entry.link_dead else Mark.FRESH
    spoken = [channel for channel, origin in entry.channels if origin.source_id in fresh]
    evidence = best(spoken)
    marks = Mark.FRESH if fresh else Mark(0)
    if any(c.evidence > evidence and c.evidence >= Evidence.ONLINE_FORM for c in spoken):
        marks |= Mark.DEAD
    return evidence, marks


def _from_weakest(width: Order, evidence: Bytes, meets: Mask) -> npt.NDArray[np.intp]:
    """Return the offers in the order in which they are painted, each over those before it.

    Offers that meet the duty come after those that do not; among the former the most specific last (so that
    an own offer is never hidden by an inherited one), among the latter the best rung last. Of equals the
    earlier offer wins, so the order of entries (by area code) decides.
    """
    narrow = _WIDEST - width.astype(np.int64)
    rung = evidence.astype(np.int64)
    rank = np.where(meets, _MET + (narrow << 4) + rung, (rung << 24) + narrow)
    return np.argsort((rank << 24) - np.arange(len(rank)))


def _paint(first: Order, end: Order, size: int) -> npt.NDArray[np.intp]:
    """Return per cell the index of the last offer that covers it, or -1."""
    painted = np.full(size, -1, dtype=np.intp)
    is_wide = end - first != 1
    wide = np.flatnonzero(is_wide)
    for paint, start, stop in zip(wide.tolist(), first[wide].tolist(), end[wide].tolist(), strict=True):
        painted[start:stop] = paint
    narrow = np.flatnonzero(~is_wide)
    cells = first[narrow]
    over = narrow > painted[cells]
    # numbers rise, so that the last one assigned to a cell is the best
    painted[cells[over]] = narrow[over]
    return painted


def _verdicts(offers: Offers, width: Order, minimum: Evidence, *, running: bool) -> npt.NDArray[np.uint32]:
    """Return the word of each offer."""
    # What an area provides for all below it is inherited there.
    not_here = np.where(width == 1, np.uint8(_MARKS - 1), np.uint8(_MARKS - 1 - Mark.LOCAL))
    number = offers.evidence.astype(np.intp) * _MARKS + (offers.marks & not_here)
    return _verdict_table(minimum, running)[number] | offers.level.astype(np.uint32) << np.uint32(24)


@cache
def _verdict_table(minimum: Evidence, running: bool) -> npt.NDArray[np.uint32]:  # noqa: FBT001 - cached by place
    """Return the words by rung and marks, all levels zero: uint32 of shape (rungs × marks,)."""
    words = [
        _word(*verdict(Mark(marks), rung, minimum, running=running)) | rung << 16
        for rung in range(len(Evidence))
        for marks in range(_MARKS)
    ]
    return np.array(words, dtype=np.uint32)


def _word(state: CellState, cause: GapCause) -> int:
    """Return a cell as one number: state, cause, rung and level, one byte each, the state lowest."""
    return int(state) | int(cause) << 8


_NO_SOURCE = _word(CellState.UNKNOWN, GapCause.NO_SOURCE)


def _silence(
    key: ServiceKey, line: AreaLine, tier: TierLine, sources: Mapping[str, SourceFacts]
) -> npt.NDArray[np.uint32] | None:
    """Return the words of cells in which nothing is offered, or None when no silence tells anything.

    Fresh silence of an entitled source means missing; where only entitled sources that are too old could
    have spoken, the cell is unknown because they are stale.
    """
    entitled = [
        facts
        for facts in sources.values()
        if facts.spoken and facts.scope.silence_means_absence and facts.scope.allows_service(key)
    ]
    if not entitled:
        return None
    words = np.full(len(tier), _NO_SOURCE, dtype=np.uint32)
    for facts in sorted(entitled, key=lambda f: f.fresh):
        told = (
            _word(CellState.MISSING, GapCause.NOT_DESCRIBED)
            if facts.fresh
            else _word(CellState.UNKNOWN, GapCause.STALE)
        )
        for area in facts.scope.areas:
            interval = line.interval(area.code)
            if interval is not None:
                first, end = positions(*interval, tier)
                words[first:end] = told
    return words
