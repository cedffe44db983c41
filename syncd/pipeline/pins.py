"""Use cases: pin a value with reason and expiry, take a pin away, list pins.

A pin gives one text field of one entry a value, whatever sources say. It keeps what the sources' winner said
at that time and comes back for review once that changes, still in force. It ends after its last day, and
then the catalogue is as if it had never been made. Must not know how entries are merged.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from syncd.errors import NotFound
from syncd.model.area import AreaKey
from syncd.model.entry import PINNED
from syncd.model.judgement import Judgement, JudgementKind, field_parts, field_subject
from syncd.pipeline.conflict_views import PinState, PinView, RulingView
from syncd.pipeline.entry_codec import decode_service
from syncd.pipeline.field_decisions import bad_decision, entry_of, keep, touched, undo, undo_all
from syncd.rules.field_rulings import PIN, read_ruling, ruling_value
from syncd.rules.judgements import active
from syncd.rules.legible import tidy
from syncd.rules.merge import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from syncd.model.area import Area
    from syncd.model.entry import Entry
    from syncd.pipeline.ask import ReleaseView

PINNED_FIELDS = FIELDS
"""Fields that may be pinned: the texts of an entry. Links follow from what is decided about conflicts."""
LONGEST_PIN = 10_000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")


def pins(
    view: ReleaseView,
    *,
    area: Area | None = None,
    service_key: str | None = None,
    field: str | None = None,
    state: str = "",
    after: str = "",
    limit: int = 50,
) -> tuple[PinView, ...]:
    """Return pins that were not taken back, sorted by id, behind the id ``after``; ``state`` "" means all.

    Raises NotFound ``unknown_state``.
    """
    if state and state not in set(PinState):
        known = ", ".join(s.value for s in PinState)
        raise NotFound(f"there is no state '{state}' (known: {known})", code="unknown_state")
    found = (
        shown
        for one in sorted(_active(view, service_key), key=lambda one: one.subject)
        if one.subject > after and field in {None, field_parts(one.subject)[2]}
        for shown in (_view_of(view, one),)
        if state in {"", shown.state.value} and (area is None or area.key.covers(AreaKey(shown.area_code)))
    )
    return tuple(islice(found, max(limit, 0)))


def pin(
    view: ReleaseView,
    service_key: str,
    area: Area,
    field: str,
    value: str,
    *,
    reason: str,
    decided_by: str,
    at: datetime,
    until: date | None = None,
) -> Judgement:
    """Pin a field of an entry of the current release; a later pin on the same field takes its place.

    ``until`` is the last day on which it holds. Returns what was put into the log; the catalogue follows with
    the next release. Raises NotFound ``unknown_service`` or ``unknown_entry``, ConfigError ``bad_decision``.
    """
    key = view.service(service_key).service_key
    if field not in PINNED_FIELDS:
        raise bad_decision(f"'{field}' cannot be pinned", f"Pin one of: {', '.join(PINNED_FIELDS)}.")
    text = _usable(field, value)
    if until is not None and until < at.date():
        raise bad_decision(f"{until} has passed", "Give a day to come, or none.")
    entry = entry_of(view, key, area.code)
    if entry is None:
        raise NotFound(
            f"nothing is offered for {key} in {area.code} {area.name}",
            code="unknown_entry",
            fix="Pin the entry of the area the offer is stated for; 'syncd explain' shows it.",
        )
    said = _source_value(entry, field)
    return keep(
        view,
        Judgement(
            JudgementKind.PIN,
            field_subject(key, area.code, field),
            PIN,
            reason,
            decided_by,
            at,
            value=ruling_value(text, () if said is None else (said,)),
            service_key=key,
            until=until,
        ),
    )


def unpin(view: ReleaseView, pin_id: str, *, reason: str, decided_by: str, at: datetime) -> Judgement:
    """Take a pin back, by its id with all earlier ones, or by the uid of its judgement only that one.

    Returns what was put into the log; raises NotFound ``unknown_pin``.
    """
    key = field_parts(pin_id)[0]
    for one in _active(view, key or None):
        if pin_id == one.subject:
            return undo_all(view, one, reason=reason, decided_by=decided_by, at=at)
        if pin_id == one.uid:
            return undo(view, one.uid, reason=reason, decided_by=decided_by, at=at)
    raise NotFound(f"there is no pin '{pin_id}'", code="unknown_pin", fix="List them: syncd pin list.")


def _active(view: ReleaseView, service_key: str | None) -> tuple[Judgement, ...]:
    """Return pins that were neither taken back nor superseded, expired ones included."""
    if service_key is not None:
        log = view.store.judgements_of([service_key]).get(service_key, ())
    else:
        kinds = (JudgementKind.PIN, JudgementKind.UNDO)
        log = tuple(one for _, one in view.store.judgements(kinds=kinds))
    return tuple(one for one in active(log) if one.kind is JudgementKind.PIN)


def _view_of(view: ReleaseView, one: Judgement) -> PinView:
    key, code, field = field_parts(one.subject)
    ruling = read_ruling(one)
    moved = view.ask.registry.areas.moved
    present = moved[code].code if code in moved else code
    row = view.store.partition(view.release.number, key)
    area = view.line.area(present)
    entries = list(_entries(view, key, present))
    shown = next((ruled for e in entries for name, ruled in e.pins if ruled.judgement == one.uid), None)
    entry = next((e for e in entries if any(r.judgement == one.uid for _, r in e.pins)), None)
    entry = entry or next(iter(entries), None)
    if one.until is not None and one.until < view.ask.clock().date():
        state = PinState.EXPIRED
    elif shown is None:
        state = PinState.WAITING
    else:
        state = PinState.RETURNED if shown.returned else PinState.IN_FORCE
    return PinView(
        pin_id=one.subject,
        service_key=key,
        service_name=decode_service(row.service).name if row else key,
        area_code=present,
        area_name=area.name if area else present,
        field=field,
        value=ruling.value,
        source_value=_source_value(entry, field) if entry is not None else None,
        state=state,
        ruling=RulingView(
            judgement=one.uid,
            answer=one.answer,
            value=ruling.value,
            said=ruling.said or (),
            reason=one.reason,
            decided_by=one.decided_by,
            decided_at=one.decided_at,
            until=one.until,
            returned=state is PinState.RETURNED,
        ),
    )


def _entries(view: ReleaseView, service_key: str, area_code: str) -> Iterator[Entry]:
    """Yield the entries a pin may stand in: of its service, and of those in its place."""
    for key in touched(view, service_key):
        if (entry := entry_of(view, key, area_code)) is not None:
            yield entry


def _source_value(entry: Entry, field: str) -> str | None:
    """Return the winner of what sources say."""
    said = (s.value for s in entry.fields.get(field, ()) if s.origin.source_id != PINNED)
    return next(said, None)


def _usable(field: str, value: str) -> str:
    text, _ = tidy(value)
    if not text:
        raise bad_decision("a pinned value must say something", "Give a text.")
    if len(text) > LONGEST_PIN:
        raise bad_decision(f"a pinned value has at most {LONGEST_PIN} characters", "Shorten the text.")
    if field == "language" and not _LANGUAGE.fullmatch(text):
        raise bad_decision(f"'{text[:200]}' is no language tag", "Write de.")
    if field == "page_url" and not _is_link(text):
        raise bad_decision(f"'{text[:200]}' is no link", "Give an address with https:// or http://.")
    return text


def _is_link(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
