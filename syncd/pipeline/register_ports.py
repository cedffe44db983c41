"""The part of the store's port that keeps registers and inputs of releases; plain calls, no technology."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from syncd.model.area import Area


class RegisterStore(Protocol):
    """What is kept so that any release can be explained later."""

    def put_edition(self, label: str, digest: str, areas: Iterable[Area], *, now: datetime) -> int:
        """Store an edition of the area register once per digest and return its id."""

    def edition_areas(self, edition_id: int) -> tuple[Area, ...]:
        """Return the areas of an edition sorted by code."""

    def edition_by_digest(self, digest: str) -> int:
        """Return the id of a stored edition; raises NotFound."""

    def put_document(self, digest: str, body: bytes) -> None:
        """Keep an input (obligations, scopes) by digest, so that any release can be explained later."""

    def document(self, digest: str) -> bytes:
        """Return a kept input; raises NotFound."""
