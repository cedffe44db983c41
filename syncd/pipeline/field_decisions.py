"""What conflicts and pins have in common: how a judgement about a field is kept, found, shown and undone.

Must not know what a conflict or a pin is.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from syncd.errors import ConfigError
from syncd.model.entry import PINNED
from syncd.model.judgement import Judgement, JudgementKind
from syncd.pipeline.conflict_views import RulingView, SayingView
from syncd.pipeline.entry_codec import decode_entry, decode_service
from syncd.rules.field_rulings import read_ruling
from syncd.rules.judgements import active
from syncd.rules.rekeying import followers, successors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from syncd.model.entry import Entry, Provenance
    from syncd.pipeline.ask import ReleaseView


def bad_decision(message: str, fix: str) -> ConfigError:
    """Return the error for a decision that makes no sense."""
    return ConfigError(message, code="bad_decision", fix=fix)


def keep(view: ReleaseView, judgement: Judgement) -> Judgement:
    """Append a judgement and mark its service, and those that took its place, for a rebuild."""
    if not judgement.reason.strip() or not judgement.decided_by.strip():
        raise bad_decision("a decision needs a reason and who decided", "Say why, in a sentence.")
    view.store.judge([judgement], dirty=touched(view, judgement.service_key))
    return judgement


def undo(view: ReleaseView, uid: str, *, reason: str, decided_by: str, at: datetime) -> Judgement:
    """Take a judgement back; the catalogue is then as if it had never been made. Raises NotFound."""
    taken = view.store.judgement(uid)
    return keep(
        view,
        Judgement(JudgementKind.UNDO, uid, "undo", reason, decided_by, at, service_key=taken.service_key),
    )


def undo_all(view: ReleaseView, one: Judgement, *, reason: str, decided_by: str, at: datetime) -> Judgement:
    """Take back a judgement and all it has superseded, so that none of them comes to the surface.

    Returns the undoing of the one that held.
    """
    log = list(view.store.judgements_of([one.service_key]).get(one.service_key, ()))
    made: list[Judgement] = []
    while standing := [judgement for judgement in active(log) if judgement.question == one.question]:
        kind, uid = JudgementKind.UNDO, standing[0].uid
        made.append(Judgement(kind, uid, "undo", reason, decided_by, at, service_key=one.service_key))
        log.append(made[-1])
    for undoing in made:
        keep(view, undoing)
    return made[0]


def touched(view: ReleaseView, service_key: str) -> tuple[str, ...]:
    """Return the partitions a judgement about a service takes effect in: its own, and those in its place."""
    followed: dict[str, tuple[str, ...]] = {}
    key = service_key
    while key not in followed and (row := view.store.partition(view.release.number, key)) is not None:
        followed[key] = successors({key: decode_service(row.service)}).get(key, ())
        if len(followed[key]) == 1:
            (key,) = followed[key]
    return (service_key, *followers(service_key, followed))


def entry_of(view: ReleaseView, service_key: str, area_code: str) -> Entry | None:
    """Return the entry of a service in an area as of the release, or None."""
    rows = view.store.entries(view.release.number, service_key=service_key, area_codes=[area_code])
    return next((decode_entry(row.payload) for row in rows), None)


def said_by(view: ReleaseView, origins: Iterable[Provenance]) -> dict[Provenance, SayingView]:
    """Return when records said what they say; of pinned statements nothing."""
    distinct = list(dict.fromkeys(o for o in origins if o.source_id != PINNED))
    traces = view.store.record_traces([(o.source_id, o.native_id) for o in distinct])
    sources: Mapping[str, Mapping[str, object]] = view.release.inputs["sources"]
    read: Mapping[str, Mapping[str, str | None]] = view.release.inputs.get("read", {})
    found = {}
    for origin in distinct:
        source_id = origin.source_id
        trace = traces.get((source_id, origin.native_id))
        facts, last = sources.get(source_id, {}), read.get(source_id, {}).get("last_good_at")
        found[origin] = SayingView(
            source_id=source_id,
            source_title=str(facts.get("title", source_id)),
            native_id=origin.native_id,
            fresh=bool(facts.get("fresh", False)),
            read_at=datetime.fromisoformat(last) if last else None,
            first_seen_at=trace.first_seen_at if trace else None,
            changed_at=trace.changed_at if trace else None,
            run_id=trace.last_run_id if trace else None,
            withdrawn_at=trace.withdrawn_at if trace else None,
        )
    return found


def since(view: ReleaseView, service_key: str, area_code: str, holds: Callable[[Entry], bool]) -> int:
    """Return the first of the kept releases in a row, up to this one, in which something holds of an entry.

    It must hold in the present one.
    """
    first = view.release.number
    expected: int | None = None
    for row in view.store.entry_versions(service_key, area_code, up_to=view.release.number):
        if (expected is not None and row.to_release != expected) or not holds(decode_entry(row.payload)):
            break
        first = expected = row.from_release
    return first


def ruling_view(view: ReleaseView, uid: str, *, returned: bool) -> RulingView:
    """Return a judgement as it is shown; raises NotFound."""
    judgement = view.store.judgement(uid)
    ruling = read_ruling(judgement)
    return RulingView(
        judgement=uid,
        answer=judgement.answer,
        value=ruling.value,
        said=ruling.said or (),
        reason=judgement.reason,
        decided_by=judgement.decided_by,
        decided_at=judgement.decided_at,
        until=judgement.until,
        returned=returned,
    )
