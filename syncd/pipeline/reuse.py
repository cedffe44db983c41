"""Use case: for each gap, the solutions that already run elsewhere, ranked by fit.

The applicant is the body that owes the service. What runs is read per service and kept for a few of them
only. Must not know words.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from syncd.errors import NotFound
from syncd.model.area import AreaLevel
from syncd.model.evidence import Evidence
from syncd.pipeline.gaps import gaps
from syncd.pipeline.running import fresh_sources, offer_of, offers_of
from syncd.rules.procedures import DIGITAL
from syncd.rules.reuse import Applicant, is_variant, rank, solutions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.gaps import GapQuery
    from syncd.pipeline.views import GapView
    from syncd.rules.reuse import Fit, Solution

TREND: Final = timedelta(days=90)
_ACTION_DIGITS = 11
_KEPT_SERVICES = 16
_KEPT_AREAS = 4_096


@dataclass(frozen=True, slots=True)
class GapReuse:
    """A gap with the best fitting solutions, best first; none where nothing runs elsewhere."""

    gap: GapView
    fits: tuple[Fit, ...]


@dataclass
class Advisor:
    """Knows what runs elsewhere in one release."""

    view: ReleaseView
    _solutions: OrderedDict[tuple[str, Evidence], tuple[Solution, ...]] = field(default_factory=OrderedDict)
    _platforms: OrderedDict[str, tuple[frozenset[str], frozenset[str]]] = field(default_factory=OrderedDict)

    def fits(
        self, service_key: str, area_code: str, body_code: str, *, minimum: Evidence = DIGITAL
    ) -> tuple[Fit, ...]:
        """Return the solutions for a service in an area whose body owes it, best first."""
        body = self.view.line.area(body_code)
        engines, domains = self._platforms_of(area_code)
        applicant = Applicant(service_key, body_code, body.population if body else 0, engines, domains)
        found = self.solutions(service_key, max(minimum, DIGITAL))
        return rank(found, applicant, self._people)

    def solutions(self, service_key: str, minimum: Evidence = DIGITAL) -> tuple[Solution, ...]:
        """Return what runs for a service and the variants of its key."""
        wanted = (service_key, minimum)
        if (known := self._solutions.get(wanted)) is None:
            known = tuple(
                solution
                for key in (service_key, *self._variants(service_key))
                for solution in self._of_key(key, minimum)
            )
            self._solutions[wanted] = known
            while len(self._solutions) > _KEPT_SERVICES:
                self._solutions.popitem(last=False)
        self._solutions.move_to_end(wanted)
        return known

    def _of_key(self, key: str, minimum: Evidence) -> tuple[Solution, ...]:
        before = None
        if self._earlier is not None:
            bodies = {(o.procedure, o.body_code) for o in offers_of(self._earlier, key, minimum=minimum)}
            before = Counter(procedure for procedure, _ in bodies)
        return solutions(key, offers_of(self.view, key, minimum=minimum, fresh=self._fresh), before)

    def _variants(self, service_key: str) -> tuple[str, ...]:
        action = service_key[:_ACTION_DIGITS]
        rows = self.view.store.partitions(self.view.release.number, after=action)
        near = takewhile(lambda row: row.service_key.startswith(action), rows)
        return tuple(row.service_key for row in near if is_variant(service_key, row.service_key))

    def _platforms_of(self, area_code: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return engines and domains in use in an area and in the bodies above it up to its Kreis."""
        if (known := self._platforms.get(area_code)) is None:
            near = [code for code in self.view.line.chain(area_code) if len(code) >= AreaLevel.KREIS]
            rows = self.view.store.entries(self.view.release.number, area_codes=[area_code, *near])
            # What the Bund provides says nothing of the technology used here.
            offers = [
                offer
                for row in rows
                if (offer := offer_of(row, self._fresh)) and len(offer.body_code) >= AreaLevel.KREIS
            ]
            known = (
                frozenset(offer.procedure.engine for offer in offers) - {""},
                frozenset(offer.procedure.domain for offer in offers),
            )
            self._platforms[area_code] = known
            while len(self._platforms) > _KEPT_AREAS:
                self._platforms.popitem(last=False)
        return known

    @cached_property
    def _fresh(self) -> frozenset[str]:
        return fresh_sources(self.view)

    @cached_property
    def _people(self) -> dict[str, int]:
        return {code: area.population for code, area in self.view.line.areas.items()}

    @cached_property
    def _earlier(self) -> ReleaseView | None:
        """The release of 90 days before, or None."""
        try:
            return self.view.ask.view(at=self.view.release.published_at - TREND)
        except NotFound:
            return None


def reuse(view: ReleaseView, query: GapQuery, *, after: str = "", most: int = 5) -> Iterator[GapReuse]:
    """Yield gaps in their order, each with at most ``most`` solutions; ``after`` is a gap id."""
    advisor = Advisor(view)
    for gap in gaps(view, query, after=after):
        minimum = Evidence.from_label(gap.minimum)
        fits = advisor.fits(gap.service_key, gap.area_code, gap.body_code, minimum=minimum)
        yield GapReuse(gap, fits[:most])
