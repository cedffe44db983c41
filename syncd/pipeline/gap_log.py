"""What operators said about the gaps of a release, read service by service so that memory stays flat.

Judgements on areas that ended follow the succession, those on a service with exactly one successor follow it.
Must not know how gaps are found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from syncd.model.judgement import Judgement, JudgementKind
from syncd.pipeline.entry_codec import decode_service
from syncd.rules.gap_life import GapKey, GapLife, Lineage, life
from syncd.rules.judgements import active

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from syncd.pipeline.ask import ReleaseView
    from syncd.rules.gap_life import Standing

_KINDS = frozenset({JudgementKind.GAP, JudgementKind.UNDO})


def as_of(view: ReleaseView) -> datetime:
    """Return the instant up to which judgements count: now, or the end of a release that was followed."""
    return view.store.published_at(view.release.number + 1) or view.ask.clock()


@dataclass(slots=True)
class _Service:
    """The active judgements on the gaps of one service, by area."""

    key: str = ""
    by_area: dict[str, list[Judgement]] = field(default_factory=dict)


class GapLog:
    """The lives of gaps as of one release; ``day`` (UTC) is the day they are seen on."""

    def __init__(self, view: ReleaseView, predecessors: Mapping[str, tuple[str, ...]]) -> None:
        """Take the release and the areas that became others (:class:`~syncd.pipeline.gap_past.Past`)."""
        self._view = view
        self._predecessors = predecessors
        self._lineages: dict[tuple[str, str], Lineage] = {}
        self._service = _Service()
        self.instant = as_of(view)

    @property
    def day(self) -> date:
        """The day on which waivers and due dates are looked at."""
        return self.instant.astimezone(UTC).date()

    def life(self, gap: GapKey, cell: Standing) -> GapLife:
        """Return where a gap stands; costs nothing for services nobody has judged."""
        if gap.service_key not in self._judged and gap.service_key not in self._replaced:
            return life(gap, cell, (), self.day)
        if self._service.key != gap.service_key:
            self._service = self._read(gap.service_key)
        by_area = self._service.by_area
        areas = (gap.area_code, *self._predecessors.get(gap.area_code, ()))
        log = [judgement for code in areas for judgement in by_area.get(code, ())]
        return life(gap, cell, log, self.day, self.lineage(gap) if log else Lineage())

    def all_of(self, gap: GapKey) -> tuple[Judgement, ...]:
        """Return everything ever said about a gap and what it was before, oldest first, undone or not."""
        lineage = self.lineage(gap)
        keys = (gap.service_key, *lineage.services)
        logs = self._view.store.judgements_of(keys)
        said = [j for key in keys for j in logs.get(key, ()) if j.kind in _KINDS and self._counts(j)]
        uids = {j.uid for j in said if j.kind is JudgementKind.GAP and _is_about(j, gap, lineage)}
        ordered = sorted(said, key=lambda j: (j.decided_at, j.uid))
        for judgement in ordered:
            if judgement.kind is JudgementKind.UNDO and judgement.subject in uids:
                uids.add(judgement.uid)
        return tuple(j for j in ordered if j.uid in uids)

    def lineage(self, gap: GapKey) -> Lineage:
        """Return whose judgements speak for a gap."""
        name = (gap.service_key, gap.area_code)
        if name not in self._lineages:
            before = self._predecessors.get(gap.area_code, ())
            successions = tuple(s for s in self._view.ask.registry.areas.successions if s.from_code in before)
            parts = frozenset(before)
            if before and self._existed_before(gap.area_code, {s.on for s in successions}):
                parts |= {gap.area_code}
            self._lineages[name] = Lineage(parts, successions, self._replaced.get(gap.service_key, {}))
        return self._lineages[name]

    @property
    def spoken_of(self) -> frozenset[str]:
        """The services whose gaps may have been judged, under their present keys too."""
        return self._judged | self._replaced.keys()

    def successor(self, service_key: str) -> str:
        """Return the key under which a service is owed now: itself, or the only one that followed."""
        chain = self._chain(service_key)
        return chain[-1] if chain else service_key

    def _counts(self, judgement: Judgement) -> bool:
        return judgement.decided_at <= self.instant

    def _read(self, service_key: str) -> _Service:
        # Most services have never been judged: nothing is asked for them.
        keys = [k for k in (service_key, *self._replaced.get(service_key, {})) if k in self._judged]
        logs = self._view.store.judgements_of(keys) if keys else {}
        log = (j for key in keys for j in logs.get(key, ()) if j.kind in _KINDS and self._counts(j))
        found = _Service(service_key)
        for judgement in active(log):
            area = judgement.subject.rpartition("/")[2]
            found.by_area.setdefault(area, []).append(judgement)
        return found

    def _existed_before(self, code: str, days: Iterable[date]) -> bool:
        """Tell whether an area was there before others joined it: a new one has no say in what it was."""
        for day in sorted(days):
            release = self._view.store.release_at(datetime(day.year, day.month, day.day, tzinfo=UTC))
            if release is not None and self._view.ask.line_of(release.inputs["areas"]).area(code) is not None:
                return True
        return False

    @cached_property
    def _replaced(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Per service the judged keys it replaced, with the chain from each to it."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for key in sorted(self._judged):
            chain = self._chain(key)
            if chain:
                found.setdefault(chain[-1], {})[key] = chain
        return found

    @cached_property
    def _judged(self) -> frozenset[str]:
        """Services with judgements on their gaps: few beside all there are."""
        return frozenset(self._view.store.judged_services(JudgementKind.GAP))

    @cached_property
    def _owed(self) -> frozenset[str]:
        return frozenset(key for _, _, key in self._view.duties)

    def _chain(self, key: str) -> tuple[str, ...]:
        """Return the keys that followed one that is no longer owed, up to one that is; else nothing."""
        chain: list[str] = []
        while key not in self._owed and (following := self._replaced_by(key)) not in {"", *chain}:
            chain.append(following)
            key = following
        return tuple(chain) if key in self._owed else ()

    def _replaced_by(self, key: str) -> str:
        """Return the only successor of a service; several need a person to decide."""
        row = self._view.store.partition(self._view.release.number, key)
        service = decode_service(row.service) if row else self._view.ask.registry.services.get(key)
        named = (service.replaced_by or "").split(",") if service else []
        return named[0].strip() if len(named) == 1 else ""


def _is_about(judgement: Judgement, gap: GapKey, lineage: Lineage) -> bool:
    try:
        return lineage.holds(GapKey.parse(judgement.subject), gap)
    except ValueError:
        return False
