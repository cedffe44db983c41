"""Reads the official municipality register GV100AD: one fixed-width file with areas of all levels.

Why strict: one shifted column moves inhabitants and codes of a whole Land without anybody noticing. So each
line is checked, and the error names line, column and expectation.

Source of the rules: record description "Datensatzbeschreibung GV100AD", Statistisches Bundesamt (Destatis).
Offsets count characters, not bytes, and the key orders Gemeinde before Verband, while the ARS has the Verband
before the Gemeinde.

Must not know: files, compression, which edition is in force, who took over from whom.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from syncd.errors import SourceFormatError
from syncd.model.area import BUND_CODE, Area, AreaKey, AreaKind
from syncd.rules.areas import ags_of
from syncd.rules.editions import LONGEST_NAME, with_sums

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORD_LENGTH: Final = 220

_LAND, _BEZIRK, _REGION, _KREIS, _VERBAND, _GEMEINDE = "10", "20", "30", "40", "50", "60"
_HEAD_LENGTH = {_LAND: 2, _BEZIRK: 3, _REGION: 4, _KREIS: 5, _VERBAND: 5, _GEMEINDE: 8}
_KIND_OF_RECORD = {
    _LAND: AreaKind.LAND,
    _BEZIRK: AreaKind.BEZIRK,
    _REGION: AreaKind.REGION,
    _VERBAND: AreaKind.VERBAND,
}
_KIND_OF_MARK = {
    _KREIS: {
        "41": AreaKind.KREISFREIE_STADT,
        "42": AreaKind.KREISFREIE_STADT,  # Stadtkreis (Baden-Württemberg)
        "43": AreaKind.LANDKREIS,  # Kreis
        "44": AreaKind.LANDKREIS,
        "45": AreaKind.LANDKREIS,  # Regionalverband (Saarbrücken)
    },
    _GEMEINDE: {
        "60": AreaKind.GEMEINDE,  # Markt
        "61": AreaKind.KREISFREIE_STADT,
        "62": AreaKind.KREISFREIE_STADT,  # Stadtkreis
        "63": AreaKind.GEMEINDE,  # Stadt
        "64": AreaKind.GEMEINDE,  # kreisangehörige Gemeinde
        "65": AreaKind.GEMEINDEFREI,  # inhabited (two areas on training grounds of the army)
        "66": AreaKind.GEMEINDEFREI,
        "67": AreaKind.GEMEINDE,  # Große Kreisstadt
    },
}
_WHERE = "GV100AD"
_FIX = "Download the edition anew from destatis.de and import the unpacked .txt file unchanged."
_PACKED = ((b"PK", "a zip or Excel file"), (b"\x1f\x8b", "a gzip file"), (b"%PDF", "a PDF"))
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of the register.

    ``stated_on`` is the Gebietsstand; ``areas`` all areas sorted by code, a Bund area ``00`` included;
    ``possibly_cut`` the codes whose name fills its field and may be incomplete.
    """

    stated_on: date
    areas: tuple[Area, ...]
    possibly_cut: tuple[str, ...] = ()


def decode_gv100ad(raw: bytes) -> str:
    """Return the text of a GV100AD file: UTF-8, or Latin-1 as editions up to about 2019 are.

    Raises SourceFormatError for packed files and for anything else that is no such text.
    """
    for magic, what in _PACKED:
        if raw.startswith(magic):
            raise _error(
                f"this is {what}, expected plain text", fix="Unpack it and take the GV100AD .txt file."
            )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    text = text.replace("\r\n", "\n")
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise _error(f"control character {found[0]!r}; neither UTF-8 nor Latin-1 text", line=line)
    return text


