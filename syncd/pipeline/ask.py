"""Use case: ask. Everything the doors show is read from one release, now or as of any release or day.

:class:`Ask` picks the release; :class:`ReleaseView` reads it. Gaps and explanations stand in modules of their
own. All calls are synchronous reads and run in threads.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from syncd.errors import NotFound
from syncd.model.area import BUND_CODE, AreaKey
from syncd.model.coverage import CellState, Tier
from syncd.model.run import SourceState
from syncd.pipeline.entry_codec import decode_service
from syncd.pipeline.obligations import decode_obligations
from syncd.pipeline.views import AreaSummary, AreaView, ServiceCoverage, ServiceView, SourceView
from syncd.rules.areas import AreaIndex
from syncd.rules.coverage_codec import unpack_totals
from syncd.rules.freshness import is_fresh
from syncd.rules.line import AreaLine
from syncd.rules.names import fold_name, is_called
from syncd.rules.place_index import PlaceMatch
from syncd.rules.quality import LAST_RUNS, quality_of
from syncd.rules.silence import is_silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from syncd.model.area import Area
    from syncd.model.coverage import Duty, Obligation
    from syncd.model.entry import Release
    from syncd.pipeline.ports import CoverageRow, PartitionRow, Store
    from syncd.pipeline.registry import Registry

_SHORT_LIST = 8
_KEPT_LINES = 2


@dataclass(slots=True)
class Ask:
    """Read use cases. ``registry`` is replaced on reload."""

    store: Store
    registry: Registry
    clock: Callable[[], datetime]
    _lines: OrderedDict[str, AreaLine] = field(default_factory=OrderedDict)

    def view(self, *, release: int | None = None, at: datetime | None = None) -> ReleaseView:
        """Return a release to read: a numbered one, the one current at an instant, or the latest.

        Raises NotFound before the first release or for an unknown one.
        """
        if release is not None:
            return ReleaseView(self, self.store.release(release))
        found = self.store.release_at(at) if at is not None else self.store.current_release()
        if found is None:
            message = "nothing has been published yet" if at is None else f"nothing was published before {at}"
            first = self.store.published_at(1) if at is not None else None
            if at is not None and first is not None and first <= at:
                message = f"the release of {at} is no longer kept"
            fix = "Wait for the first run, or run 'syncd sync --all'."
            if first is not None:
                fix = (
                    f"Give a later day; the first release is of {first:%Y-%m-%d}. 'syncd release' lists them."
                )
            raise NotFound(message, code="no_release", fix=fix)
        return ReleaseView(self, found)

    def sources(self) -> tuple[SourceView, ...]:
        """Return all sources with their state and age, sorted by id.

        Those that are no longer configured are among them as long as they hold data.
        """
        states, now = self.store.source_states(), self.clock()
        keyless = self.store.keyless_records()
        held = {source_id for source_id, state in states.items() if state.records}
        return tuple(
            self._source(states.get(source_id, SourceState(source_id)), now, keyless.get(source_id, 0))
            if source_id in self.registry.sources
            else _without_plan(source_id, states[source_id], now)
            for source_id in sorted(held | self.registry.sources.keys())
        )

    def _source(self, state: SourceState, now: datetime, keyless: int) -> SourceView:
        source_id, run, last = state.source_id, state.last_run, state.last_good_at
        plan = self.registry.sources[source_id]
        fresh = is_fresh(last, now=now, stale_after=plan.stale_after)
        runs = self.store.runs(source_id=source_id, limit=LAST_RUNS) if run else ()
        return SourceView(
            source_id=source_id,
            title=plan.title,
            connector=plan.connector_name,
            enabled=plan.enabled,
            interval_seconds=int(plan.interval.total_seconds()),
            outcome=run.outcome.value if run else None,
            code=run.code if run else "",
            reason=run.reason if run else "",
            fix=run.fix if run else "",
            last_run_id=run.run_id if run else None,
            last_started_at=run.started_at if run else None,
            last_good_at=last,
            age_seconds=max(0, int((now - last).total_seconds())) if last else None,
            fresh=fresh,
            silent=plan.enabled and is_silent(last, state.first_run_at, now=now, interval=plan.interval),
            records=state.records,
            consecutive_failures=state.consecutive_failures,
            missing=state.missing,
            about=plan.about,
            quality=quality_of(runs, fresh=fresh, records=state.records, keyless=keyless),
            first_run_at=state.first_run_at,
        )

    def line_of(self, digest: str) -> AreaLine:
        """Return the area line of an edition: the present one, or an older one from the store."""
        if digest == self.registry.areas.digest:
            return self.registry.areas.line
        line = self._lines.get(digest)
        if line is None:
            line = AreaLine.build(self.store.edition_areas(self.store.edition_by_digest(digest)))
            self._lines[digest] = line
            while len(self._lines) > _KEPT_LINES:
                self._lines.popitem(last=False)
        return line


@dataclass(frozen=True)
class ReleaseView:
    """One release to read from; cheap to make, reads lazily."""

    ask: Ask
    release: Release

    @property
    def store(self) -> Store:
        """The store."""
        return self.ask.store

    @cached_property
    def line(self) -> AreaLine:
        """The area line of the release's edition."""
        return self.ask.line_of(self.release.inputs["areas"])

    @cached_property
    def obligations(self) -> tuple[Obligation, ...]:
        """The obligations the release was assessed by."""
        return decode_obligations(self.store.document(self.release.inputs["obligations"]))

    @cached_property
    def duties(self) -> Mapping[tuple[str, str, str], Duty]:
        """Duty by (obligation id, line, service key)."""
        in_force = {(o, name) for o, name in self.release.inputs["duties_in_force"]}
        return {
            (obligation.obligation_id, duty.line.value, key): duty
            for obligation in self.obligations
            for duty in obligation.duties
            if (obligation.obligation_id, duty.name) in in_force
            for key in duty.services
        }

    # --- areas --------------------------------------------------------------------------------------
    def area(self, text: str) -> Area:
        """Return the area named by a cut code, ARS, AGS or unique name; raises NotFound with near misses."""
        direct = self.line.area(text)
        if direct is not None:
            return direct
        key = self.index.resolve(text) if any(c.isdigit() for c in text) else None
        if key is not None:
            code = self.ask.registry.areas.moved.get(key.code, key).code
            found = self.line.area(code) or self.line.area(key.code)
            if found is not None:
                return found
        return self._area_by_name(text)

    @cached_property
    def index(self) -> AreaIndex:
        """The areas of the release by every spelling of their codes."""
        successions = self.ask.registry.areas.successions
        return AreaIndex.from_areas(self.line.areas.values(), successions, named=False)

    def _area_by_name(self, text: str) -> Area:
        wanted = fold_name(text)
        bodies = [a for a in self.line.areas.values() if a.kind.value not in {"verband", "region", "bezirk"}]
        exact = [a for a in bodies if is_called(a.name, wanted)]
        # What no name has in it may say the kind of body: "Landkreis Kassel", "Regierungsbezirk Darmstadt".
        near = exact or [a for a in bodies if wanted and wanted in fold_name(a.name)] or self._said(text)
        best = _one_body(near) or self._titled(wanted)
        if best is not None:
            return best
        options = "; ".join(
            f"{a.code} {a.name}" for a in sorted(near, key=lambda a: -a.population)[:_SHORT_LIST]
        )
        message = f"no area is called '{text}'" if not near else f"'{text}' names several areas: {options}"
        raise NotFound(
            message, code="unknown_area", fix="Use the ARS or AGS, or search with 'syncd areas TEXT'."
        )

    def _said(self, text: str) -> list[Area]:
        """Return the areas meant by a name with the kind of body, or with other words that tell it apart."""
        found = self.ask.registry.areas.index.places.resolve(text, (AreaKey(BUND_CODE),))
        if found is None:
            return []
        codes = (
            [found.area.code] if isinstance(found, PlaceMatch) else [key.code for key, _ in found.candidates]
        )
        return [area for code in codes if (area := self.line.area(code)) is not None]

    def _titled(self, wanted: str) -> Area | None:
        """Return the one area that the configured cohorts call so, or None.

        Several places are called Heuchelheim; an operator whose cohort says which one has said it.
        """
        titled = {
            code
            for cohort in self.ask.registry.cohorts
            for code, title in cohort.titles.items()
            if fold_name(title) == wanted
        }
        return self.line.area(titled.pop()) if len(titled) == 1 else None

    def areas(self, contains: str = "") -> Iterator[Area]:
        """Yield areas by code; ``contains`` filters on code or folded name."""
        wanted = fold_name(contains)
        for code in sorted(self.line.areas):
            area = self.line.areas[code]
            if not contains or code.startswith(contains) or (wanted and wanted in fold_name(area.name)):
                yield area

    def body_name(self, code: str) -> str:
        """Return what the body of an area is called: that of Germany is the Bund."""
        area = self.line.area(code)
        return "Bund" if code == BUND_CODE else area.name if area is not None else code

    def area_view(self, area: Area) -> AreaView:
        """Return the public shape of an area."""
        return AreaView(
            code=area.code,
            ars=area.key.ars,
            name=area.name,
            level=area.key.level.name.lower(),
            kind=area.kind.value,
            population=area.population,
            ags=area.ags,
            seat_postcode=area.seat_postcode,
            parents=self.line.chain(area.code),
        )

    # --- services -----------------------------------------------------------------------------------
    def service(self, key: str) -> ServiceView:
        """Return one service as of the release; dots and blanks in the key are tolerated."""
        tidy = key if key.startswith("local:") else "".join(c for c in key if c.isdigit())
        row = self.store.partition(self.release.number, tidy)
        if row is None:
            message = f"no service with the key '{key}'"
            raise NotFound(message, code="unknown_service", fix="Search with 'syncd services TEXT'.")
        return self.service_view(row)

    def service_view(self, row: PartitionRow) -> ServiceView:
        """Return the public shape of a partition's register entry."""
        service = decode_service(row.service)
        labels = {o.obligation_id: o.title for o in self.obligations}
        labels.update((s, facts["title"]) for s, facts in self.release.inputs["sources"].items())
        return ServiceView(
            service_key=service.key.value,
            name=service.name,
            origin=service.origin,
            origin_label=labels.get(service.origin, self.release.inputs["services_label"]),
            structure=service.key.structure,
            typing=service.typing,
            ozg_id=service.ozg_id,
            ozg_name=service.ozg_name,
            situation=service.situation,
            theme=service.theme,
            status=service.status.value,
            replaced_by=service.replaced_by,
            from_release=row.from_release,
        )

    # --- coverage -----------------------------------------------------------------------------------
    def summaries(self, area: Area, obligation_id: str | None = None) -> tuple[AreaSummary, ...]:
        """Return the states of an area's own cell and, for larger areas, of the bodies inside it."""
        found = []
        shape = self.area_view(area)
        for row in self.store.totals(self.release.number):
            if obligation_id is not None and row.obligation_id != obligation_id:
                continue
            tier = self.line.tier(Tier(row.line))
            matrix = unpack_totals(row.matrix)
            own = tier.index.get(area.code)
            start, stop = self.line.tier_slice(Tier(row.line), area.code)
            parts = [("self", own, own + 1)] if own is not None else [("below", start, stop)]
            for role, first, end in parts:
                counts = matrix[first:end].sum(axis=0)
                if first == end or not counts.sum():
                    continue
                owed = int(counts.sum() - counts[CellState.NOT_OWED])
                found.append(
                    AreaSummary(
                        area=shape,
                        obligation_id=row.obligation_id,
                        line=row.line,
                        role=role,
                        bodies=int(tier.owes[first:end].sum()),
                        owed=owed,
                        counts={s.label: int(counts[s]) for s in CellState if s is not CellState.NOT_OWED},
                    )
                )
        return tuple(found)

    def coverage_of_service(self, key: str) -> tuple[ServiceCoverage, ...]:
        """Return the coverage of a service per obligation and line."""
        return tuple(
            self._service_coverage(row) for row in self.store.coverage(self.release.number, service_key=key)
        )

    def _service_coverage(self, row: CoverageRow) -> ServiceCoverage:
        duty = self.duties[row.obligation_id, row.line, row.service_key]
        states = [s for s in CellState if s is not CellState.NOT_OWED]
        cells = {s.label: row.counts[s.label][0] for s in states}
        people = {s.label: row.counts[s.label][1] for s in states}
        owed, inhabitants = sum(cells.values()), sum(people.values())
        covered = sum(cells[s.label] for s in states if s.is_covered)
        reached = sum(people[s.label] for s in states if s.is_covered)
        return ServiceCoverage(
            obligation_id=row.obligation_id,
            line=row.line,
            service_key=row.service_key,
            minimum=duty.minimum.label,
            owed_by=duty.owed_by.value,
            cells=cells,
            people=people,
            area_wide=owed > 0 and covered == owed,
            at_least_one=covered > 0,
            share_of_bodies=covered / owed if owed else 0.0,
            share_of_population=reached / inhabitants if inhabitants else 0.0,
            share_unknown=cells["unknown"] / owed if owed else 0.0,
        )


