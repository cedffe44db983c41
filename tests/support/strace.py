"""Lets the system calls of one process fail or kill it, by way of strace; used where strace may trace.

Each kind of system call is counted on its own from the moment of attaching (strace(1), "when=").
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

WRITING = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate")
"""What changes a file, or promises that it is on disk."""
_ATTACH_TIMEOUT_S = 20.0
_ON_DESCRIPTOR = re.compile(
    r'(?P<name>\w+)\(\d+<(?P<path>[^>]*)>(?:, "(?P<data>[^"]*)")?(?:, )?(?P<numbers>[\d, ]*)\)\s+= \d'
)
_ON_PATH = re.compile(r'(?P<name>unlink)\("(?P<path>[^"]*)"\)\s+= 0')


class StraceUnavailableError(Exception):
    """Nothing can be traced here; the message says why."""


@functools.cache
def strace() -> str:
    """Path of the program, tried out once; raises StraceUnavailableError."""
    program = shutil.which("strace")
    if program is None:
        message = "strace is not installed"
        raise StraceUnavailableError(message)
    tried = subprocess.run(
        [program, "-qq", "-o", "/dev/null", "-e", "inject=getppid:error=EIO", "true"],
        check=False,
        capture_output=True,
        text=True,
    )
    if tried.returncode != 0:
        message = f"strace may not trace here: {tried.stderr.strip()[-200:]}"
        raise StraceUnavailableError(message)
    return program


def faults_at(calls: Sequence[str], position: int, what: str, *, lasting: bool = False) -> list[str]:
    """Injections that hit the call at a position of a recorded sequence, or all from there on.

    ``what`` is an injection of strace: ``error=EIO`` or ``signal=KILL``.
    """
    if not lasting:
        name = calls[position]
        return [f"{name}:{what}:when={calls[: position + 1].count(name)}"]
    before = Counter(calls[:position])
    return [f"{name}:{what}:when={before[name] + 1}+" for name in WRITING]


def trace(
    pid: int, paths: Sequence[Path], record: Path, injections: Sequence[str], *, whole: bool = False
) -> None:
    """Attach to a process that has stopped itself, let it go on with the injections, wait for its end.

    ``whole`` records what is written, for :func:`recorded_writes`.
    """
    command = [strace(), "-qq", "-o", str(record), "-e", f"trace={','.join((*WRITING, 'unlink'))}"]
    if whole:
        command += ["-y", "-xx", "-s", "1000000"]
    for path in paths:
        command += ["-P", str(path)]
    for injection in injections:
        command += ["-e", f"inject={injection}"]
    tracer = subprocess.Popen([*command, "-p", str(pid)], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + _ATTACH_TIMEOUT_S
    while f"TracerPid:\t{tracer.pid}\n" not in _status(pid):
        if tracer.poll() is not None or time.monotonic() > deadline:
            tracer.kill()
            _, said = tracer.communicate()
            os.kill(pid, signal.SIGKILL)
            message = f"strace did not attach: {said.strip()[-200:]}"
            raise StraceUnavailableError(message)
        time.sleep(0.002)
    os.kill(pid, signal.SIGCONT)
    tracer.communicate()


@dataclass(frozen=True, slots=True)
class Call:
    """One call on a file: ``data`` written at ``offset``; for ftruncate ``offset`` is the new length."""

    name: str
    file: str
    data: bytes = b""
    offset: int = 0


def recorded_writes(record: Path) -> list[Call]:
    """Calls of a recording made with ``whole``, in their order; those that failed are left out."""
    calls = []
    for line in record.read_text(errors="replace").splitlines():
        if found := _ON_DESCRIPTOR.match(line):
            data = bytes.fromhex(found["data"].replace("\\x", "")) if found["data"] else b""
            numbers = [int(number) for number in found["numbers"].split(", ") if number]
            calls.append(Call(found["name"], _named(found["path"]), data, numbers[-1] if numbers else 0))
        elif found := _ON_PATH.match(line):
            calls.append(Call(found["name"], _named(found["path"])))
    return calls


def _named(path: str) -> str:
    """Name of the file in a path that may be written in hexadecimal."""
    plain = bytes.fromhex(path.replace("\\x", "")).decode() if path.startswith("\\x") else path
    return Path(plain).name


def recorded_calls(record: Path) -> list[str]:
    """Names of the traced calls in their order."""
    names = (line.partition("(")[0] for line in record.read_text(errors="replace").splitlines())
    return [name for name in names if name in WRITING]


def wait_until_stopped(pid: int) -> None:
    """Wait until a process has stopped itself."""
    deadline = time.monotonic() + _ATTACH_TIMEOUT_S
    while "State:\tT" not in _status(pid):
        if time.monotonic() > deadline:
            message = f"process {pid} did not stop itself"
            raise TimeoutError(message)
        time.sleep(0.002)


def _status(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/status").read_text()
    return ""
