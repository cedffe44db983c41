"""The words of the pages about gaps, services and reports."""

from __future__ import annotations

from typing import Final

Text = dict[str, str]

GAP_TEXTS: Final[dict[str, Text]] = {
    # list
    "status": {"de": "Bearbeitung", "en": "Status"},
    "turn": {"de": "Am Zug", "en": "Whose turn"},
    "open_since": {"de": "Offen seit", "en": "Open since"},
    "age_none": {"de": "seit heute", "en": "since today"},
    "age_one": {"de": "seit einem Tag", "en": "for one day"},
    "age_days": {"de": "seit {days} Tagen", "en": "for {days} days"},
    "until": {"de": "bis {day}", "en": "until {day}"},
    "due": {"de": "fällig am {day}", "en": "due on {day}"},
    "overdue": {"de": "überfällig", "en": "overdue"},
    "assigned": {"de": "zugewiesen", "en": "assigned"},
    "more_filters": {"de": "Nach Bearbeitung, Ursache, Zuständigen", "en": "By status, cause, party"},
    "only_overdue": {"de": "nur überfällige", "en": "only overdue ones"},
    "only_unassigned": {"de": "nur niemandem zugewiesene", "en": "only those of nobody"},
    "filter_service": {"de": "Nur diese Leistung: {service}.", "en": "This service only: {service}."},
    "filter_line": {"de": "Nur die Ebene {line}.", "en": "The level {line} only."},
    "filter_drop": {"de": "Einschränkung aufheben", "en": "Remove this restriction"},
    "download": {"de": "Diese Auswahl als Tabelle:", "en": "This selection as a table:"},
    "download_note": {
        "de": "Bearbeitete Tabellen liest „syncd gaps import“ zurück.",
        "en": "Edited tables are read back by ‘syncd gaps import’.",
    },
    "counted_note": {
        "de": "Was gesagt wurde, nimmt keine Lücke aus der Zählung: Nur die Quelle schließt sie.",
        "en": "What was said takes no gap out of the figures: only the source closes it.",
    },
    "quoted": {"de": "„{text}“", "en": "“{text}”"},
    # one gap
    "gap": {"de": "Lücke", "en": "Gap"},
    "gap_title": {"de": "Lücke: {service} in {area}", "en": "Gap: {service} in {area}"},
    "no_gap_title": {"de": "Keine Lücke: {service} in {area}", "en": "No gap: {service} in {area}"},
    "gap_closed": {
        "de": "Hier fehlt nichts mehr. Die Quelle hat die Lücke geschlossen.",
        "en": "Nothing is missing here any more. The source closed the gap.",
    },
    "gap_unknown": {
        "de": "Was hier gilt, ist unbekannt; das ist keine Lücke und kein Angebot.",
        "en": "What holds here is unknown; that is neither a gap nor an offer.",
    },
    "asked_as": {
        "de": "Gefragt war nach {gap}; so hieß diese Lücke früher.",
        "en": "You asked for {gap}; that is what this gap was called before.",
    },
    "gap_id": {"de": "Kennung", "en": "Id"},
    "to_whom": {"de": "Zugewiesen", "en": "Assigned"},
    "nobody": {"de": "niemandem", "en": "to nobody"},
    "somebody": {"de": "ja; wem, erfahren Sachbearbeitende", "en": "yes; operators are told to whom"},
    "due_label": {"de": "Fällig", "en": "Due"},
    "no_due": {"de": "kein Termin", "en": "no date"},
    "demanded": {"de": "Verlangt", "en": "Demanded"},
    "reached": {"de": "Erreicht", "en": "Reached"},
    "why_gap": {"de": "Warum das so ist", "en": "Why this is so"},
    "all_offers": {"de": "Alle Angebote und Wege ansehen", "en": "See all offers and paths"},
    "reusable": {"de": "Lösungen, die anderswo laufen", "en": "Solutions that run elsewhere"},
    "reusable_caption": {
        "de": "Die passendsten zuerst; höchstens 100 Punkte",
        "en": "Those that fit best first; 100 points at most",
    },
    "solution": {"de": "Lösung", "en": "Solution"},
    "points": {"de": "Punkte", "en": "Points"},
    "used_by": {"de": "Stellen", "en": "Bodies"},
    "fits_because": {"de": "Warum sie passt", "en": "Why it fits"},
    "example": {"de": "Beispiel ansehen", "en": "See an example"},
    "nothing_runs": {
        "de": "Andernorts läuft nichts, was die Daten kennen.",
        "en": "Nothing that the data knows of runs elsewhere.",
    },
    "said": {"de": "Was dazu gesagt wurde", "en": "What was said of it"},
    "said_caption": {"de": "Älteste Entscheidung zuerst", "en": "Oldest decision first"},
    "said_none": {"de": "Noch nichts.", "en": "Nothing yet."},
    "decided_at": {"de": "Wann", "en": "When"},
    "decided_what": {"de": "Was", "en": "What"},
    "decided_why": {"de": "Begründung", "en": "Reason"},
    "holds": {"de": "Gilt", "en": "Holds"},
    "yes": {"de": "ja", "en": "yes"},
    "no": {"de": "nicht mehr", "en": "no longer"},
    "undone": {"de": "eine Entscheidung zurückgenommen", "en": "a decision taken back"},
    "assigned_plain": {"de": "zugewiesen", "en": "assigned"},
    "was": {"de": "Was die Zelle war", "en": "What the cell was"},
    "was_caption": {"de": "Neuester Zustand zuerst", "en": "Newest state first"},
    "from_day": {"de": "Von", "en": "From"},
    "to_day": {"de": "Bis", "en": "To"},
    "today": {"de": "heute", "en": "today"},
    "not_kept": {"de": "Stand {number}", "en": "release {number}"},
    "decide": {"de": "Bearbeitung ändern", "en": "Change where it stands"},
    "decide_how": {
        "de": "Auf den Seiten kann nur gelesen werden. Sachbearbeitende ändern es mit der Kommandozeile, mit "
        "einer bearbeiteten Tabelle oder über die Schnittstelle:",
        "en": "The pages are read-only. Operators change it on the command line, by an edited table or "
        "through the API:",
    },
    "decide_api": {
        "de": "Schnittstelle, mit dem Token einer Sachbearbeiterin oder eines Sachbearbeiters:",
        "en": "API, with the token of an operator:",
    },
    "ask_source": {
        "de": "Fertiger Text, der die Quelle fragt (JSON)",
        "en": "Ready text that asks the source (JSON)",
    },
    "to_gap": {
        "de": "Bearbeitung, Verlauf und Lösungen zu dieser Zelle",
        "en": "Status, history and solutions of this cell",
    },
    "to_service": {"de": "Verbreitung dieser Leistung", "en": "How this service spreads"},
    "reason_example": {"de": "Grund", "en": "reason"},
    "name_example": {"de": "Name", "en": "name"},
    # reports
    "report": {"de": "Bericht", "en": "Report"},
    "report_of": {"de": "Bericht:", "en": "Report:"},
    "report_html": {"de": "zum Lesen und Drucken", "en": "to read and print"},
    "report_xlsx": {"de": "Excel", "en": "Excel"},
    "report_md": {"de": "Markdown", "en": "Markdown"},
    "report_json": {"de": "JSON", "en": "JSON"},
    "kept_reports": {
        "de": "Frühere Berichte, wie sie geschrieben wurden",
        "en": "Earlier reports as written",
    },
    "kept_line": {
        "de": "{period}Stand {release} vom {day}, {form}",
        "en": "{period}release {release} of {day}, {form}",
    },
    # services
    "service_title": {"de": "{service}: Verbreitung", "en": "{service}: how it spreads"},
    "service_plain": {"de": "Leistung", "en": "Service"},
    "service_find": {"de": "Eine Leistung ansehen", "en": "Look at a service"},
    "service_button": {"de": "Ansehen", "en": "Look"},
    "service_not_owed": {
        "de": "Keine Verpflichtung verlangt diese Leistung.",
        "en": "No obligation demands this service.",
    },
    "service_in": {"de": "In {area}", "en": "In {area}"},
    "service_everywhere": {"de": "In ganz Deutschland", "en": "All over Germany"},
    "covered": {"de": "versorgt", "en": "covered"},
    "gaps_figure": {"de": "Lücken", "en": "gaps"},
    "people_reached": {"de": "Menschen erreicht", "en": "people reached"},
    "stall": {"de": "Stillstand", "en": "Standstill"},
    "stalls": {"de": "Was stillsteht", "en": "What stands still"},
    "stalls_caption": {
        "de": "Leistungen, deren Verbreitung begonnen hatte und seit mindestens acht Wochen nicht "
        "vorankommt; die mit den meisten Menschen in Lücken zuerst",
        "en": "Services that had begun to spread and have not moved for eight weeks or more; those with most "
        "people in gaps first",
    },
    "stalls_none": {
        "de": "Keine Verbreitung, die begonnen hatte, steht still.",
        "en": "No roll-out that had begun stands still.",
    },
    "last_gain": {"de": "Zuletzt hinzugekommen", "en": "Last added"},
    "weeks_ago": {"de": "vor {weeks} Wochen", "en": "{weeks} weeks ago"},
    "people_in_gaps": {"de": "Menschen in Lücken", "en": "People in gaps"},
    "stalled_since": {
        "de": "Stillstand: Es bleiben Lücken, und seit {day} ({weeks} Wochen) kam keine Stelle hinzu.",
        "en": "Stalled: gaps remain, and since {day} ({weeks} weeks) no body was added.",
    },
    "forecast_caption": {
        "de": "Wann ein Anteil der Menschen erreicht wäre, ginge es weiter wie beobachtet",
        "en": "When a share of the people would be reached, if it went on as observed",
    },
    "target": {"de": "Ziel", "en": "Target"},
    "expected": {"de": "Erwartet", "en": "Expected"},
    "interval": {"de": "Intervall (80 %)", "en": "Interval (80 %)"},
    "rests_on": {"de": "Grundlage", "en": "Basis"},
    "from_to": {"de": "{start} bis {end}", "en": "{start} to {end}"},
    "open_end": {"de": "offen", "en": "open"},
    "weeks_caption": {"de": "Woche für Woche, neueste zuerst", "en": "Week by week, newest first"},
    "weeks_summary": {"de": "Verlauf nach Wochen", "en": "Week by week"},
    "week": {"de": "Woche bis", "en": "Week to"},
    "share": {"de": "Anteil Menschen", "en": "Share of people"},
    "rolled_out": {"de": "hinzugekommen", "en": "rolled out"},
    "learned": {"de": "neu bekannt", "en": "learned"},
    "lost": {"de": "verloren", "en": "lost"},
}

GAP_PROBLEMS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "bad_gap_id": {
        "de": ("Das ist keine Kennung einer Lücke.", "Die Lücke in der Liste suchen."),
        "en": ("This is no id of a gap.", "Look for the gap in the list."),
    },
    "unknown_gap": {
        "de": (
            "Diese Lücke gibt es in diesem Stand nicht: Niemand schuldet die Leistung dort.",
            "Die Lücken des Gebiets ansehen.",
        ),
        "en": (
            "There is no such gap in this release: nobody owes the service there.",
            "Look at the gaps of the area.",
        ),
    },
}
