"""What is compared, made ready: titles and names as weighted stems with their acts.

Why apart: making ready costs more than comparing, so that a name of the register is made ready once for all
records. Must not know points, guards or thresholds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from syncd.model import facts
from syncd.model.linkage import Described
from syncd.rules.fingerprint import fingerprint
from syncd.rules.services import parse_service_keys
from syncd.rules.title_terms import (
    LIGHT,
    NEGATORS,
    Lexicon,
    citations_of,
    fold,
    is_stop,
    replace_names,
    take_apart,
    words_of,
)
from syncd.rules.verrichtung import Acts, acts_of_service, read_acts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from syncd.model.record import Record
    from syncd.model.service import Service

AUTHORITY_GROUPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "standesamt": "027 059 101 133 080 020",
        "auslaenderbehoerde": "010 011 099",
        "einwanderungsbehoerde": "010 011 099",
        "finanzamt": "102",
        "steueramt": "102",
        "bundeszentralamt fuer steuern": "102",
        "fuehrerscheinstelle": "108",
        "fahrerlaubnisbehoerde": "108",
        "zulassungsstelle": "036",
        "zulassungsbehoerde": "036",
        "gewerbeamt": "050 025 052",
        "jobcenter": "107 007",
        "familienkasse": "041",
        "elterngeldstelle": "041",
        "wohngeldstelle": "107",
        "sozialamt": "107 015 106",
        "jugendamt": "041 107 133 065 002",
        "rentenversicherung": "114",
        "waffenbehoerde": "119 123",
        "zollamt": "122 102",
    }
)
"""Words of authorities' names → groups (segment 2) of services they mostly run; our own reading."""

TITLE_LENGTH: Final = 500
DESCRIPTION_LENGTH: Final = 5_000
SYNONYMS: Final = 20
"""What is longer, or more, is cut: a record may not hold up the others."""
_KEY_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Prepared:
    """One title or name, ready to be compared.

    ``terms`` → weight of the stems that must be matched; ``soft`` → weight of those in brackets and of laws.
    """

    terms: Mapping[str, int]
    soft: Mapping[str, int]
    acts: Acts
    citations: frozenset[str]
    negated: frozenset[str]
    weight: int
    """Weight of all that must be matched."""
    wording: tuple[str, ...]
    """All folded words in alphabetical order: two texts of the same wording are one."""


@dataclass(frozen=True, slots=True)
class Known:
    """One name of a service, ready to be compared, with what the register says of it."""

    service: Service
    prepared: Prepared
    is_alias: bool = False
    is_only_act: bool = False
    """True where the object has this one Verrichtung and no other in the register."""


@dataclass(frozen=True, slots=True)
class Query:
    """A described record, ready to be compared: its title, its synonyms, and what goes with them."""

    described: Described
    texts: tuple[Prepared, ...]
    citations: frozenset[str]
    description_stems: frozenset[str]
    url_stems: frozenset[str]
    situation: frozenset[str]
    bundle: frozenset[str]
    groups: frozenset[str]
    fragments: tuple[str, ...]

    @property
    def is_title_only(self) -> bool:
        """True where nothing but titles can be compared."""
        beside = (
            self.citations,
            self.description_stems,
            self.url_stems,
            self.situation,
            self.bundle,
            self.groups,
        )
        return not (any(beside) or self.fragments or self.described.typing)


def describe(record: Record) -> Described:
    """Return what of a record is compared. Of its key field, only what is no key."""
    unusable = tuple(part for text in record.service_keys for part in parse_service_keys(text)[1])
    said = dict(record.facts)
    urls = (*(c.url for c in record.channels if c.url), *((record.page_url,) if record.page_url else ()))
    return Described(
        title=record.title,
        description=record.description or "",
        authority=record.authority or "",
        key_fragments=unusable,
        situation=said.get(facts.SITUATION, ""),
        ozg_name=said.get(facts.OZG_NAME, ""),
        synonyms=tuple(s for s in said.get(facts.SYNONYMS, "").split(facts.LIST_SEPARATOR) if s.strip()),
        urls=urls,
        typing=record.typing,
        facts=tuple(sorted(said.items())),
        language=record.language,
    )


def prepare(text: str, lexicon: Lexicon, weigh: Callable[[str], int], acts: Acts | None = None) -> Prepared:
    """Take a title apart and weigh its stems; ``acts`` replaces what its words say of the act."""
    parts = take_apart(text)
    main = read_acts(parts.main)
    aside = read_acts(" ".join(parts.asides))
    said = read_acts(f"{parts.main} {' '.join(parts.asides)}") if parts.asides else main
    heavy = " ".join(w for w in main.words if w not in LIGHT)
    stems = lexicon.stems(heavy) or lexicon.stems(" ".join((*main.words, *main.act_words)))
    light = (*aside.words, *(w for w in main.words if w in LIGHT))
    soft = frozenset(lexicon.stems(" ".join(light))).difference(stems)
    words = words_of(fold(text))
    terms = {s: weigh(s) for s in sorted(set(stems))}
    return Prepared(
        terms=terms,
        soft={s: weigh(s) for s in sorted(soft)},
        acts=Acts(acts.kinds if acts else said.kinds, main.words, said.act_words),
        citations=frozenset(parts.citations),
        negated=NEGATORS.intersection(words),
        weight=sum(terms.values()),
        wording=tuple(sorted(words)),
    )


def prepare_service(
    service: Service, name: str, lexicon: Lexicon, weigh: Callable[[str], int], *, is_only_act: bool = False
) -> Known:
    """Make one name of a service ready; its act is read from the key where the key says it."""
    prepared = prepare(name, lexicon, weigh, acts_of_service(service))
    return Known(service, prepared, is_alias=name != service.name, is_only_act=is_only_act)


def prepare_query(
    described: Described, titles: Lexicon, lexicon: Lexicon, weigh: Callable[[str], int]
) -> Query:
    """Make a described record ready; ``titles`` reads titles and may forgive slips, ``lexicon`` the rest."""
    description = fold(described.description[:DESCRIPTION_LENGTH])
    texts = tuple(
        prepare(t[:TITLE_LENGTH], titles, weigh)
        for t in (described.title, *described.synonyms[:SYNONYMS])
        if t.strip()
    )
    cited = {c for text in (*described.legal_grounds, described.title) for c in citations_of(text)}
    cited.update(citations_of(described.description[:DESCRIPTION_LENGTH]))
    authority = fold(described.authority)
    return Query(
        described=described,
        texts=texts,
        citations=frozenset(cited),
        description_stems=frozenset(lexicon.stems(description)),
        url_stems=frozenset(s for url in described.urls[:SYNONYMS] for s in _url_stems(url, lexicon)),
        situation=frozenset(lexicon.stems(fold(described.situation))),
        bundle=frozenset(lexicon.stems(fold(described.ozg_name))),
        groups=frozenset(
            g for word, groups in AUTHORITY_GROUPS.items() if word in authority for g in groups.split()
        ),
        fragments=tuple("".join(_KEY_DIGITS.findall(f)) for f in described.key_fragments),
    )


def _url_stems(address: str, lexicon: Lexicon) -> tuple[str, ...]:
    try:
        path = unquote(urlsplit(address.strip()).path)
    except ValueError:
        return ()
    mark = fingerprint(address)
    text = replace_names(fold(f"{path} {mark.process if mark else ''}"))
    return tuple(s for w in text.split() if w.isalpha() and not is_stop(w) for s in lexicon.split(w))
