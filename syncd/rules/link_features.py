"""The features that speak for or against a link: small functions, each with a weight and a reason.

Why: an official who doubts a link must see what it rests on. A score is the sum of the points of its reasons,
from 0 to 1000 permille, and nothing else; all arithmetic is in integers, so that no machine gives another
result. Some reasons forbid a link without a person whatever the score (:data:`GUARDS`). Must not know
thresholds, the index, or what was decided before.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from syncd.model.linkage import FULL_SCORE, Reason
from syncd.rules.title_terms import stem
from syncd.rules.verrichtung import APPLY, GRANT, Acts, Agreement, agreement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.service import Service
    from syncd.rules.link_terms import Known, Prepared, Query

# --- ids and weights --------------------------------------------------------------------------------------

TITLE: Final = "title"
OTHER_NAME: Final = "other_name"
SYNONYM: Final = "synonym"
KEYWORD: Final = "keyword"
ONLY_RECORD: Final = "only_record"
ONLY_SERVICE: Final = "only_service"
ACT_SAME: Final = "act_same"
ACT_UNSAID: Final = "act_unsaid"
ACT_DIFFERS: Final = "act_differs"
ACT_OPPOSITE: Final = "act_opposite"
ACT_ONLY: Final = "act_only"
COARSE: Final = "coarse"
NUMBER: Final = "number"
NEGATION: Final = "negation"
ALTERNATIVE: Final = "alternative"
LAND_SPECIFIC: Final = "land_specific"
KEY: Final = "key"
KEY_DIFFERS: Final = "key_differs"
LEGAL: Final = "legal"
LEGAL_DIFFERS: Final = "legal_differs"
SITUATION: Final = "situation"
BUNDLE: Final = "bundle"
AUTHORITY: Final = "authority"
AUTHORITY_DIFFERS: Final = "authority_differs"
URL: Final = "url"
TEXT: Final = "text"
TYPING: Final = "typing"

POINTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        SYNONYM: -20,
        KEYWORD: 0,
        ACT_UNSAID: -50,
        ACT_ONLY: -10,
        COARSE: -60,
        ACT_DIFFERS: -200,
        ACT_OPPOSITE: -500,
        NUMBER: -60,
        NEGATION: -120,
        ALTERNATIVE: 0,
        LAND_SPECIFIC: 0,
        KEY: 120,
        KEY_DIFFERS: -100,
        LEGAL: 60,
        LEGAL_DIFFERS: -120,
        SITUATION: 10,
        BUNDLE: 20,
        AUTHORITY: 20,
        AUTHORITY_DIFFERS: -30,
        URL: 20,
        TEXT: 30,
        TYPING: -20,
    }
)
"""Permille of the features that have fixed points; words of titles weigh by their rarity in the register."""

GUARDS: Final = frozenset(
    {
        *(COARSE, KEYWORD, ACT_DIFFERS, ACT_OPPOSITE, NUMBER, NEGATION, ALTERNATIVE),
        *(LAND_SPECIFIC, LEGAL_DIFFERS, KEY_DIFFERS),
    }
)
"""Reasons that leave a link to a person."""

APPLIED_POINTS: Final = -10
"""The record says only that there is an application."""
OBJECT_POINTS: Final = -5
"""The act stands in the name of the object itself."""
OTHER_WORD_POINTS: Final = -40
"""Same kind of act, other word ("Widerruf", "Rücknahme"): decides between twins."""
_TITLE_AND_NAME: Final = 2
_CODE_LENGTH: Final = 2
"""So short are classes and Roman numbers ("D", "II"); words are longer."""
ALTERNATIVES: Final = frozenset({"oder", "bzw", "beziehungsweise"})
BONUS_LIMIT: Final = 150
"""What features beside the title may add together: they confirm a title, they do not replace it."""
SOFT_DIVISOR: Final = 2
"""Words in brackets, names of laws and light words count half where they are missing on the other side."""

_GROUP_END, _OBJECT_END, _ACT_END, _KEY_LENGTH = 5, 8, 11, 14


# --- the sum ----------------------------------------------------------------------------------------------


def reasons_for(
    query: Query, known: Known, bundle: frozenset[str], situation: frozenset[str]
) -> tuple[Reason, ...]:
    """Return what speaks for and against a link, the title first; see :func:`score`.

    ``bundle`` and ``situation`` are the stems of OZG name and Lage of the service.
    """
    best: tuple[Reason, ...] = ()
    best_points = -FULL_SCORE - 1
    for number, text in enumerate(query.texts):
        found = _title_reasons(text, known, is_synonym=number > 0)
        points = sum(r.points for r in found)
        if points > best_points:
            best, best_points = found, points
    if best[:1] and best[0].feature == SYNONYM:
        best = (*best, *_title_beside_synonym(query, known))
    extra = [] if query.is_title_only else _beside(query, known, bundle, situation)
    if known.service.key.is_land_specific:
        extra.append(Reason(LAND_SPECIFIC, POINTS[LAND_SPECIFIC], known.service.key.value))
    return (*best, *_limited(extra))


def _beside(query: Query, known: Known, bundle: frozenset[str], situation: frozenset[str]) -> list[Reason]:
    return [
        *key_fragments(query, known.service),
        *legal(query, known.prepared),
        *_shared(SITUATION, query.situation, situation),
        *_shared(BUNDLE, query.bundle, bundle),
        *authority_kind(query, known.service),
        *url(query, known.prepared),
        *text_of(query, known.prepared),
        *typing(query, known.service),
    ]


def score(reasons: tuple[Reason, ...]) -> int:
    """Return the sum of the points, held between 0 and 1000."""
    return max(0, min(FULL_SCORE, sum(r.points for r in reasons)))


def _limited(extra: list[Reason]) -> list[Reason]:
    left = BONUS_LIMIT
    kept = []
    for reason in extra:
        points = min(reason.points, left)
        left -= max(points, 0)
        kept.append(reason if points == reason.points else Reason(reason.feature, points, reason.matched))
    return kept


def _title_beside_synonym(query: Query, known: Known) -> list[Reason]:
    """What the title says where a synonym fits better.

    One synonym is another name of the record. Several are words to search by, and one of them proves nothing
    about a service the title has no word of.
    """
    title = query.texts[0]
    verdict = agreement(title.acts.kinds, known.prepared.acts.kinds)
    if verdict is Agreement.OPPOSITE:
        matched = f"{'/'.join(sorted(title.acts.kinds))} : {'/'.join(sorted(known.prepared.acts.kinds))}"
        return [Reason(ACT_OPPOSITE, POINTS[ACT_OPPOSITE], matched)]
    several = len(query.texts) > _TITLE_AND_NAME
    if several and (verdict is Agreement.DIFFERENT or title.terms.keys().isdisjoint(known.prepared.terms)):
        return [Reason(KEYWORD, POINTS[KEYWORD], query.described.title)]
    return []


# --- title ------------------------------------------------------------------------------------------------


def _title_reasons(text: Prepared, known: Known, *, is_synonym: bool) -> tuple[Reason, ...]:
    """Compare words by their rarity: full points, less the share of the words only one side has."""
    other = known.prepared
    shared = text.terms.keys() & (other.terms.keys() | other.soft.keys())
    shared |= text.soft.keys() & (other.terms.keys() | other.soft.keys())
    only_text = {t: w for t, w in text.terms.items() if t not in shared}
    only_other = {t: w for t, w in other.terms.items() if t not in shared}
    whole = text.weight + other.weight
    if not whole or not shared:
        return (Reason(TITLE, 0, ""),)
    name = SYNONYM if is_synonym else OTHER_NAME if known.is_alias else TITLE
    if text.wording == other.wording:
        return (Reason(name, FULL_SCORE + (POINTS[SYNONYM] if is_synonym else 0), " ".join(other.wording)),)
    # The very wording comes first among names that say the same.
    points = FULL_SCORE - 1 + (POINTS[SYNONYM] if is_synonym else 0)
    reasons = [Reason(name, points, " ".join(sorted(shared)))]
    for feature, only, soft in (
        (ONLY_RECORD, only_text, text.soft.keys() - shared),
        (ONLY_SERVICE, only_other, other.soft.keys() - shared),
    ):
        soft_weight = (
            sum((text.soft if feature == ONLY_RECORD else other.soft)[t] for t in soft) // SOFT_DIVISOR
        )
        lost = sum(only.values()) + soft_weight
        if lost:
            points = -(FULL_SCORE * lost // (whole + soft_weight))
            reasons.append(Reason(feature, points, " ".join(sorted({*only, *soft}))))
    reasons += acts(text.acts, known)
    is_detail = known.service.key.structure == "lovd"
    reasons += _exact_words(text, other, frozenset(only_text), frozenset(only_other), is_detail=is_detail)
    return tuple(reasons)


def acts(said: Acts, known: Known) -> list[Reason]:
    """Compare the Verrichtung of record and service.

    A service of which the register has the object alone is coarse where the record names an act, and where it
    names none but there is one act only.
    """
    there = known.prepared.acts
    matched = f"{'/'.join(sorted(said.kinds)) or '-'} : {'/'.join(sorted(there.kinds)) or '-'}"
    verdict = agreement(said.kinds, there.kinds)
    is_object = known.service.key.structure == "lo"
    named = verdict is Agreement.SAME and said.kinds == there.kinds and bool(said.kinds - {APPLY, GRANT})
    if is_object and verdict >= Agreement.UNSAID and (known.is_only_act or (said.kinds and not named)):
        return [Reason(COARSE, POINTS[COARSE], matched)]
    if verdict is Agreement.SAME:
        # "Anzeige einer Geburt" is an object, too; the act upon it comes first where the register has one.
        return (
            [Reason(ACT_SAME, OBJECT_POINTS, matched)]
            if named and is_object
            else _same_act(said, there, matched)
        )
    if verdict is Agreement.UNSAID and known.is_only_act:
        return [Reason(ACT_ONLY, POINTS[ACT_ONLY], matched)]
    feature = {
        Agreement.UNSAID: ACT_UNSAID,
        Agreement.DIFFERENT: ACT_DIFFERS,
        Agreement.OPPOSITE: ACT_OPPOSITE,
    }[verdict]
    return [Reason(feature, POINTS[feature], matched)]


def _same_act(said: Acts, there: Acts, matched: str) -> list[Reason]:
    if not said.kinds:
        return []
    if not {stem(w) for w in said.act_words}.isdisjoint(stem(w) for w in there.act_words):
        return [Reason(ACT_SAME, 0, matched)]
    points = APPLIED_POINTS if said.kinds != there.kinds else OTHER_WORD_POINTS
    return [Reason(ACT_SAME, points, matched)]


def _exact_words(
    text: Prepared,
    other: Prepared,
    only_text: frozenset[str],
    only_other: frozenset[str],
    *,
    is_detail: bool,
) -> list[Reason]:
    """Numbers, classes and negations on one side alone, and a choice where the service is one case."""
    reasons = []
    odd = {t for t in only_text | only_other if not t.isalpha() or len(t) <= _CODE_LENGTH}
    odd |= {t for t in (text.soft.keys() | other.soft.keys()) if t.isdigit()}.difference(
        {*text.soft, *text.terms} & {*other.soft, *other.terms}
    )
    if odd:
        reasons.append(Reason(NUMBER, POINTS[NUMBER], " ".join(sorted(odd))))
    if is_detail and (choice := ALTERNATIVES.intersection(text.wording).difference(other.wording)):
        reasons.append(Reason(ALTERNATIVE, POINTS[ALTERNATIVE], " ".join(sorted(choice))))
    if turned := text.negated ^ other.negated:
        reasons.append(Reason(NEGATION, POINTS[NEGATION], " ".join(sorted(turned))))
    return reasons


# --- beside the title -------------------------------------------------------------------------------------


def key_fragments(query: Query, service: Service) -> list[Reason]:
    """A key with a digit lost or doubled, or the beginning of one, names a service or rules it out."""
    if service.key.is_local:
        return []
    key = service.key.value
    for fragment in query.fragments:
        slip = len(fragment) == _KEY_LENGTH - 1 and _without_one(key, fragment)
        slip = slip or (len(fragment) == _KEY_LENGTH + 1 and _without_one(fragment, key))
        if slip or (_OBJECT_END <= len(fragment) < _KEY_LENGTH and key.startswith(fragment)):
            return [Reason(KEY, POINTS[KEY], fragment)]
        if (
            len(fragment) >= _ACT_END
            and fragment.startswith("99")
            and fragment[:_OBJECT_END] != key[:_OBJECT_END]
        ):
            return [Reason(KEY_DIFFERS, POINTS[KEY_DIFFERS], fragment)]
    return []


def _without_one(longer: str, shorter: str) -> bool:
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))


def legal(query: Query, known: Prepared) -> list[Reason]:
    """The same paragraph of the same law speaks for a link; another paragraph of that law against it."""
    shared = query.citations & known.citations
    if shared:
        return [Reason(LEGAL, POINTS[LEGAL], ", ".join(sorted(shared)))]
    titled = frozenset(c for text in query.texts[:1] for c in text.citations)
    laws = {c.split()[-1] for c in titled if c.count(" ") > 1}
    against = {c for c in known.citations if c.count(" ") > 1 and c.split()[-1] in laws}
    if titled and against:
        return [Reason(LEGAL_DIFFERS, POINTS[LEGAL_DIFFERS], ", ".join(sorted(against | titled)))]
    return []


def _shared(feature: str, one: frozenset[str], other: frozenset[str]) -> list[Reason]:
    """OZG name or Lage: half the points for a shared word, all for the same words."""
    both = one & other
    if not both:
        return []
    points = POINTS[feature] if one == other else POINTS[feature] // 2
    return [Reason(feature, points, " ".join(sorted(both)))]


def authority_kind(query: Query, service: Service) -> list[Reason]:
    """An authority of a known kind speaks for the services of its groups and against others."""
    if not query.groups or service.key.is_local:
        return []
    group = service.key.value[2:_GROUP_END]
    feature = AUTHORITY if group in query.groups else AUTHORITY_DIFFERS
    return [Reason(feature, POINTS[feature], query.described.authority)]


def url(query: Query, known: Prepared) -> list[Reason]:
    """Words of the service that no title has, found in the address or the name of the process it starts."""
    return _found_in(URL, query, query.url_stems, known)


def text_of(query: Query, known: Prepared) -> list[Reason]:
    """Words of the service that no title has, found in the description."""
    return _found_in(TEXT, query, query.description_stems, known)


def typing(query: Query, service: Service) -> list[Reason]:
    """Types that contradict each other speak a little against a link."""
    if query.described.typing and service.typing and set(query.described.typing).isdisjoint(service.typing):
        return [Reason(TYPING, POINTS[TYPING], "/".join(service.typing))]
    return []


def _found_in(feature: str, query: Query, stems: frozenset[str], known: Prepared) -> list[Reason]:
    if not stems:
        return []
    found = sorted((stems & known.terms.keys()).difference(*(text.terms for text in query.texts)))
    whole = known.weight
    if not found or not whole:
        return []
    points = POINTS[feature] * sum(known.terms[t] for t in found) // whole
    return [Reason(feature, points, " ".join(found))] if points else []
