"""Packed coverage: one compressed row per service, and totals per area.

All Germany is about 11,000 municipalities × thousands of services; the packed rows are small because
neighbours are alike. Positions are those of the area line of the release's edition.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

import numpy as np

from syncd.errors import StorageError
from syncd.rules.assess import STATES, Cells

if TYPE_CHECKING:
    import numpy.typing as npt

_LEVEL = 1
_PLANES = 4
_DIGEST_SIZE = 16


def pack_cells(cells: Cells) -> tuple[bytes, bytes]:
    """Return (digest, compressed planes): state, cause, evidence, level, one after the other."""
    planes = np.ascontiguousarray(cells.words, dtype="<u4").view(np.uint8).reshape(-1, _PLANES).T.tobytes()
    return hashlib.sha256(planes).digest()[:_DIGEST_SIZE], zlib.compress(planes, _LEVEL)


def unpack_cells(packed: bytes) -> Cells:
    """Return the cells of a packed row; raises StorageError for a damaged one, like all that unpack."""
    planes = unpack_planes(packed)
    return Cells(np.ascontiguousarray(planes.T).view("<u4").ravel().astype(np.uint32, copy=False))


def unpack_planes(packed: bytes) -> npt.NDArray[np.uint8]:
    """Return state, cause, evidence and level of a packed row as they are stored: shape (4, line)."""
    return np.frombuffer(_unzipped(packed), dtype=np.uint8).reshape(_PLANES, -1)


def unpack_states(packed: bytes, size: int) -> npt.NDArray[np.uint8]:
    """Return the states of the first ``size`` cells of a packed row; they come first, so little is read."""
    try:
        states = zlib.decompressobj().decompress(packed, size) if size else b""
    except zlib.error as error:
        raise _damaged(error) from error
    return np.frombuffer(states, dtype=np.uint8)


def pack_numbers(numbers: npt.NDArray[np.uint32]) -> bytes:
    """Return release numbers per cell, compressed."""
    return zlib.compress(np.ascontiguousarray(numbers, dtype="<u4").tobytes(), _LEVEL)


def unpack_numbers(packed: bytes) -> npt.NDArray[np.uint32]:
    """Return release numbers per cell."""
    return np.frombuffer(_unzipped(packed), dtype="<u4").astype(np.uint32)


def since(
    state: npt.NDArray[np.uint8],
    *,
    release: int,
    before: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint32]] | None,
) -> npt.NDArray[np.uint32]:
    """Return per cell the release in which its present state began.

    ``before`` holds states and since-numbers of the previous row, already on the present line.
    """
    if before is None:
        return np.full(len(state), release, dtype=np.uint32)
    old_state, old_since = before
    return np.where(old_state == state, old_since, np.uint32(release)).astype(np.uint32)


def empty_totals(size: int) -> npt.NDArray[np.int32]:
    """Return a zero matrix of shape (line, states)."""
    return np.zeros((size, STATES), dtype=np.int32)


def add_to_totals(totals: npt.NDArray[np.int32], state: npt.NDArray[np.uint8], sign: int) -> None:
    """Add (sign 1) or take away (sign -1) one service's states in place."""
    # One index into the flat matrix is three times as fast as two; a copy would be lost, so none is made.
    flat = totals.reshape(-1, copy=False)
    flat[np.arange(0, flat.size, STATES) + state] += sign


def pack_totals(totals: npt.NDArray[np.int32]) -> bytes:
    """Return the matrix, compressed."""
    return zlib.compress(np.ascontiguousarray(totals, dtype="<i4").tobytes(), _LEVEL)


def unpack_totals(packed: bytes) -> npt.NDArray[np.int32]:
    """Return the matrix of shape (line, states)."""
    return np.frombuffer(_unzipped(packed), dtype="<i4").astype(np.int32).reshape(-1, STATES)


def _unzipped(packed: bytes) -> bytes:
    try:
        return zlib.decompress(packed)
    except zlib.error as error:
        raise _damaged(error) from error


def _damaged(error: zlib.error) -> StorageError:
    return StorageError(
        f"a stored row of coverage is damaged ({error})",
        where="database",
        fix="Check the disk, then restore a backup with 'syncd restore FILE'.",
        code="storage_corrupt",
    )
