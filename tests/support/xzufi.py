"""Synthetic XZuFi, written from the notes on the standard: no real document could be had.

Builders return text; :func:`message` puts objects into a transfer message of a version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

AGENCY = "S999999"


def namespace(version: str) -> str:
    return f"http://xoev.de/schemata/xzufi/{version}"


def message(
    *objects: str, version: str = "2_2_0", head: str = "", root: str = "transfer", prolog: str = ""
) -> bytes:
    """Return a transfer message; ``head`` stands between the message's head and its objects."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{prolog}<x:{root} xmlns:x="{namespace(version)}"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xzufiVersion="2.2.0">'
        f"<x:nachrichtenkopf><x:nachrichtUUID>0</x:nachrichtUUID></x:nachrichtenkopf>{head}"
        f"{''.join(objects)}</x:{root}>"
    ).encode()


def write(inside: str) -> str:
    return f"<x:schreibe>{inside}</x:schreibe>"


def delete(kind: str, number: object, *, scheme: str = "", agency: str = AGENCY) -> str:
    mark = f' schemeID="{scheme}"' if scheme else ""
    return f'<x:loesche klasse="{kind}"><x:id schemeAgencyID="{agency}"{mark}>{number}</x:id></x:loesche>'


def module(code: str, text: str, language: str = "de", links: str = "") -> str:
    return (
        f"<x:modulText><x:leikaTextmodul><code>{code}</code></x:leikaTextmodul>"
        f'<x:inhalt languageCode="{language}">{text}</x:inhalt>{links}</x:modulText>'
    )


def service(
    number: object,
    title: str | None = "Muster beantragen",
    *more: str,
    areas: Iterable[str] = (),
    keys: Iterable[str] = ("99002001001000",),
    agency: str = AGENCY,
) -> str:
    """Return a description; ``more`` are further elements of it."""
    return write(
        f'<x:leistung><x:id schemeAgencyID="{agency}" schemeID="Leistung">{number}</x:id>'
        + "".join(f"<x:referenzLeiKa><code>{key}</code></x:referenzLeiKa>" for key in keys)
        + (module("03", title) if title else "")
        + "".join(more)
        + "".join(f"<x:gueltigkeitGebietID>{area}</x:gueltigkeitGebietID>" for area in areas)
        + "</x:leistung>"
    )


def authority(number: object, name: str = "Musteramt", *inside: str) -> str:
    return write(
        f'<x:organisationseinheit><x:id schemeAgencyID="{AGENCY}">{number}</x:id>'
        f'<x:name><x:name languageCode="de">{name}</x:name></x:name>{"".join(inside)}'
        "</x:organisationseinheit>"
    )


def links(addresses: Mapping[str, str], title: str = "") -> str:
    """Return link elements; ``addresses`` maps a language to its address."""
    return "".join(
        f'<x:link languageCode="{language}"><x:typ><code>01</code></x:typ><x:link>{address}</x:link>'
        f"<x:titel>{title}</x:titel></x:link>"
        for language, address in addresses.items()
    )


def online_service(number: object, name: str = "Muster online", *inside: str) -> str:
    inside = inside or (links({"de": f"https://antrag.example/{number}"}),)
    return write(
        f'<x:onlinedienst xsi:type="x:OnlinedienstErweitert"><x:id schemeAgencyID="{AGENCY}">{number}</x:id>'
        f'<x:bezeichnung languageCode="de">{name}</x:bezeichnung>{"".join(inside)}</x:onlinedienst>'
    )


def form(number: object, address: str, name: str = "Musterformular") -> str:
    return write(
        f'<x:formular><x:id schemeAgencyID="{AGENCY}">{number}</x:id>'
        f'<x:bezeichnung languageCode="de">{name}</x:bezeichnung><x:link><x:link>{address}</x:link></x:link>'
        "</x:formular>"
    )


def competence(
    number: object,
    of: object,
    owner: object,
    area: str | Iterable[str] = "064110000000",
    *,
    kind: str = "Organisationseinheit",
    role: str = "01",
    scheme: str | None = None,
) -> str:
    """Return a transfer object: ``owner`` of class ``kind`` is competent for the service ``of``."""
    areas = (area,) if isinstance(area, str) else area
    named = "".join(f"<x:gebietID>{one}</x:gebietID>" for one in areas)
    scheme = f"Zustaendigkeit{kind}" if scheme is None else scheme
    return write(
        f'<x:zustaendigkeitTransferObjekt><x:uebergeordnetesObjektID schemeAgencyID="{AGENCY}"'
        f' schemeID="{kind}">{owner}</x:uebergeordnetesObjektID><x:zustaendigkeit>'
        f'<x:id schemeAgencyID="{AGENCY}" schemeID="{scheme}">{number}</x:id>'
        f'<x:leistungID schemeAgencyID="{AGENCY}">{of}</x:leistungID>{named}'
        + (f"<x:rolle><code>{role}</code></x:rolle>" if role else "")
        + "</x:zustaendigkeit></x:zustaendigkeitTransferObjekt>"
    )


def embedded(of: object, *areas: str, number: object = None, role: str = "") -> str:
    """Return a competence as it stands inside an authority."""
    own = f'<x:id schemeAgencyID="{AGENCY}">{number}</x:id>' if number is not None else ""
    return (
        f'<x:zustaendigkeit>{own}<x:leistungID schemeAgencyID="{AGENCY}">{of}</x:leistungID>'
        + "".join(f"<x:gebietID>{area}</x:gebietID>" for area in areas)
        + (f"<x:rolle><code>{role}</code></x:rolle>" if role else "")
        + "</x:zustaendigkeit>"
    )
