"""Which services may a record be about, best first, and is the best one good enough to be believed?

Why an index: 20,000 records × 6,000 services are 120 million pairs; only services that share a rare word with
the record are compared. The answer depends on the set of services alone, never on their order. Thresholds
decide what is linked, what a person sees and what stays apart; what guards a link
(:data:`~syncd.rules.link_features.GUARDS`) is stronger than any score. Must not know records, judgements or
where the register is stored.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rapidfuzz.distance import Indel

from syncd.model.linkage import FULL_SCORE, Candidate, Described, Linkage, LinkMethod, LinkState
from syncd.model.service import ServiceKey
from syncd.rules.link_features import GUARDS, reasons_for, score
from syncd.rules.link_terms import Known, Query, prepare_query, prepare_service
from syncd.rules.title_terms import Lexicon, fold, replace_names, words_of
from syncd.rules.verrichtung import GRANT, acts_of_service, read_acts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from syncd.model.service import Service

DEFAULT_LIMIT: Final = 5
_COMPARED = 24
_FREQUENT = 400
"""Words of more names than this find no candidates by themselves."""
_GRAM = 3
_SPELLING_FROM = 880
"""Permille of equal letters from which an unknown word is a known one, misspelt."""
_SPELLING_SHORTEST = 6
_SPELLING_LONGER = 2
"""Letters a misspelt word may be longer or shorter; more make another compound."""
_OBJECT = 8


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Permille. ``linked`` and ``distance`` for links without a person, ``review`` for the queue.

    ``distance`` is how far the second best must be behind the best. Raises ValueError for thresholds out of
    order.
    """

    linked: int = 900
    review: int = 400
    distance: int = 40

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not 0 < self.review <= self.linked <= FULL_SCORE or not 0 <= self.distance <= FULL_SCORE:
            message = (
                f"thresholds review {self.review}, linked {self.linked}, distance {self.distance};"
                f" needed: 0 < review <= linked <= {FULL_SCORE}, 0 <= distance <= {FULL_SCORE}"
            )
            raise ValueError(message)


DEFAULT_THRESHOLDS: Final = Thresholds()


class ServiceIndex:
    """Names of all services by their words; one per register edition, read by any number of threads."""

    def __init__(
        self, known: Sequence[Known], lexicon: Lexicon, frequency: Mapping[str, int], names: int
    ) -> None:
        """Use :meth:`build`."""
        self._known = known
        self._lexicon = lexicon
        self._weigh = _weigher(frequency, names)
        self._postings: dict[str, array[int]] = defaultdict(lambda: array("I"))
        for number, entry in enumerate(known):
            for term in (*entry.prepared.terms, *entry.prepared.soft):
                self._postings[term].append(number)
        self._bundles = {k.service.ozg_name or "": frozenset[str]() for k in known}
        self._situations = {k.service.situation or "": frozenset[str]() for k in known}
        for stems in (self._bundles, self._situations):
            for text in stems:
                stems[text] = frozenset(lexicon.stems(fold(text)))
        self._asked = _SpellingLexicon(lexicon, self._postings)

    @classmethod
    def build(cls, services: Mapping[str, Service], aliases: Mapping[str, str] | None = None) -> ServiceIndex:
        """Return an index of services by key, and of other names for them (name → key).

        Local services and aliases of unknown keys are left out.
        """
        names = sorted(
            {
                *((key, s.name) for key, s in services.items() if not s.key.is_local),
                *((key, name) for name, key in (aliases or {}).items() if key in services and name.strip()),
            }
        )
        lexicon = Lexicon({word for _, name in names for word in words_of(replace_names(fold(name)))})
        frequency: dict[str, int] = defaultdict(int)
        for _, name in names:
            for term in set(lexicon.stems(" ".join(read_acts(name).words))):
                frequency[term] += 1
        weigh = _weigher(frequency, len(names))
        alone = _objects_with_one_act(services)
        known = [
            prepare_service(services[key], name, lexicon, weigh, is_only_act=key[:_OBJECT] in alone)
            for key, name in names
        ]
        return cls(known, lexicon, dict(frequency), len(names))

    def candidates(self, described: Described, limit: int = DEFAULT_LIMIT) -> tuple[Candidate, ...]:
        """Return the services a record may be about, best first, then by key; none of score 0."""
        query = prepare_query(described, self._asked, self._lexicon, self._weigh)
        best: dict[str, Candidate] = {}
        for number in self._near(query):
            entry = self._known[number]
            service = entry.service
            reasons = reasons_for(
                query, entry, self._bundles[service.ozg_name or ""], self._situations[service.situation or ""]
            )
            found = Candidate(service.key.value, score(reasons), reasons)
            held = best.get(found.service_key)
            if found.score > 0 and (held is None or found.score > held.score):
                best[found.service_key] = found
        ranked = sorted(best.values(), key=lambda c: (-c.score, c.service_key))
        return tuple(ranked[:limit])

    def _near(self, query: Query) -> list[int]:
        """Return the names to compare: those that share most of the weight of their words with the record."""
        scores: dict[int, int] = defaultdict(int)
        for text in query.texts:
            here: dict[int, int] = defaultdict(int)
            terms = {**text.soft, **text.terms}
            rare = [t for t in terms if 0 < len(self._postings.get(t, ())) <= _FREQUENT]
            for term in rare or [t for t in terms if t in self._postings]:
                weight = terms[term]
                for number in self._postings[term]:
                    here[number] += weight
            whole = text.weight
            for number, shared in here.items():
                share = 2 * FULL_SCORE * shared // (whole + self._known[number].prepared.weight or 1)
                scores[number] = max(scores[number], share)
        ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        return [number for number, _ in ranked[:_COMPARED]]


