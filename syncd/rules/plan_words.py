"""The words of reuse, uniformity, priorities, media breaks and adoption, in German and English.

Nothing here decides. Values in braces are filled by the reason they belong to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from syncd.rules.words import Text, say

if TYPE_CHECKING:
    from collections.abc import Mapping

REASONS: Final[dict[str, Text]] = {
    "same_key": {"de": "derselbe Leistungsschlüssel", "en": "the same service key"},
    "same_action": {
        "de": "dieselbe Verrichtung in einer anderen Ausprägung ({key})",
        "en": "the same action in another variant ({key})",
    },
    "other_key": {"de": "ein anderer Leistungsschlüssel ({key})", "en": "another service key ({key})"},
    "same_land": {
        "de": "läuft im selben Land oder für den ganzen Bund (Stellen: {bodies})",
        "en": "runs in the same Land or for the whole federation (bodies: {bodies})",
    },
    "other_land": {
        "de": "läuft nur in anderen Ländern; das Landesrecht ist zu prüfen",
        "en": "runs in other Länder only; their law has to be checked",
    },
    "same_district": {"de": "läuft im selben Kreis", "en": "runs in the same district"},
    "same_engine": {
        "de": "dieselbe Antragsplattform ist hier schon in Gebrauch ({engine})",
        "en": "the same application platform is in use here already ({engine})",
    },
    "same_domain": {
        "de": "dieselbe Domain wird hier schon genutzt ({domain}), also wohl derselbe IT-Dienstleister",
        "en": "the same domain is in use here already ({domain}), so probably the same IT provider",
    },
    "own_solution": {
        "de": "die zuständige Stelle betreibt sie schon selbst, für anderes",
        "en": "the owing body runs it itself already, for something else",
    },
    "similar_size": {
        "de": "eine Stelle ähnlicher Größe nutzt sie ({people} Einwohner)",
        "en": "a body of similar size uses it ({people} people)",
    },
    "roughly_similar_size": {
        "de": "eine Stelle ungefähr ähnlicher Größe nutzt sie ({people} Einwohner)",
        "en": "a body of roughly similar size uses it ({people} people)",
    },
    "efa": {
        "de": "Adresse oder Titel nennen sie selbst EfA (Einer für Alle); ungeprüft",
        "en": "address or title call it EfA (one for all) themselves; unverified",
    },
    "efa_not_stated": {
        "de": "Ob sie EfA ist, sagen die Daten nicht",
        "en": "the data does not say whether it is EfA",
    },
    "end_to_end": {"de": "Ende-zu-Ende nachgewiesen", "en": "proven end to end"},
    "online_service": {"de": "Onlinedienst", "en": "online service"},
    "online_form": {"de": "Online-Formular", "en": "online form"},
    "no_online_rung": {"de": "kein Online-Verfahren", "en": "no online procedure"},
    "many_adopters": {"de": "viele Stellen nutzen sie ({bodies})", "en": "many bodies use it ({bodies})"},
    "some_adopters": {
        "de": "mehrere Stellen nutzen sie ({bodies})",
        "en": "several bodies use it ({bodies})",
    },
    "few_adopters": {"de": "wenige Stellen nutzen sie ({bodies})", "en": "few bodies use it ({bodies})"},
    "growing": {
        "de": "wird häufiger: vor 90 Tagen {before} bekannt, jetzt {bodies}",
        "en": "is spreading: {before} known 90 days ago, {bodies} now",
    },
    "trend_unknown": {
        "de": "Der Verlauf ist unbekannt: Vor 90 Tagen wurde noch nicht gesammelt",
        "en": "the trend is unknown: nothing was collected 90 days ago",
    },
}

NOTHING_RUNS: Final[dict[str, Text]] = {
    "nothing": {
        "de": "Andernorts läuft nichts, was die Daten kennen.",
        "en": "Nothing that the data knows of runs elsewhere.",
    },
}

FORMULA: Final[Text] = {
    "de": "Priorität = Menschen ohne die Leistung × Gewicht der Leistung × Reife der Lösung. Gewicht: Fälle "
    "im Jahr je 1.000 Einwohner ÷ Median der bekannten Werte, 1 wo nichts bekannt ist. Reife: Punkte der "
    "passendsten laufenden Lösung ÷ 100, mindestens 0,1.",
    "en": "priority = people without the service × weight of the service × readiness of the solution. "
    "Weight: cases a year per 1,000 people ÷ median of the known figures, 1 where nothing is known. "
    "Readiness: points of the best fitting running solution ÷ 100, at least 0.1.",
}
CASES_UNKNOWN: Final[Text] = {
    "de": "Fallzahlen unbekannt: {unknown} von {services} Leistungen haben Gewicht 1.",
    "en": "case figures unknown: {unknown} of {services} services weigh 1.",
}

STEPS: Final[dict[str, Text]] = {
    "adopt": {
        "de": "eigenes Angebot schaffen; im Vorbild läuft eines",
        "en": "set up an offer of its own; the model has one",
    },
    "connect": {
        "de": "an das übergeordnete Angebot anschließen, das im Vorbild gilt",
        "en": "connect to the offer from above that serves the model",
    },
    "find_out": {
        "de": "erst herausfinden: Was hier gilt, ist unbekannt",
        "en": "find out first: what holds here is unknown",
    },
    "change": {
        "de": "beide versorgt, mit verschiedenen Verfahren",
        "en": "both covered, by other procedures",
    },
    "equal": {"de": "gleichauf", "en": "equal"},
    "ahead": {"de": "weiter als das Vorbild", "en": "ahead of the model"},
    "neither": {
        "de": "in keinem von beiden erreicht: fehlt oder ist unbekannt",
        "en": "covered in neither: lacking or unknown",
    },
}

NOT_COMPARABLE: Final[Text] = {
    "de": "Bei {unknown} von {compared} geschuldeten Leistungen ist in einem der beiden Orte etwas unbekannt; "
    "Unbekanntes gilt weder als erreicht noch als Lücke.",
    "en": "Of {unknown} of {compared} owed services something is unknown in one of the two places; unknown is "
    "neither covered nor a gap.",
}

FINDINGS: Final[dict[str, Text]] = {
    "none": {"de": "", "en": ""},
    "contradicted_by_probe": {
        "de": "Die Quelle nennt es online; der Blick auf den Link widerspricht.",
        "en": "The source calls it online; a look at the link contradicts.",
    },
    "contradicted_by_address": {
        "de": "Die Quelle nennt es online; die Adresse widerspricht.",
        "en": "The source calls it online; the address contradicts.",
    },
    "contradicted_by_operator": {
        "de": "Die Quelle nennt es online; eine Entscheidung sagt, dass es das nicht ist.",
        "en": "The source calls it online; a decision says that it is not.",
    },
    "no_link": {
        "de": "Die Quelle nennt es online und gibt keinen Link an.",
        "en": "The source calls it online and gives no link.",
    },
    "dead_link": {"de": "Der Link ist tot.", "en": "The link is dead."},
    "other_act": {
        "de": "Die Adresse nennt eine andere Verrichtung als die Leistung: wohl das falsche Formular; es zählt nicht.",
        "en": "The address names another act than the service: probably the wrong form; it does not count.",
    },
    "parent_key": {
        "de": "Online unter einem Sammelschlüssel; ob auch für diese Leistung, sagt niemand.",
        "en": "Online under a parent key; whether for this service, too, nobody says.",
    },
    "media_break": {
        "de": "Medienbruch: Hier endet der digitale Weg, und kein anderer führt weiter.",
        "en": "Media break: the digital path ends here, and no other goes on.",
    },
}

FORECASTS: Final[dict[str, Text]] = {
    "expected": {
        "de": "Bei der beobachteten Geschwindigkeit; Intervall von 80 % aus {weeks} Wochen.",
        "en": "At the speed observed; interval of 80 % from {weeks} weeks.",
    },
    "reached": {"de": "Das Ziel ist schon erreicht.", "en": "The target is reached already."},
    "nobody": {
        "de": "Hier wohnt niemand, dem sie geschuldet wird.",
        "en": "Nobody it is owed to lives here.",
    },
    "too_much_unknown": {
        "de": "Keine Prognose: Auch wenn alle bekannten Lücken geschlossen wären, bliebe zu viel unbekannt.",
        "en": "No forecast: even with all known gaps closed, too much would remain unknown.",
    },
    "too_few_weeks": {
        "de": "Keine Prognose: nur {weeks} Wochen beobachtet, nötig sind 8.",
        "en": "No forecast: only {weeks} weeks observed, 8 are needed.",
    },
    "too_few_changes": {
        "de": "Keine Prognose: nur in {active} Wochen änderte sich etwas, nötig sind 3.",
        "en": "No forecast: only {active} weeks brought a change, 3 are needed.",
    },
    "not_growing": {
        "de": "Keine Prognose: Unter dem Strich kommt nichts hinzu.",
        "en": "No forecast: on balance nothing is added.",
    },
    "beyond_horizon": {
        "de": "Bei der beobachteten Geschwindigkeit in zehn Jahren nicht.",
        "en": "Not within ten years at the speed observed.",
    },
}


STALLS: Final[dict[str, Text]] = {
    "stalled": {
        "de": "Stillstand: Lücken bleiben, und seit acht Wochen kam nichts hinzu.",
        "en": "stalled: gaps remain, and nothing was added for eight weeks.",
    },
    "moving": {"de": "kein Stillstand.", "en": "not stalled."},
    "unknown": {
        "de": "Ob sie stillsteht, ist nicht zu sagen: zu kurz beobachtet, oder nie begonnen.",
        "en": "whether it stalled cannot be told: too short a time, or never begun.",
    },
}


def reason_text(code: str, values: Mapping[str, str | int], language: str) -> str:
    """Return a reason of fit in words; numbers are grouped as the language does it."""
    grouping = "." if language == "de" else ","
    shown = {
        name: f"{value:,}".replace(",", grouping) if isinstance(value, int) else value
        for name, value in values.items()
    }
    return say(REASONS, code, language).format(**shown)


def forecast_text(code: str, *, weeks: int, active: int, language: str) -> str:
    """Return what a forecast or its refusal means."""
    return say(FORECASTS, code, language).format(weeks=weeks, active=active)
