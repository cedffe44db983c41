"""From the bytes of one document to its items: JSON, lines of JSON, XML, linked data, linked data in pages.

Why: half a document still looks like one in most formats; each is read so that a cut or a wrong shape is
noticed. Tables are read in :mod:`connectors.generic.tables`. Must not know what items mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from connectors.generic.pointers import find, first
from connectors.generic.tables import csv_items, xlsx_items
from connectors.generic.values import Shape, text_of
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.text import decode, load_json
from syncd.sdk.xml import XmlElement, read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connectors.generic.plan import Plan, StreamPlan
    from syncd.sdk.parsing import ParseContext

LINE_LIMIT = 8 * 1024 * 1024
DEPTH_LIMIT = 60
_SHOWN = 120
_NOTHING: tuple[object, ...] = (None, False, "", 0, [], {})
_SCRIPT = re.compile(r"<script\b", re.IGNORECASE)
_SCRIPT_END = re.compile(r"</script", re.IGNORECASE)
_LINKED_DATA = re.compile(r"""\btype\s*=\s*["']?application/ld\+json\b""", re.IGNORECASE)
_PAGE_END = re.compile(r"</html\s*>\s*(?:<!--[^<>]*-->\s*)*\Z", re.IGNORECASE)
_TAG_LIMIT = 2_000


@dataclass(slots=True)
class Broken:
    """An item that cannot be used, in place of its value."""

    code: str
    message: str
    value: str = ""


@dataclass(slots=True)
class Head:
    """What is known of a document beside its items; complete once all items were taken."""

    value: Any = None
    items: int = 0


Item = tuple[str, object]
"""Where it stands, and its value or :class:`Broken`."""


def read_items(
    document: BinaryIO, stream: StreamPlan, plan: Plan, context: ParseContext, head: Head
) -> Iterator[Item]:
    """Yield the items of one document in order and fill ``head``.

    Raises SourceFormatError for a document that is cut off, not in its format, of the wrong shape, beyond a
    limit, or that reports an error.
    """
    limit = stream.decode["max_items"]
    for where, value in _READERS[stream.decode["format"]](document, stream, plan, context, head):
        head.items += 1
        if head.items > limit:
            raise SourceFormatError(
                f"the document has more than {limit} items",
                code="too_many_items",
                fix="If that is right, raise decode.max_items of the profile.",
            )
        if stream.object is not None and isinstance(value, dict):
            inner = first(value, stream.object)
            if not isinstance(inner, dict):
                yield where, Broken("item_without_object", f"The item has no object '{stream.object.text}'.")
                continue
            yield where, inner
        elif isinstance(value, dict | Broken):
            yield where, value
        else:
            yield where, Broken("not_an_object", "The item is no object.", repr(value)[:_SHOWN])


# --- JSON --------------------------------------------------------------------------------------------


def _json(
    document: BinaryIO, stream: StreamPlan, plan: Plan, _context: ParseContext, head: Head
) -> Iterator[Item]:
    body = load_json(document.read())
    head.value = body
    refuse_reported_error(body, plan)
    for number, value in enumerate(listed(body, stream, plan)):
        yield f"item {number + 1}", value


def refuse_reported_error(body: object, plan: Plan) -> None:
    """Raise SourceFormatError when the body says that it is an error in spite of its status."""
    pointer, words = plan.pointers["error"], plan.pointers["error_message"]
    if pointer is None:
        return
    shape = Shape(plan.shape.unwrap, booleans=True)
    found = [one for one in find(body, pointer) if one not in _NOTHING]
    if not found:
        return
    said = text_of(first(body, words), shape) if words else None
    reason = said or text_of(found[0], shape) or "no reason given"
    raise SourceFormatError(
        f"the portal reports an error inside a successful answer: {reason[:200]!r}", code="reported_error"
    )


def listed(body: object, stream: StreamPlan, plan: Plan) -> list[Any]:
    """Return the items a JSON body lists; raises SourceFormatError when there is no such list."""
    text = stream.items.text
    if text == ".":
        if not isinstance(body, list):
            raise SourceFormatError(f"the document must be a list, not {_kind(body)}", code="wrong_shape")
        return body
    found = find(body, stream.items)
    if not found:
        raise SourceFormatError(
            f"the document ({_kind(body)}) has no '{text}'",
            code="wrong_shape",
            fix="Check the address; if the portal changed, change 'items' of the profile's stream.",
        )
    items: list[Any] = []
    for value in found:
        if value is None and plan.select["null_is_empty"]:
            continue
        if isinstance(value, dict) and plan.select["list_as_object"]:
            items += value.values()
        elif isinstance(value, list):
            items += value
        elif isinstance(value, dict):
            items.append(value)
        else:
            raise SourceFormatError(f"'{text}' must be a list, not {_kind(value)}", code="wrong_shape")
    return items


