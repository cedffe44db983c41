"""Why a run ended as it did, in German words a clerk understands; keyed by the stable codes of runs.

The English words come with the run. A code without German words shows its English ones, marked as such; a
test compares this table with the codes there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_WAIT: Final = (
    "Nichts zu tun: Der nächste Lauf versucht es wieder, der letzte gute Stand bleibt veröffentlicht."
)
_TELL: Final = "Den Betreiber des Portals informieren; bis dahin bleibt der letzte gute Stand veröffentlicht."
_OWNER: Final = "Wer den Konnektor pflegt, muss hinschauen; der letzte gute Stand bleibt veröffentlicht."
_DECIDE: Final = (
    "Mit dem Portal vergleichen. Ist der Verlust echt, kann er mit einer Begründung angenommen werden."
)
_ADDRESS: Final = "Die Adresse in der Quelldatei prüfen; vielleicht ist das Portal umgezogen."
_CONFIGURE: Final = "Die Einstellung der Quelle prüfen."


@dataclass(frozen=True, slots=True)
class Words:
    """What happened and what to do, in one language."""

    reason: str
    fix: str = ""


GERMAN: Final[dict[str, Words]] = {
    # how good runs end
    "accepted": Words("Die Lieferung wurde übernommen."),
    "unchanged": Words("Seit dem letzten guten Lauf hat sich nichts geändert."),
    "accepted_absent_records_kept": Words(
        "Die Lieferung wurde übernommen. Was in ihr fehlt, bleibt vorerst stehen, weil sie nicht nachweislich "
        "vollständig ist."
    ),
    "absent_records_kept": Words(
        "Nichts hat sich geändert. Was in der Lieferung fehlt, bleibt stehen, weil sie nicht nachweislich "
        "vollständig ist."
    ),
    # what is held back until somebody decides
    "too_many_unusable": Words(
        "Zu viele Datensätze waren unbrauchbar.",
        "Die Befunde des Laufs ansehen; wahrscheinlich hat sich das Format des Portals geändert.",
    ),
    "incomplete_listing": Words("Die Liste des Portals ist unvollständig.", _WAIT),
    "declared_total_missed": Words("Das Portal hat mehr Datensätze angekündigt, als ankamen.", _WAIT),
    "empty_snapshot": Words(
        "Das Portal hat eine leere Liste geliefert. Eine leere Liste ersetzt nie von selbst Daten.",
        "Den Betreiber des Portals fragen. " + _DECIDE,
    ),
    "snapshot_shrunken": Words("In der Lieferung fehlen ungewöhnlich viele Datensätze.", _DECIDE),
    "snapshot_grown": Words("Die Lieferung ist ungewöhnlich stark gewachsen.", _DECIDE),
    # the portal does not answer
    "source_unavailable": Words("Das Portal antwortet nicht.", _WAIT),
    "connection_refused": Words("Das Portal nimmt keine Verbindung an.", _WAIT),
    "connection_lost": Words("Die Verbindung zum Portal ist abgerissen.", _WAIT),
    "connect_failed": Words(
        "Das Portal ist nicht zu erreichen.", "Das Netz dieses Rechners prüfen; sonst abwarten."
    ),
    "dns_failure": Words(
        "Der Name des Portals konnte nicht aufgelöst werden.",
        "Die Nameserver dieses Rechners prüfen; sonst abwarten.",
    ),
    "dns_unknown_host": Words("Den Namen des Portals gibt es nicht (mehr).", _ADDRESS),
    "tls_failure": Words("Das Zertifikat oder die Verschlüsselung des Portals ist gestört.", _TELL),
    "timeout_connect": Words("Das Portal hat die Verbindung nicht rechtzeitig angenommen.", _WAIT),
    "timeout_headers": Words("Das Portal hat nicht rechtzeitig geantwortet.", _WAIT),
    "timeout_read": Words("Das Portal hat mitten in der Antwort aufgehört zu senden.", _WAIT),
    "timeout_total": Words("Die Antwort des Portals hat insgesamt zu lange gedauert.", _WAIT),
    "too_slow": Words("Das Portal sendet zu langsam.", _WAIT),
    "truncated": Words("Die Antwort war abgeschnitten und wurde verworfen.", _WAIT),
    "retry_later": Words("Das Portal bittet darum, später wiederzukommen.", _WAIT),
    # the portal answers, but not with data
    "source_format": Words("Die Antwort des Portals war nicht zu verstehen.", _OWNER),
    "source_rejected_us": Words(
        "Das Portal weist uns ab.", "Zugangsdaten und Vereinbarung mit dem Betreiber prüfen."
    ),
    "html_instead_of_data": Words(
        "Statt Daten kam eine Webseite, zum Beispiel eine Wartungs- oder Anmeldeseite.",
        "Die Adresse im Browser öffnen und nachsehen; der letzte gute Stand bleibt veröffentlicht.",
    ),
    "malformed_http": Words("Die Antwort des Portals verletzt das Übertragungsprotokoll.", _TELL),
    "unexpected_304": Words("Das Portal meldet „unverändert“, obwohl nicht danach gefragt wurde.", _TELL),
    "empty_body": Words("Die Antwort des Portals war leer.", _TELL),
    "unexpected_content_type": Words("Die Antwort hat eine unerwartete Art.", _OWNER),
    "charset_refused": Words("Der Zeichensatz der Antwort wird nicht angenommen.", _TELL),
    "encoding_refused": Words("Die Antwort ist auf unbekannte Weise gepackt.", _TELL),
    "bad_compression": Words("Die gepackte Antwort ist beschädigt.", _TELL),
    "ratio_exceeded": Words("Die gepackte Antwort bläht sich verdächtig auf.", _OWNER),
    "too_large": Words(
        "Die Antwort ist größer als erlaubt.", "Ist das Portal wirklich gewachsen, die Grenze anheben."
    ),
    "too_many_documents": Words("Das Portal blättert über die erlaubte Zahl von Seiten hinaus.", _OWNER),
    "no_documents": Words("Der Konnektor hat kein Dokument geliefert.", _OWNER),
    "redirect_refused": Words("Das Portal leitet auf eine fremde Adresse um.", _ADDRESS),
    "address_refused": Words(
        "Die Adresse liegt in einem nicht öffentlichen Netz.",
        "Steht das Portal wirklich im eigenen Netz, muss die Quelldatei das erlauben.",
    ),
    "foreign_url": Words("Die Verweise des Portals führen auf eine fremde Adresse.", _ADDRESS),
    "bad_url": Words("Die Adresse ist ungültig.", _ADDRESS),
    "bad_header": Words("Der Konnektor setzt eine unzulässige Kopfzeile.", _OWNER),
    "duplicate_document": Words("Der Konnektor hat ein Dokument zweimal geliefert.", _OWNER),
    "not_json": Words("Die Antwort ist kein gültiges JSON.", _OWNER),
    # our own side
    "parser_killed": Words("Das Auslesen wurde abgebrochen, wahrscheinlich aus Speichermangel.", _OWNER),
    "parser_timeout": Words("Das Auslesen hat zu lange gedauert und wurde abgebrochen.", _OWNER),
    "parser_crashed": Words("Das Auslesen ist abgestürzt.", _OWNER),
    "secret_missing": Words("Die Zugangsdaten der Quelle fehlen.", _CONFIGURE),
    "config": Words("Die Einstellung der Quelle ist falsch.", _CONFIGURE),
    "storage": Words("Die Datenbank oder die Platte hat versagt; nichts wurde halb geschrieben.", _WAIT),
    "invariant": Words("Ein Fehler dieses Programms.", "Bitte mit den Protokollzeilen des Laufs melden."),
    "interrupted": Words("Der Lauf wurde durch einen Stopp unterbrochen und wird wiederholt."),
}


def german(code: str) -> Words | None:
    """Return the German words of a code, or None where there are none."""
    words = GERMAN.get(code)
    if words is None and code.startswith("http_"):
        return _http(code.removeprefix("http_"))
    return words or (GERMAN["storage"] if code.startswith("storage_") else None)


def _http(status: str) -> Words:
    reason = f"Das Portal antwortet mit dem Fehler {status}."
    if status in {"401", "403", "451"}:
        return Words(reason, GERMAN["source_rejected_us"].fix)
    if status in {"404", "410"}:
        return Words(reason, _ADDRESS)
    return Words(reason, _WAIT if status == "429" or status.startswith("5") else _OWNER)
