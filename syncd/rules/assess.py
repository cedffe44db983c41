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


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What assessment may know of a source: its scope, whether it is fresh, whether it ever spoke."""

    source_id: str
    scope: Scope
    fresh: bool
    spoken: bool


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Arrays over one line, each uint8 of shape (line,).

    ``state`` and ``cause`` hold :class:`CellState` and :class:`GapCause`, ``evidence`` the rung of the
    winning offer, ``level`` the :class:`AreaLevel` of the body it comes from (0 also where there is none).
    """

    state: Bytes
    cause: Bytes
    evidence: Bytes
    level: Bytes


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """The offers of one service on one line, as arrays of shape (offers,).

    Only what fresh sources say counts. ``first`` and ``end`` (int32, end exclusive) are the bodies an offer
    covers, ``evidence`` (uint8) its rung, ``level`` (uint8) the level of the providing body. The masks:
    ``dead`` its best digital link is dead, ``fresh`` at least one of its sources is, ``local`` it is provided
    by the area itself, ``conflict`` sources contradict each other, ``nameless`` it names no authority although
    others do.
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
    offers: Offers, minimum: Evidence, owed: Mask, silence: tuple[Bytes, Bytes] | None = None
) -> Cells:
    """Return the cells of one line from offers; ``silence`` is (state, cause) where nothing is offered."""
    size = len(owed)
    meets = offers.fresh & (offers.evidence >= minimum)
    winner = _paint(offers, meets, size)
    if silence is None:
        state = np.full(size, CellState.UNKNOWN, dtype=np.uint8)
        cause = np.full(size, GapCause.NO_SOURCE, dtype=np.uint8)
    else:
        state, cause = silence
    for first, end in zip(offers.first[~offers.fresh], offers.end[~offers.fresh], strict=True):
        state[first:end] = CellState.UNKNOWN
        cause[first:end] = GapCause.STALE
    covered = winner >= 0
    states, causes = _verdicts(offers, meets)
    # the last row stands for "no offer": index -1 reads it
    state = np.where(covered, states[winner], state)
    cause = np.where(covered, causes[winner], cause)
    evidence = np.append(offers.evidence, np.uint8(0))[winner]
    level = np.append(offers.level, np.uint8(0))[winner]
    if not owed.all():
        for array in (state, cause, evidence, level):
            array[~owed] = 0
    return Cells(state, cause, evidence, level)


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


def count(cells: Cells, population: npt.NDArray[np.int64]) -> dict[str, tuple[int, int]]:
    """Return per state label the number of cells and the people living in them."""
    number = np.bincount(cells.state, minlength=STATES)
    people = np.bincount(cells.state, weights=population, minlength=STATES)
    return {s.label: (int(number[s]), int(people[s])) for s in CellState}


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
    masks: list[tuple[bool, bool, bool, bool, bool]] = []
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
        masks.append((dead, fresh, provider is None, bool(entry.conflicts), nameless))
    span = np.array(spans, dtype=np.int32).reshape(-1, 2)
    rung = np.array(rungs, dtype=np.uint8).reshape(-1, 2)
    mask = np.array(masks, dtype=np.bool_).reshape(-1, 5)
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
    )


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
    """
    chosen = np.flatnonzero(offers.fresh)
    if not len(chosen):
        return np.full(size, -1, dtype=np.int32)
    width = offers.end[chosen] - offers.first[chosen]
    rung = offers.evidence[chosen].astype(np.int32)
    met = meets[chosen]
    # last key first; ties go to the earlier entry, so the order of entries (by area code) decides
    order = np.lexsort((-chosen, np.where(met, rung, -width), np.where(met, -width, rung), met))
    first, end = offers.first[chosen][order], offers.end[chosen][order]
    narrow = width[order] == 1
    number = np.arange(len(order), dtype=np.int32)
    painted = np.full(size, -1, dtype=np.int32)
    for start, stop, paint in zip(
        first[~narrow].tolist(), end[~narrow].tolist(), number[~narrow].tolist(), strict=True
    ):
        painted[start:stop] = paint
    leaves = np.full(size, -1, dtype=np.int32)
    # numbers rise, so that the last one assigned to a cell is the best
    leaves[first[narrow]] = number[narrow]
    np.maximum(painted, leaves, out=painted)
    return np.append(chosen[order], -1).astype(np.int32)[painted]


def _verdicts(offers: Offers, meets: Mask) -> tuple[Bytes, Bytes]:
    """Return (states, causes) per offer, with one more row for "no offer"."""
    own = offers.local & (offers.end - offers.first == 1)
    low = offers.evidence < Evidence.APPOINTMENT
    plain = GapCause.SOLUTION_NOT_CONNECTED if meets.any() else GapCause.DESCRIBED_NOT_ONLINE
    states = np.select(
        [meets & own, meets, offers.dead],
        [CellState.OWN, CellState.INHERITED, CellState.DEAD],
        CellState.OFFLINE,
    )
    causes = np.select(
        [meets, offers.dead, ~low, offers.conflict, offers.nameless],
        [GapCause.NONE, GapCause.DEAD_LINK, GapCause.MEDIA_BREAK, GapCause.CONFLICT, GapCause.NO_AUTHORITY],
        plain,
    )
    return np.append(states, 0).astype(np.uint8), np.append(causes, 0).astype(np.uint8)


def _silence(
    key: ServiceKey, line: AreaLine, tier: TierLine, sources: Mapping[str, SourceFacts]
) -> tuple[Bytes, Bytes]:
    """Return (state, cause) of cells in which nothing is offered.

    Fresh silence of an entitled source means missing; where only entitled sources that are too old could
    have spoken, the cell is unknown because they are stale.
    """
    state = np.full(len(tier), CellState.UNKNOWN, dtype=np.uint8)
    cause = np.full(len(tier), GapCause.NO_SOURCE, dtype=np.uint8)
    entitled = [
        facts
        for facts in sources.values()
        if facts.spoken and facts.scope.silence_means_absence and facts.scope.allows_service(key)
    ]
    for facts in sorted(entitled, key=lambda f: f.fresh):
        for area in facts.scope.areas:
            interval = line.interval(area.code)
            if interval is None:
                continue
            first, end = positions(*interval, tier)
            state[first:end] = CellState.MISSING if facts.fresh else CellState.UNKNOWN
            cause[first:end] = GapCause.NOT_DESCRIBED if facts.fresh else GapCause.STALE
    return state, cause
