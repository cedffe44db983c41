"""German words for every stable code: title, cause, cure; the rows of `syncd.rules.fault_words`.

Readers are operators and clerks: a cause names what is known, a cure one next step. Nothing here may depend on
the single case, which the message itself describes.
"""

from __future__ import annotations

from typing import Final

_WAIT: Final = (
    "Nichts zu tun: Der nächste Lauf versucht es wieder, der letzte gute Stand bleibt veröffentlicht."
)
_TELL: Final = "Den Betreiber des Portals informieren; bis dahin bleibt der letzte gute Stand veröffentlicht."
_OWNER: Final = (
    "Wer den Konnektor pflegt, vergleicht die Antwort mit dessen README; das Portal hat sich wohl geändert."
)
_DECIDE: Final = "Mit dem Portal vergleichen; ist die Änderung echt, mit einer Begründung annehmen."
_ADDRESS: Final = "Die Adresse in der Quelldatei prüfen; vielleicht ist das Portal umgezogen."
_ACCESS: Final = "Zugangsdaten und Vereinbarung mit dem Betreiber des Portals prüfen."
_SOURCE: Final = "Den Datensatz an der Quelle berichtigen."
_REPORT: Final = "Mit den Protokollzeilen des Laufs als Fehler dieses Programms melden."
_LIST: Final = "Die bekannten Namen auflisten und die Schreibweise prüfen."
_REQUEST: Final = "Die Anfrage berichtigen; /v1/openapi.json beschreibt alle Adressen."
_LATER: Final = "In einigen Sekunden noch einmal versuchen; die Daten sind sicher."
_RESTORE: Final = "Den Dienst anhalten und eine Sicherung zurückspielen: syncd restore DATEI."

