"""German titles as terms: folded words, stems, parts of compounds, other names for one thing, citations.

Why: "Zoll-Auktion", "Zollauktionen" and "Auktion des Zolls" are one thing to a reader. The rules are few and
small, because what a rule merges wrongly is a wrong link: endings are cut, compounds are split only where all
parts are words of the register, and other names are a table. Must not know services, weights or scores.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "–": "-", "—": "-", "\u00ad": ""})
_WORD = re.compile(r"[a-z0-9]+")
_GENDER = re.compile(r"(?<=[a-z])[*:_/]\s*-?in(nen)?\b|(?<=[a-z])\(in(nen)?\)|/\s*-?(r|n|e|s|er|en)\b")
_ASIDE = re.compile(r"\(([^()]*)\)")


def words_in(text: str) -> frozenset[str]:
    """Return the words of a table that is written as text."""
    return frozenset(text.split())


_STOP: Final = words_in(
    """
    der die das den dem des ein eine einen einem einer eines und oder bzw beziehungsweise sowie als
    am an auf aus bei beim bis durch fuer im in ins ihr ihre ihren ihrem ihrer ihres sich sie es mit
    nach ueber um unter vom von vor waehrend wegen zu zum zur zwecks zweck zwecke gem gemaess lassen
    werden wird wurde sind ist haben hat kann koennen soll sollen muessen muss dass wenn so u a o ae
    etc usw art dienst leistung leistungen s n e r er en abs absatz satz nr nummer ziffer jeweils
    insbesondere hier online digital sein seine seinen seiner sehr ab damit deren dessen diese
    dieser dieses welche ggf gegebenenfalls stellen stelle einholen vornehmen
    machen nehmen beziehen bereich z b
    """
)
"""Words that tell no two services apart. "ohne", "nicht", "ausser" and "nur" are none of them."""

LIGHT: Final = words_in(
    """
    gesetzliche gesetzlichen gesetzlicher gesetzlich staatliche staatlichen staatlich person
    personen menschen mensch verfahren massnahmen massnahme daten neu neuen neue neues sonstige
    sonstiger sonstigen allgemein allgemeine allgemeinen allgemeiner besondere besonderen besonderer
    """
)
"""Words that say little: they count half, as words in brackets do."""

NEGATORS: Final = words_in(
    """
    ohne nicht kein keine keinen ausser ausserhalb nur statt anstatt
    """
)
"""Words that turn a title over; one that stands on one side alone is never overlooked."""

SYNONYMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "kfz": "kraftfahrzeug",
        "pkw": "kraftfahrzeug",
        "auto": "kraftfahrzeug",
        "fahrzeug": "kraftfahrzeug",
        "lkw": "lastkraftwagen",
        "bafoeg": "ausbildungsfoerderung",
        "wbs": "wohnberechtigungsschein",
        "alg": "arbeitslosengeld",
        "hartz": "arbeitslosengeld",
        "ustid": "umsatzsteuer identifikationsnummer",
        "ust": "umsatzsteuer",
        "krankenkasse": "krankenversicherung",
        "krankenkassen": "krankenversicherung",
        "kindertagesstaette": "kindertageseinrichtung",
        "kita": "kindertageseinrichtung",
        "kindergarten": "kindertageseinrichtung",
        "heirat": "eheschliessung",
        "heiraten": "eheschliessung",
        "trauung": "eheschliessung",
        "eu": "europaeische union",
        "ewr": "europaeischer wirtschaftsraum",
        "azr": "auslaenderzentralregister",
        "bzr": "bundeszentralregister",
        "gzr": "gewerbezentralregister",
        "hwo": "handwerksordnung",
        "eid": "online ausweisfunktion",
        "npa": "personalausweis",
        "perso": "personalausweis",
        "steuerid": "steueridentifikationsnummer",
        "grusi": "grundsicherung",
        "but": "bildung teilhabe",
        "kmu": "kleine mittlere unternehmen",
        "dpma": "patent markenamt",
        "bamf": "bundesamt migration fluechtlinge",
        "baugesuch": "bauantrag",
        "papiere": "dokument",
        "gez": "rundfunkbeitrag",
        "rundfunkgebuehr": "rundfunkbeitrag",
        "mwst": "umsatzsteuer",
        "mehrwertsteuer": "umsatzsteuer",
        "lohnsteuerkarte": "lohnsteuerabzugsmerkmale",
        "nebenwohnung": "nebenwohnsitz",
        "verstorbene": "hinterbliebene",
        "behindertenparkausweis": "parkausweis schwerbehinderte",
        "schwerbehindertenparkausweis": "parkausweis schwerbehinderte",
        "schwerbehinderung": "schwerbehinderte",
        "hundesteuerpflicht": "hundesteuer",
    }
)
"""Folded word → the words it stands for; applied once, on both sides."""

_PHRASES: Final = (
    ("hartz iv", "arbeitslosengeld ii"),
    ("alg ii", "arbeitslosengeld ii"),
    ("alg 2", "arbeitslosengeld ii"),
    ("arbeitslosengeld 2", "arbeitslosengeld ii"),
    ("ust id", "umsatzsteuer identifikationsnummer"),
    ("ust idnr", "umsatzsteuer identifikationsnummer"),
    ("steuer id", "steuer identifikationsnummer"),
    ("steuerliche identifikationsnummer", "steuer identifikationsnummer"),
    ("parkausweis fuer bewohner", "bewohnerparkausweis"),
    ("ausweis fuer schwerbehinderte", "schwerbehindertenausweis"),
    ("zentralregister fuer auslaender", "auslaenderzentralregister"),
)

_LINKS = ("", "s", "es", "n", "en", "er", "e")
_SHORTEST_PART = 4
_SHORTEST_STEM = 4
_LONGEST_ABBREVIATION = 5
_LONGEST_WORD = 60
"""Longer ones are no German compounds; taking them apart would cost without end."""
_TITLE_LENGTH = 300
_REMEMBERED = 50_000
_ENDINGS = (
    *("innen", "ungen", "ischen", "ische", "isches", "ischer", "ten", "ter", "tes", "ung", "lich", "liche"),
    *("lichen", "licher", "liches", "ern", "en", "er", "em", "es", "in", "te", "e", "n", "s"),
)
_LONGEST_FIRST = tuple(sorted(_ENDINGS, key=lambda ending: (-len(ending), ending)))

_CITATION = re.compile(
    r"(?:§§?|paragraf|paragraph|art\.|artikel)\s*(\d+\s?[a-z]?)\b"
    r"(?:\s*(?:abs(?:atz|\.)?|nr\.?|nummer|s(?:atz|\.)|buchst(?:abe|\.)|halbs(?:atz|\.)|i\.?v\.?m\.?)\s*\d*\w?\b)*"
    r"(?:\s*(?:des |der )?(sgb\s+[ivx0-9]+|[a-z-]+))?"
)
_LAW = re.compile(
    r"\b(?:nach|gemaess|gem\.?|laut|entsprechend|i\.\s?s\.\s?d\.?|im sinne)\s+(?:dem |der |den |des )?"
    r"(sgb\s+[ivx0-9]+|[a-z-]+)"
)
_LAW_WORD = re.compile(r"sgb\s.*|.*(?:gesetz|gesetzes|gesetzbuch|verordnung|ordnung|richtlinie|abkommen)")
_LAW_SHORT = re.compile(r"\b[A-ZÄÖÜ][a-zäöüß]*[A-ZÄÖÜ]\w*|\b[A-ZÄÖÜ]{2,}\b")
"""Short names of laws have two capitals at least (GewO, PAuswG, KWG); other words behind "nach" have not."""
_LAWS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "kreditwesengesetz": "kwg",
        "gewerbeordnung": "gewo",
        "handwerksordnung": "hwo",
        "aufenthaltsgesetz": "aufenthg",
        "personalausweisgesetz": "pauswg",
        "persauswg": "pauswg",
        "passgesetz": "passg",
        "personenstandsgesetz": "pstg",
        "bundesmeldegesetz": "bmg",
        "baugesetzbuch": "baugb",
        "buergerlichesgesetzbuch": "bgb",
        "strassenverkehrsordnung": "stvo",
        "strassenverkehrszulassungsordnung": "stvzo",
        "waffengesetz": "waffg",
        "wohngeldgesetz": "wogg",
        "infektionsschutzgesetz": "ifsg",
        "umsatzsteuergesetz": "ustg",
        "einkommensteuergesetz": "estg",
        "abgabenordnung": "ao",
        "bundesimmissionsschutzgesetz": "bimschg",
        "luftverkehrsteuergesetz": "luftvstg",
        "staatsangehoerigkeitsgesetz": "stag",
        "unterhaltsvorschussgesetz": "uhvorschg",
        "bundeskindergeldgesetz": "bkgg",
    }
)


@dataclass(frozen=True, slots=True)
class TitleParts:
    """A title taken apart: its main text, what stands in brackets, and the citations of laws.

    ``main`` and ``asides`` are folded. A citation is ``§ <number> <law>``, the law in short where
    the table knows it and empty where the title names none.
    """

    main: str
    asides: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()


def fold(text: str) -> str:
    """Return a text in lower case, umlauts written out, gender forms cut, white space folded."""
    # Titles come again and again; descriptions do not, and would fill the memory.
    return _fold_known(text) if len(text) <= _TITLE_LENGTH else _fold(text)


@lru_cache(maxsize=16_384)
def _fold_known(text: str) -> str:
    return _fold(text)


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFC", text).casefold().translate(_UMLAUTS)
    return " ".join(_GENDER.sub("", folded).split())


def words_of(folded: str) -> tuple[str, ...]:
    """Return the words of a folded text, hyphenated ones in their parts; stop words stay."""
    return tuple(_WORD.findall(folded))


def take_apart(text: str) -> TitleParts:
    """Split a title into main text, asides and citations; laws that are only named become asides."""
    folded = fold(text)
    short = _short_laws(text)
    rest = _CITATION.sub(lambda m: " " if _is_law(m.group(2), short) else f" {m.group(2) or ''} ", folded)
    asides = [a.strip() for a in _ASIDE.findall(rest) if a.strip()]
    rest = _ASIDE.sub(" ", rest)
    asides = [a for a in asides if not _abbreviates(a, rest)]
    named = [m.group(1) for m in _LAW.finditer(rest) if _is_law(m.group(1), short)]
    asides += [_LAWS.get(name, name) for name in named]
    main = " ".join(_LAW.sub(lambda m: " " if _is_law(m.group(1), short) else m.group(), rest).split())
    citations = citations_of(text)
    if not _WORD.search(main):
        return TitleParts(folded, (), citations)
    return TitleParts(main, tuple(asides), citations)


def _short_laws(text: str) -> frozenset[str]:
    return frozenset(fold(word) for word in _LAW_SHORT.findall(text))


def _is_law(name: str | None, short: frozenset[str]) -> bool:
    return bool(name) and (name in short or _LAW_WORD.fullmatch(name or "") is not None)


def _abbreviates(aside: str, main: str) -> bool:
    """Tell whether an aside abbreviates words in front of it ("Berufsausbildungsbeihilfe (BAB)")."""
    if not aside.isalpha() or len(aside) > _LONGEST_ABBREVIATION:
        return False
    for match in re.finditer(rf"\b{aside[0]}", main):
        letters = iter(main[match.start() :])
        if all(letter in letters for letter in aside):
            return True
    return False


def citations_of(text: str) -> tuple[str, ...]:
    """Return the citations in a text, sorted, without repetitions: ``§ 34a gewo``."""
    if "§" not in text and "rt" not in text and "aragra" not in text:
        return ()
    found = set()
    short = _short_laws(text)
    for match in _CITATION.finditer(fold(text)):
        number, name = match.group(1).replace(" ", ""), match.group(2)
        law = "".join(name.split()).replace("-", "") if name and _is_law(name, short) else ""
        law = law.removesuffix("es") if law.endswith("gesetzes") else law
        found.add(f"§ {number} {_LAWS.get(law, law)}".strip())
    return tuple(sorted(found))


def replace_names(folded: str) -> str:
    """Return a folded text with other names for one thing replaced by the one name the house uses."""
    words = " ".join(words_of(folded))
    for phrase, name in _PHRASES:
        if phrase in words:
            words = re.sub(rf"\b{phrase}\b", name, words)
    return " ".join(SYNONYMS.get(word, word) for word in words.split())


def is_stop(word: str) -> bool:
    """Tell whether a folded word tells no two services apart."""
    return word in _STOP


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return a folded word without its ending, at least four letters; numbers and short words stay."""
    if len(word) <= _SHORTEST_STEM or not word.isalpha():
        return word
    for ending in _LONGEST_FIRST:
        kept = word[: -len(ending)]
        if (
            word.endswith(ending)
            and len(kept) >= _SHORTEST_STEM
            and not (ending == "s" and kept[-1] in "sia")
        ):
            return _without_umlauts(kept.removesuffix("s") if kept.endswith("iss") else kept)
    return _without_umlauts(word)


