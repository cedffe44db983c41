"""Use case: for each gap, the solutions that already run elsewhere, ranked by fit.

The applicant is the body that owes the service. What runs is read per service and kept for a few of them
only. Must not know words.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from syncd.errors import NotFound
from syncd.model.area import AreaLevel
from syncd.model.coverage import Tier
from syncd.model.evidence import Evidence
from syncd.pipeline.gaps import gaps
from syncd.pipeline.running import Entries, fresh_sources, offer_of, offers_in
from syncd.rules.procedures import DIGITAL
from syncd.rules.reuse import Applicant, best, is_variant, rank, solutions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.gaps import GapQuery
    from syncd.pipeline.views import GapView
    from syncd.rules.procedures import Offer, Procedure
    from syncd.rules.reuse import Fit, Solution

TREND: Final = timedelta(days=90)
_ACTION_DIGITS = 11
_KEPT_SERVICES = 32
_VARIANTS_AT_ONCE = 32
_KEPT_AREAS = 4_096


@dataclass(frozen=True, slots=True)
class GapReuse:
    """A gap with the best fitting solutions, best first; none where nothing runs elsewhere."""

    gap: GapView
    fits: tuple[Fit, ...]


@dataclass(frozen=True, slots=True)
class _Earlier:
    """The release a trend is counted from: whose word counted then, and what has ended since."""

    number: int
    fresh: frozenset[str]
    ended: Entries


@dataclass
class Advisor:
    """Knows what runs elsewhere in one release."""

    view: ReleaseView
    _solutions: OrderedDict[tuple[str, Evidence], tuple[Solution, ...]] = field(default_factory=OrderedDict)
    _action: tuple[str, tuple[str, ...]] = ("", ())
    _platforms: OrderedDict[str, tuple[frozenset[str], frozenset[str]]] = field(default_factory=OrderedDict)

    def fits(
        self, service_key: str, area_code: str, body_code: str, *, minimum: Evidence = DIGITAL
    ) -> tuple[Fit, ...]:
        """Return the solutions for a service in an area whose body owes it, best first."""
        applicant = self._applicant(service_key, area_code, body_code)
        return rank(self.solutions(service_key, max(minimum, DIGITAL)), applicant, self._people)

    def best(
        self, service_key: str, area_code: str, body_code: str, *, minimum: Evidence = DIGITAL
    ) -> Fit | None:
        """Return the first of them, or None where nothing runs elsewhere."""
        applicant = self._applicant(service_key, area_code, body_code)
        return best(self.solutions(service_key, max(minimum, DIGITAL)), applicant, self._people)

    def _applicant(self, service_key: str, area_code: str, body_code: str) -> Applicant:
        body_code = self._whole(body_code)
        body = self.view.line.area(body_code)
        engines, domains = self._platforms_of(self._whole(area_code))
        return Applicant(service_key, body_code, body.population if body else 0, engines, domains)

    def _whole(self, code: str) -> str:
        """Return the municipality that is all of a Kreis or Land (kreisfreie Stadt, Stadtstaat), or the code.

        They are one body with two codes: else Wiesbaden would be a town of about the size of Wiesbaden.
        """
        if len(code) > AreaLevel.KREIS:
            return code
        start, stop = self.view.line.tier_slice(Tier.GEMEINDE, code)
        return self.view.line.tier(Tier.GEMEINDE).codes[start] if stop - start == 1 else code

    def solutions(self, service_key: str, minimum: Evidence = DIGITAL) -> tuple[Solution, ...]:
        """Return what runs for a service and the variants of its key."""
        keys = (service_key, *self._variants(service_key))
        return tuple(solution for key in keys for solution in self._of_key(key, minimum))

    def _of_key(self, key: str, minimum: Evidence) -> tuple[Solution, ...]:
        wanted = (key, minimum)
        if (known := self._solutions.get(wanted)) is None:
            known = self._solutions[wanted] = self._read(key, minimum)
            while len(self._solutions) > _KEPT_SERVICES:
                self._solutions.popitem(last=False)
        self._solutions.move_to_end(wanted)
        return known

    def _read(self, key: str, minimum: Evidence) -> tuple[Solution, ...]:
        offers: list[Offer] = []
        before: set[tuple[Procedure, str]] = set()
        earlier = self._earlier
        for row in self._entries.of(key):
            offer = offer_of(row, self._fresh, minimum) if row.evidence >= minimum else None
            if offer is not None:
                body = self._whole(offer.body_code)
                offers.append(offer if body == offer.body_code else replace(offer, body_code=body))
            if earlier is not None and row.from_release <= earlier.number:
                # It was the same then; only whose word counted may have been another.
                was = offer if earlier.fresh == self._fresh else offer_of(row, earlier.fresh, minimum)
                if was is not None:
                    before.add((was.procedure, self._whole(was.body_code)))
        if earlier is None:
            return solutions(key, offers)
        ended = offers_in(earlier.ended.of(key), earlier.fresh, minimum=minimum)
        before |= {(offer.procedure, self._whole(offer.body_code)) for offer in ended}
        return solutions(key, offers, Counter(procedure for procedure, _ in before))

    def _variants(self, service_key: str) -> tuple[str, ...]:
        action = service_key[:_ACTION_DIGITS]
        if self._action[0] != action:
            self._action = (action, tuple(self._keys_of(action)))
        return tuple(key for key in self._action[1] if is_variant(service_key, key))

    def _keys_of(self, action: str) -> Iterator[str]:
        after, left = action, 1
        while left:
            rows = tuple(
                self.view.store.partitions(self.view.release.number, after=after, limit=_VARIANTS_AT_ONCE)
            )
            near = [row.service_key for row in rows if row.service_key.startswith(action)]
            yield from near
            left = len(near) == _VARIANTS_AT_ONCE
            after = near[-1] if near else ""

    def _platforms_of(self, area_code: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return engines and domains in use in an area and in the bodies above it up to its Kreis."""
        if (known := self._platforms.get(area_code)) is None:
            near = [code for code in self.view.line.chain(area_code) if len(code) >= AreaLevel.KREIS]
            rows = self.view.store.entries(
                self.view.release.number, area_codes=[area_code, *near], minimum=DIGITAL
            )
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
    def _entries(self) -> Entries:
        return Entries(self.view)

    @cached_property
    def _earlier(self) -> _Earlier | None:
        """The release of 90 days before, or None."""
        try:
            then = self.view.ask.view(at=self.view.release.published_at - TREND)
        except NotFound:
            return None
        ended = Entries(then, ended_by=self.view.release.number)
        return _Earlier(then.release.number, fresh_sources(then), ended)


def reuse(view: ReleaseView, query: GapQuery, *, after: str = "", most: int = 5) -> Iterator[GapReuse]:
    """Yield gaps in their order, each with at most ``most`` solutions; ``after`` is a gap id."""
    advisor = Advisor(view)
    for gap in gaps(view, query, after=after):
        minimum = Evidence.from_label(gap.minimum)
        fits = advisor.fits(gap.service_key, gap.area_code, gap.body_code, minimum=minimum)
        yield GapReuse(gap, fits[:most])
