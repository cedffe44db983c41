"""The words of coverage figures and simulations, in German and English; nothing here decides anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from syncd.rules.words import Text, say

if TYPE_CHECKING:
    from syncd.rules.figures import Share

RULES: Final[dict[str, Text]] = {
    "area_wide": {"de": "flächendeckend (alle)", "en": "area-wide (all)"},
    "at_least_one": {"de": "mindestens eine", "en": "at least one"},
    "share_of_bodies": {"de": "Anteil der Kommunen", "en": "share of bodies"},
    "share_of_population": {"de": "Anteil der Bevölkerung", "en": "share of population"},
    "own": {"de": "davon eigenes Angebot", "en": "by an own offer"},
    "inherited": {"de": "davon übergeordnetes Angebot", "en": "by an inherited offer"},
    "described": {"de": "beschrieben", "en": "described"},
    "online": {"de": "online", "en": "online"},
    "described_population": {"de": "beschrieben (Bevölkerung)", "en": "described (population)"},
    "online_population": {"de": "online (Bevölkerung)", "en": "online (population)"},
}

RULE_TEXTS: Final[dict[str, Text]] = {
    "area_wide": {
        "de": "Leistungen, die in jeder schuldenden Kommune erreicht sind. Unbekannt: keine Lücke ist bekannt, "
        "aber nicht über jede Kommune weiß man etwas.",
        "en": "Services covered in every body that owes them. Unknown: no gap is known, but not every body is.",
    },
    "at_least_one": {
        "de": "Leistungen, die in mindestens einer schuldenden Kommune erreicht sind.",
        "en": "Services covered in at least one body that owes them.",
    },
    "share_of_bodies": {
        "de": "Erreichte Zellen (Leistung in einer schuldenden Kommune) von allen geschuldeten.",
        "en": "Covered cells (a service in a body that owes it) of all owed ones.",
    },
    "share_of_population": {
        "de": "Menschen in erreichten Zellen von den Menschen in allen geschuldeten, je Leistung einmal gezählt.",
        "en": "People in covered cells of the people in all owed ones, counted once per service.",
    },
    "own": {
        "de": "Zellen, die ein Angebot der Kommune selbst erreicht.",
        "en": "Cells covered by an offer of the body itself.",
    },
    "inherited": {
        "de": "Zellen, die ein Angebot einer übergeordneten Stelle erreicht.",
        "en": "Cells covered by an offer of a body above.",
    },
    "described": {
        "de": "Zellen, für die irgendein Angebot bekannt ist, auch nur eine Beschreibung oder ein toter Link.",
        "en": "Cells with any known offer, be it only a description or a dead link.",
    },
    "online": {
        "de": "Zellen, deren lebendes Angebot mindestens ein Online-Formular ist, gleich was die Pflicht verlangt.",
        "en": "Cells whose living offer is an online form or better, whatever the obligation demands.",
    },
    "described_population": {
        "de": "Menschen in beschriebenen Zellen, je Leistung einmal gezählt.",
        "en": "People in described cells, counted once per service.",
    },
    "online_population": {
        "de": "Menschen in Zellen mit Online-Weg, je Leistung einmal gezählt.",
        "en": "People in cells with an online path, counted once per service.",
    },
}

UNITS: Final[dict[str, Text]] = {
    "services": {"de": "Leistungen", "en": "services"},
    "cells": {"de": "Zellen", "en": "cells"},
    "people": {"de": "Menschen", "en": "people"},
}

GROUPS: Final[dict[str, Text]] = {
    "total": {"de": "insgesamt", "en": "in total"},
    "ozg": {"de": "ohne OZG-Leistung", "en": "of no OZG service"},
    "situation": {"de": "ohne Lage", "en": "of no Lage"},
    "theme": {"de": "ohne Themenfeld", "en": "of no Themenfeld"},
}

UNKNOWN_NOTE: Final[Text] = {
    "de": "Unbekanntes steht im Nenner und gilt weder als erreicht noch als Lücke; „höchstens“ zählt es als "
    "erreicht.",
    "en": "What is unknown is in the denominator and counts as neither covered nor missing; 'at most' counts "
    "it as covered.",
}

BOUNDS: Final[dict[str, Text]] = {
    "exact": {
        "de": "Keine kleinere Menge erreicht das Ziel: Die Einführungen überschneiden sich nicht, also ist die "
        "jeweils größte zuerst die beste Wahl.",
        "en": "No smaller set reaches the target: the roll-outs do not overlap, so that the largest first is "
        "the best choice.",
    },
    "logarithmic": {
        "de": "Höchstens {factor}-mal so viele Einführungen wie die kleinste Menge: Sie überschneiden sich, und "
        "die gierige Auswahl ist durch 1 + ln(T / r) beschränkt (T: verlangter Zugewinn, r: was vor dem letzten "
        "Schritt noch fehlte).",
        "en": "At most {factor} times as many roll-outs as the smallest set: they overlap, and the greedy choice "
        "is bounded by 1 + ln(T / r) (T: gain demanded, r: what was missing before the last step).",
    },
    "submodular": {
        "de": "Das Ziel ist mit so vielen Einführungen nicht erreicht. Ihr Zugewinn ist mindestens "
        "1 − 1/e (63 %) dessen, was irgendeine gleich große Menge erreicht.",
        "en": "The target is not reached with so many roll-outs. Their gain is at least 1 − 1/e (63 %) of what "
        "any set of that size reaches.",
    },
    "unreachable": {
        "de": "Das Ziel ist auch dann nicht erreicht, wenn alle bekannten Lücken geschlossen sind.",
        "en": "The target is not reached even when all known gaps are closed.",
    },
    "reached": {"de": "Das Ziel ist schon erreicht.", "en": "The target is reached already."},
}

SIMULATED: Final[Text] = {
    "de": "Durchgerechnet an einer Kopie; nichts wurde geändert.",
    "en": "Worked out on a copy; nothing has been changed.",
}

NOT_YET_OWED: Final[Text] = {
    "de": "Bis {day} kommen Pflichten hinzu, die hier noch nicht gezählt sind: {duties}.",
    "en": "Until {day} further duties come into force that are not counted here: {duties}.",
}


def percent(value: float | None, language: str) -> str:
    """Return a share in per cent with one digit, never rounded up to all or down to nothing."""
    if value is None:
        return "–"
    shown = round(100 * value, 1)
    if value < 1 and shown == 100:  # noqa: PLR2004 - per cent
        shown = 99.9
    elif value > 0 and shown == 0:
        shown = 0.1
    text = f"{shown:.1f}"
    return (text.replace(".", ",") if language == "de" else text) + " %"


def share_text(share: Share, language: str) -> str:
    """Return a share as ``46 / 64 = 71.9 % (unknown 3)``."""
    unknown = say({"u": {"de": "unbekannt", "en": "unknown"}}, "u", language)
    text = f"{share.numerator} / {share.denominator} = {percent(share.value, language)}"
    return f"{text} ({unknown} {share.unknown})" if share.unknown else text
