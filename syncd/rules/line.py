"""The line: municipalities in ARS order, on which every area is an interval.

Why: a claim for an area paints an interval, so coverage of all Germany is slicing and inhabitants are a
difference of prefix sums (numpy) instead of millions of joined rows. Kreise, Länder and the Bund form coarser
lines over the same positions.

Must not know: services, claims, states, or where the register is stored.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from syncd.errors import InvariantViolated
from syncd.model.area import BUND_CODE, Area, AreaKind, AreaLevel
from syncd.model.coverage import Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

_Item = TypeVar("_Item", bound=np.generic)

_LENGTH_OF_TIER = {Tier.LAND: 2, Tier.KREIS: 5, Tier.GEMEINDE: 12}
_PREFIX_LENGTHS = (9, 5, 4, 3, 2)
_AFTER_DIGITS = ":"  # the character after "9": sorts behind every continuation of a prefix


@dataclass(frozen=True, slots=True, eq=False)
class TierLine:
    """The bodies of one tier in ARS order, as intervals on the municipality line.

    ``starts`` and ``stops`` are int32 positions on the municipality line (stop exclusive), ``population``
    int64 inhabitants, ``owes`` bool (False for unincorporated areas), each of shape (len(codes),).
    ``index`` gives the position of a code.
    """

    tier: Tier
    codes: tuple[str, ...]
    starts: npt.NDArray[np.int32]
    stops: npt.NDArray[np.int32]
    population: npt.NDArray[np.int64]
    owes: npt.NDArray[np.bool_]
    index: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.codes)


class AreaLine:
    """Municipalities of an effective register in ARS order, unincorporated areas included.

    ``codes`` are 12-digit ARS, ``population`` int64 inhabitants and ``owes`` bool (False for unincorporated
    areas) have shape (len(codes),). The arrays are read-only.
    """

    def __init__(self, areas: Mapping[str, Area], codes: tuple[str, ...]) -> None:
        """Use :meth:`build`."""
        self.codes = codes
        self.population = _frozen(np.array([areas[c].population for c in codes], dtype=np.int64))
        self.owes = _frozen(
            np.array([areas[c].kind is not AreaKind.GEMEINDEFREI for c in codes], dtype=np.bool_)
        )
        self._areas = areas
        self._sums = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(self.population)])
        self._intervals = {code: self._find(code) for code in areas}
        self._tiers = {tier: self._build_tier(tier) for tier in Tier}

    @classmethod
    def build(cls, areas: Sequence[Area]) -> AreaLine:
        """Build the line of an effective register; raises InvariantViolated when a code occurs twice."""
        by_code = {area.key.code: area for area in areas}
        if len(by_code) != len(areas):
            message = f"{len(areas) - len(by_code)} area codes occur more than once"
            raise InvariantViolated(message, where="area register")
        codes = sorted(c for c, area in by_code.items() if area.key.level is AreaLevel.GEMEINDE)
        return cls(MappingProxyType(by_code), tuple(codes))

    def __reduce__(self) -> tuple[Callable[[Sequence[Area]], AreaLine], tuple[Sequence[Area]]]:
        """Go to another process as the areas alone; the rest is built from them there."""
        return AreaLine.build, (tuple(self._areas.values()),)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def areas(self) -> Mapping[str, Area]:
        """All areas of all levels by code."""
        return self._areas

    def area(self, code: str) -> Area | None:
        """Return the register entry of a code."""
        return self._areas.get(code)

    def interval(self, code: str) -> tuple[int, int] | None:
        """Return (start, stop) of an area of any level on the line, or None for an unknown code."""
        return self._intervals.get(code)

    def _find(self, code: str) -> tuple[int, int]:
        if code == BUND_CODE:
            return 0, len(self.codes)
        start = bisect_left(self.codes, code)
        return start, bisect_left(self.codes, code + _AFTER_DIGITS, lo=start)

    def chain(self, code: str) -> tuple[str, ...]:
        """Return the ancestors that exist, nearest first, ending with the Bund; empty for the Bund itself."""
        if code == BUND_CODE:
            return ()
        prefixes = (code[:n] for n in _PREFIX_LENGTHS if n < len(code))
        return (*(p for p in prefixes if p in self._areas), BUND_CODE)

    def people(self, start: int, stop: int) -> int:
        """Return the inhabitants of positions start to stop (exclusive)."""
        return int(self._sums[stop] - self._sums[start])

    def tier(self, tier: Tier) -> TierLine:
        """Return the line of a tier; the one of ``gemeinde`` has the positions of this line."""
        return self._tiers[tier]

    def _build_tier(self, tier: Tier) -> TierLine:
        if tier is Tier.BUND:
            codes: tuple[str, ...] = (BUND_CODE,) if BUND_CODE in self._areas else ()
        else:
            length = _LENGTH_OF_TIER[tier]
            codes = tuple(sorted(c for c in self._areas if len(c) == length and c != BUND_CODE))
        spans = np.array([self._intervals[c] for c in codes], dtype=np.int32).reshape(len(codes), 2)
        starts, stops = np.ascontiguousarray(spans[:, 0]), np.ascontiguousarray(spans[:, 1])
        owing = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(self.owes)])
        return TierLine(
            tier=tier,
            codes=codes,
            starts=_frozen(starts),
            stops=_frozen(stops),
            population=_frozen(self._sums[stops] - self._sums[starts]),
            owes=_frozen(owing[stops] > owing[starts]),
            index=MappingProxyType({code: i for i, code in enumerate(codes)}),
        )

    def tier_slice(self, tier: Tier, code: str) -> tuple[int, int]:
        """Return (start, stop) of the bodies of a tier that lie inside an area.

        Empty (start == stop) for an unknown code and for an area that is only a part of one body.
        """
        interval = self._intervals.get(code)
        if interval is None:
            return 0, 0
        line = self._tiers[tier]
        start = int(np.searchsorted(line.starts, interval[0], side="left"))
        stop = int(np.searchsorted(line.stops, interval[1], side="right"))
        return start, max(start, stop)

    def body(self, code: str, tier: Tier) -> str:
        """Return the body of a tier that is responsible for an area.

        Of a municipality: its Kreis, its Land, the Bund, or itself. An area above the tier answers for
        itself, because nobody on the tier stands for all of it; where the register has no body on the tier,
        the next one above answers.
        """
        if tier is Tier.BUND or code == BUND_CODE:
            return BUND_CODE
        length = _LENGTH_OF_TIER[tier]
        if len(code) <= length or code[:length] in self._areas:
            return code[:length]
        # Coastal waters and the joint German-Luxembourgish territory lie in no Kreis.
        return next(ancestor for ancestor in self.chain(code) if len(ancestor) < length)


def _frozen(array: npt.NDArray[_Item]) -> npt.NDArray[_Item]:
    array.setflags(write=False)
    return array
