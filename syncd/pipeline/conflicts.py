"""Use cases: the inbox of conflicts, and deciding one in one step.

What contradicts what stands in the published entries; a decision is a judgement and takes effect with the
next release. Must not know how contradictions are found.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from syncd.errors import ConfigError, NotFound
from syncd.model.entry import Attention
from syncd.model.judgement import Judgement, JudgementKind, field_parts, field_subject
from syncd.pipeline.conflict_views import ConflictSide, ConflictState, ConflictView
from syncd.pipeline.entry_codec import decode_entry, decode_service
from syncd.pipeline.field_decisions import bad_decision, entry_of, keep, ruling_view, said_by, since, undo_all
from syncd.rules.contradictions import CONFLICT_FIELDS, chooses, same_side
from syncd.rules.field_rulings import BOTH, CHOOSE, PIN, ruling_value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from syncd.model.area import Area
    from syncd.model.entry import Conflict, Entry, Statement
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.ports import EntryRow

_BITS = {
    ConflictState.OPEN: Attention.OPEN,
    ConflictState.RETURNED: Attention.RETURNED,
    ConflictState.DECIDED: Attention.DECIDED,
}


def conflicts(
    view: ReleaseView,
    *,
    area: Area | None = None,
    service_key: str | None = None,
    source_id: str | None = None,
    field: str | None = None,
    state: str = ConflictState.OPEN,
    after: str = "",
    limit: int = 50,
) -> tuple[ConflictView, ...]:
    """Return conflicts in one state, sorted by (service key, area, field), behind the id ``after``.

    ``area``: that area and all in it. ``source_id``: those in which the source is a side. Raises NotFound
    ``unknown_state`` and ConfigError ``bad_cursor``.
    """
    wanted = _state(state)
    found = (
        (row, entry, conflict)
        for row in _rows(view, service_key, _BITS[wanted], after)
        for entry in (decode_entry(row.payload),)
        if area is None or area.key.covers(entry.area)
        for conflict in (*entry.conflicts, *entry.settled)
        if state_of(conflict) is wanted
        and field in {None, conflict.field}
        and (source_id is None or any(s.origin.source_id == source_id for s in conflict.statements))
        and (not after or _place(row, conflict) > _place_of(after))
    )
    # Read to the end of the page first: what each view looks up needs connections of its own.
    page = list(islice(found, max(limit, 0)))
    return tuple(conflict_view(view, entry, conflict) for _, entry, conflict in page)


def conflict(view: ReleaseView, conflict_id: str) -> ConflictView:
    """Return one conflict, decided or not; raises NotFound ``unknown_conflict``."""
    return conflict_view(view, *_find(view, conflict_id))


def decide(
    view: ReleaseView,
    conflict_id: str,
    *,
    reason: str,
    decided_by: str,
    at: datetime,
    value: str = "",
    source_id: str = "",
    both: bool = False,
    until: date | None = None,
) -> Judgement:
    """Decide a conflict of the current release: a side by its value or by a source, or that both may stand.

    Of a ``procedure``, ``online`` and ``offline`` are values, too. Returns what was put into the log; the
    catalogue follows with the next release. Raises NotFound ``unknown_conflict`` and ConfigError
    ``bad_decision``.
    """
    entry, found = _find(view, conflict_id)
    if sum((bool(value), bool(source_id), both)) != 1:
        raise bad_decision("a conflict is decided by a value, by a source or as both", "Give exactly one.")
    if until is not None and until < at.date():
        raise bad_decision(f"{until} has passed", "Give a day to come, or none.")
    taken = "" if both else _taken(found, value, source_id)
    return keep(
        view,
        Judgement(
            JudgementKind.CONFLICT,
            field_subject(entry.service_key.value, entry.area.code, found.field),
            BOTH if both else CHOOSE,
            reason,
            decided_by,
            at,
            value=ruling_value(taken, (s.value for s in found.statements)),
            service_key=entry.service_key.value,
            until=until,
        ),
    )


def reopen(view: ReleaseView, conflict_id: str, *, reason: str, decided_by: str, at: datetime) -> Judgement:
    """Take the decision of a conflict back, with all earlier ones about it.

    Raises NotFound, ConfigError ``bad_decision`` without one.
    """
    _, found = _find(view, conflict_id)
    if found.ruled is None or found.ruled.answer == PIN:
        raise bad_decision(
            "nobody decided this conflict",
            "Remove the pin, if there is one." if found.ruled else "Decide it.",
        )
    made = view.store.judgement(found.ruled.judgement)
    return undo_all(view, made, reason=reason, decided_by=decided_by, at=at)


def state_of(found: Conflict) -> ConflictState:
    """Return the state of a conflict."""
    if found.ruled is None:
        return ConflictState.OPEN
    return ConflictState.RETURNED if found.ruled.returned else ConflictState.DECIDED


def conflict_view(view: ReleaseView, entry: Entry, found: Conflict) -> ConflictView:
    """Return a conflict as it is shown."""
    key, code = entry.service_key.value, entry.area.code
    row = view.store.partition(view.release.number, key)
    began = since(view, key, code, lambda e: any(c.field == found.field for c in (*e.conflicts, *e.settled)))
    area = view.line.area(code)
    return ConflictView(
        conflict_id=field_subject(key, code, found.field),
        service_key=key,
        service_name=decode_service(row.service).name if row else key,
        area_code=code,
        area_name=area.name if area else code,
        field=found.field,
        state=state_of(found),
        sides=_sides(view, found),
        since_release=began,
        since_at=view.store.published_at(began),
        ruling=ruling_view(view, found.ruled.judgement, returned=found.ruled.returned)
        if found.ruled
        else None,
    )


def _sides(view: ReleaseView, found: Conflict) -> tuple[ConflictSide, ...]:
    groups: list[list[Statement]] = []
    for statement in found.statements:
        for group in groups:
            if same_side(found.field, group[0].value, statement.value):
                group.append(statement)
                break
        else:
            groups.append([statement])
    when = said_by(view, [s.origin for s in found.statements])
    ruled = found.ruled
    return tuple(
        ConflictSide(
            value=group[0].value,
            said_by=tuple(when[s.origin] for s in group),
            chosen=ruled is not None
            and ruled.answer == CHOOSE
            and chooses(found.field, ruled.value, group[0].value),
        )
        for group in groups
    )


def _taken(found: Conflict, value: str, source_id: str) -> str:
    if source_id:
        said = [s.value for s in found.statements if s.origin.source_id == source_id]
        if said:
            return said[0]
        sources = ", ".join(sorted({s.origin.source_id for s in found.statements}))
        raise bad_decision(f"source '{source_id}' is no side of this conflict", f"Choose one of: {sources}.")
    if not any(chooses(found.field, value, s.value) for s in found.statements):
        values = "; ".join(s.value for s in found.statements)
        raise bad_decision(
            f"no side says '{value}'", f"Choose one of: {values}. To set another value, pin it."
        )
    return value


def _find(view: ReleaseView, conflict_id: str) -> tuple[Entry, Conflict]:
    key, code, field = field_parts(conflict_id)
    if field in CONFLICT_FIELDS and key and code:
        entry = entry_of(view, key, code)
        for found in (*entry.conflicts, *entry.settled) if entry is not None else ():
            if entry is not None and found.field == field:
                return entry, found
    raise NotFound(
        f"there is no conflict '{conflict_id}' in release {view.release.number}",
        code="unknown_conflict",
        fix="List them: syncd conflicts.",
    )


def _state(text: str) -> ConflictState:
    try:
        return ConflictState(text)
    except ValueError as error:
        known = ", ".join(state.value for state in ConflictState)
        raise NotFound(f"there is no state '{text}' (known: {known})", code="unknown_state") from error


Place = tuple[str, str, int]


def _place(row: EntryRow, found: Conflict) -> Place:
    return (row.service_key, row.area_code, CONFLICT_FIELDS.index(found.field))


def _place_of(after: str) -> Place:
    key, code, field = field_parts(after)
    if field not in CONFLICT_FIELDS or not key or not code:
        raise ConfigError(
            f"not a conflict: '{after}'", code="bad_cursor", fix="Use the last id of the previous page."
        )
    return (key, code, CONFLICT_FIELDS.index(field))


def _rows(view: ReleaseView, service_key: str | None, bits: Attention, after: str) -> Iterator[EntryRow]:
    """Yield entries from the cursor's own on: it may have more conflicts."""
    number, store = view.release.number, view.store
    behind = _place_of(after)[:2] if after else None
    if behind is not None and service_key in {None, behind[0]}:
        yield from store.entries(number, service_key=behind[0], area_codes=[behind[1]], attention=bits)
    yield from store.entries(number, service_key=service_key, attention=bits, after=behind)
