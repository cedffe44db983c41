"""All words of the pages, apart from states, causes and outcomes (`syncd.rules.words`)."""

from __future__ import annotations

from typing import Final

from syncd.web.gap_texts import GAP_PROBLEMS, GAP_TEXTS

Text = dict[str, str]

TEXTS: Final[dict[str, Text]] = {
    **GAP_TEXTS,
    "skip": {"de": "Zum Inhalt springen", "en": "Skip to content"},
    "other_language": {"de": "English", "en": "Deutsch"},
    "other_language_code": {"de": "en", "en": "de"},
    "home": {"de": "Übersicht", "en": "Overview"},
    "navigation": {"de": "Bereiche", "en": "Sections"},
    "api": {"de": "Schnittstelle (OpenAPI)", "en": "API (OpenAPI)"},
    "intro": {
        "de": "Welche Verwaltungsleistungen gibt es wo digital, was fehlt, und warum?",
        "en": "Which public services exist where in digital form, what is missing, and why?",
    },
    "overview_title": {"de": "Verwaltungsleistungen und Lücken", "en": "Public services and gaps"},
    "release": {"de": "Stand", "en": "Release"},
    "published": {"de": "Veröffentlicht", "en": "Published"},
    "entries": {"de": "Katalogeinträge", "en": "Catalogue entries"},
    "services": {"de": "Leistungen", "en": "Services"},
    "sources_good": {"de": "Quellen aktuell", "en": "Sources up to date"},
    "of": {"de": "{part} von {whole}", "en": "{part} of {whole}"},
    "no_release_title": {"de": "Noch nichts veröffentlicht", "en": "Nothing published yet"},
    "no_release": {
        "de": "Der erste Stand erscheint, sobald die erste Quelle gelesen wurde. Die Quellen stehen unten.",
        "en": "The first release appears once the first source has been read. The sources are listed below.",
    },
    # cohorts
    "summary_caption": {
        "de": "{obligation}: geschuldete Leistungen nach Zustand",
        "en": "{obligation}: owed services by state",
    },
    "area": {"de": "Gebiet", "en": "Area"},
    "owed": {"de": "geschuldet", "en": "owed"},
    "own": {"de": "eigenes Angebot", "en": "own offer"},
    "inherited": {"de": "über\u00adgeordnet", "en": "inherited"},
    "offline": {"de": "nicht online", "en": "not online"},
    "dead": {"de": "Link tot", "en": "dead link"},
    "missing": {"de": "fehlt", "en": "missing"},
    "unknown": {"de": "unbekannt", "en": "unknown"},
    "as_gemeinde": {"de": "für die Menschen dort", "en": "for the people there"},
    "as_kreis": {"de": "eigene Aufgaben als Kreis", "en": "own tasks as Kreis"},
    "as_land": {"de": "eigene Aufgaben als Land", "en": "own tasks as Land"},
    "as_bund": {"de": "eigene Aufgaben des Bundes", "en": "own tasks of the federation"},
    "in_gemeinde": {"de": "in {bodies} Gemeinden", "en": "in {bodies} municipalities"},
    "in_kreis": {"de": "in {bodies} Kreisen und kreisfreien Städten", "en": "in {bodies} Kreise"},
    "in_land": {"de": "in {bodies} Ländern", "en": "in {bodies} Länder"},
    "in_bund": {"de": "im Bund", "en": "in the federation"},
    "per_gemeinde": {"de": "je Gemeinde", "en": "per municipality"},
    "per_kreis": {"de": "je Kreis", "en": "per Kreis"},
    "per_land": {"de": "je Land", "en": "per Land"},
    "per_bund": {"de": "im Bund", "en": "in the federation"},
    "no_figures": {
        "de": "Für dieses Gebiet liegen keine Zahlen vor.",
        "en": "There are no figures for this area.",
    },
    "gaps_of": {"de": "Lücken: {area}", "en": "Gaps: {area}"},
    "legend": {"de": "Was die Zustände bedeuten", "en": "What the states mean"},
    "legend_own": {
        "de": "Die verpflichtete Stelle bietet die Leistung selbst in der verlangten Güte an.",
        "en": "The owing body offers the service itself, as well as demanded.",
    },
    "legend_inherited": {
        "de": "Eine übergeordnete Stelle bietet sie für dieses Gebiet an.",
        "en": "A body above offers it for this area.",
    },
    "legend_offline": {
        "de": "Beschrieben, aber ohne ausreichenden digitalen Weg.",
        "en": "Described, but without a digital path that is good enough.",
    },
    "legend_dead": {
        "de": "Es gab einen digitalen Weg; sein Link führt ins Leere.",
        "en": "There was a digital path; its link is dead.",
    },
    "legend_missing": {
        "de": "Eine berechtigte Quelle wurde gelesen und führt die Leistung nicht.",
        "en": "An entitled source was read and does not list the service.",
    },
    "legend_unknown": {
        "de": "Niemand Berechtigtes hat sich geäußert, oder es ist zu lange her. Unbekannt heißt nicht: fehlt.",
        "en": "Nobody entitled has spoken, or too long ago. Unknown does not mean missing.",
    },
    # sources
    "sources": {"de": "Quellen", "en": "Sources"},
    "sources_caption": {
        "de": "Quellen mit dem Ergebnis des letzten Laufs und dem Alter ihrer Daten",
        "en": "Sources with the outcome of the last run and the age of their data",
    },
    "source": {"de": "Quelle", "en": "Source"},
    "outcome": {"de": "Letzter Lauf", "en": "Last run"},
    "data_age": {"de": "Datenstand", "en": "Age of data"},
    "reason": {"de": "Begründung", "en": "Reason"},
    "fix": {"de": "Was ist zu tun?", "en": "What to do"},
    "nothing_to_do": {"de": "Nichts zu tun.", "en": "Nothing to do."},
    "never_ran": {"de": "noch nie gelaufen", "en": "has never run"},
    "never_good": {"de": "noch nie gelesen", "en": "never read"},
    "never_reason": {
        "de": "Diese Quelle wurde noch nicht gelesen.",
        "en": "This source has not been read yet.",
    },
    "disabled": {"de": "abgeschaltet", "en": "disabled"},
    "not_configured": {"de": "nicht mehr eingerichtet", "en": "no longer configured"},
    "records_missing": {
        "de": "{number} davon führt die Quelle zurzeit nicht",
        "en": "{number} of them are not listed at present",
    },
    "too_old": {
        "de": "zu alt, zählt nicht mehr",
        "en": "too old, no longer counts",
    },
    "silent": {"de": "schweigt zu lange", "en": "silent for too long"},
    "wording": {"de": "Wortlaut", "en": "Wording"},
    "records": {"de": "{number} Datensätze", "en": "{number} records"},
    "one_record": {"de": "1 Datensatz", "en": "1 record"},
    # forms
    "find": {"de": "Eine Leistung an einem Ort nachsehen", "en": "Look up a service in a place"},
    "service": {"de": "Leistung", "en": "Service"},
    "service_hint": {
        "de": "Leistungsschlüssel oder Teil des Namens",
        "en": "Service key or part of the name",
    },
    "area_hint": {"de": "Name, ARS oder AGS", "en": "Name, ARS or AGS"},
    "explain_button": {"de": "Erklären", "en": "Explain"},
    "obligation": {"de": "Verpflichtung", "en": "Obligation"},
    "all": {"de": "alle", "en": "all"},
    "states": {"de": "Zustände", "en": "States"},
    "filter": {"de": "Auswahl", "en": "Filter"},
    "filter_button": {"de": "Anzeigen", "en": "Show"},
    # gaps
    "gaps": {"de": "Lücken", "en": "Gaps"},
    "gaps_title": {"de": "Lücken", "en": "Gaps"},
    "gaps_title_area": {"de": "Lücken in {area}", "en": "Gaps in {area}"},
    "gaps_caption": {
        "de": "Leistungen, die hinter der Verpflichtung zurückbleiben",
        "en": "Services that fall short of the obligation",
    },
    "gaps_none": {
        "de": "Keine Zelle passt zu dieser Auswahl.",
        "en": "No cell fits this filter.",
    },
    "gaps_none_hint": {
        "de": "Unbekannte Zellen sind keine Lücken; sie erscheinen nur, wenn sie ausgewählt sind.",
        "en": "Unknown cells are no gaps; they appear only when selected.",
    },
    "state": {"de": "Zustand", "en": "State"},
    "cause": {"de": "Ursache", "en": "Cause"},
    "owed_by": {"de": "Zuständig", "en": "Owed by"},
    "people": {"de": "Menschen", "en": "People"},
    "since": {"de": "Seit", "en": "Since"},
    "since_release": {"de": "Stand {number}", "en": "release {number}"},
    "why": {"de": "Warum?", "en": "Why?"},
    "next_page": {"de": "Weitere Zellen", "en": "More cells"},
    "first_page": {"de": "Zum Anfang", "en": "Back to the start"},
    # explain
    "explain_title": {"de": "{service} in {area}", "en": "{service} in {area}"},
    "explain_plain": {"de": "Eine Zelle erklären", "en": "Explain a cell"},
    "derivation": {"de": "So kommt das Ergebnis zustande", "en": "How the result comes about"},
    "offers": {"de": "Angebote, die hier gelten", "en": "Offers that hold here"},
    "offers_none": {
        "de": "Keine Quelle beschreibt die Leistung für dieses Gebiet.",
        "en": "No source describes the service for this area.",
    },
    "offer_of": {"de": "Angebot für {area}", "en": "Offer for {area}"},
    "channel": {"de": "Weg", "en": "Path"},
    "grade": {"de": "Stufe", "en": "Rung"},
    "said_by": {"de": "laut {source}, Datensatz {record}", "en": "by {source}, record {record}"},
    "no_channels": {"de": "Kein Link angegeben.", "en": "No link given."},
    "dead_mark": {"de": "Link tot", "en": "dead link"},
    "facts": {"de": "Angaben", "en": "Facts"},
    "key": {"de": "Leistungsschlüssel", "en": "Service key"},
    "register_origin": {"de": "Name laut", "en": "Name by"},
    "inhabitants": {"de": "Einwohner", "en": "Inhabitants"},
    "choices": {"de": "Gemeint sein könnte:", "en": "Did you mean:"},
    # errors
    "error_title": {"de": "Das hat nicht geklappt", "en": "That did not work"},
    "error_id": {"de": "Kennung für Rückfragen", "en": "Id for questions"},
    "back": {"de": "Zur Übersicht", "en": "To the overview"},
    # footer
    "notes": {"de": "Hinweise", "en": "Notes"},
    "note_ladder": {
        "de": "Die Stufen von „nur Beschreibung“ bis „Ende-zu-Ende nachgewiesen“ sind unsere eigene, aus den Daten "
        "abgeleitete Leiter. Sie sind kein amtlicher Reifegrad.",
        "en": "The rungs from ‘description only’ to ‘proven end to end’ are our own ladder, derived from the data. "
        "They are no official Reifegrad.",
    },
    "note_services": {
        "de": "Leistungsregister: OZG/LeiKa-Katalog, Stand Oktober 2019 (Aufbau, nicht aktuell), ergänzt um das, was "
        "die Quellen nennen. Im gezeigten Stand: {label}.",
        "en": "Service register: OZG/LeiKa catalogue, state of October 2019 (structure, not current), extended by what "
        "the sources say. In the release shown: {label}.",
    },
    "note_areas": {
        "de": "Gebiete und Einwohner: {label}. © Daten (im Auftrag der Herausgebergemeinschaft Statistische Ämter des "
        "Bundes und der Länder): Statistisches Bundesamt (Destatis), 2025.",
        "en": "Areas and inhabitants: {label}. © Data (on behalf of the Statistische Ämter des Bundes und der Länder): "
        "Statistisches Bundesamt (Destatis), 2025.",
    },
    "note_counts": {
        "de": "Gezählt werden Zellen: eine Leistung in einem Gebiet. Wer etwas schuldet, legen die Verpflichtungen in "
        "der Konfiguration fest.",
        "en": "Cells are counted: one service in one area. Who owes what is laid down by the configured obligations.",
    },
    "version": {"de": "Version {version}", "en": "Version {version}"},
}