def parse_gv100ad(text: str) -> Edition:
    """Read an edition; raises SourceFormatError with the line number and what was expected there."""
    areas: dict[str, Area] = {}
    stated: date | None = None
    for number, line in _lines(text):
        day = _date(line, number)
        if stated is not None and day != stated:
            raise _error(f"Gebietsstand {day}, but the lines above state {stated}", line=number)
        stated = day
        area = _area(line, number)
        if area.code in areas:
            raise _error(f"key {area.code} ({area.name}) occurs a second time", line=number)
        areas[area.code] = area
    if stated is None:
        raise _error("the file is empty, expected one line of 220 characters per area")
    _check_parents(areas)
    areas[BUND_CODE] = Area(AreaKey(BUND_CODE), "Deutschland", AreaKind.BUND, 0)
    cut = tuple(sorted(code for code, area in areas.items() if len(area.name) >= LONGEST_NAME))
    return Edition(stated, with_sums(areas.values()), cut)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    # Not splitlines(): a stray U+2028 in a name is no line end of this format.
    for number, line in enumerate(text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"), start=1):
        if not line.strip():
            continue
        if len(line) != RECORD_LENGTH:
            raise _error(f"{len(line)} characters, expected {RECORD_LENGTH}", line=number)
        yield number, line


def _date(line: str, number: int) -> date:
    digits = line[2:10]
    try:
        return date.fromisoformat(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
    except ValueError as error:
        raise _error(f"Gebietsstand {digits!r}, expected YYYYMMDD in columns 3-10", line=number) from error


def _area(line: str, number: int) -> Area:
    record = line[:2]
    if record not in _HEAD_LENGTH:
        raise _error(f"Satzart {record!r}, expected 10, 20, 30, 40, 50 or 60 in columns 1-2", line=number)
    code = _code(line, record, number)
    name = line[22:72].strip()
    if not name:
        raise _error(f"no name in columns 23-72 of key {code}", line=number)
    is_municipality = record == _GEMEINDE
    return Area(
        key=AreaKey(code),
        name=name,
        kind=_kind(line, record, number),
        population=_population(line, number) if is_municipality else 0,
        ags=ags_of(code) if is_municipality else None,
        seat=None if is_municipality else line[72:122].strip() or None,
        seat_postcode=_postcode(line) if is_municipality else None,
    )


def _code(line: str, record: str, number: int) -> str:
    """Return the cut ARS: Verband before Gemeinde, whatever the order of the columns."""
    length = _HEAD_LENGTH[record]
    head, rest = line[10 : 10 + length], line[10 + length : 18]
    verband = line[18:22]
    if record in {_VERBAND, _GEMEINDE}:
        digits = head[:5] + verband + head[5:]
    else:
        digits, rest = head, rest + verband
    if not _is_digits(digits) or rest.strip():
        raise _error(f"key {line[10:22]!r} does not fit Satzart {record} (columns 11-22)", line=number)
    if digits.startswith(BUND_CODE):
        raise _error(f"key {digits} lies in no Land", line=number)
    return digits


def _kind(line: str, record: str, number: int) -> AreaKind:
    if record in _KIND_OF_RECORD:
        return _KIND_OF_RECORD[record]
    mark = line[122:124]
    kind = _KIND_OF_MARK[record].get(mark)
    if kind is None:
        known = ", ".join(_KIND_OF_MARK[record])
        raise _error(f"Textkennzeichen {mark!r}, expected one of {known} in columns 123-124", line=number)
    return kind


def _population(line: str, number: int) -> int:
    digits = line[139:150]
    if not _is_digits(digits):
        raise _error(f"inhabitants {digits!r}, expected 11 digits in columns 140-150", line=number)
    return int(digits)


def _postcode(line: str) -> str | None:
    """Return the postcode, or None when ``*****`` says that there are several, or there is none."""
    digits, several = line[165:170], line[170:175].strip()
    return None if several or not _is_digits(digits) else digits


def _check_parents(areas: dict[str, Area]) -> None:
    for code, area in areas.items():
        # Coastal waters and the joint German-Luxembourgish territory lie in no Kreis.
        is_municipality = area.ags is not None and area.kind is not AreaKind.GEMEINDEFREI
        length, level = (5, "Kreis") if is_municipality else (2, "Land")
        if code[:length] not in areas:
            raise _error(f"{area.name} ({code}) belongs to {level} {code[:length]}, which has no line")


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _error(message: str, *, line: int = 0, fix: str = _FIX) -> SourceFormatError:
    return SourceFormatError(message, where=f"{_WHERE} line {line}" if line else _WHERE, fix=fix)
