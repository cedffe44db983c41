"""Obligations as a kept document: any old release can be explained with the duties it was assessed by."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import orjson

from syncd.model.coverage import Duty, Obligation, Tier
from syncd.model.evidence import Evidence
from syncd.pipeline.codec import canonical_json
from syncd.pipeline.registry import resolve_duty

if TYPE_CHECKING:
    from syncd.pipeline.registry import Registry


def encode_obligations(registry: Registry) -> bytes:
    """Return canonical JSON of all obligations with typed duties resolved to exact keys."""
    return canonical_json(
        [
            {
                "id": obligation.obligation_id,
                "title": obligation.title,
                "note": obligation.note,
                "duties": [
                    {
                        "name": duty.name,
                        "line": duty.line.value,
                        "owed_by": duty.owed_by.value,
                        "minimum": duty.minimum.label,
                        "from": duty.from_on.isoformat(),
                        "legal_ground": duty.legal_ground,
                        "services": sorted(resolve_duty(duty, registry.services).services),
                        "areas": list(duty.areas),
                    }
                    for duty in obligation.duties
                ],
            }
            for obligation in registry.obligations
        ]
    )


def decode_obligations(body: bytes) -> tuple[Obligation, ...]:
    """Return the obligations of a kept document."""
    return tuple(
        Obligation(
            obligation_id=item["id"],
            title=item["title"],
            note=item["note"],
            duties=tuple(
                Duty(
                    name=duty["name"],
                    line=Tier(duty["line"]),
                    owed_by=Tier(duty["owed_by"]),
                    minimum=Evidence.from_label(duty["minimum"]),
                    from_on=date.fromisoformat(duty["from"]),
                    legal_ground=duty["legal_ground"],
                    services=frozenset(duty["services"]),
                    areas=tuple(duty["areas"]),
                )
                for duty in item["duties"]
            ),
        )
        for item in orjson.loads(body)
    )
