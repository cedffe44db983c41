"""Area keys as the Infodienste understand them: the AGS, whatever form the operator wrote.

Why: the interface knows areas by the 8-digit AGS and by ids of its own, our configuration by ARS or AGS. One
form is compared everywhere, so that a town is never taken for its Kreis nor for its neighbour. Pure. Must not
know settings, requests or names of areas.
"""

from __future__ import annotations

import re

AREA_PATTERN = r"^(\d{2}|\d{3}|\d{5}|\d{8}|\d{12})$"
"""Land 2, Regierungsbezirk 3, Kreis 5 digits; Gemeinde 8 (AGS) or 12 (ARS)."""

_ARS, _AGS = 12, 8
_AREA = re.compile(AREA_PATTERN, re.ASCII)


def area_code(text: str) -> str:
    """Return the AGS cut to the digits of its level; raises ValueError for what is no key.

    A kreisfreie Stadt and its Kreis are the same body and have the same code.
    """
    digits = text.strip()
    if not _AREA.fullmatch(digits):
        message = f"{text!r} is neither an ARS nor an AGS"
        raise ValueError(message)
    if len(digits) == _ARS:
        digits = digits[:5] + digits[9:]
    if len(digits) < _AGS:
        return digits
    # Padded codes of levels above the municipality.
    for length, rest in ((2, "000000"), (3, "00000"), (5, "000")):
        if digits[length:] == rest:
            return digits[:length]
    return digits


def code_or_none(text: object) -> str | None:
    """Return the code of an AGS a portal sent (text, or a number that may have lost its zero), or None."""
    if isinstance(text, int) and not isinstance(text, bool):
        text = str(text).rjust(_AGS, "0")
    try:
        return area_code(text) if isinstance(text, str) else None
    except ValueError:
        return None


def lookup_key(code: str) -> str:
    """Return the 8 digits under which the portal lists an area."""
    return code.ljust(_AGS, "0")


def covers(above: str, code: str) -> bool:
    """Tell whether an area is another one or lies in it, by code alone."""
    return code.startswith(above)
