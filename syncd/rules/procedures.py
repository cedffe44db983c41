"""Which digital procedure stands behind an offer, and which one a place gets.

Why: reuse, uniformity and priorities all ask "which running solution is this?". A procedure is what the
address of the best usable link names: engine, host and process, without the authority, so that two towns on
the same installation and process share one. Must not know duties, words or where entries are stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from syncd.model.evidence import Evidence
from syncd.rules.fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

DIGITAL: Final = Evidence.ONLINE_FORM
"""Lowest rung that counts as a digital procedure where no duty says otherwise."""

_EFA_WORDS: Final = re.compile(r"\bEfA\b|Einer[- ]für[- ]Alle")
_AREA_IN_PATH: Final = re.compile(r"/[0-9]{8}(?:[0-9]{4})?(?=/|$)")
_EFA_TOKEN: Final = re.compile(r"(^|[-._/])efa([-._/]|$)")


@dataclass(frozen=True, order=True, slots=True)
class Procedure:
    """One procedure as addresses name it. ``engine`` is empty when we know none of that form."""

    engine: str
    host: str
    process: str

    @property
    def platform(self) -> str:
        """The engine, or the host where the engine is unknown."""
        return self.engine or self.host

    @property
    def domain(self) -> str:
        """The last two labels of the host: whose house it is, as far as an address tells (true for .de)."""
        return ".".join(self.host.split(".")[-2:])

    @property
    def name(self) -> str:
        """The whole on one line, for people and for sorting."""
        return " ".join(filter(None, (self.engine, self.host, self.process)))


@dataclass(frozen=True, slots=True)
class Link:
    """One channel as far as it matters here; ``source_id`` is who states it."""

    evidence: Evidence
    url: str
    dead: bool
    source_id: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A running digital offer: of which area's entry, by which body, through which procedure.

    ``efa`` is True only where address, label or title say so themselves; it is no official statement.
    """

    area_code: str
    body_code: str
    procedure: Procedure
    evidence: Evidence
    url: str
    efa: bool = False


def running_offer(
    area_code: str,
    links: Iterable[Link],
    fresh: frozenset[str],
    *,
    minimum: Evidence = DIGITAL,
    provider: str = "",
    title: str = "",
) -> Offer | None:
    """Return the offer of an entry, or None when no fresh source states a live link of at least ``minimum``.

    ``links`` are in the order of the entry, best rung first; the first that can be used decides.
    """
    for link in links:
        if link.evidence < minimum or link.dead or not link.url or link.source_id not in fresh:
            continue
        procedure = procedure_of(link.url)
        if procedure is None:
            continue
        return Offer(
            area_code,
            provider or area_code,
            procedure,
            link.evidence,
            link.url,
            efa=names_efa(link.url, link.label, title),
        )
    return None


@lru_cache(maxsize=1 << 15)
def procedure_of(url: str) -> Procedure | None:
    """Return the procedure an address names, or None for what is no web address.

    AGS and ARS in a path say for whom, not what: they are left out.
    """
    mark = fingerprint(url)
    if mark is None:
        return None
    return Procedure(mark.engine, mark.host, _AREA_IN_PATH.sub("/*", mark.process))


def names_efa(url: str, *texts: str) -> bool:
    """Tell whether an address has ``efa`` as a part of its own, or a text names "Einer für Alle"."""
    lowered = url.lower()
    # Most addresses and texts are done with at once.
    if "efa" in lowered and _EFA_TOKEN.search(lowered.partition("://")[2].partition("?")[0]):
        return True
    return any(_EFA_WORDS.search(text) for text in texts if "EfA" in text or "Alle" in text)


def paint(spans: Sequence[tuple[int, int]], size: int) -> npt.NDArray[np.int32]:
    """Return per position the number of the offer it gets, or -1; int32 of shape (size,).

    ``spans`` are (first, end) of the offers. The most specific wins, as in assessment; of equally specific
    ones the earlier.
    """
    painted = np.full(size, -1, dtype=np.int32)
    if not spans:
        return painted
    span = np.array(spans, dtype=np.int64).reshape(-1, 2)
    width = span[:, 1] - span[:, 0]
    number = np.arange(len(span), dtype=np.int32)
    # From the widest to the narrowest and backwards within each, so that what counts is written last.
    order = np.lexsort((-number, -width))
    for index in order[width[order] > 1].tolist():
        painted[span[index, 0] : span[index, 1]] = index
    narrow = order[width[order] == 1]
    painted[span[narrow, 0]] = number[narrow]
    return painted
