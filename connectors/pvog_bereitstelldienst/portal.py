"""A synthetic Bereitstelldienst for the conformance suite: invented objects in two blocks, no real data."""

from __future__ import annotations

import orjson

from syncd.sdk.connector import SyntheticAnswer, SyntheticPortal

PATH = "/bereitstelldienst/api/v3/verwaltungsobjekte/xzufi-2-3-1"
FIRST = f"{PATH}?ars=%25&index=0"
SECOND = f"{PATH}?ars=%25&index=8"
THIRD = f"{PATH}?ars=%25&index=14"
_NAMESPACE = "http://xoev.de/schemata/xzufi/2_3_1"


def _service(number: int, title: str, more: str = "") -> str:
    return (
        f'<x:schreibe><x:leistung><x:id schemeAgencyID="S999999" schemeID="Leistung">{number}</x:id>'
        f"<x:referenzLeistungsschluessel>9900000000000{number}</x:referenzLeistungsschluessel>"
        "<x:modulText><x:leikaTextmodul><code>03</code></x:leikaTextmodul>"
        f'<x:inhalt languageCode="de">{title}</x:inhalt></x:modulText>'
        f"<x:typisierung><code>4b</code></x:typisierung>{more}</x:leistung></x:schreibe>"
    )


def _competence(number: int, service: int, owner: str, owner_id: int, area: str) -> str:
    role = "<x:rolle><code>01</code></x:rolle>" if owner == "Organisationseinheit" else ""
    return (
        "<x:schreibe><x:zustaendigkeitTransferObjekt>"
        f'<x:uebergeordnetesObjektID schemeAgencyID="S999999" schemeID="{owner}">{owner_id}'
        "</x:uebergeordnetesObjektID><x:zustaendigkeit>"
        f'<x:id schemeAgencyID="S999999" schemeID="Zustaendigkeit{owner}">{number}</x:id>'
        f'<x:leistungID schemeAgencyID="S999999">{service}</x:leistungID>'
        f"<x:gebietID>{area}</x:gebietID>{role}"
        "</x:zustaendigkeit></x:zustaendigkeitTransferObjekt></x:schreibe>"
    )


_AUTHORITY = (
    '<x:schreibe><x:organisationseinheit><x:id schemeAgencyID="S999999">99</x:id>'
    '<x:name><x:name languageCode="de">Musterbehörde</x:name></x:name></x:organisationseinheit></x:schreibe>'
)
_ONLINE = (
    '<x:schreibe><x:onlinedienst><x:id schemeAgencyID="S999999">55</x:id>'
    '<x:bezeichnung languageCode="de">Muster online</x:bezeichnung><x:link languageCode="de"><x:typ>'
    "<code>01</code></x:typ><x:link>https://synthetic.invalid/muster</x:link></x:link>"
    "</x:onlinedienst></x:schreibe>"
)
_ORPHAN = '<x:loesche klasse="Zustaendigkeit"><x:id schemeAgencyID="S999999">4000001</x:id></x:loesche>'


def xzufi_message(*objects: str) -> str:
    """Return a transfer message; the name of its root is not known, any is read."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<x:transfer xmlns:x="{_NAMESPACE}"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xzufiVersion="2.3.1">'
        "<x:nachrichtenkopf><x:nachrichtUUID>0</x:nachrichtUUID></x:nachrichtenkopf>"
        f"{''.join(objects)}</x:transfer>\n"
    )


def _block(*objects: str, complete: bool, following: int) -> bytes:
    return orjson.dumps(
        {
            "xzufiObjekte": xzufi_message(*objects),
            "vollstaendig": complete,
            "naechsterIndex": following,
            "naechsteAnfrageUrl": f"{PATH}?ars=%25&index={following}",
        }
    )


def synthetic_portal() -> SyntheticPortal:
    """Return two blocks with three services, two of them with somebody competent."""
    first = (
        _service(1, "Muster beantragen"),
        _competence(11, 1, "Organisationseinheit", 99, "06"),
        _competence(11, 1, "Onlinedienst", 55, "06414"),
    )
    last = (
        _AUTHORITY,
        _ONLINE,
        _ORPHAN,
        _service(2, "Probe anzeigen"),
        _competence(12, 2, "Organisationseinheit", 99, "064140000000"),
        _service(3, "Beispiel", '<x:gueltigkeitGebietID schemeID="rs">06</x:gueltigkeitGebietID>'),
    )
    unknown = _service(3, "Beispiel", "<x:gueltigkeitGebietID>06</x:gueltigkeitGebietID><x:reifegrad/>")
    return SyntheticPortal(
        answers={
            FIRST: SyntheticAnswer(_block(*first, complete=False, following=8), "application/json"),
            SECOND: SyntheticAnswer(_block(*last, complete=True, following=14), "application/json"),
        },
        records=3,
        last_document=SECOND,
        unknown_field_document=(SECOND, _block(*last[:-1], unknown, complete=True, following=14)),
        later_answers={THIRD: SyntheticAnswer(_block(complete=True, following=14), "application/json")},
        shrunken_document=(SECOND, _block(*last[:-1], complete=True, following=14)),
    )
