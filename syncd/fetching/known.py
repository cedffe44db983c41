"""Which pieces are known: set operations on 16-byte hashes, on disk as far as possible.

A Python dict of hashes costs 350 bytes per record (performance study §2.6). Here what the store knows stays
in its sorted file, which is mapped and looked up in batches, and what is collected goes to files and comes
back in parts; memory holds two flags per known record. Hashes are compared as fixed-length byte strings, so
that their order is byte order. Must not know what is hashed.
"""

from __future__ import annotations

import hashlib
import mmap
import tempfile
from typing import TYPE_CHECKING

import numpy as np

from syncd.errors import InvariantViolated
from syncd.pipeline.ports import HASH_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import BinaryIO, Self

    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]
    Hashes = npt.NDArray[np.bytes_]

_BLOCK_ROWS = 65_536
_PARTS = 64
"""Parts of all values, by the first byte: the whole is never in memory."""
_WHOLE_BYTES = 1024 * 1024
"""Below this size one part is enough."""
_HASH = f"S{HASH_SIZE}"
MARK_SIZE = 8
"""Bytes that stand for a text when repetitions are looked for."""


class KnownHashes:
    """The sorted set of hashes a store knows, in its file."""

    def __init__(self, mapped: mmap.mmap | None) -> None:
        self._map = mapped
        self._hashes: Hashes = np.frombuffer(mapped or b"", dtype=_HASH)

    def __len__(self) -> int:
        return len(self._hashes)

    @classmethod
    def from_file(cls, path: Path) -> KnownHashes:
        """Map what the store wrote; raises InvariantViolated when it is not a sorted set or is cut."""
        rows, rest = divmod(path.stat().st_size, HASH_SIZE)
        if rest:
            raise InvariantViolated("the file of known hashes is cut", where=str(path))
        if not rows:
            return cls(None)
        with path.open("rb") as file:
            known = cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        if not known._is_sorted():
            raise InvariantViolated("the file of known hashes is not sorted", where=str(path))
        return known

    def _is_sorted(self) -> bool:
        for start in range(0, len(self) - 1, _BLOCK_ROWS):
            block = self._hashes[start : start + _BLOCK_ROWS + 1]
            if np.any(block[1:] <= block[:-1]):
                return False
            self._forget()
        return True

    def _forget(self) -> None:
        """Give back the memory of the pages read so far; they stay in the cache of the system."""
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)

    def find(self, hashes: Sequence[bytes]) -> npt.NDArray[np.int64]:
        """Return the place of each hash, or −1."""
        asked = np.frombuffer(b"".join(hashes), dtype=_HASH)
        found = np.full(len(asked), -1, dtype=np.int64)
        # In their order, part by part: neighbours lie on the same pages.
        parts = min(_PARTS, len(asked) // 32 + 1)
        for part in np.array_split(np.argsort(asked, kind="stable"), parts):
            keys = asked[part]
            if not len(keys):
                continue
            # Narrowed first: a search through the whole touches pages everywhere, once per key.
            low = int(np.searchsorted(self._hashes, keys[0]))
            high = int(np.searchsorted(self._hashes, keys[-1], side="right"))
            self._forget()
            places = low + np.searchsorted(self._hashes[low:high], keys)
            inside = places < len(self)
            places = places[inside]
            hit = self._hashes[places] == keys[inside]
            found[part[inside][hit]] = places[hit]
            self._forget()
        return found

    def select(self, mask: Mask, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the hashes from ``start`` to ``stop`` where ``mask`` is True, in order, block by block."""
        stop = len(self) if stop is None else stop
        for begin in range(start, stop, _BLOCK_ROWS):
            end = min(begin + _BLOCK_ROWS, stop)
            yield self._hashes[begin:end][mask[begin:end]].tobytes()
            self._forget()

    def digest(self, mask: Mask) -> str:
        """Return the SHA-256 over the hashes where ``mask`` is True, in order, as hexadecimal text."""
        state = hashlib.sha256()
        for block in self.select(mask):
            state.update(block)
        return state.hexdigest()

    def digest_with(self, mask: Mask, fresh: Spill) -> str:
        """Return the same over those hashes and the fresh ones together, each once."""
        size = fresh.size + int(np.count_nonzero(mask)) * HASH_SIZE
        parts = _PARTS if size > _WHOLE_BYTES else 1
        bounds = [bytes([number * (256 // parts)]) for number in range(1, parts)]
        edges = [0, *np.searchsorted(self._hashes, np.array(bounds, dtype=_HASH)).tolist(), len(self)]
        state = hashlib.sha256()
        for number, rows in enumerate(fresh.parts(parts)):
            rows.extend(b"".join(self.select(mask, edges[number], edges[number + 1])))
            sort_rows(rows, HASH_SIZE)
            hashes = np.frombuffer(rows, dtype=_HASH)
            first = np.ones(len(hashes), dtype=np.bool_)
            first[1:] = hashes[1:] != hashes[:-1]
            state.update(hashes[first].tobytes())
        return state.hexdigest()


def sort_rows(rows: bytearray, width: int) -> None:
    """Sort concatenated rows of that many bytes in place."""
    np.frombuffer(rows, dtype=f"S{width}").sort()


class Spill:
    """Rows of a fixed width in a file that vanishes with it, to be had back part by part."""

    def __init__(self, folder: Path | None, width: int) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile(dir=folder, prefix="spill-")  # noqa: SIM115 - __exit__
        self._width = width
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, row: bytes) -> None:
        """Append one row."""
        self._file.write(row)
        self.size += len(row)

    def parts(self, number: int) -> Iterator[bytearray]:
        """Yield the rows in that many parts by their first byte, unsorted inside a part."""
        for wanted in range(number):
            rows = bytearray()
            self._file.seek(0)
            while block := self._file.read(_BLOCK_ROWS * self._width):
                table = np.frombuffer(block, dtype=np.uint8).reshape(-1, self._width)
                part_of = table[:, 0].astype(np.uint16) * number // 256
                rows += table[part_of == wanted].tobytes()
            yield rows


class Repetitions:
    """Finds texts that occur more than once, in eight bytes per text on disk.

    Two different texts may share their eight bytes, so a hit is a suspicion and has to be looked at.
    """

    def __init__(self, marks: Spill) -> None:
        self._marks = marks

    def add(self, text: bytes) -> None:
        """Note one text."""
        self._marks.add(_mark(text))

    def suspects(self) -> frozenset[bytes]:
        """Return the marks of texts that seem to occur more than once; ends the collecting."""
        found: set[bytes] = set()
        for rows in self._marks.parts(_PARTS if self._marks.size > _WHOLE_BYTES else 1):
            sort_rows(rows, MARK_SIZE)
            marks = np.frombuffer(rows, dtype=f"S{MARK_SIZE}")
            again = marks[1:][marks[1:] == marks[:-1]]
            found.update(bytes(mark).ljust(MARK_SIZE, b"\0") for mark in again)
        return frozenset(found)

    @staticmethod
    def is_suspect(text: bytes, suspects: frozenset[bytes]) -> bool:
        """Tell whether a text carries one of the marks."""
        return _mark(text) in suspects


def _mark(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()[:MARK_SIZE]
