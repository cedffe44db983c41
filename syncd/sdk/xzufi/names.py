"""The words of XZuFi: classes, elements, codes – in 2.1, 2.2 and 2.3 together.

Sources: consumers of the PVOG Bereitstelldienst and of Sammlerdienst dumps, and the typed model of the FIM
portal (``Leistung220``, ``Leistung231``). Spellings of 2.3 that were only seen as snake_case are derived.
Must not know: ledgers, records.
"""

from __future__ import annotations

NAMESPACE = "http://xoev.de/schemata/xzufi/"
"""What the namespace of a document begins with; ``2_1_0``, ``2_2_0`` and ``2_3_1`` follow."""
VERSIONS = ("2_1", "2_2", "2_3")

# --- classes: how the ledger calls them --------------------
SERVICE = "Leistung"
SPECIALISATION = "Spezialisierung"
AUTHORITY = "Organisationseinheit"
ONLINE_SERVICE = "Onlinedienst"
FORM = "Formular"
COMPETENCE = "Zustaendigkeit"
UNKNOWN_OWNER = "Unbekannt"
"""Class of an owner the document does not tell; it is looked for under all classes of owners."""
OWNERS = (AUTHORITY, ONLINE_SERVICE, FORM)

WRITTEN = {
    "leistung": SERVICE,
    "spezialisierung": SPECIALISATION,
    "leistungSpezialisierung": SPECIALISATION,
    "organisationseinheit": AUTHORITY,
    "organisationseinheitErweitert": AUTHORITY,
    "onlinedienst": ONLINE_SERVICE,
    "onlinedienstErweitert": ONLINE_SERVICE,
    "formular": FORM,
    "zustaendigkeitTransferObjekt": COMPETENCE,
}
"""Elements that hold one object, inside ``schreibe`` or alone (FIM portal), and their class."""
DELETED = {
    "leistung": SERVICE,
    "leistungspezialisierung": SPECIALISATION,
    "spezialisierung": SPECIALISATION,
    "organisationseinheit": AUTHORITY,
    "organisationseinheiterweitert": AUTHORITY,
    "onlinedienst": ONLINE_SERVICE,
    "onlinediensterweitert": ONLINE_SERVICE,
    "formular": FORM,
    "zustaendigkeit": COMPETENCE,
    "zustaendigkeittransferobjekt": COMPETENCE,
    "zustaendigkeitorganisationseinheit": COMPETENCE,
    "zustaendigkeitonlinedienst": COMPETENCE,
    "zustaendigkeitformular": COMPETENCE,
}
"""Values of ``loesche/@klasse`` in small letters; they are not the names under which objects are written."""

MESSAGE = frozenset(
    {
        *("nachrichtenkopf", "transaktionID", "transaktionPosition", "schreibe", "loesche"),
        *("antwort", "antwortnummer", "antwortrueckgabecode", "ergebnisLeistung", "code", "name"),
    }
)
"""Elements around objects."""

# --- text modules (urn:de:xzufi:codeliste:leistungstextmodulleika) --------------------
TITLE_MODULES = ("03", "02")
"""Leistungsbezeichnung II (written for citizens), then the official name."""
DESCRIPTION_MODULES = ("05", "24", "06")
"""Kurztext, Teaser, Volltext."""
FORMS_MODULE = "14"

RESPONSIBLE, CONTACT = "01", "03"
"""Roles: zuständige Stelle, Ansprechpunkt. 02 exists; what it means is not known."""

# --- elements --------------------
_COMMON = frozenset(
    {"id", "idSekundaer", "versionsinformation", "versionsinformationen", "sprachversion", "gueltigkeit"}
)
_SERVICE_2_2 = frozenset(
    {
        *("struktur", "referenzLeiKa", "modulText", "modulTextIndividuell", "modulFrist", "modulKosten"),
        *("modulBearbeitungsdauer", "modulBegriffImKontext", "modulFachlicheFreigabe", "modulDokument"),
        *("modulAuskunftshinweis", "modulUrsprungsportal", "typisierung", "vertrauensniveau"),
        *("leistungsadressat", "kennzeichenSchriftformerfordernis", "kategorie", "klassifizierung"),
        *("informationsbereichSDG", "idLeistungImKontext", "idProzess", "herausgeber"),
        *("gueltigkeitGebietID", "kennzeichenEA", "relevantFuerWirtschaftszweig"),
        *("relevantFuerRechtsform", "relevantFuerStaatsangehoerigkeit"),
    }
)
_SERVICE_2_3 = frozenset(
    {
        *("referenzLeistungsschluessel", "statusKatalog", "statusBibliothek", "detailstufe", "bezugsortTyp"),
        *("kennzeichenFormularSchriftformerfordernis", "kennzeichenPersoenlichSchriftformerfordernis"),
        *("kennzeichenFormlosSchriftformerfordernis", "kennzeichenSchriftformerfordernisPersoenlich"),
        *("kennzeichenSchriftformerfordernisFormlos", "informationsbereicheSDG"),
        *("durchfuehrbarEinheitlicheStelle", "prozessID", "leistungImKontextID"),
    }
)
_LINK = frozenset({"uri", "titel", "beschreibung", "positionDarstellung", "dynamischeParameter"})
KNOWN = {
    SERVICE: _COMMON | _SERVICE_2_2 | _SERVICE_2_3,
    SPECIALISATION: _COMMON | _SERVICE_2_2 | _SERVICE_2_3 | {"leistungID"},
    AUTHORITY: _COMMON | {"name", "bezeichnung", "anschrift", "zustaendigkeit", "internetadresse"},
    ONLINE_SERVICE: _COMMON | {"bezeichnung", "link", "vertrauensniveau", "gueltigkeitGebietID"},
    FORM: _COMMON | {"bezeichnung", "name", "link", "weiterfuehrenderLink"},
    COMPETENCE: frozenset({"uebergeordnetesObjektID", "zustaendigkeit"}),
    "zustaendigkeit": frozenset({"id", "leistungID", "gebietID", "rolle"}) | (_COMMON - {"id"}),
    "modulText": frozenset(
        {
            *("positionDarstellung", "id", "gueltigkeit", "leikaTextmodul", "inhalt", "weiterfuehrenderLink"),
            *("leikaTextmodulAbweichendeBezeichnung", "zugangskanal"),
        }
    ),
    "weiterfuehrenderLink": _LINK,
    "modulUrsprungsportal": _LINK,
    "versionsinformation": frozenset(
        {"erstelltDatumZeit", "erstelltDurch", "geaendertDatumZeit", "geaendertDurch", "version"}
    ),
    "gueltigkeit": frozenset({"beginn", "ende", "zusatz"}),
    "informationsbereicheSDG": frozenset({"informationsbereichSDG1", "informationsbereichSDG2"}),
    "link": frozenset({"typ", "link", "uri", "titel", "beschreibung", "positionDarstellung"}),
}
"""Elements that are known inside an element or class; the rest is counted as unknown."""
KNOWN["versionsinformationen"] = KNOWN["versionsinformation"]
