"""From the area texts portals write to codes of the register.

Why: an area arrives as ARS or AGS, cut or padded, with blanks and dots, or as a number that lost its leading
zero. Exactly one place decides which register entry is meant, and it never guesses: what two entries could
match matches none. Every parse worker loads this index, so it is a set of codes and no set of objects; the
names of areas travel with it as one text that is read only when a source writes names.

Source of the rules: Amtlicher Regionalschlüssel (ARS: Land 2, Regierungsbezirk 1, Kreis 2, Verband 4,
Gemeinde 3 digits) and Amtlicher Gemeindeschlüssel (AGS: the same without the Verband), Statistisches
Bundesamt. A gebietID of XZuFi is an ARS of 2 to 12 digits.

Must not know: where the register is stored, what names mean (:mod:`syncd.rules.place_index`), inhabitants.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncd.errors import SourceFormatError
from syncd.model.area import BUND_CODE, AreaKey
from syncd.rules.place_index import PlaceIndex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncd.model.area import Area, AreaAlias, Succession

ARS_LENGTH = 12
AGS_LENGTH = 8
VERBAND_LENGTH = 9
_FORMAT = "syncd-area-index/2"
_BUND_TEXTS = frozenset({"DE", "DEU", BUND_CODE, "0" * AGS_LENGTH, "0" * ARS_LENGTH})
# Deepest first: a padded code means the deepest area that has it.
_LENGTHS_BELOW_ARS = (9, 5, 4, 3, 2)
# A number from a spreadsheet loses one leading zero of: Kreis (5), AGS (8), ARS (12). A two-digit number is
# left alone, because 11 is Berlin and could as well be 011.
_LENGTHS_WITHOUT_ZERO = frozenset({4, 7, 11})
_SLIP_LENGTH = 13
_SEPARATORS = re.compile(r"[\s.\u200b\u2060\ufeff]+")
_NUMBER_FROM_SPREADSHEET = re.compile(r"([0-9]+)\.0+")


def ags_of(ars: str) -> str:
    """Return the 8-digit AGS of a 12-digit ARS: the same without the four digits of the Verband."""
    return ars[:5] + ars[VERBAND_LENGTH:]


@dataclass(frozen=True, slots=True)
class AreaIndex:
    """All codes of the effective register, for resolving raw areas.

    ``codes`` are cut codes of every level (see :class:`AreaKey`), ``historic`` the codes that ended by a
    succession. A historic code resolves to itself: who took over depends on the day
    (:func:`syncd.rules.editions.map_code`). ``places`` are the names; :meth:`resolve` does not use them.
    """

    codes: frozenset[str]
    historic: frozenset[str] = frozenset()
    places: PlaceIndex = field(default_factory=PlaceIndex)
    _aliases: Mapping[str, str] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Derive AGS and Verband texts of municipalities; living areas come before historic ones."""
        aliases: dict[str, str] = {}
        shared: set[str] = set()
        for ended in sorted(self.historic):
            if len(ended) == ARS_LENGTH:
                # Two ended areas behind one short text: it no longer says which of them.
                for text in (ags_of(ended), ended[:VERBAND_LENGTH]):
                    shared |= aliases.keys() & {text}
                    aliases[text] = ended
        for text in shared:
            del aliases[text]
        aliases |= {ags_of(code): code for code in self.codes if len(code) == ARS_LENGTH}
        for code in (*self.historic, *self.codes):
            aliases[code] = code
        object.__setattr__(self, "_aliases", aliases)

    @classmethod
    def from_areas(
        cls,
        areas: Iterable[Area],
        successions: Iterable[Succession] = (),
        *,
        former: Iterable[tuple[str, AreaKey]] = (),
        aliases: Iterable[AreaAlias] = (),
        named: bool = True,
    ) -> AreaIndex:
        """Build the index of an effective register and the codes its successions ended.

        ``former`` and ``aliases`` are further names of areas (:meth:`PlaceIndex.from_areas`); with ``named``
        off, the index knows codes only, which is quicker where no name is ever asked for.
        """
        listed = tuple(areas)
        codes = frozenset(area.key.code for area in listed)
        places = PlaceIndex.from_areas(listed, former, aliases) if named else PlaceIndex()
        return cls(codes, frozenset(s.from_code for s in successions) - codes, places)

    def to_json(self) -> bytes:
        """Return the file the parse workers load; equal indexes give equal bytes."""
        document = {
            "format": _FORMAT,
            "codes": " ".join(sorted(self.codes)),
            "historic": " ".join(sorted(self.historic)),
            "names": self.places.text,
        }
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> AreaIndex:
        """Load what :meth:`to_json` wrote; raises SourceFormatError for anything else."""
        try:
            document = json.loads(raw)
            if document["format"] != _FORMAT:
                message = f"format {document['format']!r}, expected {_FORMAT!r}"
                raise SourceFormatError(message, where="area index", fix="Write the index anew.")
            codes, historic = document["codes"].split(), document["historic"].split()
            return cls(frozenset(codes), frozenset(historic), PlaceIndex(document["names"] + ""))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"not an area index ({type(error).__name__}: {error})"
            raise SourceFormatError(message, where="area index", fix="Write the index anew.") from error

    def __contains__(self, code: str) -> bool:
        """Tell whether the effective register has this code; historic codes do not count."""
        return code in self.codes

    def resolve(self, text: str) -> AreaKey | None:
        """Return the area a raw text means, or None when no register entry fits beyond doubt.

        Accepts an ARS of 2, 3, 4, 5, 9 or 12 digits (padded ones mean the deepest area that has them, and a
        municipality before the Kreis of the same code), an AGS, numbers that lost one leading zero, one
        zero too many at either end, blanks and dots in between, ``DE`` and zeros for the Bund.
        """
        code = self._code(text)
        return None if code is None else AreaKey(code)

    def _code(self, text: str) -> str | None:
        known = self._aliases.get(text)
        if known is not None:
            return known
        if match := _NUMBER_FROM_SPREADSHEET.fullmatch(text.strip()):
            text = match[1]
        bare = _SEPARATORS.sub("", text).upper()
        if bare in _BUND_TEXTS:
            return BUND_CODE
        if not (bare.isascii() and bare.isdigit()):
            return None
        return self._code_of_digits(bare)

    def _code_of_digits(self, digits: str) -> str | None:
        if len(digits) == _SLIP_LENGTH:
            return self._code_of_slip(digits)
        found = self._code_of_padded(digits)
        if found is None and len(digits) in _LENGTHS_WITHOUT_ZERO and digits[0] != "0":
            return self._code_of_padded("0" + digits)
        return found

    def _code_of_padded(self, digits: str) -> str | None:
        known = self._aliases.get(digits)
        if known is not None or len(digits) not in (AGS_LENGTH, ARS_LENGTH):
            return known
        for length in (n for n in _LENGTHS_BELOW_ARS if n < len(digits)):
            head = digits[:length]
            if not digits[length:].strip("0") and (head in self.codes or head in self.historic):
                return head
        return None

    def _code_of_slip(self, digits: str) -> str | None:
        """Undo one zero too many, if only one reading leads to an area."""
        readings = set()
        if digits[0] == "0":
            readings.add(self._code_of_padded(digits[1:]))
        if digits[-1] == "0":
            readings.add(self._code_of_padded(digits[:-1]))
        readings.discard(None)
        return readings.pop() if len(readings) == 1 else None