def _without_plan(source_id: str, state: SourceState, now: datetime) -> SourceView:
    """Return the view of a source whose file is gone; what it said stays published until it is retired."""
    run, last = state.last_run, state.last_good_at
    return SourceView(
        source_id=source_id,
        title=source_id,
        connector="",
        enabled=False,
        interval_seconds=0,
        outcome=run.outcome.value if run else None,
        code="source_not_configured",
        reason="Its file is gone; it is no longer configured. What it said stays published.",
        fix=f"Put the file back, or: syncd sources retire {source_id} --reason TEXT",
        last_run_id=run.run_id if run else None,
        last_started_at=run.started_at if run else None,
        last_good_at=last,
        age_seconds=max(0, int((now - last).total_seconds())) if last else None,
        fresh=False,
        silent=False,
        records=state.records,
        consecutive_failures=state.consecutive_failures,
        missing=state.missing,
        configured=False,
        first_run_at=state.first_run_at,
    )


def _one_body(candidates: list[Area]) -> Area | None:
    """Return the only area among the candidates; a kreisfreie Stadt on two levels is one, as a Gemeinde."""
    if not candidates:
        return None
    deepest = max(candidates, key=lambda a: len(a.code))
    same_body = all(
        deepest.code.startswith(a.code) and a.population == deepest.population for a in candidates
    )
    return deepest if same_body else None
