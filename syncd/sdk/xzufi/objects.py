"""One XZuFi object → the compact JSON that waits for it in the ledger.

Only what a record can say is kept, in its preferred language, so that millions of objects stay small.
Must not know: how objects meet.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson

from syncd.sdk.records import facts
from syncd.sdk.xzufi.names import (
    AUTHORITY,
    DESCRIPTION_MODULES,
    FORM,
    FORMS_MODULE,
    KNOWN,
    ONLINE_SERVICE,
    SERVICE,
    SPECIALISATION,
    TITLE_MODULES,
)
from syncd.sdk.xzufi.values import (
    AREA_SEPARATOR,
    areas,
    best_text,
    by_language,
    code,
    codes,
    first_text,
    identity,
    in_best_language,
    links,
    preferred,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from syncd.sdk.parsing import ParseContext
    from syncd.sdk.xml import XmlElement

_OTHER_IDS = 10
_DEEPER = frozenset(KNOWN) - {SERVICE, SPECIALISATION, AUTHORITY, ONLINE_SERVICE, FORM, "zustaendigkeit"}


def body_of(kind: str, element: XmlElement, context: ParseContext) -> bytes:
    """Return the JSON of an object; what is not known in it is counted."""
    count_unknown(kind, element, context)
    body = {name: value for name, value in _READERS[kind](element).items() if value}
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def count_unknown(kind: str, element: XmlElement, context: ParseContext) -> None:
    """Count the elements that are not known, directly inside and in the parts that are read."""
    known = KNOWN[kind]
    for child in element.children:
        if child.name not in known:
            context.unknown_field(f"{kind}/{child.name}")
        elif child.children and child.name in _DEEPER:
            count_unknown(child.name, child, context)


def _service(element: XmlElement) -> dict[str, Any]:
    modules = _modules(element)
    language, title = _title(modules, element)
    begin, end = _validity(element)
    version = element.find("versionsinformation") or element.find("versionsinformationen")
    keys = chain(element.find_all("referenzLeiKa"), element.find_all("referenzLeistungsschluessel"))
    portals = in_best_language(links(element.find_all("modulUrsprungsportal")))
    form_links = (
        link
        for module in element.find_all("modulText")
        if _module_code(module) == FORMS_MODULE
        for link in module.find_all("weiterfuehrenderLink")
    )
    return {
        "title": title,
        "language": language,
        "description": _description(modules, language),
        "keys": codes(keys),
        "typing": codes(element.find_all("typisierung")),
        "areas": _areas(element),
        "from": begin,
        "to": end,
        "changed": first_text(version, "geaendertDatumZeit", "erstelltDatumZeit"),
        "page": portals[0][0] if portals else "",
        "facts": _facts(element),
        "forms": in_best_language(links(form_links)),
    }


def _specialisation(element: XmlElement) -> dict[str, Any]:
    return {"service": identity(element.find("leistungID")), "areas": _areas(element)}


def _authority(element: XmlElement) -> dict[str, Any]:
    # The name is nested in itself: name/name[@languageCode].
    named = [*element.find_all("name"), *element.find_all("bezeichnung")]
    inner = [deeper for outer in named for deeper in outer.find_all("name")]
    found = best_text(by_language(inner or named))
    address = next(iter(in_best_language(links(element.find_all("internetadresse")))), None)
    return {"name": found[1] if found else "", "url": address[0] if address else ""}


def _online_service(element: XmlElement) -> dict[str, Any]:
    found = best_text(by_language(element.find_all("bezeichnung")))
    return {
        "name": found[1] if found else "",
        "links": in_best_language(links(element.find_all("link"))),
        "trust": code(element.find("vertrauensniveau")),
    }


def _form(element: XmlElement) -> dict[str, Any]:
    found = best_text(by_language(chain(element.find_all("bezeichnung"), element.find_all("name"))))
    places = chain(element.find_all("link"), element.find_all("weiterfuehrenderLink"))
    return {"name": found[1] if found else "", "links": in_best_language(links(places))}


_READERS: Mapping[str, Callable[[XmlElement], dict[str, Any]]] = {
    SERVICE: _service,
    SPECIALISATION: _specialisation,
    AUTHORITY: _authority,
    ONLINE_SERVICE: _online_service,
    FORM: _form,
}


# --- parts of a service --------------------


def _modules(element: XmlElement) -> dict[tuple[str, str], str]:
    """Return the plain texts by (code of the text module, language); the first one wins."""
    found: dict[tuple[str, str], str] = {}
    for module in element.find_all("modulText"):
        number = _module_code(module)
        if number in TITLE_MODULES or number in DESCRIPTION_MODULES:
            for language, text in by_language(module.find_all("inhalt")).items():
                found.setdefault((number, language), text)
    return found


def _module_code(module: XmlElement) -> str:
    for child in module.children:
        # 2.3 may have dropped "leika" from the name.
        if child.name == "leikaTextmodul" or child.name.lower().endswith("textmodul"):
            return code(child)
    return ""


def _title(modules: Mapping[tuple[str, str], str], element: XmlElement) -> tuple[str, str]:
    """Return (language, title): written for citizens before official before the structure's detail."""
    for language in preferred(language for _, language in modules):
        for number in TITLE_MODULES:
            if text := modules.get((number, language)):
                return language, text
    structure = element.find("struktur")
    details = structure.find_all("verrichtungsdetail") if structure is not None else ()
    return best_text(by_language(details)) or ("", "")


def _description(modules: Mapping[tuple[str, str], str], language: str) -> str:
    languages = [language, *preferred(tag for _, tag in modules)]
    for tag in languages:
        for number in DESCRIPTION_MODULES:
            if text := modules.get((number, tag)):
                return text
    return ""


def _areas(element: XmlElement) -> list[str]:
    found = areas(element.find_all("gueltigkeitGebietID"))
    return found.split(AREA_SEPARATOR) if found else []


def _validity(element: XmlElement) -> tuple[str, str]:
    """Return the first and last day over all periods; a period that is open on a side opens that side."""
    periods = list(element.find_all("gueltigkeit"))
    begins = [first_text(period, "beginn") for period in periods]
    ends = [first_text(period, "ende") for period in periods]
    return (min(begins) if begins and all(begins) else "", max(ends) if ends and all(ends) else "")


def _other_ids(element: XmlElement) -> list[str]:
    """Return the ids under which other systems know the service: at most ten, each with its agency."""
    named = (identity(one) for one in element.find_all("idSekundaer"))
    return sorted({one for one in named if one and not one.startswith("/")})[:_OTHER_IDS]


def _facts(element: XmlElement) -> dict[str, str]:
    areas_of_life = list(element.find_all("informationsbereichSDG"))
    for group in element.find_all("informationsbereicheSDG"):
        areas_of_life += group.find_all("informationsbereichSDG1")
    sdg = [found for found in codes(areas_of_life) if found.strip("0")]
    said = {
        facts.TRUST_LEVEL: code(element.find("vertrauensniveau")),
        facts.STATUS: code(element.find("statusKatalog")),
        facts.SDG: facts.LIST_SEPARATOR.join(sdg),
        facts.EDITORIAL_ID: facts.LIST_SEPARATOR.join(_other_ids(element)),
    }
    return {name: value for name, value in said.items() if value}
