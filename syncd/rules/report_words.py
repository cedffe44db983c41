"""The words of reports, in German and English; what a figure means is said beside it.

Nothing here decides. Values in braces are filled by the section they belong to.
"""

from __future__ import annotations

from typing import Final

from syncd.rules.words import Text

REPORT: Final[dict[str, Text]] = {
    "title": {"de": "Lückenbericht: {place}", "en": "Gap report: {place}"},
    "obligation": {"de": "Gemessen an: {title}", "en": "Measured against: {title}"},
    "people": {"de": "Einwohner", "en": "Inhabitants"},
    "bodies": {"de": "Stellen, die schulden", "en": "Bodies that owe"},
    "owed": {"de": "geschuldete Leistungen", "en": "owed services"},
    "covered": {"de": "online nutzbar", "en": "usable online"},
    "gaps": {"de": "Lücken", "en": "gaps"},
    "unknown": {"de": "unbekannt", "en": "unknown"},
    # --- summary
    "summary": {"de": "Kurz gesagt", "en": "In short"},
    "summary_cells": {
        "de": "Von {owed} geschuldeten Leistungen (Leistung × Stelle) sind {covered} online nutzbar: {own} mit "
        "eigenem und {inherited} mit übergeordnetem Angebot.",
        "en": "Of {owed} owed services (service × body) {covered} can be used online: {own} by an own and "
        "{inherited} by an inherited offer.",
    },
    "summary_gaps": {"de": "Lücken: {gaps}, davon {kinds}.", "en": "Gaps: {gaps}, of these {kinds}."},
    "summary_offline": {
        "de": "{count} beschrieben, aber nicht online",
        "en": "{count} described but not online",
    },
    "summary_dead": {"de": "{count} mit totem Link", "en": "{count} with a dead link"},
    "summary_missing": {"de": "{count} gar nicht geführt", "en": "{count} not listed at all"},
    "summary_of_unknown": {
        "de": "Nicht bekannt: {unknown}; sie zählen weder als vorhanden noch als fehlend.",
        "en": "Not known: {unknown}; they count neither as there nor as missing.",
    },
    "summary_unknown": {
        "de": "Mehr als die Hälfte ist unbekannt: Bevor Lücken geschlossen werden, braucht es Quellen, die für "
        "diese Gebiete sprechen.",
        "en": "More than half is unknown: before gaps can be closed, sources are needed that speak for these "
        "areas.",
    },
    "summary_first": {
        "de": "Zuerst lohnt sich „{service}“: Für {people} Menschen ist kein Online-Weg belegt, zuständig ist "
        "{body}. {cause}",
        "en": "“{service}” is worth starting with: for {people} people no path online is proven, {body} is in "
        "charge. {cause}",
    },
    # --- map and areas
    "areas": {"de": "Stelle für Stelle", "en": "Body by body"},
    "map": {"de": "Anteil der online nutzbaren Leistungen", "en": "Share of services usable online"},
    "map_note": {
        "de": "Eigene und übergeordnete Angebote an allen geschuldeten Leistungen; unbekannte stehen im Nenner. "
        "Gebiete, über die mehr als die Hälfte unbekannt ist, sind grau.",
        "en": "Own and inherited offers among all owed services; unknown ones are in the denominator. Areas of "
        "which more than half is unknown are grey.",
    },
    "shade_0": {"de": "unter 20 %", "en": "below 20%"},
    "shade_1": {"de": "20 bis unter 40 %", "en": "20 to below 40%"},
    "shade_2": {"de": "40 bis unter 60 %", "en": "40 to below 60%"},
    "shade_3": {"de": "60 bis unter 80 %", "en": "60 to below 80%"},
    "shade_4": {"de": "80 % und mehr", "en": "80% and more"},
    "shade_unknown": {"de": "überwiegend unbekannt", "en": "mostly unknown"},
    "area_text": {
        "de": "{covered} von {owed} online, {unknown} unbekannt",
        "en": "{covered} of {owed} online, {unknown} unknown",
    },
    "areas_table": {"de": "Stellen auf der Ebene {line}", "en": "Bodies on the level {line}"},
    "areas_more": {
        "de": "Gezeigt sind die {shown} größten von {all}; alle: syncd coverage.",
        "en": "The {shown} largest of {all} are shown; all of them: syncd coverage.",
    },
    "areas_note": {
        "de": "Anteil: online nutzbare an allen geschuldeten Leistungen der Stelle, unbekannte im Nenner.",
        "en": "Share: services usable online among all the body owes, unknown ones in the denominator.",
    },
    # --- services
    "services": {"de": "Leistung für Leistung", "en": "Service by service"},
    "services_table": {
        "de": "Zustände je Leistung, Ebene {line}",
        "en": "States per service, level {line}",
    },
    "services_note": {
        "de": "Zahlen sind Stellen. „Flächendeckend“ heißt: Jede Stelle, die schuldet, ist versorgt. Der Anteil "
        "der Menschen zählt die Einwohner der versorgten Stellen; unbekannte stehen im Nenner.",
        "en": "Figures are bodies. “Area-wide” means: every body that owes is covered. The share of people "
        "counts the inhabitants of covered bodies; unknown ones are in the denominator.",
    },
    "area_wide": {"de": "flächendeckend", "en": "area-wide"},
    "yes": {"de": "ja", "en": "yes"},
    "no": {"de": "nein", "en": "no"},
    # --- what to do
    "action": {"de": "Was zuerst zu tun ist", "en": "What to do first"},
    "action_table": {"de": "Lücken nach Priorität", "en": "Gaps by priority"},
    "action_none": {
        "de": "Es ist keine Lücke bekannt, an der jemand arbeiten könnte.",
        "en": "No gap is known that anybody could work on.",
    },
    "action_more": {
        "de": "Gezeigt sind die ersten {shown} von {all}; alle: syncd priorities.",
        "en": "The first {shown} of {all} are shown; all of them: syncd priorities.",
    },
    "doing": {
        "de": "Bearbeitung der {gaps} Lücken: {counts}.",
        "en": "Where the {gaps} gaps stand: {counts}.",
    },
    "doing_more": {
        "de": "Bearbeitung der Lücken, zu denen etwas gesagt wurde: {counts}. Die übrigen sind offen.",
        "en": "Where the gaps stand of which something was said: {counts}. All others are open.",
    },
    "doing_note": {
        "de": "Auch zur Kenntnis genommene, ausgenommene und bestrittene Lücken zählen überall mit: Nur die "
        "Quelle schließt eine Lücke. Status am {day}.",
        "en": "Acknowledged, waived and disputed gaps count everywhere like all others: only the source closes "
        "a gap. Status on {day}.",
    },
    "doing_table": {"de": "Lücken nach Status", "en": "Gaps by status"},
    "overdue": {"de": "überfällig", "en": "overdue"},
    "assigned": {"de": "zugewiesen", "en": "assigned"},
    "col_status": {"de": "Status", "en": "Status"},
    "col_gaps": {"de": "Lücken", "en": "Gaps"},
    "col_assigned": {"de": "zugewiesen", "en": "assigned"},
    "col_overdue": {"de": "überfällig", "en": "overdue"},
    "col_due": {"de": "fällig am", "en": "due on"},
    # --- speed
    "rollout": {"de": "Was stillsteht", "en": "What stands still"},
    "rollout_none": {
        "de": "Keine Verbreitung, die begonnen hatte, steht hier still.",
        "en": "No roll-out that had begun stands still here.",
    },
    "rollout_young": {
        "de": "Beobachtet wird erst seit dem {day}; ob etwas stillsteht, zeigt sich frühestens nach {weeks} Wochen.",
        "en": "Observed only since {day}; whether anything stands still shows after {weeks} weeks at the earliest.",
    },
    "rollout_text": {
        "de": "{services} Leistungen hatten begonnen, sich zu verbreiten; seit mindestens acht Wochen kam "
        "keine Stelle hinzu, und es bleiben Lücken.",
        "en": "{services} services had begun to spread; for eight weeks or more no body was added, and gaps "
        "remain.",
    },
    "rollout_one": {
        "de": "Eine Leistung hatte begonnen, sich zu verbreiten; seit mindestens acht Wochen kam keine Stelle "
        "hinzu, und es bleiben Lücken.",
        "en": "One service had begun to spread; for eight weeks or more no body was added, and gaps remain.",
    },
    "rollout_more": {
        "de": "Gezeigt sind die {shown} mit den meisten Menschen in Lücken von {all}; alle: syncd adoption.",
        "en": "The {shown} with most people in gaps of {all} are shown; all of them: syncd adoption.",
    },
    "rollout_table": {"de": "Seit wann nichts hinzukam", "en": "Since when nothing was added"},
    "rollout_note": {
        "de": "Prognose: wann {target} der Menschen erreicht wären, wenn es im Mittel der beobachteten Wochen "
        "weiterginge, mit einem Intervall von 80 %; sonst, warum es keine gibt.",
        "en": "Forecast: when {target} of the people would be reached if it went on at the mean of the weeks "
        "observed, with an interval of 80 %; else why there is none.",
    },
    "rollout_expected": {
        "de": "{expected} ({earliest} bis {latest})",
        "en": "{expected} ({earliest} to {latest})",
    },
    "rollout_never": {"de": "offen", "en": "open"},
    "col_last_gain": {"de": "zuletzt hinzugekommen", "en": "last added"},
    "col_weeks": {"de": "Wochen", "en": "Weeks"},
    "col_covered": {"de": "versorgt", "en": "covered"},
    "col_people_in_gaps": {"de": "Menschen in Lücken", "en": "People in gaps"},
    "col_forecast": {"de": "Prognose", "en": "Forecast"},
    "nobody_elsewhere": {"de": "keine bekannt", "en": "none known"},
    "other_variant": {"de": "{solution} (andere Variante)", "en": "{solution} (another variant)"},
    "causes_table": {"de": "Woran es liegt", "en": "What it is due to"},
    "causes_note": {
        "de": "Wer am Zug ist, ist eine Faustregel nach Ursache und Vollzugsebene und keine Schuldzuweisung.",
        "en": "Whose turn it is is a rule of thumb by cause and executing tier, no assignment of blame.",
    },
    # --- media breaks, uniformity
    "breaks": {"de": "Medienbrüche und widerlegte Angaben", "en": "Media breaks and contradicted claims"},
    "breaks_table": {"de": "Wege, die nicht online enden", "en": "Paths that do not end online"},
    "breaks_note": {
        "de": "Die Stufe ist unsere Einstufung nach Daten und Linkprüfung und kein amtlicher Reifegrad.",
        "en": "The rung is our grading by data and link probes and no official Reifegrad.",
    },
    "uniformity": {"de": "Dieselbe Aufgabe, verschiedene Verfahren", "en": "The same task, other procedures"},
    "uniformity_table": {"de": "Vielfalt je Leistung", "en": "Diversity per service"},
    "uniformity_note": {
        "de": "Effektive Zahl: umgekehrter Simpson-Index über die Stellen mit digitalem Verfahren, hier und "
        "nur in diesem Bericht; 1 heißt einheitlich.",
        "en": "Effective number: inverse Simpson index over the bodies with a digital procedure, within this "
        "report; 1 means uniform.",
    },
    "nothing": {"de": "Dazu liegt nichts vor.", "en": "There is nothing to report."},
    # --- changes
    "changes": {"de": "Was sich geändert hat", "en": "What has changed"},
    "changes_table": {
        "de": "Zustände seit {day} (Stand {release})",
        "en": "States since {day} (release {release})",
    },
    "changes_bodies": {"de": "{bodies} Stellen", "en": "{bodies} bodies"},
    "changes_merged": {"de": "{old} (jetzt {new})", "en": "{old} (now {new})"},
    "changes_note": {
        "de": "Eine Zeile je Leistung und Änderung. Was vorher „unbekannt“ war, muss nicht neu sein: Es ist "
        "bekannt geworden.",
        "en": "A line per service and change. What was “unknown” before need not be new: it has become known.",
    },
    "changes_more": {
        "de": "Gezeigt sind die ersten {shown} von {all} Änderungen.",
        "en": "The first {shown} of {all} changes are shown.",
    },
    "breaks_more": {
        "de": "Gezeigt sind die ersten {shown}; alle: syncd media-breaks.",
        "en": "The first {shown} are shown; all of them: syncd media-breaks.",
    },
    "changes_none": {
        "de": "Seit {day} (Stand {release}) hat sich kein Zustand geändert.",
        "en": "No state has changed since {day} (release {release}).",
    },
    "changes_first": {
        "de": "Es gibt keinen früheren Stand zum Vergleich.",
        "en": "There is no earlier state to compare with.",
    },
    # --- background
    "methods": {"de": "Woher die Zahlen kommen", "en": "Where the figures come from"},
    "sources_table": {"de": "Quellen, die hier sprechen dürfen", "en": "Sources that may speak here"},
    "silence_counts": {"de": "heißt: fehlt", "en": "means missing"},
    "silence_nothing": {"de": "heißt nichts", "en": "means nothing"},
    "fresh": {"de": "frisch", "en": "fresh"},
    "stale": {"de": "veraltet", "en": "stale"},
    "never": {"de": "nie gelesen", "en": "never read"},
    "states_table": {"de": "Zustände", "en": "States"},
    "ladder_table": {"de": "Stufen eines Weges", "en": "Rungs of a path"},
    "method_release": {
        "de": "Grundlage ist Stand {release} vom {day}; seine Prüfsumme ist {digest}. Derselbe Stand ergibt "
        "denselben Bericht.",
        "en": "Based on release {release} of {day}; its digest is {digest}. The same release gives the same "
        "report.",
    },
    "method_registers": {
        "de": "Gebiete und Einwohner: {areas}. Leistungen: {services}.",
        "en": "Areas and inhabitants: {areas}. Services: {services}.",
    },
    "method_obligation": {"de": "Zum Maßstab: {note}", "en": "On what is measured against: {note}"},
    "method_unknown": {
        "de": "Schweigt eine Quelle, die veraltet ist oder deren Schweigen nichts bedeutet, ist die Leistung "
        "unbekannt und nie „fehlend“.",
        "en": "Where a source is silent that is stale or whose silence means nothing, a service is unknown and "
        "never “missing”.",
    },
    # --- columns
    "col_service": {"de": "Leistung", "en": "Service"},
    "col_key": {"de": "Schlüssel", "en": "Key"},
    "col_area": {"de": "Gebiet", "en": "Area"},
    "col_people": {"de": "Einwohner", "en": "Inhabitants"},
    "col_without": {"de": "Menschen ohne", "en": "People without"},
    "col_bodies": {"de": "Stellen", "en": "Bodies"},
    "col_share_bodies": {"de": "Anteil Stellen", "en": "Share of bodies"},
    "col_share_people": {"de": "Anteil Menschen", "en": "Share of people"},
    "col_share": {"de": "Anteil", "en": "Share"},
    "col_owed": {"de": "geschuldet", "en": "owed"},
    "col_body": {"de": "zuständig", "en": "in charge"},
    "col_priority": {"de": "Priorität", "en": "Priority"},
    "col_solution": {"de": "passende Lösung", "en": "fitting solution"},
    "col_cause": {"de": "Ursache", "en": "Cause"},
    "col_turn": {"de": "am Zug", "en": "whose turn"},
    "col_services": {"de": "Leistungen", "en": "Services"},
    "col_finding": {"de": "Befund", "en": "Finding"},
    "col_rung": {"de": "Stufe", "en": "Rung"},
    "col_address": {"de": "Adresse", "en": "Address"},
    "col_source": {"de": "Quelle", "en": "Source"},
    "col_different": {"de": "verschiedene", "en": "different"},
    "col_effective": {"de": "effektive Zahl", "en": "effective number"},
    "col_largest": {"de": "größter Anteil", "en": "largest share"},
    "col_leading": {"de": "am häufigsten", "en": "most common"},
    "col_before": {"de": "vorher", "en": "before"},
    "col_now": {"de": "jetzt", "en": "now"},
    "col_read": {"de": "zuletzt gelesen", "en": "last read"},
    "col_silence": {"de": "ihr Schweigen", "en": "its silence"},
    "col_state": {"de": "Zustand", "en": "State"},
    "col_meaning": {"de": "Bedeutung", "en": "Meaning"},
}

STATE_MEANINGS: Final[dict[str, Text]] = {
    "own": {
        "de": "Die Stelle selbst bietet die geforderte Stufe an.",
        "en": "The body itself offers the demanded rung.",
    },
    "inherited": {
        "de": "Ein Angebot von Kreis, Land oder Bund erreicht die geforderte Stufe hier.",
        "en": "An offer of Kreis, Land or Federation reaches the demanded rung here.",
    },
    "offline": {
        "de": "Die Leistung ist beschrieben, der Weg erreicht die geforderte Stufe nicht.",
        "en": "The service is described, the path does not reach the demanded rung.",
    },
    "dead": {
        "de": "Es gab einen Weg; sein Link führt ins Leere.",
        "en": "There was a path; its link leads nowhere.",
    },
    "missing": {
        "de": "Eine Quelle, deren Schweigen zählt, wurde gelesen und führt die Leistung nicht.",
        "en": "A source whose silence counts was read and does not list the service.",
    },
    "unknown": {
        "de": "Niemand, der sprechen darf, hat es getan, oder es ist zu lange her.",
        "en": "Nobody entitled has spoken, or it was too long ago.",
    },
}
