"""Assess one service: the state of every owed cell, from entries, duties and who was entitled to speak.

A claim paints its interval on the line of municipalities (or of Kreise); the most specific offer that meets
the duty wins, otherwise the best one. Where nothing covers a cell, a fresh source whose silence means absence
makes it ``missing``; everybody else's silence leaves it ``unknown``. A source that is down or too old never
makes anything missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncd.model.coverage import CellState, GapCause
from syncd.model.evidence import Evidence
from syncd.rules.contradictions import AUTHORITY
from syncd.rules.evidence import best

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


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """The offers of one service on one line, as arrays of shape (offers,).

    Only what fresh sources say counts. ``first`` and ``end`` (int32, end exclusive) are the bodies an offer
    covers, ``evidence`` (uint8) its rung, ``level`` (uint8) the level of the providing body. The masks:
    ``coarse`` only a ``000`` parent speaks, ``dead`` its best digital link is dead, ``fresh`` at least one of
    its sources is, ``local`` it is provided by the area itself, ``conflict`` sources contradict each other,
    ``nameless`` it names no authority although others do.
    """

    first: Order
    end: Order
    evidence: Bytes
    level: Bytes
    dead: Mask
    fresh: Mask
    local: Mask
    conflict: Mask
    nameless: Mask
    coarse: Mask


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
    meets = offers.fresh & (offers.evidence >= minimum)
    verdicts = _verdicts(offers, meets)
    winner = _paint(offers, meets, len(owed))
    # index -1 reads the last row, which stands for "no offer"
    words = verdicts[winner]
    if silence is not None:
        np.copyto(words, silence, where=winner < 0)
    if not offers.fresh.all():
        stale = np.zeros(len(owed), dtype=np.bool_)
        for first, end in zip(offers.first[~offers.fresh], offers.end[~offers.fresh], strict=True):
            stale[first:end] = True
        words[stale & (winner < 0)] = _word(CellState.UNKNOWN, GapCause.STALE)
    words *= owed
    return Cells(words)


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
    """Return per state label the number of cells and the people living in them.

    ``people_before`` are prefix sums of the inhabitants, shape (line + 1,). Neighbours are mostly alike, so
    runs of equal states are summed instead of cells.
    """
    state = cells.state
    edges = np.concatenate(([0], np.flatnonzero(state[1:] != state[:-1]) + 1, [len(state)]))
    runs = state[edges[:-1]] if len(state) else state
    number = np.bincount(runs, weights=np.diff(edges), minlength=STATES)
    people = np.bincount(runs, weights=np.diff(people_before[edges]), minlength=STATES)
    return dict(zip(_LABELS, zip(map(int, number), map(int, people), strict=True), strict=True))


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
    rungs: list[tuple[int, int]] = []
    masks: list[tuple[bool, bool, bool, bool, bool, bool]] = []
    for entry in entries:
        interval = line.interval(entry.area.code)
        if interval is None:
            continue
        first, end = positions(*interval, tier)
        if first == end:
            continue
        evidence, dead, fresh = _fresh_evidence(entry, sources)
        provider = entry.provider
        spans.append((first, end))
        rungs.append((evidence, provider.level if provider is not None else entry.area.level))
        nameless = authority_usual and not entry.value("authority")
        conflict, coarse = _two_authorities(entry), entry.is_coarse
        masks.append((dead, fresh, provider is None, conflict, nameless, coarse))
    span = np.array(spans, dtype=np.int32).reshape(-1, 2)
    rung = np.array(rungs, dtype=np.uint8).reshape(-1, 2)
    mask = np.array(masks, dtype=np.bool_).reshape(-1, 6)
    return Offers(
        span[:, 0],
        span[:, 1],
        rung[:, 0],
        rung[:, 1],
        mask[:, 0],
        mask[:, 1],
        mask[:, 2],
        mask[:, 3],
        mask[:, 4],
        mask[:, 5],
    )


def _two_authorities(entry: Entry) -> bool:
    """Tell whether sources disagree about who is competent; other conflicts are no reason for a gap."""
    return any(conflict.field == AUTHORITY for conflict in entry.conflicts)


def _fresh_evidence(entry: Entry, sources: Mapping[str, SourceFacts]) -> tuple[Evidence, bool, bool]:
    """Return (rung, link dead, fresh) of an entry as far as fresh sources state it."""
    said_by = {origin.source_id for origin in entry.origins}
    fresh = {source_id for source_id in said_by if source_id in sources and sources[source_id].fresh}
    if fresh == said_by:
        return entry.evidence, entry.link_dead, True
    spoken = [channel for channel, origin in entry.channels if origin.source_id in fresh]
    evidence = best(spoken)
    dead = any(c.evidence > evidence and c.evidence >= Evidence.ONLINE_FORM for c in spoken)
    return evidence, dead, bool(fresh)


def _paint(offers: Offers, meets: Mask, size: int) -> Order:
    """Return per cell the index of the winning fresh offer, or -1.

    Order of rank: offers that meet the duty before those that do not; among the former the most specific
    first (so that an own offer is never hidden by an inherited one), among the latter the best rung first.
    Ties go to the earlier offer, so the order of entries (by area code) decides.
    """
    width = (offers.end - offers.first).astype(np.int64)
    rung = offers.evidence.astype(np.int64)
    index = np.arange(len(width))
    rank = np.where(meets, _MET + ((_WIDEST - width) << 4) + rung, (rung << 24) + _WIDEST - width)
    order = np.argsort((rank << 24) - index)
    if not offers.fresh.all():
        order = order[offers.fresh[order]]
    first, end = offers.first[order], offers.end[order]
    number = np.arange(len(order), dtype=np.int32)
    wide = np.flatnonzero(width[order] != 1)
    painted = np.full(size, -1, dtype=np.int32)
    for paint, start, stop in zip(wide.tolist(), first[wide].tolist(), end[wide].tolist(), strict=True):
        painted[start:stop] = paint
    narrow = np.flatnonzero(width[order] == 1)
    leaves = np.full(size, -1, dtype=np.int32)
    # numbers rise, so that the last one assigned to a cell is the best
    leaves[first[narrow]] = number[narrow]
    np.maximum(painted, leaves, out=painted)
    return np.concatenate((order.astype(np.int32), [np.int32(-1)]))[painted]


def _verdicts(offers: Offers, meets: Mask) -> npt.NDArray[np.uint32]:
    """Return one word per offer, with one more for "no offer"."""
    local = offers.local & (offers.end - offers.first == 1)
    plain = GapCause.SOLUTION_NOT_CONNECTED if meets.any() else GapCause.DESCRIBED_NOT_ONLINE
    words = np.full(len(meets) + 1, _word(CellState.OFFLINE, plain), dtype=np.uint32)
    rows = words[:-1]
    # from the weakest reason to the strongest, each overwriting the one before
    rows[offers.nameless] = _word(CellState.OFFLINE, GapCause.NO_AUTHORITY)
    rows[offers.conflict] = _word(CellState.OFFLINE, GapCause.CONFLICT)
    rows[offers.coarse] = _word(CellState.OFFLINE, GapCause.WRONG_KEY)
    rows[offers.evidence >= Evidence.APPOINTMENT] = _word(CellState.OFFLINE, GapCause.MEDIA_BREAK)
    rows[offers.dead] = _word(CellState.DEAD, GapCause.DEAD_LINK)
    rows[meets] = _word(CellState.INHERITED, GapCause.NONE)
    rows[meets & local] = _word(CellState.OWN, GapCause.NONE)
    rows |= offers.evidence.astype(np.uint32) << 16
    rows |= offers.level.astype(np.uint32) << 24
    words[-1] = _word(CellState.UNKNOWN, GapCause.NO_SOURCE)
    return words


def _word(state: CellState, cause: GapCause) -> int:
    """Return a cell as one number: state, cause, rung and level, one byte each, the state lowest."""
    return int(state) | int(cause) << 8


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
    words = np.full(len(tier), _word(CellState.UNKNOWN, GapCause.NO_SOURCE), dtype=np.uint32)
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
