"""Use case: explain one cell. Every step that led to its state, in words, as of any release.

Reads what the release was assessed by (entries, duties, scopes and freshness recorded with it), never the
present configuration, and states the stored result: an explanation cannot differ from what was published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from syncd.model.area import AreaKey
from syncd.model.coverage import CellState, GapCause, Tier
from syncd.model.evidence import Evidence, LinkState
from syncd.model.record import Scope
from syncd.model.service import ServiceKey
from syncd.pipeline.entry_codec import decode_entry
from syncd.pipeline.views import Explanation, Step
from syncd.rules import words
from syncd.rules.coverage_codec import unpack_cells, unpack_numbers
from syncd.rules.link_words import METHODS
from syncd.rules.probe_words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from syncd.model.area import Area
    from syncd.model.coverage import Duty
    from syncd.model.entry import Entry, Provenance
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.ports import CoverageRow


def explain(
    view: ReleaseView,
    service_key: str,
    area: Area,
    *,
    obligation_id: str | None = None,
    language: str = "en",
) -> Explanation:
    """Return the derivation of (service, area); raises NotFound for an unknown service.

    Without ``obligation_id`` the first obligation that owes the cell is explained, otherwise why it is not
    owed at all. ``language`` is ``de`` or ``en``.
    """
    service = view.service(service_key)
    speech = _Speech(view, language)
    row, position = _row(view, service.service_key, area, obligation_id)
    offers = [(e, raw) for e, raw in _offers(view, service.service_key, area)]
    steps: list[Step] = []
    state, cause, evidence, since_release = CellState.NOT_OWED, GapCause.NONE, Evidence.NONE, None
    duty = None
    if row is not None and position is not None:
        duty = view.duties[row.obligation_id, row.line, row.service_key]
        cells = unpack_cells(row.cells)
        state = CellState(int(cells.state[position]))
        cause = GapCause(int(cells.cause[position]))
        evidence = Evidence(int(cells.evidence[position]))
        since_release = int(unpack_numbers(row.since)[position])
    owed = state is not CellState.NOT_OWED
    steps.append(
        speech.duty(view, row.obligation_id, duty, area) if row and duty and owed else speech.no_duty()
    )
    minimum = duty.minimum if duty else Evidence.ONLINE_FORM
    steps.extend(speech.offer(entry, area, minimum) for entry, _ in offers)
    if not offers:
        steps.append(speech.no_offer())
    steps.extend(
        speech.silence(service.service_key, area, heard_through={o for e, _ in offers for o in _sources(e)})
    )
    since_at = _published_at(view, since_release)
    steps.append(speech.result(state, cause, area, since_release, since_at))
    return Explanation(
        service=service,
        area=view.area_view(area),
        release=view.release.number,
        published_at=view.release.published_at,
        obligation_id=row.obligation_id if row else "",
        line=row.line if row else "",
        state=state.label,
        state_text=words.say(words.STATES, state.label, language),
        cause=cause.label,
        cause_text=words.say(words.CAUSES, cause.label, language),
        evidence=evidence.label,
        people=area.population,
        since_release=since_release,
        since_at=since_at,
        steps=tuple(steps),
        offers=tuple(raw for _, raw in offers),
    )


def _sources(entry: Entry) -> set[str]:
    return {origin.source_id for origin in entry.origins}


def _published_at(view: ReleaseView, number: int | None) -> datetime | None:
    if number is None:
        return None
    if number == view.release.number:
        return view.release.published_at
    return view.store.published_at(number)


def _row(
    view: ReleaseView, service_key: str, area: Area, obligation_id: str | None
) -> tuple[CoverageRow | None, int | None]:
    """Return the coverage row that owes the cell, and the cell's position; the first row if none owes."""
    fallback: tuple[CoverageRow | None, int | None] = (None, None)
    rows = view.store.coverage(view.release.number, obligation_id=obligation_id, service_key=service_key)
    for row in rows:
        position = view.line.tier(Tier(row.line)).index.get(area.code)
        if position is None:
            continue
        if unpack_cells(row.cells).state[position] != CellState.NOT_OWED:
            return row, position
        fallback = (row, position)
    return fallback


def _offers(view: ReleaseView, service_key: str, area: Area) -> Iterator[tuple[Entry, Mapping[str, object]]]:
    """Yield the entries whose area covers the cell, most specific first."""
    cell = view.line.interval(area.code)
    if cell is None:
        return
    found = []
    for row in view.store.entries(view.release.number, service_key=service_key):
        interval = view.line.interval(row.area_code)
        if interval is not None and interval[0] <= cell[0] and interval[1] >= cell[1]:
            found.append((interval[1] - interval[0], row.area_code, row.payload))
    for _, _, payload in sorted(found):
        yield decode_entry(payload), orjson.loads(payload)


