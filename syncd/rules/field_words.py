"""The words in which the winner and the losers of a field are told, in German and English."""

from __future__ import annotations

from typing import Final

Text = dict[str, str]

KINDS: Final[dict[str, Text]] = {
    "municipal_portal": {"de": "kommunales Portal", "en": "municipal portal"},
    "state_editorial_system": {"de": "Redaktionssystem eines Landes", "en": "editorial system of a Land"},
    "federal_register": {"de": "Register des Bundes", "en": "federal register"},
    "federal_portal": {"de": "Portal des Bundes", "en": "federal portal"},
    "yardstick": {"de": "amtliche Zählung", "en": "official count"},
    "link_list": {"de": "Liste von Links", "en": "list of links"},
    "other": {"de": "Quelle ohne Art", "en": "source of no kind"},
}

FIELDS: Final[dict[str, Text]] = {
    "title": {"de": "Titel", "en": "title"},
    "description": {"de": "Beschreibung", "en": "description"},
    "authority": {"de": "zuständige Stelle", "en": "competent authority"},
    "page_url": {"de": "Seite der Leistung", "en": "page of the service"},
    "language": {"de": "Sprache", "en": "language"},
    "provider": {"de": "anbietende Körperschaft", "en": "providing body"},
    "evidence": {"de": "digitaler Weg", "en": "digital path"},
    "online_service": {"de": "Onlinedienst", "en": "online service"},
    "procedure": {"de": "online oder nicht", "en": "online or not"},
    "trust_level": {"de": "Vertrauensniveau", "en": "trust level"},
    "payment": {"de": "Bezahlung", "en": "payment"},
}

WHY: Final[dict[str, Text]] = {
    "pinned": {
        "de": "Festgelegt am {day}{until}; geht allem vor, was Quellen sagen.",
        "en": "Pinned on {day}{until}; goes before whatever sources say.",
    },
    "pin_returned": {
        "de": "Seitdem sagt die Quelle etwas anderes: noch einmal ansehen.",
        "en": "The source has changed its word since: look again.",
    },
    "chosen": {
        "de": "Am {day} wurde entschieden, dass diese Seite recht hat.",
        "en": "On {day} it was decided that this side is right.",
    },
    "both_stand": {
        "de": "Am {day} wurde entschieden, dass beide Seiten gelten; die Rangfolge bestimmt, was vorn steht.",
        "en": "On {day} it was decided that both sides stand; precedence says which comes first.",
    },
    "decision_returned": {
        "de": "Seit der Entscheidung haben sich Aussagen geändert: noch einmal ansehen.",
        "en": "What sources say has changed since the decision: look again.",
    },
    "alone": {"de": "Nur diese Quelle sagt etwas dazu.", "en": "Only this source says anything about it."},
    "fresh_first": {
        "de": "Der Stand der Quelle ist frisch; der von {other} ist veraltet und steht hinten an.",
        "en": "The source's state is fresh; that of {other} is stale and ranks behind.",
    },
    "lower_rank": {
        "de": "Rang {rank} ({ground}) geht vor Rang {other_rank} von {other}.",
        "en": "Rank {rank} ({ground}) goes before rank {other_rank} of {other}.",
    },
    "name_first": {
        "de": "Gleicher Rang wie {other} ({rank}); dann entscheidet die Kennung der Quelle und des Datensatzes.",
        "en": "Same rank as {other} ({rank}); then the ids of source and record decide.",
    },
    "behind_pin": {
        "de": "Steht hinter dem festgelegten Wert.",
        "en": "Stands behind the pinned value.",
    },
    "behind_decision": {
        "de": "Die andere Seite wurde gewählt.",
        "en": "The other side was chosen.",
    },
    "stale": {
        "de": "Der Stand der Quelle ist veraltet und steht hinter jedem frischen.",
        "en": "The source's state is stale and ranks behind every fresh one.",
    },
    "higher_rank": {
        "de": "Rang {rank} ({ground}) steht hinter Rang {other_rank} von {other}.",
        "en": "Rank {rank} ({ground}) stands behind rank {other_rank} of {other}.",
    },
    "name_later": {
        "de": "Gleicher Rang wie {other} ({rank}); die Kennung von Quelle oder Datensatz steht später.",
        "en": "Same rank as {other} ({rank}); the id of source or record comes later.",
    },
    "own_body": {
        "de": "Das Gebiet bietet die Leistung selbst an; so sagt es die Quelle, der hier zuerst geglaubt wird.",
        "en": "The area offers the service itself; so says the source that is believed first here.",
    },
    "body_above": {
        "de": "Das Angebot ist übernommen; so sagt es die Quelle, der hier zuerst geglaubt wird.",
        "en": "The offer is passed on; so says the source that is believed first here.",
    },
    "rung": {"de": "Stufe: {rung}. {rule}", "en": "Rung: {rung}. {rule}"},
    "dead": {"de": "Der Link ist tot und zählt nicht.", "en": "The link is dead and does not count."},
    "lower_rung": {
        "de": "Niedrigere Stufe als der beste Weg.",
        "en": "A lower rung than the best path.",
    },
    "same_rung": {
        "de": "Gleiche Stufe; die Reihenfolge ist die der Adressen.",
        "en": "The same rung; the order is that of the addresses.",
    },
}

GROUNDS: Final[dict[str, Text]] = {
    "own": {"de": "der Quelle gegeben", "en": "given to the source"},
    "unconfigured": {"de": "Quelle nicht mehr konfiguriert", "en": "source no longer configured"},
}

STEPS: Final[dict[str, Text]] = {
    "field_is": {
        "de": "{field} von „{service}“ in {area}: {value}",
        "en": "{field} of '{service}' in {area}: {value}",
    },
    "field_empty": {
        "de": "{field} von „{service}“ in {area}: Keine Quelle sagt etwas dazu.",
        "en": "{field} of '{service}' in {area}: no source says anything about it.",
    },
    "field_since": {
        "de": "So seit Stand {release} ({day}).",
        "en": "So since release {release} ({day}).",
    },
    "said": {
        "de": "{place}. {value} – {source}, Datensatz {record}: {why} Zuletzt gelesen {read} (UTC), Datensatz "
        "geändert {changed} in Lauf {run}.",
        "en": "{place}. {value} – {source}, record {record}: {why} Last read at {read} (UTC), record changed "
        "{changed} in run {run}.",
    },
    "pinned": {"de": "{place}. {value} – {why}", "en": "{place}. {value} – {why}"},
    "conflict": {
        "de": "Die Quellen widersprechen sich hier ({state}).",
        "en": "Sources contradict each other here ({state}).",
    },
}

CONFLICT_STATES: Final[dict[str, Text]] = {
    "open": {"de": "offen", "en": "open"},
    "returned": {"de": "entschieden, seitdem geändert", "en": "decided, changed since"},
    "decided": {"de": "entschieden", "en": "decided"},
}

PIN_STATES: Final[dict[str, Text]] = {
    "in_force": {"de": "in Kraft", "en": "in force"},
    "returned": {"de": "in Kraft, Quelle seitdem geändert", "en": "in force, source changed since"},
    "waiting": {"de": "noch nicht im Stand", "en": "not in the release yet"},
    "expired": {"de": "abgelaufen", "en": "expired"},
}
