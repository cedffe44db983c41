"""The difference between two places: what would one need to equal the other, service by service.

A place is an area of any level or a cohort; of each only counts per service are known here. What is unknown
is never taken for lacking: it has to be found out first. Must not know what areas or services are called.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """What the first place has to do about one service to equal the second."""

    ADOPT = "adopt"
    """The model has an offer of its own; the first place needs one."""
    CONNECT = "connect"
    """The model is served from above it; the first place is not."""
    FIND_OUT = "find_out"
    """The first place may already equal the model: too much of it is unknown to tell."""
    CHANGE = "change"
    """Both are covered, by different procedures."""
    EQUAL = "equal"
    AHEAD = "ahead"
    NEITHER = "neither"


NEEDED = frozenset({Step.ADOPT, Step.CONNECT, Step.FIND_OUT})
"""Steps that stand between the first place and the second."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one service stands in one place, in owed cells and their inhabitants.

    ``own`` counts the covered cells with an offer of their own. ``procedures`` are the digital procedures in
    use, sorted, by name.
    """

    bodies: int
    covered: int
    own: int
    unknown: int
    people: int
    people_covered: int
    people_unknown: int
    procedures: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Covered share: of the inhabitants, of the bodies where nobody lives."""
        if self.people:
            return self.people_covered / self.people
        return self.covered / self.bodies if self.bodies else 0.0

    @property
    def possible_share(self) -> float:
        """Covered share if all that is unknown were covered."""
        if self.people:
            return (self.people_covered + self.people_unknown) / self.people
        return (self.covered + self.unknown) / self.bodies if self.bodies else 0.0


def step(place: Standing, model: Standing) -> Step:
    """Return what the first place has to do about a service that both owe to equal the model."""
    if place.share > model.share:
        return Step.AHEAD
    if place.share == model.share:
        if not model.covered:
            return Step.NEITHER
        return Step.EQUAL if set(place.procedures) == set(model.procedures) else Step.CHANGE
    if place.possible_share >= model.share and place.unknown:
        return Step.FIND_OUT
    return Step.ADOPT if model.own else Step.CONNECT
