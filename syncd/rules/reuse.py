"""Which solution that already runs elsewhere fits a gap, and why: points with reasons.

The weights are ours and stand in one table; they add up to 100. Nothing is estimated: a criterion the data
says nothing about gives no points and says so. A solution is all offers of one procedure for one service key.
Must not know where offers are stored, nor words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from syncd.model.area import BUND_CODE
from syncd.model.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from syncd.rules.procedures import Offer, Procedure

    _Said = tuple[str, Mapping[str, str | int]]

POINTS: Final[Mapping[str, int]] = {
    "same_key": 25,
    "same_action": 10,
    "same_land": 15,
    "same_district": 5,
    "same_engine": 10,
    "same_domain": 10,
    "own_solution": 10,
    "similar_size": 10,
    "roughly_similar_size": 5,
    "efa": 5,
    "end_to_end": 10,
    "online_service": 7,
    "online_form": 3,
    "many_adopters": 5,
    "some_adopters": 3,
    "growing": 5,
}
"""Points per reason; ``same_action``, the two of size and lower rungs stand in for a better one."""
FULL: Final = 100
_ACTION_DIGITS = 11
_LAND_DIGITS, _KREIS_DIGITS = 2, 5
_SIMILAR, _ROUGHLY = 2, 5
_MANY, _SOME = 20, 3
_RUNGS: Final[Mapping[Evidence, str]] = {
    Evidence.END_TO_END: "end_to_end",
    Evidence.ONLINE_SERVICE: "online_service",
    Evidence.ONLINE_FORM: "online_form",
}


@dataclass(frozen=True, slots=True)
class Solution:
    """One procedure that runs for a service key.

    ``bodies`` are the codes of the bodies that offer it, sorted; ``bodies_before`` how many were known at the
    earlier release, None without one. ``url`` is the link of the first body, as an example.
    """

    service_key: str
    procedure: Procedure
    evidence: Evidence
    url: str
    bodies: tuple[str, ...]
    efa: bool = False
    bodies_before: int | None = None

    @property
    def name(self) -> str:
        """The procedure's name."""
        return self.procedure.name


