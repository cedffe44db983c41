"""Every write and every fsync of a reference sync fails once, fails for good, or is the last thing it does.

A child forked from a process that has imported everything stops itself; strace attaches, lets it go on, and
makes one system call on the database files fail or kills the child there. Then the database must open, be
sound, hold the state before or after and nothing between, and the next sync must come through. Run as a
script, this file is the process that forks.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from syncd.errors import StorageError
from syncd.model.run import RunOutcome
from syncd.storage import SqlStore, open_store
from tests.support.strace import (
    Call,
    StraceUnavailableError,
    faults_at,
    recorded_calls,
    recorded_writes,
    strace,
    trace,
    wait_until_stopped,
)
from tests.unit.storage.samples import (
    KEY_A,
    KEY_B,
    NOW,
    cells,
    draft,
    live,
    partition,
    snapshot,
    staged,
    sync,
)

DATABASE = "syncd.sqlite"
SECTOR = 512
BEFORE = {f"r{i}": staged(f"r{i}", "1").payload for i in range(30)}
AFTER = {
    f"r{i}": staged(f"r{i}", "2" if i < 10 else "1", keys=(KEY_A,)).payload for i in range(40) if i != 29
}
ACKNOWLEDGED, REFUSED = 0, 3
FAULTS = ("signal=KILL", "error=EIO", "error=ENOSPC", "lasting error=EIO", "lasting error=ENOSPC")


# --- the reference sync ------------------------------------------------------------------------------------


def work(store: SqlStore) -> Iterator[str]:
    """One sync and one release; says after each step what is acknowledged."""
    store.interrupt_open_runs(now=NOW)
    known = {native_id for native_id, payload in live(store).items() if payload == AFTER.get(native_id)}
    gone = [staged(native_id) for native_id in live(store) if native_id not in AFTER]
    new = [staged(f"r{i}", "2" if i < 10 else "1") for i in range(40) if i != 29 and f"r{i}" not in known]
    stale = [staged(record.native_id) for record in new if record.native_id in live(store)]
    sync(store, snapshot(new, seen=len(known), absent=[*gone, *stale]))
    yield "synced"
    mark, _ = store.dirty_keys(NOW.date())
    store.publish(draft(partition(KEY_A, {"06": "2"}), partition(KEY_B, {"07": "2"}), dirty_up_to=mark))
    yield "published"


def live_once(folder: Path) -> int:
    """The child: stop until strace is there, then work."""
    os.kill(os.getpid(), signal.SIGSTOP)
    try:
        with open_store(f"sqlite:///{folder / DATABASE}", create=False) as store:
            for word in work(store):
                with (folder / "words").open("a") as words:
                    words.write(f"{word}\n")
    except StorageError as error:
        (folder / "error").write_text(f"{error.code} {error}")
        return REFUSED
    return ACKNOWLEDGED


def give_birth() -> None:
    """Fork a child per folder named on stdin; print its process id, and its status when it has ended."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = live_once(Path(line.strip()))
            finally:
                os._exit(code)
        print(child, flush=True)  # noqa: T201 - the pipe to the test
        _, status = os.waitpid(child, 0)
        print(status, flush=True)  # noqa: T201


# --- the test ----------------------------------------------------------------------------------------------


