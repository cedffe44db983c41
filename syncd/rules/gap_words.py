"""The words of a gap's life in German and English: status, reasons, parties, answers, the text of a dispute.

Nothing here decides anything; each code of :mod:`syncd.rules.gap_life` has its line.
"""

from __future__ import annotations

from typing import Final

Text = dict[str, str]

STATUSES: Final[dict[str, Text]] = {
    "open": {"de": "offen", "en": "open"},
    "acknowledged": {"de": "zur Kenntnis genommen", "en": "acknowledged"},
    "waived": {"de": "ausgenommen", "en": "waived"},
    "disputed": {"de": "bestritten", "en": "disputed"},
    "reopened": {"de": "wieder offen", "en": "reopened"},
    "closed": {"de": "geschlossen", "en": "closed"},
    "unknown": {"de": "unbekannt", "en": "unknown"},
}

WHY: Final[dict[str, Text]] = {
    "": {"de": "", "en": ""},
    "returned": {
        "de": "Die Lücke war geschlossen und ist wieder da.",
        "en": "The gap had been closed and is back.",
    },
    "waiver_expired": {"de": "Die Ausnahme ist abgelaufen.", "en": "The waiver has expired."},
    "by_hand": {"de": "Von Hand wieder geöffnet.", "en": "Reopened by hand."},
    "merged": {
        "de": "Die Ausnahme galt nur für einen Teil des heutigen Gebiets.",
        "en": "The waiver was given for a part of the present area only.",
    },
}

PARTIES: Final[dict[str, Text]] = {
    "bund": {"de": "Bund", "en": "Federation"},
    "land": {"de": "Land", "en": "Land"},
    "land_editorial_office": {"de": "Landesredaktion", "en": "editorial office of the Land"},
    "it_provider": {"de": "IT-Dienstleister", "en": "IT provider"},
    "municipality": {"de": "Kommune", "en": "municipality or Kreis"},
    "solution_owner": {"de": "Anbieter der Lösung", "en": "owner of the solution"},
}

ANSWERS: Final[dict[str, Text]] = {
    "acknowledge": {"de": "zur Kenntnis genommen", "en": "acknowledged"},
    "waive": {"de": "ausgenommen bis {until}", "en": "waived until {until}"},
    "dispute": {"de": "bestritten", "en": "disputed"},
    "reopen": {"de": "wieder geöffnet", "en": "reopened"},
    "assign": {"de": "zugewiesen an {value}", "en": "assigned to {value}"},
    "release": {"de": "Zuweisung aufgehoben", "en": "no longer assigned"},
    "set_due": {"de": "fällig am {value}", "en": "due on {value}"},
    "clear_due": {"de": "Frist aufgehoben", "en": "due date removed"},
}

DISPUTE: Final[dict[str, Text]] = {
    "subject": {
        "de": "Bitte um Prüfung: {service} ({key}) in {area}",
        "en": "Please check: {service} ({key}) in {area}",
    },
    "opening": {
        "de": "Unser Bericht vom {day} (Stand {release}) führt die Leistung „{service}“ ({key}) in {area} ({ars}) als Lücke: {state}. {cause} Betroffen sind {people} Menschen. Diese Feststellung wird bestritten.",
        "en": "Our report of {day} (release {release}) lists the service '{service}' ({key}) in {area} ({ars}) as a gap: {state}. {cause} It affects {people} people. This finding is disputed.",
    },
    "reason": {"de": "Begründung: {reason}", "en": "Reason given: {reason}"},
    "evidence": {"de": "Unsere Belege:", "en": "Our evidence:"},
    "sources": {
        "de": "Sprechen müsste: {sources}.",
        "en": "The source that would have to speak: {sources}.",
    },
    "no_source": {
        "de": "Keine angebundene Quelle darf für dieses Gebiet und diese Leistung sprechen; zuständig für den Eintrag ist: {party}.",
        "en": "No connected source may speak for this area and service; responsible for the entry is: {party}.",
    },
    "request": {
        "de": "Bitte prüfen Sie den Eintrag und berichtigen Sie ihn an der Quelle. Sobald die Quelle es anders sagt, schließt sich die Lücke von selbst; auf Zuruf ändern wir keinen Befund.",
        "en": "Please check the entry and correct it at the source. As soon as the source says otherwise the gap closes by itself; we change no finding on request.",
    },
    "reference": {"de": "Kennung der Lücke: {gap_id}", "en": "Id of the gap: {gap_id}"},
}

