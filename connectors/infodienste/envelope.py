"""The envelope of every list of the Infodienste, and ids as both versions write them.

Why: paging and parsing must agree on what a hit is, or the announced number of records is never met. Source:
REST ZUFI V4.1 sections 2.4 and 4.3; ids are numbers up to v2 and tokens since v4. Pure. Must not know
requests, ledgers or records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from syncd.sdk.errors import SourceFormatError
from syncd.sdk.text import exact_id

ENVELOPE = frozenset({"count", "totalCount", "results"})
ENTRY = frozenset({"score", "object"})
"""``score`` is the rank of a search hit and says nothing about the object."""


@dataclass(frozen=True, slots=True)
class Hits:
    """One page: its objects in order, and the numbers it states, where it does."""

    objects: tuple[dict[str, Any], ...]
    count: int | None
    total: int | None
    unknown: tuple[str, ...] = ()
    """Names of fields of the envelope nobody has described."""


def read_hits(body: object, where: str) -> Hits:
    """Return the objects of ``{count, totalCount?, results: [{score, object}]}``; raises SourceFormatError.

    ``results`` may be absent when nothing was found: optional attributes are left out, never null.
    """
    if not isinstance(body, dict):
        raise _not_a_list(f"an object was expected, not {type(body).__name__}", where)
    count, total = whole(body.get("count")), whole(body.get("totalCount"))
    entries = body.get("results")
    if entries is None and count == 0:
        entries = []
    if not isinstance(entries, list):
        raise _not_a_list("it has no list 'results'", where)
    unknown = [name for name in body if name not in ENVELOPE]
    objects = []
    for number, entry in enumerate(entries):
        found = entry.get("object") if isinstance(entry, dict) else None
        if not isinstance(found, dict):
            raise _not_a_list(f"results[{number}] holds no 'object'", where)
        unknown += [f"results.{name}" for name in entry if name not in ENTRY]
        objects.append(found)
    return Hits(tuple(objects), count, total, tuple(unknown))


def whole(value: object) -> int | None:
    """Return a number of hits, also written as text (a header), or None for anything else."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value.strip()[:12])
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def reference_ids(competence: dict[str, Any], name: str) -> dict[str, str | None]:
    """Return id → name of the named references of a list; those without an id are left out."""
    entries = competence.get(name)
    found: dict[str, str | None] = {}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and (key := exact_id(entry.get("id"))) is not None:
            label = entry.get("name")
            found.setdefault(key, label if isinstance(label, str) and label.strip() else None)
    return found


def _not_a_list(reason: str, where: str) -> SourceFormatError:
    return SourceFormatError(
        f"this is no list of hits: {reason}",
        where=where,
        fix="Check 'version', 'base_url' and 'paths' of the source against the Land's /doc page.",
    )
