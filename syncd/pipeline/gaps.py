"""Use case: list gaps. A gap is derived from the packed coverage rows, never stored twice.

Its identity is (obligation, line, service, area) and survives releases; since when it stands comes from the
row's own history, where it stands from the judgements (:mod:`syncd.pipeline.gap_log`). These are read service
by service, so that a list of millions needs no more memory than one of ten.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from syncd.errors import ConfigError, NotFound
from syncd.model.area import AreaLevel
from syncd.model.coverage import CellState, GapCause, Tier
from syncd.model.evidence import Evidence
from syncd.pipeline.gap_log import GapLog
from syncd.pipeline.gap_past import Past
from syncd.pipeline.service_names import ServiceNames
from syncd.pipeline.views import CellView, GapView
from syncd.rules.assess import STATES
from syncd.rules.coverage_codec import unpack_cells, unpack_numbers
from syncd.rules.gap_life import GapKey, GapStatus, Party, responsible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import StrEnum

    import numpy.typing as npt

    from syncd.model.area import Area
    from syncd.model.coverage import Duty
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.ports import CoverageRow

_SAID = frozenset({GapStatus.ACKNOWLEDGED, GapStatus.WAIVED, GapStatus.DISPUTED})
"""Statuses that no gap has by itself."""
GAP_STATES = frozenset(state for state in CellState if state.is_gap)


@dataclass(frozen=True, slots=True)
class GapQuery:
    """What to list. ``states`` are labels; empty means the gaps proper (unknown only when asked for).

    Nothing an operator says takes a gap off the list: a waived one is listed as waived, unless ``statuses``
    ask for others.
    """

    area: Area | None = None
    service_key: str | None = None
    obligation_id: str | None = None
    line: str | None = None
    states: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    responsible: tuple[str, ...] = ()
    assignee: str | None = None
    """Exactly as it was assigned; the empty text means nobody."""
    overdue: bool = False
    """Only those that are overdue."""

    @property
    def needs_a_word(self) -> bool:
        """True when only gaps can be meant of which somebody said something."""
        return self.overdue or bool(self.assignee) or (bool(self.statuses) and {*self.statuses} <= _SAID)

    def wanted_states(self) -> frozenset[CellState]:
        """Return the asked states; raises NotFound for an unknown label."""
        if not self.states:
            return GAP_STATES
        try:
            return frozenset(CellState[label.upper()] for label in self.states)
        except KeyError as error:
            known = ", ".join(s.label for s in CellState)
            message = f"there is no state {error} (known: {known})"
            raise NotFound(message, code="unknown_state") from error

    def wanted_causes(self) -> frozenset[GapCause]:
        """Return the asked causes, empty for all; raises NotFound for an unknown label."""
        try:
            return frozenset(GapCause[label.upper()] for label in self.causes)
        except KeyError as error:
            known = ", ".join(c.label for c in GapCause)
            message = f"there is no cause {error} (known: {known})"
            raise NotFound(message, code="unknown_cause") from error

    def wanted_statuses(self) -> frozenset[str]:
        """Return the asked statuses, empty for all; raises NotFound for an unknown one."""
        message = _unknown(self.statuses, GapStatus, "status")
        if message:
            raise NotFound(message, code="unknown_gap_status")
        return frozenset(self.statuses)

    def wanted_parties(self) -> frozenset[str]:
        """Return the parties asked for, empty for all; raises NotFound for an unknown one."""
        message = _unknown(self.responsible, Party, "party")
        if message:
            raise NotFound(message, code="unknown_party")
        return frozenset(self.responsible)


def _unknown(asked: tuple[str, ...], words: type[StrEnum], what: str) -> str:
    """Return what to say of the first word that is not known; empty when all are."""
    known = [word.value for word in words]
    wrong = next((word for word in asked if word not in known), None)
    return "" if wrong is None else f"there is no {what} '{wrong}' (known: {', '.join(known)})"


def gaps(
    view: ReleaseView, query: GapQuery, *, after: str = "", limit: int | None = None
) -> Iterator[GapView]:
    """Yield gaps sorted by (obligation, line, service key, area); ``after`` is a gap id to go on from."""
    found = _gaps(view, query, _parse_gap_id(after) if after else None)
    return islice(found, limit) if limit is not None else found


def cells_of_area(view: ReleaseView, area: Area, *, obligation_id: str | None = None) -> Iterator[CellView]:
    """Yield the state of every owed service in one area (its own cell on each line it stands on)."""
    names = ServiceNames(view)
    for row in view.store.coverage(view.release.number, obligation_id=obligation_id):
        position = view.line.tier(Tier(row.line)).index.get(area.code)
        if position is None:
            continue
        cells = unpack_cells(row.cells, position, position + 1)
        state = CellState(int(cells.state[0]))
        if state is CellState.NOT_OWED:
            continue
        offered = state in {CellState.OWN, CellState.INHERITED, CellState.OFFLINE, CellState.DEAD}
        yield CellView(
            obligation_id=row.obligation_id,
            line=row.line,
            service_key=row.service_key,
            service_name=names[row.service_key],
            area_code=area.code,
            state=state.label,
            cause=GapCause(int(cells.cause[0])).label,
            evidence=Evidence(int(cells.evidence[0])).label,
            level=AreaLevel(int(cells.level[0])).name.lower() if offered else "",
            since_release=int(unpack_numbers(row.since, position, position + 1)[0]),
        )


def _parse_gap_id(text: str) -> tuple[str, str, str, str]:
    try:
        key = GapKey.parse(text)
    except ValueError as error:
        raise ConfigError(
            str(error), code="bad_cursor", fix="Use the cursor of the previous page."
        ) from error
    return key.obligation_id, key.line, key.service_key, key.area_code


def _gaps(view: ReleaseView, query: GapQuery, after: tuple[str, str, str, str] | None) -> Iterator[GapView]:
    states = query.wanted_states()
    wanted = np.zeros(STATES, dtype=np.bool_)
    wanted[list(states)] = True
    causes = np.array(sorted(query.wanted_causes()), dtype=np.uint8)
    statuses, parties = query.wanted_statuses(), query.wanted_parties()
    context = GapViews(view)
    spoken_of = context.log.spoken_of if query.needs_a_word else None
    for row in _rows(view, query, after):
        if spoken_of is not None and row.service_key not in spoken_of:
            continue
        line = view.line.tier(Tier(row.line))
        start, stop = 0, len(line)
        if query.area is not None:
            start, stop = _span(view, query.area, Tier(row.line))
        if start == stop or not any(row.counts[state.label][0] for state in states):
            continue
        cells = unpack_cells(row.cells, start, stop)
        mask = wanted[cells.state]
        if len(causes):
            mask &= np.isin(cells.cause, causes)
        if parties:
            # Whose turn it is follows from the cause: no view of a cell is needed to tell.
            mask &= np.isin(
                cells.cause, _causes_of(parties, view.duties[row.obligation_id, row.line, row.service_key])
            )
        positions = np.flatnonzero(mask) + start
        if after is not None and after[:3] == (row.obligation_id, row.line, row.service_key):
            positions = positions[[line.codes[p] > after[3] for p in positions]]
        if len(positions):
            yield from (
                gap
                for gap in context.of(row, positions, cells.words[positions - start])
                if (not statuses or gap.status in statuses)
                and query.assignee in {None, gap.assignee}
                and (gap.overdue or not query.overdue)
            )


def _causes_of(parties: frozenset[str], duty: Duty) -> list[GapCause]:
    """Return the causes that make it the turn of one of these parties."""
    return [cause for cause in GapCause if responsible(duty.owed_by, cause).value in parties]


def _rows(
    view: ReleaseView, query: GapQuery, after: tuple[str, str, str, str] | None
) -> Iterator[CoverageRow]:
    """Yield the rows from the cursor's own row on (it may have areas left)."""
    if after is not None:
        yield from (
            row
            for row in view.store.coverage(
                view.release.number, obligation_id=after[0], line=after[1], service_key=after[2]
            )
            if _row_matches(row, query)
        )
    yield from view.store.coverage(
        view.release.number,
        obligation_id=query.obligation_id,
        line=query.line,
        service_key=query.service_key,
        after=after[:3] if after else None,
    )


