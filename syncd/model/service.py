"""Services and their keys.

The 14-digit Leistungsschlüssel (LeiKa) is text: ``99`` + 3 Leistungsgruppierung + 3 Leistungskennung +
3 Verrichtung + 3 Verrichtungsdetail. Source: FIM-Baustein Leistungen; the schema of the DLDB export states
that segment ``000`` stands for everything below it and that values above 900 hold inside one Land only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

KEY_LENGTH = 14
LOCAL_PREFIX = "local:"
_FEDERAL_PREFIX = "99"
_LAND_SPECIFIC_FROM = 900


@dataclass(frozen=True, order=True, slots=True)
class ServiceKey:
    """Key of one service: 14 digits, or ``local:<source>:<native id>`` for records without an official key.

    The local key space keeps keyless records visible without guessing what they are.
    """

    value: str

    def __post_init__(self) -> None:
        """Refuse anything that is neither form; raises ValueError."""
        official = len(self.value) == KEY_LENGTH and self.value.isascii() and self.value.isdigit()
        if not official and not self.value.startswith(LOCAL_PREFIX):
            message = f"not a service key: {self.value!r}"
            raise ValueError(message)

    @classmethod
    def local(cls, source_id: str, native_id: str) -> ServiceKey:
        """Return the key of a record that carries no official key."""
        return cls(f"{LOCAL_PREFIX}{source_id}:{native_id}")

    @property
    def is_local(self) -> bool:
        """True when the key was made here because the record has none."""
        return self.value.startswith(LOCAL_PREFIX)

    @property
    def is_federal(self) -> bool:
        """True for keys of the federal catalogue (prefix 99)."""
        return self.value.startswith(_FEDERAL_PREFIX)

    @property
    def is_land_specific(self) -> bool:
        """True when the key holds inside one Land only (other prefix, or a segment above 900)."""
        if self.is_local:
            return False
        segments = (self.value[2:5], self.value[5:8], self.value[8:11], self.value[11:14])
        return not self.is_federal or any(int(s) > _LAND_SPECIFIC_FROM for s in segments)

    @property
    def structure(self) -> str:
        """``lo`` (object), ``lov`` (with Verrichtung), ``lovd`` (with detail) or ``local``."""
        if self.is_local:
            return "local"
        if self.value[11:14] != "000":
            return "lovd"
        return "lov" if self.value[8:11] != "000" else "lo"

    @property
    def parents(self) -> tuple[ServiceKey, ...]:
        """Coarser keys that stand for this one, nearest first (detail zeroed, then Verrichtung)."""
        if self.is_local:
            return ()
        candidates = (self.value[:11] + "000", self.value[:8] + "000000")
        return tuple(ServiceKey(c) for c in dict.fromkeys(candidates) if c != self.value)

    def covers(self, other: ServiceKey) -> bool:
        """Tell whether this key stands for ``other`` (equal, or a ``000`` parent of it)."""
        return self == other or self in other.parents

    def __str__(self) -> str:
        """Return the bare key."""
        return self.value


class ServiceStatus(StrEnum):
    """Whether a service key is in use."""

    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Service:
    """One entry of the service register.

    ``typing`` holds codes of urn:de:fim:leika:typisierung (e.g. ``1``, ``2/3``, ``4b``); ``origin`` names
    where the entry comes from (``ozg-leika-2019-10`` for the shipped catalogue, else a source id) so that
    its age shows wherever the entry shows. ``replaced_by`` names the successors of a retired key,
    separated by commas.
    """

    key: ServiceKey
    name: str
    origin: str
    typing: tuple[str, ...] = ()
    ozg_id: int | None = None
    ozg_name: str | None = None
    situation: str | None = None
    """Lage of the OZG catalogue."""
    theme: str | None = None
    """Themenfeld of the OZG catalogue."""
    status: ServiceStatus = ServiceStatus.ACTIVE
    replaced_by: str | None = None
