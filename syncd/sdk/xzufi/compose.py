"""From the ledger to pieces: one per description, with everybody who is competent for it and where.

A piece holds all that decides its record as canonical JSON, so that an unchanged one is never parsed. What
could not be used is counted and said once. Must not know: documents.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from syncd.sdk.parsing import Slice
from syncd.sdk.records import Severity
from syncd.sdk.xzufi.collect import ORPHANS, take_counted
from syncd.sdk.xzufi.names import (
    AUTHORITY,
    CONTACT,
    OWNERS,
    RESPONSIBLE,
    SERVICE,
    SPECIALISATION,
    UNKNOWN_OWNER,
)
from syncd.sdk.xzufi.values import AREA_SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.sdk.ledger import Competence, Ledger
    from syncd.sdk.parsing import ParseContext

_EXAMPLES = 3


def compose(ledger: Ledger, context: ParseContext) -> Iterator[Slice]:
    """Yield the piece of each description that is valid somewhere, by id.

    Findings, each with its number: ``xzufi_service_without_area`` (described, but nobody is competent and no
    area of validity is named: no record), ``xzufi_dangling_reference``, ``xzufi_unknown_role``,
    ``xzufi_orphan_deletes`` and ``xzufi_specialisations``.
    """
    tally = _Tally()
    for service_id, body in ledger.objects(SERVICE):
        piece = _piece(ledger, service_id, body, tally)
        if piece is not None:
            yield piece
    tally.add("xzufi_orphan_deletes", number=take_counted(ledger)[ORPHANS])
    tally.add("xzufi_specialisations", number=sum(1 for _ in ledger.objects(SPECIALISATION)))
    for service_id in ledger.missing_services(SERVICE):
        tally.add("xzufi_dangling_reference", f"{SERVICE} {service_id}")
    tally.report(context)


def _piece(ledger: Ledger, service_id: str, body: bytes, tally: _Tally) -> Slice | None:
    own: list[str] = orjson.loads(body).get("areas", [])
    parts = [
        part
        for competence in ledger.competences((SERVICE, service_id))
        if (part := _part(ledger, competence, own, service_id, tally)) is not None
    ]
    if not parts and not own:
        tally.add("xzufi_service_without_area", service_id)
        return None
    raw = {"id": service_id, "service": orjson.Fragment(body), "parts": parts}
    return Slice(orjson.dumps(raw, option=orjson.OPT_SORT_KEYS), service_id)


def _part(
    ledger: Ledger, competence: Competence, own: list[str], service_id: str, tally: _Tally
) -> list[Any] | None:
    """Return ``[class, id, role, areas, body]`` of one owner; None where it states nothing."""
    kind, owner_id, body = competence.owner_kind, competence.owner_id, competence.body
    if kind == UNKNOWN_OWNER:
        kind, body = _look_for(ledger, owner_id)
    if body is None:
        tally.add("xzufi_dangling_reference", f"{kind} {owner_id}")
        # An online service or form nobody has seen is no way to do anything. An authority that was not
        # delivered still shows that the service exists there.
        if kind != AUTHORITY:
            return None
    if kind == AUTHORITY and competence.role not in {RESPONSIBLE, CONTACT}:
        tally.add("xzufi_unknown_role", f"{competence.role}: {owner_id}")
    areas = sorted({area for text in competence.areas for area in text.split(AREA_SEPARATOR) if area})
    # A competence without an area holds wherever the description does.
    areas = areas or own
    if not areas:
        tally.add("xzufi_service_without_area", f"{service_id}, {kind} {owner_id}")
        return None
    return [kind, owner_id, competence.role, areas, orjson.Fragment(body or b"{}")]


def _look_for(ledger: Ledger, owner_id: str) -> tuple[str, bytes | None]:
    for kind in OWNERS:
        body = ledger.get(kind, owner_id)
        if body is not None:
            return kind, body
    return UNKNOWN_OWNER, None


_SENTENCES = {
    "xzufi_service_without_area": (
        "Descriptions or competences name no area, and nobody else does: they are no records.",
        Severity.WARNING,
        "Enter who is competent and where, or the area in which the description is valid.",
    ),
    "xzufi_dangling_reference": (
        "Competences refer to objects that were not delivered.",
        Severity.WARNING,
        "Have the editorial system deliver the objects, or delete the competences.",
    ),
    "xzufi_unknown_role": (
        "Authorities have a role whose meaning is not known; only the area is used.",
        Severity.WARNING,
        "",
    ),
    "xzufi_orphan_deletes": (
        "Deletes name objects that were never seen; PVOG sends them by the million, and they do nothing.",
        Severity.NOTE,
        "",
    ),
    "xzufi_specialisations": (
        "Specialisations change texts of a service for an area; the texts of the service itself are used.",
        Severity.NOTE,
        "",
    ),
}


@dataclass(slots=True)
class _Tally:
    """Numbers by finding, and the first few examples of each."""

    numbers: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, finding: str, example: str = "", *, number: int = 1) -> None:
        self.numbers[finding] += number
        shown = self.examples.setdefault(finding, [])
        if example and len(shown) < _EXAMPLES:
            shown.append(example)

    def report(self, context: ParseContext) -> None:
        for finding, number in sorted(self.numbers.items()):
            if number:
                message, severity, fix = _SENTENCES[finding]
                shown = ", ".join(self.examples[finding])
                value = f"{number}, such as {shown}" if shown else str(number)
                context.issue(finding, message, value=value, severity=severity, fix=fix)
