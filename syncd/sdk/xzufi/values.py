"""Values inside XZuFi elements: identifiers, codes, texts in several languages, areas.

Every repeatable element may occur once, often or never, and digits are text. Must not know: ledgers, records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.sdk.text import plain_text, text_or_none

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from syncd.sdk.xml import XmlElement

AREA_SEPARATOR = "\n"
_ID_LIMIT = 400


def identity(element: XmlElement | None) -> str:
    """Return agency and id as one text, ``L100000/4711``; empty when there is no usable id.

    The id alone is not unique: an object is identified by the agency that numbers it, its class and its id.
    """
    if element is None:
        return ""
    number = element.text.strip()
    agency = element.attributes.get("schemeAgencyID", "").strip()
    if not number or len(number) + len(agency) > _ID_LIMIT:
        return ""
    if "/" in agency or "%" in agency:
        agency = agency.replace("%", "%25").replace("/", "%2F")
    return f"{agency}/{number}"


def code(element: XmlElement | None) -> str:
    """Return the code of a code value: its child ``code``, or its own text; without a URN before it."""
    if element is None:
        return ""
    inner = element.find("code")
    text = (inner if inner is not None else element).text.strip()
    if not text and element.children:
        text = element.children[0].text.strip()
    return text.rpartition(":")[2] if text.startswith("urn:") else text


def codes(elements: Iterable[XmlElement]) -> list[str]:
    """Return the codes that are there, each once, in order."""
    return list(dict.fromkeys(found for element in elements if (found := code(element))))


def whole_text(element: XmlElement) -> str:
    """Return the text of an element and, where markup was not escaped, of what is inside it."""
    if not element.children:
        return element.text
    parts = [element.text, *(whole_text(child) for child in element.children)]
    return " ".join(" ".join(parts).split())


def language_of(element: XmlElement) -> str:
    """Return the two-letter or longer language tag; texts without one are German."""
    return element.attributes.get("languageCode", "").strip().replace("_", "-") or "de"


def by_language(elements: Iterable[XmlElement]) -> dict[str, str]:
    """Return the first plain text of each language, in order of appearance."""
    found: dict[str, str] = {}
    for element in elements:
        text = plain_text(whole_text(element))
        if text:
            found.setdefault(language_of(element), text)
    return found


def preferred(languages: Iterable[str]) -> list[str]:
    """Return languages by preference: German, its variants, then the others by name."""
    return sorted(set(languages), key=lambda tag: (tag != "de", not tag.startswith("de"), tag))


def best_text(texts: Mapping[str, str]) -> tuple[str, str] | None:
    """Return (language, text) in the preferred language, or None."""
    for language in preferred(texts):
        return language, texts[language]
    return None


def first_text(element: XmlElement | None, *names: str) -> str:
    """Return the first text among the children of these names."""
    if element is None:
        return ""
    for name in names:
        for child in element.find_all(name):
            if text := text_or_none(child.text):
                return text
    return ""


def areas(elements: Iterable[XmlElement]) -> str:
    """Return the areas as they are written, sorted, one a line; empty when there is none."""
    found = [text for element in elements if (text := element.text.strip())]
    return found[0] if len(found) == 1 else AREA_SEPARATOR.join(sorted(set(found)))


def links(elements: Iterable[XmlElement]) -> Iterator[tuple[str, str, str]]:
    """Yield (language, address, title) of link elements; an address may stand in ``link`` or ``uri``."""
    for element in elements:
        address = first_text(element, "link", "uri") or (text_or_none(element.text) or "")
        if address:
            yield language_of(element), address, plain_text(first_text(element, "titel")) or ""


def in_best_language(found: Iterable[tuple[str, str, str]]) -> list[list[str]]:
    """Return [address, title] of the links in the preferred language, each address once."""
    every = list(found)
    chosen = preferred(language for language, _, _ in every)[:1]
    return [
        [address, title]
        for address, title in {
            address: title for language, address, title in reversed(every) if language in chosen
        }.items()
    ][::-1]
