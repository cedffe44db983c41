"""Which pieces are known: set operations on 16-byte hashes in two integer columns.

A Python dict of hashes costs 350 bytes per record (performance study §2.6), these columns 16, and looking up
a whole batch is one binary search. Hashes come and go as bytes; inside, a column holds the
big-endian value of eight bytes, so that numeric order is byte order. Must not know what is hashed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from syncd.errors import InvariantViolated
from syncd.pipeline.ports import HASH_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    Column = npt.NDArray[np.uint64]
    Mask = npt.NDArray[np.bool_]

_DIGEST_ROWS = 65_536


class HashColumns:
    """A set of hashes: columns ``high`` and ``low`` of equal length, sorted, unique."""

    def __init__(self, high: Column, low: Column) -> None:
        self.high = high
        self.low = low

    def __len__(self) -> int:
        return len(self.high)

    @classmethod
    def from_bytes(cls, data: bytes | bytearray) -> HashColumns:
        """Sort concatenated hashes and drop repetitions."""
        high, low = _split(data)
        order = np.lexsort((low, high))
        high, low = high[order], low[order]
        if len(high):
            fresh = np.ones(len(high), dtype=np.bool_)
            fresh[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
            high, low = high[fresh], low[fresh]
        return cls(high, low)

    @classmethod
    def from_sorted_file(cls, path: Path) -> HashColumns:
        """Load what the store wrote; raises InvariantViolated when it is not sorted or is cut."""
        if path.stat().st_size % HASH_SIZE:
            raise InvariantViolated("the file of known hashes is cut", where=str(path))
        if not path.stat().st_size:
            return cls.from_bytes(b"")
        rows = np.memmap(path, dtype=">u8", mode="r").reshape(-1, 2)
        # Native columns: searching in a foreign byte order would copy the whole column at each look-up.
        high, low = rows[:, 0].astype(np.uint64), rows[:, 1].astype(np.uint64)
        if np.any(high[1:] < high[:-1]) or np.any((high[1:] == high[:-1]) & (low[1:] <= low[:-1])):
            raise InvariantViolated("the file of known hashes is not sorted", where=str(path))
        return cls(high, low)

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

    def select(self, mask: Mask) -> HashColumns:
        """Return the members where ``mask`` is True."""
        return HashColumns(self.high[mask], self.low[mask])

    def union(self, other: HashColumns) -> HashColumns:
        """Return the members of both."""
        if not len(other):
            return self
        return HashColumns.from_bytes(self.to_bytes() + other.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the hashes in order, concatenated."""
        return _join(self.high, self.low)

    def digest(self) -> str:
        """Return the SHA-256 over all members in order, as hexadecimal text."""
        state = hashlib.sha256()
        for start in range(0, len(self), _DIGEST_ROWS):
            part = slice(start, start + _DIGEST_ROWS)
            state.update(_join(self.high[part], self.low[part]))
        return state.hexdigest()


def repeated(data: bytes | bytearray) -> HashColumns:
    """Return the hashes that occur more than once in a concatenation."""
    high, low = _split(data)
    order = np.lexsort((low, high))
    high, low = high[order], low[order]
    if len(high) < 2:  # noqa: PLR2004 - one cannot repeat
        return HashColumns(high[:0], low[:0])
    again = (high[1:] == high[:-1]) & (low[1:] == low[:-1])
    return HashColumns.from_bytes(_join(high[1:][again], low[1:][again]))


def _split(data: bytes | bytearray) -> tuple[Column, Column]:
    rows = np.frombuffer(data, dtype=">u8").reshape(-1, 2)
    return rows[:, 0].astype(np.uint64), rows[:, 1].astype(np.uint64)


def _join(high: Column, low: Column) -> bytes:
    rows = np.empty((len(high), 2), dtype=">u8")
    rows[:, 0] = high
    rows[:, 1] = low
    return rows.tobytes()
