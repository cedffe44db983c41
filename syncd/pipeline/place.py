"""A place somebody names: one area, or a cohort of areas, and the cells that speak for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from syncd.errors import NotFound
from syncd.pipeline.running import bodies_in

if TYPE_CHECKING:
    import numpy.typing as npt

    from syncd.model.area import Area
    from syncd.model.coverage import Tier
    from syncd.pipeline.ask import ReleaseView


@dataclass(frozen=True, slots=True)
class Place:
    """One area or the areas of a cohort. ``name`` is how to call it."""

    name: str
    areas: tuple[Area, ...]

    def cells(
        self, view: ReleaseView, line: Tier, *, above: bool = False
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """Return which cells of a line belong to the place (bool), and the inhabitants counted in each.

        ``above``: an area that is only a part of one body counts with that body's cell and its own
        inhabitants, because that is what holds for the people there (a municipality on the line of Kreise).
        """
        tier = view.line.tier(line)
        mask = np.zeros(len(tier), dtype=np.bool_)
        people = np.zeros(len(tier), dtype=np.int64)
        parts: list[tuple[int, int]] = []
        for area in self.areas:
            start, stop = bodies_in(view, area, line)
            mask[start:stop] = True
            if start == stop and above:
                position = tier.index.get(view.line.body(area.code, line))
                if position is not None:
                    parts.append((position, area.population))
        people[mask] = tier.population[mask]
        whole = mask.copy()
        for position, population in parts:
            if not whole[position]:
                mask[position] = True
                people[position] += population
        return mask, people


def place_of(view: ReleaseView, text: str) -> Place:
    """Return the cohort of that id, or else the area of that name; raises NotFound."""
    for cohort in view.ask.registry.cohorts:
        if cohort.cohort_id == text:
            found = tuple(area for code in cohort.areas if (area := _member(view, code)) is not None)
            return Place(cohort.title, found)
    area = view.area(text)
    return Place(area.name, (area,))


def _member(view: ReleaseView, code: str) -> Area | None:
    """Return an area of a cohort, or None where the register of the release does not have it."""
    try:
        return view.area(code)
    except NotFound:
        return None


def subject_of(view: ReleaseView, text: str) -> str:
    """Return the one name of a place: the id of a cohort or the code of an area; raises NotFound."""
    if any(cohort.cohort_id == text for cohort in view.ask.registry.cohorts):
        return text
    return view.area(text).code
