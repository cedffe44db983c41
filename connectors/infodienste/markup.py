"""The XML form of the answers, brought into the shape of the JSON form.

Why: some servers and recordings have only XML, in which a list is a row of siblings without a wrapper and
everything is text. The name of the document element says nothing: a search for services was seen to answer an
``areaResult``, so elements are chosen by what stands inside. Must not know ledgers or records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncd.sdk.errors import SourceFormatError
from syncd.sdk.xml import XmlElement, read_records

if TYPE_CHECKING:
    from typing import BinaryIO

LISTS = frozenset(
    {
        *("areas", "leikaKeys", "onlineServices", "publicServiceTypes", "receivers", "sdgInformationAreas"),
        *("supportedLanguages", "synonyms", "textBlocks"),
    }
)
BOOLEANS = frozenset({"notPublic", "singlePointOfContact", "writtenFormRequired"})
DETAIL = ("id", "name", "link", "linkTitle", "trustLevel", "onlinePaymentRequired", "supportedLanguages")

_ENVELOPE = ("count", "totalCount", "results")


def hits_of_xml(document: BinaryIO) -> dict[str, Any]:
    """Return a list of hits in the shape of the JSON form; raises SourceFormatError."""
    strays: dict[str, int] = {}
    body: dict[str, Any] = {}
    results: list[Any] = []
    for element in read_records(document, roots=None, records=_ENVELOPE, strays=strays):
        _whole(element)
        if element.name == "results":
            results.append(_value(element))
        else:
            text = element.text.strip()
            body[element.name] = int(text[:12]) if text.isascii() and text.isdigit() else text
    if not body and not results:
        raise SourceFormatError(
            "the XML holds neither a count nor results",
            fix="Check 'version', 'base_url' and 'paths' of the source against the Land's /doc page.",
        )
    # One of the strays is the document element itself, whatever its name.
    return {**body, "results": results, **dict.fromkeys(list(strays)[1:])}


def detail_of_xml(document: BinaryIO) -> dict[str, Any]:
    """Return a single online service in the shape of the JSON form; raises SourceFormatError."""
    strays: dict[str, int] = {}
    found: dict[str, Any] = {}
    for element in read_records(document, roots=None, records=DETAIL, strays=strays):
        _whole(element)
        _add(found, element)
    return {**found, **dict.fromkeys(list(strays)[1:])}


def _whole(element: XmlElement) -> None:
    if element.fault:
        raise SourceFormatError(f"an element is beyond a limit: {element.fault}", where=element.name)


def _add(found: dict[str, Any], element: XmlElement) -> None:
    value = _value(element)
    if element.name in LISTS:
        found.setdefault(element.name, []).append(value)
    elif element.name in found:
        known = found[element.name]
        found[element.name] = [*known, value] if isinstance(known, list) else [known, value]
    else:
        found[element.name] = value


def _value(element: XmlElement) -> Any:  # noqa: ANN401 - what JSON would hold there
    if element.children:
        found: dict[str, Any] = {}
        for child in element.children:
            _add(found, child)
        return found
    text = element.text.strip()
    if element.name in BOOLEANS and text in {"true", "false"}:
        return text == "true"
    return {} if element.name == "object" and not text else text
