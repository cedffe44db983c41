"""Errors named by who must act.

Record-level trouble is data (:class:`syncd.model.issue.Issue`), never an exception. Everything here ends
a run, a start or a request. Library exceptions are converted at the edge with the cause chained, so that
no caller needs to know aiohttp, SQLAlchemy or pydantic to react.

Every error carries a stable ``code``, says what and where, which limit was met and what to do.
"""

from __future__ import annotations


class SyncdError(Exception):
    """Base of all expected errors.

    ``code`` is stable and part of the public interface (logs, API, reports); ``fix`` is one sentence that
    tells the reader what to do next.
    """

    code = "syncd"
    default_fix = "Read the message; if it does not help, open an issue with the run id."

    def __init__(self, message: str, *, where: str = "", fix: str = "", code: str = "") -> None:
        """Build the error from what happened, where it happened and what to do about it."""
        super().__init__(message)
        self.message = message
        self.where = where
        self.fix = fix or self.default_fix
        if code:
            self.code = code

    def __str__(self) -> str:
        """Return one readable line: where, what, fix."""
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message} [{self.code}] → {self.fix}"

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process with all parts."""
        return (_rebuild, (type(self), self.message, self.where, self.fix, self.code))


def _rebuild(kind: type[SyncdError], message: str, where: str, fix: str, code: str) -> SyncdError:
    return kind(message, where=where, fix=fix, code=code)


class ConfigError(SyncdError):
    """The operator must correct the configuration; raised at start or reload."""

    code = "config"
    default_fix = "Correct the named file and run 'syncd check'."


class SourceUnavailable(SyncdError):
    """The portal does not answer as a working portal would; waiting is the cure."""

    code = "source_unavailable"
    default_fix = "Nothing to do now: the next run tries again, and the last good data stays published."


class SourceRejectedUs(SyncdError):
    """The portal refuses our credentials, our rate or our terms."""

    code = "source_rejected_us"
    default_fix = "Check the credentials and the agreement with the portal's operator."


class SourceFormatError(SyncdError):
    """The answer is not what the connector understands; its owner must look."""

    code = "source_format"
    default_fix = "Compare the stored answer with the connector's README; the portal may have changed."


class SnapshotRefused(SyncdError):
    """A readable snapshot must not replace the last one; an operator decides."""

    code = "snapshot_refused"
    default_fix = "Look at the difference; if the loss is real, accept it with a reason."


class StorageError(SyncdError):
    """The database or the disk failed; nothing was half-written."""

    code = "storage"
    default_fix = "Check disk space and the database server; the run is repeated by itself."


class NotFound(SyncdError):
    """A named thing does not exist; the caller should correct the name."""

    code = "not_found"
    default_fix = "Check the spelling; list the known ones first."


class InvariantViolated(SyncdError):
    """A bug: something that must always hold did not."""

    code = "invariant"
    default_fix = "Please report this with the log lines of the run."
