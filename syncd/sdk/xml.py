"""The gate for XML: one streaming reader for all connectors, with the dangerous parts of XML taken out.

Why: XML lets a document of one kilobyte fill the memory, read files of ours and call addresses (entities,
DTDs, XInclude). Tolerating a DOCTYPE is no way out, because unresolved entities silently lose text; so any
DOCTYPE is refused. Records are built one by one, comments and processing instructions are dropped, names are
local names. Bytes are decoded here, by an allow-list, before the parser sees them. Only this module may
import lxml. Must not know XZuFi or any other vocabulary.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from lxml import etree

from syncd.errors import SourceFormatError
from syncd.sdk.text import UTF8_BOM, encoding_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

DEPTH_LIMIT = 64
NAME_LIMIT = 256
"""Characters of the name of an element or attribute."""
ATTRIBUTE_LIMIT = 64
TEXT_LIMIT = 256 * 1024
"""Characters of the text of one element and of one attribute."""
ELEMENT_LIMIT = 20_000
"""Elements inside one record."""

STRAY_LIMIT = 200
"""Names of elements outside records that are told apart."""

_PIECES_OF_TEXT = 64
_LONG_TEXT = f"a text of more than {TEXT_LIMIT} characters"
_TAGS_KEPT = 2_000
_XINCLUDE = "http://www.w3.org/2001/XInclude"
_CHUNK = 64 * 1024
_HEAD = 1024
_DECLARATION = re.compile(r"""<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_DECLARED = re.compile(r"""<\?xml\s[^>]*?encoding\s*=""")
_FIX = "Have the portal send plain XML without DOCTYPE; nothing of this document is used."


@dataclass(slots=True)
class XmlElement:
    """One element of a record: local name, namespace, attributes by local name, own text, child elements.

    ``text`` is all text directly inside, in order, without that of children. ``fault`` is set on a record
    that went beyond a limit; such a record is cut and must be rejected.
    """

    name: str
    namespace: str
    attributes: Mapping[str, str]
    text: str = ""
    children: list[XmlElement] = field(default_factory=list)
    fault: str = ""

    def find(self, name: str) -> XmlElement | None:
        """Return the first child with that local name."""
        return next((child for child in self.children if child.name == name), None)

    def find_all(self, name: str) -> Iterator[XmlElement]:
        """Yield the children with that local name."""
        return (child for child in self.children if child.name == name)


