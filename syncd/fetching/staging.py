"""The port through which ingest has documents parsed: in a process of its own, or in place.

A parser that crashes, hangs, eats memory or calls ``sys.exit`` ends its process and its run, never the daemon
(fault study §0.4 and P8). Must not know what parsers do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import orjson

from syncd.errors import SourceFormatError, StorageError, SyncdError
from syncd.fetching.quarantine import keep_quarantine
from syncd.fetching.snapshot import ABSENT, QUARANTINE, STAGED, SUMMARY, stage_documents
from syncd.fetching.stagefile import read_staged
from syncd.fetching.worker import ERROR, JOB, WorkerLimits, read_error, write_job
from syncd.model.issue import Issue, Severity
from syncd.pipeline.ports import StagedSnapshot

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.pipeline.workers import ParseJob

_LAST_WORDS = 4_096
_OURS = (STAGED, ABSENT, SUMMARY, QUARANTINE, JOB, ERROR, "staged.kept")
# A parser gets no secret that reached the daemon through its environment.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TMPDIR", "TZDIR")


class SubprocessParseWorker:
    """Runs each job in a fresh, niced process with limits for memory, CPU and wall time.

    ``parallel`` bounds the processes at work at one time. Startup costs about a third of a second per job.
    """

    def __init__(
        self,
        *,
        memory_limit_mb: int = 1_024,
        time_limit_s: float = 300.0,
        nice: int = 10,
        parallel: int = 2,
    ) -> None:
        self._limits = WorkerLimits(memory_limit_mb, time_limit_s, nice)
        self._slots = asyncio.Semaphore(parallel)

    async def stage(self, job: ParseJob) -> StagedSnapshot:
        """Parse and normalise the documents; raises SourceFormatError and leaves no trace when it fails.

        Codes besides the parser's own: ``parser_crashed``, ``parser_killed`` (memory or a signal),
        ``parser_timeout``. Cancelling kills the worker with everything it started.
        """
        try:
            async with self._slots:
                limits = replace(self._limits, time_s=job.time_limit_s or self._limits.time_s)
                path = await asyncio.to_thread(write_job, job, limits)
                await self._run(job, path, limits.time_s)
            return await asyncio.to_thread(_load, job)
        except OSError as error:
            await asyncio.to_thread(_clean, job.workdir)
            raise StorageError(f"Staging met a file error ({error}).", where=job.source_id) from error
        except BaseException:
            _clean(job.workdir)
            raise

    async def _run(self, job: ParseJob, path: Path, time_limit_s: float) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "syncd.fetching.worker",
            str(path),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(job),
            start_new_session=True,
        )
        listening = asyncio.create_task(_last_words(process.stderr))
        timed_out = False
        try:
            async with asyncio.timeout(time_limit_s):
                await process.wait()
        except TimeoutError:
            timed_out = True
        finally:
            await _end(process)
            words = await _heard(listening)
        if timed_out or process.returncode == -signal.SIGXCPU:
            raise SourceFormatError(
                f"The parser was not finished within {time_limit_s:g} s.",
                where=job.source_id,
                code="parser_timeout",
                fix="Look at the stored answer; if it is legitimate, raise limits.parse_timeout.",
            )
        if process.returncode != 0:
            raise await asyncio.to_thread(_why, job, process.returncode or 0, words)


def stage_in_process(job: ParseJob) -> StagedSnapshot:
    """Do the same in this process, without limits: for benchmarks and tests of parsers."""
    try:
        stage_documents(job)
        return _load(job)
    except BaseException:
        _clean(job.workdir)
        raise


def _environment(job: ParseJob) -> dict[str, str]:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {
        # The worker must find what this process finds, also when tests or editors have extended the path.
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        "PYTHONUTF8": "1",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        # Where a ledger is sorted; the system's own folder may be small or closed to us.
        "SQLITE_TMPDIR": str(job.workdir),
        # Each thread of the linear algebra library would reserve address space under our limit.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    return environment


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the worker's whole process group if it still runs, and wait until it is gone."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.shield(process.wait())
    if process.stdin is not None:
        process.stdin.close()


async def _last_words(stream: asyncio.StreamReader | None) -> str:
    words = b""
    while stream is not None and (chunk := await stream.read(_LAST_WORDS)):
        words = (words + chunk)[-_LAST_WORDS:]
    return words.decode(errors="replace")


async def _heard(listening: asyncio.Task[str]) -> str:
    """Return what was said; a grandchild that keeps the stream open is not waited for."""
    done, _ = await asyncio.wait({listening}, timeout=1.0)
    if done:
        return listening.result()
    listening.cancel()
    return ""


def _why(job: ParseJob, code: int, words: str) -> SyncdError:
    left = read_error(job.workdir)
    if left is not None:
        return left
    if code < 0:
        name = signal.strsignal(-code) or f"signal {-code}"
        return SourceFormatError(
            f"The parser's process was ended from outside ({name}); memory may have run out.",
            where=job.source_id,
            code="parser_killed",
            fix="Look at the stored answer and the system's log; if both are fine, raise the memory limit.",
        )
    last = words.strip().splitlines()[-1][:200] if words.strip() else "no message"
    return _without_result(job, f"The parser's process ended with exit code {code} ({last}).")


def _without_result(job: ParseJob, message: str) -> SourceFormatError:
    return SourceFormatError(
        message,
        where=job.source_id,
        code="parser_crashed",
        fix="Report this to the connector's owner together with the stored answer.",
    )


def _load(job: ParseJob) -> StagedSnapshot:
    try:
        summary = orjson.loads((job.workdir / SUMMARY).read_bytes())
        absent = (job.workdir / ABSENT).read_bytes()
    except FileNotFoundError as error:
        raise _without_result(job, "The parser ended its process without a result.") from error
    return StagedSnapshot(
        source_id=job.source_id,
        records=partial(read_staged, job.workdir / STAGED),
        received=summary["received"],
        seen_hashes=summary["seen"],
        absent_hashes=absent,
        digest=summary["digest"],
        issues=tuple(
            Issue(code, message, where, value, Severity(severity), fix)
            for code, message, where, value, severity, fix in summary["issues"]
        ),
        issue_counts=summary["issue_counts"],
        quarantined=summary["quarantined"],
        quarantine=keep_quarantine(job.workdir / QUARANTINE, job.quarantine),
        bytes_read=summary["bytes_read"],
        declared_total=summary["declared_total"],
        incomplete_reason=summary["incomplete_reason"],
        stated_at=datetime.fromisoformat(summary["stated_at"]) if summary["stated_at"] else None,
        identity=summary["identity"],
        statements=summary["statements"],
        position=summary["position"],
    )


def _clean(workdir: Path) -> None:
    for name in _OURS:
        (workdir / name).unlink(missing_ok=True)
