"""Words for links in German and English: methods, states, and what each feature found.

Sentences are for people who must decide or justify a link, so they say what was compared. ``{matched}`` is the
text that was found on both sides. Must not know points or thresholds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from syncd.rules import link_features as features
from syncd.rules.words import Text, say

if TYPE_CHECKING:
    from syncd.model.linkage import Reason

METHODS: Final[dict[str, Text]] = {
    "judgement": {"de": "Eine Person hat so entschieden.", "en": "A person decided so."},
    "exact": {"de": "Der Datensatz nennt den Schlüssel.", "en": "The record states the key."},
    "identity": {
        "de": "Datensatz und Leistung teilen eine erklärte Kennung.",
        "en": "Record and service share a declared id.",
    },
    "hierarchy": {
        "de": "Der Datensatz nennt einen übergeordneten Schlüssel (000), der für diese Leistung mitspricht.",
        "en": "The record states a parent key (000), which speaks for this service.",
    },
    "alias": {
        "de": "Der Titel ist ein bekannter anderer Name der Leistung.",
        "en": "The title is a known other name of the service.",
    },
    "scored": {
        "de": "Die Merkmale beider Seiten stimmen überein.",
        "en": "The features of both sides agree.",
    },
}

STATES: Final[dict[str, Text]] = {
    "linked": {"de": "zugeordnet", "en": "linked"},
    "review": {"de": "zu prüfen", "en": "to be reviewed"},
    "apart": {"de": "nicht zugeordnet", "en": "not linked"},
}

FEATURES: Final[dict[str, Text]] = {
    features.TITLE: {
        "de": "Titel und Name der Leistung haben gemeinsam: {matched}.",
        "en": "Title and name of the service have in common: {matched}.",
    },
    features.OTHER_NAME: {
        "de": "Der Titel und ein anderer Name der Leistung haben gemeinsam: {matched}.",
        "en": "The title and another name of the service have in common: {matched}.",
    },
    features.SYNONYM: {
        "de": "Ein Synonym des Datensatzes und der Name der Leistung haben gemeinsam: {matched}.",
        "en": "A synonym of the record and the name of the service have in common: {matched}.",
    },
    features.ONLY_RECORD: {
        "de": "Nur der Datensatz sagt: {matched}.",
        "en": "Only the record says: {matched}.",
    },
    features.ONLY_SERVICE: {
        "de": "Nur die Leistung sagt: {matched}.",
        "en": "Only the service says: {matched}.",
    },
    features.ACT_SAME: {
        "de": "Beide nennen dieselbe Verrichtung ({matched}).",
        "en": "Both name the same act ({matched}).",
    },
    features.ACT_ONLY: {
        "de": "Der Datensatz nennt keine Verrichtung; die Leistung hat nur diese eine ({matched}).",
        "en": "The record names no act; the service has this one only ({matched}).",
    },
    features.ACT_UNSAID: {
        "de": "Der Datensatz sagt nicht, welche Verrichtung gemeint ist ({matched}).",
        "en": "The record does not say which act is meant ({matched}).",
    },
    features.ACT_DIFFERS: {
        "de": "Die Verrichtungen sind verschieden ({matched}); das entscheidet eine Person.",
        "en": "The acts differ ({matched}); a person decides.",
    },
    features.ACT_OPPOSITE: {
        "de": "Die Verrichtungen heben einander auf ({matched}); das wird nie von selbst zugeordnet.",
        "en": "The acts undo each other ({matched}); this is never linked by itself.",
    },
    features.COARSE: {
        "de": "Die Leistung ist nur das Objekt, der Datensatz meint eine Verrichtung daran ({matched}).",
        "en": "The service is the object alone, the record means an act upon it ({matched}).",
    },
    features.NUMBER: {
        "de": "Eine Nummer oder Klasse steht nur auf einer Seite: {matched}.",
        "en": "A number or class stands on one side only: {matched}.",
    },
    features.NEGATION: {
        "de": "Eine Verneinung oder Ausnahme steht nur auf einer Seite: {matched}.",
        "en": "A negation or exception stands on one side only: {matched}.",
    },
    features.ALTERNATIVE: {
        "de": "Der Datensatz nennt mehrere Fälle ({matched}), die Leistung ist nur einer.",
        "en": "The record names several cases ({matched}), the service is one of them.",
    },
    features.LAND_SPECIFIC: {
        "de": "Der Schlüssel {matched} gilt nur in einem Land.",
        "en": "The key {matched} holds in one Land only.",
    },
    features.KEY: {
        "de": "Das Schlüsselfeld des Datensatzes passt bis auf eine Ziffer oder als Anfang: {matched}.",
        "en": "The key field of the record fits but for a digit, or as a beginning: {matched}.",
    },
    features.KEY_DIFFERS: {
        "de": "Das Schlüsselfeld des Datensatzes nennt eine andere Leistungsgruppe: {matched}.",
        "en": "The key field of the record names another group of services: {matched}.",
    },
    features.LEGAL: {
        "de": "Beide nennen dieselbe Rechtsgrundlage: {matched}.",
        "en": "Both name the same legal ground: {matched}.",
    },
    features.LEGAL_DIFFERS: {
        "de": "Sie nennen verschiedene Paragrafen desselben Gesetzes: {matched}.",
        "en": "They name different paragraphs of the same law: {matched}.",
    },
    features.SITUATION: {
        "de": "Beide gehören zur Lage: {matched}.",
        "en": "Both belong to the life or business situation: {matched}.",
    },
    features.BUNDLE: {
        "de": "Beide gehören zur OZG-Leistung: {matched}.",
        "en": "Both belong to the OZG bundle: {matched}.",
    },
    features.AUTHORITY: {
        "de": "Eine Stelle dieser Art vollzieht meist solche Leistungen: {matched}.",
        "en": "An authority of this kind mostly runs such services: {matched}.",
    },
    features.AUTHORITY_DIFFERS: {
        "de": "Eine Stelle dieser Art vollzieht meist andere Leistungen: {matched}.",
        "en": "An authority of this kind mostly runs other services: {matched}.",
    },
    features.URL: {
        "de": "Die Adresse enthält Wörter der Leistung: {matched}.",
        "en": "The address has words of the service: {matched}.",
    },
    features.TEXT: {
        "de": "Die Beschreibung enthält Wörter der Leistung: {matched}.",
        "en": "The description has words of the service: {matched}.",
    },
    features.TYPING: {
        "de": "Der Datensatz nennt einen anderen Typ als das Verzeichnis ({matched}).",
        "en": "The record names another type than the register ({matched}).",
    },
}


def reason_in_words(reason: Reason, language: str) -> str:
    """Return the sentence of a reason, with its points in permille where it has any."""
    sentence = say(FEATURES, reason.feature, language).replace("{matched}", reason.matched)
    return f"{sentence} ({reason.points:+d} ‰)" if reason.points else sentence


def reasons_in_words(reasons: tuple[Reason, ...], language: str) -> tuple[str, ...]:
    """Return the sentences of all reasons, in their order."""
    return tuple(reason_in_words(reason, language) for reason in reasons)
