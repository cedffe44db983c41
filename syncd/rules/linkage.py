"""Which services does a record count for? One answer from all that may speak, in a fixed order.

Operator's judgement, stated key, declared identity, known other name, likeness; the first that answers holds.
(That a ``000`` parent speaks for its children follows from where a record counts:
:mod:`syncd.rules.hierarchy`.) The answer depends on nothing but the arguments, so links can be thrown away
and made again. Must not know where records, judgements or the register are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from syncd.model.linkage import FULL_SCORE, Candidate, Described, Linkage, LinkMethod, LinkState, Reason
from syncd.model.service import ServiceKey
from syncd.rules.candidates import DEFAULT_LIMIT, decide
from syncd.rules.title_terms import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from syncd.rules.candidates import ServiceIndex, Thresholds
    from syncd.rules.judgements import Ruling

LINK_RULES_VERSION = 1
"""Raised whenever the same inputs give another link; every link is then made again."""


@dataclass(frozen=True, slots=True)
class Identified:
    """What follows from one shared id: the service keys another record with that id counts for."""

    token: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How records without a key are compared with the register.

    ``aliases`` maps folded other names to keys. ``index`` None: nothing is scored.
    """

    aliases: Mapping[str, str]
    index: ServiceIndex | None
    thresholds: Thresholds


def link_record(
    described: Described,
    stated: Iterable[str],
    ruling: Ruling,
    identities: Sequence[Identified],
    likeness: Likeness | None,
    *,
    allowed: frozenset[str] | None = None,
) -> Linkage:
    """Return the link of one record; ``stated`` are the official keys it states.

    ``likeness`` None: only judgements, keys and ids speak (a record that offers nothing). What a judgement
    refuses is never linked; what it leaves unsure is linked only where the record states it. ``allowed`` are
    the services its source may speak for, None for all.
    """
    stated = sorted(stated)
    kept = [key for key in stated if key not in ruling.refused]
    if ruling.services:
        method = LinkMethod.EXACT if set(ruling.services) <= set(kept) else LinkMethod.JUDGEMENT
        found = _linked(method, {*kept, *ruling.services})
    elif kept:
        found = _linked(LinkMethod.EXACT, kept)
    else:
        barred = ruling.refused | ruling.unsure
        open_to = _Open(barred, allowed)
        found = _by_identity(identities, open_to) or (
            _by_likeness(described, likeness, open_to) if likeness else Linkage(LinkState.APART)
        )
    return replace(
        found, removed=_removed(stated, found.service_keys, ruling.refused), because=ruling.because
    )


@dataclass(frozen=True, slots=True)
class _Open:
    """The services a record may be linked to."""

    barred: frozenset[str]
    allowed: frozenset[str] | None

    def among(self, keys: Iterable[str]) -> set[str]:
        return {
            key for key in keys if key not in self.barred and (self.allowed is None or key in self.allowed)
        }


def folded_aliases(names: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return folded other names by key; ``names`` are (name, key). A name of several services is none."""
    keys: dict[str, set[str]] = {}
    for name, key in names:
        if folded := fold(name):
            keys.setdefault(folded, set()).add(key)
    return {name: min(said) for name, said in sorted(keys.items()) if len(said) == 1}


def _linked(method: LinkMethod, keys: Iterable[str], reasons: tuple[Reason, ...] = ()) -> Linkage:
    return Linkage(LinkState.LINKED, method, tuple(sorted(keys)), FULL_SCORE, reasons)


def _by_identity(identities: Sequence[Identified], open_to: _Open) -> Linkage | None:
    """Link to what all records with the same id say; where they disagree a person decides."""
    said = [(one.token, keys) for one in identities if (keys := open_to.among(one.keys))]
    if not said:
        return None
    tokens = sorted({token for token, _ in said})
    common = set.intersection(*(keys for _, keys in said))
    if common:
        reasons = tuple(Reason(LinkMethod.IDENTITY.value, FULL_SCORE, token) for token in tokens)
        return _linked(LinkMethod.IDENTITY, common, reasons)
    named: dict[str, set[str]] = {}
    for token, keys in said:
        for key in keys:
            named.setdefault(key, set()).add(token)
    candidates = tuple(
        Candidate(key, FULL_SCORE, (Reason(LinkMethod.IDENTITY.value, FULL_SCORE, min(named[key])),))
        for key in sorted(named)
    )
    return Linkage(LinkState.REVIEW, LinkMethod.IDENTITY, (), FULL_SCORE, candidates[0].reasons, candidates)


def _by_likeness(described: Described, likeness: Likeness, open_to: _Open) -> Linkage:
    named = likeness.aliases.get(fold(described.title), "")
    if named and open_to.among((named,)):
        reason = Reason(LinkMethod.ALIAS.value, FULL_SCORE, described.title)
        return _linked(LinkMethod.ALIAS, (named,), (reason,))
    if likeness.index is None:
        return Linkage(LinkState.APART)
    found = likeness.index.candidates(described, DEFAULT_LIMIT + len(open_to.barred))
    candidates = [one for one in found if open_to.among((one.service_key,))][:DEFAULT_LIMIT]
    return decide(candidates, likeness.thresholds)


def _removed(stated: Sequence[str], counted: Iterable[str], refused: frozenset[str]) -> tuple[str, ...]:
    """Return the refused keys that the record, or a parent key of it, would count for."""
    spoken = {*stated, *counted}
    return tuple(
        sorted(
            key
            for key in refused
            if key in spoken or any(parent.value in spoken for parent in ServiceKey(key).parents)
        )
    )
