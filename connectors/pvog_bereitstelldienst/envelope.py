"""The envelope of the Bereitstelldienst: a JSON object with a whole XZuFi document inside one string.

Blocks may have tens of megabytes, so the string is never held: it is unpacked piece by piece, for the XML
reader in the parse worker, and passed over by the connector, which needs only the three small values beside
it. The text is decoded by orjson, piece by piece, so what is accepted is what JSON allows. Must not know
XZuFi, addresses.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from syncd.sdk.errors import SourceFormatError
from syncd.sdk.text import UTF8_BOM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

CHUNK = 256 * 1024
SMALL_LIMIT = 256 * 1024
"""Bytes of any value beside the XZuFi document."""
FIELDS_LIMIT = 100

# Whole characters of a JSON string: runs, escapes, and both halves of a surrogate pair together.
_INSIDE = re.compile(
    rb"(?:[^\"\\]++"
    rb"|\\[\"\\/bfnrt]"
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|\\u(?![dD][89abAB])[0-9a-fA-F]{4}"
    rb")*+"
)
# What a value is made of: texts, brackets, words; an end of the value.
_PART = re.compile(
    rb"(?P<text>\"(?:[^\"\\]|\\.)*+\")|(?P<open>[{\[])|(?P<close>[}\]])|(?P<word>[^\s\"{}\[\],:]++)"
    rb"|(?P<between>[\s,:])",
    re.DOTALL,
)
_LONGEST_ESCAPE = 12
_WHITE = b" \t\r\n"
_OBJECT = re.compile(rb"[<:](?:schreibe|loesche)[\s/>]")
_OVERLAP = 16
_ASCII = 0x80
_LEAD = 0xC0


@dataclass(slots=True)
class Envelope:
    """The values beside the document.

    ``has_document`` tells whether the document's field is there, even if it is null or empty; ``has_objects``
    whether the document writes or deletes anything.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    has_document: bool = False
    has_objects: bool = False


def read_envelope(file: BinaryIO, document_field: str) -> Envelope:
    """Return what stands beside the document; raises SourceFormatError for anything but one whole object."""
    found = Envelope()
    tail = b""

    def look(text: bytes) -> None:
        nonlocal tail
        if not found.has_objects:
            seen = tail + text
            found.has_objects = _OBJECT.search(seen) is not None
            tail = seen[-_OVERLAP:]

    scanner = _Scanner(file)
    for name, value in scanner.fields(document_field, look):
        if name == document_field:
            found.has_document = True
        else:
            found.values = {**found.values, str(name): value}
    return found


class DocumentStream(io.RawIOBase):
    """The document inside an envelope as a stream of UTF-8 bytes, unpacked while it is read.

    It begins with a byte order mark: whatever encoding the document declares, it is text in a JSON string.
    Reading it to its end checks the rest of the envelope, too. A document that is null or empty gives no
    bytes.
    """

    def __init__(self, file: BinaryIO, document_field: str) -> None:
        super().__init__()
        self._chunks = self._unpack(file, document_field)
        self._waiting = memoryview(b"")

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        """Fill a buffer; 0 is the end."""
        while not self._waiting:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._waiting = memoryview(chunk)
        taken = self._waiting[: len(buffer)]
        buffer[: len(taken)] = taken
        self._waiting = self._waiting[len(taken) :]
        return len(taken)

    @staticmethod
    def _unpack(file: BinaryIO, document_field: str) -> Iterator[bytes]:
        scanner = _Scanner(file)
        parts: list[bytes] = []
        first = True
        for name, _ in scanner.fields(document_field, parts.append, pausing=True):
            if name is not None or not parts:
                continue
            text = b"".join(parts)
            parts.clear()
            if first:
                text, first = UTF8_BOM + text.removeprefix(UTF8_BOM), False
            yield text


