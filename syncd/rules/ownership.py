"""A source speaks only within its scope: what is outside is a finding, not data.

Normalising refuses what a record states outside the scope of its source. Later a record may still come to a
service or an area it never stated – by a link, by a narrower scope, by an area that took over – so it is
asked once more before merging. Must not know where scopes are configured, nor how links are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.model.area import BUND_CODE, AreaLevel
from syncd.model.record import RecordKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.area import AreaKey
    from syncd.model.record import Claim, Scope
    from syncd.model.service import ServiceKey

_LENGTHS = tuple(int(level) for level in AreaLevel if level is not AreaLevel.BUND)


@dataclass(frozen=True, slots=True)
class Ownership:
    """The scopes of the configured sources, quick to ask for thousands of claims.

    A source that is not configured any more keeps its word until it is retired.
    """

    scopes: Mapping[str, Scope]
    codes: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, scopes: Mapping[str, Scope]) -> Ownership:
        """Return the ownership of these scopes, by source id."""
        return cls(scopes, {name: frozenset(a.code for a in scope.areas) for name, scope in scopes.items()})

    def owns_service(self, source_id: str, key: ServiceKey) -> bool:
        """Tell whether a source may speak for a service; its own local keys always."""
        scope = self.scopes.get(source_id)
        return scope is None or scope.allows_service(key)

    def owns(self, claim: Claim, moved: Mapping[str, AreaKey]) -> bool:
        """Tell whether a source may say what a claim says.

        ``moved`` maps codes of ended areas to their successors: the area as stated or as it is now will do.
        """
        scope = self.scopes.get(claim.source_id)
        if scope is None:
            return True
        return scope.allows_service(claim.service_key) and (
            # What a register says of a service is about no area.
            claim.kind is RecordKind.CATALOGUE
            or self._covers(claim.source_id, claim.area.code)
            or (claim.area.code in moved and self._covers(claim.source_id, moved[claim.area.code].code))
        )

    def _covers(self, source_id: str, code: str) -> bool:
        own = self.codes[source_id]
        return BUND_CODE in own or any(code[:length] in own for length in _LENGTHS if length <= len(code))