@dataclass(frozen=True, slots=True)
class _Speech:
    """Words the steps; the tables of states and causes stand in :mod:`syncd.rules.words`."""

    view: ReleaseView
    language: str

    def _say(self, code: str, **values: object) -> Step:
        return Step(code, words.say(words.STEPS, code, self.language).format(**values))

    def _area(self, code: str) -> str:
        area = self.view.line.area(code)
        return area.name if area else code

    def _facts(self, source_id: str) -> Mapping[str, object]:
        facts: Mapping[str, object] = self.view.release.inputs["sources"].get(source_id, {})
        return facts

    def _title(self, source_id: str) -> str:
        return str(self._facts(source_id).get("title", source_id))

    def _read_at(self, source_id: str) -> str:
        read = self.view.release.inputs.get("read", {}).get(source_id, {})
        return str(read.get("last_good_at") or "–")[:16].replace("T", " ")

    def _rung(self, evidence: Evidence) -> str:
        return words.say(words.EVIDENCE, evidence.label, self.language)

    def duty(self, view: ReleaseView, obligation_id: str, duty: Duty, area: Area) -> Step:
        """Who owes what since when."""
        title = next(o.title for o in view.obligations if o.obligation_id == obligation_id)
        return self._say(
            "duty",
            title=title,
            duty=duty.name,
            minimum=self._rung(duty.minimum),
            body=self._area(view.line.body(area.code, duty.owed_by)),
            tier=words.say(words.TIERS, duty.owed_by.value, self.language),
            since=duty.from_on.isoformat(),
            ground=duty.legal_ground,
        )

    def no_duty(self) -> Step:
        """No obligation owes this cell."""
        return self._say("no_duty")

    def no_offer(self) -> Step:
        """Nobody describes the service for this area or any above it."""
        return self._say("no_offer")

    def offer(self, entry: Entry, area: Area, minimum: Evidence) -> Step:
        """What one entry offers, why it reaches its rung, and whether it counts."""
        sources = sorted(_sources(entry))
        stale = all(not self._facts(s).get("fresh", False) for s in sources)
        if stale:
            code = "offer_stale"
        elif entry.link_dead and entry.evidence < minimum:
            code = "offer_dead"
        else:
            code = "offer_counts" if entry.evidence >= minimum else "offer_too_low"
        inherited = entry.provider.code if entry.provider else entry.area.code
        alive = [g for g, _ in entry.channels if g.channel.link_state is not LinkState.DEAD]
        reason = words_of(alive[0].rule, self.language)[0] if alive else ""
        return self._say(
            code,
            title=entry.value("title") or "",
            source=", ".join(self._title(s) for s in sources),
            records=", ".join(map(self._record, entry.origins)),
            area=self._area(inherited),
            relation=words.say(
                words.RELATIONS, "own" if inherited == area.code else "inherited", self.language
            ),
            rung=self._rung(entry.evidence),
            minimum=self._rung(minimum),
            reason=f" {reason}" if reason else "",
            link=f" {alive[0].channel.url}" if alive and alive[0].channel.url else "",
        )

    def _record(self, origin: Provenance) -> str:
        if not origin.linked_by:
            return origin.native_id
        how = words.say(METHODS, origin.linked_by, self.language)
        return words.LINKED[self.language].format(record=origin.native_id, how=how)

    def silence(self, service_key: str, area: Area, *, heard_through: set[str]) -> Iterator[Step]:
        """What the silence of each other source that may speak for the area means."""
        key = ServiceKey(service_key)
        for source_id, facts in sorted(self.view.release.inputs["sources"].items()):
            services = facts["services"]
            scope = Scope(
                tuple(AreaKey(code) for code in facts["areas"]),
                frozenset(services) if services is not None else None,
                facts["silence_means_absence"],
            )
            if facts.get("feeds_register") or source_id in heard_through or not scope.allows_area(area.key):
                continue
            if not scope.allows_service(key):
                code = "silence_out_of_scope"
            elif not facts["spoken"]:
                code = "silence_never_read"
            elif not facts["fresh"]:
                code = "silence_stale"
            else:
                code = "silence_absence" if scope.silence_means_absence else "silence_nothing"
            yield self._say(code, source=self._title(source_id), read=self._read_at(source_id))

    def result(
        self,
        state: CellState,
        cause: GapCause,
        area: Area,
        since_release: int | None,
        since_at: datetime | None,
    ) -> Step:
        """The stored result."""
        reason = words.say(words.CAUSES, cause.label, self.language)
        return self._say(
            "result" if state is not CellState.NOT_OWED else "result_not_owed",
            state=words.say(words.STATES, state.label, self.language),
            cause=f" {reason}" if reason else "",
            people=words.number(area.population, self.language),
            release=since_release,
            day=since_at.date().isoformat() if since_at else "–",
        )
