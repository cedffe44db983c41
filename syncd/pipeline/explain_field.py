"""Use case: explain one field of one entry: who wins, who loses, why, from which run and since when.

Reads what the release was merged by (ranks, kinds and freshness recorded with it), never the present
configuration. When records were seen and in which run they changed is as of now. Must not merge anything: the
order of the stored statements is the result, the reasons are told beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.errors import NotFound
from syncd.model.entry import PINNED
from syncd.model.evidence import LinkState
from syncd.pipeline.conflict_views import FieldExplanation, FieldSaying
from syncd.pipeline.conflicts import conflict_view, state_of
from syncd.pipeline.field_decisions import entry_of, ruling_view, said_by, since
from syncd.pipeline.views import Step
from syncd.rules import field_words, words
from syncd.rules.contradictions import AUTHORITY, CONFLICT_FIELDS, ONLINE_SERVICE, chooses
from syncd.rules.field_rulings import BOTH, CHOOSE
from syncd.rules.merge import FIELDS
from syncd.rules.precedence import DEFAULT_RANK
from syncd.rules.probe_words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from syncd.model.area import Area
    from syncd.model.entry import Conflict, Entry, Provenance, Ruled, Statement
    from syncd.model.evidence import GradedChannel
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.views import ServiceView

EVIDENCE = "evidence"
"""The channels, best first: why the entry stands on its rung."""
PROVIDER = "provider"
"""The body that provides the offer: a code and a name."""
EXPLAINED_FIELDS = (*FIELDS, PROVIDER, EVIDENCE, *(name for name in CONFLICT_FIELDS if name != AUTHORITY))


def explain_field(
    view: ReleaseView, service_key: str, area: Area, field: str, *, language: str = "en"
) -> FieldExplanation:
    """Return why a field of an entry has its value; ``language`` is ``de`` or ``en``.

    ``field`` is one of :data:`EXPLAINED_FIELDS`. Raises NotFound ``unknown_service``, ``unknown_entry`` or
    ``no_such_field``.
    """
    if field not in EXPLAINED_FIELDS:
        known = ", ".join(EXPLAINED_FIELDS)
        raise NotFound(f"there is no field '{field}' (known: {known})", code="no_such_field")
    service = view.service(service_key)
    entry = entry_of(view, service.service_key, area.code)
    if entry is None:
        raise NotFound(
            f"nothing is offered for {service.service_key} in {area.code} {area.name} itself",
            code="unknown_entry",
            fix="Ask for the area the offer is stated for; 'syncd explain' shows it.",
        )
    telling = _Telling(view, language, entry, field)
    sayings = telling.sayings()
    value = sayings[0].value if sayings else None
    began = since(view, service.service_key, area.code, lambda e: _value(e, field) == _value(entry, field))
    conflict = telling.conflict
    return FieldExplanation(
        service_key=service.service_key,
        service_name=service.name,
        area_code=area.code,
        area_name=area.name,
        field=field,
        release=view.release.number,
        value=value,
        sayings=sayings,
        since_release=began,
        since_at=(since_at := view.store.published_at(began)),
        pin=ruling_view(view, telling.pin.judgement, returned=telling.pin.returned) if telling.pin else None,
        conflict=conflict_view(view, entry, conflict) if conflict else None,
        steps=telling.steps(service, area, sayings, began, since_at),
    )


def _value(entry: Entry, field: str) -> object:
    if field == EVIDENCE:
        best = next((graded for graded, _ in entry.channels), None)
        return (entry.evidence, best.channel.url if best else None)
    if field == PROVIDER:
        return entry.provider
    said = _said(entry, field)
    return said[0].value if said else None


def _said(entry: Entry, field: str) -> tuple[Statement, ...]:
    if field in FIELDS:
        return entry.fields.get(field, ())
    conflict = _conflict(entry, field)
    return conflict.statements if conflict else ()


def _conflict(entry: Entry, field: str) -> Conflict | None:
    return next((c for c in (*entry.conflicts, *entry.settled) if c.field == field), None)


@dataclass(slots=True)
class _Telling:
    """Words the reasons of one field of one entry."""

    view: ReleaseView
    language: str
    entry: Entry
    field: str

    @property
    def pin(self) -> Ruled | None:
        return dict(self.entry.pins).get(self.field)

    @property
    def conflict(self) -> Conflict | None:
        # What contradicts each other about links is told with the channels, too.
        return _conflict(self.entry, ONLINE_SERVICE if self.field == EVIDENCE else self.field)

    def sayings(self) -> tuple[FieldSaying, ...]:
        """Return what is said about the field, winner first, with reasons."""
        if self.field == EVIDENCE:
            return self.channels()
        return self.provider() if self.field == PROVIDER else self.statements()

    def provider(self) -> tuple[FieldSaying, ...]:
        """Return the providing body and the record that is believed; what others say is not kept."""
        entry, key = self.entry, self.entry.provider or self.entry.area
        area = self.view.line.area(key.code)
        first = min(
            entry.origins,
            key=lambda o: (
                not self._is_fresh(o.source_id),
                self._rank(o.source_id),
                o.source_id,
                o.native_id,
            ),
        )
        code, text = self._why("body_above" if entry.provider else "own_body")
        return (
            FieldSaying(
                value=f"{key.code} {area.name}" if area else key.code,
                wins=True,
                rank=self._rank(first.source_id),
                said_by=said_by(self.view, [first]).get(first),
                codes=(code,),
                why=(text,),
            ),
        )

    def statements(self) -> tuple[FieldSaying, ...]:
        """Return what is said about a field, winner first, with reasons."""
        said = _said(self.entry, self.field)
        when = said_by(self.view, (s.origin for s in said))
        sources = [s for s in said if s.origin.source_id != PINNED]
        return tuple(
            FieldSaying(
                value=s.value,
                wins=place == 0,
                rank=self._rank(s.origin.source_id) if s.origin in when else None,
                said_by=when.get(s.origin),
                codes=tuple(code for code, _ in reasons),
                why=tuple(text for _, text in reasons),
            )
            for place, s in enumerate(said)
            for reasons in (tuple(self._reasons(s, sources)),)
        )

    def channels(self) -> tuple[FieldSaying, ...]:
        """Return the channels, best first, with the rule that gave each its rung."""
        when = said_by(self.view, (origin for _, origin in self.entry.channels))
        return tuple(
            FieldSaying(
                value=graded.channel.url or graded.channel.label or graded.channel.kind.value,
                wins=place == 0,
                rank=self._rank(origin.source_id),
                said_by=when.get(origin),
                codes=tuple(code for code, _ in reasons),
                why=tuple(text for _, text in reasons),
            )
            for place, (graded, origin) in enumerate(self.entry.channels)
            for reasons in (tuple(self._rung(graded, place)),)
        )

    def steps(
        self,
        service: ServiceView,
        area: Area,
        sayings: Sequence[FieldSaying],
        began: int,
        since_at: datetime | None,
    ) -> tuple[Step, ...]:
        """Return the same as sentences."""
        told = {
            "field": words.say(field_words.FIELDS, self.field, self.language),
            "service": service.name,
            "area": area.name,
        }
        if not sayings:
            return (self._step("field_empty", **told),)
        found = [
            self._step("field_is", **told, value=sayings[0].value),
            self._step("field_since", release=began, day=_day(since_at)),
        ]
        if (conflict := self.conflict) is not None:
            state = words.say(field_words.CONFLICT_STATES, state_of(conflict).value, self.language)
            found.append(self._step("conflict", state=state))
        for place, saying in enumerate(sayings, start=1):
            who = saying.said_by
            found.append(
                self._step(
                    "said" if who else "pinned",
                    place=place,
                    value=saying.value,
                    why=" ".join(saying.why),
                    source=who.source_title if who else "",
                    record=who.native_id if who else "",
                    read=_minute(who.read_at) if who else "",
                    changed=_minute(who.changed_at) if who else "",
                    run=(who.run_id or "–") if who else "",
                )
            )
        return tuple(found)

    def _reasons(self, one: Statement, sources: Sequence[Statement]) -> Iterable[tuple[str, str]]:
        if one.origin.source_id == PINNED:
            yield from self._of_pin()
            return
        place = sources.index(one)
        if place == 0 and self.pin is not None:
            yield self._why("behind_pin")
        ruled = self.conflict.ruled if self.conflict else None
        if ruled is not None and ruled.answer in {CHOOSE, BOTH}:
            yield from self._of_decision(one, ruled, place)
            if ruled.answer == CHOOSE:
                return
        if len(sources) == 1:
            yield self._why("alone")
            return
        other = sources[1] if place == 0 else sources[0]
        yield self._compared(one.origin, other.origin, wins=place == 0)

    def _of_pin(self) -> Iterable[tuple[str, str]]:
        if (pin := self.pin) is None:
            return
        until = {"de": f", bis {pin.until}", "en": f", until {pin.until}"}[self.language] if pin.until else ""
        yield self._why("pinned", day=self._decided_on(pin), until=until)
        if pin.returned:
            yield self._why("pin_returned")

    def _of_decision(self, one: Statement, ruled: Ruled, place: int) -> Iterable[tuple[str, str]]:
        if ruled.answer == BOTH:
            code = "both_stand"
        else:
            code = "chosen" if chooses(self.field, ruled.value, one.value) else "behind_decision"
        yield self._why(code, day=self._decided_on(ruled))
        if ruled.returned and place == 0:
            yield self._why("decision_returned")

    def _compared(self, one: Provenance, other: Provenance, *, wins: bool) -> tuple[str, str]:
        mine, theirs = self._rank(one.source_id), self._rank(other.source_id)
        stale, their_stale = not self._is_fresh(one.source_id), not self._is_fresh(other.source_id)
        if stale != their_stale:
            return self._why("fresh_first" if wins else "stale", other=self._title(other.source_id))
        told = {
            "rank": mine,
            "ground": self._ground(one.source_id),
            "other_rank": theirs,
            "other": self._title(other.source_id),
        }
        if mine != theirs:
            return self._why("lower_rank" if wins else "higher_rank", **told)
        return self._why("name_first" if wins else "name_later", **told)

    def _rung(self, graded: GradedChannel, place: int) -> Iterable[tuple[str, str]]:
        rung = words.say(words.EVIDENCE, graded.evidence.label, self.language)
        yield self._why("rung", rung=rung, rule=words_of(graded.rule, self.language)[0])
        if graded.channel.link_state is LinkState.DEAD:
            yield self._why("dead")
        conflict = _conflict(self.entry, ONLINE_SERVICE)
        ruled = conflict.ruled if conflict else None
        if ruled is not None and ruled.answer == CHOOSE:
            if chooses(ONLINE_SERVICE, ruled.value, graded.channel.url or ""):
                yield self._why("chosen", day=self._decided_on(ruled))
        elif place:
            best = self.entry.channels[0][0]
            yield self._why("same_rung" if graded.evidence is best.evidence else "lower_rung")

    def _why(self, code: str, **values: object) -> tuple[str, str]:
        return code, words.say(field_words.WHY, code, self.language).format(**values)

    def _step(self, code: str, **values: object) -> Step:
        return Step(code, words.say(field_words.STEPS, code, self.language).format(**values))

    def _facts(self, source_id: str) -> Mapping[str, object]:
        facts: Mapping[str, object] = self.view.release.inputs["sources"].get(source_id, {})
        return facts

    def _title(self, source_id: str) -> str:
        return str(self._facts(source_id).get("title", source_id))

    def _is_fresh(self, source_id: str) -> bool:
        return bool(self._facts(source_id).get("fresh", False))

    def _rank(self, source_id: str) -> int:
        ranks: Mapping[str, int] = self.view.release.inputs.get("field_precedence", {}).get(self.field, {})
        return int(ranks.get(source_id, str(self._facts(source_id).get("precedence", DEFAULT_RANK))))

    def _ground(self, source_id: str) -> str:
        facts = self._facts(source_id)
        if not facts:
            return words.say(field_words.GROUNDS, "unconfigured", self.language)
        if kind := str(facts.get("kind", "")):
            return words.say(field_words.KINDS, kind, self.language)
        return words.say(field_words.GROUNDS, "own", self.language)

    def _decided_on(self, ruled: Ruled) -> str:
        return self.view.store.judgement(ruled.judgement).decided_at.date().isoformat()


def _day(at: datetime | None) -> str:
    return at.date().isoformat() if at else "–"


def _minute(at: datetime | None) -> str:
    return at.isoformat()[:16].replace("T", " ") if at else "–"
