"""The words of the yardstick report in German and English; nothing here decides anything.

Beside the rules because each code needs its words the day it is born; a test checks that none is missing.
"""

from __future__ import annotations

from typing import Final

from syncd.rules.words import CAUSES, Text

VERDICTS: Final[dict[str, Text]] = {
    "same": {"de": "gleich", "en": "the same"},
    "ours_only": {"de": "bei uns online, dort nicht", "en": "online here, not there"},
    "theirs_only": {"de": "dort online, bei uns nicht", "en": "online there, not here"},
    "not_in_register": {"de": "nicht in unserem Register", "en": "not in our register"},
    "not_counted": {"de": "dort nicht gezählt", "en": "not counted there"},
    "unknown_here": {"de": "bei uns unbekannt", "en": "unknown here"},
}

THEIRS: Final[dict[str, Text]] = {
    "online": {"de": "online", "en": "online"},
    "link_dead": {"de": "Link dort als defekt geprüft", "en": "link found broken there"},
    "no_link": {"de": "ohne Link", "en": "without a link"},
    "inactive": {"de": "inaktiv", "en": "inactive"},
    "not_listed": {"de": "nicht aufgeführt", "en": "not listed"},
}

RULES: Final[dict[str, Text]] = {
    "both_online": {"de": "Beide Seiten sagen: online.", "en": "Both sides say: online."},
    "their_word_only": {
        "de": "Beide sagen: online. Wir wissen es aber nur von dort; das ist keine Bestätigung.",
        "en": "Both say: online. But we know it from there only; that confirms nothing.",
    },
    "both_not_online": {"de": "Beide Seiten sagen: nicht online.", "en": "Both sides say: not online."},
    "not_listed_there": {
        "de": "Hier gibt es ein eigenes Angebot; dort ist die Leistung für das Gebiet nicht aufgeführt.",
        "en": "There is an own offer here; there, the service is not listed for the area.",
    },
    "no_link_there": {
        "de": "Dort steht die Leistung ohne Link zu einem Onlinedienst.",
        "en": "There, the service stands without a link to an online service.",
    },
    "link_dead_there": {
        "de": "Die Linkprüfung dort meldet den Link als nicht in Ordnung; hier zählt ein Angebot.",
        "en": "The link check there reports the link as not in order; here an offer counts.",
    },
    "inactive_there": {
        "de": "Dort ist die Leistung als inaktiv geführt.",
        "en": "There, the service is kept as inactive.",
    },
    "not_counted_there": {
        "de": "Dort ist die Leistung aus der Auswertung genommen.",
        "en": "There, the service is left out of the figures.",
    },
    "service_unknown_here": {
        "de": "Der Leistungsschlüssel steht in keinem unserer Register und wird nur dort genannt.",
        "en": "The service key is in none of our registers and is named there only.",
    },
    "area_unknown_here": {
        "de": "Unser Gebietsregister kennt dieses Gebiet nicht.",
        "en": "Our area register does not know this area.",
    },
    "partly_here": {
        "de": "Dort gilt das Gebiet als flächendeckend versorgt; hier ist es nur ein Teil der Gebiete darin.",
        "en": "There, the area counts as served everywhere; here only some of the bodies in it are.",
    },
    "not_offered_here": {
        "de": "Wir kennen hier kein Angebot, das als Onlinedienst zählt.",
        "en": "We know of no offer here that counts as an online service.",
    },
    "stale_here": {
        "de": "Die Quelle hat zu lange nicht geantwortet; ihr letzter Stand zählt nicht mehr.",
        "en": "The source has been silent for too long; its last state no longer counts.",
    },
    "no_source_here": {
        "de": "Keine berechtigte Quelle hat sich geäußert.",
        "en": "No entitled source has spoken.",
    },
    # The causes of gaps decide here, too, and keep their words.
    **{code: text for code, text in CAUSES.items() if code != "none"},
}