def read_records(
    document: BinaryIO,
    *,
    roots: Collection[str] | None,
    records: Collection[str],
    namespaces: Collection[str] | None = None,
    namespace_prefix: str = "",
    element_limit: int = ELEMENT_LIMIT,
    strays: dict[str, int] | None = None,
) -> Iterator[XmlElement]:
    """Yield the elements named in ``records`` in document order, each with everything inside.

    ``roots`` are the local names the document element may have, ``namespaces`` the namespaces it may be in
    (None: any), ``namespace_prefix`` what its namespace begins with. ``element_limit`` bounds one record.
    ``strays`` is given the number of elements by local name that are in no record (at most
    :data:`STRAY_LIMIT` names). Memory stays flat: one record at a time. Raises SourceFormatError for anything
    that is not well-formed, for a DOCTYPE, another root, an XInclude, an encoding that is not read, and for
    depth or names beyond the limits.
    """
    builder = _Builder(
        frozenset(records),
        _Root(frozenset(roots) if roots is not None else None, namespaces, namespace_prefix),
        element_limit,
        strays if strays is not None else {},
    )
    parser = etree.XMLParser(
        target=builder,
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for chunk in _utf8_chunks(document):
            parser.feed(chunk)
            yield from builder.taken()
        parser.close()
    except etree.XMLSyntaxError as error:
        line = error.lineno or 0
        raise SourceFormatError(
            f"not well-formed XML: {' '.join(error.msg.split())}", where=f"line {line}"
        ) from error
    yield from builder.taken()


def _utf8_chunks(document: BinaryIO) -> Iterator[bytes]:
    """Yield the document as UTF-8, whatever allowed encoding it came in."""
    head = document.read(_HEAD)
    codec, head = _codec_of(head)
    decoder = codecs.getincrementaldecoder(codec)("strict")
    position = 0
    raw, last = head, False
    while not last:
        following = document.read(_CHUNK)
        last = not following
        try:
            text = decoder.decode(raw, final=last)
        except UnicodeDecodeError as error:
            raise SourceFormatError(
                f"bytes {error.object[error.start : error.start + 8]!r} are not {codec} text",
                where=f"byte {position + error.start}",
                fix="Have the portal declare the encoding it uses.",
            ) from error
        if text:
            yield text.encode()
        position += len(raw)
        raw = following


def _codec_of(head: bytes) -> tuple[str, bytes]:
    """Return the codec from byte order mark or declaration, and the head without the mark."""
    if head.startswith(UTF8_BOM):
        return "utf-8", head.removeprefix(UTF8_BOM)
    for mark, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(mark) and not head.startswith(codecs.BOM_UTF32_LE):
            return codec, head.removeprefix(mark)
    start = head.decode("latin-1")
    declared = _DECLARATION.match(start)
    if declared is None:
        if _DECLARED.match(start):
            raise SourceFormatError("the declared encoding has no usable name", where="line 1")
        return "utf-8", head
    codec = encoding_of(declared[1])
    if codec.startswith("utf-16"):
        raise SourceFormatError("declared as UTF-16, but without its byte order mark", where="line 1")
    return codec, head


@dataclass(frozen=True, slots=True)
class _Root:
    """What the document element may be."""

    names: frozenset[str] | None
    namespaces: Collection[str] | None
    prefix: str

    def check(self, namespace: str, name: str) -> None:
        if (
            (self.names is None or name in self.names)
            and (self.namespaces is None or namespace in self.namespaces)
            and namespace.startswith(self.prefix)
        ):
            return
        expected = " or ".join(sorted(self.names or ())) or f"one in {self.prefix}…"
        raise SourceFormatError(
            f"the document element is {name[:60]!r} in {namespace[:120]!r}, expected is {expected}",
            where="line 1",
            code="xml_root",
            fix="Check the address of the source: this is another product's document or a new version.",
        )


class _Builder:
    """Target of the parser: keeps only the record it is in."""

    def __init__(
        self, records: frozenset[str], root: _Root, element_limit: int, strays: dict[str, int]
    ) -> None:
        self._records = records
        self._root = root
        self._element_limit = element_limit
        self._strays = strays
        self._depth = 0
        self._open: list[XmlElement] = []
        self._texts: list[list[str]] = []
        self._faulty = False
        self._elements = 0
        self._base = 0
        self._done: list[XmlElement] = []
        # Documents repeat a few names millions of times.
        self._tags: dict[str, tuple[str, str]] = {}

    def taken(self) -> list[XmlElement]:
        """Return the records that are complete, once."""
        done, self._done = self._done, []
        return done

    # --- called by the parser -----------------------------------------------------------------------
    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        raise SourceFormatError(
            f"the document has a DOCTYPE ({str(name)[:60]!r})", where="line 1", code="xml_doctype", fix=_FIX
        )

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        namespace, name = self._tags.get(tag) or self._new_tag(tag)
        if not 1 < self._depth <= DEPTH_LIMIT:
            self._check_depth(namespace, name)
        opened = self._open
        if opened:
            self._elements += 1
            if self._elements > self._element_limit and not self._faulty:
                self._fail(f"more than {self._element_limit} elements in one record")
            # A faulty record is no longer collected, only followed to its end.
            if self._faulty:
                return
            element = XmlElement(name, namespace, self._attributes(attributes) if attributes else {})
            opened[-1].children.append(element)
        elif name in self._records:
            self._elements, self._base, self._faulty = 0, self._depth, False
            element = XmlElement(name, namespace, self._attributes(attributes) if attributes else {})
        else:
            self._stray(name)
            return
        opened.append(element)
        self._texts.append([])
        if attributes and (
            len(attributes) > ATTRIBUTE_LIMIT or max(map(len, attributes.values())) > TEXT_LIMIT
        ):
            self._fail(f"an element with more than {ATTRIBUTE_LIMIT} attributes or a huge one")

    def data(self, text: str) -> None:
        if self._texts and not self._faulty:
            texts = self._texts[-1]
            texts.append(text)
            if len(texts) >= _PIECES_OF_TEXT:
                texts[:] = ["".join(texts)]
                if len(texts[0]) > TEXT_LIMIT:
                    self._fail(_LONG_TEXT)

    def end(self, _tag: str) -> None:
        self._depth -= 1
        # Elements of a faulty record were not opened; only its own end counts.
        if not self._open or (self._faulty and self._depth >= self._base):
            return
        texts = self._texts[-1]
        text = texts[0] if len(texts) == 1 else "".join(texts)
        if len(text) > TEXT_LIMIT:
            self._fail(_LONG_TEXT)
            if self._depth >= self._base:
                return
            text = ""
        self._texts.pop()
        element = self._open.pop()
        element.text = text
        if not self._open:
            self._done.append(element)

    def comment(self, _text: str) -> None:
        """Drop a comment."""

    def pi(self, _target: str, _data: str | None = None) -> None:
        """Drop a processing instruction."""

    def close(self) -> None:
        """End the document."""

    # --- inside -------------------------------------------------------------------------------------
    def _stray(self, name: str) -> None:
        if self._depth > 1 and (name in self._strays or len(self._strays) < STRAY_LIMIT):
            self._strays[name] = self._strays.get(name, 0) + 1

    def _fail(self, fault: str) -> None:
        """Give the record up: keep its outermost element only."""
        record = self._open[0]
        record.fault = fault
        record.children.clear()
        self._faulty = True
        del self._open[1:], self._texts[1:]
        self._texts[0].clear()

    def _new_tag(self, tag: str) -> tuple[str, str]:
        """Split and check the name of an element or attribute and remember it, up to a number of names."""
        namespace, brace, name = tag.rpartition("}")
        if len(name) > NAME_LIMIT:
            raise SourceFormatError(
                f"the name of an element or attribute is longer than {NAME_LIMIT} characters",
                code="xml_limit",
                fix=_FIX,
            )
        if namespace == f"{{{_XINCLUDE}":
            raise SourceFormatError("the document includes others (XInclude)", code="xml_include", fix=_FIX)
        split = (namespace[1:], name) if brace else ("", tag)
        if len(self._tags) < _TAGS_KEPT:
            self._tags[tag] = split
        return split

    def _check_depth(self, namespace: str, name: str) -> None:
        if self._depth > DEPTH_LIMIT:
            raise SourceFormatError(
                f"elements are nested more than {DEPTH_LIMIT} levels deep", code="xml_limit", fix=_FIX
            )
        self._root.check(namespace, name)

    def _attributes(self, attributes: Mapping[str, str]) -> dict[str, str]:
        if len(attributes) > ATTRIBUTE_LIMIT:
            return {}
        tags = self._tags
        return {(tags.get(tag) or self._new_tag(tag))[1]: value for tag, value in attributes.items()}
