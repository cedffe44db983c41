"""One answer's body on its way to disk: decoded, counted, hashed, never whole in memory.

aiohttp takes a cut gzip stream for a complete one and knows no limit for decoded bytes (fault study §0.1
and §0.2), so decoding is done here. The sink is used by one request, from threads, one call at a time. Must
not know HTTP beyond the name of the encoding.
"""

from __future__ import annotations

import hashlib
import io
import threading
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.fetching.failures import failure

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from syncd.fetching.limits import FetchLimits

CHUNK = 64 * 1024
"""Bytes handed to the sink at once."""
_DECODED_CHUNK = 4 * CHUNK
_GZIP_WINDOW = 31  # zlib's notation for "32 KiB window, gzip frame only"
_GZIP_MEMBERS = 1_000
_HEAD = 1_024


@dataclass(frozen=True, slots=True)
class BodyFacts:
    """What is known of a complete body; sizes in bytes, ``head`` its first decoded bytes.

    ``body`` is all of it where it was not written to disk.
    """

    sha256: str
    size: int
    wire_size: int
    head: bytes
    body: bytes = b""


class BodySink:
    """Writes a body to ``path`` and refuses it when a limit is met or the compression is not sound.

    Without a path it is kept in memory. Call :meth:`write` with wire bytes, then :meth:`finish`; or
    :meth:`discard`, which leaves no file. Raises SourceFormatError (``too_large``, ``ratio_exceeded``,
    ``bad_compression``) or SourceUnavailable (``truncated``). ``where`` names source and document in them.
    """

    def __init__(self, path: Path | None, limits: FetchLimits, *, gzip: bool, where: str) -> None:
        self._path = path
        self._limits = limits
        self._where = where
        self._file: BinaryIO = path.open("wb") if path else io.BytesIO()
        self._lock = threading.Lock()
        self._hash = hashlib.sha256()
        self._size = 0
        self._wire = 0
        self._taken = 0
        self._head = b""
        self._gzip = gzip
        self._members = 0
        self._inflater: zlib._Decompress | None = None

    def write(self, chunk: bytes) -> None:
        """Take the next wire bytes."""
        with self._lock:
            if self._file.closed:  # the request was cancelled while this thread waited for its turn
                return
            self._wire += len(chunk)
            if self._wire > self._limits.wire_bytes:
                raise self._too_large("sent", self._limits.wire_bytes)
            if self._gzip:
                self._inflate(chunk)
            else:
                self._taken = self._wire
                self._emit(chunk)

    def finish(self) -> BodyFacts:
        """Close the file and return its facts; a compressed stream must have reached its end."""
        with self._lock:
            if self._inflater is not None:
                message = f"The compressed answer ends in the middle, after {self._wire} bytes."
                raise failure("truncated", message, where=self._where)
            body = self._file.getvalue() if isinstance(self._file, io.BytesIO) else b""
            self._file.close()
            return BodyFacts(self._hash.hexdigest(), self._size, self._wire, self._head, body)

    def discard(self) -> None:
        """Close and remove the file."""
        with self._lock:
            self._file.close()
            if self._path:
                self._path.unlink(missing_ok=True)

    def _inflate(self, data: bytes) -> None:
        pending = True
        while data or pending:
            inflater = self._inflater or self._next_member()
            try:
                out = inflater.decompress(data, _DECODED_CHUNK)
            except zlib.error as error:
                message = f"The answer's gzip stream is damaged or followed by other bytes ({error})."
                raise failure("bad_compression", message, where=self._where) from error
            # What is left was not unpacked yet: a bomb shows before its whole chunk has gone off.
            self._taken = self._wire - len(inflater.unconsumed_tail) - len(inflater.unused_data)
            self._emit(out)
            # With a full output there may be more to come although all input is taken.
            pending = len(out) == _DECODED_CHUNK
            data = inflater.unconsumed_tail
            if inflater.eof:
                self._inflater = None
                data = inflater.unused_data
                pending = False

    def _next_member(self) -> zlib._Decompress:
        # Each member copies the rest of its chunk, so very many tiny ones would be a way to keep us busy.
        self._members += 1
        if self._members > _GZIP_MEMBERS:
            message = f"The gzip stream has more than {_GZIP_MEMBERS} members."
            raise failure("bad_compression", message, where=self._where)
        self._inflater = zlib.decompressobj(_GZIP_WINDOW)
        return self._inflater

    def _emit(self, data: bytes) -> None:
        if not data:
            return
        self._size += len(data)
        limits = self._limits
        if self._size > limits.decoded_bytes:
            raise self._too_large("decoded", limits.decoded_bytes)
        if self._size > limits.ratio_free_bytes and self._size > limits.ratio * self._taken:
            message = (
                f"The answer unpacks to more than {limits.ratio} times its size ({self._size} bytes so far)."
            )
            raise failure("ratio_exceeded", message, where=self._where)
        if len(self._head) < _HEAD:
            self._head += data[: _HEAD - len(self._head)]
        self._hash.update(data)
        self._file.write(data)

    def _too_large(self, kind: str, limit: int) -> Exception:
        return failure("too_large", f"The answer is larger than {limit} bytes ({kind}).", where=self._where)


class RateGauge:
    """Watches that a body keeps arriving at the minimum rate, window by window.

    ``now`` values are seconds of one monotonic clock.
    """

    def __init__(self, limits: FetchLimits, now: float, *, where: str) -> None:
        self._limits = limits
        self._where = where
        self._since = now
        self._bytes = 0

    def count(self, size: int, now: float) -> None:
        """Note that ``size`` bytes came; raises SourceUnavailable ``too_slow`` after a poor window."""
        self._bytes += size
        elapsed = now - self._since
        if elapsed < self._limits.rate_grace_s:
            return
        rate = self._bytes / elapsed
        if rate < self._limits.rate_bytes_s:
            message = (
                f"The answer arrives at {rate:.0f} bytes/s; the limit is {self._limits.rate_bytes_s} bytes/s "
                f"over {self._limits.rate_grace_s:g} s."
            )
            raise failure("too_slow", message, where=self._where)
        self._since, self._bytes = now, 0
