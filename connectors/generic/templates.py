"""Texts with names in braces, filled with facts and percent-encoded: ``leistungen/{id}?ags={region_ags}``.

Why: addresses need a record's id or a region, and nothing more; a template engine would be code in a data
file. Must not know where the facts come from.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATE_LIMIT = 1_000
_NAME = re.compile(r"\{([a-z][a-z0-9_]{0,40})\}")
_ARS_DIGITS = 12


def names_in(template: str) -> tuple[str, ...]:
    """Return the names a template asks for, in order; raises ValueError when it is none."""
    if len(template) > TEMPLATE_LIMIT:
        raise ValueError(f"a template has at most {TEMPLATE_LIMIT} characters")
    rest = _NAME.sub("", template)
    if "{" in rest or "}" in rest:
        raise ValueError(f"{template!r}: braces hold one name in small letters, such as {{id}}; nothing else")
    return tuple(dict.fromkeys(_NAME.findall(template)))


def fill(template: str, values: Mapping[str, str], *, encode: bool = True, keep: str = "") -> str | None:
    """Return the template with its names replaced, or None when a value is absent or empty.

    ``keep`` are characters that are not percent-encoded.
    """
    if any(not values.get(name) for name in names_in(template)):
        return None
    return _NAME.sub(lambda m: quote(values[m[1]], safe=keep) if encode else values[m[1]], template)


def region_facts(region: str) -> dict[str, str]:
    """Return a region in the spellings portals ask for: as configured, as a number, as 8-digit AGS.

    The ARS (12 digits) has the association in digits 6 to 9, the AGS (8 digits) leaves it out; source:
    Destatis, GV100AD.
    """
    ags = region[:5] + region[9:] if len(region) == _ARS_DIGITS else region
    return {"region": region, "region_int": region.lstrip("0") or "0", "region_ags": ags,
            "region_ags_int": ags.lstrip("0") or "0"}  # fmt: skip
