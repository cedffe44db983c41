"""The staged file: new and changed records on their way from a parse worker to the store.

Length-prefixed, because payloads are bytes already and base64 in JSON would cost more than parsing. One
record is a head (three lengths and two hashes), then native id, service keys and payload. Must not know
parsers or databases.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from syncd.errors import StorageError
from syncd.pipeline.ports import HASH_SIZE, StagedRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import BinaryIO, Self

_HEAD = struct.Struct(f"<III{HASH_SIZE}s{HASH_SIZE}s")
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
        head = _HEAD.pack(
            len(native_id), len(keys), len(record.payload), record.raw_hash, record.content_hash
        )
        self._file.writelines((head, native_id, keys, record.payload))
        self.count += 1


def read_staged(path: Path) -> Iterator[StagedRecord]:
    """Yield the records of a staged file; raises StorageError when it is cut."""
    with path.open("rb", buffering=_BUFFER) as file:
        while head := file.read(_HEAD.size):
            if len(head) < _HEAD.size:
                raise _cut(path)
            id_size, key_size, payload_size, raw_hash, content_hash = _HEAD.unpack(head)
            body = file.read(id_size + key_size + payload_size)
            if len(body) < id_size + key_size + payload_size:
                raise _cut(path)
            keys = body[id_size : id_size + key_size].decode()
            yield StagedRecord(
                body[:id_size].decode(),
                raw_hash,
                content_hash,
                tuple(keys.split(_KEY_SEPARATOR)) if keys else (),
                body[id_size + key_size :],
            )


def _cut(path: Path) -> StorageError:
    return StorageError("the staged file is cut", where=str(path))
