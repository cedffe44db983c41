"""The words of states, causes and rules, in German and English; nothing here decides anything.

Kept beside the rules because each code needs its words the day it is born; the architecture tests check that
none is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date

Text = dict[str, str]

STATES: Final[dict[str, Text]] = {
    "not_owed": {"de": "nicht geschuldet", "en": "not owed"},
    "own": {"de": "eigenes Angebot", "en": "own offer"},
    "inherited": {"de": "übergeordnetes Angebot", "en": "inherited offer"},
    "offline": {"de": "beschrieben, nicht online", "en": "described, not online"},
    "dead": {"de": "Link führt ins Leere", "en": "dead link"},
    "missing": {"de": "fehlt", "en": "missing"},
    "unknown": {"de": "unbekannt", "en": "unknown"},
}

CAUSES: Final[dict[str, Text]] = {
    "none": {"de": "", "en": ""},
    "not_described": {
        "de": "Die zuständige Quelle wurde gelesen und führt die Leistung nicht.",
        "en": "The entitled source was read and does not list the service.",
    },
    "described_not_online": {
        "de": "Die Leistung ist beschrieben, aber kein hinterlegter Weg führt online ans Ziel.",
        "en": "The service is described, but no path given leads to it online.",
    },
    "solution_not_connected": {
        "de": "Andernorts läuft eine Lösung; hier ist sie nicht angeschlossen.",
        "en": "A solution runs elsewhere; it is not connected here.",
    },
    "media_break": {
        "de": "Medienbruch: Der Weg endet bei Termin, Formular zum Ausdrucken oder einer niedrigeren Stufe.",
        "en": "Media break: the path ends at an appointment, a form to print or a lower rung.",
    },
    "dead_link": {
        "de": "Der Link zum Onlinedienst ist tot.",
        "en": "The link to the online service is dead.",
    },
    "no_authority": {
        "de": "Es ist keine zuständige Stelle angegeben.",
        "en": "No competent authority is named.",
    },
    "conflict": {
        "de": "Quellen widersprechen sich über die zuständige Stelle.",
        "en": "Sources contradict each other about the competent authority.",
    },
    "wrong_key": {
        "de": "Falscher Schlüssel: Link oder Beschreibung gehört zu einer anderen Leistung oder zu einer "
        "ganzen Gruppe von Leistungen.",
        "en": "Wrong key: the link or description belongs to another service or to a whole group of services.",
    },
    "stale": {
        "de": "Die Quelle hat zu lange nicht geantwortet; ihr letzter Stand zählt nicht mehr.",
        "en": "The source has been silent for too long; its last state no longer counts.",
    },
    "no_source": {
        "de": "Keine berechtigte Quelle hat sich geäußert.",
        "en": "No entitled source has spoken.",
    },
}

CAUSE_NAMES: Final[dict[str, Text]] = {
    "not_described": {"de": "nicht geführt", "en": "not listed"},
    "described_not_online": {"de": "kein digitaler Weg", "en": "no digital path"},
    "solution_not_connected": {"de": "nicht angeschlossen", "en": "not connected"},
    "media_break": {"de": "Medienbruch", "en": "media break"},
    "dead_link": {"de": "toter Link", "en": "dead link"},
    "no_authority": {"de": "keine zuständige Stelle", "en": "no authority named"},
    "conflict": {"de": "Widerspruch", "en": "conflict"},
    "wrong_key": {"de": "falscher Schlüssel", "en": "wrong key"},
    "stale": {"de": "veraltet", "en": "stale"},
    "no_source": {"de": "keine Quelle", "en": "no source"},
}
"""The causes where there is no room for a sentence."""

EVIDENCE: Final[dict[str, Text]] = {
    "none": {"de": "nichts", "en": "nothing"},
    "description": {"de": "nur Beschreibung", "en": "description only"},
    "contact": {"de": "Kontakt oder Suchseite", "en": "contact or search page"},
    "appointment": {"de": "Terminvereinbarung", "en": "appointment tool"},
    "pdf_form": {"de": "Formular zum Ausdrucken", "en": "PDF or print form"},
    "online_form": {"de": "Online-Formular", "en": "online form"},
    "online_service": {"de": "Onlinedienst", "en": "online service"},
    "end_to_end": {"de": "Ende-zu-Ende nachgewiesen", "en": "proven end to end"},
}

GRADING: Final[dict[str, Text]] = {
    "address.print_document": {
        "de": "Der Link führt zu einem Dokument zum Ausdrucken oder Ausfüllen, nicht zu einem Online-Verfahren.",
        "en": "The link leads to a document to print or fill in, not to an online procedure.",
    },
    "address.appointment": {
        "de": "Der Link führt zu einer Terminvereinbarung; das Verfahren selbst verlangt einen Besuch.",
        "en": "The link leads to an appointment tool; the procedure itself needs a visit.",
    },
    "address.search_page": {
        "de": "Der Link führt zu einer Suchseite für Behörden oder Leistungen.",
        "en": "The link leads to a search page for authorities or services.",
    },
    "address.content_page": {
        "de": "Der Link führt zu einer Informationsseite eines Redaktionssystems.",
        "en": "The link leads to an information page of a content management system.",
    },
    "address.contact": {
        "de": "Der Link führt zu Kontaktangaben.",
        "en": "The link leads to contact details.",
    },
    "link.coarse": {
        "de": "Die Angabe steht unter einem Sammelschlüssel; für diese Leistung beweist sie nur, dass "
        "etwas beschrieben ist.",
        "en": "It is stated under a parent key; for this service it proves only that something is described.",
    },
    "address.other_act": {
        "de": "Die Adresse des Links nennt eine andere Verrichtung als die Leistung: Er führt wohl zum falschen "
        "Formular und beweist nur, dass etwas beschrieben ist.",
        "en": "The address of the link names another act than the service: it probably leads to the wrong form "
        "and proves only that something is described.",
    },
    "claim.without_link": {"de": "Die Quelle nennt keinen Link.", "en": "The source gives no link."},
    "claim.online_service": {
        "de": "Die Quelle bezeichnet den Link als Onlinedienst.",
        "en": "The source calls the link an online service.",
    },
    "claim.form": {
        "de": "Die Quelle bezeichnet den Link als Online-Formular.",
        "en": "The source calls the link an online form.",
    },
    "claim.pdf": {
        "de": "Die Quelle bezeichnet den Link als Formular zum Ausdrucken.",
        "en": "The source calls the link a form to print.",
    },
    "claim.appointment": {
        "de": "Die Quelle bezeichnet den Link als Terminvereinbarung.",
        "en": "The source calls the link an appointment tool.",
    },
    "claim.contact": {"de": "Die Quelle nennt Kontaktangaben.", "en": "The source gives contact details."},
    "claim.page": {
        "de": "Die Quelle bezeichnet den Link als Seite über die Leistung.",
        "en": "The source calls the link a page about the service.",
    },
    "claim.unknown_link": {
        "de": "Die Quelle nennt den Link als Weg zur Leistung, ohne zu sagen, was er ist.",
        "en": "The source gives the link as the way to the service without saying what it is.",
    },
    "judgement.offline": {
        "de": "Es wurde entschieden, dass es hier kein Online-Verfahren gibt.",
        "en": "It was decided that there is no online procedure here.",
    },
}

OUTCOMES: Final[dict[str, Text]] = {
    "running": {"de": "läuft", "en": "running"},
    "interrupted": {"de": "unterbrochen", "en": "interrupted"},
    "unchanged": {"de": "unverändert", "en": "unchanged"},
    "accepted": {"de": "übernommen", "en": "accepted"},
    "refused": {"de": "zurückgehalten", "en": "refused"},
    "failed": {"de": "fehlgeschlagen", "en": "failed"},
}


TIERS: Final[dict[str, Text]] = {
    "bund": {"de": "Bund", "en": "Federation"},
    "land": {"de": "Land", "en": "Land"},
    "kreis": {"de": "Kreis oder kreisfreie Stadt", "en": "Kreis or kreisfreie Stadt"},
    "gemeinde": {"de": "Gemeinde", "en": "municipality"},
}

RELATIONS: Final[dict[str, Text]] = {
    "own": {"de": "eigenes Angebot", "en": "own offer"},
    "inherited": {"de": "übergeordnetes Angebot", "en": "inherited offer"},
}

LINKED: Final[Text] = {"de": "{record}, zugeordnet {how}", "en": "{record}, linked {how}"}
"""Of a record that does not state the key it counts for."""

STEPS: Final[dict[str, Text]] = {
    "duty": {
        "de": "Geschuldet nach „{title}“ ({duty}): mindestens {minimum}, zu erbringen von {body} ({tier}) "
        "seit {since}. Grundlage: {ground}.",
        "en": "Owed under '{title}' ({duty}): at least {minimum}, to be provided by {body} ({tier}) "
        "since {since}. Ground: {ground}.",
    },
    "no_duty": {
        "de": "Keine Verpflichtung in der Konfiguration verlangt diese Leistung hier.",
        "en": "No configured obligation demands this service here.",
    },
    "no_offer": {
        "de": "Keine Quelle beschreibt die Leistung für dieses Gebiet oder ein übergeordnetes.",
        "en": "No source describes the service for this area or any above it.",
    },
    "offer_counts": {
        "de": "„{title}“ von {area} ({relation}; Quelle {source}, Datensatz {records}): {rung}, zählt."
        "{reason}{link}",
        "en": "'{title}' by {area} ({relation}; source {source}, record {records}): {rung}, counts."
        "{reason}{link}",
    },
    "offer_too_low": {
        "de": "„{title}“ von {area} ({relation}; Quelle {source}, Datensatz {records}): {rung} genügt nicht, "
        "verlangt ist {minimum}.{reason}{link}",
        "en": "'{title}' by {area} ({relation}; source {source}, record {records}): {rung} is not enough, "
        "{minimum} is demanded.{reason}{link}",
    },
    "offer_dead": {
        "de": "„{title}“ von {area} ({relation}; Quelle {source}, Datensatz {records}): Der digitale Weg ist tot.",
        "en": "'{title}' by {area} ({relation}; source {source}, record {records}): the digital path is dead.",
    },
    "offer_stale": {
        "de": "„{title}“ von {area} ({relation}; Quelle {source}, Datensatz {records}): Der Stand ist zu alt und "
        "zählt nicht mehr.",
        "en": "'{title}' by {area} ({relation}; source {source}, record {records}): the state is too old and no "
        "longer counts.",
    },
    "silence_absence": {
        "de": "{source} darf für dieses Gebiet und diese Leistung sprechen, wurde zuletzt {read} (UTC) gelesen und "
        "führt sie nicht: Das heißt, sie fehlt.",
        "en": "{source} may speak for this area and service, was last read at {read} (UTC) and does not list it: "
        "that means it is missing.",
    },
    "silence_nothing": {
        "de": "{source} führt die Leistung nicht; ihr Schweigen bedeutet nach Konfiguration nichts.",
        "en": "{source} does not list the service; by configuration its silence means nothing.",
    },
    "silence_out_of_scope": {
        "de": "{source} spricht für dieses Gebiet, aber nicht für diese Leistung.",
        "en": "{source} speaks for this area, but not for this service.",
    },
    "silence_stale": {
        "de": "{source} darf sprechen, wurde aber zuletzt {read} (UTC) gelesen; das ist zu lange her, ihr Schweigen zählt nicht.",
        "en": "{source} may speak, but was last read at {read} (UTC); that is too long ago, its silence does not count.",
    },
    "silence_never_read": {
        "de": "{source} darf sprechen, wurde aber noch nie erfolgreich gelesen.",
        "en": "{source} may speak, but has never been read successfully.",
    },
    "result": {
        "de": "Ergebnis: {state}.{cause} Hier leben {people} Menschen. Seit Stand {release} ({day}).",
        "en": "Result: {state}.{cause} People living here: {people}. Since release {release} ({day}).",
    },
    "result_not_owed": {
        "de": "Ergebnis: nicht geschuldet.",
        "en": "Result: not owed.",
    },
}


def say(table: dict[str, Text], code: str, language: str) -> str:
    """Return the words of a code; an unknown code speaks for itself."""
    return table.get(code, {}).get(language, code)


def number(value: int, language: str) -> str:
    """Return a whole number with its thousands apart: 1.234.567 in German, 1,234,567 in English."""
    text = f"{value:,}"
    return text.replace(",", ".") if language == "de" else text


def day_text(day: date, language: str) -> str:
    """Return a day inside of a sentence: 26.11.2026 in German, 2026-11-26 in English."""
    return f"{day:%d.%m.%Y}" if language == "de" else day.isoformat()
