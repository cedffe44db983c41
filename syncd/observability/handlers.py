"""Log handlers that can lose lines but never stop the daemon.

A full disk, a closed terminal or a reader that stopped reading must not take the service down. Every line
that cannot be written is counted; the count is a metric. The daemon writes in a thread, because a blocked
pipe would otherwise stall its event loop.
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
from pathlib import Path
from typing import TextIO

import structlog

from syncd.errors import ConfigError

_log = structlog.get_logger(__name__)
QUEUE_LENGTH = 10_000
"""Lines waiting to be written; more are dropped and counted."""
ALARM_RESERVE = 1_000
"""Places in the queue that only warnings and errors may take, so that chatter cannot push an alarm out."""
_STOP_SECONDS = 1.0


class LostLines:
    """Counts the lines that could not be written; safe to use from several threads."""

    def __init__(self) -> None:
        """Start at zero."""
        self._lock = threading.Lock()
        self._count = 0

    def add(self) -> None:
        """Count one line."""
        with self._lock:
            self._count += 1

    @property
    def count(self) -> int:
        """Lines lost so far."""
        return self._count


class SafeStreamHandler(logging.StreamHandler[TextIO]):
    """Writes to a stream; a failure costs the line and nothing else."""

    def __init__(self, stream: TextIO, lost: LostLines) -> None:
        """Write to ``stream`` and count failures in ``lost``."""
        super().__init__(stream)
        self._lost = lost

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            text = self.format(record)
            self.stream.write(text + self.terminator)
            self.stream.flush()
        except Exception:  # noqa: BLE001 - whatever fails, logging must not be what stops the daemon
            self._lost.add()

    def close(self) -> None:
        """Let go of the stream; what cannot be flushed is lost."""
        try:
            super().close()
        except (OSError, ValueError):
            self._lost.add()
        if self.stream is sys.stderr:
            try:
                self.stream.flush()
            except (OSError, ValueError):
                # what is stuck in its buffer would make the interpreter end with status 120
                sys.stderr = None


class SafeFileHandler(SafeStreamHandler):
    """Appends to a file and opens it anew when it was moved away (logrotate) or could not be written."""

    def __init__(self, path: Path, lost: LostLines) -> None:
        """Open the file; raises ConfigError when that is impossible at start."""
        self._path = path
        self._identity = (0, 0)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            stream = self._open()
        except OSError as error:
            raise ConfigError(
                f"the log file cannot be opened: {error.strerror}",
                where=str(path),
                fix="Correct log.file in syncd.toml or the permissions of its folder.",
            ) from error
        super().__init__(stream, lost)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line to the file of that name, whichever it is by now."""
        try:
            status = self._path.stat()
            moved = (status.st_dev, status.st_ino) != self._identity
        except OSError:
            moved = True
        if moved and not self._is_device():
            try:
                fresh = self._open()
            except OSError:
                self._lost.add()
                return
            old, self.stream = self.stream, fresh
            _close_quietly(old)
        super().emit(record)

    def close(self) -> None:
        """Close the file."""
        _close_quietly(self.stream)
        super().close()

    def _open(self) -> TextIO:
        stream = self._path.open("a", encoding="utf-8", errors="backslashreplace")
        status = self._path.stat()
        self._identity = (status.st_dev, status.st_ino)
        return stream

    def _is_device(self) -> bool:
        return self._path.is_char_device()


def _close_quietly(stream: TextIO) -> None:
    try:
        stream.close()
    except (OSError, ValueError):
        # The last buffer did not fit on the disk; the lines in it were counted when they were written.
        return


class ThreadedHandler(logging.Handler):
    """Hands lines to a thread of its own, so that a blocked disk or pipe never blocks the caller.

    While nobody takes lines they wait; once somebody does again, the line ``log_lines_lost`` tells how many
    did not fit or could not be written, so that the gap shows where the lines are read.
    """

    def __init__(
        self,
        target: logging.Handler,
        lost: LostLines,
        *,
        length: int = QUEUE_LENGTH,
        reserve: int = ALARM_RESERVE,
    ) -> None:
        """Write through ``target``; lines that do not fit into the queue are counted in ``lost``."""
        super().__init__()
        self._chatter = length - reserve
        self._told = 0
        # Rendering happens on this side; the target only writes.
        target.setFormatter(logging.Formatter("%(message)s"))
        self._target = target
        self._lost = lost
        self._queue: queue.Queue[logging.LogRecord | None] = queue.Queue(length)
        # A daemon thread: a pipe nobody reads must not keep the process from ending.
        self._thread = threading.Thread(target=self._write, name="log-writer", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue one line, already rendered: what it mentions may have changed when it is written."""
        if record.levelno < logging.WARNING and self._queue.qsize() >= self._chatter:
            self._lost.add()
            return
        try:
            record.msg = self.format(record)
            record.args = None
            record.exc_info = record.exc_text = record.stack_info = None
            self._queue.put_nowait(record)
        except Exception:  # noqa: BLE001 - see SafeStreamHandler.emit
            self._lost.add()

    def close(self) -> None:
        """Write what is queued, for a second at most."""
        try:
            self._queue.put(None, timeout=_STOP_SECONDS)
            self._thread.join(_STOP_SECONDS)
        except queue.Full:
            self._lost.add()
        super().close()

    def _write(self) -> None:
        while (record := self._queue.get()) is not None:
            before = self._lost.count
            self._target.handle(record)
            # A line of its own for each loss would only be lost, too: first something has to get through.
            if self._lost.count == before > self._told and self._queue.qsize() < self._chatter:
                _log.warning(
                    "log_lines_lost",
                    lines=before - self._told,
                    fix="Nothing to do for the past; look at what reads the log, or at its disk.",
                )
                self._told = before
        self._target.close()