class _SpellingLexicon(Lexicon):
    """The lexicon for what records say: stems the register does not know are read as the nearest it knows.

    Near means few letters apart and the same first two ("unentgeltlich" is not "entgeltlich").
    """

    def __init__(self, lexicon: Lexicon, known: Iterable[str]) -> None:
        """Index the stems of the register by their groups of three letters."""
        super().__init__(())
        self._lexicon = lexicon
        self._grams: dict[str, list[str]] = defaultdict(list)
        self._known = frozenset(known)
        for term in sorted(self._known):
            if len(term) >= _SPELLING_SHORTEST and term.isalpha():
                for gram in _grams(term):
                    self._grams[gram].append(term)

    def joined(self, words: list[str]) -> list[str]:
        """Join as the register writes it."""
        return self._lexicon.joined(words)

    def _parts(self, word: str) -> tuple[str, ...]:
        return tuple(s if s in self._known else self._nearest(s) for s in self._lexicon.split(word))

    def _nearest(self, term: str) -> str:
        if len(term) < _SPELLING_SHORTEST or not term.isalpha():
            return term
        shared: dict[str, int] = defaultdict(int)
        grams = _grams(term)
        for gram in grams:
            for other in self._grams.get(gram, ()):
                if other[:2] == term[:2]:
                    shared[other] += 1
        best, closest = term, _SPELLING_FROM - 1
        for other in sorted(o for o, number in shared.items() if 2 * number >= len(grams)):
            if abs(len(term) - len(other)) > _SPELLING_LONGER:
                continue
            whole = len(term) + len(other)
            alike = FULL_SCORE * (whole - Indel.distance(term, other)) // whole
            if alike > closest:
                best, closest = other, alike
        return best


def decide(candidates: Sequence[Candidate], thresholds: Thresholds = DEFAULT_THRESHOLDS) -> Linkage:
    """Return what follows from candidates (best first): a link, a question to a person, or nothing."""
    if not candidates or candidates[0].score < thresholds.review:
        return Linkage(LinkState.APART, candidates=tuple(candidates))
    best = candidates[0]
    # A parent speaks for its children and is no rival of theirs.
    rivals = (c for c in candidates[1:] if not _related(c.service_key, best.service_key))
    second = max((c.score for c in rivals), default=0)
    sure = (
        best.score >= thresholds.linked
        and best.score - second >= thresholds.distance
        and not GUARDS.intersection(r.feature for r in best.reasons)
    )
    return Linkage(
        LinkState.LINKED if sure else LinkState.REVIEW,
        LinkMethod.SCORED,
        (best.service_key,) if sure else (),
        best.score,
        best.reasons,
        tuple(c for c in candidates if c.score >= thresholds.review),
    )


def _objects_with_one_act(services: Mapping[str, Service]) -> frozenset[str]:
    """Return the objects (first eight digits) with one key below them only, which grants something."""
    below: dict[str, list[str]] = defaultdict(list)
    for key, service in services.items():
        if not service.key.is_local and service.key.structure != "lo":
            below[key[:_OBJECT]].append(key)
    return frozenset(
        name
        for name, keys in below.items()
        if len(keys) == 1 and acts_of_service(services[keys[0]]).kinds == {GRANT}
    )


def _related(one: str, other: str) -> bool:
    return ServiceKey(one).covers(ServiceKey(other)) or ServiceKey(other).covers(ServiceKey(one))


def _weigher(frequency: Mapping[str, int], names: int) -> Callable[[str], int]:
    def weigh(term: str) -> int:
        seen = frequency.get(term, 0) or 1
        # Four times the logarithm to base 2 of how rare a word is, in integers.
        return max(1, (names**4 // seen**4).bit_length())

    return weigh


def _grams(term: str) -> frozenset[str]:
    return frozenset(term[at : at + _GRAM] for at in range(len(term) - _GRAM + 1))
