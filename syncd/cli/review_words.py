"""What the review queue says to a person, in German and English."""

from __future__ import annotations

from typing import Final

from syncd.model.judgement import LinkAnswer

WORDS: Final[dict[str, dict[str, str]]] = {
    "de": {
        "progress": "{done} von {total} Datensätzen, {decided} Entscheidungen",
        "candidate": "Vorschlag {number} von {count}",
        "record": "Datensatz",
        "service": "Leistung",
        "other_record": "früherer Datensatz",
        "moved": "Ist der Datensatz links dieser unter neuer Kennung? Was entschieden ist, gälte weiter.",
        "id": "Kennung",
        "area": "Gebiet",
        "address": "Adresse",
        "first_seen": "zuerst gesehen",
        "gone": "fehlt seit",
        "judgements": "Entscheidungen",
        "source": "Quelle",
        "authority": "Stelle",
        "legal": "Rechtsgrundlage",
        "text": "Text",
        "key": "Schlüssel",
        "type": "Typisierung",
        "bundle": "OZG-Leistung",
        "situation": "Lage",
        "similarity": "Ähnlichkeit",
        "why": "Warum",
        "none": "kein Vorschlag",
        "keys": "j gleich  n verschieden  u unklar  s überspringen  o Adresse öffnen  1-9 Vorschlag  "
        "z letzte zurücknehmen  ? Hilfe  q Ende",
        "help": "Gehört der Datensatz links zur Leistung rechts?\n"
        "  j  gleich: Der Datensatz zählt ab der nächsten Veröffentlichung für diese Leistung.\n"
        "  n  verschieden: Beides wird nie verbunden; der nächste Vorschlag folgt.\n"
        "  u  unklar: Beides bleibt getrennt, und niemand wird noch einmal gefragt.\n"
        "  s  überspringen: Nichts wird festgehalten; der Datensatz bleibt in der Liste.\n"
        "  o  zeigt die Adressen des Datensatzes und öffnet die erste, wenn ein Browser da ist.\n"
        "  1-9  einen anderen Vorschlag ansehen.\n"
        "  z  die letzte Entscheidung dieser Sitzung zurücknehmen; auch das steht im Protokoll.\n"
        "  q  Ende. Was entschieden ist, bleibt, auch nach Strg-C.",
        "reason": "Begründung",
        "reason_again": "Ohne Begründung wird nicht entschieden. Leer lassen, um zurückzugehen.",
        "back": "nicht entschieden",
        "same": "festgehalten: gleich",
        "different": "festgehalten: verschieden",
        "unsure": "festgehalten: unklar",
        "taken_back": "sofort zurückgenommen",
        "undone": "zurückgenommen",
        "nothing_to_undo": "In dieser Sitzung ist noch nichts entschieden.",
        "no_address": "Der Datensatz nennt keine Adresse.",
        "empty": "Nichts wartet auf eine Entscheidung.",
        "end": "Ende der Liste.",
        "decided": "{decided} Entscheidungen festgehalten, {undone} zurückgenommen.",
        "effect": "Sie wirken mit der nächsten Veröffentlichung; ein laufender Dienst tut das selbst, sonst: "
        "syncd rebuild",
        "publish": "Die Veröffentlichung wird erneuert.",
    },
    "en": {
        "progress": "{done} of {total} records, {decided} decisions",
        "candidate": "candidate {number} of {count}",
        "record": "record",
        "service": "service",
        "other_record": "earlier record",
        "moved": "Is the record on the left this one under a new id? What was decided about it would go on.",
        "id": "id",
        "area": "area",
        "address": "address",
        "first_seen": "first seen",
        "gone": "missing since",
        "judgements": "decisions",
        "source": "source",
        "authority": "authority",
        "legal": "legal ground",
        "text": "text",
        "key": "key",
        "type": "typing",
        "bundle": "OZG service",
        "situation": "situation",
        "similarity": "similarity",
        "why": "why",
        "none": "no candidate",
        "keys": "y same  n different  u unsure  s skip  o open address  1-9 candidate  z undo last  "
        "? help  q quit",
        "help": "Is the record on the left about the service on the right?\n"
        "  y  same: from the next release on the record counts for this service.\n"
        "  n  different: the two are never linked; the next candidate follows.\n"
        "  u  unsure: they stay apart, and nobody is asked again.\n"
        "  s  skip: nothing is kept; the record stays in the queue.\n"
        "  o  shows the addresses of the record and opens the first where there is a browser.\n"
        "  1-9  look at another candidate.\n"
        "  z  take back the last decision of this session; that stands in the log, too.\n"
        "  q  quit. What was decided stays, also after Ctrl-C.",
        "reason": "reason",
        "reason_again": "Nothing is decided without a reason. Leave it empty to go back.",
        "back": "not decided",
        "same": "kept: same",
        "different": "kept: different",
        "unsure": "kept: unsure",
        "taken_back": "taken back at once",
        "undone": "taken back",
        "nothing_to_undo": "Nothing has been decided in this session yet.",
        "no_address": "The record names no address.",
        "empty": "Nothing waits for a decision.",
        "end": "End of the queue.",
        "decided": "{decided} decisions kept, {undone} taken back.",
        "effect": "They take effect with the next release; a running daemon does that by itself, else: "
        "syncd rebuild",
        "publish": "The release is renewed.",
    },
}

SAME_KEYS: Final = frozenset("yj")
"""``j`` for *ja*: both are understood in both languages."""

ANSWERS: Final = {"n": LinkAnswer.DIFFERENT, "u": LinkAnswer.UNSURE}
