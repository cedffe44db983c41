"""Packed coverage: one compressed row per service, and totals per area.

All Germany is about 11,000 municipalities × thousands of services; the packed rows are small because
neighbours are alike: a row keeps runs of equal words.
Positions are those of the area line of the release's edition.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

import numpy as np

from syncd.errors import StorageError
from syncd.rules.assess import STATES, Cells, starts_of_runs

if TYPE_CHECKING:
    import numpy.typing as npt

    Words = npt.NDArray[np.uint32]
    States = npt.NDArray[np.uint8]

_LEVEL = 1
_DIGEST_SIZE = 16
_RUNS = b"R"
"""Begins a row of runs; without it a row is one compressed block of planes, as in databases before them."""
_WORD = 4
"""Bytes of a word: the planes of a cell, or a release number."""


def pack_cells(cells: Cells) -> tuple[bytes, bytes]:
    """Return (digest, packed row) of the cells of one line."""
    runs = _runs(cells.words)
    return hashlib.sha256(runs).digest()[:_DIGEST_SIZE], _RUNS + zlib.compress(runs, _LEVEL)


def unpack_cells(packed: bytes, first: int = 0, end: int | None = None) -> Cells:
    """Return the cells of a packed row from ``first`` to before ``end``.

    Raises StorageError for a damaged row, like all that unpack.
    """
    if packed.startswith(_RUNS):
        return Cells(_spread(packed, first, end))
    planes = np.frombuffer(_unzipped(packed), dtype=np.uint8).reshape(_WORD, -1)[:, first:end]
    return Cells(np.ascontiguousarray(planes.T).view("<u4").ravel().astype(np.uint32, copy=False))


def pack_numbers(numbers: Words) -> bytes:
    """Return release numbers per cell, packed."""
    return _RUNS + zlib.compress(_runs(numbers), _LEVEL)


def unpack_numbers(packed: bytes, first: int = 0, end: int | None = None) -> Words:
    """Return release numbers per cell from ``first`` to before ``end``."""
    if packed.startswith(_RUNS):
        return _spread(packed, first, end)
    return np.frombuffer(_unzipped(packed), dtype="<u4")[first:end].astype(np.uint32)


def _runs(words: Words) -> bytes:
    """Return runs of equal words as bytes: all words, then all lengths, each byte plane by byte plane."""
    starts = starts_of_runs(words)
    runs = np.empty((2, len(starts)), dtype="<u4")
    runs[0] = words[starts]
    runs[1, :-1], runs[1, -1:] = starts[1:] - starts[:-1], len(words) - starts[-1:]
    # Most high bytes are alike: side by side they take no room.
    return runs.view(np.uint8).reshape(2, -1, _WORD).swapaxes(1, 2).tobytes()


def _spread(packed: bytes, first: int, end: int | None) -> Words:
    """Return the words of a row of runs, or of a part of it."""
    planes = np.frombuffer(_unzipped(packed[len(_RUNS) :]), dtype=np.uint8)
    if len(planes) % (2 * _WORD):
        raise _damaged("its runs are cut")
    runs = np.ascontiguousarray(planes.reshape(2, _WORD, -1).swapaxes(1, 2)).view("<u4")[..., 0]
    return np.repeat(runs[0].astype(np.uint32, copy=False), runs[1].astype(np.int64))[first:end]


def since(
    state: States,
    *,
    release: int,
    before: tuple[States, Words] | None,
) -> Words:
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


def change_totals(totals: npt.NDArray[np.int32], before: States | None, after: States | None) -> None:
    """Count one service's states in place: those after in the place of those before; None counts nothing."""
    # One index into the flat matrix is three times as fast as two; a copy would be lost, so none is made.
    flat = totals.reshape(-1, copy=False)
    if before is not None and after is not None:
        changed = np.flatnonzero(before != after)
        flat[changed * STATES + before[changed]] -= 1
        flat[changed * STATES + after[changed]] += 1
        return
    rows = np.arange(0, flat.size, STATES)
    if before is not None:
        flat[rows + before] -= 1
    if after is not None:
        flat[rows + after] += 1


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
        raise _damaged(str(error)) from error


def _damaged(why: str) -> StorageError:
    return StorageError(
        f"a stored row of coverage is damaged ({why})",
        where="database",
        fix="Check the disk, then restore a backup with 'syncd restore FILE'.",
        code="storage_corrupt",
    )
