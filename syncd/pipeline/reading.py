"""How a run read its documents: what a good run keeps of it, so that the next one knows what has changed.

Must not know how anything is fetched, judged or stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from syncd.pipeline.codec import canonical_json, short_hash
from syncd.pipeline.rebuild import RULES_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from syncd.pipeline.registry import Registry, SourcePlan


@dataclass(frozen=True, slots=True)
class Reading:
    """What a good run keeps of how it read its documents.

    ``conditions`` is a digest of all that decides what the same bytes mean, ``mapping`` the part of it that
    is not the operator's. ``unproven``: absent records were kept because nothing proved the listing complete.
    ``held_back``: listed records were not taken. ``position`` and ``statements`` are those of the ledger.
    """

    conditions: str
    mapping: str
    unproven: bool = False
    held_back: bool = False
    position: str = ""
    statements: int | None = None

    @classmethod
    def of(cls, details: Mapping[str, Any], mapping: str) -> Reading:
        """Return what the details of a good run say; ``mapping`` is used where they are older than that."""
        return cls(
            conditions=details.get("conditions", ""),
            mapping=details.get("mapping", mapping),
            unproven=bool(details.get("unproven")),
            held_back=bool(details.get("held_back")),
            position=details.get("position", ""),
            statements=details.get("statements"),
        )

    @property
    def details(self) -> dict[str, Any]:
        """Return it as details of a run; which records were held back stands there already."""
        kept: dict[str, Any] = {"conditions": self.conditions, "mapping": self.mapping}
        if self.unproven:
            kept["unproven"] = True
        if self.position:
            kept["position"] = self.position
        if self.statements is not None:
            kept["statements"] = self.statements
        return kept


def conditions_of(plan: SourcePlan, registry: Registry) -> str:
    """Return a digest of all that decides what the same bytes mean: scope, options, registers, rules."""
    return short_hash(
        canonical_json(
            {
                "rules": RULES_VERSION,
                "parser": [plan.parser, plan.parser_version],
                "options": plan.options,
                "areas": [a.code for a in plan.scope.areas],
                "services": sorted(plan.scope.services) if plan.scope.services is not None else None,
                "default_area": plan.default_area.code if plan.default_area else None,
                "register": registry.areas.digest,
                "names": short_hash(registry.areas.index.places.text.encode()).hex(),
            }
        )
    ).hex()


def mapping_of(plan: SourcePlan) -> str:
    """Return what turns bytes into claims, apart from the operator's own settings."""
    return f"rules {RULES_VERSION}, {plan.parser} {plan.parser_version}".rstrip()


def ledger_of(plan: SourcePlan, root: Path | None) -> Path | None:
    """Return the file of the source's ledger; None where none lives on.

    It is bound to what is asked for: another address or other settings begin another one.
    """
    if root is None or not plan.keeps_ledger:
        return None
    return root / plan.source_id / f"{plan.feed}.sqlite3"


def forget_other_ledgers(ledger: Path | None) -> None:
    """Remove the ledgers of what was asked for before the settings changed."""
    if ledger is not None:
        for path in ledger.parent.glob("*.sqlite3*"):
            if not path.name.startswith(ledger.name):
                path.unlink(missing_ok=True)