def _kind(value: object) -> str:
    return {dict: "an object", list: "a list", str: "a text", type(None): "null"}.get(type(value), "a value")


def _ndjson(
    document: BinaryIO, stream: StreamPlan, _plan: Plan, context: ParseContext, _head: Head
) -> Iterator[Item]:
    encoding = stream.decode["encoding"] or context.charset or "utf-8"
    number = 0
    while raw := document.readline(LINE_LIMIT):
        number += 1
        if not raw.endswith(b"\n") and (len(raw) == LINE_LIMIT or stream.decode["final_newline"]):
            raise SourceFormatError(
                f"a line longer than {LINE_LIMIT} bytes"
                if len(raw) == LINE_LIMIT
                else "a line without its end",
                where=f"line {number}",
                code="cut_off",
                fix="The document is cut off; the next run fetches it again.",
            )
        line = decode(raw, encoding).strip()
        if not line:
            continue
        try:
            yield f"line {number}", load_json(line.encode())
        except SourceFormatError as error:
            yield (
                f"line {number}",
                Broken("bad_line", f"The line cannot be used: {error.message}", line[:_SHOWN]),
            )
    if number == 0:
        raise SourceFormatError("the document is empty", code="empty_document")


# --- XML ---------------------------------------------------------------------------------------------


def _xml(
    document: BinaryIO, stream: StreamPlan, _plan: Plan, _context: ParseContext, head: Head
) -> Iterator[Item]:
    table = stream.decode
    head.value = {}
    elements = read_records(document, roots=table["roots"], records=[*table["records"], *table["heads"]])
    number = 0
    for element in elements:
        if element.name in table["heads"]:
            head.value.setdefault(element.name, from_xml(element))
            continue
        number += 1
        where = f"{element.name} {number}"
        if element.fault:
            yield where, Broken("record_too_large", f"The element cannot be used: {element.fault}.")
            continue
        value = from_xml(element)
        yield where, value if isinstance(value, dict) else {"#text": value}


def from_xml(element: XmlElement) -> Any:  # noqa: ANN401 - as JSON
    """Return an element as objects, lists and texts: attributes as ``@name``, own text as ``#text``.

    Children with the same name become a list. An element that holds text only is that text.
    """
    text = element.text.strip()
    if not element.children and not element.attributes:
        return text
    value: dict[str, Any] = {f"@{name}": said for name, said in element.attributes.items()}
    if text:
        value["#text"] = text
    for child in element.children:
        inner = from_xml(child)
        if child.name not in value:
            value[child.name] = inner
        elif isinstance(value[child.name], list):
            value[child.name].append(inner)
        else:
            value[child.name] = [value[child.name], inner]
    return value


# --- linked data -------------------------------------------------------------------------------------


def _jsonld(
    document: BinaryIO, stream: StreamPlan, plan: Plan, _context: ParseContext, head: Head
) -> Iterator[Item]:
    body = local_names(load_json(document.read()))
    head.value = body
    refuse_reported_error(body, plan)
    nodes = _nodes(body) if stream.items.text == "." else listed(body, stream, plan)
    for number, value in enumerate(_of_types(nodes, _nodes(body), stream.decode["types"])):
        yield f"node {number + 1}", value


