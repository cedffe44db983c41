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
    ``winner`` is the index of the winning entry or -1; it is not stored.
    """

    state: Bytes
    cause: Bytes
    evidence: Bytes
    level: Bytes
    winner: Order


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry as assessment sees it: only what fresh sources say counts."""

    index: int
    start: int
    stop: int
    evidence: Evidence
    dead: bool
    fresh: bool


def assess(
    key: ServiceKey,
    entries: Sequence[Entry],
    duty: Duty,
    line: AreaLine,
    sources: Mapping[str, SourceFacts],
) -> Cells:
    """Return the cells of one service under one duty; ``entries`` are those of this service only."""
    tier = line.tier(duty.line)
    offers = tuple(_offers(entries, line, tier, sources))
    fresh = [o for o in offers if o.fresh]
    winner = _paint(fresh, duty.minimum, len(tier))
    state = np.full(len(tier), CellState.UNKNOWN, dtype=np.uint8)
    cause = np.full(len(tier), GapCause.NO_SOURCE, dtype=np.uint8)
    _silence(key, offers, line, tier, sources, state, cause)
    evidence = np.zeros(len(tier), dtype=np.uint8)
    level = np.zeros(len(tier), dtype=np.uint8)
    covered = winner >= 0
    if covered.any():
        table = _verdicts(entries, fresh, duty.minimum)
        chosen = winner[covered]
        state[covered] = table[chosen, 0]
        cause[covered] = table[chosen, 1]
        evidence[covered] = table[chosen, 2]
        level[covered] = table[chosen, 3]
    owed = owed_cells(duty, line)
    for array in (state, cause, evidence, level):
        array[~owed] = 0
    indices = np.array([o.index for o in fresh], dtype=np.int32)
    entry_of = np.where(covered & owed, indices[winner] if fresh else -1, -1).astype(np.int32)
    return Cells(state, cause, evidence, level, entry_of)


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


def _offers(
    entries: Sequence[Entry], line: AreaLine, tier: TierLine, sources: Mapping[str, SourceFacts]
) -> list[Offer]:
    offers = []
    for index, entry in enumerate(entries):
        interval = line.interval(entry.area.code)
        if interval is None:
            continue
        first, end = positions(*interval, tier)
        if first == end:
            continue
        fresh_sources = {
            o.source_id for o in entry.origins if o.source_id in sources and sources[o.source_id].fresh
        }
        if len(fresh_sources) == len({o.source_id for o in entry.origins}):
            evidence, dead = entry.evidence, entry.link_dead
        else:
            spoken = [channel for channel, origin in entry.channels if origin.source_id in fresh_sources]
            evidence = best(spoken)
            dead = any(c.evidence > evidence and c.evidence >= Evidence.ONLINE_FORM for c in spoken)
        offers.append(Offer(index, first, end, evidence, dead, bool(fresh_sources)))
    return offers


def _paint(offers: Sequence[Offer], minimum: Evidence, size: int) -> Order:
    """Return per cell the position in ``offers`` of the winning one, or -1.

    Order of rank: offers that meet the duty before those that do not; among the former the most specific
    first (so that an own offer is never hidden by an inherited one), among the latter the best rung first.
    """

    def rank(position: int) -> tuple[bool, int, int, int]:
        offer = offers[position]
        width = offer.stop - offer.start
        meets = offer.evidence >= minimum
        first, second = (-width, int(offer.evidence)) if meets else (int(offer.evidence), -width)
        return (meets, first, second, -position)

    ascending = sorted(range(len(offers)), key=rank)
    painted = np.full(size, -1, dtype=np.int32)
    narrow = np.full(size, -1, dtype=np.int32)
    leaves_at: list[int] = []
    leaves_no: list[int] = []
    for number, position in enumerate(ascending):
        offer = offers[position]
        if offer.stop - offer.start == 1:
            leaves_at.append(offer.start)
            leaves_no.append(number)
        else:
            painted[offer.start : offer.stop] = number
    if leaves_at:
        np.maximum.at(narrow, np.array(leaves_at), np.array(leaves_no, dtype=np.int32))
        np.maximum(painted, narrow, out=painted)
    lookup = np.array([*ascending, -1], dtype=np.int32)
    return lookup[painted]


def _verdicts(entries: Sequence[Entry], offers: Sequence[Offer], minimum: Evidence) -> Bytes:
    """Return one row (state, cause, evidence, level) per offer."""
    solution_exists = any(o.evidence >= minimum for o in offers)
    authority_usual = any(entry.value("authority") for entry in entries)
    rows = np.zeros((len(offers), 4), dtype=np.uint8)
    for number, offer in enumerate(offers):
        entry = entries[offer.index]
        own = offer.stop - offer.start == 1 and entry.provider is None
        if offer.evidence >= minimum:
            state, cause = (CellState.OWN if own else CellState.INHERITED), GapCause.NONE
        elif offer.dead:
            state, cause = CellState.DEAD, GapCause.DEAD_LINK
        else:
            state = CellState.OFFLINE
            cause = _offline_cause(
                offer,
                has_conflict=bool(entry.conflicts),
                no_authority=authority_usual and not entry.value("authority"),
                solution_exists=solution_exists,
            )
        level = entry.provider.level if entry.provider is not None else entry.area.level
        rows[number] = (state, cause, offer.evidence, level)
    return rows


def _offline_cause(
    offer: Offer, *, has_conflict: bool, no_authority: bool, solution_exists: bool
) -> GapCause:
    """Return why a described service is not available online; the first that applies."""
    if offer.evidence >= Evidence.APPOINTMENT:
        return GapCause.MEDIA_BREAK
    if has_conflict:
        return GapCause.CONFLICT
    if no_authority:
        return GapCause.NO_AUTHORITY
    return GapCause.SOLUTION_NOT_CONNECTED if solution_exists else GapCause.DESCRIBED_NOT_ONLINE


def _silence(  # noqa: PLR0917 - fills both arrays in place from all that is known about silence
    key: ServiceKey,
    offers: Sequence[Offer],
    line: AreaLine,
    tier: TierLine,
    sources: Mapping[str, SourceFacts],
    state: Bytes,
    cause: Bytes,
) -> None:
    """Set missing and stale cells: fresh silence first, then what only stale sources spoke of."""
    for facts in sources.values():
        entitled = facts.scope.silence_means_absence and facts.scope.allows_service(key)
        if not entitled or not facts.spoken:
            continue
        for area in facts.scope.areas:
            interval = line.interval(area.code)
            if interval is None:
                continue
            first, end = positions(*interval, tier)
            if facts.fresh:
                state[first:end] = CellState.MISSING
                cause[first:end] = GapCause.NOT_DESCRIBED
            else:
                unheard = state[first:end] == CellState.UNKNOWN
                cause[first:end][unheard] = GapCause.STALE
    for offer in offers:
        if not offer.fresh:
            state[offer.start : offer.stop] = CellState.UNKNOWN
            cause[offer.start : offer.stop] = GapCause.STALE
