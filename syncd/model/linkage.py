"""Links of records to services: what is compared, what was found, and why.

A link is derived, never stated: a pure function of a record, the register and the judgements that hold.
Points and scores are integers in permille, so that no machine and no order of arrival gives another result.
Must not know how candidates are found, nor what operators decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

FULL_SCORE = 1000
"""Permille: a score is from 0 to this."""


class LinkMethod(StrEnum):
    """Which rule made a link, in the order in which they are asked; the first answer holds.

    ``judgement``: an operator said so. ``exact``: the record states the key. ``identity``: it shares a
    declared id with the service (editorial id, LHM id, referenzLeiKa of a superordinate service).
    ``hierarchy``: a ``000`` parent speaks for its children, coarsely. ``alias``: the title is a known other
    name. ``scored``: the features of both are alike enough.
    """

    JUDGEMENT = "judgement"
    EXACT = "exact"
    IDENTITY = "identity"
    HIERARCHY = "hierarchy"
    ALIAS = "alias"
    SCORED = "scored"


class LinkState(StrEnum):
    """``linked``: counts for the service. ``review``: waits for an operator. ``apart``: stays by itself."""

    LINKED = "linked"
    REVIEW = "review"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Reason:
    """What one feature found.

    ``feature`` is an id of :mod:`syncd.rules.link_features`, ``points`` its share of the score in permille
    (negative where it speaks against the link), ``matched`` the text that was found on both sides.
    """

    feature: str
    points: int
    matched: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One service a record may be about; ``score`` is in permille, 0 to 1000."""

    service_key: str
    score: int
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Described:
    """What of a record is compared with the register; all texts as the source wrote them.

    ``key_fragments`` are the parts of the key field that are no key (13 digits, a prefix, words).
    ``legal_grounds`` are citations such as ``§ 34a GewO``; citations in title and description are found
    without being listed here. ``facts`` are those of the record, sorted by name.
    """

    title: str
    description: str = ""
    authority: str = ""
    legal_grounds: tuple[str, ...] = ()
    key_fragments: tuple[str, ...] = ()
    situation: str = ""
    """Lage of the OZG catalogue, or the life situation the portal files the service under."""
    ozg_name: str = ""
    synonyms: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    typing: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    language: str = "de"


@dataclass(frozen=True, slots=True)
class Linkage:
    """What became of one record.

    ``service_keys`` are those it counts for (empty unless ``state`` is ``linked``), sorted. ``method`` None
    means that no rule answered. ``score`` and ``reasons`` are those of the best candidate where one was
    scored (1000 for every other method). ``candidates`` are those an operator should see, best first.
    ``removed`` are keys the record does not count for although it, or a ``000`` parent of it, states them;
    ``because`` are the uids of the judgements that had a say, sorted.
    """

    state: LinkState
    method: LinkMethod | None = None
    service_keys: tuple[str, ...] = ()
    score: int = 0
    reasons: tuple[Reason, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    removed: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