def _row_matches(row: CoverageRow, query: GapQuery) -> bool:
    return (
        query.obligation_id in {None, row.obligation_id}
        and query.line in {None, row.line}
        and query.service_key in {None, row.service_key}
    )


def _span(view: ReleaseView, area: Area, tier: Tier) -> tuple[int, int]:
    """Return the bodies of a tier in an area; the area itself when it stands on that tier."""
    own = view.line.tier(tier).index.get(area.code)
    return (own, own + 1) if own is not None else view.line.tier_slice(tier, area.code)


class GapViews:
    """Turns positions of a row into gap views."""

    def __init__(self, view: ReleaseView) -> None:
        """Begin with nothing read; names, judgements and the past are read as they are needed."""
        self._view = view
        self._names = ServiceNames(view)
        self.past = Past(view)
        self.log = GapLog(view, self.past.predecessors)

    def of(
        self, row: CoverageRow, positions: npt.NDArray[np.intp], words: npt.NDArray[np.uint32]
    ) -> Iterator[GapView]:
        """Yield one view per position; ``words`` are those of :class:`Cells` there. Positions rise."""
        first = int(positions[0])
        began = unpack_numbers(row.since, first, int(positions[-1]) + 1)[positions - first]
        for position, word, since in zip(positions.tolist(), words.tolist(), began.tolist(), strict=True):
            yield self._one(row, position, word, since)

    def _one(self, row: CoverageRow, position: int, word: int, since: int) -> GapView:
        view, past = self._view, self.past
        duty = view.duties[row.obligation_id, row.line, row.service_key]
        line = view.line.tier(duty.line)
        code = line.codes[position]
        body = view.line.body(code, duty.owed_by)
        state, cause = CellState(word & 0xFF), GapCause(word >> 8 & 0xFF)
        key = GapKey(row.obligation_id, row.line, row.service_key, code)
        standing, first_seen = past.standing(key, state, since)
        life = self.log.life(key, standing)
        seen_at = past.instant(first_seen)
        return GapView(
            gap_id=str(key),
            obligation_id=row.obligation_id,
            line=row.line,
            service_key=row.service_key,
            service_name=self._names[row.service_key],
            area_code=code,
            area_name=view.line.areas[code].name,
            state=state.label,
            cause=cause.label,
            evidence=Evidence(word >> 16 & 0xFF).label,
            minimum=duty.minimum.label,
            owed_by=duty.owed_by.value,
            body_code=body,
            body_name=view.body_name(body),
            people=int(line.population[position]),
            since_release=since,
            since_at=past.instant(since),
            running_elsewhere=row.counts[CellState.OWN.label][0],
            responsible=responsible(duty.owed_by, cause).value,
            status=life.status.value,
            why=life.why.value,
            waived_until=life.until,
            assignee=life.assignee,
            due_on=life.due,
            overdue=life.overdue,
            first_seen_release=first_seen,
            first_seen_at=seen_at,
            age_days=max(0, (self.log.instant - seen_at).days) if seen_at else None,
            last_reason=life.reason,
            stand=life.stand,
        )
