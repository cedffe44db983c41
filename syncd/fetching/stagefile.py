"""The staged file: new and changed records on their way from a parse worker to the store.

Length-prefixed, because payloads are bytes already and base64 in JSON would cost more than parsing. One
record is a head (four lengths, two hashes), then native id, service keys, tokens and payload. Must not know
parsers or databases.
"""

from __future__ import annotations

import struct
from itertools import accumulate
from typing import TYPE_CHECKING

from syncd.errors import StorageError
from syncd.pipeline.ports import HASH_SIZE, StagedRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import BinaryIO, Self

_HEAD = struct.Struct(f"<IIII{HASH_SIZE}s{HASH_SIZE}s")
# Keys of records without an official one hold the native id, which may hold anything but this.
_KEY_SEPARATOR = "\0"
_BUFFER = 1024 * 1024


class StageWriter:
    """Appends records to a staged file."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("wb", buffering=_BUFFER)
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, record: StagedRecord) -> None:
        """Append one record; raises UnicodeEncodeError for an id that is no text."""
        native_id = record.native_id.encode()
        keys = _KEY_SEPARATOR.join(record.service_keys).encode()
        tokens = _KEY_SEPARATOR.join(record.tokens).encode()
        head = _HEAD.pack(
            len(native_id),
            len(keys),
            len(tokens),
            len(record.payload),
            record.raw_hash,
            record.content_hash,
        )
        self._file.writelines((head, native_id, keys, tokens, record.payload))
        self.count += 1


def read_staged(path: Path) -> Iterator[StagedRecord]:
    """Yield the records of a staged file; raises StorageError when it is cut."""
    with path.open("rb", buffering=_BUFFER) as file:
        while head := file.read(_HEAD.size):
            if len(head) < _HEAD.size:
                raise _cut(path)
            *sizes, raw_hash, content_hash = _HEAD.unpack(head)
            body = file.read(sum(sizes))
            if len(body) < sum(sizes):
                raise _cut(path)
            ends = list(accumulate(sizes))
            keys, tokens = body[ends[0] : ends[1]].decode(), body[ends[1] : ends[2]].decode()
            yield StagedRecord(
                body[: ends[0]].decode(),
                raw_hash,
                content_hash,
                tuple(keys.split(_KEY_SEPARATOR)) if keys else (),
                body[ends[2] :],
                tuple(tokens.split(_KEY_SEPARATOR)) if tokens else (),
            )


def _cut(path: Path) -> StorageError:
    return StorageError("the staged file is cut", where=str(path))
