"""Records, claims and scopes: what sources say, before and after normalisation."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from syncd.model.linkage import LinkMethod

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from syncd.model.area import AreaKey
    from syncd.model.evidence import Channel
    from syncd.model.service import ServiceKey


class RecordKind(StrEnum):
    """What a record states.

    ``offer``: a service exists in areas. ``catalogue``: what the service register says of a key (name, types,
    bundle, status); it is nowhere an offer and names no area.
    """

    OFFER = "offer"
    CATALOGUE = "catalogue"


@dataclass(frozen=True, slots=True)
class RecordPart:
    """One part of an offer that holds in areas of its own: who is competent there and which ways there are.

    Why: one description is often shared by thousands of municipalities, each with its own authority or
    online service. ``areas`` are raw texts, as in :class:`Record`.
    """

    areas: tuple[str, ...]
    authority: str | None = None
    authority_id: str | None = None
    provider_area: str | None = None
    channels: tuple[Channel, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One item of a snapshot as the connector read it: texts are the source's own, nothing is guessed.

    ``native_id`` is opaque and unique inside the source. ``service_keys`` and ``areas`` are raw texts
    (dotted, padded, several in one field, words); normalisation decides what they mean. ``provider_area`` is
    the raw area of the body that provides the offer, where it differs from the area it is valid in (an
    inherited federal offer in a municipal list). With ``parts``, each part adds its own areas, authority and
    channels; those of the record itself hold in the record's own ``areas`` only. ``facts`` are further
    statements that are kept with the claims without being merged (at most 32 short texts; the names of those
    the house understands: :mod:`syncd.model.facts`). ``leftover`` keeps fields the connector does not know,
    by name.
    """

    native_id: str
    title: str
    service_keys: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    description: str | None = None
    authority: str | None = None
    authority_id: str | None = None
    provider_area: str | None = None
    channels: tuple[Channel, ...] = ()
    typing: tuple[str, ...] = ()
    language: str = "de"
    valid_from: date | None = None
    valid_to: date | None = None
    changed_at: datetime | None = None
    """Stamp of the source; a hint only, never part of the content hash."""
    page_url: str | None = None
    kind: RecordKind = RecordKind.OFFER
    parts: tuple[RecordPart, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    leftover: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """A normalised statement: source S says service K exists in area A through these channels.

    Shape: one claim per (record, service key, area, part). ``provider`` is the body's area when it is not
    ``area``. A claim of kind ``catalogue`` states nothing about its area, which is then the Bund's.
    """

    source_id: str
    native_id: str
    service_key: ServiceKey
    area: AreaKey
    title: str
    description: str | None = None
    authority: str | None = None
    authority_id: str | None = None
    provider: AreaKey | None = None
    channels: tuple[Channel, ...] = ()
    typing: tuple[str, ...] = ()
    language: str = "de"
    valid_from: date | None = None
    valid_to: date | None = None
    page_url: str | None = None
    kind: RecordKind = RecordKind.OFFER
    facts: tuple[tuple[str, str], ...] = ()
    """Sorted by name."""
    linked_by: str = ""
    """:class:`~syncd.model.linkage.LinkMethod` by which the record counts here; empty: it states the key."""

    @property
    def is_coarse(self) -> bool:
        """True where a ``000`` parent speaks for this service: something is described, never how far."""
        return self.linked_by == LinkMethod.HIERARCHY


@dataclass(frozen=True, slots=True)
class Scope:
    """Which areas × services a source may speak for, and whether its silence means absence.

    ``services`` None means every service; otherwise exact keys. A claim outside is a finding, not data.
    """

    areas: tuple[AreaKey, ...]
    services: frozenset[str] | None = None
    silence_means_absence: bool = False

    def allows_area(self, area: AreaKey) -> bool:
        """Tell whether the source may speak for that area."""
        return any(own.covers(area) for own in self.areas)

    def allows_service(self, key: ServiceKey) -> bool:
        """Tell whether the source may speak for that service; local keys are always its own."""
        return self.services is None or key.is_local or key.value in self.services