class Laboratory:
    """Runs the reference sync on a fresh copy of the same database, as often as asked."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.template = root / "template"
        self.template.mkdir()
        with open_store(f"sqlite:///{self.template / DATABASE}") as store:
            sync(store, snapshot([staged(native_id) for native_id in BEFORE]))
            store.publish(draft(partition(KEY_A, {"06": "1"})))
        self._mother = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )

    def close(self) -> None:
        """End the process that forks."""
        assert self._mother.stdin
        assert self._mother.stdout
        self._mother.stdin.close()
        self._mother.wait(timeout=30)
        self._mother.stdout.close()

    def run(self, injections: list[str], *, whole: bool = False) -> tuple[Path, int]:
        """Return the folder the child worked in and how it ended; ``whole`` records what it wrote."""
        assert self._mother.stdin
        assert self._mother.stdout
        folder = self.root / "run"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.template, folder)
        self._mother.stdin.write(f"{folder}\n")
        self._mother.stdin.flush()
        child = int(self._mother.stdout.readline())
        wait_until_stopped(child)
        paths = [folder / f"{DATABASE}{suffix}" for suffix in ("", "-wal", "-shm", "-journal")]
        if whole:
            paths.append(folder / "words")
        trace(child, paths, folder / "calls", injections, whole=whole)
        return folder, int(self._mother.stdout.readline())


@pytest.fixture
def laboratory(tmp_path: Path) -> Iterator[Laboratory]:
    try:
        strace()
    except StraceUnavailableError as unavailable:
        pytest.skip(str(unavailable))
    made = Laboratory(tmp_path)
    yield made
    made.close()


@pytest.mark.fault("D2")
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("step", [13, pytest.param(1, marks=pytest.mark.nightly)])
def test_a_fault_at_any_call_leaves_the_state_before_or_after(laboratory: Laboratory, step: int) -> None:
    folder, status = laboratory.run([])
    assert os.waitstatus_to_exitcode(status) == ACKNOWLEDGED, "undisturbed it comes through"
    calls = recorded_calls(folder / "calls")
    assert len(calls) > 20, "strace saw the writes"
    assert {"pwrite64", "fdatasync"} <= set(calls)
    points = [(position, fault) for position in range(len(calls)) for fault in FAULTS]
    ends = {ACKNOWLEDGED: 0, REFUSED: 0, -signal.SIGKILL: 0}
    for position, fault in points[::step]:
        what = fault.removeprefix("lasting ")
        injections = faults_at(calls, position, what, lasting=what != fault)
        folder, status = laboratory.run(injections)
        try:
            code = os.waitstatus_to_exitcode(status)
            assert code in ends, "the child ended by an error that is none of ours"
            ends[code] += 1
            look(folder, code)
        except AssertionError as error:
            raise AssertionError(
                f"{fault} at call {position} of {len(calls)} {injections}: {error}"
            ) from error
    # Faults that always hit the same way would prove little.
    assert ends[-signal.SIGKILL] > 0
    assert ends[REFUSED] > 0
    print(f"{len(calls)} calls, {sum(ends.values())} runs: {ends}")  # noqa: T201 - the figure of the bar


@pytest.mark.fault("D15")
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=pytest.mark.nightly)])
def test_power_loss_costs_at_most_what_nobody_acknowledged(
    laboratory: Laboratory, tmp_path: Path, rounds: int
) -> None:
    """The power goes after any call: what was synced is there, of the rest a random part, in any order."""
    folder, status = laboratory.run([], whole=True)
    assert os.waitstatus_to_exitcode(status) == ACKNOWLEDGED
    calls = recorded_writes(folder / "calls")
    assert {call.file for call in calls} >= {DATABASE, f"{DATABASE}-wal", "words"}
    assert sum(len(call.data) for call in calls) > 50_000, "what was written is known"
    chance = random.Random(15)
    for end in [*range(len(calls) + 1)] * rounds:
        after = tmp_path / "after"
        shutil.rmtree(after, ignore_errors=True)
        after.mkdir()
        for name, content in survivors(laboratory.template, calls[:end], chance).items():
            (after / name).write_bytes(content)
        try:
            look(after, -signal.SIGKILL)
        except AssertionError as error:
            raise AssertionError(f"power lost after call {end} of {len(calls)}: {error}") from error


def survivors(template: Path, calls: list[Call], chance: random.Random) -> dict[str, bytes]:
    """Contents of the files after the power was lost; the words are what somebody had been told."""
    files = {DATABASE: bytearray((template / DATABASE).read_bytes())}
    for name in (DATABASE, f"{DATABASE}-wal"):
        mine = [call for call in calls if call.file == name]
        synced = max((i for i, call in enumerate(mine) if call.name in {"fsync", "fdatasync"}), default=-1)
        unsynced = mine[synced + 1 :]
        # A file system keeps the order of nothing that was not synced.
        kept = [call for call in unsynced if chance.random() < chance.choice((0.0, 0.5, 0.9, 1.0))]
        for call in mine[: synced + 1] + kept:
            carry_out(files, call, torn=chance.random() if call in unsynced[-1:] else 1.0)
    told = b"".join(call.data for call in calls if call.file == "words")
    return {name: bytes(content) for name, content in files.items()} | ({"words": told} if told else {})


def carry_out(files: dict[str, bytearray], call: Call, *, torn: float) -> None:
    """Do a recorded call once more; a torn write reaches the disk up to some sector."""
    if call.name == "unlink":
        files.pop(call.file, None)
        return
    content = files.setdefault(call.file, bytearray())
    if call.name == "ftruncate":
        content[:] = content[: call.offset].ljust(call.offset, b"\0")
    elif call.data:
        data = call.data if torn == 1.0 else call.data[: int(len(call.data) * torn) // SECTOR * SECTOR]
        content.extend(b"\0" * (call.offset + len(data) - len(content)))
        content[call.offset : call.offset + len(data)] = data


def look(folder: Path, code: int) -> None:
    """Nothing between before and after; what was acknowledged is there; the next sync comes through."""
    path = folder / DATABASE
    said = (folder / "words").read_text().split() if (folder / "words").exists() else []
    if code == ACKNOWLEDGED:
        assert said == ["synced", "published"]
    if code == REFUSED:
        assert (folder / "error").read_text().startswith("storage"), (folder / "error").read_text()
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    with open_store(f"sqlite:///{path}", create=False) as store:
        bucket = live(store)
        assert bucket in (BEFORE, AFTER), "half a sync"
        release = store.current_release()
        assert release is not None
        assert release.number in {1, 2}
        assert len(cells(store, release.number)) == release.number
        if "synced" in said:
            assert bucket == AFTER, "an acknowledged sync is lost"
        if "published" in said:
            assert release.number == 2, "an acknowledged release is lost"
        if bucket == BEFORE:
            assert release.number == 1
        accepted = [run for run in store.runs() if run.outcome is RunOutcome.ACCEPTED]
        assert len(accepted) == 1 + (bucket == AFTER)
        assert list(work(store)) == ["synced", "published"]
        assert live(store) == AFTER
        final = store.current_release()
        assert final is not None
        assert final.number == 2
        assert len(cells(store, 2)) == 2


if __name__ == "__main__":
    give_birth()
