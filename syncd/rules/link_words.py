"""Why two are taken for the same, in German and English sentences; nothing here decides anything.

Must not know weights: the points stand with each reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from syncd.model.linkage import Reason

REASONS: Final[dict[str, dict[str, str]]] = {
    "title": {"de": "Im Titel stimmen überein: {matched}", "en": "The titles share: {matched}"},
    "other_name": {
        "de": "Ein bekannter anderer Name stimmt überein: {matched}",
        "en": "A known other name shares: {matched}",
    },
    "synonym": {
        "de": "Ein Stichwort des Datensatzes stimmt überein: {matched}",
        "en": "A synonym of the record shares: {matched}",
    },
    "keyword": {
        "de": "Nur ein Stichwort unter mehreren passt, der Titel nicht: {matched}",
        "en": "Only one keyword of several fits, the title does not: {matched}",
    },
    "only_record": {"de": "Nur im Datensatz: {matched}", "en": "Only in the record: {matched}"},
    "only_service": {"de": "Nur in der Leistung: {matched}", "en": "Only in the service: {matched}"},
    "act_same": {"de": "Dieselbe Verrichtung: {matched}", "en": "The same act: {matched}"},
    "act_unsaid": {
        "de": "Nur eine Seite nennt eine Verrichtung: {matched}",
        "en": "Only one side names an act: {matched}",
    },
    "act_only": {
        "de": "Der Datensatz nennt keine Verrichtung; im Verzeichnis gibt es nur diese: {matched}",
        "en": "The record names no act; the register has only this one: {matched}",
    },
    "act_differs": {"de": "Andere Verrichtung: {matched}", "en": "Another act: {matched}"},
    "act_opposite": {"de": "Gegenteilige Verrichtung: {matched}", "en": "The opposite act: {matched}"},
    "coarse": {
        "de": "Die Leistung ist gröber gefasst als der Datensatz: {matched}",
        "en": "The service is coarser than the record: {matched}",
    },
    "number": {
        "de": "Eine Zahl steht nur auf einer Seite: {matched}",
        "en": "A number stands on one side only: {matched}",
    },
    "negation": {
        "de": "Eine Verneinung steht nur auf einer Seite: {matched}",
        "en": "A negation stands on one side only: {matched}",
    },
    "alternative": {
        "de": "Der Datensatz nennt mehrere Fälle, die Leistung ist nur einer: {matched}",
        "en": "The record names several cases, the service is one of them: {matched}",
    },
    "land_specific": {
        "de": "Der Schlüssel gilt nur in einem Land: {matched}",
        "en": "The key holds in one Land only: {matched}",
    },
    "key": {
        "de": "Ein Bruchstück des Schlüssels passt: {matched}",
        "en": "A fragment of the key fits: {matched}",
    },
    "key_differs": {
        "de": "Ein Bruchstück des Schlüssels passt nicht: {matched}",
        "en": "A fragment of the key does not fit: {matched}",
    },
    "legal": {"de": "Dieselbe Rechtsgrundlage: {matched}", "en": "The same legal ground: {matched}"},
    "legal_differs": {"de": "Andere Rechtsgrundlage: {matched}", "en": "Another legal ground: {matched}"},
    "situation": {"de": "Dieselbe Lage: {matched}", "en": "The same situation: {matched}"},
    "bundle": {"de": "Dieselbe OZG-Leistung: {matched}", "en": "The same OZG service: {matched}"},
    "authority": {
        "de": "Die Stelle passt zur Leistung: {matched}",
        "en": "The authority fits the service: {matched}",
    },
    "authority_differs": {
        "de": "Die Stelle passt nicht zur Leistung: {matched}",
        "en": "The authority does not fit the service: {matched}",
    },
    "url": {"de": "Die Adresse nennt: {matched}", "en": "The address names: {matched}"},
    "text": {"de": "Die Beschreibung nennt: {matched}", "en": "The description names: {matched}"},
    "typing": {
        "de": "Die Typisierung ist eine andere: {matched}",
        "en": "The typing is another one: {matched}",
    },
}
"""By the ids of :mod:`syncd.rules.link_features`."""

METHODS: Final[dict[str, dict[str, str]]] = {
    "judgement": {"de": "durch ein Urteil", "en": "by a judgement"},
    "exact": {"de": "durch den genannten Schlüssel", "en": "by the key it states"},
    "identity": {"de": "durch eine gemeinsame Kennung", "en": "by a shared id"},
    "hierarchy": {"de": "durch den übergeordneten Schlüssel", "en": "by the key above it"},
    "alias": {"de": "durch einen bekannten anderen Namen", "en": "by a known other name"},
    "scored": {"de": "durch Ähnlichkeit", "en": "by similarity"},
}
"""By :class:`~syncd.model.linkage.LinkMethod`."""


def reason_in_words(reason: Reason, language: str = "de") -> str:
    """Return one sentence; a feature without words is shown by its id."""
    words = REASONS.get(reason.feature)
    if words is None and (method := METHODS.get(reason.feature)) is not None:
        said = method["de" if language == "de" else "en"]
        return f"{said[:1].upper()}{said[1:]}: {reason.matched or '–'}"
    if words is None:
        return f"{reason.feature}: {reason.matched}"
    return words["de" if language == "de" else "en"].format(matched=reason.matched or "–")
