"""What is done: the Verrichtung in German titles and in names and keys of the service register.

Why: "Hund anmelden" and "Hund abmelden" differ in two letters and in everything that counts. Whatever
compares titles must know which act they speak of, and must never take one for its opposite. Words are read by
table, not guessed; an unknown word is no Verrichtung.

Source of the codes: fourth segment of the Leistungsschlüssel with the names in the OZG/LeiKa catalogue of
October 2019 (every code below occurs there). Which codes are one kind is our own grouping. Must not know
scores.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from syncd.rules.title_terms import fold, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncd.model.service import Service

APPLY: Final = "apply"
"""To apply says only that somebody decides: it goes with every act an authority takes on application."""
GRANT: Final = "grant"

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        APPLY: "antrag beantragung beantragen beantragt",
        GRANT: """
            erteilung erteilen ausstellung ausstellen bewilligung bewilligen gewaehrung gewaehren
            genehmigung genehmigen erlaubnis erlauben zulassung zulassen anerkennung anerkennen
            gestattung gestatten zustimmung zustimmen verleihung verleihen zuteilung zuteilen
            vergabe vergeben erhalten bekommen erwerben erbringung kostenuebernahme bescheinigung
            bescheinigen ersterteilung erstausstellung zertifizierung ermaechtigung
        """,
        "fund": "foerderung foerdern finanzierung finanzieren bezuschussung",
        "hand_out": "ausgabe ausgeben aushaendigung wiederaushaendigung abholung abholen",
        "determine": """
            feststellung feststellen anspruchsfeststellung festsetzung festsetzen entscheidung
            bestimmung ermittlung berechnung berechnen bewertung
        """,
        "change": """
            aenderung aendern umaenderung berichtigung berichtigen korrigieren aktualisieren
            ergaenzung umwandlung veraenderung veraenderungsanzeige aenderungsanzeige
        """,
        "extend": "verlaengerung verlaengern erneuerung erneuern weiterbewilligung weiterbewilligen",
        "shorten": "verkuerzung verkuerzen",
        "widen": "erweiterung erweitern",
        "revoke": """
            widerruf widerrufen entzug entziehung entziehen ruecknahme zuruecknahme zuruecknehmen
            aufhebung aufheben einziehung untersagung
        """,
        "return": "rueckgabe zurueckgeben verzicht verzichten",
        "grant_again": """
            wiedererteilung neuerteilung wiedererteilen wiedergestattung wiederzulassung
            wiederbestellung
        """,
        "register": "anmeldung anmelden angemeldet voranmeldung anzumelden",
        "deregister": """
            abmeldung abmelden abgemeldet ausserbetriebsetzung abzumelden kuendigung kuendigen
            austritt austreten ausserbetriebsetzen
        """,
        "reregister": "ummeldung ummelden umgemeldet umzumelden",
        "notify": """
            anzeige anzeigen meldung melden mitteilung mitteilen mitzuteilen anzuzeigen
            verlustmeldung verlustanzeige benachrichtigung vorankuendigung meldepflicht
            anzeigepflicht
        """,
        "replace": "ersatz ersetzen ersatzausstellung neuausstellung ersatzausfertigung zweitausfertigung",
        "exchange": "umtausch umtauschen umschreibung umschreiben umzuschreiben pflichtumtausch",
        "enter": "eintragung eintragen registrierung registrieren aufnahme erfassung vormerkung eintrag",
        "delete": "loeschung loeschen austragung austragen tilgung streichung",
        "inform": """
            auskunft auskuenfte informationserteilung einsicht einsehen einsichtnahme beratung
            statusabfrage abfrage abfragen informieren information informationen unterrichtung
            selbstauskunft
        """,
        "extract": "auszug abschrift ausdruck ausfertigung",
        "clarify": "klaerung klaeren",
        "block": "sperrung sperren",
        "unblock": "entsperrung entsperren",
        "activate": "aktivierung aktivieren",
        "deactivate": "deaktivierung deaktivieren",
        "refund": "erstattung erstatten rueckerstattung zurueckerhalten",
        "repay": "rueckforderung rueckzahlung zurueckzahlen zurueckforderung",
        "pay": "zahlung bezahlen zahlen auszahlung entrichtung entrichten",
        "defer": "stundung stunden aufschub",
        "waive": "erlass teilerlass",
        "exempt": "befreiung befreien freistellung freistellen",
        "reduce": "ermaessigung ermaessigen",
        "record_act": "beurkundung beurkunden nachbeurkundung",
        "authenticate": "beglaubigung beglaubigen legalisation",
        "check": "pruefung pruefen ueberpruefung ueberpruefen kontrolle ueberwachung begutachtung abnahme",
        "appoint": "bestellung bestellen vereidigung beeidigung benennung",
        "object": "widerspruch beschwerde einspruch anfechtung ausschlagung ausschlagen",
        "transfer": "uebertragung uebertragen uebermittlung uebermitteln weiterleitung",
        "reserve": "reservierung reservieren",
        "dispose": "entsorgung entsorgen",
        "publish": "veroeffentlichung bekanntmachung bekanntgabe",
        "perform": "durchfuehrung",
        "accept": "entgegennahme",
        "confirm": "bestaetigung bestaetigen",
        "declare": "erklaerung erklaeren",
        "order": "anordnung",
        "pursue": "verfolgung ahndung",
        "collect": "erhebung",
        "hand_in": "abgabe abgeben einreichung einreichen",
        "close": "schliessung stilllegung schliessen",
        "arrange": "vermittlung",
        "offset": "anrechnung",
    }
)
"""Kinds of acts, each with the folded words (:func:`~syncd.rules.title_terms.fold`) that name it."""

_KIND_OF_WORD: Final = {word: kind for kind, words in KINDS.items() for word in words.split()}

_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        GRANT: "001 005 006 007 012 016 017 022 030 056 067 069 080 099 107 134 147 148",
        "fund": "027 174",
        "hand_out": "040 053 245",
        "determine": "002 037 128 151 157 204 221 260",
        "change": "011 043 062 218 243 262",
        "extend": "020 133",
        "shorten": "057",
        "widen": "049",
        "revoke": "044 052 100 160 161 163 222",
        "return": "090 244",
        "grant_again": "123 186",
        "register": "104 241",
        "deregister": "070",
        "reregister": "071",
        "notify": "014 101 169 189 227",
        "replace": "036",
        "exchange": "050 051",
        "enter": "019 034 060 132 206",
        "delete": "064",
        "inform": "013 015 018 023 025 077 109 144",
        "extract": "033 065 085 250",
        "clarify": "156",
        "block": "063",
        "activate": "180",
        "deactivate": "181",
        "refund": "039",
        "repay": "047 172",
        "pay": "079 131",
        "defer": "119 259",
        "waive": "165 171",
        "exempt": "010 048",
        "reduce": "149",
        "record_act": "026",
        "authenticate": "035 081",
        "check": "028 029 031 074 252",
        "appoint": "061 108 263",
        "transfer": "038 055 177",
        "reserve": "072",
        "dispose": "004",
        "publish": "045 059 095 126 140 265",
        "perform": "058",
        "accept": "261",
        "confirm": "008",
        "declare": "129",
        "order": "088",
        "pursue": "176 178",
        "collect": "111",
        "hand_in": "076",
        "close": "003 255",
        "arrange": "155",
        "offset": "118",
    }
)
_KIND_OF_CODE: Final = {code: kind for kind, codes in _CODES.items() for code in codes.split()}

_ON_APPLICATION = frozenset(
    {
        *(
            GRANT,
            "fund",
            "hand_out",
            "enter",
            "appoint",
            "exempt",
            "refund",
            "exchange",
            "replace",
            "reserve",
        ),
        *("reduce", "record_act", "authenticate", "defer", "waive", "block"),
    }
)
"""What a bare "beantragen" may mean; never a change, an end, a notification or mere information."""

_TWO_VIEWS = frozenset(
    frozenset(pair)
    for pair in (
        (GRANT, "fund"),
        ("notify", "accept"),
        ("register", "accept"),
        ("register", "enter"),
        ("register", "record_act"),
        ("declare", "accept"),
        ("pay", "collect"),
        ("transfer", "collect"),
        ("transfer", "accept"),
        ("object", "check"),
        ("notify", "pursue"),
    )
)
"""One act seen by the person who comes and by the authority that acts: "melden" and "Entgegennahme"."""

_VESSELS = frozenset({"accept", "perform"})
"""Acts that only carry another: "Meldung … Entgegennahme" is a report."""

OPPOSITES: Final = frozenset(
    frozenset(pair)
    for pair in (
        ("register", "deregister"),
        ("register", "reregister"),
        ("deregister", "reregister"),
        (GRANT, "revoke"),
        (APPLY, "revoke"),
        (GRANT, "return"),
        (APPLY, "return"),
        ("grant_again", "revoke"),
        ("extend", "revoke"),
        ("extend", "shorten"),
        ("enter", "delete"),
        ("block", "unblock"),
        ("activate", "deactivate"),
        ("pay", "refund"),
        (GRANT, "repay"),
        ("fund", "repay"),
        (GRANT, "object"),
        ("appoint", "revoke"),
        ("register", "revoke"),
        ("notify", "deregister"),
    )
)
"""Pairs of kinds that undo each other."""

_COMPOUND_TAILS = (
    *("anmeldung", "abmeldung", "ummeldung", "verlaengerung", "loeschung", "widerruf", "aenderung"),
    *("umschreibung", "umtausch", "berichtigung", "ersterteilung", "neuerteilung", "wiedererteilung"),
    *("verzicht", "beantragung", "erstattung", "befreiung", "ermaessigung", "sperrung", "rueckgabe"),
)
"""Acts German glues to their object ("Gewerbeabmeldung"); others ("Aufenthaltserlaubnis") name a thing."""
_MINIMUM_HEAD = 3
_AND = frozenset({"und", "oder", "sowie", "bzw"})
_CIRCUMSTANCE = frozenset({"nach", "wegen", "trotz", "bei"})
_HALVED = re.compile(r"\b(an|ab|um|ein|aus)\s*-\s*(?=[,/]|und\b|oder\b|bzw\b|\b(?:an|ab|um)\b)")
_HALVED_KIND = {"an": "register", "ab": "deregister", "um": "reregister"}


class Agreement(IntEnum):
    """How the acts of two texts stand to each other, from worst to best."""

    OPPOSITE = 0
    DIFFERENT = 1
    UNSAID = 2
    """One side names none, or only that there is an application: nothing speaks against it."""
    SAME = 3


@dataclass(frozen=True, slots=True)
class Acts:
    """The kinds of acts a text names, and its other words.

    ``kinds`` holds special ones only if there are any: "Verlängerung beantragen" is about extending.
    ``words`` are the folded words that name no act, in order; ``act_words`` those that do.
    """

    kinds: frozenset[str]
    words: tuple[str, ...]
    act_words: tuple[str, ...] = ()


def kind_of_word(word: str) -> str | None:
    """Return the kind of act a folded word names, or None."""
    return _KIND_OF_WORD.get(word)


def kind_of_code(code: str) -> str | None:
    """Return the kind of the three digits of the fourth segment, or None for one that is not in the table."""
    return _KIND_OF_CODE.get(code)


def read_acts(text: str) -> Acts:
    """Read the acts out of a title or name: words, glued compounds and halves ("an-, um- und abmelden")."""
    folded = fold(text)
    kinds: list[str] = []
    if "meld" in folded:
        kinds += [_HALVED_KIND[half] for half in _HALVED.findall(folded) if half in _HALVED_KIND]
        folded = _HALVED.sub(" ", folded)
    words: list[str] = []
    act_words: list[str] = []
    before = ""
    counted = False
    joined = False
    for word in words_of(folded):
        # "nach Entziehung" and "wegen Änderung" are circumstances of an act, not acts.
        kind = None if before in _CIRCUMSTANCE else _KIND_OF_WORD.get(word)
        joined |= counted and kind is not None and before in _AND
        counted = kind is not None or (counted and word in _AND)
        before, act = word, word
        if kind is None and (tail := _glued(word)):
            kind, act = _KIND_OF_WORD[tail], tail
            words.append(word[: -len(tail)])
        if kind is None:
            words.append(word)
        else:
            kinds.append(kind)
            act_words.append(act)
    # "Beantragung und Verlängerung" is about both; "Beantragung der Verlängerung" about one.
    return Acts(frozenset(kinds) if joined else _special(kinds), tuple(words), tuple(act_words))


def acts_of_service(service: Service) -> Acts:
    """Return the acts of a service: by its key where the code is known, and by the words of its name.

    The words in front of the act in a name are its object ("Erlaubnis … Widerruf" is a revocation of one).
    """
    said = read_acts(service.name)
    code = "" if service.key.is_local else service.key.value[8:11]
    kind = _KIND_OF_CODE.get(code)
    # A few keys contradict their names ("… Registrierung" under the code of Festsetzung): the name counts.
    named = {_KIND_OF_WORD[word] for word in said.act_words}
    if kind is None or (said.kinds - {APPLY} and kind not in named):
        return said
    if kind in _VESSELS and said.kinds - {kind, APPLY, GRANT}:
        return Acts(_special(said.kinds - {kind}), said.words, said.act_words)
    tail = (kind, *_after(said.act_words, kind))
    return Acts(_special(tail), said.words, said.act_words)


def agreement(one: frozenset[str], other: frozenset[str]) -> Agreement:
    """Compare two sets of kinds. Symmetric."""
    generic = frozenset({APPLY, GRANT})
    if one == other or (one and other and one | other <= generic):
        return Agreement.SAME
    if not one or not other:
        return Agreement.UNSAID if one | other <= generic else Agreement.DIFFERENT
    if any(frozenset((a, b)) in OPPOSITES for a in one - other for b in other - one):
        return Agreement.OPPOSITE
    applied = any(a == {APPLY} and b <= _ON_APPLICATION for a, b in ((one, other), (other, one)))
    return Agreement.UNSAID if applied or one | other in _TWO_VIEWS else Agreement.DIFFERENT


def are_opposite(one: str, other: str) -> bool:
    """Tell whether two titles speak of acts that undo each other."""
    return agreement(read_acts(one).kinds, read_acts(other).kinds) is Agreement.OPPOSITE


def _glued(word: str) -> str:
    for tail in _COMPOUND_TAILS:
        if word.endswith(tail) and len(word) >= len(tail) + _MINIMUM_HEAD:
            return tail
    return ""


def _after(act_words: tuple[str, ...], kind: str) -> Iterable[str]:
    """Yield the kinds of act words after the last one of ``kind``: details of the act, not of the object."""
    kinds = [_KIND_OF_WORD[word] for word in act_words]
    if kind in kinds:
        last = len(kinds) - 1 - kinds[::-1].index(kind)
        yield from kinds[last + 1 :]


def _special(kinds: Iterable[str]) -> frozenset[str]:
    every = frozenset(kinds)
    for generic in (frozenset({APPLY, GRANT}), frozenset({APPLY})):
        if every - generic:
            every -= generic
    return every