@dataclass(frozen=True, slots=True)
class Applicant:
    """The body that lacks a service: its code and inhabitants, the engines and domains it already uses."""

    service_key: str
    area_code: str
    people: int
    engines: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why points were given (or not: 0); ``values`` fill the words."""

    code: str
    points: int
    values: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fit:
    """A solution with its points of 100 and the reasons, most points first."""

    solution: Solution
    points: int
    reasons: tuple[Reason, ...]


def solutions(
    service_key: str, offers: Iterable[Offer], before: Mapping[Procedure, int] | None = None
) -> tuple[Solution, ...]:
    """Group the offers of one service key by procedure, sorted by procedure.

    ``before`` counts the bodies per procedure at an earlier release; None when there is none to compare with.
    """
    groups: dict[Procedure, list[Offer]] = {}
    for offer in offers:
        groups.setdefault(offer.procedure, []).append(offer)
    found = []
    for procedure, group in sorted(groups.items(), key=lambda item: _order_of(item[0])):
        first = min(group, key=lambda offer: (offer.body_code, offer.area_code, offer.url))
        found.append(
            Solution(
                service_key,
                procedure,
                max(offer.evidence for offer in group),
                first.url,
                tuple(sorted({offer.body_code for offer in group})),
                efa=any(offer.efa for offer in group),
                bodies_before=None if before is None else before.get(procedure, 0),
            )
        )
    return tuple(found)


def _order_of(procedure: Procedure) -> tuple[str, str, str]:
    # As the procedures themselves sort; made once per procedure rather than at every comparison.
    return procedure.engine, procedure.host, procedure.process


def is_variant(key: str, other: str) -> bool:
    """Tell whether two official keys name the same action in another variant (the last three digits)."""
    return key != other and key[:_ACTION_DIGITS] == other[:_ACTION_DIGITS] and key.isdigit()


def rank(found: Iterable[Solution], applicant: Applicant, people_of: Mapping[str, int]) -> tuple[Fit, ...]:
    """Return the solutions by fit, best first; equal ones by number of bodies, key and procedure.

    ``people_of`` gives the inhabitants of bodies by code.
    """
    fits = (fit(solution, applicant, people_of) for solution in found)
    return tuple(
        sorted(
            fits,
            key=lambda f: (
                -f.points,
                -len(f.solution.bodies),
                f.solution.service_key,
                _order_of(f.solution.procedure),
            ),
        )
    )


def best(found: Iterable[Solution], applicant: Applicant, people_of: Mapping[str, int]) -> Fit | None:
    """Return the first of :func:`rank` without words for all the others; None where there is no solution."""
    first = min(
        found,
        key=lambda solution: (
            -sum(POINTS.get(code, 0) for code, _ in _said_of(solution, applicant, people_of)),
            -len(solution.bodies),
            solution.service_key,
            _order_of(solution.procedure),
        ),
        default=None,
    )
    return fit(first, applicant, people_of) if first is not None else None


def fit(solution: Solution, applicant: Applicant, people_of: Mapping[str, int]) -> Fit:
    """Return points and reasons of one solution for one body."""
    said = _said_of(solution, applicant, people_of)
    reasons = [Reason(code, POINTS.get(code, 0), values) for code, values in said]
    reasons.sort(key=lambda reason: (-reason.points, reason.code))
    return Fit(solution, sum(reason.points for reason in reasons), tuple(reasons))


def _said_of(solution: Solution, applicant: Applicant, people_of: Mapping[str, int]) -> Iterator[_Said]:
    """Yield code and values of each reason; codes without points of their own give none."""
    yield _of_key(solution, applicant)
    yield from _of_place(solution, applicant)
    yield from _of_technology(solution, applicant)
    yield from _of_size(solution, applicant, people_of)
    yield ("efa" if solution.efa else "efa_not_stated"), {}
    yield _RUNGS.get(solution.evidence, "no_online_rung"), {}
    yield from _of_spread(solution)


def _of_key(solution: Solution, applicant: Applicant) -> _Said:
    if solution.service_key == applicant.service_key:
        return "same_key", {}
    if is_variant(applicant.service_key, solution.service_key):
        return "same_action", {"key": solution.service_key}
    return "other_key", {"key": solution.service_key}


def _of_place(solution: Solution, applicant: Applicant) -> Iterator[_Said]:
    land, district = applicant.area_code[:_LAND_DIGITS], applicant.area_code[:_KREIS_DIGITS]
    of_land = [code for code in solution.bodies if code == BUND_CODE or code.startswith(land)]
    if of_land:
        yield "same_land", {"bodies": len(of_land)}
    else:
        yield "other_land", {}
    if len(district) == _KREIS_DIGITS and any(code.startswith(district) for code in solution.bodies):
        yield "same_district", {}


def _of_technology(solution: Solution, applicant: Applicant) -> Iterator[_Said]:
    engine, domain = solution.procedure.engine, solution.procedure.domain
    if engine and engine in applicant.engines:
        yield "same_engine", {"engine": engine}
    if domain in applicant.domains:
        yield "same_domain", {"domain": domain}


def _of_size(solution: Solution, applicant: Applicant, people_of: Mapping[str, int]) -> Iterator[_Said]:
    if applicant.area_code in solution.bodies:
        yield "own_solution", {}
        return
    sizes = [people_of[code] for code in solution.bodies if people_of.get(code)]
    if not sizes or not applicant.people:
        return
    ratios = [max(size, applicant.people) / min(size, applicant.people) for size in sizes]
    nearest = sizes[ratios.index(min(ratios))]
    if min(ratios) <= _SIMILAR:
        yield "similar_size", {"people": nearest}
    elif min(ratios) <= _ROUGHLY:
        yield "roughly_similar_size", {"people": nearest}


def _of_spread(solution: Solution) -> Iterator[_Said]:
    number = len(solution.bodies)
    if number >= _MANY:
        yield "many_adopters", {"bodies": number}
    elif number >= _SOME:
        yield "some_adopters", {"bodies": number}
    else:
        yield "few_adopters", {"bodies": number}
    if solution.bodies_before is None:
        yield "trend_unknown", {}
    elif number > solution.bodies_before:
        yield "growing", {"before": solution.bodies_before, "bodies": number}