# fmt: off
GERMAN: Final[dict[str, tuple[str, str, str]]] = {
    # How good runs end
    "accepted": ("Übernommen", "Die Lieferung war vollständig und hat die letzte ersetzt.", ""),
    "unchanged": ("Unverändert", "Seit dem letzten guten Lauf hat sich nichts geändert.", ""),
    "accepted_absent_records_kept": ("Übernommen, nichts zurückgezogen", "Fehlende Datensätze bleiben stehen, weil die Lieferung nicht nachweislich vollständig ist.", "Die Befunde des Laufs ansehen; sonst nichts zu tun."),
    "source_retired": ("Quelle zurückgezogen", "Ein Mensch hat alle Datensätze einer entfernten Quelle mit einer Begründung zurückgezogen.", ""),
    "absent_records_kept": ("Unverändert, nichts zurückgezogen", "Fehlende Datensätze bleiben stehen, weil die Lieferung nicht nachweislich vollständig ist.", "Die Befunde des Laufs ansehen; sonst nichts zu tun."),
    "records_missing": ("Unverändert, Datensätze fehlen", "Einige Datensätze sind nicht mehr gelistet; sie bleiben veröffentlicht, bis mehrere vollständige Lieferungen sie nicht enthielten.", ""),
    "accepted_after_repeats": ("Nach Wiederholung übernommen", "Das Portal hat denselben Inhalt über Tage wiederholt; darum wurde er trotz einer überschrittenen Grenze übernommen.", "Ansehen, was weggefallen ist; das Portal kann es jederzeit wieder liefern."),
    # Snapshots that are held back until somebody decides
    "snapshot_refused": ("Lieferung zurückgehalten", "Die Lieferung ist lesbar, darf die letzte aber nicht von selbst ersetzen.", _DECIDE),
    "too_many_unusable": ("Zu viele unbrauchbare Datensätze", "Der Anteil unbrauchbarer Datensätze liegt über der Grenze der Quelle.", "Die Befunde des Laufs ansehen; wahrscheinlich hat sich das Format des Portals geändert."),
    "incomplete_listing": ("Liste unvollständig", "Ein Teil der Liste fehlt; eine Teilliste ersetzt nie eine ganze.", _WAIT),
    "declared_total_missed": ("Angekündigte Zahl verfehlt", "Das Portal hat eine andere Zahl von Datensätzen angekündigt, als ankam.", _WAIT),
    "empty_snapshot": ("Leere Liste", "Das Portal hat eine leere Liste geliefert; sie ersetzt nie von selbst Daten.", "Den Betreiber des Portals fragen. Ist das Portal wirklich leer, die Lieferung mit einer Begründung annehmen."),
    "snapshot_shrunken": ("Zu viele Datensätze fehlen", "In der Lieferung fehlen mehr Datensätze, als in einem Lauf verschwinden dürfen.", _DECIDE),
    "snapshot_grown": ("Ungewöhnlich gewachsen", "Die Lieferung ist in einem Lauf stärker gewachsen, als die Grenze der Quelle erlaubt.", _DECIDE),
    "losses_add_up": ("Verluste summieren sich", "Jetzt fehlende und in sieben Tagen zurückgezogene Datensätze überschreiten zusammen die Grenze der Quelle.", _DECIDE),
    "fewer_than_usual": ("Weniger Datensätze als üblich", "Die Liste ist viel kürzer als die letzten guten.", _DECIDE),
    "more_than_usual": ("Mehr Datensätze als üblich", "Die Liste ist viel länger als die letzten guten.", _DECIDE),
    "snapshot_older": ("Älterer Inhalt", "Das Portal hat mit einem älteren Inhalt geantwortet, als zuletzt übernommen wurde.", "Nichts zu tun, wenn ein Zwischenspeicher geantwortet hat. Wurde das Portal absichtlich zurückgesetzt, die Lieferung mit einer Begründung annehmen."),
    "different_feed": ("Andere Quelle", "Die Antwort gehört zu einem anderen Portal, oder alle Datensätze wurden neu nummeriert.", "Die Adresse der Quelle prüfen; stimmt sie, die Lieferung mit einer Begründung annehmen."),
    "mapping_changed": ("Anders gelesen", "Eine neue Fassung des Anschlusses oder der Regeln liest viele Datensätze anders.", "Einige der geänderten Datensätze ansehen; stimmt die neue Lesart, die Lieferung mit einer Begründung annehmen."),
    "already_decided": ("Schon entschieden", "Über diesen Lauf hat schon jemand entschieden; eine Entscheidung ändert sich nie.", "Über den nächsten zurückgehaltenen Lauf entscheiden."),
    "run_superseded": ("Überholt", "Seit diesem Lauf gab es einen neueren guten.", "Nichts zu tun: Das Portal hat inzwischen Annehmbares geliefert."),
    "not_refused": ("Nichts zu entscheiden", "Dieser Lauf wurde nicht zurückgehalten; entschieden wird nur über zurückgehaltene.", "Die zurückgehaltenen Läufe auflisten."),
    "bodies_gone": ("Antworten nicht mehr da", "Die Antworten des zurückgehaltenen Laufs sind nicht mehr aufbewahrt.", "Die Quelle neu lesen und dabei mit einer Begründung annehmen."),
    # The portal does not answer
    "source_unavailable": ("Portal antwortet nicht", "Das Portal antwortet nicht so, wie es ein arbeitendes Portal täte.", _WAIT),
    "connection_refused": ("Verbindung abgelehnt", "Unter der Adresse des Portals nimmt kein Dienst Verbindungen an.", _WAIT),
    "connection_lost": ("Verbindung abgerissen", "Das Portal hat die Verbindung vor dem Ende der Antwort geschlossen.", _WAIT),
    "connect_failed": ("Portal nicht erreichbar", "Zum Portal kommt keine Verbindung zustande.", "Das Netz dieses Rechners prüfen; sonst abwarten."),
    "dns_failure": ("Namensauflösung gestört", "Die Nameserver haben nicht oder mit einem Fehler geantwortet.", "Die Nameserver dieses Rechners prüfen; sonst abwarten."),
    "dns_unknown_host": ("Name unbekannt", "Den Namen des Portals gibt es nicht oder nicht mehr.", _ADDRESS),
    "client_certificate_expired": ("Eigenes Zertifikat abgelaufen", "Unser eigenes Client-Zertifikat, das das Portal verlangt, ist abgelaufen; das des Portals ist nicht gemeint.", "Erneuern und dort ablegen, wohin die Quelldatei verweist; ein Neustart ist nicht nötig."),
    "client_certificate_unusable": ("Eigenes Zertifikat unbrauchbar", "Unser eigenes Client-Zertifikat oder sein Schlüssel fehlt, passt nicht, lässt sich nicht öffnen oder gilt noch nicht.", "Berichtigen, worauf [client_certificate] der Quelldatei verweist."),
    "client_certificate_refused": ("Eigenes Zertifikat abgelehnt", "Das Portal verlangt ein Client-Zertifikat und nimmt unseres nicht an, oder es gibt keines für dieses Portal.", "Den Betreiber des Portals fragen, welches Zertifikat er annimmt, und es in der Quelldatei nennen."),
    "tls_failure": ("Verschlüsselung gestört", "Zertifikat oder TLS-Einstellung des Portals sind nicht in Ordnung; unsicher wird nicht gelesen.", _TELL),
    "timeout_connect": ("Zeitüberschreitung beim Verbinden", "Das Portal hat die Verbindung nicht rechtzeitig angenommen.", _WAIT),
    "timeout_headers": ("Zeitüberschreitung vor der Antwort", "Das Portal hat nicht rechtzeitig mit einer Antwort begonnen.", _WAIT),
    "timeout_read": ("Antwort bleibt stehen", "Das Portal hat mitten in der Antwort aufgehört zu senden.", _WAIT),
    "timeout_total": ("Antwort dauert zu lange", "Die ganze Antwort hat länger gedauert als erlaubt.", "Abwarten; bleibt es so, die Zeitgrenze der Quelle anheben."),
    "too_slow": ("Portal sendet zu langsam", "Die Übertragung liegt unter der Mindestgeschwindigkeit.", "Abwarten; ist die Leitung bekannt langsam, die Mindestgeschwindigkeit senken."),
    "truncated": ("Antwort abgeschnitten", "Die Antwort endet vor ihrem angekündigten Ende und wurde verworfen.", _WAIT),
    "retry_later": ("Portal bittet um Geduld", "Das Portal hat eine Wartezeit genannt, die noch nicht vorbei ist.", "Abwarten; ein längerer Abstand der Läufe hilft."),
    "run_timeout": ("Lauf dauert zu lange", "Das Lesen der Quelle hat die Zeitgrenze eines Laufs überschritten.", "Den nächsten Lauf abwarten; ist das Portal immer so langsam, limits.run_timeout anheben."),
    # The portal turns us away or answers with a status
    "source_rejected_us": ("Portal weist uns ab", "Das Portal lehnt Zugangsdaten, Häufigkeit oder Bedingungen ab.", _ACCESS),
    "http_401": ("Anmeldung nötig (401)", "Das Portal nimmt die Zugangsdaten nicht an oder verlangt welche.", _ACCESS),
    "ledger_broken": ("Objektspeicher der Quelle unbrauchbar", "Die Datei, in der die Objekte des Portals zusammenkommen, ist beschädigt oder nicht von uns.", "Die genannte Datei entfernen; der nächste Lauf holt alles neu."),
    "position_missing": ("Position fehlt", "Ein Dokument für einen bleibenden Objektspeicher sagt nicht, wo es beginnt und endet.", "Dem Verantwortlichen des Konnektors melden."),
    "document_out_of_order": ("Dokument ausgelassen", "Das Dokument schließt nicht an den Stand des Objektspeichers an und wurde ausgelassen.", "Nichts zu tun: Der nächste Lauf fragt ab dem Stand des Objektspeichers."),
    "token_refused": ("Kein Zugangstoken", "Der Tokendienst nimmt unsere Client-Zugangsdaten nicht an.", "client_id, client_secret und scope prüfen; beim Betreiber des Portals fragen, ob der Zugang noch gilt."),
    "token_unusable": ("Unbrauchbares Zugangstoken", "Die Antwort des Tokendienstes enthält kein Token der Art Bearer.", "'token_url' prüfen; beim Betreiber des Portals fragen."),
    "http_403": ("Zugriff verboten (403)", "Das Portal erlaubt uns diesen Abruf nicht.", _ACCESS),
    "http_404": ("Adresse nicht gefunden (404)", "Unter der Adresse liegt nichts; das heißt nicht, dass es keine Leistungen gibt.", _ADDRESS),
    "http_410": ("Adresse aufgegeben (410)", "Das Portal hat die Adresse aufgegeben; das heißt nicht, dass es keine Leistungen gibt.", _ADDRESS),
    "http_429": ("Zu viele Anfragen (429)", "Das Portal begrenzt die Zahl der Abrufe.", "Abwarten; ein längerer Abstand der Läufe hilft."),
    "http_451": ("Aus Rechtsgründen gesperrt (451)", "Das Portal sperrt den Abruf aus rechtlichen Gründen.", _ACCESS),
    "http_5xx": ("Fehler des Portals (5xx)", "Das Portal meldet einen eigenen Fehler; was es dazu schickt, wird nicht gelesen.", _WAIT),
    "http_xxx": ("Unbrauchbarer Status", "Das Portal antwortet mit einem Status, zu dem es hier keine Daten gibt.", _OWNER),
    # The portal answers, but not with data
    "source_format": ("Antwort unverständlich", "Die Antwort ist nicht das, was der Konnektor versteht.", _OWNER),
    "malformed_http": ("Übertragung fehlerhaft", "Die Antwort des Portals verletzt das Übertragungsprotokoll HTTP.", _TELL),
    "unexpected_304": ("„Unverändert“ ungefragt", "Das Portal meldet „unverändert“, obwohl nicht danach gefragt wurde.", _TELL),
    "empty_body": ("Leere Antwort", "Die Antwort des Portals hat keinen Inhalt.", _TELL),
    "html_instead_of_data": ("Webseite statt Daten", "Eine Wartungs-, Anmelde- oder Proxyseite antwortet anstelle der Daten.", "Die Adresse im Browser öffnen und nachsehen."),
    "unexpected_content_type": ("Unerwartete Art der Antwort", "Die Antwort nennt eine Art, die der Konnektor nicht liest.", _OWNER),
    "charset_refused": ("Zeichensatz abgelehnt", "Der genannte Zeichensatz wird nicht angenommen, weil er Texte verfälschen kann.", "Das Portal um UTF-8 bitten."),
    "encoding_refused": ("Packart abgelehnt", "Die Antwort ist auf eine Weise gepackt, um die nicht gebeten wurde.", "Das Portal um ungepackte oder gzip-Antworten bitten."),
    "bad_compression": ("Gepackte Antwort beschädigt", "Die gepackte Antwort ist fehlerhaft oder hat Anhängsel.", _TELL),
    "ratio_exceeded": ("Antwort bläht sich auf", "Die gepackte Antwort wächst beim Entpacken verdächtig stark.", "Die Antwort ansehen; ist sie echt, die Grenze der Quelle anheben."),
    "too_large": ("Antwort zu groß", "Die Antwort ist größer als für die Quelle erlaubt.", "Ist das Portal wirklich gewachsen, die Grenze anheben."),
    "too_many_documents": ("Zu viele Seiten", "Das Portal blättert über die erlaubte Zahl von Dokumenten hinaus.", "Das Blättern des Konnektors prüfen; ist es richtig, die Grenze anheben."),
    "no_documents": ("Kein Dokument", "Der Konnektor hat für diesen Lauf kein Dokument geliefert.", _OWNER),
    "redirect_refused": ("Umleitung abgelehnt", "Das Portal leitet auf eine fremde oder unzulässige Adresse um; Zugangsdaten wurden nicht mitgeschickt.", "Ist die neue Adresse richtig, sie in die Quelldatei eintragen."),
    "address_refused": ("Interne Adresse abgelehnt", "Name oder Verweis führt in ein nicht öffentliches Netz; es wurde keine Verbindung aufgebaut.", "Steht das Portal wirklich im eigenen Netz, in der Quelldatei allow_private = true setzen."),
    "foreign_url": ("Verweis auf fremde Adresse", "Ein Verweis des Portals führt auf eine andere Herkunft.", _ADDRESS),
    "not_json": ("Kein gültiges JSON", "Die Antwort ist abgeschnitten, zu tief geschachtelt oder kein JSON.", _OWNER),
    "duplicate_key": ("Schlüssel doppelt", "Ein Objekt des JSON nennt denselben Schlüssel zweimal; welcher Wert gilt, ist nicht zu sagen.", _TELL),
    "json_too_large": ("JSON zu groß", "Das JSON ist größer, als ein einzelnes Dokument sein darf.", "Das Portal bitten, das Dokument in Seiten zu teilen."),
    "unknown_encoding": ("Zeichensatz unbekannt", "Der eingestellte oder genannte Zeichensatz wird nicht gelesen.", "Das Portal um UTF-8 bitten."),
    "xml_doctype": ("DOCTYPE im XML", "Das Dokument hat einen DOCTYPE, über den sich Texte verstecken, vervielfachen oder nachladen lassen.", _TELL),
    "xml_include": ("XML bindet anderes ein", "Das Dokument bindet weitere Dokumente ein (XInclude); es wird nichts nachgeladen.", _TELL),
    "xml_limit": ("XML über einer Grenze", "Tiefe, Namen, Texte oder Zahl der Elemente liegen über einer festen Grenze.", _TELL),
    "xml_root": ("Anderes XML", "Das Wurzelelement gehört zu einem anderen Format oder einer anderen Version.", _ADDRESS),
    # What the portal lets us notice without spoiling the run
    "near_limit": ("Nahe an einer Grenze", "Ein Wert liegt schon in der Nähe seiner Grenze; noch wird alles gelesen.", "Ist das Wachstum echt, die Grenze rechtzeitig anheben."),
    "moved_permanently": ("Adresse umgezogen", "Das Portal sagt, dass die Adresse dauerhaft umgezogen ist.", "Die neue Adresse in die Quelldatei eintragen; die alte wird einmal enden."),
    "portal_clock_off": ("Uhren gehen auseinander", "Die Uhr des Portals und die dieses Rechners weichen voneinander ab.", "Zuerst die Uhr dieses Rechners prüfen, dann den Betreiber des Portals informieren."),
    "client_certificate_expires": ("Eigenes Zertifikat läuft ab", "Unser eigenes Client-Zertifikat endet bald; danach weist das Portal uns ab.", "Erneuern und dort ablegen, wohin die Quelldatei verweist."),
    "certificate_expires": ("Zertifikat läuft ab", "Das Zertifikat des Portals endet bald; danach kann es nicht mehr gelesen werden.", "Den Betreiber des Portals an die Erneuerung erinnern."),
    # The connector or its parser
    "bad_header": ("Unzulässige Kopfzeile", "Der Konnektor setzt eine Kopfzeile, die Schutzmaßnahmen aufheben würde.", "Den Konnektor berichtigen."),
    "duplicate_document": ("Dokument doppelt", "Der Konnektor hat zwei Dokumente gleichen Namens geholt.", "Den Konnektor berichtigen: Jedes Dokument eines Laufs braucht seinen eigenen Namen."),
    "connector_crashed": ("Konnektor abgestürzt", "Der Konnektor hat den Lauf mit einem unerwarteten Fehler beendet; andere Quellen sind nicht betroffen.", "Wer den Konnektor pflegt, muss hinschauen."),
    "parser_crashed": ("Auslesen abgestürzt", "Der Prozess, der die Antwort ausliest, ist abgestürzt; andere Quellen sind nicht betroffen.", "Wer den Konnektor pflegt, muss hinschauen."),
    "parser_killed": ("Auslesen abgebrochen", "Der Prozess, der die Antwort ausliest, wurde beendet, wahrscheinlich wegen seiner Speichergrenze.", "Die Größe der Antwort ansehen; ist sie echt, die Speichergrenze anheben."),
    "parser_timeout": ("Auslesen dauert zu lange", "Das Auslesen hat seine Zeitgrenze überschritten und wurde beendet.", "Wer den Konnektor pflegt, muss hinschauen; ist die Antwort nur groß, die Zeitgrenze anheben."),
    # Findings about single records
    "flapping": ("Datensatz kommt und geht", "Ein Datensatz verschwand binnen einer Woche mehrmals aus der Liste und kam wieder; er bleibt veröffentlicht.", "Den Betreiber des Portals fragen."),
    "id_reused": ("Nummer wiederverwendet", "Eine bekannte Nummer steht jetzt für eine andere Leistung; der alte Datensatz bleibt, der neue wird zurückgelegt.", "Den Betreiber des Portals fragen; ist es richtig, den nächsten Lauf mit einer Begründung annehmen."),
    "stamp_in_future": ("Datum in der Zukunft", "Das Portal datiert seinen Inhalt mehr als einen Tag voraus; der Inhalt zählt, das Datum nicht.", "Dem Betreiber des Portals Bescheid geben."),
    "bad_date": ("Kein Tag", "Der Text ist kein Tag des Kalenders; das Angebot gilt dort als unbefristet.", "Den Tag als JJJJ-MM-TT schreiben oder das Feld weglassen."),
    "bad_encoding": ("Zeile nicht lesbar", "Die Zeile ist nicht im angegebenen Zeichensatz geschrieben; sie wurde beiseitegelegt.", _SOURCE),
    "bad_id": ("Kennung unbrauchbar", "Die Kennung des Datensatzes ist leer, zu lang oder kein Text.", _SOURCE),
    "bad_language": ("Sprachangabe unbrauchbar", "Die Angabe ist kein Sprachkürzel; die Sprache gilt als unbestimmt.", "An der Quelle de eintragen."),
    "bad_url": ("Adresse ungültig", "Der Text ist keine vollständige Web-Adresse und wird nicht verwendet.", "Eine vollständige Adresse eintragen, die mit https:// beginnt."),
    "control_characters": ("Steuerzeichen im Text", "Aus einem Text wurden unsichtbare Steuerzeichen entfernt.", _SOURCE),
    "detail_missing": ("Einzelabruf fehlt", "Die Liste nennt die Leistung, ihr Einzelabruf findet sie nicht; verwendet wird die Liste.", _TELL),
    "duplicate_id": ("Kennung doppelt", "Zwei Datensätze der Lieferung tragen dieselbe Kennung; die Wahl ist in jeder Reihenfolge dieselbe.", _SOURCE),
    "id_is_number": ("Kennung ist eine Zahl", "Die Kennung ist als Zahl geschrieben; verwendet werden ihre Ziffern.", "Kennungen als Text schreiben lassen: führende Nullen gingen verloren."),
    "invalid_service_key": ("Kein Leistungsschlüssel", "Der Text ist kein 14-stelliger Leistungsschlüssel; er wird nicht erraten.", "Die 14 Stellen des Leistungsschlüssels eintragen oder das Feld leer lassen."),
    "land_specific_key": ("Schlüssel eines Landes", "Der Schlüssel beginnt nicht mit 99 und gehört nicht zum bundesweiten Katalog.", "Nichts zu tun; der bundesweite Schlüssel zählt für die Abdeckung mehr."),
    "missing_key": ("Schlüssel fehlt", "Die Zeile nennt keinen Leistungsschlüssel.", "Den Leistungsschlüssel eintragen, damit das Angebot zählt."),
    "not_a_service_id": ("Keine Leistungskennung", "Die Zeile beginnt nicht mit der Kennung einer Leistung.", _SOURCE),
    "not_an_object": ("Eintrag von falscher Art", "Der Eintrag der Liste ist kein Objekt.", _SOURCE),
    "not_public": ("Nicht öffentlich", "Die Quelle kennzeichnet diese Leistungen als nicht öffentlich; sie werden ausgelassen.", "Nichts zu tun."),
    "not_text": ("Kein gültiger Text", "Ein Text enthält Zeichen, die sich nicht schreiben lassen.", _SOURCE),
    "claim_out_of_scope": ("Spricht für andere", "Viele Aussagen eines Laufs betreffen Gebiete, für die die Quelle nicht sprechen darf; keine wird verwendet.", "Zuerst das Portal ansehen: Es könnte in falschen Händen sein. Ist die Quelle berechtigt, scope.areas erweitern."),
    "out_of_scope_area": ("Gebiet nicht erlaubt", "Die Quelle darf für dieses Gebiet nicht sprechen; die Aussage wird nicht verwendet.", "Ist die Quelle berechtigt, scope.areas erweitern."),
    "out_of_scope_service": ("Leistung nicht erlaubt", "Die Quelle darf für diese Leistung nicht sprechen; die Aussage wird nicht verwendet.", "Ist die Quelle berechtigt, scope.services erweitern."),
    "placeholder_link": ("Platzhalter im Verweis", "Der Verweis enthält einen Platzhalter, der nie ausgefüllt wurde; er wird nicht verwendet.", "Den Platzhalter an der Quelle ausfüllen."),
    "record_too_large": ("Datensatz zu groß", "Der Datensatz ist größer als erlaubt und wurde beiseitegelegt.", _SOURCE),
    "fact_refused": ("Zusatzangabe weggelassen", "Ein Datensatz trägt höchstens 32 Zusatzangaben mit kurzen Namen und höchstens 1.000 Zeichen.", "An der Quelle kürzen oder im Konnektor einem Feld zuordnen."),
    "record_without_area": ("Gebiet fehlt", "Der Datensatz nennt kein Gebiet, und die Quelle hat kein voreingestelltes.", "Das Gebiet im Datensatz nennen oder der Quelle ein voreingestelltes geben."),
    "record_without_id": ("Kennung fehlt", "Der Datensatz hat keine Kennung und kann nicht wiedererkannt werden.", _SOURCE),
    "record_without_key": ("Ohne Leistungsschlüssel", "Der Datensatz trägt keinen brauchbaren Leistungsschlüssel und bleibt für sich.", "Den Leistungsschlüssel eintragen, damit das Angebot für die Abdeckung zählt."),
    "record_without_title": ("Name fehlt", "Der Datensatz hat keinen Namen und wurde beiseitegelegt.", _SOURCE),
    "refused_link": ("Verweis abgelehnt", "Verwendet werden nur ausgefüllte http(s)-Verweise von höchstens 2.000 Zeichen.", "Den Verweis an der Quelle berichtigen."),
    "row_without_key": ("Zeile ohne Leistung", "Die Zeile nennt weder einen Schlüssel noch eine Leistung.", _SOURCE),
    "rows_disagree": ("Zeilen widersprechen sich", "Zeilen derselben Leistung nennen verschiedene Schlüssel oder Namen.", _SOURCE),
    "service_reappears": ("Leistung erscheint erneut", "Die Leistung stand weiter oben schon einmal in derselben Liste.", _SOURCE),
    "stated_absent": ("Als nicht gefunden vermerkt", "Die Liste sagt selbst, dass sie diese Leistung nicht gefunden hat.", "Nichts zu tun."),
    "text_too_long": ("Text zu lang", "Ein Text ist länger als erlaubt; der Datensatz wurde beiseitegelegt.", "Den Text an der Quelle kürzen."),
    "too_many_values": ("Zu viele Werte", "Der Datensatz nennt mehr Werte, als einer haben darf; er wurde beiseitegelegt.", "Den Datensatz teilen oder das übergeordnete Gebiet nennen."),
    "unknown_authority": ("Stelle unbekannt", "Die Leistung nennt eine Stelle, die das Verzeichnis der Stellen nicht führt.", _SOURCE),
    "unknown_field": ("Unbekanntes Feld", "Das Portal sendet ein Feld, das der Konnektor nicht kennt; alles andere wird verwendet.", "Wer den Konnektor pflegt, prüft, ob das Feld gebraucht wird."),
    "unknown_location": ("Ort unbekannt", "Die Leistung nennt einen Ort, den das Verzeichnis der Orte nicht führt.", _SOURCE),
    "unknown_region": ("Region unbekannt", "Die Ortssuche des Portals kennt diese Region nicht.", "Die Regionen in der Quelldatei prüfen."),
    "unknown_status": ("Vermerk unbekannt", "Der Vermerk ist keines der bekannten Wörter; die Zeile gilt als Angebot.", "Eines der Wörter aus dem README des Konnektors verwenden."),
    "wrong_column_count": ("Falsche Zahl von Spalten", "Die Zeile hat eine andere Zahl von Spalten als die Kopfzeile.", "Trennzeichen und Anführungszeichen der Zeile prüfen."),
    # Configuration and start
    "config": ("Einstellung falsch", "Eine Einstellung lässt sich nicht verwenden.", "Die genannte Datei berichtigen und syncd check ausführen."),
    "config_invalid": ("Einstellungen fehlerhaft", "Die Einstellungen enthalten Fehler; alle stehen mit Datei und Zeile in der Meldung.", "Die genannten Zeilen berichtigen und syncd check ausführen."),
    "secret_missing": ("Geheimnis fehlt", "Eine Einstellung verweist auf eine Variable oder Datei, die fehlt oder leer ist.", "Die Variable setzen oder die Datei lesbar machen."),
    "successor_missing": ("Nachfolge fehlt", "Ein neuer Gebietsstand lässt Gebiete ohne Nachfolger enden.", "Die genannten Zeilen in die Nachfolgetabelle eintragen."),
    "address_unusable": ("Adresse belegt", "Der Dienst kann seine Adresse nicht öffnen, meist weil ein anderer sie benutzt.", "Den anderen Dienst anhalten oder web.port ändern."),
    "daemon_running": ("Dienst läuft bereits", "Ein anderer Dienst arbeitet mit demselben Zustandsordner.", "Den anderen Dienst anhalten oder einen eigenen Zustandsordner angeben."),
    "source_busy": ("Quelle wird gerade gelesen", "Ein anderer Prozess liest diese Quelle gerade.", "Das Ende des Laufs abwarten."),
    "source_configured": ("Quelle ist eingerichtet", "Nur eine Quelle, deren Datei entfernt wurde, lässt sich zurückziehen.", "Zuerst ihre Datei entfernen; eine abgeschaltete Quelle behält ihre Daten mit Absicht."),
    "rebuild_busy": ("Stand wird gerade gebaut", "Ein anderer Prozess baut gerade den nächsten Stand.", "Das Ende abwarten."),
    "rebuild_killed": ("Bau abgebrochen", "Der Prozess, der den nächsten Stand baut, wurde beendet; der letzte bleibt veröffentlicht.", "Den freien Speicher prüfen; der Bau wird wiederholt."),
    "replay_unavailable": ("Vorführung nicht möglich", "Die nachgespielten Portale lassen sich nicht starten.", "Die Meldung lesen und die Aufnahmen prüfen."),
    # Storage
    "storage": ("Speicher gestört", "Datenbank oder Platte haben versagt; nichts wurde halb geschrieben.", "Plattenplatz und Datenbankserver prüfen; der Lauf wird von selbst wiederholt."),
    "storage_busy": ("Datenbank beschäftigt", "Ein anderer Prozess hält die Datenbank belegt.", "Abwarten oder den anderen Prozess beenden."),
    "storage_slow": ("Datenbank zu langsam", "Eine Anweisung hat ihre Zeitgrenze überschritten.", "Die Last des Datenbankservers prüfen; der Lauf wird wiederholt."),
    "storage_full": ("Platte voll", "Auf der Platte der Datenbank ist kein Platz; nichts wurde halb geschrieben.", "Platz schaffen; danach geht es von selbst weiter."),
    "storage_read_only": ("Nur lesbar", "Datenbank oder Ordner lassen sich nicht schreiben.", "Die Rechte dieses Benutzers an Datei und Ordner prüfen."),
    "storage_unreachable": ("Datenbank nicht erreichbar", "Server oder Datei der Datenbank lassen sich nicht öffnen.", "Prüfen, ob der Server läuft und Datei und Ordner lesbar sind."),
    "storage_corrupt": ("Datenbank beschädigt", "Die Datenbank besteht ihre Prüfung nicht; aus ihr wird nichts veröffentlicht.", _RESTORE),
    "storage_schema": ("Schema passt nicht", "Die Tabellen passen nicht zu dieser Version.", "syncd db upgrade ausführen, oder die Version, die zuletzt lief."),
    "storage_denied": ("Anmeldung an der Datenbank abgelehnt", "Benutzer oder Kennwort der Datenbank werden nicht angenommen.", "Benutzer und Kennwort der Datenbankadresse prüfen."),
    # Questions of readers
    "syncd": ("Fehler", "Etwas ist schiefgegangen, wofür es keinen eigenen Code gibt.", "Die Meldung lesen; hilft sie nicht, mit der Nummer des Laufs melden."),
    "not_found": ("Nicht gefunden", "Etwas mit diesem Namen gibt es nicht.", _LIST),
    "unknown_area": ("Gebiet unbekannt", "Das Gebietsverzeichnis kennt dieses Gebiet nicht.", "ARS oder AGS prüfen; ist das Gebiet aufgegangen, die Nachfolge eintragen."),
    "unknown_service": ("Leistung unbekannt", "Zu diesem Schlüssel oder Namen gibt es keine Leistung.", "Mit einem Teil des Namens suchen."),
    "unknown_source": ("Quelle unbekannt", "Eine Quelle dieses Namens ist nicht eingerichtet.", _LIST),
    "unknown_obligation": ("Verpflichtung unbekannt", "Eine Verpflichtung dieses Namens gibt es nicht.", _LIST),
    "unknown_cohort": ("Vergleichsgruppe unbekannt", "Eine Vergleichsgruppe dieses Namens gibt es nicht.", _LIST),
    "unknown_state": ("Zustand unbekannt", "Einen Zustand dieses Namens gibt es nicht.", _LIST),
    "unknown_cause": ("Ursache unbekannt", "Eine Ursache dieses Namens gibt es nicht.", _LIST),
    "no_release": ("Noch nichts veröffentlicht", "Es ist noch kein Stand veröffentlicht.", "Den ersten Lauf abwarten oder syncd sync --all ausführen."),
    "bad_cursor": ("Blättermarke ungültig", "Die Blättermarke gehört zu einer anderen Frage oder einem anderen Stand.", "Der Angabe next der vorigen Seite folgen oder ohne Marke neu beginnen."),
    "bad_parameter": ("Angabe ungültig", "Eine Angabe der Anfrage ist unbekannt oder hat einen ungültigen Wert.", _REQUEST),
    "request_too_large": ("Anfrage zu groß", "Die Anfrage hat einen Inhalt, obwohl hier keiner gelesen wird.", "Die Anfrage ohne Inhalt senden."),
    "no_such_page": ("Keine solche Seite", "Zu dieser Adresse führt kein Weg.", _REQUEST),
    "method_not_allowed": ("Methode nicht erlaubt", "Die Adresse gibt es, diese Methode nicht.", "GET oder HEAD verwenden."),
    "busy": ("Gerade zu viele Fragen", "Mehr Fragen auf einmal werden nicht beantwortet.", _LATER),
    "internal": ("Fehler dieses Dienstes", "Die Anfrage ist an einem Fehler dieses Dienstes gescheitert.", "Noch einmal versuchen; bleibt es so, mit der Nummer dieses Vorfalls melden."),
    # Our own side
    "interrupted": ("Unterbrochen", "Der Lauf wurde durch einen Stopp unterbrochen.", "Nichts zu tun: Er wird wiederholt."),
    "invariant": ("Fehler dieses Programms", "Etwas, das immer gelten muss, galt nicht; es wurde nichts veröffentlicht.", _REPORT),
    "defect": ("Fehler dieses Programms", "Ein Befehl ist an einem unerwarteten Fehler gescheitert.", "Mit SYNCD_DEBUG=1 wiederholen und melden, was erscheint."),
}
# fmt: on
