"""What happens to one staged record: the one rule that the preview and T1 share.

Pure, so that what an operator was shown and what is then stored cannot differ. This module must not know how
records are read or written.
"""

from __future__ import annotations

from array import array
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from syncd.pipeline.ports import HASH_SIZE

if TYPE_CHECKING:
    from syncd.pipeline.ports import StagedRecord, StagedSnapshot


class Stored(NamedTuple):
    """What a bucket holds of one record, without its payload."""

    record_id: int
    native_id: str
    raw_hash: bytes
    content_hash: bytes
    withdrawn: bool


class Fate(IntEnum):
    """What a staged record does to the bucket."""

    SAME = 0
    REWRITTEN = 1
    """Other bytes, same functional projection: only the raw hash is renewed."""
    CHANGED = 2
    ADDED = 3
    """New, or back after a withdrawal."""


class Seen:
    """Tells whether a stored record occurs in the snapshot with the very bytes that are stored.

    Such bytes are never staged again. So a staged record with the same native id is its double, and of
    doubles the smallest raw hash wins, whatever their order in the document.
    """

    def __init__(self, snapshot: StagedSnapshot, *, live: int) -> None:
        """Take the absent hashes of a snapshot; ``live`` is the number of live records in the bucket."""
        self.absent = frozenset(split_hashes(snapshot.absent_hashes))
        # Without absent hashes either everything occurred, or the snapshot is a delta that lists changes.
        self._everything = not self.absent and snapshot.seen_hashes >= live

    def __call__(self, stored: Stored) -> bool:
        """Tell whether the stored bytes occur in the snapshot."""
        return stored.raw_hash not in self.absent if self.absent else self._everything


def fate_of(staged: StagedRecord, stored: Stored | None, *, double: bool) -> Fate:
    """Return the fate of a staged record; ``double`` says that the stored one is of the same snapshot."""
    if stored is None or stored.withdrawn:
        return Fate.ADDED
    if double and stored.raw_hash < staged.raw_hash:
        return Fate.SAME
    if staged.content_hash != stored.content_hash:
        # Also with equal bytes: scope or rules may have changed what they mean.
        return Fate.CHANGED
    return Fate.SAME if staged.raw_hash == stored.raw_hash else Fate.REWRITTEN


class Touched:
    """Which records the snapshot at hand has spoken of already, in one bit per record id."""

    def __init__(self) -> None:
        """Start empty."""
        self._bits = bytearray()

    def add(self, record_id: int) -> None:
        """Note a record."""
        byte = record_id >> 3
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte + 1 - len(self._bits) + 4096))
        self._bits[byte] |= 1 << (record_id & 7)

    def __contains__(self, record_id: int) -> bool:
        byte = record_id >> 3
        return byte < len(self._bits) and bool(self._bits[byte] >> (record_id & 7) & 1)


def split_hashes(concatenated: bytes) -> list[bytes]:
    """Cut concatenated hashes into single ones."""
    return [concatenated[at : at + HASH_SIZE] for at in range(0, len(concatenated), HASH_SIZE)]


class Tally:
    """Counts fates so that doubles count once, in 17 bytes per staged record."""

    def __init__(self) -> None:
        """Start empty."""
        self._ids = array("q")
        self._hashes = array("Q")
        self._fates = bytearray()

    def count(self, staged: StagedRecord, fate: Fate) -> None:
        """Count one staged record."""
        self._ids.append(hash(staged.native_id))
        self._hashes.append(int.from_bytes(staged.raw_hash[:8], "big"))
        self._fates.append(fate)

    def result(self) -> dict[Fate, int]:
        """Return the number of records per fate; of doubles the one with the smallest raw hash counts."""
        if not self._fates:
            return dict.fromkeys(Fate, 0)
        ids = np.frombuffer(self._ids, dtype=np.int64)
        fates = np.frombuffer(self._fates, dtype=np.uint8)
        order = np.lexsort((np.frombuffer(self._hashes, dtype=np.uint64), ids))
        ordered = ids[order]
        first = np.concatenate(([True], ordered[1:] != ordered[:-1]))
        counted = np.bincount(fates[order][first], minlength=len(Fate))
        return {fate: int(counted[fate]) for fate in Fate}
