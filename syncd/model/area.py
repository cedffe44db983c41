"""Areas: keys, levels and register entries.

Source of the rules: Amtlicher Regionalschlüssel (ARS) and GV100AD record description of the Statistisches
Bundesamt. This module must not know where areas are stored or how the register file is laid out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


class AreaLevel(IntEnum):
    """Level of an area; the value is the number of significant ARS digits."""

    BUND = 0
    LAND = 2
    BEZIRK = 3
    REGION = 4
    KREIS = 5
    VERBAND = 9
    GEMEINDE = 12


class AreaKind(StrEnum):
    """Kind of an area after the Textkennzeichen of GV100AD, grouped to what obligations need."""

    BUND = "bund"
    LAND = "land"
    BEZIRK = "bezirk"
    REGION = "region"
    LANDKREIS = "landkreis"
    KREISFREIE_STADT = "kreisfreie_stadt"
    """On Kreis level and on Gemeinde level: the same body under the same ARS."""
    VERBAND = "verband"
    GEMEINDE = "gemeinde"
    """A municipality inside a Kreis, whatever its title (Stadt, Markt, Gemeinde)."""
    GEMEINDEFREI = "gemeindefrei"
    """Unincorporated area; it has no administration and owes nothing."""


@dataclass(frozen=True, order=True, slots=True)
class AreaKey:
    """An ARS cut to the digits of its level, so that the level is explicit.

    ``code`` is ``"00"`` for the Bund, then 2 (Land), 3 (Regierungsbezirk), 4 (Region), 5 (Kreis),
    9 (Gemeindeverband) or 12 digits (Gemeinde). A kreisfreie Stadt exists twice, as Kreis ``06414`` and
    as Gemeinde ``064140000000``; trailing zeros alone would not tell them apart.
    """

    code: str

    def __post_init__(self) -> None:
        """Refuse anything that is not a cut ARS; raises ValueError."""
        if not (self.code.isascii() and self.code.isdigit()) or len(self.code) not in _LEVEL_BY_LENGTH:
            message = f"not an area code: {self.code!r}"
            raise ValueError(message)

    @property
    def level(self) -> AreaLevel:
        """Level, from the length of the code."""
        return AreaLevel.BUND if self.code == BUND_CODE else _LEVEL_BY_LENGTH[len(self.code)]

    @property
    def ars(self) -> str:
        """The official form: 12 digits, right-padded with zeros."""
        return self.code.ljust(12, "0")

    def covers(self, other: AreaKey) -> bool:
        """Tell whether ``other`` lies in this area by key alone (the same area counts)."""
        return self.code == BUND_CODE or other.code.startswith(self.code)

    def __str__(self) -> str:
        """Return the cut code."""
        return self.code


BUND_CODE = "00"
_LEVEL_BY_LENGTH = {
    2: AreaLevel.LAND,
    3: AreaLevel.BEZIRK,
    4: AreaLevel.REGION,
    5: AreaLevel.KREIS,
    9: AreaLevel.VERBAND,
    12: AreaLevel.GEMEINDE,
}


@dataclass(frozen=True, slots=True)
class Area:
    """One entry of the area register.

    ``population`` is the official count of inhabitants (0 for unincorporated areas; for levels above the
    municipality the sum of the municipalities). ``seat_postcode`` is None when the area has several.
    ``successor`` is the code of the area that took over when ``valid_to`` passed.
    """

    key: AreaKey
    name: str
    kind: AreaKind
    population: int
    ags: str | None = None
    seat: str | None = None
    seat_postcode: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    successor: str | None = None

    @property
    def code(self) -> str:
        """Short for ``key.code``."""
        return self.key.code


@dataclass(frozen=True, slots=True)
class Succession:
    """One area ends and another takes over its claims, decisions and history from a day on."""

    from_code: str
    to_code: str
    on: date
    reason: str


@dataclass(frozen=True, order=True, slots=True)
class AreaAlias:
    """Another name of an area, decided by the operator; it holds wherever the area is in scope."""

    name: str
    code: str
    reason: str = ""
