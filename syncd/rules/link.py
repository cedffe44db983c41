"""Link claims to the areas of the effective register.

A claim's service key is its partition (which records count for a service: :mod:`syncd.rules.linkage`), and
its area is mapped along successions, so that nothing is lost when an area ends.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from syncd.model.record import RecordKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
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


def without_coarse(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """Leave out what ``000`` parents say where a record speaks of the service itself; order is kept."""
    if not any(claim.is_coarse for claim in claims):
        return tuple(claims)
    told = {claim.area.code for claim in claims if not claim.is_coarse and claim.kind is RecordKind.OFFER}
    return tuple(claim for claim in claims if not (claim.is_coarse and claim.area.code in told))


def _day_after(day: date) -> date:
    return day if day.toordinal() >= type(day).max.toordinal() else type(day).fromordinal(day.toordinal() + 1)


def _order(claim: Claim) -> tuple[str, str, str, str]:
    return (claim.service_key.value, claim.area.code, claim.source_id, claim.native_id)
