"""Which pieces are known: set operations on 16-byte hashes in two integer columns.

A Python dict of hashes costs 350 bytes per record (performance study §2.6), these columns 16, and looking up
a whole batch is one binary search. Hashes come and go as bytes; inside, a column holds the big-endian value
of eight bytes, so that numeric order is byte order. What only has to be sorted is sorted in place. Must not
know what is hashed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from syncd.errors import InvariantViolated
from syncd.pipeline.ports import HASH_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    Column = npt.NDArray[np.uint64]
    Mask = npt.NDArray[np.bool_]

_BLOCK_ROWS = 65_536


class KnownHashes:
    """The sorted set of hashes a store knows: columns ``high`` and ``low`` of equal length."""

    def __init__(self, high: Column, low: Column) -> None:
        self.high = high
        self.low = low

    def __len__(self) -> int:
        return len(self.high)

    @classmethod
    def from_file(cls, path: Path) -> KnownHashes:
        """Load what the store wrote; raises InvariantViolated when it is not a sorted set or is cut."""
        rows, rest = divmod(path.stat().st_size, HASH_SIZE)
        if rest:
            raise InvariantViolated("the file of known hashes is cut", where=str(path))
        known = cls(np.empty(rows, dtype=np.uint64), np.empty(rows, dtype=np.uint64))
        with path.open("rb") as file:
            for start in range(0, rows, _BLOCK_ROWS):
                part = slice(start, start + _BLOCK_ROWS)
                known.high[part], known.low[part] = _split(file.read(_BLOCK_ROWS * HASH_SIZE))
        if not known._is_sorted():
            raise InvariantViolated("the file of known hashes is not sorted", where=str(path))
        return known

    def _is_sorted(self) -> bool:
        for start in range(0, max(len(self) - 1, 0), _BLOCK_ROWS):
            part = slice(start, start + _BLOCK_ROWS + 1)
            high, low = self.high[part], self.low[part]
            same = high[1:] == high[:-1]
            if np.any(high[1:] < high[:-1]) or np.any(same & (low[1:] <= low[:-1])):
                return False
        return True

    def find(self, hashes: Sequence[bytes]) -> npt.NDArray[np.int64]:
        """Return the place of each hash, or −1."""
        high, low = _split(b"".join(hashes))
        places = np.searchsorted(self.high, high).astype(np.int64)
        found = np.full(len(high), -1, dtype=np.int64)
        pending = np.arange(len(high))
        while len(pending):
            at = places[pending]
            inside = at < len(self)
            pending, at = pending[inside], at[inside]
            same_high = self.high[at] == high[pending]
            pending, at = pending[same_high], at[same_high]
            hit = self.low[at] == low[pending]
            found[pending[hit]] = at[hit]
            # Equal first halves are next to each other; practically never is there a second one.
            pending = pending[~hit]
            places[pending] += 1
        return found

    def select(self, mask: Mask) -> Iterator[bytes]:
        """Yield the hashes where ``mask`` is True, in order, concatenated block by block."""
        for start in range(0, len(self), _BLOCK_ROWS):
            part = slice(start, start + _BLOCK_ROWS)
            chosen = mask[part]
            rows = np.empty((int(np.count_nonzero(chosen)), 2), dtype=">u8")
            rows[:, 0] = self.high[part][chosen]
            rows[:, 1] = self.low[part][chosen]
            yield rows.tobytes()

    def digest(self, mask: Mask) -> str:
        """Return the SHA-256 over the hashes where ``mask`` is True, in order, as hexadecimal text."""
        state = hashlib.sha256()
        for block in self.select(mask):
            state.update(block)
        return state.hexdigest()


def sort_hashes(hashes: bytearray) -> None:
    """Sort concatenated hashes in place."""
    # As fixed-length byte strings, because those sort in byte order and without a copy.
    np.frombuffer(hashes, dtype=f"S{HASH_SIZE}").sort()


def digest_of(hashes: bytearray) -> str:
    """Return the SHA-256 over the different ones of sorted, concatenated hashes, as hexadecimal text."""
    state = hashlib.sha256()
    last = b""
    size = _BLOCK_ROWS * HASH_SIZE
    for start in range(0, len(hashes), size):
        high, low = _split(last + hashes[start : start + size])
        fresh = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
        if not last:
            fresh = np.concatenate(([True], fresh))
        else:
            high, low = high[1:], low[1:]
        rows = np.empty((int(np.count_nonzero(fresh)), 2), dtype=">u8")
        rows[:, 0], rows[:, 1] = high[fresh], low[fresh]
        state.update(rows.tobytes())
        last = bytes(hashes[start : start + size][-HASH_SIZE:])
    return state.hexdigest()


class Repetitions:
    """Finds texts that occur more than once, in eight bytes per text.

    Two different texts may share their eight bytes, so a hit is a suspicion and has to be looked at.
    """

    def __init__(self) -> None:
        self._marks = bytearray()

    def add(self, text: bytes) -> None:
        """Note one text."""
        self._marks += _mark(text)

    def suspects(self) -> frozenset[bytes]:
        """Return the marks of texts that seem to occur more than once; ends the collecting."""
        marks = np.frombuffer(self._marks, dtype="S8")
        marks.sort()
        again = marks[1:][marks[1:] == marks[:-1]]
        return frozenset(bytes(mark).ljust(_MARK_SIZE, b"\0") for mark in again)

    @staticmethod
    def is_suspect(text: bytes, suspects: frozenset[bytes]) -> bool:
        """Tell whether a text carries one of the marks."""
        return _mark(text) in suspects


_MARK_SIZE = 8


def _mark(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()[:_MARK_SIZE]


def _split(data: bytes | bytearray) -> tuple[Column, Column]:
    rows = np.frombuffer(data, dtype=">u8").reshape(-1, 2)
    return rows[:, 0].astype(np.uint64), rows[:, 1].astype(np.uint64)