def _without_umlauts(word: str) -> str:
    """Undo the umlauts of plurals: "Zuschüsse" and "Zuschuss" have one stem."""
    return word.replace("ae", "a").replace("oe", "o").replace("ue", "u")


class Lexicon:
    """Words of the register, which say where a compound may be split.

    The result depends on the set of words alone. Splits are remembered, a bounded number of them.
    """

    def __init__(self, words: Iterable[str]) -> None:
        """Take the folded words that may be parts."""
        words = frozenset(words)
        self._stems = frozenset(stem(w) for w in words if len(w) >= _SHORTEST_PART and w.isalpha())
        self._words = frozenset(w for w in words if w.isalpha())
        self._splits: dict[str, tuple[str, ...]] = {}

    def stems(self, folded: str) -> tuple[str, ...]:
        """Return the stems of a folded text without stop words, compounds in parts, in order."""
        words = [word for word in replace_names(folded).split() if word not in _STOP]
        return tuple(s for word in self.joined(words) for s in self.split(word))

    def joined(self, words: list[str]) -> list[str]:
        """Return the words, neighbours made one where the register writes them as one ("Zoll-Auktion")."""
        joined: list[str] = []
        for word in words:
            if joined and (whole := joined[-1] + word) in self._words and len(word) >= _SHORTEST_PART:
                joined[-1] = whole
            else:
                joined.append(word)
        return joined

    def split(self, word: str) -> tuple[str, ...]:
        """Return the stems of the parts of a word; of one that cannot be split, its own stem."""
        known = self._splits.get(word)
        if known is None:
            if len(self._splits) >= _REMEMBERED:
                self._splits.clear()
            known = self._splits[word] = self._parts(word)
        return known

    def _parts(self, word: str) -> tuple[str, ...]:
        if not 2 * _SHORTEST_PART <= len(word) <= _LONGEST_WORD or not word.isalpha():
            return (stem(word),)
        # The longest head wins: "Kraftfahrzeug|steuer", not "Kraft|fahrzeugsteuer".
        for at in range(len(word) - _SHORTEST_PART, _SHORTEST_PART - 1, -1):
            if stem(word[at:]) in self._stems and (head := self._head(word[:at])):
                return (*head, stem(word[at:]))
        return (stem(word),)

    def _head(self, head: str) -> tuple[str, ...]:
        """Return the parts of what stands in front; nothing where it is no word and not made of words."""
        for link in _LINKS:
            bare = head[: len(head) - len(link)] if link else head
            if head.endswith(link) and len(bare) >= _SHORTEST_PART:
                parts = self.split(bare)
                if len(parts) > 1 or stem(bare) in self._stems:
                    return parts
        return ()