PROBLEMS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    **GAP_PROBLEMS,
    "no_such_page": {
        "de": ("Diese Seite gibt es nicht.", "Die Adresse prüfen oder zur Übersicht gehen."),
        "en": ("There is no such page.", "Check the address or go to the overview."),
    },
    "unknown_area": {
        "de": (
            "Dieses Gebiet ist nicht bekannt oder der Name ist nicht eindeutig.",
            "Eines der Gebiete wählen, oder ARS oder AGS eingeben.",
        ),
        "en": (
            "This area is unknown, or its name is not unique.",
            "Choose one of the areas, or enter its ARS or AGS.",
        ),
    },
    "unknown_service": {
        "de": (
            "Diese Leistung ist nicht bekannt oder der Name ist nicht eindeutig.",
            "Eine der Leistungen wählen oder ihren Schlüssel eingeben.",
        ),
        "en": (
            "This service is unknown, or its name is not unique.",
            "Choose one of the services or enter its key.",
        ),
    },
    "unknown_obligation": {
        "de": ("Diese Verpflichtung gibt es in diesem Stand nicht.", "Eine andere auswählen."),
        "en": ("This release has no such obligation.", "Choose another one."),
    },
    "no_release": {
        "de": (
            "Es ist noch nichts veröffentlicht.",
            "Warten, bis die erste Quelle gelesen wurde, und die Seite neu laden.",
        ),
        "en": ("Nothing has been published yet.", "Wait until the first source has been read and reload."),
    },
    "not_found": {
        "de": ("Das Gesuchte gibt es nicht.", "Die Schreibweise prüfen."),
        "en": ("What you look for does not exist.", "Check the spelling."),
    },
    "bad_parameter": {
        "de": ("Die Adresse enthält eine ungültige Angabe.", "Die genannte Angabe berichtigen."),
        "en": ("The address contains something invalid.", "Correct what is named."),
    },
    "bad_cursor": {
        "de": ("Diese Seite der Liste gibt es nicht.", "Am Anfang der Liste neu beginnen."),
        "en": ("There is no such page of the list.", "Start again at the beginning of the list."),
    },
    "method_not_allowed": {
        "de": ("Auf den Seiten kann nur gelesen werden.", "Zur Übersicht gehen."),
        "en": ("The pages are read-only.", "Go to the overview."),
    },
    "request_too_large": {
        "de": ("Die Anfrage ist zu groß.", "Ohne Anhang noch einmal versuchen."),
        "en": ("The request is too large.", "Try again without a body."),
    },
    "busy": {
        "de": ("Gerade sind zu viele Anfragen unterwegs.", "In ein paar Sekunden noch einmal versuchen."),
        "en": ("Too many requests at the moment.", "Try again in a few seconds."),
    },
    "storage": {
        "de": (
            "Die Datenbank antwortet nicht.",
            "In ein paar Sekunden noch einmal versuchen; die Daten sind sicher.",
        ),
        "en": ("The database does not answer.", "Try again in a few seconds; the data is safe."),
    },
    "internal": {
        "de": (
            "Ein Fehler dieses Programms hat die Seite verhindert.",
            "Noch einmal versuchen; bleibt es dabei, bitte mit der Kennung melden.",
        ),
        "en": (
            "A defect of this program prevented the page.",
            "Try again; if it stays, please report it with the id.",
        ),
    },
}


def text(name: str, language: str, **values: object) -> str:
    """Return a text; raises KeyError for a name that does not exist."""
    found = TEXTS[name][language]
    return found.format(**values) if values else found


def problem_words(code: str, status: int, language: str) -> tuple[str, str]:
    """Return what is wrong and what to do, for a person."""
    families = {400: "bad_parameter", 404: "not_found", 503: "storage"}
    words = PROBLEMS.get(code) or PROBLEMS.get(families.get(status, "internal"), PROBLEMS["internal"])
    return words[language]
