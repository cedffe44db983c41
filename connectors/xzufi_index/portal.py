"""A synthetic export for the conformance suite: an index of two documents, invented objects, no real data."""

from __future__ import annotations

from syncd.sdk.connector import SyntheticAnswer, SyntheticPortal

INDEX = "/index.txt"
FIRST = "/XZUFI20260101000000001.xml"
SECOND = "/XZUFI20260101000000002.xml"
_NAMESPACE = "http://xoev.de/schemata/xzufi/2_2_0"


def _message(position: int, *objects: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<x:transfer xmlns:x="{_NAMESPACE}"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xzufiVersion="2.2.0">'
        "<x:nachrichtenkopf><x:nachrichtUUID>0</x:nachrichtUUID>"
        "<x:erstelltDatumZeit>2026-01-01T00:00:00Z</x:erstelltDatumZeit>"
        "<x:sender><x:name>Musterredaktion</x:name></x:sender></x:nachrichtenkopf>"
        f"<x:transaktionID>T1</x:transaktionID><x:transaktionPosition>{position}</x:transaktionPosition>"
        f"{''.join(objects)}</x:transfer>"
    ).encode()


def _service(number: int, title: str, more: str = "") -> str:
    return (
        '<x:schreibe><x:leistung><x:id schemeAgencyID="S999999" schemeID="Leistung">'
        f"{number}</x:id><x:referenzLeiKa><code>9900000000000{number}</code></x:referenzLeiKa>"
        "<x:modulText><x:leikaTextmodul><code>03</code></x:leikaTextmodul>"
        f'<x:inhalt languageCode="de">{title}</x:inhalt></x:modulText>{more}</x:leistung></x:schreibe>'
    )


_AUTHORITY = (
    '<x:schreibe><x:organisationseinheit><x:id schemeAgencyID="S999999">99</x:id>'
    '<x:name><x:name languageCode="de">Musterbehörde</x:name></x:name><x:zustaendigkeit>'
    '<x:leistungID schemeAgencyID="S999999">1</x:leistungID><x:gebietID>06414</x:gebietID>'
    "<x:gebietID>06611</x:gebietID></x:zustaendigkeit></x:organisationseinheit></x:schreibe>"
)
_AREA = "<x:gueltigkeitGebietID>06</x:gueltigkeitGebietID>"


def synthetic_portal() -> SyntheticPortal:
    """Return an index of two documents with three services."""
    second = (_service(2, "Probe anzeigen", _AREA), _service(3, "Beispiel", _AREA))
    unknown = _service(3, "Beispiel", f"{_AREA}<x:reifegrad>2</x:reifegrad>")
    return SyntheticPortal(
        answers={
            INDEX: SyntheticAnswer(f"{FIRST[1:]}\r\n{SECOND[1:]}\r\n".encode(), "text/plain"),
            FIRST: SyntheticAnswer(
                _message(1, _service(1, "Muster beantragen"), _AUTHORITY), "application/xml"
            ),
            SECOND: SyntheticAnswer(_message(2, *second), "application/xml"),
        },
        records=3,
        last_document=SECOND,
        unknown_field_document=(SECOND, _message(2, second[0], unknown)),
        shrunken_document=(SECOND, _message(2, second[0])),
    )