VERDICTS: Final[dict[str, Text]] = {
    "unchanged": {"de": "unverändert", "en": "unchanged"},
    "change": {"de": "ändert: {changes}", "en": "changes: {changes}"},
    "refused": {"de": "abgelehnt", "en": "refused"},
    "bad_gap_id": {
        "de": "„{value}“ ist keine Kennung einer Lücke. Die Kennung steht in der ersten Spalte der Ausfuhr und darf nicht verändert werden.",
        "en": "'{value}' is no gap id. The id stands in the first column of the export and must not be changed.",
    },
    "key_damaged": {
        "de": "In der Kennung „{value}“ fehlen Ziffern; vermutlich hat die Tabellenkalkulation führende Nullen entfernt. Der Schlüssel einer Zeile ist allein ihre Kennung; bitte aus der Ausfuhr wiederherstellen.",
        "en": "The id '{value}' lacks digits; a spreadsheet has probably dropped leading zeros. The id alone is the key of a row; please restore it from the export.",
    },
    "columns_disagree": {
        "de": "Leistungs- oder Regionalschlüssel der Zeile gehören nicht zur Kennung „{value}“. Wurde eine Spalte ohne die anderen sortiert oder ausgefüllt?",
        "en": "The service key or area code of the row does not belong to the id '{value}'. Was one column sorted or filled without the others?",
    },
    "bad_version": {
        "de": "Die Spalte „Version“ enthält „{value}“; ohne sie ist nicht zu erkennen, ob inzwischen jemand anders entschieden hat.",
        "en": "The column 'version' holds '{value}'; without it nobody can tell whether somebody else has decided meanwhile.",
    },
    "unknown_status": {
        "de": "„{value}“ ist kein Status. Möglich sind: offen, zur Kenntnis genommen, ausgenommen, bestritten.",
        "en": "'{value}' is no status. Possible are: open, acknowledged, waived, disputed.",
    },
    "not_decidable": {
        "de": "„{value}“ lässt sich nicht entscheiden: Nur die Quelle schließt eine Lücke.",
        "en": "'{value}' cannot be decided: only the source closes a gap.",
    },
    "bad_date": {
        "de": "„{value}“ ist kein eindeutiger Tag. Möglich sind 2027-06-30 und 30.06.2027.",
        "en": "'{value}' is no unambiguous day. Write 2027-06-30 or 30.06.2027.",
    },
    "bad_text": {"de": "Ein Text ist zu lang: {value}", "en": "A text is too long: {value}"},
    "until_without_waiver": {
        "de": "„Ausgenommen bis“ gehört zum Status „ausgenommen“; bitte leeren oder den Status setzen.",
        "en": "'waived until' belongs to the status 'waived'; please empty it or set the status.",
    },
    "stale": {
        "de": "Seit der Ausfuhr wurde über diese Lücke neu entschieden (jetzt: {value}). Bitte neu ausführen.",
        "en": "Somebody has decided on this gap since the export (now: {value}). Please export again.",
    },
    "twice": {
        "de": "Die Kennung „{value}“ kommt mehrmals vor.",
        "en": "The id '{value}' occurs more than once.",
    },
    "moved": {
        "de": "Diese Lücke heißt jetzt {value}; bitte neu ausführen.",
        "en": "This gap is called {value} now; please export again.",
    },
}
"""What is said of a row that comes back edited; errors of single decisions carry their own words."""


def say(table: dict[str, Text], code: str, language: str, **values: object) -> str:
    """Return the words of a code with its values filled in; an unknown code speaks for itself."""
    text = table.get(code, {}).get(language, code)
    return text.format(**values) if values else text
