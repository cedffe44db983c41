"""Addresses that name another act than the service they are filed under: the form is the wrong one.

Why: under the issue of a passport stood a link to the report of its loss. Nobody gets a passport there, so
the link proves that the service is described and nothing more; whoever edits the record has to file it under
the other key. Wrongly accusing a link costs more than missing one, so everything here is narrow: only acts
that addresses name without doubt, only services known to do another one, and never where both may be meant.
Must not know rungs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from syncd.rules.fingerprint import fingerprint
from syncd.rules.title_terms import fold
from syncd.rules.verrichtung import APPLY, kind_of_code, kind_of_word, read_acts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from syncd.model.service import ServiceKey

OTHER_ACT: Final = "address.other_act"
"""Rule by which a channel whose address names another act proves a description of its service only."""


@dataclass(frozen=True, slots=True)
class AddressAct:
    """One row: an act as addresses name it, and by what a service is known to do the same or to need it.

    ``stem`` is searched in the folded process of an address. ``kinds`` are those of
    :mod:`syncd.rules.verrichtung`, ``words`` parts of folded names.
    """

    stem: re.Pattern[str]
    kinds: frozenset[str]
    words: tuple[str, ...]


def _row(stem: str, kinds: str, words: str) -> AddressAct:
    return AddressAct(re.compile(stem), frozenset(kinds.split()), tuple(words.split()))


ADDRESS_ACTS: Final = (
    # What is lost is reported, blocked or replaced; found things are kept for who lost them. Losses of money
    # ("verlustvortrag") are other losses.
    _row(
        r"(?<![a-z])verlust(?![a-z])|verlust(meld|anzeig|erklaer)|(pass|ausweis|schein|karten?)[-_]?verlust",
        "notify replace block",
        "verlust verlor abhanden diebstahl gestohlen entwendet fund",
    ),
    _row(r"umtausch", "exchange", "tausch umschreib"),
    _row(r"abmeld", "deregister return close delete", "abmeld ausser stillleg aufgabe beend"),
    # Who moves registers a home and reregisters in one: portals use both words for the same form.
    _row(
        r"ummeld",
        "reregister change",
        "ummeld aender umzug umzieh wohnsitz wohnung verleg wechsel umschreib",
    ),
    _row(r"verlaenger", "extend", "verlaenger erneuer weiter folge"),
    # "ankuendigen" and "verkuenden" announce.
    _row(r"(?<!an)(?<!ver)kuendig", "deregister revoke", "kuendig beend austritt"),
)
"""Not ``anmeld``: that is how one signs in, too. Not ``aender``: any form may be for changes as well."""

_SUSPECT: Final = re.compile(r"verlust|umtausch|abmeld|ummeld|verl.{1,12}nger|ndig")
"""Finds all that may name an act, escapes and umlauts included, before anything is taken apart: quickly, as
every link of the catalogue is asked about."""
_MELD: Final = "(?:und|oder|u|bzw)?[-_.+ ]*"
_HALF: Final = re.compile(rf"(an|ab|um)(?=[-_.+ ]*{_MELD}(?:(?:an|ab|um)[-_.+ ]*{_MELD})*(?:an|ab|um)meld)")
"""Halves as in ``ab-ummeldung`` and ``an-und-abmeldung``: forms for both."""
_HALVES: Final = {"an": "register", "ab": "deregister", "um": "reregister"}
_HUMP: Final = re.compile(r"(?<=[a-zäöüß0-9])(?=[A-ZÄÖÜ])")
_GAP: Final = re.compile(r"[^A-Za-zÄÖÜäöüß]+")


def names_other_act(url: str, key: ServiceKey, names: Iterable[str]) -> bool:
    """Tell whether an address names an act, and only acts, that a service of this key and names is not about.

    False wherever it is not known what the service does: keys of whole groups (``000`` in the fourth segment)
    and names without an act.
    """
    if _SUSPECT.search(url.lower()) is None:
        return False
    mark = fingerprint(url)
    process = unquote(mark.process).rpartition("/")[2] if mark else ""
    folded = fold(process)
    named = [act for act in ADDRESS_ACTS if act.stem.search(folded)]
    if not named:
        return False
    code = "" if key.is_local else key.value[8:11]
    if code == "000":
        return False
    called = tuple(names)
    does = {kind for name in called for kind in read_acts(name).kinds}
    if (kind := kind_of_code(code)) is not None:
        does.add(kind)
    if not does - {APPLY}:
        return False
    spoken = fold(" ".join(called))
    if any(act.kinds & does or any(word in spoken for word in act.words) for act in named):
        return False
    return not (_also(process, folded) - {APPLY}) & does


def _also(process: str, folded: str) -> set[str]:
    """Return the kinds of all acts a process names, those that accuse nobody among them."""
    spaced = _GAP.sub(" ", _HUMP.sub(" ", process))
    singly = (kind_of_word(word) for word in fold(spaced).split())
    halves = (_HALVES[half] for half in _HALF.findall(folded))
    return {*read_acts(spaced).kinds, *halves, *(kind for kind in singly if kind is not None)}