class _Scanner:
    """Reads one JSON object from a file without ever holding its large string."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._buffer = b""
        self._at = 0
        self._read = 0

    def fields(
        self, large: str, take: Callable[[bytes], None], *, pausing: bool = False
    ) -> Iterator[tuple[str | None, Any]]:
        """Yield (name, value) of each field; the large one's text goes to ``take`` and its value is ``True``.

        With ``pausing`` (None, None) is yielded after each piece of the large text, so that a reader can keep
        up. A large field that is null gives None.
        """
        if self._peek() == UTF8_BOM[:1]:
            self._expect(UTF8_BOM)
        self._expect(b"{")
        seen: set[str] = set()
        while self._after_blanks() != b"}":
            if seen:
                self._expect(b",")
                self._after_blanks()
            name = self._name()
            if name in seen or len(seen) >= FIELDS_LIMIT:
                raise self._broken(
                    f"the field {name[:60]!r} occurs twice or is one of more than {FIELDS_LIMIT}"
                )
            seen.add(name)
            self._expect(b":")
            begins = self._after_blanks()
            if name == large and begins == b'"':
                self._at += 1
                for text in self._long_text():
                    take(text)
                    if pausing:
                        yield None, None
                yield name, True
            else:
                value = self._small()
                if name == large and value is not None:
                    raise self._broken(f"{name!r} is no text")
                yield name, value
        self._expect(b"}")
        if self._after_blanks():
            raise self._broken("something follows the end of the object")

    # --- values -----------------------------------------------------------------------------------------
    def _name(self) -> str:
        if self._peek() != b'"':
            raise self._broken("a field's name is missing")
        name = self._small()
        if not isinstance(name, str):
            raise self._broken("a field's name is no text")
        return name

    def _long_text(self) -> Iterator[bytes]:
        """Yield the text of a string as UTF-8, decoded piece by piece; stops behind its closing mark."""
        while True:
            match = _INSIDE.match(self._buffer, self._at)
            end = match.end() if match else self._at
            closed = self._buffer[end : end + 1] == b'"'
            stop = end if closed else self._whole_characters(end)
            if stop > self._at:
                yield self._decoded(self._buffer[self._at : stop])
            self._at = stop
            if closed:
                self._at += 1
                return
            # What is left is the beginning of a character, or wrong.
            if len(self._buffer) - self._at > _LONGEST_ESCAPE:
                raise self._broken("an escape in a text is wrong")
            if not self._more():
                raise self._broken("a text does not end")

    def _whole_characters(self, end: int) -> int:
        """Return where the last whole UTF-8 character before ``end`` ends, or a little before that."""
        for at in range(end - 1, max(self._at, end - 4) - 1, -1):
            byte = self._buffer[at]
            if byte < _ASCII:
                return at + 1
            if byte >= _LEAD:
                return at
        return max(self._at, end - 4)

    def _decoded(self, raw: bytes) -> bytes:
        try:
            text: str = orjson.loads(b'"' + raw + b'"')
        except ValueError as error:
            raise self._broken(f"a text is not JSON ({error})") from error
        return text.encode()

    def _small(self) -> Any:  # noqa: ANN401 - JSON is what it is
        """Return one value, whole; raises SourceFormatError when it is large or never ends."""
        while (end := _value_end(self._buffer, self._at)) is None:
            if len(self._buffer) - self._at > SMALL_LIMIT:
                break
            if not self._more():
                raise self._broken("the object does not end")
        if end is None or end - self._at > SMALL_LIMIT:
            raise self._broken(f"a value beside the document has more than {SMALL_LIMIT} bytes")
        raw = self._buffer[self._at : end]
        self._at = end
        try:
            return orjson.loads(raw)
        except (ValueError, RecursionError) as error:
            raise self._broken(f"a value is not JSON ({error})") from error

    # --- bytes ------------------------------------------------------------------------------------------
    def _more(self) -> bool:
        """Read on, keeping what was not used; False at the end of the file."""
        chunk = self._file.read(CHUNK)
        self._read += len(chunk)
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0
        return bool(chunk)

    def _peek(self) -> bytes:
        if self._at >= len(self._buffer):
            self._more()
        return self._buffer[self._at : self._at + 1]

    def _after_blanks(self) -> bytes:
        while (byte := self._peek()) and byte in _WHITE:
            self._at += 1
        return byte

    def _expect(self, wanted: bytes) -> None:
        self._after_blanks()
        while len(self._buffer) - self._at < len(wanted) and self._more():
            pass
        if not self._buffer.startswith(wanted, self._at):
            shown = self._buffer[self._at : self._at + 20]
            raise self._broken(f"{wanted.decode(errors='replace')!r} is expected, found is {shown!r}")
        self._at += len(wanted)

    def _broken(self, what: str) -> SourceFormatError:
        return SourceFormatError(
            f"the envelope is not the JSON object that is expected: {what}",
            where=f"byte {self._read - len(self._buffer) + self._at}",
        )


def _value_end(buffer: bytes, start: int) -> int | None:
    """Return where the value that begins at ``start`` ends; None when the buffer does not show it."""
    depth, at = 0, start
    while (part := _PART.match(buffer, at)) is not None:
        kind = part.lastgroup
        if not depth and kind in {"between", "close"}:
            return at
        at = part.end()
        depth += (kind == "open") - (kind == "close")
        # A word may go on behind the end of the buffer.
        if not depth and kind != "word":
            return at
    return None
