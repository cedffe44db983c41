"""Link claims to the areas of the effective register.

In this house linking is by exact keys and official ids only: a claim's service key is its partition, and its
area is mapped along successions, so that nothing is lost when an area ends. Records without a key stay apart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from syncd.model.area import AreaKey
    from syncd.model.record import Claim


def link(
    claims: Iterable[Claim], *, moved: Mapping[str, AreaKey], on: date
) -> tuple[tuple[Claim, ...], date | None]:
    """Return the claims valid on a day with current areas, sorted, and the next day on which that changes.

    ``moved`` maps codes of ended areas to their present successors.
    """
    current: list[Claim] = []
    boundaries: list[date] = []
    for claim in claims:
        if claim.valid_from and claim.valid_from > on:
            boundaries.append(claim.valid_from)
            continue
        if claim.valid_to:
            if claim.valid_to < on:
                continue
            boundaries.append(_day_after(claim.valid_to))
        area = moved.get(claim.area.code, claim.area)
        provider = moved.get(claim.provider.code, claim.provider) if claim.provider else None
        current.append(
            claim
            if area is claim.area and provider is claim.provider
            else replace(claim, area=area, provider=provider)
        )
    current.sort(key=_order)
    return tuple(current), min(boundaries, default=None)


def _day_after(day: date) -> date:
    return day if day.toordinal() >= type(day).max.toordinal() else type(day).fromordinal(day.toordinal() + 1)


def _order(claim: Claim) -> tuple[str, str, str, str]:
    return (claim.service_key.value, claim.area.code, claim.source_id, claim.native_id)
