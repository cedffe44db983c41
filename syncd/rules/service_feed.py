"""The service register as sources extend it: what a current catalogue says comes before the shipped one.

Field by field, because a catalogue that leaves something open does not take it back. Source: Leistungskatalog
of the FIM portal; statuses of urn:xoev-de:xprozess:codeliste:status (7 inactive, 8 to be deleted). Must not
know where records are stored.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from syncd.model import facts
from syncd.model.record import RecordKind
from syncd.model.service import Service, ServiceStatus
from syncd.rules.services import KNOWN_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncd.model.record import Claim

# Five digits so far; a number that no column and no JSON can hold must not stop every rebuild.
_OZG_ID = re.compile(r"[0-9]{1,9}")


def extended(base: Mapping[str, Service], claims: Iterable[Claim]) -> dict[str, Service]:
    """Return the register with what catalogue claims say of official keys.

    ``claims`` come in order of preference: the first source to name a key speaks for it.
    """
    services = dict(base)
    fed: set[str] = set()
    for claim in claims:
        key = claim.service_key
        if claim.kind is RecordKind.CATALOGUE and not key.is_local and key.value not in fed:
            fed.add(key.value)
            services[key.value] = _fed(claim, base.get(key.value))
    return services


def _fed(claim: Claim, before: Service | None) -> Service:
    said = dict(claim.facts)
    ozg_id = said.get(facts.OZG_ID, "").split(facts.LIST_SEPARATOR)[0].strip()
    known = before or Service(claim.service_key, claim.title, claim.source_id)
    return Service(
        key=claim.service_key,
        name=claim.title,
        origin=claim.source_id,
        typing=tuple(code for code in KNOWN_TYPES if code in claim.typing) or known.typing,
        ozg_id=int(ozg_id) if _OZG_ID.fullmatch(ozg_id) else known.ozg_id,
        ozg_name=_words(said.get(facts.OZG_NAME)) or known.ozg_name,
        situation=_words(said.get(facts.SITUATION)) or known.situation,
        theme=_words(said.get(facts.THEME)) or known.theme,
        status=ServiceStatus.RETIRED if said.get(facts.STATUS) in facts.RETIRED_STATUS else known.status,
        replaced_by=_words(said.get(facts.REPLACED_BY)) or known.replaced_by,
    )


def _words(listed: str | None) -> str | None:
    items = (item.strip() for item in (listed or "").split(facts.LIST_SEPARATOR))
    return ", ".join(item for item in items if item) or None
