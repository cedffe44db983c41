"""The parse worker: the process in which connectors' parsers run, with limits of its own.

Started by :mod:`syncd.fetching.staging` with the path of a job file. It takes limits on itself before any
connector code is imported, does one job and ends. Errors go into a file, because a parser may have written
anything to the standard streams. It ends with its parent: the parent holds the other end of standard input.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from syncd.errors import InvariantViolated, SourceFormatError, StorageError, SyncdError
from syncd.fetching.findings import writable
from syncd.pipeline.workers import ParseJob

if TYPE_CHECKING:
    from collections.abc import Mapping

JOB, ERROR = "job.json", "error.json"
_GRACE_S = 5
_OBJECTS_BEFORE_COLLECTING = 50_000


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """Limits of one worker process: address space in MB, CPU and wall time in seconds, niceness."""

    memory_mb: int = 1_024
    time_s: float = 300.0
    nice: int = 10


def write_job(job: ParseJob, limits: WorkerLimits) -> Path:
    """Write a job file into the job's folder and return its path."""
    body: dict[str, Any] = {
        "limits": {"memory_mb": limits.memory_mb, "time_s": limits.time_s, "nice": limits.nice},
        "job": {
            "source_id": job.source_id,
            "parser": job.parser,
            "documents": [{**document, "path": str(document["path"])} for document in job.documents],
            "options": dict(job.options),
            "scope": dict(job.scope),
            "known_hashes": str(job.known_hashes),
            "known_areas": str(job.known_areas),
            "workdir": str(job.workdir),
            "reparse": job.reparse,
            "ledger": str(job.ledger) if job.ledger else None,
            "incomplete": job.incomplete,
            "time_limit_s": job.time_limit_s,
            "quarantine": str(job.quarantine) if job.quarantine else None,
        },
    }
    path = job.workdir / JOB
    path.write_bytes(orjson.dumps(body, default=_plain))
    return path


def _plain(value: object) -> object:
    """Let sets and mapping proxies travel as JSON."""
    if isinstance(value, set | frozenset):
        return sorted(value)
    if hasattr(value, "items"):
        return dict(value.items())
    raise TypeError


def _read_job(path: Path) -> tuple[ParseJob, WorkerLimits]:
    body = orjson.loads(path.read_bytes())
    job: Mapping[str, Any] = body["job"]
    paths = {name: Path(job[name]) for name in ("known_hashes", "known_areas", "workdir")}
    optional = {name: Path(job[name]) if job[name] else None for name in ("ledger", "quarantine")}
    return ParseJob(**{**job, **paths, **optional}), WorkerLimits(**body["limits"])


def _take_limits(limits: WorkerLimits) -> None:
    memory = limits.memory_mb * 1024 * 1024
    seconds = int(limits.time_s) + 1
    _limit(resource.RLIMIT_CORE, 0, 0)
    _limit(resource.RLIMIT_AS, memory, memory)
    _limit(resource.RLIMIT_CPU, seconds, seconds + _GRACE_S)
    os.nice(limits.nice)
    # Records are acyclic; collecting after every 700 of them would only cost time.
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTING)


def _limit(what: int, soft: int, hard: int) -> None:
    """Set a limit, or keep the one we came with where that is tighter."""
    _, ceiling = resource.getrlimit(what)
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(what, (soft, hard))


def _end_with_parent() -> None:
    def wait() -> None:
        # Unbuffered on purpose: a thread inside a buffered read would block the interpreter's exit.
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True, name="end-with-parent").start()


def _run(job: ParseJob) -> SyncdError | None:
    """Do the job; whatever goes wrong comes back as one of our errors."""
    try:
        # Only now: the limits hold for numpy and the parser, too.
        from syncd.fetching.snapshot import stage_documents  # noqa: PLC0415 - see above

        stage_documents(job)
    except SyncdError as error:
        return error
    except MemoryError:
        return _out_of_memory(job)
    except OSError as error:
        return StorageError(f"The parse worker met a file error ({error}).", where=job.source_id)
    except BaseException as error:  # noqa: BLE001 - the parent must hear of everything
        return InvariantViolated(
            f"The parse worker ended with {type(error).__name__}: {str(error)[:200]}", where=job.source_id
        )
    return None


def _out_of_memory(job: ParseJob) -> SourceFormatError:
    return SourceFormatError(
        "The parser needed more memory than the parse worker's limit allows.",
        where=job.source_id,
        code="parser_killed",
        fix="Look at the stored answer; if it is legitimate, raise the memory limit.",
    )


def write_error(workdir: Path, error: SyncdError) -> None:
    """Leave an error for the parent."""
    body = [type(error).__name__, error.message, error.where, error.fix, error.code]
    (workdir / ERROR).write_bytes(orjson.dumps([writable(text) for text in body]))


def read_error(workdir: Path) -> SyncdError | None:
    """Return the error a worker left, or None."""
    try:
        kind, message, where, fix, code = orjson.loads((workdir / ERROR).read_bytes())
    except (OSError, ValueError):
        return None
    kinds: dict[str, type[SyncdError]] = {
        one.__name__: one for one in (SourceFormatError, StorageError, InvariantViolated)
    }
    return kinds.get(kind, SourceFormatError)(message, where=where, fix=fix, code=code)


def main(arguments: list[str]) -> int:
    """Do the job whose file is named and return the exit code."""
    _end_with_parent()
    job, limits = _read_job(Path(arguments[0]))
    _take_limits(limits)
    error = _run(job)
    if error is None:
        return 0
    write_error(job.workdir, error)
    return 1


if __name__ == "__main__":
    # A connector may have left threads or exit handlers; neither may keep this process alive.
    os._exit(main(sys.argv[1:]))
