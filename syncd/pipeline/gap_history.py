"""Use cases about one gap: tell its history, and dispute it, which asks the source and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from syncd.model.area import AreaKey
from syncd.model.judgement import JudgementKind
from syncd.model.record import Scope
from syncd.model.service import ServiceKey
from syncd.pipeline.explain import explain
from syncd.pipeline.gap_find import FoundGap, GapFinder
from syncd.pipeline.gap_past import joined
from syncd.rules import gap_words, words
from syncd.rules.gap_life import GapKey, GapStatus, voices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.gap_past import Span
    from syncd.pipeline.views import GapView


@dataclass(frozen=True, slots=True)
class StateSpan:
    """One state of the cell in the history of a gap; ``to_at`` is None while it lasts."""

    area_code: str
    service_key: str
    from_release: int
    from_at: datetime | None
    to_release: int
    to_at: datetime | None
    state: str
    cause: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Said:
    """One judgement in the history of a gap; ``holds`` tells whether it still says anything about it.

    ``answer`` is ``undo`` for one that takes another back. ``gap_id`` is the id it was said of, which differs
    from the present one after a merger or a new key.
    """

    uid: str
    gap_id: str
    aspect: str
    answer: str
    value: str
    until: date | None
    reason: str
    decided_by: str
    decided_at: datetime
    holds: bool


@dataclass(frozen=True, slots=True)
class GapHistory:
    """What a cell was over the kept releases (newest first) and what was said of it (oldest first).

    ``asked_as`` is the id that was asked for when it is a former one, else empty. ``parts`` are the areas
    that became this one.
    """

    gap: GapView
    asked_as: str
    states: tuple[StateSpan, ...]
    judgements: tuple[Said, ...]
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dispute:
    """Whom to ask about a gap and a ready text for it. ``sources`` are ids of sources that may speak."""

    gap_id: str
    sources: tuple[str, ...]
    subject: str
    text: str


def history(view: ReleaseView, gap_id: str) -> GapHistory:
    """Return what a cell was and what was said of it; raises like :func:`~syncd.pipeline.gap_life.gap`."""
    found = GapFinder(view).find(gap_id)
    log, past, key = found.views.log, found.views.past, found.key
    lineage = log.lineage(key)
    said = log.all_of(key)
    holding = {j.uid for j in voices(key, said, lineage)}
    return GapHistory(
        gap=found.gap,
        asked_as=gap_id if gap_id != str(key) else "",
        states=tuple(
            StateSpan(
                area_code=span.area_code,
                service_key=span.service_key,
                from_release=span.from_release,
                from_at=past.instant(span.from_release),
                to_release=span.to_release,
                to_at=None if span.to_release == view.release.number else past.instant(span.to_release + 1),
                state=span.state.label,
                cause=span.cause.label,
                evidence=span.evidence.label,
            )
            for span in _spans(view, found)
        ),
        judgements=tuple(
            Said(
                uid=j.uid,
                gap_id=j.subject if j.kind is JudgementKind.GAP else "",
                aspect=j.object,
                answer=j.answer if j.kind is JudgementKind.GAP else JudgementKind.UNDO.value,
                value=j.value if j.kind is JudgementKind.GAP else j.subject,
                until=j.until,
                reason=j.reason,
                decided_by=j.decided_by,
                decided_at=j.decided_at,
                holds=j.uid in holding,
            )
            for j in said
        ),
        parts=tuple(sorted(lineage.parts)),
    )


def _spans(view: ReleaseView, found: FoundGap) -> Iterator[Span]:
    """Yield the states of the cell, then those of the other parts and of the services it replaced."""
    past, key = found.views.past, found.key
    lineage = found.views.log.lineage(key)
    own = list(joined(past.trace(key, view.release.number)))
    yield from own
    traced = {span.area_code for span in own}
    for code in sorted(lineage.parts - traced):
        days = [s.on for s in lineage.successions if s.from_code == code]
        before = _release_before(view, days[0]) if days else None
        if before:
            part = GapKey(key.obligation_id, key.line, key.service_key, code)
            yield from joined(past.trace(part, before))
    first = min((span.from_release for span in own), default=view.release.number)
    for service in lineage.services:
        old = GapKey(key.obligation_id, key.line, service, key.area_code)
        yield from joined(past.trace(old, first - 1))


def _release_before(view: ReleaseView, day: date) -> int | None:
    release = view.store.release_at(datetime(day.year, day.month, day.day, tzinfo=UTC))
    return release.number if release else None


def dispute(view: ReleaseView, gap_id: str, *, language: str = "de", reason: str = "") -> Dispute:
    """Return which source would have to speak and a ready text that asks it, with our evidence.

    ``reason`` defaults to that of a dispute on record. Changes nothing: only the source closes a gap.
    """
    found = GapFinder(view).find(gap_id)
    one = found.gap
    area = view.line.areas[one.area_code]
    told = explain(view, one.service_key, area, obligation_id=one.obligation_id, language=language)
    sources = _entitled(view, found.key)
    titles = {s: str(facts["title"]) for s, facts in view.release.inputs["sources"].items()}
    if not reason and one.status == GapStatus.DISPUTED:
        reason = one.last_reason

    def say(code: str, **values: object) -> str:
        return gap_words.say(gap_words.DISPUTE, code, language, **values)

    separator = "." if language == "de" else ","
    day = view.release.published_at.date()
    parts = [
        say(
            "opening",
            day=f"{day:%d.%m.%Y}" if language == "de" else day.isoformat(),
            release=view.release.number,
            service=one.service_name,
            key=one.service_key,
            area=one.area_name,
            ars=area.key.ars,
            state=words.say(words.STATES, one.state, language),
            cause=words.say(words.CAUSES, one.cause, language),
            people=f"{one.people:,}".replace(",", separator),
        ),
        *([say("reason", reason=reason)] if reason else []),
        say("evidence") + "".join(f"\n- {step.text}" for step in told.steps),
        say("sources", sources=", ".join(f"{titles[s]} ({s})" for s in sources))
        if sources
        else say("no_source", party=gap_words.say(gap_words.PARTIES, one.responsible, language)),
        say("request"),
        say("reference", gap_id=one.gap_id),
    ]
    subject = say("subject", service=one.service_name, key=one.service_key, area=one.area_name)
    return Dispute(one.gap_id, sources, subject, "\n\n".join(parts))


def _entitled(view: ReleaseView, key: GapKey) -> tuple[str, ...]:
    """Return the sources that may speak for a cell: those whose silence counts, else any other."""
    service, area = ServiceKey(key.service_key), AreaKey(key.area_code)
    found: dict[bool, list[str]] = {True: [], False: []}
    for source_id, facts in sorted(view.release.inputs["sources"].items()):
        services = facts["services"]
        scope = Scope(
            tuple(AreaKey(code) for code in facts["areas"]),
            frozenset(services) if services is not None else None,
            facts["silence_means_absence"],
        )
        if not facts.get("feeds_register") and scope.allows_area(area) and scope.allows_service(service):
            found[scope.silence_means_absence].append(source_id)
    return tuple(found[True] or found[False])