def local_names(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - JSON is what it is
    """Return linked data with the prefixes of names and types taken off; contexts are never fetched.

    Where two names become the same, the later one keeps its prefix.
    """
    if depth > DEPTH_LIMIT:
        raise SourceFormatError(f"nested more than {DEPTH_LIMIT} levels deep", code="wrong_shape")
    if isinstance(value, list):
        return [local_names(one, depth + 1) for one in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for name, inner in value.items():
        if name == "@context":
            continue
        short = _local(name)
        read = _types(inner) if short in {"@type", "type"} else local_names(inner, depth + 1)
        found[name if short in found else short] = read
    return found


def _local(name: str) -> str:
    return name if name.startswith("@") else re.split(r"[/#:]", name)[-1] or name


def _types(value: object) -> Any:  # noqa: ANN401 - one type or several
    if isinstance(value, str):
        return _local(value)
    return [_local(one) for one in value if isinstance(one, str)] if isinstance(value, list) else value


def _nodes(body: object) -> list[Any]:
    """Return the top nodes of a document: its graph, its list, or itself."""
    if isinstance(body, dict):
        graph = body.get("@graph")
        return graph if isinstance(graph, list) else [body]
    if isinstance(body, list):
        return [node for one in body for node in (_nodes(one) if isinstance(one, dict) else [one])]
    raise SourceFormatError(f"linked data must be an object or a list, not {_kind(body)}", code="wrong_shape")


def _of_types(nodes: list[Any], all_nodes: list[Any], types: list[str]) -> Iterator[Any]:
    """Yield the nodes of the wanted types, with nodes they refer to put in their place (one level)."""
    known = {
        node["@id"]: node
        for node in all_nodes
        if isinstance(node, dict) and isinstance(node.get("@id"), str) and len(node) > 1
    }
    for node in nodes:
        if isinstance(node, dict) and (not types or types_of(node) & set(types)):
            yield {name: _joined(value, known) for name, value in node.items()}
        elif not types:
            yield node


def types_of(node: Mapping[str, Any]) -> set[str]:
    """Return the types of a node."""
    found = node.get("@type", node.get("type"))
    return {one for one in (found if isinstance(found, list) else [found]) if isinstance(one, str)}


def _joined(value: Any, known: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON is what it is
    if isinstance(value, list):
        return [_joined(one, known) if isinstance(one, dict) else one for one in value]
    if isinstance(value, dict) and value.keys() == {"@id"} and isinstance(value["@id"], str):
        return known.get(value["@id"], value)
    return value


def _html(
    document: BinaryIO, stream: StreamPlan, _plan: Plan, context: ParseContext, head: Head
) -> Iterator[Item]:
    page = decode(document.read(), stream.decode["encoding"] or context.charset or "utf-8")
    if stream.decode["whole_page"] and not _PAGE_END.search(page[-_TAG_LIMIT:]):
        raise SourceFormatError(
            "the page has no </html>",
            code="cut_off",
            fix="It is cut off or no page; the next run asks again.",
        )
    nodes: list[Any] = []
    for number, script in enumerate(scripts_of(page)):
        try:
            nodes += _nodes(local_names(load_json(script.strip().encode())))
        except SourceFormatError as error:
            context.issue(
                "bad_jsonld",
                f"Linked data in the page cannot be used: {error.message}",
                where=f"script {number + 1}",
                value=script.strip(),
            )
    head.value = nodes
    found = False
    for number, value in enumerate(_of_types(nodes, nodes, stream.decode["types"])):
        found = True
        yield f"node {number + 1}", value
    if not found:
        types = " or ".join(stream.decode["types"])
        yield "page", Broken("page_without_item", f"The page holds no linked data of type {types}.")


def scripts_of(page: str) -> Iterator[str]:
    """Yield the texts of a page's scripts of type application/ld+json, in time that grows with its length.

    Comments are skipped. Raises SourceFormatError for a script without its end.
    """
    position = 0
    while (position := page.find("<", position)) >= 0:
        if page.startswith("<!--", position):
            position = page.find("-->", position)
            if position < 0:
                return
            position += 3
            continue
        if _SCRIPT.match(page, position) is None:
            position += 1
            continue
        close = page.find(">", position, position + _TAG_LIMIT)
        if close < 0:
            position += 1
            continue
        end = _SCRIPT_END.search(page, close)
        if end is None:
            raise SourceFormatError("a script of the page has no end", code="cut_off")
        if _LINKED_DATA.search(page[position:close]):
            yield page[close + 1 : end.start()]
        position = end.end()


# --- tables ------------------------------------------------------------------------------------------


def _csv(
    document: BinaryIO, stream: StreamPlan, _plan: Plan, context: ParseContext, head: Head
) -> Iterator[Item]:
    head.value = {}
    for where, value in csv_items(document.read(), stream.decode, context.charset):
        yield where, _row(value)


def _xlsx(
    document: BinaryIO, stream: StreamPlan, _plan: Plan, _context: ParseContext, head: Head
) -> Iterator[Item]:
    head.value = {}
    for where, value in xlsx_items(document, stream.decode):
        yield where, _row(value)


def _row(value: dict[str, Any] | str) -> object:
    return Broken("wrong_column_count", value) if isinstance(value, str) else value


_READERS: dict[str, Callable[[BinaryIO, StreamPlan, Plan, ParseContext, Head], Iterator[Item]]] = {
    "json": _json,
    "ndjson": _ndjson,
    "xml": _xml,
    "csv": _csv,
    "xlsx": _xlsx,
    "jsonld": _jsonld,
    "html_jsonld": _html,
}
